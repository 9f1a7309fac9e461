// SPDX-License-Identifier: BSD-2-Clause
#include "signals/signal_timer.h"

#include <new>
#include <utility>

#include "process/thread.h"

namespace kernel {

namespace {

constexpr nanoseconds shortest_pause = 50'000;

} // namespace

signal_timer::signal_timer(process& p, int timer_id, const signal_info& info, int thread_id)
    : id(timer_id)
    , process_(&p)
    , thread_id_(thread_id)
    , info_(info) {
    clock_.of = this;
    clock_.expired = [](timer& t) { static_cast<alarm_clock&>(t).of->rung_.set(); };
}

ref<signal_timer> signal_timer::make(process& p, int id, const signal_info& info, int thread_id) {
    auto made = ref<signal_timer>::adopt(new (std::nothrow) signal_timer(p, id, info, thread_id));
    if (!made || !spawn(run(made)))
        return {};
    {
        lock_guard guard(p.lock);
        bool taken = false;
        for (signal_timer& t : p.signal_state.timers)
            taken = taken || t.id == id;
        if (!taken) {
            made->add_ref(); // the list's
            p.signal_state.timers.push_back(*made);
            return made;
        }
    }
    made->end();
    return {};
}

void signal_timer::end() {
    bool listed;
    {
        lock_guard guard(process_->lock);
        listed = linked();
        if (listed)
            list<signal_timer>::remove(*this);
    }
    {
        lock_guard guard(lock_);
        ended_ = true;
        timer_cancel(clock_);
    }
    rung_.set(); // the coroutine ends, and drops its reference
    if (listed)
        ref<signal_timer>::adopt(this).reset();
}

signal_timer::setting signal_timer::get_locked() const {
    if (next_ == never)
        return {};
    nanoseconds t = now();
    return {next_ > t ? next_ - t : 1, interval_}; // due, but not sent yet: soon
}

signal_timer::setting signal_timer::get() {
    lock_guard guard(lock_);
    return get_locked();
}

uint32_t signal_timer::overruns() {
    lock_guard guard(lock_);
    return overruns_;
}

signal_timer::setting signal_timer::set(nanoseconds deadline, nanoseconds interval) {
    lock_guard guard(lock_);
    setting old = get_locked();
    timer_cancel(clock_);
    next_ = ended_ ? never : deadline;
    interval_ = interval;
    overruns_ = 0;
    if (next_ != never) {
        clock_.deadline = next_;
        timer_add(clock_);
    }
    return old;
}

// Whether its time has come; sets the clock for the next time.
bool signal_timer::take_due(signal_info& info) {
    lock_guard guard(lock_);
    nanoseconds t = now();
    if (ended_ || next_ > t)
        return false;
    overruns_ = 0;
    if (interval_) {
        // As if it had rung in between, but not so often that nothing else would be done.
        nanoseconds periods = (t + shortest_pause - next_ + interval_ - 1) / interval_;
        overruns_ = uint32_t(periods - 1 < INT32_MAX ? periods - 1 : INT32_MAX);
        next_ += periods * interval_;
        timer_cancel(clock_);
        clock_.deadline = next_;
        timer_add(clock_);
    } else {
        next_ = never;
    }
    info = info_;
    if (info.code == code_timer)
        info.timer.overruns = int32_t(overruns_);
    return true;
}

task<long> signal_timer::run(ref<signal_timer> t) {
    for (;;) {
        co_await t->rung_.wait();
        t->rung_.rearm(); // before the look: what rings from here on is heard
        {
            lock_guard guard(t->lock_);
            if (t->ended_)
                co_return 0;
        }
        signal_info info;
        if (!t->take_due(info) || !info.number)
            continue;
        process& p = *t->process_;
        ref<thread> target;
        if (t->thread_id_) {
            lock_guard guard(p.lock);
            for (thread& one : p.threads)
                if (one.id == t->thread_id_)
                    target = ref<thread>(&one);
        }
        if (target)
            (void)send_signal(*target, info);
        else if (!t->thread_id_)
            (void)send_signal(p, info);
    }
}

ref<signal_timer> find_timer(process& p, int id) {
    lock_guard guard(p.lock);
    for (signal_timer& t : p.signal_state.timers)
        if (t.id == id)
            return ref<signal_timer>(&t);
    return {};
}

void end_timers(process& p, bool also_interval_timer) {
    for (;;) {
        ref<signal_timer> found;
        {
            lock_guard guard(p.lock);
            for (signal_timer& t : p.signal_state.timers)
                if (t.id >= 0 || also_interval_timer) {
                    found = ref<signal_timer>(&t);
                    break;
                }
        }
        if (!found)
            return;
        found->end();
    }
}

} // namespace kernel

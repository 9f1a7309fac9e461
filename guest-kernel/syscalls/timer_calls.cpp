// SPDX-License-Identifier: BSD-2-Clause
//
// setitimer (and with it alarm) and POSIX timers. Every clock counts from boot. Timers of processor
// time, ITIMER_VIRTUAL and ITIMER_PROF, are refused.
#include "process/thread.h"
#include "signals/signal_timer.h"
#include "syscalls/syscall.h"
#include "syscalls/time_value.h"

namespace kernel {

namespace {

constexpr int interval_timer_id = -1;

struct interval_setting { // struct itimerval: the fractions are microseconds
    time_value interval, value;
};
struct timer_setting { // struct itimerspec
    time_value interval, value;
};

interval_setting to_microseconds(const signal_timer::setting& s) {
    auto convert = [](nanoseconds t) {
        time_value value = time_value::from(t);
        value.fraction = (value.fraction + 999) / 1000;
        if (value.fraction == 1'000'000)
            value = {value.seconds + 1, 0};
        return value;
    };
    return {convert(s.interval), convert(s.left)};
}

timer_setting to_nanoseconds(const signal_timer::setting& s) {
    return {time_value::from(s.interval), time_value::from(s.left)};
}

bool from_microseconds(time_value& t) {
    bool valid = t.seconds >= 0 && t.fraction >= 0 && t.fraction < 1'000'000;
    t.fraction *= 1000;
    return valid;
}

long sys_getitimer(uint64_t which, uint64_t to) {
    if (which != 0) // ITIMER_REAL
        return -EINVAL;
    ref<signal_timer> t = find_timer(current_process(), interval_timer_id);
    return write_user(current_space(), to, to_microseconds(t ? t->get() : signal_timer::setting()));
}

long sys_setitimer(uint64_t which, uint64_t new_at, uint64_t old_at) {
    if (which != 0)
        return -EINVAL;
    process& p = current_process();
    interval_setting wanted{}; // null: as Linux, all zero
    if (new_at)
        if (long error = read_user(*p.space, wanted, new_at); error < 0)
            return error;
    if (!from_microseconds(wanted.interval) || !from_microseconds(wanted.value))
        return -EINVAL;
    nanoseconds value = wanted.value.total();
    ref<signal_timer> t = find_timer(p, interval_timer_id);
    if (!t && value) {
        t = signal_timer::make(p, interval_timer_id,
                               signal_info::from(signal_alarm, code_kernel, 0), 0);
        if (!t)
            t = find_timer(p, interval_timer_id); // another thread has made it meanwhile
        if (!t)
            return -ENOMEM;
    }
    signal_timer::setting old;
    if (t)
        old = t->set(value ? add_saturating(now(), value) : never, wanted.interval.total());
    return old_at ? write_user(*p.space, old_at, to_microseconds(old)) : 0;
}

struct event { // struct sigevent
    uint64_t value;
    int32_t signal;
    int32_t notify;
    int32_t thread;
};
enum notification : int32_t { by_signal = 0, by_nothing = 1, by_signal_to_thread = 4 }; // SIGEV_

long sys_timer_create(uint64_t clock, uint64_t event_at, uint64_t id_at) {
    constexpr uint64_t clocks = 12, processor_clocks[] = {2, 3}, missing_clock = 10;
    if (clock >= clocks || clock == missing_clock)
        return -EINVAL;
    for (uint64_t refused : processor_clocks)
        if (clock == refused)
            return -EOPNOTSUPP;
    process& p = current_process();
    int id = 0;
    while (id < int(max_timers) && find_timer(p, id))
        id++;
    if (id == int(max_timers))
        return -EAGAIN;
    event wanted{uint64_t(id), signal_alarm, by_signal, 0};
    if (event_at)
        if (long error = read_user(*p.space, wanted, event_at); error < 0)
            return error;
    if (wanted.notify == by_signal_to_thread) {
        lock_guard guard(p.lock);
        bool found = false;
        for (thread& t : p.threads)
            found = found || t.id == wanted.thread;
        if (!found)
            return -EINVAL;
    } else if (wanted.notify == by_signal || wanted.notify == by_nothing) {
        wanted.thread = 0;
    } else {
        return -EINVAL;
    }
    if (wanted.notify != by_nothing && !valid_signal(uint64_t(wanted.signal)))
        return -EINVAL;
    signal_info info;
    info.number = wanted.notify == by_nothing ? 0 : wanted.signal;
    info.code = code_timer;
    info.timer = {id, 0, wanted.value};
    if (long error = write_user(*p.space, id_at, id); error < 0)
        return error;
    return signal_timer::make(p, id, info, wanted.thread) ? 0 : -EAGAIN;
}

ref<signal_timer> timer_of(uint64_t id) {
    return int(id) < 0 ? ref<signal_timer>() : find_timer(current_process(), int(id));
}

long sys_timer_settime(uint64_t id, uint64_t flags, uint64_t new_at, uint64_t old_at) {
    constexpr uint64_t absolute = 1; // TIMER_ABSTIME
    timer_setting wanted;
    if (long error = read_user(current_space(), wanted, new_at); error < 0)
        return error;
    if (!wanted.interval.valid() || !wanted.value.valid())
        return -EINVAL;
    ref<signal_timer> t = timer_of(id);
    if (!t)
        return -EINVAL;
    nanoseconds deadline = wanted.value.total();
    if (!deadline)
        deadline = never;
    else if (!(flags & absolute))
        deadline = add_saturating(now(), deadline);
    signal_timer::setting old = t->set(deadline, wanted.interval.total());
    return old_at ? write_user(current_space(), old_at, to_nanoseconds(old)) : 0;
}

long sys_timer_gettime(uint64_t id, uint64_t to) {
    ref<signal_timer> t = timer_of(id);
    return t ? write_user(current_space(), to, to_nanoseconds(t->get())) : -EINVAL;
}

long sys_timer_getoverrun(uint64_t id) {
    ref<signal_timer> t = timer_of(id);
    return t ? long(t->overruns()) : -EINVAL;
}

long sys_timer_delete(uint64_t id) {
    ref<signal_timer> t = timer_of(id);
    if (!t)
        return -EINVAL;
    t->end();
    return 0;
}

} // namespace

static const syscall_entry timer_calls[] = {
    CALL(getitimer),     CALL(setitimer),        CALL(timer_create), CALL(timer_settime),
    CALL(timer_gettime), CALL(timer_getoverrun), CALL(timer_delete), {},
};
REGISTER_CALLS(timer_calls)

} // namespace kernel

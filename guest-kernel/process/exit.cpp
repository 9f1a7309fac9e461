// SPDX-License-Identifier: BSD-2-Clause
#include "process/exit.h"

#include "arch/riscv64/hart.h"
#include "arch/riscv64/interrupts.h"
#include "drivers/power.h"
#include "fs/console.h"
#include "lib/print.h"
#include "memory/failing.h"
#include "process/family.h"
#include "process/fault.h"
#include "process/thread.h"
#include "ring/ring.h"
#include "schedule/preempt.h"
#include "schedule/scheduler.h"
#include "syscalls/futex_pi.h"
#include "syscalls/robust_list.h"
#include "uintr/receiver.h"
#include "uintr/user_device.h"

namespace kernel {

namespace {

// Messages are on their way to the host: the machine ends when they are there.
task<long> power_off_when_quiet(int status) {
    while (!console_messages_done())
        co_await yield();
    power_off(status);
}

void kill_process(process& p, void*) {
    exit_process(p, signal_kill);
}

// Threads that run on other harts notice when they enter the kernel.
void interrupt_harts(process& p) {
    for (unsigned i = 0; i < arch::hart_count(); i++)
        if (&arch::hart_at(i) != &arch::this_hart() && arch::hart_at(i).current_process == &p)
            arch::interrupts::send(i);
}

void start_teardown(process& p) {
    p.done = [](task_completion* completion) {
        process& ended = *static_cast<process*>(completion);
        process_ended(ended);
        // The table's reference or, for a zombie, its parent keeps what is left; this one went with
        // the last thread.
        ref<process>::adopt(&ended).reset();
    };
    p.add_ref();
    allocations_at_end(p);
    p.teardown.start(p);
}

} // namespace

task<long> make_teardown(process& p) {
    if (p.files) {
        while (co_await close_rings(p) == -ENOMEM)
            co_await yield();
        p.files->close_all(false);
        ref<fd_table> files; // dropped after the lock
        lock_guard guard(p.lock);
        std::swap(files, p.files);
    }
    end_timers(p, true);
    release_senders(p);
    {
        ref<address_space> space;
        lock_guard guard(p.lock);
        std::swap(space, p.space);
        if (space && space->peak_pages() > p.ended_usage.peak_pages)
            p.ended_usage.peak_pages = space->peak_pages();
        guard.unlock();
        if (space && space->ref_count() == 1)
            space->empty(true);
    }
    leave_lent_space(p);
    if (p.id == first_process_id) {
        each_process(kill_process, nullptr);
        int status = shell_status(p.exit_status);
        if (!spawn(power_off_when_quiet(status)))
            power_off(status);
    }
    co_return 0;
}

void exit_process(process& p, int status) {
    lock_guard guard(p.lock);
    if (p.exiting.exchange(1))
        return;
    p.exit_status = status;
    for (thread& t : p.threads)
        t.kill();
    interrupt_harts(p);
}

void exit_process_in_steps(process& p, int status) {
    constexpr unsigned step = 8; // threads
    unsigned left;
    {
        lock_guard guard(p.lock);
        if (p.exiting.exchange(1)) // from here on there are no new threads
            return;
        p.exit_status = status;
        left = p.live_threads;
    }
    for (; left > 0; preemption_point()) {
        lock_guard guard(p.lock);
        for (unsigned n = 0; n < step && left > 0; n++, left--) {
            thread* t = p.threads.front();
            if (!t)
                return;
            list<thread, process_threads>::remove(*t); // to the end: it was told
            p.threads.push_back(*t);
            if (!t->killed())
                t->kill();
        }
    }
    interrupt_harts(p);
}

task<long> end_other_threads(thread& self) {
    process& p = self.parent();
    lock_guard guard(p.lock);
    if (p.exiting || p.replacing)
        co_return -EINTR;
    if (p.live_threads == 1)
        co_return 0;
    p.replacing = true;
    for (thread& t : p.threads)
        if (&t != &self)
            t.kill();
    interrupt_harts(p);
    while (p.live_threads > 1) {
        long error = co_await p.alone.wait(guard, self);
        if (error < 0)
            guard.relock();
        if (error < 0 && self.killed())
            break;
    }
    p.replacing = false;
    co_return self.killed() ? -EINTR : 0;
}

void end_current_thread() {
    arch::this_hart().current->ended = true;
    arch::this_hart().pending |= arch::pending_blocked;
}

void end_thread(thread& t) {
    t.ended = true;
    schedule(leaving::ended);
}

void thread_left_hart(thread& t) {
    ref<process> p(&t.parent());
    t.collect_result(); // of a wait that the end interrupted
    end_robust_list(t);
    end_owning(t, true);
    if (t.device)
        user_device_release(t);
    if (t.receiver)
        uintr_release(t);
    forget_published(t);
    bool last, stuck;
    {
        lock_guard guard(p->lock);
        list<thread, process_threads>::remove(t);
        p->add_ended(t);
        pass_on_signals(t);
        last = --p->live_threads == 0;
        p->alone.wake_all();
        stuck = only_standing_by(*p, t);
        if (last && !p->exiting.exchange(1))
            p->exit_status = t.exit_status;
    }
    if (stuck)
        exit_process(*p, t.exit_status);
    if (ring* r = t.ring_pair) {
        {
            lock_guard guard(r->lock);
            r->of_thread = nullptr;
        }
        if (!last && claim_ring(*p, *r) && !spawn(close_ring(p, *r)))
            unclaim_ring(*p, *r); // no memory for it: the process's end closes it
    }
    ref<thread>::adopt(&t).reset(); // the list's reference
    if (last)
        start_teardown(*p);
}

} // namespace kernel

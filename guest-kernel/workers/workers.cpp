// SPDX-License-Identifier: BSD-2-Clause
#include "workers/workers.h"

#include <ouros/kernel.h>

#include "arch/riscv64/csr.h"
#include "arch/riscv64/user_interrupts.h"
#include "arch/riscv64/user_traps.h"
#include "process/exit.h"
#include "process/thread.h"
#include "ring/ring.h"
#include "uintr/receiver.h"

namespace kernel {

namespace {

using standing_by_list = list<thread, threads_standing_by>;

bool stands_by(const thread& t) {
    return static_cast<const list_node<threads_standing_by>&>(t).linked();
}

// With the process's lock.
void leave_list(process& p, thread& t) {
    if (!stands_by(t))
        return;
    standing_by_list::remove(t);
    p.standing_by_count--;
}

// A call that the process's scheduler makes itself is about its worker, and one made with user
// interrupts off is in the middle of something.
bool keeps_worker(const thread& t) {
    uint64_t number = t.frame->x[arch::reg_a7];
    return (number >= OUROS_SYS_first && number <= OUROS_SYS_last) ||
           !(t.frame->status & arch::sstatus_uie) || t.device || t.user_exceptions;
}

} // namespace

long worker_bind(thread& t, uint64_t number, uint64_t entry, uint64_t self) {
    if (!t.receiver || t.device || t.user_exceptions)
        return -EINVAL;
    t.worker.number = number;
    t.worker.entry = entry & ~uint64_t(1);
    t.worker.self = self;
    return 0;
}

long stand_by(thread& t, uint64_t self) {
    process& p = t.parent();
    if (t.ring_pair)
        return -EBUSY;
    if (t.device || t.user_exceptions || !arch::user_traps_available())
        return -EINVAL;
    uintr_leave(t);
    t.user_traps = true;
    t.worker = {};
    t.worker.self = self;
    bool nobody_else;
    {
        lock_guard guard(p.lock);
        leave_list(p, t); // if a stop of the process has ended the call before
        t.signal_mask = ~unmaskable_signals;
        p.standing_by.push_back(t);
        p.standing_by_count++;
        nobody_else = p.standing_by_count == p.live_threads;
        (void)t.wait.begin_standing_by(t);
    }
    if (nobody_else)
        exit_process(p, t.exit_status);
    return 0;
}

void hand_over_worker(thread& t) {
    if (keeps_worker(t))
        return;
    process& p = t.parent();
    lock_guard guard(p.lock);
    if (t.state.load(std::memory_order_acquire) == thread::completed)
        return; // the call is over already
    while (thread* next = p.standing_by.front()) {
        leave_list(p, *next);
        next->worker.from = &t;
        if (next->wait.end(0)) // take_worker
            return;
        next->worker.from = nullptr; // interrupted: it will stand by again, or end
    }
}

void take_worker(thread& t) {
    thread& from = *t.worker.from;
    t.worker.from = nullptr;
    t.worker.number = from.worker.number;
    t.worker.entry = from.worker.entry;
    from.worker.number = 0;
    from.worker.lost = true;
    // So that it is looked at on its way back.
    from.signal_state.attention.store(1, std::memory_order_relaxed);

    arch::set_receiver(0);
    uintr_move(from, t);
    t.ring_pair = from.ring_pair;
    from.ring_pair = nullptr;
    if (t.ring_pair)
        t.ring_pair->of_thread = &t;
    arch::move_user_traps(t);
    t.frame->x[arch::reg_a1] = t.worker.number;

    t.signal_mask = from.signal_mask;
    t.signal_state.attention.store(1, std::memory_order_relaxed);
    t.priority = from.priority;
    move_published(from, t);
    t.run_like(from);
}

void enter_without_worker(thread& t) {
    t.worker.lost = false;
    // As long as it has none: others that wait for a signal would not get it.
    t.signal_mask = ~unmaskable_signals;
    arch::enter_user_handler(*t.frame, OUROS_CAUSE_WORKER_LOST, t.worker.self);
    t.frame->pc() = t.worker.entry;
}

bool only_standing_by(process& p, thread& ended) {
    leave_list(p, ended);
    return p.live_threads && p.standing_by_count == p.live_threads;
}

} // namespace kernel

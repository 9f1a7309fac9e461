// SPDX-License-Identifier: BSD-2-Clause
#include "schedule/scheduler.h"

#include <ouros/image.h>

#include "arch/riscv64/context.h"
#include "arch/riscv64/hart.h"
#include "arch/riscv64/interrupts.h"
#include "async/executor.h"
#include "async/timer.h"
#include "lib/print.h"
#include "lib/spinlock.h"
#include "process/thread.h"

extern "C" const char scheduler_image_start[], scheduler_image_end[];

namespace kernel {

namespace {

using arch::hart;
using arch::hart_at;
using arch::hart_count;
using arch::this_hart;

ouros_scheduler shared; // the functions of the image

struct alignas(64) run_queue {
    spinlock lock;
    std::atomic<uint32_t> sleeping{0}; // the hart is in wfi, or about to be
    ouros_queue ready;
};
run_queue queues[arch::max_harts];

schedulable* as_schedulable(ouros_task* task) {
    return static_cast<schedulable*>(task);
}

run_queue& own_queue() {
    return queues[this_hart().index];
}

// Wakes a sleeping hart, once: true if this call did it.
bool claim_sleeper(unsigned index) {
    return queues[index].sleeping.load(std::memory_order_relaxed) &&
           queues[index].sleeping.exchange(0);
}

// Takes a ready task from another hart's queue, the highest priority it has.
schedulable* steal(unsigned victim) {
    run_queue& from = queues[victim];
    if (__atomic_load_n(&from.ready.ready, __ATOMIC_RELAXED) == 0)
        return nullptr;
    lock_guard guard(from.lock);
    uint64_t levels = from.ready.ready;
    while (levels) {
        unsigned level = unsigned(__builtin_ctzll(levels));
        levels &= levels - 1;
        ouros_task* first = from.ready.list[level];
        ouros_task* candidate = first;
        do { // the list is circular; the running task may be its head
            if (candidate->state == OUROS_TASK_READY && shared.remove(&from.ready, candidate))
                return as_schedulable(candidate);
            candidate = candidate->next;
        } while (candidate != first);
    }
    return nullptr;
}

schedulable* pick(leaving how) {
    run_queue& own = own_queue();
    {
        lock_guard guard(own.lock);
        ouros_task* task = nullptr;
        switch (how) {
        case leaving::nothing:
            task = shared.reschedule(&own.ready);
            break;
        case leaving::preempted:
            task = shared.yield(&own.ready);
            break;
        case leaving::blocked:
            task = shared.suspend(&own.ready);
            break;
        case leaving::ended:
            task = shared.exit(&own.ready);
            break;
        }
        if (task)
            return as_schedulable(task);
    }
    for (unsigned n = 1; n < hart_count(); n++) {
        schedulable* item = steal((this_hart().index + n) % hart_count());
        if (!item)
            continue;
        lock_guard guard(own.lock);
        shared.wake(&own.ready, item);
        return as_schedulable(shared.reschedule(&own.ready));
    }
    return nullptr;
}

void run_work(work_item& item) {
    { // Out of the queue first: the coroutine may make the item ready again, or free it.
        run_queue& own = own_queue();
        lock_guard guard(own.lock);
        shared.suspend(&own.ready);
    }
    item.last_hart = uint8_t(this_hart().index);
    item.coroutine.resume();
}

// More is ready here than this hart can run: let a sleeping one come and take it.
void share_surplus() {
    const ouros_queue& q = own_queue().ready;
    bool surplus = (q.ready & (q.ready - 1)) || (q.running && q.running->next != q.running);
    if (!surplus)
        return;
    for (unsigned i = 0; i < hart_count(); i++)
        if (claim_sleeper(i))
            return arch::interrupts::send(i);
}

void sleep(nanoseconds next_timer) {
    run_queue& own = own_queue();
    own.sleeping.store(1, std::memory_order_seq_cst);
    // Whoever adds work from now on sees the flag and sends an interrupt.
    if (__atomic_load_n(&own.ready.ready, __ATOMIC_SEQ_CST) == 0)
        arch::interrupts::sleep(next_timer);
    own.sleeping.store(0, std::memory_order_relaxed);
}

[[noreturn]] void run_thread(thread& t, nanoseconds next_timer) {
    share_surplus();
    t.last_hart = uint8_t(this_hart().index);
    t.collect_result();
    t.counters.context_switches++;
    this_hart().pending = 0;
    arch::switch_in(t);
    nanoseconds slice_end = now() + time_slice_ns;
    arch::interrupts::arm_timer(slice_end < next_timer ? slice_end : next_timer);
    arch::return_to_user();
}

// The thread's registers are saved and it is in no queue: a completion may make it run elsewhere.
void park(thread& t) {
    if (t.state.exchange(thread::parked, std::memory_order_acq_rel) == thread::completed) {
        t.state.store(thread::completed, std::memory_order_relaxed);
        make_ready(t);
    }
}

} // namespace

schedulable::schedulable(kind_of k, unsigned initial_priority)
    : ouros_task{}
    , kind(k) {
    // As ouros_sched_task_init does: but objects are made before the image is bound, too.
    priority = uint8_t(initial_priority);
}

bool scheduler_start() {
    if (!ouros_scheduler_bind(&shared, scheduler_image_start))
        return false;
    for (run_queue& q : queues)
        shared.init(&q.ready, nullptr);
    return true;
}

const void* scheduler_image() {
    return scheduler_image_start;
}
size_t scheduler_image_size() {
    return size_t(scheduler_image_end - scheduler_image_start);
}

void make_ready(schedulable& item) {
    unsigned self = this_hart().index;
    unsigned target = self;
    if (this_hart().current) { // busy for a while: is there a hart that is not?
        if (item.last_hart != self && claim_sleeper(item.last_hart))
            target = item.last_hart;
        for (unsigned i = 0; i < hart_count() && target == self; i++)
            if (i != self && claim_sleeper(i))
                target = i;
    }
    {
        lock_guard guard(queues[target].lock);
        shared.wake(&queues[target].ready, &item);
    }
    if (target != self)
        arch::interrupts::send(target);
}

void schedule(leaving how) {
    hart& self = this_hart();
    if (thread* old = self.current) {
        arch::switch_out(*old);
        pick(how); // takes it off the queue; what it returns stays the queue's choice
        self.current = nullptr;
        if (how == leaving::blocked)
            park(*old);
        else if (how == leaving::ended)
            thread_left_hart(*old);
    }
    for (;;) {
        arch::interrupts::poll();
        nanoseconds next_timer = timers_run();
        schedulable* next = pick(leaving::nothing);
        if (!next)
            sleep(next_timer);
        else if (next->kind == schedulable::kind_of::work)
            run_work(*static_cast<work_item*>(next));
        else if (thread& t = *static_cast<thread*>(next); t.parent().exiting) {
            pick(leaving::ended); // its process ends: it doesn't run any more
            thread_left_hart(t);
        } else
            run_thread(t, next_timer);
    }
}

void resume_current() {
    this_hart().pending = 0;
    arch::return_to_user();
}

} // namespace kernel

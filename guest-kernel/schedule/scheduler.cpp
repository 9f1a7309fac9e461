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
    uint32_t highest;                  // priority that is ready or runs, for other harts to see
    ouros_queue ready;
};
run_queue queues[arch::max_harts];

// How many tasks a hart looks at in another's queue: those it may not take are passed over.
constexpr unsigned most_looked_at = 64;

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

// The first ready task of the highest priority that another hart may take, with the queue's lock.
schedulable* to_take(run_queue& from, unsigned for_hart) {
    unsigned looked_at = 0;
    for (uint64_t levels = from.ready.ready; levels; levels &= levels - 1) {
        ouros_task* first = from.ready.list[__builtin_ctzll(levels)];
        ouros_task* candidate = first;
        do { // the list is circular; the running task may be its head
            if (candidate != from.ready.running && as_schedulable(candidate)->may_run_on(for_hart))
                return as_schedulable(candidate);
            candidate = candidate->next;
        } while (candidate != first && ++looked_at < most_looked_at);
    }
    return nullptr;
}

schedulable* steal(unsigned victim) {
    run_queue& from = queues[victim];
    if (__atomic_load_n(&from.ready.ready, __ATOMIC_RELAXED) == 0)
        return nullptr;
    lock_guard guard(from.lock);
    schedulable* item = to_take(from, this_hart().index);
    return item && shared.remove(&from.ready, item) ? item : nullptr;
}

// What this hart should run, after `how` has happened to what it ran.
schedulable* pick(leaving how) {
    run_queue& own = own_queue();
    lock_guard guard(own.lock);
    switch (how) {
    case leaving::nothing:
        return as_schedulable(shared.reschedule(&own.ready));
    case leaving::preempted:
        return as_schedulable(shared.yield(&own.ready));
    case leaving::blocked:
        return as_schedulable(shared.suspend(&own.ready));
    case leaving::ended:
        break;
    }
    return as_schedulable(shared.exit(&own.ready));
}

// The hart's own queue is empty.
schedulable* pick_elsewhere() {
    for (unsigned n = 1; n < hart_count(); n++) {
        schedulable* item = steal((this_hart().index + n) % hart_count());
        if (!item)
            continue;
        run_queue& own = own_queue();
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
    for (unsigned i = 0; i < hart_count(); i++) {
        if (!queues[i].sleeping.load(std::memory_order_relaxed))
            continue;
        {
            lock_guard guard(own_queue().lock);
            if (!to_take(own_queue(), i))
                continue;
        }
        if (claim_sleeper(i))
            return arch::interrupts::send(i);
    }
}

// Interrupts, completions and timers that are due. When the next timer is.
nanoseconds look_around() {
    arch::interrupts::poll();
    return timers_run();
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
// False: its call has completed already, and it is ready.
bool park(thread& t) {
    if (t.state.exchange(thread::parked, std::memory_order_acq_rel) != thread::completed)
        return true;
    t.state.store(thread::completed, std::memory_order_relaxed);
    make_ready(t);
    return false;
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
        shared.init(&q.ready, &q.highest);
    return true;
}

const void* scheduler_image() {
    return scheduler_image_start;
}
size_t scheduler_image_size() {
    return size_t(scheduler_image_end - scheduler_image_start);
}

namespace {

uint32_t highest_of(unsigned index) {
    return __atomic_load_n(&queues[index].highest, __ATOMIC_RELAXED);
}

// Where an item should become ready. `claimed`: the hart sleeps, and is now ours to wake.
unsigned hart_for(const schedulable& item, bool& claimed) {
    unsigned self = this_hart().index;
    bool here = item.may_run_on(self);
    if (here && !this_hart().current)
        return self; // which looks for something to run
    // This hart is busy for a while: is there one that is not?
    claimed = true;
    unsigned last = item.last_hart;
    if (last != self && item.may_run_on(last) && claim_sleeper(last))
        return last;
    for (unsigned i = 0; i < hart_count(); i++)
        if (i != self && item.may_run_on(i) && claim_sleeper(i))
            return i;
    claimed = false;
    // Then one where it goes before what runs, or would be next: here, where it was, anywhere.
    if (here && highest_of(self) >= item.priority)
        return self;
    unsigned best = here ? self : last;
    for (unsigned n = 0; n < hart_count(); n++) {
        unsigned i = (last + n) % hart_count();
        if (item.may_run_on(i) && (!item.may_run_on(best) || highest_of(i) > highest_of(best)))
            best = i;
    }
    return best;
}

} // namespace

void make_ready(schedulable& item) {
    bool claimed = false;
    unsigned target = hart_for(item, claimed);
    unsigned priority = item.priority;
    bool is_thread = item.kind == schedulable::kind_of::thread;
    bool is_first;
    {
        lock_guard guard(queues[target].lock);
        shared.wake(&queues[target].ready, &item); // from here on it may be running already
        is_first = queues[target].highest == priority;
    }
    hart& self = this_hart();
    if (target == self.index) {
        if (self.current && is_thread && priority < self.current->priority)
            self.pending |= arch::pending_reschedule;
        return;
    }
    // Between our look at it and now it may have gone to sleep.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (claimed || is_first || claim_sleeper(target))
        arch::interrupts::send(target);
}

void set_harts(schedulable& item, hart_set harts) {
    item.harts.store(harts, std::memory_order_seq_cst);
    // An excluded hart finds out when it picks or is about to go on with the item: each looks now.
    for (unsigned i = 0; i < hart_count(); i++) {
        if (harts >> i & 1)
            continue;
        if (i == this_hart().index)
            this_hart().pending |= arch::pending_reschedule;
        else
            arch::interrupts::send(i);
    }
}

void schedule(leaving how) {
    hart& self = this_hart();
    thread* old = self.current;
    schedulable* next = nullptr;
    nanoseconds next_timer;
    if (old) {
        arch::switch_out(*old);
        if (how != leaving::preempted)
            self.current = nullptr; // what is woken now has the hart to itself
        bool moves = how == leaving::preempted && !old->may_run_on(self.index);
        next_timer = look_around();
        next = pick(moves ? leaving::blocked : how); // off the queue
        self.current = nullptr;
        // What this makes ready may go before `next`: pick again.
        if (moves) {
            make_ready(*old);
        } else if (how == leaving::blocked) {
            if (!park(*old))
                next = nullptr;
        } else if (how == leaving::ended) {
            thread_left_hart(*old);
            next = nullptr;
        }
    } else {
        next_timer = look_around();
    }
    for (;; next_timer = look_around(), next = nullptr) {
        if (!next && !(next = pick(leaving::nothing)) && !(next = pick_elsewhere()))
            sleep(next_timer);
        else if (!next->may_run_on(self.index)) {
            pick(leaving::blocked);
            make_ready(*next);
        } else if (next->kind == schedulable::kind_of::work)
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

// SPDX-License-Identifier: BSD-2-Clause
#include "schedule/scheduler.h"

#include <ouros/image.h>

#include "arch/riscv64/context.h"
#include "arch/riscv64/hart.h"
#include "arch/riscv64/interrupts.h"
#include "arch/riscv64/stretch.h"
#include "async/executor.h"
#include "async/timer.h"
#include "device-tree/machine.h"
#include "lib/print.h"
#include "lib/spinlock.h"
#include "process/replace.h"
#include "process/thread.h"
#include "ring/ring.h"
#include "schedule/preempt.h"
#include "schedule/priorities.h"
#include "schedule/waiting.h"

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
    uint32_t highest; // priority that is ready or runs, for other harts to see
    // Of those that go first and are ready here: the next one's place is behind it. Whoever takes a
    // task out of the queue, or to run, forgets it: forget_woken.
    schedulable* last_woken;
    ouros_queue ready;
};
run_queue queues[arch::max_harts];

// Owns a queue; says what waits in it when it lets go.
class queue_guard {
  public:
    explicit queue_guard(run_queue& q)
        : queue_(q) {
        q.lock.lock();
    }
    ~queue_guard() {
        if (waiting_is_kept())
            note_waiting(unsigned(&queue_ - queues), queue_.ready);
        queue_.lock.unlock();
    }
    queue_guard(const queue_guard&) = delete;

  private:
    run_queue& queue_;
};

uint64_t slice_ticks; // time_slice_ns

std::atomic<uint32_t> sleeping{0}; // harts that are in wfi, or about to be: bit n is the index

// How many tasks a hart looks at in another's queue: those it may not take are passed over.
constexpr unsigned most_looked_at = 64;

schedulable* as_schedulable(ouros_task* task) {
    return static_cast<schedulable*>(task);
}

unsigned own_index() {
    return this_hart().index;
}
run_queue& own_queue() {
    return queues[own_index()];
}

// Wakes a sleeping hart, once: true if this call did it.
bool claim_sleeper(unsigned index) {
    uint32_t bit = 1u << index;
    return (sleeping.load(std::memory_order_relaxed) & bit) && (sleeping.fetch_and(~bit) & bit);
}

void forget_woken(run_queue& q, const schedulable* item) {
    if (q.last_woken == item)
        q.last_woken = nullptr;
}

bool has_slice_left(const schedulable& item) {
    if (item.kind != schedulable::kind_of::thread)
        return false;
    const auto& t = static_cast<const thread&>(item);
    return t.run_time.stopped_at() < t.slice_end;
}

// Into the queue, with its lock. Who is woken and has not used up the time slice goes before the
// others of its priority, in the order of the wakes: so who blocks often does not wait for those
// that compute, and since the slice is not renewed before it is used up, gets no more than they do.
void enqueue(run_queue& q, schedulable& item) {
    if (item.state != OUROS_TASK_BLOCKED || !has_slice_left(item))
        return shared.wake(&q.ready, &item);
    schedulable* after = q.last_woken;
    if (after && after->list != &q.ready.list[item.priority])
        after = nullptr;
    shared.wake_next(&q.ready, &item, after);
    item.goes_first = true;
    q.last_woken = &item;
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

// Takes a task that is at least that urgent out of another hart's queue.
schedulable* steal(unsigned victim, unsigned priority = OUROS_PRIORITIES) {
    run_queue& from = queues[victim];
    if (__atomic_load_n(&from.ready.ready, __ATOMIC_RELAXED) == 0)
        return nullptr;
    queue_guard guard(from);
    schedulable* item = to_take(from, own_index());
    if (!item || item->priority > priority || !shared.remove(&from.ready, item))
        return nullptr;
    item->goes_first = false; // of its old queue
    forget_woken(from, item);
    return item;
}

// What this hart should run, after `how` has happened to what it ran.
inline schedulable* pick(leaving how) {
    run_queue& own = own_queue();
    queue_guard guard(own);
    ouros_task* next = nullptr;
    switch (how) {
    case leaving::nothing:
    case leaving::interrupted:
        next = shared.reschedule(&own.ready);
        break;
    case leaving::yielded:
        next = shared.yield(&own.ready);
        break;
    case leaving::blocked:
        next = shared.suspend(&own.ready);
        break;
    case leaving::ended:
        next = shared.exit(&own.ready);
        break;
    }
    if (next && as_schedulable(next->next)->goes_first && !as_schedulable(next)->goes_first)
        next = shared.give_turn(&own.ready);
    forget_woken(own, as_schedulable(next));
    return as_schedulable(next);
}

// The hart's own queue is empty.
schedulable* pick_elsewhere() {
    for (unsigned n = 1; n < hart_count(); n++) {
        schedulable* item = steal((this_hart().index + n) % hart_count());
        if (!item)
            continue;
        run_queue& own = own_queue();
        queue_guard guard(own);
        shared.wake(&own.ready, item);
        // It need not be that one: meanwhile others may have put something here.
        schedulable* next = as_schedulable(shared.reschedule(&own.ready));
        forget_woken(own, next);
        return next;
    }
    return nullptr;
}

// Another hart has something in its queue that goes before what this one would run: takes it.
// Whether there was such.
[[gnu::noinline]] bool take_more_urgent(unsigned than) {
    for (unsigned n = 1; n < hart_count(); n++) {
        unsigned victim = (own_index() + n) % hart_count();
        schedulable* item = waiting_on(victim) < than ? steal(victim, than - 1) : nullptr;
        if (!item)
            continue;
        run_queue& own = own_queue();
        queue_guard guard(own);
        shared.wake(&own.ready, item);
        return true;
    }
    return false;
}

// The running thread has left the hart: where does what it has published put it?
inline void read_priority(thread& t) {
    if (t.priorities.ordinary_only()) [[likely]] {
        if (t.priority == t.priorities.base.load(std::memory_order_relaxed))
            return;
    }
    run_queue& own = own_queue();
    queue_guard guard(own);
    unsigned priority = t.priorities.current();
    shared.set_priority(&own.ready, &t, priority);
    if (t.ring_pair)
        t.ring_pair->priority.store(uint8_t(priority), std::memory_order_relaxed);
}

// The running thread's time slice is over: the others of its priority get their turn, here or, if
// there is none, one that waits elsewhere. So threads have equal shares of the harts, whatever the
// queues that they are in.
leaving end_of_slice() {
    run_queue& own = own_queue();
    const ouros_task* running = own.ready.running;
    for (unsigned n = 1; n < hart_count() && running && running->next == running; n++) {
        unsigned victim = (own_index() + n) % hart_count();
        schedulable* item = steal(victim, running->priority);
        if (!item)
            continue;
        queue_guard guard(own);
        shared.wake(&own.ready, item);
    }
    return leaving::yielded;
}

void run_work(work_item& item) {
    { // Out of the queue first: the coroutine may make the item ready again, or free it.
        run_queue& own = own_queue();
        queue_guard guard(own);
        forget_woken(own, as_schedulable(shared.suspend(&own.ready)));
    }
    item.last_hart = uint8_t(this_hart().index);
    this_hart().work_priority = item.priority;
    if (arch::stretches_measured) [[unlikely]]
        arch::stretch_is_work();
    item.coroutine.resume();
    this_hart().work_priority = work_item::default_priority;
}

// Of the thread's time slice, or of the next one: what it has before others get their turn.
inline uint64_t slice_left(thread& t) {
    uint64_t used = t.run_time.stopped_at();
    if (t.slice_end <= used)
        t.slice_end = used + slice_ticks;
    return t.slice_end - used;
}

// Work that was preempted goes on, on its own stack.
[[noreturn, gnu::noinline]] void run_parked(parked_work& work, nanoseconds next_timer) {
    pick(leaving::blocked); // out of the queue
    arch::interrupts::arm_slice(slice_ticks, next_timer);
    go_on_with(work);
}
[[noreturn, gnu::noinline]] void run_parked(thread& t, nanoseconds next_timer) {
    t.counters.context_switches++;
    uint64_t left = slice_left(t);
    arch::switch_in(t);
    arch::interrupts::arm_slice(left, next_timer);
    go_on_in_kernel(t);
}

// More may be ready here than this hart can run: let a sleeping one come and take it.
[[gnu::noinline]] void share_surplus() {
    const ouros_queue& q = own_queue().ready;
    bool surplus = (q.ready & (q.ready - 1)) || (q.running && q.running->next != q.running);
    if (!surplus)
        return;
    for (uint32_t harts = sleeping.load(std::memory_order_relaxed); harts; harts &= harts - 1) {
        unsigned i = unsigned(__builtin_ctz(harts));
        {
            queue_guard guard(own_queue());
            if (!to_take(own_queue(), i))
                continue;
        }
        if (claim_sleeper(i))
            return arch::interrupts::send(i);
    }
}

// Interrupts, completions and timers that are due. When the next timer is.
nanoseconds look_around() {
    arch::stretch_point();
    arch::interrupts::poll();
    return timers_run();
}

void sleep(nanoseconds next_timer) {
    uint32_t bit = 1u << this_hart().index;
    sleeping.fetch_or(bit, std::memory_order_seq_cst);
    // Whoever adds work from now on sees the flag and sends an interrupt.
    if (__atomic_load_n(&own_queue().ready.ready, __ATOMIC_SEQ_CST) == 0)
        arch::interrupts::sleep(next_timer);
    sleeping.fetch_and(~bit, std::memory_order_relaxed);
}

// The thread goes to user mode, unless a signal has something against it: what becomes of it then.
inline leaving run_thread(thread& t, nanoseconds next_timer) {
    if (sleeping.load(std::memory_order_relaxed)) [[unlikely]]
        share_surplus();
    t.last_hart = uint8_t(this_hart().index);
    t.goes_first = false;
    if (t.in_kernel) [[unlikely]]
        run_parked(t, next_timer);
    t.collect_result();
    if (t.next)
        begin_program(t);
    t.counters.context_switches++;
    uint64_t left = slice_left(t);
    this_hart().pending = 0;
    arch::switch_in(t);
    // Whoever sends it a signal sets `attention` before looking where it runs.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (t.signal_state.attention.load(std::memory_order_relaxed)) [[unlikely]] {
        next_step step = handle_signals(t);
        this_hart().pending = 0;
        if (step != next_step::go_on)
            return step == next_step::wait ? leaving::blocked : leaving::ended;
        if (t.worker.lost)
            enter_without_worker(t);
    }
    arch::interrupts::arm_slice(left, next_timer);
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

void leave(thread& t, leaving how) {
    arch::switch_out(t);
    read_priority(t);
    pick(how); // takes it off the queue; what it returns stays the queue's choice
    this_hart().current = nullptr;
    if (how == leaving::blocked)
        park(t);
    else if (how == leaving::ended) {
        t.ended = true;
        thread_left_hart(t);
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
    if (!priorities_start() || !ouros_scheduler_bind(&shared, scheduler_image_start) ||
        !shared.wake_next || !shared.give_turn)
        return false;
    slice_ticks = time_slice_ns * machine.timebase / 1'000'000'000;
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

// Harts that sleep and are good for the item: what a thread waits for is done where it may run.
uint32_t sleeping_for(const schedulable& item) {
    uint32_t harts = sleeping.load(std::memory_order_relaxed);
    if (harts && item.kind == schedulable::kind_of::work)
        if (const thread* waits = static_cast<const work_item&>(item).waits)
            harts &= waits->runs_on();
    return harts & item.runs_on();
}

// A hart that sleeps and may run the item, the last one first: it is ours to wake.
bool find_sleeper(const schedulable& item, uint32_t harts, unsigned& found) {
    if ((harts >> item.last_hart & 1) && claim_sleeper(item.last_hart)) {
        found = item.last_hart;
        return true;
    }
    for (; harts; harts &= harts - 1) {
        found = unsigned(__builtin_ctz(harts));
        if (claim_sleeper(found))
            return true;
    }
    return false;
}

// The hart that runs what is least urgent; in doubt this one, or the last one.
[[gnu::noinline]] unsigned least_urgent(const schedulable& item) {
    unsigned last = item.last_hart;
    unsigned best = item.may_run_on(this_hart().index) ? this_hart().index : last;
    for (unsigned n = 0; n < hart_count(); n++) {
        unsigned i = (last + n) % hart_count();
        if (item.may_run_on(i) && (!item.may_run_on(best) || highest_of(i) > highest_of(best)))
            best = i;
    }
    return best;
}

// Work was added to another hart's queue.
[[gnu::noinline]] void tell(unsigned target, bool certainly) {
    // Between our look at it and now it may have gone to sleep.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (certainly || claim_sleeper(target))
        arch::interrupts::send(target);
}

// Should what was made ready on this hart take the place of the thread that is in a system call?
// What a thread waits for is as urgent as the thread.
bool goes_before(const schedulable& item, const thread& running) {
    const schedulable* woken = &item;
    if (item.kind == schedulable::kind_of::work) {
        woken = static_cast<const work_item&>(item).waits;
        if (!woken)
            return item.priority < work_for(running.priority);
    }
    return woken->priority < running.priority ||
           (woken->priority == running.priority && has_slice_left(*woken));
}

// For a hart that sleeps, or else for one where it goes before what runs, or would be next.
[[gnu::noinline]] void make_ready_elsewhere(schedulable& item) {
    unsigned self = this_hart().index;
    uint32_t harts = sleeping_for(item);
    unsigned target;
    bool claimed = find_sleeper(item, harts, target);
    if (!claimed)
        target =
            item.may_run_on(self) && highest_of(self) > item.priority ? self : least_urgent(item);
    // It interrupts what is at this priority, or less urgent.
    unsigned below = item.priority + (has_slice_left(item) ? 0 : 1);
    if (target == self && this_hart().current && goes_before(item, *this_hart().current))
        this_hart().pending |= arch::pending_give_way;
    bool is_first;
    {
        queue_guard guard(queues[target]);
        is_first = queues[target].highest >= below;
        enqueue(queues[target], item); // from here on it may be running already
    }
    if (target != self)
        tell(target, claimed || is_first);
}

} // namespace

void make_ready(schedulable& item) {
    hart& self = this_hart();
    run_queue& own = queues[self.index];
    // Here, if this hart looks for something to run; or if all are busy, and this one not with
    // something more urgent.
    if (!item.may_run_on(self.index) ||
        (self.current && (sleeping_for(item) ||
                          own.highest < item.priority + (hart_count() > 1 ? 1u : 0u)))) [[unlikely]]
        return make_ready_elsewhere(item);
    queue_guard guard(own);
    enqueue(own, item);
    if (self.current && goes_before(item, *self.current))
        self.pending |= arch::pending_give_way;
}

void set_harts(schedulable& item, hart_set harts) {
    item.allow_harts(harts);
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

namespace {

// Runs what there is, `next` first, until it is a thread.
[[noreturn, gnu::noinline]] void run_next(schedulable* next, nanoseconds next_timer) {
    unsigned self = this_hart().index;
    for (;; next_timer = look_around(), next = nullptr) {
        if (!next && !(next = pick(leaving::nothing)) && !(next = pick_elsewhere()))
            sleep(next_timer);
        else if (!next->may_run_on(self)) {
            pick(leaving::blocked);
            make_ready(*next);
        } else if (next->kind == schedulable::kind_of::work)
            run_work(*static_cast<work_item*>(next));
        else if (next->kind == schedulable::kind_of::parked)
            run_parked(*static_cast<parked_work*>(next), next_timer);
        else if (thread& t = *static_cast<thread*>(next); t.killed() && !t.in_kernel) {
            pick(leaving::ended); // it is to end: it doesn't run any more
            thread_left_hart(t);
        } else
            leave(t, run_thread(t, next_timer)); // a signal stopped or ended it first
    }
}

} // namespace

void schedule(leaving how) {
    hart& self = this_hart();
    thread* old = self.current;
    if (!old)
        run_next(nullptr, look_around());
    arch::switch_out(*old);
    read_priority(*old);
    bool moves = false;
    if (how == leaving::blocked || how == leaving::ended) {
        self.current = nullptr; // what is woken now has the hart to itself
    } else {
        if (old->run_time.stopped_at() >= old->slice_end)
            how = end_of_slice();
        moves = !old->may_run_on(self.index);
    }
    nanoseconds next_timer = look_around();
    schedulable* next = pick(moves ? leaving::blocked : how); // off the queue
    self.current = nullptr;
    if (next && next->priority && more_urgent_elsewhere(next->priority)) [[unlikely]] {
        if (take_more_urgent(next->priority))
            next = pick(leaving::nothing);
    }
    // What this makes ready may go before `next`: pick again.
    if (moves) [[unlikely]] {
        make_ready(*old);
        next = nullptr;
    } else if (how == leaving::blocked) {
        if (!park(*old))
            next = nullptr;
    } else if (how == leaving::ended) [[unlikely]] {
        thread_left_hart(*old);
        next = nullptr;
    }
    // As run_next does it, in short.
    if (next && next->kind == schedulable::kind_of::thread && next->may_run_on(self.index) &&
        !static_cast<thread*>(next)->parent().exiting.load(std::memory_order_relaxed)) [[likely]] {
        thread& t = *static_cast<thread*>(next);
        leave(t, run_thread(t, next_timer)); // a signal stopped or ended it first
        run_next(nullptr, look_around());
    }
    run_next(next, next_timer);
}

long give_way(thread& t) {
    unsigned mine = t.priorities.current();
    bool gives = waiting_on(own_index()) < mine;
    if (!gives && mine && more_urgent_elsewhere(mine))
        gives = take_more_urgent(mine);
    if (!gives)
        return -EAGAIN;
    this_hart().pending |= arch::pending_give_way;
    return 0;
}

namespace {

// If it is ready it moves at once, and the hart looks again. False: it is in no queue; what it has
// now is for when it wakes.
bool change_priority(schedulable& item, unsigned priority) {
    for (unsigned n = 0; n < hart_count(); n++) {
        run_queue& q = queues[n];
        queue_guard guard(q);
        ouros_task* const* list = item.list;
        const ouros_task& task = item; // a thread has a state of its own, too
        if (task.state != OUROS_TASK_READY || list < q.ready.list ||
            list >= q.ready.list + OUROS_PRIORITIES)
            continue;
        bool runs = q.ready.running == &item;
        forget_woken(q, &item);
        shared.set_priority(&q.ready, &item, priority);
        if (n == own_index())
            this_hart().pending |= arch::pending_give_way;
        else if (runs || q.highest == priority)
            arch::interrupts::send(n);
        return true;
    }
    item.priority = uint8_t(priority);
    return false;
}

} // namespace

void priority_changed(thread& t) {
    unsigned priority = t.priorities.current();
    if (change_priority(t, priority))
        return;
    // It waits: what the kernel will do for it, or has yet to do, goes as it does.
    t.with_waiter([&](work_item& work) { change_priority(work, work_for(priority)); });
}

unsigned context_priority() {
    hart& self = this_hart();
    return self.current ? work_for(self.current->priority) : self.work_priority;
}

void resume_current() {
    this_hart().pending = 0;
    arch::return_to_user();
}

} // namespace kernel

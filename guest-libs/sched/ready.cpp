// SPDX-License-Identifier: BSD-2-Clause
//
// The ready queues: owner functions. Nothing here is atomic; see ouros/sched.h for why that is
// enough. Instruction counts are for rv64imac at -O2, from the first instruction to `ret`
// included.

#include <ouros/bits.h>
#include <ouros/kernel.h>
#include <ouros/ordering.h>
#include <ouros/sched.h>

#if !defined(__riscv)
extern "C" [[gnu::weak]] long ouros_test_give_way(); // for unit tests: what the kernel does
#endif

namespace {

using ouros::lowest_bit;

inline uint64_t bit(size_t priority) {
    return uint64_t{1} << priority;
}

inline uint8_t clamp(unsigned priority) {
    return static_cast<uint8_t>(priority < OUROS_PRIORITIES ? priority : OUROS_PRIORITIES - 1);
}

inline void set_top(ouros_queue* queue, ouros_task** list) {
    queue->top = list;
    if (queue->published) {
        auto number = list ? static_cast<uint32_t>(list - queue->list) : OUROS_PRIORITY_IDLE;
        ouros::store_relaxed(queue->published, number);
    }
}

inline void enqueue(ouros_queue* queue, ouros_task* task) {
    // Masked, so that even a program that scribbles over its tasks stays within its own queue.
    size_t priority = task->priority % OUROS_PRIORITIES;
    ouros_task** list = &queue->list[priority];
    task->list = list;
    task->state = OUROS_TASK_READY;
    ouros_task* head = *list;
    if (head) {
        ouros_task* tail = head->prev;
        task->next = head;
        task->prev = tail;
        tail->next = task;
        head->prev = task;
        return;
    }
    task->next = task;
    task->prev = task;
    *list = task;
    queue->ready |= bit(priority);
    // Pointers into one array compare as the priorities do.
    if (!queue->top || list < queue->top)
        set_top(queue, list);
}

void list_emptied(ouros_queue* queue, ouros_task** list) {
    *list = nullptr;
    queue->ready &= ~bit(static_cast<size_t>(list - queue->list));
    if (queue->top == list)
        set_top(queue, queue->ready ? &queue->list[lowest_bit(queue->ready)] : nullptr);
}

inline void link_behind(ouros_task* task, ouros_task* other) {
    ouros_task* next = other->next;
    task->next = next;
    task->prev = other;
    next->prev = task;
    other->next = task;
}

inline void unlink(ouros_task* task) {
    ouros_task* next = task->next;
    ouros_task* prev = task->prev;
    prev->next = next;
    next->prev = prev;
}

void dequeue(ouros_queue* queue, ouros_task* task) {
    if (task->next == task)
        return list_emptied(queue, task->list);
    unlink(task);
    if (*task->list == task)
        *task->list = task->next;
}

#if defined(__riscv)
long kernel_gives_way() {
    register long a0 asm("a0");
    register long a7 asm("a7") = OUROS_SYS_give_way;
    asm volatile("ecall" : "=r"(a0) : "r"(a7) : "memory");
    return a0;
}
#else
long kernel_gives_way() {
    return ouros_test_give_way ? ouros_test_give_way() : -1;
}
#endif

// What nothing could be done about stays so until the system's word changes: a task that may not
// run here must not cost a system call each time.
[[gnu::noinline]] ouros_task* give_way(ouros_queue* queue, ouros_task* next) {
    uint32_t system = ouros::load_relaxed(queue->system);
    if (system != queue->declined)
        queue->declined = kernel_gives_way() < 0 ? system : OUROS_PRIORITY_IDLE;
    return next;
}

// The task starts to run; in strict mode after a look at the system's word. There is one.
template <bool strict>
inline ouros_task* run(ouros_queue* queue, ouros_task* task) {
    queue->running = task;
    if (strict && ouros::load_relaxed(queue->system) < task->priority) [[unlikely]]
        return give_way(queue, task);
    return task;
}

// The first task of the highest priority starts to run, if there is one.
template <bool strict>
inline ouros_task* pick(ouros_queue* queue) {
    if (queue->top)
        return run<strict>(queue, *queue->top);
    queue->running = nullptr;
    return nullptr;
}

// The rare halves of the functions below, apart so that the common halves need no stack frame.

template <bool strict>
[[gnu::noinline]] ouros_task* yield_specially(ouros_queue* queue, ouros_task* task) {
    uint8_t flags = task->flags;
    task->flags = 0; // the run that follows uses the wake up
    if (flags & OUROS_TASK_MOVED) {
        dequeue(queue, task);
        enqueue(queue, task);
    } else {
        *task->list = task->next;
    }
    return pick<strict>(queue);
}

template <bool strict>
[[gnu::noinline]] ouros_task* empty_and_pick(ouros_queue* queue, ouros_task* task) {
    list_emptied(queue, task->list);
    return pick<strict>(queue);
}

// The running task, which is the head of its list, leaves.
template <bool strict>
inline ouros_task* leave_and_pick(ouros_queue* queue, ouros_task* task) {
    ouros_task* next = task->next;
    if (next == task)
        return empty_and_pick<strict>(queue, task);
    unlink(task);
    *task->list = next;
    // Its priority has more: the top list is not empty.
    return run<strict>(queue, *queue->top);
}

// 12
template <bool strict>
inline ouros_task* yield(ouros_queue* queue) {
    ouros_task* task = queue->running;
    if (!task) [[unlikely]]
        return pick<strict>(queue);
    ouros_task** list = task->list;
    if (task->flags || list != queue->top) [[unlikely]]
        return yield_specially<strict>(queue, task);
    ouros_task* next = task->next;
    *list = next;
    return run<strict>(queue, next);
}

// 17 while others of its priority are ready.
template <bool strict>
inline ouros_task* suspend(ouros_queue* queue) {
    ouros_task* task = queue->running;
    if (!task) [[unlikely]]
        return pick<strict>(queue);
    if (task->flags) [[unlikely]] {
        if (task->flags & OUROS_TASK_WOKEN)
            return yield_specially<strict>(queue, task);
        task->flags = 0; // its next list is that of its new priority anyway
    }
    task->state = OUROS_TASK_BLOCKED;
    return leave_and_pick<strict>(queue, task);
}

template <bool strict>
inline ouros_task* exit(ouros_queue* queue) {
    ouros_task* task = queue->running;
    if (!task) [[unlikely]]
        return pick<strict>(queue);
    task->state = OUROS_TASK_EXITED;
    return leave_and_pick<strict>(queue, task);
}

template <bool strict>
inline ouros_task* reschedule(ouros_queue* queue) {
    ouros_task* task = queue->running;
    if (task && (task->flags & OUROS_TASK_MOVED)) {
        task->flags &= static_cast<uint8_t>(~OUROS_TASK_MOVED);
        dequeue(queue, task);
        enqueue(queue, task);
    }
    ouros_task* next = pick<strict>(queue);
    // A wake that the task has not used up stays with it only if it goes on running.
    if (task && next != task)
        task->flags = 0;
    return next;
}

} // namespace

extern "C" {

void ouros_sched_init(ouros_queue* queue, uint32_t* published) {
    for (ouros_task*& head : queue->list)
        head = nullptr;
    queue->running = nullptr;
    queue->ready = 0;
    queue->published = published;
    queue->inbox = nullptr;
    queue->system = nullptr;
    queue->declined = OUROS_PRIORITY_IDLE;
    set_top(queue, nullptr);
}

void ouros_sched_task_init(ouros_task* task, unsigned priority) {
    *task = ouros_task{};
    task->priority = clamp(priority);
}

// 17 when others of its priority are ready.
void ouros_sched_wake(ouros_queue* queue, ouros_task* task) {
    if (task->state == OUROS_TASK_BLOCKED)
        enqueue(queue, task);
    else if (task == queue->running)
        task->flags |= OUROS_TASK_WOKEN;
}

void ouros_sched_wake_next(ouros_queue* queue, ouros_task* task, ouros_task* after) {
    if (task->state != OUROS_TASK_BLOCKED)
        return ouros_sched_wake(queue, task);
    enqueue(queue, task);
    ouros_task** list = task->list;
    ouros_task* head = *list;
    if (!after && head == queue->running)
        after = head;
    if (!after) {
        *list = task; // the tail of a circular list is before its head
    } else if (after != task && task->prev != after) {
        unlink(task);
        link_behind(task, after);
    }
}

ouros_task* ouros_sched_give_turn(ouros_queue* queue) {
    ouros_task* task = queue->running;
    if (!task || (task->flags & OUROS_TASK_MOVED) || task->next == task)
        return reschedule<false>(queue);
    ouros_task* next = task->next;
    unlink(task);
    link_behind(task, next);
    *task->list = next;
    task->flags = 0;
    return pick<false>(queue);
}

ouros_task* ouros_sched_yield(ouros_queue* queue) {
    return yield<false>(queue);
}
ouros_task* ouros_sched_suspend(ouros_queue* queue) {
    return suspend<false>(queue);
}
ouros_task* ouros_sched_exit(ouros_queue* queue) {
    return exit<false>(queue);
}
ouros_task* ouros_sched_reschedule(ouros_queue* queue) {
    return reschedule<false>(queue);
}

ouros_task* ouros_sched_yield_strict(ouros_queue* queue) {
    return yield<true>(queue);
}
ouros_task* ouros_sched_suspend_strict(ouros_queue* queue) {
    return suspend<true>(queue);
}
ouros_task* ouros_sched_exit_strict(ouros_queue* queue) {
    return exit<true>(queue);
}
ouros_task* ouros_sched_reschedule_strict(ouros_queue* queue) {
    return reschedule<true>(queue);
}

void ouros_sched_set_priority(ouros_queue* queue, ouros_task* task, unsigned priority) {
    task->priority = clamp(priority);
    if (task->state != OUROS_TASK_READY)
        return;
    bool moved = task->list != &queue->list[task->priority];
    if (task == queue->running) {
        task->flags &= static_cast<uint8_t>(~OUROS_TASK_MOVED);
        task->flags |= moved ? OUROS_TASK_MOVED : 0;
    } else if (moved) {
        dequeue(queue, task);
        enqueue(queue, task);
    }
}

bool ouros_sched_remove(ouros_queue* queue, ouros_task* task) {
    if (task->state != OUROS_TASK_READY || task == queue->running)
        return false;
    dequeue(queue, task);
    task->state = OUROS_TASK_BLOCKED;
    return true;
}

} // extern "C"

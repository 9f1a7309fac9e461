// SPDX-License-Identifier: BSD-2-Clause
//
// The ready queues: owner functions. Nothing here is atomic; see ouros/sched.h for why that is
// enough. Instruction counts are for rv64imac at -O2, from the first instruction to `ret`
// included.

#include <ouros/ordering.h>
#include <ouros/sched.h>

namespace {

// The image has no libgcc and the base ISA has no ctz: a de Bruijn sequence, 8 instructions.
constexpr uint64_t de_bruijn = 0x03f79d71b4cb0a89;

struct bit_positions {
    uint8_t of[64];
    constexpr bit_positions()
        : of() {
        for (unsigned bit = 0; bit < 64; bit++)
            of[(de_bruijn << bit) >> 58] = static_cast<uint8_t>(bit);
    }
};
constexpr bit_positions positions;

inline unsigned lowest_bit(uint64_t word) {
    return positions.of[((word & -word) * de_bruijn) >> 58];
}

inline uint64_t bit(size_t priority) {
    return uint64_t{1} << priority;
}

inline uint8_t clamp(unsigned priority) {
    return static_cast<uint8_t>(priority < OUROS_PRIORITIES ? priority : OUROS_PRIORITIES - 1);
}

// A program that scribbles over its tasks still indexes within its own queue.
inline size_t index(uint8_t priority) {
    return priority % OUROS_PRIORITIES;
}

inline void set_top(ouros_queue* queue, size_t top) {
    queue->top = top;
    if (queue->published)
        ouros::store_relaxed(queue->published, static_cast<uint32_t>(top));
}

inline void enqueue(ouros_queue* queue, ouros_task* task) {
    size_t priority = index(task->priority);
    task->queued = static_cast<uint8_t>(priority);
    task->state = OUROS_TASK_READY;
    ouros_task* head = queue->list[priority];
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
    queue->list[priority] = task;
    queue->ready |= bit(priority);
    if (priority < queue->top)
        set_top(queue, priority);
}

void list_emptied(ouros_queue* queue, size_t priority) {
    queue->list[priority] = nullptr;
    queue->ready &= ~bit(priority);
    if (queue->top == priority)
        set_top(queue, queue->ready ? lowest_bit(queue->ready) : OUROS_PRIORITY_IDLE);
}

inline void unlink(ouros_task* task) {
    ouros_task* next = task->next;
    ouros_task* prev = task->prev;
    prev->next = next;
    next->prev = prev;
}

void dequeue(ouros_queue* queue, ouros_task* task) {
    size_t priority = index(task->queued);
    if (task->next == task)
        return list_emptied(queue, priority);
    unlink(task);
    if (queue->list[priority] == task)
        queue->list[priority] = task->next;
}

// The first task of the highest priority starts to run. There is one.
inline ouros_task* run_first(ouros_queue* queue) {
    ouros_task* task = queue->list[queue->top];
    task->state = OUROS_TASK_RUNNING;
    queue->running = task;
    return task;
}

inline ouros_task* pick(ouros_queue* queue) {
    if (queue->top != OUROS_PRIORITY_IDLE)
        return run_first(queue);
    queue->running = nullptr;
    return nullptr;
}

// The rare halves of the functions below, apart so that the common halves need no stack frame.
[[gnu::noinline]] ouros_task* requeue_and_pick(ouros_queue* queue, ouros_task* task) {
    dequeue(queue, task);
    enqueue(queue, task);
    return run_first(queue);
}

[[gnu::noinline]] ouros_task* empty_and_pick(ouros_queue* queue, size_t priority) {
    list_emptied(queue, priority);
    return pick(queue);
}

// The running task, which is the head of its list, leaves.
inline ouros_task* leave_and_pick(ouros_queue* queue, ouros_task* task) {
    size_t priority = index(task->queued);
    if (task->next == task)
        return empty_and_pick(queue, priority);
    unlink(task);
    queue->list[priority] = task->next;
    return run_first(queue);
}

} // namespace

extern "C" {

void ouros_sched_init(ouros_queue* queue, uint32_t* published) {
    queue->running = nullptr;
    queue->ready = 0;
    queue->published = published;
    for (ouros_task*& head : queue->list)
        head = nullptr;
    queue->inbox = nullptr;
    set_top(queue, OUROS_PRIORITY_IDLE);
}

void ouros_sched_task_init(ouros_task* task, unsigned priority) {
    *task = ouros_task{};
    task->priority = clamp(priority);
}

// 17 when others of its priority are ready, 26 when it becomes the top one.
void ouros_sched_wake(ouros_queue* queue, ouros_task* task) {
    if (task->state == OUROS_TASK_BLOCKED)
        enqueue(queue, task);
    else if (task->state == OUROS_TASK_RUNNING)
        task->state = OUROS_TASK_WOKEN;
}

// 21
ouros_task* ouros_sched_yield(ouros_queue* queue) {
    ouros_task* task = queue->running;
    if (!task) [[unlikely]]
        return pick(queue);
    if (task->queued != task->priority) [[unlikely]]
        return requeue_and_pick(queue, task);
    task->state = OUROS_TASK_READY;
    queue->list[index(task->queued)] = task->next;
    return run_first(queue);
}

// 25 while others of its priority are ready.
ouros_task* ouros_sched_suspend(ouros_queue* queue) {
    ouros_task* task = queue->running;
    if (!task || task->state == OUROS_TASK_WOKEN) [[unlikely]]
        return ouros_sched_yield(queue);
    task->state = OUROS_TASK_BLOCKED;
    return leave_and_pick(queue, task);
}

ouros_task* ouros_sched_exit(ouros_queue* queue) {
    ouros_task* task = queue->running;
    if (!task) [[unlikely]]
        return pick(queue);
    task->state = OUROS_TASK_EXITED;
    return leave_and_pick(queue, task);
}

ouros_task* ouros_sched_reschedule(ouros_queue* queue) {
    ouros_task* task = queue->running;
    if (!task)
        return pick(queue);
    uint8_t state = task->state;
    ouros_task* next;
    if (task->queued != task->priority) {
        next = requeue_and_pick(queue, task);
    } else {
        task->state = OUROS_TASK_READY;
        next = run_first(queue);
    }
    // A wake that the task has not used up stays with it if it goes on running.
    if (next == task)
        task->state = state;
    return next;
}

void ouros_sched_set_priority(ouros_queue* queue, ouros_task* task, unsigned priority) {
    task->priority = clamp(priority);
    if (task->state == OUROS_TASK_READY && task->priority != task->queued) {
        dequeue(queue, task);
        enqueue(queue, task);
    }
}

bool ouros_sched_remove(ouros_queue* queue, ouros_task* task) {
    if (task->state != OUROS_TASK_READY)
        return false;
    dequeue(queue, task);
    task->state = OUROS_TASK_BLOCKED;
    return true;
}

} // extern "C"

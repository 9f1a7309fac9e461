/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared scheduler: ready queues of tasks, one code for the kernel and every process.
 *
 * The code is one position-independent ELF image without data of its own. The kernel maps the
 * same pages into itself and into each process (AT_SYSINFO_EHDR announces them, as Linux does
 * with its vDSO); <ouros/image.h> finds the functions in it. All state is in the structures
 * below, which the caller owns, so a process can harm only its own queues.
 *
 * A task is a node inside something that can run: a coroutine's promise, a parked thread, in the
 * kernel a thread or a kernel coroutine. A queue belongs to one owner: a worker thread of a
 * process, or a hart's kernel executor. Other harts and other threads never touch it: they put
 * tasks into its inbox.
 *
 *   queue                        one list per priority, circular, doubly linked
 *   +-----------+
 *   | running --+----------.     The task that runs stays at the head of its list, so a yield
 *   | ready  {0,5}         |     within one priority only moves the list's head.
 *   | top ------+-.        |
 *   |           | v        v
 *   | list[0] --+------> task A <-> task B <-> task C <-> (A)
 *   | list[5] --+------> task D <-> (D)
 *   | inbox   --+------> task E -> task F          woken by others, newest first
 *   +-----------+
 *
 * Who may call what:
 *  - Owner functions run one at a time: by the owner, with its interrupts masked (ustatus.UIE
 *    clear in a process, sstatus.SIE in the kernel), or by its interrupt handler. They use no
 *    atomic instruction.
 *  - ouros_sched_post is for everybody else, from any hart and any context. It never waits.
 *
 * Plain C, also valid as C++. Nothing here touches a floating-point register.
 */
#ifndef OUROS_SCHED_H
#define OUROS_SCHED_H

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
#define OUROS_SCHED_STATIC_ASSERT(condition) static_assert(condition, #condition)
extern "C" {
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#define OUROS_SCHED_STATIC_ASSERT(condition) _Static_assert(condition, #condition)
#endif

#define OUROS_PRIORITIES 64u    /* 0 is the highest */
#define OUROS_PRIORITY_IDLE 64u /* published when nothing is ready */

/*
 * The life of a task. Only owner functions change it.
 *
 *                wake                         picked
 *   BLOCKED -----------------> READY --------------------> RUNNING
 *      ^                       |  ^ ^                      |  | |
 *      |                wake: -+  | |   yield, preempted   |  | | wake
 *      |                nothing   | +----------------------+  | v
 *      |                          |  suspend, yield           |
 *      |                          +------------------------ WOKEN --- wake: nothing
 *      |                                                      |
 *      |  suspend                                             |
 *      +------------------------------------------------------+  (from RUNNING)
 *
 *   exit takes RUNNING and WOKEN to EXITED, which no wake leaves.
 *
 * A wake is not lost: one that comes before the suspend makes the suspend a yield. Two wakes
 * queue once. A wake of a READY task does nothing because the task has yet to run: it looks at
 * what it waits for after it starts to run and before it suspends.
 *
 * READY, RUNNING and WOKEN are one value of `state`: RUNNING is the one that queue->running points
 * at, WOKEN a flag beside it. So picking a task writes nothing into it.
 */
enum ouros_task_state {
    OUROS_TASK_BLOCKED = 0, /* in no list */
    OUROS_TASK_READY = 1,   /* in *list */
    OUROS_TASK_EXITED = 2,  /* in no list, for good */
};

/* What the running task's next yield or suspend has to look at: rare. */
#define OUROS_TASK_WOKEN 1u /* a wake has come since it was picked */
#define OUROS_TASK_MOVED 2u /* its priority has changed: *list is the old one's */
#define OUROS_TASK_SEEN                                                                            \
    4u /* the owner's: it ran at the last tick, and has run since, for its next                    \
          yield or suspend clears this */

struct ouros_task {
    struct ouros_task* next; /* owner: neighbours in *list */
    struct ouros_task* prev;
    struct ouros_task** list;       /* owner: the head of the list that it is in */
    struct ouros_task* posted_next; /* whoever has set `posted`: link in the inbox */
    uint32_t posted;                /* anybody, atomic: 1 from post until drain */
    uint8_t state;                  /* owner: enum ouros_task_state */
    uint8_t flags;                  /* owner: OUROS_TASK_WOKEN, _MOVED, _SEEN */
    uint8_t priority;               /* owner: where the next queueing puts it, 0..63 */
    uint8_t reserved;
};

struct ouros_queue {
    struct ouros_task* list[OUROS_PRIORITIES]; /* owner: heads */
    struct ouros_task* running;                /* owner: NULL when nothing runs */
    struct ouros_task** top; /* owner: the first list that is not empty, or NULL */
    uint64_t ready;          /* owner: bit n is set exactly when list[n] is not empty */
    uint32_t* published;     /* owner: where the number of `top` is stored when it changes
                                (OUROS_PRIORITY_IDLE for none); NULL: nowhere */
    const uint32_t* system;  /* owner: the word that the _strict functions look at */
    uint32_t declined;       /* owner: what it was when there was nothing to give way to */
    /* Written by others, so on a cache line of its own. */
    struct ouros_task* inbox __attribute__((aligned(64)));
};

/* The image and its callers are compiled apart: the layout is an ABI. */
OUROS_SCHED_STATIC_ASSERT(sizeof(void*) != 8 || sizeof(struct ouros_task) == 40);
OUROS_SCHED_STATIC_ASSERT(sizeof(void*) != 8 || offsetof(struct ouros_task, posted) == 32);
OUROS_SCHED_STATIC_ASSERT(sizeof(void*) != 8 || offsetof(struct ouros_task, state) == 36);
OUROS_SCHED_STATIC_ASSERT(sizeof(void*) != 8 || offsetof(struct ouros_queue, running) == 512);
OUROS_SCHED_STATIC_ASSERT(sizeof(void*) != 8 || offsetof(struct ouros_queue, inbox) == 576);
OUROS_SCHED_STATIC_ASSERT(sizeof(void*) != 8 || sizeof(struct ouros_queue) == 640);

/* An empty queue. `published` may be NULL; it gets OUROS_PRIORITY_IDLE. */
void ouros_sched_init(struct ouros_queue* queue, uint32_t* published);

/* A blocked task, which a first wake makes ready. Priorities above 63 become 63. */
void ouros_sched_task_init(struct ouros_task* task, unsigned priority);

/* Owner functions. Those that return a task return the one to run now, which is then
 * queue->running: the first of the highest priority, or NULL when nothing is ready. */

void ouros_sched_wake(struct ouros_queue* queue, struct ouros_task* task);

/* The same, but a blocked task becomes the next of its priority: the first, or behind the running
 * task if that is of this priority. With `after`, a ready task of this priority: behind that one;
 * so several keep their order. */
void ouros_sched_wake_next(struct ouros_queue* queue, struct ouros_task* task,
                           struct ouros_task* after);

/* The running task goes to the tail of its priority. */
struct ouros_task* ouros_sched_yield(struct ouros_queue* queue);

/* The running task blocks; if it has been woken, it yields instead. */
struct ouros_task* ouros_sched_suspend(struct ouros_queue* queue);

/* The running task is over. Its memory may be reused once ouros_sched_is_quiet says so. */
struct ouros_task* ouros_sched_exit(struct ouros_queue* queue);

/*
 * What should run now? The first pick, and preemption: the running task loses to a higher
 * priority only, and is then the next of its own (a scheduler that wants round robin yields).
 */
struct ouros_task* ouros_sched_reschedule(struct ouros_queue* queue);

/* The same, but the running task loses to the next of its priority, too, and is the one after. */
struct ouros_task* ouros_sched_give_turn(struct ouros_queue* queue);

/*
 * The same, for a thread that has the system's priority in queue->system (<ouros/kernel.h>:
 * priorities, strict). If what they pick is less urgent, the kernel first runs what is more urgent:
 * then they have made a system call. The look costs four instructions.
 */
struct ouros_task* ouros_sched_yield_strict(struct ouros_queue* queue);
struct ouros_task* ouros_sched_suspend_strict(struct ouros_queue* queue);
struct ouros_task* ouros_sched_exit_strict(struct ouros_queue* queue);
struct ouros_task* ouros_sched_reschedule_strict(struct ouros_queue* queue);

/* A ready task moves to the tail of the other list, a blocked one stays blocked, a running one
 * changes the next time it is queued (yield, suspend of a woken task, reschedule). */
void ouros_sched_set_priority(struct ouros_queue* queue, struct ouros_task* task,
                              unsigned priority);

/* Takes a READY task, not the running one, out, blocked, so that it can be woken in another queue.
 * Returns whether it was; otherwise nothing changes. */
bool ouros_sched_remove(struct ouros_queue* queue, struct ouros_task* task);

/* Wakes every task in the inbox, oldest first. Returns how many were there. */
size_t ouros_sched_drain(struct ouros_queue* queue);

/* From anywhere: wakes `task` through the inbox of the queue it belongs to. Returns true if the
 * inbox was empty: the caller then interrupts the owner (a user interrupt, an IPI). What the
 * caller wrote before is seen by the task when it runs. */
bool ouros_sched_post(struct ouros_queue* queue, struct ouros_task* task);

/* May the memory of an exited task be reused: is it in no inbox? Whoever may still post it has
 * to be gone before the question makes sense. */
static inline bool ouros_sched_is_quiet(const struct ouros_task* task) {
    return __atomic_load_n(&task->posted, __ATOMIC_ACQUIRE) == 0;
}

static inline bool ouros_sched_has_posted(const struct ouros_queue* queue) {
    return __atomic_load_n(&queue->inbox, __ATOMIC_ACQUIRE) != NULL;
}

#ifdef __cplusplus
}
#endif

#endif /* OUROS_SCHED_H */

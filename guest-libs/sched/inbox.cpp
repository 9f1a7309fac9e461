// SPDX-License-Identifier: BSD-2-Clause
//
// The inbox: wakes from other harts and other contexts. Many producers push, the owner takes
// everything at once, so the stack has no ABA problem and nobody waits for anybody: a producer
// that is preempted half-way holds nothing that others need.
//
//   post:   posted 0 -> 1 (RMW)     already 1: the owner has yet to take it; done
//           push on `inbox` (CAS, release)
//   drain:  take the stack (RMW, acquire), turn it round: oldest first
//           per task: posted 1 -> 0 (RMW), then wake
//
// Why a wake is not lost: drain clears `posted` before it wakes. A post that finds 1 comes before
// that clear in the order of `posted`, and the clear is an RMW, so what the poster wrote is seen by
// the task that the clear wakes. A post after the clear finds 0 and pushes again.

#include <ouros/ordering.h>
#include <ouros/sched.h>

extern "C" {

bool ouros_sched_post(ouros_queue* queue, ouros_task* task) {
    if (ouros::exchange(&task->posted, 1u) != 0)
        return false;
    ouros_task* head = ouros::load_relaxed(&queue->inbox);
    do {
        task->posted_next = head;
    } while (!ouros::compare_exchange_release(&queue->inbox, head, task));
    return head == nullptr;
}

size_t ouros_sched_drain(ouros_queue* queue) {
    ouros_task* newest = ouros::exchange(&queue->inbox, static_cast<ouros_task*>(nullptr));
    ouros_task* oldest = nullptr;
    while (newest) {
        ouros_task* next = newest->posted_next;
        newest->posted_next = oldest;
        oldest = newest;
        newest = next;
    }
    size_t count = 0;
    while (oldest) {
        ouros_task* task = oldest;
        // Read the link first: once `posted` is 0 the task may be posted again.
        oldest = task->posted_next;
        ouros::exchange(&task->posted, 0u);
        ouros_sched_wake(queue, task);
        count++;
    }
    return count;
}

} // extern "C"

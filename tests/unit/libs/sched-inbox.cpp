// SPDX-License-Identifier: BSD-2-Clause
//
// The inbox with real threads; built a second time with ThreadSanitizer. Each test has a fixed
// amount of work and one right outcome, whatever the interleaving.

#include <gtest/gtest.h>
#include <ouros/sched.h>

#include <array>
#include <thread>

namespace {

constexpr int posters = 2;
constexpr int tasks = 4;
#if defined(__SANITIZE_THREAD__)
constexpr long rounds = 20'000;
#else
constexpr long rounds = 100'000;
#endif

// What a poster does before a post is seen by the run that the post causes: S3.
struct mailbox {
    ouros_task task;
    std::array<long, posters> sent; // atomic: written by its poster, read by the owner
    std::array<long, posters> seen; // owner
};

TEST(sched_inbox, no_wake_is_lost) {
    static ouros_queue queue;
    static std::array<mailbox, tasks> boxes;
    uint32_t published;
    ouros_sched_init(&queue, &published);
    for (mailbox& box : boxes)
        ouros_sched_task_init(&box.task, 5);

    auto poster = [](int self) {
        for (long i = 1; i <= rounds; i++) {
            mailbox& box = boxes[static_cast<size_t>(i) % tasks];
            __atomic_store_n(&box.sent[self], i, __ATOMIC_RELAXED);
            ouros_sched_post(&queue, &box.task);
        }
    };
    std::array<std::thread, posters> threads;
    for (int i = 0; i < posters; i++)
        threads[static_cast<size_t>(i)] = std::thread(poster, i);

    // The last value each poster sends to each mailbox; when all have been seen, nothing was lost.
    long missing = posters * tasks;
    while (missing > 0) {
        ouros_sched_drain(&queue);
        ouros_task* task = ouros_sched_reschedule(&queue);
        if (!task) {
            std::this_thread::yield();
            continue;
        }
        for (; task; task = ouros_sched_suspend(&queue)) {
            mailbox& box = *reinterpret_cast<mailbox*>(task);
            for (int i = 0; i < posters; i++) {
                long value = __atomic_load_n(&box.sent[i], __ATOMIC_RELAXED);
                ASSERT_GE(value, box.seen[i]);
                if (value > rounds - tasks && box.seen[i] <= rounds - tasks)
                    missing--;
                box.seen[i] = value;
            }
        }
    }
    for (std::thread& thread : threads)
        thread.join();
    ouros_sched_drain(&queue);
    for (mailbox& box : boxes)
        EXPECT_TRUE(ouros_sched_is_quiet(&box.task));
}

// Plain data handed over by a post needs no further synchronisation: TSan proves it.
struct parcel {
    ouros_task task;
    long content;
    long taken; // atomic: the owner's answer
};

TEST(sched_inbox, post_publishes_what_was_written_before) {
    static ouros_queue queue;
    static parcel parcels[2];
    ouros_sched_init(&queue, nullptr);
    for (parcel& p : parcels)
        ouros_sched_task_init(&p.task, 0);

    auto sender = [](parcel* mine) {
        for (long i = 1; i <= rounds / 10; i++) {
            mine->content = i; // not atomic
            ouros_sched_post(&queue, &mine->task);
            while (__atomic_load_n(&mine->taken, __ATOMIC_ACQUIRE) != i)
                std::this_thread::yield();
        }
    };
    std::thread first(sender, &parcels[0]), second(sender, &parcels[1]);
    long left = 2 * (rounds / 10);
    while (left > 0) {
        if (ouros_sched_has_posted(&queue))
            ouros_sched_drain(&queue);
        else
            std::this_thread::yield();
        for (ouros_task* task = ouros_sched_reschedule(&queue); task;
             task = ouros_sched_suspend(&queue)) {
            parcel& p = *reinterpret_cast<parcel*>(task);
            if (p.content == p.taken)
                continue; // woken between the answer and the end of its run
            ASSERT_EQ(p.content, p.taken + 1);
            __atomic_store_n(&p.taken, p.content, __ATOMIC_RELEASE);
            left--;
        }
    }
    first.join();
    second.join();
}

// Exactly one poster per non-empty period is told to interrupt the owner.
TEST(sched_inbox, one_notification_per_batch) {
    static ouros_queue queue;
    static std::array<ouros_task, 64> all;
    ouros_sched_init(&queue, nullptr);
    for (ouros_task& task : all)
        ouros_sched_task_init(&task, 0);
    long notifications = 0;
    auto poster = [&notifications](unsigned from) {
        for (unsigned i = from; i < all.size(); i += 2)
            if (ouros_sched_post(&queue, &all[i]))
                __atomic_fetch_add(&notifications, 1, __ATOMIC_RELAXED);
    };
    std::thread first(poster, 0), second(poster, 1);
    first.join();
    second.join();
    EXPECT_EQ(notifications, 1);
    EXPECT_EQ(ouros_sched_drain(&queue), all.size());
}

} // namespace

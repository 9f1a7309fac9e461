// SPDX-License-Identifier: BSD-2-Clause
//
// S7: in strict mode whatever picks looks at the system's word, and gives way to what is more
// urgent than the task that it picked; once, if there was nothing to give way to.

#include <gtest/gtest.h>
#include <ouros/sched.h>

#include <array>

namespace {

unsigned given_way;
long answer;

} // namespace

extern "C" long ouros_test_give_way() {
    given_way++;
    return answer;
}

namespace {

struct strict_queue : testing::Test {
    ouros_queue queue;
    uint32_t system = OUROS_PRIORITY_IDLE;
    std::array<ouros_task, 3> tasks;

    strict_queue() {
        given_way = 0;
        answer = 0;
        ouros_sched_init(&queue, nullptr);
        queue.system = &system;
        unsigned priority = 10;
        for (ouros_task& task : tasks) {
            ouros_sched_task_init(&task, priority += 10); // 20, 30, 40
            ouros_sched_wake(&queue, &task);
        }
    }
};

TEST_F(strict_queue, gives_way_to_what_is_more_urgent) {
    system = 19;
    EXPECT_EQ(ouros_sched_reschedule_strict(&queue), &tasks[0]);
    EXPECT_EQ(given_way, 1u);
    EXPECT_EQ(ouros_sched_yield_strict(&queue), &tasks[0]);
    EXPECT_EQ(given_way, 2u);
    EXPECT_EQ(ouros_sched_suspend_strict(&queue), &tasks[1]);
    EXPECT_EQ(given_way, 3u);
    EXPECT_EQ(ouros_sched_exit_strict(&queue), &tasks[2]);
    EXPECT_EQ(given_way, 4u);
}

TEST_F(strict_queue, does_not_to_what_is_as_urgent_or_less) {
    for (uint32_t word : {20u, 21u, 64u, ~0u}) {
        system = word;
        EXPECT_EQ(ouros_sched_reschedule_strict(&queue), &tasks[0]);
    }
    EXPECT_EQ(given_way, 0u);
}

TEST_F(strict_queue, looks_at_what_it_picks_not_at_what_ran) {
    system = 25;
    EXPECT_EQ(ouros_sched_reschedule_strict(&queue), &tasks[0]);
    EXPECT_EQ(given_way, 0u);
    EXPECT_EQ(ouros_sched_suspend_strict(&queue), &tasks[1]);
    EXPECT_EQ(given_way, 1u);
}

TEST_F(strict_queue, asks_once_for_what_can_not_run_here) {
    system = 5;
    answer = -11;
    for (int i = 0; i < 3; i++)
        ouros_sched_yield_strict(&queue);
    EXPECT_EQ(given_way, 1u);
    system = 4; // something else
    ouros_sched_yield_strict(&queue);
    EXPECT_EQ(given_way, 2u);
}

TEST_F(strict_queue, has_nothing_to_give_when_nothing_is_ready) {
    system = 0;
    for (int i = 0; i < 4; i++)
        ouros_sched_exit_strict(&queue);
    given_way = 0;
    EXPECT_EQ(ouros_sched_reschedule_strict(&queue), nullptr);
    EXPECT_EQ(given_way, 0u);
}

TEST_F(strict_queue, others_do_not_look) {
    system = 0;
    ouros_sched_reschedule(&queue);
    ouros_sched_yield(&queue);
    ouros_sched_suspend(&queue);
    ouros_sched_exit(&queue);
    EXPECT_EQ(given_way, 0u);
}

} // namespace

// SPDX-License-Identifier: BSD-2-Clause
//
// The ready queues, by what they promise: order, bitmap, wakes, priorities.

#include <gtest/gtest.h>
#include <ouros/sched.h>

#include <algorithm>
#include <array>
#include <deque>
#include <random>
#include <vector>

namespace {

struct sched_queue : testing::Test {
    ouros_queue queue;
    uint32_t published = 0;
    std::array<ouros_task, 8> tasks;

    sched_queue() {
        ouros_sched_init(&queue, &published);
        for (ouros_task& task : tasks)
            ouros_sched_task_init(&task, 10);
    }
    void wake(int i) { ouros_sched_wake(&queue, &tasks[i]); }
    int number(const ouros_task* task) const {
        return task ? static_cast<int>(task - tasks.data()) : -1;
    }
    int pick() { return number(ouros_sched_reschedule(&queue)); }
    int yield() { return number(ouros_sched_yield(&queue)); }
    int suspend() { return number(ouros_sched_suspend(&queue)); }
    int exit() { return number(ouros_sched_exit(&queue)); }
    int give_turn() { return number(ouros_sched_give_turn(&queue)); }
    void wake_next(int i, int after = -1) {
        ouros_sched_wake_next(&queue, &tasks[i], after < 0 ? nullptr : &tasks[after]);
    }
};

// S2: the bitmap, the top and the published word say what the lists say; the lists are whole.
void check_lists(const ouros_queue& queue) {
    uint64_t ready = 0;
    for (unsigned p = 0; p < OUROS_PRIORITIES; p++) {
        const ouros_task* head = queue.list[p];
        if (!head)
            continue;
        ready |= uint64_t{1} << p;
        const ouros_task* task = head;
        do {
            ASSERT_EQ(task->list, &queue.list[p]);
            ASSERT_EQ(task->next->prev, task);
            ASSERT_EQ(task->state, OUROS_TASK_READY);
            ASSERT_TRUE(task == queue.running || task->flags == 0);
            task = task->next;
        } while (task != head);
    }
    ASSERT_EQ(queue.ready, ready);
    unsigned top = ready ? static_cast<unsigned>(__builtin_ctzll(ready)) : 64;
    ASSERT_EQ(queue.top, ready ? &queue.list[top] : nullptr);
    ASSERT_EQ(*queue.published, top);
}

TEST_F(sched_queue, empty_picks_nothing) {
    EXPECT_EQ(pick(), -1);
    EXPECT_EQ(yield(), -1);
    EXPECT_EQ(suspend(), -1);
    EXPECT_EQ(exit(), -1);
    EXPECT_EQ(published, OUROS_PRIORITY_IDLE);
}

TEST_F(sched_queue, first_come_first_served_within_a_priority) { // S1
    for (int i : {3, 1, 4, 0})
        wake(i);
    EXPECT_EQ(pick(), 3);
    EXPECT_EQ(yield(), 1);
    EXPECT_EQ(suspend(), 4);
    EXPECT_EQ(suspend(), 0);
    EXPECT_EQ(suspend(), 3);
    EXPECT_EQ(suspend(), -1);
    check_lists(queue);
}

TEST_F(sched_queue, highest_priority_first) { // S1
    for (int i = 0; i < 4; i++)
        ouros_sched_task_init(&tasks[i], 63 - 21 * static_cast<unsigned>(i));
    for (int i = 0; i < 4; i++)
        wake(i);
    EXPECT_EQ(published, 0u);
    for (int i : {3, 2, 1, 0})
        EXPECT_EQ(i == 3 ? pick() : suspend(), i);
    EXPECT_EQ(published, 63u);
    EXPECT_EQ(exit(), -1);
    EXPECT_EQ(published, OUROS_PRIORITY_IDLE);
}

TEST_F(sched_queue, every_priority_is_found) { // S2
    std::vector<ouros_task> all(OUROS_PRIORITIES);
    for (unsigned p = 0; p < OUROS_PRIORITIES; p++) {
        ouros_sched_task_init(&all[p], p);
        ouros_sched_wake(&queue, &all[p]);
        check_lists(queue);
    }
    ouros_task* task = ouros_sched_reschedule(&queue);
    for (unsigned p = 0; p < OUROS_PRIORITIES; p++) {
        EXPECT_EQ(task, &all[p]);
        task = ouros_sched_suspend(&queue);
        check_lists(queue);
    }
    EXPECT_EQ(task, nullptr);
}

TEST_F(sched_queue, wake_before_suspend_is_not_lost) { // S3
    wake(0);
    EXPECT_EQ(pick(), 0);
    wake(0);
    EXPECT_EQ(suspend(), 0); // runs again
    EXPECT_EQ(suspend(), -1);
}

TEST_F(sched_queue, double_wake_queues_once) { // S3
    wake(0);
    wake(0);
    wake(1);
    EXPECT_EQ(pick(), 0);
    wake(0);
    wake(0);
    EXPECT_EQ(suspend(), 1);
    EXPECT_EQ(suspend(), 0);
    EXPECT_EQ(suspend(), -1);
}

TEST_F(sched_queue, wake_is_used_up_by_the_run_that_follows) { // S3
    wake(0);
    wake(1);
    pick();
    wake(0);
    EXPECT_EQ(yield(), 1);
    EXPECT_EQ(suspend(), 0);
    EXPECT_EQ(suspend(), -1);
}

TEST_F(sched_queue, wake_survives_preemption) { // S3
    wake(0);
    EXPECT_EQ(pick(), 0);
    wake(0);
    EXPECT_EQ(pick(), 0);
    EXPECT_EQ(suspend(), 0);
}

TEST_F(sched_queue, preempted_task_stays_first_of_its_priority) { // S1
    wake(0);
    wake(1);
    EXPECT_EQ(pick(), 0);
    ouros_sched_task_init(&tasks[2], 3);
    wake(2);
    EXPECT_EQ(pick(), 2);
    EXPECT_EQ(suspend(), 0);
    EXPECT_EQ(pick(), 0);
    EXPECT_EQ(yield(), 1);
}

TEST_F(sched_queue, next_of_its_priority) {
    for (int i : {0, 1})
        wake(i);
    wake_next(2); // before the first, which does not run
    EXPECT_EQ(pick(), 2);
    wake_next(3); // behind the running one
    wake_next(4, 3);
    check_lists(queue);
    EXPECT_EQ(give_turn(), 3); // 2 is right behind it
    EXPECT_EQ(suspend(), 2);
    EXPECT_EQ(suspend(), 4);
    EXPECT_EQ(yield(), 0);
    for (int i : {1, 4, -1})
        EXPECT_EQ(suspend(), i);
    wake_next(5);
    EXPECT_EQ(pick(), 5);
    wake_next(5); // it runs: as any wake
    EXPECT_EQ(give_turn(), 5);
    EXPECT_EQ(suspend(), 5);
    check_lists(queue);
}

TEST_F(sched_queue, turn_is_given_to_a_higher_priority_first) {
    wake(0);
    wake(1);
    EXPECT_EQ(pick(), 0);
    ouros_sched_task_init(&tasks[2], 3);
    wake(2);
    EXPECT_EQ(give_turn(), 2);
    EXPECT_EQ(suspend(), 1);
    EXPECT_EQ(suspend(), 0);
}

TEST_F(sched_queue, ready_task_moves_to_its_new_priority) { // S4
    for (int i : {0, 1, 2})
        wake(i);
    pick();
    ouros_sched_set_priority(&queue, &tasks[1], 5);
    check_lists(queue);
    EXPECT_EQ(published, 5u);
    EXPECT_EQ(yield(), 1);
    ouros_sched_set_priority(&queue, &tasks[2], 64); // clamped
    EXPECT_EQ(tasks[2].list, &queue.list[63]);
    EXPECT_EQ(suspend(), 0);
    EXPECT_EQ(suspend(), 2);
}

TEST_F(sched_queue, blocked_task_stays_blocked) { // S4
    ouros_sched_set_priority(&queue, &tasks[0], 1);
    EXPECT_EQ(pick(), -1);
    wake(0);
    EXPECT_EQ(published, 1u);
}

TEST_F(sched_queue, running_task_changes_when_it_is_queued) { // S4
    wake(0);
    wake(1);
    pick();
    ouros_sched_set_priority(&queue, &tasks[0], 1);
    EXPECT_EQ(tasks[0].list, &queue.list[10]);
    EXPECT_EQ(yield(), 0); // now above the others
    EXPECT_EQ(tasks[0].list, &queue.list[1]);
    ouros_sched_set_priority(&queue, &tasks[0], 20);
    EXPECT_EQ(pick(), 1); // reschedule counts as queueing
    check_lists(queue);
}

TEST_F(sched_queue, running_task_that_suspends_wakes_at_the_new_priority) { // S4
    wake(0);
    pick();
    ouros_sched_set_priority(&queue, &tasks[0], 2);
    EXPECT_EQ(suspend(), -1);
    wake(0);
    EXPECT_EQ(published, 2u);
}

TEST_F(sched_queue, only_a_ready_task_can_be_removed) {
    EXPECT_FALSE(ouros_sched_remove(&queue, &tasks[0]));
    wake(0);
    wake(1);
    pick();
    EXPECT_FALSE(ouros_sched_remove(&queue, &tasks[0]));
    EXPECT_TRUE(ouros_sched_remove(&queue, &tasks[1]));
    check_lists(queue);
    EXPECT_EQ(yield(), 0);
    wake(1);
    EXPECT_EQ(yield(), 1);
}

TEST_F(sched_queue, exited_task_is_never_woken) {
    wake(0);
    pick();
    wake(0);
    EXPECT_EQ(exit(), -1);
    wake(0);
    EXPECT_EQ(pick(), -1);
    EXPECT_TRUE(ouros_sched_is_quiet(&tasks[0]));
}

TEST_F(sched_queue, inbox_wakes_in_order_and_once) { // S3
    EXPECT_FALSE(ouros_sched_has_posted(&queue));
    EXPECT_TRUE(ouros_sched_post(&queue, &tasks[2]));
    EXPECT_FALSE(ouros_sched_post(&queue, &tasks[5]));
    EXPECT_FALSE(ouros_sched_post(&queue, &tasks[2]));
    EXPECT_TRUE(ouros_sched_has_posted(&queue));
    EXPECT_EQ(ouros_sched_drain(&queue), 2u);
    EXPECT_EQ(pick(), 2);
    EXPECT_EQ(suspend(), 5);
    EXPECT_TRUE(ouros_sched_post(&queue, &tasks[5]));
    EXPECT_EQ(ouros_sched_drain(&queue), 1u);
    EXPECT_EQ(suspend(), 5); // the wake came while it ran
    EXPECT_EQ(suspend(), -1);
}

TEST_F(sched_queue, published_word_is_optional) {
    ouros_sched_init(&queue, nullptr);
    wake(0);
    EXPECT_EQ(pick(), 0);
    EXPECT_EQ(suspend(), -1);
}

// Against a model of one deque per priority: 10^5 random operations, several seeds.
TEST_F(sched_queue, agrees_with_a_simple_model) {
    for (unsigned seed = 1; seed <= 8; seed++) {
        std::mt19937 random(seed);
        ouros_sched_init(&queue, &published);
        std::array<std::deque<int>, OUROS_PRIORITIES> lists;
        std::array<unsigned, 8> priority, queued{};
        enum { blocked, ready, in_run, woken };
        std::array<int, 8> state{};
        int running = -1;
        for (unsigned i = 0; i < 8; i++) {
            priority[i] = random() % OUROS_PRIORITIES;
            ouros_sched_task_init(&tasks[i], priority[i]);
        }
        auto enqueue = [&](int i) {
            state[i] = ready;
            queued[i] = priority[i];
            lists[queued[i]].push_back(i);
        };
        auto model_pick = [&] {
            running = -1;
            for (auto& list : lists) {
                if (list.empty())
                    continue;
                running = list.front();
                state[running] = in_run;
                break;
            }
            return running;
        };
        auto leave = [&] { std::erase(lists[queued[running]], running); };
        for (int step = 0; step < 100'000; step++) {
            int i = static_cast<int>(random() % 8);
            switch (random() % 10) {
            case 0:
            case 1:
            case 2:
                wake(i);
                if (state[i] == blocked)
                    enqueue(i);
                else if (state[i] == in_run)
                    state[i] = woken;
                break;
            case 3:
                if (running >= 0) {
                    leave();
                    enqueue(running);
                }
                ASSERT_EQ(yield(), model_pick());
                break;
            case 4:
            case 5:
                if (running >= 0) {
                    leave();
                    if (state[running] == woken)
                        enqueue(running);
                    else
                        state[running] = blocked;
                }
                ASSERT_EQ(suspend(), model_pick());
                break;
            case 6: {
                unsigned to = random() % OUROS_PRIORITIES;
                ouros_sched_set_priority(&queue, &tasks[i], to);
                priority[i] = to;
                if (state[i] == ready && queued[i] != to) {
                    std::erase(lists[queued[i]], i);
                    enqueue(i);
                }
                break;
            }
            case 7: {
                int before = running;
                auto state_before = before >= 0 ? state[before] : blocked;
                bool moves = before >= 0 && queued[before] != priority[before];
                if (moves) {
                    leave();
                    enqueue(before);
                } else if (before >= 0) {
                    state[before] = ready;
                }
                int next = model_pick();
                if (next == before && before >= 0)
                    state[before] = state_before;
                ASSERT_EQ(pick(), next);
                break;
            }
            case 8: { // behind any other of its priority, or first
                auto& list = lists[priority[i]];
                int after = list.empty() || random() % 2 ? -1 : list[random() % list.size()];
                wake_next(i, after);
                if (state[i] == blocked) {
                    if (after < 0 && !list.empty() && list.front() == running)
                        after = running;
                    auto place = std::find(list.begin(), list.end(), after);
                    list.insert(place == list.end() ? list.begin() : place + 1, i);
                    state[i] = ready;
                    queued[i] = priority[i];
                } else if (state[i] == in_run) {
                    state[i] = woken;
                }
                break;
            }
            case 9: {
                int before = running;
                auto state_before = before >= 0 ? state[before] : blocked;
                if (before >= 0) {
                    bool moves = queued[before] != priority[before];
                    bool alone = lists[queued[before]].size() == 1;
                    state[before] = ready;
                    if (moves) {
                        leave();
                        enqueue(before);
                    } else if (!alone) {
                        std::swap(lists[queued[before]][0], lists[queued[before]][1]);
                    }
                }
                int next = model_pick();
                if (next == before && before >= 0)
                    state[before] = state_before;
                ASSERT_EQ(give_turn(), next);
                break;
            }
            }
            ASSERT_EQ(number(queue.running), running);
            for (int k = 0; k < 8; k++) {
                ASSERT_EQ(tasks[k].state == OUROS_TASK_READY, state[k] != blocked) << step;
                ASSERT_EQ((tasks[k].flags & OUROS_TASK_WOKEN) != 0, state[k] == woken) << step;
            }
            check_lists(queue);
        }
    }
}

} // namespace

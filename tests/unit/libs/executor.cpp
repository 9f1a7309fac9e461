// SPDX-License-Identifier: BSD-2-Clause
//
// Coroutines, executor and reactor on the build machine, with the fake kernel.

#include "fake-kernel.hpp"

#include <gtest/gtest.h>
#include <ouros/ouros.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using ouros::task;

struct executor : testing::Test {
    fake_kernel& kernel = fake_kernel::instance();
    std::vector<int> order;

    executor() {
        kernel.setup_error = 0;
        kernel.serve = [](const io_uring_sqe& entry) { return static_cast<int32_t>(entry.len); };
        kernel.hold = [](const io_uring_sqe&) { return false; };
        kernel.waits = 0;
    }
};

task<int> answer() {
    co_return 42;
}
task<int> add(int left, int right) {
    co_return left + right;
}
task<std::string> text() {
    co_return std::string(1000, 'x');
}
task<int> fail() {
    throw std::runtime_error("no");
    co_return 0;
}

TEST_F(executor, run_returns_what_the_program_returns) {
    EXPECT_EQ(ouros::run(answer()), 42);
}

TEST_F(executor, run_on_another_system_fails_in_one_line) {
    kernel.setup_error = -ENOSYS;
    testing::internal::CaptureStderr();
    EXPECT_EQ(ouros::run(answer()), 1);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "ouros: this program needs the Ouros kernel\n");
    kernel.setup_error = -ENODEV;
    testing::internal::CaptureStderr();
    EXPECT_EQ(ouros::run(answer()), 1);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "ouros: no queue pair: No such device\n");
}

TEST_F(executor, exception_leaves_run) {
    EXPECT_THROW(ouros::run(fail()), std::runtime_error);
}

TEST_F(executor, awaiting_gives_values_and_exceptions) {
    auto program = []() -> task<int> {
        EXPECT_EQ(co_await add(1, 2), 3);
        EXPECT_EQ((co_await text()).size(), 1000u);
        bool caught = false;
        try {
            co_await fail();
        } catch (const std::runtime_error&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
        int value = 1;
        auto reference = [](int& of) -> task<int&> { co_return of; };
        int& again = co_await reference(value);
        EXPECT_EQ(&again, &value);
        co_return 0;
    };
    EXPECT_EQ(ouros::run(program()), 0);
}

TEST_F(executor, result_reaches_the_coroutine_that_asked) { // A2
    kernel.hold = [](const io_uring_sqe& entry) { return entry.len % 3 == 0; };
    auto ask = [](uint32_t length) -> task<int> {
        for (uint32_t i = 0; i < 10; i++) {
            int64_t result = co_await ouros::read(3, nullptr, length + 1000 * i);
            EXPECT_EQ(result, length + 1000 * i);
        }
        co_return static_cast<int>(length);
    };
    auto program = [&]() -> task<int> {
        std::vector<task<int>> all;
        for (uint32_t i = 0; i < 100; i++)
            all.push_back(ask(i));
        std::vector<int> results = co_await ouros::when_all(std::move(all));
        for (int i = 0; i < 100; i++)
            EXPECT_EQ(results[static_cast<size_t>(i)], i);
        co_return 0;
    };
    EXPECT_EQ(ouros::run(program()), 0);
}

TEST_F(executor, errors_are_negative_errno_or_exceptions) {
    kernel.serve = [](const io_uring_sqe&) { return -ENOENT; };
    auto program = []() -> task<int> {
        EXPECT_EQ(co_await ouros::open("/nowhere", O_RDONLY), -ENOENT);
        try {
            ouros::check(co_await ouros::open("/nowhere", O_RDONLY), "/nowhere");
            ADD_FAILURE();
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.code().value(), ENOENT);
            EXPECT_NE(std::string(error.what()).find("/nowhere"), std::string::npos);
        }
        co_return 0;
    };
    EXPECT_EQ(ouros::run(program()), 0);
}

TEST_F(executor, sleep_gives_0_when_the_time_is_over) {
    kernel.serve = [](const io_uring_sqe& entry) {
        auto* time = reinterpret_cast<const __kernel_timespec*>(entry.addr);
        EXPECT_EQ(entry.opcode, IORING_OP_TIMEOUT);
        EXPECT_EQ(time->tv_sec, 1);
        EXPECT_EQ(time->tv_nsec, 500'000'000);
        return -ETIME;
    };
    auto program = []() -> task<int> {
        EXPECT_EQ(co_await ouros::sleep(std::chrono::milliseconds(1500)), 0);
        co_return 0;
    };
    EXPECT_EQ(ouros::run(program()), 0);
}

TEST_F(executor, one_doorbell_and_one_wait_for_a_batch) { // A1
    auto one = []() -> task<int> {
        for (int i = 0; i < 10; i++)
            co_await ouros::nop();
        co_return 0;
    };
    auto program = [&]() -> task<int> {
        std::vector<task<int>> all;
        for (int i = 0; i < 32; i++)
            all.push_back(one());
        auto before = ouros::this_worker.counters();
        co_await ouros::when_all(std::move(all));
        auto after = ouros::this_worker.counters();
        EXPECT_EQ(after.completions - before.completions, 320u);
        EXPECT_EQ(after.doorbells - before.doorbells, 10u);
        EXPECT_EQ(after.waits - before.waits, 10u);
        co_return 0;
    };
    EXPECT_EQ(ouros::run(program()), 0);
}

TEST_F(executor, full_queue_delays_and_loses_nothing) { // A4
    kernel.hold = [](const io_uring_sqe& entry) { return entry.len % 2 == 0; };
    auto one = []() -> task<int> {
        for (uint32_t i = 1; i <= 5; i++)
            EXPECT_EQ(co_await ouros::read(0, nullptr, i), i);
        co_return 1;
    };
    auto program = [&]() -> task<int> {
        std::vector<task<int>> all;
        for (int i = 0; i < 100; i++)
            all.push_back(one());
        int sum = 0;
        for (int each : co_await ouros::when_all(std::move(all)))
            sum += each;
        EXPECT_GT(ouros::this_worker.counters().backlogged, 0u);
        co_return sum;
    };
    // A CQ smaller than what completes at once: overflow as well.
    EXPECT_EQ(ouros::run(program(), {.sq_entries = 4, .cq_entries = 4, .batch = 4}), 100);
    EXPECT_GT(kernel.device->ring()->device.overflowed, 0u);
}

TEST_F(executor, yielding_strands_take_turns) { // S1
    auto one = [this](int number) -> task<void> {
        for (int i = 0; i < 3; i++) {
            order.push_back(number);
            co_await ouros::yield();
        }
    };
    auto program = [&]() -> task<int> {
        auto first = ouros::spawn(one(1)), second = ouros::spawn(one(2));
        co_await first;
        co_await second;
        co_return 0;
    };
    EXPECT_EQ(ouros::run(program()), 0);
    EXPECT_EQ(order, (std::vector<int>{1, 2, 1, 2, 1, 2}));
}

TEST_F(executor, higher_priority_runs_first) { // S1
    auto one = [this](int number) -> task<void> {
        order.push_back(number);
        co_await ouros::nop();
        order.push_back(number);
    };
    auto program = [&]() -> task<int> {
        auto low = ouros::spawn(one(3), 30), high = ouros::spawn(one(1), 1);
        auto middle = ouros::spawn(one(2), 20);
        co_await low;
        co_return 0;
    };
    EXPECT_EQ(ouros::run(program()), 0);
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 1, 2, 3}));
}

TEST_F(executor, endless_yielding_does_not_hold_requests_back) {
    bool served = false;
    kernel.serve = [&](const io_uring_sqe&) {
        served = true;
        return 0;
    };
    auto reader = []() -> task<void> { co_await ouros::nop(); };
    auto program = [&]() -> task<int> {
        auto reading = ouros::spawn(reader());
        for (int i = 0; i < 100 && !served; i++) {
            kernel.device->accept();
            co_await ouros::yield();
        }
        EXPECT_TRUE(served);
        co_await reading;
        co_return 0;
    };
    EXPECT_EQ(ouros::run(program()), 0);
}

TEST_F(executor, detached_strand_goes_on) {
    auto one = [this](int number) -> task<void> {
        co_await ouros::yield();
        order.push_back(number);
    };
    auto program = [&]() -> task<int> {
        for (int i = 0; i < 50; i++)
            ouros::spawn(one(i));
        for (int i = 0; i < 3; i++)
            co_await ouros::yield();
        co_return 0;
    };
    EXPECT_EQ(ouros::run(program()), 0);
    EXPECT_EQ(order.size(), 50u);
}

TEST_F(executor, when_all_waits_for_all_before_it_throws) {
    bool finished = false;
    auto slow = [&]() -> task<void> {
        for (int i = 0; i < 5; i++)
            co_await ouros::nop();
        finished = true;
    };
    auto program = [&]() -> task<int> {
        auto [a, b, none] = co_await ouros::when_all(add(1, 2), text(), slow());
        (void)none;
        EXPECT_EQ(a, 3);
        EXPECT_EQ(b.size(), 1000u);
        finished = false;
        try {
            co_await ouros::when_all(fail(), slow());
            ADD_FAILURE();
        } catch (const std::runtime_error&) {
            EXPECT_TRUE(finished);
        }
        co_return 0;
    };
    EXPECT_EQ(ouros::run(program()), 0);
}

TEST_F(executor, unstarted_task_is_freed) {
    auto held = std::make_shared<int>(1);
    {
        auto never = [](std::shared_ptr<int> copy) -> task<int> { co_return *copy; }(held);
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST_F(executor, frames_that_another_thread_frees_come_back) {
    constexpr int rounds = 200, frames = 500;
    std::set<void*> seen;
    std::vector<void*> made(frames);
    for (int i = 0; i < rounds; i++) {
        std::thread([&] {
            for (void*& frame : made) {
                frame = ouros::frame_pool::allocate(200);
                seen.insert(frame);
            }
        }).join();
        for (void* frame : made)
            ouros::frame_pool::release(frame, 200);
    }
    EXPECT_LT(seen.size(), rounds * frames / 4u);
}

TEST_F(executor, a_worker_can_be_used_again) {
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(ouros::run(answer()), 42);
}

} // namespace

// SPDX-License-Identifier: BSD-2-Clause
//
// Calls by token that are awaited, and operations that are stopped, with the fake kernel.

#include "fake-kernel.hpp"

#include <gtest/gtest.h>
#include <ouros/ouros.hpp>

namespace {

using ouros::task;

struct calls : testing::Test {
    fake_kernel& kernel = fake_kernel::instance();
    unsigned submitted = 0, cancels = 0;

    calls() {
        kernel.setup_error = 0;
        kernel.hold = [](const io_uring_sqe& entry) {
            return entry.opcode == IORING_OP_READ && entry.fd == 1;
        };
        kernel.serve = [this](const io_uring_sqe& entry) {
            submitted++;
            return entry.opcode == IORING_OP_ASYNC_CANCEL ? cancel(entry.addr) : 5;
        };
        kernel.take_call = [this](uint64_t token, long) {
            kernel.device->complete(token, 7);
            return int64_t{OUROS_PENDING};
        };
    }

    int cancel(uint64_t user_data) {
        cancels++;
        for (auto at = kernel.held.begin(); at != kernel.held.end(); ++at)
            if (at->user_data == user_data) {
                kernel.held.erase(at);
                kernel.device->complete(user_data, -ECANCELED);
                return 0;
            }
        return -ENOENT;
    }
};

TEST_F(calls, result_is_the_calls) {
    auto program = []() -> task<int> { co_return co_await ouros::call(63, 0, nullptr, 5ul); };
    EXPECT_EQ(ouros::run(program()), 7);
}

TEST_F(calls, result_may_be_wide) {
    kernel.take_call = [this](uint64_t token, long) {
        kernel.device->complete(token, 0x1000, 0x12 | OUROS_CQE_WIDE);
        return int64_t{OUROS_PENDING};
    };
    auto program = []() -> task<int> {
        EXPECT_EQ(co_await ouros::call(222), 0x1200001000);
        co_return 0;
    };
    ouros::run(program());
}

TEST_F(calls, refusal_is_the_result) {
    kernel.take_call = [](uint64_t, long) { return int64_t{-EINVAL}; };
    std::stop_source source;
    auto program = [&]() -> task<int> {
        EXPECT_EQ(co_await ouros::call(93, 0), -EINVAL);
        EXPECT_EQ(co_await ouros::stoppable(ouros::call(93, 0), source.get_token()), -EINVAL);
        source.request_stop(); // of nothing
        co_return 3;
    };
    EXPECT_EQ(ouros::run(program()), 3);
    EXPECT_EQ(cancels, 0u);
}

TEST_F(calls, backpressure_delays_them_in_order) {
    std::vector<long> taken;
    unsigned refusals = 2;
    kernel.take_call = [&](uint64_t token, long number) {
        if (refusals && refusals--)
            return int64_t{-EAGAIN};
        taken.push_back(number);
        kernel.device->complete(token, static_cast<int32_t>(number));
        return int64_t{OUROS_PENDING};
    };
    auto one = [](long number) -> task<int> {
        co_return static_cast<int>(co_await ouros::call(number));
    };
    auto reads = [](int fd) -> task<int> {
        char byte;
        co_return static_cast<int>(co_await ouros::read(fd, &byte, 1));
    };
    auto program = [&]() -> task<int> {
        auto [held, a, b, c, d] =
            co_await ouros::when_all(reads(1), one(1), one(2), reads(3), one(3));
        EXPECT_EQ(held, 5);
        EXPECT_EQ(a, 1);
        EXPECT_EQ(b, 2);
        EXPECT_EQ(c, 5);
        EXPECT_EQ(d, 3);
        EXPECT_EQ(ouros::this_worker.counters().backlogged, 3u);
        co_return 0;
    };
    ouros::run(program());
    EXPECT_EQ(taken, (std::vector<long>{1, 2, 3}));
}

task<int64_t> stoppable_read(std::stop_token token, int fd) {
    char byte;
    co_return co_await ouros::stoppable(ouros::read(fd, &byte, 1), token);
}

TEST_F(calls, stopped_before_it_begins) {
    auto program = [&]() -> task<int> {
        std::stop_source source;
        source.request_stop();
        EXPECT_EQ(co_await stoppable_read(source.get_token(), 1), -ECANCELED);
        co_return 0;
    };
    ouros::run(program());
    EXPECT_EQ(submitted, 0u);
}

TEST_F(calls, stopped_while_it_waits) {
    auto program = [&]() -> task<int> {
        std::stop_source source;
        auto reading = ouros::spawn(stoppable_read(source.get_token(), 1));
        auto other = ouros::spawn(stoppable_read(source.get_token(), 1));
        EXPECT_EQ(co_await stoppable_read({}, 3), 5); // meanwhile they have begun
        source.request_stop();
        EXPECT_EQ(co_await reading, -ECANCELED);
        EXPECT_EQ(co_await other, -ECANCELED);
        co_return 0;
    };
    ouros::run(program());
    EXPECT_EQ(cancels, 2u);
}

// The next operation of the strand must not take the cancel's completion for its own.
TEST_F(calls, stopped_when_it_is_over) {
    auto program = [&]() -> task<int> {
        std::stop_source source;
        auto both = [&]() -> task<int64_t> {
            EXPECT_EQ(co_await stoppable_read(source.get_token(), 3), 5);
            char byte;
            co_return co_await ouros::read(3, &byte, 1);
        };
        auto reading = ouros::spawn(both());
        co_await ouros::yield();
        source.request_stop(); // issued, and not yet submitted: it comes before the cancel
        EXPECT_EQ(co_await reading, 5);
        EXPECT_EQ(cancels, 1u);
        source = std::stop_source();
        EXPECT_EQ(co_await stoppable_read(source.get_token(), 3), 5);
        source.request_stop();
        EXPECT_EQ(cancels, 1u);
        co_return 0;
    };
    ouros::run(program());
}

} // namespace

// SPDX-License-Identifier: BSD-2-Clause
//
// A6 between workers: a stop that one worker requests ends what a strand of another waits for, at
// whatever instruction the request finds that other one. Both share a hart: one wakes after a
// while, preempts the other, and requests the stop. The while grows from round to round, so that
// the preemption moves through all that the other does, its way into its wait above all.
#include <cstdio>
#include <ouros/ouros.hpp>
#include <unistd.h>

namespace {

using ouros::task;

int pipe_fds[2];

task<int64_t> read_until(std::stop_token token) {
    char byte;
    co_return co_await ouros::stoppable(ouros::read(pipe_fds[0], &byte, 1), token);
}

// A call that the kernel refuses: over before a stop can come, or just as one is on its way.
task<int64_t> refused(std::stop_token token, bool* begins) {
    __atomic_store_n(begins, true, __ATOMIC_RELEASE);
    co_return co_await ouros::stoppable(ouros::call(SYS_exit, 1), token);
}

task<int> program() {
    constexpr std::chrono::nanoseconds step{30}, longest{100'000};
    for (auto a_while = step; a_while < longest; a_while += step) {
        std::stop_source source;
        auto reader = ouros::spawn(read_until(source.get_token()), {.worker = 1, .bound = true});
        co_await ouros::sleep(a_while);
        source.request_stop();
        if (int64_t result = co_await reader; result != -ECANCELED) {
            std::printf("WRONG: after %ld ns: %ld\n", long(a_while.count()), result);
            co_return 1;
        }
    }
    for (unsigned i = 0; i < 500; i++) {
        std::stop_source source;
        bool begins = false;
        auto call =
            ouros::spawn(refused(source.get_token(), &begins), {.worker = 1, .bound = true});
        while (i % 2 && !__atomic_load_n(&begins, __ATOMIC_ACQUIRE))
            co_await ouros::yield();
        for (unsigned n = 0; n < i; n++)
            asm volatile("");
        source.request_stop();
        if (int64_t result = co_await call; result != -EINVAL && result != -ECANCELED) {
            std::printf("WRONG: refused with %ld\n", result);
            co_return 1;
        }
    }
    co_return 0;
}

} // namespace

int main() {
    if (pipe(pipe_fds) < 0)
        return 1;
    return ouros::run(program(), {.workers = 2});
}

// SPDX-License-Identifier: BSD-2-Clause
//
// U9, A14: a process sleeps on its ring while another computes and never enters the kernel. The
// completion's wake is noticed at once: by a hart that is idle, or by the one that computes, where
// the sleeper's turn comes when the time slice of the other is over at the latest. Run with
// --icount.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ouros/ouros.hpp>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

constexpr auto slice = 10ms; // the kernel's
clock_type::duration latest;

ouros::task<int> sleep_often() {
    for (int i = 0; i < 20; i++) {
        auto due = clock_type::now() + 3ms;
        co_await ouros::sleep(3ms);
        latest = std::max(latest, clock_type::now() - due);
    }
    co_return 0;
}

} // namespace

int main() {
    long harts = sysconf(_SC_NPROCESSORS_ONLN);
    pid_t busy = fork();
    if (busy == 0)
        for (;;) {
            for (volatile unsigned work = 0; work < 4096;)
                work = work + 1;
            ouros::relax(); // computes without end, but lets the emulator turn to other harts
        }
    int status = ouros::run(sleep_often());
    kill(busy, SIGKILL);
    waitpid(busy, nullptr, 0);
    auto late = std::chrono::duration_cast<std::chrono::microseconds>(latest);
    std::printf("up to %ld us late\n", static_cast<long>(late.count()));
    if (late > (harts == 1 ? slice + 1ms : clock_type::duration(1ms)))
        status = 1;
    return status;
}

// SPDX-License-Identifier: BSD-2-Clause
//
// Signals by the kernel, as programs know them: to oneself, for a fault (fault_signals.cpp), from
// one process or thread to another.

#include "fault_signals.hpp"
#include "measure.hpp"
#include "sides.hpp"

#include <csignal>
#include <cstring>
#include <sys/syscall.h>
#include <unistd.h>

namespace bench {

namespace {

[[gnu::always_inline]] inline long call(long number, long first, long second, long third = 0) {
    register long a7 asm("a7") = number;
    register long a0 asm("a0") = first;
    register long a1 asm("a1") = second;
    register long a2 asm("a2") = third;
    asm volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return a0;
}

uint64_t entered;
constexpr int times = 2000, warm_up = 200;

void stamp(int) {
    entered = instructions();
}

void install(int signal, void (*handler)(int)) {
    struct sigaction action = {};
    action.sa_handler = handler;
    sigaction(signal, &action, nullptr);
}
// From kill until the handler runs, and until kill has returned.
void to_self() {
    install(SIGUSR1, stamp);
    auto raise = [own = getpid()] { call(SYS_kill, own, SIGUSR1); };
    for (int i = -warm_up; i < times; i++) {
        uint64_t start = instructions();
        raise();
        if (i >= 0)
            taken.add(entered - start);
    }
    taken.report("signal.kernel.self.to_handler");
    measure("signal.kernel.self", times, 1, raise);
}

// Both sides wait in sigsuspend, and are sent to by the other.
void round_trip(const sides& which) {
    install(SIGUSR1, stamp);
    sigset_t blocked, none, before;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    enum { process, thread }; // of each side
    auto meet = [](link& other, unsigned side) {
        other.shared().at[2 * side + process] = static_cast<uint64_t>(getpid());
        other.shared().at[2 * side + thread] = static_cast<uint64_t>(gettid());
        other.meet();
    };
    auto send = [](link& other, unsigned to) {
        const uint64_t* at = other.shared().at + 2 * to;
        call(SYS_tgkill, static_cast<long>(at[process]), static_cast<long>(at[thread]), SIGUSR1);
    };
    auto await = [none] {
        call(SYS_rt_sigsuspend, reinterpret_cast<long>(&none), sizeof(uint64_t));
    };
    run_sides(
        which,
        [&](link& other) {
            meet(other, 0);
            for (int i = -warm_up; i < times; i++) {
                uint64_t start = instructions();
                send(other, 1);
                await();
                uint64_t end = instructions();
                if (i >= 0)
                    taken.add(end - start);
            }
        },
        [&](link& other) {
            meet(other, 1);
            for (int i = -warm_up; i < times; i++) {
                await();
                send(other, 0);
            }
        });
    sigprocmask(SIG_SETMASK, &before, nullptr);
    taken.report(which.name("signal.kernel.round_trip").c_str());
}

void alone(const char* file) {
    to_self();
    fault_signals(file);
}

void between(const char*) {
    for (kind what : {kind::threads, kind::processes})
        for (place where : {place::one_hart, place::two_harts}) {
            if (where == place::two_harts && sysconf(_SC_NPROCESSORS_ONLN) < 2)
                continue;
            round_trip({what, where});
        }
}

const subject first{"signals", harts::one, alone};
const subject second{"signals_between", harts::any, between};

} // namespace

} // namespace bench

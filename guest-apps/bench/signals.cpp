// SPDX-License-Identifier: BSD-2-Clause
//
// Signals by the kernel, as programs know them: to oneself, for a fault, from one process or thread
// to another.

#include "measure.hpp"
#include "sides.hpp"

#include <csignal>
#include <cstring>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
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

// Steps over the instruction, which is 4 bytes long.
void step(int, siginfo_t*, void* context) {
    entered = instructions();
    static_cast<ucontext_t*>(context)->uc_mcontext.__gregs[REG_PC] += 4;
}

void install(int signal, void (*handler)(int)) {
    struct sigaction action = {};
    action.sa_handler = handler;
    sigaction(signal, &action, nullptr);
}
void install(int signal, void (*handler)(int, siginfo_t*, void*)) {
    struct sigaction action = {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigaction(signal, &action, nullptr);
}

// `raise` until the handler runs, and until it has returned.
template <typename Raise>
[[gnu::always_inline]] inline void measure_signal(const char* to_handler, const char* to_return,
                                                  Raise&& raise) {
    for (int i = -warm_up; i < times; i++) {
        uint64_t start = instructions();
        raise();
        if (i >= 0)
            taken.add(entered - start);
    }
    taken.report(to_handler);
    measure(to_return, times, 1, raise);
}

void to_self() {
    install(SIGUSR1, stamp);
    long own = getpid();
    measure_signal("signal.kernel.self.to_handler", "signal.kernel.self",
                   [own] { call(SYS_kill, own, SIGUSR1); });
}

void faults() {
    for (int signal : {SIGSEGV, SIGILL, SIGTRAP})
        install(signal, step);
    void* page = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    measure_signal("signal.kernel.segv.to_handler", "signal.kernel.segv", [page] {
        asm volatile(".option push\n.option norvc\n lw zero, 0(%0)\n.option pop" ::"r"(page)
                     : "memory");
    });
    measure_signal("signal.kernel.ill.to_handler", "signal.kernel.ill", [] {
        asm volatile(".word 0xc0001073" ::: "memory");
    });
    measure_signal("signal.kernel.trap.to_handler", "signal.kernel.trap", [] {
        asm volatile(".option push\n.option norvc\n ebreak\n.option pop" ::: "memory");
    });
    munmap(page, 4096);
    for (int signal : {SIGSEGV, SIGILL, SIGTRAP})
        std::signal(signal, SIG_DFL);
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

void alone(const char*) {
    to_self();
    faults();
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

// SPDX-License-Identifier: BSD-2-Clause
//
// What handlers see and what is left when they have returned, line by line as on Linux.
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <thread>
#include <ucontext.h>
#include <unistd.h>

namespace {

struct seen {
    int signal, code, error, pid, value, depth;
    const void* address;
    sigset_t mask;
};
// A call's result and, if it failed, why.
void report(const char* what, long result) {
    printf("%s: %ld %s\n", what, result, result < 0 ? strerror(errno) : "");
}

seen last;
int calls, depth, deepest, order[16];

void install(int signal, void (*handler)(int, siginfo_t*, void*), int flags = 0,
             const sigset_t* mask = nullptr) {
    struct sigaction action = {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    if (mask)
        action.sa_mask = *mask;
    if (sigaction(signal, &action, nullptr) != 0)
        perror("sigaction");
}

void record(int signal, siginfo_t* info, void* context) {
    depth++;
    last = {signal,
            info->si_code,
            info->si_errno,
            info->si_pid,
            info->si_value.sival_int,
            depth,
            info->si_addr,
            {}};
    sigprocmask(SIG_BLOCK, nullptr, &last.mask);
    if (calls < 16)
        order[calls] = signal;
    calls++;
    auto* uc = static_cast<ucontext_t*>(context);
    if (uc->uc_link || info->si_signo != signal)
        puts("bad context");
    depth--;
}

const char* blocked(const sigset_t& set, int signal) {
    return sigismember(&set, signal) ? "blocked" : "free";
}

void to_self() {
    install(SIGUSR1, record);
    printf("kill %d\n", kill(getpid(), SIGUSR1));
    printf("signal %d code %d from me %d, itself %s, SIGUSR2 %s\n", last.signal, last.code,
           last.pid == getpid(), blocked(last.mask, SIGUSR1), blocked(last.mask, SIGUSR2));
    raise(SIGUSR1);
    printf("raise: code %d, calls %d\n", last.code, calls);
    sigval value = {.sival_int = 4711};
    sigqueue(getpid(), SIGUSR1, value);
    printf("sigqueue: code %d value %d\n", last.code, last.value);
    sigset_t now;
    sigprocmask(SIG_BLOCK, nullptr, &now);
    printf("afterwards %s\n", blocked(now, SIGUSR1));
}

void masks_and_order() {
    sigset_t set, pending;
    calls = 0;
    sigemptyset(&set);
    for (int s : {SIGUSR1, SIGUSR2, SIGHUP, SIGRTMIN + 1, SIGRTMIN + 3}) {
        install(s, record);
        sigaddset(&set, s);
    }
    sigprocmask(SIG_BLOCK, &set, nullptr);
    for (int i = 0; i < 3; i++)
        kill(getpid(), SIGUSR2);
    for (int i = 3; i > 0; i--)
        sigqueue(getpid(), SIGRTMIN + 3, {.sival_int = i});
    for (int i = 0; i < 2; i++)
        sigqueue(getpid(), SIGRTMIN + 1, {.sival_int = i});
    raise(SIGHUP);
    sigpending(&pending);
    printf("pending: USR1 %d USR2 %d HUP %d RT+3 %d, calls %d\n", sigismember(&pending, SIGUSR1),
           sigismember(&pending, SIGUSR2), sigismember(&pending, SIGHUP),
           sigismember(&pending, SIGRTMIN + 3), calls);
    // With all of them blocked in the handlers, one after another, as taken.
    for (int s : {SIGUSR1, SIGUSR2, SIGHUP, SIGRTMIN + 1, SIGRTMIN + 3})
        install(s, record, 0, &set);
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
    printf("calls %d:", calls);
    for (int i = 0; i < calls; i++)
        printf(" %d", order[i]);
    printf(", last value %d\n", last.value);
}

void nest(int signal, siginfo_t*, void*) {
    depth++;
    deepest = depth > deepest ? depth : deepest;
    if (++calls < 4)
        raise(signal);
    depth--;
}

void flags() {
    calls = 0;
    install(SIGUSR1, nest);
    raise(SIGUSR1);
    printf("deferred: %d calls, depth %d\n", calls, deepest);
    calls = deepest = 0;
    install(SIGUSR1, nest, SA_NODEFER);
    raise(SIGUSR1);
    printf("not deferred: %d calls, depth %d\n", calls, deepest);
    install(SIGUSR1, record, int(SA_RESETHAND));
    raise(SIGUSR1);
    struct sigaction now;
    sigaction(SIGUSR1, nullptr, &now);
    printf("reset: default %d\n", now.sa_handler == SIG_DFL);
    signal(SIGUSR1, SIG_IGN);
    raise(SIGUSR1);
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    raise(SIGUSR2);
    signal(SIGUSR2, SIG_IGN);
    sigpending(&pending);
    printf("ignored while pending: %d\n", sigismember(&pending, SIGUSR2));
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
    raise(SIGCHLD);
    raise(SIGWINCH);
    raise(SIGURG);
    raise(SIGCONT);
}

alignas(16) char stack_memory[65536];
bool on_stack;
stack_t during;

void look_at_stack(int, siginfo_t*, void* context) {
    char here;
    on_stack = &here >= stack_memory && &here < stack_memory + sizeof stack_memory;
    sigaltstack(nullptr, &during);
    stack_t other = {};
    other.ss_flags = SS_DISABLE;
    report("change while on it", sigaltstack(&other, nullptr));
    printf("saved flags %d size %zu\n", static_cast<ucontext_t*>(context)->uc_stack.ss_flags,
           static_cast<ucontext_t*>(context)->uc_stack.ss_size);
}

void alternate_stack() {
    stack_t stack = {}, old = {};
    stack.ss_sp = stack_memory;
    stack.ss_size = 100;
    report("too small", sigaltstack(&stack, nullptr));
    stack.ss_size = sizeof stack_memory;
    stack.ss_flags = 77;
    report("bad flags", sigaltstack(&stack, nullptr));
    stack.ss_flags = 0;
    printf("set: %d", sigaltstack(&stack, &old));
    printf(", old flags %d\n", old.ss_flags);
    install(SIGUSR1, look_at_stack, SA_ONSTACK);
    raise(SIGUSR1);
    printf("on it %d flags %d\n", on_stack, during.ss_flags);
    install(SIGUSR1, look_at_stack);
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, &old);
    printf("was %d size %zu\n", old.ss_flags, old.ss_size);
}

sigjmp_buf back;

void jump(int signal, siginfo_t* info, void*) {
    last.signal = signal;
    last.code = info->si_code;
    last.address = info->si_addr;
    siglongjmp(back, 1);
}

volatile int deeper = 1;
[[gnu::noinline]] int recurse(int n) {
    volatile char space[4096];
    space[0] = char(n);
    return deeper ? recurse(n + 1) + space[0] : 0;
}

void faults() {
    install(SIGSEGV, jump, SA_ONSTACK);
    auto* page =
        static_cast<char*>(mmap(nullptr, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    munmap(page + 4096, 4096);
    if (!sigsetjmp(back, 1))
        *const_cast<volatile char*>(page + 123) = 1;
    printf("write to read-only: signal %d code %d at +%ld\n", last.signal, last.code,
           long(static_cast<const char*>(last.address) - page));
    if (!sigsetjmp(back, 1))
        (void)*const_cast<volatile char*>(page + 4096 + 5);
    printf("read of nothing: signal %d code %d at +%ld\n", last.signal, last.code,
           long(static_cast<const char*>(last.address) - page));
    if (!sigsetjmp(back, 1))
        reinterpret_cast<void (*)()>(page)();
    printf("execute data: signal %d code %d at +%ld\n", last.signal, last.code,
           long(static_cast<const char*>(last.address) - page));
    std::thread([] { // whose stack ends early
        stack_t stack = {};
        stack.ss_sp = stack_memory;
        stack.ss_size = sizeof stack_memory;
        sigaltstack(&stack, nullptr);
        last.signal = 0;
        if (!sigsetjmp(back, 1))
            recurse(0);
        printf("stack overflow: signal %d\n", last.signal);
    })
        .join();
    install(SIGILL, jump);
    if (!sigsetjmp(back, 1))
#ifdef __riscv
        asm volatile(".word 0xffffffff");
#else
        __builtin_trap();
#endif
    printf("illegal: signal %d\n", last.signal);
}

volatile double sum;
void use_float(int, siginfo_t*, void*) {
    double x = 3;
    for (int i = 0; i < 20; i++)
        x = x * 1.5 + i;
    sum = x;
}

void floating_point() {
    install(SIGUSR1, use_float);
    double a = 1.25, b = 7.5, c = -3;
    asm volatile("" : "+m"(a), "+m"(b), "+m"(c));
    double x = a * b, y = b / c, z = a - c;
    for (int i = 0; i < 5; i++) {
        raise(SIGUSR1);
        x += y * z;
        y = y - a;
    }
    printf("%.17g %.17g %.17g %.17g\n", x, y, z, sum);
}

void calls_refused() {
    report("no such signal", kill(getpid(), 65));
    report("nobody", kill(999999, SIGUSR1));
    report("nothing", kill(getpid(), 0));
    report("no such thread", syscall(SYS_tgkill, getpid(), 999999, 0));
    report("no thread's number", syscall(SYS_tkill, -1, 0));
    struct sigaction action = {};
    report("a handler for SIGKILL", sigaction(SIGKILL, &action, nullptr));
    siginfo_t info = {};
    info.si_code = SI_USER;
    report("as if from kill, to itself", syscall(SYS_rt_sigqueueinfo, getpid(), 0, &info));
}

} // namespace

int main() {
    to_self();
    masks_and_order();
    flags();
    alternate_stack();
    faults();
    floating_point();
    calls_refused();
}

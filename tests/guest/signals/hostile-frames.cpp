// SPDX-License-Identifier: BSD-2-Clause
//
// Frames that rt_sigreturn must not trust, and stacks that have no room for one. Each is tried by a
// child, which may end by SIGSEGV or go on, but nothing else; some must do the one or the other.
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

namespace {

struct frame {
    siginfo_t info;
    ucontext_t context;
};

uint64_t random_state = 1;
uint64_t random_word() {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * 0x2545f4914f6cdd1d;
}

[[noreturn]] void return_to(uint64_t sp) {
    register uint64_t number asm("a7") = 139;
    asm volatile("mv sp, %0\n ecall\n"
                 "mv a0, zero\n li a7, 94\n ecall\n" ::"r"(sp),
                 "r"(number)
                 : "memory");
    __builtin_unreachable();
}

[[noreturn]] void good() {
    _exit(0);
}

char* memory; // two pages, the third is not there

frame* good_frame() {
    auto* f = reinterpret_cast<frame*>(memory);
    memset(static_cast<void*>(f), 0, sizeof *f);
    f->context.uc_mcontext.__gregs[0] = reinterpret_cast<uint64_t>(&good);
    f->context.uc_mcontext.__gregs[2] = reinterpret_cast<uint64_t>(memory + 8192);
    uint64_t gp;
    asm volatile("mv %0, gp" : "=r"(gp));
    f->context.uc_mcontext.__gregs[3] = gp;
    return f;
}

uint64_t address(const void* p) {
    return reinterpret_cast<uint64_t>(p);
}

// What the child does; the exit status or -signal that it must end with, or `any`.
constexpr int any = 1000;
struct attempt {
    const char* name;
    void (*run)();
    int end;
};

void handler_that_returns(int, siginfo_t*, void*) {}

void with_stack_pointer(uint64_t sp) {
    struct sigaction action = {};
    action.sa_sigaction = handler_that_returns;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &action, nullptr);
    register uint64_t a0 asm("a0") = uint64_t(getpid());
    register uint64_t a1 asm("a1") = SIGUSR1;
    register uint64_t a7 asm("a7") = 129;
    asm volatile("mv t0, sp\n mv sp, %3\n ecall\n mv sp, t0\n"
                 : "+r"(a0)
                 : "r"(a1), "r"(a7), "r"(sp)
                 : "t0", "memory");
}

const attempt attempts[] = {
    {"a good frame", [] { return_to(address(good_frame())); }, 0},
    {"any floating point",
     [] {
         frame* f = good_frame();
         for (auto& word : f->context.uc_mcontext.__fpregs.__d.__f)
             word = random_word();
         f->context.uc_mcontext.__fpregs.__d.__fcsr = ~0u;
         return_to(address(f));
     },
     0},
    {"every mask",
     [] {
         frame* f = good_frame();
         memset(&f->context.uc_sigmask, 0xff, sizeof f->context.uc_sigmask);
         f->context.uc_mcontext.__gregs[0] = address(
             reinterpret_cast<void*>(static_cast<void (*)()>([] { // SIGKILL can't be blocked
                 kill(getpid(), SIGKILL);
                 _exit(1);
             })));
         return_to(address(f));
     },
     -SIGKILL},
    {"a bad alternate stack",
     [] {
         frame* f = good_frame();
         f->context.uc_stack.ss_flags = 77;
         f->context.uc_stack.ss_size = 1;
         return_to(address(f));
     },
     0},
    {"words of state to come",
     [] {
         frame* f = good_frame();
         f->context.uc_mcontext.__fpregs.__q.__glibc_reserved[1] = 1;
         return_to(address(f));
     },
     -SIGSEGV},
    {"not aligned", [] { return_to(address(good_frame()) + 8); }, -SIGSEGV},
    {"half of it not there", [] { return_to(address(memory) + 8192 - 512); }, -SIGSEGV},
    {"nothing there", [] { return_to(0x1000); }, -SIGSEGV},
    {"in the kernel", [] { return_to(0xffffffffffffd000); }, -SIGSEGV},
    {"in the firmware", [] { return_to(0x80000000); }, -SIGSEGV},
    {"at the end of everything", [] { return_to(~0ull - 15); }, -SIGSEGV},
    {"to an odd address",
     [] {
         frame* f = good_frame();
         f->context.uc_mcontext.__gregs[0] |= 1;
         return_to(address(f));
     },
     0},
    {"to the kernel",
     [] {
         frame* f = good_frame();
         f->context.uc_mcontext.__gregs[0] = 0xfffffffffffff000;
         return_to(address(f));
     },
     -SIGSEGV},
    {"every register random",
     [] {
         frame* f = good_frame();
         for (unsigned i = 1; i < 32; i++)
             f->context.uc_mcontext.__gregs[i] = random_word();
         return_to(address(f));
     },
     any},
    {"all of it random",
     [] {
         for (uint64_t i = 0; i < 1024; i++)
             reinterpret_cast<uint64_t*>(memory)[i] = random_word();
         return_to(address(memory));
     },
     -SIGSEGV},
    {"no stack for a frame", [] { with_stack_pointer(0x2000); }, -SIGSEGV},
    {"a stack in the kernel", [] { with_stack_pointer(0xfffffffffffff000); }, -SIGSEGV},
    {"a stack below zero", [] { with_stack_pointer(16); }, -SIGSEGV},
    {"a stack that can't be written",
     [] { with_stack_pointer(address(reinterpret_cast<void*>(&good))); }, -SIGSEGV},
    {"a stack across pages", [] { with_stack_pointer(address(memory) + 4096 + 300); }, 0},
    {"a stack not aligned", [] { with_stack_pointer(address(memory) + 4096 + 301); }, 0},
    {"an alternate stack that is not there",
     [] {
         stack_t stack = {};
         stack.ss_sp = reinterpret_cast<void*>(0x4000);
         stack.ss_size = 65536;
         sigaltstack(&stack, nullptr);
         struct sigaction action = {};
         action.sa_sigaction = handler_that_returns;
         action.sa_flags = SA_SIGINFO | SA_ONSTACK;
         sigaction(SIGUSR1, &action, nullptr);
         raise(SIGUSR1);
     },
     -SIGSEGV},
    {"a handler that is not there",
     [] {
         struct sigaction action = {};
         action.sa_sigaction = reinterpret_cast<void (*)(int, siginfo_t*, void*)>(0x3000);
         action.sa_flags = SA_SIGINFO;
         sigaction(SIGUSR1, &action, nullptr);
         raise(SIGUSR1);
     },
     -SIGSEGV},
    {"faults in the handler of the fault",
     [] {
         struct sigaction action = {};
         action.sa_sigaction = [](int, siginfo_t*, void*) {
             *reinterpret_cast<volatile int*>(0x2000) = 1;
         };
         action.sa_flags = SA_SIGINFO;
         sigaction(SIGSEGV, &action, nullptr);
         *reinterpret_cast<volatile int*>(0x1000) = 1;
     },
     -SIGSEGV},
};

} // namespace

int main() {
    memory = static_cast<char*>(
        mmap(nullptr, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    munmap(memory + 8192, 4096);
    int wrong = 0;
    for (const attempt& a : attempts)
        for (int times = 0; times < (a.end == any ? 20 : 1); times++) {
            random_word();
            fflush(stdout);
            pid_t child = fork();
            if (child == 0) {
                a.run();
                _exit(0);
            }
            int status;
            waitpid(child, &status, 0);
            int end = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
            if (a.end != any && end != a.end) {
                printf("%s: ended with %d instead of %d\n", a.name, end, a.end);
                wrong++;
            }
        }
    return wrong != 0;
}

// SPDX-License-Identifier: BSD-2-Clause
//
// N12: user_exceptions makes each cause it allows reach utvec with what the hart says about it, for
// this thread only; what the hart takes by itself costs no kernel entry. What it does not allow is
// refused, and what is not in the mask goes to the kernel as ever.

#include "raw.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

namespace {

#define AT_LABEL(instruction, address, where)                                                      \
    asm volatile(".option push\n.option norvc\n"                                                   \
                 "la %0, 1f\n1: " instruction "\n.option pop"                                      \
                 : "=&r"(where)                                                                    \
                 : "r"(address)                                                                    \
                 : "memory", "a5")

void check(const char* what, uint64_t cause, uint64_t pc, uint64_t value) {
    expect(raw.count == 1, what, long(raw.count));
    expect(raw.cause == cause, "its cause", long(raw.cause));
    expect(raw.pc == pc, "its pc", long(raw.pc));
    expect(raw.value == value, "its value", long(raw.value));
    raw.count = 0;
}

// Returns how often the kernel was entered for what the hart takes by itself; its tick counts, too.
uint64_t each_cause() {
    auto* page =
        static_cast<char*>(mmap(nullptr, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    alignas(16) static char word[32];
    auto at = reinterpret_cast<uint64_t>(page) + 40;
    raw_start(OUROS_USER_EXCEPTIONS);
    raw.skip = 4;
    uint64_t before = entries(), pc;
    AT_LABEL("lw zero, 0(%1)", at, pc);
    check("load page fault", 13, pc, at);
    AT_LABEL("sd zero, 0(%1)", at, pc);
    check("store page fault", 15, pc, at);
    AT_LABEL("amoadd.w zero, zero, (%1)", at & ~3ull, pc);
    check("atomic page fault", 15, pc, at & ~3ull);
    AT_LABEL("ebreak", at, pc);
    check("breakpoint", 3, pc, pc);
    AT_LABEL("lr.d zero, (%1)", word + 4, pc);
    check("misaligned load", 4, pc, reinterpret_cast<uint64_t>(word + 4));
    AT_LABEL("amoadd.d zero, zero, (%1)", word + 4, pc);
    check("misaligned atomic", 6, pc, reinterpret_cast<uint64_t>(word + 4));
    uint64_t entered = entries() - before - 1; // the call that asks
    // The firmware keeps illegal instructions: by way of the kernel, but with the same result.
    AT_LABEL(".word 0xc0001073", at, pc);
    check("illegal instruction", 2, pc, 0xc0001073);
    // A jump to a place that can't be executed: the handler leaves by the return address.
    raw.skip = 0;
    asm volatile("la ra, 1f\n"
                 "sub t0, ra, %0\n"
                 "sd t0, 24(%1)\n"
                 "jr %0\n"
                 "1:\n" ::"r"(page),
                 "r"(&raw)
                 : "ra", "t0", "memory");
    check("instruction page fault", 12, reinterpret_cast<uint64_t>(page),
          reinterpret_cast<uint64_t>(page));
    expect(user_exceptions(0) == OUROS_USER_EXCEPTIONS, "the mask before");
    munmap(page, 8192);
    return entered;
}

// An exception is taken whatever UIE says, clears it, and uret restores it.
void interrupt_flag() {
    raw_start(1 << 2 | 1 << 3);
    raw.skip = 4;
    for (uint64_t on : {0, 1}) {
        uint64_t after;
        asm volatile("csrw ustatus, %1\n"
                     ".option push\n.option norvc\nebreak\n.option pop\n"
                     "csrr %0, ustatus\n"
                     "csrci ustatus, 1\n"
                     : "=&r"(after)
                     : "r"(on));
        expect((after & 1) == on, "UIE is as before", long(on));
        asm volatile("csrw ustatus, %1\n"
                     ".word 0xc0001073\n"
                     "csrr %0, ustatus\n"
                     "csrci ustatus, 1\n"
                     : "=&r"(after)
                     : "r"(on));
        expect((after & 1) == on, "UIE is as before, by way of the kernel", long(on));
    }
    expect(raw.count == 4, "taken", long(raw.count));
    user_exceptions(0);
}

void refused_arguments() {
    raw_start(1 << 4);
    for (uint64_t mask : {1ull << 1, 1ull << 5, 1ull << 7, 1ull << 8, 1ull << 9, 1ull << 63, ~0ull})
        expect(user_exceptions(mask) == -EINVAL, "a mask that is not allowed", long(mask));
    expect(user_exceptions(0, 1) == -EINVAL, "flags");
    expect(user_exceptions(1 << 3) == 1 << 4, "a refused call changes nothing");
    expect(user_exceptions(0) == 1 << 3, "the mask before");
}

void faulting_in() {
    auto* page =
        static_cast<char*>(mmap(nullptr, 3 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(page + 8192, 4096, PROT_NONE);
    raw_start(1 << 13 | 1 << 15);
    raw.skip = 4;
    uint64_t pc;
    AT_LABEL("lb zero, 0(%1)", page, pc);
    check("a page on demand comes to the handler", 13, pc, reinterpret_cast<uint64_t>(page));
    expect(fault_in(page + 17, PROT_READ) == 0, "brought in");
    AT_LABEL("lb zero, 0(%1)", page, pc);
    expect(raw.count == 0, "and there", long(raw.count));
    expect(fault_in(page, PROT_READ) == 0, "again");
    expect(fault_in(page, PROT_WRITE) == -EFAULT, "not writable");
    expect(fault_in(page, PROT_EXEC) == -EFAULT, "not executable");
    expect(fault_in(page, PROT_READ | PROT_WRITE) == -EFAULT, "not both");
    expect(fault_in(page + 8192, PROT_READ) == -EFAULT, "no access");
    for (uint64_t address : {0ull, 1ull << 38, ~0ull, 1ull << 63, 0x3f'0000'0000ull})
        expect(fault_in(reinterpret_cast<void*>(address), PROT_READ) == -EFAULT, "nothing there",
               long(address));
    for (uint64_t access : {0ull, 8ull, ~0ull})
        expect(fault_in(page, access) == -EINVAL, "no such access", long(access));
    munmap(page, 3 * 4096);
    expect(fault_in(page, PROT_READ) == -EFAULT, "unmapped");
    user_exceptions(0);
}

// The kernel turns floating point on at its first use, which is an illegal instruction.
void* first_float(void*) {
    raw_start(1 << 2);
    double value;
    asm volatile("fcvt.d.l %0, %1" : "=f"(value) : "r"(42l));
    expect(raw.count == 0 && value == 42.0, "floating point is no exception");
    uint64_t utvec;
    asm volatile("csrr %0, utvec" : "=r"(utvec));
    expect(utvec == reinterpret_cast<uint64_t>(raw_entry), "its own handler");
    return nullptr;
}

void* new_thread(void*) {
    uint64_t utvec, uscratch;
    asm volatile("csrr %0, utvec\n\tcsrr %1, uscratch" : "=r"(utvec), "=r"(uscratch));
    expect(utvec == 0 && uscratch == 0, "a new thread has nobody's registers", long(utvec));
    expect(user_exceptions(0) == 0, "nor a mask");
    return nullptr;
}

void in_child() {
    raw_start(1 << 3);
    pid_t child = fork();
    if (child == 0) {
        new_thread(nullptr);
        _exit(failures);
    }
    int status = -1;
    waitpid(child, &status, 0);
    expect(status == 0, "a child starts as a new thread does", status);
    expect(user_exceptions(0) == 1 << 3, "its parent goes on as before");
}

void in_thread(void* (*function)(void*)) {
    pthread_t thread;
    pthread_create(&thread, nullptr, function, nullptr);
    pthread_join(thread, nullptr);
}

} // namespace

int main() {
    setvbuf(stdout, nullptr, _IONBF, 0); // no malloc where page faults are skipped
    uint64_t entered = each_cause();
    for (int i = 0; entered && i < 100; i++)
        entered = each_cause();
    expect(entered == 0, "no kernel entry", long(entered));
    interrupt_flag();
    in_thread(new_thread);
    in_child();
    refused_arguments();
    faulting_in();
    in_thread(first_float);
    return failures != 0;
}

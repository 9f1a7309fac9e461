// SPDX-License-Identifier: BSD-2-Clause
//
// What exceptions cost a Linux program that handles them itself, by signals: figures for the
// columns of docs/figures/linux.json, in the lines of the Ouros benchmark (NAME <tab> instructions
// <tab> VALUE). The one program of a Linux guest; see measure.

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sched.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr int times = 400;
constexpr size_t page = 4096;

inline uint64_t instructions() {
    uint64_t count;
    asm volatile("rdinstret %0" : "=r"(count)::"memory");
    return count;
}

// The median; the reading at the end of a sample is one instruction. What prepares for a sample is
// not in it.
template <typename Prepare, typename Work>
void measure(const char* name, Prepare&& prepare, Work&& work) {
    std::vector<uint64_t> samples;
    for (int i = -times / 10; i < times; i++) {
        prepare();
        const uint64_t start = instructions();
        work();
        const uint64_t end = instructions();
        if (i >= 0)
            samples.push_back(end - start - 1);
    }
    std::sort(samples.begin(), samples.end());
    std::printf("%s\tinstructions\t%lu\n", name, samples[samples.size() / 2]);
}

void nothing() {}

void handle(int signal, void (*handler)(int, siginfo_t*, void*)) {
    struct sigaction action = {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigaction(signal, &action, nullptr);
}

unsigned long& pc(void* context) {
    return static_cast<ucontext_t*>(context)->uc_mcontext.__gregs[REG_PC];
}
unsigned long& a0(void* context) {
    return static_cast<ucontext_t*>(context)->uc_mcontext.__gregs[REG_A0];
}

unsigned long& a1(void* context) {
    return static_cast<ucontext_t*>(context)->uc_mcontext.__gregs[REG_A0 + 1];
}

void skip_instruction(int, siginfo_t*, void* context) {
    pc(context) += 4;
}

// An instruction that the hart does not have: custom-0, a0 = 2 * a0.
void emulate(int, siginfo_t* info, void* context) {
    uint32_t instruction;
    std::memcpy(&instruction, info->si_addr, sizeof instruction);
    if ((instruction & 0x7f) != 0x0b)
        abort();
    a0(context) *= 2;
    pc(context) += 4;
}

// An atomic add of a0 to the misaligned word at a1, done in pieces. (Linux gives the instruction's
// address with SIGBUS, not the operand's.)
void add_misaligned(int, siginfo_t*, void* context) {
    auto* word = reinterpret_cast<void*>(a1(context));
    uint32_t value;
    std::memcpy(&value, word, sizeof value);
    value += static_cast<uint32_t>(a0(context));
    std::memcpy(word, &value, sizeof value);
    pc(context) += 4;
}

unsigned char* memory;
constexpr size_t pages = 256;

void open_page(int, siginfo_t* info, void*) {
    auto* address = static_cast<unsigned char*>(info->si_addr);
    if (address < memory || address >= memory + pages * page)
        abort();
    mprotect(memory + (address - memory) / page * page, page, PROT_READ | PROT_WRITE);
}

void faults() {
    memory = static_cast<unsigned char*>(
        mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::memset(memory, 1, pages * page);

    mprotect(memory, page, PROT_NONE);
    handle(SIGSEGV, skip_instruction);
    measure("exception.page_fault", nothing, [] {
        asm volatile(".option push\n.option norvc\nsb zero, 0(%0)\n.option pop" ::"r"(memory));
    });
    // A write barrier or a pager: a page that the handler lets the program write.
    mprotect(memory, page, PROT_READ | PROT_WRITE);
    measure("exception.write_barrier.mprotect", nothing,
            [] { mprotect(memory, page, PROT_READ | PROT_WRITE); });
    handle(SIGSEGV, open_page);
    static size_t next = pages - 1;
    measure(
        "exception.write_barrier",
        [] {
            next = (next + 1) % pages;
            if (next == 0)
                mprotect(memory, pages * page, PROT_READ);
        },
        [] { *static_cast<volatile unsigned char*>(memory + next * page) = 1; });
}

void instructions_that_trap() {
    handle(SIGILL, emulate);
    measure("exception.illegal", nothing, [] {
        asm volatile("li a0, 21\n.insn r 0x0b, 0, 0, a0, a0, x0" ::: "a0");
    });
    handle(SIGTRAP, skip_instruction);
    measure("exception.breakpoint", nothing,
            [] { asm volatile(".option push\n.option norvc\nebreak\n.option pop"); });
    handle(SIGBUS, add_misaligned);
    alignas(8) static unsigned char words[8];
    measure("exception.misaligned_amo", nothing, [] {
        asm volatile("li a0, 1\nmv a1, %0\namoadd.w zero, a0, (a1)" ::"r"(words + 1)
                     : "a0", "a1", "memory");
    });
    if (words[1] == 0)
        std::puts("costs: the misaligned add did not happen");
}

} // namespace

int main() {
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    sched_setaffinity(0, sizeof first, &first);
    faults();
    instructions_that_trap();
    std::puts("costs: end");
    std::fflush(stdout);
    reboot(RB_POWER_OFF);
}

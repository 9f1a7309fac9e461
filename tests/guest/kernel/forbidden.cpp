// SPDX-License-Identifier: BSD-2-Clause
//
// Does one thing that a program may not do. It must end there: getting to the end is exit 0.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unistd.h>

namespace {

const char constant[] = "constant";

struct place {
    const char* name;
    uint64_t address;
};
const place places[] = {
    {"kernel-text", 0x80200000},           {"kernel-data", 0x80300000},
    {"trampoline", 0xfffffffffffff000},    {"trap-frame", 0xffffffffffffd000},
    {"kernel-stack", 0xffffffc000001000},  {"firmware", 0x80000000},
    {"not-canonical", 0x4000000000000000},
};

void read_from(const char* name) {
    for (const place& p : places)
        if (!strcmp(p.name, name)) {
            uint64_t value;
            asm volatile("ld %0, 0(%1)" : "=r"(value) : "r"(p.address) : "memory");
            printf("read 0x%lx at 0x%lx\n", value, p.address);
            return;
        }
    _exit(2);
}

void jump_to(const void* p) {
    asm volatile("fence.i\njalr %0" ::"r"(p) : "ra", "memory");
}

volatile bool deeper = true;

[[gnu::noinline]] unsigned overflow(unsigned depth) {
    volatile char space[1000];
    space[0] = char(depth);
    return (deeper ? overflow(depth + 1) : 0) + unsigned(space[0]);
}

} // namespace

int main(int argc, char** argv) {
    std::string what = argc > 1 ? argv[1] : "";
    static uint32_t code[] = {0x00008067}; // ret
    uint32_t stack_code[] = {0x00008067};
    if (what == "read" && argc > 2)
        read_from(argv[2]);
    else if (what == "write-text")
        *reinterpret_cast<volatile uint32_t*>(&main) = 0;
    else if (what == "write-constant")
        *const_cast<volatile char*>(constant) = 'x';
    else if (what == "execute-data")
        jump_to(code);
    else if (what == "execute-stack")
        jump_to(stack_code);
    else if (what == "null")
        *reinterpret_cast<volatile int*>(strtoul("0", nullptr, 10)) = 1;
    else if (what == "stack-overflow")
        printf("%u\n", overflow(0));
    else if (what == "trampoline-jump")
        jump_to(reinterpret_cast<void*>(0xfffffffffffff000));
    else if (what == "trampoline-write")
        *reinterpret_cast<volatile uint64_t*>(0xfffffffffffff000) = 0;
    else if (what == "abort")
        abort();
    else if (what == "illegal-instruction")
        asm volatile(".word 0xffffffff");
    else if (what == "breakpoint")
        asm volatile("ebreak");
    else if (what == "supervisor-instruction")
        asm volatile("sfence.vma");
    else if (what == "supervisor-register")
        asm volatile("csrr t0, sstatus" ::: "t0");
    else
        return 2;
    return 0;
}

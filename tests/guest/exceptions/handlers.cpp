// SPDX-License-Identifier: BSD-2-Clause
//
// The library's handlers: they see and change every register, nest, leave the interrupt flag as it
// was, share the thread with user interrupts, and get out of the way of demand paging. Each thread
// has its own.

#include "../libs/expect.hpp"

#include <cstring>
#include <ouros/exceptions.hpp>
#include <ouros/io.hpp>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace uintr = ouros::uintr;
namespace exceptions = ouros::exceptions;
using exceptions::action;
using exceptions::cause;
using exceptions::context;

namespace {

constexpr size_t page = 4096;

char* map(size_t size, int protection) {
    return static_cast<char*>(mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

// custom-0, R-type: rd = rs1 * rs2 + data.
action multiply(context& at, void* data) {
    auto instruction = static_cast<uint32_t>(at.value);
    if ((instruction & 0x7f) != 0x0b)
        return action::decline;
    at.set(instruction >> 7 & 31, at.get(instruction >> 15 & 31) * at.get(instruction >> 20 & 31) +
                                      *static_cast<uint64_t*>(data));
    at.skip(4);
    return action::resume;
}

void every_register() {
    uint64_t addend = 5;
    expect(exceptions::set_handler(cause::illegal_instruction, multiply, &addend) == 0, "set");
    uint64_t result;
#define TRY(rd, rs1, rs2)                                                                          \
    asm volatile("li " rs1 ", 6\nli " rs2 ", 7\n.insn r 0x0b, 0, 0, " rd ", " rs1 ", " rs2         \
                 "\nmv %0, " rd                                                                    \
                 : "=r"(result)::"t0", "t1", "t2", "t3", "t6", "a0", "a1", "a7", "ra", "s1", "s2", \
                   "s3", "s11");                                                                   \
    expect(result == 47, rd " " rs1 " " rs2, long(result))
    TRY("a0", "t0", "t1");
    TRY("t6", "s1", "s2");
    TRY("s11", "a7", "s3");
    TRY("s3", "ra", "t2");
    TRY("ra", "t3", "s11");
    asm volatile(".insn r 0x0b, 0, 0, x0, sp, tp\n\tmv %0, x0" : "=r"(result));
    expect(result == 0, "x0 stays zero", long(result));
    // The stack pointer is the interrupted one's.
    uint64_t before, after;
    asm volatile("li t0, 1\nli t1, -5\nmv %0, sp\n.insn r 0x0b, 0, 0, t2, sp, t0\nmv %1, t2"
                 : "=&r"(before), "=&r"(after)::"t0", "t1", "t2");
    expect(after == before + addend, "sp", long(after - before));
    double sum = 0;
    for (int i = 0; i < 100; i++) {
        sum += 0.5 * i;
        asm volatile(".insn r 0x0b, 0, 0, t0, t0, t0" ::: "t0");
    }
    expect(sum == 2475.0, "floating-point registers");
}

struct pager {
    char *first, *second;
    int faults[2];
};

// Filling the first region reads the second, which is not there either.
action fill(context& at, void* data) {
    auto& p = *static_cast<pager*>(data);
    auto* address = reinterpret_cast<char*>(at.value & ~(page - 1));
    int which = address >= p.first && address < p.first + 4 * page     ? 0
                : address >= p.second && address < p.second + 4 * page ? 1
                                                                       : 2;
    if (which == 2)
        return action::decline;
    p.faults[which]++;
    // Allowed, but not there yet: this function would be asked again when it writes.
    mprotect(address, page, PROT_READ | PROT_WRITE);
    ouros::kernel::fault_in(reinterpret_cast<uint64_t>(address), PROT_WRITE);
    for (size_t i = 0; i < page; i++)
        address[i] = which ? 3 : p.second[address - p.first + static_cast<long>(i)] + 1;
    return action::resume;
}

void nested() {
    pager p = {map(4 * page, PROT_NONE), map(4 * page, PROT_NONE), {}};
    exceptions::set_handler(cause::load_page_fault, fill, &p);
    exceptions::set_handler(cause::store_page_fault, fill, &p);
    long sum = 0;
    for (size_t i = 0; i < 4 * page; i++)
        sum += p.first[i];
    expect(sum == 4 * 4 * long(page), "filled by way of the other", sum);
    expect(p.faults[0] == 4 && p.faults[1] == 4, "once each", p.faults[1]);
    p = {map(4 * page, PROT_NONE), map(4 * page, PROT_NONE), {}};
    // With interrupts on and off, they are so afterwards, also after a nested one.
    for (bool on : {false, true}) {
        if (on)
            uintr::enable();
        else
            uintr::disable();
        p.first[on ? 0 : page] = 1;
        expect(uintr::exchange_off() == on, "the interrupt flag", on);
    }
    expect(p.faults[0] == 2 && p.faults[1] == 2, "nested again", p.faults[1]);
}

// Pages on demand are the kernel's: many of them, with the handler asked first.
void demand_paging() {
    char* area = map(300 * page, PROT_READ | PROT_WRITE);
    for (int i = 0; i < 300; i++)
        area[i * page] = char(i);
    long sum = 0;
    for (int i = 0; i < 300; i++)
        sum += static_cast<unsigned char>(area[i * page]);
    expect(sum == 255 * 256 / 2 + 43 * 44 / 2, "memory", sum);
    munmap(area, 300 * page);
}

int vectors[64];
void count(unsigned vector, void*) {
    vectors[vector]++;
}

void with_interrupts(bool interrupts_first) {
    ouros::check(ouros::kernel::uintr_setup(), "uintr_setup");
    memset(vectors, 0, sizeof vectors);
    uint64_t addend = 0;
    if (interrupts_first)
        uintr::set_handler(7, count);
    exceptions::set_handler(cause::illegal_instruction, multiply, &addend);
    uintr::set_handler(7, count);
    uintr::enable();
    for (int i = 0; i < 200; i++) {
        uintr::raise(1 << 7);
        uint64_t result;
        asm volatile("li t0, 6\n.insn r 0x0b, 0, 0, %0, t0, t0" : "=r"(result)::"t0");
        expect(result == 36, "emulated", long(result));
    }
    expect(vectors[7] == 200, "interrupts are taken", vectors[7]);
    uintr::disable();
    uintr::raise(1 << 7);
    asm volatile(".insn r 0x0b, 0, 0, t0, t0, t0" ::: "t0");
    expect(vectors[7] == 200, "not in or after an exception while they are off", vectors[7]);
    static thread_local uintr::flag flag;
    uintr::set_flag(&flag);
    uintr::enable();
    uintr::raise(1 << 3);
    expect(flag.take() == (1 << 3 | 1 << 7), "the flag-only form");
    asm volatile(".insn r 0x0b, 0, 0, t0, t0, t0" ::: "t0");
    uintr::disable();
}

extern "C" uint64_t step_over(uint64_t, uint64_t pc, uint64_t) {
    return pc + 4;
}
OUROS_EXCEPTIONS_FAST_ENTRY(step_over_entry, step_over);
extern "C" uint64_t refuse(uint64_t, uint64_t, uint64_t) {
    return 0;
}
OUROS_EXCEPTIONS_FAST_ENTRY(refuse_entry, refuse);

void fast() {
    ouros::check(ouros::kernel::uintr_setup(), "uintr_setup");
    memset(vectors, 0, sizeof vectors);
    expect(exceptions::set_fast_entry(step_over_entry, exceptions::bit(cause::breakpoint)) == 0,
           "set");
    uintr::set_handler(9, count);
    uintr::enable();
    for (int i = 0; i < 100; i++) {
        long kept = i;
        asm volatile(".option push\n.option norvc\nebreak\n.option pop" : "+r"(kept));
        uintr::raise(1 << 9);
        expect(kept == i, "registers");
    }
    expect(vectors[9] == 100, "interrupts", vectors[9]);
    uintr::disable();
    // Declined faults of pages on demand.
    exceptions::set_fast_entry(refuse_entry, exceptions::bit(cause::load_page_fault) |
                                                 exceptions::bit(cause::store_page_fault));
    demand_paging();
}

void own_thread(uint64_t addend) {
    exceptions::set_handler(cause::illegal_instruction, multiply, &addend);
    for (int i = 0; i < 2000; i++) {
        uint64_t result;
        asm volatile("li t0, 2\n.insn r 0x0b, 0, 0, %0, t0, t0" : "=r"(result)::"t0");
        expect(result == 4 + addend, "this thread's handler", long(result));
    }
}

} // namespace

int main() {
    every_register();

    nested();

    demand_paging();
    std::thread(with_interrupts, true).join();
    std::thread(with_interrupts, false).join();
    std::thread(fast).join();
    std::vector<std::thread> threads;
    for (uint64_t i = 0; i < 6; i++)
        threads.emplace_back(own_thread, i);
    for (std::thread& t : threads)
        t.join();
    return failures != 0;
}

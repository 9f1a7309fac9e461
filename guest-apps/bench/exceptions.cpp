// SPDX-License-Identifier: BSD-2-Clause
//
// Exceptions and a timer that a thread handles itself: from the instruction that traps to the next
// one. As in the rows for Linux the handler takes the time and steps over the instruction.

#include "fault_signals.hpp"
#include "measure.hpp"

#include <ouros/checked.hpp>
#include <ouros/exceptions.hpp>
#include <ouros/io.hpp>
#include <ouros/pager.hpp>
#include <ouros/timer.hpp>
#include <sys/mman.h>
#include <thread>

namespace exceptions = ouros::exceptions;
namespace uintr = ouros::uintr;
using exceptions::action;
using exceptions::bit;
using exceptions::cause;
using exceptions::context;

namespace {

volatile uint64_t in_handler; // when the handler had the control
constexpr uint64_t page = 4096;

} // namespace

extern "C" uint64_t bench_step_over(uint64_t, uint64_t pc, uint64_t) {
    return pc + 4;
}
OUROS_EXCEPTIONS_FAST_ENTRY(bench_step_over_entry, bench_step_over);

extern "C" uint64_t bench_note(uint64_t, uint64_t pc, uint64_t) {
    in_handler = bench::instructions();
    return pc + 4;
}
OUROS_EXCEPTIONS_FAST_ENTRY(bench_note_entry, bench_note);

namespace bench {

namespace {

#define TRAPPING(text) ".option push\n.option norvc\n" text "\n.option pop"

struct load {
    const char* address;
    void operator()() const { asm volatile(TRAPPING("lw zero, 0(%0)")::"r"(address) : "memory"); }
};
struct breakpoint {
    void operator()() const { asm volatile(TRAPPING("ebreak")::: "memory"); }
};
struct illegal {
    void operator()() const { asm volatile(".word 0xc0001073" ::: "memory"); }
};

// LR, SC and AMO are what traps when it is misaligned.
struct misaligned {
    void operator()() const {
        alignas(8) static char words[8];
        asm volatile("amoadd.w zero, zero, (%0)" ::"r"(words + 1) : "memory");
    }
};

action step_over(context& at, void*) {
    at.skip(4);
    return action::resume;
}

void check(int64_t result) {
    ouros::check(result, "a handler for exceptions");
}

void begin(exceptions::fast_entry* entry, cause of) {
    check(entry ? exceptions::set_fast_entry(entry, bit(of))
                : exceptions::set_handler(of, step_over));
}

// The handlers step over whatever traps: nothing else may run while they are there.
template <typename Work>
[[gnu::always_inline]] inline void measure_with(exceptions::fast_entry* entry, cause of,
                                                const char* name, Work&& work) {
    begin(entry, of);
    for (int i = -100; i < 2000; i++) {
        uint64_t start = instructions();
        work();
        uint64_t end = instructions();
        if (i >= 0)
            taken.add((entry == bench_note_entry ? in_handler : end) - start);
    }
    exceptions::clear_handler(of);
    taken.report(name);
}

void traps(const char* nowhere) {
    const load page_fault{nowhere};
    exceptions::fast_entry* fast = bench_step_over_entry;
    measure_with(fast, cause::load_page_fault, "exception.page_fault", page_fault);
    measure_with(fast, cause::breakpoint, "exception.breakpoint", breakpoint{});
    measure_with(fast, cause::illegal_instruction, "exception.illegal", illegal{});
    measure_with(fast, cause::misaligned_store, "exception.misaligned", misaligned{});
    measure_with(bench_note_entry, cause::load_page_fault, "exception.page_fault.to_handler",
                 page_fault);
    measure_with(nullptr, cause::load_page_fault, "exception.page_fault.full", page_fault);
    measure_with(nullptr, cause::breakpoint, "exception.breakpoint.full", breakpoint{});
    measure_with(nullptr, cause::illegal_instruction, "exception.illegal.full", illegal{});
    measure_with(nullptr, cause::misaligned_store, "exception.misaligned.full", misaligned{});
}

// A page that the handler lets the program write, by a call: what a write barrier or a pager costs.
void permissions() {
    constexpr size_t pages = 256;
    static char* area;
    area = static_cast<char*>(
        mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (size_t i = 0; i < pages; i++)
        area[i * page] = 1;
    check(exceptions::set_handler(cause::store_page_fault, [](context& at, void*) {
        if (at.value - reinterpret_cast<uint64_t>(area) >= pages * page)
            return action::decline;
        mprotect(reinterpret_cast<void*>(at.value & ~(page - 1)), page, PROT_READ | PROT_WRITE);
        return action::resume;
    }));
    for (int round = 0; round < 8; round++) {
        mprotect(area, pages * page, PROT_READ);
        for (size_t i = 0; i < pages; i++) {
            uint64_t start = instructions();
            *static_cast<volatile char*>(area + i * page) = 2;
            uint64_t end = instructions();
            if (round)
                taken.add(end - start);
        }
    }
    exceptions::clear_handler(cause::store_page_fault);
    taken.report("exception.write_barrier");
    munmap(area, pages * page);
}

// Checks as compilers make them, whose handler makes of a result that there is not the nearest one;
// the same when nothing is wrong; and without the check.
void checks() {
    check(ouros::checked::on_event(ouros::checked::saturate));
    measure("exception.overflow", 2000, 1, overflowing_sum);
    measure("exception.overflow.none", 2000, 1, [] { sum = ouros::checked::add(one, one); });
    measure("exception.overflow.unchecked", 2000, 1, [] { sum = one + one; });
    measure("exception.float", 2000, 1, division_by_zero);
    measure("exception.float.none", 2000, 1, [] {
        quotient = dividend / dividend;
        ouros::checked::check_float(ouros::checked::divide_by_zero);
    });
    measure("exception.float.unchecked", 2000, 1, [] { quotient = dividend / dividend; });
    exceptions::clear_handler(cause::breakpoint);
}

void paging() {
    constexpr size_t pages = 256;
    {
        ouros::pager memory;
        check(memory.open(pages * page, [](char* at, size_t, void*) { *at = 1; }));
        for (size_t i = 0; i < pages; i++) {
            uint64_t start = instructions();
            (void)*static_cast<volatile char*>(memory.begin() + i * page);
            uint64_t end = instructions();
            taken.add(end - start);
        }
        exceptions::clear_handler(cause::load_page_fault);
        exceptions::clear_handler(cause::store_page_fault);
    }
    taken.report("exception.pager");
}

void fired(void*) {
    in_handler = instructions();
}

void timer() {
    ouros::check(ouros::kernel::uintr_setup(), "uintr_setup");
    uintr::timer::set_handler(fired);
    uintr::enable();
    static uint64_t resumed[500];
    for (int i = -50; i < 500; i++) {
        in_handler = 0;
        uintr::timer::arm_in(200);
        uint64_t last = instructions(), now = last;
        while (!in_handler) {
            last = now;
            now = instructions();
        }
        uint64_t interrupted = in_handler > now ? now : last;
        if (i >= 0) {
            taken.add(in_handler - interrupted);
            resumed[i] = instructions() - interrupted;
        }
    }
    uintr::disable();
    taken.report("timer.to_handler");
    for (uint64_t value : resumed)
        taken.add(value);
    taken.report("timer.to_resume");
}

void exceptions_and_timer(const char*) {
    // A thread of its own: the entry it installs goes with it.
    std::thread([] {
        auto* nowhere =
            static_cast<char*>(mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        traps(nowhere);
        permissions();
        checks();
        paging();
        munmap(nowhere, page);
    }).join();
    std::thread(timer).join();
}

const subject here{"exceptions", harts::one, exceptions_and_timer};

} // namespace

} // namespace bench

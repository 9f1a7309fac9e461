// SPDX-License-Identifier: BSD-2-Clause
#include "kernel.h"

#include <cstddef>

namespace {

constexpr std::uintptr_t uart = 0x10000000, finisher = 0x100000;
constexpr std::uint64_t ebreak = 3;

// What an ebreak means, in a0.
enum class Result : std::uint64_t { failed, passed };

std::uint64_t user_traps[MAX_HARTS];
std::atomic<unsigned> arrived;

void put(char c) {
    *reinterpret_cast<volatile char*>(uart) = c;
}

// M mode has no translation: what U mode names is where S mode has it.
void print(const char* text) {
    auto address = reinterpret_cast<std::uintptr_t>(text) & ~std::uintptr_t{USER_OFFSET};
    for (auto* c = reinterpret_cast<const char*>(address); *c != '\0'; ++c)
        put(*c);
}

void print_hex(std::uint64_t value) {
    print("0x");
    for (int shift = 60; shift >= 0; shift -= 4)
        put("0123456789abcdef"[value >> shift & 15]);
}

void print_decimal(std::uint64_t value) {
    if (value >= 10)
        print_decimal(value / 10);
    put(static_cast<char>('0' + value % 10));
}

[[noreturn]] void finish(std::uint32_t how) {
    *reinterpret_cast<volatile std::uint32_t*>(finisher) = how;
    for (;;) {
    }
}

void (*user_address(void (*function)(std::uint64_t)))(std::uint64_t) {
    return reinterpret_cast<void (*)(std::uint64_t)>(reinterpret_cast<std::uintptr_t>(function) +
                                                     USER_OFFSET);
}

} // namespace

detail::Fault detail::faults[MAX_HARTS];

// The compiler calls these for whole objects.
extern "C" void* memset(void* to, int value, std::size_t size) {
    auto* bytes = static_cast<volatile unsigned char*>(to);
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<unsigned char>(value);
    return to;
}

extern "C" {
void user_trap();

// In M mode, on its own stack, for good.
[[noreturn]] void machine_end(Result result, const char* what, std::uint64_t line,
                              std::uint64_t got, std::uint64_t wanted, std::uint64_t cause,
                              std::uint64_t epc, std::uint64_t tval) {
    if (cause == ebreak && result == Result::passed) {
        print("PASS\n");
        finish(0x5555);
    }
    print("FAIL ");
    if (cause == ebreak) {
        print(what);
        print(", line ");
        print_decimal(line);
        print(": ");
        print_hex(got);
        print(", should be ");
        print_hex(wanted);
    } else {
        print("trap to M mode: cause ");
        print_hex(cause);
        print(" epc ");
        print_hex(epc);
        print(" tval ");
        print_hex(tval);
    }
    print("\n");
    finish(0x3333 | 1 << 16);
}

// A fault of the kernel's own; returns where it goes on.
std::uint64_t kernel_fault(std::uint64_t cause, std::uint64_t epc, std::uint64_t tval) {
    std::uint64_t hart;
    asm volatile("mv %0, tp" : "=r"(hart));
    detail::Fault& fault = detail::faults[hart];
    if (!fault.expected)
        fail("a trap in the kernel: its cause", static_cast<int>(tval), cause, epc);
    fault.cause = cause;
    bool full = (*reinterpret_cast<const std::uint16_t*>(epc) & 3) == 3;
    return epc + (full ? 4 : 2);
}

void kernel_start(unsigned hart) {
    CSR_WRITE(OUROS_CSR_SUICFG, OUROS_UINTC_BASE);
    CSR_WRITE(OUROS_CSR_SIDELEG, OUROS_UIP_USIP);
    test(hart);
    if (hart == 0)
        pass();
}
}

void fail(const char* what, int line, std::uint64_t got, std::uint64_t wanted) {
    register auto a0 asm("a0") = Result::failed;
    register auto a1 asm("a1") = what;
    register auto a2 asm("a2") = static_cast<std::uint64_t>(line);
    register auto a3 asm("a3") = got;
    register auto a4 asm("a4") = wanted;
    asm volatile("ebreak" ::"r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(a4));
    __builtin_unreachable();
}

void pass() {
    register auto a0 asm("a0") = Result::passed;
    asm volatile("ebreak" ::"r"(a0));
    __builtin_unreachable();
}

void Thread::start(void (*function)(std::uint64_t), std::uint64_t argument) {
    frame = {};
    frame.pc = reinterpret_cast<std::uint64_t>(user_address(function));
    frame.x[1] = reinterpret_cast<std::uint64_t>(stack) + sizeof stack + USER_OFFSET;
    frame.x[9] = argument;
    ustatus = OUROS_USTATUS_UIE;
    uie = OUROS_UIP_USIP;
    utvec = reinterpret_cast<std::uint64_t>(&user_trap) + USER_OFFSET;
}

std::uint64_t run(Thread& thread, unsigned hart) {
    CSR_CLEAR(csr_sstatus, OUROS_USTATUS_UIE | OUROS_USTATUS_UPIE);
    CSR_SET(csr_sstatus, thread.ustatus);
    CSR_WRITE(OUROS_CSR_UIE, thread.uie);
    CSR_WRITE(OUROS_CSR_UTVEC, thread.utvec);
    CSR_WRITE(OUROS_CSR_USCRATCH, thread.uscratch);
    CSR_WRITE(OUROS_CSR_UEPC, thread.uepc);
    CSR_WRITE(OUROS_CSR_UCAUSE, thread.ucause);
    CSR_WRITE(OUROS_CSR_UTVAL, thread.utval);
    CSR_WRITE(OUROS_CSR_SUIRS, OUROS_SUIRS_ENABLE | thread.receiver);
    auto table = reinterpret_cast<std::uint64_t>(thread.senders);
    CSR_WRITE(OUROS_CSR_SUIST,
              table ? OUROS_SUIST_ENABLE | 1ull << OUROS_SUIST_SIZE_SHIFT | table >> 12 : 0);
    uintc::set_low(thread.receiver, OUROS_UINTC_LOW_ACTIVE | OUROS_UINTC_LOW_MODE64 |
                                        uintc::hart(hart) | uintc::generation(thread.generation));

    std::uint64_t cause = enter_user(&thread.frame);

    user_traps[hart] = user_traps[hart] + 1;
    uintc::set_low(thread.receiver, OUROS_UINTC_LOW_MODE64 | uintc::hart(hart) |
                                        uintc::generation(thread.generation));
    CSR_WRITE(OUROS_CSR_SUIRS, 0);
    CSR_WRITE(OUROS_CSR_SUIST, 0);
    thread.ustatus = CSR_READ(csr_sstatus) & (OUROS_USTATUS_UIE | OUROS_USTATUS_UPIE);
    thread.uie = CSR_READ(OUROS_CSR_UIE);
    thread.utvec = CSR_READ(OUROS_CSR_UTVEC);
    thread.uscratch = CSR_READ(OUROS_CSR_USCRATCH);
    thread.uepc = CSR_READ(OUROS_CSR_UEPC);
    thread.ucause = CSR_READ(OUROS_CSR_UCAUSE);
    thread.utval = CSR_READ(OUROS_CSR_UTVAL);
    return cause;
}

std::uint64_t traps(unsigned hart) {
    return *const_cast<volatile std::uint64_t*>(&user_traps[hart]);
}

void barrier() {
    // Each barrier adds HARTS to the count, so the next multiple of it is the way out.
    unsigned mine = arrived.fetch_add(1, std::memory_order_acq_rel);
    unsigned all = (mine / HARTS + 1) * HARTS;
    UNTIL(arrived.load(std::memory_order_acquire) >= all);
}

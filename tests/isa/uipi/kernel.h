// SPDX-License-Identifier: BSD-2-Clause
//
// The smallest kernel that user interrupts make sense under. Every hart runs test() in S mode;
// a Thread is what a kernel keeps of a user thread, and run() is the switch to it and back.
//
// Addresses: S mode runs where it was loaded and U mode cannot see that; U mode runs the same
// code and data 0x40000000 higher, where S mode cannot fetch. Functions and globals are reached
// relative to the pc and so are everyone's own; only pointers that cross need user_address().
#pragma once

#include <atomic>
#include <cstdint>

#include "layout.h"
#include "uintc.h"

#define CSR_READ(csr)                                                                              \
    ({                                                                                             \
        std::uint64_t csr_value_;                                                                  \
        asm volatile("csrr %0, %1" : "=r"(csr_value_) : "i"(csr) : "memory");                      \
        csr_value_;                                                                                \
    })
#define CSR_WRITE(csr, value)                                                                      \
    asm volatile("csrw %0, %1" ::"i"(csr), "r"(std::uint64_t(value)) : "memory")
#define CSR_SET(csr, value)                                                                        \
    asm volatile("csrs %0, %1" ::"i"(csr), "r"(std::uint64_t(value)) : "memory")
#define CSR_CLEAR(csr, value)                                                                      \
    asm volatile("csrc %0, %1" ::"i"(csr), "r"(std::uint64_t(value)) : "memory")

constexpr unsigned csr_sstatus = 0x100, csr_sie = 0x104, csr_sip = 0x144, csr_time = 0xc01;

constexpr std::uint64_t interrupt_bit = 1ull << 63;
constexpr std::uint64_t cause_illegal = 2, cause_load_access = 5, cause_store_access = 7,
                        cause_ecall = 8, cause_load_page = 13, cause_store_page = 15;
constexpr std::uint64_t cause_external = interrupt_bit | 9;

// In any mode: a check that does not hold ends the test and says which.
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail(__FILE_NAME__ ": " #condition, __LINE__, 0, 1);                                   \
    } while (0)
#define EQUAL(got, wanted)                                                                         \
    do {                                                                                           \
        std::uint64_t got_ = std::uint64_t(got), wanted_ = std::uint64_t(wanted);                  \
        if (got_ != wanted_)                                                                       \
            fail(__FILE_NAME__ ": " #got, __LINE__, got_, wanted_);                                \
    } while (0)
// A hang is a failure that says where, too.
#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        for (std::uint64_t end_ = CSR_READ(csr_time) + patience; !(condition);)                    \
            if (CSR_READ(csr_time) > end_)                                                         \
                fail(__FILE_NAME__ ": never: " #condition, __LINE__, 0, 1);                        \
    } while (0)

constexpr std::uint64_t patience = 600'000'000; // of the time CSR: one minute

[[noreturn]] void fail(const char* what, int line, std::uint64_t got, std::uint64_t wanted);
[[noreturn]] void pass();

// By layout.h.
struct Frame {
    std::uint64_t pc;
    std::uint64_t x[31]; // x[i - 1] is register i
    std::uint64_t kernel_sp;
};
static_assert(sizeof(Frame) == FRAME_SIZE && offsetof(Frame, kernel_sp) == FRAME_KERNEL_SP);

struct alignas(4096) SenderTable {
    std::uint64_t entries[512];
};

struct Thread {
    Frame frame{};
    unsigned receiver = 0;
    unsigned generation = 1;
    SenderTable* senders = nullptr;
    // The thread's user-interrupt CSRs while it is not on a hart.
    std::uint64_t ustatus = 0, uie = 0, utvec = 0, uscratch = 0, uepc = 0, ucause = 0, utval = 0;
    alignas(16) char stack[8192];

    // Ready to run function(argument) with user interrupts enabled.
    void start(void (*function)(std::uint64_t), std::uint64_t argument = 0);
    void skip_ecall() { frame.pc += 4; }
    std::uint64_t a0() const { return frame.x[9]; }
};

// Runs the thread on this hart until it traps to S mode, and returns the cause. Its receiver is
// active in between, and only then.
std::uint64_t run(Thread& thread, unsigned hart);

// No more than that: straight to the frame, with the CSRs as they are.
extern "C" std::uint64_t enter_user(Frame* frame);

// Of this hart, from U mode to S mode.
std::uint64_t traps(unsigned hart);

// The cause of the fault that `access` raises in S mode, or 0.
template <typename Access>
std::uint64_t fault_of(unsigned hart, Access access);

// All HARTS harts come to the same one before any goes on.
void barrier();

// A mark that other harts and modes wait for.
class Mark {
  public:
    void set(std::uint64_t value) { _value.store(value, std::memory_order_release); }
    void add() { _value.fetch_add(1, std::memory_order_acq_rel); }
    std::uint64_t get() const { return _value.load(std::memory_order_acquire); }

  private:
    std::atomic<std::uint64_t> _value{0};
};

// In U mode: into the kernel, with a word for it.
inline void user_ecall(std::uint64_t word = 0) {
    register std::uint64_t a0 asm("a0") = word;
    asm volatile("ecall" : "+r"(a0)::"memory");
}

inline void user_interrupts_off() {
    CSR_CLEAR(OUROS_CSR_USTATUS, OUROS_USTATUS_UIE);
}
inline void user_interrupts_on() {
    CSR_SET(OUROS_CSR_USTATUS, OUROS_USTATUS_UIE);
}

// The test: on every hart, in S mode; hart 0's return is its success.
void test(unsigned hart);
// And in U mode, for every user interrupt.
extern "C" void user_handler();

namespace detail {
struct Fault {
    bool expected;
    std::uint64_t cause;
};
extern Fault faults[MAX_HARTS];
} // namespace detail

template <typename Access>
std::uint64_t fault_of(unsigned hart, Access access) {
    detail::Fault& fault = detail::faults[hart];
    fault = {true, 0};
    asm volatile("" ::: "memory");
    access();
    asm volatile("" ::: "memory");
    fault.expected = false;
    return fault.cause;
}

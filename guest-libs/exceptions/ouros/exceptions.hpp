// SPDX-License-Identifier: BSD-2-Clause
//
// Exceptions handled in user mode: the hart jumps to a handler of the thread, with no kernel entry
// for page faults, breakpoints and misaligned atomics (the firmware looks at illegal instructions
// first, and the kernel passes them on).
//
//   ouros::exceptions::set_handler(cause::illegal_instruction, [](context& c, void*) {
//       c.set(10, emulate(c.value));  c.skip(4);  return action::resume;
//   });
//
// The entry takes every trap of the thread to user mode, its user interrupts too (ouros/uintr.hpp),
// on a stack of its own, which is resident: the interrupted stack may be the fault. It saves uepc,
// ucause, utval and ustatus before it calls anything, so that handlers may fault: what a handler
// touches may come in on demand, and a handler may use what another one provides.
//
//   full form   set_handler: all registers, readable and writable; nests; 110
//   fast form   OUROS_EXCEPTIONS_FAST_ENTRY: address, pc and cause, the pc to go on at; 48
//
// (instructions from the exception to the next instruction, the function's own two included).
//
// Handlers run with user interrupts off and may touch integer registers only. They interrupt the
// thread anywhere: no malloc, no stdio, no locks that the thread may hold. The kernel does not ask
// them: a system call that is given memory with no access fails with EFAULT.
//
// What a handler declines takes the classic way. A page fault: the kernel brings the page in if it
// is one that comes in on demand. Everything else, and a page fault that is none of the kernel's
// either: the cause is no longer delegated for this thread, the instruction traps again, and the
// kernel does what it does, a signal (SIGSEGV, SIGILL, SIGTRAP, SIGBUS).
#ifndef OUROS_EXCEPTIONS_HPP
#define OUROS_EXCEPTIONS_HPP

#include <cstddef>
#include <cstdint>
#include <ouros/uintr.hpp>

namespace ouros::exceptions {

enum class cause : unsigned {
    misaligned_fetch = 0, // not with 16-bit instructions, which every program has
    illegal_instruction = 2,
    breakpoint = 3,
    misaligned_load = 4,  // LR; harts do other misaligned accesses to memory themselves
    misaligned_store = 6, // SC and AMO
    fetch_page_fault = 12,
    load_page_fault = 13,
    store_page_fault = 15,
};

// The interrupted program.
struct context {
    uint64_t x[32]; // x[0] is the pc
    uint64_t cause;
    uint64_t value;  // utval: the address, or the illegal instruction
    uint64_t status; // the entry's own, as is what follows
    uint64_t home;

    uint64_t& pc() { return x[0]; }
    void skip(unsigned bytes) { x[0] += bytes; }
    // By the number in an instruction: x0 is zero.
    uint64_t get(unsigned number) const { return number ? x[number] : 0; }
    void set(unsigned number, uint64_t to) {
        if (number)
            x[number] = to;
    }
};
static_assert(sizeof(context) == 288 && offsetof(context, cause) == 256); // entry.S

enum class action { resume, decline };
using handler = action(context& at, void* data);

// For the calling thread. 0, -ENOMEM, -ENOSYS (not Ouros), -ENODEV (harts without N).
int64_t set_handler(cause of, handler* function, void* data = nullptr);
// Its exceptions go to the kernel again.
void clear_handler(cause of);

// One function gets every cause of the mask (1 << cause): extern "C" uint64_t function(uint64_t
// value, uint64_t pc, uint64_t cause). It returns where to go on, or 0 to decline. What it touches
// must be resident, and so must be the stack below the interrupted code if it is not.
using fast_entry = void();
int64_t set_fast_entry(fast_entry* entry, uint64_t mask);

constexpr uint64_t bit(cause of) {
    return uint64_t{1} << static_cast<unsigned>(of);
}

extern "C" {
void ouros_exceptions_interrupt(uint64_t cause);
void ouros_exceptions_declined(uint64_t value, uint64_t pc, uint64_t cause);
}

} // namespace ouros::exceptions

// Defines NAME for FUNCTION. uscratch holds the end of the handler's stack, and the interrupted sp
// meanwhile.
#define OUROS_EXCEPTIONS_FAST_ENTRY(name, function)                                                                                                                                                \
    extern "C" void name();                                                                                                                                                                        \
    asm(".pushsection ouros_exceptions_text, \"ax\", @progbits\n"                                                                                                                                  \
        ".balign 64\n"                                                                                                                                                                             \
        ".globl " #name "\n"                                                                                                                                                                       \
        ".type " #name ", @function\n" #name ":\n"                                                                                                                                                 \
        "csrrw sp, " OUROS_CSR_NAME(                                                                                                                                                               \
            OUROS_CSR_USCRATCH) ", sp\n"                                                                                                                                                           \
                                "addi sp, sp, "                                                                                                                                                    \
                                "-144\n" OUROS_EXCEPTIONS_SAVED(                                                                                                                                   \
                                    "sd") "cs"                                                                                                                                                     \
                                          "rr"                                                                                                                                                     \
                                          " a"                                                                                                                                                     \
                                          "2,"                                                                                                                                                     \
                                          " " OUROS_CSR_NAME(                                                                                                                                      \
                                              OUROS_CSR_UCAUSE) "\n"                                                                                                                               \
                                                                "csrr a1, " OUROS_CSR_NAME(                                                                                                        \
                                                                    OUROS_CSR_UEPC) "\n"                                                                                                           \
                                                                                    "csrr "                                                                                                        \
                                                                                    "a0,"                                                                                                          \
                                                                                    " " OUROS_CSR_NAME(                                                                                            \
                                                                                        OUROS_CSR_UTVAL) "\n"                                                                                      \
                                                                                                         "bltz a2, 3f\n"                                                                           \
                                                                                                         "sd a0, 128(sp)\n sd a2, 136(sp)\n"                                                       \
                                                                                                         "call " #function                                                                         \
                                                                                                         "\n"                                                                                      \
                                                                                                         "beqz a0, 4f\n"                                                                           \
                                                                                                         "1: csrw " OUROS_CSR_NAME(OUROS_CSR_UEPC) ", a0\n" OUROS_EXCEPTIONS_SAVED(                \
                                                                                                             "ld") "addi sp, sp, 144\n"                                                            \
                                                                                                                   "csrrw sp, " OUROS_CSR_NAME(                                                    \
                                                                                                                       OUROS_CSR_USCRATCH) ", sp\n"                                                \
                                                                                                                                           ".word 0x00200073\n" /* uret */                         \
                                                                                                                                           "3: sd a1, 128(sp)\n"                                   \
                                                                                                                                           "mv a0, a2\n"                                           \
                                                                                                                                           "call ouros_exceptions_interrupt\n"                     \
                                                                                                                                           "ld a0, 128(sp)\n"                                      \
                                                                                                                                           "j 1b\n"                                                \
                                                                                                                                           "4: csrr a1, " OUROS_CSR_NAME(                          \
                                                                                                                                               OUROS_CSR_UEPC) "\n"                                \
                                                                                                                                                               "ld a0, 128(sp)\n ld a2, 136(sp)\n" \
                                                                                                                                                               "sd a1, 128(sp)\n"                  \
                                                                                                                                                               "call ouros_exceptions_declined\n"  \
                                                                                                                                                               "ld a0, 128(sp)\n"                  \
                                                                                                                                                               "j 1b\n"                            \
                                                                                                                                                               ".size " #name                      \
                                                                                                                                                               ", . - " #name                      \
                                                                                                                                                               "\n"                                \
                                                                                                                                                               ".popsection\n")

#define OUROS_EXCEPTIONS_SAVED(op)                                                                 \
    op " ra, 0(sp)\n" op " t0, 8(sp)\n" op " t1, 16(sp)\n" op " t2, 24(sp)\n" op                   \
       " a0, 32(sp)\n" op " a1, 40(sp)\n" op " a2, 48(sp)\n" op " a3, 56(sp)\n" op                 \
       " a4, 64(sp)\n" op " a5, 72(sp)\n" op " a6, 80(sp)\n" op " a7, 88(sp)\n" op                 \
       " t3, 96(sp)\n" op " t4, 104(sp)\n" op " t5, 112(sp)\n" op " t6, 120(sp)\n"

#endif // OUROS_EXCEPTIONS_HPP

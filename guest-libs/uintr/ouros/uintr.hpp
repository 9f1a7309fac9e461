// SPDX-License-Identifier: BSD-2-Clause
//
// User interrupts: switch them on and off, say which function handles them, send them.
//
// A thread's receiver holds 64 pending vectors. While one is pending and interrupts are on
// (ustatus.UIE, uie.USIE), the hart jumps to utvec with ustatus.UIE clear: to an entry stub, which
// saves what the C++ calling convention lets a function overwrite, takes the vectors (the line
// falls with that) and calls the handler. The handler runs on the interrupted stack, may not touch
// floating-point registers (they are not saved), may not block, and may not call what the
// interrupted code may be in the middle of: no malloc, no stdio.
//
// Three forms, by what they cost from interrupt to return, the handler's own work aside:
//
//   set_handler(vector, function)  38 + 25: the library's dispatch, a function per vector
//   OUROS_UINTR_ENTRY(name, function); set_entry(name)
//                                  38: one function gets all vectors
//   set_flag(flag)                 7: nothing but flag->vectors |= vectors; the program polls it
#ifndef OUROS_UINTR_HPP
#define OUROS_UINTR_HPP

#include <cstdint>
#include <ouros/uintr.h>
#include <utility>

namespace ouros::uintr {

#if defined(__riscv)

#define OUROS_UINTR_STRING_(x) #x
#define OUROS_UINTR_STRING(x) OUROS_UINTR_STRING_(x)
#define OUROS_CSR_NAME(csr) OUROS_UINTR_STRING(csr)

inline void enable() {
    asm volatile("csrsi " OUROS_CSR_NAME(OUROS_CSR_USTATUS) ", 1" ::: "memory");
}

inline void disable() {
    asm volatile("csrci " OUROS_CSR_NAME(OUROS_CSR_USTATUS) ", 1" ::: "memory");
}

// Off; returns whether they were on.
inline bool exchange_off() {
    uint64_t old;
    asm volatile("csrrci %0, " OUROS_CSR_NAME(OUROS_CSR_USTATUS) ", 1" : "=r"(old)::"memory");
    return old & OUROS_USTATUS_UIE;
}

// Takes the pending vectors of this thread's receiver.
inline uint64_t take() {
    uint64_t vectors;
    asm volatile(".insn i 0x7b, 2, %0, x0, 1" : "=r"(vectors)::"memory");
    return vectors;
}

// Makes vectors pending for this thread itself.
inline void raise(uint64_t vectors) {
    asm volatile(".insn i 0x7b, 2, x0, %0, 2" ::"r"(vectors) : "memory");
}

// Where the handler that runs will return to.
inline uint64_t return_address() {
    uint64_t address;
    asm volatile("csrr %0, " OUROS_CSR_NAME(OUROS_CSR_UEPC) : "=r"(address)::"memory");
    return address;
}
inline void set_return_address(uint64_t address) {
    asm volatile("csrw " OUROS_CSR_NAME(OUROS_CSR_UEPC) ", %0" ::"r"(address) : "memory");
}

// Sends through an entry of the process's sender table: OUROS_UIPI_SENT, _NO_SENDER or _REFUSED.
// The last two may also mean that the receiver has no slot in the UINTC at the moment: then
// kernel::uintr_send does it, as `sender` below does by itself. What was stored before is visible
// to the receiver's handler.
inline uint64_t send(uint64_t sender) {
    uint64_t status;
    asm volatile("fence rw, ow\n\t.insn i 0x7b, 2, %0, %1, 0"
                 : "=r"(status)
                 : "r"(sender)
                 : "memory");
    return status;
}

#else // the build machine, for unit tests: nothing interrupts

inline void enable() {}
inline void disable() {}
inline bool exchange_off() {
    return false;
}
inline uint64_t take() {
    return ~uint64_t{0};
}
inline uint64_t return_address() {
    return 0;
}
inline void set_return_address(uint64_t) {}
uint64_t send(uint64_t sender); // the test's

#endif

// Interrupts are off while one lives; it restores what it found.
class off_guard {
  public:
    off_guard()
        : was_on_(exchange_off()) {}
    ~off_guard() {
        if (was_on_)
            enable();
    }
    off_guard(const off_guard&) = delete;
    off_guard& operator=(const off_guard&) = delete;

  private:
    bool was_on_;
};

// In a handler: while one lives, other user interrupts may interrupt the handler.
class nesting {
  public:
    nesting()
        : return_address_(return_address()) {
        enable();
    }
    ~nesting() {
        disable();
        set_return_address(return_address_);
    }
    nesting(const nesting&) = delete;
    nesting& operator=(const nesting&) = delete;

  private:
    uint64_t return_address_;
};

// The right to send one vector to one receiver: an entry of the process's sender table, made from
// an fd of uintr_create_fd, which may then be closed.
class sender {
  public:
    sender() = default;
    ~sender() { close(); }
    sender(sender&& other) noexcept
        : index_(std::exchange(other.index_, none)) {}
    sender& operator=(sender&& other) noexcept {
        std::swap(index_, other.index_);
        return *this;
    }

    // 0 or -errno.
    int64_t open(int fd);
    void close();
    bool attached() const { return index_ != none; }

    // What was stored before is visible to the receiver's handler. False: the receiver has ended,
    // or this is not attached.
    bool send() const { return uintr::send(index_) == OUROS_UIPI_SENT || send_by_kernel(); }

  private:
    static constexpr uint64_t none = UINT64_MAX;
    // A receiver may be without a slot of the UINTC for a while: the kernel knows where it is.
    [[gnu::cold]] bool send_by_kernel() const;

    uint64_t index_ = none;
};

// What the flag-only form sets. It must live as long as interrupts can come.
struct flag {
    uint64_t vectors; // written by the handler (OR) and by take()
    uint64_t saved;   // the stub's own

    uint64_t take() { return __atomic_exchange_n(&vectors, 0, __ATOMIC_ACQUIRE); }
};

using entry = void();
using handler = void(unsigned vector, void* context);

// For the calling thread. They set utvec and uie.USIE and leave ustatus.UIE as it is; the thread
// needs a receiver: kernel::uintr_setup or kernel::ring_setup. set_handler keeps an entry stub that
// is there already: one of the program's own calls ouros_uintr_dispatch with what it does not use.
void set_entry(entry* stub);
void set_handler(unsigned vector, handler* function, void* context = nullptr);
void set_flag(flag* where);

// The interrupts that are not vectors of the receiver: one function each, called as a handler is.
// With the first of them utvec becomes vectored, and a vector's way to its handler one jump longer.
enum class source : unsigned { timer = 4, external = 8 };
using source_handler = void(void* context);
void set_source_handler(source from, source_handler* function, void* context = nullptr);

// A vector that nobody else in this thread has claimed, 63 first; -1: none is left. 0 is the
// ring's.
int claim_vector();
// It has no handler any more.
void release_vector(unsigned vector);

// For a worker (ouros/worker.hpp): an entry whose table has its own entry for the timer, which is
// enabled; and where this thread keeps which table its handlers are in.
void set_entry_with_timer(entry* stub);
void** handlers_of_thread();

extern "C" {
// The library's own entry stub, and what it calls: a handler per vector (set_handler).
void ouros_uintr_entry();
void ouros_uintr_dispatch(uint64_t vectors);
// The same for the other interrupts, by cause.
void ouros_uintr_source_entry();
void ouros_uintr_source_dispatch(uint64_t cause);
}

// For an entry of all traps to user mode, exceptions too (ouros/exceptions.hpp): from now on this
// thread's utvec is its own, and it calls vectors_function() with what is pending in the receiver.
using vectors_handler = void(uint64_t vectors);
void take_over(entry* all_traps);
vectors_handler* vectors_function();

} // namespace ouros::uintr

// What precedes an entry stub: the table for utvec's vectored mode, in which cause 0 (and
// exceptions) come to the stub as in direct mode, and the address of the stub's function.
#define OUROS_UINTR_TABLE(name, function)                                                          \
    ".balign 64\n"                                                                                 \
    ".option push\n.option norvc\n"                                                                \
    ".rept 4\nj " #name "\n.endr\nj ouros_uintr_source_entry\n"                                    \
    ".rept 3\nj " #name "\n.endr\nj ouros_uintr_source_entry\nnop\n"                               \
    ".option pop\n"                                                                                \
    ".dword " #function "\n"

// Defines an entry stub NAME for FUNCTION, which is extern "C" void (uint64_t vectors).
#define OUROS_UINTR_ENTRY(name, function)                                                          \
    extern "C" void name();                                                                        \
    asm(".pushsection .text." #name ", \"ax\", @progbits\n" OUROS_UINTR_TABLE(                     \
        name, function) ".globl " #name "\n" OUROS_UINTR_STUB(name, ".insn i 0x7b, 2, a0, x0, 1",  \
                                                              function) ".popsection\n")

// A stub that saves what a function may overwrite, and calls one with what `argument` puts into a0.
#define OUROS_UINTR_STUB(name, argument, function)                                                 \
    ".type " #name ", @function\n" #name ":\n"                                                     \
    "addi sp, sp, -128\n"                                                                          \
    "sd ra, 0(sp)\n sd t0, 8(sp)\n sd t1, 16(sp)\n sd t2, 24(sp)\n"                                \
    "sd a0, 32(sp)\n sd a1, 40(sp)\n sd a2, 48(sp)\n sd a3, 56(sp)\n"                              \
    "sd a4, 64(sp)\n sd a5, 72(sp)\n sd a6, 80(sp)\n sd a7, 88(sp)\n"                              \
    "sd t3, 96(sp)\n sd t4, 104(sp)\n sd t5, 112(sp)\n sd t6, 120(sp)\n" argument "\n"             \
    "call " #function "\n"                                                                         \
    "ld ra, 0(sp)\n ld t0, 8(sp)\n ld t1, 16(sp)\n ld t2, 24(sp)\n"                                \
    "ld a0, 32(sp)\n ld a1, 40(sp)\n ld a2, 48(sp)\n ld a3, 56(sp)\n"                              \
    "ld a4, 64(sp)\n ld a5, 72(sp)\n ld a6, 80(sp)\n ld a7, 88(sp)\n"                              \
    "ld t3, 96(sp)\n ld t4, 104(sp)\n ld t5, 112(sp)\n ld t6, 120(sp)\n"                           \
    "addi sp, sp, 128\n"                                                                           \
    ".word 0x00200073\n" /* uret */                                                                \
    ".size " #name ", . - " #name "\n"

#endif // OUROS_UINTR_HPP

// SPDX-License-Identifier: BSD-2-Clause
//
// A timer of the thread's own: the CSR utimecmp, which interrupts the thread when `time` reaches
// it. Arming, the interrupt and the handler happen in user mode; the kernel only keeps the CSR
// while another thread runs. A thread that blocks in kernel::wait is woken for it; in other calls
// the handler runs when they return, as with every user interrupt. The thread needs a receiver or
// ouros/exceptions.hpp, so that the kernel knows that it has registers to keep.
#ifndef OUROS_TIMER_HPP
#define OUROS_TIMER_HPP

#include <cstdint>
#include <ouros/uintr.hpp>

namespace ouros::uintr {

class timer {
  public:
    using handler = void(void* context);

    // What the timer of this thread calls, as a user-interrupt handler is called. The timer is
    // disarmed when it is; it may arm it again. Interrupts are on or off as they were.
    static void set_handler(handler* function, void* context = nullptr);

#if defined(__riscv)
    // Ticks since some time in the past. The device tree says how long one is; on `virt` 100 ns.
    static uint64_t now() {
        uint64_t ticks;
        asm volatile("csrr %0, time" : "=r"(ticks));
        return ticks;
    }
    // In the past: at once. UINT64_MAX: never.
    static void arm_at(uint64_t ticks) {
        asm volatile("csrw " OUROS_CSR_NAME(OUROS_CSR_UTIMECMP) ", %0" ::"r"(ticks) : "memory");
    }
    static void arm_in(uint64_t ticks) {
        arm_at(now() + ticks);
    }
    static void disarm() {
        arm_at(UINT64_MAX);
    }
    static uint64_t armed_at() {
        uint64_t ticks;
        asm volatile("csrr %0, " OUROS_CSR_NAME(OUROS_CSR_UTIMECMP) : "=r"(ticks));
        return ticks;
    }
#else // the build machine, for unit tests: no time passes
    static uint64_t now() {
        return 0;
    }
    static void arm_at(uint64_t) {}
    static void arm_in(uint64_t) {}
    static void disarm() {}
    static uint64_t armed_at() {
        return UINT64_MAX;
    }
#endif
};

} // namespace ouros::uintr

#endif // OUROS_TIMER_HPP

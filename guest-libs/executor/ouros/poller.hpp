// SPDX-License-Identifier: BSD-2-Clause
//
// Looking again instead of blocking. Blocking costs a call of the kernel here and an interrupt
// there; looking costs the time until what is waited for comes. Which is less is learnt: as long as
// looking finds something, twice as many looks as it took are allowed the next time; each time it
// finds nothing halves them, down to none (as on a machine with one hart). Then one wait in 32
// tries again.
#ifndef OUROS_POLLER_HPP
#define OUROS_POLLER_HPP

#include <cstdint>

namespace ouros {

// The hart has nothing else to do for a moment.
inline void relax() {
#if defined(__riscv)
    asm volatile(".word 0x0100000f" ::: "memory"); // pause
#endif
}

class adaptive_poll {
  public:
    static constexpr uint32_t most = 256;
    static constexpr uint32_t retry = 32; // waits
    static constexpr uint32_t first = 32; // looks

    // How often to look this time.
    uint32_t allowed() {
        if (limit_ || ++waits_ % retry)
            return limit_;
        return first;
    }
    void found(uint32_t looks) {
        uint32_t wanted = looks < most / 2 ? 2 * looks + 2 : most;
        limit_ = wanted > limit_ ? wanted : limit_ - (limit_ - wanted) / 8;
    }
    void missed() { limit_ /= 2; }

  private:
    uint32_t limit_ = first;
    uint32_t waits_ = 0;
};

// Something that a worker with nothing left to run can look at before it blocks.
struct poller {
    poller* next;
    bool (*look)(poller*);         // has something come? Wakes who waits for it
    void (*sleeps)(poller*, bool); // interrupts are needed while something waits
    uint32_t waiting;              // strands that wait for it; with 0 it is not looked at
};

} // namespace ouros

#endif // OUROS_POLLER_HPP

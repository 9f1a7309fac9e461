// SPDX-License-Identifier: BSD-2-Clause
//
// User interrupts between threads of the build machine. A thread's handlers run when it waits, or
// asks for it; nothing interrupts.
#ifndef FAKE_UINTR_HPP
#define FAKE_UINTR_HPP

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <ouros/uintr.hpp>

struct fake_receiver {
    std::mutex lock;
    std::condition_variable changed;
    uint64_t pending = 0;
    bool ended = false;
    uint64_t sends = 0;
};

// This thread's receiver.
std::shared_ptr<fake_receiver> fake_this_receiver();
// Runs the handlers of what is pending for this thread. Returns how many vectors there were.
unsigned fake_take_interrupts();
// Ends this thread's receiver, as the end of the thread would; it gets a new one when it asks.
void fake_end_receiver();

#endif // FAKE_UINTR_HPP

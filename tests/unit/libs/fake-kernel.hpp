// SPDX-License-Identifier: BSD-2-Clause
//
// The kernel's calls for the executor on the build machine: one fake device, which works while the
// worker waits. Completions of entries that `hold` accepts are kept back until nothing else is
// there, newest first, so that they come in another order than the calls.
#ifndef OUROS_FAKE_KERNEL_HPP
#define OUROS_FAKE_KERNEL_HPP

#include "fake-device.hpp"

#include <optional>
#include <ouros/kernel.h>
#include <ouros/sched.h>
#include <vector>

struct fake_kernel {
    std::optional<fake_device> device;
    int64_t setup_error = 0;
    ouros_published published = {};
    uint32_t system_priority = OUROS_PRIORITY_IDLE;
    std::function<int32_t(const io_uring_sqe&)> serve = [](const io_uring_sqe&) { return 0; };
    std::function<bool(const io_uring_sqe&)> hold = [](const io_uring_sqe&) { return false; };
    std::vector<io_uring_sqe> held;
    // A call by token; what it gives is to be completed by `device`.
    std::function<int64_t(uint64_t token, long number)> take_call;
    unsigned waits = 0;

    static fake_kernel& instance();
};

#endif // OUROS_FAKE_KERNEL_HPP

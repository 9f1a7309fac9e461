// SPDX-License-Identifier: BSD-2-Clause
//
// Timeouts of calls that may have to wait more than once.
#ifndef OUROS_DEADLINE_HPP
#define OUROS_DEADLINE_HPP

#include <cstdint>
#include <ctime>

namespace ouros {

class deadline {
  public:
    static constexpr uint64_t never = UINT64_MAX;

    explicit deadline(uint64_t timeout_ns)
        : at_(never) {
        if (timeout_ns == never)
            return;
        uint64_t time = now();
        at_ = timeout_ns < never - time ? time + timeout_ns : never;
    }

    // 0: it is over; `never`: it will not be.
    uint64_t remaining() const {
        if (at_ == never)
            return never;
        uint64_t time = now();
        return time < at_ ? at_ - time : 0;
    }

  private:
    static uint64_t now() {
        timespec time;
        ::clock_gettime(CLOCK_MONOTONIC, &time);
        return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 +
               static_cast<uint64_t>(time.tv_nsec);
    }

    uint64_t at_;
};

} // namespace ouros

#endif // OUROS_DEADLINE_HPP

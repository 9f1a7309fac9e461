// SPDX-License-Identifier: BSD-2-Clause
//
// How strands of one priority take turns. Whatever the class, a ready strand of higher priority
// goes first; between equals:
//
//   fifo          the one that runs does so until it suspends, yields or ends
//   round_robin   ... or until it has run for its time slice and another one is ready
//   deadline      the one whose deadline is nearest; a nearer one takes over at once
#ifndef OUROS_POLICY_HPP
#define OUROS_POLICY_HPP

#include <cstdint>
#include <ouros/sched.h>

namespace ouros {

enum class policy : uint8_t { fifo, round_robin, deadline };

// A policy per priority; a class is a range of them.
class policies {
  public:
    constexpr policies(policy all = policy::round_robin) { set(0, OUROS_PRIORITIES - 1, all); }

    constexpr policies& set(unsigned first, unsigned last, policy of_class) {
        for (unsigned priority = first; priority <= last && priority < OUROS_PRIORITIES; priority++)
            of_[priority] = of_class;
        return *this;
    }
    constexpr policy operator[](unsigned priority) const {
        return of_[priority % OUROS_PRIORITIES];
    }

  private:
    policy of_[OUROS_PRIORITIES] = {};
};

} // namespace ouros

#endif // OUROS_POLICY_HPP

// SPDX-License-Identifier: BSD-2-Clause
//
// What exceptions cost a Linux program that handles them itself, by signals: figures for the
// columns of docs/figures/linux.json. The one program of a Linux guest; see measure. The rows are
// the Ouros benchmark's own (guest-apps/bench/fault_signals.cpp), in its lines.

#include "../../guest-apps/bench/fault_signals.hpp"

#include <cstdio>
#include <sched.h>
#include <sys/reboot.h>

int main() {
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    sched_setaffinity(0, sizeof first, &first);
    bench::fault_signals(nullptr);
    std::puts("costs: end");
    std::fflush(stdout);
    reboot(RB_POWER_OFF);
}

// SPDX-License-Identifier: BSD-2-Clause
//
// One run of QEMU, from its start to its end: its input and output are relayed, signals are
// passed on, and what went wrong is told from what the program itself said by its exit status.
//
//   stdin  ----> pipe ----> console            QEMU never sees the caller's descriptors. It would
//   stdout <---- pipe <---- console            make them non-blocking, and a terminal raw, for
//   stderr <---- pipe <---- console-error      everybody else who has them open, and would leave
//   (kept) <---- pipe <---- kernel log         them so when it is killed.
//   (kept) <---- pipe <---- QEMU's messages
//   end    <---- QMP  <---- "SHUTDOWN" event
#pragma once

#include "host_terminal.h"
#include "unique_fd.h"

#include <functional>
#include <string>
#include <vector>

namespace ouros {

struct SessionInput {
    std::vector<std::string> command; // QEMU's arguments, its name first
    UniqueFd initramfs;
    bool show_kernel_log = false; // on stderr, while it is written
    // The guest has the caller's terminal, which passes on every key as it is; when its window
    // changes the kernel is told (MachineDescriptors::notices).
    bool interactive = false;
    WindowSize window;
    bool relay_stdin = true; // false: the guest's stdin is at its end at once
    // For a debugger: where QEMU listens for it, and what starts it when QEMU does (one that comes
    // earlier sends its first packet twice) and returns its pidfd. It has the terminal, so ^C is
    // for it; when it ends, the machine does.
    UniqueFd debugger_listener;
    std::function<UniqueFd()> start_debugger;
    // When set, what the guest writes to stdout goes here and not to the caller's stdout.
    std::function<void(std::string_view)> capture_stdout;
};

// A signal to the launcher ended the session. It is thrown, not raised, so that everything made
// for the session is cleaned up before die_by_signal.
struct EndedBySignal {
    int number;
};

// Ends this process as if it had not caught the signal: the shell then knows what ended it.
[[noreturn]] void die_by_signal(int number);

// The program's exit status. Throws Failure, with the end of the kernel's log, when the machine
// ended in another way, and EndedBySignal.
int run_session(SessionInput input);

} // namespace ouros

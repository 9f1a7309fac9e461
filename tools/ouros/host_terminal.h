// SPDX-License-Identifier: BSD-2-Clause
//
// The terminal that the launcher was started from, when the guest's terminal is to be it.
#pragma once

#include <optional>
#include <string>
#include <termios.h>

namespace ouros {

struct WindowSize {
    unsigned rows = 24;
    unsigned columns = 80;
    bool operator==(const WindowSize&) const = default;
};

// Which of the three standard streams are terminals, and what the guest does with them.
struct HostStreams {
    bool input = false, output = false, error = false;
    // Input and output are this process's terminal: the guest's kernel edits lines and signals
    // processes, the host's does nothing. Otherwise (in a pipeline, or in the background) the
    // host's goes on as always, since others use it, too.
    bool interactive = false;
    WindowSize window;

    static HostStreams inspect();
    bool any() const { return input || output || error; }
    // The line of words that the guest's kernel reads (guest-kernel/tty/tty.h).
    std::string description() const;
};

std::optional<WindowSize> window_of(int fd);

// While it lives the terminal at stdin passes every key on as it is.
class RawTerminal {
  public:
    RawTerminal();
    ~RawTerminal() { restore(); }
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

    void enter();
    void restore();

  private:
    termios saved_ = {};
    bool have_saved_ = false;
};

} // namespace ouros

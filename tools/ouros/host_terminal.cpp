// SPDX-License-Identifier: BSD-2-Clause
#include "host_terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace ouros {

std::optional<WindowSize> window_of(int fd) {
    winsize size = {};
    // A terminal that does not know says 0.
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || !size.ws_row || !size.ws_col)
        return std::nullopt;
    return WindowSize{size.ws_row, size.ws_col};
}

HostStreams HostStreams::inspect() {
    HostStreams streams;
    streams.input = ::isatty(STDIN_FILENO);
    streams.output = ::isatty(STDOUT_FILENO);
    streams.error = ::isatty(STDERR_FILENO);
    streams.interactive =
        streams.input && streams.output && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
    for (int fd : {STDOUT_FILENO, STDIN_FILENO, STDERR_FILENO})
        if (const auto size = window_of(fd)) {
            streams.window = *size;
            break;
        }
    return streams;
}

std::string HostStreams::description() const {
    return fmt::format("{}{}{}{}{} {}\n", interactive ? "raw " : "", input ? "input " : "",
                       output ? "output " : "", error ? "error " : "", window.rows, window.columns);
}

RawTerminal::RawTerminal() {
    have_saved_ = ::tcgetattr(STDIN_FILENO, &saved_) == 0;
    enter();
}

void RawTerminal::enter() {
    if (!have_saved_)
        return;
    termios raw = saved_;
    ::cfmakeraw(&raw);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

void RawTerminal::restore() {
    if (have_saved_)
        ::tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_);
}

} // namespace ouros

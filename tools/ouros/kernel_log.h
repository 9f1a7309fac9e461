// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "relay.h"

#include <deque>
#include <string>
#include <string_view>

namespace ouros {

// The firmware's and the kernel's log, as it comes from the serial port. Its end is kept for the
// case that something goes wrong; lines that begin with "ouros: " are for the user and are shown.
class KernelLog {
  public:
    // line_end: what a terminal needs that adds nothing of its own.
    explicit KernelLog(bool show_all, const char* line_end = "\n")
        : show_all_(show_all)
        , line_end_(line_end)
        , lines_([this](const std::string& line) { take(line); }) {}
    KernelLog(const KernelLog&) = delete;

    void add(std::string_view piece) { lines_.add(piece); }
    void finish() { lines_.finish(); }

    bool panicked() const { return panicked_; }
    // The last lines, each after "\n  "; nothing when they have been shown.
    std::string tail() const;

  private:
    void take(const std::string& line);

    bool show_all_;
    const char* line_end_;
    bool panicked_ = false;
    std::deque<std::string> last_;
    LineSplitter lines_;
};

} // namespace ouros

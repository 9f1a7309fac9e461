// SPDX-License-Identifier: BSD-2-Clause
#include "kernel_log.h"

#include <fmt/format.h>

namespace ouros {
namespace {

constexpr size_t kept_lines = 20;
constexpr std::string_view for_the_user = "ouros: ";

// "ouros: kernel panic on hart 0: ..."; a panic of the kernel's before it knows its hart, too.
bool is_panic(std::string_view line) {
    if (line.starts_with(for_the_user))
        line.remove_prefix(for_the_user.size());
    return line.starts_with("kernel panic") || line.starts_with("panic:");
}

} // namespace

void KernelLog::take(const std::string& line) {
    panicked_ = panicked_ || is_panic(line);
    if (show_all_ || line.starts_with(for_the_user))
        fmt::print(stderr, "{}{}", line, line_end_);
    last_.push_back(line);
    if (last_.size() > kept_lines)
        last_.pop_front();
}

std::string KernelLog::tail() const {
    std::string text;
    if (!show_all_ && !last_.empty()) {
        text = "\nthe end of the kernel's log:";
        for (const auto& line : last_)
            text += "\n  " + line;
    }
    return text;
}

} // namespace ouros

// SPDX-License-Identifier: BSD-2-Clause
#include "process/script.h"

namespace kernel {

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

void skip_blanks(std::string_view& text) {
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
}

} // namespace

bool parse_interpreter_line(std::string_view head, interpreter_line& out) {
    bool is_cut = head.size() >= program_head_size;
    std::string_view line = head;
    line.remove_prefix(2);
    if (size_t end = line.find('\n'); end != line.npos) {
        line = {line.data(), end};
        is_cut = false;
    }
    skip_blanks(line);
    size_t end = 0;
    while (end < line.size() && line[end] && !is_blank(line[end]))
        end++;
    // A name that reaches the end of the head may be only the beginning of one.
    if (end == 0 || (is_cut && end == line.size()))
        return false;
    if (is_cut)
        line.remove_suffix(1); // Linux keeps the last byte of the head for a NUL
    out.interpreter = {line.data(), end};
    out.argument = {line.data() + end, line.size() - end};
    if (size_t nul = out.argument.find('\0'); nul != line.npos)
        out.argument = {out.argument.data(), nul};
    skip_blanks(out.argument);
    while (!out.argument.empty() && is_blank(out.argument.back()))
        out.argument.remove_suffix(1);
    return true;
}

} // namespace kernel

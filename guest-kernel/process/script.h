// SPDX-License-Identifier: BSD-2-Clause
//
// The first line of a script, "#! INTERPRETER [ARGUMENT]", read as Linux reads it: only what is in
// the first 256 bytes of the file counts; everything behind the interpreter's name is one argument.
#pragma once

#include <cstddef>
#include <string_view>

namespace kernel {

inline constexpr size_t program_head_size = 256; // BINPRM_BUF_SIZE
inline constexpr unsigned max_interpreters = 5;  // scripts whose interpreter is a script, and so on

struct interpreter_line {
    std::string_view interpreter;
    std::string_view argument; // empty: none
};

inline bool is_script(std::string_view head) {
    return head.starts_with("#!");
}

// `head` is what the file begins with, all of it if it is shorter than program_head_size. False:
// nothing can be executed (ENOEXEC): no name, or one that goes on behind the head.
bool parse_interpreter_line(std::string_view head, interpreter_line& out);

} // namespace kernel

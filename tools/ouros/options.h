// SPDX-License-Identifier: BSD-2-Clause
//
// The command line. Everything about its form is decided here; the commands get values.
#pragma once

#include "machine.h"

#include <string>
#include <variant>
#include <vector>

namespace ouros {

struct RunOptions {
    Machine machine;
    std::vector<std::string> environment; // NAME=VALUE, added to the default one
    bool verbose = false;
    std::vector<std::string> program; // PROGRAM [ARG]...
};

struct DebugOptions {
    RunOptions run;
    std::vector<std::string> gdb_arguments;
};

struct TraceOptions {
    RunOptions run;
    std::string file = "timeline.json";
};

struct BootOptions {
    RunOptions run;
    std::string directory;
};

struct ShellOptions {
    RunOptions run; // its program is the command to execute, if any, and not a path of this machine
};

struct BehavioursOptions {
    std::vector<std::string> selected; // "N", "A3"; empty: all
    bool list_only = false;            // say what tests there are, run none
    bool opcodes = false;              // what becomes of each opcode, and the tests that show it
};

struct BenchOptions {
    std::string json_file;
    bool verbose = false;
};

struct FlagsOptions {
    bool trace = false; // coroutines leave marks
};

// The command line has been answered already: --help, --version.
struct Answered {
    std::string text;
};

using Command = std::variant<RunOptions, DebugOptions, TraceOptions, BootOptions, ShellOptions,
                             BehavioursOptions, BenchOptions, FlagsOptions, Answered>;

// Throws Failure with one line that says what is wrong.
Command parse_command_line(const std::vector<std::string>& arguments);

} // namespace ouros

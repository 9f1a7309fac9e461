// SPDX-License-Identifier: BSD-2-Clause
//
// ouros, the launcher: see `ouros --help`.

#include "commands.h"
#include "failure.h"
#include "session.h"

#include <cstdio>
#include <fmt/format.h>

namespace {

using namespace ouros;

struct Execute {
    int operator()(const RunOptions& options) const { return run_command(options); }
    int operator()(const BootOptions& options) const { return boot_command(options); }
    int operator()(const ShellOptions& options) const { return shell_command(options); }
    int operator()(const DebugOptions& options) const { return debug_command(options); }
    int operator()(const TraceOptions& options) const { return trace_command(options); }
    int operator()(const BehavioursOptions& options) const { return behaviours_command(options); }
    int operator()(const BenchOptions& options) const { return bench_command(options); }
    int operator()(const FlagsOptions& options) const { return flags_command(options); }
    int operator()(const Answered& answer) const {
        fmt::print("{}", answer.text);
        return 0;
    }
};

} // namespace

int main(int argc, char** argv) {
    try {
        return std::visit(Execute{}, parse_command_line({argv + 1, argv + argc}));
    } catch (const EndedBySignal& ended) {
        die_by_signal(ended.number);
    } catch (const Failure& failure) {
        fmt::print(stderr, "ouros: {}\n", failure.what());
        return failure.status();
    } catch (const std::exception& error) {
        fmt::print(stderr, "ouros: {}\n", error.what());
        return status_failed;
    }
}

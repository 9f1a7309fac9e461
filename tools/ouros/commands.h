// SPDX-License-Identifier: BSD-2-Clause
//
// One function for each command of the launcher. Each returns the exit status or throws Failure.
#pragma once

#include "options.h"

namespace ouros {

int run_command(const RunOptions& options);
int boot_command(const BootOptions& options);
int shell_command(const ShellOptions& options);
int debug_command(const DebugOptions& options);
int trace_command(const TraceOptions& options);
int behaviours_command(const BehavioursOptions& options);
int bench_command(const BenchOptions& options);
int flags_command(const FlagsOptions& options);

} // namespace ouros

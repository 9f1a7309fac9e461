// SPDX-License-Identifier: BSD-2-Clause
#include "commands.h"
#include "failure.h"
#include "run.h"
#include "temp_dir.h"
#include "timeline.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>

namespace ouros {
namespace {

std::ofstream open_output(const std::string& path) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    if (!file)
        throw Failure(status_usage, fmt::format("{}: {}", path, std::strerror(errno)));
    return file;
}

} // namespace

int trace_command(const TraceOptions& options) {
    std::ofstream out = open_output(options.file); // before the run, which may take long
    TempDir folder;
    const std::string log = folder.path() + "/events";
    RunOptions run = options.run;
    auto& arguments = run.machine.qemu_arguments;
    arguments.insert(arguments.end(), {"-D", log});
    for (const auto& events : timeline_events)
        arguments.insert(arguments.end(), {"-trace", events});
    const int status = run_command(run);

    Timeline timeline(out);
    std::ifstream events(log);
    for (std::string line; std::getline(events, line);)
        timeline.line(line);
    timeline.end();
    out.close();
    if (!out)
        throw Failure(status_failed,
                      fmt::format("{}: {}", options.file, std::strerror(errno ? errno : EIO)));
    const auto& counts = timeline.counts();
    fmt::print(stderr,
               "{}: {} requests, {} completed, {} followed from coroutine to coroutine\n"
               "open it in https://ui.perfetto.dev or chrome://tracing\n",
               options.file, counts.requests, counts.completed, counts.followed);
    if (counts.completed && !counts.followed)
        fmt::print(stderr, "coroutines show when the program is compiled with: "
                           "$(ouros flags --trace)\n");
    return status;
}

} // namespace ouros

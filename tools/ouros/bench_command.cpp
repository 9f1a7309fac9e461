// SPDX-License-Identifier: BSD-2-Clause
#include "bench.h"
#include "commands.h"
#include "config.h"
#include "failure.h"
#include "run.h"
#include "temp_dir.h"

#include <fmt/format.h>
#include <fstream>

namespace ouros {
namespace {

nlohmann::json read_json(const std::string& name) {
    const std::string path = std::string(config::source_root) + "/docs/figures/" + name;
    std::ifstream file(path);
    if (!file)
        throw Failure(status_failed, path + ": cannot be read");
    return nlohmann::json::parse(file);
}

// One run of the benchmark.
std::vector<Figure> measure(RunOptions run) {
    std::string output;
    SessionInput session = prepare_session(run);
    session.relay_stdin = false;
    session.capture_stdout = [&](std::string_view piece) { output += piece; };
    if (const int status = run_session(std::move(session)); status != 0)
        throw Failure(status_failed,
                      fmt::format("the benchmark ended with status {}:\n{}", status, output));
    return parse_figures(output);
}

// With completions `latency_ns` of virtual time after submission.
RunOptions on_machine(const BenchOptions& options, const std::string& folder, unsigned harts,
                      uint64_t latency_ns) {
    RunOptions run;
    run.machine.icount = true;
    run.machine.harts = harts;
    run.machine.latency_ns = latency_ns;
    run.machine.export_directory = folder;
    run.program = {config::bench, "/host/data"};
    run.verbose = options.verbose;
    return run;
}

// How long the kernel goes without looking for interrupts: the kernel measures that itself when it
// is told to, which costs instructions that no other figure should have.
std::vector<Figure> measure_stretches(const BenchOptions& options, const std::string& folder) {
    RunOptions run = on_machine(options, folder, 1, 0);
    run.machine.qemu_arguments = {"-append", "stretches"};
    run.program.push_back("stretches");
    return measure(std::move(run));
}

} // namespace

int bench_command(const BenchOptions& options) {
    // What the reads read: nothing but its size matters.
    TempDir folder;
    std::ofstream(folder.path() + "/data") << std::string(size_t{128} << 10, 'x');
    const auto targets = read_json("targets.json"), linux_figures = read_json("linux.json");
    std::vector<Row> rows;
    for (const unsigned harts : {1u, 2u, 4u}) {
        auto figures = measure(on_machine(options, folder.path(), harts, 0));
        // What waits for the device is measured on one hart, and so are stretches.
        std::vector<Figure> late_figures;
        if (harts == 1) {
            for (Figure& figure : measure_stretches(options, folder.path()))
                figures.push_back(std::move(figure));
            late_figures = measure(on_machine(options, folder.path(), harts, icount_latency_ns));
        }
        for (Row& row : make_rows(targets, linux_figures, harts, figures, late_figures))
            rows.push_back(std::move(row));
    }
    fmt::print(
        "{}\n"
        "Counts, not times: QEMU's icount. Ouros: completions come at once, as they\n"
        "do on Linux in these rows. late: {} ns of virtual time after the submission, where\n"
        "that differs; with nothing else to run the process then waits in the kernel. Debian\n"
        "and lean: Linux 6.12 on the same emulator. What it all means: docs/measuring.md.\n",
        table(rows), icount_latency_ns);
    std::ofstream json(options.json_file);
    json << report(rows, icount_latency_ns).dump(2) << '\n';
    if (!json.flush())
        throw Failure(status_failed, options.json_file + ": cannot be written");
    return 0;
}

} // namespace ouros

// SPDX-License-Identifier: BSD-2-Clause
//
// demo [DIRECTORY]: reads every file under DIRECTORY (default: /host) through the rings, many at a
// time, prints size, lines, SHA-256 and path of each, and what the reading cost.
//
// Files are taken a window at a time, which bounds memory and open files. In each window all files
// are opened, then read by `readers` coroutines, then closed. Only the reading is counted: opening
// and closing are the kernel's work, and it is entered for them.

#include "counts.hpp"
#include "file.hpp"
#include "walk.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <exception>
#include <ouros/ouros.hpp>
#include <span>
#include <string>
#include <vector>

namespace demo {

namespace {

constexpr size_t window_size = 64; // files open at the same time
constexpr size_t readers = 64;     // coroutines, each with a block in flight

struct totals {
    counts reading;
    tally sum;
    uint64_t bytes = 0;
};

ouros::task<void> read_window(std::span<file> window, std::vector<char>& buffers, totals& all) {
    std::vector<ouros::task<void>> tasks;
    for (file& each : window)
        tasks.push_back(each.open());
    co_await ouros::when_all(std::exchange(tasks, {}));

    // Few files: several readers for each.
    size_t each_has = (readers + window.size() - 1) / window.size();
    size_t buffer = 0;
    for (size_t i = 0; i < each_has; i++)
        for (file& each : window)
            tasks.push_back(each.read_blocks(&buffers[block_size * buffer++], all.sum));
    stopwatch clock;
    co_await ouros::when_all(std::exchange(tasks, {}));
    all.reading += clock.stop();

    for (file& each : window)
        tasks.push_back(each.close());
    co_await ouros::when_all(std::exchange(tasks, {}));

    for (file& each : window) {
        all.bytes += each.bytes();
        std::puts(each.summary().c_str());
    }
}

void print_totals(size_t files, const totals& all) {
    const ouros_statistics& kernel = all.reading.kernel;
    const uint64_t other = kernel.kernel_entries - kernel.submissions -
                           kernel.completion_interrupts - kernel.waits - kernel.timer_interrupts;
    std::printf("\n");
    std::printf("files                     %10zu\n", files);
    std::printf("bytes                     %10" PRIu64 "\n", all.bytes);
    std::printf("reads                     %10" PRIu64 "\n", all.sum.reads);
    std::printf("  most in flight          %10" PRIu64 "\n", all.sum.most_in_flight);
    std::printf("completions               %10" PRIu64 "\n", all.reading.completions);
    std::printf("doorbells                 %10" PRIu64 "\n", all.reading.doorbells);
    std::printf("user interrupts taken     %10" PRIu64 "\n", all.reading.interrupts);
    std::printf("kernel entries            %10" PRIu64 "\n", kernel.kernel_entries);
    std::printf("  submission              %10" PRIu64 "\n", kernel.submissions);
    std::printf("  completion              %10" PRIu64 "\n", kernel.completion_interrupts);
    std::printf("  nothing left to run     %10" PRIu64 "\n", kernel.waits);
    std::printf("  timer tick              %10" PRIu64 "\n", kernel.timer_interrupts);
    std::printf("  other                   %10" PRIu64 "\n", other);
    if (all.sum.reads && instructions_are_counted()) {
        std::printf("instructions per read     %10" PRIu64 "\n",
                    all.reading.instructions / all.sum.reads);
        std::printf("  SHA-256 and lines       %10" PRIu64 "\n",
                    all.sum.digest_instructions / all.sum.reads);
    }
}

ouros::task<int> program(std::string directory) {
    std::vector<std::string> paths = walk(directory);
    // With few files each reader of a file gets its own buffer, so there may be up to twice as
    // many.
    std::vector<char> buffers(2 * readers * block_size);
    totals all;
    for (size_t first = 0; first < paths.size(); first += window_size) {
        std::vector<file> window;
        for (size_t i = first; i < std::min(first + window_size, paths.size()); i++)
            window.emplace_back(paths[i]);
        co_await read_window(window, buffers, all);
    }
    print_totals(paths.size(), all);
    co_return 0;
}

} // namespace

} // namespace demo

int main(int argc, char** argv) {
    if (argc > 2) {
        std::fputs("usage: demo [DIRECTORY]\n", stderr);
        return 2;
    }
    try {
        return ouros::run(demo::program(argc > 1 ? argv[1] : "/host"));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "demo: %s\n", error.what());
        return 1;
    }
}

// SPDX-License-Identifier: BSD-2-Clause
#include "behaviours.h"
#include "child.h"
#include "commands.h"
#include "config.h"
#include "failure.h"
#include "opcodes.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace ouros {
namespace {

// Apart from testlog.json, which belongs to whoever calls `meson test` meanwhile.
constexpr const char* log_base = "behaviours";

std::ifstream open(const std::string& path) {
    std::ifstream file(path);
    if (!file)
        throw Failure(status_failed, path + ": cannot be read");
    return file;
}

std::vector<Behaviour> selected_behaviours(const std::vector<std::string>& selected) {
    std::ifstream page = open(std::string(config::source_root) + "/docs/behaviours.md");
    std::vector<Behaviour> behaviours = parse_behaviours(page);
    for (const auto& which : selected)
        if (std::none_of(behaviours.begin(), behaviours.end(), [&](const Behaviour& behaviour) {
                return is_selected(behaviour.number, {which});
            }))
            throw Failure(status_usage,
                          fmt::format("behaviours: {}: is not in docs/behaviours.md", which));
    std::erase_if(behaviours, [&](const Behaviour& behaviour) {
        return !is_selected(behaviour.number, selected);
    });
    return behaviours;
}

// Runs every test that checks one of `behaviours`. Meson reports to stderr.
std::map<std::string, std::string> run_tests(const std::vector<Behaviour>& behaviours,
                                             const std::vector<Test>& tests) {
    if (std::all_of(behaviours.begin(), behaviours.end(),
                    [&](const Behaviour& behaviour) { return tests_of(behaviour, tests).empty(); }))
        return {};
    const std::string log = fmt::format("{}/meson-logs/{}.json", config::build_root, log_base);
    ::unlink(log.c_str());
    std::vector<std::string> command = {config::meson, "test",   "-C",     config::build_root,
                                        "--logbase",   log_base, "--quiet"};
    for (const auto& behaviour : behaviours)
        command.insert(command.end(), {"--suite", behaviour.number});
    const int status = Child(command, STDERR_FILENO).wait();
    // 1 to 125: so many tests failed. Without a log it did not come to testing.
    std::ifstream results(log);
    if (!results)
        throw Failure(status_failed,
                      fmt::format("{} ended with status {}", fmt::join(command, " "), status));
    return parse_results(results);
}

int list(const std::vector<Behaviour>& behaviours, const std::vector<Test>& tests) {
    size_t with_test = 0;
    for (const auto& behaviour : behaviours) {
        std::string titles;
        for (const auto& test : tests_of(behaviour, tests))
            titles += (titles.empty() ? "" : ", ") + test.title;
        with_test += !titles.empty();
        fmt::print("{} {}\n    {}\n", behaviour.number, titles.empty() ? "no test yet" : titles,
                   behaviour.text);
    }
    fmt::print("behaviours: {} of {} have a test\n", with_test, behaviours.size());
    return 0;
}

std::string contents(const std::string& file) {
    std::ifstream stream = open(std::string(config::source_root) + "/" + file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

int list_opcodes(const std::vector<Test>& tests) {
    std::vector<std::string> opcodes, names;
    std::ifstream probed =
        open(std::string(config::source_root) + "/tests/guest/io_uring/opcodes.txt");
    for (std::string opcode; probed >> opcode;)
        opcodes.push_back(opcode);
    for (const auto& test : tests)
        names.push_back(test.title.substr(test.title.find('/') + 1));
    std::ifstream page = open(std::string(config::source_root) + "/tests/opcodes.txt");
    const OpcodeTable table(page);
    table.check(opcodes, names, contents);
    size_t shown = 0, impossible = 0, none = 0;
    for (const auto& opcode : opcodes) {
        fmt::print("{}\n", opcode);
        for (const char* outcome : outcomes) {
            const auto& cell = table.tests_of(opcode, outcome);
            const bool cannot_be = !cell.empty() && cell.front().test.empty();
            (cell.empty() ? none : cannot_be ? impossible : shown)++;
            std::string text;
            for (const auto& [test, part] : cell)
                text += (text.empty() ? "" : "; ") +
                        (test.empty() ? "- " + part : fmt::format("{} ({})", test, part));
            fmt::print("    {:10} {}\n", outcome, text.empty() ? "no test yet" : text);
        }
    }
    fmt::print("{} opcodes, {} outcomes: {} with a test, {} that can't be, {} without a test\n",
               opcodes.size(), shown + impossible + none, shown, impossible, none);
    return 0;
}

int check(const std::vector<Behaviour>& behaviours, const std::vector<Test>& tests) {
    const auto results = run_tests(behaviours, tests);
    size_t tested = 0, passing = 0;
    bool failed = false;
    for (const auto& behaviour : behaviours) {
        const Verdict verdict = judge(behaviour, tests, results);
        fmt::print("{}\n", verdict.line);
        tested += verdict.tested;
        passing += verdict.passed;
        failed = failed || verdict.failed;
    }
    fmt::print("behaviours: {} of {} tested, {} passing\n", tested, behaviours.size(), passing);
    return failed ? 1 : 0;
}

} // namespace

int behaviours_command(const BehavioursOptions& options) {
    const std::vector<Behaviour> behaviours = selected_behaviours(options.selected);
    std::ifstream introspection =
        open(std::string(config::build_root) + "/meson-info/intro-tests.json");
    const std::vector<Test> tests = parse_tests(nlohmann::json::parse(introspection));

    if (options.opcodes)
        return list_opcodes(tests);
    return options.list_only ? list(behaviours, tests) : check(behaviours, tests);
}

} // namespace ouros

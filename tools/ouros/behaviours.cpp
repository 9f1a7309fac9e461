// SPDX-License-Identifier: BSD-2-Clause
#include "behaviours.h"

#include "failure.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <istream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

namespace ouros {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

std::string joined(const std::vector<std::string>& titles) {
    return fmt::format("{}", fmt::join(titles, ", "));
}

} // namespace

std::vector<Behaviour> parse_behaviours(std::istream& page) {
    static const std::regex item(R"(- \*\*([A-Z][0-9]+)\*\* (.+))");
    std::vector<Behaviour> behaviours;
    std::set<std::string> seen;
    bool in_item = false;
    std::smatch match;
    for (std::string line; std::getline(page, line);) {
        if (std::regex_match(line, match, item)) {
            if (!seen.insert(match[1]).second)
                throw Failure(status_failed,
                              fmt::format("behaviour {} is listed twice", match[1].str()));
            behaviours.push_back({match[1], match[2]});
            in_item = true;
        } else if (in_item && line.starts_with("  ")) {
            behaviours.back().text += line.substr(1);
        } else {
            in_item = false;
        }
    }
    return behaviours;
}

bool is_selected(const std::string& number, const std::vector<std::string>& selected) {
    return selected.empty() || contains(selected, number) ||
           contains(selected, number.substr(0, 1));
}

std::vector<Test> parse_tests(const nlohmann::json& introspection) {
    std::vector<Test> tests;
    for (const auto& entry : introspection) {
        Test test;
        std::string project;
        for (const std::string suite : entry.at("suite")) { // "ouros:isa"
            const auto colon = suite.find(':');
            project = suite.substr(0, colon);
            if (colon != suite.npos)
                test.suites.push_back(suite.substr(colon + 1));
        }
        const std::string name = entry.at("name");
        test.title = (test.suites.empty() ? "" : test.suites.front() + "/") + name;
        test.log_name = fmt::format("{}:{} / {}", project, fmt::join(test.suites, "+"), name);
        tests.push_back(std::move(test));
    }
    return tests;
}

std::map<std::string, std::string> parse_results(std::istream& log) {
    std::map<std::string, std::string> results;
    for (std::string line; std::getline(log, line);) {
        const auto entry = nlohmann::json::parse(line, nullptr, false);
        // The last line of a log that is still written, or was interrupted, may be cut.
        if (entry.is_object() && entry.contains("name") && entry.contains("result"))
            results[entry["name"]] = entry["result"];
    }
    return results;
}

std::vector<Test> tests_of(const Behaviour& behaviour, const std::vector<Test>& tests) {
    std::vector<Test> found;
    for (const auto& test : tests)
        if (contains(test.suites, behaviour.number))
            found.push_back(test);
    return found;
}

Verdict judge(const Behaviour& behaviour, const std::vector<Test>& tests,
              const std::map<std::string, std::string>& results) {
    std::vector<std::string> passed, failed, skipped;
    for (const auto& test : tests_of(behaviour, tests)) {
        const auto result = results.find(test.log_name);
        if (result == results.end() || result->second == "SKIP")
            skipped.push_back(test.title);
        else if (result->second == "OK" || result->second == "EXPECTEDFAIL")
            passed.push_back(test.title);
        else
            failed.push_back(test.title);
    }
    const std::string& number = behaviour.number;
    if (!failed.empty())
        return {fmt::format("{} fail {}", number, joined(failed)), true, false, true};
    if (!passed.empty())
        return {fmt::format("{} pass {}", number, joined(passed)), true, true, false};
    if (!skipped.empty())
        return {fmt::format("{} not run {}", number, joined(skipped)), false, false, false};
    return {number + " no test yet", false, false, false};
}

} // namespace ouros

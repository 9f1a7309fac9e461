// SPDX-License-Identifier: BSD-2-Clause
//
// The behaviours that docs/behaviours.md lists, the tests that check them, and how they went.
#pragma once

#include <iosfwd>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace ouros {

struct Behaviour {
    std::string number; // "N6"
    std::string text;
};

// The items "- **N6** text" of the page; an item goes on in the lines indented below it.
// Throws Failure when a number is listed twice.
std::vector<Behaviour> parse_behaviours(std::istream& page);

// Is `number` meant by one of `selected`, each a letter or a number? Nothing selected means all.
bool is_selected(const std::string& number, const std::vector<std::string>& selected);

struct Test {
    std::string log_name; // as Meson's log calls it
    std::string title;    // "isa/uret-reevaluates"
    std::vector<std::string> suites;
};

// From meson-info/intro-tests.json.
std::vector<Test> parse_tests(const nlohmann::json& introspection);

// From Meson's JSON log, one object a line: log name -> "OK", "FAIL", "TIMEOUT", "SKIP", ...
std::map<std::string, std::string> parse_results(std::istream& log);

// Those that check the behaviour.
std::vector<Test> tests_of(const Behaviour& behaviour, const std::vector<Test>& tests);

struct Verdict {
    std::string line; // "N6 pass isa/uret-reevaluates"
    bool tested = false;
    bool passed = false;
    bool failed = false;
};

// One failing test fails the behaviour; tests that were skipped count for nothing.
Verdict judge(const Behaviour& behaviour, const std::vector<Test>& tests,
              const std::map<std::string, std::string>& results);

} // namespace ouros

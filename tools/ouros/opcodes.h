// SPDX-License-Identifier: BSD-2-Clause
//
// What can become of a request of each opcode, and the tests that show it: tests/opcodes.txt.
#pragma once

#include <array>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace ouros {

inline constexpr std::array<const char*, 7> outcomes = {
    "ok", "error", "cancelled", "timed-out", "overflow", "exit", "reset"};

struct OutcomeTest {
    std::string test; // empty: it can't come to that
    std::string part; // what of the test, or why not
};

class OpcodeTable {
  public:
    // Throws Failure, with the line, when it makes no sense.
    explicit OpcodeTable(std::istream& page);

    // What shows the outcome; empty: nothing does.
    const std::vector<OutcomeTest>& tests_of(const std::string& opcode,
                                             const std::string& outcome) const;
    // Throws Failure unless every opcode and test that is named exists, and its part is in its
    // source. `read` gives a file of the project.
    void check(const std::vector<std::string>& opcodes, const std::vector<std::string>& tests,
               const std::function<std::string(const std::string&)>& read) const;

  private:
    std::string source_of(const std::string& test) const;

    std::map<std::string, std::map<std::string, std::vector<OutcomeTest>>> cells_;
    std::map<std::string, std::string> sources_; // test, or its beginning and *
};

} // namespace ouros

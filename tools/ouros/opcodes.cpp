// SPDX-License-Identifier: BSD-2-Clause
#include "opcodes.h"

#include "failure.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <istream>
#include <sstream>

namespace ouros {
namespace {

constexpr const char* any_opcode = "*";

bool contains(const std::vector<std::string>& list, const std::string& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

std::string rest_of(std::istream& line) {
    std::string rest;
    std::getline(line >> std::ws, rest);
    return rest;
}

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

// By itself, not as a part of a longer word.
bool occurs(const std::string& part, const std::string& text) {
    for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) {
        const size_t end = at + part.size();
        if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end])))
            return true;
    }
    return false;
}

[[noreturn]] void wrong(const std::string& what) {
    throw Failure(status_failed, "tests/opcodes.txt: " + what);
}

} // namespace

OpcodeTable::OpcodeTable(std::istream& page) {
    for (std::string text; std::getline(page, text);) {
        if (text.empty() || text.starts_with('#'))
            continue;
        std::istringstream line(text);
        std::string opcode, outcome, test;
        line >> opcode >> outcome >> test;
        if (opcode == "source") {
            sources_[outcome] = test;
            continue;
        }
        if (std::find(outcomes.begin(), outcomes.end(), outcome) == outcomes.end())
            wrong(fmt::format("{}: no such outcome", text));
        const std::string part = rest_of(line);
        if (part.empty() || (test != "-" && !test.ends_with(':')))
            wrong(fmt::format("{}: neither TEST: PART nor - REASON", text));
        test.pop_back();
        cells_[opcode][outcome].push_back({test, part});
    }
}

const std::vector<OutcomeTest>& OpcodeTable::tests_of(const std::string& opcode,
                                                      const std::string& outcome) const {
    static const std::vector<OutcomeTest> none;
    for (const auto& key : {opcode, std::string(any_opcode)}) {
        const auto row = cells_.find(key);
        if (row == cells_.end())
            continue;
        const auto cell = row->second.find(outcome);
        if (cell != row->second.end())
            return cell->second;
    }
    return none;
}

std::string OpcodeTable::source_of(const std::string& test) const {
    for (const auto& [name, file] : sources_)
        if (name == test ||
            (name.ends_with('*') && test.starts_with(name.substr(0, name.size() - 1))))
            return file;
    wrong(test + ": no line says where its source is");
}

void OpcodeTable::check(const std::vector<std::string>& opcodes,
                        const std::vector<std::string>& tests,
                        const std::function<std::string(const std::string&)>& read) const {
    for (const auto& [opcode, row] : cells_) {
        if (opcode != any_opcode && !contains(opcodes, opcode))
            wrong(opcode + ": no such opcode");
        for (const auto& [outcome, claims] : row)
            for (const auto& claim : claims) {
                if (claim.test.empty())
                    continue;
                if (!contains(tests, claim.test))
                    wrong(fmt::format("{} {}: there is no test {}", opcode, outcome, claim.test));
                const std::string file = source_of(claim.test);
                if (!occurs(claim.part, read(file)))
                    wrong(fmt::format("{} {}: there is no \"{}\" in {}", opcode, outcome,
                                      claim.part, file));
            }
    }
}

} // namespace ouros

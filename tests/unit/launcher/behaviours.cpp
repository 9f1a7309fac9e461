// SPDX-License-Identifier: BSD-2-Clause
#include "behaviours.h"

#include "config.h"
#include "expect_failure.h"

#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>

namespace ouros {
namespace {

TEST(Behaviours, ItemsAreParsed) {
    std::istringstream page("# Title\n"
                            "- not an item\n"
                            "- **N1** One line.\n"
                            "- **N12** Two\n"
                            "  lines.\n"
                            "\n"
                            "  not part of it\n"
                            "Text about **N3** in a sentence.\n"
                            "- **A1** Last");
    const auto items = parse_behaviours(page);
    ASSERT_EQ(items.size(), 3u);
    EXPECT_EQ(items[0].number, "N1");
    EXPECT_EQ(items[0].text, "One line.");
    EXPECT_EQ(items[1].number, "N12");
    EXPECT_EQ(items[1].text, "Two lines.");
    EXPECT_EQ(items[2].text, "Last");
}

TEST(Behaviours, NumbersAreUnique) {
    std::istringstream page("- **N1** a\n- **N1** b\n");
    expect_failure(status_failed, "N1 is listed twice", [&] { parse_behaviours(page); });
}

// The page as it is: each chapter is numbered from 1 without a gap.
TEST(Behaviours, ThePageIsWhole) {
    std::ifstream page(std::string(config::source_root) + "/docs/behaviours.md");
    std::map<char, int> last;
    for (const auto& item : parse_behaviours(page)) {
        EXPECT_EQ(std::stoi(item.number.substr(1)), ++last[item.number[0]]) << item.number;
        EXPECT_TRUE(item.text.ends_with('.')) << item.number;
    }
    EXPECT_EQ(last, (std::map<char, int>{{'N', 16}, {'U', 13}, {'A', 17}, {'S', 11}, {'K', 6}}));
}

TEST(Behaviours, Selection) {
    EXPECT_TRUE(is_selected("N6", {}));
    EXPECT_TRUE(is_selected("N6", {"A", "N"}));
    EXPECT_TRUE(is_selected("N6", {"N6"}));
    EXPECT_FALSE(is_selected("N16", {"N1", "N6", "A"}));
}

const auto tests = parse_tests(nlohmann::json::parse(R"([
    {"name": "uret-returns", "suite": ["ouros:isa", "ouros:N1", "ouros:N6"]},
    {"name": "sret-looks-again", "suite": ["ouros:isa", "ouros:N6"]},
    {"name": "no-behaviour", "suite": ["ouros:unit"]}])"));

TEST(Behaviours, TestsAreParsed) {
    ASSERT_EQ(tests.size(), 3u);
    EXPECT_EQ(tests[0].title, "isa/uret-returns");
    EXPECT_EQ(tests[0].log_name, "ouros:isa+N1+N6 / uret-returns");
    EXPECT_EQ(tests[2].log_name, "ouros:unit / no-behaviour");
}

std::string line(const std::string& number, const std::string& log) {
    std::istringstream stream(log);
    return judge({number, ""}, tests, parse_results(stream)).line;
}

TEST(Behaviours, Verdicts) {
    const std::string returns = R"({"name": "ouros:isa+N1+N6 / uret-returns", "result": )";
    const std::string again = R"({"name": "ouros:isa+N6 / sret-looks-again", "result": )";
    EXPECT_EQ(line("N2", ""), "N2 no test yet");
    EXPECT_EQ(line("N1", returns + "\"OK\"}\n"), "N1 pass isa/uret-returns");
    EXPECT_EQ(line("N1", returns + "\"TIMEOUT\"}\n"), "N1 fail isa/uret-returns");
    EXPECT_EQ(line("N1", returns + "\"SKIP\"}\n"), "N1 not run isa/uret-returns");
    EXPECT_EQ(line("N1", ""), "N1 not run isa/uret-returns");
    EXPECT_EQ(line("N6", returns + "\"OK\"}\n" + again + "\"OK\"}\n"),
              "N6 pass isa/uret-returns, isa/sret-looks-again");
    EXPECT_EQ(line("N6", returns + "\"OK\"}\n" + again + "\"FAIL\"}\n"),
              "N6 fail isa/sret-looks-again");
    // A log that was cut.
    EXPECT_EQ(line("N6", returns + "\"OK\"}\n" + again), "N6 pass isa/uret-returns");
}

} // namespace
} // namespace ouros

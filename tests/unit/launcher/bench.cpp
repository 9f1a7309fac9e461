// SPDX-License-Identifier: BSD-2-Clause
#include "bench.h"

#include "config.h"
#include "expect_failure.h"

#include <fstream>
#include <gtest/gtest.h>
#include <set>

namespace ouros {
namespace {

TEST(Bench, FiguresAreParsed) {
    const auto figures = parse_figures("hello\n"
                                       "call.null\tinstructions\t148\n"
                                       "nop.batch32\tinstructions\t39.5\n"
                                       "too\tfew\n"
                                       "not\ta\tnumber\n"
                                       "half\tinstructions\t12x\n"
                                       "far\tinstructions\tinf\n"
                                       "\tinstructions\t1\n"
                                       "last\tinstructions\t0");
    ASSERT_EQ(figures.size(), 3u);
    EXPECT_EQ(figures[0].id, "call.null");
    EXPECT_EQ(figures[0].unit, "instructions");
    EXPECT_EQ(figures[1].value, 39.5);
    EXPECT_EQ(figures[2].id, "last");
}

TEST(Bench, NoFigureComesTwice) {
    expect_failure(status_failed, "a twice", [] { parse_figures("a\tx\t1\na\tx\t2\n"); });
}

const auto targets = nlohmann::json::parse(R"({"rows": [
    {"id": "a", "what": "first", "reach": 10, "dream": 5, "leaves_out": "the trap"},
    {"id": "b", "what": "second thing"},
    {"id": "c", "what": "between harts", "harts": [2, 4]}]})");
const auto linux_figures = nlohmann::json::parse(R"({"rows": {
    "a": {"debian": 30, "lean": 20.25},
    "c": {"2_harts": {"debian": 7, "lean": 6}}}})");

TEST(Bench, RowsJoinFiguresByName) {
    const auto rows =
        make_rows(targets, linux_figures, 1, {{"b", "instructions", 2}, {"new", "instructions", 3}},
                  {{"b", "instructions", 4}});
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].debian, 30);
    EXPECT_EQ(rows[0].ouros, std::nullopt);
    EXPECT_EQ(rows[1].ouros, 2);
    EXPECT_EQ(rows[1].late, 4);
    EXPECT_EQ(rows[2].late, std::nullopt);
    EXPECT_EQ(rows[1].lean, std::nullopt);
    EXPECT_EQ(rows[2].id, "new");
    EXPECT_EQ(rows[2].ouros, 3);
}

TEST(Bench, RowsBelongToMachines) {
    const auto two = make_rows(targets, linux_figures, 2, {{"c", "instructions", 5}}, {});
    ASSERT_EQ(two.size(), 1u);
    EXPECT_EQ(two[0].harts, 2u);
    EXPECT_EQ(two[0].lean, 6);
    EXPECT_EQ(two[0].ouros, 5);
    const auto four = make_rows(targets, linux_figures, 4, {{"c", "instructions", 5}}, {});
    ASSERT_EQ(four.size(), 1u);
    EXPECT_EQ(four[0].lean, std::nullopt);
}

TEST(Bench, UnitsAreNotMixed) {
    expect_failure(status_failed, "a is in cycles", [] {
        make_rows(targets, linux_figures, 1, {}, {{"a", "cycles", 2}});
    });
}

TEST(Bench, TableSaysWhatIsLeftOut) {
    const auto rows = make_rows(targets, linux_figures, 1, {{"a", "instructions", 9.96}},
                                {{"a", "instructions", 9.96}, {"b", "instructions", 7}});
    // A figure that the latency does not change is printed once.
    EXPECT_EQ(table(rows),
              "guest instructions, 1 hart    Debian     lean    Ouros     late    reach    dream\n"
              "first                   [1]       30     20.3       10                10        5\n"
              "second thing                                                  7\n"
              "\n"
              "Work of the hardware that is in no count:\n"
              " [1] the trap\n");
}

TEST(Bench, ReportIsTheSameEveryTime) {
    const auto rows = make_rows(targets, linux_figures, 1, {{"a", "instructions", 9}}, {});
    const auto json = report(rows, 10'000);
    EXPECT_EQ(json.dump(), report(rows, 10'000).dump());
    EXPECT_EQ(json["late_latency_ns"], 10'000);
    EXPECT_EQ(json["rows"][0]["ouros"], 9);
    EXPECT_TRUE(json["rows"][1]["ouros"].is_null());
}

// The files as they are: every figure of Linux belongs to a row.
TEST(Bench, FilesAgree) {
    const auto read = [](const std::string& name) {
        std::ifstream file(std::string(config::source_root) + "/docs/figures/" + name);
        return nlohmann::json::parse(file);
    };
    const auto all_targets = read("targets.json"), all_linux = read("linux.json");
    std::set<std::string> ids;
    for (const unsigned harts : {1u, 2u, 4u}) {
        std::set<std::string> here;
        for (const auto& row : make_rows(all_targets, all_linux, harts, {}, {})) {
            EXPECT_TRUE(here.insert(row.id).second) << row.id;
            EXPECT_LE(row.dream.value_or(0), row.reach.value_or(1e9)) << row.id;
        }
        ids.merge(here);
    }
    for (const auto& [id, figure] : all_linux.at("rows").items()) {
        EXPECT_TRUE(ids.contains(id)) << id;
        if (figure.contains("lean")) {
            EXPECT_LE(figure.at("lean"), figure.at("debian")) << id;
        }
        for (const char* harts : {"2_harts", "4_harts"}) {
            if (figure.contains(harts)) {
                EXPECT_LE(figure.at(harts).at("lean"), figure.at(harts).at("debian")) << id;
            }
        }
    }
}

} // namespace
} // namespace ouros

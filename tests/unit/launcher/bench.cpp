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
                                       "R\tcall.null.min\tinsn\t147\n"
                                       "R\tcall.null.med\tinsn\t148.50\n"
                                       "not\ta\tfigure\n"
                                       "R\tcall.null.max\tinsn\t150");
    ASSERT_EQ(figures.size(), 1u);
    const Figure& figure = figures.at("call.null");
    EXPECT_EQ(figure.min, 147);
    EXPECT_EQ(figure.median, 148.5);
    EXPECT_EQ(figure.max, 150);
}

TEST(Bench, WrongFiguresAreNamed) {
    const auto expect = [](const std::string& part, const std::string& output) {
        expect_failure(status_failed, part, [&] { parse_figures(output); });
    };
    expect("a.min comes twice", "R\ta.min\tinsn\t1\nR\ta.min\tinsn\t1\n");
    expect("a.med is missing", "R\ta.min\tinsn\t1\nR\ta.max\tinsn\t1\n");
    expect("a.min is in cycles", "R\ta.min\tcycles\t1\n");
    expect("a.min is no number", "R\ta.min\tinsn\t1x\n");
    expect("a.min is no number", "R\ta.min\tinsn\tnan\n");
}

const auto targets = nlohmann::json::parse(R"({"rows": [
    {"id": "a", "what": "first", "reach": 10, "dream": 5, "leaves_out": "the trap"},
    {"id": "b", "what": "second thing"},
    {"id": "c", "what": "sum", "figures": ["c.1", "c.2"]}]})");
const auto linux_figures =
    nlohmann::json::parse(R"({"rows": {"a": {"debian": 30, "lean": 20.25}}})");

TEST(Bench, RowsJoinFiguresByName) {
    const auto rows =
        make_rows(targets, linux_figures,
                  {{"b", {1, 2, 3}}, {"new", {4, 4, 4}}, {"c.1", {1, 1, 1}}, {"c.2", {2, 2.5, 9}}});
    ASSERT_EQ(rows.size(), 4u);
    EXPECT_EQ(rows[0].debian, 30);
    EXPECT_FALSE(rows[0].ouros);
    EXPECT_EQ(rows[1].ouros->median, 2);
    EXPECT_EQ(rows[1].lean, std::nullopt);
    EXPECT_EQ(rows[2].ouros->median, 3.5);
    EXPECT_EQ(rows[2].ouros->max, 10);
    EXPECT_EQ(rows[3].id, "new");
    EXPECT_FALSE(make_rows(targets, linux_figures, {{"c.1", {1, 1, 1}}})[2].ouros);
}

TEST(Bench, TableSaysWhatIsLeftOut) {
    const auto rows = make_rows(targets, linux_figures, {{"a", {9, 9.96, 11}}});
    EXPECT_EQ(table(rows), "guest instructions   Debian     lean    Ouros    reach    dream\n"
                           "first         [1]       30     20.3       10       10        5\n"
                           "second thing\n"
                           "sum\n"
                           "\n"
                           "Work of the hardware that is in no count:\n"
                           " [1] the trap\n");
}

TEST(Bench, ReportIsTheSameEveryTime) {
    const auto rows = make_rows(targets, linux_figures, {{"a", {8, 9, 9}}});
    const auto json = report(rows, 10'000);
    EXPECT_EQ(json.dump(), report(rows, 10'000).dump());
    EXPECT_EQ(json["completion_latency_ns"], 10'000);
    EXPECT_EQ(json["rows"][0]["ouros"]["median"], 9);
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
    for (const auto& row : make_rows(all_targets, all_linux, {})) {
        EXPECT_TRUE(ids.insert(row.id).second) << row.id;
        EXPECT_LE(row.dream.value_or(0), row.reach.value_or(1e9)) << row.id;
    }
    for (const auto& [id, figure] : all_linux.at("rows").items()) {
        EXPECT_TRUE(ids.contains(id)) << id;
        EXPECT_LE(figure.at("lean"), figure.at("debian")) << id;
    }
}

} // namespace
} // namespace ouros

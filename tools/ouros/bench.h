// SPDX-License-Identifier: BSD-2-Clause
//
// Figures: what the guest's benchmark measured, beside Linux's and what is aimed at.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ouros {

// Over all iterations of one measurement.
struct Figure {
    double min = 0, median = 0, max = 0;
};

// By name. The benchmark prints a line "R <tab> NAME.min|med|max <tab> insn <tab> VALUE" for each
// number; other lines are not figures. Throws Failure for another unit, and for a number that
// comes twice or not at all.
std::map<std::string, Figure> parse_figures(std::string_view output);

struct Row {
    std::string id;
    std::string what;
    std::optional<double> debian, lean;
    std::optional<Figure> ouros;
    std::optional<double> reach, dream;
    std::string leaves_out; // work of the hardware that an instruction count does not see
};

// The rows of docs/figures/targets.json with Linux's columns of docs/figures/linux.json. A row is
// the figure of its name, or the sum of those it lists. Figures in no row come at the end.
std::vector<Row> make_rows(const nlohmann::json& targets, const nlohmann::json& linux_figures,
                           const std::map<std::string, Figure>& figures);

// As a person reads it.
std::string table(const std::vector<Row>& rows);

// As a program reads it.
nlohmann::ordered_json report(const std::vector<Row>& rows, uint64_t latency_ns);

} // namespace ouros

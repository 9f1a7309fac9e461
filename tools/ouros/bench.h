// SPDX-License-Identifier: BSD-2-Clause
//
// Figures: what the guest's benchmark measured, beside Linux's and what is aimed at.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ouros {

struct Figure {
    std::string id; // "nop.batch32"
    std::string unit;
    double value;
};

// The lines "ID <tab> UNIT <tab> VALUE" of the benchmark's output; others are not figures. Throws
// Failure when an id comes twice.
std::vector<Figure> parse_figures(std::string_view output);

struct Row {
    std::string id;
    unsigned harts; // of the machine
    std::string what;
    std::optional<double> debian, lean;
    std::optional<double> ouros; // completions come at once
    std::optional<double> late;  // completions come after a modelled latency
    std::optional<double> reach, dream;
    std::string leaves_out; // work of the hardware that an instruction count does not see
};

// The rows of docs/figures/targets.json for a machine with that many harts, with Linux's columns of
// docs/figures/linux.json, and at the end the figures that neither knows. Throws Failure for a
// figure in another unit.
std::vector<Row> make_rows(const nlohmann::json& targets, const nlohmann::json& linux_figures,
                           unsigned harts, const std::vector<Figure>& figures,
                           const std::vector<Figure>& late_figures);

// As a person reads it: a section for each number of harts.
std::string table(const std::vector<Row>& rows);

// As a program reads it.
nlohmann::ordered_json report(const std::vector<Row>& rows, uint64_t late_latency_ns);

} // namespace ouros

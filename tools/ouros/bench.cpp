// SPDX-License-Identifier: BSD-2-Clause
#include "bench.h"

#include "failure.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <set>

namespace ouros {
namespace {

constexpr std::string_view unit = "instructions";
constexpr size_t mark_width = 5; // " [12]", which says what a row leaves out

std::optional<double> number(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null())
        return std::nullopt;
    return found->get<double>();
}

// "harts": the machines on which a row is measured; one hart unless said.
bool is_measured_on(const nlohmann::json& target, unsigned harts) {
    const auto found = target.find("harts");
    if (found == target.end())
        return harts == 1;
    return std::find(found->begin(), found->end(), harts) != found->end();
}

// Counts per operation of a batch are fractions: one digit says enough.
std::string cell(const std::optional<double>& value) {
    if (!value)
        return "";
    const double tenths = std::round(*value * 10) / 10;
    return tenths == std::floor(tenths) ? fmt::format("{:.0f}", tenths)
                                        : fmt::format("{:.1f}", tenths);
}

std::string heading(unsigned harts) {
    return fmt::format("guest instructions, {} hart{}", harts, harts == 1 ? "" : "s");
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == text.npos)
            return parts;
        text.remove_prefix(end + 1);
    }
}

} // namespace

std::vector<Figure> parse_figures(std::string_view output) {
    std::vector<Figure> figures;
    std::set<std::string_view> seen;
    for (const std::string_view line : split(output, '\n')) {
        const auto fields = split(line, '\t');
        double value = 0;
        if (fields.size() != 3 || fields[0].empty())
            continue;
        const char* end = fields[2].data() + fields[2].size();
        const auto parsed = std::from_chars(fields[2].data(), end, value);
        if (parsed.ec != std::errc{} || parsed.ptr != end || !std::isfinite(value))
            continue;
        if (!seen.insert(fields[0]).second)
            throw Failure(status_failed, fmt::format("the benchmark gives {} twice", fields[0]));
        figures.push_back({std::string(fields[0]), std::string(fields[1]), value});
    }
    return figures;
}

std::vector<Row> make_rows(const nlohmann::json& targets, const nlohmann::json& linux_figures,
                           unsigned harts, const std::vector<Figure>& figures,
                           const std::vector<Figure>& late_figures) {
    const std::string linux_key = fmt::format("{}_harts", harts);
    std::vector<Row> rows;
    for (const auto& target : targets.at("rows")) {
        if (!is_measured_on(target, harts))
            continue;
        Row row;
        row.id = target.at("id");
        row.harts = harts;
        row.what = target.at("what");
        row.reach = number(target, "reach");
        row.dream = number(target, "dream");
        row.leaves_out = target.value("leaves_out", "");
        const auto& known = linux_figures.at("rows");
        if (const auto found = known.find(row.id); found != known.end()) {
            // One hart's figures are the row's own, others' have a key.
            const auto there = harts == 1 ? found : found->find(linux_key);
            if (harts == 1 || there != found->end()) {
                row.debian = number(*there, "debian");
                row.lean = number(*there, "lean");
            }
        }
        rows.push_back(std::move(row));
    }
    const auto fill = [&rows, harts](const std::vector<Figure>& column,
                                     std::optional<double> Row::*cell) {
        for (const auto& figure : column) {
            if (figure.unit != unit)
                throw Failure(status_failed,
                              fmt::format("{} is in {}, not in {}", figure.id, figure.unit, unit));
            auto found = std::find_if(rows.begin(), rows.end(),
                                      [&](const Row& row) { return row.id == figure.id; });
            if (found == rows.end()) {
                found = rows.emplace(rows.end());
                found->id = found->what = figure.id;
                found->harts = harts;
            }
            (*found).*cell = figure.value;
        }
    };
    fill(figures, &Row::ouros);
    fill(late_figures, &Row::late);
    return rows;
}

std::string table(const std::vector<Row>& rows) {
    size_t width = 0;
    for (const auto& row : rows)
        width = std::max(width, row.what.size());
    width = std::max(width, heading(4).size() - mark_width);
    std::string text, notes;
    std::map<std::string, int> numbers; // of notes; rows may share one
    unsigned harts = 0;
    for (const auto& row : rows) {
        if (row.harts != harts) {
            harts = row.harts;
            text += fmt::format("{}{:{}} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n",
                                text.empty() ? "" : "\n", heading(harts), width + mark_width,
                                "Debian", "lean", "Ouros", "late", "reach", "dream");
        }
        std::string mark;
        if (!row.leaves_out.empty()) {
            const int next = static_cast<int>(numbers.size()) + 1;
            const auto [found, is_new] = numbers.emplace(row.leaves_out, next);
            mark = fmt::format("[{}]", found->second);
            if (is_new)
                notes += fmt::format("{:>4} {}\n", mark, row.leaves_out);
        }
        std::string line = fmt::format("{:{}} {:>4} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}", row.what,
                                       width, mark, cell(row.debian), cell(row.lean),
                                       cell(row.ouros), row.late == row.ouros ? "" : cell(row.late),
                                       cell(row.reach), cell(row.dream));
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    if (!notes.empty())
        text += "\nWork of the hardware that is in no count:\n" + notes;
    return text;
}

nlohmann::ordered_json report(const std::vector<Row>& rows, uint64_t late_latency_ns) {
    const auto value = [](const std::optional<double>& figure) {
        return figure ? nlohmann::ordered_json(*figure) : nlohmann::ordered_json();
    };
    auto list = nlohmann::ordered_json::array();
    for (const auto& row : rows)
        list.push_back({{"id", row.id},
                        {"harts", row.harts},
                        {"what", row.what},
                        {"linux_debian", value(row.debian)},
                        {"linux_lean", value(row.lean)},
                        {"ouros", value(row.ouros)},
                        {"ouros_late", value(row.late)},
                        {"reach", value(row.reach)},
                        {"dream", value(row.dream)},
                        {"leaves_out", row.leaves_out}});
    return {{"unit", unit},
            {"machine", "icount shift=0,sleep=off"},
            {"late_latency_ns", late_latency_ns},
            {"rows", list}};
}

} // namespace ouros

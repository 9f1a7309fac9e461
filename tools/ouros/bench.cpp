// SPDX-License-Identifier: BSD-2-Clause
#include "bench.h"

#include "failure.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <set>

namespace ouros {
namespace {

constexpr std::string_view unit = "insn"; // instructions retired

std::optional<double> number(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null())
        return std::nullopt;
    return found->get<double>();
}

// Counts per operation of a batch are fractions: one digit says enough.
std::string cell(const std::optional<double>& value) {
    if (!value)
        return "";
    const double tenths = std::round(*value * 10) / 10;
    return tenths == std::floor(tenths) ? fmt::format("{:.0f}", tenths)
                                        : fmt::format("{:.1f}", tenths);
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

std::map<std::string, Figure> parse_figures(std::string_view output) {
    std::map<std::string, double> numbers;
    std::set<std::string> names;
    for (const std::string_view line : split(output, '\n')) {
        const auto fields = split(line, '\t');
        if (fields.size() != 4 || fields[0] != "R")
            continue;
        const std::string name(fields[1]);
        double value = 0;
        const char* end = fields[3].data() + fields[3].size();
        const auto parsed = std::from_chars(fields[3].data(), end, value);
        if (parsed.ec != std::errc{} || parsed.ptr != end || !std::isfinite(value))
            throw Failure(status_failed, fmt::format("{} is no number", name));
        if (fields[2] != unit)
            throw Failure(status_failed,
                          fmt::format("{} is in {}, not in {}", name, fields[2], unit));
        if (!numbers.emplace(name, value).second)
            throw Failure(status_failed, fmt::format("{} comes twice", name));
        names.insert(name.substr(0, name.rfind('.')));
    }
    const auto number_of = [&](const std::string& name) {
        const auto found = numbers.find(name);
        if (found == numbers.end())
            throw Failure(status_failed, fmt::format("{} is missing", name));
        return found->second;
    };
    std::map<std::string, Figure> figures;
    for (const auto& name : names)
        figures[name] = {number_of(name + ".min"), number_of(name + ".med"),
                         number_of(name + ".max")};
    return figures;
}

std::vector<Row> make_rows(const nlohmann::json& targets, const nlohmann::json& linux_figures,
                           const std::map<std::string, Figure>& figures) {
    std::vector<Row> rows;
    std::set<std::string> used;
    for (const auto& target : targets.at("rows")) {
        Row row;
        row.id = target.at("id");
        row.what = target.at("what");
        row.reach = number(target, "reach");
        row.dream = number(target, "dream");
        row.leaves_out = target.value("leaves_out", "");
        const auto& known = linux_figures.at("rows");
        if (const auto found = known.find(row.id); found != known.end()) {
            row.debian = number(*found, "debian");
            row.lean = number(*found, "lean");
        }
        row.ouros = Figure{};
        for (const auto& name : target.value("figures", std::vector<std::string>{row.id})) {
            used.insert(name);
            const auto found = figures.find(name);
            if (found == figures.end()) {
                row.ouros.reset();
                break;
            }
            row.ouros->min += found->second.min;
            row.ouros->median += found->second.median;
            row.ouros->max += found->second.max;
        }
        rows.push_back(std::move(row));
    }
    for (const auto& [name, figure] : figures)
        if (!used.contains(name))
            rows.push_back({name, name, {}, {}, figure, {}, {}, ""});
    return rows;
}

std::string table(const std::vector<Row>& rows) {
    size_t width = 0;
    for (const auto& row : rows)
        width = std::max(width, row.what.size());
    std::string text = fmt::format("{:{}} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "guest instructions",
                                   width + 5, "Debian", "lean", "Ouros", "reach", "dream");
    std::string notes;
    int note = 0;
    for (const auto& row : rows) {
        std::string mark;
        if (!row.leaves_out.empty()) {
            mark = fmt::format("[{}]", ++note);
            notes += fmt::format("{:>4} {}\n", mark, row.leaves_out);
        }
        std::string line = fmt::format(
            "{:{}} {:>4} {:>8} {:>8} {:>8} {:>8} {:>8}", row.what, width, mark, cell(row.debian),
            cell(row.lean), cell(row.ouros ? std::optional(row.ouros->median) : std::nullopt),
            cell(row.reach), cell(row.dream));
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    if (!notes.empty())
        text += "\nWork of the hardware that is in no count:\n" + notes;
    return text;
}

nlohmann::ordered_json report(const std::vector<Row>& rows, uint64_t latency_ns) {
    const auto value = [](const std::optional<double>& figure) {
        return figure ? nlohmann::ordered_json(*figure) : nlohmann::ordered_json();
    };
    auto list = nlohmann::ordered_json::array();
    for (const auto& row : rows)
        list.push_back({{"id", row.id},
                        {"what", row.what},
                        {"linux_debian", value(row.debian)},
                        {"linux_lean", value(row.lean)},
                        {"ouros", row.ouros ? nlohmann::ordered_json{{"min", row.ouros->min},
                                                                     {"median", row.ouros->median},
                                                                     {"max", row.ouros->max}}
                                            : nlohmann::ordered_json()},
                        {"reach", value(row.reach)},
                        {"dream", value(row.dream)},
                        {"leaves_out", row.leaves_out}});
    return {{"unit", "guest instructions"},
            {"machine", "1 hart, icount shift=0,sleep=off"},
            {"completion_latency_ns", latency_ns},
            {"rows", list}};
}

} // namespace ouros

// SPDX-License-Identifier: BSD-2-Clause
#include "timeline.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>

namespace ouros {
namespace {

using nlohmann::json;

struct Result {
    json events;
    Timeline::Counts counts;

    // Those with these members.
    std::vector<json> with(const json& members) const {
        std::vector<json> found;
        for (const json& event : events) {
            bool same = true;
            for (const auto& [key, value] : members.items())
                same = same && event.contains(key) && event[key] == value;
            if (same)
                found.push_back(event);
        }
        return found;
    }
};

Result timeline(std::initializer_list<const char*> lines) {
    std::ostringstream out;
    Timeline made(out);
    for (const char* line : lines)
        made.line(line);
    made.end();
    return {json::parse(out.str())["traceEvents"], made.counts()};
}

constexpr const char* runs_thread_7 =
    "riscv_timeline_mark hart 0 ns 100 code 16 value 0x300000007"; // process 3
constexpr const char* goes_to_user = "riscv_timeline_mode hart 0 ns 110 from 1 to 0";

TEST(Timeline, OneRequestIsFollowedFromCoroutineToCoroutine) {
    const Result r = timeline(
        {"riscv_timeline_mode hart 0 ns 50 from 3 to 1", runs_thread_7, goes_to_user,
         "riscv_timeline_mark hart 0 ns 200 code 1 value 0xabc0",
         "riscv_timeline_mark hart 0 ns 201 code 2 value 0xf000", "asyscall_doorbell ns 210 qp 2",
         "asyscall_accept ns 211 qp 2 user_data 0xabc0 token 0x50 opcode 22 fd 5",
         "asyscall_complete ns 1211 qp 2 user_data 0xabc0 token 0x50 result 4096",
         "asyscall_notify ns 1212 qp 2 [0x1000] <- 0x1 result 0",
         "riscv_timeline_trap hart 0 ns 1213 async 1 cause 0",
         "riscv_timeline_user_trap hart 0 ns 1213", "riscv_timeline_uret hart 0 ns 1300",
         "riscv_timeline_mark hart 0 ns 1350 code 3 value 0xabc0",
         "riscv_timeline_mode hart 0 ns 1400 from 0 to 1"});
    EXPECT_EQ(r.counts.requests, 1u);
    EXPECT_EQ(r.counts.completed, 1u);
    EXPECT_EQ(r.counts.followed, 1u);

    std::string phases;
    double before = 0;
    for (const json& step : r.with({{"cat", "request"}, {"name", "request"}})) {
        phases += step["ph"].get<std::string>();
        EXPECT_GE(step["ts"], before);
        before = step["ts"];
    }
    EXPECT_EQ(phases, "sttf");
    const auto wait = r.with({{"cat", "coroutine"}, {"ph", "b"}});
    ASSERT_EQ(wait.size(), 1u);
    EXPECT_EQ(wait[0]["name"], "read");
    EXPECT_EQ(wait[0]["id"], "0xf000");
    EXPECT_EQ(wait[0]["ts"], 0.2);
    EXPECT_EQ(r.with({{"cat", "coroutine"}, {"ph", "e"}})[0]["ts"], 1.35);
    EXPECT_EQ(r.with({{"name", "complete read"}})[0]["args"]["result"], 4096);

    // The same thread: program, its handler, program again.
    std::vector<std::string> slices;
    for (const json& event : r.with({{"ph", "X"}, {"pid", 1003}, {"tid", 7}}))
        slices.push_back(event["name"]);
    EXPECT_EQ(slices,
              (std::vector<std::string>{"program", "handler: user software interrupt", "program"}));
}

TEST(Timeline, EqualAddressesOfTwoProcessesAreToldApart) {
    const char* submit_3[] = {"riscv_timeline_mark hart 0 ns 1 code 1 value 0x10",
                              "riscv_timeline_mark hart 0 ns 2 code 2 value 0x20"};
    const Result r =
        timeline({"riscv_timeline_mark hart 0 ns 0 code 16 value 0x300000003", submit_3[0],
                  submit_3[1], "asyscall_accept ns 3 qp 1 user_data 0x10 token 0x1 opcode 0 fd -1",
                  "riscv_timeline_mark hart 1 ns 4 code 16 value 0x400000004",
                  "riscv_timeline_mark hart 1 ns 5 code 1 value 0x10",
                  "riscv_timeline_mark hart 1 ns 6 code 2 value 0x20",
                  "asyscall_accept ns 7 qp 2 user_data 0x10 token 0x2 opcode 22 fd 3",
                  "asyscall_complete ns 8 qp 2 user_data 0x10 token 0x2 result -5",
                  "riscv_timeline_mark hart 1 ns 9 code 3 value 0x10"});
    const auto wait = r.with({{"cat", "coroutine"}, {"ph", "b"}});
    ASSERT_EQ(wait.size(), 1u);
    EXPECT_EQ(wait[0]["pid"], 1004);
    EXPECT_EQ(wait[0]["name"], "read");
    EXPECT_EQ(r.with({{"name", "complete read"}})[0]["args"]["result"], -5);
    EXPECT_EQ(r.counts.requests, 2u);
    EXPECT_EQ(r.counts.completed, 1u);
    EXPECT_EQ(r.counts.followed, 1u);
}

TEST(Timeline, ProgramsWithoutMarksShowRequestsAlone) {
    const Result r = timeline({"asyscall_accept ns 3 qp 1 user_data 0x10 token 0x9 opcode 99 fd -1",
                               "asyscall_complete ns 8 qp 1 user_data 0x10 token 0x9 result -22"});
    EXPECT_EQ(r.with({{"cat", "request"}, {"ph", "s"}}).size(), 1u);
    EXPECT_EQ(r.with({{"cat", "request"}, {"ph", "f"}}).size(), 1u);
    EXPECT_EQ(r.with({{"name", "accept opcode 99"}}).size(), 1u);
    EXPECT_EQ(r.counts.followed, 0u);
}

TEST(Timeline, ProcessesHaveTheNamesThatTheKernelGivesThem) {
    const Result r = timeline({"riscv_timeline_mark hart 0 ns 1 code 17 value 0x5",
                               "riscv_timeline_mark hart 0 ns 2 code 18 value 0x64636261ff",
                               "riscv_timeline_mark hart 0 ns 3 code 19 value 0x0"});
    EXPECT_EQ(r.with({{"ph", "M"}, {"name", "process_name"}, {"pid", 1005}}).size(), 1u);
}

TEST(Timeline, OtherLinesAndBrokenOnesChangeNothing) {
    const Result nothing = timeline({});
    const Result r = timeline({"", " ", "qemu: something", "riscv_timeline_mode",
                               "riscv_timeline_mode hart 0 ns", "asyscall_accept qp 3",
                               "asyscall_complete ns 5 qp 1 user_data 0x1 token 0x7 result 0",
                               "riscv_timeline_mark hart 0 ns 7 code 3 value 0x10",
                               "riscv_timeline_mark hart 0 ns 7 code 999 value 0x10"});
    EXPECT_EQ(r.with({{"cat", "request"}}).size(), 0u);
    EXPECT_EQ(r.with({{"cat", "coroutine"}}).size(), 0u);
    EXPECT_EQ(nothing.with({{"ph", "X"}}).size(), 0u);
}

} // namespace
} // namespace ouros

// SPDX-License-Identifier: BSD-2-Clause
#include "opcodes.h"

#include "expect_failure.h"

#include <sstream>

namespace ouros {
namespace {

OpcodeTable table(const std::string& text) {
    std::istringstream page(text);
    return OpcodeTable(page);
}

std::string source(const std::string& file) {
    return file == "a.c" ? "{ \"READ\", IORING_OP_WRITE }" : "";
}

void check(const std::string& text) {
    table(text).check({"READ", "WRITE"}, {"t"}, source);
}

TEST(Opcodes, CellsAreFound) {
    const OpcodeTable t = table("# so\nREAD ok t: READ\nREAD ok u: more\n"
                                "READ timed-out - it never waits\n* reset t: all\n");
    ASSERT_EQ(t.tests_of("READ", "ok").size(), 2u);
    EXPECT_EQ(t.tests_of("READ", "ok")[1].test, "u");
    EXPECT_EQ(t.tests_of("READ", "ok")[1].part, "more");
    EXPECT_EQ(t.tests_of("READ", "timed-out")[0].test, "");
    EXPECT_EQ(t.tests_of("WRITE", "reset")[0].part, "all");
    EXPECT_TRUE(t.tests_of("WRITE", "ok").empty());
}

TEST(Opcodes, NothingIsClaimedThatIsNotThere) {
    check("source t a.c\nREAD ok t: READ\n");
    expect_failure(status_failed, "no such opcode",
                   [] { check("source t a.c\nRAED ok t: READ\n"); });
    expect_failure(status_failed, "no such outcome", [] { check("READ okay t: READ\n"); });
    expect_failure(status_failed, "there is no test u",
                   [] { check("source u a.c\nREAD ok u: READ\n"); });
    expect_failure(status_failed, "there is no \"WRITE\" in a.c",
                   [] { check("source t a.c\nREAD ok t: WRITE\n"); });
    expect_failure(status_failed, "where its source is", [] { check("READ ok t: READ\n"); });
    expect_failure(status_failed, "neither", [] { check("READ ok t\n"); });
}

} // namespace
} // namespace ouros

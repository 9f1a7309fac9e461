// SPDX-License-Identifier: BSD-2-Clause
#include "options.h"

#include "expect_failure.h"
#include "run.h"

#include <gtest/gtest.h>

namespace ouros {
namespace {

using Strings = std::vector<std::string>;

RunOptions parse_run(const Strings& arguments) {
    return std::get<RunOptions>(parse_command_line(arguments));
}

void expect_usage(const std::string& part, const Strings& arguments) {
    expect_failure(status_usage, part, [&] { parse_command_line(arguments); });
}

TEST(Options, RunTakesAllOfThem) {
    const RunOptions run =
        parse_run({"run",        "--smp", "4",          "--icount",  "--memory",   "1G",
                   "--export",   "/tmp",  "--writable", "--latency", "250",        "--env",
                   "A=1",        "--env", "B=",         "--verbose", "--qemu-arg", "-d",
                   "--qemu-arg", "int",   "--",         "prog",      "arg"});
    EXPECT_EQ(run.machine.harts, 4u);
    EXPECT_TRUE(run.machine.icount);
    EXPECT_EQ(run.machine.memory, uint64_t{1} << 30);
    EXPECT_EQ(run.machine.export_directory, "/tmp");
    EXPECT_TRUE(run.machine.writable);
    EXPECT_EQ(run.machine.latency_ns, 250u);
    EXPECT_EQ(run.environment, (Strings{"A=1", "B="}));
    EXPECT_TRUE(run.verbose);
    EXPECT_EQ(run.machine.qemu_arguments, (Strings{"-d", "int"}));
    EXPECT_EQ(run.program, (Strings{"prog", "arg"}));
}

TEST(Options, ProgramArgumentsAreLeftAlone) {
    const Strings program = {"./p", "--smp", "9", "--", "", "[a,b]", "-h", "{}"};
    Strings arguments = {"run", "--"};
    arguments.insert(arguments.end(), program.begin(), program.end());
    EXPECT_EQ(parse_run(arguments).program, program);
}

TEST(Options, DashesMayBeLeftOut) {
    EXPECT_EQ(parse_run({"run", "--smp", "2", "./p", "-x", "--smp", "3"}).program,
              (Strings{"./p", "-x", "--smp", "3"}));
}

TEST(Options, WrongOnesAreNamed) {
    for (const char* harts : {"0", "9", "abc", "-1", "1.5", ""})
        expect_usage("--smp", {"run", "--smp", harts, "--", "p"});
    for (const char* size :
         {"", "abc", "1M", "31M", "-1", "0", "1T", "99999999999999999999", "65G"})
        expect_usage("--memory", {"run", "--memory", size, "--", "p"});
    for (const char* ns : {"fast", "-5", "1.5", ""})
        expect_usage("--latency", {"run", "--latency", ns, "--", "p"});
    expect_usage("--env", {"run", "--env", "NAME", "--", "p"});
    expect_usage("--env", {"run", "--env", "=value", "--", "p"});
    expect_usage("--writable", {"run", "--writable", "--", "p"});
    expect_usage("--readonly", {"run", "--export", "/", "--readonly", "--writable", "--", "p"});
    expect_usage("--fast", {"run", "--fast", "--", "p"});
    expect_usage("no PROGRAM", {"run"});
    expect_usage("no PROGRAM", {"run", "--"});
    expect_usage("q", {"run", "q", "--", "p"});
    expect_usage("fly", {"fly"});
    expect_usage("--help", {});
}

TEST(Options, MessagesAreOneLine) {
    try {
        parse_command_line({"run", "--smp", "abc", "--", "p"});
        FAIL();
    } catch (const Failure& failure) {
        EXPECT_EQ(std::string(failure.what()).find('\n'), std::string::npos) << failure.what();
    }
}

TEST(Options, IcountFixesTheLatency) {
    EXPECT_EQ(parse_run({"run", "--", "p"}).machine.latency_ns, std::nullopt);
    EXPECT_EQ(parse_run({"run", "--icount", "--", "p"}).machine.latency_ns, icount_latency_ns);
    EXPECT_EQ(parse_run({"run", "--icount", "--latency", "0", "--", "p"}).machine.latency_ns, 0u);
}

TEST(Options, HelpAndVersionAnswer) {
    const auto answer = [](const Strings& arguments) {
        return std::get<Answered>(parse_command_line(arguments)).text;
    };
    EXPECT_TRUE(answer({"--version"}).starts_with("ouros "));
    EXPECT_NE(answer({"--help"}).find("behaviours"), std::string::npos);
    EXPECT_NE(answer({"run", "--help"}).find("Examples:"), std::string::npos);
    EXPECT_NE(answer({"run", "--help"}).find("-- PROGRAM [ARG]..."), std::string::npos);
}

TEST(Options, BootTakesADirectory) {
    const auto directory = [](const Strings& arguments) {
        return std::get<BootOptions>(parse_command_line(arguments)).directory;
    };
    EXPECT_EQ(directory({"boot"}), "/usr/share/common-licenses");
    EXPECT_EQ(directory({"boot", "/etc"}), "/etc");
    EXPECT_EQ(directory({"boot", "--", "-odd"}), "-odd");
    const auto boot = [](const Strings& arguments) {
        return std::get<BootOptions>(parse_command_line(arguments)).run.machine;
    };
    EXPECT_TRUE(boot({"boot"}).icount);
    EXPECT_EQ(boot({"boot"}).latency_ns, icount_latency_ns);
    EXPECT_FALSE(boot({"boot", "--no-icount"}).icount);
}

TEST(Environment, AddedVariablesReplaceDefaults) {
    const Strings environment = guest_environment({"X=1", "HOME=/host", "X=2"});
    EXPECT_EQ(environment,
              (Strings{"PATH=/bin", "HOME=/host", "TERM=dumb", "LANG=C.UTF-8", "X=2"}));
}

} // namespace
} // namespace ouros

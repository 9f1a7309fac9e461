// SPDX-License-Identifier: BSD-2-Clause
#include "machine.h"

#include "expect_failure.h"
#include "temp_dir.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace ouros {
namespace {

// The value after `option` in the command line of a machine.
std::string value_of(const Machine& machine, const std::string& option) {
    const auto command = qemu_command(machine, {"qemu", "kernel", "bios"});
    const auto found = std::find(command.begin(), command.end(), option);
    return found == command.end() || found + 1 == command.end() ? "" : found[1];
}

bool has(const Machine& machine, const std::string& argument) {
    const auto command = qemu_command(machine, {"qemu", "kernel", "bios"});
    return std::find(command.begin(), command.end(), argument) != command.end();
}

TEST(Machine, MemorySizes) {
    EXPECT_EQ(parse_memory_size("256"), uint64_t{256} << 20);
    EXPECT_EQ(parse_memory_size("64M"), uint64_t{64} << 20);
    EXPECT_EQ(parse_memory_size("2g"), uint64_t{2} << 30);
    EXPECT_EQ(parse_memory_size("65536K"), uint64_t{64} << 20);
}

TEST(Machine, DeviceOptions) {
    Machine machine;
    EXPECT_EQ(value_of(machine, "-device"), "asyscall,console=console,console-error=console-error");
    machine.export_directory = "/";
    machine.latency_ns = 7;
    EXPECT_EQ(
        value_of(machine, "-device"),
        "asyscall,console=console,console-error=console-error,export=/,readonly=on,latency=7");
    machine.writable = true;
    EXPECT_NE(value_of(machine, "-device").find("readonly=off"), std::string::npos);
}

TEST(Machine, CommasInNamesAreDoubled) {
    TempDir folder;
    Machine machine;
    machine.export_directory = folder.path() + "/a,b";
    std::filesystem::create_directory(machine.export_directory);
    EXPECT_NE(value_of(machine, "-device").find("/a,,b,readonly"), std::string::npos);
}

TEST(Machine, IcountMakesEverythingVirtual) {
    Machine machine;
    EXPECT_EQ(value_of(machine, "-accel"), "tcg");
    EXPECT_FALSE(has(machine, "-icount"));
    machine.icount = true;
    EXPECT_EQ(value_of(machine, "-accel"), "tcg,thread=single");
    EXPECT_EQ(value_of(machine, "-icount"), "shift=0,sleep=off");
    EXPECT_EQ(value_of(machine, "-rtc"), "base=2025-01-01T00:00:00,clock=vm");
    EXPECT_EQ(value_of(machine, "-seed"), "1");
}

TEST(Machine, UserArgumentsComeLast) {
    Machine machine;
    machine.qemu_arguments = {"-d", "int"};
    const auto command = qemu_command(machine, {"qemu", "kernel", "bios"});
    EXPECT_EQ(std::vector(command.end() - 2, command.end()), machine.qemu_arguments);
}

class Check : public ::testing::Test {
  protected:
    Check() {
        for (const char* name : {"qemu", "kernel", "bios"})
            std::ofstream(path(name)) << name;
        std::filesystem::permissions(path("qemu"), std::filesystem::perms::owner_all);
    }
    std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
    void check(uint64_t program_size = 1000) {
        check_machine(machine, {path("qemu"), path("kernel"), path("bios")}, program_size);
    }

    Machine machine;

  private:
    TempDir folder_;
};

TEST_F(Check, Passes) {
    machine.export_directory = "/";
    check();
}

TEST_F(Check, MissingFilesAreNamed) {
    for (const char* name : {"bios", "kernel", "qemu"}) { // the reverse of the order checked
        std::filesystem::remove(path(name));
        expect_failure(status_failed, path(name), [&] { check(); });
    }
}

TEST_F(Check, ExportMustBeAReadableDirectory) {
    machine.export_directory = path("none");
    expect_failure(status_usage, "No such file", [&] { check(); });
    machine.export_directory = path("kernel");
    expect_failure(status_usage, "not a directory", [&] { check(); });
    if (::geteuid() != 0) {
        machine.export_directory = path("secret");
        std::filesystem::create_directory(machine.export_directory);
        std::filesystem::permissions(machine.export_directory, std::filesystem::perms::none);
        expect_failure(status_usage, "Permission denied", [&] { check(); });
    }
}

TEST_F(Check, ProgramMustFitIntoMemory) {
    machine.memory = uint64_t{64} << 20;
    check(uint64_t{20} << 20);
    expect_failure(status_usage, "too little", [&] { check(uint64_t{32} << 20); });
    expect_failure(status_usage, "too little", [&] { check(~uint64_t{0}); });
}

} // namespace
} // namespace ouros

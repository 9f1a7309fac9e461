// SPDX-License-Identifier: BSD-2-Clause
#include "program.h"

#include "expect_failure.h"
#include "temp_dir.h"

#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <random>
#include <sys/stat.h>
#include <unistd.h>

namespace ouros {
namespace {

// The smallest executable that passes, for tests to damage.
struct Image {
    Elf64_Ehdr header = {};
    Elf64_Phdr segments[2] = {};
    char text[64] = {};

    Image() {
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_ident[EI_VERSION] = EV_CURRENT;
        header.e_type = ET_EXEC;
        header.e_machine = EM_RISCV;
        header.e_version = EV_CURRENT;
        header.e_entry = 0x10000;
        header.e_phoff = sizeof header;
        header.e_ehsize = sizeof header;
        header.e_phentsize = sizeof(Elf64_Phdr);
        header.e_phnum = 2;
        segments[0].p_type = PT_LOAD;
        segments[0].p_vaddr = 0x10000;
        segments[0].p_filesz = segments[0].p_memsz = sizeof(Image);
        segments[1].p_type = PT_GNU_STACK;
    }

    std::span<const std::byte> bytes() const {
        return std::as_bytes(std::span<const Image, 1>(this, 1));
    }
};

std::string problem(const std::function<void(Image&)>& damage) {
    Image image;
    damage(image);
    return why_not_runnable(image.bytes()).value_or("");
}

std::string problem_of(std::string_view text) {
    return why_not_runnable(std::as_bytes(std::span(text))).value_or("");
}

void expect_says(const std::string& said, const std::string& part) {
    EXPECT_NE(said.find(part), std::string::npos) << "says: " << said;
}

TEST(Program, GoodOnesPass) {
    EXPECT_EQ(problem([](Image&) {}), "");
    EXPECT_EQ(problem([](Image& i) { i.header.e_type = ET_DYN; }), ""); // static PIE
}

TEST(Program, WrongKindsAreNamed) {
    expect_says(problem_of(""), "is empty");
    expect_says(problem_of("#!/bin/sh\n"), "is a script");
    expect_says(problem_of("hello"), "is not an ELF executable");
    expect_says(problem_of("\x7f"
                           "ELF"),
                "truncated");
    expect_says(problem([](Image& i) { i.header.e_machine = EM_X86_64; }), "for x86-64");
    expect_says(problem([](Image& i) { i.header.e_machine = 0x1234; }), "machine type 4660");
    expect_says(problem([](Image& i) { i.header.e_ident[EI_CLASS] = ELFCLASS32; }), "riscv32");
    expect_says(problem([](Image& i) { i.header.e_ident[EI_DATA] = ELFDATA2MSB; }), "damaged");
    expect_says(problem([](Image& i) { i.header.e_type = ET_REL; }), "is an object file");
    expect_says(problem([](Image& i) { i.header.e_type = ET_CORE; }), "not an executable");
    expect_says(problem([](Image& i) { i.segments[1].p_type = PT_INTERP; }), "dynamically linked");
    expect_says(problem([](Image& i) { i.header.e_entry = 0; }), "entry point");
    expect_says(problem([](Image& i) { i.segments[0].p_type = PT_NOTE; }), "loadable segment");
}

TEST(Program, HostileHeadersAreRefused) {
    expect_says(problem([](Image& i) { i.header.e_phnum = 0; }), "no program headers");
    expect_says(problem([](Image& i) { i.header.e_phnum = PN_XNUM; }), "no program headers");
    expect_says(problem([](Image& i) { i.header.e_phnum = 1000; }), "truncated");
    expect_says(problem([](Image& i) { i.header.e_phentsize = 1; }), "no program headers");
    expect_says(problem([](Image& i) { i.header.e_phoff = ~0ull; }), "truncated");
    expect_says(problem([](Image& i) { i.header.e_phoff = ~0ull - 8; }), "truncated");
    expect_says(problem([](Image& i) { i.header.e_phoff = sizeof i - 8; }), "truncated");
    expect_says(problem([](Image& i) { i.segments[0].p_offset = ~0ull; }), "truncated");
    expect_says(problem([](Image& i) { i.segments[0].p_filesz = ~0ull; }), "truncated");
    expect_says(problem([](Image& i) { i.segments[0].p_memsz = 0; }), "larger in the file");
}

TEST(Program, EveryTruncationIsSurvived) {
    const Image image;
    for (size_t size = 0; size < sizeof image; ++size)
        EXPECT_NE(why_not_runnable(image.bytes().first(size)), std::nullopt) << size;
}

// Random headers: an answer each time, and no access outside the file.
TEST(Program, RandomHeadersAreSurvived) {
    std::mt19937_64 random(6);
    for (int round = 0; round < 100'000; ++round) {
        Image image;
        auto* bytes = reinterpret_cast<unsigned char*>(&image);
        for (int changes = 0; changes < 4; ++changes)
            bytes[SELFMAG + random() % (sizeof image - SELFMAG)] =
                static_cast<unsigned char>(random());
        // On the heap at its exact size, so that a sanitizer or a guard would see an overrun.
        const auto whole = image.bytes();
        const std::vector<std::byte> copy(
            whole.begin(), whole.begin() + static_cast<long>(random() % sizeof image));
        why_not_runnable(copy);
        why_not_runnable(whole);
    }
}

TEST(Program, FilesThatCannotBeRead) {
    TempDir folder;
    const std::string& path = folder.path();
    expect_failure(127, "No such file", [&] { read_program(path + "/none"); });
    expect_failure(127, "", [&] { read_program(""); });
    expect_failure(126, "is a directory", [&] { read_program(path); });
    expect_failure(126, "not a regular file", [&] { read_program("/dev/null"); });
    ASSERT_EQ(::mkfifo((path + "/fifo").c_str(), 0600), 0);
    expect_failure(126, "not a regular file", [&] { read_program(path + "/fifo"); });
    std::ofstream(path + "/file") << "x";
    expect_failure(127, "Not a directory", [&] { read_program(path + "/file/x"); });
    if (::geteuid() != 0) { // root may read everything
        std::filesystem::permissions(path + "/file", std::filesystem::perms::none);
        expect_failure(126, "Permission denied", [&] { read_program(path + "/file"); });
    }
}

TEST(Program, BaseName) {
    EXPECT_EQ(base_name("a/b/c"), "c");
    EXPECT_EQ(base_name("c"), "c");
    EXPECT_EQ(base_name("/c d"), "c d");
}

} // namespace
} // namespace ouros

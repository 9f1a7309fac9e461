// SPDX-License-Identifier: BSD-2-Clause
#include "initramfs.h"

#include <charconv>
#include <gtest/gtest.h>
#include <map>
#include <sys/stat.h>

namespace ouros {
namespace {

std::string content(const UniqueFd& fd) {
    std::string text;
    char piece[4096];
    ssize_t n;
    for (off_t at = 0; (n = ::pread(fd.get(), piece, sizeof piece, at)) > 0; at += n)
        text.append(piece, static_cast<size_t>(n));
    return text;
}

struct Entry {
    uint32_t mode;
    std::string content;
};

// A reader of the newc format by its definition, as the kernel has one: a header of "070701" and
// 13 numbers of 8 hex digits, the name with its NUL, the content, both padded to 4 bytes.
std::map<std::string, Entry> read_newc(const std::string& archive) {
    std::map<std::string, Entry> entries;
    size_t at = 0;
    const auto field = [&](size_t index) {
        uint32_t value = 0;
        const char* text = archive.data() + at + 6 + index * 8;
        EXPECT_EQ(std::from_chars(text, text + 8, value, 16).ptr, text + 8);
        return value;
    };
    const auto padded = [](size_t n) { return (n + 3) & ~size_t{3}; };
    while (at + 110 <= archive.size()) {
        EXPECT_EQ(archive.substr(at, 6), "070701");
        const size_t file_size = field(6), name_size = field(11);
        const std::string name = archive.substr(at + 110, name_size - 1);
        if (name == "TRAILER!!!")
            return entries;
        const size_t data = padded(at + 110 + name_size);
        entries[name] = {field(1), archive.substr(data, file_size)};
        at = padded(data + file_size);
    }
    ADD_FAILURE() << "there is no trailer";
    return entries;
}

const std::string image = std::string("\x7f"
                                      "ELF\0\xff binary",
                                      13) +
                          std::string(100'001, 'x');

FirstProgram program(const std::string& name = "hello") {
    return {name, std::as_bytes(std::span(image)), {"./dir/hello", "", "two words"}, {"A=1", "B="}};
}

TEST(Initramfs, HoldsTheProgramAndHowToStartIt) {
    auto entries = read_newc(content(make_initramfs(program())));
    EXPECT_EQ(entries.size(), 6u);
    EXPECT_EQ(entries["bin/hello"].content, image);
    EXPECT_EQ(entries["bin/hello"].mode, S_IFREG | 0755u);
    EXPECT_EQ(entries["bin"].mode, S_IFDIR | 0755u);
    EXPECT_EQ(entries["ouros"].mode, S_IFDIR | 0755u);
    EXPECT_EQ(entries["ouros/exec"].content, std::string("/bin/hello\0", 11));
    EXPECT_EQ(entries["ouros/argv"].content, std::string("./dir/hello\0\0two words\0", 23));
    EXPECT_EQ(entries["ouros/envp"].content, std::string("A=1\0B=\0", 7));
}

TEST(Initramfs, OddNamesStayAsTheyAre) {
    const std::string name = "\xff odd,name \xc3\xa9";
    EXPECT_EQ(read_newc(content(make_initramfs(program(name))))["bin/" + name].content, image);
}

TEST(Initramfs, EqualInputGivesEqualBytes) {
    EXPECT_EQ(content(make_initramfs(program())), content(make_initramfs(program())));
}

TEST(Initramfs, NulTerminated) {
    EXPECT_EQ(nul_terminated({}), "");
    EXPECT_EQ(nul_terminated({""}), std::string(1, '\0'));
    EXPECT_EQ(nul_terminated({"a", "bc"}), std::string("a\0bc\0", 5));
}

} // namespace
} // namespace ouros

// SPDX-License-Identifier: BSD-2-Clause
//
// The cpio reader on good archives, and on every kind of bad one: it must never look outside.
#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "fs/cpio.h"
#include "support.h"

using kernel::cpio_entry;
using kernel::cpio_reader;
using status = cpio_reader::status;

namespace {

std::string padded(std::string text) {
    while (text.size() % 4 != 0)
        text += '\0';
    return text;
}

std::string header(uint32_t mode, size_t size, size_t name_size) {
    char text[111];
    std::snprintf(text, sizeof text, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
                  7u, mode, 0u, 0u, 1u, 1000u, size, 0u, 0u, 1u, 3u, name_size, 0u);
    return text;
}

std::string entry(const std::string& name, uint32_t mode, const std::string& data) {
    return padded(header(mode, data.size(), name.size() + 1) + name + '\0') + padded(data);
}

std::string trailer() {
    return entry("TRAILER!!!", 0, "");
}

// An exact copy on the heap, so that a sanitizer or valgrind sees every byte read beyond it.
struct exact {
    explicit exact(const std::string& text)
        : bytes(text.begin(), text.end()) {}
    std::vector<uint8_t> bytes;
    cpio_reader reader() const { return cpio_reader(bytes.data(), bytes.size()); }
};

unsigned entries_until_end(const std::string& text, status& last) {
    exact archive(text);
    cpio_reader reader = archive.reader();
    cpio_entry found;
    unsigned count = 0;
    while ((last = reader.next(found)) == status::entry) {
        count++;
        // Everything named must lie inside.
        if (found.size > 0) {
            EXPECT_GE(found.data, archive.bytes.data());
            EXPECT_LE(found.data + found.size, archive.bytes.data() + archive.bytes.size());
        }
    }
    return count;
}

} // namespace

TEST(cpio, reads_what_is_there) {
    exact archive(entry("./bin", 0040755, "") + entry("bin/a", 0100755, "hello") +
                  entry("/dev/null", 0020666, "") + entry("l", 0120777, "bin/a") + trailer());
    cpio_reader reader = archive.reader();
    cpio_entry found;
    ASSERT_EQ(reader.next(found), status::entry);
    EXPECT_EQ(found.name, "bin");
    EXPECT_EQ(found.mode, 0040755u);
    ASSERT_EQ(reader.next(found), status::entry);
    EXPECT_EQ(found.name, "bin/a");
    EXPECT_EQ(std::string(found.data, found.data + found.size), "hello");
    EXPECT_EQ(found.modified, 1000u);
    ASSERT_EQ(reader.next(found), status::entry);
    EXPECT_EQ(found.name, "dev/null");
    EXPECT_EQ(found.device_major, 1u);
    EXPECT_EQ(found.device_minor, 3u);
    ASSERT_EQ(reader.next(found), status::entry);
    EXPECT_EQ(std::string(found.data, found.data + found.size), "bin/a");
    EXPECT_EQ(reader.next(found), status::end);
    EXPECT_EQ(reader.next(found), status::end);
}

TEST(cpio, archives_may_follow_each_other) {
    status last;
    std::string two = entry("a", 0100644, "1") + trailer() + std::string(512, '\0') +
                      entry("b", 0100644, "2") + trailer() + std::string(100, '\0');
    EXPECT_EQ(entries_until_end(two, last), 2u);
    EXPECT_EQ(last, status::end);
}

TEST(cpio, an_empty_archive_ends) {
    status last;
    EXPECT_EQ(entries_until_end("", last), 0u);
    EXPECT_EQ(last, status::end);
    EXPECT_EQ(entries_until_end(std::string(1000, '\0'), last), 0u);
    EXPECT_EQ(last, status::end);
}

TEST(cpio, every_truncation_is_invalid_or_ends) {
    std::string whole = entry("some/file", 0100644, "0123456789") + entry("x", 0100644, "abc");
    for (size_t size = 1; size < whole.size(); size++) {
        status last;
        EXPECT_LE(entries_until_end(whole.substr(0, size), last), 2u) << size;
    }
}

TEST(cpio, sizes_that_lie_are_invalid) {
    status last;
    std::string name("a\0", 2);
    for (size_t size : {size_t{1000}, size_t{0x7fffffff}, size_t{0xffffffff}}) {
        entries_until_end(padded(header(0100644, size, 2) + name), last);
        EXPECT_EQ(last, status::invalid);
    }
    for (size_t name_size : {size_t{0}, size_t{3}, size_t{0x10000}, size_t{0xffffffff}}) {
        entries_until_end(padded(header(0100644, 0, name_size) + name), last);
        EXPECT_EQ(last, status::invalid);
    }
}

TEST(cpio, names_with_a_nul_inside_are_invalid) {
    status last;
    entries_until_end(padded(header(0100644, 0, 4) + std::string("a\0b\0", 4)), last);
    EXPECT_EQ(last, status::invalid);
}

TEST(cpio, other_magics_and_digits_are_invalid) {
    status last;
    std::string other = entry("a", 0100644, "x");
    other[5] = '7'; // the old portable format
    entries_until_end(other, last);
    EXPECT_EQ(last, status::invalid);
    other = entry("a", 0100644, "x");
    other[20] = 'g';
    entries_until_end(other, last);
    EXPECT_EQ(last, status::invalid);
}

TEST(cpio, any_damage_is_survived) {
    std::string whole = entry("d", 0040755, "") + entry("d/f", 0100644, std::string(300, 'x')) +
                        entry("l", 0120777, "d/f") + trailer();
    std::mt19937 random(1);
    for (int round = 0; round < 20000; round++) {
        std::string damaged = whole;
        for (unsigned hits = random() % 4 + 1; hits > 0; hits--)
            damaged[random() % damaged.size()] = static_cast<char>(random());
        status last;
        entries_until_end(damaged, last);
        kernel::tmpfs tree;
        ASSERT_TRUE(tree.initialise());
        exact archive(damaged);
        tree.populate(archive.bytes.data(), archive.bytes.size());
    }
    EXPECT_EQ(pages_in_use(), 0u);
}

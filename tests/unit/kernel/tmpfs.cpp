// SPDX-License-Identifier: BSD-2-Clause
//
// The tree in memory: contents, names, counts, and what happens when pages run out.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string>

#include "support.h"

using namespace kernel;

class tmpfs_test : public testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(tree.initialise()); }

    long mkdir(const std::string& path) {
        walked at(tree, path, 0);
        return at.error ? at.error : tree.make_directory(at.walk, 0755);
    }
    long create(const std::string& path) {
        walked at(tree, path);
        ref<inode> made;
        return at.error ? at.error : tree.make_file(at.walk, 0644, made);
    }
    long unlink(const std::string& path) {
        walked at(tree, path, 0);
        return at.error ? at.error : tree.unlink(at.walk);
    }
    long rmdir(const std::string& path) {
        walked at(tree, path, 0);
        return at.error ? at.error : tree.remove_directory(at.walk);
    }
    long rename(const std::string& from, const std::string& to, bool no_replace = false) {
        walked old_place(tree, from, 0);
        walked new_place(tree, to, 0);
        if (old_place.error || new_place.error)
            return old_place.error ? old_place.error : new_place.error;
        return tree.rename(old_place.walk, new_place.walk, no_replace);
    }
    ref<inode> node(const std::string& path) { return walked(tree, path, 0).walk.node; }

    tmpfs tree;
};

static tmpfs_file& contents(const ref<inode>& node) {
    return static_cast<tmpfs_file&>(*node);
}

TEST_F(tmpfs_test, what_is_written_is_read) {
    ASSERT_EQ(create("/f"), 0);
    tmpfs_file& f = contents(node("/f"));
    std::string text(10000, 'a');
    for (size_t i = 0; i < text.size(); i++)
        text[i] = static_cast<char>('a' + i % 23);
    EXPECT_EQ(f.write(100, text.data(), text.size()), 10000);
    EXPECT_EQ(f.size(), 10100u);
    std::string back(20000, '?');
    EXPECT_EQ(f.read(0, back.data(), back.size()), 10100u);
    EXPECT_EQ(back.substr(0, 100), std::string(100, '\0'));
    EXPECT_EQ(back.substr(100, 10000), text);
    EXPECT_EQ(f.read(10100, back.data(), 1), 0u);
    EXPECT_EQ(f.read(UINT64_MAX, back.data(), 1), 0u);
}

TEST_F(tmpfs_test, holes_take_no_pages) {
    ASSERT_EQ(create("/f"), 0);
    tmpfs_file& f = contents(node("/f"));
    EXPECT_EQ(f.write(uint64_t{1} << 50, "x", 1), 1);
    EXPECT_LT(pages_in_use(), 10u);
    char byte = '?';
    EXPECT_EQ(f.read(uint64_t{1} << 49, &byte, 1), 1u);
    EXPECT_EQ(byte, '\0');
    EXPECT_EQ(f.read(uint64_t{1} << 50, &byte, 1), 1u);
    EXPECT_EQ(byte, 'x');
    EXPECT_EQ(f.write(INT64_MAX, "x", 1), -EFBIG);
    EXPECT_EQ(f.truncate(0), 0);
    EXPECT_EQ(pages_in_use(), 0u);
}

TEST_F(tmpfs_test, what_was_cut_off_reads_as_zeros) {
    ASSERT_EQ(create("/f"), 0);
    tmpfs_file& f = contents(node("/f"));
    std::string text(9000, 'x');
    f.write(0, text.data(), text.size());
    EXPECT_EQ(f.truncate(5), 0);
    EXPECT_EQ(f.truncate(9000), 0);
    std::string back(9000, '?');
    EXPECT_EQ(f.read(0, back.data(), back.size()), 9000u);
    EXPECT_EQ(back, "xxxxx" + std::string(8995, '\0'));
}

TEST_F(tmpfs_test, an_image_is_copied_page_by_page_when_written) {
    ASSERT_EQ(create("/f"), 0);
    tmpfs_file& f = contents(node("/f"));
    std::string image(10001, 'i');
    f.set_image(reinterpret_cast<const uint8_t*>(image.data()), image.size());
    EXPECT_NE(f.image(), nullptr);
    EXPECT_EQ(pages_in_use(), 0u);
    EXPECT_EQ(f.write(5000, "W", 1), 1);
    EXPECT_EQ(f.image(), nullptr);
    std::string expected = image;
    expected[5000] = 'W';
    std::string back(10001, '?');
    EXPECT_EQ(f.read(0, back.data(), back.size()), 10001u);
    EXPECT_EQ(back, expected);
    EXPECT_EQ(image, std::string(10001, 'i'));
    EXPECT_EQ(f.truncate(9999), 0);
    EXPECT_EQ(f.truncate(10001), 0);
    EXPECT_EQ(f.read(9998, back.data(), 3), 3u);
    EXPECT_EQ(back.substr(0, 3), std::string("i\0\0", 3));
}

TEST_F(tmpfs_test, without_pages_a_write_is_short_then_refused) {
    ASSERT_EQ(create("/f"), 0);
    tmpfs_file& f = contents(node("/f"));
    std::string text(5 * 4096, 'x');
    {
        page_limit limit(3); // a level of the tree and two pages
        EXPECT_EQ(f.write(0, text.data(), text.size()), 2 * 4096);
        EXPECT_EQ(f.size(), 2 * 4096u);
        EXPECT_EQ(f.write(3 * 4096, text.data(), 10), -ENOSPC);
        EXPECT_EQ(f.size(), 2 * 4096u);
    }
    EXPECT_EQ(f.write(0, text.data(), text.size()), 5 * 4096);
    EXPECT_EQ(unlink("/f"), 0);
    EXPECT_EQ(pages_in_use(), 0u);
}

TEST_F(tmpfs_test, an_unlinked_file_lives_while_it_is_open) {
    ASSERT_EQ(create("/f"), 0);
    ref<inode> open = node("/f");
    contents(open).write(0, "data", 4);
    EXPECT_EQ(unlink("/f"), 0);
    EXPECT_EQ(open->attributes().links, 0u);
    char back[4];
    EXPECT_EQ(contents(open).read(0, back, 4), 4u);
    EXPECT_EQ(pages_in_use(), 1u);
    open.reset();
    EXPECT_EQ(pages_in_use(), 0u);
}

TEST_F(tmpfs_test, errors_are_linuxs) {
    ASSERT_EQ(mkdir("/d"), 0);
    ASSERT_EQ(mkdir("/d/e"), 0);
    ASSERT_EQ(create("/f"), 0);
    EXPECT_EQ(mkdir("/d"), -EEXIST);
    EXPECT_EQ(mkdir("/"), -EEXIST);
    EXPECT_EQ(create("/d/x/"), -EISDIR);
    EXPECT_EQ(unlink("/d"), -EISDIR);
    EXPECT_EQ(unlink("/none"), -ENOENT);
    EXPECT_EQ(rmdir("/f"), -ENOTDIR);
    EXPECT_EQ(rmdir("/d"), -ENOTEMPTY);
    EXPECT_EQ(rmdir("/d/."), -EINVAL);
    EXPECT_EQ(rmdir("/"), -EBUSY);
    EXPECT_EQ(rmdir("/none"), -ENOENT);
    EXPECT_EQ(rmdir("/d/e"), 0);
    EXPECT_EQ(rmdir("/d"), 0);
}

TEST_F(tmpfs_test, rename_follows_the_rules) {
    ASSERT_EQ(mkdir("/d"), 0);
    ASSERT_EQ(mkdir("/d/sub"), 0);
    ASSERT_EQ(mkdir("/empty"), 0);
    ASSERT_EQ(create("/f"), 0);
    ASSERT_EQ(create("/g"), 0);
    inode* f = node("/f").get();
    EXPECT_EQ(rename("/none", "/x"), -ENOENT);
    EXPECT_EQ(rename("/d", "/d/sub/inside"), -EINVAL);
    EXPECT_EQ(rename("/d", "/f"), -ENOTDIR);
    EXPECT_EQ(rename("/f", "/empty"), -EISDIR);
    EXPECT_EQ(rename("/empty", "/d"), -ENOTEMPTY);
    EXPECT_EQ(rename("/f", "/g", true), -EEXIST);
    EXPECT_EQ(rename("/", "/x"), -EBUSY);
    EXPECT_EQ(rename("/f", "/f"), 0);
    EXPECT_EQ(rename("/f", "/g"), 0);
    EXPECT_EQ(node("/g").get(), f);
    EXPECT_FALSE(node("/f"));
    EXPECT_EQ(f->attributes().links, 1u);
    EXPECT_EQ(rename("/d", "/empty"), 0);
    EXPECT_EQ(node("/empty/sub/../..").get(), tree.root());
    EXPECT_EQ(tree.root()->attributes().links, 3u);
    EXPECT_EQ(rename("/empty/sub", "/sub"), 0);
    EXPECT_EQ(node("/sub/..").get(), tree.root());
    EXPECT_EQ(node("/empty")->attributes().links, 2u);
    EXPECT_EQ(rmdir("/empty"), 0);
}

TEST_F(tmpfs_test, hard_links_share_and_count) {
    ASSERT_EQ(create("/f"), 0);
    ASSERT_EQ(mkdir("/d"), 0);
    walked f(tree, "/f", 0);
    walked at(tree, "/d/g", 0);
    EXPECT_EQ(tree.link(f.walk, at.walk), 0);
    EXPECT_EQ(node("/d/g").get(), node("/f").get());
    EXPECT_EQ(node("/f")->attributes().links, 2u);
    walked d(tree, "/d", 0);
    walked d2(tree, "/d2", 0);
    EXPECT_EQ(tree.link(d.walk, d2.walk), -EPERM);
    EXPECT_EQ(unlink("/f"), 0);
    EXPECT_EQ(node("/d/g")->attributes().links, 1u);
}

TEST_F(tmpfs_test, a_removed_directory_takes_nothing_new) {
    ASSERT_EQ(mkdir("/d"), 0);
    walked at(tree, "/d/new", 0);
    ASSERT_EQ(rmdir("/d"), 0);
    EXPECT_EQ(tree.make_directory(at.walk, 0755), -ENOENT);
}

TEST_F(tmpfs_test, a_listing_is_complete_while_entries_go) {
    ASSERT_EQ(mkdir("/d"), 0);
    for (int i = 0; i < 1000; i++)
        ASSERT_EQ(create("/d/" + std::to_string(i)), 0);
    auto& d = static_cast<tmpfs_directory&>(*node("/d"));
    std::set<std::string> seen;
    uint64_t position = 2;
    while (const auto* entry = d.after(position)) {
        position = entry->cookie;
        std::string name(entry->text());
        EXPECT_TRUE(seen.insert(name).second);
        // Every other one is removed as it is met, as rm -r does.
        if (seen.size() % 2) {
            EXPECT_EQ(unlink("/d/" + name), 0);
        }
    }
    EXPECT_EQ(seen.size(), 1000u);
    EXPECT_EQ(rmdir("/d"), -ENOTEMPTY);
    for (const std::string& name : seen)
        unlink("/d/" + name);
    EXPECT_EQ(rmdir("/d"), 0);
}

TEST_F(tmpfs_test, names_are_found_while_a_directory_grows_and_shrinks) {
    ASSERT_EQ(mkdir("/d"), 0);
    auto name = [](int i) { return "/d/" + std::to_string(i); };
    constexpr int most = 2000;
    for (int i = 0; i < most; i++)
        ASSERT_EQ(create(name(i)), 0);
    for (int i = 0; i < most; i++) {
        ASSERT_EQ(unlink(name(i)), 0);
        EXPECT_FALSE(node(name(i)));
        for (int j = i + 1; j < most; j += 1 + (most - j) / 4)
            EXPECT_TRUE(node(name(j))) << j << " after " << i;
    }
    for (int i = 0; i < 100; i++)
        ASSERT_EQ(create(name(i)), 0);
    for (int i = 0; i < 100; i++)
        EXPECT_TRUE(node(name(i)));
}

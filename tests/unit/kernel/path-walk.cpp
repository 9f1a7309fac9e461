// SPDX-License-Identifier: BSD-2-Clause
//
// Paths: what they lead to, and Linux's errno where they lead nowhere.
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "support.h"

using namespace kernel;

class path_walk_test : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(tree.initialise());
        for (const char* path : {"/a", "/a/b", "/a/b/c", "/tmp"})
            ASSERT_EQ(tree.make_directory(path, 0755), 0);
        make_file("/a/file");
        link("/to-b", "/a/b");
        link("/a/up", "..");
        link("/loop", "loop");
        link("/dangling", "tmp/nothing");
        link("/to-host", "/host/dir");
        ASSERT_EQ(tree.make_mount("/host"), 0);
    }
    void make_file(const char* path) {
        walked at(tree, path);
        ref<inode> made;
        ASSERT_EQ(tree.make_file(at.walk, 0644, made), 0);
    }
    void link(const char* path, const char* target) {
        walked at(tree, path, 0);
        ASSERT_EQ(tree.make_symlink(at.walk, target), 0);
    }
    inode* find(const std::string& path) {
        walked at(tree, path);
        EXPECT_EQ(at.error, 0) << path;
        return at.walk.node.get();
    }
    long error(const std::string& path, unsigned flags = path_walk::follow) {
        return walked(tree, path, flags).error;
    }
    std::string host(const std::string& path) {
        walked at(tree, path);
        EXPECT_EQ(at.error, 0) << path;
        return at.walk.is_host ? "host:" + std::string(at.walk.host_path) : "here";
    }

    tmpfs tree;
};

TEST_F(path_walk_test, slashes_and_dots_mean_nothing) {
    inode* c = find("/a/b/c");
    ASSERT_NE(c, nullptr);
    for (const char* path : {"//a///b/c", "/a/b/c/", "/a/./b/c/.", "/a/../a/b/c", "/../../a/b/c",
                             "a/b/c", "/to-b/c", "/to-b/../b/c", "/a/up/a/b/c", "/a/b/c/../c"})
        EXPECT_EQ(find(path), c) << path;
    EXPECT_EQ(find("/"), tree.root());
    EXPECT_EQ(find("."), tree.root());
    EXPECT_EQ(find("/a/.."), tree.root());
}

TEST_F(path_walk_test, the_last_component_may_be_missing) {
    walked at(tree, "/a/b/new");
    EXPECT_EQ(at.error, 0);
    EXPECT_FALSE(at.walk.node);
    EXPECT_EQ(at.walk.parent.get(), find("/a/b"));
    EXPECT_EQ(at.walk.name, "new");
    EXPECT_EQ(error("/a/missing/new"), -ENOENT);
    EXPECT_EQ(error(""), -ENOENT);
}

TEST_F(path_walk_test, a_dangling_link_leads_to_where_it_points) {
    walked at(tree, "/dangling");
    EXPECT_EQ(at.error, 0);
    EXPECT_FALSE(at.walk.node);
    EXPECT_EQ(at.walk.parent.get(), find("/tmp"));
    EXPECT_EQ(at.walk.name, "nothing");
}

TEST_F(path_walk_test, links_are_followed_unless_last_and_unwanted) {
    EXPECT_EQ(find("/to-b"), find("/a/b"));
    EXPECT_EQ(walked(tree, "/to-b", 0).walk.node->kind(), inode_kind::symlink);
    EXPECT_EQ(walked(tree, "/to-b/", 0).walk.node.get(), find("/a/b"));
    EXPECT_EQ(error("/loop"), -ELOOP);
    EXPECT_EQ(error("/loop/x"), -ELOOP);
    EXPECT_EQ(error("/loop", 0), 0);
}

TEST_F(path_walk_test, forty_links_are_the_limit) {
    for (int i = 1; i <= 41; i++)
        link(("/chain" + std::to_string(i)).c_str(),
             i == 1 ? "/a/file" : ("chain" + std::to_string(i - 1)).c_str());
    EXPECT_EQ(error("/chain40"), 0);
    EXPECT_EQ(error("/chain41"), -ELOOP);
}

TEST_F(path_walk_test, a_file_is_no_directory) {
    EXPECT_EQ(error("/a/file/x"), -ENOTDIR);
    EXPECT_EQ(error("/a/file/"), -ENOTDIR);
    EXPECT_EQ(error("/a/file/."), -ENOTDIR);
    EXPECT_EQ(error("/a/file", path_walk::follow | path_walk::must_directory), -ENOTDIR);
}

TEST_F(path_walk_test, long_names_and_long_paths_are_refused) {
    EXPECT_EQ(error("/" + std::string(255, 'x')), 0);
    EXPECT_EQ(error("/" + std::string(256, 'x')), -ENAMETOOLONG);
    EXPECT_EQ(error("/host/" + std::string(256, 'x')), -ENAMETOOLONG);
    // A link whose target makes the rest of the path too long.
    std::string target = "/a";
    while (target.size() < 3000)
        target += "/../a";
    link("/long", target.c_str());
    std::string path = "/long";
    while (path.size() < 2000)
        path += "/.";
    EXPECT_EQ(error(path), -ENAMETOOLONG);
}

TEST_F(path_walk_test, below_the_mount_the_path_is_the_hosts) {
    EXPECT_EQ(host("/host"), "host:");
    EXPECT_EQ(host("/host/"), "host:");
    EXPECT_EQ(host("/host/x/y"), "host:x/y");
    EXPECT_EQ(host("/host//x/./y/"), "host:x/./y/");
    EXPECT_EQ(host("/to-host/f"), "host:dir/f");
    EXPECT_EQ(host("/host/x/../y"), "host:x/../y");
}

TEST_F(path_walk_test, dot_dot_leaves_the_mount_but_never_climbs_above_the_export) {
    EXPECT_EQ(find("/host/.."), tree.root());
    EXPECT_EQ(find("/host/../a/b"), find("/a/b"));
    EXPECT_EQ(find("/host/x/../../a"), find("/a"));
    EXPECT_EQ(host("/host/../host/x"), "host:x");
    EXPECT_EQ(host("/host/x/../../host/../host/y"), "host:y");
}

TEST_F(path_walk_test, a_place_on_the_host_is_the_start_of_relative_paths) {
    path_place place;
    place.node = ref<inode>(walked(tree, "/host").walk.node);
    place.host_path = shared_text::make("d/e");
    auto from = [&](const char* path) {
        walked at(tree, path, path_walk::follow, place);
        return at.error ? std::to_string(at.error)
                        : (at.walk.is_host ? std::string(at.walk.host_path) : "here");
    };
    EXPECT_EQ(from("f"), "d/e/f");
    EXPECT_EQ(from("../f"), "d/e/../f");
    EXPECT_EQ(from("../../../a"), "here");
    EXPECT_EQ(from("/a"), "here");
    std::string longest(4095, 'x');
    EXPECT_EQ(from(longest.c_str()), std::to_string(-ENAMETOOLONG));
}

TEST(clean_path, resolves_dots_by_name) {
    auto clean = [](std::string path) {
        path.resize(clean_path(path.data()));
        return path;
    };
    EXPECT_EQ(clean(""), "");
    EXPECT_EQ(clean("."), "");
    EXPECT_EQ(clean("a"), "a");
    EXPECT_EQ(clean("a/b/../c"), "a/c");
    EXPECT_EQ(clean("a//./b/"), "a/b");
    EXPECT_EQ(clean("a/.."), "");
    EXPECT_EQ(clean("a/../.."), "");
    EXPECT_EQ(clean("long/x/../../b"), "b");
    EXPECT_EQ(clean("..a/b.."), "..a/b..");
}

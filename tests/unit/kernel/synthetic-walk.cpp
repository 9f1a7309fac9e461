// SPDX-License-Identifier: BSD-2-Clause
//
// Paths into a synthetic file system, out of it again, and through links that are no texts.
//
//   /proc/7/self        a directory's own place     /proc/7/text      "../7/name"
//   /proc/7/away        the directory /a            /proc/7/root      "/"
//   /proc/7/host        a directory of the host     /proc/7/open      an open file
//   /proc/7/name        a file                      /proc/7/gone, ring
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "support.h"

// No open file comes into this.
class kernel::file : public ref_counted {};

using namespace kernel;

namespace {

tmpfs_directory* covered;
ref<inode> away_directory, host_directory;

class fake final : public synthetic_node {
  public:
    fake(std::string name, uint32_t mode, ref<synthetic_node> above)
        : synthetic_node(std::hash<std::string>{}(name), mode)
        , name_(std::move(name))
        , above_(std::move(above)) {}

    long find(std::string_view name, ref<synthetic_node>& found) override {
        found = find(name);
        return name == "full" ? -ENOMEM : 0;
    }
    ref<synthetic_node> parent() const override { return above_; }
    tmpfs_directory* covers() const override { return covered; }
    target follow(const caller*, ref<shared_text>& text, path_place& place) override {
        if (name_ == "text" || name_ == "root" || name_ == "ring") {
            text = shared_text::make(name_ == "text"   ? "../7/name"
                                     : name_ == "root" ? "/"
                                                       : "ring");
            return target::text;
        }
        if (name_ == "gone")
            return target::gone;
        if (name_ == "open")
            return target::object;
        place.node = name_ == "away" ? away_directory : ref<inode>(above_);
        if (name_ == "host") {
            place.node = host_directory;
            place.host_path = shared_text::make("dir");
        }
        return target::place;
    }
    ref<file> object() override { return {}; }
    long open(uint32_t, ref<file>&) override { return -ENXIO; }
    bool exists() const override { return true; }

  private:
    ref<synthetic_node> find(std::string_view name) {
        std::string wanted(name);
        if (!above_)
            return wanted == "7" ? make("7", mode_directory | 0555) : ref<synthetic_node>();
        for (const char* link : {"self", "away", "text", "root", "host", "open", "gone", "ring"})
            if (wanted == link)
                return make(link, mode_symlink | 0777);
        if (wanted == "name")
            return make("name", mode_regular | 0444);
        return {};
    }
    ref<synthetic_node> make(const char* name, uint32_t mode) {
        return ref<synthetic_node>::adopt(new fake(name, mode, ref<synthetic_node>(this)));
    }
    const std::string name_;
    const ref<synthetic_node> above_;
};

class synthetic_walk : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(tree.initialise());
        ASSERT_EQ(tree.make_directory("/a", 0755), 0);
        ASSERT_EQ(tree.make_directory("/a/b", 0755), 0);
        ASSERT_EQ(tree.make_mount("/host"), 0);
        ASSERT_EQ(tree.make_symlink("/to-name", "proc/7/name"), 0);
        ASSERT_EQ(tree.make_mount_point("/proc", covered), 0);
        covered->covered_by = ref<inode>::adopt(new fake("", mode_directory | 0555, {}));
        away_directory = walked(tree, "/a").walk.node;
        host_directory = walked(tree, "/host").walk.node;
    }
    void TearDown() override {
        covered->covered_by.reset();
        away_directory.reset();
        host_directory.reset();
    }
    // What a path leads to: its number, or the errno.
    long look(const std::string& path, unsigned flags = path_walk::follow) {
        walked at(tree, path.c_str(), flags);
        if (at.error)
            return at.error;
        return at.walk.node ? long(at.walk.node->number) : -ENOENT;
    }
    tmpfs tree;
};

} // namespace

TEST_F(synthetic_walk, components_and_dots) {
    walked at(tree, "/proc/7/name");
    ASSERT_EQ(at.error, 0);
    EXPECT_TRUE(at.walk.is_synthetic);
    EXPECT_FALSE(at.walk.parent);
    EXPECT_EQ(at.walk.name, "name");
    for (const char* path : {"/proc/./7/name", "/proc/7/../7/name", "/a/../proc/7/name", "/to-name",
                             "/proc/7/text", "/proc/7/self/self/name", "/proc//7//name"})
        EXPECT_EQ(look(path), look("/proc/7/name")) << path;
    EXPECT_TRUE(walked(tree, "/proc").walk.is_synthetic);
    EXPECT_TRUE(walked(tree, "/proc/").walk.is_directory());
    EXPECT_EQ(look("/proc/.."), look("/"));
    EXPECT_EQ(look("/proc/7/../../a"), look("/a"));
}

TEST_F(synthetic_walk, links_lead_out) {
    EXPECT_EQ(look("/proc/7/away"), look("/a"));
    EXPECT_EQ(look("/proc/7/away/b"), look("/a/b"));
    EXPECT_EQ(look("/proc/7/away/.."), look("/"));
    EXPECT_EQ(look("/proc/7/root/a/b"), look("/a/b"));
    walked host(tree, "/proc/7/host/file");
    ASSERT_EQ(host.error, 0);
    EXPECT_TRUE(host.walk.is_host);
    EXPECT_EQ(host.walk.host_path, "dir/file");
    EXPECT_EQ(walked(tree, "/proc/7/host").walk.host_path, "dir");
    walked open(tree, "/proc/7/open");
    EXPECT_TRUE(open.error == 0 && open.walk.leads_to_object);
    walked not_followed(tree, "/proc/7/open", 0);
    EXPECT_TRUE(not_followed.error == 0 && !not_followed.walk.leads_to_object);
}

TEST_F(synthetic_walk, errors) {
    EXPECT_EQ(look("/proc/8"), -ENOENT);
    EXPECT_EQ(look("/proc/8/x"), -ENOENT);
    EXPECT_EQ(look("/proc/7/full"), -ENOMEM); // not: there is no such name
    EXPECT_EQ(look("/proc/7/name/x"), -ENOTDIR);
    EXPECT_EQ(look("/proc/7/name/"), -ENOTDIR);
    EXPECT_EQ(look("/proc/7/open/x"), -ENOTDIR);
    EXPECT_EQ(look("/proc/7/gone"), -ENOENT);
    EXPECT_EQ(look("/proc/7/ring"), -ELOOP);
    std::string many = "/proc/7";
    for (int i = 0; i < 41; i++)
        many += "/self";
    EXPECT_EQ(look(many), -ELOOP);
    EXPECT_EQ(look("/proc/7/away/" + std::string(4080, 'x')), -ENAMETOOLONG);
}

// A place in it as the start of relative paths.
TEST_F(synthetic_walk, starts) {
    path_place place;
    place.node = walked(tree, "/proc/7").walk.node;
    walked name(tree, "name", path_walk::follow, place);
    EXPECT_EQ(name.error, 0);
    EXPECT_EQ(long(name.walk.node->number), look("/proc/7/name"));
    walked out(tree, "../../a", path_walk::follow, place);
    EXPECT_EQ(long(out.walk.node->number), look("/a"));
    place.node = name.walk.node;
    EXPECT_EQ(walked(tree, "x", path_walk::follow, place).error, -ENOTDIR);
}

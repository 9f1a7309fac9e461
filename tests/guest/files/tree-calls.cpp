// SPDX-License-Identifier: BSD-2-Clause
//
// Names: directories, files, links, renames, in a directory of its own below /tmp.
#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "report.h"

namespace {

std::string list(const char* path) {
    DIR* directory = opendir(path);
    if (!directory)
        return strerrorname_np(errno);
    std::vector<std::string> names;
    while (dirent* entry = readdir(directory))
        names.push_back(std::string(entry->d_name) + (entry->d_type == DT_DIR   ? "/"
                                                      : entry->d_type == DT_LNK ? "@"
                                                                                : ""));
    closedir(directory);
    std::sort(names.begin(), names.end());
    std::string all;
    for (const std::string& name : names)
        all += name + " ";
    return all;
}

void show_stat(const char* path) {
    struct stat s;
    if (lstat(path, &s) < 0) {
        tell(path, strerrorname_np(errno));
        return;
    }
    char text[100];
    std::snprintf(text, sizeof text, "mode %o links %lu size %ld", s.st_mode,
                  static_cast<unsigned long>(S_ISDIR(s.st_mode) ? 0 : s.st_nlink),
                  static_cast<long>(S_ISDIR(s.st_mode) ? 0 : s.st_size));
    tell(path, text);
}

long create(const char* path, int flags = O_CREAT | O_WRONLY | O_EXCL, int mode = 0644) {
    int fd = open(path, flags, mode);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? -1 : 0;
}

void make_names() {
    did("mkdir d", mkdir("d", 0755));
    say("mkdir d again", mkdir("d", 0755));
    say("mkdir none/x", mkdir("none/x", 0755));
    say("mkdir d/e/", mkdir("d/e/", 0700));
    say("create f", create("f"));
    say("create f again", create("f"));
    say("create f without O_EXCL", create("f", O_CREAT | O_RDONLY));
    say("create d", create("d", O_CREAT | O_RDWR));
    say("create f/x", create("f/x"));
    say("create g/", create("g/"));
    say("open none", open("none", O_RDONLY));
    say("open empty path", open("", O_RDONLY));
    say("open d for writing", open("d", O_WRONLY));
    say("open f as a directory", open("f", O_RDONLY | O_DIRECTORY));
    say("create with modes", create("modes", O_CREAT | O_WRONLY, 0777));
    umask(077);
    say("create with umask 077", create("masked", O_CREAT | O_WRONLY, 0777));
    say("umask", umask(022));
    for (const char* path : {"d", "d/e", "f", "modes", "masked", "none"})
        show_stat(path);
    tell("list .", list("."));
}

void make_links() {
    did("symlink f s", symlink("f", "s"));
    say("symlink f s again", symlink("f", "s"));
    say("symlink empty", symlink("", "s2"));
    did("symlink loop", symlink("loop", "loop"));
    did("symlink dangling", symlink("d/nothing", "dangling"));
    did("symlink to directory", symlink("d", "sd"));
    char target[100] = {};
    say("readlink s", readlink("s", target, sizeof target));
    tell("s", target);
    say("readlink s short", readlink("s", target, 0));
    say("readlink f", readlink("f", target, sizeof target));
    say("readlink none", readlink("none", target, sizeof target));
    say("open loop", open("loop", O_RDONLY));
    say("open s nofollow", open("s", O_RDONLY | O_NOFOLLOW));
    say("create through dangling", create("dangling", O_CREAT | O_WRONLY));
    say("create dangling exclusively", create("dangling"));
    say("create sd/x", create("sd/x"));
    show_stat("s");
    show_stat("d/nothing");
    show_stat("sd/x");
    did("link f hard", link("f", "hard"));
    say("link f hard again", link("f", "hard"));
    say("link d", link("d", "hard2"));
    say("link none", link("none", "hard2"));
    show_stat("hard");
    tell("list d", list("d"));
    tell("list sd", list("sd"));
    tell("list f", list("f"));
}

void rename_and_remove() {
    say("rename none", rename("none", "x"));
    say("rename d into itself", rename("d", "d/e/inside"));
    say("rename d over f", rename("d", "f"));
    say("rename f over d", rename("f", "d"));
    did("mkdir full", mkdir("full", 0755));
    say("create full/x", create("full/x"));
    say("rename d over full", rename("d", "full"));
    did("mkdir bare", mkdir("bare", 0755));
    say("rename d over bare", rename("d", "bare"));
    tell("list bare", list("bare"));
    say("rename f g", rename("f", "g"));
    say("rename g over hard (same file)", rename("g", "hard"));
    show_stat("g");
    show_stat("hard");
    say("rename without replacing", renameat2(AT_FDCWD, "g", AT_FDCWD, "full", RENAME_NOREPLACE));
    say("unlink full", unlink("full") < 0 && (errno == EISDIR || errno == EPERM) ? 0 : 1);
    say("rmdir full", rmdir("full"));
    say("rmdir g", rmdir("g"));
    say("rmdir .", rmdir("bare/."));
    say("unlink none", unlink("none"));
    say("unlink g/", unlink("g/"));
    say("unlink full/x", unlink("full/x"));
    say("rmdir full empty", rmdir("full"));
    for (const char* path :
         {"g", "hard", "s", "loop", "dangling", "sd", "modes", "masked", "bare/nothing", "bare/x"})
        say(std::string("unlink ") + path, unlink(path));
    say("rmdir bare/e", rmdir("bare/e"));
    say("rmdir bare", rmdir("bare"));
    tell("list .", list("."));
}

void move_around(const std::string& base) {
    char here[4096];
    tell("getcwd", getcwd(here, sizeof here) ? here : strerrorname_np(errno));
    say("getcwd into 3 bytes", getcwd(here, 3) ? 0 : -1);
    did("mkdir deep", mkdir("deep", 0755));
    did("mkdir deep/er", mkdir("deep/er", 0755));
    say("chdir deep/er", chdir("deep/er"));
    tell("getcwd", getcwd(here, sizeof here));
    say("chdir ..", chdir(".."));
    tell("getcwd", getcwd(here, sizeof here));
    int directory = open("er", O_RDONLY | O_DIRECTORY);
    did("open er", directory);
    say("fchdir", fchdir(directory));
    tell("getcwd", getcwd(here, sizeof here));
    int below = openat(directory, "file", O_CREAT | O_RDWR, 0600);
    did("openat file", below);
    say("fchdir to a file", fchdir(below));
    say("openat below a file", openat(below, "x", O_RDONLY));
    say("openat a bad descriptor", openat(999, "x", O_RDONLY));
    say("openat absolute needs none", openat(999, "/", O_RDONLY | O_DIRECTORY) >= 0 ? 0 : -1);
    say("chdir none", chdir("none"));
    say("chdir file", chdir("file"));
    say("faccessat file", faccessat(directory, "file", R_OK | W_OK, 0));
    say("faccessat file for execution", faccessat(directory, "file", X_OK, 0));
    say("faccessat none", faccessat(directory, "none", F_OK, 0));
    say("unlinkat", unlinkat(directory, "file", 0));
    close(below);
    say("chdir back", chdir(base.c_str()));
    say("rmdir deep/er", rmdir("deep/er"));
    say("mkdirat in a removed directory", mkdirat(directory, "x", 0755));
    close(directory);
    say("rmdir deep", rmdir("deep"));
}

void long_names() {
    std::string name(255, 'n');
    say("create 255", create(name.c_str()));
    say("unlink 255", unlink(name.c_str()));
    say("create 256", create((name + "n").c_str()));
    std::string path;
    while (path.size() < 4096)
        path += "./";
    say("stat 4096", access(path.c_str(), F_OK));
    say("stat 4094", access(path.substr(0, 4094).c_str(), F_OK));
    std::string components(4000, '/');
    say("stat slashes", access(components.c_str(), F_OK));
}

} // namespace

int main() {
    const std::string base = "/tmp/ouros-tree-calls";
    rmdir(base.c_str());
    umask(022);
    did("mkdir base", mkdir(base.c_str(), 0755));
    did("chdir base", chdir(base.c_str()));
    make_names();
    make_links();
    rename_and_remove();
    move_around(base);
    long_names();
    say("chdir /", chdir("/"));
    say("rmdir base", rmdir(base.c_str()));
}

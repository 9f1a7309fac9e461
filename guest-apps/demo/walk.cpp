// SPDX-License-Identifier: BSD-2-Clause

#include "walk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <memory>
#include <sys/stat.h>
#include <system_error>

namespace demo {

namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

struct close_directory {
    void operator()(DIR* directory) const { closedir(directory); }
};

void walk_into(const std::string& directory, std::vector<std::string>& files) {
    std::unique_ptr<DIR, close_directory> entries(opendir(directory.c_str()));
    if (!entries)
        fail(directory);
    std::vector<std::string> subdirectories;
    while (true) {
        errno = 0;
        const dirent* entry = readdir(entries.get());
        if (!entry) {
            if (errno)
                fail(directory);
            break;
        }
        if (!std::strcmp(entry->d_name, ".") || !std::strcmp(entry->d_name, ".."))
            continue;
        std::string path = directory + "/" + entry->d_name;
        unsigned char type = entry->d_type;
        struct stat status;
        if (type == DT_UNKNOWN) {
            if (lstat(path.c_str(), &status) < 0)
                fail(path);
            type = IFTODT(status.st_mode);
        }
        if (type == DT_DIR)
            subdirectories.push_back(std::move(path));
        else if (type == DT_REG)
            files.push_back(std::move(path));
        else if (type == DT_LNK && stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode))
            files.push_back(std::move(path));
    }
    entries.reset(); // one directory open at a time, however deep the tree
    for (const std::string& each : subdirectories)
        walk_into(each, files);
}

} // namespace

std::vector<std::string> walk(const std::string& directory) {
    std::vector<std::string> files;
    walk_into(directory, files);
    std::sort(files.begin(), files.end());
    return files;
}

} // namespace demo

// SPDX-License-Identifier: BSD-2-Clause
//
// The one name space that every process sees: the tree in memory with the host's directory
// mounted on /host. Functions that take a path from a process: what openat, stat, mkdirat and
// the others end in, whether they came by ecall or through a ring.
#pragma once

#include "async/task.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/tmpfs.h"
#include "lib/spinlock.h"
#include "process/process.h"

namespace kernel {

inline constexpr const char* host_mount = "/host";

struct name_space {
    spinlock lock; // the tree: nodes' names and times; file contents have their own
    tmpfs tree;

    // Makes the directories and devices that are always there and unpacks the initramfs.
    // Null, or what is wrong.
    static const char* initialise(const void* initramfs, size_t size);
};
extern name_space names;

// A path from a process or the kernel, walked. Owns the page that the walk works in.
class named_place {
  public:
    named_place() = default;
    ~named_place();
    named_place(const named_place&) = delete;
    named_place& operator=(const named_place&) = delete;

    // Takes the path from the process once, and the place that `directory` (AT_FDCWD, an fd)
    // stands for. 0, -EFAULT, -ENAMETOOLONG, -ENOMEM, -EBADF, -ENOTDIR. With `may_be_empty`
    // (AT_EMPTY_PATH) an empty path is no error: is_empty() says so.
    long load(caller& who, int directory, user_address path, bool may_be_empty = false);
    // A path of the kernel's own, relative to `who`'s working directory.
    long load(caller& who, std::string_view path);

    bool is_empty() const { return *text_ == '\0'; }
    // With names.lock held.
    long resolve(unsigned flags) { return walk.run(names.tree.root(), start_, text_, flags); }

    // What the device takes: a path relative to the export, "." for the export itself.
    const char* device_path() const { return walk.host_path.empty() ? "." : walk.host_path.data(); }

    path_walk walk;

  private:
    long find_start(caller& who, int directory);

    char* text_ = nullptr;
    path_place start_;
};

// Operations. `flags` are the call's own.
task<long> open_at(caller& who, int directory, user_address path, uint64_t flags, uint32_t mode);
task<long> attributes_at(caller& who, int directory, user_address path, uint32_t flags,
                         file_attributes& out);
task<long> read_link_at(caller& who, int directory, user_address path, user_address buffer,
                        uint64_t size);
task<long> access_at(caller& who, int directory, user_address path, uint32_t mode, uint32_t flags);
task<long> make_directory_at(caller& who, int directory, user_address path, uint32_t mode);
task<long> unlink_at(caller& who, int directory, user_address path, uint32_t flags);
task<long> rename_at(caller& who, int from_directory, user_address from, int to_directory,
                     user_address to, uint32_t flags);
task<long> link_at(caller& who, int from_directory, user_address from, int to_directory,
                   user_address to, uint32_t flags);
task<long> symlink_at(caller& who, user_address target, int directory, user_address path);
task<long> change_directory(caller& who, user_address path);
task<long> truncate_path(caller& who, user_address path, uint64_t size);
task<long> set_times_at(caller& who, int directory, user_address path, user_address times,
                        uint32_t flags);
task<long> change_mode_at(caller& who, int directory, user_address path, uint32_t mode);

// The absolute path of a directory, in the page `buffer`. -ENOENT: it has been removed.
long path_of(const path_place& place, char* buffer, std::string_view& path);

// The same as a text; with names.lock held, or not. Null: no memory, or it has been removed.
ref<shared_text> path_text_locked(const path_place& place);
ref<shared_text> path_text(const path_place& place);

// Opens a file to execute; `flags` are execveat's. -EACCES if nobody may execute it.
task<long> open_program(caller& who, int directory, user_address path, uint32_t flags,
                        ref<file>& opened);
// The same for a path that a script names, relative to `who`'s working directory.
task<long> open_interpreter(caller& who, std::string_view path, ref<file>& opened);
// Opens a file for the kernel itself: the first program.
task<long> open_path(caller& who, std::string_view path, uint32_t flags, ref<file>& opened);
// Bytes for the kernel itself. How many, or -errno; 0 at the end of the file.
task<long> read_at(caller& who, file& f, void* to, size_t size, uint64_t offset);
// The whole contents for execve to map: in place for the initramfs, otherwise a copy that lives
// as long as something maps it. -EACCES if it isn't a regular file.
task<long> file_contents(caller& who, ref<file> f, ref<memory_object>& contents);

} // namespace kernel

// SPDX-License-Identifier: BSD-2-Clause
//
// Files of the exported host directory. The device does the work: an open file is a handle of
// it, the position is the host's, and so a read through a ring, which the device serves without
// the kernel, and a read by ecall see the same file. Data of an ecall goes through a buffer of
// the kernel, so that no page of a process is under DMA while it may be unmapped.
#pragma once

#include "drivers/asyscall.h"
#include "fs/file.h"
#include "fs/walk.h"

namespace kernel {

// An open handle of the device; closed on the host when the last user is gone. Closing needs no
// memory and nobody to wait for it: the request is part of the object.
class host_handle final : public ref_counted, asyscall_request {
  public:
    // Null: no memory; then nothing was opened.
    static ref<host_handle> reserve();

    void opened(uint64_t handle) { handle_ = handle; }
    uint64_t value() const { return handle_; }

    // Called when the last reference is dropped.
    static void operator delete(host_handle* self, std::destroying_delete_t);

  private:
    host_handle() = default;

    uint64_t handle_ = ASYSCALL_NO_HANDLE;
};

class host_file final : public file {
  public:
    host_file(uint32_t flags, ref<host_handle> handle, path_place place)
        : file(flags)
        , handle_(std::move(handle))
        , place_(std::move(place)) {}

    long read(user_buffers&, int64_t) override { return must_wait; }
    task<long> read_later(caller& who, user_buffers to, int64_t offset) override;
    long write(user_buffers&, int64_t) override { return must_wait; }
    task<long> write_later(caller& who, user_buffers from, int64_t offset) override;
    long seek(int64_t, int) override { return must_wait; }
    task<long> seek_later(caller& who, int64_t offset, int whence) override;
    long attributes(file_attributes&) override { return must_wait; }
    task<long> attributes_later(caller& who, file_attributes& out) override;
    long truncate(uint64_t) override { return must_wait; }
    task<long> truncate_later(caller& who, uint64_t size) override;
    long sync(bool) override { return must_wait; }
    task<long> sync_later(caller& who, bool data_only) override;
    long read_directory(user_buffers&) override { return must_wait; }
    task<long> read_directory_later(caller& who, user_buffers to) override;

    device_access device() const override;
    bool directory_place(path_place& out) override;
    bool is_seekable() const override { return true; }
    ref<shared_text> describe() override;

    uint64_t handle() const { return handle_->value(); }

  private:
    ref<host_handle> handle_;
    path_place place_; // for paths relative to it; if it is no directory the host says ENOTDIR
};

// The path of a place on the host, kept with "." and ".." resolved. Null: no memory.
ref<shared_text> host_place(const char* path);

// Paths: NUL-terminated, relative to the export.
task<long> host_open(path_place place, const char* path, uint32_t flags, uint32_t mode,
                     ref<file>& made);
// flags: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH (with a handle)
task<long> host_attributes(uint64_t handle, const char* path, uint32_t flags, file_attributes& out);
task<long> host_read_link(const char* path, void* buffer, uint32_t size);
task<long> host_make_directory(const char* path, uint32_t mode);
task<long> host_unlink(const char* path, uint32_t flags);
task<long> host_rename(const char* from, const char* to, uint32_t flags);

} // namespace kernel

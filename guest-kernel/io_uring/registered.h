// SPDX-License-Identifier: BSD-2-Clause
//
// What a program has registered with its ring: files and buffers that entries name by number.
//
// A file is kept in the process's table of descriptors, with a number that is no descriptor
// (fs/fd_table.h), so that the kernel serves it as any other file. An entry that names a registered
// file goes to the device with a number that is in no map, and so comes to the kernel: when it is
// begun, and not before, the slot is looked at, since an entry before it in its chain may fill it.
//
// A buffer is an address and a size to compare with: the device looks pages up for each transfer,
// so nothing is gained by holding them. An entry with such a buffer becomes the plain one.
#pragma once

#include <cstdint>

#include "fs/fd_table.h"
#include "lib/ref.h"
#include "lib/spinlock.h"

namespace kernel {

// What a slot of a table of registered files is called in the entries that the device gets.
inline constexpr uint32_t fixed_file_mark = 1u << 30;

class registered_files {
  public:
    static constexpr uint32_t none = 0;
    static constexpr uint32_t most = 4096;

    ~registered_files() { delete[] numbers_; }

    // A table of empty slots. -EBUSY: there is one; -EINVAL, -EMFILE, -ENOMEM.
    long create(uint32_t size);
    long end(fd_table& files); // -ENXIO: there is none
    bool exists();
    uint32_t size();
    // The slot has the file (null: none) from now on. -ENXIO: no table; -EINVAL: no such slot.
    long set(fd_table& files, uint32_t slot, ref<file> f);
    // In a free slot: which one. -ENFILE: there is none.
    long set_any(fd_table& files, ref<file> f);
    long set_range(uint32_t from, uint32_t count); // for set_any
    // What the kernel knows the file by; -EBADF.
    long number(uint32_t slot);

  private:
    long put(fd_table& files, uint32_t slot, ref<file> f, bool only_if_free);

    spinlock lock_;
    uint32_t* numbers_ = nullptr;
    uint32_t size_ = 0;
    uint32_t range_start_ = 0, range_end_ = 0;
};

struct registered_buffer {
    uint64_t address = 0;
    uint64_t size = 0; // 0: an empty slot
};

class registered_buffers {
  public:
    static constexpr uint32_t most = 16384; // UIO_MAXIOV * 16, Linux's

    ~registered_buffers() { delete[] buffers_; }

    long create(uint32_t size);
    long end();
    bool exists();
    long set(uint32_t slot, registered_buffer b);
    // Whether the range lies in the slot's buffer: 0, -EFAULT.
    long check(uint32_t slot, uint64_t address, uint64_t size);

  private:
    spinlock lock_;
    registered_buffer* buffers_ = nullptr;
    uint32_t size_ = 0;
};

} // namespace kernel

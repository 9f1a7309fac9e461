// SPDX-License-Identifier: BSD-2-Clause
//
// Reader of the "newc" cpio format, the format of an initramfs. It works on the archive in
// memory, copies nothing, and trusts no field of it.
#pragma once

#include <string_view>

#include "fs/types.h"

namespace kernel {

struct cpio_entry {
    std::string_view name; // without leading "/" or "./"; empty for the root itself
    uint32_t inode = 0;
    uint32_t mode = 0;
    uint32_t links = 0;
    uint32_t modified = 0;
    uint32_t device_major = 0;
    uint32_t device_minor = 0;
    const uint8_t* data = nullptr; // contents, or the target of a symlink
    size_t size = 0;
};

class cpio_reader {
  public:
    enum class status {
        entry,
        end,     // trailer, or nothing but padding left
        invalid, // not newc, or a field points outside the archive
    };

    cpio_reader(const void* archive, size_t size)
        : archive_(static_cast<const uint8_t*>(archive))
        , size_(size) {}

    status next(cpio_entry& entry);

  private:
    bool parse(cpio_entry& entry, bool& is_trailer);

    const uint8_t* archive_;
    size_t size_;
    size_t position_ = 0;
};

} // namespace kernel

// SPDX-License-Identifier: BSD-2-Clause
//
// Writes struct linux_dirent64 records to a program's buffer, whole ones only.
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/types.h"
#include "fs/user_buffers.h"

namespace kernel {

class dirent_writer {
  public:
    explicit dirent_writer(user_buffers& to)
        : to_(to) {}

    // `offset` is what seek takes to go on behind this entry. False: no room, or no such memory.
    bool add(uint64_t inode, uint64_t offset, uint32_t mode, std::string_view name) {
        if (error_ < 0)
            return false;
        size_t size = (header_size + name.size() + 1 + 7) & ~size_t{7};
        if (to_.remaining() < size) {
            error_ = -EINVAL; // only if it is the first that doesn't fit
            return false;
        }
        alignas(8) uint8_t record[header_size + name_max + 8 + 1] = {};
        uint16_t record_size = static_cast<uint16_t>(size);
        __builtin_memcpy(record, &inode, 8);
        __builtin_memcpy(record + 8, &offset, 8);
        __builtin_memcpy(record + 16, &record_size, 2);
        record[18] = static_cast<uint8_t>((mode & mode_type_mask) >> 12); // DT_* is S_IF* >> 12
        __builtin_memcpy(record + header_size, name.data(), name.size());
        long put = to_.put(record, size);
        if (put != static_cast<long>(size)) {
            error_ = -EFAULT;
            return false;
        }
        written_ += size;
        return true;
    }

    long finish() const { return written_ > 0 ? static_cast<long>(written_) : error_; }

  private:
    static constexpr size_t header_size = 19;

    user_buffers& to_;
    size_t written_ = 0;
    long error_ = 0;
};

} // namespace kernel

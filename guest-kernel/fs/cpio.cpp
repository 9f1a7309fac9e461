// SPDX-License-Identifier: BSD-2-Clause
#include "fs/cpio.h"

namespace kernel {

namespace {

// A header is a magic of 6 characters and 13 numbers of 8 hexadecimal digits each.
constexpr size_t magic_size = 6;
constexpr size_t field_count = 13;
constexpr size_t header_size = magic_size + field_count * 8;

enum header_field {
    field_inode,
    field_mode,
    field_uid,
    field_gid,
    field_links,
    field_modified,
    field_size,
    field_device_major,
    field_device_minor,
    field_rdev_major,
    field_rdev_minor,
    field_name_size, // the NUL included
    field_check,
};

bool parse_hexadecimal(const uint8_t* text, uint32_t& value) {
    value = 0;
    for (int i = 0; i < 8; i++) {
        uint8_t c = text[i];
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if (c >= 'a' && c <= 'f')
            digit = c - 'a' + 10;
        else if (c >= 'A' && c <= 'F')
            digit = c - 'A' + 10;
        else
            return false;
        value = value << 4 | digit;
    }
    return true;
}

size_t align4(size_t position) {
    return (position + 3) & ~size_t{3};
}

std::string_view strip_leading(std::string_view name) {
    for (;;) {
        if (name.size() >= 1 && name.data()[0] == '/')
            name = {name.data() + 1, name.size() - 1};
        else if (name.size() >= 2 && name.data()[0] == '.' && name.data()[1] == '/')
            name = {name.data() + 2, name.size() - 2};
        else if (name == ".")
            name = {name.data() + 1, 0};
        else
            return name;
    }
}

} // namespace

bool cpio_reader::parse(cpio_entry& entry, bool& is_trailer) {
    if (size_ - position_ < header_size)
        return false;
    const uint8_t* header = archive_ + position_;
    // 070702 is the same with a checksum, which we don't verify.
    if (__builtin_memcmp(header, "070701", magic_size) != 0 &&
        __builtin_memcmp(header, "070702", magic_size) != 0)
        return false;
    uint32_t field[field_count];
    for (size_t i = 0; i < field_count; i++)
        if (!parse_hexadecimal(header + magic_size + i * 8, field[i]))
            return false;

    size_t name_size = field[field_name_size];
    size_t name_at = position_ + header_size;
    if (name_size == 0 || name_size > path_max || name_size > size_ - name_at)
        return false;
    const char* name = reinterpret_cast<const char*>(archive_ + name_at);
    if (name[name_size - 1] != '\0' || __builtin_strlen(name) != name_size - 1)
        return false;

    // The archive may end right after the last name or the last byte of data, unpadded.
    size_t data_at = align4(name_at + name_size);
    size_t data_size = field[field_size];
    if (data_size > 0 && (data_at > size_ || data_size > size_ - data_at))
        return false;

    is_trailer = std::string_view(name, name_size - 1) == "TRAILER!!!";
    entry.name = strip_leading({name, name_size - 1});
    entry.inode = field[field_inode];
    entry.mode = field[field_mode];
    entry.links = field[field_links];
    entry.modified = field[field_modified];
    entry.device_major = field[field_rdev_major];
    entry.device_minor = field[field_rdev_minor];
    entry.data = data_size > 0 ? archive_ + data_at : nullptr;
    entry.size = data_size;

    size_t next = align4(data_at + data_size);
    position_ = next < size_ ? next : size_;
    return true;
}

cpio_reader::status cpio_reader::next(cpio_entry& entry) {
    for (;;) {
        // Archives may be concatenated, with zeros between them and after the last.
        while (position_ < size_ && archive_[position_] == 0)
            position_++;
        if (position_ == size_)
            return status::end;
        bool is_trailer = false;
        if (!parse(entry, is_trailer)) {
            position_ = size_;
            return status::invalid;
        }
        if (!is_trailer)
            return status::entry;
    }
}

} // namespace kernel

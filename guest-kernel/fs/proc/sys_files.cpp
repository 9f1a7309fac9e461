// SPDX-License-Identifier: BSD-2-Clause
//
// /proc/sys: what programs ask there; nothing can be set.
#include "fs/fd_table.h"
#include "fs/proc/proc.h"
#include "memory/pages.h"
#include "syscalls/system_name.h"

namespace kernel::proc {

namespace {

template <const char* value>
long write_line(const subject&, text& to) {
    to.print("%s\n", value);
    return 0;
}
template <auto value>
long write_number(const subject&, text& to) {
    to.print("%lu\n", uint64_t(value));
    return 0;
}
long write_file_limit(const subject&, text& to) {
    to.print("%zu\n", total_page_count());
    return 0;
}

constexpr unsigned largest_id = 0x7fffffff;

constexpr entry kernel_entries[] = {
    {.name = "cap_last_cap", .mode = file_mode, .write = write_number<40>},
    {.name = "domainname", .mode = file_mode, .write = write_line<system_domain>},
    {.name = "hostname", .mode = file_mode, .write = write_line<system_node>},
    {.name = "ngroups_max", .mode = file_mode, .write = write_number<65536>},
    {.name = "osrelease", .mode = file_mode, .write = write_line<system_release>},
    {.name = "ostype", .mode = file_mode, .write = write_line<system_name>},
    {.name = "pid_max", .mode = file_mode, .write = write_number<largest_id>},
    {.name = "threads-max", .mode = file_mode, .write = write_number<largest_id>},
    {.name = "version", .mode = file_mode, .write = write_line<system_version>},
    {.name = nullptr, .mode = 0},
};
constexpr directory kernel_directory = {.entries = kernel_entries};
constexpr entry memory_entries[] = {
    {.name = "overcommit_memory", .mode = file_mode, .write = write_number<0>},
    {.name = nullptr, .mode = 0},
};
constexpr directory memory_directory = {.entries = memory_entries};
constexpr entry file_entries[] = {
    {.name = "file-max", .mode = file_mode, .write = write_file_limit},
    {.name = "nr_open", .mode = file_mode, .write = write_number<max_descriptors>},
    {.name = nullptr, .mode = 0},
};
constexpr directory file_directory = {.entries = file_entries};

} // namespace

constexpr entry sys_entries[] = {
    {.name = "fs", .mode = directory_mode, .below = &file_directory},
    {.name = "kernel", .mode = directory_mode, .below = &kernel_directory},
    {.name = "vm", .mode = directory_mode, .below = &memory_directory},
    {.name = nullptr, .mode = 0},
};

} // namespace kernel::proc

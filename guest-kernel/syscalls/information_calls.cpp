// SPDX-License-Identifier: BSD-2-Clause
//
// What the system is and has.
#include <cstring>

#include "arch/riscv64/hart.h"
#include "fs/devices.h"
#include "fs/fd_table.h"
#include "process/thread.h"
#include "syscalls/syscall.h"
#include "syscalls/time_value.h"

namespace kernel {

namespace {

long sys_uname(uint64_t to) {
    char fields[6][65] = {};
    // The release is what the C library asks for: the oldest Linux it supports, and then some.
    const char* values[6] = {"Ouros", "ouros", "6.12.0-ouros", "#1", "riscv64", "(none)"};
    for (int i = 0; i < 6; i++)
        memcpy(fields[i], values[i], strlen(values[i]));
    return write_user(current_space(), to, fields);
}

long sys_sysinfo(uint64_t to) {
    struct {
        int64_t uptime = 0;
        uint64_t loads[3] = {};
        uint64_t total_ram = 0, free_ram = 0, shared_ram = 0, buffer_ram = 0;
        uint64_t total_swap = 0, free_swap = 0;
        uint16_t processes = 1, padding = 0;
        uint32_t padding2 = 0;
        uint64_t total_high = 0, free_high = 0;
        uint32_t unit = 1, padding3 = 0;
    } info;
    static_assert(sizeof info == 112);
    info.uptime = int64_t(now() / 1'000'000'000);
    info.total_ram = total_page_count() * page_size;
    info.free_ram = free_page_count() * page_size;
    return write_user(current_space(), to, info);
}

constexpr uint64_t unlimited = ~0ull;

// Fixed limits: -1 (all ones) is no limit.
uint64_t limit_of(uint64_t resource) {
    switch (resource) {
    case 3: // RLIMIT_STACK
        return 8 << 20;
    case 4: // RLIMIT_CORE
        return 0;
    case 7: // RLIMIT_NOFILE
        return max_descriptors;
    default:
        return unlimited;
    }
}

long sys_prlimit64(uint64_t id, uint64_t resource, uint64_t new_at, uint64_t old_at) {
    constexpr uint64_t resources = 16;
    if (id && int(id) != current_process().id)
        return -ESRCH;
    if (resource >= resources)
        return -EINVAL;
    uint64_t limits[2] = {limit_of(resource), limit_of(resource)};
    if (old_at)
        if (long error = write_user(current_space(), old_at, limits); error < 0)
            return error;
    if (new_at) {
        uint64_t wanted[2];
        if (long error = read_user(current_space(), wanted, new_at); error < 0)
            return error;
        if (wanted[0] > wanted[1])
            return -EINVAL;
        return wanted[0] == limits[0] ? 0 : -EPERM;
    }
    return 0;
}

long sys_getrlimit(uint64_t resource, uint64_t to) {
    return sys_prlimit64(0, resource, 0, to);
}

long sys_getrusage(uint64_t whose, uint64_t to) {
    resource_usage usage;
    switch (int(whose)) {
    case 0: // RUSAGE_SELF
        usage = usage_of(current_process());
        break;
    case -1: // RUSAGE_CHILDREN
        usage = usage_of_children(current_process());
        break;
    case 1: // RUSAGE_THREAD
        usage = usage_of(current_thread());
        usage.peak_pages = current_space().peak_pages();
        break;
    default:
        return -EINVAL;
    }
    return write_user(current_space(), to, to_user(usage));
}

long sys_getrandom(uint64_t to, uint64_t size, uint64_t flags) {
    if (flags & ~7ull)
        return -EINVAL;
    uint8_t bytes[256];
    if (size > sizeof bytes)
        size = sizeof bytes; // as Linux for large requests: what one call gives
    random_bytes(bytes, size);
    long error = copy_to_user(current_space(), to, bytes, size);
    return error < 0 ? error : long(size);
}

long sys_riscv_hwprobe(uint64_t pairs, uint64_t count, uint64_t cpu_count, uint64_t,
                       uint64_t flags) {
    if (flags || cpu_count > 1024 || count > 1024)
        return -EINVAL;
    for (uint64_t i = 0; i < count; i++) {
        struct {
            int64_t key;
            uint64_t value;
        } pair;
        if (long error = read_user(current_space(), pair, pairs + 16 * i); error < 0)
            return error;
        pair.value = 0;
        switch (pair.key) {
        case 0: // vendor, architecture and implementation: of nobody
        case 1:
        case 2:
            break;
        case 3: // base behaviour: IMA
            pair.value = 1;
            break;
        case 4: // extensions: F and D, C
            pair.value = 3;
            break;
        case 5: // misaligned accesses are as fast as others: the emulator does them
            pair.value = 3;
            break;
        default:
            pair.key = -1;
        }
        if (long error = write_user(current_space(), pairs + 16 * i, pair); error < 0)
            return error;
    }
    return 0;
}

} // namespace

const syscall_entry information_calls[] = {
    CALL(uname),
    CALL(sysinfo),
    CALL(prlimit64),
    CALL(getrlimit),
    CALL(getrusage),
    CALL(getrandom),
    {258, "riscv_hwprobe", erase(sys_riscv_hwprobe)},
    {},
};

} // namespace kernel

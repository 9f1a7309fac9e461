// SPDX-License-Identifier: BSD-2-Clause
//
// What the system is and has.
#include <cstring>

#include "arch/riscv64/hart.h"
#include "fs/devices.h"
#include "fs/fd_table.h"
#include "process/family.h"
#include "process/load.h"
#include "process/thread.h"
#include "syscalls/syscall.h"
#include "syscalls/system_name.h"
#include "syscalls/time_value.h"

namespace kernel {

namespace {

long sys_uname(uint64_t to) {
    char fields[6][65] = {};
    const char* values[6] = {system_name,    system_node,    system_release,
                             system_version, system_machine, system_domain};
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
    load_average load = current_load();
    for (int i = 0; i < 3; i++)
        info.loads[i] = load.of[i];
    unsigned processes = count_system().threads;
    info.processes = uint16_t(processes < 0xffff ? processes : 0xffff);
    info.total_ram = total_page_count() * page_size;
    info.free_ram = free_page_count() * page_size;
    return write_user(current_space(), to, info);
}

long sys_prlimit64(uint64_t id, uint64_t resource, uint64_t new_at, uint64_t old_at) {
    if (uint32_t(resource) >= limit_count)
        return -EINVAL;
    resource_limit wanted;
    if (new_at)
        if (long error = read_user(current_space(), wanted, new_at); error < 0)
            return error;
    ref<process> p = int(id) ? find_process(int(id)) : ref<process>(&current_process());
    if (!p)
        return -ESRCH;
    resource_limit old = limit_of(*p, unsigned(resource));
    if (new_at)
        if (long error = set_limit(*p, unsigned(resource), wanted); error < 0)
            return error;
    return old_at ? write_user(current_space(), old_at, old) : 0;
}

long sys_getrlimit(uint64_t resource, uint64_t to) {
    return sys_prlimit64(0, resource, 0, to);
}

long sys_setrlimit(uint64_t resource, uint64_t from) {
    return from ? sys_prlimit64(0, resource, from, 0) : -EFAULT;
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
    CALL(setrlimit),
    CALL(getrusage),
    CALL(getrandom),
    {258, "riscv_hwprobe", erase(sys_riscv_hwprobe)},
    {},
};

} // namespace kernel

// SPDX-License-Identifier: BSD-2-Clause
//
// The system as a whole.
#include <cstring>

#include "arch/riscv64/hart.h"
#include "arch/riscv64/interrupts.h"
#include "device-tree/machine.h"
#include "drivers/asyscall.h"
#include "fs/file_system.h"
#include "fs/name_space.h"
#include "fs/proc/proc.h"
#include "memory/heap.h"
#include "process/load.h"
#include "syscalls/system_name.h"

namespace kernel::proc {

namespace {

constexpr nanoseconds second = 1'000'000'000, tick = second / 100;

nanoseconds idle_time_of_all() {
    nanoseconds sum = 0;
    for (unsigned i = 0; i < arch::hart_count(); i++)
        sum += arch::interrupts::idle_time(i);
    return sum;
}

} // namespace

long write_uptime(const subject&, text& to) {
    nanoseconds up = now(), idle = idle_time_of_all();
    to.print("%lu.%02lu %lu.%02lu\n", up / second, up % second / tick, idle / second,
             idle % second / tick);
    return 0;
}

long write_load(const subject&, text& to) {
    load_average load = current_load();
    for (uint64_t value : load.of) {
        value += load_unit / 200; // rounded
        to.print("%lu.%02lu ", value / load_unit, value % load_unit * 100 / load_unit);
    }
    system_counts counts = count_system();
    to.print("%u/%u %d\n", counts.running, counts.threads, counts.last_id);
    return 0;
}

// A hart is idle, in calls that take longer than a look, or else, which includes the scheduler, at
// work for a program.
long write_system_times(const subject&, text& to) {
    struct times {
        nanoseconds user = 0, system = 0, idle = 0;
    } all, of[arch::max_harts];
    for (unsigned i = 0; i < arch::hart_count(); i++) {
        times& t = of[i];
        t.idle = arch::interrupts::idle_time(i);
        nanoseconds up = now();
        nanoseconds busy = up > t.idle ? up - t.idle : 0;
        t.system = ticks_to_ns(arch::hart_at(i).kernel_ticks_of_all);
        t.system = t.system < busy ? t.system : busy;
        t.user = busy - t.system;
        all.user += t.user;
        all.system += t.system;
        all.idle += t.idle;
    }
    auto line = [&](const times& t) {
        to.print("%lu 0 %lu %lu 0 0 0 0 0 0\n", t.user / tick, t.system / tick, t.idle / tick);
    };
    to.print("cpu  ");
    line(all);
    for (unsigned i = 0; i < arch::hart_count(); i++) {
        to.print("cpu%u ", i);
        line(of[i]);
    }
    system_counts counts = count_system();
    uint64_t interrupts = 0;
    for (unsigned i = 0; i < arch::hart_count(); i++)
        for (uint64_t count : arch::hart_at(i).interrupts)
            interrupts += count;
    to.print("intr %lu\nctxt %lu\nbtime 0\nprocesses %lu\nprocs_running %u\nprocs_blocked 0\n",
             interrupts, counts.context_switches, counts.processes_made, counts.running);
    return 0;
}

long write_memory(const subject&, text& to) {
    constexpr size_t kib = page_size / 1024;
    size_t free = free_page_count() * kib, slabs = heap_in_use().pages * kib;
    const struct {
        const char* name;
        size_t value;
    } rows[] = {
        {"MemTotal:", total_page_count() * kib},
        {"MemFree:", free},
        {"MemAvailable:", free},
        {"Buffers:", 0},
        {"Cached:", 0},
        {"SwapCached:", 0},
        {"SwapTotal:", 0},
        {"SwapFree:", 0},
        {"Dirty:", 0},
        {"Writeback:", 0},
        {"AnonPages:", 0},
        {"Mapped:", 0},
        {"Shmem:", 0},
        {"Slab:", slabs},
        {"SReclaimable:", 0},
        {"SUnreclaim:", slabs},
    };
    for (const auto& row : rows)
        to.print("%-16s%8zu kB\n", row.name, row.value);
    return 0;
}

long write_processors(const subject&, text& to) {
    for (unsigned i = 0; i < arch::hart_count(); i++)
        to.print("processor\t: %u\nhart\t\t: %lu\nisa\t\t: rv64imafdcn_zicsr_zifencei%s\nmmu\t\t: "
                 "sv39\n\n",
                 i, arch::hart_at(i).id, machine.sstc ? "_sstc" : "");
    return 0;
}

long write_version(const subject&, text& to) {
    to.print("%s version %s %s\n", system_name, system_release, system_version);
    return 0;
}

long write_mounts(const subject&, text& to) {
    to.print("tmpfs / tmpfs rw 0 0\n");
    for (const file_system& f : registered_file_systems())
        to.print("%s %s %s rw 0 0\n", f.name, f.mount_point, f.name);
    auto* device = asyscall_device::get();
    if (device && device->has(ASYSCALL_F_EXPORT))
        to.print("host %s host %s 0 0\n", host_mount,
                 device->has(ASYSCALL_F_EXPORT_READONLY) ? "ro" : "rw");
    return 0;
}

long write_file_systems(const subject&, text& to) {
    to.print("nodev\ttmpfs\nnodev\thost\n");
    for (const file_system& f : registered_file_systems())
        to.print("nodev\t%s\n", f.name);
    return 0;
}

// Those that interrupted a running thread; an idle hart takes them one and all when it wakes.
long write_interrupts(const subject&, text& to) {
    static constexpr struct {
        unsigned number;
        const char* name;
    } rows[arch::interrupt_kinds] = {{1, "between harts"}, {5, "timer"}, {9, "devices"}};
    to.print("     ");
    for (unsigned i = 0; i < arch::hart_count(); i++)
        to.print("       CPU%u", i);
    to.print("\n");
    for (unsigned kind = 0; kind < arch::interrupt_kinds; kind++) {
        to.print("%4u:", rows[kind].number);
        for (unsigned i = 0; i < arch::hart_count(); i++)
            to.print(" %10lu", arch::hart_at(i).interrupts[kind]);
        to.print("  %s\n", rows[kind].name);
    }
    return 0;
}

long write_command_line(const subject&, text& to) {
    to.print("%s\n", machine.arguments);
    return 0;
}

} // namespace kernel::proc

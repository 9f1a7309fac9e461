// SPDX-License-Identifier: BSD-2-Clause
//
// stat, status, comm and limits, of processes and threads.
#include "fs/proc/proc.h"
#include "lib/print.h"
#include "process/family.h"
#include "process/limits.h"
#include "process/session.h"
#include "process/thread.h"

namespace kernel::proc {

namespace {

constexpr nanoseconds tick = 1'000'000'000 / 100; // AT_CLKTCK

// What is copied under locks: the text is written without.
struct view {
    int id = 0;
    char name[16] = {};
    char state = 'Z';
    int parent = 0, group = 0, session = 0;
    unsigned threads = 0;
    resource_usage own, children;
    nanoseconds started = 0;
    unsigned policy = 0, real_time = 0;
    int nice = 0;
    unsigned hart = 0;
    hart_set harts = every_hart;
    int exit_status = 0;
    signal_set pending = 0, shared_pending = 0, blocked = 0, ignored = 0, caught = 0;
    unsigned queued = 0;
};

char state_of(const thread& t) {
    if (t.ended)
        return 'X';
    if (t.signal_state.in_stop)
        return 'T';
    return t.is_runnable() ? 'R' : 'S';
}

void look_at(thread& t, view& v) {
    __builtin_memcpy(v.name, t.name, sizeof v.name);
    v.state = state_of(t);
    v.started = t.started;
    v.policy = t.priorities.policy;
    v.real_time = t.priorities.real_time;
    v.nice = t.priorities.nice;
    v.hart = t.last_hart;
    v.harts = t.harts();
    v.pending = t.signal_state.pending.set;
    v.blocked = t.signal_mask;
}

// 0, -ESRCH.
long look(const subject& s, view& v) {
    ref<process> p = find(s);
    if (!p)
        return -ESRCH;
    v.id = s.thread ? s.thread : s.process;
    v.children = usage_of_children(*p);
    if (!s.thread)
        v.own = usage_of(*p);
    lock_guard guard(p->lock);
    v.parent = p->parent_id;
    v.group = p->group;
    v.session = p->session;
    v.threads = p->live_threads;
    v.exit_status = p->exit_status;
    v.shared_pending = p->signal_state.pending.set;
    v.queued = p->signal_state.queued;
    for (int i = 0; i < signal_count; i++) {
        uint64_t handler = p->actions[i].handler;
        (handler == ignore_action ? v.ignored : v.caught) |=
            handler == default_action ? 0 : signal_set(1) << i;
    }
    // A process looks like its first thread or, when that has ended before the others, the next.
    thread* shown = s.thread ? nullptr : p->threads.front();
    for (thread& t : p->threads)
        if (t.id == v.id)
            shown = &t;
    if (shown)
        look_at(*shown, v);
    else if (s.thread)
        return -ESRCH;
    if (s.thread)
        v.own = usage_of(*shown);
    if (!s.thread || !shown) {
        __builtin_memcpy(v.name, p->name, sizeof v.name);
        v.started = p->started;
    }
    return 0;
}

// As Linux shows it: below 0 for what runs in real time. What the kernel makes of it, and of what
// the process publishes, is in the file `ouros`.
int shown_priority(const view& v) {
    bool real_time = v.policy == policy_fifo || v.policy == policy_round_robin;
    return real_time ? -1 - int(v.real_time) : 20 + v.nice;
}

const char* state_text(char state) {
    switch (state) {
    case 'R':
        return "R (running)";
    case 'S':
        return "S (sleeping)";
    case 'T':
        return "T (stopped)";
    case 'Z':
        return "Z (zombie)";
    default:
        return "X (dead)";
    }
}

} // namespace

long write_stat(const subject& s, text& to) {
    view v;
    if (long error = look(s, v); error < 0)
        return error;
    memory_of memory(s);
    address_layout layout;
    size_t resident = 0, mapped = 0;
    if (memory.space) {
        layout = memory.space->layout();
        resident = memory.space->resident_pages();
        mapped = memory.space->mapped_bytes();
    }
    constexpr int signal_for_parent = 17;
    uint64_t terminal_number = 0;
    int foreground = -1;
    if (ref<controlling_terminal> terminal =
            memory.process ? terminal_of(*memory.process) : ref<controlling_terminal>()) {
        terminal_number = terminal->device_number();
        foreground = foreground_group(*terminal);
    }
    to.print("%d (%s) %c %d %d %d %lu %d 0 ", v.id, v.name, v.state, v.parent, v.group, v.session,
             terminal_number, foreground);
    to.print("%lu %lu 0 0 ", v.own.page_faults, v.children.page_faults);
    to.print("%lu %lu %lu %lu ", v.own.user_time() / tick, v.own.kernel_time() / tick,
             v.children.user_time() / tick, v.children.kernel_time() / tick);
    to.print("%d %d %u 0 %lu ", shown_priority(v), v.nice, v.threads, v.started / tick);
    to.print("%lu %lu %lu ", mapped, resident, ~0ul); // size, resident, the limit of that
    // Code, start of the stack, its pointer, pc: of those a process has no business with the last.
    to.print("%lu %lu %lu 0 0 ", layout.code_start, layout.code_end, layout.stack_start);
    to.print("%lu %lu %lu %lu ", v.pending & 0x7fffffff, v.blocked & 0x7fffffff,
             v.ignored & 0x7fffffff, v.caught & 0x7fffffff);
    to.print("0 0 0 %d %u %u %u 0 0 0 ", signal_for_parent, v.hart, v.real_time, v.policy);
    to.print("%lu %lu %lu ", layout.data_start, layout.data_end, layout.break_start);
    to.print("%lu %lu %lu %lu ", layout.arguments, layout.arguments_end, layout.environment,
             layout.environment_end);
    to.print("%d\n", v.exit_status);
    return 0;
}

long write_status(const subject& s, text& to) {
    view v;
    if (long error = look(s, v); error < 0)
        return error;
    memory_of memory(s);
    to.print("Name:\t");
    for (const char* at = v.name; *at; at++)
        to.print(*at == '\n' ? "\\n" : *at == '\\' ? "\\\\" : "%c", *at);
    to.print("\nUmask:\t%04o\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\n",
             memory.process ? memory.process->file_mode_mask : 0, state_text(v.state), s.process,
             v.id, v.parent);
    to.print("TracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t%u\nGroups:\t\n",
             max_descriptors);
    to.print("NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", s.process, v.id, v.group,
             v.session);
    if (memory.space) {
        constexpr size_t kib = page_size / 1024;
        area_sums sums = memory.space->sum_areas();
        size_t size = memory.space->mapped_bytes() / 1024;
        to.print("VmPeak:\t%8zu kB\nVmSize:\t%8zu kB\nVmLck:\t%8u kB\nVmPin:\t%8u kB\n", size, size,
                 0u, 0u);
        to.print("VmHWM:\t%8zu kB\nVmRSS:\t%8zu kB\n", memory.space->peak_pages() * kib,
                 memory.space->resident_pages() * kib);
        to.print("VmData:\t%8zu kB\nVmStk:\t%8zu kB\nVmExe:\t%8zu kB\nVmLib:\t%8u kB\n",
                 sums.data / 1024, sums.stack / 1024, sums.code / 1024, 0u);
        to.print("VmSwap:\t%8u kB\n", 0u);
    }
    to.print("Threads:\t%u\nSigQ:\t%u/%u\n", v.threads, v.queued, max_queued_signals);
    to.print("SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n", v.pending, v.shared_pending,
             v.blocked);
    to.print("SigIgn:\t%016lx\nSigCgt:\t%016lx\n", v.ignored, v.caught);
    // Everybody is root, who may do everything.
    for (const char* set : {"Inh", "Prm", "Eff", "Bnd", "Amb"})
        to.print("Cap%s:\t%016lx\n", set, set[0] == 'I' || set[0] == 'A' ? 0ul : 0x1fffffffffful);
    to.print("NoNewPrivs:\t0\nSeccomp:\t0\n");
    to.print("Cpus_allowed:\t%02x\n", v.harts);
    to.print("voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n", v.own.waits,
             v.own.preemptions);
    return 0;
}

long write_name(const subject& s, text& to) {
    view v;
    if (long error = look(s, v); error < 0)
        return error;
    to.print("%s\n", v.name);
    return 0;
}

long store_name(int process_id, int thread_id, std::string_view data) {
    ref<process> p = find({.process = process_id});
    if (!p)
        return -ESRCH;
    size_t size = data.size();
    char name[16] = {};
    __builtin_memcpy(name, data.data(), size < sizeof name - 1 ? size : sizeof name - 1);
    ref<thread> found; // dropped after the lock
    {
        lock_guard guard(p->lock);
        for (thread& t : p->threads)
            if (t.id == (thread_id ? thread_id : process_id))
                found = ref<thread>(&t);
    }
    if (!found)
        return -ESRCH;
    name_thread(*found, name);
    return 0;
}

long write_limits(const subject& s, text& to) {
    static constexpr struct {
        const char* name;
        const char* unit;
    } rows[] = {
        {"Max cpu time", "seconds"},     {"Max file size", "bytes"},
        {"Max data size", "bytes"},      {"Max stack size", "bytes"},
        {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
        {"Max processes", "processes"},  {"Max open files", "files"},
        {"Max locked memory", "bytes"},  {"Max address space", "bytes"},
        {"Max file locks", "locks"},     {"Max pending signals", "signals"},
        {"Max msgqueue size", "bytes"},  {"Max nice priority", ""},
        {"Max realtime priority", ""},   {"Max realtime timeout", "us"},
    };
    static_assert(sizeof rows / sizeof rows[0] == limit_count);
    ref<process> p = find(s);
    if (!p)
        return -ESRCH;
    to.print("%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (unsigned i = 0; i < limit_count; i++) {
        resource_limit limit = limit_of(*p, i);
        to.print("%-25s ", rows[i].name);
        for (uint64_t value : {limit.soft, limit.hard}) {
            char number[24] = "unlimited";
            if (value != no_limit)
                format_to(number, sizeof number, "%lu", value);
            to.print("%-20s ", number);
        }
        to.print("%-10s\n", rows[i].unit);
    }
    return 0;
}

} // namespace kernel::proc

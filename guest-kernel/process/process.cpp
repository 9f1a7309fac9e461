// SPDX-License-Identifier: BSD-2-Clause
#include "process/process.h"

#include <cstdarg>

#include "arch/riscv64/hart.h"
#include "fs/console.h"
#include "lib/print.h"
#include "memory/failing.h"
#include "process/exit.h"
#include "process/thread.h"
#include "schedule/priorities.h"
#include "syscalls/syscall.h"

namespace kernel {

namespace {

std::atomic<int> next_id{first_process_id};

} // namespace

int allocate_id() {
    return next_id.fetch_add(1, std::memory_order_relaxed);
}

ref<process> process::create() {
    auto p = ref<process>::adopt(new (std::nothrow) process(allocate_id()));
    if (!p)
        return {};
    p->teardown = make_teardown(*p);
    return p->teardown ? std::move(p) : ref<process>();
}

process::~process() {
    allocations_forget(*this);
    delete published;
}

bool process::first_named(uint64_t number) {
    constexpr uint64_t bits = sizeof named_calls * 8;
    uint64_t bit = number < bits ? number : bits - 1;
    return !(named_calls[bit / 64].fetch_or(1ull << bit % 64) >> bit % 64 & 1);
}

void process_message(process& p, const char* format, ...) {
    char line[256];
    int n = format_to(line, sizeof line, "ouros: %s[%d]: ", p.name, p.id);
    va_list arguments;
    va_start(arguments, format);
    n += format_to_v(line + n, sizeof line - size_t(n) - 1, format, arguments);
    va_end(arguments);
    if (n > int(sizeof line) - 2)
        n = sizeof line - 2;
    line[n++] = '\n';
    console_message(line, size_t(n));
}

void thread_counters::add(const thread_counters& other) {
    ring_setups += other.ring_setups;
    waits += other.waits;
    submissions += other.submissions;
    token_calls += other.token_calls;
    completion_interrupts += other.completion_interrupts;
    timer_interrupts += other.timer_interrupts;
    device_interrupts += other.device_interrupts;
    page_faults += other.page_faults;
    other_traps += other.other_traps;
    context_switches += other.context_switches;
}

void process::add_ended(const thread& t) {
    counters.add(t.counters);
    syscalls += t.frame->syscalls;
    ended_usage.add(usage_of(t));
}

thread& current_thread() {
    return *arch::this_hart().current;
}

process& current_process() {
    return *arch::this_hart().current_process;
}

} // namespace kernel

// SPDX-License-Identifier: BSD-2-Clause
//
// A task that tries what it may not do, and learns in its own handler that it may not. Then it
// waits for a message.
#include "task.h"

extern "C" {
void intruder_entry(), worker_main(), monitor_trap();
extern const uint64_t worker_secret;
}

static constexpr uint64_t NOTHING = ~0ull;
static volatile uint64_t stopped_by;
static volatile bool told;

extern "C" void intruder_trap(uint64_t* x) {
    uint64_t cause = csr_read<UCAUSE>();

    if (cause == (INTERRUPT | USER_SOFTWARE)) {
        csr_write<UIP>(0);
        line() << call(RECEIVE) << " is what the worker found";
        told = true;
        return;
    }
    stopped_by = cause;
    if (cause == FETCH_ACCESS)
        x[0] = x[1]; // back to where the call came from
    else
        x[0] += (instruction_at(x[0]) & 3) == 3 ? 4 : 2;
}

template <typename attempt>
static void try_to(const char* what, attempt make_it) {
    stopped_by = NOTHING;
    make_it();
    line() << what << ": "
           << (stopped_by == LOAD_ACCESS    ? "load access fault"
               : stopped_by == STORE_ACCESS ? "store access fault"
               : stopped_by == FETCH_ACCESS ? "fetch access fault"
               : stopped_by == ILLEGAL      ? "illegal instruction"
                                            : "DONE");
}

static void read(const void* address) {
    asm volatile("ld t0, (%0)" ::"r"(address) : "t0", "memory");
}

static void write(const void* address) {
    asm volatile("sb zero, (%0)" ::"r"(address) : "memory");
}

extern "C" void intruder_main() {
    auto monitor = reinterpret_cast<const void*>(monitor_trap);
    auto console = reinterpret_cast<const void*>(0x10000000);

    handle_traps(intruder_entry, 1 << USER_SOFTWARE);
    try_to("read the worker's secret", [] { read(&worker_secret); });
    try_to("read the monitor", [&] { read(monitor); });
    try_to("write the monitor", [&] { write(monitor); });
    try_to("write to the console", [&] { write(console); });
    try_to("call the worker", worker_main);
    try_to("call the monitor", monitor_trap);
    try_to("open all memory", [] { asm volatile("csrw pmpcfg0, %0" ::"r"(0x1f1f)); });
    try_to("return to M mode", [] { asm volatile("mret"); });
    if (call(PRINT, reinterpret_cast<uint64_t>(&worker_secret), 8) == ~0ull)
        line() << "have the monitor print the secret: refused";
    while (!told)
        asm volatile("wfi"); // woken at the end of its slice at the latest
    call(EXIT);
}

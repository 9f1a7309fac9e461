// SPDX-License-Identifier: BSD-2-Clause
//
// Boot, in order. The first hart does everything up to starting the first program, then starts the
// others; each ends in the scheduler.
#include <cstdint>
#include <initializer_list>

#include "arch/riscv64/boot.h"
#include "arch/riscv64/page_table.h"
#include "device-tree/machine.h"
#include "drivers/power.h"
#include "drivers/uart.h"
#include "lib/print.h"
#include "memory/boot_memory.h"
#include "memory/pages.h"

namespace kernel {

namespace {

// What the launcher sees when the machine can't even begin.
constexpr int exit_status_cannot_start = 125;

[[noreturn]] void give_up(const char* why) {
    print("ouros: %s\n", why);
    power_off(exit_status_cannot_start);
}

void start_devices() {
    bool mapped = true;
    for (const memory_range& device :
         {machine.uart, machine.power, machine.plic, machine.uintc, machine.asyscall})
        mapped = mapped && (!device || arch::map_device(device.start, device.size));
    if (!mapped)
        give_up("too little memory to map the devices");
}

} // namespace

void kernel_main(uint64_t hart_id, uint64_t tree) {
    if (const char* problem = machine_read(tree))
        give_up(problem);
    if (machine.uart)
        uart_start(machine.uart.start);
    if (machine.power)
        power_start(machine.power.start);
    if (!boot_memory_start() || !arch::make_kernel_table())
        give_up("too little memory");
    start_devices();
    arch::enter_kernel_space();
    print("%u harts, %zu MiB, booted on hart %lu\n", machine.harts,
          total_page_count() * page_size >> 20, hart_id);
    power_off(0);
}

} // namespace kernel

// SPDX-License-Identifier: BSD-2-Clause
//
// Boot, in order. The first hart does everything up to starting the first program, then starts the
// others; each ends in the scheduler.
#include <cstdint>
#include <initializer_list>

#include "arch/riscv64/boot.h"
#include "arch/riscv64/interrupts.h"
#include "arch/riscv64/page_table.h"
#include "arch/riscv64/user_traps.h"
#include "arch/riscv64/zero_page.h"
#include "device-tree/machine.h"
#include "drivers/asyscall.h"
#include "drivers/plic.h"
#include "drivers/power.h"
#include "drivers/serial_port.h"
#include "drivers/uart.h"
#include "fs/name_space.h"
#include "lib/print.h"
#include "memory/boot_memory.h"
#include "memory/pages.h"
#include "process/start.h"
#include "ring/ring.h"
#include "schedule/preempt.h"
#include "schedule/scheduler.h"
#include "syscalls/syscall.h"
#include "tty/tty.h"
#include "uintr/receiver.h"
#include "uintr/user_device.h"

namespace kernel {

namespace {

// What the launcher sees when the machine can't even begin.
constexpr int exit_status_cannot_start = 126;

[[noreturn]] void give_up(const char* why) {
    print("ouros: %s\n", why);
    power_off(exit_status_cannot_start);
}

void map_devices() {
    bool mapped = true;
    for (const memory_range& device :
         {machine.uart, machine.power, machine.plic, machine.uintc, machine.asyscall})
        mapped = mapped && (!device || arch::map_device(device.start, device.size));
    for (unsigned i = 0; i < machine.spare_count; i++)
        mapped = mapped && arch::map_device(machine.spare[i].registers.start,
                                            machine.spare[i].registers.size);
    if (!mapped)
        give_up("too little memory to map the devices");
}

void start_devices() {
    uintr_start();
    serial_port::initialise();
    console_terminal_initialise();
    user_devices_start();
    asyscall_device::initialise();
    if (asyscall_device::get()) {
        plic_add(
            machine.asyscall_interrupt, [] { asyscall_device::get()->interrupt(); },
            [] { asyscall_device::get()->poll(); });
        ring_events_start();
    }
}

// On the hart's own stack, in the kernel's own address space.
void run_first_hart() {
    if (!scheduler_start())
        give_up("the scheduler image in the kernel is not usable");
    preemption_start();
    syscalls_start();
    (void)arch::start_user_traps();
    start_devices();
    if (const char* problem = name_space::initialise(
            reinterpret_cast<const void*>(machine.initrd.start), machine.initrd.size))
        give_up(problem);
    arch::this_hart().online = true;
    arch::interrupts::start();
    arch::start_other_harts();
    start_first_program();
    schedule(leaving::nothing);
}

} // namespace

void kernel_main(uint64_t, uint64_t tree) {
    if (const char* problem = machine_read(tree))
        give_up(problem);
    if (machine.uart)
        uart_start(machine.uart.start);
    if (machine.power)
        power_start(machine.power.start);
    if (!boot_memory_start() || !arch::make_kernel_table())
        give_up("too little memory");
    map_devices();
    if (!arch::make_harts())
        give_up("too little memory");
    arch::enter_kernel_space();
    arch::start_traps();
    arch::start_block_zeroing(machine.zero_block);
    if (machine.harts_ignored)
        print("ouros: %u of %u harts used\n", machine.harts, machine.harts + machine.harts_ignored);
    arch::use_own_stack(run_first_hart);
}

void kernel_main_secondary() {
    arch::start_traps();
    (void)arch::start_user_traps();
    uintr_start_hart();
    arch::interrupts::start();
    arch::this_hart().online = true;
    schedule(leaving::nothing);
}

} // namespace kernel

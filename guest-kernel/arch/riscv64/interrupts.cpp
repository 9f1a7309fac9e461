// SPDX-License-Identifier: BSD-2-Clause
#include "arch/riscv64/interrupts.h"

#include "arch/riscv64/csr.h"
#include "arch/riscv64/hart.h"
#include "arch/riscv64/sbi.h"
#include "device-tree/machine.h"
#include "drivers/plic.h"
#include "lib/mark.h"
#include "process/usage.h"

namespace kernel {

namespace {

uint64_t tick_ns = 1; // of the `time` counter: 100 on `virt`

} // namespace

nanoseconds now() {
    // In general the product fits for 29 years at 10 MHz.
    return arch::read_csr<arch::csr_time>() * tick_ns;
}

nanoseconds ticks_to_ns(uint64_t ticks) {
    return ticks * tick_ns;
}

} // namespace kernel

namespace kernel::arch::interrupts {

namespace {

run_clock idle[max_harts];

uint64_t ticks(nanoseconds deadline) {
    return deadline / tick_ns + 1;
}

void set_timer(uint64_t time) {
    if (machine.sstc)
        write_csr<csr_stimecmp>(time);
    else
        sbi::set_timer(time);
}

} // namespace

void start() {
    tick_ns = 1'000'000'000 / machine.timebase;
    set_timer(~0ull);
    clear_csr<csr_sip>(interrupt_software);
    write_csr<csr_sie>(interrupt_software | interrupt_timer | interrupt_external);
    plic_start_hart(this_hart().index);
}

void poll() {
    uint64_t pending = read_csr<csr_sip>();
    if (pending & interrupt_software)
        clear_csr<csr_sip>(interrupt_software);
    if (pending & interrupt_external)
        plic_handle();
    plic_poll_deferred();
}

void arm_slice(uint64_t ticks_left, nanoseconds deadline) {
    uint64_t end = read_csr<csr_time>() + ticks_left;
    if (deadline != never && ticks(deadline) < end)
        end = ticks(deadline);
    set_timer(end);
}

void sleep(nanoseconds deadline) {
    set_timer(deadline == never ? ~0ull : ticks(deadline));
    plic_defer(false);
    idle[this_hart().index].start(time_ticks());
    mark<OUROS_MARK_IDLE>(1);
    asm volatile("wfi" ::: "memory");
    mark<OUROS_MARK_IDLE>(0);
    idle[this_hart().index].stop(time_ticks());
    // Claimed while the threshold lets deferred sources through: the PLIC keeps a source pending
    // until then, also when its line has fallen, and the next wfi would not sleep.
    if (read_csr<csr_sip>() & interrupt_external)
        plic_handle();
    plic_defer(true);
}

nanoseconds idle_time(unsigned index) {
    return ticks_to_ns(idle[index].total());
}

void send(unsigned index) {
    sbi::send_ipi(1, hart_at(index).id);
}

} // namespace kernel::arch::interrupts

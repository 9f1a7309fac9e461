// SPDX-License-Identifier: BSD-2-Clause
#include "arch/riscv64/sbi.h"

#include "arch/riscv64/csr.h"

namespace kernel::arch::sbi {

namespace {

enum extension : uint64_t {
    legacy_console_putchar = 0x01,
    extension_time = 0x54494d45,
    extension_ipi = 0x735049,
    extension_rfence = 0x52464e43,
    extension_hsm = 0x48534d,
    extension_reset = 0x53525354,
    extension_features = 0x46574654,
};

long call(uint64_t extension, uint64_t function, uint64_t arg0 = 0, uint64_t arg1 = 0,
          uint64_t arg2 = 0, uint64_t arg3 = 0, uint64_t arg4 = 0) {
    register uint64_t a0 asm("a0") = arg0;
    register uint64_t a1 asm("a1") = arg1;
    register uint64_t a2 asm("a2") = arg2;
    register uint64_t a3 asm("a3") = arg3;
    register uint64_t a4 asm("a4") = arg4;
    register uint64_t a6 asm("a6") = function;
    register uint64_t a7 asm("a7") = extension;
    asm volatile("ecall"
                 : "+r"(a0), "+r"(a1)
                 : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
                 : "memory");
    return long(a0);
}

} // namespace

void set_timer(uint64_t time) {
    call(extension_time, 0, time);
}

long hart_start(uint64_t hart_id, uint64_t address, uint64_t argument) {
    return call(extension_hsm, 0, hart_id, address, argument);
}

void hart_stop() {
    call(extension_hsm, 1);
    wait_forever();
}

void send_ipi(uint64_t hart_mask, uint64_t base) {
    call(extension_ipi, 0, hart_mask, base);
}

void remote_fence_i(uint64_t hart_mask, uint64_t base) {
    call(extension_rfence, 0, hart_mask, base);
}

void remote_sfence_vma_asid(uint64_t hart_mask, uint64_t base, uint64_t start, uint64_t size,
                            uint64_t asid) {
    call(extension_rfence, 2, hart_mask, base, start, size, asid);
}

void delegate_misaligned() {
    constexpr uint64_t set = 0, misaligned_delegation = 0;
    call(extension_features, set, misaligned_delegation, 1, 0);
}

void shutdown() {
    call(extension_reset, 0, 0, 0);
    wait_forever();
}

void console_put(char c) {
    call(legacy_console_putchar, 0, uint8_t(c));
}

} // namespace kernel::arch::sbi

namespace kernel::arch {

void wait_forever() {
    write_csr<csr_sie>(0);
    for (;;)
        asm volatile("wfi");
}

} // namespace kernel::arch

// SPDX-License-Identifier: BSD-2-Clause
//
// Control and status registers. Numbers, not names, where the assembler may not know them.
#pragma once

#include <cstdint>
#include <ouros/uintr.h>

namespace kernel::arch {

enum csr : unsigned {
    csr_ustatus = OUROS_CSR_USTATUS,
    csr_fcsr = 0x003,
    csr_uie = OUROS_CSR_UIE,
    csr_utvec = OUROS_CSR_UTVEC,
    csr_uscratch = OUROS_CSR_USCRATCH,
    csr_uepc = OUROS_CSR_UEPC,
    csr_ucause = OUROS_CSR_UCAUSE,
    csr_utval = OUROS_CSR_UTVAL,
    csr_utimecmp = OUROS_CSR_UTIMECMP,
    csr_uip = OUROS_CSR_UIP,
    csr_sstatus = 0x100,
    csr_sedeleg = OUROS_CSR_SEDELEG,
    csr_sideleg = OUROS_CSR_SIDELEG,
    csr_sie = 0x104,
    csr_stvec = 0x105,
    csr_scounteren = 0x106,
    csr_senvcfg = 0x10a,
    csr_sscratch = 0x140,
    csr_sepc = 0x141,
    csr_scause = 0x142,
    csr_stval = 0x143,
    csr_sip = 0x144,
    csr_stimecmp = 0x14d,
    csr_satp = 0x180,
    csr_suist = OUROS_CSR_SUIST,
    csr_suirs = OUROS_CSR_SUIRS,
    csr_suicfg = OUROS_CSR_SUICFG,
    csr_cycle = 0xc00,
    csr_time = 0xc01,
    csr_instret = 0xc02,
};

template <unsigned number>
inline uint64_t read_csr() {
    uint64_t value;
    asm volatile("csrr %0, %1" : "=r"(value) : "i"(number) : "memory");
    return value;
}
template <unsigned number>
inline void write_csr(uint64_t value) {
    asm volatile("csrw %0, %1" ::"i"(number), "rK"(value) : "memory");
}
template <unsigned number>
inline void set_csr(uint64_t bits) {
    asm volatile("csrs %0, %1" ::"i"(number), "rK"(bits) : "memory");
}
template <unsigned number>
inline void clear_csr(uint64_t bits) {
    asm volatile("csrc %0, %1" ::"i"(number), "rK"(bits) : "memory");
}

// Writes a register that the hart may not have. False: it doesn't.
template <unsigned number>
bool try_write_csr(uint64_t value) {
    uint64_t vector, failed;
    // The instruction after the access is where the trap goes; the flag is cleared in between.
    asm volatile("  la %[failed], 1f\n"
                 "  csrrw %[vector], stvec, %[failed]\n"
                 "  li %[failed], 1\n"
                 "  csrw %[number], %[value]\n"
                 "  li %[failed], 0\n"
                 "  .balign 4\n"
                 "1:\n"
                 "  csrw stvec, %[vector]\n"
                 : [vector] "=&r"(vector), [failed] "=&r"(failed)
                 : [number] "i"(number), [value] "r"(value)
                 : "memory");
    return !failed;
}

inline constexpr uint64_t sstatus_uie = 1u << 0;
inline constexpr uint64_t sstatus_upie = 1u << 4;
inline constexpr uint64_t sstatus_spie = 1u << 5;
inline constexpr uint64_t sstatus_spp = 1u << 8;
inline constexpr uint64_t sstatus_fs = 3u << 13;
inline constexpr uint64_t sstatus_fs_initial = 1u << 13;
inline constexpr uint64_t sstatus_fs_clean = 2u << 13;
inline constexpr uint64_t sstatus_fs_dirty = 3u << 13;

inline constexpr uint64_t interrupt_software = 1u << 1; // bits of sie and sip
inline constexpr uint64_t interrupt_timer = 1u << 5;
inline constexpr uint64_t interrupt_external = 1u << 9;

inline constexpr uint64_t cause_interrupt = 1ull << 63;
enum cause : uint64_t {
    cause_instruction_misaligned = 0,
    cause_instruction_access = 1,
    cause_illegal_instruction = 2,
    cause_breakpoint = 3,
    cause_load_misaligned = 4,
    cause_load_access = 5,
    cause_store_misaligned = 6,
    cause_store_access = 7,
    cause_user_ecall = 8,
    cause_instruction_page_fault = 12,
    cause_load_page_fault = 13,
    cause_store_page_fault = 15,
};

} // namespace kernel::arch

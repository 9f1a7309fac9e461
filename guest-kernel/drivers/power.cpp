// SPDX-License-Identifier: BSD-2-Clause
#include "drivers/power.h"

#include "arch/riscv64/sbi.h"

namespace kernel {

namespace {

// sifive_test: a store of PASS ends QEMU with 0, of FAIL | status << 16 with that status.
constexpr uint32_t finisher_fail = 0x3333;
constexpr uint32_t finisher_pass = 0x5555;

volatile uint32_t* finisher;

} // namespace

void power_start(uint64_t test_device) {
    finisher = reinterpret_cast<volatile uint32_t*>(test_device);
}

void power_off(int status) {
    if (!finisher)
        arch::sbi::shutdown();
    *finisher = status == 0 ? finisher_pass : finisher_fail | uint32_t(status & 0xff) << 16;
    // QEMU stops in its own time. The firmware's shutdown would overwrite the status.
    arch::wait_forever();
}

} // namespace kernel

// SPDX-License-Identifier: BSD-2-Clause
//
// U6: a program cannot choose a hart, a receiver or a vector that it was not given: the CSRs are
// the kernel's, and so are the UINTC and the sender table.
#include "kernel.h"

namespace {

Thread thread;
SenderTable table;

void pry(std::uint64_t what) {
    switch (what) {
    case 0:
        CSR_READ(OUROS_CSR_SUIST);
        break;
    case 1:
        CSR_WRITE(OUROS_CSR_SUIST, 0);
        break;
    case 2:
        CSR_READ(OUROS_CSR_SUIRS);
        break;
    case 3:
        CSR_WRITE(OUROS_CSR_SUIRS, OUROS_SUIRS_ENABLE | 5);
        break;
    case 4:
        CSR_READ(OUROS_CSR_SUICFG);
        break;
    case 5:
        CSR_WRITE(OUROS_CSR_SUICFG, 0);
        break;
    case 6:
        CSR_WRITE(OUROS_CSR_SIDELEG, 0);
        break;
    case 7:
        uintc::send(5, 1);
        break;
    case 8:
        (void)uintc::take(5);
        break;
    }
    user_ecall();
}

} // namespace

extern "C" void user_handler() {
    CHECK(!"interrupted");
}

void test(unsigned hart) {
    if (hart != 0)
        return;
    thread.receiver = 6;
    thread.senders = &table;
    for (std::uint64_t what = 0; what < 9; ++what) {
        thread.start(pry, what);
        std::uint64_t cause = run(thread, hart);
        EQUAL(cause, what < 7 ? cause_illegal : what == 7 ? cause_store_page : cause_load_page);
    }
    EQUAL(uintc::take(5), 0);
    EQUAL(uintc::reg(5, OUROS_UINTC_LOW), 0);
    EQUAL(CSR_READ(OUROS_CSR_SUICFG), OUROS_UINTC_BASE);
}

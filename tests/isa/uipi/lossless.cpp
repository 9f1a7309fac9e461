// SPDX-License-Identifier: BSD-2-Clause
//
// U4, on harts that do not wait for each other: every sender marks its word, then sends; the
// receiver takes the vectors, then the words, and meanwhile masks, clears USIP, deactivates
// itself and is switched out and in on another hart. A lost bit leaves a word marked for good.
#include "kernel.h"

namespace {

constexpr std::uint64_t sends = 4000;
constexpr unsigned receiver = 12;
constexpr std::uint64_t over = 1;

Thread thread, senders[MAX_HARTS];
SenderTable table;
std::atomic<std::uint64_t> words[MAX_HARTS];
std::uint64_t taken[MAX_HARTS];
Mark turn;
bool ended; // of whose turn it is
// A word holds how many sends are not yet accounted for.
void send(std::uint64_t hart) {
    for (std::uint64_t i = 0; i < sends; ++i) {
        words[hart].fetch_add(1);
        EQUAL(uipi::send(hart), OUROS_UIPI_SENT);
        if (i % 64 == 0)
            UNTIL(words[hart].load() == 0);
    }
    user_ecall();
}

std::uint64_t accounted() {
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < MAX_HARTS; ++i)
        sum += taken[i];
    return sum;
}

void receive(std::uint64_t count) {
    std::uint64_t end = CSR_READ(csr_time) + patience;
    for (std::uint64_t step = 0; accounted() < count * sends; ++step) {
        switch (step % 5) {
        case 0:
            user_interrupts_off();
            CSR_CLEAR(OUROS_CSR_UIP, OUROS_UIP_USIP);
            user_interrupts_on();
            break;
        case 1:
            uipi::deactivate();
            uipi::activate();
            break;
        case 2:
            CSR_CLEAR(OUROS_CSR_UIE, OUROS_UIP_USIP);
            CSR_SET(OUROS_CSR_UIE, OUROS_UIP_USIP);
            break;
        case 3:
            uipi::write(0);
            break;
        case 4:
            user_ecall();
            break;
        }
        CHECK(CSR_READ(csr_time) < end);
    }
    for (;;)
        user_ecall(over);
}

} // namespace

extern "C" void user_handler() {
    std::uint64_t vectors = uipi::read();
    CHECK(vectors != 0);
    for (unsigned vector = 0; vector < MAX_HARTS; ++vector)
        if (vectors >> vector & 1)
            taken[vector] += words[vector].exchange(0);
}

// Harts 0 and 1 pass the receiver to each other at each of its ecalls; the others send. With two
// harts, hart 1 sends and hart 0 has the receiver alone.
void test(unsigned hart) {
    constexpr unsigned movers = HARTS > 2 ? 2 : 1, count = HARTS - movers;
    if (hart == 0) {
        for (unsigned i = 0; i < HARTS; ++i)
            table.entries[i] = uintc::sender(receiver, i, thread.generation);
        thread.receiver = receiver;
        thread.start(receive, count);
    }
    barrier();
    if (hart >= movers) {
        senders[hart].receiver = receiver + hart;
        senders[hart].senders = &table;
        senders[hart].start(send, hart);
        EQUAL(run(senders[hart], hart), cause_ecall);
    } else {
        for (std::uint64_t mine = hart;; mine += movers) {
            UNTIL(turn.get() >= mine);
            if (!ended) {
                EQUAL(run(thread, hart), cause_ecall);
                thread.skip_ecall();
                ended = thread.a0() == over;
            }
            turn.add();
            if (ended)
                break;
        }
    }
    barrier();
    for (unsigned i = movers; i < HARTS; ++i) {
        EQUAL(words[i].load(), 0);
        EQUAL(taken[i], sends);
    }
}

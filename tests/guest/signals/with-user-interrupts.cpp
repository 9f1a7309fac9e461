// SPDX-License-Identifier: BSD-2-Clause
//
// Classic signals and user interrupts of one thread: each may interrupt the other's handler, except
// that a user-interrupt handler is not entered again, and what was interrupted goes on as it was.
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ouros/io.hpp>
#include <ouros/uintr.hpp>
#include <sys/time.h>
#include <unistd.h>

namespace uintr = ouros::uintr;

namespace {

char events[64];
size_t count;
void event(char c) {
    if (count < sizeof events - 1)
        events[count++] = c;
}

bool interrupts_on() {
    uint64_t status;
    asm volatile("csrr %0, ustatus" : "=r"(status));
    return status & 1;
}

int failures;
void expect(const char* what, const char* wanted) {
    events[count] = 0;
    if (strcmp(events, wanted) != 0) {
        printf("%s: %s instead of %s\n", what, events, wanted);
        failures++;
    }
    count = 0;
}

void first(unsigned, void*) {
    event('(');
    raise(SIGUSR1);
    event(')');
}
void second(unsigned, void*) {
    event('2');
}
void third(unsigned, void*) {
    event('3');
}

void on_signal(int) {
    event('s');
    event(interrupts_on() ? '+' : '-');
    uintr::raise(1ull << 2); // at once, or when the user-interrupt handler has returned
    event('S');
}
void on_alarm(int) {
    event('a');
}

} // namespace

int main() {
    ouros::check(ouros::kernel::uintr_setup(), "uintr_setup");
    uintr::set_handler(1, first);
    uintr::set_handler(2, second);
    uintr::set_handler(3, third);
    std::signal(SIGUSR1, on_signal);
    std::signal(SIGALRM, on_alarm);

    uintr::enable();
    raise(SIGUSR1);
    expect("a signal in ordinary code", "s+2S");
    uintr::raise(1ull << 1);
    expect("a signal in a user-interrupt handler", "(s-S)2");
    uintr::disable();
    raise(SIGUSR1);
    expect("a signal with user interrupts off", "s-S");
    uintr::enable();
    expect("the one that waited", "2");
    for (int i = 0; i < 1000; i++) {
        uintr::raise(1ull << 1);
        expect("again", "(s-S)2");
    }

    uintr::disable();
    itimerval soon = {{0, 0}, {0, 2000}};
    setitimer(ITIMER_REAL, &soon, nullptr);
    long result = ouros::kernel::wait(ouros::kernel::forever);
    if (result != -EINTR) {
        printf("wait: %ld\n", result);
        failures++;
    }
    expect("a signal ends the wait", "a");
    return failures != 0;
}

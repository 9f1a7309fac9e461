// SPDX-License-Identifier: BSD-2-Clause
//
// A process that has the second UART ends, in every state that its thread can be in, or executes
// another program: the next one finds the device free, silent and working.
#include "../process/self.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <ouros/calls.hpp>
#include <ouros/uintr.hpp>
#include <ouros/user_device.hpp>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

namespace uintr = ouros::uintr;
constexpr char name[] = "serial@10009000";
std::string program;

void check(bool right, const char* what) {
    if (right)
        return;
    std::fprintf(stderr, "%s\n", what);
    std::exit(1);
}

struct owner {
    ouros::user_device uart;
    volatile unsigned interrupts = 0;
    bool reads = true;

    owner() {
        check(uart.open(
                  name, [](void* self) { static_cast<owner*>(self)->interrupt(); }, this) == 0,
              "the device is free");
        check(!(uart.get8(5) & 1), "nothing is left from the one before");
        uart.set8(4, 0x10); // loop
        uart.set8(1, 0x01); // interrupt when something has come
        uintr::enable();
    }
    void interrupt() {
        interrupts = interrupts + 1;
        while (reads && (uart.get8(5) & 1))
            uart.get8(0);
    }
};

void say_ready(int to) {
    check(write(to, "", 1) == 1, "write");
}

// How a child with the device goes on when it has one; it is killed where it doesn't end.
using way = void (*)(owner& o, int to);

void exits(owner& o, int to) {
    uintr::disable();
    o.uart.set8(0, 'x'); // pending, and its line up
    say_ready(to);
}

void blocks(owner& o, int to) {
    uintr::disable();
    o.uart.set8(3, 0x03);
    say_ready(to);
    ouros::kernel::wait(ouros::kernel::forever);
}

void runs(owner&, int to) {
    say_ready(to);
    for (;;)
        ;
}

// Claimed, never completed, and its line up.
void hangs_in_the_handler(owner& o, int to) {
    uintr::disable();
    o.uart.set8(0, 'x');
    check(*o.uart.claim_register() != 0, "claim");
    say_ready(to);
    for (;;)
        ;
}

// The line never falls: the handler is entered for ever.
void never_attends(owner& o, int to) {
    o.reads = false;
    say_ready(to);
    o.uart.set8(0, 'x');
    for (;;)
        o.uart.set8(0, 'x');
}

void executes(owner& o, int to) {
    uintr::disable();
    o.uart.set8(0, 'x');
    say_ready(to);
    execl(program.c_str(), program.c_str(), "opens", nullptr);
    std::exit(1);
}

void live_and_end(const char* what, way goes_on, bool is_killed) {
    int ends[2];
    check(pipe(ends) == 0, "pipe");
    int child = fork();
    if (child == 0) {
        owner o;
        goes_on(o, ends[1]);
        std::_Exit(0);
    }
    close(ends[1]); // a child that fails ends the wait below
    char byte;
    check(child > 0 && read(ends[0], &byte, 1) == 1, what);
    if (is_killed)
        check(kill(child, SIGKILL) == 0, "kill");
    int status = 0;
    check(waitpid(child, &status, 0) == child, "waitpid");
    check(is_killed ? WIFSIGNALED(status) : status == 0, what);
    close(ends[0]);
}

// The thread ends, its process doesn't: what was mapped is there no more.
void outlived_by_its_process() {
    int child = fork();
    if (child == 0) {
        uint64_t registers = 0;
        std::thread([&] { registers = owner().uart.description().registers; }).join();
        (void)*reinterpret_cast<volatile uint8_t*>(registers);
        std::_Exit(0);
    }
    int status = 0;
    check(child > 0 && waitpid(child, &status, 0) == child, "waitpid");
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "registers of a thread that ended");
}

void works(owner& o, int to) {
    for (unsigned i = 0; i < 10; i++) {
        o.uart.set8(0, 'x');
        check(o.interrupts == i + 1, "an interrupt for a byte");
    }
    say_ready(to);
}

} // namespace

int main(int argc, char** argv) {
    program = own_path(argv[0]);
    if (argc == 2 && !std::strcmp(argv[1], "opens"))
        return open("/dev/ttyS1", O_RDWR) >= 0 ? 0 : 1;
    const struct {
        const char* what;
        way goes_on;
        bool is_killed;
    } ways[] = {
        {"exits", exits, false},
        {"blocks", blocks, true},
        {"runs", runs, true},
        {"hangs in the handler", hangs_in_the_handler, true},
        {"never attends", never_attends, true},
        {"executes", executes, false},
    };
    for (int round = 0; round < 5; round++)
        for (const auto& w : ways) {
            live_and_end(w.what, w.goes_on, w.is_killed);
            live_and_end("works", works, false);
        }
    outlived_by_its_process();
    live_and_end("works", works, false);
    std::puts("ok");
}

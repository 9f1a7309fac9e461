// SPDX-License-Identifier: BSD-2-Clause
//
// signal-ping [COUNT]: two processes send each other a signal in turn, with the round's number as
// its value, and say how often the kernel was entered for it. Run it on two harts.
#include <cstdio>
#include <cstdlib>
#include <ouros/ouros.hpp>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signals = ouros::signal;

constexpr unsigned ball = signals::real_time + 8;

struct player {
    signals::inbox inbox;
    signals::peer other;
    volatile uint64_t round = 0; // written by the handler

    // Each gives the other an invitation over a socket that they share.
    void meet(int socket) {
        ouros::invitation mine, theirs;
        ouros::check(inbox.open(), "inbox");
        ouros::check(inbox.invite(&mine), "invitation");
        ouros::check(ouros::send_invitation(socket, mine), "send");
        ouros::check(ouros::receive_invitation(socket, &theirs), "receive");
        ouros::check(other.open(theirs), "peer");
    }
};

uint64_t last_round;

// A user-interrupt handler: integers only, no locks, no stdio.
void return_ball(const signals::info& signal, void* context) {
    auto* self = static_cast<player*>(context);
    self->round = signal.value;
    if (signal.value < last_round)
        self->other.send(ball, signal.value + 1);
}

uint64_t kernel_entries() {
    ouros_statistics now = {};
    ouros::kernel::statistics(&now);
    return now.kernel_entries;
}

int main(int argc, char** argv) {
    last_round = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10000;
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) < 0) {
        std::perror("socketpair");
        return 1;
    }
    const bool is_child = fork() == 0;
    static player self;
    self.meet(sockets[is_child]);
    self.inbox.set_handler(ball, return_ball, &self);

    uint64_t before = kernel_entries();
    if (!is_child)
        self.other.send(ball, 1);
    while (self.round + 1 < last_round)
        ouros::relax(); // or anything else: the handler interrupts it
    uint64_t entries = kernel_entries() - before;
    if (is_child)
        return 0;
    int status = 1;
    wait(&status);
    std::printf("%llu rounds, %llu kernel entries here meanwhile\n",
                static_cast<unsigned long long>(last_round),
                static_cast<unsigned long long>(entries));
    return status;
}

// SPDX-License-Identifier: BSD-2-Clause
//
// User interrupts: every vector that is sent arrives, at oneself, at a child, at a thread that
// blocks; a receiver that has ended, or was killed, says so.
#include "state.hpp"

#include <ctime>
#include <fcntl.h>
#include <ouros/calls.hpp>
#include <ouros/uintr.hpp>

namespace torture {

namespace {

using namespace ouros;

// The thread has a receiver, and its vectors are collected.
void receive(actor&) {
    int64_t error = kernel::uintr_setup();
    check(error == 0, "uintr_setup", error);
    take_user_interrupts();
}

int vector_fd(unsigned vector) {
    int64_t fd = kernel::uintr_create_fd(vector);
    check(fd >= 0, "uintr_create_fd", fd);
    must(fcntl(int(fd), F_SETFD, FD_CLOEXEC), "fcntl");
    return int(fd);
}

// Blocks until the vector has come.
void wait_for(actor& a, unsigned vector) {
    uint64_t all = 0;
    for (patience p;;) {
        check(!p.over(), "a vector that did not come", vector);
        uintr::disable();
        all |= take_vectors(a);
        if (all >> vector & 1)
            break;
        int64_t result = kernel::wait(10'000'000);
        check(result == 0 || result == -EINTR || result == -ETIME, "wait", result);
    }
    uintr::enable();
}

void send_to_self(actor& a) {
    receive(a);
    unsigned vector = unsigned(a.random.between(1, 63));
    int fd = vector_fd(vector);
    uintr::sender sender;
    int64_t error = sender.open(fd);
    check(error == 0, "uintr_register_sender", error);
    close(fd);
    take_vectors(a);
    check(sender.send(), "send to itself");
    wait_for(a, vector);
    check(!(take_vectors(a) >> vector & 1), "a vector came twice", vector);
    sender.close();
}

void from_a_child(actor& a) {
    receive(a);
    unsigned vector = unsigned(a.random.between(1, 63));
    int fd = vector_fd(vector);
    bool kill_it = a.random.percent(30);
    pid_t id = child([&] {
        int64_t index = kernel::uintr_register_sender(fd);
        if (index < 0)
            return 1;
        if (kill_it) // sends until the end
            for (;;)
                kernel::uintr_send(uint64_t(index));
        return kernel::uintr_send(uint64_t(index)) == 0 ? 0 : 2;
    });
    wait_for(a, vector);
    if (kill_it)
        must(kill(id, SIGKILL), "kill");
    int status = status_of(id);
    check(status == (kill_it ? SIGKILL : 0), "the child that sends", status);
    close(fd);
    take_vectors(a); // of the last moments
}

// A thread that has a receiver and ends: its sender is told.
void to_an_ended_thread(actor& a) {
    int fd = -1;
    pthread_t thread;
    auto body = [](void* to) -> void* {
        if (kernel::uintr_setup() == 0)
            *static_cast<int*>(to) = int(kernel::uintr_create_fd(5));
        return nullptr;
    };
    check(pthread_create(&thread, nullptr, body, &fd) == 0, "pthread_create");
    check(pthread_join(thread, nullptr) == 0, "pthread_join");
    check(fd >= 0, "a receiver in a thread", fd);
    int64_t index = kernel::uintr_register_sender(fd);
    if (index >= 0) {
        // Joined is not ended: the kernel may still be at it.
        int64_t result = 0;
        for (patience p; result == 0 && !p.over();) {
            timespec moment{0, 100'000};
            nanosleep(&moment, nullptr);
            result = kernel::uintr_send(uint64_t(index));
        }
        check(result == -ESRCH, "a send to a thread that has ended", result);
        check(kernel::uintr_unregister_sender(uint64_t(index)) == 0, "uintr_unregister_sender");
    }
    close(fd);
    (void)a;
}

void refused(actor& a) {
    check(kernel::uintr_send(30'000 + a.random.below(1 << 20)) == -EINVAL, "an index of nothing");
    check(kernel::uintr_register_sender(900) == -EBADF, "a sender for no descriptor");
    check(kernel::uintr_unregister_sender(a.random.next() | 1 << 20) == -EINVAL, "no sender");
}

} // namespace

const operation interrupt_operations[] = {
    {"send to itself", 400, send_to_self},
    {"from a child", 4, from_a_child},
    {"to an ended thread", 20, to_an_ended_thread},
    {"interrupts refused", 300, refused},
    {},
};

} // namespace torture

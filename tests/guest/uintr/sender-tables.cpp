// SPDX-License-Identifier: BSD-2-Clause
//
// U5, U6, U7: a sender table that grows past its page, entries that are taken back and given again,
// arguments that name nothing, and a receiver that ends. A sender can do nothing but send the
// vector that its fd stands for to the receiver that made it.

#include "../libs/expect.hpp"

#include <ouros/io.hpp>
#include <ouros/uintr.hpp>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace kernel = ouros::kernel;
namespace uintr = ouros::uintr;

namespace {

uintr::flag received;

// As a program does it: 0, or what the kernel says where the UINTC could not.
int64_t send(uint64_t sender) {
    return uintr::send(sender) == OUROS_UIPI_SENT ? 0 : kernel::uintr_send(sender);
}

int vector_fd(unsigned vector) {
    return static_cast<int>(ouros::check(kernel::uintr_create_fd(vector), "create_fd"));
}

uint64_t registered(int fd) {
    return static_cast<uint64_t>(ouros::check(kernel::uintr_register_sender(fd), "register"));
}

void grow() {
    constexpr unsigned many = 2000; // 4 pages, nearly
    int fds[64];
    for (unsigned vector = 0; vector < 64; vector++)
        fds[vector] = vector_fd(vector);
    std::vector<uint64_t> senders;
    for (unsigned i = 0; i < many; i++)
        senders.push_back(registered(fds[i % 64]));
    for (int fd : fds)
        close(fd); // takes nothing from who has registered
    for (unsigned i = 0; i < many; i++) {
        expect(uintr::send(senders[i]) == OUROS_UIPI_SENT, "sent", i);
        expect(received.take() == uint64_t{1} << (i % 64), "its vector, and only that", i);
    }
    expect(uintr::send(many + 4096) == OUROS_UIPI_NO_SENDER, "beyond the table");
    expect(uintr::send(~uint64_t{0}) == OUROS_UIPI_NO_SENDER, "far beyond the table");
    for (uint64_t sender : senders)
        expect(kernel::uintr_unregister_sender(sender) == 0, "unregister", sender);
    for (uint64_t sender : senders) {
        expect(uintr::send(sender) == OUROS_UIPI_NO_SENDER, "dead", sender);
        expect(kernel::uintr_send(sender) == -EINVAL, "dead for the kernel", sender);
        expect(kernel::uintr_unregister_sender(sender) == -EINVAL, "twice", sender);
    }
    expect(received.take() == 0, "nothing came");
}

void indices_are_given_again() {
    int fd = vector_fd(3);
    uint64_t first = registered(fd), second = registered(fd);
    expect(kernel::uintr_unregister_sender(first) == 0, "unregister");
    expect(registered(fd) == first, "the free index");
    expect(registered(fd) != second, "not one in use");
    for (uint64_t sender : {first, second}) {
        expect(send(sender) == 0, "send", sender);
        expect(received.take() == 8, "received", sender);
        expect(kernel::uintr_send(sender) == 0, "by the kernel", sender);
        expect(received.take() == 8, "received that", sender);
    }
    close(fd);
}

void nonsense() {
    for (uint64_t index : {uint64_t{1} << 20, uint64_t{1} << 32, uint64_t{1} << 63, ~uint64_t{0}}) {
        expect(kernel::uintr_unregister_sender(index) == -EINVAL, "unregister", long(index));
        expect(kernel::uintr_send(index) == -EINVAL, "send", long(index));
        expect(send(index) == -EINVAL, "send, falling back", long(index));
    }
    expect(kernel::uintr_register_sender(-1) == -EBADF, "no fd");
    expect(kernel::uintr_register_sender(1000) == -EBADF, "no such fd");
    expect(kernel::uintr_register_sender(1) == -EINVAL, "the console");
    expect(kernel::uintr_create_fd(64) == -EINVAL, "vector 64");
    expect(kernel::uintr_create_fd(~0u) == -EINVAL, "a large vector");
    int fd = vector_fd(0);
    expect(syscall(OUROS_SYS_uintr_register_sender, fd, 1) == -1, "unknown flags");
    expect(syscall(OUROS_SYS_uintr_create_fd, 0, 1) == -1, "unknown flags");
    expect(syscall(OUROS_SYS_uintr_setup, 1) == -1, "unknown flags");
    char c;
    expect(read(fd, &c, 1) == -1 && write(fd, &c, 1) == -1, "it is nothing to read or write");
    close(fd);
}

// A thread's receiver ends with it; its slot's next owner gets nothing that was sent to it.
void receiver_ends() {
    int fd = -1;
    std::thread([&fd] {
        ouros::check(kernel::uintr_setup(), "setup");
        fd = vector_fd(5);
    }).join();
    // join() returns when the thread has said so, which is before the kernel has ended it.
    uint64_t sender = registered(fd);
    while (kernel::uintr_send(sender) == 0)
        sched_yield();
    expect(uintr::send(sender) != OUROS_UIPI_SENT, "no receiver");
    expect(send(sender) == -ESRCH, "ended");
    for (int i = 0; i < 600; i++) { // whoever has the slot now is one of these
        uint64_t got = 1;
        std::thread([&] {
            ouros::check(kernel::uintr_setup(), "setup");
            static thread_local uintr::flag mine;
            uintr::set_flag(&mine);
            uintr::enable();
            send(sender);
            uintr::send(sender);
            got = mine.take();
            uintr::disable();
        }).join();
        expect(got == 0, "nothing for another", i);
    }
    expect(registered(fd) != sender, "the fd is still one");
    expect(send(registered(fd)) == -ESRCH, "of a receiver that has ended");
    close(fd);
}

} // namespace

int main() {
    expect(kernel::uintr_create_fd(0) == -EINVAL, "without a receiver");
    expect(kernel::uintr_send(0) == -EINVAL, "without a table");
    expect(kernel::uintr_unregister_sender(0) == -EINVAL, "without a table");
    ouros::check(kernel::uintr_setup(), "uintr_setup");
    uintr::set_flag(&received);
    uintr::enable();
    grow();
    indices_are_given_again();
    nonsense();
    receiver_ends();
    return failures != 0;
}

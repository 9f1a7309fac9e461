// SPDX-License-Identifier: BSD-2-Clause
//
// U7, U10: what fork, execve, exit and the last close of an fd do to receivers and senders.
//
// Steps between processes are taken by a counter in shared memory.

#include "../libs/expect.hpp"
#include "../process/self.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <ouros/io.hpp>
#include <ouros/uintr.hpp>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kernel = ouros::kernel;
namespace uintr = ouros::uintr;

namespace {

uintr::flag received;

// The two forms of sending, as a program combines them.
int64_t send(uint64_t sender) {
    return uintr::send(sender) == OUROS_UIPI_SENT ? 0 : kernel::uintr_send(sender);
}

void become_receiver() {
    ouros::check(kernel::uintr_setup(), "uintr_setup");
    uintr::set_flag(&received);
    uintr::enable();
}

int vector_fd(unsigned vector) {
    return static_cast<int>(ouros::check(kernel::uintr_create_fd(vector), "create_fd"));
}

uint64_t registered(int fd) {
    return static_cast<uint64_t>(ouros::check(kernel::uintr_register_sender(fd), "register"));
}

void wait_for_vectors(uint64_t expected, const char* what) {
    uint64_t got = 0;
    while (!(got |= received.take())) {
        uintr::disable();
        if (!received.vectors)
            kernel::wait(kernel::forever);
        uintr::enable();
    }
    expect(got == expected, what, long(got));
}

struct steps {
    std::atomic<int> done;
    void reach(int step) { done = step; }
    void await(int step) {
        while (done < step)
            sched_yield();
    }
};

steps* shared_steps() {
    return static_cast<steps*>(
        mmap(nullptr, sizeof(steps), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

template <class F>
pid_t child(F&& does) {
    std::fflush(stdout);
    pid_t id = fork();
    if (id == 0) {
        failures = 0;
        does();
        std::fflush(stdout);
        _exit(failures != 0);
    }
    return id;
}

void expect_success(pid_t id, const char* what) {
    int status = -1;
    expect(waitpid(id, &status, 0) == id && status == 0, what, status);
}

// A child starts with nothing but the fds; they give it the right.
void fork_inherits_the_fd_only() {
    int fd = vector_fd(9);
    uint64_t mine = registered(fd);
    pid_t id = child([&] {
        received.vectors = 0;
        expect(kernel::wait(0) == -EINVAL, "a child has no receiver");
        expect(kernel::uintr_create_fd(1) == -EINVAL, "nor can name one");
        expect(uintr::send(mine) == OUROS_UIPI_NO_SENDER, "no sender table");
        expect(kernel::uintr_send(mine) == -EINVAL, "not for the kernel either");
        expect(kernel::uintr_unregister_sender(mine) == -EINVAL, "nothing to take back");
        uintr::raise(4);
        expect(received.vectors == 0, "what it raises goes nowhere");
        expect(send(registered(fd)) == 0, "the fd lets it register and send");
        become_receiver();
        expect(received.take() == 0, "a receiver of its own has nothing pending");
    });
    wait_for_vectors(1 << 9, "from the child");
    expect_success(id, "the child");
    expect(send(mine) == 0 && received.take() == 1 << 9, "the parent's own is as it was");
    close(fd);
    expect(send(mine) == 0 && received.take() == 1 << 9, "the last close takes nothing");
    kernel::uintr_unregister_sender(mine);
}

// The receiver's process ends: by itself, or by executing another program.
void receiver_goes(bool by_exec, const char* self) {
    steps* step = shared_steps();
    pid_t id = child([&] {
        become_receiver();
        int fd = vector_fd(20);
        uint64_t mine = registered(fd);
        pid_t sends = child([&] {
            uint64_t sender = registered(fd);
            close(fd);
            expect(send(sender) == 0, "while it is there");
            step->reach(1);
            step->await(2);
            // Its process has gone, or says that it is another program.
            while (send(sender) == 0)
                sched_yield();
            expect(uintr::send(sender) != OUROS_UIPI_SENT, "refused");
            expect(send(sender) == -ESRCH, "the receiver has ended");
            expect(kernel::uintr_unregister_sender(sender) == 0, "unregister");
            step->reach(3);
        });
        (void)sends;
        wait_for_vectors(1 << 20, "from the grandchild");
        step->await(1);
        int closed = vector_fd(21);
        fcntl(closed, F_SETFD, FD_CLOEXEC);
        step->reach(2);
        if (by_exec) {
            std::string numbers[3] = {std::to_string(fd), std::to_string(closed),
                                      std::to_string(mine)};
            execl(self, self, "after-exec", numbers[0].c_str(), numbers[1].c_str(),
                  numbers[2].c_str(), static_cast<char*>(nullptr));
            expect(false, "execl", errno);
        }
    });
    expect_success(id, by_exec ? "the receiver, another program by now" : "the receiver");
    step->await(3);
}

// What execve leaves.
int after_exec(int fd, int closed, uint64_t sender) {
    expect(kernel::wait(0) == -EINVAL, "no receiver");
    expect(uintr::send(sender) == OUROS_UIPI_NO_SENDER, "no sender table");
    expect(kernel::uintr_send(sender) == -EINVAL, "nor for the kernel");
    expect(kernel::uintr_register_sender(closed) == -EBADF, "closed by execve");
    become_receiver();
    expect(received.vectors == 0, "a new receiver has nothing pending");
    uint64_t again = registered(fd);
    expect(send(again) == -ESRCH, "the fd stands for the receiver that was");
    expect(received.take() == 0, "not for the new one");
    return failures != 0;
}

// Receivers, tables and the objects behind fds are given back, and slots are never mixed up.
void many_come_and_go() {
    uint64_t mine = registered(vector_fd(33));
    for (int n = 0; n < 600; n++) {
        pid_t id = child([&] {
            become_receiver();
            expect(received.take() == 0, "nothing from who had the slot", n);
            int fd = vector_fd(unsigned(n) % 64);
            expect(send(registered(fd)) == 0, "to itself", n);
            expect(received.take() == uint64_t{1} << (n % 64), "received", n);
        });
        expect_success(id, "one of many");
    }
    expect(send(mine) == 0 && received.take() == uint64_t{1} << 33, "the one that stayed");
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 5 && !std::strcmp(argv[1], "after-exec"))
        return after_exec(atoi(argv[2]), atoi(argv[3]), strtoul(argv[4], nullptr, 10));
    become_receiver();
    fork_inherits_the_fd_only();
    receiver_goes(false, argv[0]);
    receiver_goes(true, own_path(argv[0]).c_str());
    many_come_and_go();
    return failures != 0;
}

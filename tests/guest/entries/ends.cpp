// SPDX-License-Identifier: BSD-2-Clause
//
// A5, A8: calls by token that are pending when a signal comes, when they are cancelled before they
// have begun, when there are too many, when the ring is closed, and when the process forks,
// executes another program or ends. Each gets one completion, or there is nobody left to get it.
#include "entries.hpp"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace {

int fds[2];
char memory[64];
volatile sig_atomic_t signals;

call read_pipe() {
    return {SYS_read, {uint64_t(fds[0]), address(memory), sizeof memory}};
}
int64_t cancel(uint64_t user_data, uint32_t flags, int fd = -1) {
    return result_of(submit({IORING_OP_ASYNC_CANCEL, fd, user_data, 0, 0, flags}));
}
void feed() {
    if (write(fds[1], "abc", 3) != 3)
        wrong++;
}

void a_signal_does_not_interrupt() {
    signal(SIGUSR1, [](int) { signals = signals + 1; });
    uint64_t mine = read_pipe().hand_over();
    let_the_kernel_work();
    kill(getpid(), SIGUSR1);
    expect_equal("signals", signals, 1);
    let_the_kernel_work();
    expect_equal("still pending", is_there(mine), false);
    feed();
    expect_equal("its result", result_of(mine), 3);
}

void no_signal_for_a_broken_pipe() {
    int broken[2];
    if (pipe(broken))
        wrong++;
    close(broken[0]);
    uint64_t mine = call{SYS_write, {uint64_t(broken[1]), address(memory), 1}}.hand_over();
    expect_equal("EPIPE", result_of(mine), -EPIPE);
    close(broken[1]);
}

void cancelled_in_every_way() {
    // Before it has begun: nobody has had the time.
    uint64_t first = call{SYS_getppid}.hand_over();
    uint64_t mine = read_pipe().hand_over();
    uint64_t by = submit({IORING_OP_ASYNC_CANCEL, -1, mine, 0, 0, 0});
    expect_equal("before it", result_of(first), getppid());
    int64_t answer = result_of(by), result = result_of(mine);
    if (!((answer == 0 || answer == -EALREADY) && result == -ECANCELED)) {
        std::printf("WRONG: cancelled early: %ld, %ld\n", answer, result);
        wrong++;
    }
    uint64_t all[4];
    for (uint64_t& one : all)
        one = read_pipe().hand_over();
    let_the_kernel_work();
    expect_equal("by another descriptor", cancel(0, IORING_ASYNC_CANCEL_FD, 999), -ENOENT);
    expect_equal("by descriptor",
                 cancel(0, IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_ALL, fds[0]), 4);
    for (uint64_t one : all)
        expect_equal("by descriptor", result_of(one), -ECANCELED);
    for (uint64_t& one : all)
        one = read_pipe().hand_over();
    uint64_t entry_of_ring = submit({IORING_OP_READ, fds[0], address(memory), 1, ~0ull});
    let_the_kernel_work();
    expect_equal("all", cancel(0, IORING_ASYNC_CANCEL_ANY), 5);
    for (uint64_t one : all)
        expect_equal("all", result_of(one), -ECANCELED);
    expect_equal("all", result_of(entry_of_ring), -ECANCELED);
}

void too_many() {
    unsigned pending = 0;
    std::vector<uint64_t> tokens;
    for (;; pending++) {
        int64_t value = ouros::kernel::hand_over(next_user_data, SYS_read, read_pipe().a);
        if (value != OUROS_PENDING) {
            expect_equal("backpressure", value, -EAGAIN);
            break;
        }
        tokens.push_back(next_user_data++);
    }
    expect_equal("as many as the queue holds", pending, 256);
    expect_equal("all of them", cancel(0, IORING_ASYNC_CANCEL_ANY), 256);
    for (uint64_t one : tokens)
        expect_equal("of many", result_of(one), -ECANCELED);
    expect_equal("room again", result_of(call{SYS_getppid}.hand_over()), getppid());
}

int child_status(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

void processes(const char* self) {
    uint64_t mine = read_pipe().hand_over();
    let_the_kernel_work();
    if (pid_t child = fork(); child == 0) {
        // It has no ring, and none of what its parent waits for.
        const uint64_t none[6] = {};
        _exit(ouros::kernel::hand_over(1, SYS_getppid, none) == -EINVAL ? 0 : 1);
    } else {
        expect_equal("a child", child_status(child), 0);
    }
    expect_equal("after fork", is_there(mine), false);
    for (const char* how : {"close", "exit", "exec", "kill"}) {
        pid_t child = fork();
        if (child == 0) {
            open_ring();
            for (int i = 0; i < 8; i++) {
                read_pipe().hand_over();
                submit({IORING_OP_READ, fds[0], address(memory), 1, ~0ull});
            }
            let_the_kernel_work();
            read_pipe().hand_over(); // one that has not begun
            if (!std::strcmp(how, "close"))
                _exit(ouros::kernel::ring_close() == 0 ? 0 : 1);
            if (!std::strcmp(how, "exec"))
                execl(self, self, "end", nullptr);
            if (!std::strcmp(how, "kill"))
                kill(getpid(), SIGKILL);
            _exit(0);
        }
        int status = child_status(child);
        expect_equal(how, status, std::strcmp(how, "kill") ? 0 : SIGKILL);
    }
    // None of the children's calls has taken it.
    feed();
    expect_equal("after all", result_of(mine), 3);
    // The ring goes with what is pending, and the buffer is free.
    read_pipe().hand_over();
    let_the_kernel_work();
    expect_equal("close", ouros::kernel::ring_close(), 0);
    std::memset(memory, 7, sizeof memory);
    feed();
    for (char c : memory)
        expect_equal("not written any more", c, 7);
    char rest[8];
    expect_equal("nobody has read it", read(fds[0], rest, sizeof rest), 3);
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 1 && !std::strcmp(argv[1], "end"))
        return 0;
    if (pipe(fds))
        return 2;
    open_ring();
    a_signal_does_not_interrupt();
    no_signal_for_a_broken_pipe();
    cancelled_in_every_way();
    too_many();
    processes(argv[0]);
    return wrong != 0;
}

// SPDX-License-Identifier: BSD-2-Clause
//
// io_uring_setup, io_uring_enter and a ring's memory, as io_uring_setup(2) and io_uring_enter(2)
// have them.
#include <csignal>
#include <fcntl.h>
#include <linux/time_types.h>
#include <poll.h>
#include <sys/wait.h>

#include "raw_ring.hpp"

namespace {

void no_ops() {
    raw_ring ring(8);
    EXPECT(ring.params.sq_entries == 8 && ring.params.cq_entries == 16);
    for (unsigned round = 0; round < 100; round++) {
        for (unsigned i = 0; i < 8; i++)
            ring.entry(round * 8 + i, IORING_OP_NOP);
        EXPECT(ring.submit(8) == 8);
        for (unsigned i = 0; i < 8; i++)
            ring.expect(round * 8 + i, 0);
    }
}

// The order in the array counts, not that of the entries; a number that is none is dropped.
void array_of_indices() {
    raw_ring ring(4);
    uint32_t* array = &ring.word(ring.params.sq_off.array);
    array[0] = 2, array[1] = 0;
    for (unsigned i = 0; i < 4; i++)
        ring.entry(10 + i, IORING_OP_NOP);
    array[2] = 77;
    EXPECT(ring.submit(2) == 2);
    ring.expect(12, 0);
    ring.expect(10, 0);
    EXPECT(ring.word(ring.params.sq_off.dropped) == 1);
}

// Files that the device serves, and those that only the kernel can.
void reads_and_writes(const char* path) {
    raw_ring ring(8);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    EXPECT(file >= 0);
    char from[64] = "what is written comes back", to[64] = {};
    ring.entry(1, IORING_OP_WRITE, file, from, sizeof from).flags = IOSQE_IO_LINK;
    ring.entry(2, IORING_OP_READ, file, to, sizeof to);
    EXPECT(ring.submit(2) == 2);
    ring.expect(1, sizeof from);
    ring.expect(2, sizeof to);
    EXPECT(std::memcmp(from, to, sizeof to) == 0);
    ring.entry(3, IORING_OP_READ, 999, to, sizeof to);
    ring.expect(3, -EBADF);
    close(file);
    unlink(path);
}

void pipe_that_waits() {
    raw_ring ring(8);
    int ends[2];
    char byte = 0;
    EXPECT(pipe(ends) == 0);
    ring.entry(1, IORING_OP_READ, ends[0], &byte, 1, ~0ull);
    ring.entry(2, IORING_OP_POLL_ADD, ends[0]).poll32_events = POLLIN;
    EXPECT(ring.submit() == 2);
    EXPECT(ring.ready() == 0);
    pollfd entry{ring.fd, POLLIN, 0};
    EXPECT(poll(&entry, 1, 0) == 0);
    EXPECT(write(ends[1], "x", 1) == 1);
    EXPECT(poll(&entry, 1, -1) == 1 && entry.revents == POLLIN);
    EXPECT(ring.submit(1) == 0);
    close(ends[0]);
    close(ends[1]);
}

void overflow_is_kept() {
    raw_ring ring(4, 0, 4);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 4; i++)
            ring.entry(round * 4 + i, IORING_OP_NOP);
        EXPECT(ring.submit() == 4);
    }
    EXPECT(ring.ready() == 4 && (ring.sq_flags() & IORING_SQ_CQ_OVERFLOW));
    for (unsigned i = 0; i < 12; i++) {
        if (!ring.ready())
            EXPECT(ring.submit(0, IORING_ENTER_GETEVENTS) == 0);
        ring.expect(i, 0);
    }
    EXPECT(ring.ready() == 0 && !(ring.sq_flags() & IORING_SQ_CQ_OVERFLOW));
    EXPECT(ring.word(ring.params.cq_off.overflow) == 0);
}

void timeouts_of_enter() {
    raw_ring ring(4);
    __kernel_timespec time{0, 1'000'000};
    io_uring_getevents_arg argument{};
    argument.ts = reinterpret_cast<uintptr_t>(&time);
    EXPECT(call(__NR_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
                &argument, sizeof argument) == -ETIME);
    EXPECT(call(__NR_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
                &argument, 8) == -EINVAL);
}

volatile sig_atomic_t signals;

// A blocked signal that the mask for the time of the wait lets through ends the wait.
void signals_end_a_wait() {
    raw_ring ring(4);
    struct sigaction action {};
    action.sa_handler = [](int) { signals = signals + 1; };
    action.sa_flags = SA_RESTART;
    EXPECT(sigaction(SIGUSR1, &action, nullptr) == 0);
    sigset_t blocked, none;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, nullptr);
    raise(SIGUSR1);
    EXPECT(signals == 0);
    EXPECT(call(__NR_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS, &none, 8) == -EINTR);
    EXPECT(signals == 1);
    sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
}

void bad_parameters() {
    io_uring_params p{};
    EXPECT(call(__NR_io_uring_setup, 0, &p) == -EINVAL);
    EXPECT(call(__NR_io_uring_setup, 8, nullptr) == -EFAULT);
    EXPECT(call(__NR_io_uring_setup, ~0u, &p) == -EINVAL);
    p.flags = IORING_SETUP_IOPOLL | 1u << 31;
    EXPECT(call(__NR_io_uring_setup, 8, &p) == -EINVAL);
    p = {};
    p.resv[1] = 1;
    EXPECT(call(__NR_io_uring_setup, 8, &p) == -EINVAL);
    p = {};
    p.flags = IORING_SETUP_CQSIZE;
    p.cq_entries = 4;
    EXPECT(call(__NR_io_uring_setup, 8, &p) == -EINVAL); // smaller than the SQ
    p = {};
    p.flags = IORING_SETUP_CLAMP;
    int fd = int(call(__NR_io_uring_setup, ~0u >> 1, &p));
    EXPECT(fd >= 0 && p.sq_entries >= 1024);
    close(fd);

    raw_ring ring(4);
    EXPECT(call(__NR_io_uring_enter, ring.fd, 0, 0, 1u << 30, nullptr, 0) == -EINVAL);
    EXPECT(call(__NR_io_uring_enter, 0, 1, 0, 0, nullptr, 0) == -EOPNOTSUPP);
    EXPECT(call(__NR_io_uring_enter, 500, 1, 0, 0, nullptr, 0) == -EBADF);
    EXPECT(call(__NR_io_uring_register, ring.fd, 12345, nullptr, 0) == -EINVAL);
    ring.entry(1, 200); // an opcode that there is not
    ring.expect(1, -EINVAL);
    // Indices that make no sense: nothing is lost but this ring.
    ring.word(ring.params.sq_off.tail) = 0x80000000;
    EXPECT(call(__NR_io_uring_enter, ring.fd, 4, 0, 0, nullptr, 0) <= 4);
}

// A child has the descriptor, but the ring is its parent's.
void forks() {
    raw_ring ring(4);
    pid_t child = fork();
    if (child == 0) {
        ring.entry(1, IORING_OP_NOP);
        _exit(ring.submit() == -EOPNOTSUPP ? 0 : 1);
    }
    int status = -1;
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
    ring.word(ring.params.sq_off.tail) = 0; // the child shares it
    ring.entry(2, IORING_OP_NOP);
    ring.expect(2, 0);
}

// Ends with requests in flight, many more than there are queue pairs.
void many_rings() {
    int ends[2];
    char byte;
    EXPECT(pipe(ends) == 0);
    for (unsigned i = 0; i < 300; i++) {
        raw_ring ring(4);
        ring.entry(1, IORING_OP_READ, ends[0], &byte, 1, ~0ull);
        EXPECT(ring.submit() == 1);
    }
    EXPECT(write(ends[1], "x", 1) == 1);
    EXPECT(read(ends[0], &byte, 1) == 1); // no request is left that could have taken it
    close(ends[0]);
    close(ends[1]);
}

} // namespace

int main(int count, char** paths) {
    no_ops();
    array_of_indices();
    reads_and_writes("/tmp/io_uring-file");
    for (int i = 1; i < count; i++)
        reads_and_writes(paths[i]);
    pipe_that_waits();
    overflow_is_kept();
    timeouts_of_enter();
    signals_end_a_wait();
    bad_parameters();
    forks();
    many_rings();
    return 0;
}

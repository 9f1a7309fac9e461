// SPDX-License-Identifier: BSD-2-Clause
//
// Pipes, eventfds, poll and select, as far as one thread can go.
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

namespace {

std::string events(const pollfd& one) {
    std::string names;
    for (auto [bit, name] :
         {std::pair{POLLIN, "IN "}, std::pair{POLLOUT, "OUT "}, std::pair{POLLERR, "ERR "},
          std::pair{POLLHUP, "HUP "}, std::pair{POLLNVAL, "NVAL "}})
        if (one.revents & bit)
            names += name;
    return names;
}

void poll_both(const char* when, const int* ends) {
    pollfd set[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}};
    say(std::string("poll ") + when, poll(set, 2, 0));
    tell("reader", events(set[0]));
    tell("writer", events(set[1]));
}

void pipes() {
    int ends[2];
    say("pipe2", pipe2(ends, O_NONBLOCK));
    poll_both("empty", ends);
    char buffer[100];
    say("read empty", read(ends[0], buffer, sizeof buffer));
    say("write", write(ends[1], "0123456789", 10));
    poll_both("filled", ends);
    say("read 4", read(ends[0], buffer, 4));
    tell("read", std::string(buffer, 4));
    say("read rest", read(ends[0], buffer, sizeof buffer));
    say("write to the reader", write(ends[0], "x", 1));
    say("read from the writer", read(ends[1], buffer, 1));
    say("lseek", lseek(ends[0], 0, SEEK_SET));
    say("pread", pread(ends[0], buffer, 1, 0));
    struct stat s;
    say("fstat", fstat(ends[0], &s));
    say("is a pipe", S_ISFIFO(s.st_mode));

    std::string big(100000, '\0');
    for (size_t i = 0; i < big.size(); i++)
        big[i] = static_cast<char>(i * 31 + i / 257);
    long written = say("write more than fits", write(ends[1], big.data(), big.size()));
    poll_both("full", ends);
    say("write to a full one", write(ends[1], "x", 1));
    std::string back(big.size(), '?');
    say("read some", read(ends[0], back.data(), 8192));
    say("write around the end", write(ends[1], big.data() + written, 8192));
    say("read all", read(ends[0], back.data() + 8192, back.size() - 8192));
    auto total = static_cast<size_t>(written) + 8192;
    tell("the same", back.substr(0, total) == big.substr(0, total) ? "yes" : "no");
    // 4096 bytes go in whole or not at all.
    say("fill", write(ends[1], big.data(), 65536 - 4095));
    say("write 4096 where 4095 fit", write(ends[1], big.data(), 4096));
    say("write 4095", write(ends[1], big.data(), 4095));

    say("close reader", close(ends[0]));
    poll_both("without a reader", ends);
    say("write without a reader", write(ends[1], "x", 1));
    close(ends[1]);
    say("pipe2", pipe2(ends, O_CLOEXEC));
    say("close-on-exec", fcntl(ends[0], F_GETFD));
    say("write", write(ends[1], "last", 4));
    say("close writer", close(ends[1]));
    poll_both("without a writer", ends);
    say("read what is left", read(ends[0], buffer, sizeof buffer));
    poll_both("at the end", ends);
    say("read at the end", read(ends[0], buffer, sizeof buffer));
    close(ends[0]);
    say("pipe2 with bad flags", pipe2(ends, 0x12345));
}

void eventfds() {
    int fd = eventfd(3, EFD_NONBLOCK);
    did("eventfd", fd);
    uint64_t value = 4;
    say("write 4", write(fd, &value, 8));
    say("read", read(fd, &value, 8));
    say("value", static_cast<long>(value));
    say("read zero", read(fd, &value, 8));
    say("read 4 bytes", read(fd, &value, 4));
    value = ~0ull;
    say("write -1", write(fd, &value, 8));
    value = ~0ull - 1;
    say("write the most", write(fd, &value, 8));
    pollfd one = {fd, POLLIN | POLLOUT, 0};
    say("poll", poll(&one, 1, 0));
    tell("full", events(one));
    value = 1;
    say("write to a full one", write(fd, &value, 8));
    close(fd);
    fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    for (int i = 0; i < 3; i++) {
        value = 99;
        say("read semaphore", read(fd, &value, 8));
        say("value", static_cast<long>(value));
    }
    close(fd);
    say("eventfd with bad flags", eventfd(0, 0x12345));
}

void polls() {
    int fd = eventfd(0, 0);
    pollfd set[3] = {{fd, POLLIN, 0}, {-1, POLLIN, 0}, {500, POLLIN, 0}};
    say("poll with a bad one", poll(set, 3, 1000));
    tell("bad", events(set[2]));
    say("poll until a timeout", poll(set, 2, 20));
    say("poll nothing", poll(nullptr, 0, 20));
    volatile nfds_t too_many = 1 << 30; // hidden from the compiler, which warns
    say("poll too many", poll(set, too_many, 0));
    timespec negative = {-1, 0};
    say("ppoll with a negative timeout", ppoll(set, 1, &negative, nullptr));
    uint64_t value = 1;
    say("write", write(fd, &value, 8));
    say("poll", poll(set, 1, -1));
    tell("ready", events(set[0]));
    fd_set in, out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(fd, &in);
    FD_SET(fd, &out);
    timeval time = {0, 0};
    say("select", select(fd + 1, &in, &out, nullptr, &time));
    say("in", FD_ISSET(fd, &in));
    say("out", FD_ISSET(fd, &out));
    say("read", read(fd, &value, 8));
    FD_SET(fd, &in);
    time = {0, 20000};
    say("select until a timeout", select(fd + 1, &in, nullptr, nullptr, &time));
    say("in", FD_ISSET(fd, &in));
    FD_SET(20, &in);
    say("select with a bad one", select(21, &in, nullptr, nullptr, &time));
    close(fd);
    int file = open("/dev/zero", O_RDWR);
    set[0] = {file, POLLIN | POLLOUT, 0};
    say("poll a file", poll(set, 1, -1));
    tell("file", events(set[0]));
    close(file);
}

} // namespace

int main() {
    std::signal(SIGPIPE, SIG_IGN);
    pipes();
    eventfds();
    polls();
}

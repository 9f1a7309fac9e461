// SPDX-License-Identifier: BSD-2-Clause
//
// /dev/ttyS1, the second UART driven by the kernel's interrupts: what is sent in loop mode comes
// back, across the ends of buffers; reads wait or say EAGAIN; poll tells what is there.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr int modem_loop = 0x8000; // TIOCM_LOOP, which only <asm/termios.h> has

void check(bool right, const char* what) {
    if (right)
        return;
    std::fprintf(stderr, "%s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

bool is_ready(int fd, short events) {
    pollfd p{fd, events, 0};
    return poll(&p, 1, 0) == 1 && (p.revents & events) == events;
}

std::vector<unsigned char> pattern(size_t size) {
    std::vector<unsigned char> bytes(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = static_cast<unsigned char>(i * 7 + i / 251);
    return bytes;
}

void read_all(int fd, unsigned char* to, size_t size) {
    while (size) {
        ssize_t n = read(fd, to, size);
        check(n > 0, "read");
        to += n;
        size -= static_cast<size_t>(n);
    }
}

void loop(int fd) {
    int modem = modem_loop;
    check(ioctl(fd, TIOCMSET, &modem) == 0, "TIOCMSET");
    modem = 0;
    check(ioctl(fd, TIOCMGET, &modem) == 0 && modem == modem_loop, "TIOCMGET");

    check(!is_ready(fd, POLLIN) && is_ready(fd, POLLOUT), "poll of an idle port");
    char byte;
    int second = open("/dev/ttyS1", O_RDWR | O_NONBLOCK);
    check(second >= 0, "open twice");
    check(read(second, &byte, 1) < 0 && errno == EAGAIN, "read without waiting");
    check(close(second) == 0, "close");

    check(write(fd, "x", 1) == 1, "write of one byte");
    pollfd p{fd, POLLIN, 0};
    check(poll(&p, 1, -1) == 1, "poll");
    check(read(fd, &byte, 1) == 1 && byte == 'x', "read of one byte");

    // Around the port's buffers a few times; they hold 4096, and in loop mode the sender does not
    // wait for the receiver.
    std::vector<unsigned char> sent = pattern(12000), got(sent.size());
    std::thread reader([&] { read_all(fd, got.data(), 3000); });
    for (size_t at = 0; at < sent.size(); at += 3000) {
        check(write(fd, &sent[at], 3000) == 3000, "write");
        if (at == 0)
            reader.join();
        else
            read_all(fd, &got[at], 3000);
    }
    check(got == sent, "bytes that came back");
    check(!is_ready(fd, POLLIN), "poll of an empty port");
}

} // namespace

int main() {
    int fd = open("/dev/ttyS1", O_RDWR);
    check(fd >= 0, "/dev/ttyS1");
    loop(fd);
}

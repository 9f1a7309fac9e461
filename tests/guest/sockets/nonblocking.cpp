// SPDX-License-Identifier: BSD-2-Clause
//
// A3: O_NONBLOCK that is set, and cleared, when the ring has the socket already, holds for the ring
// as it does for system calls: by fcntl and by ioctl.

#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <netinet/in.h>
#include <ouros/ouros.hpp>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

int client, server;

ouros::task<void> sends_later() {
    co_await ouros::sleep(std::chrono::milliseconds(1));
    ouros::check(::write(client, "late", 4), "write");
}

ouros::task<int> program() {
    char bytes[8];
    for (int round = 0; round < 3; round++) {
        // It waits.
        auto sender = ouros::spawn(sends_later());
        if (co_await ouros::read(server, bytes) != 4)
            co_return 10 + round;
        co_await sender;
        // It does not.
        int on = 1;
        bool by_ioctl = round == 1;
        ouros::check(by_ioctl ? ::ioctl(server, FIONBIO, &on)
                              : ::fcntl(server, F_SETFL, O_RDWR | O_NONBLOCK),
                     "O_NONBLOCK");
        if (co_await ouros::read(server, bytes) != -EAGAIN)
            co_return 20 + round;
        if (::read(server, bytes, sizeof bytes) != -1 || errno != EAGAIN)
            co_return 30 + round;
        on = 0;
        ouros::check(by_ioctl ? ::ioctl(server, FIONBIO, &on) : ::fcntl(server, F_SETFL, O_RDWR),
                     "no O_NONBLOCK");
    }
    co_return 0;
}

} // namespace

int main() {
    sockaddr_in to{};
    socklen_t size = sizeof to;
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&to);
    int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    client = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::bind(listener, address, size) != 0 || ::listen(listener, 1) != 0 ||
        ::getsockname(listener, address, &size) != 0 || ::connect(client, address, size) != 0)
        return 2;
    server = ::accept(listener, nullptr, nullptr);
    return ouros::run(program());
}

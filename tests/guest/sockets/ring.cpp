// SPDX-License-Identifier: BSD-2-Clause
//
// A2: sockets as coroutines use them: connected, written and read through the ring, by the side
// that was never bound, too; and what Linux says of those that are not connected.
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <netinet/in.h>
#include <ouros/ouros.hpp>
#include <sys/socket.h>
#include <unistd.h>

namespace {

int wrong = 0;

void expect(const char* what, int64_t found, int64_t wanted) {
    if (found == wanted)
        return;
    std::printf("WRONG: %s: %ld instead of %ld\n", what, found, wanted);
    wrong++;
}

struct name {
    sockaddr_in in{};
    socklen_t size = sizeof in;

    name() {
        in.sin_family = AF_INET;
        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&in); }
};

ouros::task<int> new_socket(int type) {
    co_return static_cast<int>(ouros::check(co_await ouros::socket(AF_INET, type), "socket"));
}

ouros::task<void> there_and_back(const char* what, int client, int server) {
    char bytes[8] = {};
    expect(what, co_await ouros::write(client, "ping", 4), 4);
    expect(what, co_await ouros::read(server, bytes), 4);
    expect(what, std::memcmp(bytes, "ping", 4), 0);
}

ouros::task<void> streams() {
    name at;
    int listener = co_await new_socket(SOCK_STREAM), client = co_await new_socket(SOCK_STREAM);
    int lonely = co_await new_socket(SOCK_STREAM);
    expect("bind", co_await ouros::bind_to(listener, at.get(), at.size), 0);
    expect("listen", co_await ouros::listen(listener, 4), 0);
    expect("name", getsockname(listener, at.get(), &at.size), 0);
    expect("not connected", co_await ouros::write(lonely, "x", 1), -EPIPE);
    expect("connect", co_await ouros::connect(client, at.get(), at.size), 0);
    auto server = static_cast<int>(ouros::check(co_await ouros::accept(listener), "accept"));
    co_await there_and_back("to the server", client, server);
    co_await there_and_back("to the client", server, client);
    for (int each : {server, client, listener, lonely})
        close(each);
}

ouros::task<void> datagrams() {
    name at;
    int server = co_await new_socket(SOCK_DGRAM), client = co_await new_socket(SOCK_DGRAM);
    expect("bind", co_await ouros::bind_to(server, at.get(), at.size), 0);
    expect("name", getsockname(server, at.get(), &at.size), 0);
    expect("no destination", co_await ouros::write(client, "x", 1), -EDESTADDRREQ);
    expect("connect", co_await ouros::connect(client, at.get(), at.size), 0);
    co_await there_and_back("datagram", client, server);
    close(server);
    close(client);
}

ouros::task<int> program() {
    co_await streams();
    co_await datagrams();
    co_return wrong != 0;
}

} // namespace

int main() {
    return ouros::run(program());
}

// SPDX-License-Identifier: BSD-2-Clause
//
// Calls between processes that meet over a socket: a server with two clients, one of which is
// killed; and a client whose server is killed while calls are outstanding.

#include "../libs/expect.hpp"

#include <csignal>
#include <ouros/ouros.hpp>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace ipc = ouros::ipc;

namespace {

struct pair {
    int ends[2];
    pair() {
        ouros::check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ? -errno : 0, "socketpair");
    }
};

template <typename Body>
pid_t child(Body&& body) {
    pid_t id = fork();
    if (id == 0)
        _exit(body());
    return id;
}

int ended(pid_t id) {
    int status = -1;
    waitpid(id, &status, 0);
    return status;
}

constexpr uint64_t goodbye = ~uint64_t{0};

int client_that_counts(int socket) {
    ipc::client client;
    if (ipc::connect(client, socket) < 0)
        return 1;
    for (uint64_t i = 0; i < 500; i++) {
        uint64_t answer = 0;
        if (client.call_and_wait(ipc::bytes_of(i), ipc::writable_bytes_of(answer)) != 8 ||
            answer != i * 3)
            return 2;
    }
    return client.call_and_wait(ipc::bytes_of(goodbye), {}) == 0 ? 0 : 3;
}

// Asks for something that is not answered, and is killed.
int client_that_is_killed(int socket) {
    ipc::client client;
    if (ipc::connect(client, socket) < 0)
        return 1;
    uint64_t value = 7;
    client.call_and_wait(ipc::bytes_of(value), {});
    return 2;
}

void a_client_that_is_killed() {
    pair first, second;
    pid_t victim = child([&] { return client_that_is_killed(second.ends[1]); });
    pid_t counting = child([&] { return client_that_counts(first.ends[1]); });
    ipc::server server;
    ouros::check(server.open(), "open");
    int64_t honest = ouros::check(ipc::accept(server, first.ends[0], {4, 64}), "accept");
    ouros::check(ipc::accept(server, second.ends[0], {4, 64}), "accept");
    ipc::request held;
    for (bool done = false; !done || held;) {
        ipc::request request = server.wait_next();
        if (request.channel() != static_cast<unsigned>(honest)) {
            held = std::move(request);
            kill(victim, SIGKILL);
            expect(ended(victim) == SIGKILL, "the victim");
            unsigned channel = held.channel();
            held.reply_value(uint64_t{0}); // nobody is there: no harm
            server.drop(channel);
            continue;
        }
        uint64_t value = 0;
        request.copy(&value);
        done = value == goodbye;
        if (done)
            request.reply({});
        else
            request.reply_value(value * 3);
    }
    expect(ended(counting) == 0, "the other client is served to the end");
}

ouros::task<int64_t> ask(ipc::client& client) {
    uint64_t value = 1;
    co_return co_await client.call(ipc::bytes_of(value), {});
}

ouros::task<int> outstanding(ipc::client& client, int socket, pid_t server) {
    auto watching = ouros::spawn(client.watch(socket));
    std::vector<ouros::spawned<int64_t>> all;
    for (int i = 0; i < 10; i++) // more than there are slots
        all.push_back(ouros::spawn(ask(client)));
    co_await ouros::sleep(std::chrono::milliseconds(2));
    kill(server, SIGKILL);
    int errors = 0;
    for (auto& each : all)
        errors += co_await each == -EPIPE;
    expect(errors == 10, "each call has one error", errors);
    expect(co_await ask(client) == -EPIPE, "and each later one");
    co_await watching;
    co_return 0;
}

void a_server_that_is_killed() {
    pair sockets;
    pid_t id = child([&] {
        close(sockets.ends[0]);
        ipc::server server;
        if (server.open() < 0 || ipc::accept(server, sockets.ends[1], {4, 64}) < 0)
            return 1;
        std::vector<ipc::request> all;
        for (;;)
            all.push_back(server.wait_next()); // and never answers
    });
    close(sockets.ends[1]);
    ipc::client client;
    ouros::check(ipc::connect(client, sockets.ends[0]), "connect");
    expect(ouros::run(outstanding(client, sockets.ends[0], id)) == 0, "run");
    expect(ended(id) == SIGKILL, "the server");
}

} // namespace

int main() {
    a_client_that_is_killed();
    a_server_that_is_killed();
    return failures != 0;
}

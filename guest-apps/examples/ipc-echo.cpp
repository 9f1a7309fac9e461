// SPDX-License-Identifier: BSD-2-Clause
//
// ipc-echo TEXT...: a server process turns texts into upper case; a client process has all of its
// texts there at the same time. Coroutines on both sides, nobody enters the kernel while there is
// something to do.
#include <cctype>
#include <cstdio>
#include <ouros/ouros.hpp>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace ipc = ouros::ipc;

// Until the client says goodbye with an empty text.
ouros::task<int> serve(ipc::server& server) {
    for (;;) {
        ipc::request request = co_await server.next();
        // The client can change the text where it is: work on a copy.
        std::string text(request.length(), '\0');
        request.copy(std::as_writable_bytes(std::span(text)));
        for (char& c : text)
            c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        request.reply(std::as_bytes(std::span(text)));
        if (text.empty())
            co_return 0;
    }
}

ouros::task<std::string> ask(ipc::client& client, std::string text) {
    std::string answer(client.slot_size(), '\0');
    int64_t length = ouros::check(co_await client.call(std::as_bytes(std::span(text)),
                                                       std::as_writable_bytes(std::span(answer))),
                                  "call");
    answer.resize(static_cast<size_t>(length));
    co_return answer;
}

ouros::task<int> call(ipc::client& client, int count, char** texts) {
    std::vector<ouros::task<std::string>> all;
    for (int i = 0; i < count; i++)
        all.push_back(ask(client, texts[i]));
    for (const std::string& answer : co_await ouros::when_all(std::move(all)))
        std::printf("%s\n", answer.c_str());
    co_await ask(client, "");
    co_return 0;
}

int main(int argc, char** argv) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) < 0) {
        std::perror("socketpair");
        return 1;
    }
    if (fork() == 0) {
        ipc::server server;
        ouros::check(server.open(), "server");
        ouros::check(ipc::accept(server, sockets[1]), "accept");
        return ouros::run(serve(server));
    }
    ipc::client client;
    ouros::check(ipc::connect(client, sockets[0]), "connect");
    int failed = ouros::run(call(client, argc - 1, argv + 1));
    int status = 1;
    wait(&status);
    return failed ? failed : status;
}

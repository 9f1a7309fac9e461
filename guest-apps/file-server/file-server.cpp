// SPDX-License-Identifier: BSD-2-Clause
//
// file-server DIRECTORY [PORT [CONNECTIONS]]: serves the files of a directory by HTTP, a coroutine
// for each connection, until it has had CONNECTIONS. Port 0 is any that is free.
//
//   ouros run --net loopback --export ~/data -- file-server /host 8080
//   curl http://127.0.0.1:8080/file
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <ouros/ouros.hpp>
#include <string>
#include <vector>

ouros::task<void> send_all(int fd, const char* data, size_t length) {
    while (length > 0) {
        auto sent = static_cast<size_t>(
            ouros::check(co_await ouros::send(fd, data, length, MSG_NOSIGNAL), "send"));
        data += sent;
        length -= sent;
    }
}

// The path that is asked for, empty if it is not one that may be.
ouros::task<std::string> request(int fd) {
    std::string text;
    char block[1024];
    while (text.find("\r\n\r\n") == text.npos && text.size() < 8192) {
        int64_t length = ouros::check(co_await ouros::receive(fd, block, sizeof block), "receive");
        if (length == 0)
            break;
        text.append(block, static_cast<size_t>(length));
    }
    size_t end = text.find(' ', 4);
    if (text.compare(0, 5, "GET /") != 0 || end == text.npos || text.find("..") < end)
        co_return "";
    co_return text.substr(4, end - 4);
}

ouros::task<void> answer(int fd, const std::string& directory) {
    std::string path = co_await request(fd);
    auto file = static_cast<int>(co_await ouros::open((directory + path).c_str(), O_RDONLY));
    struct statx about = {};
    if (path.empty() || file < 0 || co_await ouros::stat_at(file, "", &about, AT_EMPTY_PATH) < 0 ||
        S_ISDIR(about.stx_mode)) {
        constexpr char missing[] = "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n";
        co_await send_all(fd, missing, sizeof missing - 1);
    } else {
        std::string head =
            "HTTP/1.0 200 OK\r\nContent-Length: " + std::to_string(about.stx_size) + "\r\n\r\n";
        co_await send_all(fd, head.data(), head.size());
        std::vector<char> block(16384);
        while (int64_t length = ouros::check(co_await ouros::read(file, block), "read"))
            co_await send_all(fd, block.data(), static_cast<size_t>(length));
    }
    if (file >= 0)
        co_await ouros::close(file);
}

ouros::task<void> serve(int fd, const std::string& directory) {
    try {
        co_await answer(fd, directory);
    } catch (const std::exception& error) { // of this connection alone
        std::fprintf(stderr, "file-server: %s\n", error.what());
    }
    co_await ouros::close(fd);
}

ouros::task<int> program(std::string directory, uint16_t port, unsigned long connections) {
    using ouros::check;
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    auto listener = static_cast<int>(check(co_await ouros::socket(AF_INET, SOCK_STREAM), "socket"));
    auto* at = reinterpret_cast<sockaddr*>(&address);
    check(co_await ouros::bind_to(listener, at, sizeof address), "bind");
    check(co_await ouros::listen(listener, 1024), "listen");
    socklen_t size = sizeof address;
    getsockname(listener, at, &size);
    std::printf("port %u\n", ntohs(address.sin_port));
    std::fflush(stdout);
    std::vector<ouros::spawned<void>> served;
    for (unsigned long n = 0; connections == 0 || n < connections; n++) {
        auto fd = static_cast<int>(check(co_await ouros::accept(listener), "accept"));
        std::erase_if(served, [](auto& one) { return one.done(); });
        served.push_back(ouros::spawn(serve(fd, directory)));
    }
    for (auto& one : served)
        co_await one;
    co_return 0;
}

int main(int argc, char** argv) {
    return ouros::run(program(argc > 1 ? argv[1] : ".",
                              static_cast<uint16_t>(argc > 2 ? std::atoi(argv[2]) : 8080),
                              argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 0));
}

// SPDX-License-Identifier: BSD-2-Clause
//
// uart-driver VERSION echo N: sends "ready" on the second UART, then N bytes that come from it,
// letters in upper case. One driver in three versions:
//
//   coroutines   in this process: coroutines woken by user external interrupts
//   polling      in this process: it looks until something has come
//   kernel       in the kernel: interrupts there, read and write of /dev/ttyS1 here
//
//   build/ouros run --qemu-arg=-serial --qemu-arg=unix:/tmp/uart -- uart-driver coroutines echo 100

#include "coroutines.hpp"
#include "polling.hpp"

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <ouros/ouros.hpp>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

constexpr char greeting[] = "ready\n";
constexpr size_t greeting_size = sizeof greeting - 1;

void raise_letters(std::vector<uint8_t>& bytes) {
    for (uint8_t& byte : bytes)
        byte = static_cast<uint8_t>(std::toupper(byte));
}

int fail(const char* what, int64_t error) {
    std::fprintf(stderr, "uart-driver: %s: %s\n", what, std::strerror(static_cast<int>(-error)));
    return 1;
}

ouros::task<int> echo_by_coroutines(size_t size) {
    uart::port port;
    if (int64_t error = port.open(false))
        co_return fail(uart::device_name, error);
    co_await port.send(greeting, greeting_size);
    std::vector<uint8_t> bytes(size);
    co_await port.receive(bytes.data(), size);
    raise_letters(bytes);
    co_await port.send(bytes.data(), size);
    while (!port.is_idle()) // the thread's end would cut off what is still in the UART
        co_await ouros::yield();
    co_return 0;
}

int echo_by_polling(size_t size) {
    uart::polled_port port;
    if (int64_t error = port.open(false))
        return fail(uart::device_name, error);
    std::vector<uint8_t> bytes(size);
    port.send(reinterpret_cast<const uint8_t*>(greeting), greeting_size);
    port.receive(bytes.data(), size);
    raise_letters(bytes);
    port.send(bytes.data(), size);
    while (!port.is_idle())
        ;
    return 0;
}

int echo_by_kernel(size_t size) {
    int fd = open("/dev/ttyS1", O_RDWR);
    std::vector<uint8_t> bytes(size);
    bool done = fd >= 0 && write(fd, greeting, greeting_size) == ssize_t{greeting_size};
    for (size_t at = 0; done && at < size;) {
        ssize_t n = read(fd, &bytes[at], size - at);
        done = n > 0;
        at += done ? static_cast<size_t>(n) : 0;
    }
    raise_letters(bytes);
    done = done && write(fd, bytes.data(), size) == static_cast<ssize_t>(size);
    return done ? 0 : fail("/dev/ttyS1", -errno);
}

} // namespace

int main(int argc, char** argv) {
    std::string version = argc == 4 ? argv[1] : "";
    size_t size = argc == 4 ? std::strtoul(argv[3], nullptr, 10) : 0;
    if (size > 0 && !std::strcmp(argv[2], "echo")) {
        if (version == "coroutines")
            return ouros::run(echo_by_coroutines(size));
        if (version == "polling")
            return echo_by_polling(size);
        if (version == "kernel")
            return echo_by_kernel(size);
    }
    std::fputs("usage: uart-driver coroutines|polling|kernel echo N\n", stderr);
    return 2;
}

// SPDX-License-Identifier: BSD-2-Clause
//
// One UART driver in three versions, the UART sending to itself: per byte that goes out and comes
// back.
//
//   block     64 bytes: as fast as the driver takes them, since in loop mode a byte arrives with
//   the
//             store that sends it
//   message   4 bytes, which the UART reports after four character times without another: the
//             driver waits for 0.2 ms (of virtual time)

#include "../uart-driver/coroutines.hpp"
#include "../uart-driver/polling.hpp"
#include "measure.hpp"

#include <cstring>
#include <fcntl.h>
#include <ouros/ouros.hpp>
#include <stdexcept>
#include <string>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

namespace bench {

namespace {

constexpr size_t block_size = 64, message_size = 4;
constexpr int times = 100;

uint8_t out[block_size], in[block_size];

void check_answer(size_t size) {
    if (std::memcmp(out, in, size) != 0)
        throw std::runtime_error("uart: what came back is not what was sent");
    std::memset(in, 0, size);
    out[0]++;
}

void check_open(int64_t error) {
    if (error < 0)
        throw std::runtime_error(std::string("no second UART: ") +
                                 std::strerror(static_cast<int>(-error)));
}

ouros::task<void> exchange(uart::port& port, const char* name, size_t size) {
    for (int i = -times / 10; i < times; i++) {
        uint64_t start = instructions();
        co_await port.send(out, size);
        co_await port.receive(in, size);
        uint64_t end = instructions();
        if (i >= 0)
            taken.add(end - start);
        check_answer(size);
    }
    taken.report(name, size);
}

ouros::task<int> by_coroutines() {
    uart::port port;
    check_open(port.open(true));
    co_await exchange(port, "uart.block.coroutines", block_size);
    co_await exchange(port, "uart.message.coroutines", message_size);
    co_return 0;
}

template <typename Exchange>
void measure_exchange(const char* name, size_t size, Exchange&& work) {
    for (int i = -times / 10; i < times; i++) {
        uint64_t start = instructions();
        work();
        uint64_t end = instructions();
        if (i >= 0)
            taken.add(end - start);
        check_answer(size);
    }
    taken.report(name, size);
}

void by_polling() {
    uart::polled_port port;
    check_open(port.open(true));
    measure_exchange("uart.block.polling", block_size,
                     [&] { port.exchange(out, block_size, in, block_size); });
    measure_exchange("uart.message.polling", message_size, [&] {
        port.send(out, message_size);
        port.look_until_reported();
        port.receive(in, message_size);
    });
}

void by_kernel() {
    int fd = open("/dev/ttyS1", O_RDWR);
    constexpr int modem_loop = 0x8000; // TIOCM_LOOP, which only <asm/termios.h> has
    int modem = modem_loop;
    check_open(fd < 0 || ioctl(fd, TIOCMSET, &modem) < 0 ? -errno : 0);
    auto exchange = [fd](size_t size) {
        size_t done = 0;
        if (write(fd, out, size) != static_cast<ssize_t>(size))
            throw std::runtime_error("write to /dev/ttyS1");
        while (done < size) {
            ssize_t n = read(fd, in + done, size - done);
            if (n <= 0)
                throw std::runtime_error("read from /dev/ttyS1");
            done += static_cast<size_t>(n);
        }
    };
    measure_exchange("uart.block.kernel", block_size, [&] { exchange(block_size); });
    measure_exchange("uart.message.kernel", message_size, [&] { exchange(message_size); });
    close(fd);
}

// A device is its thread's as long as the thread lives: each version has one.
void uart(const char*) {
    for (size_t i = 0; i < block_size; i++)
        out[i] = static_cast<uint8_t>(i);
    std::exception_ptr error;
    for (void (*version)() : {+[] { ouros::run(by_coroutines()); }, +by_polling, +by_kernel})
        std::thread([&] {
            try {
                version();
            } catch (...) {
                error = std::current_exception();
            }
        }).join();
    if (error)
        std::rethrow_exception(error);
}

const subject here{"uart", harts::one, uart};

} // namespace

} // namespace bench

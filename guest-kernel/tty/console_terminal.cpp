// SPDX-License-Identifier: BSD-2-Clause
#include "tty/console_terminal.h"

#include <new>

#include "device-tree/machine.h"
#include "drivers/asyscall.h"
#include "drivers/plic.h"
#include "drivers/uart.h"

namespace kernel {

namespace {

asyscall_device* streams() {
    auto* device = asyscall_device::get();
    return device && device->has(ASYSCALL_F_CONSOLE) ? device : nullptr;
}

// What came in through the UART: keys or, if these come by the device, lines of the launcher.
spinlock uart_lock;
byte_queue<256> uart_bytes;
completion uart_work;

size_t take_uart_bytes(uint8_t* to, size_t size) {
    lock_guard guard(uart_lock);
    size_t done = 0;
    while (done < size && !uart_bytes.empty())
        to[done++] = uart_bytes.take();
    return done;
}

task<long> next_uart_bytes(uint8_t* to, size_t size) {
    for (;;) {
        uart_work.rearm();
        if (size_t count = take_uart_bytes(to, size))
            co_return static_cast<long>(count);
        co_await uart_work.wait();
    }
}

io_uring_sqe transfer(uint8_t opcode, uint64_t handle, const uint8_t* bytes, size_t size) {
    io_uring_sqe entry{};
    entry.opcode = opcode;
    entry.fd = static_cast<int32_t>(handle);
    entry.off = ~0ull;
    entry.addr = to_physical(bytes);
    entry.len = static_cast<uint32_t>(size);
    return entry;
}

uint64_t output_of(const console_setup& setup) {
    return setup.output || !setup.error ? ASYSCALL_HANDLE_STDOUT : ASYSCALL_HANDLE_STDERR;
}

} // namespace

console_terminal::console_terminal(const console_setup& setup)
    : terminal(5u << 8 | 1)
    , shows_errors_(setup.error)
    , raw_(setup.raw)
    , output_handle_(output_of(setup)) {
    if (!setup.raw)
        line_.make_transparent();
    set_window({setup.rows, setup.columns});
}

bool console_terminal::start() {
    if (machine.uart_interrupt) {
        plic_set_enabled(machine.uart_interrupt, true);
        uart_enable_input();
    }
    return spawn(move_output()) && spawn(move_input()) && (!streams() || spawn(follow_window()));
}

void console_terminal::uart_has_input() {
    lock_guard guard(uart_lock);
    for (int byte; (byte = uart_read()) >= 0;)
        if (uart_bytes.room())
            uart_bytes.put(static_cast<uint8_t>(byte));
    uart_work.set();
}

task<long> console_terminal::move_output() {
    for (;;) {
        work_.rearm();
        size_t size = take_output(output_, sizeof output_);
        if (!size) {
            co_await work_.wait();
            continue;
        }
        co_await show(size);
        output_shown(size);
    }
}

task<long> console_terminal::show(size_t size) {
    if (!streams()) {
        for (size_t i = 0; i < size; i++)
            uart_put(static_cast<char>(output_[i]));
        co_return 0;
    }
    for (size_t done = 0; done < size;) {
        long put = co_await streams()->call(
            transfer(IORING_OP_WRITE, output_handle_, output_ + done, size - done));
        if (put <= 0)
            co_return put; // nobody sees it
        done += static_cast<size_t>(put);
    }
    co_return 0;
}

// The next bytes are in `input_`. How many; 0: the end.
task<long> console_terminal::wait_for_input() {
    if (!streams())
        co_return co_await next_uart_bytes(input_, sizeof input_);
    co_return co_await streams()->call(
        transfer(IORING_OP_READ, ASYSCALL_HANDLE_STDIN, input_, sizeof input_));
}

task<long> console_terminal::pass_on(size_t size) {
    for (size_t done = 0; done < size;) {
        room_.rearm();
        if (size_t taken = accept(input_ + done, size - done))
            done += taken;
        else
            co_await room_.wait();
    }
    co_return 0;
}

task<long> console_terminal::move_input() {
    for (;;) {
        long size = co_await wait_for_input();
        if (size > 0) {
            co_await pass_on(static_cast<size_t>(size));
            continue;
        }
        ended();
        // A terminal of the host's that edits lines goes on after ^D; one that doesn't has hung up.
        if (raw_)
            co_return 0;
        room_.rearm();
        co_await room_.wait(); // until somebody has been told
    }
}

void console_terminal::ended() {
    if (raw_) {
        int session = session_of(*this);
        hang_up();
        if (session) {
            signal_group(session, signal_hangup);
            signal_group(session, signal_continue);
        }
        return;
    }
    lock_guard guard(lock_);
    line_.receive_end();
    readable.wake_all();
}

// The launcher says in lines, "window ROWS COLUMNS", that the size of the host's terminal has
// changed.
task<long> console_terminal::follow_window() {
    constexpr std::string_view word = "window ";
    char line[64];
    size_t length = 0;
    for (;;) {
        uint8_t byte;
        co_await next_uart_bytes(&byte, 1);
        if (byte != '\n') {
            if (length < sizeof line)
                line[length++] = static_cast<char>(byte);
            continue;
        }
        if (std::string_view(line, length).starts_with(word)) {
            console_setup setup = console_setup::parse(line + word.size(), length - word.size());
            set_window({setup.rows, setup.columns});
        }
        length = 0;
    }
}

void console_terminal::message(const char* text, size_t size) {
    lock_guard guard(lock_);
    line_.write(reinterpret_cast<const uint8_t*>(text), size);
    output_ready();
}

bool console_terminal::quiet() {
    lock_guard guard(lock_);
    // The machine is about to end: what was stopped can't wait for START.
    if (line_.output_stopped()) {
        line_.set_output_stopped(false);
        output_ready();
    }
    return line_.output.empty() && being_shown_ == 0;
}

} // namespace kernel

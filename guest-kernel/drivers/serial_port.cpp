// SPDX-License-Identifier: BSD-2-Clause
#include "drivers/serial_port.h"

#include "async/timer.h"
#include "device-tree/machine.h"
#include "drivers/ns16550.h"
#include "drivers/plic.h"
#include "drivers/spare.h"
#include "syscalls/syscall.h"

namespace kernel::serial_port {

spinlock lock;
wait_queue readable, writable;

namespace {

constexpr unsigned port = 0; // of machine.spare
constexpr size_t ring_size = 4096;
constexpr uint8_t divisor = 2; // 115200 baud: the clock of 3.6864 MHz by 16 by this

// The bytes between `out` and `in`, which run freely and are masked on use.
struct byte_ring {
    uint8_t bytes[ring_size];
    uint32_t in = 0;
    uint32_t out = 0;

    uint32_t used() const { return in - out; }
    uint32_t room() const { return ring_size - used(); }
    void put(uint8_t byte) { bytes[in++ % ring_size] = byte; }
    uint8_t take() { return bytes[out++ % ring_size]; }
};
byte_ring received, to_send;

unsigned users; // open files
uint8_t enabled;

ns16550 uart() {
    return ns16550(machine.spare[port].registers.start);
}

void enable(uint8_t interrupts) {
    if (enabled != interrupts)
        uart().set(ns16550::interrupt_enable, enabled = interrupts);
}

// Takes what has come, then fills the transmitter if it is empty: in this order, because what is
// sent in loop mode comes at once, and the UART has room for one filling.
void serve() {
    uint32_t before = received.used();
    uint8_t status = uart().get(ns16550::line_status);
    while ((status & ns16550::data_ready) && received.room()) {
        received.put(uart().get(ns16550::data));
        status = uart().get(ns16550::line_status);
    }
    if (received.used() != before)
        readable.wake_all();
    if ((status & ns16550::transmitter_empty) && to_send.used()) {
        for (size_t n = 0; n < ns16550::fifo_size && to_send.used(); n++)
            uart().set(ns16550::data, to_send.take());
        writable.wake_all();
    }
    // Without room the rest waits in the UART, and the sender for it.
    enable((received.room() ? ns16550::enable_received : 0) |
           (to_send.used() ? ns16550::enable_sent : 0));
}

void interrupt() {
    lock_guard guard(lock);
    while (users && !(uart().get(ns16550::interrupt_identity) & ns16550::no_interrupt))
        serve();
}

void start() {
    received.in = received.out = to_send.in = to_send.out = 0;
    uart().quiesce();
    uart().set(ns16550::line_control, ns16550::eight_bits | ns16550::divisor_latch);
    uart().set(ns16550::data, divisor);
    uart().set(ns16550::interrupt_enable, 0);
    uart().set(ns16550::line_control, ns16550::eight_bits);
    uart().set(ns16550::fifo_control,
               ns16550::fifo_on | ns16550::fifo_clear | ns16550::fifo_trigger_8);
    uart().set(ns16550::modem_control, ns16550::ready | ns16550::modem_interrupt);
    enabled = 0;
    enable(ns16550::enable_received);
}

// What was written goes out before the port is closed, unless the other end doesn't take it.
void drain() {
    constexpr nanoseconds patience = 1'000'000'000; // three times what a full ring takes
    nanoseconds deadline = now() + patience;
    while (to_send.used() && now() < deadline)
        serve();
}

size_t until_wrap(uint32_t at, size_t size) {
    size_t left = ring_size - at % ring_size;
    return size < left ? size : left;
}

} // namespace

void initialise() {
    if (machine.spare_count > port)
        plic_add_disabled(machine.spare[port].interrupt, interrupt);
}

long open() {
    if (machine.spare_count <= port)
        return -ENXIO;
    lock_guard guard(lock);
    if (users == 0) {
        if (!spare_take(port))
            return -EBUSY;
        start();
        plic_set_enabled(machine.spare[port].interrupt, true);
    }
    users++;
    return 0;
}

void close() {
    lock_guard guard(lock);
    if (--users)
        return;
    drain();
    plic_set_enabled(machine.spare[port].interrupt, false);
    uart().quiesce();
    spare_return(port);
}

long read(user_buffers& to) {
    if (to.empty())
        return 0;
    if (!received.used())
        return must_wait;
    long done = to.each(received.used(), protection_write, [](uint8_t* memory, size_t size) {
        size = until_wrap(received.out, size);
        __builtin_memcpy(memory, received.bytes + received.out % ring_size, size);
        received.out += uint32_t(size);
        return long(size);
    });
    if (received.room() && !(enabled & ns16550::enable_received))
        serve();
    return done;
}

long write(user_buffers& from) {
    if (from.empty())
        return 0;
    if (!to_send.room())
        return must_wait;
    long done = from.each(to_send.room(), protection_read, [](uint8_t* memory, size_t size) {
        size = until_wrap(to_send.in, size);
        __builtin_memcpy(to_send.bytes + to_send.in % ring_size, memory, size);
        to_send.in += uint32_t(size);
        return long(size);
    });
    serve();
    return done;
}

bool has_data() {
    return received.used() != 0;
}
size_t room() {
    return to_send.room();
}

void set_loop(bool on) {
    uart().set(ns16550::modem_control,
               ns16550::ready | ns16550::modem_interrupt | (on ? ns16550::loop : 0));
}

bool loop() {
    return uart().get(ns16550::modem_control) & ns16550::loop;
}

} // namespace kernel::serial_port

// SPDX-License-Identifier: BSD-2-Clause
//
// A UART driven by coroutines and user external interrupts, with no kernel entry while there is
// something to run:
//
//   uart::port port;
//   port.open(false);                        inside ouros::run
//   co_await port.send(bytes, size);         until the UART has all of them
//   co_await port.receive(bytes, size);      until so many have come
//
// One sender and one receiver at a time.
#ifndef UART_COROUTINES_HPP
#define UART_COROUTINES_HPP

#include "ns16550.hpp"

#include <coroutine>
#include <ouros/worker.hpp>

namespace uart {

class port {
  public:
    // 0 or -errno.
    int64_t open(bool loop);

    struct [[nodiscard]] transfer {
        port& of;
        bool (port::*begin)(transfer&); // true: done already; with user interrupts off
        uint8_t* next;
        size_t left;
        ouros::strand* waiter = nullptr;

        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> coroutine) noexcept;
        void await_resume() const noexcept {}
    };
    transfer send(const void* bytes, size_t size) {
        auto* first = static_cast<uint8_t*>(const_cast<void*>(bytes)); // only read
        return {*this, &port::begin_send, first, size};
    }
    transfer receive(void* bytes, size_t size) {
        return {*this, &port::begin_receive, static_cast<uint8_t*>(bytes), size};
    }

    // Nothing is on its way out.
    bool is_idle() const { return device_.get8(line_status) & all_sent; }
    // Bytes that came while nobody received and there was no room for them.
    uint64_t lost() const { return lost_; }

  private:
    static constexpr uint32_t early_size = 256;

    bool begin_send(transfer& t);
    bool begin_receive(transfer& t);
    void serve();
    uint8_t take_received(uint8_t status);
    void ask_for(uint8_t interrupts);
    void finish(transfer*& t);

    ouros::user_device device_;
    uint8_t interrupts_ = enable_received; // that it asks for
    // Written by the handler, and by coroutines with user interrupts off.
    transfer* sender_ = nullptr;
    transfer* receiver_ = nullptr;
    uint8_t early_[early_size]; // came before somebody received: a ring
    uint32_t early_in_ = 0;
    uint32_t early_out_ = 0;
    uint64_t lost_ = 0;
};

} // namespace uart

#endif // UART_COROUTINES_HPP

// SPDX-License-Identifier: BSD-2-Clause
//
// The terminal of whoever runs the machine: behind it are the asyscall device's streams, or the
// UART. Two coroutines move what comes and goes.
#pragma once

#include "async/task.h"
#include "async/wait_queue.h"
#include "tty/terminal.h"
#include "tty/tty.h"

namespace kernel {

class console_terminal final : public terminal {
  public:
    explicit console_terminal(const console_setup& setup);
    // False: no memory.
    bool start();
    bool shows_errors() const { return shows_errors_; }
    void message(const char* text, size_t size);
    bool quiet();

    // From the UART's interrupt.
    static void uart_has_input();

  private:
    void output_ready() override { work_.set(); }
    void room_for_input() override { room_.set(); }

    task<long> move_output();
    task<long> show(size_t size);
    task<long> move_input();
    task<long> wait_for_input();
    task<long> follow_window();
    task<long> pass_on(size_t size);
    void ended();

    const bool shows_errors_;
    const bool raw_;
    const uint64_t output_handle_; // of the device
    completion work_, room_;
    uint8_t input_[page_size];
    uint8_t output_[page_size];
};

} // namespace kernel

// SPDX-License-Identifier: BSD-2-Clause
//
// A terminal: the line discipline with those who wait at it, and the process groups it is about.
// What is behind it, a console or the other side of a pseudo-terminal, is a class derived from it.
//
//   back end:  accept() what was typed; output_ready() is called when there is output to show, and
//              room_for_input() when accept() takes more again
//
// Lock order: the terminal's lock before those of memory. Signals are sent without it.
#pragma once

#include "async/task.h"
#include "async/wait_queue.h"
#include "fs/user_buffers.h"
#include "lib/spinlock.h"
#include "process/session.h"
#include "tty/line_discipline.h"

namespace kernel {

class terminal : public controlling_terminal {
  public:
    explicit terminal(uint64_t device_number)
        : device_number_(device_number) {}

    ref<file> open(uint32_t flags, const file_attributes& attributes) override;
    uint64_t device_number() const override { return device_number_; }
    void hang_up() override;

    // What programs do with it. `generation` is what generation() was when they opened it.
    task<long> read(caller& who, user_buffers to, bool nonblocking, unsigned generation);
    task<long> write(caller& who, user_buffers from, bool nonblocking, unsigned generation);
    task<long> control(caller& who, uint32_t request, uint64_t argument, unsigned generation);
    uint32_t poll(unsigned generation);
    // It counts hang-ups: files opened before one are dead.
    unsigned generation();

    wait_queue readable, writable;

  protected:
    // With `lock_`.
    virtual void output_ready() = 0;
    virtual void room_for_input() = 0;

    // From the back end, without the lock. How many bytes it took.
    size_t accept(const uint8_t* bytes, size_t size);
    // A piece of the output for the back end to show; 0: there is none, or it is stopped.
    size_t take_output(uint8_t* to, size_t size);
    // ... which has been shown.
    void output_shown(size_t size);
    void set_window(const window_size& size);

    spinlock lock_; // all of what follows
    line_discipline line_;
    size_t being_shown_ = 0; // taken from the output, and not shown yet

  private:
    friend class terminal_control;

    long read_now(user_buffers& to);
    task<long> read_raw(caller& who, user_buffers& to, bool nonblocking, unsigned generation);
    bool output_is_shown() const { return line_.output.empty() && being_shown_ == 0; }
    void flush_input();
    void flush_output();

    const uint64_t device_number_;
    wait_queue shown_; // output_is_shown() may have become true
    window_size window_;
    unsigned generation_ = 0;
};

} // namespace kernel

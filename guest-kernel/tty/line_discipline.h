// SPDX-License-Identifier: BSD-2-Clause
//
// What a terminal does with bytes on their way between a keyboard and a screen and a program:
// Linux's N_TTY. It only computes: who waits, who is signalled and where bytes come from and go to
// is the terminal's (terminal.h), which holds a lock around every call.
//
//   keyboard -> receive() -> input  -> read()        flow control, signals, editing of the line
//                  | echo                            before its end is there
//                  v
//   screen <------ output <----------- write()       new lines, tabs
//
// In canonical mode a program reads lines, each once it is complete. `input` then is
//
//          tail            canonical_head      head
//            | line, line, ...   | line being edited |        marks: where a line ends
#pragma once

#include <utility>

#include "tty/byte_queue.h"
#include "tty/termios.h"

namespace kernel {

class line_discipline {
  public:
    static constexpr size_t input_size = 4096;
    static constexpr size_t output_size = 4096;

    const terminal_modes& modes() const { return modes_; }
    void set_modes(const terminal_modes& modes);
    // Bytes go through unchanged, whatever the modes say: a terminal of the host does the work.
    void make_transparent() { transparent_ = true; }
    bool transparent() const { return transparent_; }
    // ... which has said that this is the end: once, as a terminal goes on after ^D.
    void receive_end() { ended_ = true; }
    bool take_end() { return std::exchange(ended_, false); }

    // False: take no more for now. (An unfinished line that fills the input takes more, for there
    // is nobody who could make room.)
    bool can_receive() const;
    // From the keyboard. The signal that the foreground processes are to get, or 0.
    int receive(uint8_t byte);

    // Whether read() would give something: a line, or as many bytes as MIN asks for if TIME does
    // not limit the wait.
    bool readable() const {
        return canonical() ? has_line() : ended_ || input_count() >= least_to_read();
    }
    bool canonical() const { return (modes_.local & local_canonical) && !transparent_; }
    bool has_line() const { return tail_ != canonical_head_; }
    size_t input_count() const { return head_ - tail_; }
    size_t least_to_read() const;
    // In complete lines.
    size_t line_size() const { return canonical_head_ - tail_; }
    // Bytes of the input, at most one line in canonical mode; 0 there is the end of the file.
    // take(byte) false: it can't take one more.
    template <class F>
    size_t read(size_t size, F&& take);

    // How many bytes the output took.
    size_t write(const uint8_t* bytes, size_t size);
    bool output_stopped() const { return stopped_; }
    void set_output_stopped(bool stopped) { stopped_ = stopped; }
    byte_queue<output_size> output;

    void flush_input();

  private:
    enum mark : uint8_t { none, line_end, file_end };

    bool is(terminal_character which, uint8_t byte) const;
    int signal_for(uint8_t byte) const;
    void receive_canonical(uint8_t byte);
    void store(uint8_t byte, mark m = none);
    void erase_one(bool echoing);
    void erase(uint8_t byte);
    void reprint();

    void echo(uint8_t byte);
    void echo_erased(size_t from, uint8_t byte);
    size_t column_of(size_t position) const;
    void put_raw(uint8_t byte);
    bool process_output(uint8_t byte);

    uint8_t& at(size_t position) { return input_[position % input_size]; }
    uint8_t at(size_t position) const { return input_[position % input_size]; }

    terminal_modes modes_;
    bool transparent_ = false;
    bool ended_ = false;
    bool stopped_ = false;      // by STOP
    bool literal_next_ = false; // after LNEXT
    uint8_t input_[input_size];
    uint8_t marks_[input_size] = {};
    size_t head_ = 0;
    size_t canonical_head_ = 0;
    size_t tail_ = 0;
    unsigned column_ = 0;      // of the screen
    unsigned line_column_ = 0; // where the line that is edited began
};

template <class F>
size_t line_discipline::read(size_t size, F&& take) {
    size_t done = 0;
    if (!canonical()) {
        for (; done < size && tail_ != head_; done++, tail_++)
            if (!take(at(tail_)))
                break;
        canonical_head_ = tail_;
        return done;
    }
    while (tail_ != canonical_head_) {
        uint8_t m = marks_[tail_ % input_size];
        if (m == file_end) { // also directly behind what filled the buffer: it is that line's end
            tail_++;
            break;
        }
        if (done == size || !take(at(tail_)))
            break;
        done++;
        tail_++;
        if (m == line_end)
            break;
    }
    return done;
}

} // namespace kernel

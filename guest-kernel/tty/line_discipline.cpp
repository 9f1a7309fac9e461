// SPDX-License-Identifier: BSD-2-Clause
#include "tty/line_discipline.h"

namespace kernel {

namespace {

constexpr int signal_interrupt = 2, signal_quit = 3, signal_stop_typed = 20;
constexpr unsigned tab_width = 8;

bool is_control(uint8_t byte) {
    return byte < ' ' || byte == 0x7f;
}
bool continues_character(uint8_t byte) { // UTF-8
    return (byte & 0xc0) == 0x80;
}
bool is_word(uint8_t byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_' || byte >= 0x80;
}

} // namespace

void line_discipline::set_modes(const terminal_modes& modes) {
    bool was_canonical = canonical();
    modes_ = modes;
    if (!(modes_.input & input_flow))
        stopped_ = false;
    if (canonical() == was_canonical)
        return;
    literal_next_ = false;
    for (size_t i = tail_; i != head_; i++)
        marks_[i % input_size] = none;
    // What was typed before counts as a line.
    if (canonical() && head_ != tail_)
        marks_[(head_ - 1) % input_size] = line_end;
    canonical_head_ = canonical() ? head_ : tail_;
    line_column_ = column_;
}

bool line_discipline::is(terminal_character which, uint8_t byte) const {
    return byte && modes_.characters[which] == byte;
}

size_t line_discipline::least_to_read() const {
    if (transparent_ || modes_.characters[char_time] || !modes_.characters[char_minimum])
        return 1;
    return modes_.characters[char_minimum];
}

bool line_discipline::can_receive() const {
    if (input_count() < input_size - 1) // one is left for the end of a line
        return true;
    return canonical() && !has_line();
}

int line_discipline::signal_for(uint8_t byte) const {
    if (is(char_interrupt, byte))
        return signal_interrupt;
    if (is(char_quit, byte))
        return signal_quit;
    return is(char_suspend, byte) ? signal_stop_typed : 0;
}

void line_discipline::flush_input() {
    tail_ = canonical_head_ = head_;
    line_column_ = column_;
    literal_next_ = false;
}

int line_discipline::receive(uint8_t byte) {
    if (transparent_) {
        store(byte);
        return 0;
    }
    if (modes_.input & input_strip)
        byte &= 0x7f;
    if (literal_next_) {
        literal_next_ = false;
        if (modes_.local & local_echo)
            echo(byte);
        store(byte);
        return 0;
    }
    if (modes_.input & input_flow) {
        if (is(char_start, byte) || is(char_stop, byte)) {
            stopped_ = is(char_stop, byte) && !(is(char_start, byte) && stopped_);
            return 0;
        }
    }
    if (modes_.local & local_signals) {
        if (int signal = signal_for(byte)) {
            if (!(modes_.local & local_no_flush)) {
                flush_input();
                output.clear();
            }
            stopped_ = false;
            if (modes_.local & local_echo)
                echo(byte);
            return signal;
        }
    }
    if (modes_.input & input_any_restarts)
        stopped_ = false;
    bool converted = false;
    if (byte == '\r') {
        if (modes_.input & input_ignore_return)
            return 0;
        converted = modes_.input & input_return_to_newline;
        if (converted)
            byte = '\n';
    } else if (byte == '\n' && (modes_.input & input_newline_to_return)) {
        byte = '\r';
    }
    if (canonical()) {
        receive_canonical(byte);
        return 0;
    }
    if (modes_.local & local_echo) {
        if (byte == '\n' && converted)
            process_output(byte); // not as ^J
        else
            echo(byte);
    }
    store(byte);
    return 0;
}

void line_discipline::receive_canonical(uint8_t byte) {
    bool extended = modes_.local & local_extended;
    bool echoing = modes_.local & local_echo;
    if (is(char_erase, byte) || is(char_kill, byte) || (extended && is(char_word_erase, byte))) {
        erase(byte);
    } else if (extended && is(char_literal_next, byte)) {
        literal_next_ = true;
        if (echoing && (modes_.local & local_echo_control)) {
            put_raw('^');
            put_raw('\b');
        }
    } else if (extended && echoing && is(char_reprint, byte)) {
        reprint();
    } else if (byte == '\n') {
        if (modes_.local & (local_echo | local_echo_newline))
            process_output('\n');
        store(byte, line_end);
    } else if (is(char_end_of_file, byte)) {
        store(0, file_end);
    } else {
        bool ends = is(char_end_of_line, byte) || (extended && is(char_end_of_line_2, byte));
        if (echoing)
            echo(byte);
        store(byte, ends ? line_end : none);
    }
}

void line_discipline::store(uint8_t byte, mark m) {
    if (input_count() == input_size || (m == none && input_count() == input_size - 1)) {
        if (modes_.input & input_full_beeps)
            put_raw('\a');
        return;
    }
    at(head_) = byte;
    marks_[head_ % input_size] = m;
    head_++;
    if (m != none || !canonical()) {
        if (m != none)
            canonical_head_ = head_;
        line_column_ = column_;
    }
}

// Takes the last character off the line.
void line_discipline::erase_one(bool echoing) {
    size_t end = head_;
    uint8_t byte;
    do
        byte = at(--head_);
    while ((modes_.input & input_utf8) && continues_character(byte) && head_ != canonical_head_);
    if (echoing)
        echo_erased(end, byte);
}

void line_discipline::erase(uint8_t byte) {
    if (head_ == canonical_head_)
        return;
    bool echoing = modes_.local & local_echo;
    bool erases = echoing && (modes_.local & local_echo_erase);
    if (is(char_kill, byte)) {
        bool quietly =
            erases && (modes_.local & local_echo_kill) && (modes_.local & local_echo_kill_erases);
        while (head_ != canonical_head_)
            erase_one(quietly);
        if (echoing && !quietly) {
            echo(byte);
            if (modes_.local & local_echo_kill)
                process_output('\n');
        }
        return;
    }
    if (is(char_erase, byte)) {
        erase_one(erases);
        if (echoing && !erases)
            echo(byte);
    } else { // a word: what is behind it, then the word. It disappears in any case.
        while (head_ != canonical_head_ && !is_word(at(head_ - 1)))
            erase_one(echoing);
        while (head_ != canonical_head_ && is_word(at(head_ - 1)))
            erase_one(echoing);
    }
}

// The column that an echo of the line up to `position` ends in.
size_t line_discipline::column_of(size_t position) const {
    size_t column = line_column_;
    for (size_t i = canonical_head_; i != position; i++) {
        uint8_t byte = at(i);
        if (byte == '\t')
            column += tab_width - column % tab_width;
        else if (is_control(byte))
            column += modes_.local & local_echo_control ? 2 : 0;
        else if (!(modes_.input & input_utf8) || !continues_character(byte))
            column++;
    }
    return column;
}

// `byte`, the last character of the line, is off it; it ended before `end`.
void line_discipline::echo_erased(size_t end, uint8_t byte) {
    if (byte == '\t') {
        for (size_t n = column_of(end) - column_of(head_); n; n--)
            process_output('\b');
        return;
    }
    if (is_control(byte) && !(modes_.local & local_echo_control))
        return;
    for (int n = is_control(byte) ? 2 : 1; n; n--) {
        process_output('\b');
        process_output(' ');
        process_output('\b');
    }
}

void line_discipline::reprint() {
    echo(modes_.characters[char_reprint]);
    process_output('\n');
    line_column_ = column_;
    for (size_t i = canonical_head_; i != head_; i++)
        echo(at(i));
}

void line_discipline::echo(uint8_t byte) {
    if (is_control(byte) && byte != '\t' && (modes_.local & local_echo_control)) {
        process_output('^');
        process_output(byte ^ 0x40);
    } else {
        process_output(byte);
    }
}

// What there is no room for is not echoed.
void line_discipline::put_raw(uint8_t byte) {
    if (output.room())
        output.put(byte);
}

// False: there is no room for it.
bool line_discipline::process_output(uint8_t byte) {
    if (output.room() < tab_width)
        return false;
    uint32_t flags = transparent_ ? 0 : modes_.output;
    if (!(flags & output_process)) {
        output.put(byte);
        return true;
    }
    switch (byte) {
    case '\n':
        if (flags & output_newline_adds_return) {
            output.put('\r');
            column_ = 0;
        }
        if (flags & output_newline_returns)
            column_ = 0;
        break;
    case '\r':
        if ((flags & output_no_return_in_column_0) && column_ == 0)
            return true;
        if (flags & output_return_to_newline) {
            byte = '\n';
            if (!(flags & output_newline_returns))
                break;
        }
        column_ = 0;
        break;
    case '\t': {
        unsigned width = tab_width - column_ % tab_width;
        column_ += width;
        if ((flags & output_expand_tabs) == output_expand_tabs) {
            for (; width; width--)
                output.put(' ');
            return true;
        }
        break;
    }
    case '\b':
        if (column_)
            column_--;
        break;
    default:
        if (!is_control(byte) && !((modes_.input & input_utf8) && continues_character(byte)))
            column_++;
    }
    output.put(byte);
    return true;
}

size_t line_discipline::write(const uint8_t* bytes, size_t size) {
    size_t done = 0;
    while (done < size && process_output(bytes[done]))
        done++;
    // Where the line begins that is typed from now on.
    if (head_ == canonical_head_)
        line_column_ = column_;
    return done;
}

} // namespace kernel

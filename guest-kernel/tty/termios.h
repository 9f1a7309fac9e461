// SPDX-License-Identifier: BSD-2-Clause
//
// What programs set about a terminal. Layout and values are Linux's; they are spelled out because
// this code is also compiled on the build machine (unit tests).
#pragma once

#include <cstdint>

namespace kernel {

enum terminal_input_flag : uint32_t { // c_iflag
    input_strip = 0040,
    input_newline_to_return = 0100,
    input_ignore_return = 0200,
    input_return_to_newline = 0400,
    input_flow = 02000, // IXON
    input_any_restarts = 04000,
    input_full_beeps = 020000, // IMAXBEL
    input_utf8 = 040000,
};
enum terminal_output_flag : uint32_t { // c_oflag
    output_process = 01,               // OPOST
    output_newline_adds_return = 04,
    output_return_to_newline = 010,
    output_no_return_in_column_0 = 020,
    output_newline_returns = 040, // ONLRET
    output_expand_tabs = 014000,
};
enum terminal_local_flag : uint32_t { // c_lflag
    local_signals = 01,
    local_canonical = 02,
    local_echo = 010,
    local_echo_erase = 020,
    local_echo_kill = 040,
    local_echo_newline = 0100,
    local_no_flush = 0200,
    local_stop_background = 0400, // TOSTOP
    local_echo_control = 01000,
    local_echo_kill_erases = 04000,
    local_extended = 0100000,
};
enum terminal_character { // c_cc
    char_interrupt,
    char_quit,
    char_erase,
    char_kill,
    char_end_of_file,
    char_time,
    char_minimum,
    char_switch,
    char_start,
    char_stop,
    char_suspend,
    char_end_of_line,
    char_reprint,
    char_discard,
    char_word_erase,
    char_literal_next,
    char_end_of_line_2,
    terminal_characters = 19,
};

// struct termios as TCGETS has it. The speed is only remembered.
struct terminal_modes {
    uint32_t input = input_return_to_newline | input_flow | input_utf8;
    uint32_t output = output_process | output_newline_adds_return;
    uint32_t control = 0xbf; // 38400 baud, 8 bits, CREAD
    uint32_t local = local_signals | local_canonical | local_echo | local_echo_erase |
                     local_echo_kill | local_echo_control | local_echo_kill_erases | local_extended;
    uint8_t discipline = 0;
    uint8_t characters[terminal_characters] = {3,  28, 127, 21, 4,  0,  1,  0, 17,
                                               19, 26, 0,   18, 15, 23, 22, 0};
};
static_assert(sizeof(terminal_modes) == 36);

// Speeds by their numbers behind it. The name is the one that requests in <asm/ioctls.h> have.
struct termios2 {
    terminal_modes modes;
    uint32_t input_speed = 38400;
    uint32_t output_speed = 38400;
};
static_assert(sizeof(termios2) == 44);

struct window_size {
    uint16_t rows = 24;
    uint16_t columns = 80;
    uint16_t pixel_width = 0;
    uint16_t pixel_height = 0;
    bool operator==(const window_size&) const = default;
};

} // namespace kernel

// SPDX-License-Identifier: BSD-2-Clause
//
// The terminal's line discipline beside this machine's own. A pseudo-terminal gets the same
// modes and the same bytes; what it echoes and what a program reads must be equal, byte for byte.
#include "tty/line_discipline.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <memory>
#include <poll.h>
#include <pty.h>
#include <random>
#include <string>
#include <termios.h>
#include <unistd.h>

namespace {

using kernel::line_discipline;
using kernel::terminal_modes;

class host_terminal {
  public:
    host_terminal() { ok = openpty(&screen_, &program_, nullptr, nullptr, nullptr) == 0; }
    ~host_terminal() {
        if (ok) {
            close(screen_);
            close(program_);
        }
    }
    host_terminal(const host_terminal&) = delete;
    host_terminal& operator=(const host_terminal&) = delete;

    void set_modes(const terminal_modes& m) {
        termios t{};
        t.c_iflag = m.input;
        t.c_oflag = m.output;
        t.c_cflag = m.control;
        t.c_lflag = m.local;
        for (unsigned i = 0; i < kernel::terminal_characters; i++)
            t.c_cc[i] = m.characters[i];
        ASSERT_EQ(tcsetattr(program_, TCSANOW, &t), 0);
        ASSERT_EQ(fcntl(program_, F_SETFL, O_RDWR | O_NONBLOCK), 0);
    }
    void type(const std::string& keys) {
        ASSERT_EQ(write(screen_, keys.data(), keys.size()), ssize_t(keys.size()));
    }
    void print(const std::string& text) {
        ASSERT_EQ(write(program_, text.data(), text.size()), ssize_t(text.size()));
    }
    // The host's terminal works in a thread of its own, but in order: what is there when `size`
    // bytes have come, or when none have come for long.
    std::string shown(size_t size) { return bytes(screen_, size); }
    std::string read_line(size_t size) { return bytes(program_, size, true); }
    std::string read_all(size_t size) { return bytes(program_, size); }

    bool ok;

  private:
    static std::string bytes(int fd, size_t size, bool once = false) {
        std::string all;
        char some[4096];
        pollfd waits{fd, POLLIN, 0};
        while (all.size() < size && poll(&waits, 1, 20000) > 0) {
            ssize_t n = ::read(fd, some, sizeof some);
            if (n <= 0 || (all.append(some, size_t(n)), once))
                break;
        }
        return all;
    }

    int screen_ = -1, program_ = -1;
};

std::string take_output(line_discipline& line) {
    std::string all;
    while (!line.output.empty())
        all.push_back(char(line.output.take()));
    return all;
}

std::string read_once(line_discipline& line) {
    std::string all;
    line.read(4096, [&](uint8_t byte) {
        all.push_back(char(byte));
        return true;
    });
    return all;
}

std::string visible(const std::string& bytes) {
    std::string all;
    char text[8];
    for (char byte : bytes) {
        std::snprintf(text, sizeof text, byte < ' ' || byte == 0x7f ? "\\x%02x" : "%c",
                      static_cast<unsigned char>(byte));
        all += text;
    }
    return all;
}

// Types the keys into both. A line with a sentinel ends it, so that nothing may be left over.
void compare(const terminal_modes& modes, const std::string& keys) {
    SCOPED_TRACE("keys " + visible(keys));
    host_terminal host;
    auto line = std::make_unique<line_discipline>();
    ASSERT_TRUE(host.ok);
    ASSERT_NO_FATAL_FAILURE(host.set_modes(modes));
    line->set_modes(modes);
    const std::string all = keys + "\n.\n";
    ASSERT_NO_FATAL_FAILURE(host.type(all));
    for (char key : all)
        line->receive(uint8_t(key));
    const std::string echoed = take_output(*line);
    EXPECT_EQ(visible(host.shown(echoed.size())), visible(echoed));
    // Where the screen is after that shows in what a tab becomes.
    const std::string text = "\t|\n";
    ASSERT_NO_FATAL_FAILURE(host.print(text));
    line->write(reinterpret_cast<const uint8_t*>(text.data()), text.size());
    const std::string printed = take_output(*line);
    EXPECT_EQ(visible(host.shown(printed.size())), visible(printed));
    while (line->readable() && line->input_count()) {
        std::string ours = read_once(*line);
        EXPECT_EQ(visible(line->canonical() ? host.read_line(ours.size() + 1)
                                            : host.read_all(ours.size())),
                  visible(ours));
        if (::testing::Test::HasFailure())
            return;
    }
}

class terminal : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!host_terminal().ok)
            GTEST_SKIP() << "this machine gives out no pseudo-terminals: " << std::strerror(errno);
    }
    terminal_modes modes;
};

TEST_F(terminal, edits_lines) {
    for (const char* keys :
         {"abc", "abc\x7f\x7fx", "one two\x17three", "gone\x15here", "\x7f", "\x15",
          "a\tb\x7f\x7f"
          "c",
          "a\x01\x7f"
          "b",
          "x\x16\x03y",
          "ab\x12"
          "c",
          "\xc3\xa4\xe2\x82\xac\x7f\x7fz", "  word  \x17w", "tab\t\x7fx"})
        compare(modes, keys);
}

TEST_F(terminal, ends_lines_and_files) {
    modes.characters[kernel::char_end_of_line] = ';';
    for (const char* keys : {"a;b", "half\x04rest", "\x04", "a\rb", "\r\r"})
        compare(modes, keys);
}

TEST_F(terminal, interrupts_flush) {
    for (const char* keys : {"typed\x03",
                             "typed\x1c"
                             "more",
                             "a\n\x03"
                             "b"})
        compare(modes, keys);
    modes.local |= kernel::local_no_flush;
    for (const char* keys : {"typed\x03", "a\n\x03"
                                          "b"})
        compare(modes, keys);
}

TEST_F(terminal, is_linuxs_in_any_mode) {
    const uint32_t inputs[] = {kernel::input_newline_to_return, kernel::input_ignore_return,
                               kernel::input_return_to_newline, kernel::input_strip,
                               kernel::input_utf8};
    const uint32_t outputs[] = {kernel::output_newline_adds_return,
                                kernel::output_return_to_newline,
                                kernel::output_no_return_in_column_0,
                                kernel::output_newline_returns, kernel::output_expand_tabs};
    const uint32_t locals[] = {kernel::local_echo,         kernel::local_echo_erase,
                               kernel::local_echo_kill,    kernel::local_echo_newline,
                               kernel::local_echo_control, kernel::local_echo_kill_erases,
                               kernel::local_extended};
    const std::string keys = "ab _\n\r\x7f\x15\x17\x16\x12\x04\x01;";
    for (unsigned seed = 0; seed < 3000; seed++) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        modes.input = 0;
        modes.output = kernel::output_process;
        modes.local = random() % 4 ? uint32_t{kernel::local_canonical} : 0;
        for (uint32_t flag : inputs)
            modes.input |= random() % 2 ? flag : 0;
        for (uint32_t flag : outputs)
            modes.output |= random() % 2 ? flag : 0;
        for (uint32_t flag : locals)
            modes.local |= random() % 3 ? flag : 0;
        modes.characters[kernel::char_end_of_line] = random() % 2 ? ';' : 0;
        std::string typed;
        for (unsigned n = random() % 24; n; n--)
            typed.push_back(keys[random() % keys.size()]);
        compare(modes, typed);
        if (HasFailure())
            return;
    }
}

} // namespace

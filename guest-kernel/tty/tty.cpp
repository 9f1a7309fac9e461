// SPDX-License-Identifier: BSD-2-Clause
#include "tty/tty.h"

#include <linux/fcntl.h>
#include <new>
#include <string_view>

#include "device-tree/machine.h"
#include "drivers/asyscall.h"
#include "drivers/plic.h"
#include "process/process.h"
#include "tty/console_terminal.h"
#include "tty/terminal_file.h"

namespace kernel {

namespace {

console_terminal* console; // for good

void take_word(std::string_view word, console_setup& setup, unsigned& numbers) {
    if (word == "raw")
        setup.raw = true;
    else if (word == "input")
        setup.input = true;
    else if (word == "output")
        setup.output = true;
    else if (word == "error")
        setup.error = true;
    unsigned value = 0;
    for (char c : word) {
        if (c < '0' || c > '9')
            return;
        value = value * 10 + unsigned(c - '0');
        if (value > UINT16_MAX)
            return;
    }
    (numbers++ ? setup.columns : setup.rows) = uint16_t(value);
}

} // namespace

console_setup console_setup::parse(const char* text, size_t size) {
    console_setup setup;
    unsigned numbers = 0;
    for (size_t start = 0, end = 0; start < size; start = end + 1) {
        for (end = start; end < size && text[end] != ' ' && text[end] != '\n' && text[end]; end++)
            ;
        if (end > start)
            take_word({text + start, end - start}, setup, numbers);
    }
    return setup;
}

void console_terminal_initialise() {
    if (machine.uart_interrupt)
        plic_add_disabled(machine.uart_interrupt, console_terminal::uart_has_input);
}

long start_console_terminal(console_setup& setup) {
    auto* device = asyscall_device::get();
    if (!device || !device->has(ASYSCALL_F_CONSOLE))
        setup.input = setup.output = setup.error = setup.raw = true;
    if (!setup.input && !setup.output && !setup.error)
        return 0;
    console = new (std::nothrow) console_terminal(setup);
    return console && console->start() ? 0 : -ENOMEM;
}

bool has_console_terminal() {
    return console != nullptr;
}

void give_console_terminal(process& p) {
    if (console)
        (void)take_terminal(p, *console, false);
}

long open_terminal_device(uint32_t minor, uint32_t flags, const file_attributes& attributes,
                          process* opener, ref<file>& made) {
    if (minor == 1 && console) {
        made = open_terminal_file(ref<terminal>(console), flags, attributes);
        return made ? 0 : -ENOMEM;
    }
    if (minor != 0 || !opener)
        return -ENXIO;
    ref<controlling_terminal> own = terminal_of(*opener);
    if (!own)
        return -ENXIO;
    made = own->open(flags, attributes);
    return made ? 0 : -ENOMEM;
}

bool console_terminal_message(const char* text, size_t size) {
    if (!console || !console->shows_errors())
        return false;
    console->message(text, size);
    return true;
}

bool console_terminal_quiet() {
    return !console || console->quiet();
}

} // namespace kernel

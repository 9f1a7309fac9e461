// SPDX-License-Identifier: BSD-2-Clause
//
// In the place of terminals, in a kernel without them.
#include "tty/tty.h"

namespace kernel {

console_setup console_setup::parse(const char*, size_t) {
    return {};
}
void console_terminal_initialise() {}
long start_console_terminal(console_setup& setup) {
    setup = {};
    return 0;
}
bool has_console_terminal() {
    return false;
}
void give_console_terminal(process&) {}
long open_terminal_device(uint32_t, uint32_t, const file_attributes&, process*, ref<file>&) {
    return -ENXIO;
}
bool console_terminal_message(const char*, size_t) {
    return false;
}
bool console_terminal_quiet() {
    return true;
}

} // namespace kernel

// SPDX-License-Identifier: BSD-2-Clause
//
// In the place of the serial port's driver and its device file, in a kernel without them.
#include "drivers/serial_port.h"
#include "fs/serial_file.h"

namespace kernel {

void serial_port::initialise() {}
long open_serial(uint32_t, const file_attributes&, ref<file>&) {
    return -ENXIO;
}

} // namespace kernel

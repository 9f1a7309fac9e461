// SPDX-License-Identifier: BSD-2-Clause
//
// In the place of devices that threads drive themselves, in a kernel without them.
#include "uintr/user_device.h"

#include "lib/error.h"

namespace kernel {

void user_devices_start() {}
long user_device_take(thread&, user_address, user_address, uint64_t) {
    return -ENOSYS;
}
// Of a thread that has one.
void user_device_release(thread&) {}
void user_device_switch_in(thread&) {}
void user_device_switch_out(thread&) {}

} // namespace kernel

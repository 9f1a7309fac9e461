// SPDX-License-Identifier: BSD-2-Clause
//
// Who uses the devices that the kernel has no need of (machine.spare): the kernel's own driver, for
// a file, or the thread that was given one. Never both.
#pragma once

namespace kernel {

bool spare_take(unsigned index); // false: it is in use
void spare_return(unsigned index);

} // namespace kernel

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

namespace kernel {

// Starts the first program; what goes wrong ends the machine with a line and status 126 or 127.
void start_first_program();

} // namespace kernel

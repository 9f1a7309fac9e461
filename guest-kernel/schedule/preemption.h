// SPDX-License-Identifier: BSD-2-Clause
//
// A preemption point (schedule/preempt.h) for code that is also compiled without the kernel around
// it, for its unit tests.
#pragma once

namespace kernel {

void preemption_point_apart();

} // namespace kernel

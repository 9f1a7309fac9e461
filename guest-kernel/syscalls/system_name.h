// SPDX-License-Identifier: BSD-2-Clause
//
// What uname says. The release is what the C library asks for: the oldest Linux that it supports,
// and then some.
#pragma once

namespace kernel {

inline constexpr char system_name[] = "Ouros", system_node[] = "ouros",
                      system_release[] = "6.12.0-ouros", system_version[] = "#1",
                      system_machine[] = "riscv64", system_domain[] = "(none)";

} // namespace kernel

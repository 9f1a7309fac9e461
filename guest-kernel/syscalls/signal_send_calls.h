// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>

namespace kernel {

long sys_kill(uint64_t id, uint64_t signal);
long sys_tkill(uint64_t id, uint64_t signal);
long sys_tgkill(uint64_t process_id, uint64_t id, uint64_t signal);
long sys_rt_sigqueueinfo(uint64_t id, uint64_t signal, uint64_t info_at);
long sys_rt_tgsigqueueinfo(uint64_t process_id, uint64_t id, uint64_t signal, uint64_t info_at);

} // namespace kernel

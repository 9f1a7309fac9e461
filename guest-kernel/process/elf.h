// SPDX-License-Identifier: BSD-2-Clause
//
// Loads a static riscv64 ELF program. Every field is taken as hostile: what is accepted lies
// inside the file and inside a process's address space, and no page is both writable and
// executable.
#pragma once

#include "memory/address_space.h"

namespace kernel {

struct loaded_program {
    user_address entry = 0;
    user_address headers = 0; // AT_PHDR, or 0 if the file doesn't map them
    unsigned header_count = 0;
    user_address end = 0; // behind the last segment: where the break starts
};

// 0 or -ENOEXEC (why is then a reason for the log), -ENOMEM.
long load_elf(address_space& space, ref<memory_object> file, loaded_program& out, const char*& why);

} // namespace kernel

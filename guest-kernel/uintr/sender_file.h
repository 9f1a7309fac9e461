// SPDX-License-Identifier: BSD-2-Clause
//
// The file behind an fd of uintr_create_fd. It can be passed and inherited like any other, and
// does nothing but stand for (receiver, vector).
#pragma once

#include "fs/file.h"
#include "uintr/receiver.h"

namespace kernel {

ref<file> make_sender_file(uintr_target target); // null: out of memory

} // namespace kernel

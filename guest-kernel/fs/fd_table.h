// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "lib/ref.h"

namespace kernel {

class fd_table : public ref_counted {};

} // namespace kernel

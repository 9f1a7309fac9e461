// SPDX-License-Identifier: BSD-2-Clause

#include "measure.hpp"

#include <algorithm>
#include <cstdio>

namespace bench {

samples taken;

void samples::report(const char* name, uint64_t per, uint64_t overhead) {
    if (!count_)
        return;
    std::sort(values_, values_ + count_);
    std::printf("%s\tinstructions\t%.2f\n", name,
                static_cast<double>(values_[count_ / 2] - overhead) / static_cast<double>(per));
    count_ = 0;
}

} // namespace bench

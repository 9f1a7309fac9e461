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
    struct {
        const char* which;
        uint64_t value;
    } rows[] = {{"min", values_[0]}, {"med", values_[count_ / 2]}, {"max", values_[count_ - 1]}};
    for (auto [which, value] : rows)
        std::printf("R\t%s.%s\tinsn\t%.2f\n", name, which,
                    static_cast<double>(value - overhead) / static_cast<double>(per));
    count_ = 0;
}

} // namespace bench

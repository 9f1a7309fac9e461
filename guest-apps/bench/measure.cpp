// SPDX-License-Identifier: BSD-2-Clause

#include "measure.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace bench {

constinit subject* subject::first_ = nullptr;

subject::subject(const char* name, harts where, void (*run)(const char* file), order when)
    : name_(name)
    , where_(where)
    , when_(when)
    , run_(run) {
    // Sorted, so that the order of the linker's arguments changes no figure.
    subject** at = &first_;
    auto before = [&](const subject& other) {
        return other.when_ != when ? other.when_ == order::first
                                   : std::strcmp(other.name_, name) < 0;
    };
    while (*at && before(**at))
        at = &(*at)->next_;
    next_ = *at;
    *at = this;
}

void subject::run_all(unsigned count, const char* only, const char* file) {
    for (const subject* each = first_; each; each = each->next_) {
        bool applies = each->where_ == harts::any || (each->where_ == harts::one) == (count == 1);
        if (applies && (!only || std::strcmp(only, each->name_) == 0))
            each->run_(file);
    }
}

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

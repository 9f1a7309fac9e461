// SPDX-License-Identifier: BSD-2-Clause
//
// saturate: sums that stop at the largest number, and a division by zero that is noticed. The hart
// traps neither; the checks cost a few instructions, and the handler runs only when one fails.
#include <cstdio>
#include <initializer_list>
#include <ouros/checked.hpp>

using namespace ouros;

struct events {
    int overflows = 0;
    int floating = 0;
};

int64_t count(checked::event what, int64_t value, uint64_t pc, void* data) {
    auto& seen = *static_cast<events*>(data);
    (what == checked::event::overflow ? seen.overflows : seen.floating)++;
    return checked::saturate(what, value, pc, data);
}

int main() {
    events seen;
    if (checked::on_event(count, &seen) < 0)
        return std::fputs("saturate: needs Ouros\n", stderr), 1;
    int64_t balance = 1;
    for (int year = 0; year < 100; year++)
        balance = checked::multiply(balance, 3);
    std::printf("balance %lld, overflowed %d times\n", static_cast<long long>(balance),
                seen.overflows);
    for (int year = 0; year < 3; year++)
        balance = checked::subtract(-2, balance);
    std::printf("balance %lld, overflowed %d times\n", static_cast<long long>(balance),
                seen.overflows);

    double mean = 0;
    for (int samples : {4, 2, 0, 1}) {
        asm volatile("" : "+r"(samples));
        mean += 1.0 / samples;
        checked::check_float(checked::divide_by_zero | checked::invalid);
    }
    std::printf("mean %g, %d bad divisions\n", mean, seen.floating);
    return 0;
}

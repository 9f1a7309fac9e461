// SPDX-License-Identifier: BSD-2-Clause
//
// lazy-table: a table of a million prime gaps that is computed page by page, where it is read: a
// page fault calls a function of the program. The kernel is asked for the page, not for the fault.
#include <cstdio>
#include <initializer_list>
#include <ouros/pager.hpp>

constexpr uint64_t entries_per_page = ouros::pager::page_size / sizeof(uint16_t);

bool is_prime(uint64_t n) {
    for (uint64_t d = 3; d * d <= n; d += 2)
        if (n % d == 0)
            return false;
    return n == 2 || (n > 1 && n % 2);
}

// Entry n: how far it is from 1000 n to the next prime.
void gaps(char* page, size_t index, void*) {
    auto* entry = reinterpret_cast<uint16_t*>(page);
    for (uint64_t i = 0; i < entries_per_page; i++) {
        uint64_t start = 1000 * (index * entries_per_page + i), n = start + 1;
        while (!is_prime(n))
            n++;
        entry[i] = static_cast<uint16_t>(n - start);
    }
}

int main() {
    ouros::pager table;
    if (table.open(1'000'000 * sizeof(uint16_t), gaps) < 0) {
        std::fputs("lazy-table: needs Ouros\n", stderr);
        return 1;
    }
    auto* gap = reinterpret_cast<const uint16_t*>(table.begin());
    for (unsigned n : {0, 1, 1000, 1001, 5000})
        std::printf("next prime after %u000: +%u\n", n, gap[n]);
    std::printf("%llu of %zu pages were made\n",
                static_cast<unsigned long long>(table.pages_made()),
                table.size() / ouros::pager::page_size);
    return 0;
}

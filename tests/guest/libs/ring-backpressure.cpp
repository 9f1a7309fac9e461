// SPDX-License-Identifier: BSD-2-Clause
//
// A4: a thousand coroutines share a submission queue of four entries and a completion queue of
// four.

#include "expect.hpp"

#include <ouros/ouros.hpp>
#include <vector>

namespace {

ouros::task<int> one(int number) {
    for (int i = 0; i < 3; i++)
        expect(co_await ouros::nop() == 0, "a no-op", number);
    co_return number;
}

ouros::task<int> program() {
    std::vector<ouros::task<int>> all;
    for (int i = 0; i < 1000; i++)
        all.push_back(one(i));
    auto results = co_await ouros::when_all(std::move(all));
    for (int i = 0; i < 1000; i++)
        expect(results[static_cast<size_t>(i)] == i, "its own result", i);
    expect(ouros::this_worker.counters().completions == 3000, "one completion for each call");
    co_return failures != 0;
}

} // namespace

int main() {
    return ouros::run(program(), {.sq_entries = 4, .cq_entries = 4, .batch = 4});
}

// SPDX-License-Identifier: BSD-2-Clause
//
// A million symmetric transfers of each kind on a stack of 32 KiB with a guard page behind it.
// Compiled at -O0 and at -O2 (S11).

#include "fake-kernel.hpp"

#include <cstdio>
#include <ouros/ouros.hpp>
#include <pthread.h>

namespace {

constexpr int transfers = 1'000'000;

ouros::task<int> one() {
    co_return 1;
}

ouros::task<void> yielder() {
    for (int i = 0; i < transfers / 2; i++)
        co_await ouros::yield();
}

ouros::task<int> program() {
    int sum = 0;
    for (int i = 0; i < transfers; i++)
        sum += co_await one(); // into the child and back
    auto first = ouros::spawn(yielder()), second = ouros::spawn(yielder());
    co_await first;
    co_await second;
    co_return sum == transfers ? 0 : 1;
}

int status = -1;

} // namespace

int main() {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 32 * 1024);
    pthread_attr_setguardsize(&attributes, 4096);
    pthread_t thread;
    auto body = [](void*) -> void* {
        status = ouros::run(program());
        return nullptr;
    };
    if (pthread_create(&thread, &attributes, body, nullptr) != 0)
        return 99;
    pthread_join(thread, nullptr);
    return status;
}

// SPDX-License-Identifier: BSD-2-Clause
//
// What the compiler calls for operations that rv64imac has no instruction for. libgcc's copies are
// for another floating-point ABI.
#include <cstdint>

extern "C" {

uint32_t __bswapsi2(uint32_t v) {
    return v << 24 | (v & 0xff00) << 8 | (v >> 8 & 0xff00) | v >> 24;
}

uint64_t __bswapdi2(uint64_t v) {
    return uint64_t(__bswapsi2(uint32_t(v))) << 32 | __bswapsi2(uint32_t(v >> 32));
}

int __popcountdi2(uint64_t v) {
    v -= v >> 1 & 0x5555555555555555;
    v = (v & 0x3333333333333333) + (v >> 2 & 0x3333333333333333);
    v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return int(v * 0x0101010101010101 >> 56);
}

int __clzdi2(uint64_t v) {
    int zeros = 0;
    for (int step = 32; step; step >>= 1)
        if (!(v >> (64 - step))) {
            zeros += step;
            v <<= step;
        }
    return zeros;
}

int __ctzdi2(uint64_t v) {
    return __popcountdi2((v & -v) - 1);
}

} // extern "C"

// SPDX-License-Identifier: BSD-2-Clause
//
// xoshiro256**, seeded by splitmix64: the same numbers everywhere for the same seed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace torture {

inline uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

class generator {
  public:
    explicit generator(uint64_t seed) {
        for (uint64_t& word : state_)
            word = mix(seed += 0x9e3779b97f4a7c15);
    }
    uint64_t next() {
        uint64_t result = rotate(state_[1] * 5, 7) * 9, t = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = rotate(state_[3], 45);
        return result;
    }
    // 0 .. n-1
    uint64_t below(uint64_t n) { return next() % n; }
    // both included
    uint64_t between(uint64_t least, uint64_t most) { return least + below(most - least + 1); }
    bool percent(unsigned n) { return below(100) < n; }
    template <class T, size_t N>
    const T& one_of(const T (&all)[N]) {
        return all[below(N)];
    }

  private:
    static uint64_t rotate(uint64_t x, int by) { return x << by | x >> (64 - by); }
    uint64_t state_[4];
};

} // namespace torture

// SPDX-License-Identifier: BSD-2-Clause
//
// Arguments that no program would give.
#pragma once

#include "../torture/random.hpp"

#include <cstdint>
#include <cstring>
#include <sys/mman.h>

namespace fuzz {

using torture::generator;

class hostile {
  public:
    // What a path may be; nothing else is ever named.
    static constexpr const char* names[] = {
        "/tmp/fuzz/a",         "/tmp/fuzz/b",   "/tmp/fuzz/c",
        "/tmp/fuzz/directory", "/tmp/fuzz/a/b", "/tmp/fuzz/directory/x",
    };
    static constexpr const char* there[] = {"/", "/tmp/fuzz", "/host/GPL-3", "/host", ".", ""};

    // Maps its memory and opens descriptors of every kind.
    hostile(generator& random, bool keep_output);

    // Fills the memory that arguments point to, as the call would have it or as another would.
    void prepare(generator& random, unsigned number);
    // One argument.
    uint64_t value(generator& random);

  private:
    uint64_t address(generator& random);
    uint64_t number(generator& random);
    void fill_structure(generator& random, uint8_t* at, unsigned kind);

    static constexpr size_t page = 4096;
    uint8_t* writable_ = nullptr; // two pages, and nothing behind them
    uint8_t* read_only_ = nullptr;
    uint8_t* strings_ = nullptr;
    uint64_t hole_ = 0; // an address of nothing
};

} // namespace fuzz

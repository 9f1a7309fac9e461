// SPDX-License-Identifier: BSD-2-Clause
#ifndef DEMO_FILE_HPP
#define DEMO_FILE_HPP

#include "turnstile.hpp"

#include <cstdint>
#include <exception>
#include <ouros/ouros.hpp>
#include <string>
#include <sys/types.h>

#include <sha256.h> // needs sys/types.h

namespace demo {

inline constexpr size_t block_size = 4096;

// What the reading phase adds up.
struct tally {
    uint64_t reads = 0;
    uint64_t in_flight = 0;
    uint64_t most_in_flight = 0;
    uint64_t digest_instructions = 0; // spent on SHA-256 and on counting lines
};

// One file: several coroutines read blocks of it at the same time; the blocks are digested in
// their order.
class file {
  public:
    explicit file(std::string path)
        : path_(std::move(path)) {
        SHA256Init(&hash_);
    }

    ouros::task<void> open();
    // Any number of these at the same time, each with a buffer of block_size bytes.
    ouros::task<void> read_blocks(char* buffer, tally& sum);
    ouros::task<void> close();

    uint64_t bytes() const { return bytes_; }
    // Size, lines, digest, path. After all else; once.
    std::string summary();

  private:
    void digest(const char* data, size_t length);

    std::string path_;
    int fd_ = -1;
    uint64_t next_block_ = 0;
    bool at_end_ = false;
    turnstile order_;
    SHA256_CTX hash_;
    uint64_t bytes_ = 0;
    uint64_t lines_ = 0;
};

} // namespace demo

#endif // DEMO_FILE_HPP

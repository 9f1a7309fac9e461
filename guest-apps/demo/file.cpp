// SPDX-License-Identifier: BSD-2-Clause

#include "file.hpp"

#include "counts.hpp"

#include <algorithm>
#include <cstdio>

namespace demo {

ouros::task<void> file::open() {
    fd_ = static_cast<int>(
        ouros::check(co_await ouros::open(path_.c_str(), O_RDONLY | O_CLOEXEC), path_.c_str()));
}

ouros::task<void> file::close() {
    ouros::check(co_await ouros::close(fd_), path_.c_str());
}

ouros::task<void> file::read_blocks(char* buffer, tally& sum) {
    while (!at_end_) {
        uint64_t block = next_block_++;
        size_t length = 0;
        int64_t result = 0;
        // A read may give less than it was asked for; a block ends with the file or is full.
        do {
            sum.reads++;
            sum.most_in_flight = std::max(sum.most_in_flight, ++sum.in_flight);
            result = co_await ouros::read(fd_, buffer + length, block_size - length,
                                          block * block_size + length);
            sum.in_flight--;
            length += result > 0 ? static_cast<size_t>(result) : 0;
        } while (result > 0 && length < block_size);
        if (length < block_size)
            at_end_ = true; // and on an error: no use going on

        co_await order_.pass(block);
        uint64_t start = instructions();
        digest(buffer, length);
        sum.digest_instructions += instructions() - start;
        order_.advance();
        ouros::check(result, path_.c_str());
    }
}

void file::digest(const char* data, size_t length) {
    SHA256Update(&hash_, reinterpret_cast<const uint8_t*>(data), length);
    bytes_ += length;
    lines_ += static_cast<uint64_t>(std::count(data, data + length, '\n'));
}

std::string file::summary() {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256Final(digest, &hash_);
    char text[128];
    int length =
        std::snprintf(text, sizeof text, "%10llu %8llu  ", static_cast<unsigned long long>(bytes_),
                      static_cast<unsigned long long>(lines_));
    for (uint8_t byte : digest)
        length += std::snprintf(text + length, 3, "%02x", byte);
    return std::string(text) + "  " + path_;
}

} // namespace demo

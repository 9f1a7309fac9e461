// SPDX-License-Identifier: BSD-2-Clause
//
// count-words FILE...: words of each file and in all. The files are read at the same time.
#include <cctype>
#include <cstdio>
#include <exception>
#include <ouros/ouros.hpp>
#include <vector>

ouros::task<uint64_t> count(const char* path) {
    auto fd = static_cast<int>(ouros::check(co_await ouros::open(path, O_RDONLY), path));
    std::vector<char> block(4096);
    uint64_t words = 0;
    bool in_word = false;
    for (uint64_t offset = 0;;) {
        int64_t length = ouros::check(co_await ouros::read(fd, block, ouros::at(offset)), path);
        if (length == 0)
            break;
        for (int64_t i = 0; i < length; i++) {
            bool space = std::isspace(static_cast<unsigned char>(block[static_cast<size_t>(i)]));
            words += in_word && space;
            in_word = !space;
        }
        offset += static_cast<uint64_t>(length);
    }
    co_await ouros::close(fd);
    co_return words + in_word;
}

ouros::task<int> program(int argc, char** argv) {
    std::vector<ouros::task<uint64_t>> counts;
    for (int i = 1; i < argc; i++)
        counts.push_back(count(argv[i]));
    std::vector<uint64_t> words = co_await ouros::when_all(std::move(counts));
    uint64_t total = 0;
    for (size_t i = 0; i < words.size(); i++) {
        std::printf("%8llu %s\n", static_cast<unsigned long long>(words[i]), argv[i + 1]);
        total += words[i];
    }
    std::printf("%8llu in all\n", static_cast<unsigned long long>(total));
    co_return 0;
}

int main(int argc, char** argv) {
    try {
        return ouros::run(program(argc, argv));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "count-words: %s\n", error.what());
        return 1;
    }
}

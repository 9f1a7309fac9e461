// SPDX-License-Identifier: BSD-2-Clause
//
// What people write in C++: compiled for this machine and for the guest, it must do the same.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

extern char** environ;

namespace {

struct Noisy {
    explicit Noisy(const char* name)
        : name_(name) {}
    ~Noisy() { std::cout << "~" << name_ << '\n'; }
    const char* name_;
};

Noisy at_exit("static object");

int deep(int levels) {
    Noisy guard(levels % 2 ? "odd" : "even");
    if (levels == 0)
        throw std::out_of_range("the bottom");
    return deep(levels - 1) + 1;
}

void exceptions() {
    try {
        deep(3);
    } catch (const std::logic_error& error) {
        std::cout << "caught " << error.what() << '\n';
    }
    try {
        std::vector<int>().at(1);
    } catch (const std::exception&) {
        std::cout << "caught from the library\n";
    }
    try {
        try {
            throw 1;
        } catch (int) {
            throw;
        }
    } catch (...) {
        std::cout << "caught again\n";
    }
    try {
        std::string().resize(std::string().max_size());
    } catch (const std::bad_alloc&) {
        std::cout << "no such memory\n";
    }
}

void containers() {
    std::mt19937 random(1);
    std::map<unsigned, int> tree;
    std::unordered_map<std::string, size_t> table;
    for (int i = 0; i < 20'000; ++i) {
        ++tree[random() % 1000];
        table[std::to_string(random() % 500)] += static_cast<size_t>(i);
    }
    std::vector<size_t> sums;
    for (const auto& [key, sum] : table)
        sums.push_back(sum);
    std::sort(sums.begin(), sums.end());
    std::cout << tree.size() << ' ' << tree.begin()->second << ' ' << sums.size() << ' '
              << std::accumulate(sums.begin(), sums.end(), size_t{0}) << '\n';
    // Allocations of all sizes: brk and mmap both have to work.
    std::vector<std::unique_ptr<char[]>> blocks;
    for (size_t size = 1; size <= size_t{8} << 20; size *= 2) {
        blocks.push_back(std::make_unique<char[]>(size));
        blocks.back()[size - 1] = 'x';
    }
    std::cout << blocks.size() << " blocks\n";
}

void numbers() {
    std::cout << std::setprecision(17) << 1.0 / 3 << ' ' << std::hex << 48879 << std::dec << ' '
              << std::fixed << std::setprecision(2) << 2.345 << '\n';
    std::printf("%5.1f|%-6s|%06d|%zu\n", 3.14159, "left", -42, sizeof(void*));
    std::istringstream text("12 0.5 word");
    int i = 0;
    double d = 0;
    std::string word;
    text >> i >> d >> word;
    std::cout << i + d << word << '\n';
}

void clocks() {
    using clock = std::chrono::steady_clock;
    const auto start = clock::now();
    auto now = start;
    while (now == start)
        now = clock::now();
    std::cout << (now > start ? "time goes forward\n" : "time stands still\n");
}

} // namespace

int main(int argc, char** argv) {
    std::cout << argc << " arguments\n";
    for (int i = 1; i < argc; ++i)
        std::cout << '[' << argv[i] << "]\n";
    std::cout << argv[0] << '\n';
    std::vector<std::string> variables;
    for (char** variable = environ; *variable; ++variable)
        variables.emplace_back(*variable);
    std::sort(variables.begin(), variables.end());
    for (const auto& variable : variables)
        std::cout << variable << '\n';
    std::cout << std::getenv("GREETING") << '\n';

    std::map<std::string, int> counts;
    size_t lines = 0;
    for (std::string line; std::getline(std::cin, line); ++lines) {
        std::istringstream words(line);
        for (std::string word; words >> word;)
            ++counts[word];
    }
    std::cout << lines << " lines\n";
    for (const auto& [word, count] : counts)
        std::cout << std::setw(8) << word << ' ' << count << '\n';

    exceptions();
    containers();
    numbers();
    clocks();
    std::variant<int, std::string> either = "text";
    std::function<size_t()> length = [&] { return std::get<std::string>(either).size(); };
    std::cerr << "to stderr " << length() << std::endl;
    std::cout << std::flush;
    return 42;
}

// SPDX-License-Identifier: BSD-2-Clause
//
// Measuring in guest instructions. One counter is used throughout: instret, which under QEMU's
// -icount is the number of instructions executed on the whole machine, all modes included, idle
// excluded.
#ifndef BENCH_MEASURE_HPP
#define BENCH_MEASURE_HPP

#include <cstddef>
#include <cstdint>

namespace bench {

// Of one sample: the csrr that ends it.
inline constexpr uint64_t reading = 1;

[[gnu::always_inline]] inline uint64_t instructions() {
    uint64_t count;
    asm volatile("csrr %0, instret" : "=r"(count)::"memory");
    return count;
}

class samples {
  public:
    static constexpr size_t limit = 4000;

    void add(uint64_t value) { values_[count_++] = value; }
    // Prints name<TAB>instructions<TAB>value, the median: `per` operations in each sample, of which
    // `overhead` instructions belong to the measuring. Forgets the samples.
    void report(const char* name, uint64_t per = 1, uint64_t overhead = reading);

  private:
    uint64_t values_[limit];
    size_t count_ = 0;
};

// One set for all, so that taking a sample touches no new page.
extern samples taken;

template <typename Work>
[[gnu::always_inline]] inline void measure(const char* name, int times, uint64_t per, Work&& work) {
    for (int i = -times / 10; i < times; i++) {
        uint64_t start = instructions();
        work();
        uint64_t end = instructions();
        if (i >= 0)
            taken.add(end - start);
    }
    taken.report(name, per);
}

// A user-interrupt handler that does nothing (interrupts.cpp).
extern "C" void bench_empty_entry();

// What a source file of this folder measures. Its last line is
//   const subject here{"interrupts", harts::one, interrupts};
// and that is all it takes to add one, besides its name in meson.build.
enum class harts { one, several, any }; // on which machines it has something to measure
enum class order { first, any };        // first: a fork costs what others have left in memory

class subject {
  public:
    // `run` gets the file to read, and throws when it can't measure.
    subject(const char* name, harts where, void (*run)(const char* file), order when = order::any);

    // Runs those that apply to a machine with `count` harts, otherwise in the order of their names;
    // with `only`, that one.
    static void run_all(unsigned count, const char* only, const char* file);

  private:
    const char* name_;
    harts where_;
    order when_;
    void (*run_)(const char* file);
    subject* next_;
    static constinit subject* first_;
};

} // namespace bench

#endif // BENCH_MEASURE_HPP

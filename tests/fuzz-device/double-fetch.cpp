// SPDX-License-Identifier: BSD-2-Clause
//
// double-fetch [--seed N] [--rounds N] HOST-FILE OTHER-HOST-FILE
//
// While the device serves a READ, a thread on another hart changes what the device reads: one word
// of the entry, an element of the vector, or the mapping of the buffer. The buffer's pages are not
// there when the request begins, so it goes to the kernel and back in the middle, and is changed
// there for certain. Of whatever is changed one state counts, the one that was copied: a length
// that was checked and one that was used would show as bytes where none belong. Memory that was
// unmapped and given out again is not written. Completions: one for each entry.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <ouros/asyscall.h>
#include <ouros/calls.hpp>
#include <sched.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

#include "../torture/random.hpp"

namespace {

constexpr size_t page = 4096, area = 4 * page;
constexpr uint32_t sq_entries = 8, cq_entries = 16;
constexpr uint64_t name_of_entry = 0x5eed;

const char* stage = "start";

[[noreturn]] void wrong(const char* what, long a = 0, long b = 0) {
    std::printf("WRONG, %s: %s (%ld, %ld)\n", stage, what, a, b);
    std::fflush(stdout);
    _exit(1);
}

// ---- The other hart ----

// What it does over and over from `begin` to `end`: one store, now of this, now of that.
class disturber {
  public:
    disturber()
        : thread_([this] { run(); }) {
        thread_.detach();
    }
    void begin(volatile uint64_t* word, uint64_t one, uint64_t other, uint64_t pause) {
        word_ = word;
        values_[0] = one;
        values_[1] = other;
        pause_ = pause;
        done_ = started_ = false;
        busy_.store(true, std::memory_order_release);
        while (!started_)
            sched_yield();
        rest(pause * 3);
    }
    // Once, after a while: takes the buffer away, and has its pages for something else, which is at
    // another address. In nanoseconds: under --icount harts take turns where one of them rests.
    void begin_unmapping(uint8_t* at, size_t size, uint8_t* given, uint64_t delay) {
        away_ = at;
        away_size_ = size;
        given_ = given;
        delay_ = delay;
        begin(nullptr, 0, 0, 0);
    }
    void end() {
        busy_ = false;
        while (!done_)
            sched_yield();
        away_ = nullptr;
    }

  private:
    static void rest(uint64_t times) {
        for (uint64_t i = 0; i < times; i++)
            asm volatile("");
    }
    void run() {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(1, &set);
        sched_setaffinity(0, sizeof set, &set);
        for (;;) {
            while (!busy_.load(std::memory_order_acquire))
                sched_yield();
            if (away_) {
                started_ = true;
                unmap_and_reuse();
            }
            for (unsigned i = 1; busy_; i++) {
                if (word_)
                    *word_ = values_[i & 1];
                rest(pause_);
                started_ = true;
            }
            if (away_)
                look_at_reused();
            done_ = true;
        }
    }
    // Fresh pages are likely to be those that were just given back.
    void unmap_and_reuse() {
        timespec moment{0, long(delay_)};
        nanosleep(&moment, nullptr);
        if (munmap(away_, away_size_))
            wrong("munmap");
        std::memset(given_, 0xa5, area);
    }
    void look_at_reused() {
        for (size_t i = 0; i < area; i++)
            if (given_[i] != 0xa5)
                wrong("memory of somebody else was written", long(i));
    }

    std::atomic<bool> busy_{false}, started_{false}, done_{false};
    volatile uint64_t* word_ = nullptr;
    uint64_t values_[2] = {}, pause_ = 0, delay_ = 0;
    uint8_t *away_ = nullptr, *given_ = nullptr;
    size_t away_size_ = 0;
    std::thread thread_;
};

// ---- Requests ----

struct queue {
    queue() {
        if (long error = ouros::kernel::ring_setup(sq_entries, cq_entries, &where); error)
            wrong("ring_setup", error);
        shared = reinterpret_cast<asyscall_ring*>(where.ring);
        shared->driver.flags = ASYSCALL_RING_NO_NOTIFY;
    }
    io_uring_sqe& next() {
        auto* entries =
            reinterpret_cast<io_uring_sqe*>(where.ring + asyscall_sq_offset(cq_entries));
        io_uring_sqe& e = entries[shared->driver.sq_tail % sq_entries];
        e = {};
        e.user_data = name_of_entry;
        return e;
    }
    void submit() {
        __atomic_store_n(&shared->driver.sq_tail, shared->driver.sq_tail + 1, __ATOMIC_RELEASE);
        asm volatile("fence w,o" ::: "memory");
        reinterpret_cast<volatile uint32_t*>(where.doorbell)[ASYSCALL_DOORBELL_SUBMIT / 4] = 1;
    }
    int wait() {
        uint32_t head = shared->driver.cq_head;
        while (__atomic_load_n(&shared->device.cq_tail, __ATOMIC_ACQUIRE) == head) {
            timespec moment{0, 10'000};
            nanosleep(&moment, nullptr);
        }
        if (__atomic_load_n(&shared->device.cq_tail, __ATOMIC_ACQUIRE) != head + 1)
            wrong("more than one completion");
        auto* completions = reinterpret_cast<io_uring_cqe*>(where.ring + ASYSCALL_CQ_OFFSET);
        io_uring_cqe found = completions[head % cq_entries];
        __atomic_store_n(&shared->driver.cq_head, head + 1, __ATOMIC_RELEASE);
        if (found.user_data != name_of_entry)
            wrong("somebody else's completion");
        return found.res;
    }
    ouros_ring where{};
    asyscall_ring* shared;
};

struct source {
    explicit source(const char* path)
        : fd(open(path, O_RDONLY))
        , bytes(16 * page) {
        if (fd < 0 ||
            (size = pread(fd, bytes.data(), bytes.size(), 0)) < ssize_t(6 * page + page / 4))
            wrong("a file that is too short");
    }
    int fd;
    std::vector<uint8_t> bytes;
    ssize_t size = 0;
};

// Pages that are not there yet.
uint8_t* fresh() {
    void* at = mmap(nullptr, area, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        wrong("mmap");
    return static_cast<uint8_t*>(at);
}

bool holds(const uint8_t* at, size_t from, size_t size, const uint8_t* expected) {
    return std::memcmp(at + from, expected, size) == 0;
}
bool is_empty(const uint8_t* at, size_t from, size_t to) {
    for (; from < to; from++)
        if (at[from])
            return false;
    return true;
}

class test {
  public:
    test(uint64_t seed, const char* first, const char* second)
        : random_(seed)
        , files_{source(first), source(second)} {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(0, &set);
        sched_setaffinity(0, sizeof set, &set);
    }

    void round(uint64_t number) {
        p_ = fresh();
        q_ = fresh();
        offset_ = random_.below(page);
        size_ = random_.between(2 * page, 3 * page);
        pause_ = random_.below(60);
        switch (number % 6) {
        case 0:
            return address();
        case 1:
            return length();
        case 2:
            return position();
        case 3:
            return descriptor();
        case 4:
            return vector();
        default:
            return mapping();
        }
    }
    void print() const {
        for (const char* const* name = names; *name; name++)
            std::printf("%s: %u and %u\n", *name, counts_[name - names][0],
                        counts_[name - names][1]);
    }
    // Of all kinds together: which of the two it is varies with every instruction of the kernel.
    bool saw_both() const {
        unsigned sums[2] = {};
        for (const auto& count : counts_)
            for (unsigned which : {0, 1})
                sums[which] += count[which];
        return sums[0] && sums[1];
    }

  private:
    io_uring_sqe& read_entry() {
        io_uring_sqe& e = queue_.next();
        e.opcode = IORING_OP_READ;
        e.fd = files_[0].fd;
        e.addr = reinterpret_cast<uintptr_t>(p_);
        e.len = uint32_t(size_);
        e.off = offset_;
        return e;
    }
    template <class T>
    int disturbed(T& field, uint64_t one, uint64_t other) {
        auto* word = reinterpret_cast<volatile uint64_t*>(&field);
        disturber_.begin(word, one, other, pause_);
        queue_.submit();
        int result = queue_.wait();
        disturber_.end();
        return result;
    }
    void saw(unsigned what, bool other) { counts_[what][other]++; }
    void clean() {
        munmap(p_, area);
        munmap(q_, area);
    }
    const uint8_t* expected(unsigned file = 0) const { return files_[file].bytes.data() + offset_; }

    void address() {
        stage = names[0];
        io_uring_sqe& e = read_entry();
        int result = disturbed(e.addr, uintptr_t(p_), uintptr_t(q_));
        if (result != int(size_))
            wrong("result", result, long(size_));
        bool other = p_[0] != expected()[0];
        const uint8_t *full = other ? q_ : p_, *empty = other ? p_ : q_;
        if (!holds(full, 0, size_, expected()) || !is_empty(full, size_, area) ||
            !is_empty(empty, 0, area))
            wrong("bytes at both addresses");
        saw(0, other);
        clean();
    }
    // The length's word: opcode's flags are not in it, but rw_flags are.
    void length() {
        stage = names[1];
        constexpr size_t small = 100;
        io_uring_sqe& e = read_entry();
        int result = disturbed(e.len, size_, small);
        if (result != int(size_) && result != int(small))
            wrong("result", result, long(size_));
        if (!holds(p_, 0, size_t(result), expected()) || !is_empty(p_, size_t(result), area))
            wrong("bytes beyond the result", result);
        saw(1, result == int(small));
        clean();
    }
    void position() {
        stage = names[2];
        io_uring_sqe& e = read_entry();
        const uint64_t elsewhere = offset_ + 2 * page + 1;
        int result = disturbed(e.off, offset_, elsewhere);
        if (result != int(size_))
            wrong("result", result, long(size_));
        bool first = holds(p_, 0, size_, expected());
        if (!first && !holds(p_, 0, size_, files_[0].bytes.data() + elsewhere))
            wrong("bytes of both positions");
        saw(2, !first);
        clean();
    }
    void descriptor() {
        stage = names[3];
        io_uring_sqe& e = read_entry();
        uint64_t one, other;
        std::memcpy(&one, &e, sizeof one);
        e.fd = files_[1].fd;
        std::memcpy(&other, &e, sizeof other);
        std::memcpy(&e, &one, sizeof one);
        int result = disturbed(e, one, other);
        if (result != int(size_))
            wrong("result", result, long(size_));
        bool first = holds(p_, 0, size_, expected(0));
        if (!first && !holds(p_, 0, size_, expected(1)))
            wrong("bytes of both files");
        saw(3, !first);
        clean();
    }
    // The second of three elements.
    void vector() {
        stage = names[4];
        constexpr size_t each = page;
        iovec elements[] = {{p_, each}, {p_ + page, each}, {p_ + 2 * page, each}};
        io_uring_sqe& e = read_entry();
        e.opcode = IORING_OP_READV;
        e.addr = reinterpret_cast<uintptr_t>(elements);
        e.len = 3;
        int result = disturbed(elements[1].iov_base, uintptr_t(p_ + page), uintptr_t(q_ + page));
        if (result != int(3 * each))
            wrong("result", result, long(3 * each));
        bool other = p_[page] != expected()[page];
        const uint8_t *full = other ? q_ : p_, *empty = other ? p_ : q_;
        if (!holds(p_, 0, page, expected()) || !holds(p_, 2 * page, page, expected() + 2 * page) ||
            !holds(full, page, page, expected() + page) || !is_empty(empty, page, 2 * page) ||
            !is_empty(q_, 0, page) || !is_empty(q_, 2 * page, area))
            wrong("bytes of an element at both addresses");
        saw(4, other);
        clean();
    }
    // What was read until then, or nothing: never where others are.
    void mapping() {
        stage = names[5];
        const bool there = random_.percent(50); // no fault at the beginning
        if (there)
            std::memset(p_, 1, area);
        read_entry();
        disturber_.begin_unmapping(p_, area, q_, random_.below(25'000));
        queue_.submit();
        int result = queue_.wait();
        disturber_.end();
        if (result != -EFAULT && (result < 0 || result > int(size_)))
            wrong("result", result, long(size_));
        saw(5, result != int(size_));
        munmap(q_, area);
    }

    static constexpr const char* names[] = {"address", "length",  "position", "descriptor",
                                            "vector",  "mapping", nullptr};
    torture::generator random_;
    source files_[2];
    queue queue_;
    disturber disturber_;
    uint8_t *p_ = nullptr, *q_ = nullptr;
    uint64_t offset_ = 0, pause_ = 0;
    size_t size_ = 0;
    unsigned counts_[6][2] = {};
};

} // namespace

int main(int argc, char** argv) {
    uint64_t seed = 1, rounds = 100;
    for (int i = 1; i + 3 < argc; i += 2)
        (!std::strcmp(argv[i], "--seed") ? seed : rounds) = std::strtoull(argv[i + 1], nullptr, 0);
    std::printf("seed %lu, %lu rounds\n", static_cast<unsigned long>(seed),
                static_cast<unsigned long>(rounds));
    std::fflush(stdout);
    static test t(seed, argv[argc - 2], argv[argc - 1]);
    for (uint64_t i = 0; i < rounds; i++)
        t.round(i);
    t.print();
    std::fflush(stdout);
    if (!t.saw_both()) {
        std::printf("WRONG: what was changed has never been seen changed\n");
        std::fflush(stdout);
        _exit(1);
    }
    _exit(0);
}

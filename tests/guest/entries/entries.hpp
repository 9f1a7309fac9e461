// SPDX-License-Identifier: BSD-2-Clause
//
// The three ways into the kernel for one call: by ecall, by ecall with a token, and as an entry of
// the ring. A test names what it does as a `deed` and has it done in each.
#ifndef ENTRIES_HPP
#define ENTRIES_HPP

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <ouros/calls.hpp>
#include <ouros/ordering.h>
#include <ouros/ring.hpp>
#include <ouros/token.hpp>
#include <ouros/uintr.hpp>
#include <string>
#include <unistd.h>
#include <vector>

inline int wrong = 0;

inline void expect_equal(const std::string& what, int64_t found, int64_t wanted) {
    if (found == wanted)
        return;
    std::printf("WRONG: %s: %ld instead of %ld\n", what.c_str(), found, wanted);
    wrong++;
}

inline ouros::ring the_ring;

// Completions that have come and nobody has asked for, by user_data. More than one: an error.
inline std::map<uint64_t, int64_t> arrived;

inline void take_completions() {
    the_ring.reap([](uint64_t user_data, int32_t result, uint32_t flags) {
        if (!arrived.emplace(user_data, ouros_call_result(result, flags)).second) {
            std::printf("WRONG: two completions for %lu\n", user_data);
            wrong++;
        }
    });
}

void open_ring(uint32_t sq = 64, uint32_t cq = 256);

inline bool is_there(uint64_t user_data) {
    take_completions();
    return arrived.count(user_data) != 0;
}

// Waits in the kernel, so that it can do its work, until the completion is there.
inline int64_t result_of(uint64_t user_data) {
    while (!is_there(user_data)) {
        ouros::uintr::disable();
        if (!is_there(user_data))
            ouros::kernel::wait(ouros::kernel::forever);
        ouros::uintr::enable();
    }
    int64_t result = arrived[user_data];
    arrived.erase(user_data);
    return result;
}

// What the kernel has to do for this thread, and can do now, is done.
inline void let_the_kernel_work() {
    for (int i = 0; i < 4; i++) {
        ouros::uintr::disable();
        ouros::kernel::wait(2'000'000);
        ouros::uintr::enable();
        take_completions();
    }
}

struct entry {
    uint8_t opcode;
    int fd = -1;
    uint64_t address = 0;
    uint32_t length = 0;
    uint64_t offset = 0;
    uint32_t flags = 0;
    uint32_t file_index = 0;
    uint64_t addr3 = 0;
};

inline uint64_t next_user_data = 1000;

inline uint64_t submit(const entry& e) {
    io_uring_sqe* sqe = the_ring.try_get();
    if (!sqe) {
        std::printf("WRONG: no free entry\n");
        std::exit(1);
    }
    ouros::ring::fill(sqe, e.opcode, e.fd, e.address, e.length, e.offset, next_user_data, e.flags);
    sqe->file_index = e.file_index;
    sqe->addr3 = e.addr3;
    the_ring.submit();
    return next_user_data++;
}

struct call {
    long number;
    uint64_t a[6] = {};

    int64_t by_ecall() const {
        long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
        return result == -1 ? -errno : result;
    }
    // The token.
    uint64_t hand_over() const {
        int64_t value = ouros::kernel::hand_over(next_user_data, number, a);
        expect_equal("hand-over", value, OUROS_PENDING);
        return next_user_data++;
    }
};

template <typename T>
uint64_t address(const T* pointer) {
    return reinterpret_cast<uint64_t>(pointer);
}

#endif // ENTRIES_HPP

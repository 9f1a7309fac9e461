// SPDX-License-Identifier: BSD-2-Clause
//
// An io_uring by its three system calls and nothing else: what a library does, small enough to be
// read beside a test. No error is forgiven.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            std::fprintf(stderr, "%s:%d: not so: %s (errno %d)\n", __FILE__, __LINE__, #condition, \
                         errno);                                                                   \
            std::exit(1);                                                                          \
        }                                                                                          \
    } while (0)

// A value or -errno, as the kernel gives it.
template <class... A>
long call(long number, A... arguments) {
    long value = syscall(number, arguments...);
    return value == -1 ? -errno : value;
}

class raw_ring {
  public:
    explicit raw_ring(unsigned entries, unsigned flags = 0, unsigned cq_entries = 0) {
        params.flags = flags | (cq_entries ? IORING_SETUP_CQSIZE : 0);
        params.cq_entries = cq_entries;
        fd = int(call(__NR_io_uring_setup, entries, &params));
        EXPECT(fd >= 0);
        EXPECT(params.features & IORING_FEAT_SINGLE_MMAP);
        size_ = params.sq_off.array + params.sq_entries * 4;
        size_t cq = params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe);
        size_ = size_ < cq ? cq : size_;
        ring_ = static_cast<char*>(map(size_, IORING_OFF_SQ_RING));
        sqes_ = static_cast<io_uring_sqe*>(
            map(params.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES));
        for (unsigned i = 0; i < params.sq_entries; i++)
            word(params.sq_off.array + i * 4) = i;
    }
    ~raw_ring() {
        munmap(ring_, size_);
        munmap(sqes_, params.sq_entries * sizeof(io_uring_sqe));
        if (fd >= 0)
            close(fd);
    }
    raw_ring(const raw_ring&) = delete;

    uint32_t& word(uint32_t offset) { return *reinterpret_cast<uint32_t*>(ring_ + offset); }
    uint32_t sq_flags() { return __atomic_load_n(&word(params.sq_off.flags), __ATOMIC_ACQUIRE); }
    io_uring_sqe& entry(uint64_t user_data, unsigned opcode, int on = -1, const void* at = nullptr,
                        unsigned size = 0, uint64_t offset = 0) {
        io_uring_sqe& e = sqes_[tail_ & (params.sq_entries - 1)];
        e = {};
        e.opcode = uint8_t(opcode);
        e.fd = on;
        e.addr = reinterpret_cast<uintptr_t>(at);
        e.len = size;
        e.off = offset;
        e.user_data = user_data;
        tail_++;
        return e;
    }
    // What was filled in since the last time; then until there are `wait` completions.
    long submit(unsigned wait = 0, unsigned flags = 0) {
        uint32_t& tail = word(params.sq_off.tail);
        unsigned count = tail_ - tail;
        __atomic_store_n(&tail, tail_, __ATOMIC_RELEASE);
        return call(__NR_io_uring_enter, fd, count, wait,
                    flags | (wait ? IORING_ENTER_GETEVENTS : 0), nullptr, 0);
    }
    unsigned ready() {
        return __atomic_load_n(&word(params.cq_off.tail), __ATOMIC_ACQUIRE) -
               word(params.cq_off.head);
    }
    io_uring_cqe take() {
        EXPECT(ready());
        uint32_t& head = word(params.cq_off.head);
        io_uring_cqe found{};
        std::memcpy(&found,
                    ring_ + params.cq_off.cqes +
                        (head & (params.cq_entries - 1)) * sizeof(io_uring_cqe),
                    sizeof found);
        __atomic_store_n(&head, head + 1, __ATOMIC_RELEASE);
        return found;
    }
    // The next completion is this one.
    void expect(uint64_t user_data, int result) {
        if (!ready())
            EXPECT(submit(1) >= 0);
        io_uring_cqe found = take();
        if (found.user_data != user_data || found.res != result)
            std::fprintf(stderr, "completion of %llu: %d, not of %lu: %d\n",
                         static_cast<unsigned long long>(found.user_data), found.res,
                         static_cast<unsigned long>(user_data), result);
        EXPECT(found.user_data == user_data && found.res == result);
    }

    io_uring_params params{};
    int fd;

  private:
    void* map(size_t size, uint64_t offset) {
        void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
                        off_t(offset));
        EXPECT(at != MAP_FAILED);
        return at;
    }

    size_t size_ = 0;
    char* ring_ = nullptr;
    io_uring_sqe* sqes_ = nullptr;
    uint32_t tail_ = 0;
};

// SPDX-License-Identifier: BSD-2-Clause
//
// The program's side of a ring against the fake device; the second half with the device in a
// thread of its own, built a second time with ThreadSanitizer.

#include "fake-device.hpp"

#include <gtest/gtest.h>
#include <ouros/ring.hpp>
#include <thread>
#include <vector>

namespace {

// Indexes that start just before they overflow 32 bits find what starting at 0 hides.
constexpr uint32_t starts[] = {0, UINT32_MAX - 2};

struct ring_at : testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(indexes, ring_at, testing::ValuesIn(starts));

void put_nop(ouros::ring& ring, uint64_t user_data) {
    io_uring_sqe* entry = ring.try_get();
    ASSERT_NE(entry, nullptr);
    ouros::ring::fill(entry, IORING_OP_NOP, -1, 0, 0, 0, user_data);
}

std::vector<uint64_t> reap(ouros::ring& ring) {
    std::vector<uint64_t> seen;
    ring.reap([&](uint64_t user_data, int32_t, uint32_t) { seen.push_back(user_data); });
    return seen;
}

TEST_P(ring_at, fill_writes_io_urings_fields) {
    fake_device device(8, 16, GetParam());
    ouros::ring ring(device.describe());
    io_uring_sqe seen = {};
    device.serve = [&](const io_uring_sqe& entry) {
        seen = entry;
        return 77;
    };
    ouros::ring::fill(ring.try_get(), IORING_OP_READ, -7, 0x123456789abc, 4096, uint64_t{1} << 40,
                      0xfeedfacecafe, 0x80000001u, IOSQE_ASYNC);
    EXPECT_EQ(ring.unsubmitted(), 1u);
    EXPECT_EQ(device.accept(), 0u);
    ring.submit();
    EXPECT_EQ(device.doorbell(ASYSCALL_DOORBELL_SUBMIT), 1u);
    EXPECT_EQ(ring.unsubmitted(), 0u);
    ASSERT_EQ(device.accept(), 1u);
    EXPECT_EQ(seen.opcode, IORING_OP_READ);
    EXPECT_EQ(seen.flags, IOSQE_ASYNC);
    EXPECT_EQ(seen.ioprio, 0);
    EXPECT_EQ(seen.fd, -7);
    EXPECT_EQ(seen.off, uint64_t{1} << 40);
    EXPECT_EQ(seen.addr, 0x123456789abcu);
    EXPECT_EQ(seen.len, 4096u);
    EXPECT_EQ(static_cast<uint32_t>(seen.rw_flags), 0x80000001u);
    EXPECT_EQ(seen.user_data, 0xfeedfacecafeu);
    EXPECT_EQ(seen.buf_index, 0);
    EXPECT_EQ(seen.personality, 0);
    int32_t result = 0;
    EXPECT_EQ(ring.reap([&](uint64_t, int32_t res, uint32_t) { result = res; }), 1u);
    EXPECT_EQ(result, 77);
}

TEST_P(ring_at, full_queue_is_backpressure) { // A4
    fake_device device(4, 16, GetParam());
    ouros::ring ring(device.describe());
    for (uint64_t i = 0; i < 4; i++)
        put_nop(ring, i);
    EXPECT_EQ(ring.try_get(), nullptr);
    ring.submit();
    EXPECT_EQ(ring.try_get(), nullptr);
    EXPECT_EQ(device.accept(1), 1u);
    put_nop(ring, 4);
    EXPECT_EQ(ring.try_get(), nullptr);
    ring.submit();
    device.accept();
    EXPECT_EQ(reap(ring), (std::vector<uint64_t>{0, 1, 2, 3, 4}));
}

TEST_P(ring_at, order_and_user_data_survive_many_rounds) { // A2
    fake_device device(8, 8, GetParam());
    ouros::ring ring(device.describe());
    uint64_t sent = 0, seen = 0;
    for (int round = 0; round < 1000; round++) {
        for (int i = 0; i < round % 8 + 1; i++)
            put_nop(ring, sent++);
        ring.submit();
        device.accept();
        for (uint64_t user_data : reap(ring))
            ASSERT_EQ(user_data, seen++);
        ASSERT_EQ(seen, sent);
    }
}

TEST_P(ring_at, overflowed_completions_come_after_a_flush) { // A4
    fake_device device(8, 2, GetParam());
    ouros::ring ring(device.describe());
    for (uint64_t i = 0; i < 8; i++)
        put_nop(ring, i);
    ring.submit();
    device.accept();
    EXPECT_EQ(ring.overflowed(), 6u);
    std::vector<uint64_t> all;
    for (int guard = 0; all.size() < 8 && guard < 8; guard++) {
        for (uint64_t user_data : reap(ring))
            all.push_back(user_data);
        if (device.doorbell(ASYSCALL_DOORBELL_FLUSH))
            device.flush();
    }
    EXPECT_EQ(all, (std::vector<uint64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(device.doorbell(ASYSCALL_DOORBELL_FLUSH), 1u);
    EXPECT_FALSE(ring.broken());
}

TEST_P(ring_at, impossible_completion_index_breaks_the_ring) {
    fake_device device(4, 4, GetParam());
    ouros::ring ring(device.describe());
    device.ring()->device.cq_tail = GetParam() + 5;
    EXPECT_TRUE(reap(ring).empty());
    EXPECT_TRUE(ring.broken());
}

TEST_P(ring_at, impossible_submission_index_breaks_the_ring) {
    for (uint32_t forged : {1u, 0x80000000u, UINT32_MAX - 4}) {
        fake_device device(4, 4, GetParam());
        ouros::ring ring(device.describe());
        for (uint64_t i = 0; i < 4; i++)
            put_nop(ring, i);
        device.ring()->device.sq_head = GetParam() + forged; // beyond what was submitted
        EXPECT_EQ(ring.try_get(), nullptr);
        EXPECT_TRUE(ring.broken());
    }
}

TEST_P(ring_at, device_says_broken) {
    fake_device device(4, 4, GetParam());
    ouros::ring ring(device.describe());
    EXPECT_FALSE(ring.broken());
    device.ring()->device.flags = ASYSCALL_RING_STATUS_BROKEN;
    EXPECT_TRUE(ring.broken());
}

TEST_P(ring_at, notification_can_be_suppressed_and_coalesced) { // A14
    fake_device device(8, 8, GetParam());
    ouros::ring ring(device.describe());
    auto complete = [&](unsigned count) {
        while (count--)
            device.complete(0, 0);
    };
    complete(1);
    EXPECT_TRUE(device.notifies());
    ring.notify_never();
    complete(1);
    EXPECT_FALSE(device.notifies());
    reap(ring);
    ring.notify_after(3);
    complete(1);
    EXPECT_FALSE(device.notifies());
    complete(1);
    EXPECT_FALSE(device.notifies());
    complete(1);
    EXPECT_TRUE(device.notifies());
    complete(1);
    EXPECT_FALSE(device.notifies()); // once
    reap(ring);
    ring.notify_after(2);
    complete(4); // past the index in one go
    EXPECT_TRUE(device.notifies());
    ring.notify_always();
    complete(1);
    EXPECT_TRUE(device.notifies());
}

// The device beside the program: entries and completions are handed over by the indexes alone.
TEST_P(ring_at, concurrent_device_sees_whole_entries) { // A2, A4
#if defined(__SANITIZE_THREAD__)
    constexpr uint64_t total = 5'000;
#else
    constexpr uint64_t total = 50'000;
#endif
    fake_device device(16, 16, GetParam());
    ouros::ring ring(device.describe());
    device.serve = [](const io_uring_sqe& entry) {
        bool whole = entry.addr == entry.user_data && entry.off == ~entry.user_data &&
                     entry.len == static_cast<uint32_t>(entry.user_data);
        return whole ? static_cast<int32_t>(entry.user_data & 0xffff) : -EIO;
    };
    std::thread server([&] {
        for (uint64_t served = 0; served < total;) {
            unsigned now = device.accept();
            served += now;
            if (!now)
                std::this_thread::yield();
        }
    });
    uint64_t sent = 0, seen = 0;
    while (seen < total) {
        // No more in flight than the CQ holds: overflow is another test.
        while (sent < total && sent - seen < 16) {
            io_uring_sqe* entry = ring.try_get();
            if (!entry)
                break;
            ouros::ring::fill(entry, IORING_OP_NOP, -1, sent, static_cast<uint32_t>(sent), ~sent,
                              sent);
            sent++;
        }
        if (ring.unsubmitted())
            ring.submit();
        uint64_t count = ring.reap([&](uint64_t user_data, int32_t result, uint32_t) {
            ASSERT_EQ(user_data, seen);
            ASSERT_EQ(result, static_cast<int32_t>(user_data & 0xffff));
            seen++;
        });
        if (!count)
            std::this_thread::yield();
    }
    server.join();
    EXPECT_FALSE(ring.broken());
}

} // namespace

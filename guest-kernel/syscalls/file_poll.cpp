// SPDX-License-Identifier: BSD-2-Clause
//
// ppoll and pselect6: look at every file; if nothing has happened wait on all of their queues.
#include <asm/poll.h>
#include <linux/posix_types.h>
#include <linux/time_types.h>
#include <new>
#include <type_traits>
#include <utility>

#include "fs/fd_table.h"
#include "memory/heap.h"
#include "process/thread.h"
#include "schedule/preempt.h"
#include "syscalls/file_calls.h"
#include "syscalls/temporary_mask.h"

namespace kernel::call {

namespace {

// What is asked about one descriptor. An absent file has no events of its own.
struct question {
    ref<file> f;
    uint32_t events = 0;
    uint32_t found = 0;
};

class poll_set {
  public:
    ~poll_set() {
        for (size_t i = 0; i < count_; i++) {
            steps_.step();
            questions_[i].~question();
        }
        heap_free(questions_);
        heap_free(entries_); // of wait_entry, which needs no destruction
    }
    poll_set() = default;
    poll_set(const poll_set&) = delete;
    poll_set& operator=(const poll_set&) = delete;

    bool reserve(size_t count) {
        questions_ =
            static_cast<question*>(heap_allocate((count > 0 ? count : 1) * sizeof(question)));
        if (!questions_)
            return false;
        for (; count_ < count; count_++) {
            steps_.step();
            new (&questions_[count_]) question;
        }
        return true;
    }
    question& operator[](size_t i) { return questions_[i]; }
    size_t size() const { return count_; }

    // Asks every file. How many have something to tell.
    long look() {
        long ready = 0;
        for (size_t i = 0; i < count_; i++) {
            steps_.step();
            question& q = questions_[i];
            if (q.f)
                q.found = q.f->poll() & (q.events | POLLERR | POLLHUP);
            ready += q.found != 0;
        }
        return ready;
    }

    // 0: something has changed; -ETIMEDOUT, -EINTR, -ENOMEM.
    task<long> wait(caller& who, nanoseconds deadline) {
        if (!entries_ && !collect_queues())
            co_return -ENOMEM;
        co_return co_await wait_any(
            who, std::span(entries_, entry_count_), deadline,
            [](void* set) { return static_cast<poll_set*>(set)->look() > 0; }, this);
    }

  private:
    bool collect_queues() {
        static_assert(std::is_trivially_destructible_v<wait_entry>);
        entries_ = static_cast<wait_entry*>(heap_allocate((2 * count_ + 1) * sizeof(wait_entry)));
        if (!entries_)
            return false;
        for (size_t i = 0; i < count_; i++) {
            steps_.step();
            wait_queue* queues[2] = {};
            if (questions_[i].f)
                questions_[i].f->poll_queues(queues[0], queues[1]);
            // A hang-up wakes the queue of the file's own direction, so both are waited on.
            for (wait_queue* queue : queues)
                if (queue)
                    (new (&entries_[entry_count_++]) wait_entry)->queue = queue;
        }
        return true;
    }

    preemption_steps<32> steps_;
    question* questions_ = nullptr;
    size_t count_ = 0;
    wait_entry* entries_ = nullptr;
    size_t entry_count_ = 0;
};

struct poll_descriptor { // struct pollfd
    int32_t fd;
    int16_t events;
    int16_t found;
};

long load_poll(caller& who, uint64_t fds, uint64_t count, poll_set& set) {
    if (count > max_descriptors)
        return -EINVAL;
    if (!set.reserve(count))
        return -ENOMEM;
    preemption_steps<32> steps;
    for (size_t i = 0; i < count; i++) {
        steps.step();
        poll_descriptor one;
        if (long error = read_user(*who.owner->space, one, fds + i * sizeof one); error < 0)
            return error;
        if (one.fd < 0)
            continue;
        set[i].f = who.owner->files->get(static_cast<uint64_t>(one.fd));
        set[i].events = static_cast<uint16_t>(one.events);
        if (!set[i].f)
            set[i].found = POLLNVAL;
    }
    return 0;
}

long store_poll(caller& who, uint64_t fds, poll_set& set) {
    preemption_steps<32> steps;
    for (size_t i = 0; i < set.size(); i++) {
        steps.step();
        auto found = static_cast<int16_t>(set[i].found);
        if (long error = write_user(
                *who.owner->space,
                fds + i * sizeof(poll_descriptor) + offsetof(poll_descriptor, found), found);
            error < 0)
            return error;
    }
    return 0;
}

task<long> wait_until_ready(caller& who, poll_set& set, nanoseconds deadline) {
    for (;;) {
        if (long ready = set.look())
            co_return ready;
        if (deadline != never && deadline <= now())
            co_return 0;
        long error = co_await set.wait(who, deadline);
        if (error == -ETIMEDOUT)
            co_return set.look();
        if (error < 0)
            co_return error;
    }
}

} // namespace

long ppoll(caller& who, uint64_t fds, uint64_t count, uint64_t timeout, uint64_t, uint64_t) {
    nanoseconds deadline;
    if (long error = read_deadline(who, timeout, deadline); error < 0)
        return error;
    poll_set set;
    if (long error = load_poll(who, fds, count, set); error < 0)
        return error;
    long ready = set.look();
    if (ready == 0 && deadline > now())
        return must_wait;
    long error = store_poll(who, fds, set);
    return error < 0 ? error : ready;
}

task<long> ppoll_later(caller& who, uint64_t fds, uint64_t count, uint64_t timeout, uint64_t mask,
                       uint64_t mask_size) {
    nanoseconds deadline;
    if (long error = read_deadline(who, timeout, deadline); error < 0)
        co_return error;
    poll_set set;
    if (long error = load_poll(who, fds, count, set); error < 0)
        co_return error;
    temporary_mask masked;
    if (long error = masked.begin(who, mask, mask_size); error < 0)
        co_return error;
    long ready = masked.end(co_await wait_until_ready(who, set, deadline));
    if (ready < 0)
        co_return ready;
    long error = store_poll(who, fds, set);
    co_return error < 0 ? error : ready;
}

// Three bit sets of `count` descriptors in, what holds of them out.
task<long> pselect6(caller& who, uint64_t count, uint64_t read, uint64_t write, uint64_t except,
                    uint64_t timeout, uint64_t mask) {
    constexpr uint32_t in_bits = POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR;
    constexpr uint32_t out_bits = POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR;
    constexpr uint32_t bits_of[3] = {in_bits, out_bits, POLLPRI};
    if (static_cast<int64_t>(static_cast<int>(count)) < 0)
        co_return -EINVAL;
    count = count < max_descriptors ? count : max_descriptors;
    nanoseconds deadline;
    if (long error = read_deadline(who, timeout, deadline); error < 0)
        co_return error;
    uint64_t sets[3][max_descriptors / 64] = {};
    const uint64_t addresses[3] = {read, write, except};
    size_t bytes = (count + 63) / 64 * 8;
    for (int s = 0; s < 3; s++)
        if (addresses[s])
            if (long error = copy_from_user(*who.owner->space, sets[s], addresses[s], bytes);
                error < 0)
                co_return error;
    poll_set set;
    if (!set.reserve(count))
        co_return -ENOMEM;
    preemption_steps<64> steps;
    for (size_t fd = 0; fd < count; fd++) {
        steps.step();
        uint32_t events = 0;
        for (int s = 0; s < 3; s++)
            if (sets[s][fd / 64] >> fd % 64 & 1)
                events |= bits_of[s];
        if (events == 0)
            continue;
        set[fd].f = who.owner->files->get(fd);
        set[fd].events = events;
        if (!set[fd].f)
            co_return -EBADF;
    }
    struct {
        uint64_t set, size;
    } mask_and_size{};
    if (mask)
        if (long error = read_user(*who.owner->space, mask_and_size, mask); error < 0)
            co_return error;
    temporary_mask masked;
    if (long error = masked.begin(who, mask_and_size.set, mask_and_size.size); error < 0)
        co_return error;
    long ready = masked.end(co_await wait_until_ready(who, set, deadline));
    if (ready < 0)
        co_return ready;
    long total = 0;
    for (int s = 0; s < 3; s++) {
        for (size_t fd = 0; fd < count; fd++) {
            steps.step();
            uint64_t bit = 1ull << fd % 64;
            if (!(sets[s][fd / 64] & bit))
                continue;
            if (set[fd].found & bits_of[s])
                total++;
            else
                sets[s][fd / 64] &= ~bit;
        }
        if (addresses[s])
            if (long error = copy_to_user(*who.owner->space, addresses[s], sets[s], bytes);
                error < 0)
                co_return error;
    }
    co_return total;
}

} // namespace kernel::call

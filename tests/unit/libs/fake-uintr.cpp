// SPDX-License-Identifier: BSD-2-Clause

#include "fake-uintr.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <map>
#include <ouros/bits.h>
#include <ouros/calls.hpp>
#include <ouros/token.hpp>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace {

struct target {
    std::shared_ptr<fake_receiver> receiver;
    unsigned vector;
};

// Fds are anonymous files, known by their inode, so that duplicates stand for the same.
std::mutex table_lock;
std::map<ino_t, target> targets;
std::vector<target> senders;

struct slot {
    ouros::uintr::handler* function;
    void* context;
};
thread_local slot slots[64];
thread_local uint64_t claimed = 1;
thread_local std::shared_ptr<fake_receiver> receiver;

bool send_to(uint64_t index) {
    target to;
    {
        std::lock_guard guard(table_lock);
        if (index >= senders.size() || !senders[index].receiver)
            return false;
        to = senders[index];
    }
    std::lock_guard guard(to.receiver->lock);
    if (to.receiver->ended)
        return false;
    to.receiver->pending |= uint64_t{1} << to.vector;
    to.receiver->sends++;
    to.receiver->changed.notify_all();
    return true;
}

void run_handlers(uint64_t vectors) {
    for (; vectors; vectors &= vectors - 1) {
        unsigned vector = ouros::lowest_bit(vectors);
        if (slots[vector].function)
            slots[vector].function(vector, slots[vector].context);
    }
}

} // namespace

std::shared_ptr<fake_receiver> fake_this_receiver() {
    return receiver;
}

unsigned fake_take_interrupts() {
    uint64_t vectors;
    {
        std::lock_guard guard(receiver->lock);
        vectors = std::exchange(receiver->pending, 0);
    }
    run_handlers(vectors);
    return static_cast<unsigned>(__builtin_popcountll(vectors));
}

void fake_end_receiver() {
    std::lock_guard guard(receiver->lock);
    receiver->ended = true;
    receiver->pending = 0;
}

namespace ouros {

namespace kernel {

int64_t ring_setup(uint32_t, uint32_t, ouros_ring*) {
    return -ENOSYS;
}
int64_t priorities(ouros_priorities*, uint64_t) {
    return -ENOSYS;
}
int64_t ring_close() {
    return -ENOSYS;
}
int64_t worker_bind(uint64_t, uint64_t, uint64_t) {
    return 0;
}
bool bind_scheduler(ouros_scheduler*) {
    return false;
}

int64_t uintr_setup() {
    if (!receiver || receiver->ended)
        receiver = std::make_shared<fake_receiver>();
    return 0;
}

int64_t uintr_create_fd(unsigned vector) {
    int fd = ::memfd_create("sender", 0);
    struct stat status;
    ::fstat(fd, &status);
    std::lock_guard guard(table_lock);
    targets[status.st_ino] = {receiver, vector};
    return fd;
}

int64_t uintr_register_sender(int fd) {
    struct stat status;
    if (::fstat(fd, &status) < 0)
        return -errno;
    std::lock_guard guard(table_lock);
    auto found = targets.find(status.st_ino);
    if (found == targets.end())
        return -EINVAL;
    senders.push_back(found->second);
    return static_cast<int64_t>(senders.size() - 1);
}

int64_t uintr_unregister_sender(uint64_t index) {
    std::lock_guard guard(table_lock);
    senders[index] = {};
    return 0;
}

int64_t uintr_send(uint64_t) {
    return -ESRCH;
}

int64_t wait(uint64_t timeout_ns) {
    {
        std::unique_lock guard(receiver->lock);
        auto some = [] { return receiver->pending != 0; };
        if (timeout_ns == forever)
            receiver->changed.wait(guard, some);
        else if (!receiver->changed.wait_for(guard, std::chrono::nanoseconds(timeout_ns), some))
            return -ETIME;
    }
    fake_take_interrupts();
    return 0;
}

int64_t hand_over(uint64_t, long, const uint64_t (&)[6]) {
    return -ENOSYS; // calls by token are the executor's tests
}

} // namespace kernel

namespace uintr {

uint64_t send(uint64_t sender) {
    return send_to(sender) ? OUROS_UIPI_SENT : OUROS_UIPI_NO_SENDER;
}

int claim_vector() {
    for (int vector = 63; vector > 0; vector--)
        if (!(claimed >> vector & 1)) {
            claimed |= uint64_t{1} << vector;
            return vector;
        }
    return -1;
}

void release_vector(unsigned vector) {
    slots[vector] = {};
    claimed &= ~(uint64_t{1} << vector);
}

void set_handler(unsigned vector, handler* function, void* context) {
    slots[vector] = {function, context};
}

extern "C" void ouros_uintr_dispatch(uint64_t vectors) {
    run_handlers(vectors);
}

} // namespace uintr

} // namespace ouros

// SPDX-License-Identifier: BSD-2-Clause
#include "fs/epoll.h"

#include <asm/poll.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <new>

namespace kernel {

struct in_set;        // tag: the watches of a set
struct to_look_at;    // tag: those that something has happened to
struct watch_of_file; // tag: the watches of a file

namespace {

constexpr uint32_t once = EPOLLONESHOT, edge = EPOLLET;
constexpr uint32_t always = POLLERR | POLLHUP;
constexpr uint32_t known = 0x3fffu | edge | once | EPOLLWAKEUP;

class set;

// Held while watches are made, looked at and ended. Before every other lock but a ring's.
spinlock watch_lock;

} // namespace

struct epoll_watch : waiter, list_node<in_set>, list_node<to_look_at>, list_node<watch_of_file> {
    set* of = nullptr;
    file* watched = nullptr;
    int fd = -1;
    epoll_event wanted{};
    wait_entry entries[2];

    // Not in any queue afterwards.
    void disarm() {
        for (wait_entry& e : entries)
            if (e.queue)
                e.queue->remove(e);
    }
    void arm() {
        disarm();
        rearm([](waiter& w) { static_cast<epoll_watch&>(w).happened(); });
        for (wait_entry& e : entries)
            if (e.queue)
                e.queue->add(e);
    }
    void happened();
};

namespace {

class set final : public epoll_set {
  public:
    set()
        : epoll_set(O_RDWR) {}
    ~set() override {
        end_watches();
        lock_guard guard(watch_lock);
        while (epoll_watch* w = all_.front())
            end(*w);
    }

    long control_watch(int operation, int fd, file& f, const epoll_event& event) override {
        lock_guard guard(watch_lock);
        epoll_watch* w = find(fd, f);
        if (operation == EPOLL_CTL_DEL) {
            if (w)
                end(*w);
            return w ? 0 : -ENOENT;
        }
        if (event.events & ~known)
            return -EINVAL;
        if (operation == EPOLL_CTL_ADD) {
            if (w)
                return -EEXIST;
            return add(fd, f, event);
        }
        if (!w)
            return -ENOENT;
        w->wanted = event;
        look_again(*w);
        return 0;
    }

    unsigned collect(epoll_event* to, unsigned most) override {
        lock_guard guard(watch_lock);
        list<epoll_watch, to_look_at> keep; // level triggered ones: looked at next time, too
        unsigned count = 0;
        while (count < most) {
            epoll_watch* w = next();
            if (!w)
                break;
            w->arm(); // before the look: what happens after it is not missed
            uint32_t found = w->watched->poll() & (w->wanted.events | always);
            if (!(w->wanted.events & ~(edge | once)) || !found)
                continue;
            to[count++] = {found, 0, w->wanted.data};
            if (w->wanted.events & once)
                w->wanted.events &= edge | once;
            else if (!(w->wanted.events & edge))
                keep_for_later(keep, *w);
        }
        lock_guard ready_guard(lock_);
        while (epoll_watch* w = keep.pop_front())
            changed_.push_back(*w);
        return count;
    }

    wait_queue& arrivals() override { return arrivals_; }
    bool something_to_look_at() override {
        lock_guard guard(lock_);
        return !changed_.empty();
    }

    // Of a watch, by whoever wakes its queue.
    void happened(epoll_watch& w) {
        lock_guard guard(lock_);
        if (static_cast<list_node<to_look_at>&>(w).linked())
            return;
        changed_.push_back(w);
        guard.unlock();
        arrivals_.wake_all();
    }

    // With watch_lock.
    void end(epoll_watch& w) {
        w.disarm();
        {
            lock_guard guard(lock_);
            if (static_cast<list_node<to_look_at>&>(w).linked())
                list<epoll_watch, to_look_at>::remove(w);
        }
        list<epoll_watch, in_set>::remove(w);
        list<epoll_watch, watch_of_file>::remove(w);
        delete &w;
    }

    long attributes(file_attributes& out) override {
        out = {};
        out.mode = 0600;
        out.links = 1;
        return 0;
    }
    uint32_t poll() override {
        // Something has happened; whether it is still so is for whoever asks.
        return something_to_look_at() ? POLLIN | POLLRDNORM : 0;
    }
    void poll_queues(wait_queue*& readable, wait_queue*& writable) override {
        readable = &arrivals_;
        writable = nullptr;
    }

  private:
    epoll_watch* find(int fd, const file& f) {
        for (epoll_watch& w : all_)
            if (w.fd == fd && w.watched == &f)
                return &w;
        return nullptr;
    }
    long add(int fd, file& f, const epoll_event& event) {
        wait_queue* queues[2] = {};
        f.poll_queues(queues[0], queues[1]);
        auto* w = new (std::nothrow) epoll_watch;
        if (!w)
            return -ENOMEM;
        w->of = this;
        w->watched = &f;
        w->fd = fd;
        w->wanted = event;
        for (int i = 0; i < 2; i++) {
            w->entries[i].queue = queues[i];
            w->entries[i].owner = w;
        }
        all_.push_back(*w);
        f.watches().push_back(*w);
        look_again(*w);
        return 0;
    }
    void look_again(epoll_watch& w) {
        w.arm();
        happened(w); // it may be so already
    }
    epoll_watch* next() {
        lock_guard guard(lock_);
        return changed_.pop_front();
    }
    void keep_for_later(list<epoll_watch, to_look_at>& keep, epoll_watch& w) {
        lock_guard guard(lock_);
        if (!static_cast<list_node<to_look_at>&>(w).linked())
            keep.push_back(w);
    }

    list<epoll_watch, in_set> all_; // with watch_lock
    spinlock lock_;
    list<epoll_watch, to_look_at> changed_;
    wait_queue arrivals_;
};

} // namespace

void epoll_watch::happened() {
    of->happened(*this);
}

void file::drop_watches() {
    lock_guard guard(watch_lock);
    while (epoll_watch* w = watches_.front())
        w->of->end(*w);
}

ref<file> make_epoll() {
    return ref<file>::adopt(new (std::nothrow) set);
}

} // namespace kernel

// SPDX-License-Identifier: BSD-2-Clause
#include "fs/unix_pair.h"

#include <asm/poll.h>
#include <linux/fcntl.h>
#include <new>
#include <utility>

#include "memory/heap.h"

namespace kernel {

namespace {

// Which sockets are in queues: of all pairs, because a message of one pair may carry any other's.
// Behind the pair's lock.
spinlock flight_lock;

constexpr size_t stream_piece = page_size - sizeof(unix_message);

} // namespace

unix_message* unix_message::make(size_t size) {
    void* memory = heap_allocate(sizeof(unix_message) + size);
    if (!memory)
        return nullptr;
    auto* made = new (memory) unix_message;
    made->size = size;
    return made;
}

void unix_message::free(unix_message* message) {
    message->~unix_message();
    heap_free(message);
}

size_t unix_pair::room(unsigned from) const {
    const end_state& to = ends[1 - from];
    return to.messages >= most_messages || to.bytes >= capacity ? 0 : capacity - to.bytes;
}

// Counts the sockets among the files as being in the queue of `to`; refuses what could keep itself
// alive.
long unix_pair::check_flight(end_state& to, const file_bundle& files, unsigned& sockets) {
    sockets = 0;
    for (size_t i = 0; i < files.count(); i++)
        sockets += files[i]->as_unix_socket() != nullptr;
    if (!sockets)
        return 0;
    lock_guard guard(flight_lock);
    if (to.in_flight)
        return -ETOOMANYREFS;
    for (size_t i = 0; i < files.count(); i++)
        if (unix_socket* s = files[i]->as_unix_socket())
            if (end_state& sent = s->pair_->ends[s->end_]; &sent == &to || sent.sockets_queued)
                return -ETOOMANYREFS;
    for (size_t i = 0; i < files.count(); i++)
        if (unix_socket* s = files[i]->as_unix_socket())
            s->pair_->ends[s->end_].in_flight++;
    to.sockets_queued += sockets;
    return 0;
}

// The files are out of the queue.
void unix_pair::take_files(end_state& own, unix_message& m, file_bundle& to) {
    if (m.sockets) {
        lock_guard guard(flight_lock);
        for (size_t i = 0; i < m.files.count(); i++)
            if (unix_socket* s = m.files[i]->as_unix_socket())
                s->pair_->ends[s->end_].in_flight--;
        own.sockets_queued -= m.sockets;
        m.sockets = 0;
    }
    to = std::move(m.files);
}

long unix_pair::send_one(end_state& to, user_buffers& data, size_t size, file_bundle& files) {
    unix_message* m = unix_message::make(size);
    if (!m)
        return -ENOBUFS;
    long copied = size ? data.take(m->bytes(), size) : 0;
    if (copied < 0 || (size_t(copied) < size && type != socket_type::stream)) {
        unix_message::free(m);
        return copied < 0 ? copied : -EFAULT;
    }
    m->size = size_t(copied);
    if (long error = check_flight(to, files, m->sockets); error < 0) {
        unix_message::free(m);
        return error;
    }
    m->files = std::move(files);
    to.received.push_back(*m);
    to.bytes += m->size;
    to.messages++;
    return copied;
}

long unix_pair::send(unsigned from, user_buffers& data, file_bundle& files) {
    end_state& own = ends[from];
    end_state& to = ends[1 - from];
    if (!to.open && type == socket_type::datagram)
        return -ECONNREFUSED;
    if (own.no_more_out || !to.open || to.no_more_in)
        return -EPIPE;
    if (type != socket_type::stream) {
        size_t size = data.remaining();
        if (size > largest)
            return -EMSGSIZE;
        if (size > room(from) && to.messages)
            return must_wait;
        long sent = send_one(to, data, size, files);
        if (sent >= 0)
            to.readable.wake_all();
        return sent;
    }
    long total = 0;
    while (!data.empty() && room(from) && size_t(total) < step) {
        size_t size = data.remaining() < room(from) ? data.remaining() : room(from);
        size = size < stream_piece ? size : stream_piece;
        long sent = send_one(to, data, size, files);
        if (sent < 0) {
            total = total ? total : sent;
            break;
        }
        total += sent;
        if (size_t(sent) < size)
            break;
    }
    if (total > 0)
        to.readable.wake_all();
    return total == 0 && !data.empty() ? must_wait : total;
}

bool unix_pair::at_end(const end_state& own, const end_state& peer) const {
    return own.no_more_in || peer.no_more_out || (!peer.open && type != socket_type::datagram);
}

// Copies what is left of a message, as far as there is room.
long unix_pair::take(unix_message& m, user_buffers& to, received_message& out, uint32_t flags) {
    size_t left = m.size - m.taken;
    size_t wanted = left < to.remaining() ? left : to.remaining();
    long copied = wanted ? to.put(m.bytes() + m.taken, wanted) : 0;
    if (copied < 0)
        return copied;
    if (type == socket_type::stream)
        return copied;
    if (wanted < left)
        out.flags |= message_truncated;
    if (type == socket_type::sequenced)
        out.flags |= message_end_of_record;
    return flags & message_truncated ? long(left) : copied;
}

void unix_pair::remove(end_state& own, unix_message& m) {
    list<unix_message>::remove(m);
    own.messages--;
    unix_message::free(&m);
}

long unix_pair::receive(unsigned end, user_buffers& to, received_message& out, uint32_t flags) {
    end_state& own = ends[end];
    if (to.empty() && type == socket_type::stream)
        return 0;
    if (own.received.empty()) {
        if (own.error)
            return -std::exchange(own.error, 0);
        return at_end(own, ends[1 - end]) ? 0 : must_wait;
    }
    long total = 0;
    unix_message* m = own.received.front();
    if (flags & message_peek) { // of a stream: the first piece
        if (!out.files.copy_from(m->files))
            return -ENOMEM;
        return take(*m, to, out, flags);
    }
    while (m) {
        unix_message* next = own.received.next(*m);
        long got = take(*m, to, out, flags);
        if (got < 0) {
            total = total ? total : got;
            break;
        }
        total += got;
        bool carries = m->files.count() != 0;
        if (carries)
            take_files(own, *m, out.files);
        if (type != socket_type::stream) {
            own.bytes -= m->size;
            remove(own, *m);
            break;
        }
        m->taken += size_t(got);
        own.bytes -= size_t(got);
        if (m->taken < m->size)
            break;
        remove(own, *m);
        // What one message carries does not mix with the next one's.
        if (carries || to.empty() || size_t(total) >= step)
            break;
        m = next;
    }
    own.writable.wake_all();
    return total;
}

void unix_pair::shut_down(unsigned end, bool receiving, bool sending) {
    end_state& own = ends[end];
    own.no_more_in = own.no_more_in || receiving;
    own.no_more_out = own.no_more_out || sending;
    for (end_state& e : ends) {
        e.readable.wake_all();
        e.writable.wake_all();
    }
}

uint32_t unix_pair::poll(unsigned end) {
    end_state& own = ends[end];
    end_state& peer = ends[1 - end];
    uint32_t found = 0;
    bool no_in = at_end(own, peer);
    bool no_out = own.no_more_out || peer.no_more_in || !peer.open;
    if (!own.received.empty() || no_in || own.error)
        found |= POLLIN | POLLRDNORM;
    if (no_in)
        found |= POLLRDHUP;
    if (no_in && no_out && type != socket_type::datagram)
        found |= POLLHUP;
    if (own.error)
        found |= POLLERR;
    if (no_out || room(end) >= page_size)
        found |= POLLOUT | POLLWRNORM;
    return found;
}

void unix_pair::close(unsigned end) {
    end_state& own = ends[end];
    end_state& peer = ends[1 - end];
    lock_guard guard(lock);
    own.open = false;
    if (!own.received.empty() && type != socket_type::datagram)
        peer.error = ECONNRESET; // it was not heard
    for (end_state* e : {&own, &peer}) {
        e->readable.wake_all();
        e->writable.wake_all();
    }
    // Nobody can receive or send here any more; what is dropped may close other sockets.
    while (unix_message* m = own.received.front()) {
        file_bundle files;
        take_files(own, *m, files);
        remove(own, *m);
        guard.unlock();
        files = {};
        guard.relock();
    }
    own.bytes = 0;
}

} // namespace kernel

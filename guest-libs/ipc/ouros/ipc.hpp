// SPDX-License-Identifier: BSD-2-Clause
//
// Calls between address spaces: a client writes a request into shared memory, a server answers
// there. The kernel executes nothing while both have something to do; who has nothing left looks
// for a while (ouros/poller.hpp) and then blocks, and is woken by a user interrupt.
//
//   server                                          client
//     ipc::server server;                             ipc::client client;
//     server.open();
//     ipc::accept(server, socket);       <------>     ipc::connect(client, socket);
//     for (;;) {
//         ipc::request r = co_await server.next();
//         r.reply(answer);               <------>     int64_t n = co_await client.call(question,
//         answer);
//     }
//
// Requests of a client are served in any order and answered each once: a request that is dropped is
// answered with -ECANCELED. When the server ends, breaks the rules or closes, each call that is
// outstanding, and each later one, gives -EPIPE or -EPROTO, once. A server that ends while a client
// blocks shows when the client next sends, or by watch(): the end of an fd that they share.
//
// Client and server belong to the thread that opened them and stay where they are.
#ifndef OUROS_IPC_HPP
#define OUROS_IPC_HPP

#include <coroutine>
#include <cstdint>
#include <cstring>
#include <memory>
#include <ouros/calls.hpp>
#include <ouros/deadline.hpp>
#include <ouros/io.hpp>
#include <ouros/ipc_channel.hpp>
#include <ouros/poller.hpp>
#include <ouros/share.hpp>
#include <ouros/task.hpp>
#include <ouros/uintr.hpp>
#include <span>
#include <vector>

namespace ouros::ipc {

struct options {
    uint32_t slots = 16;       // calls that one client can have outstanding: 1, 2, 4, ... 1024
    uint32_t slot_size = 4096; // the longest request and reply: a multiple of 64, up to 1 MiB
};

using bytes = std::span<std::byte>;
using const_bytes = std::span<const std::byte>;

// One value as bytes.
template <typename T>
const_bytes bytes_of(const T& value) {
    return std::as_bytes(std::span(&value, 1));
}
template <typename T>
bytes writable_bytes_of(T& value) {
    return std::as_writable_bytes(std::span(&value, 1));
}

class client;
class server;

namespace detail {

// One call, in the frame of whoever waits for it.
struct pending_call {
    static constexpr int64_t unanswered = INT64_MIN;

    strand* waiting = nullptr; // null: a thread that looks at `result`
    pending_call* next = nullptr;
    const_bytes request;
    bytes reply;
    uint32_t slot = no_slot;
    int64_t result = unanswered; // written by the handler: length or -errno

    static constexpr uint32_t no_slot = ~uint32_t{0};
};

// Both ends' view of the memory.
struct view {
    shared_channel* shared = nullptr;
    uint64_t* requests = nullptr;
    uint64_t* replies = nullptr;
    std::byte* data = nullptr;
    layout where = {};

    void attach(void* memory, const layout& at) {
        auto* base = static_cast<std::byte*>(memory);
        shared = static_cast<shared_channel*>(memory);
        requests = reinterpret_cast<uint64_t*>(base + at.requests());
        replies = reinterpret_cast<uint64_t*>(base + at.replies());
        data = base + at.data();
        where = at;
    }
    std::byte* slot(uint32_t number) const { return data + size_t{number} * where.slot_size; }
};

// The server's own part of a channel.
struct served {
    server* owner; // null: closed
    unsigned number;
    shared_memory memory;
    view at;
    uintr::sender client;
    uint32_t request_head = 0;
    uint32_t reply_tail = 0;
    uint32_t in_service = 0;
    bool broken = false;
    bool dropped = false;
    uint64_t taken[layout::most_slots / 64] = {}; // bit by slot: in service
};

} // namespace detail

// --- client

// `co_await client.call(...)`: the reply's length, or -errno. -EMSGSIZE: longer than a slot, or
// than the buffer for the reply (which then holds its beginning).
class [[nodiscard]] call_operation : detail::pending_call {
  public:
    call_operation(client& through, const_bytes request, bytes reply);
    ~call_operation();
    call_operation(const call_operation&) = delete;
    call_operation& operator=(const call_operation&) = delete;

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> coroutine) noexcept;
    int64_t await_resume() noexcept;

  private:
    client& through_;
};

class client : poller {
  public:
    client();
    ~client() { close(); }
    client(const client&) = delete;
    client& operator=(const client&) = delete;

    // 0 or -errno. The invitation's fds are not needed any more then.
    int64_t open(const invitation& from);
    void close();
    // The right to interrupt this client, for the server's attach().
    int64_t notifier(owned_fd* out) const;

    call_operation call(const_bytes request, bytes reply) { return {*this, request, reply}; }
    // The same for a thread without coroutines: blocks. -ETIME after the timeout, and the server's
    // answer is not waited for any more.
    int64_t call_and_wait(const_bytes request, bytes reply, uint64_t timeout_ns = kernel::forever);

    // The longest request and reply; calls that can be outstanding.
    uint32_t slot_size() const { return at_.where.slot_size; }
    uint32_t slots() const { return at_.where.slots; }

    // Ends every call that is outstanding, and each later one, with this error. For those who learn
    // in another way that the server is gone.
    void fail(int64_t error);
    int64_t error() const { return error_; }
    // Fails when `fd`, of which the server has the other end, comes to its end. To be spawned.
    task<void> watch(int fd);

  private:
    friend class call_operation;

    static void interrupt(unsigned vector, void* self);
    static bool look(poller* self);
    static void sleeps(poller* self, bool now);

    // handler.cpp. With user interrupts off.
    bool take_replies();
    void answer(detail::pending_call* call, int64_t result);
    void fail_all(int64_t error);

    bool start(detail::pending_call* call);
    void send(detail::pending_call* call);
    void abandon(detail::pending_call* call);
    void give_slot(uint32_t slot);
    bool wait_for(detail::pending_call* call, const deadline& until);
    int64_t result_of(detail::pending_call* call);

    shared_memory memory_;
    detail::view at_;
    uintr::sender server_;
    int vector_ = -1;
    int64_t error_ = -ENOTCONN;
    uint32_t request_tail_ = 0;
    uint32_t reply_head_ = 0;
    adaptive_poll polling_;
    std::unique_ptr<detail::pending_call*[]> calls_; // by slot; null: free
    std::unique_ptr<uint32_t[]> free_;               // slots
    uint32_t free_count_ = 0;
    detail::pending_call abandoned_;        // stands in calls_ for those that nobody waits for
    detail::pending_call* first_ = nullptr; // wait for a slot, oldest first
    detail::pending_call* last_ = nullptr;
};

// --- server

// One request in service. It is answered once: by reply or fail, or when it is dropped.
class request {
  public:
    request() = default;
    request(request&& other) noexcept
        : from_(std::exchange(other.from_, nullptr))
        , slot_(other.slot_)
        , length_(other.length_) {}
    request& operator=(request&& other) noexcept {
        std::swap(from_, other.from_);
        std::swap(slot_, other.slot_);
        std::swap(length_, other.length_);
        return *this;
    }
    ~request() {
        if (from_)
            fail(-ECANCELED);
    }

    explicit operator bool() const { return from_ != nullptr; }
    // Which client: what invite() has returned.
    unsigned channel() const { return from_->number; }
    size_t length() const { return length_; }
    // Copies the request, which the client can still change where it is. How much was copied.
    size_t copy(bytes to) const;
    // As a T; false when it is shorter or longer.
    template <typename T>
    bool copy(T* to) const {
        return length_ == sizeof(T) && copy(writable_bytes_of(*to)) == sizeof(T);
    }
    // The request where it is, and room for the reply: the same bytes, slot_size of them. The
    // client can change what is here at any time.
    std::byte* in_place() const { return from_->at.slot(slot_); }

    // -EMSGSIZE: does not fit, still unanswered. Otherwise 0, also when nobody reads it any more.
    int64_t reply(const_bytes data);
    template <typename T>
    int64_t reply_value(const T& value) {
        return reply(bytes_of(value));
    }
    // What is in_place() already.
    int64_t reply_in_place(size_t length);
    // Gives the caller -errno.
    void fail(int64_t error);

  private:
    friend class server;
    request(detail::served* from, uint32_t slot, uint32_t length)
        : from_(from)
        , slot_(slot)
        , length_(length) {}

    detail::served* from_ = nullptr;
    uint32_t slot_ = 0;
    uint32_t length_ = 0;
};

// `co_await server.next()`
class [[nodiscard]] next_request {
  public:
    explicit next_request(server& from)
        : from_(from) {}
    ~next_request();
    next_request(const next_request&) = delete;
    next_request& operator=(const next_request&) = delete;

    bool await_ready() noexcept;
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> coroutine) noexcept;
    request await_resume() noexcept { return std::move(result_); }

  private:
    friend class server;

    server& from_;
    next_request* next_ = nullptr;
    strand* waiting_ = nullptr;
    request result_;
};

class server : poller {
  public:
    server();
    ~server() { close(); }
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    // Gives the thread a receiver if it has none. 0 or -errno. Turns user interrupts on.
    int64_t open();
    // Ends the calls of all clients. Requests that are in service may still be answered, in vain.
    void close();

    // A channel for one more client. Its number, or -errno.
    int64_t invite(const options& how, invitation* out);
    // Interrupts the client of a channel through this fd when it sleeps (client::notifier).
    int64_t attach(unsigned channel, const owned_fd& notifier);
    // Serves that client no longer; its number may be given to another.
    void drop(unsigned channel);
    // Whether its client has broken the rules or has ended.
    bool broken(unsigned channel) const;

    next_request next() { return next_request(*this); }
    // Without coroutines. try_next: none when there is none. wait_next blocks; none after the
    // timeout.
    request try_next();
    request wait_next(uint64_t timeout_ns = kernel::forever);

  private:
    friend class request;
    friend class next_request;

    static void interrupt(unsigned vector, void* self);
    static bool look(poller* self);
    static void sleeps(poller* self, bool now);

    // handler.cpp. With user interrupts off.
    bool take(request* out);
    bool give_to_waiters();
    void set_sleeping(bool now);

    static void notify(detail::served* channel);
    static void answer(detail::served* channel, uint32_t slot, int64_t result);
    void release(detail::served* channel);

    std::vector<std::unique_ptr<detail::served>> channels_; // null: a number that is free
    detail::served* const* begin_ = nullptr;                // of in_use_
    detail::served* const* end_ = nullptr;
    std::vector<detail::served*> in_use_;
    size_t turn_ = 0; // whose requests are looked at first
    int vector_ = -1;
    bool sleeping_ = false;
    adaptive_poll polling_;
    next_request* first_ = nullptr; // who waits, oldest first
    next_request* last_ = nullptr;
};

// Both ends of a new channel over a connected unix socket. They block. 0 (accept: the channel's
// number) or -errno.
int64_t accept(server& by, int socket, const options& how = {});
int64_t connect(client& of, int socket);

} // namespace ouros::ipc

#endif // OUROS_IPC_HPP

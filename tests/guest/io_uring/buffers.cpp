// SPDX-License-Identifier: BSD-2-Clause
//
// Rings of provided buffers (IORING_REGISTER_PBUF_RING) and what takes from them: reads that the
// device serves and reads that the kernel does, from one group, and multishot receives.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>

#include "raw_ring.hpp"

namespace {

constexpr unsigned entries = 8, group = 3;
constexpr unsigned length = 4;

class buffers {
  public:
    explicit buffers(raw_ring& of)
        : of_(of) {
        void* at = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        EXPECT(at != MAP_FAILED);
        ring_ = static_cast<io_uring_buf*>(at);
        EXPECT(request(IORING_REGISTER_PBUF_RING) == 0);
        EXPECT(request(IORING_REGISTER_PBUF_RING) == -EEXIST);
    }
    ~buffers() {
        EXPECT(request(IORING_UNREGISTER_PBUF_RING) == 0);
        EXPECT(request(IORING_UNREGISTER_PBUF_RING) == -ENOENT);
        munmap(ring_, 4096);
    }
    buffers(const buffers&) = delete;

    void provide(uint16_t id) {
        io_uring_buf& entry = ring_[tail_ % entries];
        entry.addr = reinterpret_cast<uintptr_t>(memory_[id]);
        entry.len = length;
        entry.bid = id;
        __atomic_store_n(&ring_[0].resv, ++tail_, __ATOMIC_RELEASE);
    }
    // The next completion has put this there, and says so.
    void expect(uint16_t id, const std::string& bytes, bool more = false) {
        if (!of_.ready())
            EXPECT(of_.submit(1) >= 0);
        io_uring_cqe found = of_.take();
        EXPECT(found.res == int(bytes.size()));
        EXPECT(found.flags == (IORING_CQE_F_BUFFER | (more ? IORING_CQE_F_MORE : 0) |
                               uint32_t(id) << IORING_CQE_BUFFER_SHIFT));
        EXPECT(std::string(memory_[id], bytes.size()) == bytes);
    }

  private:
    long request(unsigned what) {
        io_uring_buf_reg r{};
        r.ring_addr = reinterpret_cast<uintptr_t>(ring_);
        r.ring_entries = entries;
        r.bgid = group;
        return call(__NR_io_uring_register, of_.fd, what, &r, 1);
    }

    raw_ring& of_;
    io_uring_buf* ring_;
    uint16_t tail_ = 0;
    char memory_[entries][length];
};

void select(raw_ring& ring, uint64_t user_data, unsigned opcode, int fd, uint16_t ioprio = 0) {
    io_uring_sqe& e = ring.entry(user_data, opcode, fd);
    e.flags = IOSQE_BUFFER_SELECT;
    e.buf_group = group;
    e.ioprio = ioprio;
    e.off = opcode == IORING_OP_READ ? ~0ull : 0;
}

void reads(const char* host_file) {
    raw_ring ring(8);
    select(ring, 1, IORING_OP_READ, 0);
    ring.expect(1, -ENOBUFS);
    buffers from(ring);
    int pipe_ends[2];
    EXPECT(pipe(pipe_ends) == 0);
    int of_device = open(host_file, O_RDONLY);
    EXPECT(of_device >= 0);
    EXPECT(write(pipe_ends[1], "kernel", 6) == 6);
    for (uint16_t id : {5, 1, 2, 7})
        from.provide(id);
    select(ring, 2, IORING_OP_READ, pipe_ends[0]);
    from.expect(5, "kern");
    select(ring, 3, IORING_OP_READ, of_device);
    from.expect(1, "NOP\n");
    select(ring, 4, IORING_OP_READ, of_device);
    from.expect(2, "READ");
    select(ring, 5, IORING_OP_READ, pipe_ends[0]);
    from.expect(7, "el");
    select(ring, 6, IORING_OP_READ, of_device);
    ring.expect(6, -ENOBUFS);
    select(ring, 7, IORING_OP_READ, pipe_ends[0]);
    ring.expect(7, -ENOBUFS);
    select(ring, 8, IORING_OP_WRITE, pipe_ends[1]);
    ring.expect(8, -EOPNOTSUPP);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    close(of_device);
}

void receives() {
    raw_ring ring(8);
    buffers from(ring);
    sockaddr_in to{};
    socklen_t size = sizeof to;
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&to);
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT(bind(listener, address, size) == 0 && listen(listener, 1) == 0);
    EXPECT(getsockname(listener, address, &size) == 0);
    EXPECT(connect(client, address, size) == 0);
    int server = accept(listener, nullptr, nullptr);
    EXPECT(server >= 0);

    for (uint16_t id : {0, 1, 2})
        from.provide(id);
    select(ring, 1, IORING_OP_RECV, server, IORING_RECV_MULTISHOT);
    EXPECT(ring.submit() == 1);
    EXPECT(write(client, "abcdef", 6) == 6);
    from.expect(0, "abcd", true);
    from.expect(1, "ef", true);
    EXPECT(write(client, "ghijkl", 6) == 6);
    from.expect(2, "ghij", true);
    ring.expect(1, -ENOBUFS);
    // Cancelled, it ends with one completion; what was sent then is still there.
    from.provide(4);
    from.provide(3);
    select(ring, 2, IORING_OP_RECV, server, IORING_RECV_MULTISHOT);
    from.expect(4, "kl", true);
    ring.entry(3, IORING_OP_ASYNC_CANCEL, -1, reinterpret_cast<void*>(2));
    ring.expect(2, -ECANCELED);
    ring.expect(3, 0);
    EXPECT(write(client, "mn", 2) == 2);
    select(ring, 4, IORING_OP_RECV, server);
    from.expect(3, "mn");
    from.provide(6);
    select(ring, 5, IORING_OP_RECV, server, IORING_RECV_MULTISHOT);
    EXPECT(ring.submit() == 1);
    shutdown(client, SHUT_WR);
    ring.expect(5, 0);
    for (int fd : {listener, client, server})
        close(fd);
}

} // namespace

int main(int, char** argv) {
    reads(argv[1]);
    receives();
}

// SPDX-License-Identifier: BSD-2-Clause
//
// Sockets of AF_INET and AF_INET6; io.hpp has what moves data. Connecting, sending and receiving
// the device does without the kernel; socket and accept make a descriptor, which is the kernel's.
// There are such sockets when the machine was started with them (`ouros run --net loopback`).
#ifndef OUROS_NET_HPP
#define OUROS_NET_HPP

#include <arpa/inet.h>
#include <netinet/in.h>
#include <ouros/io.hpp>
#include <ouros/opcodes.h>
#include <sys/socket.h>

namespace ouros {

inline operation socket(int family, int type, int protocol = 0) {
    return {IORING_OP_SOCKET, family, nullptr, static_cast<uint32_t>(protocol),
            static_cast<uint64_t>(type)};
}
inline operation bind_to(int fd, const sockaddr* address, socklen_t size) {
    return {OUROS_OP_BIND, fd, address, 0, size};
}
inline operation listen(int fd, unsigned backlog) {
    return {OUROS_OP_LISTEN, fd, nullptr, backlog, 0};
}
inline operation connect(int fd, const sockaddr* address, socklen_t size) {
    return {IORING_OP_CONNECT, fd, address, 0, size};
}
// A new descriptor. flags: SOCK_CLOEXEC, SOCK_NONBLOCK.
inline operation accept(int fd, int flags = 0, sockaddr* from = nullptr,
                        socklen_t* size = nullptr) {
    return {IORING_OP_ACCEPT,
            fd,
            from,
            0,
            reinterpret_cast<uint64_t>(size),
            static_cast<uint32_t>(flags)};
}

} // namespace ouros

#endif // OUROS_NET_HPP

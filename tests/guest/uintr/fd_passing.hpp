// SPDX-License-Identifier: BSD-2-Clause
//
// One fd through a socket of a pair.
#ifndef FD_PASSING_HPP
#define FD_PASSING_HPP

#include <cstring>
#include <sys/socket.h>

// False: the other side can't take it.
inline bool pass_fd(int socket, int fd, char note = 0) {
    iovec data{&note, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return sendmsg(socket, &message, 0) == 1;
}

// -1: none is there (MSG_DONTWAIT), or none will come.
inline int take_fd(int socket, int flags = 0, char* note = nullptr) {
    char byte;
    iovec data{note ? note : &byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(socket, &message, flags) != 1)
        return -1;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS)
        return -1;
    int fd;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

#endif // FD_PASSING_HPP

// SPDX-License-Identifier: BSD-2-Clause
#include "hostile.hpp"

#include <fcntl.h>
#include <initializer_list>
#include <ouros/kernel.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace fuzz {

namespace {

constexpr uint64_t bad_addresses[] = {
    0,
    1,
    8,
    0xfff,
    0x8000'0000,           // firmware
    0x8020'0000,           // the kernel
    0x9000'0000,           // memory
    0x1000'0000,           // a UART
    0x0c00'0000,           // the PLIC
    0x3f'0000'0000 - 8,    // the end of user space
    0x3f'ffff'f000,        // the trampoline
    0x3f'ffff'e000,        // a trap frame
    0x40'0000'0000,        // not canonical
    0xffff'ffc0'0000'0000, // the upper half
    ~uint64_t{0},
    ~uint64_t{0} - 4095,
};

constexpr uint64_t bad_numbers[] = {
    0,          1,          2,           3,           7,          8,
    16,         63,         64,          255,         256,        4095,
    4096,       4097,       65535,       65536,       1 << 20,    1ull << 31,
    1ull << 32, 1ull << 38, 1ull << 40,  1ull << 62,  1ull << 63, ~0ull,
    ~1ull,      ~99ull,     0x7fff'ffff, 0xffff'ffff, 1024,       0x7fff'ffff'ffff'ffff,
    9,          17,
};

} // namespace

hostile::hostile(generator& random, bool keep_output) {
    auto map = [](size_t pages) {
        return static_cast<uint8_t*>(mmap(nullptr, pages * page, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    };
    writable_ = map(3);
    munmap(writable_ + 2 * page, page);
    read_only_ = map(1);
    strings_ = map(1);
    uint8_t* hole = map(1);
    munmap(hole, page);
    hole_ = reinterpret_cast<uint64_t>(hole);
    unsigned at = 0;
    for (const char* name : names)
        strcpy(reinterpret_cast<char*>(strings_ + 64 * at++), name);
    for (const char* name : there)
        strcpy(reinterpret_cast<char*>(strings_ + 64 * at++), name);
    mprotect(read_only_, page, PROT_READ);
    mprotect(strings_, page, PROT_READ);

    // 0, 1 and 2 are not the console: what is written to it is nobody's business.
    int null = open("/dev/null", O_RDWR);
    for (int fd : {0, 1, 2})
        if (fd != 1 || !keep_output)
            dup2(null, fd);
    int pair[2];
    (void)!pipe2(pair, O_NONBLOCK);
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
    eventfd(3, EFD_NONBLOCK);
    open("/tmp/fuzz", O_RDONLY | O_DIRECTORY);
    open("/tmp/fuzz/a", O_RDWR | O_CREAT, 0600);
    open("/host/GPL-3", O_RDONLY);
    memfd_create("fuzz", 0);
    if (random.percent(40)) {
        ouros_ring ring;
        syscall(OUROS_SYS_ring_setup, 16, 32, &ring, sizeof ring);
    }
    if (random.percent(40) && syscall(OUROS_SYS_uintr_setup, 0) == 0) {
        long fd = syscall(OUROS_SYS_uintr_create_fd, 5, 0);
        syscall(OUROS_SYS_uintr_register_sender, fd, 0);
    }
}

uint64_t hostile::address(generator& random) {
    auto start = reinterpret_cast<uint64_t>(writable_);
    switch (random.below(10)) {
    case 0:
        return random.one_of(bad_addresses);
    case 1:
        return reinterpret_cast<uint64_t>(read_only_) + random.below(page);
    case 2:
        return hole_ + random.below(page);
    case 3: // across the end
        return start + 2 * page - random.below(64);
    case 4: // across two pages
        return start + page - random.below(64);
    case 5:
    case 6:
        return reinterpret_cast<uint64_t>(strings_) +
               64 * random.below(sizeof names / sizeof *names + sizeof there / sizeof *there);
    case 7:
        return start + random.below(2 * page);
    default:
        return start + 256 * random.below(8);
    }
}

uint64_t hostile::number(generator& random) {
    switch (random.below(4)) {
    case 0:
        return random.one_of(bad_numbers);
    case 1:
        return random.below(20);
    case 2:
        return 1ull << random.below(64) | 1ull << random.below(32);
    default:
        return random.percent(50) ? random.next() : random.below(5000);
    }
}

uint64_t hostile::value(generator& random) {
    switch (random.below(5)) {
    case 0:
    case 1:
        return address(random);
    case 2:
        return random.below(22); // a descriptor, a signal, a flag
    case 3:
        return uint64_t(-100); // AT_FDCWD
    default:
        return number(random);
    }
}

// Words of a structure: addresses where it has addresses, sizes where it has sizes.
void hostile::fill_structure(generator& random, uint8_t* at, unsigned kind) {
    auto* words = reinterpret_cast<uint64_t*>(at);
    switch (kind) {
    case 0: // iovecs
        for (unsigned i = 0; i < 8; i++) {
            words[2 * i] = address(random);
            words[2 * i + 1] = random.percent(60) ? random.below(300) : number(random);
        }
        break;
    case 1: { // msghdr, with vectors and a control message
        words[0] = random.percent(70) ? 0 : address(random);
        words[1] = random.below(200);
        words[2] = address(random);
        words[3] = random.percent(80) ? random.below(9) : number(random);
        words[4] = address(random);
        words[5] = random.percent(70) ? random.below(100) : number(random);
        words[6] = number(random);
        break;
    }
    case 2: { // cmsghdr: descriptors that there are and are not
        words[0] = random.percent(70) ? 16 + 4 * random.below(6) : number(random);
        words[1] = SOL_SOCKET | uint64_t{SCM_RIGHTS} << 32;
        for (unsigned i = 2; i < 6; i++)
            words[i] = random.below(24) | random.below(24) << 32;
        break;
    }
    case 3: // timespec, itimerspec: valid, negative, too large
        for (unsigned i = 0; i < 4; i++)
            words[i] = i % 2 ? (random.percent(60) ? random.below(1'000'000) : number(random))
                             : (random.percent(80) ? 0 : number(random));
        break;
    case 4: // sigaction, sigevent, stack_t
        words[0] = random.percent(50) ? random.below(2) : address(random);
        words[1] = number(random);
        words[2] = number(random);
        words[3] = address(random);
        break;
    case 5: // pollfd, epoll_event, ints
        for (unsigned i = 0; i < 16; i++)
            words[i] = random.below(24) | random.below(0x10000) << 32;
        break;
    case 6: // clone_args
        words[0] = number(random);
        for (unsigned i = 1; i < 11; i++)
            words[i] = random.percent(50) ? 0 : value(random);
        break;
    case 7: // strings of execve
        for (unsigned i = 0; i < 6; i++)
            words[i] = address(random);
        words[6] = 0;
        break;
    default:
        for (unsigned i = 0; i < 32; i++)
            words[i] = random.next();
    }
}

void hostile::prepare(generator& random, unsigned number) {
    unsigned kind = unsigned(random.below(9));
    bool likely = random.percent(70);
    switch (number) {
    case SYS_readv:
    case SYS_writev:
    case SYS_preadv:
    case SYS_pwritev:
    case SYS_preadv2:
    case SYS_pwritev2:
        kind = likely ? 0 : kind;
        break;
    case SYS_sendmsg:
    case SYS_recvmsg:
        kind = likely ? 1 : kind;
        break;
    case SYS_execve:
    case SYS_execveat:
        kind = likely ? 7 : kind;
        break;
    case SYS_rt_sigaction:
    case SYS_sigaltstack:
    case SYS_timer_create:
        kind = likely ? 4 : kind;
        break;
    case SYS_ppoll:
    case SYS_pselect6:
    case SYS_epoll_ctl:
        kind = likely ? 5 : kind;
        break;
    case SYS_clone3:
        kind = likely ? 6 : kind;
        break;
    default:
        break;
    }
    // Where addresses of this memory often point; the program may have unmapped it, and dies.
    for (unsigned i = 0; i < 8; i++)
        fill_structure(random, writable_ + 256 * i, i % 2 ? kind : unsigned(random.below(9)));
}

} // namespace fuzz

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * asyscall, the asynchronous system call device: registers, rings and control commands.
 *
 * Submission and completion entries are io_uring's (`linux/io_uring.h`): its 64-byte SQE,
 * its 16-byte CQE, its opcodes, its results (value or -errno). Full description:
 * docs/specs/asyscall.rst. All fields are little-endian.
 *
 *   +0x0000                     registers (this file, ASYSCALL_REG_*), kernel only
 *   +0x1000 * (queue pair + 1)  that queue pair's doorbell page; mapped into its process only
 */
#ifndef STANDARD_HEADERS_OUROS_ASYSCALL_H
#define STANDARD_HEADERS_OUROS_ASYSCALL_H

#include <linux/io_uring.h>

/* Of Linux 6.4, for older headers. */
#ifndef IORING_TIMEOUT_MULTISHOT
#define IORING_TIMEOUT_MULTISHOT        (1u << 6)
#endif
/* Of Linux 6.10, in ACCEPT's ioprio: -EAGAIN when there is no connection. */
#ifndef IORING_ACCEPT_DONTWAIT
#define IORING_ACCEPT_DONTWAIT          (1u << 1)
#endif
/* Of Linux 6.11, by its numbers: fd, addr, off size; and fd, len backlog. */
#define ASYSCALL_OP_BIND                56
#define ASYSCALL_OP_LISTEN              57
#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
#define ASYSCALL_STATIC_ASSERT(condition) static_assert(condition, #condition)
#else
#include <stddef.h>
#include <stdint.h>
#define ASYSCALL_STATIC_ASSERT(condition) _Static_assert(condition, #condition)
#endif

#define ASYSCALL_COMPATIBLE             "ouros,asyscall"
#define ASYSCALL_PAGE_SIZE              0x1000u

/* Registers: 32 bits unless said; 64-bit ones may be accessed as two halves. */
#define ASYSCALL_REG_MAGIC              0x000 /* R   ASYSCALL_MAGIC */
#define ASYSCALL_REG_VERSION            0x004 /* R   1 */
#define ASYSCALL_REG_DEVICE_FEATURES    0x008 /* R   64 bits, ASYSCALL_F_* */
#define ASYSCALL_REG_DRIVER_FEATURES    0x010 /* RW  64 bits, subset; before FEATURES_OK */
#define ASYSCALL_REG_STATUS             0x018 /* RW  ASYSCALL_STATUS_*; writing 0 resets */
#define ASYSCALL_REG_CONFIG_GENERATION  0x01c /* R   changes when a register below changes */
#define ASYSCALL_REG_QUEUE_PAIRS        0x020 /* R   queue pairs, the control pair 0 included */
#define ASYSCALL_REG_MAX_ENTRIES        0x024 /* R   largest SQ or CQ, a power of two */
#define ASYSCALL_REG_MAX_INFLIGHT       0x028 /* R   accepted, not yet completed; per queue pair */
#define ASYSCALL_REG_MAX_FDS            0x02c /* R   size of a queue pair's fd map */
#define ASYSCALL_REG_CONTROL_RING       0x030 /* RW  64 bits: physical address of ring 0 */
#define ASYSCALL_REG_CONTROL_SQ_ENTRIES 0x038 /* RW  power of two */
#define ASYSCALL_REG_CONTROL_CQ_ENTRIES 0x03c /* RW  power of two */
#define ASYSCALL_REG_FORWARD_RING       0x040 /* RW  64 bits: physical address of the slots */
#define ASYSCALL_REG_FORWARD_ENTRIES    0x048 /* RW  number of slots, 1..4096 */
#define ASYSCALL_REG_INTERRUPT_STATUS   0x04c /* R   ASYSCALL_INTERRUPT_*; level to the PLIC */
#define ASYSCALL_REG_INTERRUPT_ACK      0x050 /* W   bits to clear */
#define ASYSCALL_REG_LATENCY            0x058 /* R   64 bits: modelled ns; ~0 = as the host goes */
#define ASYSCALL_REG_POLL               0x060 /* RW  write a socket's handle, read which of POLLIN,
                                                     POLLOUT, POLLERR, POLLHUP hold now */

#define ASYSCALL_MAGIC                  0x43595341u /* "ASYC" */
#define ASYSCALL_VERSION                1u

/* Virtio's status bits and their order (virtio 1.2, 2.1 and 3.1.1). */
#define ASYSCALL_STATUS_ACKNOWLEDGE     1u
#define ASYSCALL_STATUS_DRIVER          2u
#define ASYSCALL_STATUS_DRIVER_OK       4u
#define ASYSCALL_STATUS_FEATURES_OK     8u
#define ASYSCALL_STATUS_NEEDS_RESET     0x40u
#define ASYSCALL_STATUS_FAILED          0x80u

#define ASYSCALL_INTERRUPT_CONTROL      1u /* CQ 0 has something new */
#define ASYSCALL_INTERRUPT_CONFIG       2u /* STATUS changed: NEEDS_RESET */

#define ASYSCALL_F_EVENT_INDEX          (1ull << 0) /* cq_event is honoured */
#define ASYSCALL_F_SV39                 (1ull << 1) /* a queue pair can be bound to an Sv39 satp */
#define ASYSCALL_F_CONSOLE              (1ull << 2) /* handles 0, 1, 2 are there */
#define ASYSCALL_F_EXPORT               (1ull << 3) /* handle 3 is there */
#define ASYSCALL_F_EXPORT_READONLY      (1ull << 4)
#define ASYSCALL_F_LATENCY              (1ull << 5) /* completions have a modelled delay */
#define ASYSCALL_F_NOTIFY_DELAY         (1ull << 6) /* cq_delay is honoured */
#define ASYSCALL_F_URGENT               (1ull << 7) /* urgent entries notify in any case */
#define ASYSCALL_F_POST                 (1ull << 8) /* POST, and ASYSCALL_PAIR_KERNEL_CALLS */
#define ASYSCALL_F_SOCKETS              (1ull << 10) /* SOCKET makes sockets of the host */
#define ASYSCALL_F_STATISTICS           (1ull << 11) /* the command STATISTICS */
#define ASYSCALL_F_PROBE                (1ull << 12) /* the command PROBE */
#define ASYSCALL_F_BUFFERS              (1ull << 13) /* BUFFERS, TAKE_BUFFER, IOSQE_BUFFER_SELECT */
#define ASYSCALL_F_MULTISHOT            (1ull << 14) /* RECV and ACCEPT with many completions */
#define ASYSCALL_F_SET_FLAGS            (1ull << 15) /* the command SET_FLAGS */

/*
 * Ring memory: one physically contiguous block, aligned to 4 KiB.
 *
 *   0x00  struct asyscall_ring_driver   written by the submitter, read by the device
 *   0x40  struct asyscall_ring_device   written by the device, read by the submitter
 *   0x80  CQE[cq_entries]               written by the device
 *   asyscall_sq_offset(cq_entries)  SQE[sq_entries]   written by the submitter
 *
 * Indices run freely and are masked on use; tail - head > entries is a broken ring.
 * Submitter: fill SQEs, fence w,w, store sq_tail, fence w,o, store to DOORBELL_SUBMIT.
 * Device: load sq_tail (acquire), copy each SQE once, store sq_head when it has the copy.
 * Device: write CQEs, store cq_tail (release), full fence, load flags and cq_event,
 *         notify or not. Submitter: load cq_tail (acquire), use CQEs, store cq_head (release).
 * Before sleeping the submitter stores flags/cq_event, fence rw,rw, loads cq_tail again.
 */
struct asyscall_ring_driver {
    uint32_t sq_tail;
    uint32_t cq_head;
    uint32_t cq_event;      /* with RING_EVENT_INDEX: notify when cq_tail passes this index */
    uint32_t flags;         /* ASYSCALL_RING_* */
    uint32_t cq_delay;      /* with RING_NOTIFY_DELAY: nanoseconds of virtual time after which a
                               notification that the event index holds back is sent all the same */
    uint32_t reserved[11];
};

struct asyscall_ring_device {
    uint32_t sq_head;
    uint32_t cq_tail;
    uint32_t flags;         /* ASYSCALL_RING_STATUS_* */
    uint32_t overflowed;    /* completions that have gone through the overflow list */
    uint32_t reserved[12];
};

#define ASYSCALL_RING_NO_NOTIFY         1u
#define ASYSCALL_RING_EVENT_INDEX       2u
#define ASYSCALL_RING_NOTIFY_DELAY      4u /* besides EVENT_INDEX */

#define ASYSCALL_RING_STATUS_OVERFLOW   1u /* completions wait in the device: consume, then FLUSH */
#define ASYSCALL_RING_STATUS_BROKEN     2u /* stopped; the kernel was told why */

struct asyscall_ring {
    struct asyscall_ring_driver driver;
    struct asyscall_ring_device device;
};

#define ASYSCALL_CQ_OFFSET              0x80u

static inline uint32_t asyscall_sq_offset(uint32_t cq_entries)
{
    return (ASYSCALL_CQ_OFFSET + cq_entries * 16u + 63u) & ~63u;
}

static inline uint32_t asyscall_ring_size(uint32_t sq_entries, uint32_t cq_entries)
{
    return asyscall_sq_offset(cq_entries) + sq_entries * 64u;
}

/* Doorbell page. A store of any value does it; aligned 4 or 8 bytes. */
#define ASYSCALL_DOORBELL_SUBMIT        0x0 /* there are new SQEs */
#define ASYSCALL_DOORBELL_FLUSH         0x8 /* the CQ has room: write overflowed completions */

/*
 * An entry whose ioprio has Linux's class "real time" is urgent: with F_URGENT its completion
 * notifies whatever flags and cq_event say.
 */
#define ASYSCALL_IOPRIO_URGENT          (1u << 13)

static inline int asyscall_ioprio_is_urgent(uint16_t ioprio)
{
    return ioprio >> 13 == ASYSCALL_IOPRIO_URGENT >> 13;
}

/*
 * A queue pair, as the kernel describes it to CREATE and MODIFY. The device copies it.
 * An entry is served by the device when its bit in `opcodes` is set and its fd, if it has
 * one, is in the fd map with the right it needs; otherwise it is forwarded to the kernel.
 */
struct asyscall_queue_pair {
    uint64_t ring;              /* physical address; fixed at CREATE */
    uint32_t sq_entries;        /* powers of two; fixed at CREATE */
    uint32_t cq_entries;
    uint64_t satp;              /* Sv39 satp whose U pages buffers are in; 0: physical addresses */
    uint64_t notify_address;    /* a 32-bit store of notify_data goes there; 0: none */
    uint32_t notify_data;
    uint32_t flags;             /* ASYSCALL_PAIR_* */
    uint64_t opcodes[4];        /* bit n of the 256: opcode n may be served by the device */
    uint64_t reserved[7];       /* 0 */
};

/*
 * The kernel has calls of its own under way for this queue pair, whose completions it will POST.
 * The device does not know them, so an ASYNC_CANCEL that it has not settled alone (it found
 * nothing, or it is one of ALL or ANY) is forwarded, with `off` = requests that it has cancelled.
 */
#define ASYSCALL_PAIR_KERNEL_CALLS      1u

/*
 * Control commands: opcodes of SQEs in ring 0. Buffers of ring 0 are physical addresses.
 * Ring 0 also takes NOP, READ, WRITE, READV, WRITEV, FSYNC, CLOSE, STATX, OPENAT, MKDIRAT,
 * UNLINKAT, RENAMEAT with device handles for fds; paths are relative to a directory handle
 * and never leave the export. And TIMEOUT, TIMEOUT_REMOVE, ASYNC_CANCEL.
 *
 * Every FORWARD and FAULT is answered, once, even after the request was cancelled or its
 * queue pair destroyed (-ENOENT then): the slot comes back only with the answer.
 */
enum asyscall_control {
    ASYSCALL_CTL_CREATE = 0xc0,     /* fd = queue pair, addr = struct asyscall_queue_pair */
    ASYSCALL_CTL_MODIFY = 0xc1,     /* the same; takes satp, notify_*, flags,
                                       opcodes */
    ASYSCALL_CTL_DESTROY = 0xc2,    /* fd = queue pair; answered when there is no DMA any more */
    ASYSCALL_CTL_SET_FD = 0xc3,     /* fd = queue pair, off = fd in the process, addr = handle or
                                       ASYSCALL_NO_HANDLE, len = ASYSCALL_RIGHT_* */
    ASYSCALL_CTL_INVALIDATE = 0xc4, /* fd = queue pair, addr = virtual address, off = length in
                                       bytes; answered when no request in flight uses the range;
                                       len = 1: cancel those that do */
    ASYSCALL_CTL_QUIESCE = 0xc5,    /* fd = queue pair: take no new entries; answered when none
                                       is in flight; len = 1: cancel those that are */
    ASYSCALL_CTL_CONTINUE = 0xc6,   /* fd = queue pair: undo QUIESCE, or revive a broken ring */
    ASYSCALL_CTL_COMPLETE = 0xc7,   /* off = token, len = result (as int32), rw_flags = CQE flags */
    ASYSCALL_CTL_RESUME = 0xc8,     /* off = token of a fault; len = 0: try again, else -errno */
    ASYSCALL_CTL_GETDENTS = 0xc9,   /* fd = directory handle, addr, len: linux_dirent64 records */
    ASYSCALL_CTL_READLINK = 0xca,   /* fd = directory handle, addr = path, off = buffer, len */
    ASYSCALL_CTL_LSEEK = 0xcb,      /* fd = handle, off, len = whence, addr = where the new
                                       64-bit position is written */
    ASYSCALL_CTL_FTRUNCATE = 0xcc,  /* fd = handle, off = length */
    ASYSCALL_CTL_POST = 0xcd,       /* fd = queue pair, addr = user_data, len = result (as int32),
                                       rw_flags = CQE flags: a completion without an entry */
    ASYSCALL_CTL_STATISTICS = 0xce, /* fd = queue pair, 0 too, addr, len: where as much of a struct
                                       asyscall_statistics as fits is written: its size */
    ASYSCALL_CTL_PROBE = 0xcf,      /* fd = queue pair, 0 too, addr, len: where a byte for each of
                                       the 256 opcodes is written, ASYSCALL_PROBE_*: their number */
    ASYSCALL_CTL_NAME = 0xd0,       /* fd = socket, addr, len: buffer of a struct sockaddr;
                                       off = 1: the peer's. The address's size */
    ASYSCALL_CTL_GET_OPTION = 0xd1, /* fd = socket, off = level | name << 32, addr, len: value,
                                       an int. Its size */
    ASYSCALL_CTL_SET_OPTION = 0xd2, /* the same; 0 */
    ASYSCALL_CTL_BUFFERS = 0xd3,    /* fd = queue pair, off = group, addr = ring of struct
                                       io_uring_buf (an address as in its entries), len = entries;
                                       0: there is no such group any more */
    ASYSCALL_CTL_TAKE_BUFFER = 0xd4, /* fd = queue pair, off = group, addr = where the struct
                                       io_uring_buf that is taken is written */
    ASYSCALL_CTL_SET_FLAGS = 0xd5,  /* fd = socket, len = ASYSCALL_FLAG_* that hold from now on */
};

/* Who serves an entry with this opcode. Neither: nobody, it is -EINVAL (on ring 0). */
#define ASYSCALL_PROBE_SERVED           1u /* the device */
#define ASYSCALL_PROBE_FORWARDED        2u /* the kernel; with SERVED: if its fd is not in the map */

/* What has happened on a queue pair since CREATE; grows at its end. */
struct asyscall_statistics {
    uint64_t doorbells;     /* stores to SUBMIT */
    uint64_t taken;         /* entries; = completed + dropped + inflight */
    uint64_t completed;     /* entries that had their final result */
    uint64_t dropped;       /* entries that ended without one */
    uint64_t posted;        /* completions, those with MORE and POST's and events included */
    uint64_t overflowed;    /* of these: that went through the overflow list */
    uint64_t forwarded;     /* entries that went to the kernel */
    uint64_t faulted;       /* addresses that the kernel was asked for */
    uint64_t cancelled;     /* requests that were ended, or of which the kernel was told to */
    uint64_t notified;      /* stores to notify_address, or control interrupts */
    uint64_t held_back;     /* times that completions were published without */
    uint32_t inflight;      /* now */
    uint32_t waiting;       /* completions in the overflow list, now */
};

/* Device handles that are always open, if their feature bit is set. */
#define ASYSCALL_HANDLE_STDIN           0
#define ASYSCALL_HANDLE_STDOUT          1
#define ASYSCALL_HANDLE_STDERR          2
#define ASYSCALL_HANDLE_EXPORT          3 /* the exported directory */
#define ASYSCALL_NO_HANDLE              (~0ull)

/* Of a handle. */
#define ASYSCALL_FLAG_NONBLOCK          1u /* -EAGAIN instead of waiting */

#define ASYSCALL_RIGHT_READ             1u
#define ASYSCALL_RIGHT_WRITE            2u

/*
 * Events: CQEs of ring 0 with ASYSCALL_CQE_EVENT in flags, the kind in bits 15:8.
 * user_data is the token of the request; res the slot in the forward ring (or -errno).
 */
#define ASYSCALL_CQE_EVENT              (1u << 31)
#define ASYSCALL_CQE_EVENT_KIND(flags)  (((flags) >> 8) & 0xffu)
#define ASYSCALL_TOKEN_QUEUE_PAIR(t)    ((uint32_t)((uint64_t)(t) >> 48))

enum asyscall_event {
    ASYSCALL_EVENT_FORWARD = 1,     /* slot: the SQE as it came. Answer: COMPLETE */
    ASYSCALL_EVENT_FAULT = 2,       /* slot: struct asyscall_fault. Answer: RESUME */
    ASYSCALL_EVENT_CANCEL = 3,      /* a forwarded request is to be cancelled; COMPLETE is still
                                       owed, with -ECANCELED or the real result; no slot */
    ASYSCALL_EVENT_BROKEN = 4,      /* queue pair of the token stopped; res = -errno; no slot */
};

/* 64 bytes in the forward ring: written by the device; the kernel's until it answers. */
struct asyscall_fault {
    uint64_t address;               /* the virtual address that did not translate */
    uint32_t access;                /* ASYSCALL_RIGHT_READ: the device reads memory; _WRITE: writes */
    uint32_t reserved[13];
};

union asyscall_forward {
    struct io_uring_sqe sqe;
    struct asyscall_fault fault;
};

ASYSCALL_STATIC_ASSERT(sizeof(struct io_uring_sqe) == 64);
ASYSCALL_STATIC_ASSERT(sizeof(struct io_uring_cqe) == 16);
ASYSCALL_STATIC_ASSERT(sizeof(struct asyscall_ring_driver) == 64);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_ring_driver, cq_head) == 4);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_ring_driver, cq_event) == 8);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_ring_driver, flags) == 12);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_ring_driver, cq_delay) == 16);
ASYSCALL_STATIC_ASSERT(sizeof(struct asyscall_ring_device) == 64);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_ring_device, cq_tail) == 4);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_ring_device, flags) == 8);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_ring_device, overflowed) == 12);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_ring, device) == 64);
ASYSCALL_STATIC_ASSERT(sizeof(struct asyscall_ring) == ASYSCALL_CQ_OFFSET);
ASYSCALL_STATIC_ASSERT(sizeof(struct asyscall_queue_pair) == 128);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_queue_pair, satp) == 16);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_queue_pair, notify_address) == 24);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_queue_pair, notify_data) == 32);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_queue_pair, flags) == 36);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_queue_pair, opcodes) == 40);
ASYSCALL_STATIC_ASSERT(sizeof(struct asyscall_statistics) == 96);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_statistics, taken) == 8);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_statistics, forwarded) == 48);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_statistics, notified) == 72);
ASYSCALL_STATIC_ASSERT(offsetof(struct asyscall_statistics, inflight) == 88);
ASYSCALL_STATIC_ASSERT(sizeof(struct asyscall_fault) == 64);
ASYSCALL_STATIC_ASSERT(sizeof(union asyscall_forward) == 64);

#endif /* STANDARD_HEADERS_OUROS_ASYSCALL_H */

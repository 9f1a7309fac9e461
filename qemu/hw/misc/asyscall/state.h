/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: the device's state: files, requests, queue pairs.
 *
 * A request's phases (every way into DONE leads to exactly one final CQE):
 *
 *   accept -> [LINKED | DRAIN] -> start -+-> WORK -------+
 *                                        +-> CONSOLE ----+
 *                                        +-> SOCKET -----+
 *                                        +-> TIMER ------+-> DONE -> posted
 *                                        +-> COMMAND ----+   (waits here for
 *                                        +-> FORWARDED --+    modelled time)
 *                                        +-> FAULTED -> start again
 *   NEED_SLOT: on the way to FORWARDED or FAULTED, no slot is free
 */
#ifndef HW_MISC_ASYSCALL_STATE_H
#define HW_MISC_ASYSCALL_STATE_H

#include "chardev/char-fe.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/misc/asyscall.h"
#include "hw/sysbus.h"
#include "qemu/iov.h"
#include "qemu/queue.h"
#include "qemu/thread.h"
#include "qemu/timer.h"
#include "qemu/fifo8.h"
#include "block/thread-pool.h"
#include "system/runstate.h"
#include "standard-headers/ouros/asyscall.h"

#define ASYSCALL_MAX_FDS_PER_QUEUE_PAIR 1024
#define ASYSCALL_MAX_SLOTS              4096
#define ASYSCALL_LATENCY_UNSET          UINT64_MAX

/*
 * Linux's MAX_RW_COUNT for 4 KiB pages, on which results of long transfers
 * depend.
 */
#define ASYSCALL_MAX_TRANSFER           0x7ffff000u
/*
 * A transfer proceeds in chunks of at most so many pieces of host memory and
 * bytes: what one entry can make the device do at a time is bounded.
 */
#define ASYSCALL_MAX_PIECES             256
#define ASYSCALL_MAX_CHUNK              (1024 * 1024u)
#define ASYSCALL_INLINE_PIECES          4

typedef struct AsyscallFile AsyscallFile;
typedef struct AsyscallOp AsyscallOp;
typedef struct AsyscallQueuePair AsyscallQueuePair;
typedef struct AsyscallRequest AsyscallRequest;
typedef struct AsyscallSocket AsyscallSocket;
typedef struct AsyscallWork AsyscallWork;

/* ---- files behind handles ------------------------------------------------ */

typedef enum AsyscallFileKind {
    ASYSCALL_FILE_CONSOLE_IN,
    ASYSCALL_FILE_CONSOLE_OUT,
    ASYSCALL_FILE_CONSOLE_ERROR,
    ASYSCALL_FILE_REGULAR,
    ASYSCALL_FILE_DIRECTORY,
    ASYSCALL_FILE_GONE, /* was open when the machine was saved; not there now */
    ASYSCALL_FILE_SOCKET, /* fd -1: it was, when the machine was saved */
} AsyscallFileKind;

/* Counted: held by the handle table, by fd maps and by requests in flight. */
struct AsyscallFile {
    unsigned refs;
    AsyscallFileKind kind;
    int fd; /* -1: console */
    AsyscallSocket *socket; /* FILE_SOCKET */
};

typedef struct AsyscallHandle {
    AsyscallFile *file;  /* NULL: free */
    uint16_t generation; /* part of the handle's number; stale numbers miss */
} AsyscallHandle;

typedef struct AsyscallFdEntry {
    AsyscallFile *file;
    uint32_t rights;
} AsyscallFdEntry;

/* ---- host work ----------------------------------------------------------- */

/*
 * Runs without the BQL; touches only its work and pinned memory. Returns >= 0
 * or -errno.
 */
typedef int64_t AsyscallWorkFunc(AsyscallWork *work);
/* Runs under the BQL when the result is in. */
typedef void AsyscallWorkDone(AsyscallRequest *req, int64_t result);

struct AsyscallWork {
    bool queued; /* in qp->works: no thread has it */
    AsyscallWorkFunc *func;
    AsyscallWorkDone *done;
    int64_t result;
    bool reported; /* is or was in s->finished; under work_lock */
    struct AsyscallState *device;
    QSIMPLEQ_ENTRY(AsyscallWork) entry;

    int fd;
    int fd2;
    char *path;
    char *path2;
    uint64_t offset;
    uint32_t length;
    uint32_t flags;
    uint32_t mode;
    const struct iovec *pieces;
    unsigned n_pieces;
    void *buffer; /* results that are copied to the guest afterwards */
    AsyscallFile *opened;
    AsyscallFile *directory2; /* RENAMEAT: the second one, held */
};

/* ---- requests ------------------------------------------------------------ */

typedef enum AsyscallPhase {
    ASYSCALL_PHASE_START,  /* about to be started */
    ASYSCALL_PHASE_LINKED, /* waits for the one before it in its chain */
    ASYSCALL_PHASE_DRAIN,  /* waits for everything before it */
    ASYSCALL_PHASE_NEED_SLOT,
    ASYSCALL_PHASE_FORWARDED,
    ASYSCALL_PHASE_FAULTED,
    ASYSCALL_PHASE_WORK,
    ASYSCALL_PHASE_CONSOLE,
    ASYSCALL_PHASE_TIMER,
    ASYSCALL_PHASE_COMMAND, /* control command that waits for requests in flight
                             */
    ASYSCALL_PHASE_DONE,
    ASYSCALL_PHASE_SOCKET, /* waits until its socket is ready */
} AsyscallPhase;

/* Where translation stopped. */
typedef struct AsyscallMiss {
    uint64_t address;
    uint32_t access; /* ASYSCALL_RIGHT_* */
} AsyscallMiss;

/*
 * Data between guest buffers and the host. `vec` are the guest's addresses,
 * copied once; `pieces` is the part of them that is pinned now.
 */
typedef struct AsyscallTransfer {
    bool ready; /* vec is filled */
    bool to_guest;
    uint64_t total;
    uint64_t done;
    struct iovec single; /* vec for one buffer; iov_base is a guest address */
    struct iovec *vec;
    unsigned n_vec;
    unsigned at; /* where the next byte goes: vec[at], offset into it */
    uint64_t at_offset;
    struct iovec *pieces; /* host memory */
    struct iovec inline_pieces[ASYSCALL_INLINE_PIECES];
    unsigned n_pieces;
    uint64_t pinned; /* bytes in pieces */
} AsyscallTransfer;

struct AsyscallRequest {
    AsyscallQueuePair *qp;
    struct io_uring_sqe sqe; /* the device's copy */
    uint16_t index;
    uint64_t token;
    uint64_t sequence; /* order of acceptance, device wide */
    const AsyscallOp *op;
    AsyscallPhase phase;
    int32_t result;
    uint32_t cqe_flags;
    bool failed;       /* breaks a chain, e.g. also by a short read */
    bool keeps_chain;  /* although its result is negative */
    bool chain_broken; /* cancelled because one before it failed */
    bool cancel_sent;
    bool needs_fault_slot; /* NEED_SLOT for a fault, not for forwarding */
    bool in_line;
    int slot;         /* in the forward ring, or -1 */
    int64_t accepted; /* virtual time of the start */
    int64_t due;      /* earliest virtual time of the completion */
    AsyscallMiss miss;
    AsyscallRequest *link; /* next in the chain */
    AsyscallFile *file;
    AsyscallTransfer transfer;
    AsyscallWork work;
    /* TIMEOUT */
    GSequenceIter *timer;
    int64_t deadline;
    uint64_t count_target; /* 0: no count */
    bool count_reached;
    int64_t interval; /* of a relative one */
    bool multishot;
    uint32_t repeats; /* multishot: how many are left; 0: no end */
    /* of sockets */
    bool begun;           /* CONNECT: the host has it */
    uint32_t poll_events; /* what it waits for: G_IO_IN, G_IO_OUT, ... */
    uint16_t buffer; /* BUFFER_SELECT: the one it looks at, or has */
    /* LINK_TIMEOUT */
    AsyscallRequest *head; /* what it limits, once that is to start */
    bool expired; /* the head is with the kernel and was asked to end */
    bool ended;   /* the head has completed */
    /* control command: condition on another queue pair */
    uint32_t wait_queue_pair;
    QTAILQ_ENTRY(AsyscallRequest) entry; /* qp->requests, or qp->unused */
    QTAILQ_ENTRY(AsyscallRequest) queue; /* the one queue of its phase */
    QTAILQ_ENTRY(AsyscallRequest) line;  /* s->line */
};

typedef QTAILQ_HEAD(AsyscallRequestList, AsyscallRequest) AsyscallRequestList;

/* ---- sockets ------------------------------------------------------------- */

struct AsyscallSocket {
    struct AsyscallState *device;
    AsyscallFile *file;
    bool bound;
    bool nonblocking; /* what a process asks of it does not wait */
    AsyscallRequestList waiters; /* PHASE_SOCKET, in order of arrival */
    QTAILQ_ENTRY(AsyscallSocket) entry; /* s->sockets */
};

typedef enum AsyscallNet {
    ASYSCALL_NET_NONE,
    ASYSCALL_NET_LOOPBACK,
    ASYSCALL_NET_ANY,
} AsyscallNet;

/* ---- queue pairs --------------------------------------------------------- */

/* A ring of buffers in the process's memory. */
typedef struct AsyscallBufferGroup {
    uint64_t address;
    uint32_t entries;
    uint16_t head;
} AsyscallBufferGroup;

typedef struct AsyscallOverflow {
    struct io_uring_cqe cqe;
    QSIMPLEQ_ENTRY(AsyscallOverflow) entry;
} AsyscallOverflow;

struct AsyscallQueuePair {
    struct AsyscallState *device;
    uint16_t index;
    bool exists;
    bool broken;
    bool quiesced;
    bool destroying;
    bool cancelling; /* nothing may start any more; each gets -ECANCELED */
    bool runnable;   /* is in s->runnable */
    bool dirty;      /* is in s->dirty: cq_tail to be published */
    bool overflow_began;
    bool urgent; /* something that is to be published is */

    MemoryRegionCache memory;
    uint64_t ring;
    uint32_t sq_entries;
    uint32_t cq_entries;
    uint32_t sq_offset;
    uint32_t sq_head; /* the device's own; never read back from the ring */
    uint32_t sq_tail; /* as last read at a doorbell */
    uint32_t cq_head; /* as last read, when the CQ looked full */
    uint32_t cq_tail;
    uint32_t cq_published;
    uint32_t status; /* ASYSCALL_RING_STATUS_* */
    uint32_t overflowed;

    uint64_t satp;
    uint64_t notify_address;
    uint32_t notify_data;
    uint32_t flags; /* ASYSCALL_PAIR_* */
    uint64_t opcodes[4];
    AsyscallFdEntry *fds;
    GHashTable *groups; /* number -> AsyscallBufferGroup; NULL: none yet */

    AsyscallRequest **table; /* by index; filled as needed, kept for reuse */
    uint32_t table_used;
    AsyscallRequestList requests; /* in flight, in order of acceptance */
    AsyscallRequestList unused;
    uint32_t inflight;
    uint32_t need_slot;          /* requests in NEED_SLOT: the SQ waits */
    AsyscallRequest *chain_head; /* a chain that is still being taken in */
    AsyscallRequest *chain_tail;
    uint32_t chain_length;
    bool chain_drains;
    AsyscallRequest *drain; /* waits until only its chain is in flight */
    uint32_t drain_length;
    bool draining;        /* take nothing in until all is done */
    uint64_t completions; /* other than timeouts; for TIMEOUT's count */
    uint32_t counted_timeouts;
    AsyscallRequestList works; /* PHASE_WORK, for no thread yet */
    QSIMPLEQ_HEAD(, AsyscallOverflow) overflow;
    uint32_t n_overflow;
    struct asyscall_statistics statistics; /* what is now is not in it */
    QEMUTimer notify_timer; /* a notification is held back until then */
    QTAILQ_ENTRY(AsyscallQueuePair) runnable_entry;
    QTAILQ_ENTRY(AsyscallQueuePair) dirty_entry;
    QTAILQ_ENTRY(AsyscallQueuePair) working_entry;
};

typedef QTAILQ_HEAD(AsyscallQueuePairList,
                    AsyscallQueuePair) AsyscallQueuePairList;

/* ---- the device ---------------------------------------------------------- */

typedef struct AsyscallSlot {
    uint64_t token;
    bool used; /* the kernel's until it answers */
} AsyscallSlot;

typedef struct AsyscallConsole {
    struct AsyscallState *device;
    CharBackend chr;
    Fifo8 input;
    bool end_of_file;
    AsyscallRequestList readers;
    AsyscallRequestList writers;
    guint watch;
} AsyscallConsole;

struct AsyscallState {
    SysBusDevice parent_obj;
    MemoryRegion mmio;
    qemu_irq irq;

    /* properties */
    uint32_t n_queue_pairs;
    uint32_t max_entries;
    uint32_t max_handles;
    char *export;
    bool readonly;
    char *net_mode;
    uint32_t max_sockets;
    uint64_t latency;

    /* registers */
    uint64_t device_features;
    uint64_t driver_features;
    uint32_t status;
    uint64_t control_ring;
    uint32_t control_sq_entries;
    uint32_t control_cq_entries;
    uint64_t forward_ring;
    uint32_t forward_entries;
    uint32_t interrupt_status;

    AsyscallQueuePair *queue_pairs;
    uint64_t sequence;
    uint32_t generation; /* of tokens; never restarts */

    /* run.c */
    bool running;
    QEMUBH *bh;
    AsyscallQueuePairList runnable;
    AsyscallQueuePairList dirty;
    AsyscallRequestList starting; /* PHASE_START */
    AsyscallRequestList commands; /* PHASE_COMMAND */
    bool recheck_commands;

    /* forward.c */
    MemoryRegionCache forward_memory;
    bool forward_mapped;
    AsyscallSlot *slots;
    uint16_t *free_slots;
    uint32_t n_free_slots;
    GHashTable *orphans;              /* token -> slot whose request is gone */
    AsyscallRequestList slot_waiters; /* PHASE_NEED_SLOT */

    /* latency.c, timer.c */
    AsyscallRequestList line; /* by (due, sequence) */
    QEMUTimer *line_timer;
    GSequence *deadlines; /* PHASE_TIMER, by (deadline, sequence) */
    QEMUTimer *deadline_timer;

    /* work.c */
    ThreadPool *pool;
    AsyscallQueuePairList working; /* with works, in turn */
    bool discard_work; /* atomic */
    QemuMutex work_lock;
    QemuCond work_cond;
    QSIMPLEQ_HEAD(, AsyscallWork) finished; /* under work_lock */
    uint32_t n_outstanding; /* handed to the pool, not yet seen finished */

    /* export.c, console.c */
    AsyscallHandle *handles;
    uint32_t n_open;
    uint32_t next_handle;
    int export_fd;
    AsyscallConsole console;
    AsyscallConsole console_error;

    /* socket.c */
    AsyscallNet net;
    QTAILQ_HEAD(, AsyscallSocket) sockets;
    uint32_t n_sockets;
    uint32_t poll_handle; /* of the register POLL */

    /* migrate.c */
    VMChangeStateEntry *vm_change;
    struct AsyscallSaved *saved; /* while saving or loading */
};

#endif

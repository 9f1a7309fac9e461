/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: what the device's files share.
 *
 *   device.c      QOM, properties, life cycle, migration
 *   registers.c   register page, negotiation, doorbells
 *   run.c         the one loop that consumes rings and publishes completions
 *   ring.c        ring memory: take entries, post completions, overflow
 *   notify.c      publish completions, notify or not
 *   queue_pair.c  create, modify, destroy; fd map; commands that wait
 *   request.c     a request from acceptance to its completion; links, drain
 *   cancel.c      cancelling requests, one or many
 *   route.c       which opcode is served where
 *   mmu.c         Sv39 walk, guest memory to host memory
 *   transfer.c    data between a request's buffers and the host, in chunks
 *   forward.c     slots, events to the kernel, its answers
 *   latency.c     modelled delay
 *   timer.c       TIMEOUT, LINK_TIMEOUT
 *   work.c        host work off the vCPU thread
 *   export.c      the exported directory; path.c resolves beneath it
 *   file.c        READ, WRITE, FSYNC, STATX and friends on handles
 *   console.c     handles 0, 1, 2
 *   migrate.c     saving and loading, with requests in flight
 *
 * Everything runs under the BQL except the functions of type AsyscallWorkFunc.
 *
 * A request's phases (every way into DONE leads to exactly one final CQE):
 *
 *   accept -> [LINKED | DRAIN] -> start -+-> WORK -------+
 *                                        +-> CONSOLE ----+
 *                                        +-> TIMER ------+-> DONE -> posted
 *                                        +-> COMMAND ----+   (waits here for
 *                                        +-> FORWARDED --+    modelled time)
 *                                        +-> FAULTED -> start again
 *   NEED_SLOT: on the way to FORWARDED or FAULTED, no slot is free
 */
#ifndef HW_MISC_ASYSCALL_INTERNAL_H
#define HW_MISC_ASYSCALL_INTERNAL_H

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
typedef struct AsyscallWork AsyscallWork;

/* ---- files behind handles ------------------------------------------------ */

typedef enum AsyscallFileKind {
    ASYSCALL_FILE_CONSOLE_IN,
    ASYSCALL_FILE_CONSOLE_OUT,
    ASYSCALL_FILE_CONSOLE_ERROR,
    ASYSCALL_FILE_REGULAR,
    ASYSCALL_FILE_DIRECTORY,
    ASYSCALL_FILE_GONE, /* was open when the machine was saved; not there now */
} AsyscallFileKind;

/* Counted: held by the handle table, by fd maps and by requests in flight. */
struct AsyscallFile {
    unsigned refs;
    AsyscallFileKind kind;
    int fd; /* -1: console */
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

/* ---- queue pairs --------------------------------------------------------- */

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

    /* migrate.c */
    VMChangeStateEntry *vm_change;
    struct AsyscallSaved *saved; /* while saving or loading */
};

static inline bool asyscall_modelled(const AsyscallState *s)
{
    return s->latency != ASYSCALL_LATENCY_UNSET;
}

static inline AsyscallQueuePair *asyscall_control(AsyscallState *s)
{
    return &s->queue_pairs[0];
}

static inline bool asyscall_is_control(const AsyscallQueuePair *qp)
{
    return qp->index == 0;
}

/* device.c */
void asyscall_reset(AsyscallState *s);
bool asyscall_start(AsyscallState *s);
void asyscall_needs_reset(AsyscallState *s, const char *why);
void asyscall_update_irq(AsyscallState *s);

/* registers.c */
extern const MemoryRegionOps asyscall_mmio_ops;

/* run.c */
void asyscall_run(AsyscallState *s);
void asyscall_run_bh(void *opaque);
void asyscall_qp_wake(AsyscallQueuePair *qp);
void asyscall_qp_doorbell(AsyscallQueuePair *qp);
void asyscall_qp_flush(AsyscallQueuePair *qp);
void asyscall_qp_dirty(AsyscallQueuePair *qp);

/* ring.c */
bool asyscall_map_ram(MemoryRegionCache *cache, hwaddr address, uint64_t size);
bool asyscall_ring_entries_valid(AsyscallState *s, uint32_t sq, uint32_t cq);
int asyscall_ring_map(AsyscallQueuePair *qp);
int asyscall_ring_attach(AsyscallQueuePair *qp);
void asyscall_ring_overflow(AsyscallQueuePair *qp,
                            const struct io_uring_cqe *cqe);
struct asyscall_ring *asyscall_ring(AsyscallQueuePair *qp);
void asyscall_ring_changed(AsyscallQueuePair *qp, const void *field,
                           size_t length);
void asyscall_ring_unmap(AsyscallQueuePair *qp);
bool asyscall_ring_read_tail(AsyscallQueuePair *qp);
void asyscall_ring_take(AsyscallQueuePair *qp, struct io_uring_sqe *sqe);
void asyscall_ring_store_head(AsyscallQueuePair *qp);
void asyscall_ring_post(AsyscallQueuePair *qp, uint64_t user_data,
                        int32_t result, uint32_t flags);
/* Whether a completion would go to the CQ at once. */
bool asyscall_ring_has_room(AsyscallQueuePair *qp);
void asyscall_ring_drain_overflow(AsyscallQueuePair *qp);
void asyscall_ring_broken(AsyscallQueuePair *qp, int error, const char *why);
int asyscall_ring_revive(AsyscallQueuePair *qp);

/* notify.c */
void asyscall_publish(AsyscallQueuePair *qp);
void asyscall_notify_timer(void *opaque);

/* queue_pair.c */
void asyscall_qp_init(AsyscallState *s, AsyscallQueuePair *qp, unsigned index);
void asyscall_qp_activate(AsyscallQueuePair *qp);
void asyscall_qp_release(AsyscallQueuePair *qp);
bool asyscall_qp_can_accept(AsyscallQueuePair *qp);
void asyscall_commands_recheck(AsyscallState *s);
AsyscallQueuePair *asyscall_target(AsyscallRequest *req, bool must_exist);
void asyscall_ctl_create(AsyscallRequest *req);
void asyscall_ctl_modify(AsyscallRequest *req);
void asyscall_ctl_destroy(AsyscallRequest *req);
void asyscall_ctl_set_fd(AsyscallRequest *req);
void asyscall_ctl_invalidate(AsyscallRequest *req);
void asyscall_ctl_quiesce(AsyscallRequest *req);
void asyscall_ctl_continue(AsyscallRequest *req);

/* request.c */
AsyscallRequest *asyscall_request_new(AsyscallQueuePair *qp);
AsyscallRequest *asyscall_request_find(AsyscallState *s, uint64_t token);
void asyscall_request_accept(AsyscallRequest *req);
void asyscall_request_close_chain(AsyscallQueuePair *qp);
void asyscall_request_queue_start(AsyscallRequest *req);
void asyscall_request_start(AsyscallRequest *req);
void asyscall_request_finish(AsyscallRequest *req, int64_t result);
void asyscall_request_post(AsyscallRequest *req);
void asyscall_request_drop(AsyscallRequest *req);
void asyscall_request_count(AsyscallQueuePair *qp);

/* cancel.c */
int asyscall_request_cancel(AsyscallRequest *req);
void asyscall_request_orphan(AsyscallRequest *req);
void asyscall_qp_cancel_all(AsyscallQueuePair *qp);
void asyscall_op_async_cancel(AsyscallRequest *req);

/* route.c */
#define ASYSCALL_OP_USER    1u /* may be served for user queue pairs */
#define ASYSCALL_OP_CONTROL 2u /* is there on queue pair 0 */
#define ASYSCALL_OP_FD      4u /* fd is a handle or in the fd map */
#define ASYSCALL_OP_READ    8u /* and needs this right */
#define ASYSCALL_OP_WRITE   16u
#define ASYSCALL_OP_TIMER   32u /* its completion is not counted by TIMEOUT */
#define ASYSCALL_OP_HERE    64u /* whatever the kernel allows: chains are here */

struct AsyscallOp {
    void (*start)(AsyscallRequest *req);
    uint32_t flags;
};

void asyscall_route(AsyscallRequest *req);
const AsyscallOp *asyscall_op_of(uint8_t opcode);

/* mmu.c */
bool asyscall_satp_valid(uint64_t satp);
int asyscall_translate(AsyscallQueuePair *qp, uint64_t va, uint32_t access,
                       hwaddr *pa, uint64_t *span, AsyscallMiss *miss);
void *asyscall_pin(AsyscallQueuePair *qp, uint64_t va, uint64_t *length,
                   uint32_t access, int *error, AsyscallMiss *miss);
void asyscall_unpin(void *host, uint64_t length, bool written, uint64_t used);
int asyscall_guest_read(AsyscallQueuePair *qp, uint64_t va, void *buffer,
                        uint64_t length, AsyscallMiss *miss);
int asyscall_guest_write(AsyscallQueuePair *qp, uint64_t va, const void *buffer,
                         uint64_t length, AsyscallMiss *miss);
/* Positive: translation missed and the kernel can help; `miss` says where. */
#define ASYSCALL_MISS 1

/* transfer.c */
int asyscall_transfer_single(AsyscallRequest *req, bool to_guest,
                             uint64_t address, uint64_t length);
int asyscall_transfer_vector(AsyscallRequest *req, bool to_guest);
bool asyscall_transfer_pin(AsyscallRequest *req);
void asyscall_transfer_advance(AsyscallRequest *req, uint64_t bytes);
void asyscall_transfer_unpin(AsyscallRequest *req);
bool asyscall_transfer_overlaps(AsyscallRequest *req, uint64_t address,
                                uint64_t length);
void asyscall_transfer_reset(AsyscallRequest *req);
/*
 * Turns a guest access's failure into the request's fate; true: nothing to do,
 * go on.
 */
bool asyscall_access_ok(AsyscallRequest *req, int error,
                        const AsyscallMiss *miss);

/* forward.c */
bool asyscall_forward_map(AsyscallState *s);
void asyscall_forward_reset(AsyscallState *s);
void asyscall_forward(AsyscallRequest *req);
void asyscall_fault(AsyscallRequest *req, const AsyscallMiss *miss);
void asyscall_forward_cancel(AsyscallRequest *req);
void asyscall_slot_orphan(AsyscallRequest *req);
void asyscall_slot_wait_remove(AsyscallRequest *req);
void asyscall_event(AsyscallState *s, AsyscallQueuePair *qp,
                    enum asyscall_event kind, uint64_t token, int32_t result);
void asyscall_ctl_complete(AsyscallRequest *req);
void asyscall_ctl_resume(AsyscallRequest *req);
void asyscall_ctl_post(AsyscallRequest *req);

/* latency.c */
void asyscall_line_insert(AsyscallRequest *req);
void asyscall_line_remove(AsyscallRequest *req);
void asyscall_line_expire(AsyscallState *s);
void asyscall_line_timer(void *opaque);

/* timer.c */
void asyscall_deadline_timer(void *opaque);
void asyscall_timer_add(AsyscallRequest *req, int64_t deadline);
void asyscall_timer_remove(AsyscallRequest *req);
void asyscall_timer_count(AsyscallQueuePair *qp);
void asyscall_op_timeout(AsyscallRequest *req);
void asyscall_op_timeout_remove(AsyscallRequest *req);
void asyscall_op_link_timeout(AsyscallRequest *req);
bool asyscall_link_timeout_prepare(AsyscallRequest *head);
void asyscall_link_timeout_failed(AsyscallRequest *timeout);
void asyscall_link_timeout_end(AsyscallRequest *head);

/* work.c */
void asyscall_work_init(AsyscallState *s);
void asyscall_work_exit(AsyscallState *s);
void asyscall_work_submit(AsyscallRequest *req, AsyscallWorkFunc *func,
                          AsyscallWorkDone *done);
bool asyscall_work_unqueue(AsyscallRequest *req);
void asyscall_work_wait(AsyscallRequest *req);
void asyscall_work_reap(AsyscallState *s);
void asyscall_work_drain(AsyscallState *s);
void asyscall_work_settle(AsyscallState *s);
void asyscall_work_clear(AsyscallWork *work);

/* export.c */
bool asyscall_export_open(AsyscallState *s, Error **errp);
void asyscall_handles_init(AsyscallState *s);
void asyscall_handles_open_standard(AsyscallState *s);
void asyscall_handles_close_all(AsyscallState *s);
AsyscallFile *asyscall_handle_file(AsyscallState *s, uint64_t handle);
int asyscall_handle_add(AsyscallState *s, AsyscallFile *file);
AsyscallFile *asyscall_file_new(AsyscallFileKind kind, int fd);
AsyscallFile *asyscall_file_ref(AsyscallFile *file);
void asyscall_file_unref(AsyscallFile *file);
void asyscall_op_openat(AsyscallRequest *req);
void asyscall_op_close(AsyscallRequest *req);
void asyscall_op_mkdirat(AsyscallRequest *req);
void asyscall_op_unlinkat(AsyscallRequest *req);
void asyscall_op_renameat(AsyscallRequest *req);
bool asyscall_read_path(AsyscallRequest *req, uint64_t address, char **path);

/* path.c: without the BQL */
int asyscall_path_open(int dir, const char *path, int flags, uint32_t mode);
int asyscall_path_parent(int dir, const char *path, const char **last);

/* file.c */
void asyscall_op_nop(AsyscallRequest *req);
void asyscall_op_read(AsyscallRequest *req);
void asyscall_op_readv(AsyscallRequest *req);
void asyscall_op_write(AsyscallRequest *req);
void asyscall_op_writev(AsyscallRequest *req);
void asyscall_op_fsync(AsyscallRequest *req);
void asyscall_op_statx(AsyscallRequest *req);
void asyscall_ctl_getdents(AsyscallRequest *req);
void asyscall_ctl_readlink(AsyscallRequest *req);
void asyscall_ctl_lseek(AsyscallRequest *req);
void asyscall_ctl_ftruncate(AsyscallRequest *req);
/* What a transfer does when its chunk is through: `result` bytes or -errno. */
void asyscall_rw_advance(AsyscallRequest *req, int64_t result);

/* console.c */
bool asyscall_console_init(AsyscallState *s, Error **errp);
void asyscall_console_exit(AsyscallState *s);
void asyscall_console_start(AsyscallRequest *req);
bool asyscall_console_cancel(AsyscallRequest *req);
void asyscall_console_queue(AsyscallRequest *req);
void asyscall_console_resume(AsyscallState *s);

/* migrate.c */
extern const VMStateDescription asyscall_vmstate_running;
void asyscall_vm_state_changed(void *opaque, bool running, RunState state);
void asyscall_saved_free(AsyscallState *s);

#endif

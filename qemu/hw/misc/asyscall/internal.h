/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: what the device's files offer one another; state.h has its state.
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
 *   statistics.c  what has happened: for the guest, QMP and the monitor
 *   timer.c       TIMEOUT, LINK_TIMEOUT
 *   work.c        host work off the vCPU thread
 *   export.c      the exported directory; path.c resolves beneath it
 *   file.c        READ, WRITE, FSYNC, STATX and friends on handles
 *   console.c     handles 0, 1, 2
 *   buffers.c     buffers that entries select from groups
 *   socket.c      sockets of the host: making, waiting, polling
 *   socket_io.c   what is asked of a socket: CONNECT, ACCEPT, SEND, RECV, ...
 *   socket_options.c  its names, options and flags
 *   address.c     which addresses net= allows
 *   migrate.c     migration; save.c and load.c: requests as plain data
 *
 * Everything runs under the BQL except the functions of type AsyscallWorkFunc.
 */
#ifndef HW_MISC_ASYSCALL_INTERNAL_H
#define HW_MISC_ASYSCALL_INTERNAL_H

#include "state.h"

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
void asyscall_request_break_chain(AsyscallRequest *next, bool silently);
void asyscall_request_close_chain(AsyscallQueuePair *qp);
void asyscall_request_queue_start(AsyscallRequest *req);
void asyscall_request_start(AsyscallRequest *req);
void asyscall_request_finish(AsyscallRequest *req, int64_t result);
void asyscall_request_post(AsyscallRequest *req);
bool asyscall_request_post_more(AsyscallRequest *req, int32_t result);
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
#define ASYSCALL_OP_SOCKET  128u /* fd must be one */
#define ASYSCALL_OP_SELECT  256u /* its buffer may come from a group */
#define ASYSCALL_OP_HERE    64u /* whatever the kernel allows: chains are here */

struct AsyscallOp {
    void (*start)(AsyscallRequest *req);
    const char *name;
    uint32_t flags;
};

void asyscall_route(AsyscallRequest *req);
const AsyscallOp *asyscall_op_of(uint8_t opcode);
uint8_t asyscall_who_serves(const AsyscallQueuePair *qp, uint8_t opcode);

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
int asyscall_transfer_vector(AsyscallRequest *req, bool to_guest,
                             uint64_t address, uint64_t n);
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

/* buffers.c */
AsyscallBufferGroup *asyscall_buffer_group(AsyscallQueuePair *qp, uint32_t id);
bool asyscall_buffer_group_add(AsyscallQueuePair *qp, uint32_t id,
                               const AsyscallBufferGroup *group);
bool asyscall_buffer_select(AsyscallRequest *req);
void asyscall_buffer_take(AsyscallRequest *req);
void asyscall_ctl_buffers(AsyscallRequest *req);
void asyscall_ctl_take_buffer(AsyscallRequest *req);

/* console.c */
bool asyscall_console_init(AsyscallState *s, Error **errp);
void asyscall_console_exit(AsyscallState *s);
void asyscall_console_start(AsyscallRequest *req);
bool asyscall_console_cancel(AsyscallRequest *req);
void asyscall_console_queue(AsyscallRequest *req);
void asyscall_console_resume(AsyscallState *s);

/* socket.c */
bool asyscall_net_init(AsyscallState *s, Error **errp);
AsyscallFile *asyscall_socket_adopt(AsyscallState *s, int fd, int *error);
void asyscall_socket_free(AsyscallSocket *socket);
void asyscall_socket_watch(AsyscallSocket *socket);
void asyscall_socket_wait(AsyscallRequest *req, uint32_t events);
bool asyscall_socket_cancel(AsyscallRequest *req);
void asyscall_socket_closed(AsyscallFile *file);
void asyscall_sockets_pause(AsyscallState *s);
void asyscall_sockets_resume(AsyscallState *s);
uint32_t asyscall_socket_poll(AsyscallState *s, uint32_t handle);
void asyscall_op_socket(AsyscallRequest *req);
void asyscall_op_poll_add(AsyscallRequest *req);

/* socket_io.c */
void asyscall_op_bind(AsyscallRequest *req);
void asyscall_op_listen(AsyscallRequest *req);
void asyscall_op_connect(AsyscallRequest *req);
void asyscall_op_accept(AsyscallRequest *req);
void asyscall_op_shutdown(AsyscallRequest *req);
void asyscall_op_send(AsyscallRequest *req);
void asyscall_op_recv(AsyscallRequest *req);
void asyscall_op_sendmsg(AsyscallRequest *req);
void asyscall_op_recvmsg(AsyscallRequest *req);
void asyscall_socket_rw(AsyscallRequest *req);

/* socket_options.c */
void asyscall_ctl_name(AsyscallRequest *req);
void asyscall_ctl_set_flags(AsyscallRequest *req);
void asyscall_ctl_get_option(AsyscallRequest *req);
void asyscall_ctl_set_option(AsyscallRequest *req);

/* statistics.c */
void asyscall_class_init_statistics(ObjectClass *klass);
void asyscall_register_monitor(void);
void asyscall_ctl_statistics(AsyscallRequest *req);
void asyscall_ctl_probe(AsyscallRequest *req);

/* address.c */
struct sockaddr_storage;
int asyscall_address_for_bind(AsyscallState *s, struct sockaddr_storage *to,
                              uint32_t length);
int asyscall_address_for_peer(AsyscallState *s,
                              const struct sockaddr_storage *to,
                              uint32_t length);
int asyscall_address_bind_first(AsyscallSocket *socket);

/* migrate.c */
extern const VMStateDescription asyscall_vmstate_running;
void asyscall_vm_state_changed(void *opaque, bool running, RunState state);
void asyscall_saved_free(AsyscallState *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: from plain data (saved.h) to open files, requests and lists. The
 * data may come from anywhere: every number is checked.
 */
#include "qemu/osdep.h"
#include "saved.h"
#include "trace.h"

static AsyscallFile *asyscall_load_file(AsyscallState *s,
                                        const SavedFile *saved)
{
    const int kept = O_ACCMODE | O_APPEND | O_SYNC | O_DIRECT | O_NOATIME;
    struct stat st;
    int fd;

    if (saved->kind <= ASYSCALL_FILE_CONSOLE_ERROR ||
        saved->kind == ASYSCALL_FILE_SOCKET) {
        return asyscall_file_new(saved->kind, -1);
    }
    if (!saved->path_size || s->export_fd < 0 ||
        saved->path[saved->path_size - 1]) {
        return asyscall_file_new(ASYSCALL_FILE_GONE, -1);
    }
    fd = asyscall_path_open(
        s->export_fd, (const char *)saved->path,
        (saved->flags & kept) | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW |
            (saved->kind == ASYSCALL_FILE_DIRECTORY ? O_DIRECTORY : 0),
        0);
    if (fd < 0 || fstat(fd, &st) < 0 ||
        (saved->kind == ASYSCALL_FILE_REGULAR && !S_ISREG(st.st_mode)) ||
        (st.st_dev == saved->host_device && st.st_ino != saved->inode)) {
        trace_asyscall_stale((const char *)saved->path);
        if (fd >= 0) {
            close(fd);
        }
        return asyscall_file_new(ASYSCALL_FILE_GONE, -1);
    }
    lseek(fd, saved->position, SEEK_SET);
    return asyscall_file_new(saved->kind, fd);
}

static bool asyscall_load_holders(AsyscallState *s, AsyscallFile **files)
{
    struct AsyscallSaved *saved = s->saved;

    for (int32_t i = 0; i < saved->n_holders; i++) {
        const SavedHolder *holder = &saved->holders[i];
        AsyscallFdEntry *fds;

        if (holder->file < 0 || holder->file >= saved->n_files) {
            return false;
        }
        if (!holder->queue_pair) {
            if (holder->fd >= s->max_handles) {
                return false;
            }
            s->handles[holder->fd].file = asyscall_file_ref(files[holder->file]);
            continue;
        }
        fds = holder->queue_pair < s->n_queue_pairs
                  ? s->queue_pairs[holder->queue_pair].fds
                  : NULL;
        if (!fds || holder->fd >= ASYSCALL_MAX_FDS_PER_QUEUE_PAIR) {
            return false;
        }
        fds[holder->fd].file = asyscall_file_ref(files[holder->file]);
        fds[holder->fd].rights = holder->rights;
    }
    return true;
}

static AsyscallRequest *asyscall_load_request(AsyscallState *s,
                                              const SavedRequest *saved,
                                              AsyscallFile **files)
{
    AsyscallQueuePair *qp;
    AsyscallRequest *req;
    AsyscallTransfer *t;

    if (saved->queue_pair >= s->n_queue_pairs ||
        saved->index >= s->max_entries || saved->n_buffers < 0 ||
        saved->n_buffers > IOV_MAX || saved->at > saved->n_buffers ||
        saved->file >= s->saved->n_files ||
        saved->phase > ASYSCALL_PHASE_DONE ||
        saved->phase == ASYSCALL_PHASE_WORK ||
        saved->wait_queue_pair >= s->n_queue_pairs) {
        return NULL;
    }
    qp = &s->queue_pairs[saved->queue_pair];
    if (!qp->exists || qp->table[saved->index]) {
        return NULL;
    }
    req = g_new0(AsyscallRequest, 1);
    qp->table[saved->index] = req;
    QTAILQ_INSERT_TAIL(&qp->requests, req, entry);
    qp->inflight++;
    req->qp = qp;
    req->sqe = saved->sqe;
    req->index = saved->index;
    req->token = saved->token;
    req->sequence = saved->sequence;
    req->op = saved->routed ? asyscall_op_of(saved->sqe.opcode) : NULL;
    req->phase = saved->phase;
    req->result = saved->result;
    req->cqe_flags = saved->cqe_flags;
    req->failed = saved->failed;
    req->keeps_chain = saved->keeps_chain;
    req->chain_broken = saved->chain_broken;
    req->cancel_sent = saved->cancel_sent;
    req->needs_fault_slot = saved->needs_fault_slot;
    req->slot = saved->slot;
    req->accepted = saved->accepted;
    req->due = saved->due;
    req->miss.address = saved->miss_address;
    req->miss.access = saved->miss_access;
    req->deadline = saved->deadline;
    req->count_target = saved->count_target;
    req->count_reached = saved->count_reached;
    req->interval = saved->interval;
    req->multishot = saved->multishot;
    req->repeats = saved->repeats;
    req->expired = saved->expired;
    req->ended = saved->ended;
    req->wait_queue_pair = saved->wait_queue_pair;
    if (saved->file != ASYSCALL_NOTHING) {
        req->file = asyscall_file_ref(files[saved->file]);
    }
    t = &req->transfer;
    t->ready = saved->transfer_ready;
    t->to_guest = saved->to_guest;
    t->total = saved->total;
    t->done = saved->done;
    t->at = saved->at;
    t->at_offset = saved->at_offset;
    t->n_vec = saved->n_buffers;
    t->vec = t->n_vec <= 1 ? &t->single : g_new(struct iovec, t->n_vec);
    for (unsigned i = 0; i < t->n_vec; i++) {
        t->vec[i].iov_base = (void *)(uintptr_t)saved->buffers[i].address;
        t->vec[i].iov_len = saved->buffers[i].length;
    }
    return req;
}

static bool asyscall_load_pointer(AsyscallQueuePair *qp, int32_t number,
                                  AsyscallRequest **pointer)
{
    *pointer = NULL;
    if (number == ASYSCALL_NOTHING) {
        return true;
    }
    if (number < 0 || number >= (int32_t)qp->device->max_entries || !qp->table ||
        !qp->table[number]) {
        return false;
    }
    *pointer = qp->table[number];
    return true;
}

/* Into the list of what it waits for. */
static bool asyscall_load_phase(AsyscallState *s, AsyscallRequest *req,
                                bool in_line)
{
    switch (req->phase) {
    case ASYSCALL_PHASE_START:
        asyscall_request_queue_start(req);
        break;
    case ASYSCALL_PHASE_NEED_SLOT:
        req->qp->need_slot++;
        QTAILQ_INSERT_TAIL(&s->slot_waiters, req, queue);
        break;
    case ASYSCALL_PHASE_FORWARDED:
    case ASYSCALL_PHASE_FAULTED:
        if (req->slot < 0 || req->slot >= (int32_t)s->forward_entries) {
            return false;
        }
        s->slots[req->slot] = (AsyscallSlot) { req->token, true };
        break;
    case ASYSCALL_PHASE_CONSOLE:
        if (!req->file || req->file->kind > ASYSCALL_FILE_CONSOLE_ERROR) {
            return false;
        }
        asyscall_console_queue(req);
        break;
    case ASYSCALL_PHASE_TIMER:
        asyscall_timer_add(req, req->deadline);
        break;
    case ASYSCALL_PHASE_COMMAND:
        QTAILQ_INSERT_TAIL(&s->commands, req, queue);
        break;
    default:
        break;
    }
    if (in_line) {
        asyscall_line_insert(req);
    }
    return true;
}

static gint asyscall_by_sequence(gconstpointer a, gconstpointer b)
{
    const SavedRequest *x = a, *y = b;

    return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

/* The requests between those that are there, for asyscall_request_new(). */
static void asyscall_load_unused(AsyscallQueuePair *qp)
{
    for (uint32_t i = 0; i < qp->table_used; i++) {
        if (!qp->table[i]) {
            AsyscallRequest *req = qp->table[i] = g_new0(AsyscallRequest, 1);

            req->qp = qp;
            req->index = i;
            req->token = UINT64_MAX;
            QTAILQ_INSERT_TAIL(&qp->unused, req, entry);
        }
    }
}

static bool asyscall_load_requests(AsyscallState *s, AsyscallFile **files)
{
    struct AsyscallSaved *saved = s->saved;

    /* Within a list, in order of acceptance. */
    if (saved->n_requests) {
        qsort(saved->requests, saved->n_requests, sizeof(*saved->requests),
              asyscall_by_sequence);
    }
    for (int32_t i = 0; i < saved->n_requests; i++) {
        if (!asyscall_load_request(s, &saved->requests[i], files)) {
            return false;
        }
    }
    for (int32_t i = 0; i < saved->n_requests; i++) {
        const SavedRequest *from = &saved->requests[i];
        AsyscallQueuePair *qp = &s->queue_pairs[from->queue_pair];
        AsyscallRequest *req = qp->table[from->index];

        if (!asyscall_load_pointer(qp, from->link, &req->link) ||
            !asyscall_load_pointer(qp, from->head, &req->head) ||
            !asyscall_load_phase(s, req, from->in_line)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < s->n_queue_pairs; i++) {
        AsyscallQueuePair *qp = &s->queue_pairs[i];

        if (!asyscall_load_pointer(qp, saved->chains[i].head,
                                   &qp->chain_head) ||
            !asyscall_load_pointer(qp, saved->chains[i].tail,
                                   &qp->chain_tail) ||
            !asyscall_load_pointer(qp, saved->chains[i].drain, &qp->drain)) {
            return false;
        }
        asyscall_load_unused(qp);
    }
    return true;
}

static bool asyscall_load_slots(AsyscallState *s)
{
    struct AsyscallSaved *saved = s->saved;

    if (!asyscall_forward_map(s) ||
        saved->n_free > s->forward_entries) {
        return false;
    }
    s->n_free_slots = saved->n_free;
    for (uint32_t i = 0; i < saved->n_free; i++) {
        if (saved->free_slots[i] >= s->forward_entries) {
            return false;
        }
        s->free_slots[i] = saved->free_slots[i];
    }
    for (int32_t i = 0; i < saved->n_orphans; i++) {
        const SavedOrphan *orphan = &saved->orphans[i];

        if (orphan->slot >= s->forward_entries) {
            return false;
        }
        s->slots[orphan->slot] = (AsyscallSlot) { orphan->token, true };
        g_hash_table_insert(s->orphans,
                            g_memdup2(&orphan->token, sizeof(orphan->token)),
                            GUINT_TO_POINTER(orphan->slot));
    }
    return true;
}

static bool asyscall_load_groups(AsyscallState *s)
{
    for (int32_t i = 0; i < s->saved->n_groups; i++) {
        const SavedGroup *from = &s->saved->groups[i];
        AsyscallBufferGroup group = { from->address, from->entries,
                                      from->head };

        if (from->queue_pair >= s->n_queue_pairs ||
            !s->queue_pairs[from->queue_pair].exists ||
            !asyscall_buffer_group_add(&s->queue_pairs[from->queue_pair],
                                       from->id, &group)) {
            return false;
        }
    }
    return true;
}

static bool asyscall_load_queue_pairs(AsyscallState *s)
{
    for (uint32_t i = 0; i < s->n_queue_pairs; i++) {
        AsyscallQueuePair *qp = &s->queue_pairs[i];

        if (!qp->exists) {
            continue;
        }
        qp->exists = false;
        if (qp->table_used > s->max_entries || asyscall_ring_attach(qp)) {
            return false;
        }
        asyscall_qp_activate(qp);
    }
    for (int32_t i = 0; i < s->saved->n_completions; i++) {
        const SavedCompletion *late = &s->saved->completions[i];
        AsyscallQueuePair *qp;

        if (late->queue_pair >= s->n_queue_pairs) {
            return false;
        }
        qp = &s->queue_pairs[late->queue_pair];
        if (!qp->exists) {
            return false;
        }
        asyscall_ring_overflow(qp, &late->cqe);
    }
    return true;
}

/* From s->saved. False: it is not what any device would have saved. */
bool asyscall_load(AsyscallState *s)
{
    struct AsyscallSaved *saved = s->saved;
    AsyscallFile **files;
    bool good;

    if (saved->n_chains != (int32_t)s->n_queue_pairs ||
        saved->n_generations != s->max_handles || saved->n_files < 0) {
        return false;
    }
    files = g_new0(AsyscallFile *, saved->n_files);
    for (int32_t i = 0; i < saved->n_files; i++) {
        files[i] = asyscall_load_file(s, &saved->files[i]);
    }
    for (uint32_t i = 0; i < s->max_handles; i++) {
        s->handles[i].generation = saved->generations[i];
    }
    good = asyscall_load_queue_pairs(s) && asyscall_load_groups(s) &&
           asyscall_load_slots(s) &&
           asyscall_load_holders(s, files) && asyscall_load_requests(s, files);
    for (int32_t i = 0; i < saved->n_files; i++) {
        asyscall_file_unref(files[i]);
    }
    g_free(files);
    asyscall_saved_free(s);
    if (!good) {
        return false;
    }
    for (uint32_t i = 0; i < s->n_queue_pairs; i++) {
        asyscall_qp_wake(&s->queue_pairs[i]);
    }
    return true;
}

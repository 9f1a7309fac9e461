/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: saving and loading a device that runs, with requests in flight.
 *
 * When the machine stops, host work that was begun is brought to its end
 * (asyscall_settle): what is left then waits for the kernel, for a time, for
 * the console, or for another request, and is described by plain data. Lists
 * and pointers become the numbers below; asyscall_post_load() makes them anew.
 *
 * Open files are named by their paths beneath the export. Who loads needs the
 * same directory: a file that is not there any more gives -ESTALE.
 */
#include "qemu/osdep.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "internal.h"
#include "trace.h"

#define NOTHING (-1)

typedef struct SavedFile {
    uint8_t kind;
    uint32_t flags; /* of the host's open file */
    uint64_t position;
    uint64_t host_device;
    uint64_t inode;
    uint32_t path_size; /* 0: it has no path any more */
    uint8_t *path;
} SavedFile;

/* Who holds a file: an entry of the handle table (queue pair 0) or of a map. */
typedef struct SavedHolder {
    uint16_t queue_pair;
    uint32_t fd;
    uint32_t rights;
    int32_t file;
} SavedHolder;

typedef struct SavedBuffer {
    uint64_t address;
    uint64_t length;
} SavedBuffer;

typedef struct SavedRequest {
    uint16_t queue_pair;
    uint16_t index;
    uint64_t token;
    uint64_t sequence;
    struct io_uring_sqe sqe;
    uint8_t phase;
    bool routed;
    int32_t result;
    uint32_t cqe_flags;
    bool failed;
    bool keeps_chain;
    bool chain_broken;
    bool cancel_sent;
    bool needs_fault_slot;
    bool in_line;
    int32_t slot;
    int64_t accepted;
    int64_t due;
    uint64_t miss_address;
    uint32_t miss_access;
    int32_t link; /* index in its queue pair, or NOTHING */
    int32_t file;
    bool transfer_ready;
    bool to_guest;
    uint64_t total;
    uint64_t done;
    int32_t n_buffers;
    SavedBuffer *buffers;
    uint32_t at;
    uint64_t at_offset;
    int64_t deadline;
    uint64_t count_target;
    bool count_reached;
    int64_t interval;
    bool multishot;
    uint32_t repeats;
    int32_t head; /* index, or NOTHING */
    bool expired;
    bool ended;
    uint32_t wait_queue_pair;
} SavedRequest;

typedef struct SavedCompletion {
    uint16_t queue_pair;
    struct io_uring_cqe cqe;
} SavedCompletion;

typedef struct SavedOrphan {
    uint64_t token;
    uint32_t slot;
} SavedOrphan;

/* The parts of a queue pair that are pointers. */
typedef struct SavedChain {
    int32_t head;
    int32_t tail;
    int32_t drain;
} SavedChain;

struct AsyscallSaved {
    int32_t n_files;
    SavedFile *files;
    int32_t n_holders;
    SavedHolder *holders;
    int32_t n_requests;
    SavedRequest *requests;
    int32_t n_completions;
    SavedCompletion *completions;
    int32_t n_orphans;
    SavedOrphan *orphans;
    int32_t n_chains;
    SavedChain *chains;
    uint32_t n_generations;
    uint16_t *generations;
    uint32_t n_free;
    uint16_t *free_slots;
};

/* ---- the machine stops --------------------------------------------------- */

static bool asyscall_settled(AsyscallState *s)
{
    AsyscallRequest *req;

    if (!QTAILQ_EMPTY(&s->runnable)) {
        return false;
    }
    if (!asyscall_modelled(s)) {
        return QTAILQ_EMPTY(&s->working) && !s->n_outstanding;
    }
    QTAILQ_FOREACH(req, &s->line, line) {
        if (req->phase == ASYSCALL_PHASE_WORK) {
            return false;
        }
    }
    return true;
}

static void asyscall_settle(AsyscallState *s)
{
    while (!asyscall_settled(s)) {
        asyscall_work_settle(s);
        asyscall_run(s);
    }
}

/*
 * While the machine stands still its memory must not change: it may have been
 * saved already. Input and output of the console wait, too.
 */
void asyscall_vm_state_changed(void *opaque, bool running, RunState state)
{
    AsyscallState *s = opaque;

    if (!running) {
        asyscall_settle(s);
    } else {
        asyscall_console_resume(s);
        asyscall_run(s);
    }
}

/* ---- saving -------------------------------------------------------------- */

void asyscall_saved_free(AsyscallState *s)
{
    struct AsyscallSaved *saved = s->saved;

    if (!saved) {
        return;
    }
    /* Loading leaves a pointer to nothing as it was: unset. */
    for (int32_t i = 0; saved->files && i < saved->n_files; i++) {
        if (saved->files[i].path_size) {
            g_free(saved->files[i].path);
        }
    }
    for (int32_t i = 0; saved->requests && i < saved->n_requests; i++) {
        if (saved->requests[i].n_buffers) {
            g_free(saved->requests[i].buffers);
        }
    }
    g_free(saved->files);
    g_free(saved->holders);
    g_free(saved->requests);
    g_free(saved->completions);
    g_free(saved->orphans);
    g_free(saved->chains);
    g_free(saved->generations);
    g_free(saved->free_slots);
    g_clear_pointer(&s->saved, g_free);
}

static char *asyscall_fd_path(int fd)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);

    return g_file_read_link(link, NULL);
}

/* Below the export, and still the same file; NULL otherwise. */
static char *asyscall_file_path(AsyscallState *s, int fd)
{
    g_autofree char *export = asyscall_fd_path(s->export_fd);
    g_autofree char *path = asyscall_fd_path(fd);
    const char *below;
    struct stat there, here;

    if (!export || !path || !g_str_has_prefix(path, export)) {
        return NULL;
    }
    below = path + strlen(export);
    if (*below && *below != '/' && strcmp(export, "/")) {
        return NULL;
    }
    below += strspn(below, "/");
    if (fstat(fd, &here) < 0 ||
        fstatat(s->export_fd, *below ? below : ".", &there,
                AT_SYMLINK_NOFOLLOW) < 0 ||
        here.st_dev != there.st_dev || here.st_ino != there.st_ino) {
        return NULL;
    }
    return g_strdup(*below ? below : ".");
}

static int32_t asyscall_save_file(AsyscallState *s, GArray *files,
                                  GHashTable *numbers, AsyscallFile *file)
{
    SavedFile saved = { 0 };
    gpointer number;
    struct stat st;

    if (!file) {
        return NOTHING;
    }
    if (g_hash_table_lookup_extended(numbers, file, NULL, &number)) {
        return GPOINTER_TO_INT(number);
    }
    saved.kind = file->kind;
    if (file->fd >= 0) {
        off_t position = lseek(file->fd, 0, SEEK_CUR);

        saved.flags = fcntl(file->fd, F_GETFL);
        saved.position = position < 0 ? 0 : position;
        if (!fstat(file->fd, &st)) {
            saved.host_device = st.st_dev;
            saved.inode = st.st_ino;
        }
        saved.path = (uint8_t *)asyscall_file_path(s, file->fd);
        saved.path_size = saved.path ? strlen((char *)saved.path) + 1 : 0;
    }
    g_array_append_val(files, saved);
    g_hash_table_insert(numbers, file, GINT_TO_POINTER(files->len - 1));
    return files->len - 1;
}

static int32_t asyscall_request_number(const AsyscallRequest *req)
{
    return req ? req->index : NOTHING;
}

static void asyscall_save_request(const AsyscallRequest *req, int32_t file,
                                  SavedRequest *saved)
{
    const AsyscallTransfer *t = &req->transfer;

    *saved = (SavedRequest) {
        .queue_pair = req->qp->index,
        .index = req->index,
        .token = req->token,
        .sequence = req->sequence,
        .sqe = req->sqe,
        .phase = req->phase,
        .routed = req->op,
        .result = req->result,
        .cqe_flags = req->cqe_flags,
        .failed = req->failed,
        .keeps_chain = req->keeps_chain,
        .chain_broken = req->chain_broken,
        .cancel_sent = req->cancel_sent,
        .needs_fault_slot = req->needs_fault_slot,
        .in_line = req->in_line,
        .slot = req->slot,
        .accepted = req->accepted,
        .due = req->due,
        .miss_address = req->miss.address,
        .miss_access = req->miss.access,
        .link = asyscall_request_number(req->link),
        .file = file,
        .transfer_ready = t->ready,
        .to_guest = t->to_guest,
        .total = t->total,
        .done = t->done,
        .n_buffers = t->n_vec,
        .at = t->at,
        .at_offset = t->at_offset,
        .deadline = req->deadline,
        .count_target = req->count_target,
        .count_reached = req->count_reached,
        .interval = req->interval,
        .multishot = req->multishot,
        .repeats = req->repeats,
        .head = asyscall_request_number(req->head),
        .expired = req->expired,
        .ended = req->ended,
        .wait_queue_pair = req->wait_queue_pair,
    };
    saved->buffers = t->n_vec ? g_new(SavedBuffer, t->n_vec) : NULL;
    for (unsigned i = 0; i < t->n_vec; i++) {
        saved->buffers[i].address = (uintptr_t)t->vec[i].iov_base;
        saved->buffers[i].length = t->vec[i].iov_len;
    }
}

static void *asyscall_steal(GArray *array, int32_t *number)
{
    *number = array->len;
    return g_array_free(array, false);
}

static int asyscall_pre_save(void *opaque)
{
    AsyscallState *s = opaque;
    struct AsyscallSaved *saved;
    GArray *files = g_array_new(false, false, sizeof(SavedFile));
    GArray *holders = g_array_new(false, false, sizeof(SavedHolder));
    GArray *requests = g_array_new(false, false, sizeof(SavedRequest));
    GArray *late = g_array_new(false, false, sizeof(SavedCompletion));
    GArray *orphans = g_array_new(false, false, sizeof(SavedOrphan));
    g_autoptr(GHashTable) numbers = g_hash_table_new(NULL, NULL);
    GHashTableIter iterator;
    gpointer token, slot;

    asyscall_settle(s);
    asyscall_saved_free(s);
    saved = s->saved = g_new0(struct AsyscallSaved, 1);
    saved->n_generations = s->max_handles;
    saved->generations = g_new(uint16_t, s->max_handles);
    for (uint32_t i = 0; i < s->max_handles; i++) {
        SavedHolder holder = { .fd = i };

        saved->generations[i] = s->handles[i].generation;
        holder.file =
            asyscall_save_file(s, files, numbers, s->handles[i].file);
        if (holder.file != NOTHING) {
            g_array_append_val(holders, holder);
        }
    }
    saved->n_chains = s->n_queue_pairs;
    saved->chains = g_new(SavedChain, s->n_queue_pairs);
    for (uint32_t i = 0; i < s->n_queue_pairs; i++) {
        AsyscallQueuePair *qp = &s->queue_pairs[i];
        AsyscallOverflow *waits;
        AsyscallRequest *req;

        saved->chains[i] = (SavedChain) {
            .head = asyscall_request_number(qp->chain_head),
            .tail = asyscall_request_number(qp->chain_tail),
            .drain = asyscall_request_number(qp->drain),
        };
        for (uint32_t fd = 0;
             qp->fds && fd < ASYSCALL_MAX_FDS_PER_QUEUE_PAIR; fd++) {
            SavedHolder holder = { i, fd, qp->fds[fd].rights };

            holder.file =
                asyscall_save_file(s, files, numbers, qp->fds[fd].file);
            if (holder.file != NOTHING) {
                g_array_append_val(holders, holder);
            }
        }
        QTAILQ_FOREACH(req, &qp->requests, entry) {
            SavedRequest one;

            asyscall_save_request(
                req, asyscall_save_file(s, files, numbers, req->file), &one);
            g_array_append_val(requests, one);
        }
        QSIMPLEQ_FOREACH(waits, &qp->overflow, entry) {
            SavedCompletion one = { i, waits->cqe };

            g_array_append_val(late, one);
        }
    }
    g_hash_table_iter_init(&iterator, s->orphans);
    while (g_hash_table_iter_next(&iterator, &token, &slot)) {
        SavedOrphan one = { *(uint64_t *)token, GPOINTER_TO_UINT(slot) };

        g_array_append_val(orphans, one);
    }
    saved->n_free = s->n_free_slots;
    saved->free_slots = g_memdup2(s->free_slots,
                                  s->n_free_slots * sizeof(uint16_t));
    saved->files = asyscall_steal(files, &saved->n_files);
    saved->holders = asyscall_steal(holders, &saved->n_holders);
    saved->requests = asyscall_steal(requests, &saved->n_requests);
    saved->completions = asyscall_steal(late, &saved->n_completions);
    saved->orphans = asyscall_steal(orphans, &saved->n_orphans);
    return 0;
}

static int asyscall_post_save(void *opaque)
{
    asyscall_saved_free(opaque);
    return 0;
}

/* ---- loading ------------------------------------------------------------- */

static AsyscallFile *asyscall_load_file(AsyscallState *s,
                                        const SavedFile *saved)
{
    const int kept = O_ACCMODE | O_APPEND | O_SYNC | O_DIRECT | O_NOATIME;
    struct stat st;
    int fd;

    if (saved->kind <= ASYSCALL_FILE_CONSOLE_ERROR) {
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
    if (saved->file != NOTHING) {
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
    if (number == NOTHING) {
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
    qsort(saved->requests, saved->n_requests, sizeof(*saved->requests),
          asyscall_by_sequence);
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

static int asyscall_post_load(void *opaque, int version_id)
{
    AsyscallState *s = opaque;
    struct AsyscallSaved *saved = s->saved;
    AsyscallFile **files;
    bool good;

    if (saved->n_chains != (int32_t)s->n_queue_pairs ||
        saved->n_generations != s->max_handles || saved->n_files < 0) {
        return -EINVAL;
    }
    files = g_new0(AsyscallFile *, saved->n_files);
    for (int32_t i = 0; i < saved->n_files; i++) {
        files[i] = asyscall_load_file(s, &saved->files[i]);
    }
    for (uint32_t i = 0; i < s->max_handles; i++) {
        s->handles[i].generation = saved->generations[i];
    }
    good = asyscall_load_queue_pairs(s) && asyscall_load_slots(s) &&
           asyscall_load_holders(s, files) && asyscall_load_requests(s, files);
    for (int32_t i = 0; i < saved->n_files; i++) {
        asyscall_file_unref(files[i]);
    }
    g_free(files);
    asyscall_saved_free(s);
    if (!good) {
        return -EINVAL;
    }
    for (uint32_t i = 0; i < s->n_queue_pairs; i++) {
        asyscall_qp_wake(&s->queue_pairs[i]);
    }
    return 0;
}

/* ---- descriptions -------------------------------------------------------- */

static const VMStateDescription vmstate_file = {
    .name = "asyscall/file",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8(kind, SavedFile),
        VMSTATE_UINT32(flags, SavedFile),
        VMSTATE_UINT64(position, SavedFile),
        VMSTATE_UINT64(host_device, SavedFile),
        VMSTATE_UINT64(inode, SavedFile),
        VMSTATE_UINT32(path_size, SavedFile),
        VMSTATE_VBUFFER_ALLOC_UINT32(path, SavedFile, 0, NULL, path_size),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_holder = {
    .name = "asyscall/holder",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT16(queue_pair, SavedHolder),
        VMSTATE_UINT32(fd, SavedHolder),
        VMSTATE_UINT32(rights, SavedHolder),
        VMSTATE_INT32(file, SavedHolder),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_buffer = {
    .name = "asyscall/buffer",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(address, SavedBuffer),
        VMSTATE_UINT64(length, SavedBuffer),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_request = {
    .name = "asyscall/request",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT16(queue_pair, SavedRequest),
        VMSTATE_UINT16(index, SavedRequest),
        VMSTATE_UINT64(token, SavedRequest),
        VMSTATE_UINT64(sequence, SavedRequest),
        VMSTATE_BUFFER_UNSAFE(sqe, SavedRequest, 0,
                              sizeof(struct io_uring_sqe)),
        VMSTATE_UINT8(phase, SavedRequest),
        VMSTATE_BOOL(routed, SavedRequest),
        VMSTATE_INT32(result, SavedRequest),
        VMSTATE_UINT32(cqe_flags, SavedRequest),
        VMSTATE_BOOL(failed, SavedRequest),
        VMSTATE_BOOL(keeps_chain, SavedRequest),
        VMSTATE_BOOL(chain_broken, SavedRequest),
        VMSTATE_BOOL(cancel_sent, SavedRequest),
        VMSTATE_BOOL(needs_fault_slot, SavedRequest),
        VMSTATE_BOOL(in_line, SavedRequest),
        VMSTATE_INT32(slot, SavedRequest),
        VMSTATE_INT64(accepted, SavedRequest),
        VMSTATE_INT64(due, SavedRequest),
        VMSTATE_UINT64(miss_address, SavedRequest),
        VMSTATE_UINT32(miss_access, SavedRequest),
        VMSTATE_INT32(link, SavedRequest),
        VMSTATE_INT32(file, SavedRequest),
        VMSTATE_BOOL(transfer_ready, SavedRequest),
        VMSTATE_BOOL(to_guest, SavedRequest),
        VMSTATE_UINT64(total, SavedRequest),
        VMSTATE_UINT64(done, SavedRequest),
        VMSTATE_INT32(n_buffers, SavedRequest),
        VMSTATE_STRUCT_VARRAY_ALLOC(buffers, SavedRequest, n_buffers, 0,
                                    vmstate_buffer, SavedBuffer),
        VMSTATE_UINT32(at, SavedRequest),
        VMSTATE_UINT64(at_offset, SavedRequest),
        VMSTATE_INT64(deadline, SavedRequest),
        VMSTATE_UINT64(count_target, SavedRequest),
        VMSTATE_BOOL(count_reached, SavedRequest),
        VMSTATE_INT64(interval, SavedRequest),
        VMSTATE_BOOL(multishot, SavedRequest),
        VMSTATE_UINT32(repeats, SavedRequest),
        VMSTATE_INT32(head, SavedRequest),
        VMSTATE_BOOL(expired, SavedRequest),
        VMSTATE_BOOL(ended, SavedRequest),
        VMSTATE_UINT32(wait_queue_pair, SavedRequest),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_completion = {
    .name = "asyscall/completion",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT16(queue_pair, SavedCompletion),
        VMSTATE_BUFFER_UNSAFE(cqe, SavedCompletion, 0,
                              sizeof(struct io_uring_cqe)),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_orphan = {
    .name = "asyscall/orphan",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(token, SavedOrphan),
        VMSTATE_UINT32(slot, SavedOrphan),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_chain = {
    .name = "asyscall/chain",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_INT32(head, SavedChain),
        VMSTATE_INT32(tail, SavedChain),
        VMSTATE_INT32(drain, SavedChain),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_saved = {
    .name = "asyscall/saved",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_INT32(n_files, struct AsyscallSaved),
        VMSTATE_STRUCT_VARRAY_ALLOC(files, struct AsyscallSaved, n_files, 0,
                                    vmstate_file, SavedFile),
        VMSTATE_INT32(n_holders, struct AsyscallSaved),
        VMSTATE_STRUCT_VARRAY_ALLOC(holders, struct AsyscallSaved, n_holders,
                                    0, vmstate_holder, SavedHolder),
        VMSTATE_INT32(n_requests, struct AsyscallSaved),
        VMSTATE_STRUCT_VARRAY_ALLOC(requests, struct AsyscallSaved, n_requests,
                                    0, vmstate_request, SavedRequest),
        VMSTATE_INT32(n_completions, struct AsyscallSaved),
        VMSTATE_STRUCT_VARRAY_ALLOC(completions, struct AsyscallSaved,
                                    n_completions, 0, vmstate_completion,
                                    SavedCompletion),
        VMSTATE_INT32(n_orphans, struct AsyscallSaved),
        VMSTATE_STRUCT_VARRAY_ALLOC(orphans, struct AsyscallSaved, n_orphans,
                                    0, vmstate_orphan, SavedOrphan),
        VMSTATE_INT32(n_chains, struct AsyscallSaved),
        VMSTATE_STRUCT_VARRAY_ALLOC(chains, struct AsyscallSaved, n_chains, 0,
                                    vmstate_chain, SavedChain),
        VMSTATE_UINT32(n_generations, struct AsyscallSaved),
        VMSTATE_VARRAY_UINT32_ALLOC(generations, struct AsyscallSaved,
                                    n_generations, 0, vmstate_info_uint16,
                                    uint16_t),
        VMSTATE_UINT32(n_free, struct AsyscallSaved),
        VMSTATE_VARRAY_UINT32_ALLOC(free_slots, struct AsyscallSaved, n_free,
                                    0, vmstate_info_uint16, uint16_t),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_queue_pair = {
    .name = "asyscall/queue-pair",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(exists, AsyscallQueuePair),
        VMSTATE_BOOL(broken, AsyscallQueuePair),
        VMSTATE_BOOL(quiesced, AsyscallQueuePair),
        VMSTATE_BOOL(destroying, AsyscallQueuePair),
        VMSTATE_BOOL(cancelling, AsyscallQueuePair),
        VMSTATE_UINT64(ring, AsyscallQueuePair),
        VMSTATE_UINT32(sq_entries, AsyscallQueuePair),
        VMSTATE_UINT32(cq_entries, AsyscallQueuePair),
        VMSTATE_UINT32(sq_head, AsyscallQueuePair),
        VMSTATE_UINT32(sq_tail, AsyscallQueuePair),
        VMSTATE_UINT32(cq_head, AsyscallQueuePair),
        VMSTATE_UINT32(cq_tail, AsyscallQueuePair),
        VMSTATE_UINT32(cq_published, AsyscallQueuePair),
        VMSTATE_UINT32(status, AsyscallQueuePair),
        VMSTATE_UINT32(overflowed, AsyscallQueuePair),
        VMSTATE_UINT64(satp, AsyscallQueuePair),
        VMSTATE_UINT64(notify_address, AsyscallQueuePair),
        VMSTATE_UINT32(notify_data, AsyscallQueuePair),
        VMSTATE_UINT32(flags, AsyscallQueuePair),
        VMSTATE_UINT64_ARRAY(opcodes, AsyscallQueuePair, 4),
        VMSTATE_UINT32(table_used, AsyscallQueuePair),
        VMSTATE_UINT32(chain_length, AsyscallQueuePair),
        VMSTATE_BOOL(chain_drains, AsyscallQueuePair),
        VMSTATE_UINT32(drain_length, AsyscallQueuePair),
        VMSTATE_BOOL(draining, AsyscallQueuePair),
        VMSTATE_UINT64(completions, AsyscallQueuePair),
        VMSTATE_TIMER(notify_timer, AsyscallQueuePair),
        VMSTATE_END_OF_LIST()
    }
};

static bool asyscall_is_running(void *opaque)
{
    AsyscallState *s = opaque;

    return asyscall_control(s)->exists;
}

static int asyscall_pre_load(void *opaque)
{
    AsyscallState *s = opaque;

    asyscall_saved_free(s);
    s->saved = g_new0(struct AsyscallSaved, 1);
    return 0;
}

const VMStateDescription asyscall_vmstate_running = {
    .name = "asyscall/running",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = asyscall_is_running,
    .pre_save = asyscall_pre_save,
    .post_save = asyscall_post_save,
    .pre_load = asyscall_pre_load,
    .post_load = asyscall_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_EQUAL(n_queue_pairs, AsyscallState,
                             "queue-pairs= must be as where it was saved"),
        VMSTATE_UINT32_EQUAL(max_entries, AsyscallState,
                             "max-entries= must be as where it was saved"),
        VMSTATE_UINT32_EQUAL(max_handles, AsyscallState,
                             "max-handles= must be as where it was saved"),
        VMSTATE_UINT64_EQUAL(device_features, AsyscallState,
                             "console=, export=, readonly= and latency= must "
                             "be as where it was saved"),
        VMSTATE_UINT64_EQUAL(latency, AsyscallState,
                             "latency= must be as where it was saved"),
        VMSTATE_UINT64(sequence, AsyscallState),
        VMSTATE_UINT32(generation, AsyscallState),
        VMSTATE_UINT32(n_open, AsyscallState),
        VMSTATE_UINT32(next_handle, AsyscallState),
        VMSTATE_FIFO8(console.input, AsyscallState),
        VMSTATE_BOOL(console.end_of_file, AsyscallState),
        VMSTATE_STRUCT_VARRAY_POINTER_UINT32(queue_pairs, AsyscallState,
                                             n_queue_pairs, vmstate_queue_pair,
                                             AsyscallQueuePair),
        VMSTATE_STRUCT_POINTER(saved, AsyscallState, vmstate_saved,
                               struct AsyscallSaved),
        VMSTATE_END_OF_LIST()
    }
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: what is open and in flight, as plain data (saved.h).
 */
#include "qemu/osdep.h"
#include "saved.h"

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
    g_free(saved->groups);
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
        return ASYSCALL_NOTHING;
    }
    if (g_hash_table_lookup_extended(numbers, file, NULL, &number)) {
        return GPOINTER_TO_INT(number);
    }
    saved.kind = file->kind;
    if (file->fd >= 0 && file->kind != ASYSCALL_FILE_SOCKET) {
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
    return req ? req->index : ASYSCALL_NOTHING;
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
        /* Its socket does not go along: it is to find that out. */
        .phase = req->phase == ASYSCALL_PHASE_SOCKET ? ASYSCALL_PHASE_START
                                                     : req->phase,
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

static void asyscall_save_groups(AsyscallQueuePair *qp, GArray *groups)
{
    GHashTableIter iterator;
    gpointer id, value;

    if (!qp->groups) {
        return;
    }
    g_hash_table_iter_init(&iterator, qp->groups);
    while (g_hash_table_iter_next(&iterator, &id, &value)) {
        const AsyscallBufferGroup *group = value;
        SavedGroup one = { qp->index, GPOINTER_TO_UINT(id), group->address,
                           group->entries, group->head };

        g_array_append_val(groups, one);
    }
}

static void *asyscall_steal(GArray *array, int32_t *number)
{
    *number = array->len;
    return g_array_free(array, false);
}

/* Into s->saved. */
void asyscall_save(AsyscallState *s)
{
    struct AsyscallSaved *saved;
    GArray *files = g_array_new(false, false, sizeof(SavedFile));
    GArray *holders = g_array_new(false, false, sizeof(SavedHolder));
    GArray *requests = g_array_new(false, false, sizeof(SavedRequest));
    GArray *late = g_array_new(false, false, sizeof(SavedCompletion));
    GArray *groups = g_array_new(false, false, sizeof(SavedGroup));
    GArray *orphans = g_array_new(false, false, sizeof(SavedOrphan));
    g_autoptr(GHashTable) numbers = g_hash_table_new(NULL, NULL);
    GHashTableIter iterator;
    gpointer token, slot;

    asyscall_saved_free(s);
    saved = s->saved = g_new0(struct AsyscallSaved, 1);
    saved->n_generations = s->max_handles;
    saved->generations = g_new(uint16_t, s->max_handles);
    for (uint32_t i = 0; i < s->max_handles; i++) {
        SavedHolder holder = { .fd = i };

        saved->generations[i] = s->handles[i].generation;
        holder.file =
            asyscall_save_file(s, files, numbers, s->handles[i].file);
        if (holder.file != ASYSCALL_NOTHING) {
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
        asyscall_save_groups(qp, groups);
        for (uint32_t fd = 0;
             qp->fds && fd < ASYSCALL_MAX_FDS_PER_QUEUE_PAIR; fd++) {
            SavedHolder holder = { i, fd, qp->fds[fd].rights };

            holder.file =
                asyscall_save_file(s, files, numbers, qp->fds[fd].file);
            if (holder.file != ASYSCALL_NOTHING) {
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
    saved->groups = asyscall_steal(groups, &saved->n_groups);
}

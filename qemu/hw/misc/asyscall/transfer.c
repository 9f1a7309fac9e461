/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: data between a request's buffers and the host. The buffers'
 * addresses are copied once; then chunk by chunk pages are pinned, host work
 * done, pages let go. What does not translate parks the request until the
 * kernel has answered; then it goes on where it was. A result is what Linux's
 * would be: bytes done, if any, else the error.
 */
#include "qemu/osdep.h"
#include "internal.h"
#include "trace.h"

static void asyscall_transfer_begin(AsyscallTransfer *t, bool to_guest)
{
    t->ready = true;
    t->to_guest = to_guest;
    t->total = MIN(t->total, ASYSCALL_MAX_TRANSFER);
}

int asyscall_transfer_single(AsyscallRequest *req, bool to_guest,
                             uint64_t address, uint64_t length)
{
    AsyscallTransfer *t = &req->transfer;

    if (t->ready) {
        return 0;
    }
    if (address + length < address) {
        return -EFAULT;
    }
    t->single.iov_base = (void *)(uintptr_t)address;
    t->single.iov_len = length;
    t->vec = &t->single;
    t->n_vec = 1;
    t->total = length;
    asyscall_transfer_begin(t, to_guest);
    return 0;
}

/*
 * Buffers named by an array of iovec. -errno, or ASYSCALL_MISS with req->miss.
 */
int asyscall_transfer_vector(AsyscallRequest *req, bool to_guest,
                             uint64_t address, uint64_t n)
{
    AsyscallTransfer *t = &req->transfer;
    g_autofree struct iovec *vec = NULL;
    int error;

    QEMU_BUILD_BUG_ON(sizeof(struct iovec) != 16);
    if (t->ready) {
        return 0;
    }
    if (n > IOV_MAX) {
        return -EINVAL;
    }
    vec = g_new(struct iovec, n + 1);
    error = asyscall_guest_read(req->qp, address, vec, n * sizeof(*vec),
                                &req->miss);
    if (error) {
        return error;
    }
    t->total = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t base = (uintptr_t)vec[i].iov_base;

        if ((int64_t)vec[i].iov_len < 0) {
            return -EINVAL;
        }
        if (base + vec[i].iov_len < base) {
            return -EFAULT;
        }
        /* Cut where Linux cuts, so that the sum can't run over. */
        vec[i].iov_len = MIN(vec[i].iov_len, ASYSCALL_MAX_TRANSFER - t->total);
        t->total += vec[i].iov_len;
    }
    t->vec = g_steal_pointer(&vec);
    t->n_vec = n;
    asyscall_transfer_begin(t, to_guest);
    return 0;
}

bool asyscall_access_ok(AsyscallRequest *req, int error,
                        const AsyscallMiss *miss)
{
    if (!error) {
        return true;
    }
    if (error == ASYSCALL_MISS) {
        asyscall_fault(req, miss);
    } else {
        asyscall_request_finish(
            req, req->transfer.done ? (int64_t)req->transfer.done : error);
    }
    return false;
}

static bool asyscall_add_piece(AsyscallTransfer *t, void *host, uint64_t length)
{
    if (!t->pieces) {
        t->pieces = t->inline_pieces;
    }
    if (t->n_pieces == ASYSCALL_INLINE_PIECES &&
        t->pieces == t->inline_pieces) {
        t->pieces = g_new(struct iovec, ASYSCALL_MAX_PIECES);
        memcpy(t->pieces, t->inline_pieces, sizeof(t->inline_pieces));
    }
    t->pieces[t->n_pieces].iov_base = host;
    t->pieces[t->n_pieces].iov_len = length;
    t->n_pieces++;
    t->pinned += length;
    return t->n_pieces < ASYSCALL_MAX_PIECES;
}

/*
 * Pin the next chunk. False: the request has been parked or finished. A chunk
 * that can't be pinned to its end because of a miss is not begun with, so that
 * a fault is raised at most once per page; one that runs into an address that
 * no kernel can help with is cut there.
 */
bool asyscall_transfer_pin(AsyscallRequest *req)
{
    AsyscallTransfer *t = &req->transfer;
    uint32_t access = t->to_guest ? ASYSCALL_RIGHT_WRITE : ASYSCALL_RIGHT_READ;
    uint64_t left = MIN(t->total - t->done, ASYSCALL_MAX_CHUNK);
    uint64_t offset = t->at_offset;
    unsigned at = t->at;
    AsyscallMiss miss;

    while (left) {
        uint64_t run = MIN(t->vec[at].iov_len - offset, left);
        void *host;
        int error;

        if (!run) {
            at++;
            offset = 0;
            continue;
        }
        host = asyscall_pin(req->qp, (uintptr_t)t->vec[at].iov_base + offset,
                            &run, access, &error, &miss);
        if (!host) {
            if (error != ASYSCALL_MISS && t->pinned) {
                return true;
            }
            asyscall_transfer_unpin(req);
            return asyscall_access_ok(req, error, &miss);
        }
        offset += run;
        left -= run;
        if (!asyscall_add_piece(t, host, run)) {
            break;
        }
    }
    return true;
}

/* Pages were let go: an INVALIDATE may have waited for just that. */
static void asyscall_transfer_released(AsyscallRequest *req)
{
    AsyscallState *s = req->qp->device;

    s->recheck_commands |= !QTAILQ_EMPTY(&s->commands);
}

/* @bytes of the pinned pieces were used. */
void asyscall_transfer_advance(AsyscallRequest *req, uint64_t bytes)
{
    AsyscallTransfer *t = &req->transfer;
    uint64_t used = bytes;

    for (unsigned i = 0; i < t->n_pieces; i++) {
        uint64_t n = MIN(used, t->pieces[i].iov_len);

        asyscall_unpin(t->pieces[i].iov_base, t->pieces[i].iov_len, t->to_guest,
                       n);
        used -= n;
    }
    t->n_pieces = 0;
    t->pinned = 0;
    asyscall_transfer_released(req);
    t->done += bytes;
    while (bytes && t->at < t->n_vec) {
        uint64_t n = MIN(bytes, t->vec[t->at].iov_len - t->at_offset);

        t->at_offset += n;
        bytes -= n;
        if (t->at_offset == t->vec[t->at].iov_len) {
            t->at++;
            t->at_offset = 0;
        }
    }
}

void asyscall_transfer_unpin(AsyscallRequest *req)
{
    AsyscallTransfer *t = &req->transfer;

    /*
     * Whether a failed host call wrote something is not known: count all as
     * written.
     */
    for (unsigned i = 0; i < t->n_pieces; i++) {
        asyscall_unpin(t->pieces[i].iov_base, t->pieces[i].iov_len, t->to_guest,
                       t->pieces[i].iov_len);
    }
    if (t->n_pieces) {
        t->n_pieces = 0;
        t->pinned = 0;
        asyscall_transfer_released(req);
    }
}

/* Does what is pinned now touch the range? */
bool asyscall_transfer_overlaps(AsyscallRequest *req, uint64_t address,
                                uint64_t length)
{
    AsyscallTransfer *t = &req->transfer;
    uint64_t last = address + length - 1;
    uint64_t left = t->pinned;
    uint64_t offset = t->at_offset;

    if (!length || last < address) {
        last = UINT64_MAX;
    }
    for (unsigned at = t->at; left && at < t->n_vec; at++, offset = 0) {
        uint64_t start = (uintptr_t)t->vec[at].iov_base + offset;
        uint64_t n = MIN(t->vec[at].iov_len - offset, left);

        if (n && start <= last && start + n - 1 >= address) {
            return true;
        }
        left -= n;
    }
    return false;
}

void asyscall_transfer_reset(AsyscallRequest *req)
{
    AsyscallTransfer *t = &req->transfer;

    asyscall_transfer_unpin(req);
    if (t->vec && t->vec != &t->single) {
        g_free(t->vec);
    }
    if (t->pieces && t->pieces != t->inline_pieces) {
        g_free(t->pieces);
    }
    memset(t, 0, sizeof(*t));
}

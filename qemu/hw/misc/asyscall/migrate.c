/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: migration of a device that runs, with requests in flight.
 *
 * When the machine stops, host work that was begun is brought to its end
 * (asyscall_settle): what is left then waits for the kernel, for a time, for
 * the console, or for another request, and is described by plain data
 * (saved.h).
 */
#include "qemu/osdep.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "saved.h"

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
 * saved already. Input and output of the console and of sockets wait, too.
 */
void asyscall_vm_state_changed(void *opaque, bool running, RunState state)
{
    AsyscallState *s = opaque;

    if (!running) {
        asyscall_sockets_pause(s);
        asyscall_settle(s);
    } else {
        asyscall_sockets_resume(s);
        asyscall_console_resume(s);
        asyscall_run(s);
    }
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

static const VMStateDescription vmstate_group = {
    .name = "asyscall/group",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT16(queue_pair, SavedGroup),
        VMSTATE_UINT32(id, SavedGroup),
        VMSTATE_UINT64(address, SavedGroup),
        VMSTATE_UINT32(entries, SavedGroup),
        VMSTATE_UINT16(head, SavedGroup),
        VMSTATE_END_OF_LIST()
    }
};

static bool asyscall_has_groups(void *opaque)
{
    struct AsyscallSaved *saved = opaque;

    return saved->n_groups;
}

static const VMStateDescription vmstate_groups = {
    .name = "asyscall/saved/groups",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = asyscall_has_groups,
    .fields = (const VMStateField[]) {
        VMSTATE_INT32(n_groups, struct AsyscallSaved),
        VMSTATE_STRUCT_VARRAY_ALLOC(groups, struct AsyscallSaved, n_groups, 0,
                                    vmstate_group, SavedGroup),
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
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_groups,
        NULL
    }
};

static bool asyscall_pair_exists(void *opaque)
{
    AsyscallQueuePair *qp = opaque;

    return qp->exists;
}

static const VMStateDescription vmstate_statistics = {
    .name = "asyscall/queue-pair/statistics",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = asyscall_pair_exists,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(statistics.doorbells, AsyscallQueuePair),
        VMSTATE_UINT64(statistics.taken, AsyscallQueuePair),
        VMSTATE_UINT64(statistics.completed, AsyscallQueuePair),
        VMSTATE_UINT64(statistics.dropped, AsyscallQueuePair),
        VMSTATE_UINT64(statistics.posted, AsyscallQueuePair),
        VMSTATE_UINT64(statistics.overflowed, AsyscallQueuePair),
        VMSTATE_UINT64(statistics.forwarded, AsyscallQueuePair),
        VMSTATE_UINT64(statistics.faulted, AsyscallQueuePair),
        VMSTATE_UINT64(statistics.cancelled, AsyscallQueuePair),
        VMSTATE_UINT64(statistics.notified, AsyscallQueuePair),
        VMSTATE_UINT64(statistics.held_back, AsyscallQueuePair),
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
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_statistics,
        NULL
    }
};

static bool asyscall_is_running(void *opaque)
{
    AsyscallState *s = opaque;

    return asyscall_control(s)->exists;
}

static int asyscall_pre_save(void *opaque)
{
    AsyscallState *s = opaque;

    asyscall_settle(s);
    asyscall_save(s);
    return 0;
}

static int asyscall_post_save(void *opaque)
{
    asyscall_saved_free(opaque);
    return 0;
}

static int asyscall_pre_load(void *opaque)
{
    AsyscallState *s = opaque;

    asyscall_saved_free(s);
    s->saved = g_new0(struct AsyscallSaved, 1);
    return 0;
}

static int asyscall_post_load(void *opaque, int version_id)
{
    return asyscall_load(opaque) ? 0 : -EINVAL;
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
                             "console=, export=, readonly=, net= and latency= must "
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

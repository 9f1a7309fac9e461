/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: a device that runs, with requests in flight, as plain data.
 *
 * Lists and pointers become the numbers below; asyscall_load() makes them anew.
 *
 * Open files are named by their paths beneath the export. Who loads needs the
 * same directory: a file that is not there any more gives -ESTALE.
 */
#ifndef HW_MISC_ASYSCALL_SAVED_H
#define HW_MISC_ASYSCALL_SAVED_H

#include "internal.h"

#define ASYSCALL_NOTHING (-1)

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

typedef struct SavedGroup {
    uint16_t queue_pair;
    uint32_t id;
    uint64_t address;
    uint32_t entries;
    uint16_t head;
} SavedGroup;

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
    int32_t n_groups;
    SavedGroup *groups;
    uint32_t n_generations;
    uint16_t *generations;
    uint32_t n_free;
    uint16_t *free_slots;
};

/* save.c */
void asyscall_save(AsyscallState *s);

/* load.c */
bool asyscall_load(AsyscallState *s);

#endif

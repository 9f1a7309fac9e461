/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver for the asyscall device, for its QTest testcases. It is what a
 * kernel and its processes would do, without either: rings in guest memory,
 * doorbells, answers to events.
 */

#ifndef TESTS_QTEST_ASYSCALL_DRIVER_H
#define TESTS_QTEST_ASYSCALL_DRIVER_H

#include "libqtest.h"
#include "standard-headers/ouros/asyscall.h"

/* The first device on virt's platform bus, and its memory. */
#define ASYSCALL_BASE       0x4000000ull
#define GUEST_RAM           0x80000000ull
#define PAGE                0x1000ull

#define CONTROL_ENTRIES     64
#define FORWARD_SLOTS       8

/* Page table entry bits of Sv39. */
#define PTE_V               0x01u
#define PTE_R               0x02u
#define PTE_W               0x04u
#define PTE_U               0x10u
#define PTE_A               0x40u
#define PTE_D               0x80u
#define PTE_USER            (PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D)

typedef struct AsyscallDriver AsyscallDriver;

/* One ring, as its submitter sees it. */
typedef struct AsyscallQueue {
    AsyscallDriver *driver;
    unsigned index;
    uint64_t ring;
    uint32_t sq_entries;
    uint32_t cq_entries;
    uint32_t sq_tail;
    uint32_t cq_head;
    struct asyscall_queue_pair description;
    uint64_t description_at;
} AsyscallQueue;

struct AsyscallDriver {
    QTestState *qts;
    uint64_t features;
    uint64_t next;              /* free guest memory */
    uint64_t forward;
    AsyscallQueue control;
    GQueue *events;             /* struct io_uring_cqe, not yet looked at */
    uint64_t next_user_data;
    char *directory;            /* on the host; see asyscall_new_export() */
    char *command_line;         /* of QEMU */
    int64_t now;                /* as asyscall_step() has left it */
};

/* Start QEMU with `-device asyscall,OPTIONS` and bring the device up. */
AsyscallDriver *asyscall_new(const char *options, ...) G_GNUC_PRINTF(1, 2);
/* The same with further arguments for QEMU in front. */
AsyscallDriver *asyscall_new_args(const char *arguments, const char *options);
/*
 * The same with a temporary directory exported, "export" in d->directory. In it
 * is a file "hello" of 13 bytes, beside it one "secret".
 */
AsyscallDriver *asyscall_new_export(const char *options);
char *asyscall_host_path(AsyscallDriver *d, const char *name);
void asyscall_put_file(AsyscallDriver *d, const char *name, const char *text);
char *asyscall_get_file(AsyscallDriver *d, const char *name);
void asyscall_free(AsyscallDriver *d);
/* Virtual time goes on. Time that was passed otherwise is lost by a move. */
void asyscall_step(AsyscallDriver *d, int64_t ns);
/* The machine is saved; another QEMU loads it and takes its place. */
void asyscall_move(AsyscallDriver *d);
void asyscall_remove_tree(const char *path);
/* Negotiate and set up ring 0 again, e.g. after a reset. */
void asyscall_bring_up(AsyscallDriver *d, uint64_t features);

uint32_t asyscall_read32(AsyscallDriver *d, unsigned reg);
uint64_t asyscall_read64(AsyscallDriver *d, unsigned reg);
void asyscall_write32(AsyscallDriver *d, unsigned reg, uint32_t value);
void asyscall_write64(AsyscallDriver *d, unsigned reg, uint64_t value);

/* Zeroed, page aligned guest memory. */
uint64_t asyscall_memory(AsyscallDriver *d, uint64_t size);
uint64_t asyscall_string(AsyscallDriver *d, const char *text);
void asyscall_peek(AsyscallDriver *d, uint64_t at, void *buffer, size_t size);
void asyscall_poke(AsyscallDriver *d, uint64_t at, const void *buffer,
                   size_t size);

/* A queue pair that may do everything, of 16 and 32 entries unless said. */
AsyscallQueue *asyscall_queue(AsyscallDriver *d, unsigned index,
                              uint64_t satp);
AsyscallQueue *asyscall_queue_sized(AsyscallDriver *d, unsigned index,
                                    uint64_t satp, uint32_t sq, uint32_t cq);
void asyscall_queue_free(AsyscallQueue *q);
/* The words that rings share. */
uint32_t asyscall_ring_load(AsyscallQueue *q, size_t offset);
void asyscall_ring_store(AsyscallQueue *q, size_t offset, uint32_t value);
#define RING(field) offsetof(struct asyscall_ring, field)

uint64_t asyscall_sqe_at(AsyscallQueue *q, uint32_t index);
void asyscall_push(AsyscallQueue *q, const struct io_uring_sqe *sqe);
void asyscall_doorbell(AsyscallQueue *q);
void asyscall_flush(AsyscallQueue *q);
void asyscall_submit(AsyscallQueue *q, const struct io_uring_sqe *sqe);
/* What is there now. */
bool asyscall_pop(AsyscallQueue *q, struct io_uring_cqe *cqe);
/* Wait (real time, some seconds at most) for host work. */
struct io_uring_cqe asyscall_wait(AsyscallQueue *q);
/* The next completion, which must be there and be this one. */
void asyscall_expect(AsyscallQueue *q, uint64_t user_data, int32_t result);
void asyscall_expect_nothing(AsyscallQueue *q);
/* NOPs with user_data and the numbers after it, without the doorbell. */
void asyscall_push_nops(AsyscallQueue *q, unsigned n, uint64_t user_data);
/* A NOP still goes through. */
void asyscall_check_alive(AsyscallQueue *q, uint64_t user_data);
/* Submit one, wait for its completion, which must be the next: its result. */
int32_t asyscall_call(AsyscallQueue *q, struct io_uring_sqe sqe);
/* The same on ring 0; events that come meanwhile are kept. */
int32_t asyscall_command(AsyscallDriver *d, struct io_uring_sqe sqe);
uint64_t asyscall_command_start(AsyscallDriver *d, struct io_uring_sqe sqe);
bool asyscall_command_finished(AsyscallDriver *d, uint64_t user_data,
                               int32_t *result);

/* The next event; fails if there is none. */
struct io_uring_cqe asyscall_event(AsyscallDriver *d);
bool asyscall_has_event(AsyscallDriver *d);
void asyscall_read_slot(AsyscallDriver *d, const struct io_uring_cqe *event,
                        union asyscall_forward *slot);
int32_t asyscall_complete(AsyscallDriver *d, uint64_t token, int32_t result);
int32_t asyscall_resume(AsyscallDriver *d, uint64_t token, int32_t error);

/* Commands by name. */
int32_t asyscall_open(AsyscallDriver *d, const char *path, uint32_t flags,
                      uint32_t mode);
int32_t asyscall_set_fd(AsyscallDriver *d, unsigned queue_pair, uint32_t fd,
                        uint64_t handle, uint32_t rights);

int32_t asyscall_close(AsyscallDriver *d, int handle);
/* READ, WRITE, GETDENTS on ring 0. */
int32_t asyscall_control_rw(AsyscallDriver *d, uint8_t opcode, int handle,
                            uint64_t at, uint32_t length, uint64_t offset);
/* MKDIRAT, UNLINKAT on the export. */
int32_t asyscall_path_command(AsyscallDriver *d, uint8_t opcode,
                              const char *path, uint32_t len, uint32_t flags);

/* open(2) flags as riscv64 Linux has them. */
#define GUEST_O_RDONLY      0u
#define GUEST_O_WRONLY      1u
#define GUEST_O_RDWR        2u
#define GUEST_O_CREAT       0100u
#define GUEST_O_EXCL        0200u
#define GUEST_O_TRUNC       01000u
#define GUEST_O_APPEND      02000u
#define GUEST_O_DIRECTORY   0200000u
#define GUEST_O_NOFOLLOW    0400000u

#define BOTH_RIGHTS         (ASYSCALL_RIGHT_READ | ASYSCALL_RIGHT_WRITE)

/* Page tables: a satp, and mappings of one page (level 0), 2 MiB, 1 GiB. */
uint64_t asyscall_satp(AsyscallDriver *d);
void asyscall_map(AsyscallDriver *d, uint64_t satp, uint64_t va, uint64_t pa,
                  uint32_t bits, unsigned level);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asyscall: from a queue pair's virtual addresses to host memory.
 *
 * The device walks Sv39 tables as a hart in U mode would, with two differences:
 * it never sets A or D (a leaf without them is a miss, which the kernel
 * serves), and nothing is cached, so that a table changed by the kernel counts
 * from the next walk on. Each PTE is read once. What a walk can find is bounded
 * by the table alone: a hostile table reaches only memory that its owner's satp
 * reaches.
 */
#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "internal.h"
#include "trace.h"

#define SATP_MODE_SHIFT 60
#define SATP_MODE_SV39  8u
#define SATP_PPN_MASK   ((1ull << 44) - 1)
#define SV39_LEVELS     3
#define SV39_BITS       39
#define PAGE_BITS       12

#define PTE_V           (1u << 0)
#define PTE_R           (1u << 1)
#define PTE_W           (1u << 2)
#define PTE_X           (1u << 3)
#define PTE_U           (1u << 4)
#define PTE_A           (1u << 6)
#define PTE_D           (1u << 7)
#define PTE_PPN(pte)    (((pte) >> 10) & SATP_PPN_MASK)
#define PTE_RESERVED    (~0ull << 54)

bool asyscall_satp_valid(uint64_t satp)
{
    return !satp || satp >> SATP_MODE_SHIFT == SATP_MODE_SV39;
}

/*
 * 0: *pa and the bytes to the end of its page; ASYSCALL_MISS; -EFAULT: no
 * kernel can help.
 */
int asyscall_translate(AsyscallQueuePair *qp, uint64_t va, uint32_t access,
                       hwaddr *pa, uint64_t *span, AsyscallMiss *miss)
{
    uint64_t need = PTE_V | PTE_U | PTE_A |
                    (access & ASYSCALL_RIGHT_WRITE ? PTE_W | PTE_D : PTE_R);
    hwaddr table;

    if (!qp->satp) {
        *pa = va;
        *span = ASYSCALL_PAGE_SIZE - va % ASYSCALL_PAGE_SIZE;
        return 0;
    }
    if ((int64_t)(va << (64 - SV39_BITS)) >> (64 - SV39_BITS) != (int64_t)va) {
        return -EFAULT;
    }
    table = (qp->satp & SATP_PPN_MASK) << PAGE_BITS;
    miss->address = va;
    miss->access = access;
    for (int level = SV39_LEVELS - 1; level >= 0; level--) {
        unsigned shift = PAGE_BITS + 9 * level;
        hwaddr at = table + ((va >> shift) & 0x1ff) * 8;
        uint64_t size = 1ull << shift;
        MemTxResult result;
        uint64_t pte;

        pte = address_space_ldq_le(&address_space_memory, at,
                                   MEMTXATTRS_UNSPECIFIED, &result);
        if (result != MEMTX_OK) {
            return -EFAULT;
        }
        if (!(pte & PTE_V) || (pte & PTE_RESERVED) ||
            ((pte & PTE_W) && !(pte & PTE_R))) {
            break;
        }
        if (!(pte & (PTE_R | PTE_X))) {
            if (pte & (PTE_U | PTE_A | PTE_D)) {
                break;
            }
            table = PTE_PPN(pte) << PAGE_BITS;
            continue;
        }
        if ((pte & need) != need || (PTE_PPN(pte) << PAGE_BITS) % size) {
            break;
        }
        *pa = (PTE_PPN(pte) << PAGE_BITS) + va % size;
        *span = size - va % size;
        return 0;
    }
    trace_asyscall_miss(qp->index, va, access);
    return ASYSCALL_MISS;
}

static bool asyscall_is_ram(hwaddr pa, hwaddr *length, bool write)
{
    hwaddr offset;
    MemoryRegion *mr;

    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(&address_space_memory, pa, &offset, length,
                                 write, MEMTXATTRS_UNSPECIFIED);
    /* Anything else would go through a bounce buffer or have side effects. */
    return memory_region_is_ram(mr) && !memory_region_is_ram_device(mr) &&
           !(write && (memory_region_is_rom(mr) || memory_region_is_romd(mr)));
}

/*
 * Host memory for the longest physically contiguous run at @va, at most
 * *@length bytes. It stays valid until asyscall_unpin().
 */
void *asyscall_pin(AsyscallQueuePair *qp, uint64_t va, uint64_t *length,
                   uint32_t access, int *error, AsyscallMiss *miss)
{
    bool write = access & ASYSCALL_RIGHT_WRITE;
    uint64_t span, run;
    hwaddr pa, next;
    void *host;

    *error = asyscall_translate(qp, va, access, &pa, &run, miss);
    if (*error) {
        return NULL;
    }
    while (run < *length) {
        AsyscallMiss later;

        if (va + run < va ||
            asyscall_translate(qp, va + run, access, &next, &span, &later) ||
            next != pa + run) {
            break;
        }
        run += span;
    }
    run = MIN(run, *length);
    *error = -EFAULT;
    if (pa + run < pa || !asyscall_is_ram(pa, &run, write) || !run) {
        return NULL;
    }
    host = address_space_map(&address_space_memory, pa, &run, write,
                             MEMTXATTRS_UNSPECIFIED);
    if (!host) {
        return NULL;
    }
    *length = run;
    *error = 0;
    return host;
}

/* @used: how many bytes of it were written. */
void asyscall_unpin(void *host, uint64_t length, bool written, uint64_t used)
{
    address_space_unmap(&address_space_memory, host, length, written, used);
}

static int asyscall_guest_copy(AsyscallQueuePair *qp, uint64_t va, void *buffer,
                               uint64_t length, uint32_t access,
                               AsyscallMiss *miss)
{
    bool write = access & ASYSCALL_RIGHT_WRITE;
    char *at = buffer;

    if (va + length < va) {
        return -EFAULT;
    }
    while (length) {
        uint64_t run = length;
        int error;
        void *host = asyscall_pin(qp, va, &run, access, &error, miss);

        if (!host) {
            return error;
        }
        memcpy(write ? host : at, write ? at : host, run);
        asyscall_unpin(host, run, write, run);
        va += run;
        at += run;
        length -= run;
    }
    return 0;
}

int asyscall_guest_read(AsyscallQueuePair *qp, uint64_t va, void *buffer,
                        uint64_t length, AsyscallMiss *miss)
{
    return asyscall_guest_copy(qp, va, buffer, length, ASYSCALL_RIGHT_READ,
                               miss);
}

int asyscall_guest_write(AsyscallQueuePair *qp, uint64_t va, const void *buffer,
                         uint64_t length, AsyscallMiss *miss)
{
    return asyscall_guest_copy(qp, va, (void *)buffer, length,
                               ASYSCALL_RIGHT_WRITE, miss);
}

// SPDX-License-Identifier: BSD-2-Clause
//
// Memory: anonymous areas and files in memory, private and shared; private copies of other files.
#include <asm/mman.h>
#include <linux/mman.h>

#include "arch/riscv64/page_table.h"
#include "fs/file.h"
#include "fs/user_buffers.h"
#include "process/thread.h"
#include "ring/ring.h"
#include "syscalls/syscall.h"

namespace kernel {

namespace {

constexpr uint64_t page_mask = page_size - 1;

// W^X: no page is writable and executable. -1: refused.
int checked_protection(uint64_t bits) {
    uint8_t p = uint8_t((bits & PROT_READ ? protection_read : 0) |
                        (bits & PROT_WRITE ? protection_write | protection_read : 0) |
                        (bits & PROT_EXEC ? protection_execute | protection_read : 0));
    return (p & protection_write) && (p & protection_execute) ? -1 : p;
}

// A process with rings: the device must have let go of the pages before they are given back.
task<long> unmap_with_rings(process& p, uint64_t start, uint64_t size) {
    ref<address_space> space = p.space;
    if (long error = space->unmap_begin(start, size); error < 0)
        co_return error;
    while (co_await invalidate_rings(p, start, size) == -ENOMEM)
        co_await yield(); // pages must not go before the device has let go of them
    space->unmap_finish(start, size);
    co_return 0;
}

// What lies above the new break goes as by munmap.
task<long> lower_break_with_rings(process& p, uint64_t address) {
    ref<address_space> space = p.space;
    uint64_t end = (space->current_break() + page_mask) & ~page_mask;
    uint64_t new_end = (address + page_mask) & ~page_mask;
    if (new_end < end) {
        long error = co_await unmap_with_rings(p, new_end, end - new_end);
        if (error < 0)
            co_return long(space->current_break());
    }
    co_return long(space->lowered_break(address));
}

long sys_brk(uint64_t address) {
    process& p = current_process();
    if (has_rings(p) && p.space->may_lower_break(address))
        return wait_for(lower_break_with_rings(p, address));
    return long(p.space->set_break(address));
}

long sys_munmap(uint64_t start, uint64_t size) {
    process& p = current_process();
    if (has_rings(p))
        return wait_for(unmap_with_rings(p, start, size));
    return p.space->unmap(start, size);
}

struct shared_contents {
    ref<page_object> pages;
    uint64_t offset = 0;
    bool may_write = true;
};

// A place for an area, as mmap's flags say: `shared` or, without it, private memory.
long map_area(address_space& space, uint64_t address, uint64_t size, uint8_t protection,
              uint64_t flags, const shared_contents& shared = {}) {
    auto map = [&](uint64_t at) {
        return shared.pages ? space.map_shared(at, size, protection, shared.pages, shared.offset,
                                               shared.may_write)
                            : space.map(at, size, protection);
    };
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (address & page_mask)
            return -EINVAL;
        if (!(flags & MAP_FIXED_NOREPLACE) && !space.is_free(address, size)) {
            long error = space.unmap(address, size);
            if (error < 0)
                return error;
        }
        long error = map(address);
        return error < 0 ? error : long(address);
    }
    address &= ~page_mask;
    if (address && space.is_free(address, size) && map(address) == 0)
        return long(address);
    if (shared.pages)
        return space.map_shared_anywhere(size, protection, shared.pages, shared.offset,
                                         shared.may_write);
    return space.map_anywhere(size, protection);
}

bool maps_over_rings(process& p, uint64_t address, uint64_t size, uint64_t flags) {
    return (flags & MAP_FIXED) && has_rings(p) && !p.space->is_free(address, size);
}

// Again, if another thread has put something there meanwhile: that goes by the same way.
task<long> map_over_rings(caller& who, uint64_t address, uint64_t size, uint8_t protection,
                          uint64_t flags, shared_contents shared) {
    flags = (flags & ~uint64_t(MAP_FIXED)) | MAP_FIXED_NOREPLACE;
    for (;;) {
        long error = co_await unmap_with_rings(*who.owner, address, size);
        if (error < 0)
            co_return error;
        long start = map_area(*who.owner->space, address, size, protection, flags, shared);
        if (start != -EEXIST)
            co_return start;
    }
}

// A private mapping of a file is a copy made now.
task<long> map_file(caller& who, ref<file> f, uint64_t address, uint64_t size, uint8_t protection,
                    uint64_t flags, uint64_t offset) {
    ref<address_space> space = who.owner->space;
    constexpr uint8_t to_be_filled = protection_read | protection_write;
    long start;
    if (maps_over_rings(*who.owner, address, size, flags))
        start = co_await map_over_rings(who, address, size, to_be_filled, flags, {});
    else
        start = map_area(*space, address, size, to_be_filled, flags);
    if (start < 0)
        co_return start;
    uint64_t done = 0;
    while (done < size) {
        user_buffers to(*space, uint64_t(start) + done, size - done);
        long n = f->read(to, int64_t(offset + done));
        if (n == must_wait)
            n = co_await f->read_later(who,
                                       user_buffers(*space, uint64_t(start) + done, size - done),
                                       int64_t(offset + done));
        if (n < 0) {
            if (has_rings(*who.owner))
                co_await unmap_with_rings(*who.owner, uint64_t(start), size);
            else
                (void)space->unmap(uint64_t(start), size);
            co_return n;
        }
        if (n == 0)
            break;
        done += uint64_t(n);
    }
    if (long error = space->protect(uint64_t(start), size, protection); error < 0)
        co_return error;
    co_return start;
}

long map_memory(process& p, uint64_t address, uint64_t size, uint8_t protection, uint64_t flags,
                shared_contents shared) {
    if (maps_over_rings(p, address, size, flags))
        return wait_for(
            map_over_rings(waiting_caller(), address, size, protection, flags, std::move(shared)));
    return map_area(*p.space, address, size, protection, flags, shared);
}

long sys_mmap(uint64_t address, uint64_t size, uint64_t prot, uint64_t flags, uint64_t fd,
              uint64_t offset) {
    process& p = current_process();
    int protection = checked_protection(prot);
    if (protection < 0)
        return -EACCES;
    if (!size || size > user_end || (offset & page_mask))
        return size > user_end ? -ENOMEM : -EINVAL;
    size = (size + page_mask) & ~page_mask;
    uint64_t type = flags & MAP_TYPE;
    if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (flags & MAP_ANONYMOUS) {
        shared_contents shared;
        if (type != MAP_PRIVATE && !(shared.pages = make_anonymous_object()))
            return -ENOMEM;
        return map_memory(p, address, size, uint8_t(protection), flags, std::move(shared));
    }
    ref<file> f = p.files->get(fd);
    if (!f)
        return -EBADF;
    if (!f->readable() || (type != MAP_PRIVATE && (prot & PROT_WRITE) && !f->writable()))
        return -EACCES;
    if (type != MAP_PRIVATE) {
        result<ref<page_object>> pages = f->shared_pages();
        if (pages) {
            shared_contents shared{std::move(*pages), offset, f->writable()};
            shared.pages->name = f->describe();
            return map_memory(p, address, size, uint8_t(protection), flags, std::move(shared));
        }
        if (pages.error() != -ENODEV)
            return pages.error();
        if (prot & PROT_WRITE)
            return -ENODEV; // what is written would not reach the file
    }
    return wait_for(map_file(waiting_caller(), std::move(f), address, size, uint8_t(protection),
                             flags, offset));
}

long sys_mincore(uint64_t start, uint64_t size, uint64_t out) {
    if (start & page_mask)
        return -EINVAL;
    if (size > user_end)
        return -ENOMEM;
    uint8_t there[256];
    for (uint64_t pages = (size + page_mask) >> page_shift, done = 0; done < pages;) {
        uint64_t count = pages - done < sizeof there ? pages - done : sizeof there;
        address_space& space = current_space();
        if (long error = space.residency(start + done * page_size, count, there); error < 0)
            return error;
        if (long error = copy_to_user(space, out + done, there, count); error < 0)
            return error;
        done += count;
    }
    return 0;
}

long sys_mprotect(uint64_t start, uint64_t size, uint64_t prot) {
    int protection = checked_protection(prot);
    if (protection < 0)
        return -EACCES;
    return current_space().protect(start, size, uint8_t(protection));
}

// The device ends its transfers at the old place when nothing can be translated there any more, and
// before the pages are at the new one, where they could be unmapped and become somebody else's.
task<long> move_with_rings(process& p, uint64_t start, uint64_t old_size, uint64_t new_size,
                           bool may_move) {
    ref<address_space> space = p.space;
    new_size = (new_size + page_mask) & ~page_mask;
    old_size = (old_size + page_mask) & ~page_mask;
    if (new_size && new_size < old_size) {
        long error = co_await unmap_with_rings(p, start + new_size, old_size - new_size);
        co_return error < 0 ? error : long(start);
    }
    if (new_size == old_size)
        co_return space->move(start, old_size, new_size, false);
    uint64_t to = 0;
    long done = space->move_begin(start, old_size, new_size, may_move, to);
    if (done != 0)
        co_return done;
    while (co_await invalidate_rings(p, start, old_size) == -ENOMEM)
        co_await yield();
    co_return space->move_finish(start, old_size, new_size, to);
}

long sys_mremap(uint64_t start, uint64_t old_size, uint64_t new_size, uint64_t flags) {
    if (flags & ~uint64_t(MREMAP_MAYMOVE))
        return -EINVAL;
    process& p = current_process();
    if (old_size > user_end || new_size > user_end)
        return -ENOMEM;
    if (has_rings(p))
        return wait_for(move_with_rings(p, start, old_size, new_size, flags & MREMAP_MAYMOVE));
    return p.space->move(start, old_size, new_size, flags & MREMAP_MAYMOVE);
}

// Pages leave the space first, then the device lets go of them, then they are given back: what it
// begins to transfer meanwhile goes to new ones.
task<long> drop_with_rings(process& p, uint64_t start, uint64_t size) {
    ref<address_space> space = p.space;
    size = (size + page_mask) & ~page_mask;
    if (long error = space->dont_need_check(start, size); error < 0)
        co_return error;
    uint64_t end = start + size;
    while (start < end) {
        uint64_t from = start;
        address_space::taken_pages taken;
        space->take_pages(start, end, taken);
        if (taken.count == 0)
            continue;
        while (co_await invalidate_rings(p, from, start - from) == -ENOMEM)
            co_await yield();
        for (unsigned i = 0; i < taken.count; i++)
            free_pages(taken.page[i]);
    }
    co_return 0;
}

} // namespace

namespace call {

long madvise(caller& who, uint64_t start, uint64_t size, uint64_t advice) {
    process& p = *who.owner;
    if (size > user_end)
        return -ENOMEM;
    switch (advice) {
    case MADV_DONTNEED:
        if (has_rings(p))
            return must_wait;
        return p.space->advise_dont_need(start, size);
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_FREE: // allowed to keep the contents, which costs nothing
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
        return 0;
    default:
        return -EINVAL;
    }
}
task<long> madvise_later(caller& who, uint64_t start, uint64_t size, uint64_t) {
    return drop_with_rings(*who.owner, start, size);
}

} // namespace call

namespace {

// What is written to a shared mapping is in the file at once.
long sys_msync(uint64_t start, uint64_t size, uint64_t) {
    if (start & page_mask)
        return -EINVAL;
    if (size > user_end || start > user_end)
        return -ENOMEM;
    return current_space().is_mapped(start, (size + page_mask) & ~page_mask) ? 0 : -ENOMEM;
}

long sys_riscv_flush_icache() {
    arch::synchronise_instructions(current_space());
    return 0;
}

} // namespace

const syscall_entry memory_calls[] = {
    CALL(brk),
    CALL(mmap),
    CALL(munmap),
    CALL(mprotect),
    CALL(mincore),
    CALL(mremap),
    CALL_PAIR(madvise),
    CALL(msync),
    {259, "riscv_flush_icache", erase(sys_riscv_flush_icache)},
    {},
};

} // namespace kernel

// SPDX-License-Identifier: BSD-2-Clause
//
// Memory: mapped, written, cut, moved, protected, shared with children; every page says whether it
// is still what was written.
#include "state.hpp"

#include <csetjmp>
#include <cstring>
#include <sys/mman.h>

namespace torture {

namespace {

using region = memory_state::region;
constexpr size_t page = 4096;
constexpr int read_write = PROT_READ | PROT_WRITE;

uint64_t word_of(uint64_t tag, size_t offset) {
    return tag ? mix(tag + offset) : 0;
}
constexpr size_t looked_at[] = {0, 8, page / 2, page - 8};

void write_page(uint8_t* at, uint64_t tag) {
    for (size_t offset : looked_at) {
        uint64_t word = word_of(tag, offset);
        memcpy(at + offset, &word, 8);
    }
}
bool page_is(const uint8_t* at, uint64_t tag) {
    for (size_t offset : looked_at)
        if (uint64_t word = word_of(tag, offset); memcmp(at + offset, &word, 8))
            return false;
    return true;
}
bool region_is(const region& r) {
    if (!(r.protection & PROT_READ))
        return true;
    for (size_t i = 0; i < r.tags.size(); i++)
        if (!page_is(r.at + i * page, r.tags[i]))
            return false;
    return true;
}

thread_local sigjmp_buf* volatile fault_expected;

void take_fault(int signal) {
    if (sigjmp_buf* back = fault_expected) {
        fault_expected = nullptr;
        siglongjmp(*back, 1);
    }
    wrong("a fault that nobody expected", signal);
}

// Whether the access faults.
template <class F>
bool faults(F&& access) {
    sigjmp_buf back;
    if (sigsetjmp(back, 1))
        return true;
    fault_expected = &back;
    access();
    fault_expected = nullptr;
    return false;
}

region* any_region(actor& a) {
    auto& all = a.memory->regions;
    return all.empty() ? nullptr : &all[a.random.below(all.size())];
}
size_t pages_of(const region& r) {
    return r.tags.size();
}
void forget(actor& a, region* r) {
    a.memory->regions.erase(a.memory->regions.begin() + (r - a.memory->regions.data()));
}

void write_some(actor& a, region& r) {
    size_t first = a.random.below(pages_of(r));
    size_t end = a.random.between(first + 1, std::min(pages_of(r), first + 8));
    for (size_t i = first; i < end; i++)
        write_page(r.at + i * page, r.tags[i] = a.random.next() | 1);
}

void unmap_whole(actor& a) {
    region* r = any_region(a);
    if (!r)
        return;
    check(region_is(*r), "a region before it is unmapped");
    must(munmap(r->at, pages_of(*r) * page), "munmap");
    forget(a, r);
}

void map(actor& a) {
    if (a.memory->regions.size() == memory_state::most)
        return unmap_whole(a);
    region r;
    r.tags.resize(a.random.between(1, 24));
    r.protection = read_write;
    size_t size = pages_of(r) * page;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS, fd = -1;
    uint64_t kind = a.random.below(4);
    if (kind == 1) {
        flags = MAP_SHARED | MAP_ANONYMOUS;
    } else if (kind == 2) {
        fd = int(must(memfd_create("torture", MFD_CLOEXEC), "memfd_create"));
        must(ftruncate(fd, off_t(size)), "ftruncate of a memfd");
        flags = MAP_SHARED;
    } else if (kind == 3) {
        flags |= MAP_POPULATE;
    }
    r.shared = flags & MAP_SHARED;
    void* at = mmap(nullptr, size, r.protection, flags, fd, 0);
    check(at != MAP_FAILED, "mmap", errno);
    r.at = static_cast<uint8_t*>(at);
    if (fd >= 0)
        close(fd);
    check(region_is(r), "new memory is zero");
    write_some(a, r);
    a.memory->regions.push_back(std::move(r));
}

void write_region(actor& a) {
    region* r = any_region(a);
    if (!r)
        return map(a);
    if (r->protection & PROT_WRITE)
        write_some(a, *r);
    check(region_is(*r), "a region after it was written to");
}

void look_at_all(actor& a) {
    check(intact(*a.memory), "all regions");
}

// Takes pages away at the front, at the end, or in the middle, which makes two of one.
void cut(actor& a) {
    region* r = any_region(a);
    if (!r || pages_of(*r) < 3)
        return map(a);
    size_t n = pages_of(*r), first = a.random.below(n - 1),
           end = a.random.between(first + 1, n - 1);
    must(munmap(r->at + first * page, (end - first) * page), "munmap of a part");
    region rest;
    rest.at = r->at + end * page;
    rest.tags.assign(r->tags.begin() + long(end), r->tags.end());
    rest.protection = r->protection;
    rest.shared = r->shared;
    r->tags.resize(first);
    check(faults([&] { (void)*const_cast<volatile uint8_t*>(r->at + first * page); }) ||
              a.in.actors.size() > 1, // another thread may have mapped something there
          "unmapped memory can't be read");
    check(region_is(*r) && region_is(rest), "what is left after munmap");
    if (first == 0) {
        *r = std::move(rest);
    } else if (a.memory->regions.size() < memory_state::most) {
        a.memory->regions.push_back(std::move(rest));
    } else {
        must(munmap(rest.at, pages_of(rest) * page), "munmap of the rest");
    }
}

void remap(actor& a) {
    region* r = any_region(a);
    if (!r)
        return map(a);
    size_t n = pages_of(*r);
    // A shared region has no more pages than it was made with.
    size_t wanted = r->shared ? a.random.between(1, n) : a.random.between(1, n + 8);
    void* at = mremap(r->at, n * page, wanted * page, MREMAP_MAYMOVE);
    check(at != MAP_FAILED, "mremap", errno);
    r->at = static_cast<uint8_t*>(at);
    r->tags.resize(wanted);
    check(region_is(*r), "a region after mremap");
}

void protect(actor& a) {
    region* r = any_region(a);
    if (!r)
        return map(a);
    static constexpr int all[] = {PROT_NONE, PROT_READ, read_write, read_write};
    r->protection = a.random.one_of(all);
    must(mprotect(r->at, pages_of(*r) * page, r->protection), "mprotect");
    auto* byte = const_cast<volatile uint8_t*>(r->at);
    check(faults([&] { (void)*byte; }) == !(r->protection & PROT_READ), "reading follows mprotect");
    check(faults([&] { *byte = *byte; }) == !(r->protection & PROT_WRITE),
          "writing follows mprotect");
    check(region_is(*r), "a region after mprotect");
}

void drop(actor& a) {
    region* r = any_region(a);
    if (!r || r->shared)
        return map(a);
    size_t first = a.random.below(pages_of(*r));
    size_t end = a.random.between(first + 1, pages_of(*r));
    must(madvise(r->at + first * page, (end - first) * page, MADV_DONTNEED), "madvise");
    for (size_t i = first; i < end; i++)
        r->tags[i] = 0;
    check(region_is(*r), "a region after MADV_DONTNEED");
}

// The child has all of it, writes to what is shared and to its own copies.
void share_with_child(actor& a) {
    region* written = nullptr;
    for (region& r : a.memory->regions)
        if (r.protection & PROT_WRITE)
            written = &r;
    uint64_t tag = a.random.next() | 1;
    memory_state& all = *a.memory;
    pid_t id = child([&] {
        if (!intact(all))
            return 1;
        for (region& r : all.regions)
            if (r.protection & PROT_WRITE && !r.shared)
                for (size_t i = 0; i < pages_of(r); i++)
                    write_page(r.at + i * page, 99);
        if (written && written->shared)
            write_page(written->at, tag);
        return 0;
    });
    if (written && !written->shared && a.random.percent(50))
        write_some(a, *written); // while the child may have the same pages
    check(status_of(id) == 0, "a child sees its parent's memory");
    if (written && written->shared)
        written->tags[0] = tag;
    check(intact(all), "memory after a child had it");
}

void refused(actor& a) {
    static constexpr size_t sizes[] = {0, page, ~size_t{0}, size_t{1} << 40};
    size_t size = a.random.one_of(sizes);
    if (size == page) {
        check(mmap(nullptr, size, read_write | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                      MAP_FAILED &&
                  errno == EACCES,
              "a page that is writable and executable");
        return;
    }
    check(mmap(nullptr, size, read_write, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
              (errno == EINVAL || errno == ENOMEM),
          "an impossible size", errno);
}

} // namespace

std::unique_ptr<memory_state> make_memory_state() {
    auto s = std::make_unique<memory_state>();
    s->regions.reserve(memory_state::most + 1);
    return s;
}

void end_of(memory_state& s) {
    check(intact(s), "memory at the end");
    for (region& r : s.regions)
        must(munmap(r.at, pages_of(r) * page), "munmap at the end");
}

bool intact(const memory_state& s) {
    for (const region& r : s.regions)
        if (!region_is(r))
            return false;
    return true;
}

void catch_memory_faults() {
    struct sigaction action {};
    action.sa_handler = take_fault;
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);
}

const operation memory_operations[] = {
    {"map", 300, map},
    {"write memory", 600, write_region},
    {"look at memory", 60, look_at_all},
    {"unmap", 150, unmap_whole},
    {"cut", 150, cut},
    {"mremap", 250, remap},
    {"mprotect", 300, protect},
    {"madvise", 120, drop},
    {"mmap refused", 200, refused},
    {"fork with memory", 4, share_with_child},
    {},
};

} // namespace torture

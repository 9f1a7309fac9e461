// SPDX-License-Identifier: BSD-2-Clause
//
// A process's address space: areas (what may be there) and the page table (what is there). Pages
// come in on demand. The kernel is not in it, the trampoline and the threads' trap frames aside.
//
// Copies (fork) share their private pages until one of them writes: an entry of a private area may
// be written through only if its page has no other reference. So
//
//   entry with W        the page is this space's alone, or the area is a shared one
//   entry without W     in an area with write permission: the first write copies the page, or
//                       finds that everybody else has let go of it
//   pte_borrowed        the page belongs to the area's object or to the kernel: never W in a
//                       private area, never freed here
//
// Where a device transfers to and from the space (begin_transfers) no private page is shared, since
// a page that is copied away under a transfer would take the transfer along: fork copies at once.
#pragma once

#include <atomic>
#include <cstdint>

#include "arch/riscv64/page_table.h"
#include "lib/error.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "lib/spinlock.h"
#include "memory/address_space_view.h"
#include "memory/area_list.h"
#include "memory/page_object.h"
#include "memory/pages.h"
#include "memory/user_memory.h"

namespace kernel {

inline constexpr user_address user_start = 0x10000;      // nothing at and near null
inline constexpr user_address user_end = 0x3f'0000'0000; // exclusive
inline constexpr user_address stack_top = user_end;
inline constexpr user_address mmap_top = 0x3e'0000'0000; // mmap goes down from here

// Bytes that areas show: a program's file, kept alive while something maps it. They lie in one
// piece, or in pages of their own, or are a file's that stays in memory for good.
class memory_object : public ref_counted {
  public:
    // `data` stays, and is nobody's to free. Null: out of memory.
    static ref<memory_object> in_place(const uint8_t* data, size_t size);
    // Pages to be filled through page(). Null: out of memory.
    static ref<memory_object> of_pages(size_t size);
    ~memory_object();

    size_t size() const { return size_; }
    void shorten(size_t size) { size_ = size; }
    // The byte at an offset; what follows it up to the end of the page is behind it.
    const uint8_t* at(uint64_t offset) const {
        return data_ ? data_ + offset : pages_[offset / page_size] + offset % page_size;
    }
    uint8_t* page(size_t index) { return pages_[index]; }
    // False: they are not all inside.
    bool read(uint64_t offset, void* to, size_t count) const;
    // All of it, if it is in one piece; or null.
    const uint8_t* whole() const { return data_; }

    ref<shared_text> name; // the file's absolute path; null: unknown

  private:
    memory_object() = default;

    const uint8_t* data_ = nullptr;
    uint8_t** pages_ = nullptr;
    size_t size_ = 0;
    size_t page_count_ = 0;
};

enum class area_kind : uint8_t {
    anonymous, // private: zero pages, or a copy of `object` where it has bytes
    shared,    // pages of `pages`, the same for everybody who maps them
    fixed,     // pages mapped when the area was made and owned by somebody else: never
               // faulted in, unmapped or re-protected by the process
};

struct area : area_node {
    void touch(user_address from, user_address to) {
        touched_start = from < touched_start ? from : touched_start;
        touched_end = to > touched_end ? to : touched_end;
    }

    user_address start = 0;
    user_address end = 0;
    uint8_t protection = 0;
    area_kind kind = area_kind::anonymous;
    // Every entry of the area is in between: what is large and hardly used need not be searched.
    user_address touched_start = ~0ull;
    user_address touched_end = 0;
    bool may_write = true;      // shared: false if the file was not open for writing
    bool leaving = false;       // between unmap_begin and unmap_finish
    ref<memory_object> object;  // anonymous: initial contents
    ref<page_object> pages;     // shared
    uint64_t object_offset = 0; // of `start` in the object
    uint64_t object_end = 0;    // offset behind the last byte taken from it
};

// What a futex is known by: the same for everybody who can reach the word.
struct futex_key {
    const void* object = nullptr; // the space, or the shared area's object
    uint64_t offset = 0;
    bool operator==(const futex_key&) const = default;
};

class address_space : public ref_counted {
  public:
    // nullptr: out of memory
    static ref<address_space> create();
    ~address_space();

    // What fork gives: the same areas, but for the memory of rings and devices, which stays with
    // the process that asked for it. Null: out of memory; nothing has changed then.
    ref<address_space> copy();
    // From now on a device may transfer to and from private pages. 0, -ENOMEM.
    long begin_transfers();

    // Page-aligned throughout. 0 or -errno.
    // -EEXIST where something is.
    long map(user_address start, size_t size, uint8_t protection, ref<memory_object> object = {},
             uint64_t object_offset = 0, uint64_t object_end = 0);
    // Shows an object's pages, from `offset` (page-aligned) on.
    // `may_write`: whether protect() may ever allow that. 0 or -errno; the address or -errno.
    long map_shared(user_address start, size_t size, uint8_t protection, ref<page_object> pages,
                    uint64_t offset, bool may_write);
    long map_shared_anywhere(size_t size, uint8_t protection, ref<page_object> pages,
                             uint64_t offset, bool may_write);
    // Finds room below mmap_top. The address or -ENOMEM.
    long map_anywhere(size_t size, uint8_t protection);
    // Makes pages of the kernel or a device visible at a free address: the rings, the doorbell,
    // the scheduler image. The address or -errno.
    long map_fixed_pages(physical_address pages, size_t size, uint8_t protection);
    void unmap_fixed_pages(user_address start, size_t size);
    long unmap(user_address start, size_t size);
    // The same in two steps, for a process with rings. After the first nothing can be translated
    // there; the device is told to end its transfers; the second gives the pages back.
    long unmap_begin(user_address start, size_t size);
    void unmap_finish(user_address start, size_t size);
    long protect(user_address start, size_t size, uint8_t protection);
    long move(user_address start, size_t old_size, size_t new_size, bool may_move);
    // The same in two steps, for a process with rings: after the first either all is done (the
    // address, or -errno), or nothing can be translated at the old place any more, and when the
    // device has ended its transfers there, the second moves the pages to `to`.
    long move_begin(user_address start, size_t old_size, size_t new_size, bool may_move,
                    user_address& to);
    long move_finish(user_address start, size_t old_size, size_t new_size, user_address to);
    long advise_dont_need(user_address start, size_t size);
    // The same in parts, for a process with rings: takes pages out of the space, some of those from
    // `start` on, which the caller frees when the device has let go of them. `start`: where to go
    // on.
    struct taken_pages {
        static constexpr unsigned most = 32;
        void* page[most];
        unsigned count = 0;
    };
    long dont_need_check(user_address start, size_t size);
    void take_pages(user_address& start, user_address end, taken_pages& taken);
    // For good, when nobody runs in it any more: gives everything back that areas have, and, if no
    // thread is left, trap frames; the end of the last reference would do it in one go.
    void empty(bool no_threads);
    bool is_free(user_address start, size_t size);
    bool is_mapped(user_address start, size_t size);

    // The program break. Returns the break in effect, as Linux does.
    user_address set_break(user_address wanted);
    user_address current_break() const { return break_; }
    // What was above it has been unmapped.
    user_address lowered_break(user_address to) { return break_ = to; }
    bool may_lower_break(user_address wanted) const {
        return wanted >= break_start_ && wanted < break_;
    }
    void initialise_break(user_address start) { break_start_ = break_ = start; }

    // A fault at `address`. 0: try again; -EFAULT: not allowed; -ENOMEM; -ENXIO: behind the end of
    // what is mapped there.
    long fault(user_address address, uint8_t access);

    // For user_memory.h and the ring: translates one page, faulting it in, and calls
    // use(kernel pointer) while the page can't go away.
    template <class F>
    long with_page(user_address address, uint8_t access, F&& use) {
        lock_guard guard(lock_);
        void* p = translate(address, access);
        if (!p) {
            if (long error = fault_locked(address, access); error < 0)
                return error == -ENXIO ? -EFAULT : error;
            p = translate(address, access);
        }
        use(p);
        return 0;
    }

    // Where the main thread's stack ends, for telling an overflow from other faults.
    void set_stack_bottom(user_address bottom) { stack_bottom_ = bottom; }
    bool is_stack_guard(user_address address) const {
        constexpr size_t gap = 1 << 20;
        return address < stack_bottom_ && address >= stack_bottom_ - gap;
    }

    // Where signal handlers return to: set by whoever maps the scheduler image.
    void set_signal_return(user_address address) { signal_return_ = address; }
    user_address signal_return() const { return signal_return_; }

    // Where execve has put the strings; the stack begins below them.
    void set_strings(user_address arguments, user_address arguments_end, user_address environment,
                     user_address environment_end);
    void set_stack_start(user_address start) { layout_.stack_start = start; }
    address_layout layout();
    area_sums sum_areas();
    // The areas from an address on, at most `count`: how many.
    unsigned view_areas(user_address from, area_view* out, unsigned count);
    // A byte per page: 1 if it is there. -ENOMEM where nothing is mapped.
    long residency(user_address start, size_t pages, uint8_t* out);
    // How much may be mapped at once, in bytes: RLIMIT_AS.
    void set_limit(uint64_t bytes) { limit_ = bytes; }

    // The value that the satp register, and the device, take.
    uint64_t satp() const { return satp_; }
    size_t resident_pages() const { return resident_; }
    size_t mapped_bytes() const { return mapped_bytes_; }
    // The most pages that were resident at once.
    size_t peak_pages() const { return peak_ > resident_ ? peak_ : resident_; }
    arch::page_table& table() { return table_; }

    // By the area that the address is in; `is_private`: the caller says that it is no shared one.
    futex_key key_of(user_address address, bool is_private);

    // A page for the trap frame of a thread, which only the kernel may use, and its slot. A page
    // stays for the next thread of its slot, so that no hart has to forget it. nullptr: out of
    // memory, or too many threads.
    void* take_frame(unsigned& slot);
    void return_frame(unsigned slot);

    // A hart is about to use the page table.
    void seen_by(unsigned hart) {
        if (!(harts_seen_.load(std::memory_order_relaxed) >> hart & 1))
            harts_seen_.fetch_or(1ull << hart, std::memory_order_seq_cst);
    }

  private:
    address_space() = default;
    // The kernel's pointer, if the page is there and the access allowed.
    void* translate(user_address address, uint8_t access) {
        if (address >= user_end)
            return nullptr;
        arch::pte* entry = table_.find(address);
        uint64_t needed = arch::pte_valid | arch::pte_user |
                          (access & protection_write ? arch::pte_write : arch::pte_read);
        if (!entry || (*entry & needed) != needed)
            return nullptr;
        return from_physical<uint8_t>(arch::pte_address(*entry)) + (address & (page_size - 1));
    }
    long fault_locked(user_address address, uint8_t access);
    long bring_in(area& a, user_address page_address, uint8_t access, arch::pte& entry);
    long make_private(area& a, user_address page_address, arch::pte& entry);
    uint64_t entry_bits(const area& a, arch::pte entry);
    struct copy_in_progress; // address_space_copy.cpp
    area* copy_area(const area& a);
    bool copy_entry(copy_in_progress& c, const area& a, arch::pte& entry, arch::pte& to);
    long make_copy(copy_in_progress& c, bool preemptible);
    void copy_step(copy_in_progress& c, unsigned limit);
    user_address copy_pages(copy_in_progress& c, unsigned limit);
    user_address forbid_writes(copy_in_progress& c, unsigned limit);
    user_address allow_writes(copy_in_progress& c, unsigned limit);
    void help_copy(lock_guard& guard);
    area* find(user_address address);
    area* first_ending_after(user_address address);
    long insert(area&& description);
    long split(user_address at);
    void join(user_address start, user_address end);
    user_address find_free(size_t size) { return areas_.find_room(size, mmap_top); }
    void remove_areas(user_address start, user_address end);
    // Calls f(entry, address) for the entries that exist; f may change them.
    template <class F>
    void each_entry(user_address start, user_address end, F&& f);
    // The same for a part that takes a bounded time: where to go on, or `end`. Calls each_area
    // (area) before an area's entries, each(area, entry, address); false ends it there.
    template <class A, class F>
    user_address some_entries(user_address start, user_address end, unsigned limit, A&& each_area,
                              F&& each);
    void drop(arch::pte& entry);
    void drop_pages(user_address start, user_address end);
    // What changes much memory does it in steps: with the lock, and a preemption point after each.
    // step(from) returns where the next one begins.
    template <class F>
    void in_steps(user_address start, user_address end, F&& step);
    void hide_in_steps(user_address start, user_address end);
    void drop_in_steps(user_address start, user_address end);
    void remove_in_steps(user_address start, user_address end);
    bool make_tables_for(user_address start, size_t size, user_address to);
    long grow_or_prepare_move(user_address start, size_t old_size, size_t new_size, bool may_move,
                              user_address& to);
    user_address move_entries(user_address start, user_address end, user_address to);
    void flush(user_address start, user_address end);

    spinlock lock_;
    arch::page_table table_;
    uint64_t satp_ = 0;
    int asid_ = -1;
    std::atomic<uint64_t> harts_seen_{0}; // harts that may hold translations
    area_list areas_{user_start};
    area* last_ = nullptr;             // found last
    uint64_t changes_ = 0;             // of the areas
    copy_in_progress* copy_ = nullptr; // a fork's that is not through
    size_t resident_ = 0;
    size_t peak_ = 0; // before the last time that pages were given back
    size_t mapped_bytes_ = 0;
    user_address break_start_ = 0;
    user_address break_ = 0;
    user_address stack_bottom_ = 0;
    user_address signal_return_ = 0;
    uint64_t limit_ = ~0ull;
    address_layout layout_;      // what set_strings and set_stack_start have set
    bool transfers_ = false;     // begin_transfers() was called,
    bool private_pages_ = false; // ... and is through
    static constexpr unsigned frame_slots = 512;
    uint64_t frames_used_[frame_slots / 64] = {};
    unsigned frame_pages_ = 0; // slots below have a page
};

} // namespace kernel

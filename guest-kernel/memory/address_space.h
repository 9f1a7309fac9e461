// SPDX-License-Identifier: BSD-2-Clause
//
// A process's address space: areas (what may be there) and the page table (what is there). Pages
// come in on demand. The kernel is not in it, the trampoline and the threads' trap frames aside.
#pragma once

#include <atomic>
#include <cstdint>

#include "arch/riscv64/page_table.h"
#include "lib/error.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "lib/spinlock.h"
#include "memory/pages.h"
#include "memory/user_memory.h"

namespace kernel {

enum protection : uint8_t {
    protection_none = 0,
    protection_read = 1, // PROT_READ, PROT_WRITE and PROT_EXEC
    protection_write = 2,
    protection_execute = 4,
};

inline constexpr user_address user_start = 0x10000;      // nothing at and near null
inline constexpr user_address user_end = 0x3f'0000'0000; // exclusive
inline constexpr user_address stack_top = user_end;
inline constexpr user_address mmap_top = 0x3e'0000'0000; // mmap goes down from here

// Bytes that areas show: a program's file, kept alive while something maps it.
struct memory_object : ref_counted {
    const uint8_t* data = nullptr;
    size_t size = 0;
    void (*release)(memory_object&) = nullptr;
    ~memory_object() {
        if (release)
            release(*this);
    }
};

enum class area_kind : uint8_t {
    anonymous, // zero pages, or a copy of `object` where it has bytes; owned by this space
    fixed,     // pages mapped when the area was made and owned by somebody else: never
               // faulted in, unmapped or re-protected by the process
};

struct area : list_node<area> {
    user_address start = 0;
    user_address end = 0;
    uint8_t protection = 0;
    area_kind kind = area_kind::anonymous;
    bool leaving = false;       // between unmap_begin and unmap_finish
    ref<memory_object> object;  // anonymous: initial contents
    uint64_t object_offset = 0; // of `start` in the object
    uint64_t object_end = 0;    // offset behind the last byte taken from it
};

class address_space : public ref_counted {
  public:
    // nullptr: out of memory
    static ref<address_space> create();
    ~address_space();

    // Page-aligned throughout. 0 or -errno.
    // -EEXIST where something is.
    long map(user_address start, size_t size, uint8_t protection, ref<memory_object> object = {},
             uint64_t object_offset = 0, uint64_t object_end = 0);
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
    long advise_dont_need(user_address start, size_t size);
    bool is_free(user_address start, size_t size);
    bool is_mapped(user_address start, size_t size);

    // The program break. Returns the break in effect, as Linux does.
    user_address set_break(user_address wanted);
    void initialise_break(user_address start) { break_start_ = break_ = start; }

    // A fault at `address`. 0: try again; -EFAULT: not allowed; -ENOMEM.
    long fault(user_address address, uint8_t access);

    // For user_memory.h and the ring: translates one page, faulting it in, and calls
    // use(kernel pointer) while the page can't go away.
    template <class F>
    long with_page(user_address address, uint8_t access, F&& use) {
        lock_guard guard(lock_);
        void* p = translate(address, access);
        if (!p) {
            if (long error = fault_locked(address, access); error < 0)
                return error;
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

    // The value that the satp register, and the device, take.
    uint64_t satp() const { return satp_; }
    size_t resident_pages() const { return resident_; }
    size_t mapped_bytes() const { return mapped_bytes_; }
    arch::page_table& table() { return table_; }

    // The page for the trap frame of a thread, which only the kernel may use. It stays for the
    // next thread of that slot, so that no hart has to forget it. nullptr: out of memory.
    void* frame_page(unsigned slot);

    // A hart is about to use the page table.
    void seen_by(unsigned hart) {
        if (!(harts_seen_.load(std::memory_order_relaxed) >> hart & 1))
            harts_seen_.fetch_or(1ull << hart, std::memory_order_seq_cst);
    }

  private:
    address_space() = default;
    void* translate(user_address address, uint8_t access);
    long fault_locked(user_address address, uint8_t access);
    area* find(user_address address);
    area* first_ending_after(user_address address);
    long insert(area&& description);
    long split(user_address at);
    bool range_has(user_address start, user_address end, area_kind kind);
    user_address find_free(size_t size);
    void remove_areas(user_address start, user_address end);
    // Calls f(entry, address) for the entries that exist; f may change them.
    template <class F>
    void each_entry(user_address start, user_address end, F&& f);
    void drop_pages(user_address start, user_address end);
    void hide_pages(user_address start, user_address end);
    void flush(user_address start, user_address end);

    spinlock lock_;
    arch::page_table table_;
    uint64_t satp_ = 0;
    int asid_ = -1;
    std::atomic<uint64_t> harts_seen_{0}; // harts that may hold translations
    list<area> areas_;                    // by address
    area* last_ = nullptr;                // found last
    size_t resident_ = 0;
    size_t mapped_bytes_ = 0;
    user_address break_start_ = 0;
    user_address break_ = 0;
    user_address stack_bottom_ = 0;
    unsigned frame_pages_ = 0;
};

} // namespace kernel

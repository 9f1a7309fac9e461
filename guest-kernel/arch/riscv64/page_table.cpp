// SPDX-License-Identifier: BSD-2-Clause
#include "arch/riscv64/page_table.h"

#include "arch/riscv64/csr.h"
#include "arch/riscv64/hart.h"
#include "arch/riscv64/sbi.h"
#include "lib/spinlock.h"
#include "process/process.h"

namespace kernel::arch {

namespace {

constexpr uint64_t satp_sv39 = 8ull << 60;
constexpr unsigned levels = 3;

unsigned index_at(uint64_t address, unsigned level) {
    return address >> (page_shift + 9 * level) & 511;
}
bool is_leaf(pte e) {
    return e & (pte_read | pte_write | pte_execute);
}

pte* table_below(pte e) {
    return (e & pte_valid) && !is_leaf(e) ? from_physical<pte>(pte_address(e)) : nullptr;
}

} // namespace

pte* page_table::next_table(pte& entry, bool create) {
    if (!(entry & pte_valid)) {
        if (!create)
            return nullptr;
        void* page = allocate_zeroed_page();
        if (!page)
            return nullptr;
        if (tables_ < most_listed)
            listed_[tables_] = static_cast<pte*>(page);
        else
            listed_all_ = false;
        tables_++;
        entry = to_physical(page) >> page_shift << 10 | pte_valid;
    }
    return is_leaf(entry) ? nullptr : from_physical<pte>(pte_address(entry));
}

bool page_table::create() {
    root_ = static_cast<pte*>(allocate_zeroed_page());
    return root_ != nullptr;
}

void page_table::destroy() {
    if (!root_)
        return;
    if (listed_all_)
        while (tables_ > 0)
            free_pages(listed_[--tables_]);
    // From the end, where the kernel's are: the others may be gone.
    for (unsigned i = 512; tables_ > 0 && i-- > 0;)
        if (pte* table = table_below(root_[i])) {
            for (unsigned j = 512; tables_ > 1 && j-- > 0;)
                free_table(table_below(table[j]));
            free_table(table);
        }
    free_pages(root_);
    root_ = nullptr;
    last_region_ = ~0ull;
}

void page_table::free_table(pte* table) {
    if (!table)
        return;
    free_pages(table);
    tables_--;
}

bool page_table::destroy_some(bool lower_half_only) {
    constexpr unsigned entries = 1 << 9, most_freed = 10;
    if (listed_all_)
        return false;
    last_region_ = ~0ull;
    unsigned left = 256; // entries to look at
    for (unsigned end = lower_half_only ? entries / 2 : entries; destroyed_.upper < end;) {
        if (tables_ == 0 || left == 0)
            return left == 0;
        left--;
        pte& above = root_[destroyed_.upper];
        pte* table = table_below(above);
        unsigned i = destroyed_.lower, freed = 0;
        for (; table && i < entries && left > 0 && freed < most_freed; i++, left--)
            if (pte* lowest = table[i] ? table_below(table[i]) : nullptr) {
                table[i] = 0;
                free_table(lowest);
                freed++;
            }
        if (table && i < entries) {
            destroyed_.lower = i;
            return true;
        }
        if (table)
            above = 0;
        free_table(table);
        destroyed_ = {destroyed_.upper + 1, 0};
    }
    return false;
}

pte* page_table::find_from_root(uint64_t address, bool create) {
    pte* table = root_;
    for (unsigned level = levels - 1; level > 0; level--) {
        table = next_table(table[index_at(address, level)], create);
        if (!table)
            return nullptr;
    }
    last_region_ = address >> region_shift;
    last_table_ = table;
    return &table[index_at(address, 0)];
}

bool page_table::map_range(uint64_t address, physical_address to, uint64_t size, uint64_t bits) {
    while (size) {
        unsigned level = levels - 1;
        while (level &&
               (((address | to) & ((page_size << 9 * level) - 1)) || size < page_size << 9 * level))
            level--;
        pte* table = root_;
        for (unsigned l = levels - 1; l > level; l--) {
            table = next_table(table[index_at(address, l)], true);
            if (!table)
                return false;
        }
        table[index_at(address, level)] = make_pte(to, bits);
        uint64_t step = page_size << 9 * level;
        address += step;
        to += step;
        size -= step;
    }
    return true;
}

uint64_t page_table::satp(uint16_t asid) const {
    return satp_sv39 | uint64_t(asid) << 44 | to_physical(root_) >> page_shift;
}

namespace {

// The only places where translations are forgotten are here.
void count_flush() {
    uint64_t& count = this_hart().flushes;
    __atomic_store_n(&count, count + 1, __ATOMIC_RELAXED);
}

} // namespace

uint64_t flushes() {
    uint64_t sum = 0;
    for (unsigned i = 0; i < hart_count(); i++)
        sum += __atomic_load_n(&hart_at(i).flushes, __ATOMIC_RELAXED);
    return sum;
}

void flush_local(uint64_t address, uint16_t asid) {
    count_flush();
    asm volatile("sfence.vma %0, %1" ::"r"(address), "r"(uint64_t(asid)) : "memory");
}

namespace {

// f(mask, base): hart ids as the firmware takes them, as many as fit in one call. It waits for all
// of them at once, so a call for each hart would wait as often as there are harts.
template <class F>
void for_ids(uint64_t harts, F&& f) {
    while (harts) {
        uint64_t base = hart_at(unsigned(__builtin_ctzll(harts))).id, mask = 0, left = harts;
        for (unsigned i; left; left &= left - 1)
            if (uint64_t id = hart_at(i = unsigned(__builtin_ctzll(left))).id; id - base < 64) {
                mask |= 1ull << (id - base);
                harts &= ~(1ull << i);
            }
        f(mask, base);
    }
}

} // namespace

void flush_harts(uint64_t harts, uint64_t start, uint64_t size, uint16_t asid) {
    if (harts >> this_hart().index & 1) {
        constexpr uint64_t few = 16 * page_size;
        if (size <= few)
            for (uint64_t a = start; a < start + size; a += page_size)
                flush_local(a, asid);
        else {
            count_flush();
            asm volatile("sfence.vma zero, %0" ::"r"(uint64_t(asid)) : "memory");
        }
    }
    for_ids(harts & ~(1ull << this_hart().index), [&](uint64_t mask, uint64_t base) {
        count_flush();
        sbi::remote_sfence_vma_asid(mask, base, start, size, asid);
    });
}

std::atomic<uint32_t> instructions_written{0};

void synchronise_instructions(address_space& space) {
    asm volatile("fence.i" ::: "memory");
    instructions_written.fetch_add(1, std::memory_order_seq_cst);
    uint64_t harts = 0;
    for (unsigned i = 0; i < hart_count(); i++) {
        hart& h = hart_at(i);
        if (&h != &this_hart() && h.current && h.user_satp == space.satp())
            harts |= 1ull << i;
    }
    for_ids(harts, sbi::remote_fence_i);
}

namespace {

constexpr unsigned max_asids = 65536;
spinlock asid_lock;
uint64_t asids_used[max_asids / 64];
unsigned asids; // how many the harts implement
unsigned asid_hint;

} // namespace

void asids_start() {
    uint64_t satp = read_csr<csr_satp>();
    write_csr<csr_satp>(satp | 0xffffull << 44);
    uint64_t implemented = read_csr<csr_satp>() >> 44 & 0xffff;
    write_csr<csr_satp>(satp);
    asids = unsigned(implemented) + 1;
    asids_used[0] = 1;
}

int allocate_asid() {
    lock_guard guard(asid_lock);
    for (unsigned n = 0; n <= asids / 64; n++) {
        unsigned word = (asid_hint + n) % ((asids + 63) / 64);
        if (asids_used[word] == ~0ull)
            continue;
        unsigned bit = unsigned(__builtin_ctzll(~asids_used[word]));
        if (word * 64 + bit >= asids)
            continue;
        asids_used[word] |= 1ull << bit;
        asid_hint = word;
        return int(word * 64 + bit);
    }
    return -1;
}

void free_asid(uint16_t asid) {
    lock_guard guard(asid_lock);
    asids_used[asid / 64] &= ~(1ull << asid % 64);
}

} // namespace kernel::arch

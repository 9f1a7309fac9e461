// SPDX-License-Identifier: BSD-2-Clause
#include "memory/address_space_view.h"

#include "memory/address_space.h"
#include "memory/entries.h"

namespace kernel {

using namespace arch;

void address_space::set_strings(user_address arguments, user_address arguments_end,
                                user_address environment, user_address environment_end) {
    layout_.arguments = arguments;
    layout_.arguments_end = arguments_end;
    layout_.environment = environment;
    layout_.environment_end = environment_end;
}

address_layout address_space::layout() {
    lock_guard guard(lock_);
    address_layout out = layout_;
    out.break_start = break_start_;
    out.break_end = break_;
    out.stack_bottom = stack_bottom_;
    out.scheduler_image = signal_return_;
    for (area& a : areas_) {
        if (a.start >= break_start_)
            break;
        if (!a.object)
            continue;
        user_address& start = a.protection & protection_execute ? out.code_start : out.data_start;
        user_address& end = a.protection & protection_execute ? out.code_end : out.data_end;
        if (!(a.protection & (protection_execute | protection_write)))
            continue;
        start = start ? start : a.start;
        end = a.end;
    }
    return out;
}

area_sums address_space::sum_areas() {
    lock_guard guard(lock_);
    area_sums sums;
    for (area& a : areas_) {
        size_t size = a.end - a.start;
        if (a.kind == area_kind::shared)
            sums.shared += size;
        else if (a.protection & protection_execute)
            sums.code += size;
        else if (a.start <= stack_bottom_ && stack_bottom_ < a.end)
            sums.stack += size;
        else if (a.protection & protection_write)
            sums.data += size;
    }
    return sums;
}

unsigned address_space::view_areas(user_address from, area_view* out, unsigned count) {
    lock_guard guard(lock_);
    unsigned found = 0;
    for (area* a = first_ending_after(from); a && found < count; a = areas_.next(*a)) {
        if (a->leaving)
            continue;
        area_view& v = out[found++];
        v.start = a->start > from ? a->start : from;
        v.end = a->end;
        v.protection = a->protection;
        v.shared = a->kind == area_kind::shared;
        v.fixed = a->kind == area_kind::fixed;
        v.offset = a->object || a->pages ? a->object_offset : 0;
        v.name = a->object ? a->object->name : a->pages ? a->pages->name : ref<shared_text>();
    }
    return found;
}

long address_space::residency(user_address start, size_t pages, uint8_t* out) {
    lock_guard guard(lock_);
    for (size_t i = 0; i < pages; i++) {
        user_address at = start + i * page_size;
        area* a = at < user_end ? find(at) : nullptr;
        if (!a || a->leaving)
            return -ENOMEM;
        pte* entry = table_.find(at);
        out[i] = entry && *entry;
    }
    return 0;
}

} // namespace kernel

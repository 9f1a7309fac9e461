// SPDX-License-Identifier: BSD-2-Clause
#include "signals/frame.h"

#include <cstddef>
#include <cstring>
#include <ouros/image.h>

#include "arch/riscv64/context.h"
#include "process/thread.h"
#include "schedule/scheduler.h"

namespace kernel {

namespace {

struct user_context { // struct ucontext of asm/ucontext.h
    uint64_t flags;
    uint64_t link;
    alternate_stack stack;
    signal_set mask;
    uint8_t mask_expansion[1024 / 8 - sizeof(signal_set)];
    alignas(16) uint64_t registers[32]; // struct user_regs_struct: pc, x1, x2, ...
    uint64_t f[32];                     // struct __riscv_d_ext_state,
    uint32_t fcsr;
    uint8_t unused[256];  // ... in a union with a larger one,
    uint32_t reserved[3]; // of which the end may announce more state
};
static_assert(offsetof(user_context, registers) == 176);
static_assert(offsetof(user_context, f) == 176 + 256);
static_assert(offsetof(user_context, reserved) == 176 + 256 + 516);
static_assert(sizeof(user_context) == 960);

struct signal_frame {
    signal_info info;
    uint64_t info_expansion[(user_signal_info_size - sizeof(signal_info)) / 8];
    user_context context;
};
static_assert(sizeof(signal_frame) == 1088);

constexpr uint32_t stack_on = 1;            // SS_ONSTACK
constexpr uint32_t stack_disabled = 2;      // SS_DISABLE
constexpr uint32_t stack_disarm = 1u << 31; // SS_AUTODISARM
constexpr uint64_t least_stack = 2048;      // MINSIGSTKSZ

using arch::reg_a0;
using arch::reg_a1;
using arch::reg_a2;
using arch::reg_ra;
using arch::reg_sp;

template <size_t n>
[[gnu::always_inline]] inline void copy_words(uint64_t* to, const uint64_t* from) {
#pragma GCC unroll 8
    for (size_t i = 0; i < n; i++)
        to[i] = from[i];
}

void fill(signal_frame& to, const thread& t, const signal_info& info, signal_set saved_mask) {
    const arch::user_frame& from = *t.frame;
    to.info = info;
    for (uint64_t& word : to.info_expansion)
        word = 0;
    user_context& c = to.context;
    c.flags = 0;
    c.link = 0;
    c.stack = t.signal_state.stack;
    c.mask = saved_mask;
    copy_words<32>(c.registers, from.x);
    copy_words<32>(c.f, from.f);
    c.fcsr = uint32_t(from.fcsr);
    for (uint32_t& word : c.reserved)
        word = 0;
}

bool is_zero(const uint64_t* words, size_t count) {
    uint64_t any = 0;
    for (size_t i = 0; i < count; i++)
        any |= words[i];
    return !any;
}

// Where the frame goes: its lowest address, 0 if an alternate stack is full.
uint64_t frame_place(const thread& t, const signal_action& action) {
    const alternate_stack& alternate = t.signal_state.stack;
    uint64_t sp = t.frame->x[reg_sp];
    if (alternate.holds(sp)) {
        if (!alternate.holds(sp - sizeof(signal_frame)))
            return 0;
    } else if ((action.flags & action_on_stack) && alternate.size) {
        sp = alternate.base + alternate.size;
    }
    return (sp - sizeof(signal_frame)) & ~15ull;
}

bool in_one_page(uint64_t address) {
    return address % page_size <= page_size - sizeof(signal_frame);
}

} // namespace

bool alternate_stack::holds(uint64_t pointer) const {
    return !(flags & stack_disarm) && pointer > base && pointer - base <= size;
}

bool push_signal_frame(thread& t, const signal_info& info, const signal_action& action,
                       signal_set saved_mask) {
    address_space& space = *t.parent().space;
    uint64_t at = frame_place(t, action);
    if (!at || at >= user_end)
        return false;
    arch::keep_float(t);
    long error;
    if (in_one_page(at)) {
        error = space.with_page(at, protection_write, [&](void* page) {
            fill(*static_cast<signal_frame*>(page), t, info, saved_mask);
        });
    } else {
        signal_frame built{};
        fill(built, t, info, saved_mask);
        error = copy_to_user(space, at, &built, sizeof built);
    }
    if (error < 0)
        return false;
    if (t.signal_state.stack.flags & stack_disarm)
        t.signal_state.stack = {};
    uint64_t* x = t.frame->x;
    t.frame->pc() = action.handler & ~1ull;
    x[reg_ra] = space.signal_return();
    x[reg_sp] = at;
    x[reg_a0] = uint64_t(info.number);
    x[reg_a1] = at;
    x[reg_a2] = at + offsetof(signal_frame, context);
    return true;
}

bool pop_signal_frame(thread& t) {
    address_space& space = *t.parent().space;
    uint64_t at = t.frame->x[reg_sp];
    if (at % 16 || at >= user_end)
        return false;
    signal_set mask = 0;
    alternate_stack stack;
    bool good = false;
    // Everything is read once.
    auto take = [&](const user_context& from) {
        arch::user_frame& to = *t.frame;
        if (from.reserved[0] | from.reserved[1] | from.reserved[2])
            return;
        mask = from.mask;
        stack = from.stack;
        copy_words<32>(to.x, from.registers);
        to.pc() &= ~1ull; // as sepc would
        copy_words<32>(to.f, from.f);
        to.fcsr = from.fcsr & 0xff;
        good = true;
    };
    long error;
    if (in_one_page(at)) {
        error = space.with_page(at, protection_read, [&](void* page) {
            take(static_cast<const signal_frame*>(page)->context);
        });
    } else {
        user_context copy;
        error = copy_from_user(space, &copy, at + offsetof(signal_frame, context), sizeof copy);
        if (error == 0)
            take(copy);
    }
    if (error < 0 || !good)
        return false;
    // A thread that never used floating point goes on without.
    if (arch::uses_float(t) || !is_zero(t.frame->f, 32) || t.frame->fcsr)
        arch::replace_float(t);
    (void)set_alternate_stack(t, stack, t.frame->x[reg_sp]);
    set_signal_mask(t, mask);
    return true;
}

long set_alternate_stack(thread& t, const alternate_stack& wanted, uint64_t sp) {
    alternate_stack& current = t.signal_state.stack;
    if (current.holds(sp))
        return -EPERM;
    uint32_t mode = wanted.flags & ~stack_disarm;
    if (mode != stack_disabled && mode != stack_on && mode != 0)
        return -EINVAL;
    if (mode == stack_disabled) {
        current = {};
        current.flags = wanted.flags;
        return 0;
    }
    if (wanted.size < least_stack)
        return -ENOMEM;
    current = {wanted.base, wanted.flags, 0, wanted.size};
    return 0;
}

uint64_t signal_return_offset() {
    static uint64_t offset;
    if (!offset) {
        auto* image = static_cast<const char*>(scheduler_image());
        auto* code = static_cast<const char*>(ouros_image_symbol(image, "__vdso_rt_sigreturn"));
        offset = uint64_t(code - image);
    }
    return offset;
}

} // namespace kernel

// SPDX-License-Identifier: BSD-2-Clause

#include <ouros/checked.hpp>
#include <ouros/exceptions.hpp>

namespace ouros::checked {

namespace {

struct {
    function* handler;
    void* data;
} constinit thread_local slot = {};

constexpr uint32_t slti_zero = 0x00002013; // slti zero, zero, EVENT << 20

exceptions::action on_breakpoint(exceptions::context& at, void*) {
    // Code is aligned to two bytes.
    auto* code = reinterpret_cast<const uint16_t*>(at.pc());
    uint32_t mark = code[2] | static_cast<uint32_t>(code[3]) << 16;
    uint32_t what = mark >> 20;
    if ((mark & 0xfffff) != slti_zero || what < 1 || what > 2)
        return exceptions::action::decline;
    constexpr unsigned a0 = 10;
    at.set(a0,
           static_cast<uint64_t>(slot.handler(
               static_cast<event>(what), static_cast<int64_t>(at.get(a0)), at.pc(), slot.data)));
    at.skip(8);
    return exceptions::action::resume;
}

} // namespace

int64_t on_event(function* handler, void* data) {
    slot = {handler, data};
    return exceptions::set_handler(exceptions::cause::breakpoint, on_breakpoint);
}

int64_t saturate(event, int64_t value, uint64_t, void*) {
    return value;
}

} // namespace ouros::checked

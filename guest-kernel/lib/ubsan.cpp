// SPDX-License-Identifier: BSD-2-Clause
//
// Runtime of -fsanitize=undefined (Meson option kernel_ubsan): what it finds is a bug of the
// kernel, so it is a panic that says where. Every report's data begins with the source location.
#include <cstdint>

#include "lib/print.h"

namespace {

struct location {
    const char* file;
    uint32_t line;
    uint32_t column;
};

[[noreturn]] void found(const void* data, const char* what) {
    auto* at = static_cast<const location*>(data);
    kernel::panic("undefined behaviour: %s at %s:%u:%u", what, at->file, at->line, at->column);
}

} // namespace

// The handlers differ in their further arguments, which are not looked at.
#define UBSAN_HANDLER(name, what)                                                                  \
    extern "C" [[noreturn]] void __ubsan_handle_##name(const void* data, uint64_t, uint64_t) {     \
        found(data, what);                                                                         \
    }                                                                                              \
    extern "C"                                                                                     \
        [[noreturn]] void __ubsan_handle_##name##_abort(const void* data, uint64_t, uint64_t) {    \
        found(data, what);                                                                         \
    }

UBSAN_HANDLER(add_overflow, "addition overflows")
UBSAN_HANDLER(sub_overflow, "subtraction overflows")
UBSAN_HANDLER(mul_overflow, "multiplication overflows")
UBSAN_HANDLER(negate_overflow, "negation overflows")
UBSAN_HANDLER(divrem_overflow, "division by zero or overflow")
UBSAN_HANDLER(shift_out_of_bounds, "shift out of bounds")
UBSAN_HANDLER(out_of_bounds, "index out of bounds")
UBSAN_HANDLER(vla_bound_not_positive, "array bound not positive")
UBSAN_HANDLER(load_invalid_value, "load of an invalid value")
UBSAN_HANDLER(pointer_overflow, "pointer arithmetic overflows")
UBSAN_HANDLER(builtin_unreachable, "unreachable code reached")
UBSAN_HANDLER(missing_return, "no return value")
UBSAN_HANDLER(invalid_builtin, "builtin of an invalid value")
UBSAN_HANDLER(nonnull_arg, "null argument")
UBSAN_HANDLER(nonnull_return_v1, "null returned")

// A null, misaligned or too small object: the address tells which.
extern "C" [[noreturn]] void __ubsan_handle_type_mismatch_v1(const void* data, uint64_t address) {
    auto* at = static_cast<const location*>(data);
    kernel::panic("undefined behaviour: %s 0x%lx at %s:%u:%u",
                  address ? "misaligned or too small object at" : "null pointer", address, at->file,
                  at->line, at->column);
}
extern "C" [[noreturn]] void __ubsan_handle_type_mismatch_v1_abort(const void* data,
                                                                   uint64_t address) {
    __ubsan_handle_type_mismatch_v1(data, address);
}

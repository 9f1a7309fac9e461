// SPDX-License-Identifier: BSD-2-Clause
//
// System calls by token (ouros/kernel.h): handed to the kernel by an ecall that returns at once;
// what they give comes as a completion in this thread's ring.
#ifndef OUROS_TOKEN_HPP
#define OUROS_TOKEN_HPP

#include <cstdint>
#include <ouros/kernel.h>
#include <type_traits>

namespace ouros::kernel {

#if defined(__riscv)

// OUROS_PENDING, or -errno when the call was not taken.
inline int64_t hand_over(uint64_t token, long number, const uint64_t (&arguments)[6]) {
    register uint64_t a7 asm("a7") = static_cast<uint64_t>(number) | OUROS_CALL_TOKEN;
    register uint64_t a6 asm("a6") = token;
    register uint64_t a0 asm("a0") = arguments[0];
    register uint64_t a1 asm("a1") = arguments[1];
    register uint64_t a2 asm("a2") = arguments[2];
    register uint64_t a3 asm("a3") = arguments[3];
    register uint64_t a4 asm("a4") = arguments[4];
    register uint64_t a5 asm("a5") = arguments[5];
    asm volatile("ecall"
                 : "+r"(a0)
                 : "r"(a7), "r"(a6), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                 : "memory");
    return static_cast<int64_t>(a0);
}

#else

int64_t hand_over(uint64_t token, long number, const uint64_t (&arguments)[6]);

#endif

// An argument as its register has it: integers and pointers.
template <typename T>
uint64_t as_register(T argument) {
    if constexpr (std::is_pointer_v<T>)
        return reinterpret_cast<uint64_t>(argument);
    else if constexpr (std::is_null_pointer_v<T>)
        return 0;
    else
        return static_cast<uint64_t>(static_cast<int64_t>(argument));
}

// call_by_token(token, SYS_read, fd, buffer, size)
template <typename... A>
int64_t call_by_token(uint64_t token, long number, A... arguments) {
    static_assert(sizeof...(A) <= 6);
    const uint64_t registers[6] = {as_register(arguments)...};
    return hand_over(token, number, registers);
}

} // namespace ouros::kernel

#endif // OUROS_TOKEN_HPP

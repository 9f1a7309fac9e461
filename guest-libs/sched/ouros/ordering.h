// SPDX-License-Identifier: BSD-2-Clause
//
// Every atomic access and fence of the libraries, by what it is for.
//
// On RISC-V these are a plain load or store with a fence beside it, written out because GCC 12
// makes every atomic store an amoswap, a relaxed one too. Where store-then-load order is needed
// (before sleeping) there is full_fence.
#ifndef OUROS_ORDERING_H
#define OUROS_ORDERING_H

namespace ouros {

template <typename T>
inline T load_relaxed(const T* where) {
    return __atomic_load_n(where, __ATOMIC_RELAXED);
}

template <typename T>
inline void store_relaxed(T* where, T value) {
#if defined(__riscv)
    *const_cast<volatile T*>(where) = value;
#else
    __atomic_store_n(where, value, __ATOMIC_RELAXED);
#endif
}

template <typename T>
inline T load_acquire(const T* where) {
#if defined(__riscv)
    T value = *const_cast<const volatile T*>(where);
    asm volatile("fence r,rw" ::: "memory");
    return value;
#else
    return __atomic_load_n(where, __ATOMIC_ACQUIRE);
#endif
}

template <typename T>
inline void store_release(T* where, T value) {
#if defined(__riscv)
    asm volatile("fence rw,w" ::: "memory");
    *const_cast<volatile T*>(where) = value;
#else
    __atomic_store_n(where, value, __ATOMIC_RELEASE);
#endif
}

// amoswap.aqrl
template <typename T>
inline T exchange(T* where, T value) {
    return __atomic_exchange_n(where, value, __ATOMIC_ACQ_REL);
}

// lr / sc.rl loop. On failure `expected` holds what was there.
template <typename T>
inline bool compare_exchange_release(T* where, T& expected, T value) {
    return __atomic_compare_exchange_n(where, &expected, value, /* weak */ true, __ATOMIC_RELEASE,
                                       __ATOMIC_RELAXED);
}

// fence rw,rw: what was stored before is visible before what is loaded after.
inline void full_fence() {
#if defined(__SANITIZE_THREAD__)
    // ThreadSanitizer does not model fences; an RMW on one location orders the callers.
    static int location;
    __atomic_fetch_add(&location, 0, __ATOMIC_SEQ_CST);
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

// Stores to memory are visible before the store to a device register that follows.
inline void device_write_fence() {
#if defined(__riscv)
    asm volatile("fence w,o" ::: "memory");
#else
    full_fence();
#endif
}

} // namespace ouros

#endif // OUROS_ORDERING_H

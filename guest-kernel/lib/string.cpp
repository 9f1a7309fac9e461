// SPDX-License-Identifier: BSD-2-Clause
//
// The C functions that the compiler and libfdt call. Eight bytes at a time where both ends allow:
// page copies are a large part of what a program's start costs.
#include <cstddef>
#include <cstdint>

namespace {

using word [[gnu::may_alias]] = uint64_t;

bool aligned(const void* a, const void* b) {
    return ((reinterpret_cast<uintptr_t>(a) | reinterpret_cast<uintptr_t>(b)) & 7) == 0;
}

bool word_aligned(const void* p) {
    return (reinterpret_cast<uintptr_t>(p) & 7) == 0;
}

// Whether one of the eight bytes is 0.
bool has_zero(uint64_t w) {
    return (w - 0x0101010101010101ull) & ~w & 0x8080808080808080ull;
}

// Whether one of 32 bytes may be 0: if none is above 127 it is so.
bool has_zero_in_four(const word* w) {
    constexpr uint64_t ones = 0x0101010101010101ull;
    return ((w[0] - ones) | (w[1] - ones) | (w[2] - ones) | (w[3] - ones)) & ones << 7;
}

// Words from a source that is not aligned, each out of two that are: no byte is read that is not in
// a word of the source's. The destination is aligned; how many bytes are done.
size_t copy_shifted(uint8_t* d, const uint8_t* s, size_t size) {
    auto start = reinterpret_cast<uintptr_t>(s);
    unsigned shift = unsigned(start & 7) * 8;
    auto* sw = reinterpret_cast<const word*>(start & ~uintptr_t(7));
    auto* dw = reinterpret_cast<word*>(d);
    size_t done = 0;
    word low = *sw;
    for (; size - done >= 32; done += 32, sw += 4, dw += 4) {
        word a = sw[1], b = sw[2], c = sw[3], e = sw[4];
        dw[0] = low >> shift | a << (64 - shift);
        dw[1] = a >> shift | b << (64 - shift);
        dw[2] = b >> shift | c << (64 - shift);
        dw[3] = c >> shift | e << (64 - shift);
        low = e;
    }
    for (; size - done >= 8; done += 8) {
        word high = *++sw;
        *dw++ = low >> shift | high << (64 - shift);
        low = high;
    }
    return done;
}

} // namespace

extern "C" {

void* memcpy(void* __restrict to, const void* __restrict from, size_t size) {
    auto* d = static_cast<uint8_t*>(to);
    auto* s = static_cast<const uint8_t*>(from);
    if (aligned(d, s)) {
        for (; size >= 64; size -= 64, d += 64, s += 64) {
            auto* dw = reinterpret_cast<word*>(d);
            auto* sw = reinterpret_cast<const word*>(s);
            word a = sw[0], b = sw[1], c = sw[2], e = sw[3];
            word f = sw[4], g = sw[5], h = sw[6], i = sw[7];
            dw[0] = a, dw[1] = b, dw[2] = c, dw[3] = e;
            dw[4] = f, dw[5] = g, dw[6] = h, dw[7] = i;
        }
        for (; size >= 8; size -= 8, d += 8, s += 8)
            *reinterpret_cast<word*>(d) = *reinterpret_cast<const word*>(s);
    } else if (size >= 32) {
        for (; !word_aligned(d); size--)
            *d++ = *s++;
        size_t done = 0;
        if (word_aligned(s))
            for (; size - done >= 8; done += 8)
                *reinterpret_cast<word*>(d + done) = *reinterpret_cast<const word*>(s + done);
        else
            done = copy_shifted(d, s, size);
        d += done, s += done, size -= done;
    }
    while (size--)
        *d++ = *s++;
    return to;
}

void* memmove(void* to, const void* from, size_t size) {
    auto* d = static_cast<uint8_t*>(to);
    auto* s = static_cast<const uint8_t*>(from);
    if (d <= s || d >= s + size) {
        for (; size && aligned(d, s) && size >= 8; size -= 8, d += 8, s += 8)
            *reinterpret_cast<word*>(d) = *reinterpret_cast<const word*>(s);
        for (size_t i = 0; i < size; i++)
            d[i] = s[i];
    } else {
        while (size--)
            d[size] = s[size];
    }
    return to;
}

void* memset(void* to, int value, size_t size) {
    auto* d = static_cast<uint8_t*>(to);
    for (; size && (reinterpret_cast<uintptr_t>(d) & 7); size--)
        *d++ = uint8_t(value);
    uint64_t pattern = uint8_t(value) * 0x0101010101010101ull;
    for (; size >= 64; size -= 64, d += 64) {
        auto* w = reinterpret_cast<word*>(d);
        w[0] = w[1] = w[2] = w[3] = w[4] = w[5] = w[6] = w[7] = pattern;
    }
    for (; size >= 8; size -= 8, d += 8)
        *reinterpret_cast<word*>(d) = pattern;
    while (size--)
        *d++ = uint8_t(value);
    return to;
}

int memcmp(const void* a, const void* b, size_t size) {
    auto* x = static_cast<const uint8_t*>(a);
    auto* y = static_cast<const uint8_t*>(b);
    for (; size; size--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void* memchr(const void* s, int c, size_t size) {
    auto* p = static_cast<const uint8_t*>(s);
    for (; size; size--, p++)
        if (*p == uint8_t(c))
            return const_cast<uint8_t*>(p);
    return nullptr;
}

size_t strlen(const char* s) {
    const char* p = s;
    for (; !word_aligned(p); p++)
        if (!*p)
            return size_t(p - s);
    while (!has_zero(*reinterpret_cast<const word*>(p)))
        p += 8;
    while (*p)
        p++;
    return size_t(p - s);
}

size_t strnlen(const char* s, size_t size) {
    size_t n = 0;
    while (n < size && !word_aligned(s + n) && s[n])
        n++;
    if (n < size && word_aligned(s + n)) {
        auto* w = reinterpret_cast<const word*>(s + n);
        for (; size - n >= 32 && !has_zero_in_four(w); n += 32)
            w += 4;
        for (; size - n >= 8 && !has_zero(*w); n += 8)
            w++;
    }
    while (n < size && s[n])
        n++;
    return n;
}

int strcmp(const char* a, const char* b) {
    while (*a && *a == *b)
        a++, b++;
    return uint8_t(*a) - uint8_t(*b);
}

int strncmp(const char* a, const char* b, size_t size) {
    for (; size; size--, a++, b++)
        if (*a != *b || !*a)
            return uint8_t(*a) - uint8_t(*b);
    return 0;
}

char* strchr(const char* s, int c) {
    for (;; s++) {
        if (*s == char(c))
            return const_cast<char*>(s);
        if (!*s)
            return nullptr;
    }
}

char* strrchr(const char* s, int c) {
    const char* last = nullptr;
    for (;; s++) {
        if (*s == char(c))
            last = s;
        if (!*s)
            return const_cast<char*>(last);
    }
}

} // extern "C"

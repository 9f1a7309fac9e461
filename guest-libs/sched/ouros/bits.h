// SPDX-License-Identifier: BSD-2-Clause
//
// The position of the lowest set bit, without libgcc: the base ISA has no ctz, and the scheduler
// image and interrupt handlers call nobody. A de Bruijn sequence and a table, 8 instructions.
#ifndef OUROS_BITS_H
#define OUROS_BITS_H

#include <cstdint>

namespace ouros {

inline constexpr uint64_t de_bruijn_sequence = 0x03f79d71b4cb0a89;

struct bit_positions {
    uint8_t of[64];
    constexpr bit_positions()
        : of() {
        for (unsigned bit = 0; bit < 64; bit++)
            of[(de_bruijn_sequence << bit) >> 58] = static_cast<uint8_t>(bit);
    }
};

// Not inline: with internal linkage the position-independent image needs no GOT for it.
constexpr bit_positions positions_of_bits;

// `word` is not 0.
inline unsigned lowest_bit(uint64_t word) {
    return positions_of_bits.of[((word & -word) * de_bruijn_sequence) >> 58];
}

} // namespace ouros

#endif // OUROS_BITS_H

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DISAS_RISCV_UIPI_H
#define DISAS_RISCV_UIPI_H

#include "disas/riscv.h"

extern const rv_opcode_data uipi_opcode_data[];

void decode_uipi(rv_decode *dec, rv_isa isa);

#endif /* DISAS_RISCV_UIPI_H */

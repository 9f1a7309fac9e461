/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disassembly of uipi: custom-3, I-type, the operation in bits 31:20.
 */
#include "qemu/osdep.h"
#include "disas/riscv.h"
#include "disas/riscv-uipi.h"
#include "standard-headers/ouros/uintr.h"

const rv_opcode_data uipi_opcode_data[] = {
    { "uipi.illegal", rv_codec_illegal, rv_fmt_none, NULL, 0, 0, 0 },
    { "uipi.send", rv_codec_i, rv_fmt_rd_rs1, NULL, 0, 0, 0 },
    { "uipi.read", rv_codec_i, rv_fmt_rd, NULL, 0, 0, 0 },
    { "uipi.write", rv_codec_i, rv_fmt_rs1, NULL, 0, 0, 0 },
    { "uipi.activate", rv_codec_i, rv_fmt_none, NULL, 0, 0, 0 },
    { "uipi.deactivate", rv_codec_i, rv_fmt_none, NULL, 0, 0, 0 },
};

void decode_uipi(rv_decode *dec, rv_isa isa)
{
    rv_inst inst = dec->inst;
    unsigned op = (inst >> 20) & 0xfff;

    dec->op = rv_op_illegal;
    if ((inst & 0x7f) == OUROS_UIPI_OPCODE &&
        ((inst >> 12) & 7) == OUROS_UIPI_FUNCT3 &&
        op <= OUROS_UIPI_DEACTIVATE) {
        /* The operations' numbers follow those of the table above. */
        dec->op = op + 1;
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for asyscall, the asynchronous system call device
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "standard-headers/ouros/asyscall.h"

/* The first device on virt's platform bus. */
#define ASYSCALL_BASE 0x4000000

static void test_identity(void)
{
    QTestState *qts = qtest_init("-machine virt -device asyscall,queue-pairs=4");

    g_assert_cmphex(qtest_readl(qts, ASYSCALL_BASE + ASYSCALL_REG_MAGIC), ==,
                    ASYSCALL_MAGIC);
    g_assert_cmpuint(qtest_readl(qts, ASYSCALL_BASE + ASYSCALL_REG_VERSION), ==,
                     ASYSCALL_VERSION);
    g_assert_cmpuint(qtest_readl(qts, ASYSCALL_BASE + ASYSCALL_REG_QUEUE_PAIRS),
                     ==, 4);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/asyscall/identity", test_identity);
    return g_test_run();
}

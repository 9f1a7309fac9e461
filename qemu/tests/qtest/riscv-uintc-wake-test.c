/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for the RISC-V UINTC: the wake list and its interrupt
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "riscv-uintc.h"

#define PLIC_PENDING    0xc001000
#define PLIC_SOURCE     12

/* What qtest_get_irq(, 0) then tells: the wake list's interrupt. */
static QTestState *start_watching_wake(void)
{
    QTestState *qts = start();

    qtest_irq_intercept_out_named(qts, UINTC_PATH, "sysbus-irq");
    return qts;
}

static void test_wake_in_order_of_arrival(void)
{
    QTestState *qts = start_watching_wake();
    static const unsigned order[] = { 300, 2, 511, 0, 17 };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(order); i++) {
        set_low(qts, order[i], WAKE_ENABLE);
    }
    g_assert_false(qtest_get_irq(qts, 0));
    for (i = 0; i < ARRAY_SIZE(order); i++) {
        send_vector(qts, order[i], i);
        send_vector(qts, order[i], i + 32);
        g_assert_true(qtest_get_irq(qts, 0));
    }
    for (i = 0; i < ARRAY_SIZE(order); i++) {
        g_assert_true(qtest_get_irq(qts, 0));
        g_assert_cmphex(take_wake(qts), ==, woken(order[i]));
        /* Off the list, disarmed, and nothing that was sent is gone. */
        g_assert_cmphex(get_low(qts, order[i]), ==, 0);
        g_assert_cmphex(take(qts, order[i]), ==, 0x100000001ull << i);
    }
    g_assert_false(qtest_get_irq(qts, 0));
    g_assert_cmphex(take_wake(qts), ==, 0);
    qtest_quit(qts);
}

static void test_wake_when_armed_late(void)
{
    QTestState *qts = start_watching_wake();

    send_vector(qts, 4, 9);
    g_assert_false(qtest_get_irq(qts, 0));
    set_low(qts, 4, WAKE_ENABLE);
    g_assert_true(qtest_get_irq(qts, 0));
    g_assert_cmphex(take_wake(qts), ==, woken(4));
    /* Disarmed: a further send does not bring it back until armed again. */
    send_vector(qts, 4, 10);
    g_assert_cmphex(take_wake(qts), ==, 0);
    set_low(qts, 4, WAKE_ENABLE);
    g_assert_cmphex(take_wake(qts), ==, woken(4));
    g_assert_cmphex(take(qts, 4), ==, 0x600);
    qtest_quit(qts);
}

static void test_wake_not_while_active(void)
{
    QTestState *qts = start_watching_wake();

    set_low(qts, 4, ACTIVE | WAKE_ENABLE);
    send_vector(qts, 4, 9);
    g_assert_false(qtest_get_irq(qts, 0));
    g_assert_cmphex(take_wake(qts), ==, 0);
    /* Switched out with something pending. */
    set_active(qts, 4, false);
    g_assert_true(qtest_get_irq(qts, 0));
    g_assert_cmphex(take_wake(qts), ==, woken(4));
    qtest_quit(qts);
}

/* Whatever ends the reason to wake takes the receiver off the list. */
static void test_wake_ends_with_its_reason(void)
{
    QTestState *qts = start_watching_wake();
    unsigned way;

    for (way = 0; way < 5; way++) {
        set_low(qts, 8, WAKE_ENABLE | GENERATION(1));
        set_low(qts, 9, WAKE_ENABLE);
        send_vector(qts, 8, 1);
        send_vector(qts, 9, 1);
        switch (way) {
        case 0:
            set_active(qts, 8, true);
            break;
        case 1:
            set_low(qts, 8, GENERATION(1));
            break;
        case 2:
            take(qts, 8);
            break;
        case 3:
            add_pending(qts, 8, 0);
            break;
        case 4:
            set_low(qts, 8, WAKE_ENABLE | GENERATION(2));
            break;
        }
        g_assert_cmphex(take_wake(qts), ==, woken(9));
        g_assert_false(qtest_get_irq(qts, 0));
        g_assert_cmphex(take_wake(qts), ==, 0);
        set_low(qts, 8, GENERATION(0));
        take(qts, 9);
    }
    qtest_quit(qts);
}

static void test_wake_all_receivers(void)
{
    QTestState *qts = start_watching_wake();
    unsigned i;

    for (i = 0; i < OUROS_UINTC_RECEIVERS; i++) {
        set_low(qts, i, WAKE_ENABLE);
        send_vector(qts, i, i % OUROS_UINTC_VECTORS);
    }
    for (i = 0; i < OUROS_UINTC_RECEIVERS; i++) {
        g_assert_cmphex(take_wake(qts), ==, woken(i));
    }
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

static void test_wake_interrupt_reaches_plic(void)
{
    QTestState *qts = start();

    g_assert_cmphex(qtest_readl(qts, PLIC_PENDING), ==, 0);
    set_low(qts, 4, WAKE_ENABLE);
    send_vector(qts, 4, 9);
    g_assert_cmphex(qtest_readl(qts, PLIC_PENDING), ==, 1u << PLIC_SOURCE);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("/riscv-uintc-wake/in-order-of-arrival",
                   test_wake_in_order_of_arrival);
    qtest_add_func("/riscv-uintc-wake/when-armed-late",
                   test_wake_when_armed_late);
    qtest_add_func("/riscv-uintc-wake/not-while-active",
                   test_wake_not_while_active);
    qtest_add_func("/riscv-uintc-wake/ends-with-its-reason",
                   test_wake_ends_with_its_reason);
    qtest_add_func("/riscv-uintc-wake/all-receivers", test_wake_all_receivers);
    qtest_add_func("/riscv-uintc-wake/interrupt-reaches-plic",
                   test_wake_interrupt_reaches_plic);
    return g_test_run();
}

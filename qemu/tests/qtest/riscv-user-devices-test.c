/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for -M virt,plic-user=on,second-uart=on: the PLIC's contexts
 * for U mode, and the second UART, which raises the interrupts here
 *
 * Names of tests say the behaviour.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "libqtest.h"
#include "qobject/qdict.h"
#include "qemu/bswap.h"
#include "qemu/sockets.h"

#define HARTS       2

#define PLIC        0xc000000ull
#define PRIORITY(n) (PLIC + 4 * (n))
#define PENDING     (PLIC + 0x1000)
#define ENABLE(c)   (PLIC + 0x2000 + 0x80 * (c))
#define THRESHOLD(c) (PLIC + 0x200000 + 0x1000 * (c))
#define CLAIM(c)    (THRESHOLD(c) + 4)

/* Those of M and S mode have the numbers that they have without the others. */
#define M_CONTEXT(hart) (2 * (hart))
#define S_CONTEXT(hart) (2 * (hart) + 1)
#define U_CONTEXT(hart) (2 * HARTS + (hart))

/* Inputs of a hart: the number of the interrupt. */
#define USER_EXTERNAL       8
#define SUPERVISOR_EXTERNAL 9

#define UART        0x10009000ull
#define UART_IRQ    13
#define DATA        (UART + 0)
#define IER         (UART + 1)
#define FCR         (UART + 2)
#define IIR         (UART + 2)
#define MCR         (UART + 4)
#define LSR         (UART + 5)
#define IER_RECEIVE 0x01
#define IIR_NONE    0x01
#define MCR_LOOP    0x10
#define LSR_READY   0x01

#define MACHINE "-machine virt,plic-user=on,second-uart=on"

static QTestState *start(void)
{
    return qtest_initf(MACHINE " -smp %d", HARTS);
}

/* What qtest_get_irq() then tells: the inputs of that hart. */
static QTestState *start_watching(unsigned hart)
{
    g_autofree char *path = g_strdup_printf("/machine/soc0/harts[%u]", hart);
    QTestState *qts = start();

    qtest_irq_intercept_in(qts, path);
    return qts;
}

static void enable(QTestState *qts, unsigned context, bool on)
{
    qtest_writel(qts, ENABLE(context), on ? 1u << UART_IRQ : 0);
}

/* The UART's interrupt: a byte that it sends itself. */
static void prepare_uart(QTestState *qts)
{
    qtest_writel(qts, PRIORITY(UART_IRQ), 1);
    qtest_writeb(qts, MCR, MCR_LOOP);
    qtest_writeb(qts, IER, IER_RECEIVE);
}

static void raise_interrupt(QTestState *qts)
{
    qtest_writeb(qts, DATA, 'x');
}

static void lower_interrupt(QTestState *qts)
{
    g_assert_cmphex(qtest_readb(qts, DATA), ==, 'x');
}

static void test_off_by_default(void)
{
    QTestState *qts = qtest_initf("-machine virt -smp %d", HARTS);

    /* Under qtest the harts have no S mode: here the numbers are 0 and 1. */
    enable(qts, HARTS - 1, true);
    g_assert_cmphex(qtest_readl(qts, ENABLE(HARTS - 1)), !=, 0);
    enable(qts, U_CONTEXT(0), true);
    g_assert_cmphex(qtest_readl(qts, ENABLE(U_CONTEXT(0))), ==, 0);
    g_assert_cmphex(qtest_readb(qts, LSR), ==, 0);
    qtest_quit(qts);
}

static void refused(const char *options, const char *why)
{
    g_autofree char *command = g_strdup_printf("%s -S -display none -bios none "
                                               "-accel tcg %s",
                                               getenv("QTEST_QEMU_BINARY"),
                                               options);
    g_autofree char *message = NULL;
    int status;

    g_assert_true(g_spawn_command_line_sync(command, NULL, &message, &status,
                                            NULL));
    g_assert_cmpint(status, !=, 0);
    g_assert_nonnull(strstr(message, why));
}

static void test_needs_are_named(void)
{
    refused("-machine virt,plic-user=on -cpu rv64", "add n=on to -cpu");
    refused("-machine virt,plic-user=on,aia=aplic -cpu rv64,n=on",
            "add aia=none to -machine");
    refused("-machine virt,plic-user=on -cpu rv64,n=on -smp 342",
            "has room for 341 harts");
}

static GBytes *device_tree(const char *machine)
{
    g_autofree char *file = g_strdup_printf("%s/user-devices-%d.dtb",
                                            g_get_tmp_dir(), getpid());
    g_autofree char *command = g_strdup_printf("%s -bios none -smp %d -machine "
                                               "%s,accel=qtest,dumpdtb=%s",
                                               getenv("QTEST_QEMU_BINARY"),
                                               HARTS, machine, file);
    char *tree = NULL;
    gsize size;
    int status;

    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, &status,
                                            NULL));
    g_assert_cmpint(status, ==, 0);
    g_assert_true(g_file_get_contents(file, &tree, &size, NULL));
    unlink(file);
    return g_bytes_new_take(tree, size);
}

/*
 * interrupts-extended: pairs of a hart's interrupt controller and an interrupt,
 * in the order of the contexts. 0: not there; else the number of contexts.
 */
static unsigned listed_contexts(GBytes *tree)
{
    static const uint32_t order[] = { 11, 9, 11, 9, 8, 8 };
    static const int hart[] = { 0, 0, 1, 1, 0, 1 };
    gsize size;
    const uint32_t *cells = g_bytes_get_data(tree, &size);

    for (gsize i = 0; i + 12 <= size / sizeof(uint32_t); i++) {
        uint32_t phandle[] = { be32_to_cpu(cells[i]),
                               be32_to_cpu(cells[i + 4]) };
        unsigned n = 0;

        while (n < ARRAY_SIZE(order) && phandle[0] && phandle[1] &&
               be32_to_cpu(cells[i + 2 * n]) == phandle[hart[n]] &&
               be32_to_cpu(cells[i + 2 * n + 1]) == order[n]) {
            n++;
        }
        if (n >= 4) {
            return n;
        }
    }
    return 0;
}

static const char *find(GBytes *tree, const char *text)
{
    gsize size;
    const char *start = g_bytes_get_data(tree, &size);

    return memmem(start, size, text, strlen(text) + 1);
}

static void test_device_tree(void)
{
    static const char second[] = "serial@10009000";
    g_autoptr(GBytes) off = device_tree("virt");
    g_autoptr(GBytes) on = device_tree("virt,plic-user=on,second-uart=on");
    g_autoptr(GBytes) aplic = device_tree("virt,second-uart=on,aia=aplic");

    g_assert_cmpuint(listed_contexts(off), ==, 2 * HARTS);
    g_assert_cmpuint(listed_contexts(on), ==, 3 * HARTS);
    g_assert_null(find(off, second));
    g_assert_nonnull(find(aplic, second));
    /* The first in the tree is the first UART, and the standard output. */
    g_assert_true(find(on, "serial@10000000") < find(on, second));
    g_assert_nonnull(find(on, "/soc/serial@10000000"));
}

static void test_line_is_user_external(void)
{
    for (unsigned hart = 0; hart < HARTS; hart++) {
        QTestState *qts = start_watching(hart);

        prepare_uart(qts);
        enable(qts, U_CONTEXT(hart), true);
        g_assert_false(qtest_get_irq(qts, USER_EXTERNAL));
        raise_interrupt(qts);
        g_assert_true(qtest_get_irq(qts, USER_EXTERNAL));
        g_assert_false(qtest_get_irq(qts, SUPERVISOR_EXTERNAL));
        qtest_quit(qts);

        /* The other hart sees nothing. */
        qts = start_watching(hart);
        prepare_uart(qts);
        enable(qts, U_CONTEXT(!hart), true);
        raise_interrupt(qts);
        g_assert_false(qtest_get_irq(qts, USER_EXTERNAL));
        qtest_quit(qts);
    }
}

static void test_other_contexts_keep_their_numbers(void)
{
    QTestState *qts = start_watching(1);

    prepare_uart(qts);
    enable(qts, S_CONTEXT(1), true);
    raise_interrupt(qts);
    g_assert_true(qtest_get_irq(qts, SUPERVISOR_EXTERNAL));
    g_assert_false(qtest_get_irq(qts, USER_EXTERNAL));
    qtest_quit(qts);
}

static void test_claim_and_complete(void)
{
    QTestState *qts = start_watching(1);
    unsigned context = U_CONTEXT(1);

    prepare_uart(qts);
    enable(qts, context, true);
    g_assert_cmpuint(qtest_readl(qts, CLAIM(context)), ==, 0);
    raise_interrupt(qts);
    g_assert_cmpuint(qtest_readl(qts, CLAIM(context)), ==, UART_IRQ);
    g_assert_false(qtest_get_irq(qts, USER_EXTERNAL));
    g_assert_cmpuint(qtest_readl(qts, CLAIM(context)), ==, 0);
    lower_interrupt(qts);

    /* One that comes before the completion waits for it. */
    raise_interrupt(qts);
    g_assert_false(qtest_get_irq(qts, USER_EXTERNAL));
    qtest_writel(qts, CLAIM(context), UART_IRQ);
    g_assert_true(qtest_get_irq(qts, USER_EXTERNAL));
    g_assert_cmpuint(qtest_readl(qts, CLAIM(context)), ==, UART_IRQ);
    lower_interrupt(qts);
    qtest_writel(qts, CLAIM(context), UART_IRQ);
    g_assert_false(qtest_get_irq(qts, USER_EXTERNAL));
    qtest_quit(qts);
}

static void test_enable_takes_effect_at_once(void)
{
    QTestState *qts = start_watching(0);
    unsigned context = U_CONTEXT(0);

    prepare_uart(qts);
    raise_interrupt(qts);
    g_assert_false(qtest_get_irq(qts, USER_EXTERNAL));
    enable(qts, context, true);
    g_assert_true(qtest_get_irq(qts, USER_EXTERNAL));
    enable(qts, context, false);
    g_assert_false(qtest_get_irq(qts, USER_EXTERNAL));
    g_assert_cmpuint(qtest_readl(qts, CLAIM(context)), ==, 0);

    /* From one mode to the other: nothing is lost on the way. */
    enable(qts, S_CONTEXT(0), true);
    g_assert_true(qtest_get_irq(qts, SUPERVISOR_EXTERNAL));
    enable(qts, S_CONTEXT(0), false);
    g_assert_false(qtest_get_irq(qts, SUPERVISOR_EXTERNAL));
    enable(qts, context, true);
    g_assert_true(qtest_get_irq(qts, USER_EXTERNAL));
    g_assert_cmpuint(qtest_readl(qts, CLAIM(context)), ==, UART_IRQ);
    qtest_quit(qts);
}

static void test_threshold(void)
{
    QTestState *qts = start_watching(0);

    prepare_uart(qts);
    enable(qts, U_CONTEXT(0), true);
    raise_interrupt(qts);
    qtest_writel(qts, THRESHOLD(U_CONTEXT(0)), 1);
    g_assert_false(qtest_get_irq(qts, USER_EXTERNAL));
    qtest_writel(qts, THRESHOLD(U_CONTEXT(0)), 0);
    g_assert_true(qtest_get_irq(qts, USER_EXTERNAL));
    qtest_quit(qts);
}

/* What a process can do with its context's page to what others have claimed. */
static void test_foreign_completion_ignored(void)
{
    QTestState *qts = start_watching(1);

    prepare_uart(qts);
    enable(qts, S_CONTEXT(1), true);
    raise_interrupt(qts);
    g_assert_cmpuint(qtest_readl(qts, CLAIM(S_CONTEXT(1))), ==, UART_IRQ);
    lower_interrupt(qts);
    raise_interrupt(qts);

    qtest_writel(qts, CLAIM(U_CONTEXT(1)), UART_IRQ);
    g_assert_false(qtest_get_irq(qts, SUPERVISOR_EXTERNAL));
    qtest_writel(qts, CLAIM(U_CONTEXT(1)), 0xffffffff);
    qtest_writel(qts, CLAIM(U_CONTEXT(1)), 0);
    g_assert_false(qtest_get_irq(qts, SUPERVISOR_EXTERNAL));

    qtest_writel(qts, CLAIM(S_CONTEXT(1)), UART_IRQ);
    g_assert_true(qtest_get_irq(qts, SUPERVISOR_EXTERNAL));
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = start_watching(0);

    prepare_uart(qts);
    enable(qts, U_CONTEXT(0), true);
    raise_interrupt(qts);
    g_assert_true(qtest_get_irq(qts, USER_EXTERNAL));
    qtest_system_reset(qts);
    g_assert_false(qtest_get_irq(qts, USER_EXTERNAL));
    g_assert_cmphex(qtest_readl(qts, ENABLE(U_CONTEXT(0))), ==, 0);
    g_assert_cmphex(qtest_readl(qts, PENDING), ==, 0);
    qtest_quit(qts);
}

static void wait_migrated(QTestState *qts)
{
    for (;;) {
        QDict *answer = qtest_qmp_assert_success_ref(qts,
                            "{ 'execute': 'query-migrate' }");
        const char *status = qdict_get_try_str(answer, "status");
        bool completed = status && g_str_equal(status, "completed");

        g_assert_cmpstr(status ?: "", !=, "failed");
        qobject_unref(answer);
        if (completed) {
            return;
        }
        g_usleep(1000);
    }
}

static void test_migration(void)
{
    g_autofree char *file = g_strdup_printf("%s/user-devices-%d.mig",
                                            g_get_tmp_dir(), getpid());
    g_autofree char *uri = g_strdup_printf("file:%s", file);
    QTestState *qts = start();
    QTestState *to;

    prepare_uart(qts);
    enable(qts, U_CONTEXT(1), true);
    raise_interrupt(qts);
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate',"
                             " 'arguments': { 'uri': %s } }", uri);
    wait_migrated(qts);
    qtest_quit(qts);

    to = qtest_initf(MACHINE " -smp %d -incoming defer", HARTS);
    qtest_qmp_assert_success(to, "{ 'execute': 'migrate-incoming',"
                             " 'arguments': { 'uri': %s } }", uri);
    wait_migrated(to);
    unlink(file);

    g_assert_cmpuint(qtest_readl(to, CLAIM(U_CONTEXT(0))), ==, 0);
    g_assert_cmpuint(qtest_readl(to, CLAIM(U_CONTEXT(1))), ==, UART_IRQ);
    lower_interrupt(to);
    qtest_quit(to);
}

/* The second -serial; the first one stays the first UART's. */
static void test_second_uart(void)
{
    static const char hello[] = "hello";
    g_autofree char *folder = g_dir_make_tmp("user-devices-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "uart", NULL);
    int listener = unix_listen(path, &error_abort);
    int host;
    char received[sizeof(hello)] = "";
    QTestState *qts = qtest_initf(MACHINE " -serial null -serial unix:%s",
                                  path);

    host = accept(listener, NULL, NULL);
    g_assert_cmpint(host, >=, 0);

    g_assert_cmphex(qtest_readb(qts, IIR) & IIR_NONE, ==, IIR_NONE);
    for (int i = 0; i < sizeof(hello); i++) {
        qtest_writeb(qts, DATA, hello[i]);
    }
    g_assert_cmpint(recv(host, received, sizeof(received), MSG_WAITALL), ==,
                    sizeof(received));
    g_assert_cmpstr(received, ==, hello);

    g_assert_cmpint(send(host, "!", 1, 0), ==, 1);
    while (!(qtest_readb(qts, LSR) & LSR_READY)) {
        g_usleep(1000);
    }
    g_assert_cmphex(qtest_readb(qts, DATA), ==, '!');

    qtest_quit(qts);
    close(host);
    close(listener);
    unlink(path);
    rmdir(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("/riscv-user-devices/off-by-default", test_off_by_default);
    qtest_add_func("/riscv-user-devices/needs-are-named", test_needs_are_named);
    qtest_add_func("/riscv-user-devices/device-tree", test_device_tree);
    qtest_add_func("/riscv-user-devices/line-is-user-external",
                   test_line_is_user_external);
    qtest_add_func("/riscv-user-devices/other-contexts-keep-their-numbers",
                   test_other_contexts_keep_their_numbers);
    qtest_add_func("/riscv-user-devices/claim-and-complete",
                   test_claim_and_complete);
    qtest_add_func("/riscv-user-devices/enable-takes-effect-at-once",
                   test_enable_takes_effect_at_once);
    qtest_add_func("/riscv-user-devices/threshold", test_threshold);
    qtest_add_func("/riscv-user-devices/foreign-completion-ignored",
                   test_foreign_completion_ignored);
    qtest_add_func("/riscv-user-devices/reset", test_reset);
    qtest_add_func("/riscv-user-devices/migration", test_migration);
    qtest_add_func("/riscv-user-devices/second-uart", test_second_uart);
    return g_test_run();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QTest testcase for the RISC-V UINTC: registers, sends and the lines of harts
 *
 * Names of tests say the behaviour. A refused store raises an access fault in
 * a guest; through qtest it can only be seen to have changed nothing.
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "qobject/qdict.h"
#include "riscv-uintc.h"

/* What qtest_get_irq() then tells: the line of each hart. */
static QTestState *start_watching_lines(void)
{
    QTestState *qts = start();

    qtest_irq_intercept_out(qts, UINTC_PATH);
    return qts;
}

/* One bit per hart. */
static unsigned lines(QTestState *qts)
{
    unsigned all = 0;

    for (unsigned hart = 0; hart < HARTS; hart++) {
        all |= qtest_get_irq(qts, hart) << hart;
    }
    return all;
}

/* Registers */

static void test_identity(void)
{
    QTestState *qts = start();

    g_assert_cmphex(get_global(qts, OUROS_UINTC_MAGIC), ==,
                    OUROS_UINTC_MAGIC_VALUE);
    g_assert_cmpuint(get_global(qts, OUROS_UINTC_VERSION), ==, 1);
    g_assert_cmpuint(get_global(qts, OUROS_UINTC_CAPACITY), ==,
                     OUROS_UINTC_RECEIVERS);
    g_assert_cmphex(take_wake(qts), ==, 0);
    qtest_quit(qts);
}

static void test_off_by_default(void)
{
    QTestState *qts = qtest_init("-machine virt");

    g_assert_cmphex(get_global(qts, OUROS_UINTC_MAGIC), ==, 0);
    send_vector(qts, 0, 0);
    g_assert_cmphex(take(qts, 0), ==, 0);
    qtest_quit(qts);
}

static void test_needs_user_interrupts(void)
{
    g_autofree char *command = g_strdup_printf("%s -S -display none -bios none "
                                               "-machine virt,accel=tcg,"
                                               "uintc=on -cpu rv64",
                                               getenv("QTEST_QEMU_BINARY"));
    g_autofree char *message = NULL;
    int status;

    g_assert_true(g_spawn_command_line_sync(command, NULL, &message, &status,
                                            NULL));
    g_assert_cmpint(status, !=, 0);
    g_assert_nonnull(strstr(message, "add n=on to -cpu"));
}

static bool device_tree_has(const char *machine, const char *compatible)
{
    g_autofree char *file = g_strdup_printf("%s/uintc-%d.dtb", g_get_tmp_dir(),
                                            getpid());
    g_autofree char *command = g_strdup_printf("%s -bios none "
                                               "-machine %s,dumpdtb=%s",
                                               getenv("QTEST_QEMU_BINARY"),
                                               machine, file);
    g_autofree char *tree = NULL;
    gsize size;
    int status;

    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, &status,
                                            NULL));
    g_assert_cmpint(status, ==, 0);
    g_assert_true(g_file_get_contents(file, &tree, &size, NULL));
    unlink(file);
    return memmem(tree, size, compatible, strlen(compatible) + 1);
}

static void test_device_tree(void)
{
    static const char * const aia[] = { "none", "aplic", "aplic-imsic" };

    g_assert_false(device_tree_has("virt", OUROS_UINTC_COMPATIBLE));
    for (int i = 0; i < ARRAY_SIZE(aia); i++) {
        g_autofree char *machine = g_strdup_printf("virt,accel=qtest,"
                                                   "uintc=on,aia=%s", aia[i]);

        g_assert_true(device_tree_has(machine, OUROS_UINTC_COMPATIBLE));
    }
}

static void test_receivers_are_apart(void)
{
    QTestState *qts = start();
    unsigned i;

    for (i = 0; i < OUROS_UINTC_RECEIVERS; i++) {
        g_assert_cmphex(get_low(qts, i), ==, 0);
        g_assert_cmphex(take(qts, i), ==, 0);
        set_low(qts, i, HART(i % HARTS) | GENERATION(i));
        add_pending(qts, i, i + 1);
    }
    for (i = 0; i < OUROS_UINTC_RECEIVERS; i++) {
        g_assert_cmphex(get_low(qts, i), ==, HART(i % HARTS) | GENERATION(i));
        g_assert_cmphex(take(qts, i), ==, i + 1);
    }
    qtest_quit(qts);
}

static void test_low_keeps_its_fields_only(void)
{
    QTestState *qts = start();
    uint64_t all = OUROS_UINTC_LOW_ACTIVE | OUROS_UINTC_LOW_MODE64 |
                   OUROS_UINTC_LOW_WAKE_ENABLE | GENERATION(0xffff);

    set_low(qts, 5, ~HART(0xffff) | HART(2));
    g_assert_cmphex(get_low(qts, 5), ==, all | HART(2));
    g_assert_cmphex(get_active(qts, 5), ==, 1);
    set_active(qts, 5, false);
    g_assert_cmphex(get_low(qts, 5), ==, (all & ~ACTIVE) | HART(2));
    g_assert_cmphex(get_active(qts, 5), ==, 0);
    qtest_quit(qts);
}

static void test_high_adds_and_clears(void)
{
    QTestState *qts = start();

    add_pending(qts, 1, 0x5);
    add_pending(qts, 1, 0x8000000000000002ull);
    g_assert_cmphex(take(qts, 1), ==, 0x8000000000000007ull);
    add_pending(qts, 1, 0x5);
    add_pending(qts, 1, 0);
    g_assert_cmphex(take(qts, 1), ==, 0);
    qtest_quit(qts);
}

static void test_odd_accesses_do_nothing(void)
{
    QTestState *qts = start();

    set_low(qts, 1, HART(1));
    add_pending(qts, 1, 1);
    qtest_writeb(qts, window(1, OUROS_UINTC_LOW), 1);
    qtest_writew(qts, window(1, OUROS_UINTC_LOW + 2), 3);
    qtest_writew(qts, window(1, OUROS_UINTC_HIGH), 0xff);
    qtest_writeb(qts, window(1, OUROS_UINTC_SEND), 7);
    qtest_writew(qts, window(1, OUROS_UINTC_SEND), 7);
    qtest_writel(qts, window(1, OUROS_UINTC_SEND + 4), 7);
    qtest_readw(qts, window(1, OUROS_UINTC_HIGH));
    g_assert_cmphex(get_low(qts, 1), ==, HART(1));
    g_assert_cmphex(take(qts, 1), ==, 1);
    qtest_quit(qts);
}

/* Sends */

static void test_every_vector(void)
{
    QTestState *qts = start();
    unsigned vector;

    for (vector = 0; vector < OUROS_UINTC_VECTORS; vector++) {
        send_vector(qts, 3, vector);
        g_assert_cmphex(take(qts, 3), ==, 1ull << vector);
        message(qts, 3, 0, vector);
        g_assert_cmphex(take(qts, 3), ==, 1ull << vector);
        g_assert_cmphex(take(qts, 3), ==, 0);
    }
    qtest_quit(qts);
}

static void test_sends_merge_per_vector_only(void)
{
    QTestState *qts = start();
    uint64_t expected = 0;

    for (unsigned vector = 0; vector < OUROS_UINTC_VECTORS; vector += 3) {
        send_vector(qts, 0, vector);
        send_vector(qts, 0, vector);
        expected |= 1ull << vector;
    }
    g_assert_cmphex(take(qts, 0), ==, expected);
    qtest_quit(qts);
}

static void test_vector_out_of_range_refused(void)
{
    QTestState *qts = start_watching_lines();
    static const uint16_t vectors[] = { 64, 65, 128, 0x7fff, 0x8000, 0xffff };

    set_low(qts, 2, ACTIVE);
    for (unsigned i = 0; i < ARRAY_SIZE(vectors); i++) {
        send_vector(qts, 2, vectors[i]);
        message(qts, 2, 0, vectors[i]);
        g_assert_cmphex(lines(qts), ==, 0);
        g_assert_cmphex(take(qts, 2), ==, 0);
    }
    qtest_quit(qts);
}

static void test_receiver_out_of_range_refused(void)
{
    QTestState *qts = start();
    unsigned beyond = OUROS_UINTC_SIZE / OUROS_UINTC_RECEIVER_SIZE;

    for (unsigned i = OUROS_UINTC_RECEIVERS; i < beyond; i++) {
        send_vector(qts, i, 1);
        message(qts, i, 0, 1);
    }
    g_assert_cmphex(get_global(qts, OUROS_UINTC_MAGIC), ==,
                    OUROS_UINTC_MAGIC_VALUE);
    for (unsigned i = 0; i < OUROS_UINTC_RECEIVERS; i++) {
        g_assert_cmphex(take(qts, i), ==, 0);
    }
    qtest_quit(qts);
}

/* Generations */

static void test_generation_change_clears(void)
{
    QTestState *qts = start_watching_lines();

    set_low(qts, 7, ACTIVE | GENERATION(1));
    send_vector(qts, 7, 40);
    g_assert_cmphex(lines(qts), ==, 1);
    /* The same generation: everything stays. */
    set_low(qts, 7, ACTIVE | HART(1) | GENERATION(1));
    g_assert_cmphex(lines(qts), ==, 2);
    /* The next owner, at once active on the same hart. */
    set_low(qts, 7, ACTIVE | HART(1) | GENERATION(2));
    g_assert_cmphex(lines(qts), ==, 0);
    g_assert_cmphex(take(qts, 7), ==, 0);
    qtest_quit(qts);
}

static void test_stale_send_refused(void)
{
    QTestState *qts = start_watching_lines();

    set_low(qts, 7, ACTIVE | GENERATION(1));
    message(qts, 7, 1, 40);
    g_assert_cmphex(take(qts, 7), ==, 1ull << 40);

    set_low(qts, 7, ACTIVE | GENERATION(2));
    message(qts, 7, 1, 40);
    g_assert_cmphex(lines(qts), ==, 0);
    g_assert_cmphex(take(qts, 7), ==, 0);
    message(qts, 7, 2, 41);
    g_assert_cmphex(take(qts, 7), ==, 1ull << 41);

    /* Generation 0 is not checked: software for the published text sends so. */
    message(qts, 7, 0, 42);
    g_assert_cmphex(take(qts, 7), ==, 1ull << 42);
    qtest_quit(qts);
}

/*
 * How a kernel takes a slot away: what came before the refusal is there to be
 * taken after it.
 */
static void test_keep_survives_a_change(void)
{
    QTestState *qts = start_watching_lines();

    set_low(qts, 7, WAKE_ENABLE | GENERATION(1));
    message(qts, 7, 1, 40);
    set_low(qts, 7, KEEP | GENERATION(2));
    g_assert_cmphex(take_wake(qts), ==, 0);
    message(qts, 7, 1, 41);
    g_assert_cmphex(take(qts, 7), ==, 1ull << 40);
    g_assert_cmphex(get_low(qts, 7), ==, GENERATION(2));
    /* It is of that write only. */
    message(qts, 7, 2, 42);
    set_low(qts, 7, GENERATION(3));
    g_assert_cmphex(take(qts, 7), ==, 0);
    qtest_quit(qts);
}

static void test_fewer_receivers(void)
{
    QTestState *qts = qtest_init("-machine virt,uintc=on -global "
                                 "driver=riscv.uintc,property=receivers,"
                                 "value=8");

    g_assert_cmpuint(get_global(qts, OUROS_UINTC_CAPACITY), ==, 8);
    send_vector(qts, 7, 1);
    g_assert_cmphex(take(qts, 7), ==, 2);
    send_vector(qts, 8, 1);
    add_pending(qts, 8, 1);
    set_low(qts, 8, GENERATION(1));
    g_assert_cmphex(take(qts, 8), ==, 0);
    g_assert_cmphex(get_low(qts, 8), ==, 0);
    qtest_quit(qts);
}

/* The harts' lines */

static void test_line_is_pending_and_active(void)
{
    QTestState *qts = start_watching_lines();

    send_vector(qts, 0, 63);
    g_assert_cmphex(lines(qts), ==, 0);
    set_active(qts, 0, true);
    g_assert_cmphex(lines(qts), ==, 1);
    set_active(qts, 0, false);
    g_assert_cmphex(lines(qts), ==, 0);
    set_active(qts, 0, true);
    g_assert_cmphex(lines(qts), ==, 1);
    send_vector(qts, 0, 0);
    g_assert_cmphex(take(qts, 0), ==, 0x8000000000000001ull);
    g_assert_cmphex(lines(qts), ==, 0);
    send_vector(qts, 0, 1);
    g_assert_cmphex(lines(qts), ==, 1);
    add_pending(qts, 0, 0);
    g_assert_cmphex(lines(qts), ==, 0);
    qtest_quit(qts);
}

static void test_line_follows_hart(void)
{
    QTestState *qts = start_watching_lines();

    set_low(qts, 9, ACTIVE | HART(0));
    send_vector(qts, 9, 33);
    for (unsigned hart = 0; hart < HARTS; hart++) {
        set_low(qts, 9, ACTIVE | HART(hart));
        g_assert_cmphex(lines(qts), ==, 1u << hart);
    }
    /* Away from its hart and on to another, as a kernel does it. */
    set_low(qts, 9, HART(HARTS - 1));
    g_assert_cmphex(lines(qts), ==, 0);
    set_low(qts, 9, ACTIVE | HART(1));
    g_assert_cmphex(lines(qts), ==, 2);
    g_assert_cmphex(take(qts, 9), ==, 1ull << 33);
    g_assert_cmphex(lines(qts), ==, 0);
    qtest_quit(qts);
}

static void test_line_is_shared(void)
{
    QTestState *qts = start_watching_lines();

    set_low(qts, 1, ACTIVE | HART(2));
    set_low(qts, 2, ACTIVE | HART(2));
    send_vector(qts, 1, 1);
    send_vector(qts, 2, 2);
    take(qts, 1);
    g_assert_cmphex(lines(qts), ==, 4);
    take(qts, 2);
    g_assert_cmphex(lines(qts), ==, 0);
    qtest_quit(qts);
}

static void test_hart_out_of_range_refused(void)
{
    QTestState *qts = start_watching_lines();

    set_low(qts, 1, ACTIVE | HART(2) | GENERATION(3));
    send_vector(qts, 1, 1);
    set_low(qts, 1, WAKE_ENABLE | HART(HARTS) | GENERATION(4));
    set_low(qts, 1, HART(0xffff));
    g_assert_cmphex(get_low(qts, 1), ==, ACTIVE | HART(2) | GENERATION(3));
    g_assert_cmphex(lines(qts), ==, 4);
    g_assert_cmphex(take(qts, 1), ==, 2);
    qtest_quit(qts);
}

/*
 * The rule of the lines, checked after every step of a long random run over
 * few receivers: line(hart) = OR (active && pending), and nothing that was
 * sent is ever lost.
 */
static void test_random_order(void)
{
    enum { STEPS = 4000, RECEIVERS = 3 };
    struct {
        uint64_t pending;
        uint16_t generation;
        unsigned hart;
        bool active;
    } model[RECEIVERS] = { };
    QTestState *qts = start_watching_lines();
    GRand *random = g_rand_new_with_seed(20);

    for (unsigned step = 0; step < STEPS; step++) {
        unsigned i = g_rand_int_range(random, 0, RECEIVERS);
        unsigned vector = g_rand_int_range(random, 0, OUROS_UINTC_VECTORS);
        unsigned expected = 0;

        switch (g_rand_int_range(random, 0, 7)) {
        case 0:
        case 1:
            send_vector(qts, i, vector);
            model[i].pending |= 1ull << vector;
            break;
        case 2:
            message(qts, i, model[i].generation + 1, vector);
            break;
        case 3:
            g_assert_cmphex(take(qts, i), ==, model[i].pending);
            model[i].pending = 0;
            break;
        case 4:
            model[i].active = !model[i].active;
            set_active(qts, i, model[i].active);
            break;
        case 5:
            model[i].hart = g_rand_int_range(random, 0, HARTS);
            set_low(qts, i, model[i].active | HART(model[i].hart) |
                            GENERATION(model[i].generation));
            break;
        case 6:
            if (step % 5) {
                break;
            }
            model[i].pending = 0;
            model[i].active = false;
            model[i].hart = 0;
            model[i].generation++;
            set_low(qts, i, GENERATION(model[i].generation));
            break;
        }

        for (i = 0; i < RECEIVERS; i++) {
            if (model[i].active && model[i].pending) {
                expected |= 1u << model[i].hart;
            }
        }
        g_assert_cmphex(lines(qts), ==, expected);
    }
    g_rand_free(random);
    qtest_quit(qts);
}

/* Reset and migration */

static void test_reset(void)
{
    QTestState *qts = start_watching_lines();

    set_low(qts, 1, ACTIVE | HART(3) | GENERATION(9));
    set_low(qts, 2, WAKE_ENABLE);
    send_vector(qts, 1, 1);
    send_vector(qts, 2, 1);
    g_assert_cmphex(lines(qts), ==, 8);
    qtest_system_reset(qts);
    g_assert_cmphex(lines(qts), ==, 0);
    for (unsigned i = 0; i < OUROS_UINTC_RECEIVERS; i++) {
        g_assert_cmphex(get_low(qts, i), ==, 0);
        g_assert_cmphex(take(qts, i), ==, 0);
    }
    g_assert_cmphex(take_wake(qts), ==, 0);
    /* The count behind the line was reset too. */
    set_low(qts, 1, ACTIVE | HART(3));
    send_vector(qts, 1, 1);
    g_assert_cmphex(lines(qts), ==, 8);
    take(qts, 1);
    g_assert_cmphex(lines(qts), ==, 0);
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
    g_autofree char *file = g_strdup_printf("%s/uintc-%d.mig", g_get_tmp_dir(),
                                            getpid());
    g_autofree char *uri = g_strdup_printf("file:%s", file);
    QTestState *qts = start();
    QTestState *to;

    set_low(qts, 1, ACTIVE | OUROS_UINTC_LOW_MODE64 | HART(1) | GENERATION(5));
    set_low(qts, 2, ACTIVE | HART(1));
    set_low(qts, 30, WAKE_ENABLE);
    set_low(qts, 20, WAKE_ENABLE);
    set_low(qts, 40, WAKE_ENABLE);
    send_vector(qts, 1, 63);
    send_vector(qts, 2, 0);
    send_vector(qts, 30, 3);
    send_vector(qts, 20, 4);
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate',"
                             " 'arguments': { 'uri': %s } }", uri);
    wait_migrated(qts);
    qtest_quit(qts);

    to = qtest_initf("-machine virt,uintc=on -smp %d -incoming defer", HARTS);
    qtest_irq_intercept_out(to, UINTC_PATH);
    qtest_qmp_assert_success(to, "{ 'execute': 'migrate-incoming',"
                             " 'arguments': { 'uri': %s } }", uri);
    wait_migrated(to);
    unlink(file);

    g_assert_cmphex(get_low(to, 1), ==, ACTIVE | OUROS_UINTC_LOW_MODE64 |
                                        HART(1) | GENERATION(5));
    g_assert_cmphex(get_low(to, 40), ==, WAKE_ENABLE);
    g_assert_cmphex(take(to, 1), ==, 1ull << 63);
    g_assert_cmphex(take(to, 2), ==, 1);
    send_vector(to, 2, 1);
    g_assert_cmphex(lines(to), ==, 2);
    take(to, 2);
    g_assert_cmphex(lines(to), ==, 0);
    /* The order of the list, with one more behind. */
    send_vector(to, 40, 5);
    g_assert_cmphex(take_wake(to), ==, woken(30));
    g_assert_cmphex(take_wake(to), ==, woken(20));
    g_assert_cmphex(take_wake(to), ==, woken(40));
    g_assert_cmphex(take_wake(to), ==, 0);
    g_assert_cmphex(take(to, 20), ==, 1 << 4);
    qtest_quit(to);
}

static void test_monitor(void)
{
    QTestState *qts = start();
    g_autofree char *info = NULL;

    set_low(qts, 17, ACTIVE | HART(2) | GENERATION(5));
    set_low(qts, 18, WAKE_ENABLE);
    send_vector(qts, 17, 40);
    send_vector(qts, 18, 0);
    info = qtest_hmp(qts, "info pic");
    g_assert_nonnull(strstr(info, "hart 2: line high"));
    g_assert_nonnull(strstr(info, "hart 1: line low"));
    g_assert_nonnull(strstr(info, "receiver 17: generation 5 hart 2 active "
                                  "pending 0x0000010000000000"));
    g_assert_nonnull(strstr(info, "wake list: 18"));
    /* Looking took nothing. */
    g_assert_cmphex(take(qts, 17), ==, 1ull << 40);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("/riscv-uintc/identity", test_identity);
    qtest_add_func("/riscv-uintc/off-by-default", test_off_by_default);
    qtest_add_func("/riscv-uintc/needs-user-interrupts",
                   test_needs_user_interrupts);
    qtest_add_func("/riscv-uintc/device-tree", test_device_tree);
    qtest_add_func("/riscv-uintc/receivers-are-apart",
                   test_receivers_are_apart);
    qtest_add_func("/riscv-uintc/low-keeps-its-fields-only",
                   test_low_keeps_its_fields_only);
    qtest_add_func("/riscv-uintc/high-adds-and-clears",
                   test_high_adds_and_clears);
    qtest_add_func("/riscv-uintc/odd-accesses-do-nothing",
                   test_odd_accesses_do_nothing);
    qtest_add_func("/riscv-uintc/send/every-vector", test_every_vector);
    qtest_add_func("/riscv-uintc/send/merge-per-vector-only",
                   test_sends_merge_per_vector_only);
    qtest_add_func("/riscv-uintc/send/vector-out-of-range-refused",
                   test_vector_out_of_range_refused);
    qtest_add_func("/riscv-uintc/send/receiver-out-of-range-refused",
                   test_receiver_out_of_range_refused);
    qtest_add_func("/riscv-uintc/generation/change-clears",
                   test_generation_change_clears);
    qtest_add_func("/riscv-uintc/generation/keep-survives-a-change",
                   test_keep_survives_a_change);
    qtest_add_func("/riscv-uintc/fewer-receivers", test_fewer_receivers);
    qtest_add_func("/riscv-uintc/generation/stale-send-refused",
                   test_stale_send_refused);
    qtest_add_func("/riscv-uintc/line/is-pending-and-active",
                   test_line_is_pending_and_active);
    qtest_add_func("/riscv-uintc/line/follows-hart", test_line_follows_hart);
    qtest_add_func("/riscv-uintc/line/is-shared", test_line_is_shared);
    qtest_add_func("/riscv-uintc/line/hart-out-of-range-refused",
                   test_hart_out_of_range_refused);
    qtest_add_func("/riscv-uintc/line/random-order", test_random_order);
    qtest_add_func("/riscv-uintc/reset", test_reset);
    qtest_add_func("/riscv-uintc/migration", test_migration);
    qtest_add_func("/riscv-uintc/monitor", test_monitor);
    return g_test_run();
}

// SPDX-License-Identifier: BSD-2-Clause
#include "device-tree/machine.h"

#include <cstring>
#include <initializer_list>

extern "C" {
#include <libfdt.h>
}

namespace kernel {

machine_description machine;

namespace {

const void* tree;

uint64_t read_cells(const fdt32_t* cells, int count) {
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 32 | fdt32_to_cpu(cells[i]);
    return value;
}

// An address in the terms of `bus` as the root has it: `ranges` of each bus on the way translates.
uint64_t to_root(int bus, uint64_t address) {
    while (bus > 0) {
        int above = fdt_parent_offset(tree, bus);
        int length = 0;
        auto* cells = static_cast<const fdt32_t*>(fdt_getprop(tree, bus, "ranges", &length));
        if (above < 0 || !cells)
            return address;
        int child_cells = fdt_address_cells(tree, bus);
        int above_cells = fdt_address_cells(tree, above);
        int size_cells = fdt_size_cells(tree, bus);
        if (child_cells < 1 || above_cells < 1 || size_cells < 1)
            return address;
        int stride = child_cells + above_cells + size_cells;
        for (int left = length / 4; left >= stride; left -= stride, cells += stride) {
            uint64_t from = read_cells(cells, child_cells);
            uint64_t to = read_cells(cells + child_cells, above_cells);
            uint64_t size = read_cells(cells + child_cells + above_cells, size_cells);
            if (address >= from && address - from < size) {
                address = address - from + to;
                break;
            }
        }
        bus = above;
    }
    return address;
}

// Entry `index` of the node's `reg`.
memory_range read_reg(int node, int index = 0) {
    int parent = fdt_parent_offset(tree, node);
    if (parent < 0)
        return {};
    int address_cells = fdt_address_cells(tree, parent);
    int size_cells = fdt_size_cells(tree, parent);
    int length = 0;
    auto* cells = static_cast<const fdt32_t*>(fdt_getprop(tree, node, "reg", &length));
    if (!cells || address_cells < 1 || address_cells > 2 || size_cells < 0 || size_cells > 2)
        return {};
    int stride = address_cells + size_cells;
    if (length < int(sizeof(fdt32_t)) * stride * (index + 1))
        return {};
    cells += stride * index;
    return {to_root(parent, read_cells(cells, address_cells)),
            read_cells(cells + address_cells, size_cells)};
}

uint64_t read_number(int node, const char* name, uint64_t otherwise) {
    int length = 0;
    auto* cells = static_cast<const fdt32_t*>(fdt_getprop(tree, node, name, &length));
    return cells && length >= 4 ? read_cells(cells, length / 4 > 2 ? 2 : length / 4) : otherwise;
}

bool has_word(int node, const char* name, const char* word) {
    int length = 0;
    auto* value = static_cast<const char*>(fdt_getprop(tree, node, name, &length));
    return value && fdt_stringlist_contains(value, length, word);
}

memory_range find_device(const char* compatible, uint32_t* interrupt = nullptr) {
    int node = fdt_node_offset_by_compatible(tree, -1, compatible);
    if (node < 0)
        return {};
    if (interrupt)
        *interrupt = uint32_t(read_number(node, "interrupts", 0));
    return read_reg(node);
}

// An extension's name in "rv64imafdch_zicsr_sstc_n...": between underscores.
bool isa_string_has(const char* isa, const char* extension) {
    size_t length = strlen(extension);
    for (const char* p = strchr(isa, '_'); p; p = strchr(p + 1, '_'))
        if (!strncmp(p + 1, extension, length) && (p[1 + length] == '_' || !p[1 + length]))
            return true;
    return false;
}

void read_hart(int node) {
    auto* status = static_cast<const char*>(fdt_getprop(tree, node, "status", nullptr));
    if (status && strcmp(status, "okay"))
        return;
    if (machine.harts == machine_description::max_listed_harts) {
        machine.harts_ignored++;
        return;
    }
    machine.hart_ids[machine.harts++] = read_reg(node).start;
    auto* isa = static_cast<const char*>(fdt_getprop(tree, node, "riscv,isa", nullptr));
    if (machine.harts == 1 && isa) {
        machine.sstc = isa_string_has(isa, "sstc");
        if (isa_string_has(isa, "zicboz"))
            machine.zero_block = uint32_t(read_number(node, "riscv,cboz-block-size", 0));
    }
}

// The PLIC lists its contexts as pairs (interrupt controller of a hart, interrupt number).
void read_plic_contexts(int plic) {
    for (uint32_t& context : machine.plic_user_context)
        context = machine_description::no_context;
    int length = 0;
    auto* cells =
        static_cast<const fdt32_t*>(fdt_getprop(tree, plic, "interrupts-extended", &length));
    if (!cells)
        return;
    for (int context = 0; context < length / 8; context++) {
        constexpr uint32_t user_external = 8, supervisor_external = 9;
        uint32_t interrupt = fdt32_to_cpu(cells[2 * context + 1]);
        if (interrupt != supervisor_external && interrupt != user_external)
            continue;
        int controller = fdt_node_offset_by_phandle(tree, fdt32_to_cpu(cells[2 * context]));
        int cpu = controller < 0 ? -1 : fdt_parent_offset(tree, controller);
        if (cpu < 0)
            continue;
        uint64_t id = read_reg(cpu).start;
        for (unsigned i = 0; i < machine.harts; i++)
            if (machine.hart_ids[i] == id)
                (interrupt == user_external ? machine.plic_user_context : machine.plic_context)[i] =
                    uint32_t(context);
    }
}

void copy_name(char (&to)[32], int node) {
    if (const char* name = fdt_get_name(tree, node, nullptr))
        memcpy(to, name, strnlen(name, sizeof to - 1));
}

// /chosen stdout-path names the console's UART; if it doesn't, the first one is it.
int find_console_uart(const char* compatible) {
    int chosen = fdt_path_offset(tree, "/chosen"), length = 0;
    auto* path = chosen < 0
                     ? nullptr
                     : static_cast<const char*>(fdt_getprop(tree, chosen, "stdout-path", &length));
    if (path && length > 0) {
        const char* options = static_cast<const char*>(memchr(path, ':', size_t(length)));
        int node = fdt_path_offset_namelen(
            tree, path, int(options ? size_t(options - path) : strnlen(path, size_t(length))));
        if (node >= 0 && fdt_node_check_compatible(tree, node, compatible) == 0)
            return node;
    }
    return fdt_node_offset_by_compatible(tree, -1, compatible);
}

void read_uarts() {
    constexpr const char* compatible = "ns16550a";
    int console = find_console_uart(compatible);
    if (console < 0)
        return;
    machine.uart = read_reg(console);
    machine.uart_interrupt = uint32_t(read_number(console, "interrupts", 0));
    copy_name(machine.uart_name, console);
    for (int node = fdt_node_offset_by_compatible(tree, -1, compatible); node >= 0;
         node = fdt_node_offset_by_compatible(tree, node, compatible)) {
        if (node == console || machine.spare_count == machine_description::max_spare)
            continue;
        spare_device& spare = machine.spare[machine.spare_count++];
        copy_name(spare.name, node);
        spare.registers = read_reg(node);
        spare.interrupt = uint32_t(read_number(node, "interrupts", 0));
    }
}

void reserve(memory_range range) {
    if (range && machine.reserved_count < machine_description::max_reserved)
        machine.reserved[machine.reserved_count++] = range;
}

void read_chosen() {
    int chosen = fdt_path_offset(tree, "/chosen");
    if (chosen < 0)
        return;
    uint64_t start = read_number(chosen, "linux,initrd-start", 0);
    uint64_t end = read_number(chosen, "linux,initrd-end", 0);
    if (end > start)
        machine.initrd = {start, end - start};
    int length = 0;
    auto* arguments = static_cast<const char*>(fdt_getprop(tree, chosen, "bootargs", &length));
    if (arguments && length > 0)
        memcpy(machine.arguments, arguments, strnlen(arguments, sizeof machine.arguments - 32));
}

void read_reserved_memory() {
    int count = fdt_num_mem_rsv(tree);
    for (int i = 0; i < count; i++) {
        uint64_t start, size;
        if (fdt_get_mem_rsv(tree, i, &start, &size) == 0)
            reserve({start, size});
    }
    int parent = fdt_path_offset(tree, "/reserved-memory");
    if (parent < 0)
        return;
    int node;
    fdt_for_each_subnode(node, tree, parent) reserve(read_reg(node));
}

} // namespace

const char* machine_argument(const char* name) {
    size_t length = strlen(name);
    for (const char* at = machine.arguments; *at;) {
        if (memcmp(at, name, length) == 0) { // there is room behind the arguments for any name
            if (at[length] == '=')
                return at + length + 1;
            if (!at[length] || at[length] == ' ')
                return "";
        }
        while (*at && *at != ' ')
            at++;
        while (*at == ' ')
            at++;
    }
    return nullptr;
}

const char* machine_read(uint64_t address) {
    tree = reinterpret_cast<const void*>(address);
    if (!address || fdt_check_header(tree) != 0)
        return "no device tree";
    machine.tree = {address, fdt_totalsize(tree)};

    int memory = fdt_node_offset_by_prop_value(tree, -1, "device_type", "memory", 7);
    if (memory < 0 || !(machine.memory = read_reg(memory)))
        return "the device tree names no memory";

    int cpus = fdt_path_offset(tree, "/cpus");
    if (cpus < 0)
        return "the device tree names no harts";
    machine.timebase = read_number(cpus, "timebase-frequency", 0);
    if (!machine.timebase)
        return "the device tree has no timebase-frequency";
    int node;
    fdt_for_each_subnode(node, tree, cpus) {
        if (has_word(node, "device_type", "cpu"))
            read_hart(node);
    }

    read_chosen();
    read_reserved_memory();
    read_uarts();
    machine.power = find_device("sifive,test0");
    machine.uintc = find_device("ouros,uintc", &machine.uintc_interrupt);
    machine.asyscall = find_device("ouros,asyscall", &machine.asyscall_interrupt);
    for (const char* name : {"sifive,plic-1.0.0", "riscv,plic0"}) {
        int plic = fdt_node_offset_by_compatible(tree, -1, name);
        if (plic < 0)
            continue;
        machine.plic = read_reg(plic);
        read_plic_contexts(plic);
        break;
    }
    return nullptr;
}

} // namespace kernel

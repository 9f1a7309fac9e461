// SPDX-License-Identifier: BSD-2-Clause
//
// Tables that the linker puts together from what is linked, so that a part of the kernel can be
// left out (the option kernel_without) and nobody has a list to keep:
//
//   REGISTRY(file_system, file_systems);                        in a header: the table's type
//   REGISTER(file_systems) const file_system procfs = {...};    in the part's own file
//   for (const file_system& f : registered_file_systems()) ...  in the order of linking
//
// A table is a section of kernel.lds.
#pragma once

#include <span>

#define REGISTRY(type, name)                                                                       \
    extern "C" const type registry_##name##_start[], registry_##name##_end[];                      \
    inline std::span<const type> registered_##name() {                                             \
        return {registry_##name##_start, registry_##name##_end};                                   \
    }

#define REGISTER(name) [[gnu::section(".registry." #name), gnu::used]]

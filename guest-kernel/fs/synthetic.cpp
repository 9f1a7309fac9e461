// SPDX-License-Identifier: BSD-2-Clause
#include "fs/synthetic.h"

namespace kernel {

// What a node is not.

long synthetic_node::find(std::string_view, ref<synthetic_node>&) {
    return 0;
}
ref<synthetic_node> synthetic_node::parent() const {
    return {};
}
size_t synthetic_node::name(char*) const {
    return 0;
}
synthetic_node::target synthetic_node::follow(const caller*, ref<shared_text>&, path_place&) {
    return target::gone;
}
ref<shared_text> synthetic_node::link_text(const caller*) {
    return {};
}
bool synthetic_node::next_entry(uint64_t&, listed&) {
    return false;
}

} // namespace kernel

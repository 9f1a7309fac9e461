// SPDX-License-Identifier: BSD-2-Clause
#include "support.h"

#include <cstdlib>
#include <cstring>

#include "schedule/preemption.h"

namespace {

size_t in_use;
size_t limit = SIZE_MAX;

} // namespace

size_t pages_in_use() {
    return in_use;
}

page_limit::page_limit(size_t count) {
    limit = in_use + count;
}
page_limit::~page_limit() {
    limit = SIZE_MAX;
}

namespace kernel {

void* allocate_zeroed_page() {
    if (in_use >= limit)
        return nullptr;
    in_use++;
    void* page = std::aligned_alloc(page_size, page_size);
    std::memset(page, 0, page_size);
    return page;
}

void preemption_point_apart() {}

void free_pages(void* page) {
    in_use--;
    std::free(page);
}

file_time current_file_time() {
    static int64_t ticks;
    return {++ticks, 0};
}

} // namespace kernel

walked::walked(kernel::tmpfs& tree, std::string path, unsigned flags,
               const kernel::path_place& start) {
    std::memcpy(buffer, path.c_str(), path.size() + 1);
    error = walk.run(tree.root(), start, buffer, flags);
}

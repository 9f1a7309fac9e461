// SPDX-License-Identifier: BSD-2-Clause

#include <cerrno>
#include <ouros/calls.hpp>
#include <ouros/exceptions.hpp>
#include <ouros/pager.hpp>
#include <sys/mman.h>

namespace ouros {

namespace {

constinit thread_local pager* pagers = nullptr;

} // namespace

// The page is allowed and brought in before it is filled: a fault of the function on its own page
// would call it again.
bool make_page(pager& p, uint64_t address) {
    uint64_t offset = address - reinterpret_cast<uint64_t>(p.memory_);
    if (offset >= p.size_)
        return false;
    offset &= ~uint64_t{pager::page_size - 1};
    char* page = p.memory_ + offset;
    if (mprotect(page, pager::page_size, PROT_READ | PROT_WRITE) != 0 ||
        kernel::fault_in(reinterpret_cast<uint64_t>(page), PROT_WRITE) < 0)
        return false;
    p.made_++;
    p.function_(page, offset / pager::page_size, p.data_);
    return true;
}

namespace {

exceptions::action on_fault(exceptions::context& at, void*) {
    for (pager* p = pagers; p; p = p->next_in_thread())
        if (make_page(*p, at.value))
            return exceptions::action::resume;
    return exceptions::action::decline;
}

} // namespace

int64_t pager::open(size_t size, fill* function, void* data) {
    size = (size + page_size - 1) & ~(page_size - 1);
    void* memory = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -ENOMEM;
    memory_ = static_cast<char*>(memory);
    size_ = size;
    function_ = function;
    data_ = data;
    next_ = pagers;
    pagers = this;
    for (auto of : {exceptions::cause::load_page_fault, exceptions::cause::store_page_fault})
        if (int64_t error = exceptions::set_handler(of, on_fault); error < 0)
            return error;
    return 0;
}

pager::~pager() {
    for (pager** at = &pagers; *at; at = &(*at)->next_)
        if (*at == this) {
            *at = next_;
            break;
        }
    if (memory_)
        munmap(memory_, size_);
}

} // namespace ouros

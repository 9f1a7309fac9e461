// SPDX-License-Identifier: BSD-2-Clause
#include "memory/page_object.h"

#include "fs/page_tree.h"
#include "lib/spinlock.h"

namespace kernel {

namespace {

class anonymous_object final : public page_object {
  public:
    result<void*> shared_page(uint64_t index) override {
        lock_guard guard(lock_);
        void* page = pages_.make(index);
        if (!page)
            return result<void*>::failure(-ENOMEM);
        add_page_reference(page);
        return page;
    }

    void empty() override { pages_.empty(); }

  private:
    spinlock lock_;
    page_tree pages_;
};

} // namespace

ref<page_object> make_anonymous_object() {
    return ref<anonymous_object>::adopt(new (std::nothrow) anonymous_object);
}

} // namespace kernel

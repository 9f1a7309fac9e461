// SPDX-License-Identifier: BSD-2-Clause
//
// Pages that several address spaces can have mapped at once: what MAP_SHARED shows. Anonymous
// memory that is shared after fork, the contents of a file in memory. A page table entry has a
// reference to its page, so that a page that leaves the object (truncate) stays where it is mapped.
//
// Lock order: a file's lock, the address space's, the object's own.
#pragma once

#include "fs/shared_text.h"
#include "lib/error.h"
#include "lib/ref.h"

namespace kernel {

class page_object : public ref_counted {
  public:
    virtual ~page_object() = default;

    // Absolute path of the file, or null. Set before others know of the object.
    ref<shared_text> name;

    // The page at an index, made if there is none yet, with a reference for the caller.
    // -ENOMEM; -ENXIO behind the end.
    virtual result<void*> shared_page(uint64_t index) = 0;
    // By whoever has the last reference: gives its pages back in steps, with preemption points, if
    // it is the only owner of them.
    virtual void empty() {}
    // The same for every object that shows the same pages.
    virtual const void* identity() const { return this; }
};

// Zero pages of nobody else. Null: out of memory.
ref<page_object> make_anonymous_object();

} // namespace kernel

// SPDX-License-Identifier: BSD-2-Clause
//
// Memory whose pages a function of the program makes when they are first touched: a file that is
// compressed, a table that is computed, an object from a store.
#ifndef OUROS_PAGER_HPP
#define OUROS_PAGER_HPP

#include <cstddef>
#include <cstdint>

namespace ouros {

class pager {
  public:
    static constexpr size_t page_size = 4096;
    // Called in the handler (ouros/exceptions.hpp): integer registers only. `page` is there, zero
    // and writable. It may touch other pages of this or another pager.
    using fill = void(char* page, size_t index, void* data);

    pager() = default;
    ~pager();
    pager(const pager&) = delete;
    pager& operator=(const pager&) = delete;

    // For the calling thread, which alone may use the memory until all of it has been touched.
    // Takes the handlers for page faults. 0 or -errno.
    int64_t open(size_t size, fill* function, void* data = nullptr);

    char* begin() const { return memory_; }
    size_t size() const { return size_; }
    uint64_t pages_made() const { return made_; }
    pager* next_in_thread() const { return next_; }

  private:
    friend bool make_page(pager&, uint64_t address);

    char* memory_ = nullptr;
    size_t size_ = 0;
    fill* function_ = nullptr;
    void* data_ = nullptr;
    uint64_t made_ = 0;
    pager* next_ = nullptr; // of this thread
};

} // namespace ouros

#endif // OUROS_PAGER_HPP

// SPDX-License-Identifier: BSD-2-Clause
//
// Doubly linked list whose links live in the elements: nothing is allocated, so queueing can't
// fail. An element T derives from list_node<T>, or from list_node<Tag> for each further list it can
// be on at the same time. Not synchronised: whoever owns the list owns a lock for it.
#pragma once

#include <cstddef>

namespace kernel {

template <class Tag>
struct list_node {
    list_node* next = nullptr;
    list_node* previous = nullptr;

    bool linked() const { return next != nullptr; }
    void unlink() {
        previous->next = next;
        next->previous = previous;
        next = previous = nullptr;
    }
};

template <class T, class Tag = T>
class list {
  public:
    using node = list_node<Tag>;

    constexpr list() { head_.next = head_.previous = &head_; }
    list(const list&) = delete;
    list& operator=(const list&) = delete;

    bool empty() const { return head_.next == &head_; }
    T* front() { return empty() ? nullptr : element(head_.next); }
    T* back() { return empty() ? nullptr : element(head_.previous); }

    void push_back(T& item) { insert_before(head_, item); }
    void push_front(T& item) { insert_before(*head_.next, item); }
    void insert_before(T& position, T& item) { insert_before(static_cast<node&>(position), item); }

    T* pop_front() {
        T* item = front();
        if (item)
            static_cast<node*>(item)->unlink();
        return item;
    }
    static void remove(T& item) { static_cast<node&>(item).unlink(); }

    // The element after `item`, or nullptr. To remove while walking, fetch the next one first.
    T* next(T& item) {
        node* n = static_cast<node&>(item).next;
        return n == &head_ ? nullptr : element(n);
    }

    class iterator {
      public:
        explicit iterator(node* n)
            : node_(n) {}
        T& operator*() const { return *element(node_); }
        T* operator->() const { return element(node_); }
        iterator& operator++() {
            node_ = node_->next;
            return *this;
        }
        bool operator==(const iterator&) const = default;

      private:
        node* node_;
    };
    iterator begin() { return iterator(head_.next); }
    iterator end() { return iterator(&head_); }

  private:
    static T* element(node* n) { return static_cast<T*>(n); }
    void insert_before(node& position, T& item) {
        node& n = item;
        n.next = &position;
        n.previous = position.previous;
        position.previous->next = &n;
        position.previous = &n;
    }

    node head_;
};

} // namespace kernel

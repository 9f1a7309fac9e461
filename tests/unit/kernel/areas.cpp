// SPDX-License-Identifier: BSD-2-Clause
//
// The list of areas against one that is searched from the front: random areas come, go, grow and
// shrink.
#include <algorithm>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <memory>
#include <random>

#include "memory/address_space.h"

namespace kernel {

// These areas show no objects.
memory_object::~memory_object() = default;

namespace {

constexpr user_address page = 4096, bottom = 16 * page, top = 1024 * page;

class areas : public testing::Test {
  protected:
    ~areas() override {
        while (list.pop_front())
            ;
    }

    area* find_after(user_address address) {
        for (auto& [start, a] : all)
            if (a->end > address)
                return a.get();
        return nullptr;
    }
    bool has(user_address start, user_address end, area_node::trait trait) {
        for (auto& [at, a] : all)
            if (a->end > start && at < end &&
                (trait == area::fixed_pages ? a->kind == area_kind::fixed : !a->may_write))
                return true;
        return false;
    }
    user_address find_room(size_t size, user_address below) {
        user_address end = below;
        for (auto at = all.rbegin(); at != all.rend(); ++at) {
            if (at->first >= below)
                continue;
            if (at->second->end <= end && end - at->second->end >= size)
                return end - size;
            end = at->first;
        }
        return end >= bottom + size ? end - size : 0;
    }

    void add(user_address start, user_address end) {
        area* next = find_after(start);
        if (next && next->start < end)
            return;
        auto made = std::make_unique<area>();
        made->start = start;
        made->end = end;
        made->kind = random() % 16 ? area_kind::anonymous : area_kind::fixed;
        made->may_write = random() % 16;
        list.insert(*made, next);
        all[start] = std::move(made);
    }
    void change_one() {
        auto at = std::next(all.begin(), long(random() % all.size()));
        area& a = *at->second;
        auto after = std::next(at);
        user_address limit = after == all.end() ? top : after->first;
        switch (random() % 3) {
        case 0:
            list.remove(a);
            all.erase(at);
            break;
        case 1:
            list.set_end(a, a.start + (1 + random() % ((limit - a.start) / page)) * page);
            break;
        default: {
            user_address before = at == all.begin() ? bottom : std::prev(at)->second->end;
            user_address start = before + random() % ((a.end - before) / page) * page;
            auto node = all.extract(at);
            list.set_start(*node.mapped(), start);
            node.key() = start;
            all.insert(std::move(node));
        }
        }
    }
    void compare() {
        user_address start = random() % (top / page) * page;
        user_address end = start + (1 + random() % 64) * page;
        ASSERT_EQ(list.first_ending_after(start), find_after(start));
        for (auto trait : {area::fixed_pages, area::never_written})
            ASSERT_EQ(list.has(start, end, trait), has(start, end, trait));
        for (user_address below : {top, start})
            ASSERT_EQ(list.find_room(end - start, below), find_room(end - start, below));
    }

    std::mt19937 random{1};
    std::map<user_address, std::unique_ptr<area>> all;
    area_list list{bottom};
};

TEST_F(areas, are_found_as_by_a_search) {
    for (int step = 0; step < 30000; step++) {
        // By turns there are more and fewer of them.
        if (all.empty() || random() % 8 < (step / 1000 % 2 ? 3u : 6u)) {
            user_address start = bottom + random() % ((top - bottom) / page) * page;
            add(start, std::min(start + (1 + random() % 6) * page, top));
        } else {
            change_one();
        }
        compare();
        if (HasFatalFailure())
            FAIL() << "in step " << step << " with " << all.size() << " areas";
    }
}

TEST_F(areas, come_out_in_order_when_none_is_found_any_more) {
    for (user_address at = bottom; at < top; at += 2 * page)
        add(at, at + page);
    list.dissolve();
    EXPECT_EQ(list.first_ending_after(bottom), nullptr);
    for (auto& [start, a] : all)
        EXPECT_EQ(list.pop_front(), a.get());
    EXPECT_EQ(list.pop_front(), nullptr);
}

} // namespace

} // namespace kernel

// SPDX-License-Identifier: BSD-2-Clause
//
// S1..S4: as many operations on ready queues of the scheduler image as asked for, a half of them by
// the owner of a queue, which compares what the queue says after each with what it knows, the other
// half posts from other harts into the inbox of one that drains and runs what becomes ready.
//
//   sched-operations OPERATIONS POSTERS SEED

#include "expect.hpp"

#include <array>
#include <cstdlib>
#include <ouros/image.h>
#include <sched.h>
#include <sys/auxv.h>
#include <thread>
#include <vector>

namespace {

ouros_scheduler scheduler;

struct random_numbers { // xorshift64*
    uint64_t state;
    uint64_t next() {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return state * 0x2545f4914f6cdd1d;
    }
};

// The owner's half. Who is first among equals is known by `turn`: it only grows along a list.
class owned_queue {
  public:
    explicit owned_queue(uint64_t seed)
        : random_{seed} {
        scheduler.init(&queue_, &published_);
        for (item& it : items_)
            scheduler.task_init(&it.task, unsigned(random_.next() % OUROS_PRIORITIES));
    }

    void operate() {
        uint64_t choice = random_.next();
        item& some = items_[choice >> 32 & (items_.size() - 1)];
        switch (choice & 15) {
        default:
            wake(some);
            break;
        case 0:
        case 1:
            if (running())
                requeue(*running());
            picked(scheduler.yield(&queue_));
            break;
        case 2:
        case 3:
        case 4:
        case 5:
        case 6:
            suspend();
            break;
        case 7:
            set_priority(some, unsigned(choice >> 48) % OUROS_PRIORITIES);
            break;
        case 8:
            remove(some);
            break;
        case 9:
            reschedule();
            break;
        case 10:
            end();
            break;
        }
        expect(queue_.ready == bits_, "the bitmap", long(queue_.ready));
        expect(published_ == (bits_ ? highest() : OUROS_PRIORITY_IDLE), "what is published",
               published_);
    }

    uint64_t picks() const { return picks_; }

  private:
    struct item {
        ouros_task task;
        uint64_t turn;
        unsigned list; // where it is queued
        bool queued, woken;
    };

    item* running() const { return reinterpret_cast<item*>(queue_.running); }
    unsigned highest() const { return unsigned(__builtin_ctzll(bits_)); }

    void enter(item& it) {
        it.turn = ++turn_;
        it.list = it.task.priority;
        it.queued = true;
        if (counts_[it.list]++ == 0)
            bits_ |= uint64_t{1} << it.list;
    }
    void leave(item& it) {
        it.queued = it.woken = false;
        if (--counts_[it.list] == 0)
            bits_ &= ~(uint64_t{1} << it.list);
    }
    void requeue(item& it) {
        leave(it);
        enter(it);
    }

    void wake(item& it) {
        scheduler.wake(&queue_, &it.task);
        if (!it.queued && it.task.state != OUROS_TASK_EXITED)
            enter(it);
        else if (&it == running())
            it.woken = true;
    }
    void suspend() {
        item* old = running();
        if (old && old->woken)
            requeue(*old);
        else if (old)
            leave(*old);
        picked(scheduler.suspend(&queue_));
    }
    void set_priority(item& it, unsigned priority) {
        scheduler.set_priority(&queue_, &it.task, priority);
        if (it.queued && &it != running() && it.list != priority)
            requeue(it);
    }
    void remove(item& it) {
        bool may = it.queued && &it != running();
        expect(scheduler.remove(&queue_, &it.task) == may, "only what is ready is taken out");
        if (may)
            leave(it);
    }
    void reschedule() {
        item* old = running();
        bool woken = old && old->woken;
        if (old && old->list != old->task.priority)
            requeue(*old);
        picked(scheduler.reschedule(&queue_));
        if (old) // a wake is used up when it does not go on
            old->woken = woken && old == running();
    }
    void end() {
        item* old = running();
        if (!old)
            return;
        leave(*old);
        picked(scheduler.exit(&queue_));
        expect(old->task.state == OUROS_TASK_EXITED, "ended");
        scheduler.task_init(&old->task, unsigned(random_.next() % OUROS_PRIORITIES));
    }

    void picked(ouros_task* task) {
        expect((task != nullptr) == (bits_ != 0), "something is picked while something is ready");
        expect(task == queue_.running, "what is picked runs");
        if (!task)
            return;
        picks_++;
        const item& it = *reinterpret_cast<item*>(task);
        const item& next = *reinterpret_cast<item*>(task->next);
        expect(it.queued && it.list == highest(), "the highest priority", it.list);
        expect(counts_[it.list] == 1 ? &next == &it : next.turn > it.turn, "first come, first");
    }

    random_numbers random_;
    ouros_queue queue_;
    uint32_t published_ = 0;
    std::array<item, 128> items_ = {};
    std::array<uint32_t, OUROS_PRIORITIES> counts_ = {};
    uint64_t bits_ = 0, turn_ = 0, picks_ = 0;
};

// The other half: what was posted last for each task is seen by a run of it.
constexpr unsigned most_posters = 7;
struct mailbox {
    ouros_task task;
    std::array<uint64_t, most_posters> seen;
    alignas(64) std::array<uint64_t, most_posters> sent; // each by its poster
};
ouros_queue shared_queue;
std::array<mailbox, 64> mailboxes;
unsigned posting; // posters that are not through; atomic

void post_all(unsigned self, uint64_t count, uint64_t seed) {
    random_numbers random{seed};
    for (uint64_t i = 0; i < count; i++) {
        mailbox& to = mailboxes[random.next() % mailboxes.size()];
        __atomic_store_n(&to.sent[self], to.sent[self] + 1, __ATOMIC_RELAXED);
        scheduler.post(&shared_queue, &to.task);
    }
    __atomic_fetch_sub(&posting, 1, __ATOMIC_RELEASE);
}

uint64_t run_posted() {
    uint64_t runs = 0;
    for (bool over = false; !over;) {
        over = __atomic_load_n(&posting, __ATOMIC_ACQUIRE) == 0;
        if (scheduler.drain(&shared_queue) == 0 && !over)
            sched_yield();
        for (ouros_task* task = scheduler.reschedule(&shared_queue); task;
             task = scheduler.suspend(&shared_queue)) {
            auto& box = *reinterpret_cast<mailbox*>(task);
            for (unsigned i = 0; i < most_posters; i++)
                box.seen[i] = __atomic_load_n(&box.sent[i], __ATOMIC_RELAXED);
            runs++;
        }
    }
    return runs;
}

void post_and_run(uint64_t operations, unsigned posters, uint64_t seed) {
    scheduler.init(&shared_queue, nullptr);
    for (mailbox& box : mailboxes)
        scheduler.task_init(&box.task, 5);
    posting = posters;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < posters; i++)
        threads.emplace_back(post_all, i, operations / posters, seed + i + 1);
    uint64_t runs = run_posted();
    for (std::thread& thread : threads)
        thread.join();
    for (const mailbox& box : mailboxes) {
        expect(box.seen == box.sent, "no wake is lost", &box - mailboxes.data());
        expect(ouros_sched_is_quiet(&box.task), "nothing is left in the inbox");
    }
    std::printf("%lu posts, %lu runs\n", operations, runs);
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 4 ||
        !ouros_scheduler_bind(&scheduler, reinterpret_cast<void*>(getauxval(AT_SYSINFO_EHDR))))
        return 2;
    uint64_t operations = std::strtoull(argv[1], nullptr, 0);
    auto posters = static_cast<unsigned>(std::strtoul(argv[2], nullptr, 0));
    uint64_t seed = std::strtoull(argv[3], nullptr, 0);
    if (posters < 1 || posters > most_posters || seed == 0)
        return 2;

    owned_queue queue(seed);
    for (uint64_t i = 0; i < operations / 2 && !failures; i++)
        queue.operate();
    std::printf("%lu operations by the owner, %lu picks\n", operations / 2, queue.picks());
    post_and_run(operations / 2, posters, seed);
    return failures != 0;
}

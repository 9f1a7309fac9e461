// SPDX-License-Identifier: BSD-2-Clause
//
// Two sides that send to each other: two threads, or two processes, each on a hart of its own or
// both on one. The first side is the caller and does the measuring.
#ifndef BENCH_SIDES_HPP
#define BENCH_SIDES_HPP

#include <cstdint>
#include <functional>
#include <string>

namespace bench {

enum class kind { threads, processes };
enum class place { one_hart, two_harts };

struct sides {
    kind what;
    place where;

    // "uipi.round_trip" -> "uipi.round_trip.threads.two_harts"
    std::string name(const char* of) const;
};

// What both sides see: a page that fork shares.
struct common {
    uint64_t at[64]; // for the measurement
};

// One side's way to the other.
class link {
  public:
    link(unsigned side, const int* sockets, const int (*pipes)[2], common* shared)
        : socket_(sockets[side])
        , from_(pipes[side][0])
        , to_(pipes[1 - side][1])
        , shared_(shared) {}

    common& shared() const { return *shared_; }
    int socket() const { return socket_; }
    // Gives the other side an fd and gets its own: of the same file, in this process.
    int swap(int fd);
    // Until the other side has come here, too.
    void meet();
    // 8 bytes to the other side, and from it, through a pipe.
    void write_word(uint64_t word);
    uint64_t read_word();

  private:
    int socket_;
    int from_, to_;
    common* shared_;
};

// Runs both; returns when both are over.
void run_sides(const sides& which, const std::function<void(link&)>& first,
               const std::function<void(link&)>& second);

} // namespace bench

#endif // BENCH_SIDES_HPP

// SPDX-License-Identifier: BSD-2-Clause
//
// Everything a program needs:
//
//   #include <ouros/ouros.hpp>
//   ouros::task<int> program() { ... co_await ouros::read(fd, buffer); ... }
//   int main() { return ouros::run(program()); }
#ifndef OUROS_OUROS_HPP
#define OUROS_OUROS_HPP

#if __cplusplus < 202002L
#error "Ouros needs C++20: riscv64-linux-gnu-g++ -std=c++20 -O2 -static program.cpp $(ouros flags)"
#else
#include <ouros/call.hpp>
#include <ouros/calls.hpp>
#include <ouros/io.hpp>
#include <ouros/ipc.hpp>
#include <ouros/net.hpp>
#include <ouros/signal.hpp>
#include <ouros/spawn.hpp>
#include <ouros/stop.hpp>
#include <ouros/task.hpp>
#include <ouros/uintr.hpp>
#include <ouros/worker.hpp>
#endif

#endif // OUROS_OUROS_HPP

// SPDX-License-Identifier: BSD-2-Clause
//
// U2, U4, U7, U8, U10: two processes bounce a user interrupt, 10^6 of them, while a third one,
// which sends to both and is sent to, is killed and started again all the time, and all of them
// move between harts. The counts add up exactly: no interrupt is lost, none is made two of, none
// comes to whom it was not sent.
//
//   ping --- vector 1 ---> pong --- vector 2 ---> ping         each waits for the other's
//   victim -- vector 3 --> ping, pong                          as fast as it can, until it is
//   killed ping, pong -- 4 --> the victim's receiver                  or what was one: refused then
//
// A receiver can be named only by a process that came after it: ping is the parent of pong. So that
// ping can name pong, pong's part is played by a thread of ... the first process is neither.

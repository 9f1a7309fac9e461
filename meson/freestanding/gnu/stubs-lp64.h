/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * glibc's <features.h>, which every C++ header includes, asks for a list of glibc's unimplemented
 * functions per ABI. Debian ships the list for lp64d only; freestanding code is lp64 (it must not
 * touch floating-point registers that belong to a process) and calls no glibc function.
 */

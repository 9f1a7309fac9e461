# SPDX-License-Identifier: BSD-2-Clause
"""What runs in a user-interrupt handler touches no floating-point register: they are not saved.

    handler-code.py OBJDUMP LIBRARY SCHEDULER-IMAGE

Looks at every function of the library's handler objects (the reactor, the dispatch, exceptions,
signals, IPC), at what they call outside, and at the scheduler image.

The code that handles exceptions is brought into memory before the first one (RESIDENT): a page of it
that is not there could not be faulted in. So it may not use constants in pages that are not: a
switch that the compiler makes a table, a literal.
"""
import re
import subprocess
import sys

objdump, library, image = sys.argv[1:]
HANDLER_OBJECTS = {'device_user_device.cpp.o', 'exceptions_dispatch.cpp.o',
                   'executor_company.cpp.o', 'executor_preempt.cpp.o', 'executor_reactor.cpp.o',
                   'ipc_handler.cpp.o', 'signal_handler.cpp.o', 'uintr_timer.cpp.o',
                   'uintr_uintr.cpp.o'}
# _Unwind_Resume: only after an exception, which a handler must not throw. memcpy: glibc's copies
# words in integer registers and keeps nothing.
MAY_CALL = re.compile(r'\.L|_ZNK?5ouros|memcpy$|ouros_(uintr|reactor|exceptions)_[a-z_]*$'
                      r'|_Unwind_Resume$')


def disassembly(path):
    return subprocess.run([objdump, '-d', '-r', '-M', 'no-aliases', path], check=True,
                          capture_output=True, text=True).stdout


def check_resident(path):
    """That what is in the resident section calls and branches, and uses no data but a thread's own."""
    listing = subprocess.run([objdump, '-d', '-r', '-j', 'ouros_exceptions_text', path],
                             capture_output=True, text=True).stdout
    if 'R_RISCV_CALL' not in listing:
        sys.exit(f'{path}: nothing in ouros_exceptions_text: this test has to follow the sources')
    if found := re.search(r'R_RISCV_(?:PCREL_|GOT_)?HI20\s+(\S+)', listing):
        sys.exit(f'{path}: uses {found.group(1)} in code that must always be in memory')


def check(where, text):
    if found := re.search(r'\t(?:c\.)?f(?!ence)[a-z0-9.]+\t.*', text):
        sys.exit(f'{where}: {found.group().strip()}')


check(image, disassembly(image))
check_resident(library)

seen = set()
for section in re.split(r'\n(?=\S+\.o:\s+file format)', disassembly(library)):
    header = re.match(r'\s*(?:\S*/)?([^/\s]+\.o):\s+file format', section)
    if not header or header.group(1) not in HANDLER_OBJECTS:
        continue
    seen.add(header.group(1))
    check(header.group(1), section)
    for target in re.findall(r'R_RISCV_(?:CALL|CALL_PLT|JAL)\s+(\S+)', section):
        if not MAY_CALL.match(target):
            sys.exit(f'{header.group(1)}: calls {target}')
if seen != HANDLER_OBJECTS:
    sys.exit(f'{library}: no {sorted(HANDLER_OBJECTS - seen)}: this test has to follow the sources')

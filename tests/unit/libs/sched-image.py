# SPDX-License-Identifier: BSD-2-Clause
"""The scheduler image can be mapped as its file lies.

    sched-image.py READELF OBJDUMP IMAGE HEADER.

One read-execute segment from offset 0, a read-only dynamic section, no relocation, nothing to
write, no floating-point instruction, and every function of ouros/sched.h under the version OUROS_1.
"""
import re
import subprocess
import sys

readelf, objdump, image, header = sys.argv[1:]


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def check(condition, complaint):
    if not condition:
        sys.exit(f'{image}: {complaint}')


segments = [line.split() for line in run(readelf, '-lW', image).splitlines()
            if re.match(r'\s+(LOAD|DYNAMIC|GNU_|TLS|INTERP|NOTE)', line)]
loads = [s for s in segments if s[0] == 'LOAD']
check(len(loads) == 1, f'{len(loads)} segments, not 1')
_, offset, address, _, file_size, memory_size, *flags = loads[0]
check(int(offset, 16) == 0 and int(address, 16) == 0, 'the segment is not the file from offset 0')
check(file_size == memory_size, 'memory beyond the file')
check(flags[:2] == ['R', 'E'], f'flags {flags} are not read-execute')
dynamic = [s for s in segments if s[0] == 'DYNAMIC']
check(len(dynamic) == 1 and dynamic[0][6] == 'R', 'the dynamic segment is not read-only')
check(not [s for s in segments if s[0] in ('TLS', 'INTERP')], 'TLS or an interpreter')

check('no relocations' in run(readelf, '-rW', image), 'relocations')
tags = run(readelf, '-dW', image)
for tag in ('(HASH)', '(SYMTAB)', '(STRTAB)'):
    check(tag in tags, f'no {tag}')
for tag in ('(NEEDED)', '(TEXTREL)', '(INIT', '(JMPREL)'):
    check(tag not in tags, f'{tag}')

symbols = run(readelf, '--dyn-syms', '-W', image)
exported = set(re.findall(r'FUNC\s+GLOBAL\s+DEFAULT\s+\d+\s+(\w+)@@OUROS_1', symbols))
declared = set(re.findall(r'^[a-z].*?\b(ouros_sched_\w+)\(', open(header).read(), re.M))
inline = {'ouros_sched_is_quiet', 'ouros_sched_has_posted'}
where_handlers_return_to = {'__vdso_rt_sigreturn'}
check(exported - where_handlers_return_to == declared - inline,
      f'exports {sorted(exported)} are not what sched.h declares: {sorted(declared - inline)}')
check(where_handlers_return_to <= exported, 'nowhere for signal handlers to return to')
check(not re.search(r'\bUND[ \t]+\w', symbols), 'undefined symbols')

# Registers of the F and D extensions belong to whatever was interrupted.
code = run(objdump, '-d', '-M', 'no-aliases', image)
check(not re.search(r'\t(c\.)?f(?!ence)[a-z]+[.\w]*\t', code), 'a floating-point instruction')

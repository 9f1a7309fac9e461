# SPDX-License-Identifier: BSD-2-Clause
"""liburing of Debian 13, unchanged: its library, test programs and examples, static for riscv64."""

import os
import pathlib
import subprocess

from .cache import SourceError, cache_dir, locked, new_folder, say
from .debian import Archive, unpack_source

CC, CXX = "riscv64-linux-gnu-gcc", "riscv64-linux-gnu-g++"
# The number is raised when what is done here changes.
REVISION = 1


def _run(folder, *command, may_fail=False):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if done.returncode != 0 and not may_fail:
        raise SourceError(f"liburing: {' '.join(command)}:\n{done.stdout[-2000:]}")
    return done.stdout


def find():
    """The folder with the source tree as built: src/liburing.a, test/NAME.t, examples/NAME.

    A program that can't be built for a static riscv64 executable is not there.
    """
    folder = cache_dir() / f"liburing-{REVISION}"
    with locked(cache_dir() / "liburing.lock"):
        if not folder.exists():
            tarball = Archive().source("liburing")
            with new_folder(folder) as new:
                unpack_source(tarball, new)
                say("liburing: building it and its tests for riscv64")
                jobs = f"-j{os.cpu_count() or 1}"
                _run(new, "./configure", f"--cc={CC}", f"--cxx={CXX}")
                _run(new, "make", jobs, "-C", "src", "CFLAGS=-O2 -w")
                for part in ("test", "examples"):
                    _run(new, "make", jobs, "-k", "-C", part, "LDFLAGS=-static", "CFLAGS=-O2 -w",
                         "CXXFLAGS=-O2 -w", may_fail=True)
                for made in new.glob("test/*.o"):
                    made.unlink()
                (new / "package").write_text(pathlib.Path(tarball).name + "\n")
    return folder

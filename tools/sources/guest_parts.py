# SPDX-License-Identifier: BSD-2-Clause
"""What the guest is built from and that Debian ships: firmware, libfdt, a hash library.

Each part is a folder in the cache, named with the version it holds.

- opensbi: firmware 1.6 of Debian 13 (Architecture: all). Debian 12's 1.1 lacks the debug console
  extension, with which the kernel writes a line in one call, and the resume states.
- libfdt: OpenSBI 1.6's source carries a whole copy; the source of device-tree-compiler is not to
  be had from the pool, and libfdt-dev:riscv64 is compiled for the wrong float ABI for a kernel.
- libmd: SHA-256 for guest programs, a static library from Debian's riscv64 port.
- busybox: the programs of the interactive guest, in one static executable of Debian 13.
"""

import shutil
import tempfile
import pathlib

from .cache import SourceError, cache_dir, locked, new_folder
from .debian import Archive, unpack_package, unpack_source


def _opensbi(new):
    deb = Archive().package("opensbi", "all")
    with tempfile.TemporaryDirectory() as folder:
        unpack_package(deb, folder)
        firmware = pathlib.Path(folder) / "usr/lib/riscv64-linux-gnu/opensbi/generic"
        for name in ("fw_dynamic.bin", "fw_dynamic.elf"):
            shutil.copy(firmware / name, new)


def _libfdt(new):
    tarball = Archive().source("opensbi")
    with tempfile.TemporaryDirectory() as folder:
        unpack_source(tarball, folder, only="*/lib/utils/libfdt")
        for path in sorted((pathlib.Path(folder) / "lib/utils/libfdt").glob("*.[ch]")):
            # Theirs maps libfdt's needs to OpenSBI's own functions; the kernel has its own.
            if path.name != "libfdt_env.h":
                shutil.copy(path, new)


def _libmd(new):
    with tempfile.TemporaryDirectory() as folder:
        unpack_package(Archive().package("libmd-dev"), folder)
        root = pathlib.Path(folder) / "usr"
        shutil.copytree(root / "include", new / "include")
        (new / "lib").mkdir()
        shutil.copy(root / "lib/riscv64-linux-gnu/libmd.a", new / "lib")


def _busybox(new):
    with tempfile.TemporaryDirectory() as folder:
        unpack_package(Archive().package("busybox-static"), folder)
        # /usr/bin since Debian merged the two folders, /bin before.
        found = [path for path in pathlib.Path(folder).glob("**/bin/busybox") if path.is_file()]
        if len(found) != 1:
            raise SourceError(f"busybox-static has {len(found)} programs of that name")
        shutil.copy(found[0], new / "busybox")


# The number is raised when what is unpacked changes.
PARTS = {"opensbi": (_opensbi, 1), "libfdt": (_libfdt, 1), "libmd": (_libmd, 1),
         "busybox": (_busybox, 1)}


def find(name):
    """The part's folder, made from Debian's archive if it is not in the cache."""
    make, revision = PARTS[name]
    folder = cache_dir() / f"{name}-{revision}"
    with locked(cache_dir() / f"{name}.lock"):
        if not folder.exists():
            with new_folder(folder) as new:
                make(new)
    return folder

# SPDX-License-Identifier: BSD-2-Clause
"""Debian 13's Linux kernel for riscv64, as Debian ships it: a guest that knows nothing of ours."""

import pathlib
import shutil
import tempfile

from .cache import SourceError, cache_dir, locked, new_folder
from .debian import Archive, unpack_package

META_PACKAGE = "linux-image-riscv64"


def find():
    """The folder with `Image` and `package` (its name); Debian's archive is asked only once.

    Another version of the kernel is as good, so what is in the cache stays.
    """
    folder = cache_dir() / "linux-1"
    with locked(cache_dir() / "linux.lock"):
        if not folder.exists():
            archive = Archive()
            name = archive.dependency(META_PACKAGE, r"linux-image-\d.*")
            deb = archive.package(name)
            with new_folder(folder) as new, tempfile.TemporaryDirectory() as unpacked:
                unpack_package(deb, unpacked)
                images = list((pathlib.Path(unpacked) / "boot").glob("vmlinu[xz]-*"))
                if len(images) != 1:
                    raise SourceError(f"{deb.name} has {len(images)} kernels in boot/")
                shutil.copy(images[0], new / "Image")
                (new / "package").write_text(deb.name.removesuffix(".deb") + "\n")
            deb.unlink()  # a hundred megabytes, nearly all of them modules
    return folder

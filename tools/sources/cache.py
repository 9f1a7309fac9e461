# SPDX-License-Identifier: BSD-2-Clause
"""The cache folder, and how things come into being there whole or not at all.

Everything is made under a temporary name in the same folder and renamed when it is complete, so an
interrupted run leaves nothing that a later run would take for finished work.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import sys
import tempfile


class SourceError(Exception):
    """Something the user can act on: printed as one line, without a traceback."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def cache_dir():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    path = pathlib.Path(base) / "ouros"
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(f"cannot make the cache folder {path}: {error.strerror}") from error
    return path


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def locked(path):
    """One process at a time; the others wait. The lock file itself is never removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run ({path})")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def new_folder(path):
    """Yields a temporary folder that becomes `path` if the block ends without an exception."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for stale in path.parent.glob(f".{path.name}.new-*"):
        shutil.rmtree(stale, ignore_errors=True)
    temporary = pathlib.Path(tempfile.mkdtemp(prefix=f".{path.name}.new-", dir=path.parent))
    try:
        temporary.chmod(0o755)
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def write_if_changed(path, data, mode=None):
    """Keeps the old file, and with it its time stamp, when it already says the same."""
    try:
        if path.read_bytes() == data and (mode is None or path.stat().st_mode & 0o777 == mode):
            return False
    except OSError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(data)
    if mode is not None:
        temporary.chmod(mode)
    temporary.replace(path)
    return True

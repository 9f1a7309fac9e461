# SPDX-License-Identifier: BSD-2-Clause
"""A guest's first file system: an initramfs with one program, as its /init, and a console."""


def archive(init):
    """The bytes of a cpio archive (newc)."""
    data = b""
    for number, (name, mode, device, content) in enumerate((
            ("dev", 0o040755, (0, 0), b""), ("dev/console", 0o020600, (5, 1), b""),
            ("init", 0o100755, (0, 0), init.read_bytes()), ("TRAILER!!!", 0, (0, 0), b""))):
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name) + 1, 0)
        entry = b"070701" + b"".join(b"%08X" % field for field in fields)
        for part in (entry + name.encode() + b"\0", content):
            data += part + b"\0" * (-len(part) % 4)
    return data

# SPDX-License-Identifier: BSD-2-Clause
"""The patches apply, one after the other and without fuzz, to every QEMU 10.0.z in the cache."""

import pathlib
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "tools"))
sys.dont_write_bytecode = True

from sources import overlay, qemu  # noqa: E402
from sources.cache import cache_dir  # noqa: E402


class SeriesTest(unittest.TestCase):
    def test_applies_to_every_version(self):
        folders = sorted(cache_dir().glob(f"qemu-{qemu.SERIES}.*"))
        self.assertTrue(folders)
        for folder in folders:
            with self.subTest(folder.name), tempfile.TemporaryDirectory() as staging:
                overlay.wanted(PROJECT, folder, pathlib.Path(staging))
                print(f"applies to {folder.name}")

    def test_hooks_are_small(self):
        """A patch that adds much is a file of qemu/ that has not been made yet."""
        for patch in overlay.series(PROJECT / "patches"):
            added = sum(line.startswith("+") and not line.startswith("+++")
                        for line in patch.read_text().splitlines())
            with self.subTest(patch.name):
                self.assertLess(added, 400)


if __name__ == "__main__":
    unittest.main(verbosity=2)

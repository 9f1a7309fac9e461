# SPDX-License-Identifier: BSD-2-Clause
"""build/qemu-src: what prepare changes, what it leaves alone, and what it refuses."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
sys.dont_write_bytecode = True

from sources import overlay, qemu  # noqa: E402
from sources.cache import SourceError  # noqa: E402

NUMBERS = "".join(f"line {number}\n" for number in range(1, 21))


def hook(number, path="hw/board.c"):
    """A patch that changes one line, with one line of context."""
    return (f"Subject: change line {number}\n---\n--- a/{path}\n+++ b/{path}\n"
            f"@@ -{number - 1},3 +{number - 1},3 @@\n line {number - 1}\n-line {number}\n"
            f"+patched {number}\n line {number + 1}\n")


class TreeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = root = pathlib.Path(folder.name)
        self.pristine = root / "pristine"
        self.project = root / "project"
        self.write("pristine/VERSION", "10.0.99\n")
        self.write("pristine/meson.build", "unpack_edk2_blobs = bzip2.found()\n")
        self.write("pristine/target/riscv/cpu.h", "")
        self.write("pristine/hw/board.c", NUMBERS)
        self.write("project/qemu/hw/device.c", "device\n")
        self.write("project/patches/1.patch", hook(5))
        self.write("project/patches/2.patch", hook(15))
        self.write("project/patches/series", "# order\n1.patch\n2.patch  # why\n")
        self.tree = overlay.Tree(root / "tree")
        self.source = qemu.Source(self.pristine, "one")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def update(self, **options):
        return sorted(self.tree.update(self.project, self.source, **options))

    def read(self, name):
        return (self.tree.folder / name).read_text()

    def assert_refused(self, words):
        with self.assertRaises(SourceError) as refusal:
            self.update()
        self.assertIn(words, str(refusal.exception))

    def test_lays_files_and_applies_patches(self):
        self.assertEqual(self.update(), ["hw/board.c", "hw/device.c", "meson.build"])
        self.assertEqual(self.read("hw/device.c"), "device\n")
        self.assertIn("patched 5\n", self.read("hw/board.c"))
        self.assertIn("patched 15\n", self.read("hw/board.c"))
        self.assertEqual(self.read("meson.build"), "unpack_edk2_blobs = false\n")
        self.assertEqual((self.pristine / "hw/board.c").read_text(), NUMBERS)

    def test_without_a_project_stays_upstream(self):
        self.tree.update(None, self.source)
        self.assertFalse((self.tree.folder / "hw/device.c").exists())
        self.assertEqual(self.read("hw/board.c"), NUMBERS)

    def test_second_run_changes_nothing(self):
        self.update()
        before = (self.tree.folder / "hw/board.c").stat().st_mtime_ns
        self.assertEqual(self.update(), [])
        self.assertEqual((self.tree.folder / "hw/board.c").stat().st_mtime_ns, before)

    def test_edit_of_one_patch_touches_its_file_only(self):
        self.update()
        self.write("project/patches/2.patch", hook(12))
        self.assertEqual(self.update(), ["hw/board.c"])
        self.assertNotIn("patched 15", self.read("hw/board.c"))

    def test_comment_in_a_patch_touches_nothing(self):
        self.update()
        self.write("project/patches/2.patch", "A better reason.\n" + hook(15))
        self.assertEqual(self.update(), [])

    def test_removed_file_and_removed_patches_disappear(self):
        self.update()
        (self.project / "qemu/hw/device.c").unlink()
        for name in ("1.patch", "2.patch"):
            (self.project / "patches" / name).unlink()
        self.write("project/patches/series", "")
        self.assertEqual(self.update(), ["hw/board.c", "hw/device.c"])
        self.assertFalse((self.tree.folder / "hw/device.c").exists())
        self.assertEqual(self.read("hw/board.c"), NUMBERS)

    def test_patch_that_does_not_apply_is_named(self):
        self.write("project/patches/2.patch", hook(5))
        self.assert_refused("patches/2.patch does not apply")

    def test_fuzz_is_refused(self):
        self.write("project/patches/2.patch", hook(15).replace(" line 14\n", " line 14?\n"))
        self.assert_refused("patches/2.patch does not apply")

    def test_series_and_folder_must_agree(self):
        self.write("project/patches/series", "1.patch\n")
        self.assert_refused("not listed in patches/series: 2.patch")
        self.write("project/patches/series", "1.patch\n2.patch\n3.patch\n")
        self.assert_refused("3.patch, which does not exist")

    def test_overlay_must_not_replace_upstream_files(self):
        self.write("project/qemu/target/riscv/cpu.h", "ours\n")
        self.assert_refused("qemu/target/riscv/cpu.h is a file of upstream's")

    def test_edit_by_hand_is_kept_until_forced(self):
        self.update()
        (self.tree.folder / "hw/board.c").write_text(self.read("hw/board.c") + "an edit\n")
        self.assertEqual(self.read("hw/board.c").count("an edit"), 1)
        self.assert_refused("edited by hand")
        self.assertIn("+an edit", self.tree.differences(self.project, self.source))
        self.assertEqual(self.update(force=True), ["hw/board.c"])
        self.assertEqual(self.tree.differences(self.project, self.source), "")

    def test_diff_becomes_a_patch(self):
        self.update()
        text = self.read("hw/board.c").replace("line 10\n", "by hand\n")
        (self.tree.folder / "hw/board.c").write_text(text)
        difference = self.tree.differences(self.project, self.source)
        self.write("project/patches/3.patch", difference)
        self.write("project/patches/series", "1.patch\n2.patch\n3.patch\n")
        self.assertEqual(self.update(), [])
        self.assertEqual(self.read("hw/board.c"), text)

    def test_diff_finds_edits_of_files_without_patches(self):
        self.update()
        (self.tree.folder / "target/riscv/cpu.h").write_text("mine\n")
        self.assertIn("+++ b/target/riscv/cpu.h",
                      self.tree.differences(self.project, self.source))

    def test_other_source_starts_anew(self):
        self.update()
        (self.pristine / "hw/board.c").write_text("new\n" + NUMBERS)
        self.source = qemu.Source(self.pristine, "two")
        self.write("project/patches/1.patch", hook(5).replace("-4,3 +4,3", "-5,3 +5,3"))
        self.update()
        self.assertTrue(self.read("hw/board.c").startswith("new\n"))

    def test_other_series_is_refused(self):
        self.write("pristine/VERSION", "9.2.4\n")
        with self.assertRaises(SourceError) as refusal:
            qemu.Source(self.pristine, "old")
        self.assertIn("is QEMU 9.2.4; Ouros patches the 10.0 series", str(refusal.exception))

    def test_interrupted_layout_is_done_again(self):
        self.update()
        self.tree.memory.unlink()
        self.update()
        self.assertIn("patched 5\n", self.read("hw/board.c"))


if __name__ == "__main__":
    unittest.main(verbosity=2)

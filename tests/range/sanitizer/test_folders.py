"""What becomes of files in the shares of the sanitising server, in folders of our own: run in such a guest.
   python3 test_folders.py"""
import os
import pathlib
import tempfile
import unittest

from sanitizer import folders, names, record, sweep

SOMEBODY = 12345
CLOSED = {"name": "core", "host": "core-file", "address": "127.0.0.1"}


class Crossing(unittest.TestCase):
    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.share, self.spool = pathlib.Path(top.name, "to-core"), pathlib.Path(top.name, "spool/core")
        self.share.mkdir()
        self.spool.mkdir(parents=True)
        record.LOG, record.QUARANTINE = f"{top.name}/log", top.name
        folders.CROSSING, folders.SPOOL, folders.QUIET_SECONDS, folders.OPEN_SECONDS = top.name, str(self.spool.parent), 0, 0

    def put(self, name, data=b"text"):
        path = self.share / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.chown(path, SOMEBODY, -1)
        return path

    def cross(self):
        for path in sweep.sweep(self.share, folders.is_quiet):
            folders.take_in(path, CLOSED)
        return {path.name: path.read_bytes() for path in self.spool.iterdir()}

    def log(self):
        return pathlib.Path(record.LOG).read_text(encoding="utf-8")

    def test_a_name_that_is_taken_gets_a_number(self):
        for text in (b"first", b"second", b"third"):
            folders.take_in(self.put("同名.txt", text), CLOSED)
        self.assertEqual(self.cross(), {"同名.txt": b"first", "同名 (2).txt": b"second", "同名 (3).txt": b"third"})
        self.assertEqual(names.free("A.TXT", ["a.txt"]), "A (2).TXT")

    def test_files_in_folders_cross_under_the_name_of_both_and_the_folder_goes(self):
        self.put("資料/plain.txt", b"a")
        self.put("資料/中/run.exe", b"MZ")
        found = self.cross()
        self.assertEqual(found["資料_plain.txt"], b"a")
        self.assertIn("取り除きました".encode(), found["資料_中_run.exe.removed.txt"])
        self.assertIn("name=資料/plain.txt", self.log())
        for _ in range(2):
            self.cross()
        self.assertEqual(list(self.share.iterdir()), [])

    def test_empty_files_and_names_that_begin_with_a_dot_cross(self):
        self.put("empty.txt", b"")
        self.put(".hidden", b"x")
        self.assertEqual(self.cross(), {"empty.txt": b"", "hidden": b"x"})

    def test_what_somebody_is_still_writing_stays(self):
        folders.QUIET_SECONDS = 60
        path = self.put("資料/a.txt")
        empty = self.put("b.txt", b"")
        folders.take_in(empty, CLOSED)
        self.assertEqual(self.cross(), {})
        self.assertTrue(path.exists() and empty.exists())

    def test_a_file_whose_end_is_announced_is_left_to_that_for_longer(self):
        folders.OPEN_SECONDS = 60
        path = self.put("a.txt")
        self.assertEqual(self.cross(), {})
        self.assertEqual(folders.came_before({self.share: CLOSED}), {})
        folders.PAUSE_SECONDS = 0
        self.assertEqual(folders.came_before({self.share: CLOSED}), {path: CLOSED})

    def test_what_cannot_cross_stays_and_a_notice_says_so_once(self):
        os.mkfifo(self.share / "pipe")
        os.symlink("/etc/passwd", self.share / "link")
        os.chown(self.share / "pipe", SOMEBODY, -1)
        os.chown(self.share / "link", SOMEBODY, -1, follow_symlinks=False)
        deep = self.put("/".join("abcdefghij") + "/x.txt")
        for _ in range(2):
            self.assertEqual(self.cross(), {})
        self.assertTrue(deep.exists())
        notices = {path.name for path in self.share.iterdir() if path.name.endswith(".not-taken.txt")}
        self.assertEqual(notices, {"pipe.not-taken.txt", "link.not-taken.txt", "a_b_c_d_e_f_g_h_i.not-taken.txt"})
        self.assertEqual(self.log().count("action=left"), 3)
        (self.share / "pipe").unlink()
        self.cross()
        self.assertFalse((self.share / "pipe.not-taken.txt").exists())

    def test_many_files_are_taken_in_turns(self):
        for number in range(sweep.MOST_FILES + 1):
            self.put(f"d/{number}.txt")
        self.assertEqual(len(sweep.sweep(self.share, folders.is_quiet)), sweep.MOST_FILES)


unittest.main()

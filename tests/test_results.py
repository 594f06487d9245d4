"""Files are written whole or not at all, and `current` names a whole run at every moment."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from swayrank.errors import FolderError, InputError
from swayrank.results import RunFolder, _new_id, current_run, file_hash, read_manifest, unaltered, write_whole


def test_a_failed_write_leaves_the_old_file(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), write_whole(target) as file:
        file.write(b"half of the n" * (1 // 0))
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_unwritable_places_are_named(tmp_path):
    for place in (tmp_path / "absent" / "a.txt", tmp_path):
        with pytest.raises(InputError, match="cannot write there"), write_whole(place) as file:
            file.write(b"x")
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="cannot keep results there"):
        RunFolder(tmp_path / "file")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_no_device_and_no_pipe_is_replaced(tmp_path):
    """Whoever may write into /dev would otherwise have a file there in the place of a device."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "link"):
        with pytest.raises(InputError, match="a device or a pipe"), write_whole(tmp_path / name) as file:
            file.write(b"x")
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()
    assert len(os.listdir(tmp_path)) == 2


def test_runs_are_kept_and_the_newest_is_current(tmp_path):
    folders = []
    for turn in range(2):
        with RunFolder(tmp_path) as run:
            run.file("scores.csv").write_text(str(turn))
            folders.append(run.publish({"turn": turn}))
    assert current_run(tmp_path) == folders[1]
    assert (tmp_path / "current" / "scores.csv").read_text() == "1"
    assert (folders[0] / "scores.csv").read_text() == "0"
    manifest = read_manifest(folders[0])
    assert manifest["outputs"] == [{"file": "scores.csv", "bytes": 1, "blake2b": file_hash(folders[0] / "scores.csv")}]


def test_a_file_gets_its_name_in_one_rename(tmp_path, monkeypatch):
    renamed = []
    replace = Path.replace

    def watched(self, target):
        renamed.append((self.read_bytes(), Path(target).exists()))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    with write_whole(tmp_path / "a") as file:
        file.write(b"all of it")
        file.flush()
        assert not (tmp_path / "a").exists()
    assert renamed == [(b"all of it", False)]


def test_current_is_swapped_only_to_a_run_that_is_there(tmp_path, monkeypatch):
    with RunFolder(tmp_path) as run:
        before = run.publish({})
    replace, seen = Path.replace, []

    def watched(self, target):
        if Path(target).name == "current":
            seen.append((tmp_path / "runs" / run.id / "manifest.json").is_file())
            raise KeyboardInterrupt  # the worst moment to be stopped
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    with pytest.raises(KeyboardInterrupt), RunFolder(tmp_path) as run:
        run.publish({})
    assert seen == [True]
    assert current_run(tmp_path) == before


def test_a_failing_run_leaves_the_previous_one(tmp_path):
    with RunFolder(tmp_path) as run:
        before = run.publish({})
    with pytest.raises(IsADirectoryError), RunFolder(tmp_path) as run:
        run.file(".").write_text("half")
    assert current_run(tmp_path) == before
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [before.name]


def test_a_killed_run_leaves_the_previous_one(tmp_path):
    with RunFolder(tmp_path) as run:
        before = run.publish({})
    code = textwrap.dedent(
        f"""
        import time
        from swayrank.results import RunFolder
        run = RunFolder({str(tmp_path)!r})
        run.file("scores.csv").write_text("half")
        print("ready", flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGKILL)
    assert current_run(tmp_path) == before
    left = [path for path in (tmp_path / "runs").iterdir() if path != before]
    os.utime(left[0], (time.time() - 2 * 86400,) * 2)
    with RunFolder(tmp_path):
        assert not left[0].exists(), "what an interrupted writer left is removed after a day"


def test_an_interrupt_as_soon_as_something_is_there_leaves_nothing(tmp_path, monkeypatch):
    """A signal that comes while the system makes a folder or a file is heard when it has made it."""
    made = []

    def interrupted(usual):
        def make(path, *words, **options):
            found = usual(path, *words, **options)
            if path.name.startswith("."):
                made.append(path.exists())
                raise KeyboardInterrupt
            return found

        return make

    monkeypatch.setattr(Path, "mkdir", interrupted(Path.mkdir))
    monkeypatch.setattr(Path, "open", interrupted(Path.open))
    with pytest.raises(KeyboardInterrupt):
        RunFolder(tmp_path)
    with pytest.raises(KeyboardInterrupt), write_whole(tmp_path / "file"):
        pass
    assert made == [True, True]
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    assert not list((tmp_path / "runs").iterdir())


def test_current_without_links(tmp_path, monkeypatch):
    monkeypatch.setattr("pathlib.Path.symlink_to", _no_links)
    with RunFolder(tmp_path) as run:
        folder = run.publish({})
    assert not (tmp_path / "current").is_symlink()
    assert current_run(tmp_path) == folder


def _no_links(*args, **kwargs):
    raise OSError("not to be had")


def test_folders_that_are_no_results(tmp_path):
    with pytest.raises(FolderError, match="there is no swayrank result here"):
        current_run(tmp_path)
    (tmp_path / "current").write_text("runs/gone\n")
    with pytest.raises(FolderError, match="not a whole run"):
        current_run(tmp_path)
    (tmp_path / "manifest.json").write_text("{half")
    with pytest.raises(FolderError, match="cannot be read"):
        read_manifest(tmp_path)


def test_runs_without_a_current_one_are_named(tmp_path):
    with RunFolder(tmp_path) as run:
        folder = run.publish({})
    (tmp_path / "current").unlink()
    with pytest.raises(FolderError, match=rf"`current` is missing; name one of them: runs/{folder.name}"):
        current_run(tmp_path)
    (tmp_path / "current").symlink_to("runs/gone")
    with pytest.raises(FolderError, match=rf"not a whole run; name one of them: runs/{folder.name}"):
        current_run(tmp_path)


def test_altered_files_are_not_believed(tmp_path):
    with RunFolder(tmp_path) as run:
        run.file("note.txt").write_text("done")
        folder = run.publish({})
    manifest = read_manifest(folder)
    assert unaltered(folder, manifest, "note.txt") == b"done"
    (folder / "other.txt").write_text("never written by the run")
    with pytest.raises(InputError, match=r"other\.txt: was altered.*score the data again"):
        unaltered(folder, manifest, "other.txt")
    (folder / "note.txt").write_text("dune")
    with pytest.raises(InputError, match=r"note\.txt: was altered"):
        unaltered(folder, manifest, "note.txt")
    (folder / "note.txt").unlink()
    with pytest.raises(InputError, match=r"note\.txt: is missing from the run; score the data again"):
        unaltered(folder, manifest, "note.txt")


def test_what_a_dead_writer_left_goes_with_the_next_run(tmp_path):
    dead = subprocess.run(
        [sys.executable, "-c", "import os, sys\nfrom swayrank.results import RunFolder\n"
         "RunFolder(sys.argv[1])\nos._exit(1)", str(tmp_path)], check=False,
    )  # fmt: skip
    assert dead.returncode == 1
    assert len(list((tmp_path / "runs").iterdir())) == 1
    with RunFolder(tmp_path) as mine, RunFolder(tmp_path):  # the first lives: the second leaves it alone
        assert len(list((tmp_path / "runs").iterdir())) == 2
        mine.publish({})


def test_runs_of_one_second_sort_as_they_were_begun():
    moments = [datetime(2026, 3, 1, 12, 0, 0, at, UTC) for at in range(0, 1_000_000, 997)]
    ids = [_new_id(moment) for moment in moments]
    assert ids == sorted(ids)
    assert all(re.fullmatch(r"20260301T120000Z-[0-9a-f]{6}", one) for one in ids)

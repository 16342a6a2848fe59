"""A file is complete under its final name, or what was there before."""

import os
import subprocess
import sys

import joblib
import numpy as np
import pytest

from sktsvq._files import write_atomically


class FailsHalfWay:
    """Pickles a megabyte, then finds the disk full."""

    def __reduce__(self):
        raise OSError(28, "No space left on device")


def test_complete_file(tmp_path):
    path = tmp_path / "numbers.txt"
    with write_atomically(str(path)) as partial:
        assert partial.parent == tmp_path and partial.suffix == ".txt"
        partial.write_text("1 2")
        assert not path.exists()
    assert path.read_text() == "1 2"
    assert os.listdir(tmp_path) == ["numbers.txt"]


@pytest.mark.parametrize("before", [None, "the old one"])
def test_writer_that_fails_half_way(tmp_path, before):
    path = tmp_path / "generator.joblib"
    if before:
        path.write_text(before)
    with pytest.raises(OSError, match="No space left"), write_atomically(path) as partial:
        joblib.dump([np.ones(10**5), FailsHalfWay()], partial)
    assert os.listdir(tmp_path) == ([path.name] if before else [])
    assert before is None or path.read_text() == before


def test_interrupted_writer(tmp_path):
    with pytest.raises(KeyboardInterrupt), write_atomically(tmp_path / "file") as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
def test_killed_writer(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("the old one")
    code = (
        "import os, signal\nfrom sktsvq._files import write_atomically\n"
        f"with write_atomically({str(path)!r}) as partial:\n"
        "    partial.write_text('half')\n    os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    assert path.read_text() == "the old one"


def test_place_is_checked_before_anything_is_written(tmp_path):
    (tmp_path / "folder").mkdir()
    for path, error in [("folder", IsADirectoryError), ("gone/file", FileNotFoundError)]:
        with pytest.raises(error, match=path.split("/")[0]), write_atomically(tmp_path / path):
            pytest.fail("the block was entered")


@pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")
def test_permissions_and_links_stay(tmp_path):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    with write_atomically(link) as partial:
        partial.write_text("new")
    assert link.is_symlink() and target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640

    (tmp_path / "plain.txt").touch()
    with write_atomically(tmp_path / "another.txt") as partial:
        partial.touch()
    assert (tmp_path / "another.txt").stat().st_mode == (tmp_path / "plain.txt").stat().st_mode

"""Files that are either complete or absent."""

import contextlib
import errno
import os
import secrets
import shutil
from pathlib import Path

__all__ = ["write_atomically"]


@contextlib.contextmanager
def write_atomically(path):
    """Write a file beside its final place, and move it there once it is complete.

    Whatever happens while the file is written, `path` holds either what it held before or all of the new content. An
    error in the ``with`` block removes the partial file; a killed process may leave it behind, under its hidden name.

    Parameters
    ----------
    path : str or path-like
        The final place. A symbolic link stays one: the file that it points to is replaced. A file that is replaced
        passes its permissions on.

    Yields
    ------
    partial : Path
        The file to write, in the folder of `path` and with the same ending, from which writers infer the format.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist, before the block is entered.
    IsADirectoryError
        If `path` is a folder, before the block is entered.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sktsvq._files import write_atomically
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with write_atomically(Path(folder, "words.txt")) as partial:
    ...         _ = partial.write_text("one two")
    ...     Path(folder, "words.txt").read_text()
    'one two'
    """
    path = Path(path).resolve()
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    partial = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
    try:
        yield partial
        if path.exists():
            shutil.copymode(path, partial)
        _flush(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        _flush(path.parent, os.O_RDONLY)


def _flush(path, flags=os.O_RDWR):
    """Have the operating system write to disk what it still holds of a file or folder."""
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

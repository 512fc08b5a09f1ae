"""Files of generated text: written, or compared."""

from __future__ import annotations

from pathlib import Path


class StaleFileError(ValueError):
    """A file is not what would be generated; the message names the command that mends it."""


def file_of(path: str, name: str) -> Path:
    """Return the file that ``path`` means: itself, or ``name`` in it where it is a folder."""
    folder = path.endswith(("/", "\\")) or Path(path).is_dir()
    return Path(path) / name if folder else Path(path)


def write(file: Path, text: str) -> None:
    """Write ``text`` to ``file``, in folders that are made where they are missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())


def check(file: Path, text: str, remedy: str) -> None:
    """Compare ``file`` with ``text``, byte by byte.

    Raises:
        StaleFileError: they differ, or there is no such file.
    """
    try:
        same = file.read_bytes() == text.encode()
    except FileNotFoundError:
        same = False
    if not same:
        raise StaleFileError(f"{file} is not what would be generated; run: {remedy}")

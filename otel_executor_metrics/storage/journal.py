"""A file of named blocks that is written to as memory: what it holds outlives its process.

The file is a row of chunks, each mapped by itself, so that it can grow while views of it are in
use. A chunk is a header and entries; an entry is a header, a name (UTF-8 text), and doubles. Words
have the byte order of this machine: nobody else reads them.

An entry counts once its state says so, which is the last thing written of it. A process that is
killed at any moment leaves a file that can be read.
"""

from __future__ import annotations

import mmap
import os
import threading
from array import array
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from otel_executor_metrics.storage.descriptors import KEPT, Descriptor

_MAGIC: Final = 0x314A4D584554454F
"""Tells the layout; another one needs another number."""

# Words of a chunk's header, and of an entry's.
_KIND, _SIZE, _USED, _CHUNK_HEADER = range(4)
_NAME_BYTES, _DOUBLES, _STATE, _ENTRY_HEADER = range(4)
_WORD: Final = 8
_COMPLETE: Final = 1

_FIRST_CHUNK: Final = 16_384  # a multiple of every platform's mapping granularity
_LARGEST_CHUNK: Final = 1_048_576


class Entry(NamedTuple):
    """A block on its way into a journal: it counts once it is completed."""

    block: memoryview[float]
    state: memoryview[int]

    def complete(self, values: Sequence[float] | memoryview[float]) -> memoryview[float]:
        """Give the block its values, and return it."""
        self.block[:] = array("d", values)
        self.state[0] = _COMPLETE
        return self.block


class BusyError(OSError):
    """Whoever this call interrupts, as a signal handler does, is adding to the journal."""


class Journal:
    """The writing side: one process, any thread.

    ``descriptor`` is that of an empty file, open for reading and writing. It becomes the journal's.

    Raises:
        OSError: no room is left.
    """

    def __init__(self, descriptor: int) -> None:
        self._lock = threading.RLock()
        self._busy = False
        self._descriptor = Descriptor(descriptor)
        self._chunks: list[memoryview] = []
        self._end = 0
        self._next_size = _FIRST_CHUNK
        try:
            self._grow(_WORD)
        except BaseException:
            self._descriptor.close()
            raise

    def add(self, name: str, doubles: int) -> Entry:
        """Return a new entry of so many doubles, all 0.

        Raises:
            OSError: no room is left, or :class:`BusyError`.
        """
        with self._lock:
            if self._busy:
                raise BusyError
            self._busy = True
            try:
                return self._add(name.encode(), doubles)
            finally:
                self._busy = False

    def close(self) -> None:
        """Let go of the file, which then cannot grow; views of it stay usable."""
        if self._descriptor.lost:
            KEPT.append(self._chunks)
        self._descriptor.close()

    def _add(self, name: bytes, doubles: int) -> Entry:
        size = _entry_size(len(name), doubles)
        if self._chunk[_USED] + size > self._chunk[_SIZE]:
            self._grow(size)
        start = self._chunk[_USED]
        words = self._chunk[start // _WORD :]
        text = start + _ENTRY_HEADER * _WORD
        words[_NAME_BYTES], words[_DOUBLES] = len(name), doubles
        self._bytes[text : text + len(name)] = name
        block = _block(self._chunk, start)
        self._chunk[_USED] = start + size
        return Entry(block, words[_STATE:_ENTRY_HEADER])

    def _grow(self, needed: int) -> None:
        """Map one more chunk, with room for an entry of ``needed`` bytes."""
        size = self._next_size
        while size < needed + _CHUNK_HEADER * _WORD:
            size *= 2
        # Room is made before it is mapped: writing to a page that the disk has no room for would
        # end the process (SIGBUS).
        _allocate(self._descriptor.number, self._end, size)
        self._bytes = memoryview(mmap.mmap(self._descriptor.number, size, offset=self._end))
        self._chunks.append(self._bytes)
        self._chunk = self._bytes.cast("Q")
        self._chunk[_USED] = _CHUNK_HEADER * _WORD
        self._chunk[_SIZE] = size
        self._chunk[_KIND] = _MAGIC
        self._end += size
        self._next_size = min(size * 2, _LARGEST_CHUNK)


class JournalReader:
    """The reading side: any process, at any time. It remembers what it has read before.

    ``descriptor`` is that of the file, open for reading; it stays the caller's, who may close it
    only when the reader is no longer used.
    """

    def __init__(self, descriptor: Descriptor) -> None:
        self._descriptor = descriptor
        self._chunks: list[memoryview[int]] = []
        self._mapped = 0
        self._position = _CHUNK_HEADER * _WORD
        self._incomplete: list[tuple[memoryview[int], int]] = []

    def new_entries(self) -> Iterator[tuple[str, memoryview[float]]]:
        """Yield name and block of the entries that were not complete at the last call.

        Raises:
            IndexError, OSError, OverflowError, ValueError: the file is damaged, or no journal.
        """
        waiting, self._incomplete = self._incomplete, []
        for chunk, start in (*waiting, *self._unread()):
            if chunk[start // _WORD + _STATE] == _COMPLETE:
                yield _name(chunk, start), _block(chunk, start)
            else:
                self._incomplete.append((chunk, start))

    def keep(self) -> None:
        """Never end the mappings: their descriptors are no longer ours."""
        KEPT.append(self._chunks)

    def _unread(self) -> Iterator[tuple[memoryview[int], int]]:
        while self._chunks or self._map_next():
            chunk = self._chunks[-1]
            while self._position < chunk[_USED]:
                start = self._position
                header = chunk[start // _WORD : start // _WORD + _ENTRY_HEADER]
                self._position += _entry_size(header[_NAME_BYTES], header[_DOUBLES])
                if self._position > chunk.nbytes:
                    raise ValueError(f"an entry of {self._position - start} bytes leaves its chunk")
                yield chunk, start
            if not self._map_next():
                return

    def _map_next(self) -> bool:
        """Map the next chunk, if the writer has made one."""
        left = os.fstat(self._descriptor.number).st_size - self._mapped
        if left < _FIRST_CHUNK:
            return False
        header = array("Q", os.pread(self._descriptor.number, _CHUNK_HEADER * _WORD, self._mapped))
        if header[_KIND] != _MAGIC or not _FIRST_CHUNK <= header[_SIZE] <= left:
            return False
        if header[_SIZE] % _FIRST_CHUNK:
            raise ValueError(f"a chunk of {header[_SIZE]} bytes")
        mapped = mmap.mmap(
            self._descriptor.number, header[_SIZE], access=mmap.ACCESS_READ, offset=self._mapped
        )
        self._chunks.append(memoryview(mapped).cast("Q"))
        self._mapped += header[_SIZE]
        self._position = _CHUNK_HEADER * _WORD
        return True


def _entry_size(name_bytes: int, doubles: int) -> int:
    return (_ENTRY_HEADER + _words(name_bytes) + doubles) * _WORD


def _words(size: int) -> int:
    return -(-size // _WORD)


def _name(chunk: memoryview[int], start: int) -> str:
    text = start + _ENTRY_HEADER * _WORD
    length = chunk[start // _WORD + _NAME_BYTES]
    return bytes(chunk.cast("B")[text : text + length]).decode()


def _block(chunk: memoryview[int], start: int) -> memoryview[float]:
    word = start // _WORD
    first = word + _ENTRY_HEADER + _words(chunk[word + _NAME_BYTES])
    return chunk.cast("B").cast("d")[first : first + chunk[word + _DOUBLES]]


def _allocate(descriptor: int, offset: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, offset, size)
        return
    written = 0
    while written < size:  # macOS; a write may be short
        written += os.pwrite(descriptor, bytes(size - written), offset + written)

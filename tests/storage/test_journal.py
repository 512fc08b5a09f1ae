"""A journal can be read at any moment, by whoever has its file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_executor_metrics.storage.descriptors import Descriptor
from otel_executor_metrics.storage.journal import BusyError, Journal, JournalReader

pytestmark = pytest.mark.skipif(os.name == "nt", reason="journals are for forks")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the path of an empty file."""
    path = tmp_path / "journal"
    path.touch()
    return path


@pytest.fixture
def journal(file: Path) -> Iterator[Journal]:
    """Return a journal in it."""
    made = Journal(os.open(file, os.O_RDWR))
    yield made
    made.close()


@pytest.fixture
def reader(file: Path, journal: Journal) -> Iterator[JournalReader]:
    """Return what reads it."""
    descriptor = os.open(file, os.O_RDONLY)
    yield JournalReader(Descriptor(descriptor))
    os.close(descriptor)


def test_what_is_written_is_read_without_reading_it_again(
    journal: Journal, reader: JournalReader
) -> None:
    """A reader's view of a block is the writer's memory."""
    block = journal.add("name", 2).complete([1.0, 2.0])
    ((name, view),) = reader.new_entries()
    block[1] += 5.0

    assert name == "name"
    assert list(view) == [1.0, 7.0]
    assert list(reader.new_entries()) == []


def test_an_entry_counts_once_it_is_complete(journal: Journal, reader: JournalReader) -> None:
    """Whoever was killed in between leaves nothing; whoever was only slow is found later."""
    slow = journal.add("slow", 1)
    journal.add("quick", 1).complete([1.0])
    assert [name for name, _ in reader.new_entries()] == ["quick"]

    slow.complete([2.0])
    assert [(name, list(view)) for name, view in reader.new_entries()] == [("slow", [2.0])]


@settings(max_examples=25)
@given(
    entries=st.lists(
        st.tuples(st.text(max_size=40), st.integers(0, 40), st.booleans()), max_size=60
    ),
    scale=st.sampled_from([1, 200]),
)
def test_any_entries_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[str, int, bool]], scale: int
) -> None:
    """Names of any text and blocks of any size, over as many chunks as it takes, read meanwhile."""
    path = tmp_path_factory.mktemp("journal") / "file"
    path.touch()
    journal, descriptor = Journal(os.open(path, os.O_RDWR)), os.open(path, os.O_RDONLY)
    reader = JournalReader(Descriptor(descriptor))
    written, read = [], []
    for text, doubles, look in entries:
        name, values = text * scale, [float(n) for n in range(doubles * scale)]
        journal.add(name, len(values)).complete(values)
        written.append((name, values))
        if look:
            read += [(found, list(view)) for found, view in reader.new_entries()]
    read += [(found, list(view)) for found, view in reader.new_entries()]
    journal.close()
    os.close(descriptor)

    assert read == written


def test_views_outlive_the_journal(journal: Journal) -> None:
    """Recording goes on into blocks whose journal was closed, and whose file is gone."""
    block = journal.add("name", 1).complete([1.0])
    block[0] += 1.0
    assert block[0] == 2.0


def test_an_interruption_gets_no_room(journal: Journal, reader: JournalReader) -> None:
    """A signal handler that adds while its thread is adding is turned away, and harms nothing."""

    class Interrupted(str):
        __slots__ = ()

        def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
            with pytest.raises(BusyError):
                journal.add("inner", 1)
            return super().encode(encoding, errors)

    journal.add(Interrupted("outer"), 1).complete([3.0])
    journal.add("next", 1).complete([4.0])

    assert [name for name, _ in reader.new_entries()] == ["outer", "next"]


def test_a_file_that_is_no_journal_has_no_entries(file: Path) -> None:
    """Zeros, nonsense and nothing at all are read as nothing."""
    for content in (b"", bytes(20_000), os.urandom(40_000)):
        file.write_bytes(content)
        descriptor = os.open(file, os.O_RDONLY)
        assert list(JournalReader(Descriptor(descriptor)).new_entries()) == []
        os.close(descriptor)


def test_without_room_it_is_an_error(file: Path) -> None:
    """A descriptor that cannot be written to raises, at once, and is closed."""
    descriptor = os.open(file, os.O_RDONLY)
    with pytest.raises(OSError, match="Bad file descriptor"):
        Journal(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)

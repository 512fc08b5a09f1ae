"""A snapshot as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from otel_executor_metrics.formats.bounds import bound_text
from otel_executor_metrics.snapshot import Recorded, Snapshot

_Cells = tuple[str, str, float]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
"""So begins what spreadsheets compute (label values may come from anywhere), and what is marked."""


def to_csv(snapshot: Snapshot) -> str:
    r"""Return ``snapshot`` as CSV (RFC 4180, lines end with ``\r\n``), a number in each row.

    The columns are ``operation``, one ``label_<name>`` for each label, ``measure``, ``part`` and
    ``value``. Measures are the fields of ``Recorded``; ``part`` is the error type of ``failures``
    and the upper bound of ``buckets``. The rows of ``dropped`` have the reason there, those of
    ``overflowed`` the label. A text that a spreadsheet might compute, or that begins with
    a ``'``, has a ``'`` before it.
    """
    names = sorted({name for _, labels in snapshot.series for name, _ in labels})
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["operation", *(f"label_{name}" for name in names), "measure", "part", "value"])
    for (operation, labels), recorded in snapshot.series.items():
        values = dict(labels)
        shown = [_inert(values.get(name, "")) for name in names]
        writer.writerows([operation, *shown, *cells] for cells in _cells(recorded))
    for operation, cells in _of_the_library(snapshot):
        writer.writerow([operation, *("" for _ in names), *cells])
    return text.getvalue()


def _cells(recorded: Recorded) -> Iterator[_Cells]:
    yield "success", "", recorded.success
    for error_type, count in recorded.failures.items():
        yield "failures", _inert(error_type), count
    yield "retries", "", recorded.retries
    yield "in_progress", "", recorded.in_progress
    yield "lost", "", recorded.lost
    yield "seconds", "", recorded.seconds
    for bound, count in recorded.buckets:
        yield "buckets", bound_text(bound), count


def _of_the_library(snapshot: Snapshot) -> Iterator[tuple[str, _Cells]]:
    for reason, count in snapshot.dropped.items():
        yield "", ("dropped", _inert(reason), count)
    for (operation, label), count in snapshot.overflowed.items():
        yield _inert(operation), ("overflowed", _inert(label), count)


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text

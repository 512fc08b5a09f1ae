"""An exemplar as the doubles of a journal entry, and back."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from typing import Final

from opentelemetry.trace import SpanContext, TraceFlags

from otel_executor_metrics.storage.exemplars import Exemplar

# The value, the time as seconds and nanoseconds, and then the trace id and the span id in 32 bits
# each: a double holds no more than 53 exactly. Last their sum: whoever reads while another process
# writes may find half of each of two exemplars, and by that he knows.
DOUBLES: Final = 10

_SECOND: Final = 1_000_000_000
_SHIFTS_OF_TRACE: Final = (96, 64, 32, 0)
_SHIFTS_OF_SPAN: Final = (32, 0)
_MASK: Final = 0xFFFF_FFFF


def to_doubles(exemplar: Exemplar) -> list[float]:
    """Return ``exemplar`` as so many doubles."""
    value, at, span = exemplar
    numbers: list[float] = [value, *map(float, divmod(at, _SECOND))]
    numbers += [float(span.trace_id >> shift & _MASK) for shift in _SHIFTS_OF_TRACE]
    numbers += [float(span.span_id >> shift & _MASK) for shift in _SHIFTS_OF_SPAN]
    return [*numbers, fsum(numbers)]


def from_doubles(doubles: Sequence[float]) -> Exemplar | None:
    """Return the exemplar of ``doubles``, or None where they are not those of one.

    Raises:
        OverflowError, ValueError: they are no numbers of the kind.
    """
    *numbers, total = doubles
    if not total or fsum(numbers) != total:
        return None
    value, seconds, nanoseconds, *ids = numbers
    words = list(map(int, ids))
    trace_id = _joined(words[:4], _SHIFTS_OF_TRACE)
    span_id = _joined(words[4:], _SHIFTS_OF_SPAN)
    span = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags())
    return value, int(seconds) * _SECOND + int(nanoseconds), span


def _joined(words: Sequence[int], shifts: Sequence[int]) -> int:
    return sum(word << shift for word, shift in zip(words, shifts, strict=True))

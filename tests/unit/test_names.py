"""Names of operations and labels come out valid, whatever goes in (contract §3)."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from otel_executor_metrics._names import label_name, operation_name

# OpenTelemetry specification, "Instrument name syntax", and Prometheus's data model.
INSTRUMENT = re.compile(r"[a-zA-Z][-_./a-zA-Z0-9]{0,254}", re.ASCII)
METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
LONGEST_ROLE = "_in_progress"

not_text = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.binary(), st.lists(st.text())
)


@given(st.text(max_size=128))
@example("1")
@example("_")
@example("é")
@example("9" * 128)
@example("\ud800")
def test_every_name_within_the_limits_makes_valid_instruments(raw: str) -> None:
    """Any text of 1 to 128 characters gives names that OpenTelemetry and Prometheus accept."""
    name = operation_name(raw)

    if not raw.strip():
        assert name is None
        return
    assert name is not None
    assert INSTRUMENT.fullmatch(name + LONGEST_ROLE)
    assert METRIC.fullmatch(name)


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=128))
def test_a_name_that_was_made_is_kept(raw: str) -> None:
    """Cleaning twice is cleaning once, and no run of ``_`` is left for an exporter to collapse."""
    name = operation_name(raw)

    assert name is None or (operation_name(name[:128]) == name[:128].rstrip("_"))
    assert name is None or "__" not in name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("execute", "execute"),
        ("UserLogin", "UserLogin"),
        ("user engagement", "user_engagement"),
        ("http.get/v1", "http_get_v1"),
        ("2nd", "op_2nd"),
        ("_x", "op_x"),
        ("größe", "gr_e"),
        ("a" * 128, "a" * 128),
    ],
)
def test_other_characters_become_underscores(raw: str, name: str) -> None:
    """Each other character becomes ``_``, runs collapse, and ``op_`` makes a letter the first."""
    assert operation_name(raw) == name


@pytest.mark.parametrize("raw", ["", " ", "\t\n", "a" * 129])
def test_what_is_empty_or_too_long_is_no_name(raw: str) -> None:
    """Empty text and more than 128 characters are refused."""
    assert operation_name(raw) is None


@given(not_text)
def test_what_is_no_text_is_no_name(raw: object) -> None:
    """Only a text names an operation or a label."""
    assert operation_name(raw) is None
    assert label_name(raw) is None


@given(st.text())
def test_a_label_name_is_valid_or_refused(raw: str) -> None:
    """What is accepted, Prometheus accepts, and does not reserve."""
    name = label_name(raw)

    if name is not None:
        assert LABEL.fullmatch(name)
        assert not name.startswith("__")
        assert name != "le"


@given(st.from_regex(r"\A[a-zA-Z_][a-zA-Z0-9_]*\Z").filter(lambda raw: "__" not in raw))
@example("_")
@example("_a")
@example("LE")
@example("a" * 128)
def test_a_valid_label_name_is_kept(raw: str) -> None:
    """What matches the rule comes out as it went in."""
    assert label_name(raw) == (None if raw == "le" or len(raw) > 128 else raw)


@pytest.mark.parametrize(
    "raw", ["a" * 129, "", "le", "__a", "__", "a-b", "a b", "1a", "é", "a\n", "a.b"]
)
def test_an_invalid_label_name_is_refused(raw: str) -> None:
    """What Prometheus would refuse or reserves is no label name."""
    assert label_name(raw) is None

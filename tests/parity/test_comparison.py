"""What differs is found, named once, and said from both sides."""

from __future__ import annotations

import pytest

from otel_executor_metrics.parity import Difference, ExpositionError, compare

COUNTER = """\
# HELP jobs Number of jobs
# TYPE jobs counter
jobs_total{kind="a"} 3.0
jobs_total{kind="b"} 1.0
# EOF
"""
HISTOGRAM = """\
# HELP took_seconds Time taken
# TYPE took_seconds histogram
# UNIT took_seconds seconds
took_seconds_bucket{le="0.1",kind="a"} 1.0
took_seconds_bucket{le="1.0",kind="a"} 2.0
took_seconds_bucket{le="+Inf",kind="a"} 2.0
took_seconds_count{kind="a"} 2.0
took_seconds_sum{kind="a"} 0.3
# EOF
"""


def changed(text: str, *replacements: tuple[str, str]) -> str:
    """Return ``text`` with each of the first replaced by the second, which must be there."""
    for before, after in replacements:
        assert before in text
        text = text.replace(before, after)
    return text


def said(pull: str, collector: str, **options) -> list[str]:
    """Return kind and text of each difference."""
    return [f"{found.kind} {found.text}" for found in compare(pull, collector, **options)]


@pytest.mark.parametrize(
    ("text", "replacements", "expected"),
    [
        (COUNTER, [("of jobs", "of all jobs")],
         ["help jobs: pull 'Number of jobs', collector 'Number of all jobs'"]),
        (COUNTER, [("jobs counter", "jobs unknown"), ("jobs_total", "jobs")],
         ["type jobs: pull counter, collector unknown",
          'samples jobs{kind="a"}: pull total, collector value',
          'samples jobs{kind="b"}: pull total, collector value']),
        (COUNTER, [("3.0", "2.5")], ['value jobs_total{kind="a"}: pull 3, collector 2.5']),
        (COUNTER, [('jobs_total{kind="b"} 1.0\n', "")],
         ['series jobs_total{kind="b"}: only in pull: 1']),
        (COUNTER, [('kind="b"', 'kind="c"')],
         ['series jobs_total{kind="b"}: only in pull: 1',
          'series jobs_total{kind="c"}: only in collector: 1']),
        (COUNTER, [('{kind', '{otel_scope_name="x",kind')],
         ["label jobs: only in collector: otel_scope_name"]),
        (COUNTER, [('kind=', 'kind_=')],
         ['series jobs_total{kind="a"}: only in pull: 3',
          'series jobs_total{kind="b"}: only in pull: 1',
          'series jobs_total{kind_="a"}: only in collector: 3',
          'series jobs_total{kind_="b"}: only in collector: 1']),
        (HISTOGRAM, [('le="1.0"', 'le="2.0"')],
         ['buckets took_seconds{kind="a"}: pull le=1.0, collector le=2.0']),
        (HISTOGRAM, [('le="1.0"', 'le="1"')],
         ['buckets took_seconds{kind="a"}: pull le=1.0, collector le=1']),
        (HISTOGRAM, [('le="0.1",kind="a"} 1.0', 'le="0.1",kind="a"} 0.0'), ("0.3", "1.3")],
         ['value took_seconds{kind="a"}: pull le=0.1 1, sum 0.3, collector le=0.1 0, sum 1.3']),
        (HISTOGRAM, [("took_", "taken_")],
         ["family taken_seconds: only in collector: histogram of 1 series",
          "family took_seconds: only in pull: histogram of 1 series"]),
    ],
    ids=["help", "type", "value", "missing series", "other label value", "scope label",
         "renamed label", "other bound", "bound written otherwise", "bucket and sum",
         "other name"],
)  # fmt: skip
def test_each_kind_is_found_and_named(text, replacements, expected) -> None:
    """One change is said in one line, or in one for each series that it takes away."""
    assert said(text, changed(text, *replacements)) == expected


def test_units_are_compared_where_both_state_one() -> None:
    """Collectors write none; it ends the name, which is compared anyway."""
    pull = changed(HISTOGRAM, ("took_", "job_took_"))

    assert compare(pull, changed(pull, ("# UNIT job_took_seconds seconds\n", ""))) == []
    assert said(pull, changed(pull, ("seconds seconds", "seconds took_seconds"))) == [
        "unit job_took_seconds: pull seconds, collector took_seconds"
    ]


def test_an_empty_label_is_no_label() -> None:
    """Prometheus knows no difference between the two."""
    pull = changed(COUNTER, ('kind="a"', 'kind="a",region=""'))

    assert compare(pull, COUNTER) == []


def test_sums_are_equal_to_nine_digits() -> None:
    """Roads add up in different orders; a digit that people would see is a difference."""
    assert compare(HISTOGRAM, changed(HISTOGRAM, ("0.3", "0.30000000000000004"))) == []
    assert compare(HISTOGRAM, changed(HISTOGRAM, ("0.3", "0.30000001"))) != []


def test_counters_are_equal_exactly() -> None:
    """A counter has no tolerance."""
    assert compare(COUNTER, changed(COUNTER, ("3.0", "3.0000000000000004"))) != []


def test_whose_series_they_are_is_no_difference() -> None:
    """A Collector adds job and instance, and target_info, which the process does not show."""
    collector = '# TYPE target_info gauge\ntarget_info{job="j",instance="i"} 1.0\n' + changed(
        COUNTER, ("{kind", '{job="j",instance="i",kind')
    )

    assert compare(COUNTER, collector) == []


def test_a_job_of_both_sides_is_compared() -> None:
    """A label of the catalogue that happens to be called job is a label like any other."""
    pull = changed(COUNTER, ("kind", "job"))

    assert compare(pull, pull) == []
    assert said(pull, changed(pull, ('job="a"', 'job="c"'))) != []


def test_two_instances_are_told_from_one() -> None:
    """What two processes sent to one Collector is not what one process shows."""
    collector = changed(
        COUNTER,
        ('jobs_total{kind="a"} 3.0', 'jobs_total{kind="a",instance="1"} 3.0'),
        ('jobs_total{kind="b"} 1.0', 'jobs_total{kind="a",instance="2"} 3.0'),
    )

    assert said(COUNTER, collector) == [
        'duplicate jobs_total{kind="a"}: pull 1 series,'
        " collector 2 series, told apart by ignored labels",
        'series jobs_total{kind="b"}: only in pull: 1',
    ]


def test_labels_to_ignore_are_ignored_on_both_sides() -> None:
    """They are as if nobody had them."""
    pull = changed(COUNTER, ("{kind", '{pid="1",kind'))
    collector = changed(COUNTER, ("{kind", '{pid="2",kind'))

    assert compare(pull, collector) != []
    assert compare(pull, collector, ignore_labels=["pid"]) == []
    assert compare(pull, COUNTER, ignore_labels=["pid"]) == []


def test_exemplars_and_timestamps_are_not_compared() -> None:
    """When something was recorded, and for which trace, is not what the series says."""
    pull = changed(COUNTER, ("3.0", '3.0 1700000000.5 # {trace_id="f"} 1.0'))

    assert compare(pull, COUNTER) == []


def test_not_a_number_is_equal_to_itself() -> None:
    """A gauge may be NaN on both roads."""
    text = "# TYPE free gauge\nfree NaN\n# EOF\n"

    assert compare(text, text) == []


def test_a_label_value_cannot_command_a_terminal() -> None:
    """What a line shows of a label value is printable, and other scripts stay readable."""
    pull = changed(COUNTER, ('"a"', '"\x1b[2J\u202e é任\\"\\n"'))

    (found,) = (line for line in said(pull, COUNTER) if "pull: 3" in line)

    assert found == r'series jobs_total{kind="\x1b[2J\u202e é任\"\n"}: only in pull: 3'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Missing # EOF at end"),
        ("jobs_total{ 1\n# EOF\n", ""),
        ("<!DOCTYPE html><title>x</title>\n", ""),
        (COUNTER.replace("# EOF\n", ""), "Missing # EOF at end"),
        (COUNTER.replace("3.0", "three"), "three"),
        (COUNTER.replace('"b"', '"a"'), "1 of 2 samples repeat a series shown before"),
        (COUNTER.replace('kind="b"', 'kind="a",x=""'), "jobs_total shows a series twice"),
        (HISTOGRAM.replace('count{kind="a"} 2.0', 'count{kind="a"} 3.0'), "Count does not match"),
        ("jobs 1\n" * 2 + "x" * 5000, ""),
        ("\x00\n", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("side", ["pull", "collector"])
def test_what_is_no_exposition_is_refused_in_one_line(text: str, reason: str, side: str) -> None:
    """The error says which of the two it is, and why, briefly."""
    texts = {"pull": COUNTER, "collector": COUNTER, side: text}

    with pytest.raises(ExpositionError) as refused:
        compare(**texts)

    message = str(refused.value)
    assert message.startswith(f"{side}: ")
    assert reason in message
    assert "\n" not in message
    assert len(message) < 300


def test_a_difference_says_all_that_is_needed() -> None:
    """Programs read its fields."""
    assert compare(COUNTER, changed(COUNTER, ("3.0", "4.0"))) == [
        Difference("value", "jobs", 'jobs_total{kind="a"}', "3", "4")
    ]

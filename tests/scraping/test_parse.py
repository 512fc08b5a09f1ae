"""What is read of a text: operations of this package, whatever else stands there."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_executor_metrics.scraping import ScrapeError, parse
from otel_executor_metrics.snapshot import Recorded, Snapshot

PLAN = "plan_success_total 3\nplan_failures_total 0\n"
OPENMETRICS = """\
# HELP target Target metadata
# TYPE target info
target_info{instance="i1",job="shop",service_name="shop"} 1
target_info{instance="i2",job="shop",service_name="shop"} 1
# TYPE plan_success counter
plan_success_total{instance="i1",job="shop",otel_scope_name="x"} 3.0 # {trace_id="a"} 1.0
plan_success_total{instance="i2",job="shop",otel_scope_name="x"} 4.0
# TYPE plan_failures counter
plan_failures_total{error_type="",instance="i1",job="shop"} 0.0
plan_failures_total{error_type="Timeout",instance="i2",job="shop"} 2.0
# TYPE plan_latency_seconds histogram
plan_latency_seconds_bucket{instance="i1",job="shop",le="1.0"} 3.0
plan_latency_seconds_bucket{instance="i1",job="shop",le="+Inf"} 3.0
plan_latency_seconds_count{instance="i1",job="shop"} 3.0
plan_latency_seconds_sum{instance="i1",job="shop"} 0.5
plan_latency_seconds_bucket{instance="i2",job="shop",le="1.0"} 4.0
plan_latency_seconds_bucket{instance="i2",job="shop",le="+Inf"} 6.0
plan_latency_seconds_count{instance="i2",job="shop"} 6.0
plan_latency_seconds_sum{instance="i2",job="shop"} 9.0
# TYPE executor_metrics_dropped counter
executor_metrics_dropped_total{instance="i1",job="shop",reason="error"} 1.0
executor_metrics_dropped_total{instance="i2",job="shop",reason="error"} 2.0
# EOF
"""


def test_processes_behind_a_collector_are_added_up() -> None:
    """The labels that a Collector adds are no labels of the operation."""
    assert parse(OPENMETRICS) == Snapshot(
        {
            ("plan", ()): Recorded(
                7, {"Timeout": 2}, seconds=9.5, buckets=((1.0, 7.0), (math.inf, 9.0))
            )
        },
        {"error": 3},
    )


def test_labels_called_job_and_instance_are_kept_where_no_collector_set_them() -> None:
    """Only what target_info names is a process."""
    text = 'run_success_total{job="nightly"} 1\nrun_failures_total{job="nightly"} 0\n'

    assert parse(text).series == {("run", (("job", "nightly"),)): Recorded(1)}
    stranger = OPENMETRICS.replace('success_total{instance="i2"', 'success_total{instance="i3"')
    assert parse(stranger).of("plan", {"instance": "i3"}).success == 4


@pytest.mark.parametrize(
    "foreign",
    [
        "up 1\n",
        "# TYPE http_retries_total counter\nhttp_retries_total 1\nhttp_in_progress 3\n",
        'http_request_latency_seconds_bucket{le="1"} 5\nhttp_success_total 1\n',
        'this is {no exposition at "all\n',
        "#\n# TYPE\n\n\x00\n",
        "go_gc_duration_seconds_sum NaN extra words here\n",
        '{"utf-8.name", a="b"} 1\n',
        'executor_metrics_other_total{a="b"} 2.0\n',
    ],
)
def test_families_of_others_are_left_out(foreign: str) -> None:
    """They need not even be well-formed, in neither format."""
    expected = Snapshot({("plan", ()): Recorded(3)})

    assert parse(foreign + PLAN) == expected
    assert parse(PLAN + foreign) == expected
    typed = "# TYPE plan_success counter\nplan_success_total 3\n# TYPE plan_failures counter\n"
    assert parse(f"{typed}plan_failures_total 0\n{foreign}# EOF\n").series == expected.series


def test_numbers_that_are_none_are_left_out() -> None:
    """NaN and the infinities would spoil every sum."""
    text = PLAN + "plan_retries_total NaN\nplan_in_progress +Inf\nplan_lost_total -Inf\n"

    assert parse(text).series == {("plan", ()): Recorded(3)}


def test_a_histogram_without_its_end_is_left_out() -> None:
    """Without +Inf nobody knows how many there were."""
    assert parse(PLAN + 'plan_latency_seconds_bucket{le="1"} 5\n').of("plan").buckets == ()


def test_a_failure_without_a_type_is_unknown_once_it_counts() -> None:
    """The series without error_type is there to be at 0."""
    assert parse(PLAN).of("plan").failures == {}
    assert parse(PLAN.replace("failures_total 0", "failures_total 2")).of("plan").failures == {
        "unknown": 2
    }


LINE = st.one_of(
    st.text(max_size=40),
    st.builds(
        "{}{}{} {}".format,
        st.sampled_from(["plan_success_total", "plan_failures_total", "a_latency_seconds_bucket",
                         "# TYPE plan_success", "target_info", "executor_metrics_dropped_total"]),
        st.sampled_from(["", "{", '{le="', '{le="1",le="2"}', '{a="\\"}', "{}", '{job="1"}']),
        st.sampled_from(["", " # {}", " # {a", " counter"]),
        st.sampled_from(["1", "1e999", "-1", "x", "", "nan 1 1", "0x1"]),
    ),
)  # fmt: skip


@given(st.lists(LINE, max_size=8), st.booleans())
def test_whatever_the_text_it_is_read_or_refused_in_one_line(lines: list[str], eof: bool) -> None:
    """Nothing else than a ScrapeError of one line is raised, and counts are finite."""
    with contextlib.suppress(ScrapeError):
        found = parse("\n".join([*lines, "# EOF\n" if eof else ""]))
        assert all(math.isfinite(part.finished) for part in found.series.values())

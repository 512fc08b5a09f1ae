"""What is written can be read back as it was."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_executor_metrics import ExecutorMetrics, Operation
from otel_executor_metrics.formats import to_csv, to_json, to_openmetrics
from otel_executor_metrics.parity import compare
from otel_executor_metrics.scraping import parse
from otel_executor_metrics.snapshot import Key, Recorded, Snapshot
from tests.demo.processes import get

COUNTS = st.integers(0, 2**53).map(float) | st.floats(0, 1e15)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
LABEL_NAMES = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True).filter(
    lambda name: name not in ("le", "error_type")
)
LABEL_SETS = st.dictionaries(LABEL_NAMES, TEXTS, max_size=3).map(
    lambda labels: tuple(sorted(labels.items()))
)
OPERATIONS = st.sampled_from(["plan", "execute", "Tool_Call", "a_success", "in_progress"])


@st.composite
def histograms(draw: st.DrawFn) -> tuple[tuple[float, float], ...]:
    """Draw bounds, and counts that rise with them."""
    bounds = sorted(draw(st.sets(st.floats(0.001, 1e6), max_size=4)))
    whole = st.integers(0, 2**53).map(float)
    counts = sorted(draw(st.lists(whole, min_size=len(bounds) + 1, max_size=len(bounds) + 1)))
    return tuple(zip([*bounds, math.inf], counts, strict=True))


RECORDED = st.builds(
    Recorded,
    success=COUNTS,
    failures=st.dictionaries(TEXTS, COUNTS, max_size=2),
    retries=COUNTS,
    in_progress=COUNTS,
    lost=COUNTS,
    seconds=COUNTS,
    buckets=histograms(),
)
SNAPSHOTS = st.builds(
    Snapshot,
    st.dictionaries(st.tuples(OPERATIONS, LABEL_SETS), RECORDED, max_size=3),
    st.dictionaries(TEXTS, COUNTS, max_size=2),
    st.dictionaries(st.tuples(OPERATIONS, TEXTS), COUNTS, max_size=2),
)


def from_json(text: str) -> Snapshot:
    """Read what ``to_json`` writes."""
    document = json.loads(text)
    series: dict[Key, Recorded] = {}
    for one in document["series"]:
        key = (one.pop("operation"), tuple(sorted(one.pop("labels").items())))
        buckets = tuple((float(bucket["le"]), bucket["count"]) for bucket in one.pop("buckets"))
        series[key] = Recorded(**one, buckets=buckets)
    overflowed = {(one["operation"], one["label"]): one["count"] for one in document["overflowed"]}
    return Snapshot(series, document["dropped"], overflowed)


def read(text: str) -> str:
    """Return a text without the mark that keeps spreadsheets from computing it."""
    return text.removeprefix("'")


def from_csv(text: str) -> Snapshot:
    """Read what ``to_csv`` writes."""
    fields: dict[Key, dict] = {}
    dropped, overflowed = {}, {}
    for row in csv.DictReader(io.StringIO(text, newline="")):
        operation, measure = row.pop("operation"), row.pop("measure")
        part, value = read(row.pop("part")), float(row.pop("value"))
        labels = ((name.removeprefix("label_"), read(text)) for name, text in row.items() if text)
        if measure == "dropped":
            dropped[part] = value
        elif measure == "overflowed":
            overflowed[operation, part] = value
        else:
            found = fields.setdefault((operation, tuple(labels)), {"failures": {}, "buckets": ()})
            if measure == "buckets":
                found["buckets"] += ((float(part), value),)
            elif measure == "failures":
                found["failures"][part] = value
            else:
                found[measure] = value
    return Snapshot({key: Recorded(**found) for key, found in fields.items()}, dropped, overflowed)


@settings(max_examples=40)
@given(SNAPSHOTS)
def test_json_holds_everything(snapshot: Snapshot) -> None:
    """Every number, whatever stands in the labels."""
    assert from_json(to_json(snapshot)) == snapshot


@settings(max_examples=40)
@given(SNAPSHOTS)
def test_csv_holds_everything(snapshot: Snapshot) -> None:
    """Every number, whatever stands in the labels."""
    assert from_csv(to_csv(snapshot)) == snapshot


@settings(max_examples=40)
@given(SNAPSHOTS)
def test_openmetrics_is_read_back(snapshot: Snapshot) -> None:
    """What is written is what an endpoint would show."""
    assert parse(to_openmetrics(snapshot)) == snapshot


def test_openmetrics_is_what_was_scraped() -> None:
    """Names, types, help, labels, bounds and values are those of the endpoint itself."""
    train = Operation("train", labels=("model",), buckets=(0.5, 60, 86_400), help="model training")
    with ExecutorMetrics(
        metrics_port=0, host="127.0.0.1", operations=[train], label_values="keep"
    ) as metrics:
        for number, text in enumerate(["a", "任务", 'say "hi"\n\\', ""]):
            metrics.record_operation("train", duration=number, labels={"model": text})
            metrics.record_operation("execute", False, 0.1, {"task_type": text}, f"E{number}")
        metrics.record_operation("user_engagement", duration=math.nan)
        scraped = get(metrics.get_metrics_summary()["url"], "application/openmetrics-text")

    written = to_openmetrics(parse(scraped), operations=[train])

    assert compare(scraped, written) == []
    without_help = compare(scraped, to_openmetrics(parse(scraped)))
    assert {(one.kind, one.family.split("_")[0]) for one in without_help} == {("help", "train")}


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_of_others_is_a_formula_in_csv(first: str) -> None:
    """Label values and error types may be whatever some client has sent; bounds are ours."""
    hostile = f"{first}HYPERLINK(1)"
    recorded = Recorded(1, {hostile: 1}, buckets=((math.inf, 1.0),))
    series: dict[Key, Recorded] = {("plan", (("a", hostile),)): recorded}
    text = to_csv(Snapshot(series, {hostile: 1}, {("plan", hostile): 1}))

    rows = csv.reader(io.StringIO(text, newline=""))
    cells = {cell for row in rows for cell in row if cell.startswith(first)}
    assert cells <= {"+Inf"}


def test_the_rows_of_csv() -> None:
    """A number in each, labels in columns of their own."""
    recorded = Recorded(2, {"Timeout": 1}, seconds=0.5, buckets=((1.0, 3.0), (math.inf, 3.0)))
    series: dict[Key, Recorded] = {("execute", (("task_type", "a,b"),)): recorded}
    snapshot = Snapshot(series, {"error": 4}, {("execute", "task_type"): 5})

    assert to_csv(snapshot).splitlines() == [
        "operation,label_task_type,measure,part,value",
        'execute,"a,b",success,,2',
        'execute,"a,b",failures,Timeout,1',
        'execute,"a,b",retries,,0.0',
        'execute,"a,b",in_progress,,0.0',
        'execute,"a,b",lost,,0.0',
        'execute,"a,b",seconds,,0.5',
        'execute,"a,b",buckets,1.0,3.0',
        'execute,"a,b",buckets,+Inf,3.0',
        ",,dropped,error,4",
        "execute,,overflowed,task_type,5",
    ]

"""The examples that need nothing beside them count what they do, exactly."""

from __future__ import annotations

import re
import signal
import subprocess
import urllib.request

import pytest

from tests.examples.running import ROOT, command, environment, run, samples, starting_at
from tests.support.waiting import wait_until

EXAMPLES = sorted(
    path.relative_to(ROOT / "examples").as_posix() for path in (ROOT / "examples").rglob("*.py")
)


def test_the_readme_names_each_example_and_its_command():
    """examples/README.md has a row for each program, and for no other."""
    page = (ROOT / "examples" / "README.md").read_text()
    rows = re.findall(r"^\| \[(\S+)\]\((\S+)\) \| `python examples/(\S+)` \|", page, re.MULTILINE)

    assert sorted(row[0] for row in rows) == EXAMPLES
    assert all(name == link == run for name, link, run in rows)


def test_pipeline_counts_each_stage():
    """Of 20 requests each fifth fails in intent, in plan, in execute; retries are counted."""
    printed = starting_at("# HELP", run("pipeline.py", "--requests", "20"))
    total = samples(printed)

    assert total["intent_success_total"] == 16
    assert samples(printed, error_type="UnknownTaskError") == {"intent_failures_total": 4}
    assert total["plan_success_total"] == 12
    assert samples(printed, error_type="ImpossiblePlanError") == {"plan_failures_total": 4}
    assert samples(printed, task_type="collect") == {
        "execute_success_total": 8,
        "execute_failures_total": 4,
        "execute_retries_total": 4 + 8,
    }
    assert total["execute_success_total"] == 20
    assert total["execute_failures_total"] == 4


def test_pipeline_serves_until_ctrl_c():
    """While it works it can be scraped; Ctrl-C ends it in good order."""
    process = subprocess.Popen(
        command("pipeline.py"),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        url = process.stdout.readline().removeprefix("scrape").strip()

        def served() -> dict[str, float]:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return samples(answer.read().decode())

        wait_until(lambda: served()["execute_retries_total"] > 0)
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait(30)
    assert process.returncode == 0, errors
    assert samples(printed)["execute_retries_total"] > 0
    assert errors == ""


def test_business_metrics_have_few_label_values():
    """An action that nobody listed is ``other``; sizes are three; nobody is named."""
    printed = run("business_metrics.py")

    assert samples(printed, action="read") == {"user_engagement_success_total": 2}
    assert samples(printed, action="other") == {"user_engagement_success_total": 1}
    assert samples(printed, data_size_category="small") == {"data_processing_success_total": 2}
    assert samples(printed)["data_processing_success_total"] == 4
    assert "user_id" not in printed


@pytest.mark.parametrize("example", ["migration/before.py", "migration/after.py"])
def test_a_migrated_program_says_what_it_said(example):
    """Before and after print the same results, and have the same families."""
    lines = run(example).splitlines()

    assert lines[:3] == ["['train', 'report']", "[None, 'report']", "['read', 'report']"]
    assert "'execute_retries'" in lines[3]


@pytest.mark.parametrize("example", ["migration/before.py", "migration/after.py"])
def test_a_migrated_program_records_what_it_did(example):
    """Before and after count the same work; what is new is the class of the failure."""
    recorded = run_and_scrape(example)

    assert recorded["intent_success_total"] == recorded["plan_success_total"] == 3
    assert recorded["execute_success_total"] == 5
    assert recorded["execute_failures_total"] == 1
    assert recorded["execute_retries_total"] == 1
    assert recorded["execute_latency_seconds_count"] == 6


def run_and_scrape(example: str) -> dict[str, float]:
    """Run an example's ``main``; return what its ``metrics`` would show then."""
    program = (
        "import runpy\n"
        f"found = runpy.run_path('examples/{example}')\n"
        "found['main']()\n"
        "print(found['metrics'].scrape().body.decode())\n"
    )
    done = subprocess.run(
        [*command("")[:-1], "-c", program],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return samples(starting_at("# HELP", done.stdout))


def test_before_is_the_old_program_but_for_its_import():
    """With the old import line put back nothing of this package is left in it."""
    program = (ROOT / "examples" / "migration" / "before.py").read_text()
    old = "from aiecs.infrastructure.monitoring.executor_metrics import ExecutorMetrics"
    restored = program.replace("from otel_executor_metrics import ExecutorMetrics", old)

    assert restored != program
    assert f"# was: {old}" in program
    assert "otel" not in restored

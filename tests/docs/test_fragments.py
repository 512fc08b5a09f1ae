"""What the documents show of other programs runs inside such programs: ``py`` blocks.

Beside those that are whole (``python``) there are the programs of before a migration, and lines for
a worker of Celery.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import urllib.request

import pytest
from celery.app.defaults import NAMESPACES
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.old import DISTRIBUTION, VERSION, UnavailableError, cache_folder, source_file
from tests.support.documents import ROOT, find
from tests.support.ports import free_ports
from tests.support.real import give_up
from tests.support.waiting import wait_until

MIGRATING = find("docs/migrating.md", "py")
AFTER = find("docs/migrating.md", "python")
CELERY = find("docs/integrations/celery.md", "py")
BLOCKS = [*MIGRATING, *CELERY]
OLD, PROMETHEUS, OPENTELEMETRY = MIGRATING
MAIN_PROCESS, PUBLISHER, EACH_PROCESS = CELERY
ORDER = """
from celery.signals import worker_ready
@worker_ready.connect
def order(**_):
    charge.delay(1999)
"""
DONE = 'celery_task_success_total{queue="celery",task="shop_charge"} 1.0'
EXPOSED = """
from prometheus_client import generate_latest
print(generate_latest().decode())
"""


def run(*parts: str, **environment: str) -> str:
    """Run a program made of parts; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(map(textwrap.dedent, parts))],
        cwd=ROOT,
        env={**os.environ, "METRICS_PORT": "0", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def samples(exposition: str, *prefixes: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return the values of the series that begin so.

    Without sums of times, which are never twice the same, and without moments of creation, of which
    the page says that they are not shown.
    """
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        if sample.name.startswith(prefixes) and not sample.name.endswith(("_sum", "_created"))
    }


def test_the_old_component_has_the_faults_that_the_page_names():
    """Latency with labels, failures and unknown operations are lost; nothing raises."""
    try:
        source_file()
    except UnavailableError as reason:
        give_up(str(reason))
    (port,) = free_ports(1)
    folder = cache_folder() / f"{DISTRIBUTION}-{VERSION}"
    shown = samples(
        run(OLD.code.replace("8001", str(port)), EXPOSED, PYTHONPATH=str(folder)),
        *("intent_", "execute_", "plan_", "user_"),
    )

    assert shown["intent_success_total", frozenset()] == 1
    assert shown["intent_latency_seconds_count", frozenset()] == 1
    assert shown["execute_success_total", frozenset({("task_type", "ml")})] == 1
    counted = {name for (name, _), value in shown.items() if value and "latency" in name}
    assert {name for name in counted if not name.startswith("intent_")} == set()
    assert {name for name, _ in shown if "failures" in name or name.startswith("user_")} == set()


def test_the_series_of_prometheus_client_stay_as_they_were():
    """Before and after show the same numbers under the same names; ours has ``lost`` as well."""
    (port,) = free_ports(1)
    before = run(
        PROMETHEUS.code.replace("8001", str(port)),
        """
        def work(model):
            if model == "huge":
                raise MemoryError
        train("small")
        try:
            train("huge")
        except MemoryError:
            pass
        """,
        EXPOSED,
    )
    after = run(
        AFTER[1].code.replace("8001", "0"),
        """
        try:
            with metrics.measure("train", labels={"model": "huge"}):
                raise MemoryError
        except MemoryError:
            pass
        print(metrics.scrape().body.decode())
        """,
    )

    old, new = samples(before, "train_"), samples(after, "train_")
    assert len(old) == 14
    assert old.items() <= new.items()
    assert {name for name, _ in new.keys() - old.keys()} <= {
        *("train_lost_total", "train_retries_total"),
        *("train_success_total", "train_failures_total"),  # those that are at zero
    }
    assert {new[key] for key in new.keys() - old.keys()} == {0}


def test_bare_opentelemetry_has_the_faults_that_the_page_names():
    """It records; the bounds of its buckets are milliseconds, for seconds."""
    shown = run(
        """
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        reader = PrometheusMetricReader()
        def work():
            pass
        """,
        OPENTELEMETRY.code,
        EXPOSED,
    )

    values = samples(shown, "execute_")
    bounds = {dict(labels)["le"] for name, labels in values if name.endswith("_bucket")}
    assert {"5.0", "10000.0"} < bounds
    assert "0.5" not in bounds
    assert {name: value for (name, _), value in values.items() if "_bucket" not in name} == {
        "execute_success_total": 1,
        "execute_duration_seconds_count": 1,
    }


@pytest.fixture
def shop(tmp_path):
    """Return the page's application as the module ``shop``, for a worker."""
    (page,) = find("docs/integrations/celery.md", "python")
    application = page.code.partition("with ExecutorMetrics")[0]
    assert "task_always_eager = True" in application
    application = application.replace("task_always_eager = True", 'broker_url = "memory://"')
    (tmp_path / "shop.py").write_text(application)
    return tmp_path / "shop.py"


spawned = pytest.mark.skipif(
    "pool_start_method" not in NAMESPACES["worker"], reason="this Celery has no such option"
)


@pytest.mark.parametrize(
    ("fragment", "options"),
    [
        pytest.param(MAIN_PROCESS, [], id="forked"),
        pytest.param(EACH_PROCESS, ["--pool-start-method", "spawn"], id="spawned", marks=spawned),
    ],
)
def test_a_worker_serves_as_the_page_says(shop, fragment, options):
    """Its port shows what a process of the pool has done."""
    shop.write_text(shop.read_text() + fragment.code + ORDER)
    (port,) = free_ports(1)
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "shop", "worker", "-c", "1", *options],
        cwd=shop.parent,
        env={**os.environ, "METRICS_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    def serves() -> bool:
        assert worker.poll() is None
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return DONE in answer.read().decode()
        except OSError:
            return False

    try:
        wait_until(serves, 90, "it shows the task")
    finally:
        worker.send_signal(signal.SIGTERM)
        said, _ = worker.communicate(timeout=60)
    assert worker.returncode == 0, said


def test_a_publisher_stamps_its_messages(shop):
    """The header of which the page tells is in what it sends, and no port is taken."""
    shop.with_name("publisher.py").write_text(
        "from shop import *\n"
        f"{PUBLISHER.code}"
        "charge.delay(1999)\n"
        "with app.connection_for_read() as connection:\n"
        "    print(connection.SimpleQueue('celery').get(timeout=5).headers)\n"
    )
    done = subprocess.run(
        [sys.executable, "publisher.py"],
        cwd=shop.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "'otel_executor_metrics_due': " in done.stdout

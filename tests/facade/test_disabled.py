"""Disabled: every call is a no-op, without thread, socket or file (contract §2)."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any
from unittest import mock

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.evil import EVIL, EVIL_LABELS
from tests.facade.programs import run_program

# How it is switched off: arguments of the facade, and variables.
WAYS: dict[str, tuple[str, dict[str, str]]] = {
    "argument": ("enable_metrics=False", {}),
    "METRICS_ENABLED": ("", {"METRICS_ENABLED": "false"}),
    "OTEL_SDK_DISABLED": ("", {"OTEL_SDK_DISABLED": "true"}),
    "OTEL_SDK_DISABLED against an argument": (
        "enable_metrics=True",
        {"OTEL_SDK_DISABLED": "true"},
    ),
}

PROGRAM = """
import asyncio, json, os, sys, threading

def held():
    # What a number points to, since a number may be used again.
    found = {{}}
    for number in os.listdir("/proc/self/fd"):
        try:
            found[number] = os.readlink(f"/proc/self/fd/{{number}}")
        except OSError:
            pass  # that of the listing itself
    return found

def threads():
    return len(os.listdir("/proc/self/task"))

opened = []
from otel_executor_metrics import ExecutorMetrics
sys.addaudithook(
    lambda event, arguments: opened.append([event, repr(arguments)])
    if event == "open" or event.startswith("socket.") or event == "_thread.start_new_thread"
    else None
)
before = held(), threads()
opened.clear()
m = ExecutorMetrics({arguments})
m.record_operation("execute", duration=1, labels={{"task_type": "a"}})
m.record_operation("execute", False, error_type="E")
m.record_operation_latency("x", 1)
m.record_duration("x", 1)
m.record_operation_success("x")
m.record_operation_failure("x", "E")
m.record_retry("x", 2)
m.record_batch_operations([{{"operation": "x"}}])
with m.measure("x"):
    pass
with m.operation("x"):
    pass
m.with_metrics("x")(len)("")
m.flush()
seen = list(opened)
after = held(), threads()
summary = m.get_metrics_summary()
m.shutdown()
print(json.dumps([before == after, seen, m.enable_metrics, len(m.metrics), summary]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("way", WAYS)
def test_a_disabled_facade_has_no_thread_no_socket_and_no_file(way: str) -> None:
    """Nothing is opened or started, neither at construction nor by any call."""
    arguments, variables = WAYS[way]

    done = run_program(PROGRAM.format(arguments=arguments), variables)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    same, opened, enabled, keys, summary = json.loads(done.stdout)
    assert same
    assert opened == []
    assert not enabled
    assert keys == 0
    assert summary["metrics_enabled"] is False
    assert summary["available_metrics"] == []
    assert summary["url"] is None


@pytest.fixture
def disabled() -> ExecutorMetrics:
    """Return a facade that is switched off."""
    return ExecutorMetrics(enable_metrics=False)


@pytest.mark.parametrize("name", [*EVIL, *EVIL_LABELS])
def test_a_disabled_facade_looks_at_nothing(disabled: ExecutorMetrics, name: str) -> None:
    """Not even objects that raise are touched."""
    evil: Any = EVIL[name] if name in EVIL else EVIL_LABELS[name]()
    disabled.record_operation(evil, True, evil, labels=evil, error_type=evil)
    disabled.record_operation_latency(evil, evil, evil)
    disabled.record_duration(evil, evil, evil)
    disabled.record_operation_success(evil, evil)
    disabled.record_operation_failure(evil, evil, evil)
    disabled.record_retry(evil, evil, evil)
    disabled.record_batch_operations([evil])
    disabled.operation(evil, label=evil).success(evil)
    with disabled.measure(evil, evil):
        pass

    assert disabled.get_metrics_summary()["dropped"] == {}


def test_a_disabled_decorator_returns_the_function_itself(disabled: ExecutorMetrics) -> None:
    """A decorated function costs nothing at all."""
    assert disabled.with_metrics("x", {"a": "b"})(len) is len


def test_errors_pass_a_disabled_measurement(disabled: ExecutorMetrics) -> None:
    """A block under a disabled measurement raises what it raises, sync and async."""
    error = ValueError("x")

    async def main() -> None:
        async with disabled.measure("x"):
            raise error

    with pytest.raises(ValueError, match="x") as raised, disabled.measure("x"):
        raise error
    assert raised.value is error
    with pytest.raises(ValueError, match="x") as raised:
        asyncio.run(main())
    assert raised.value is error


def test_a_disabled_facade_checks_its_arguments_all_the_same() -> None:
    """A bad setting is found where metrics are switched off, not first in production."""
    with pytest.raises(ValueError, match="metrics_port"):
        ExecutorMetrics(enable_metrics=False, metrics_port=-1)


def test_a_disabled_facade_can_be_shut_down_and_left(disabled: ExecutorMetrics) -> None:
    """``with``, ``flush`` and ``shutdown`` are no-ops as well."""
    with disabled as same:
        assert same is disabled
    assert disabled.flush()
    disabled.shutdown()
    disabled.shutdown()


class _Audited(ExecutorMetrics):
    """A facade of the user's, with something of its own in each record."""

    seen = 0

    def record_operation(self, *args: Any, **kwargs: Any) -> None:
        self.seen += 1
        super().record_operation(*args, **kwargs)


def test_what_a_subclass_does_it_does_when_disabled() -> None:
    """Only the recording is off."""
    metrics = _Audited(enable_metrics=False)
    metrics.record_operation("plan", duration=1, labels={"a": "b"})

    assert metrics.seen == 1


def test_a_disabled_facade_can_be_mocked() -> None:
    """By its class before it is made, by itself at any time."""
    with mock.patch.object(ExecutorMetrics, "record_operation", autospec=True) as by_class:
        ExecutorMetrics(enable_metrics=False).record_operation("plan")
    by_class.assert_called_once()

    metrics = ExecutorMetrics(enable_metrics=False)
    with mock.patch.object(metrics, "record_operation") as by_itself:
        metrics.record_operation("plan")
    by_itself.assert_called_once_with("plan")
    metrics.record_operation("plan")

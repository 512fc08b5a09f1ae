"""A Celery app whose tasks are measured: outcome, runtime, wait in the queue, retries.

``python examples/celery_app.py`` needs no broker: it runs a worker in its own process, sends it
some orders and shows what was recorded. With a broker, and a pool of processes on one port:

    export CELERY_BROKER_URL=redis://localhost:6379/0 CELERY_RESULT_BACKEND=redis://localhost:6379/0
    celery --workdir examples --app celery_app worker     # its metrics: :8001
    python examples/celery_app.py --send                  # in another terminal

Needs ``pip install 'otel-executor-metrics[celery]' 'celery[redis]'``.
"""

from __future__ import annotations

import argparse
from typing import Any

from celery import Celery
from celery.contrib.testing.worker import start_worker
from celery.signals import worker_init

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.integrations.celery import instrument_celery

ORDERS = (1999, 500, 0, 4200)  # cents
SHOWN = "&".join(f"name[]=celery_task_{what}_total" for what in ("success", "failures", "retries"))

app = Celery("shop", broker="memory://", backend="cache+memory://")
app.conf.update(broker_connection_retry_on_startup=True)


class BankBusyError(Exception):
    """The bank asks for another attempt."""


@app.task(name="charge", bind=True, autoretry_for=(BankBusyError,), default_retry_delay=0)
def charge(self: Any, cents: int) -> None:
    """Charge an order: not one of nothing, and large ones at the second attempt only."""
    if cents <= 0:
        raise ValueError(f"{cents} cents: must be positive")
    if cents > 1000 and self.request.retries == 0:
        raise BankBusyError


@worker_init.connect
def measure(**_: object) -> None:
    """Serve metrics from the main process of ``celery worker``; its pool is forked from it."""
    instrument_celery(app, ExecutorMetrics())


def send() -> None:
    """Publish the orders, and wait until each is charged, or is not."""
    orders = [charge.delay(cents) for cents in ORDERS]
    for order in orders:
        order.get(propagate=False, timeout=60)


def send_from_elsewhere() -> None:
    """Publish from a process that has no metrics, stamped for the worker to know the wait."""
    with ExecutorMetrics(enable_metrics=False) as nothing:
        uninstrument = instrument_celery(app, nothing)
        send()
        uninstrument()


def all_in_one_process() -> None:
    """Run a worker of two threads here until the orders are done, and show what it recorded."""
    app.conf.broker_transport_options = {"polling_interval": 0.05}  # a second otherwise
    worker_init.disconnect(measure)  # newer Celery sends it from such a worker as well
    with ExecutorMetrics() as metrics:
        uninstrument = instrument_celery(app, metrics)
        options = {"perform_ping_check": False, "shutdown_timeout": 60}
        with start_worker(app, pool="threads", concurrency=2, **options):
            send()
        print(metrics.scrape(query=SHOWN).body.decode())
        uninstrument()


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description="A Celery app whose tasks are measured.")
    parser.add_argument("--send", action="store_true", help="send to a worker that runs elsewhere")
    send_from_elsewhere() if parser.parse_args().send else all_in_one_process()


if __name__ == "__main__":
    main()

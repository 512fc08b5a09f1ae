"""The commands of the documents run as they stand, but for addresses and paths.

`tests.docs.surroundings` says what is done in place of what a test cannot have. Pages that
are followed as a whole have tests of their own.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.collector.conftest import Certificates, certificates
from tests.collector.executors import Gateway
from tests.docs import test_quick_start, test_web_pages
from tests.docs.commands import commands_of, is_settings, run, with_settings
from tests.docs.conftest import Demo
from tests.docs.programs import both_roads
from tests.docs.surroundings import (
    Addresses,
    Surroundings,
    make_folder,
    make_programs,
)
from tests.support.collector import Collector
from tests.support.documents import Block, all_blocks, find
from tests.support.prometheus import PrometheusServer, scrape_job

FOLLOWED = [*test_quick_start.BLOCKS, *test_web_pages.BLOCKS]
BLOCKS = [block for block in all_blocks() if block.language == "sh" and block not in FOLLOWED]
__all__ = ["certificates"]  # a fixture
_COMMENT = re.compile(r"\s+#.*")


def different(blocks: list[Block]) -> list[Block]:
    """Return those with other commands than the ones before: two languages say the same."""
    return list({_COMMENT.sub("", block.code): block for block in reversed(blocks)}.values())


@pytest.fixture(scope="module")
def addresses(
    demo: Demo, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Addresses]:
    """Run the servers of which the documents speak."""
    folder = tmp_path_factory.mktemp("servers")
    with ExitStack() as started:

        def collector(*args: Any, **kwargs: Any) -> Collector:
            server = Collector(folder, *args, **kwargs)
            started.callback(server.stop)
            return server

        gateway = Gateway(collector, certificates, folder)
        prometheus = PrometheusServer(folder, [scrape_job(demo.port)])
        started.callback(prometheus.stop)
        prometheus.wait_for("up == 1")
        compared = collector()
        yield Addresses(
            demo=demo.port,
            prometheus=prometheus.url,
            collector=collector().http_url,
            gateway=gateway.address,
            scraped=started.enter_context(both_roads(compared)),
            collected=compared.metrics_url,
        )


@pytest.fixture(scope="module")
def folder(
    certificates: Certificates,
    programs: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Make the folder that each test has a copy of, with rules that README.md has checked."""
    folder = tmp_path_factory.mktemp("folder") / "here"
    folder.mkdir()
    make_folder(folder, certificates)
    rules = "generate alerts --catalog myapp.metrics:OPERATIONS --output rules/"
    run([f"otel-executor-metrics {rules}"], folder, programs, {})
    return folder


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Make the programs that commands call; return the environment to find them."""
    return make_programs(tmp_path_factory.mktemp("programs"))


@pytest.mark.real
@pytest.mark.parametrize("block", different(BLOCKS), ids=str)
def test_commands_run(
    block: Block, addresses: Addresses, folder: Path, programs: dict[str, str], tmp_path: Path
) -> None:
    """Each ends well, and shows or leaves something; servers end well when they are told to."""
    here = tmp_path / "here"
    shutil.copytree(folder, here)
    commands = [*servers_before(block), *commands_of(block.code)]
    around = Surroundings("\n".join(commands), addresses, programs)

    shown = run(list(map(around.fit, commands)), here, around.environment, around.servers)

    assert "does not provide the extra" not in shown  # pip only warns
    if "METRICS_TLS_KEY=" in block.code:
        assert "'https://" in shown
    if "401 is right" in block.text:
        assert shown.endswith("401\n")


def servers_before(block: Block) -> list[str]:
    """Return what serves over TLS, with the settings of the page, if that is asked."""
    if "https://localhost:8001" not in block.code:
        return []
    (settings,) = [other for other in find(block.document, "sh") if is_settings(other.code)]
    return [with_settings(settings.code, "python -m otel_executor_metrics serve --port 8001")]


@pytest.mark.real
def test_nothing_is_put_in_the_place_of_what_is_gone() -> None:
    """Each text that is replaced, and each server, is in some block."""
    nowhere = Addresses(8001, *["http://localhost"] * 5)
    around = Surroundings("", nowhere, {})
    shown = "\n".join(block.code for block in BLOCKS)
    assert [text for text in (*around.instead, *around.servers) if text not in shown] == []

"""The command ``generate``."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from otel_executor_metrics import BUILTIN_OPERATIONS, MissingExtraError, Operation
from otel_executor_metrics.artifacts import (
    alerts_yaml,
    dashboard_json,
    metrics_markdown,
    rules_yaml,
)
from otel_executor_metrics.artifacts.kinds import ARTIFACTS
from otel_executor_metrics.cli import main
from tests.artifacts.generated import needs_grafana

ROOT = Path(__file__).parent.parent.parent
NEEDED = {"scrape": ["localhost:8001"], "datasource": ["http://prometheus:9090"]}
"""What an artifact cannot be made without."""

MODULE = """\
from otel_executor_metrics import Operation
OPERATIONS = [Operation("bake", labels=("oven",))]
TWICE = OPERATIONS * 2
TEXT = "bake"
NONE = ()
"""

ALL = f"""\
import sys
from otel_executor_metrics.cli import main
for name in {list(ARTIFACTS)!r}:
    main(["generate", name, *{NEEDED!r}.get(name, [])])
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a module ``bakery``, as a user does in that of a program."""
    (tmp_path / "bakery.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "bakery", raising=False)
    return tmp_path


@needs_grafana
def test_the_same_bytes_each_time() -> None:
    """Another process, which hashes otherwise, makes the same of the same catalogue."""
    made = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", ALL],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    ]

    assert made[0] == made[1]
    assert made[0].count(b"Made by `otel-executor-metrics generate") == len(ARTIFACTS)


def test_a_text_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file it is shown, and is what the function returns."""
    assert main(["generate", "rules"]) == 0

    assert capsys.readouterr().out == rules_yaml(BUILTIN_OPERATIONS)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=needs_grafana if n == "dashboard" else ()) for n in ARTIFACTS],
)
def test_a_folder_gets_a_file(name: str, project: Path) -> None:
    """Each artifact has a name there; a folder that is missing is made."""
    assert main(["generate", name, *NEEDED.get(name, []), "--output", "made/"]) == 0

    (made,) = (project / "made").iterdir()
    assert made.name == ARTIFACTS[name].file
    assert main(["generate", name, *NEEDED.get(name, []), "--check", "made"]) == 0


@pytest.mark.parametrize("edit", [b"\n", b""], ids=["edited", "gone"])
@pytest.mark.parametrize("spelled", ["--check my/rules.yml", "--check=my/rules.yml"])
def test_a_file_that_was_edited_is_told_with_its_remedy(
    edit: bytes, spelled: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line names the file and the command that mends it, and that command does."""
    command = ["generate", "rules", "--catalog", "bakery:OPERATIONS"]
    main([*command, "--output", "my/rules.yml"])
    file = project / "my" / "rules.yml"
    good = file.read_bytes()
    file.write_bytes(good + edit) if edit else file.unlink()

    assert main([*command, *spelled.split()]) == 1

    told = capsys.readouterr().err
    assert told.startswith("otel-executor-metrics generate: error: my/rules.yml is not what would")
    assert told.count("\n") == 1
    program, *remedy = shlex.split(told.partition("run: ")[2])
    assert program == "otel-executor-metrics"
    assert main(remedy) == 0
    assert file.read_bytes() == good


@needs_grafana
def test_arguments_reach_the_text(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command makes what the functions make of the same."""
    operations = [Operation("bake", labels=("oven",))]
    for arguments, text in (
        (
            ["alerts", "--job", "a", "--job", "b", "--for", "1m"],
            alerts_yaml(operations, jobs=["a", "b"], wait="1m"),
        ),
        (
            ["dashboard", "--title", "My bakery", "--job", "a"],
            dashboard_json(operations, title="My bakery", jobs=["a"]),
        ),
        (["docs"], metrics_markdown(operations)),
    ):
        assert main(["generate", *arguments, "--catalog", "bakery:OPERATIONS"]) == 0
        assert capsys.readouterr().out == text


@pytest.mark.parametrize(
    ("named", "complaint"),
    [
        ("bakery", "must be MODULE:ATTRIBUTE, such as myapp.metrics:ALL"),
        ("nowhere:ALL", "No module named 'nowhere'"),
        ("bakery:CAKES", "module 'bakery' has no attribute 'CAKES'"),
        ("bakery:TEXT", "must hold Operation objects, is 'bake'"),
        ("bakery:NONE", "must hold at least one Operation"),
    ],
)
def test_a_catalogue_that_cannot_be_used_is_one_line(
    named: str, complaint: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names what was given, and the rule."""
    assert main(["generate", "rules", "--catalog", named]) == 1

    expected = f"otel-executor-metrics generate: error: --catalog {named}: {complaint}\n"
    assert capsys.readouterr().err == expected


def test_operations_that_collide_are_refused(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the facade refuses them."""
    assert main(["generate", "rules", "--catalog", "bakery:TWICE"]) == 1

    assert "would both export 'bake_latency_seconds'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["alerts", "--for", "soon"], "--for: 'soon': must be a duration, such as 30s, 5m"),
        (["alerts", "--job", 'a"}'], "must consist of letters, digits, and _ . : / -"),
        (["scrape"], "required: HOST:PORT"),
        (["scrape", "localhost"], "'localhost': must be HOST:PORT"),
        (["scrape", "h:0"], "'h:0': must be HOST:PORT, a port from 1 to 65535"),
        (["scrape", "h:65536"], "'h:65536': must be HOST:PORT, a port from 1 to 65535"),
        (["datasource", "prometheus:9090"], "must be a URL, http://HOST:PORT"),
        (["datasource", "http://prometheus:70000"], "must be a URL, http://HOST:PORT"),
        (["alertmanager", "--webhook-url", "ftp://x"], "must be a URL, http://HOST:PORT"),
        (["rules", "--check", "a", "--output", "a"], "not allowed with argument"),
        (["cake"], "invalid choice: 'cake'"),
    ],
)
def test_arguments_that_cannot_be_used_end_with_status_2(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the argument, the value and the rule."""
    with pytest.raises(SystemExit) as ended:
        main(["generate", *arguments])

    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--cert-file", "c.pem"], "cert_file and key_file go together"),
        (["--password-file", "p"], "username and password_file go together"),
        (["--username", "u", "--password-file", "p", "--token-file", "t"], "give only one"),
    ],
)
def test_access_that_contradicts_itself_is_refused(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prometheus would refuse it later, or scrape in vain."""
    assert main(["generate", "scrape", "localhost:8001", *arguments]) == 1

    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("package", "artifact"),
    [("yaml", "rules"), ("grafana_foundation_sdk", "dashboard")],
)
def test_a_missing_package_is_told_with_its_extra(
    package: str,
    artifact: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line names what to install; the functions raise what users can catch."""
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)

    assert main(["generate", artifact]) == 1

    told = capsys.readouterr().err
    assert told.endswith(": pip install 'otel-executor-metrics[dashboards]'\n")
    assert "needed by files in YAML" in told or "needed by dashboards, on Python 3.11" in told
    assert told.count("\n") == 1
    with pytest.raises(MissingExtraError):
        {"rules": rules_yaml, "dashboard": dashboard_json}[artifact](BUILTIN_OPERATIONS)


def test_the_page_needs_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Docs are made by the package alone."""
    for package in ("yaml", "grafana_foundation_sdk"):
        monkeypatch.setitem(sys.modules, package, None)

    assert main(["generate", "docs"]) == 0


@needs_grafana
def test_committed_files_are_what_would_be_generated() -> None:
    """`make generate` would change nothing in this tree."""
    checked = subprocess.run(
        [sys.executable, "scripts/generated_files.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (checked.returncode, checked.stderr) == (0, "")

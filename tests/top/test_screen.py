"""What is shown on a terminal, and what elsewhere."""

from __future__ import annotations

import pytest

from otel_executor_metrics.top.screen import PlainScreen, TerminalScreen, screen_for
from tests.support.terminal import Stream, Terminal


def resize(monkeypatch: pytest.MonkeyPatch, columns: int, lines: int) -> None:
    """Let the terminal have that size."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", str(lines))


@pytest.mark.parametrize(
    ("terminal", "term", "kind"),
    [
        (True, "xterm-256color", TerminalScreen),
        (True, "dumb", PlainScreen),
        (True, None, PlainScreen),
        (False, "xterm", PlainScreen),
    ],
)
def test_the_screen_suits_the_stream(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, term: str | None, kind: type
) -> None:
    """Only a terminal that can move its cursor is redrawn."""
    monkeypatch.delenv("TERM", raising=False)
    if term:
        monkeypatch.setenv("TERM", term)

    assert type(screen_for(Stream(terminal=terminal))) is kind


def test_a_terminal_shows_the_last_lines_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter lines, and fewer of them, leave nothing behind of the ones before."""
    resize(monkeypatch, 40, 10)
    stream = Stream(terminal=True)
    screen = TerminalScreen(stream)

    for lines in (["a long line", "second", "third"], ["short", "x"], ["one", "two", "three"]):
        screen.show(lines)
        terminal = Terminal(columns=40, lines=10)
        terminal.feed(stream.getvalue())
        assert terminal.text == lines


def test_what_was_printed_before_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redrawing does not touch the lines above."""
    resize(monkeypatch, 40, 10)
    stream = Stream(terminal=True)
    stream.write("before\n")
    screen = TerminalScreen(stream)
    screen.show(["one", "two"])
    screen.show(["three"])
    terminal = Terminal(columns=40, lines=10)
    terminal.feed(stream.getvalue())

    assert terminal.text == ["before", "three"]


def test_a_small_terminal_is_not_scrolled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is cut, so that the cursor finds back."""
    resize(monkeypatch, 20, 4)
    stream = Stream(terminal=True)
    screen = TerminalScreen(stream)
    terminal = Terminal(columns=20, lines=4)

    for number in range(3):
        screen.show([f"{number} {'x' * 100}", *map(str, range(50))])
    terminal.feed(stream.getvalue())

    assert terminal.text == [f"2 {'x' * 17}", "0", "1"]
    assert screen.width == 19


def test_a_resized_terminal_is_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the old lines are by then is unknown, so all is drawn anew."""
    resize(monkeypatch, 40, 10)
    stream = Stream(terminal=True)
    screen = TerminalScreen(stream)
    screen.show(["one", "two"])
    before = len(stream.getvalue())
    resize(monkeypatch, 30, 10)
    screen.show(["three"])
    terminal = Terminal(columns=30, lines=10)
    terminal.feed("one, first half\nsecond half\ntwo, first half\nsecond half\n")
    terminal.feed(stream.getvalue()[before:])

    assert terminal.text == ["three"]


def test_a_pipe_gets_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are set apart by a blank line; the width is COLUMNS, or fit for a log."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("LINES", raising=False)
    stream = Stream(terminal=False)
    screen = PlainScreen(stream)
    screen.show(["one", "two"])
    screen.show(["three"])

    assert stream.getvalue() == "one\ntwo\n\nthree\n"
    monkeypatch.setenv("COLUMNS", "55")
    assert screen.width == 55

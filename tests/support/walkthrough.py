"""Follow a page word by word, as a reader at the terminals would."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.documents import Block, blocks_of
from tests.support.waiting import wait_until

_FILE = re.compile(r"`([\w.-]+\.\w+)`[^`]*[:\uff1a]\s*$")  # the latter is the Chinese colon
_TERMINAL = re.compile(r"terminal|终端")


class Reader:
    """Does what a page says, in ``folder``.

    A ``sh`` block is run by a shell. A ``text`` block is what the last of them must show, ``…``
    being anything; while it does not, a command that has ended is run again, since some things take
    a moment. Any other block is kept as the file that the text before it names last.

    Args:
        folder: an empty one.
        environment: of the shells.
        instead: what is done in place of what a test cannot have: text by text.
    """

    def __init__(
        self, folder: Path, environment: Mapping[str, str], instead: Mapping[str, str]
    ) -> None:
        self.folder = folder
        self._environment = environment
        self._instead = instead
        self._commands: list[_Command] = []

    def follow(self, page: str) -> None:
        """Do every step of a page.

        Raises:
            AssertionError: a command fails, or does not show what the page says; or the page runs a
                command where another is still running, and does not send to another terminal.
        """
        # In one go, lest what was put in is replaced in turn.
        replaced = re.compile("|".join(map(re.escape, self._instead)))
        for step in blocks_of(replaced.sub(lambda found: self._instead[found[0]], page)):
            if step.language == "sh":
                self._run(step)
            elif step.language == "text":
                self._commands[-1].expect(step.code)
            else:
                self._keep(step)

    def leave(self) -> list[int]:
        """Press Enter and Ctrl-C where something still runs; return the exit statuses."""
        return [command.end() for command in self._commands]

    def _keep(self, step: Block) -> None:
        named = _FILE.search(step.text)
        assert named, f"the page does not say which file this is:\n{step.code}"
        (self.folder / named[1]).write_text(step.code, encoding="utf-8")

    def _run(self, step: Block) -> None:
        for command in self._commands:
            if command.settled():
                assert command.status == 0, command.report("failed")
            else:
                assert _TERMINAL.search(step.text), command.report("still runs")
        output = self.folder.parent / f"output-{len(self._commands)}"
        self._commands.append(_Command(step.code, self.folder, self._environment, output))


class _Command:
    def __init__(
        self, code: str, folder: Path, environment: Mapping[str, str], output: Path
    ) -> None:
        self._code, self._folder, self._environment = code, folder, environment
        self._output = output
        self._shown = False
        self._start()

    def _start(self) -> None:
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                ["bash", "-e", "-c", self._code],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.PIPE,
                bufsize=0,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that Ctrl-C reaches what the shell has started
            )

    @property
    def status(self) -> int | None:
        return self._process.poll()

    def settled(self) -> bool:
        """Tell whether it has ended; one whose output nobody is shown is waited for."""
        if not self._shown:
            self._process.wait(300)
        return self.status is not None

    def expect(self, text: str) -> None:
        self._shown = True
        wanted = re.compile(
            r"(?:.*\n)*?".join(
                re.escape(line).replace("…", ".*") + r"\n" for line in text.splitlines()
            )
        )

        def shows() -> object:
            ended = self.status is not None
            if found := wanted.search(self._output.read_text(errors="replace") + "\n"):
                return found
            if ended:
                self._hang_up()
                self._start()
            return None

        try:
            wait_until(shows, 30, "what the page says", interval=0.25)
        except AssertionError as error:
            raise AssertionError(self.report(f"{error}\n{text}")) from None

    def end(self) -> int:
        if not self.settled():
            assert self._process.stdin
            self._process.stdin.write(b"\n")
        self._hang_up()
        try:
            return self._process.wait(2)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGINT)
            return self._process.wait(20)

    def _hang_up(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()

    def report(self, problem: str) -> str:
        """Return what went wrong, the command, and what it has shown."""
        return f"{problem}\n$ {self._code}{self._output.read_text(errors='replace')}"

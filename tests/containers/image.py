"""What `docker build` would make of the Dockerfile, in a folder in place of an image.

The steps are those of the file, read as BuildKit reads them. What is different: the base image is
this machine's Python, and absolute paths of the image lie below the folder.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.containers.compose import ROOT

if TYPE_CHECKING:
    from e2b_dockerfile_utils import DockerfileInstruction

NOBODY = 10001


def unprivileged(command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start a command as the user of the image; without root, as the user who runs the tests."""
    root = os.geteuid() == 0
    return subprocess.Popen(
        command,
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        user=NOBODY if root else None,
        group=NOBODY if root else None,
        extra_groups=[] if root else None,
    )


def base_python() -> str | None:
    """Return a Python that everyone may run and that can make environments, if there is one."""
    own = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for python in (str(own), "/usr/bin/python3"):
        check = "import ensurepip, sys; sys.exit(sys.version_info < (3, 10))"
        try:
            process = unprivileged([python, "-c", check], {})
        except OSError:
            continue
        process.communicate(timeout=30)
        if process.returncode == 0:
            return python
    return None


class Image:
    """A Dockerfile carried out below ``root``, with ``python`` for the base image's.

    ``root`` must be readable for everyone.
    """

    def __init__(self, root: Path, python: str) -> None:
        from e2b_dockerfile_utils import parse_dockerfile_ast

        self._root = root
        self.instructions = parse_dockerfile_ast((ROOT / "Dockerfile").read_text()).instructions
        self._base = root / "base"
        subprocess.run([python, "-m", "venv", self._base], check=True, timeout=120)
        self._folder = root
        self.environment = {**os.environ, "PATH": f"{self._base}/bin:{os.environ['PATH']}"}
        for instruction in self.instructions:
            getattr(self, f"_{instruction.name.lower()}", _nothing)(instruction)

    def one(self, name: str) -> DockerfileInstruction:
        """Return the last instruction of a name, the one that holds."""
        return [found for found in self.instructions if found.name == name][-1]

    def run(self, command: list[str], **variables: str) -> subprocess.Popen[str]:
        """Start a command of the image, as its user and in its environment."""
        environment = {k: v for k, v in self.environment.items() if k not in ("HOME", "PYTHONPATH")}
        return unprivileged(command, {**environment, **variables})

    def below(self, path: str) -> Path:
        """Return where a path of the image is."""
        return self._root / "image" / path.lstrip("/")

    def _workdir(self, instruction: DockerfileInstruction) -> None:
        self._folder = self.below(instruction.args[0])
        self._folder.mkdir(parents=True)

    def _copy(self, instruction: DockerfileInstruction) -> None:
        if instruction.flags:  # from another stage, which shares the folder
            assert instruction.args[0] == instruction.args[1]
            return
        assert instruction.args == [".", "."]
        for path in context():
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, target)

    def _run(self, instruction: DockerfileInstruction) -> None:
        (step,) = instruction.args
        step = re.sub(r"(?<![\w.$/])/(?=\w)", f"{self._root}/image/", step)
        subprocess.run(
            step, shell=True, cwd=self._folder, env=self.environment, check=True, timeout=300
        )

    def _env(self, instruction: DockerfileInstruction) -> None:
        for name, value in zip(instruction.args[::3], instruction.args[1::3], strict=True):
            path = f"{self._root}/image{value}" if value.startswith("/") else value
            self.environment[name] = path.replace("$PATH", self.environment["PATH"])


def context() -> Iterator[str]:
    """Yield the files that .dockerignore lets through, relative to the project."""
    from e2b_dockerfile_utils import PatternMatcher

    ignored = PatternMatcher((ROOT / ".dockerignore").read_text().splitlines())
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if not name.startswith((".venv", ".git"))]
        for name in files:
            path = (Path(folder) / name).relative_to(ROOT).as_posix()
            if not ignored.matches(path):
                yield path


def _nothing(instruction: DockerfileInstruction) -> None:
    """Do what no folder can hold: FROM, ARG, EXPOSE, USER, HEALTHCHECK, CMD."""

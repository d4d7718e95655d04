"""The confined process of the importers, forked from one that has PyTorch loaded: tests need not load it.

What runs in it, and how it is held, is `_confined.main` as in the program; only the interpreter is not
started anew. `python -I forked.py` is the process that forks; `Forked` stands for `subprocess.Popen`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


class Mother:
    """The process that forks, from the tests' side: one line of JSON asked, one answered."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def ask(self, **asked: Any) -> Any:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()


class Forked:
    """What `_process.run` uses of a `Popen`, of a child of `mother`."""

    mother: Mother

    def __init__(self, _command: list[str], *, env: dict[str, str], **_pipes: Any) -> None:
        self._folder = Path(tempfile.mkdtemp())
        for name in ("in", "out"):
            os.mkfifo(self._folder / name)
        self.pid = self.mother.ask(folder=str(self._folder), env=env)
        # A named pipe opens when the other side does: the child opens them in this order.
        self.stdin = os.fdopen(os.open(self._folder / "in", os.O_WRONLY), "wb")
        self.stdout = os.fdopen(os.open(self._folder / "out", os.O_RDONLY), "rb", buffering=0)
        shutil.rmtree(self._folder)
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self.returncode = self.mother.ask(pid=self.pid, timeout=timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("forked", timeout or 0.0)
        return self.returncode


def _child(confined: Any, folder: str, env: dict[str, str]) -> None:
    os.setsid()
    os.environ.clear()
    os.environ.update(env)
    places = ((f"{folder}/in", os.O_RDONLY), (f"{folder}/out", os.O_WRONLY), (os.devnull, os.O_WRONLY))
    for number, (path, mode) in enumerate(places):
        opened = os.open(path, mode)
        os.dup2(opened, number)
        # A second way to the answer would be a hole that the program has not.
        os.close(opened)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    confined.main()


def _waited(pid: int, timeout: float | None) -> int | None:
    """The exit status of a child, or nothing where it has not ended in time."""
    end = time.monotonic() + (1e9 if timeout is None else timeout)
    while True:
        with contextlib.suppress(ChildProcessError):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            return None
        time.sleep(0.005)


def _serve() -> None:
    path = Path(__file__).parents[1] / "whichgpu" / "workloads" / "importers" / "_confined.py"
    spec = importlib.util.spec_from_file_location("_confined", path)
    assert spec is not None
    assert spec.loader is not None
    confined = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(confined)
    with contextlib.suppress(ImportError):
        importlib.import_module("torch")
        importlib.import_module("torch.fx.experimental.symbolic_shapes")
    with contextlib.suppress(ImportError):
        importlib.import_module("onnx.inliner")
    for line in iter(sys.stdin.readline, ""):
        asked = json.loads(line)
        if "pid" in asked:
            answer = _waited(asked["pid"], asked["timeout"])
        else:
            answer = os.fork()
            if not answer:
                _child(confined, asked["folder"], asked["env"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()

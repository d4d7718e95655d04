"""The process in which a user's code or file is taken apart: `python -I _confined.py`, JSON in, JSON out.

Nothing of it runs in the program itself. Before anything of the user's is touched, the process gives up the
network (its own empty network namespace, where the kernel allows), writing to files, starting programs,
and time and memory beyond the limits. The request names the tracer, a file beside this one, whose
`trace(request, lock)` gives the answer; it calls `lock` once its own libraries are imported.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
#: Audit events that end the run, with what is said of them.
_FORBIDDEN = {
    "socket.": "opens the network",
    "subprocess.": "starts a program", "os.system": "starts a program", "os.exec": "starts a program",
    "os.posix_spawn": "starts a program", "os.fork": "starts a process", "pty.spawn": "starts a program",
    "os.remove": "deletes a file", "os.rename": "moves a file", "os.mkdir": "makes a folder",
    "os.rmdir": "deletes a folder", "os.truncate": "writes to a file", "os.symlink": "writes a link",
    "os.link": "writes a link", "os.chmod": "changes a file", "shutil.": "moves files",
}  # fmt: skip


class Forbidden(BaseException):
    """What a traced module may not do; nothing it catches by accident."""


def guard(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook: end the run where the module reaches beyond itself."""
    if event == "open":
        path, mode, flags = (*arguments, None, None, None)[:3]
        writes = bool(set("wax+") & set(mode)) if isinstance(mode, str) else bool((flags or 0) & _WRITING)
        if writes and path != os.devnull:
            raise Forbidden(f"writes to a file ({path})")
        return
    if event == "os.mkdir" and Path(os.fsdecode(arguments[0])).is_dir():
        return  # PyTorch makes sure of its cache folder
    for start, said in _FORBIDDEN.items():
        if event.startswith(start):
            raise Forbidden(f"{said} ({event})")


def confine(seconds: int, memory: int) -> None:
    """Limits that hold for native code as well."""
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    for limit, value in (
        (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))
    sys.dont_write_bytecode = True
    # Nobody has to find out whether the folder can be written to.
    tempfile.tempdir = os.environ.get("TMPDIR", "/tmp")  # noqa: S108
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = tempfile.tempdir


def main() -> None:
    """Read the request, trace, answer with one JSON document on what was stdout."""
    request = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # What the module prints is nobody's.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    confine(request["seconds"], request["memory"])
    try:
        answer = _tracer(request["tracer"]).trace(request, lambda: sys.addaudithook(guard))
    except Forbidden as fault:
        answer = {"error": f"it {fault}; a module is traced without that: build it from its configuration"}
    except MemoryError:
        answer = {"error": "it takes more memory than the limit; build it on the meta device"}
    except BaseException as fault:
        answer = {"error": _told(fault, request["file"])}
    json.dump(answer, out)
    out.flush()
    os._exit(0)


def _tracer(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _told(fault: BaseException, file: str) -> str:
    """An exception of the user's code in one line, with the last line of their file it passed.

    A tracer's own complaint says so (`plain`) and stands as it is.
    """
    if getattr(fault, "plain", False):
        return str(fault)
    line, trace = 0, fault.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    where = f" at line {line}" if line else ""
    return f"it raised {type(fault).__name__}{where}: {str(fault)[:500] or 'no message'}"


if __name__ == "__main__":
    main()

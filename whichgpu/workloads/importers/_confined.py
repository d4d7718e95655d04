"""The process in which a user's code or file is taken apart: `python -I _confined.py`, JSON in, JSON out.

Nothing of it runs in the program itself. Before anything of the user's is touched, the process gives up the
network, writing to files, starting programs, and time and memory beyond the limits. An audit hook says in
words what was tried; below it, where the kernel has them, stand an empty network namespace, a namespace of
processes that ends with the run, and Landlock rules that let no file be changed. The request names the
tracer, a file of `_tracers/`, whose `trace(request, lock)` gives the answer; it calls `lock` once its own
libraries are imported.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import json
import os
import resource
import signal
import struct
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWPID = 0x10000000, 0x40000000, 0x20000000
_MOST_PROCESSES = 1024
#: What the tracers are called here.
_PACKAGE = "_whichgpu_tracers"
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
#: Landlock (linux/landlock.h): numbers of its calls, the rights to change files, by version of its interface.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CHANGES = {1: 0b1_1111_1111_0010, 2: 0b11_1111_1111_0010, 3: 0b111_1111_1111_0010}
_WRITE_FILE, _O_PATH = 0b10, 0o10000000
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
        _unchanging()
    # A process that passes the hard limit of time is killed without a word of which limit it was.
    for limit, value, most in (
        (resource.RLIMIT_CPU, seconds, seconds + 2), (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_FSIZE, 0, 0), (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_NPROC, _MOST_PROCESSES, _MOST_PROCESSES),
    ):  # fmt: skip
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, most))
    sys.dont_write_bytecode = True
    # Nobody has to find out whether the folder can be written to.
    tempfile.tempdir = os.environ.get("TMPDIR", "/tmp")  # noqa: S108
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = tempfile.tempdir


def apart() -> None:
    """Go on in a network and among processes of its own, which all end with this one.

    Returns in the process that does the work; the ones above it wait and end as it does.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWPID):
        return
    # The first process of the namespace takes the others along when it ends; signals do not reach it, so
    # that the work is done by its child.
    for _ in range(2):
        child = os.fork()
        if child:
            os._exit(_status(os.waitpid(child, 0)[1]))
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _status(waited: int) -> int:
    """The exit status of a child, or 128 and its signal, as a shell has it."""
    code = os.waitstatus_to_exitcode(waited)
    return code if code >= 0 else 128 - code


def _unchanging() -> None:
    """Take the right to write, make, move and delete files from this process, but for /dev/null."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return
    rights = ctypes.c_uint64(_CHANGES[min(version, max(_CHANGES))])
    rules = libc.syscall(_CREATE_RULESET, ctypes.byref(rights), ctypes.c_size_t(8), 0)
    null = os.open(os.devnull, _O_PATH)
    beneath = ctypes.create_string_buffer(struct.pack("<Qi", _WRITE_FILE, null))
    libc.syscall(_ADD_RULE, rules, 1, beneath, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.syscall(_RESTRICT_SELF, rules, 0)
    os.close(null)
    os.close(rules)


def main() -> None:
    """Read the request, trace, answer with one JSON document on what was stdout."""
    request = json.load(sys.stdin)
    with contextlib.suppress(OSError, AttributeError):
        apart()
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
    """A module of the folder of tracers, which is loaded by its place, under a name of its own."""
    folder = Path(__file__).with_name("_tracers")
    spec = importlib.util.spec_from_file_location(
        _PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE] = package
    spec.loader.exec_module(package)
    return importlib.import_module(f"{_PACKAGE}.{name}")


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

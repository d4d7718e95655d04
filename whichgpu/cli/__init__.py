"""The command line. `main` starts it, ends it, and turns every fault into one line and an exit code.

Commands live in `whichgpu/cli/commands/`, one file each, found by the file's name; nothing here is
edited to add one.
"""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from whichgpu.cli.light import import_click, lighten
from whichgpu.errors import OpenName, WhichGpuError, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


#: What the system says of an output that takes no more.
_UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


def console() -> int:
    """The program: `main` in a process of its own.

    Such a process lives for a moment: what the garbage collector would free, while it runs and once
    more at its end, is not worth the passes over the whole catalogue (10 of 75 ms). Nor does it multiply
    matrices large enough for the threads that numpy's OpenBLAS starts when it is imported (50 ms).
    """
    gc.set_threshold(200_000)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    lighten()
    status = main()
    gc.freeze()
    if sys.gettrace() is None and sys.getprofile() is None and not sys.flags.inspect:
        _leave(status)
    return status


def _leave(status: int) -> NoReturn:
    """End the process without taking the interpreter apart (20 ms), after all that is owed at its end."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        # What cannot be written has been told of, or has nowhere to be told.
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit status. Never raises."""
    args = list(sys.argv[1:] if arguments is None else arguments)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # The caller has closed it (`>&-`): there is nobody to tell.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    try:
        return _run(args)
    except BrokenPipeError:
        # The reader has gone (`| head`); keep the interpreter from flushing into the void at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("\nwhichgpu: interrupted\n")
        return 130
    except Exception as fault:
        return _failed(fault, args)


def _run(args: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if args == ["--version"]:
        from whichgpu import __version__

        print(f"whichgpu {__version__}")  # noqa: T201
        return 0
    import_click()
    from whichgpu.cli.group import run

    status = run(args)
    sys.stdout.flush()
    return status


def _failed(fault: Exception, args: list[str]) -> int:
    """Say what went wrong: one line on stderr and, with `--json`, a document on stdout."""
    message, status = _told(fault)
    if isinstance(fault, OpenName):
        message += _again(fault, args)
    if "--debug" in args:
        import traceback

        traceback.print_exc()
    if "--json" in args:
        from whichgpu.report.json import dumps

        with suppress(OSError):
            sys.stdout.write(dumps({"error": {"message": message, "exit_code": status}}))
    sys.stderr.write(f"whichgpu: {message}\n")
    return status


def _again(fault: OpenName, args: list[str]) -> str:
    """The same command with one of the things that a name may mean, to copy; empty where it is not found."""
    import re
    import shlex

    whole = re.compile(rf"(?<![\w.-]){re.escape(fault.name)}(?![\w.-])", re.IGNORECASE)
    at = max((at for at, one in enumerate(args) if whole.search(one)), default=None)
    if at is None:
        return ""
    typed = [*args[:at], whole.sub(fault.instead, args[at], count=1), *args[at + 1 :]]
    return f", e.g. {one_line(shlex.join(('whichgpu', *typed)))}"


def _told(fault: Exception) -> tuple[str, int]:
    if isinstance(fault, WhichGpuError):
        return one_line(fault), fault.exit_code
    if isinstance(fault, OSError) and fault.filename is None and fault.errno in _UNWRITTEN:
        return f"the output cannot be written ({fault.strerror}); send it elsewhere, or make room", 2
    from click import ClickException
    from click.exceptions import Abort

    if isinstance(fault, Abort):
        return "interrupted", 130
    if isinstance(fault, ClickException):
        return _misused(fault), fault.exit_code
    name = type(fault).__name__
    return f"internal error: {name}: {one_line(fault)}; run again with --debug and report it", 1


def _misused(fault: Exception) -> str:
    """Click's own complaint, in the form of the others: what is wrong, what to type."""
    message = one_line(fault.format_message()).rstrip(".")  # type: ignore[attr-defined]
    if message[1:2].islower():
        message = message[0].lower() + message[1:]
    context = getattr(fault, "ctx", None)
    return f"{message}; see: {context.command_path} --help" if context else message

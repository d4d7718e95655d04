"""numpy as commands import it: without docstrings of C functions, with its annotations for who asks."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
from whichgpu.cli.light import lighten
{before}
lighten()
import numpy as np
{after}
"""


def ran(before: str, after: str) -> subprocess.CompletedProcess[str]:
    script = SCRIPT.format(before=before, after=after)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "after",
    [
        "assert np.array.__doc__ is None and np.mean.__doc__",
        "import numpy.typing as npt; assert 'int8' in str(npt.NDArray[np.int8])",
        "import numpy._typing._array_like as t; assert t.NDArray",
        "import numpy.ma, numpy.random, numpy.testing, numpy.polynomial",
        "import inspect; assert str(inspect.signature(lambda a, *, b=1: a)) == '(a, *, b=1)'",
        "import inspect as i; assert (i.cleandoc('  one'), i.cleandoc('a\\n  b')) == ('one', 'a\\nb')",
        "import inspect; inspect.signature(np.mean); assert sys.modules['inspect'].ismodule(inspect)",
        "import dataclasses as d; assert d.make_dataclass('A', ['b']).__doc__.startswith('A(b')",
        "import ctypes.util; assert ctypes.c_int(3).value == 3 and np.zeros(1).ctypes.data",
        "from uuid import UUID; import uuid; assert uuid.UUID is UUID and not hasattr(uuid, 'None')",
        "from ctypes import *; assert c_uint(3).value == 3 and sizeof(c_uint) == 4",
        "import click, uuid; assert click.UUID('7' * 32) == uuid.UUID('7' * 32)",
        "import pickle, io; assert pickle.loads(pickle.dumps(np.ones(2))).sum() == 2.0",
        "import ast; assert ast.literal_eval('[1]') == [1]; assert np.matrix('1 2').sum() == 3",
        "import urllib.parse; assert urllib.parse.urlsplit('http://[::1]/').hostname == '::1'",
        "from urllib.parse import quote; import urllib.parse as u; assert u.quote is quote; "
        "import pathlib as p, os.path; assert p.Path('/a b').as_uri() == 'file:///a%20b'; "
        "assert p.Path('a.b').match('*.b') and p.PureWindowsPath('c:/a').drive == 'c:' and os.path.join('a')",
        "from gettext import ngettext as n; assert (n('a', 'b', 1), n('a', 'b', 2)) == ('a', 'b'); "
        "import gettext; assert gettext.NullTranslations().gettext('a') == gettext.gettext('a') == 'a'; "
        "import click, threading as t; assert t.local is __import__('_thread')._local and t.main_thread(); "
        "one = t.Thread(target=print); one.start(); one.join()",
        "import datetime as d, pickle as p; day = d.date(2026, 1, 2); assert p.loads(p.dumps(day)) == day; "
        "assert d.datetime.strptime('3', '%d').day == 3 and np.datetime64(day).astype(d.date) == day",
        "vectors = np.linalg.eig(np.diag([1.0, 2.0])).eigenvectors; assert vectors.shape == (2, 2)",
    ],
)
def test_what_is_left_out_is_missed_by_nobody(after: str) -> None:
    done = ran("", after)
    assert done.returncode == 0, done.stderr


def test_modules_that_are_hardly_used_are_not_imported() -> None:
    done = ran(
        "", "import click; assert not {'_ast', '_ctypes', '_pickle', '_uuid', 'locale'} & {*sys.modules}"
    )
    assert done.returncode == 0, done.stderr


def test_a_numpy_that_is_there_already_stays_whole() -> None:
    done = ran("import numpy", "assert np.array.__doc__")
    assert done.returncode == 0, done.stderr


COMPILED = """
import sys, typing
seen, real = [], typing.ForwardRef
sys.addaudithook(lambda event, about: seen.append(about[0]) if event == "compile" else None)
from whichgpu.cli.light import import_click
{how}
assert typing.ForwardRef is real and typing.Optional["str"].__args__[0].__forward_arg__ == "str"
print(sum(one in ("str", b"str") for one in seen))
"""


@pytest.mark.parametrize(("how", "few"), [("import_click()", True), ("import click", False)])
def test_annotations_of_click_are_not_compiled(how: str, few: bool) -> None:
    script = COMPILED.format(how=how)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # The one that the script itself names.
    assert (int(done.stdout) == 1) is few


#: What these commands do not come to: requests that queue, parts of cards, published figures; OpenSSL.
UNUSED = (
    "_hashlib", "whichgpu.cost.serving.queueing", "whichgpu.hardware.vgpu", "whichgpu.software.support",
    "whichgpu.workloads.diffusion.pipeline", "whichgpu.workloads.finding", "whichgpu.workloads.lengths",
    "whichgpu.workloads.published",
)  # fmt: skip


#: Nor what is no server to a server's requests.
OF_SERVERS = ("whichgpu.cost.serving.steady", "whichgpu.cost.timing.passes")


@pytest.mark.parametrize(
    ("command", "unused"),
    [
        (["fit", "llama-2-13b", "--gpu", "a10"], UNUSED),
        (["predict", "resnet50", "--gpu", "rtx-a6000"], (*UNUSED, *OF_SERVERS)),
    ],
)
def test_a_command_imports_nothing_that_it_does_not_come_to(
    command: list[str], unused: tuple[str, ...]
) -> None:
    script = f"""
import sys
from whichgpu.cli import main
from whichgpu.cli.light import lighten
lighten()
main({command!r})
sys.exit(", ".join({{*{unused!r}}} & {{*sys.modules}}) or 0)
"""
    # Once for the bundle, whose making imports what packs it.
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

"""`bin/install`: uv is told what pip was told, and pip does what uv cannot."""

from __future__ import annotations

import importlib.machinery
import importlib.util
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script, with an uv beside and nothing run: what would be is in `ran`."""
    path = Path(__file__).parent.parent / "bin" / "install"
    # No bytecode of it is left in bin/.
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    loader = importlib.machinery.SourceFileLoader("whichgpu_bin_install", str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    script = importlib.util.module_from_spec(spec)
    loader.exec_module(script)
    script.ran, script.config, script.fails = [], "", ()

    def run(command: list[str], **options: Any) -> SimpleNamespace:
        if command[-2:] == ["config", "list"]:
            return SimpleNamespace(stdout=script.config)
        script.ran.append((command, options))
        return SimpleNamespace(returncode=int(Path(command[0]).name in script.fails))

    monkeypatch.setattr(script, "subprocess", SimpleNamespace(run=run, DEVNULL=-3))
    monkeypatch.setattr(script, "shutil", SimpleNamespace(which=lambda name: f"/opt/{name}"))
    monkeypatch.setattr(script, "PIP", ["/nowhere/bin/python", "-m", "pip"])
    monkeypatch.setattr(script.sys, "executable", "/nowhere/bin/python")
    return script


def test_uv_looks_where_pip_would(install: Any) -> None:
    install.config = (
        ":env:.find-links='/opt/wheels /srv/wheels'\nglobal.find-links='/elsewhere'\n"
        "global.extra-index-url='https://a.example/simple'\ninstall.index-url='https://b.example/simple'\n"
        "global.index-url='https://c.example/simple'\nglobal.cert='/etc/mine.pem'\nglobal.timeout='180'\n"
        "global.constraint='/etc/constraints.txt'\n"
    )
    assert install.main(["--no-deps", "numpy"]) == 0
    [(command, options)] = install.ran
    assert command[:3] == ["/opt/uv", "pip", "install"]
    assert command[-2:] == ["--no-deps", "numpy"]
    pairs = list(pairwise(command))
    assert [place for option, place in pairs if option == "--find-links"] == ["/opt/wheels", "/srv/wheels"]
    assert ("--default-index", "https://b.example/simple") in pairs
    assert ("--index", "https://a.example/simple") in pairs
    assert ("--index-strategy", "unsafe-best-match") in pairs
    assert ("--constraint", "/etc/constraints.txt") in pairs
    assert options["env"]["SSL_CERT_FILE"] == "/etc/mine.pem"


@pytest.mark.parametrize(
    ("config", "there", "fails", "status"),
    [
        ("global.require-hashes='true'\n", True, (), 0),
        ("", False, (), 0),
        ("", True, ("uv",), 0),
        ("", True, ("uv", "python"), 1),
    ],
)
def test_pip_does_what_uv_cannot(install: Any, config: str, there: bool, fails: tuple[str, ...], status: int):
    install.config, install.fails = config, fails
    install.shutil.which = lambda _: "/opt/uv" if there else None
    assert install.main(["numpy"]) == status
    command, _ = install.ran[-1]
    assert command[1:4] == ["-m", "pip", "install"]
    assert command[-1] == "numpy"
    assert len(install.ran) == 1 + bool(fails), "uv is tried where nothing speaks against it"

"""Models that somebody brings: a file, a folder, or code becomes a `Workload`.

An importer is a module of `whichgpu/workloads/importers/`, found by its file name:

* `claims(source)`: whether a source, as typed, is one of its kind (by its name; nothing is opened);
* `read(source, given)`: the `Workload` of that source; raises `UsageError` naming the place of a fault.

What is read is traced once before it is believed, so that a bad file fails here and not in an answer.
`save` writes it as a workload file, which then needs no importer.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import DataError, UnknownName, UsageError, one_line
from whichgpu.values import immutable, modules_in
from whichgpu.workloads import names
from whichgpu.workloads import workload as zoo
from whichgpu.workloads.resolving import FILES

if TYPE_CHECKING:
    from types import ModuleType

    from whichgpu.workloads.workload import Workload


#: Layers or experts that no model has.
_MOST = 10_000


@immutable
class Given:
    """What the user says beside the source: shapes of inputs, and whether the network may be used."""

    inputs: tuple[str, ...] = ()
    network: bool = False
    unit: str = ""


@cache
def importers() -> tuple[str, ...]:
    """Every importer by name: the files of `whichgpu/workloads/importers/`."""
    folder = Path(__file__).parent / "importers"
    return tuple(modules_in(folder))


def importer(source: str) -> ModuleType | None:
    """The importer that claims a source; None where none does."""
    for name in importers():
        module = import_module(f"whichgpu.workloads.importers.{name}")
        if module.claims(source):
            return module
    return None


def load(source: str, given: Given | None = None) -> Workload:
    """Import a model and make it known by its source, so that `resolve` finds it in this process.

    Raises `UsageError` for a source that no importer claims, that cannot be read, or makes no sense.
    """
    module = importer(source)
    if module is None:
        raise UsageError(
            f"{source}: not a model; give config.json or its folder, a .gguf, .safetensors, .onnx or .toml "
            "file, file.py:factory, transformers:config.json, or hf:org/name"
        )
    item: Workload = module.read(source, given or Given())
    _check(item, source)
    return zoo.register(item)


def named(text: str) -> str:
    """What `resolve` takes for a workload as typed: its name, or the path of a file, which is read here.

    A known name comes first, but for a file that is there and ends as one does: `resnet50.json` is that file,
    not ResNet-50 with a tag. Code is run, and the network used, only where that is asked (`load`).
    """
    if not _there(text) and zoo.known(text):
        return text
    if text.startswith(("hf:", "transformers:")) or ".py:" in text:
        what = "the Hub is asked" if text.startswith("hf:") else "code is run"
        raise UsageError(
            f"{text}: {what} only by name: whichgpu workload --from {text} --save my.toml; then give my.toml"
        )
    try:
        return load(text).id if _is_file(text) else text
    except OSError as fault:
        raise UsageError(
            f"{text[:100]}: cannot be read ({fault.strerror or fault}); check the path"
        ) from None


def _there(text: str) -> bool:
    """Whether a text ends as a file does, and is one."""
    with suppress(OSError):
        return text.endswith(FILES) and Path(text).expanduser().is_file()
    return False


def _is_file(text: str) -> bool:
    """Whether a text is meant as a file that can be read without running anything."""
    path = Path(text).expanduser()
    if importer(text) is not None:
        # A file of a folder that is here is meant as one, whatever it is called.
        here = os.sep in text and (path.parent.is_dir() or not _is_named(text))
        return path.exists() or here or (bool(path.suffix) and not _is_named(text))
    if text and path.is_dir():
        raise UsageError(f"{text}: a folder without config.json, .safetensors or .gguf; give a model's own")
    return False


def _is_named(text: str) -> bool:
    """Whether a file that is not there has the name of a known model, as tables of benchmarks give it."""
    bare = names.filed(text)
    if bare == text:
        return False
    with suppress(UnknownName):
        return bool(zoo.resolve(bare))
    return False


def _check(item: Workload, source: str) -> None:
    """Trace it once: a missing or absurd dimension is the file's fault."""
    for name in ("layers", "decoder_layers", "encoder", "decoder", "experts"):
        count = item.dims.get(name)
        if isinstance(count, int | float) and count > _MOST:
            raise UsageError(f"{source}: {name} is {count:,}, above {_MOST:,}; is it a slip?")
    try:
        with np.errstate(all="ignore"):
            flops = item.flops()
            size = sum(item.parameters().values())
    except UsageError as fault:
        raise UsageError(f"{source}: {fault}") from None
    except DataError as fault:
        raise UsageError(f"{source}: {fault}") from None
    except KeyError as fault:
        raise UsageError(
            f"{source}: dimension '{fault.args[0]}' of family {item.family} is missing; add it"
        ) from None
    except (TypeError, ValueError, AttributeError, ArithmeticError, IndexError) as fault:
        raise UsageError(f"{source}: dimensions that make no {item.family}: {one_line(fault)}") from None
    if not (0 <= flops < 1e22 and 0 <= size < 1e16):
        raise UsageError(
            f"{source}: {size:.3g} parameters and {flops:.3g} FLOP of one pass; are the sizes right?"
        )


def save(item: Workload, path: Path) -> None:
    """Write a workload file that `resolve` and `WHICHGPU_DATA` read; raises `UsageError` where it cannot."""
    if path.suffix != ".toml":
        raise UsageError(
            f"--save {path}: a workload file ends in .toml; write e.g. --save {path.stem or 'my'}.toml"
        )
    content = [f"name = {_text(item.name)}", f"family = {_text(item.family)}"]
    defaults = {key: dict(row) for key, row in item.defaults.items()}
    for key, row in {
        "dimensions": dict(item.dims),
        **{f"defaults.{k}": v for k, v in defaults.items()},
    }.items():
        content += ["", f"[{key}]", *_rows(row)]
    try:
        path.write_text("\n".join(content) + "\n", encoding="utf-8")
    except OSError as fault:
        raise UsageError(f"--save {path}: cannot be written ({fault.strerror or fault})") from None


def _rows(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {_value(value, top=True)}" for key, value in table.items() if value is not None]


def _value(value: Any, *, top: bool = False) -> str:
    """A value as TOML; a list of tables at the top stands one to a line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items() if one is not None)
        return f"{{ {inner} }}"
    if isinstance(value, list | tuple):
        if top and value and isinstance(value[0], dict):
            return "[\n" + "".join(f"  {_value(one)},\n" for one in value) + "]"
        return f"[{', '.join(_value(one) for one in value)}]"
    return _text(str(value))


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else _text(key)


def _text(text: str) -> str:
    """A basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in escaped) + '"'

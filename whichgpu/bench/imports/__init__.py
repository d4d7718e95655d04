"""What other benchmarks and monitors wrote, as rows of the measurement schema.

A format is a module of this folder, found by its file name:

* its docstring, whose first line `bench import --help` lists;
* `claims(path, text)`: whether a file is of it;
* `read(path, text)`: an `Entry` for each figure; raises `UsageError` saying what is missing, as in a log that
  was cut off. What a file does not say (the GPU, a precision) the user states.

Formats of several files (`TOGETHER` True) get all of them at once: `read(paths, texts)`; those that need a
column which the user states (`STATED` True) get these too: `read(path, text, stated)`. A number that ends a
text of several lines is left out of it, since that may have been cut within, unless a format tells by itself
(`WHOLE` True).
"""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whichgpu.bench.record import Record, digest, row
from whichgpu.cost.serving.load_results import text_of, without_cut
from whichgpu.errors import UsageError, WhichGpuError, one_line
from whichgpu.units import MIB
from whichgpu.values import NamedTuple, immutable, modules_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import ModuleType

    from whichgpu.hardware.catalogue import Catalogue

#: A file larger than this is none of these.
_LARGEST = 256 * 2**20
#: Semicolons from which on a line is the head of a table, and a number with a decimal comma.
_FEW, _DECIMAL = 2, re.compile(r"^(-?\d+),(\d+)(?= ?[A-Za-z%]*$)")
#: Boards go over their limit for moments, and some are sold with a higher one.
_OVER = 1.15
#: Columns without which a row is of no use, with the option that states each.
_NEEDED = {"workload": "--workload", "gpu": "--gpu"}


class Entry(NamedTuple):
    """One figure: columns of the schema as far as the file says them, what else it says, what is doubtful.

    `gpu_memory` (B) of what else it says tells cards of one name apart.
    """

    columns: Mapping[str, Any]
    context: Mapping[str, Any] = {}
    warnings: tuple[str, ...] = ()


@immutable
class Imported:
    """Records in the order of the files; notes on them; files that could not be read, with the reason."""

    records: tuple[Record, ...]
    notes: tuple[str, ...]
    faults: Mapping[str, str]


#: Between the names of several kinds of GPU that one figure is of.
_TOGETHER = " together with "


def kinds(names: Iterable[str]) -> str:
    """What a figure says of its GPUs: their name, or those of all kinds, of which no row can be."""
    return _TOGETHER.join(dict.fromkeys(names))


def sections(start: re.Pattern[str], text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Each match of what begins a run, with the text from there to the next one or the end."""
    starts = list(start.finditer(text))
    ends = (*(one.start() for one in starts[1:]), len(text))
    for one, end in zip(starts, ends, strict=False):
        yield one, text[one.start() : end]


@cache
def formats() -> Mapping[str, ModuleType]:
    """Every format by name."""
    folder = Path(__file__).parent
    names = modules_in(folder)
    return {name: import_module(f"whichgpu.bench.imports.{name}") for name in names}


def load(paths: Sequence[Path], stated: Mapping[str, Any], catalogue: Catalogue, name: str = "") -> Imported:
    """The rows of files: `stated` columns go over those that a file says.

    A file that cannot be read is a fault, and the others go on.
    """
    records: list[Record] = []
    notes: list[str] = []
    faults: dict[str, str] = {}
    for group in _groups(paths, name, faults):
        where = ", ".join(str(path) for path in group.paths)
        try:
            made, said = _figures(group, stated, catalogue)
        except WhichGpuError as fault:
            faults[where] = str(fault)
            continue
        records += made
        notes += [f"{where}: {one}" for one in said]
    return Imported(tuple(records), tuple(dict.fromkeys(notes)), faults)


def format_of(path: Path) -> str:
    """The format that a file is of; "" where it is of none, or cannot be read."""
    with suppress(UsageError):
        return _format(path, _text(path))
    return ""


def _figures(
    group: _Group, stated: Mapping[str, Any], catalogue: Catalogue
) -> tuple[list[Record], list[str]]:
    """The records of files that are read together, and what is to be said of them.

    A figure that makes no row is left out; raises `UsageError` where none does.
    """
    made: list[Record] = []
    said: list[str] = []
    first: WhichGpuError | None = None
    for number, entry in enumerate(group.entries(stated), 1):
        try:
            made.append(_record(entry, stated, catalogue, group, number))
            said += made[-1].context["warnings"]
        except WhichGpuError as fault:
            first = first or fault
            said.append(f"figure {number} was left out: {fault}")
    if first is not None and not made:
        raise first
    return made, said


class _Group(NamedTuple):
    """Files that are read together, with their text and their format."""

    name: str
    module: ModuleType
    paths: tuple[Path, ...]
    texts: tuple[str, ...]

    def entries(self, stated: Mapping[str, Any]) -> Iterator[Entry]:
        """Their figures; raises `UsageError` where there are none."""
        several = getattr(self.module, "TOGETHER", False)
        given: tuple[Any, ...] = (self.paths, self.texts) if several else (self.paths[0], self.texts[0])
        found = self.module.read(*given, *((stated,) if getattr(self.module, "STATED", False) else ()))
        some = False
        for entry in found:
            some = True
            yield entry
        if not some:
            raise UsageError(f"no figure of {self.name} in it; was the run cut off before it had any?")


def _groups(paths: Iterable[Path], name: str, faults: dict[str, str]) -> list[_Group]:
    known = formats()
    if name and name not in known:
        raise UsageError(f"no format '{name}'; use one of {', '.join(known)}")
    together: dict[str, list[tuple[Path, str]]] = {}
    groups: list[_Group] = []
    for path in paths:
        try:
            text = _text(path)
            found = name or _format(path, text)
        except UsageError as fault:
            faults[str(path)] = str(fault)
            continue
        text = text if getattr(known[found], "WHOLE", False) else without_cut(text)
        if getattr(known[found], "TOGETHER", False):
            together.setdefault(found, []).append((path, text))
        else:
            groups.append(_Group(found, known[found], (path,), (text,)))
    for found, pairs in together.items():
        files, texts = zip(*pairs, strict=True)
        groups.append(_Group(found, known[found], files, texts))
    return groups


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError(f"{path.stat().st_size / MIB:,.0f} MiB are no result of a benchmark")
        return _with_commas(text_of(path))
    except OSError as fault:
        raise UsageError(f"cannot be read ({fault.strerror or fault}); check the path") from None


def _with_commas(text: str) -> str:
    """A table that a spreadsheet saved with semicolons and decimal commas as one with points."""
    head = text.partition("\n")[0]
    if head.count(";") < _FEW or "," in head:
        return text
    table = io.StringIO()
    rows = csv.reader(io.StringIO(text), delimiter=";")
    csv.writer(table).writerows([_DECIMAL.sub(r"\1.\2", cell) for cell in row] for row in rows)
    return table.getvalue()


def _is_rows(text: str) -> bool:
    """Whether a file is a table of measurements, or the records beside one."""
    head = text.partition("\n")[0]
    return head.startswith('{"row":') or {"workload", "gpu", "metric", "value"} <= set(
        head.strip().split(",")
    )


def _format(path: Path, text: str) -> str:
    found = next((name for name, module in formats().items() if module.claims(path, text)), "")
    if not found:
        what = "it is empty" if not text.strip() else "it is of no format that is known"
        if _cut_off(text):
            what = "JSON that ends too early, before what tells its format"
        if _is_rows(text):
            rows = path.with_suffix(".csv")
            raise UsageError(
                f"these are rows already: whichgpu bench {rows} --compare, whichgpu validate {rows}, or "
                f"whichgpu calibrate --with {rows} take them as they are"
            )
        raise UsageError(f"{what}; known are {', '.join(formats())} (--format NAME)")
    return found


def _cut_off(text: str) -> bool:
    """Whether this is JSON that is right to its end, and has none."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except json.JSONDecodeError as fault:
        # A text that ends within a string is at fault where that begins.
        return fault.pos >= len(text.rstrip()) or "Unterminated" in fault.msg
    except RecursionError:
        return False
    return False


def _record(
    entry: Entry, stated: Mapping[str, Any], catalogue: Catalogue, group: _Group, number: int
) -> Record:
    columns = {**entry.columns, **{name: value for name, value in stated.items() if value is not None}}
    if str(entry.columns.get("workload", "")).startswith("micro/"):
        # Of the device: what is stated is of the other files.
        columns["workload"] = entry.columns["workload"]
    options = {**mapping(entry.columns.get("options")), **mapping(stated.get("options"))}
    columns["options"] = options
    if lacking := [name for name in _NEEDED if not columns.get(name)]:
        add = " ".join(f"{_NEEDED[name]} NAME" for name in lacking)
        raise UsageError(f"figure {number} does not say its {' and its '.join(lacking)}; add {add}")
    if _TOGETHER in str(columns["gpu"]):
        several = str(columns["gpu"]).replace(_TOGETHER, ", ")
        raise UsageError(f"figure {number} is of several kinds of GPU ({several}): --gpu NAME states one")
    memory = entry.context.get("gpu_memory") if not stated.get("gpu") else None
    columns["gpu"], count = _device(str(columns["gpu"]), catalogue, memory)
    split = int(float(columns.get("tp") or 1)) * int(float(columns.get("pp") or 1))
    columns["n_gpus"] = columns.get("n_gpus") or max(count, split)
    columns["workload"] = _workload(str(columns["workload"]))
    what = [f"import/{group.name}", *(path.name for path in group.paths), str(number)]
    columns.setdefault("source", group.paths[0].name)
    columns["id"] = f"{group.name}-{digest({'of': what, 'row': {k: str(v) for k, v in columns.items()}})}"
    warnings = [*entry.warnings, *_doubts(columns, catalogue)]
    return Record(row(**columns), {**entry.context, "warnings": warnings}, {"import": columns["id"]})


def _doubts(columns: Mapping[str, Any], catalogue: Catalogue) -> tuple[str, ...]:
    """What no device of that name does: a board that draws more than it may."""
    gpu = catalogue.get(columns["gpu"])
    if gpu is None or columns.get("metric") != "power":
        return ()
    most = max(float(gpu.value(name) or 0.0) for name in ("power", "power_max"))
    if not most or float(columns["value"]) <= _OVER * most:
        return ()
    return (
        f"{float(columns['value']):.0f} W is more than {gpu.name} draws ({most:.0f} W): "
        "another card, or a wrong clock",
    )


def mapping(options: Any) -> dict[str, Any]:
    """Options by name, as such or as a row has them: "grad_accum=4;sharding=fsdp"."""
    if isinstance(options, dict):
        return options
    pairs = str(options or "").split(";")
    return dict(one.split("=", 1) for one in pairs if "=" in one)


def _device(text: str, catalogue: Catalogue, memory: float | None = None) -> tuple[str, int]:
    """The device of a name, with how many; of several of a driver's name the one that has so much (B)."""
    from whichgpu.hardware.local import by_driver, is_drivers
    from whichgpu.hardware.slices import resolve_device

    if (memory or is_drivers(text)) and len(found := by_driver(text, memory, catalogue)) == 1:
        return found[0].id, 1
    try:
        gpu, count = resolve_device(text, catalogue)
    except UsageError as fault:
        raise UsageError(f"{one_line(fault)}; --gpu NAME goes over what a file says") from None
    return gpu.id, count


def _workload(text: str) -> str:
    from whichgpu.workloads.workload import resolve

    if text.startswith("micro/"):
        # Of the device itself, as `bench device` has it.
        return text
    try:
        return resolve(text).id
    except UsageError as fault:
        raise UsageError(f"{one_line(fault)}; or say which with --workload NAME") from None

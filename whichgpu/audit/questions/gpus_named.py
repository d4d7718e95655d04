"""The GPUs that a question names, so many of each, or by the memory that somebody has."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.measurement import Told
from whichgpu.audit.measurement.devices import counted, device, named
from whichgpu.audit.questions.question_of_gpus import side_by_side
from whichgpu.audit.text.quantities import SPELLED
from whichgpu.errors import UsageError
from whichgpu.hardware.slices import resolve_device
from whichgpu.units import GIB

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: So much memory that is to be enough.
_SIZE = re.compile(
    r"\b(\d{1,3}) ?GB\b.{0,30}\benough\b"
    r"|\b(?:enough|fits?|run|load|hold|train|fine-?tune)\b.{0,60}?\b(\d{1,3}) ?GB\b"
    r"(?! (?:of )?(?:ram|data|disk)\b)"
    r"|\b(?:an?|my|our|one|on|with) (?:an? |only )?(\d{1,3}) ?GB"
    r"(?: (?:gpu|card|graphics card|video card|of v?ram|vram)\b|\W*$)",
    re.I,
)
#: Cards since then have tensor cores for the formats of today, and drivers that are kept up.
_RECENT = "2020-09"
#: "How many H100s": no speed, but a number of them.
_NUMBER_OF = re.compile(
    r"\b(?:how many|(?:(?:minimum|minimal|least|smallest|lowest) number|fewest) of|fewest) (?:\S+ ){0,2}$",
    re.I,
)


def devices_of(text: str, catalogue: Catalogue) -> list[tuple[str, ...]]:
    """The GPUs that are named, each with what its name may mean."""
    return list(dict.fromkeys(ids for ids, _ in counted(text, catalogue)))


def on(text: str, devices: Sequence[tuple[str, ...]], catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    """The option of the GPUs, with how many of it where one is named."""
    names = tuple(key for some in devices for key in some)
    if len(devices) == 1:
        with suppress(UsageError):
            one, may_be, _ = device(text, catalogue)
            names = Told("", one, "", {}, may_be).gpus
    # Of the forms that a name may mean those are answered of which the memory was read.
    names = tuple(one for one in names if ":" in one or catalogue[one].value("memory")) or names
    names = _as_bought(text, names, catalogue)
    return (("gpu", ",".join(names)),) if names else ()


#: How much memory somebody's machine has, whose GPU shares it: "my 16GB M2".
_OF_MACHINE = re.compile(r"\b(\d{1,3}) ?GB\b", re.I)


def _as_bought(text: str, names: Sequence[str], catalogue: Catalogue) -> tuple[str, ...]:
    """Names with the memory that the text tells, of machines that are sold with several sizes of it."""
    sizes = {match[1] for match in _OF_MACHINE.finditer(text)}
    found = []
    for one in names if len(sizes) == 1 else ():
        with suppress(UsageError):
            asked = f"{one} {next(iter(sizes))}GB"
            if one in catalogue and resolve_device(asked, catalogue)[0] is not catalogue[one]:
                found.append(asked)
    return tuple(found) or tuple(names)


def so_many(text: str, devices: Sequence[tuple[str, ...]], catalogue: Catalogue) -> str:
    """The GPUs as `--gpu` takes them, where a number is told of one of them; of each name alike many."""
    numbers = dict.fromkeys(devices, 0)
    for ids, count in counted(text, catalogue):
        numbers[ids] = max(numbers.get(ids, 0), count)
    if max(numbers.values(), default=0) < 2:
        return ""
    typed = {key: f"{key}:{count}" if count > 1 else key for ids, count in numbers.items() for key in ids}
    shown = side_by_side(devices, catalogue)
    return ",".join(said for key, said in typed.items() if key in shown)


def is_number_asked(text: str, catalogue: Catalogue) -> bool:
    """Whether a number of GPUs is asked for."""
    return any(_NUMBER_OF.search(text[: one.start]) for one in named(text, catalogue))


#: Several cards of a size: "two 24GB cards", "2 x 16 GB GPUs".
_SEVERAL = re.compile(
    rf"\b(?P<n>[2-8]|{'|'.join(SPELLED)}) ?(?:x |\u00d7 )?(?P<size>\d{{1,3}}) ?GB "
    r"(?:gpus|cards|graphics cards)\b",
    re.I,
)


def of_size(text: str, catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    """The option of a GPU, or of several, for so much memory as somebody asks whether it is enough.

    It is the fastest for games that has so much.
    """
    if several := _SEVERAL.search(text):
        one = of_size(f"on a {several['size']} GB card", catalogue)
        number = int(SPELLED.get(several["n"].lower(), 0) or several["n"])
        return tuple((name, f"{key}:{number}") for name, key in one)
    asked = _SIZE.search(text)
    size = float(asked[1] or asked[2] or asked[3]) * GIB if asked else 0.0
    # A little of what a card is sold with is not there to use.
    alike = [
        gpu for gpu in catalogue.values()
        if size and not gpu.user and gpu.usable and 0.93 < float(gpu.value("memory") or 0.0) / size <= 1.0
    ]  # fmt: skip
    ours = [gpu for gpu in alike if gpu.vendor == "NVIDIA"]
    for segment in ("geforce", "workstation", "datacenter"):
        if some := [gpu for gpu in ours if gpu.segment == segment]:
            return (("gpu", max(some, key=_of_today).id),)
    return (("gpu", max(alike, key=_of_today).id),) if alike else ()


def _of_today(gpu: Gpu) -> tuple[bool, float]:
    """By what a card of so much memory is likely to be: one with tensor cores that count, the fastest."""
    return str(gpu.value("release_date") or "") >= _RECENT, float(gpu.value("fp16") or 0.0)

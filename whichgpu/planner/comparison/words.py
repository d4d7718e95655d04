"""How a comparison writes names, amounts and ratios."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from whichgpu.hardware.catalogue import catalogue
from whichgpu.units import GIB, MIB, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whichgpu.hardware.gpu import Gpu

#: Up to this ratio two values are called equal: the sources of one value differ by as much.
EQUAL = 1.02
#: How a cell begins where none of the software that is assumed runs on a GPU.
REFUSED = "not worked out: "
#: Below this a ratio reads better as a percentage.
PERCENT_BELOW = 1.3

#: Dimension to the factor and the unit that a comparison writes, one for all GPUs of a row.
_SCALES: Mapping[str, tuple[float, str]] = MappingProxyType(
    {
        "memory": (GIB, "GB"), "cache": (MIB, "MB"), "bandwidth": (1e9, "GB/s"),
        "flop rate": (1e12, "TFLOPS"), "op rate": (1e12, "TOPS"), "bit rate": (1e9, "Gbit/s"),
        "frequency": (1e6, "MHz"), "power": (1.0, "W"), "length": (1e-3, "mm"), "area": (1e-6, "mm²"),
        "bits": (1.0, "bit"), "money": (1.0, "USD"), "price": (1.0, "USD/h"), "count": (1.0, ""),
        "flop per joule": (1e12, "TFLOPS/W"), "byte per joule": (1e9, "GB/s per W"),
        "flop per byte": (1.0, "FLOP per byte"), "time": (1e-3, "ms"), "seconds": (1.0, "s"),
        "flop per dollar": (1e12, "TFLOPS per USD/h"), "bandwidth per dollar": (1e9, "GB/s per USD/h"),
        "memory per dollar": (GIB, "GB per USD/h"), "dollar per flop": (1e-12, "USD/h per TFLOPS"),
        "energy": (1.0, "J"),
    }
)  # fmt: skip

#: The unit that a value of a dimension has in JSON.
SI_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "memory": "B", "cache": "B", "bandwidth": "B/s", "flop rate": "FLOP/s", "op rate": "OP/s",
        "bit rate": "bit/s", "frequency": "Hz", "power": "W", "length": "m", "area": "m2", "bits": "bit",
        "money": "USD", "price": "USD/h", "flop per joule": "FLOP/J", "byte per joule": "B/J",
        "flop per byte": "FLOP/B", "time": "s", "seconds": "s", "flop per dollar": "FLOP/s per USD/h",
        "bandwidth per dollar": "B/s per USD/h", "memory per dollar": "B per USD/h",
        "dollar per flop": "USD/h per FLOP/s", "energy": "J",
    }
)  # fmt: skip


def plain_number(value: float) -> str:
    """As many digits as a reader uses: 2,039, 154.8, 38.7, 0.605, 54.2 billion."""
    for scale, word in ((1e9, "billion"), (1e6, "million")):
        if abs(value) >= scale:
            return f"{number(value / scale, 3)} {word}"
    size = abs(value)
    digits = 4 if size >= 100 else 3
    return f"{value:,.0f}" if size >= 1000 else number(value, digits)


def amount(value: float, dimension: str) -> str:
    """A value in the unit of its dimension, without the unit."""
    scale, _ = _SCALES.get(dimension, (1.0, ""))
    scaled = value / scale
    if dimension == "memory" and printed(value) != value:
        return f"{round(scaled):,}"
    if dimension == "flop per byte":
        return number(scaled, 3)
    if dimension == "price" and scaled:
        return f"{scaled:,.2f}" if scaled >= 0.1 else number(scaled, 2)
    if dimension == "usd" and scaled:
        return f"{scaled:,.2f}" if scaled >= 1.0 else number(scaled, 3)
    return plain_number(scaled)


def printed(memory: float) -> float:
    """The bytes of the whole number of GB that an amount of memory is printed as; itself where it is not."""
    gib = memory / GIB
    return GIB * round(gib) if abs(gib - round(gib)) <= 0.005 * gib else memory


def unit(dimension: str) -> str:
    """The unit that `amount` writes in; empty for counts."""
    return _SCALES.get(dimension, (1.0, ""))[1]


def quantity(value: float, dimension: str) -> str:
    """A value with its unit: `2,039 GB/s`."""
    return f"{amount(value, dimension)} {unit(dimension)}".rstrip()


def ratio_words(ratio: float) -> str:
    """`2.66x`, `16x`, `120x`: three digits, two from ten on."""
    return f"{number(ratio, 2)}x" if 10 <= ratio < 99.5 else f"{number(ratio, 3)}x"


def percent(ratio: float) -> str:
    """How much more, of a ratio above 1: 1.124 is `12 %`."""
    return f"{round((ratio - 1) * 100)} %"


def more(ratio: float, noun: str) -> str:
    """`2.66x the memory bandwidth of`, `12 % more memory bandwidth than`: what follows is the lesser GPU."""
    if ratio >= PERCENT_BELOW:
        return f"{ratio_words(ratio)} the {noun} of"
    if noun.endswith("rate"):
        share = percent(ratio)
        return f"{'an' if share.startswith(('8', '11', '18')) else 'a'} {share} higher {noun} than"
    return f"{percent(ratio)} more {noun} than"


def gain(ratio: float, noun: str) -> str:
    """`2.66x the FP16`, `12 % more FP16`, without saying than whose."""
    return more(ratio, noun).removesuffix(" of").removesuffix(" than")


#: A count of a few, spelled out.
_COUNTS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def counted(count: int) -> str:
    """`none`, `three`, `12`."""
    return _COUNTS[count] if count < len(_COUNTS) else str(count)


def listed(parts: Iterable[str], last: str = "and") -> str:
    """`a, b and c`."""
    items = list(parts)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"


def sentence(text: str) -> str:
    """With a capital first and a full stop last."""
    return f"{text[0].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")


_SIZE = re.compile(r" (\d+ GB)\b")
_FORM = re.compile(r" (SXM\d?|PCIe|NVL)(?= |$)")
_DROPPED = ("GeForce ", "Tesla ", "Radeon Instinct ", "Instinct ", "Data Center GPU ", " Generation")


def short_name(gpu: Gpu) -> str:
    """What a person writes: `A100 80 GB SXM` for `A100 SXM4 80 GB`, `A100 80 GB SXM 3g.40gb slice`, `A10`."""
    _, _, part = gpu.id.partition(":")
    if gpu.id.startswith("local ("):
        return f"{_short(gpu.name)} here"
    whole = _short(gpu.name.removesuffix(f" ({part})") if part else gpu.name)
    return f"{whole} {part_words(part)}" if part else whole


def part_words(part: str) -> str:
    """What a part of a GPU is called: `3g.40gb slice`, `8Q vGPU`, `1/2 share`."""
    if part.startswith("mig-"):
        return f"{part.removeprefix('mig-')} slice"
    return f"{part.upper()} vGPU" if part[-1:].isalpha() else f"{part} share"


def _short(name: str) -> str:
    for part in _DROPPED:
        name = name.replace(part, "")
    name = re.sub(r" \((\d+-core) GPU\)", r" (\1)", name)
    size, form = _SIZE.search(name), _FORM.search(name)
    if form and not size and form[1] == "PCIe":
        return _FORM.sub("", name)
    if form and size and form.start() < size.start():
        name = _FORM.sub("", name, count=1)
        kind = form[1] if form[1] == "SXM3" else re.sub(r"\d$", "", form[1])
        size = _SIZE.search(name)
        return f"{name[: size.end()]} {kind}{name[size.end() :]}" if size else name
    return re.sub(r"SXM\d$", "SXM", name)


def base_name(name: str) -> str:
    """A short name without memory size, form and core count: `A100`."""
    return re.sub(r" \(.*\)", "", _FORM.sub("", _SIZE.sub("", name))).strip()


def sentence_names(gpus: Sequence[Gpu]) -> dict[str, str]:
    """What to call each GPU in a sentence: its base name where that is plain, else its short name.

    A base name that is another card's own, as `RTX 3050` is of the one with 8 GB, is not plain.
    """
    names = {gpu.id: short_name(gpu) for gpu in gpus}
    bases = {key: base_name(name) for key, name in names.items()}
    bases = {key: names[key] if _of_another(key, base) else base for key, base in bases.items()}
    return {key: base if list(bases.values()).count(base) == 1 else names[key] for key, base in bases.items()}


def _of_another(key: str, base: str) -> bool:
    """Whether a base name is the id of another part of the catalogue, which a listing calls so."""
    named = re.sub(r"[^a-z0-9.]+", "-", base.lower()).strip("-")
    return named != key.partition(":")[0] and named in catalogue()

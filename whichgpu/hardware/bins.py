"""Parts of one name that a table of jobs need not tell apart, and which of them is taken.

Apple sells a chip with some of its cores off, and with less memory than the most; makers of boards sell a
card with half of its memory. A name that leaves only that open is the part with the most, and the others are
in the interval of its answer. So are the other forms and sizes of what is sold in several (`H100`,
`A100 80GB`), where the usual one is taken (`data/unsaid.toml`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.errors import UnknownName, UsageError, one_line
from whichgpu.facts import store
from whichgpu.hardware import names, tokens
from whichgpu.hardware.slices import resolve_device, slices_of
from whichgpu.units import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: What parts of one chip have behind the name of the product.
_CORES = re.compile(r"\s*\(\d+-core GPU\)")
#: What sets the speed of a part: those that have all of it alike differ in memory alone.
_SPEED = ("sms", "clock_boost", "bandwidth", "memory_bus", "fp16", "fp32", "l2")
#: A size of memory in a name.
_SIZE = re.compile(r"\s*\b(\d{1,3})\s?G(?:i?B)?\b", re.IGNORECASE)


def whole_of(text: str, catalogue: Catalogue) -> Gpu | None:
    """The part that a name stands for which leaves cores or memory open (`2x RTX 4060 Ti`), or None."""
    found = _kin(text, catalogue)
    if not found or len(names.meant(names.counted(text, catalogue)[0], catalogue)) == 1:
        return None
    if _of_a_chip(found) or len(set(map(_speed, found))) == 1:
        return max(found, key=lambda gpu: (gpu.value("sms") or 0, gpu.value("memory") or 0.0))
    return next(iter(_usual(found)), None)


def _usual(found: tuple[Gpu, ...]) -> tuple[Gpu, ...]:
    """Those of a name's parts that are usual, the most usual first; none where they are several products."""
    known = {_card(gpu): gpu for gpu in found}
    orders = store.load("unsaid")["unsaid"].values()
    lists = [(order, tuple(known[one] for one in order if one in known)) for order in orders]
    # The list that has most of them: that of a machine (DGX-1) has one part where another has all.
    for order, usual in sorted(lists, key=lambda one: -len(one[1])):
        if usual and all(_card(gpu) in order or tokens.model(gpu) == tokens.model(usual[0]) for gpu in found):
            return usual
    return ()


def _card(gpu: Gpu) -> str:
    """The id of a GPU, of a slice that of the one that it is of."""
    return gpu.id.partition(":")[0]


def others(text: str, catalogue: Catalogue) -> tuple[str, ...]:
    """What else a name that was read so may be, where that is faster or slower: each with its number."""
    gpu = whole_of(text, catalogue)
    if gpu is None:
        return ()
    number = names.counted(text, catalogue)[1]
    rest = (one for one in _rest(text, gpu, catalogue) if _speed(one) != _speed(gpu))
    return tuple(one.id if ":" in one.id else f"{one.id}:{number}" for one in rest)


def _rest(text: str, taken: Gpu, catalogue: Catalogue) -> tuple[Gpu, ...]:
    """What else than what was taken a name may be: of what is sold in several forms the usual ones."""
    found = _kin(text, catalogue)
    return tuple(one for one in _usual(found) or found if one is not taken)


def _speed(gpu: Gpu) -> tuple[object, ...]:
    return tuple(gpu.value(name) for name in _SPEED)


def _kin(text: str, catalogue: Catalogue) -> tuple[Gpu, ...]:
    """The parts of a name; of a chip with unified memory also of one that says less than the most of it."""
    try:
        text = names.counted(text, catalogue)[0]
    except UsageError:
        return ()  # a number that cannot be, which `resolve_whole` says
    if sliced := slices_of(text, catalogue):
        return sliced
    found, size = names.meant(text, catalogue), _SIZE.search(text)
    if found or size is None:
        return found
    held = parse(f"{size[1]} GiB", "memory")
    kin = names.meant(_SIZE.sub("", text, count=1).strip(), catalogue)
    return tuple(gpu for gpu in kin if (gpu.value("memory") or 0.0) >= held) if _of_a_chip(kin) else ()


def _of_a_chip(found: tuple[Gpu, ...]) -> bool:
    """Whether parts are one product with more or fewer cores."""
    cut = all(_CORES.search(gpu.name) for gpu in found)
    return cut and len({_CORES.sub("", gpu.name) for gpu in found}) == 1


def resolve_whole(text: str, catalogue: Catalogue) -> tuple[Gpu, int]:
    """As `resolve_device`, but a name that leaves cores or memory open is one part (`whole_of`)."""
    try:
        return resolve_device(text, catalogue)
    except UnknownName:
        if gpu := whole_of(text, catalogue):
            return gpu, names.counted(text, catalogue)[1]
        raise


def taken(texts: Iterable[str], catalogue: Catalogue) -> Iterator[str]:
    """What is to say of spellings that were read so, and what to write for the others."""
    for text in sorted(set(texts)):
        gpu = whole_of(text, catalogue)
        if gpu is None:
            continue
        rest, usual = _rest(text, gpu, catalogue), _usual(_kin(text, catalogue))
        held = any(_speed(one) != _speed(gpu) for one in rest)
        which = "the usual part of that name" if usual else "the part with the most cores and memory"
        less = "another" if usual else "less of it"
        told = f"{less}, which the interval holds as well" if held else less
        instead = f"; write {' or '.join(one.id for one in rest)} for {told}" if rest else ""
        yield f"'{one_line(text)}' was taken as {gpu.id}, {which}{instead}"

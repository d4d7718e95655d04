"""A device as a user writes it: a GPU, the one at hand (`local`), or part of one.

A MIG slice (`a100-80gb-sxm:mig-3g.40gb`) has its own memory, L2, bandwidth and SMs (`data/mig.toml`). A vGPU
(`a40:8q`, `A40-8Q`) has its own memory and takes turns at the rest (`vgpu.py`). A share (`rtx-4090:1/2`,
`l4:50%`) is what a process gets of a GPU that others use as well: the fraction of memory that it is let
have, and of everything else in the mean.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import OpenName, UnknownName, UsageError, one_line
from whichgpu.facts import store
from whichgpu.facts.reading import read
from whichgpu.hardware.names import candidates, resolve, resolve_count
from whichgpu.hardware.parts import is_part, resized, scaled
from whichgpu.hardware.printed import named
from whichgpu.units import GIB

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

__all__ = ["device", "in_one", "is_part", "resolve_device"]

_PART = (
    r"(?i)^(?P<name>.*\S)\s*:\s*(?:(?:mig-?)?(?P<profile>\d+g\.\d+gb(?:[+-][a-z.]+)?)"
    r"|(?P<over>\d{1,4})\s*/\s*(?P<under>\d{1,4})|(?P<percent>\d{1,3}(?:\.\d+)?)\s*%"
    r"|(?P<decimal>\d{0,3}\.\d{1,4}))$"
)
#: Several of an instance type: `2x p5.48xlarge`, `p4d.24xlarge x2`.
_TYPES = r"(?P<count>\d{1,4})\s*[x\u00d7]\s*(?P<name>\S.*)|(?P<before>.*\S)\s+x\s?(?P<after>\d{1,4})"
#: A MIG profile among the words of a name: `H100 SXM MIG 1g.10gb`, `1g.5gb A100`, `.._MIG_1x1g.10gb`.
_AMONG = r"(?i)(?<![a-z\d])(?:mig[ _-]*)?(?:1x)?(\d+g\.\d+gb)\b"
#: The memory of a machine among the words of a name; none is sold with less, or with an odd number.
_MEMORY = r"(?i)(?<![\w.])(?P<size>8|[1-9]\d?[02468])\s*Gi?B(?:\s+(?:unified\s+)?(?:memory|RAM))?(?!\w)"
#: One of the two dies of a card, each a device of its own to every program (AMD: "graphics compute die").
_DIE = r"(?i)^(?P<name>.*\bMI250X?)[\s,(]*\b(?:(?:1|one|a|single|per)[\s-]*)?GCD\s*\)?$"
#: One of the GPUs of a board, which the catalogue has as a device of its own: `K80 (1 die)`, `half a K80`.
_OF_BOARD = (
    r"(?i)^(?:(?:half|1/2|(?:one|a|1)\s+(?:die|gpu|chip))\s+(?:of\s+)?(?:an?\s+|the\s+)?(?P<behind>\S.*)"
    r"|(?P<name>.*\S)[\s,(]+(?:(?:1|one|a|single|per)[\s-]*(?:die|gpu|chip)|half)(?:\s+of\s+(?:2|two))?\s*\)?)$"
)
#: A share before what it is of, which may be meant as a device of its own: `half an H100`, `50% of an L40S`.
_BEFORE = (
    r"(?i)^(?:an?\s+)?(?P<part>half|quarter|third|\d{1,4}\s*/\s*\d{1,4}|\d{1,3}(?:\.\d+)?\s*%)\s+(?:of\s+)?"
    r"(?:(?:an?|the|one)\s+)?(?P<name>\S.*)$"
)
_CALLED = {"half": "1/2", "third": "1/3", "quarter": "1/4"}
#: Parts that are kept: there is no end to the shares that one may write.
_SLICES = 512
#: A part with a number of it.
_SEVERAL = r"^(?P<part>.*\S)\s*:\s*\d+$"


def resolve_device(text: str, catalogue: Catalogue) -> tuple[Gpu, int]:
    """A device as typed, and how many: `H100 SXM:8`, `a30:mig-1g.6gb`, `rtx-4090:1/2`, `a40:8q`, `local`.

    Raises `UsageError` as `resolve_count` and `resolve_local` do, and for a profile that the GPU does not
    have or a share that is not between nothing and all.
    """
    if text.strip().lower().startswith("local"):
        from whichgpu.hardware.local import is_local, resolve_local

        if is_local(text):
            return resolve_local(text, catalogue)
    if text in catalogue:
        return resolve_count(text, catalogue)
    text = named(text)
    match = re.match(_PART, text.strip()) if ":" in text else None
    if match is None:
        from whichgpu.hardware.vgpu import vgpu

        virtual = vgpu(text, catalogue)
        if virtual:
            return virtual, 1
        several = re.match(_SEVERAL, text.strip()) if ":" in text else None
        if several and (re.match(_PART, several["part"]) or vgpu(several["part"], catalogue)):
            raise UsageError(
                f"'{one_line(text)}': parts of a GPU do not work together; write {several['part']}, or "
                "whole GPUs"
            )
        return _whole(text, catalogue)
    gpu = resolve(match["name"], catalogue)
    if match["profile"]:
        return _mig(gpu, match["profile"].lower()), 1
    from fractions import Fraction

    part = Fraction(int(match["over"]), int(match["under"]) or 1) if match["over"] else None
    # A share is called by what may be written: 33.3333333 % is 1/3.
    if part is None:
        found = Fraction(match["decimal"]) if match["decimal"] else Fraction(match["percent"]) / 100
        part = found.limit_denominator(9999)
    if not 0 < part < 1:
        raise UsageError(
            f"'{one_line(text)}': a share is between nothing and all; write {gpu.id}:1/2, {gpu.id} or "
            f"{gpu.id}:2"
        )
    return _shared(gpu, part), 1


def device(key: str, catalogue: Catalogue) -> Gpu:
    """The device of an id, of a part as well; raises `UsageError` as `resolve_device` does."""
    return catalogue[key] if key in catalogue else resolve_device(key, catalogue)[0]


def in_one(part: Gpu, catalogue: Catalogue) -> int:
    """How many such parts one GPU has: of a MIG profile as its guide says, of a share what memory allows."""
    key, _, name = part.id.partition(":")
    whole = catalogue[key]
    profile = re.escape(name.removeprefix("mig-"))
    if stated := re.search(rf"(\d+)x {profile}(?![\w.])", str(whole.value("mig_profiles") or "")):
        return int(stated[1])
    if name.startswith("mig-"):
        return 1
    return max(int(whole.need("memory") / part.need("memory") * (1 + 1e-9)), 1)


def _whole(text: str, catalogue: Catalogue) -> tuple[Gpu, int]:
    """A device without a colon before its part: a MIG profile among the words, an instance type, a GPU."""
    if named := re.match(r"(?i)^(?P<name>.*\S)\s*:\s*mig\b-?(?P<profile>.*)$", text.strip()):
        return _mig(resolve(named["name"], catalogue), named["profile"].strip().lower()), 1
    if ":" not in text and (among := re.search(_AMONG, text)):
        return _among(text, among, catalogue), 1
    if die := re.match(_DIE, text.strip()):
        from fractions import Fraction

        return _shared(resolve(die["name"], catalogue), Fraction(1, 2)), 1
    if " + " in text and len(apart := _apart(text, catalogue)) > 1:
        raise UnknownName(
            f"'{one_line(text)}' are devices of several kinds, each of which is judged by itself; write "
            f"{','.join(apart)}"
        )
    try:
        return resolve_count(text, catalogue)
    except UnknownName:
        if found := _otherwise(text, catalogue):
            return found
        raise


def _apart(text: str, catalogue: Catalogue) -> list[str]:
    """The devices of a text that adds them up, `4090 + 2x 3090`, as they are written here; [] of a name."""
    found = []
    for part in text.split(" + "):
        try:
            gpu, count = resolve_device(part.strip(), catalogue)
        except UsageError:
            return []
        found.append(gpu.id if count == 1 else f"{gpu.id}:{count}")
    return found


def _otherwise(text: str, catalogue: Catalogue) -> tuple[Gpu, int] | None:
    """What no name of the catalogue is: a part with the memory of its machine, an instance type."""
    if of_machine := _of_machine(text, catalogue):
        return of_machine, 1
    if (one := re.match(_OF_BOARD, text.strip())) and (
        gpu := _of_board(one["behind"] or one["name"], catalogue)
    ):
        return gpu, 1
    if (shared := re.match(_BEFORE, text.strip())) and candidates(shared["name"], catalogue):
        said = shared["part"].lower()
        told = f"{shared['name']}:{_CALLED.get(said, said)}"
        raise UnknownName(
            f"no GPU '{one_line(text)}'; a share of one that others use as well is written {told}"
        )
    from whichgpu.hardware.instances import instance

    several = re.fullmatch(_TYPES, text.strip())
    found = instance(several["name"] or several["before"] if several else text)
    if found is None or found[0] not in catalogue:
        return None
    times = int(several["count"] or several["after"]) if several else 1
    gpu, count = catalogue[found[0]], found[1] * times
    if count >= 1 and count.is_integer():
        return gpu, int(count)
    from fractions import Fraction

    return _shared(gpu, Fraction(count).limit_denominator(16)), 1


def _of_board(text: str, catalogue: Catalogue) -> Gpu | None:
    """The GPU of which a board that is so called carries several; None of any other."""
    try:
        gpu = resolve(text, catalogue)
    except UsageError:
        return None
    return gpu if (gpu.value("units_per_board") or 1) > 1 else None


def _of_machine(text: str, catalogue: Catalogue) -> Gpu | None:
    """A part that shares its machine's memory, with as much of it as is written: `M4 Max 64GB`.

    Such machines are sold in several sizes, of which the catalogue has the largest; that of a user's own is
    the user's word.
    """
    match = re.search(_MEMORY, text)
    if match is None:
        return None
    size = float(match["size"]) * GIB
    named = candidates(f"{text[: match.start()]} {text[match.end() :]}", catalogue)
    having = [
        gpu for gpu in named if gpu.value("form_factor") == "SoC" and size <= (gpu.value("memory") or 0)
    ]
    if len(having) > 1:
        raise OpenName(
            one_line(text), ", ".join(gpu.id for gpu in having), f"{having[0].id} {match[0].strip()}"
        )
    return resized(having[0], having[0].id, "as-asked", memory=size) if having else None


def slices_of(text: str, catalogue: Catalogue) -> tuple[Gpu, ...]:
    """The slices that a name with a MIG profile among its words may mean: `H100 MIG 1g.10gb`."""
    match = re.search(_AMONG, text) if ":" not in text else None
    if match is None:
        return ()
    profile = match[1].lower()
    having = _having(profile)
    named = candidates(_less(text, match), catalogue)
    return tuple(_mig(gpu, profile) for gpu in named if gpu.id in having)


def cut_into(profile: str, gpus: Iterable[Gpu]) -> tuple[Gpu, ...]:
    """The slices of a MIG profile ("1g.10gb") of those of some GPUs that have it."""
    having = _having(profile.lower())
    return tuple(_mig(gpu, profile.lower()) for gpu in gpus if gpu.id in having)


def _less(text: str, match: re.Match[str]) -> str:
    """A name without the MIG profile among its words."""
    name = re.sub(r"(?i)(?<![a-z\d])mig(?![a-z\d])", " ", f"{text[: match.start()]} {text[match.end() :]}")
    return re.sub(r"(?i)^\s*(?:of|on)\s+(?:an?\s+)?", "", re.sub(r"\(\s*\)", " ", name)).strip(" -_")


def _having(profile: str) -> list[str]:
    """The GPUs that have a MIG profile."""
    return [key for key, profiles in _profiles().items() if profile in profiles]


def _among(text: str, match: re.Match[str], catalogue: Catalogue) -> Gpu:
    """The slice of the one GPU of a name that has such a profile."""
    profile, name = match[1].lower(), _less(text, match)
    having = _having(profile)
    if not name:
        example = f"{having[0] if having else 'a100-80gb-sxm'}:mig-{profile}"
        raise UsageError(f"'{one_line(text)}' names no GPU; write e.g. {example}")
    able = [gpu for gpu in candidates(name, catalogue) if gpu.id in having]
    if len(able) == 1:
        return _mig(able[0], profile)
    if able:
        told = ", ".join(f"{gpu.id}:mig-{profile}" for gpu in able)
        raise UnknownName(f"'{one_line(text)}' may be {told}; say which")
    return _mig(resolve(name, catalogue), profile)


@lru_cache(maxsize=_SLICES)
def _mig(gpu: Gpu, profile: str) -> Gpu:
    base = re.split(r"[+-]", profile)[0]
    known = _profiles().get(gpu.id, {})
    row = known.get(base)
    if row is None:
        has = f"has {', '.join(known)}" if known else "cannot be sliced, or its profiles were not read"
        example = (
            f"; write e.g. {gpu.id}:mig-{next(iter(known))}" if known else f"; use {gpu.id}:1/2 for a share"
        )
        raise UsageError(f"no MIG profile '{profile}' of {gpu.id}: it {has}{example}")
    from fractions import Fraction

    where = f"data/mig.toml: {base}"
    memory, sms = float(Fraction(row["memory"])), float(Fraction(row["sms"]))
    units = gpu.value("sms")
    if "units" in row and units:
        sms = float(row["units"][0]) / float(units)
    elif units:
        sms = max(round(sms * float(units)), 1) / float(units)  # a slice has whole SMs
    values = scaled(gpu, memory, sms)
    if "usable" in row:
        values["memory"] = read(row["usable"][0], "memory", where)
    return resized(gpu, f"{gpu.id}:mig-{profile}", **values)


def smallest(gpu: Gpu) -> Gpu | None:
    """The MIG slice of a GPU that has the least memory; None where it has none."""
    known = _profiles().get(gpu.id)
    return _mig(gpu, next(iter(known))) if known else None


@lru_cache(maxsize=_SLICES)
def _shared(gpu: Gpu, part: Fraction) -> Gpu:
    return resized(gpu, f"{gpu.id}:{part}", **scaled(gpu, float(part), float(part)))


@cache
def _profiles() -> dict[str, dict[str, Any]]:
    """MIG profiles by GPU id."""
    groups = store.load("mig")["mig"]["group"].values()
    return {gpu: group["profile"] for group in groups for gpu in group["gpus"]}

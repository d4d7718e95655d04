"""From what people call a GPU to the one device they mean, or to the list of those they may mean.

Nothing is matched by substring and nothing is guessed (`tokens.py` says what a spelling must and may
contain). In order: the id; `data/aliases.toml`, which also says what stays ambiguous; a device's own
aliases; its words.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from whichgpu.errors import OpenName, UnknownName, UsageError, one_line
from whichgpu.facts import store
from whichgpu.hardware import tokens
from whichgpu.units import GIB
from whichgpu.values import NamedTuple, regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: How many candidates a message lists.
SHOWN = 8
#: A name and a number; one of more than 12 digits is none that Python should be asked to read. "8-GPU" behind
#: a name is one of those that machines have: elsewhere the number is a product's.
_COUNT = (
    r"^(?P<name>.*\S)\s*:\s*(?P<count>[+-]?\d{1,12})$"
    r"|^(?P<first>\d{1,12})\s*x(?!tx?\b)\s*(?P<second>\S.*)$"
    r"|^(?P<third>.*\S)\s+x\s?(?P<after>\d{1,4})$"
    r"|^(?P<fourth>.*[^\s,(])(?:\s*[,(]\s*|\s+(?=\d-))(?P<behind>[1248]|(?<=\()\d{2,4})[- ](?i:gpus?)\)?$"
)
#: The lanes of "PCIe Gen4 x16", which are no number of GPUs.
_LANES = r"(?i)(\bpci[ -]?e(?:xpress)?(?:\s+(?:gen\s?)?[3-6](?:\.0)?)?)\s*x\s?(?:4|8|16)\b"
#: The sign of `2*A100` and `RTX4090*2`.
_TIMES = r"(?<=\d)\s*\*\s*(?=\S)|\s*\*\s*(?=\d{1,4}$)"
#: `2 3090s` and `A10x4`, where the whole names nothing.
_SEVERAL = (
    r"(?i)(?P<count>\d{1,4}(?=-gpus?\s)|\d{1,4}|an?|one|single|two|dual|three|four|quad|eight)(?:-gpus?)?\s+(?P<name>\S.*)"
    r"|(?P<before>\S.*[\da-z])x(?P<after>[1-9]\d{0,2})"
)
#: Several machines of several: `12x 8x A100 40GB`.
_NESTED = r"(?P<times>\d{1,5})\s?x\s?(?P<each>\d{1,3}\s?x\s?[a-z].*)"
#: A machine and what is in it, which says nothing of how many of them run: `DGX A100 (8x A100 80GB)`.
_BOXED = r"(?P<box>[^()]*\S)\s*\(\s*(?P<count>\d{1,3})\s*[xX]\s*(?P<held>[^(),]+)(?:,[^()]*)?\)"
#: NVIDIA's systems in its own tables: `DGX-1 with 8x V100 16GB`, `DGX-2 16x V100 32GB`.
_SYSTEM = r"^((?:nvidia )?[dh]gx[^(),:]*?)(?: with|[,:])? \(?(\d{1,3}\s?x\s[^()]+)\)?$"
#: A machine, and after it how many of what it holds run: `Dell R750xa 4x A100 PCIe`.
_HOLDING = r"(?P<box>[^()]*?[A-Za-z][^()]*?)[\s_:,-]+(?P<count>[1-9]\d{0,2})\s?x\s?(?P<held>[A-Za-z\d][^()]*)"
#: What makes, lets or is a machine, and in brackets what is in it: `Kaggle (T4)`, `g5.xlarge (A10G)`.
_WITHIN = r"(?P<box>[^()]*\S)\s*(?:\(|\s[+/,]\s|\swith\s)(?P<held>(?:[^()+]|(?<=\w)\+)+)\)?"
#: How several are joined, behind their number, and a base board whose number stands within its name.
_LINK = r"\s?(?:nv ?link|sli)(?:[- ]bridged?)?\)?$"
_BRIDGED = (
    rf"(?i)(\sx\s?\d{{1,4}})\s+\(?(?:w/|with|\+)?{_LINK}|^(\d{{1,3}}\s?x\s.*\S)\s+(?:w/|with|\+){_LINK}"
)
_BASEBOARD = r"(?i)^(.*\b[dh]gx\b.*?)\s([48])-gpus?\s+(\S.*)$"
_WORDED = {
    "a": 1, "an": 1, "one": 1, "single": 1, "two": 2, "dual": 2, "three": 3, "four": 4, "quad": 4, "eight": 8,
}  # fmt: skip
_MOST = 1_000_000
#: What says that a card of a desktop is meant, and what says that a part of a laptop is.
_DESKTOP = regex(r"(?i)\bdesktop\b")
_MOBILE = regex(r"(?i)laptop|notebook|mobile|max-?q")


class _Index(NamedTuple):
    """What resolving needs of a catalogue, made once."""

    models: Mapping[str, frozenset[str]]
    aliases: Mapping[frozenset[str], tuple[str, ...]]


def resolve(text: str, catalogue: Catalogue) -> Gpu:
    """The one device that a spelling names; a number beside the name says how many, not which.

    Raises `UsageError` listing the candidates of an ambiguous one, or the nearest of an unknown one.
    """
    return resolve_count(text, catalogue)[0]


def resolve_count(text: str, catalogue: Catalogue) -> tuple[Gpu, int]:
    """A device and how many of it: `H100 SXM:8`, `8 x a10`, `a10` (one), `K80 24 GB` (a board: two).

    Raises `UsageError` as `resolve` does, or for a number that is not 1 to a million.
    """
    return _boards(*counted(text, catalogue), catalogue)


def counted(text: str, catalogue: Catalogue) -> tuple[str, int]:
    """The name in a spelling, and the number that is said of it; raises for one that cannot be."""
    if text in catalogue:
        # An id has no number in it; no pattern is compiled.
        return text, 1
    from whichgpu.hardware.dressed import without_host
    from whichgpu.hardware.instances import without_seller
    from whichgpu.hardware.printed import named

    text = without_host(without_seller(named(text)))
    if boxed := _boxed(text):
        box, inside = boxed["box"].lower().split(), re.sub(r"[_ ]aarch64$", "", boxed["held"].strip())
        whole = " ".join((boxed["box"], *(one for one in inside.split() if one.lower() not in box)))
        known = meant(whole, catalogue) or not meant(inside, catalogue)
        return whole if known else inside, int(boxed["count"])
    match = _numbered(text)
    within = _nested(text, catalogue) if match else _held(text, catalogue)
    if held := _sliced(text, catalogue) or within:
        return held
    if text.rstrip().endswith(":"):
        raise UsageError(f"'{one_line(text)}' has no number after ':'; write e.g. a100-80gb-sxm:8")
    if not match:
        let = _several(text, catalogue) or _typed(text, catalogue)
        return let or (_singular(text, catalogue), gpus_of(text))
    count = int(match["count"] or match["first"] or match["after"] or match["behind"])
    if not 1 <= count <= _MOST:
        own = one_line(_named(match)).strip()
        raise UsageError(f"'{one_line(text)}': {count} GPUs cannot be; write e.g. {own}:2")
    name = _named(match)
    if let := _typed(name, catalogue):
        return let[0], count * let[1]
    return _singular(name, catalogue), count * (gpus_of(name) if match["first"] else 1)


def _several(text: str, catalogue: Catalogue) -> tuple[str, int] | None:
    """A GPU's name and a number beside it in words, where it is no name as it stands; else None."""
    several = re.fullmatch(_SEVERAL, re.sub(_LANES, r"\1", text.strip()))
    if not several or meant(text, catalogue):
        return None
    name = _singular(several["name"] or several["before"], catalogue)
    said = (several["count"] or several["after"]).lower()
    return (name, _WORDED.get(said) or int(said)) if meant(name, catalogue) else None


def _typed(text: str, catalogue: Catalogue) -> tuple[str, int] | None:
    """What the name of an instance type or a system says, or a type whose form is left open; else None."""
    from whichgpu.hardware.instances import instance, opened
    from whichgpu.hardware.typed import held, says_its_number

    # `H100-SXM-2-80G` reads as one on SXM2 as well.
    known = meant(text, catalogue)
    if (known and not says_its_number(text)) or (not known and instance(text)):
        return None
    said = ((_singular(name, catalogue), count * gpus_of(name)) for name, count in held(text))
    return opened(text) or next((one for one in said if meant(one[0], catalogue)), None)


def _boxed(text: str) -> re.Match[str] | None:
    """A machine with what is in it, in brackets, and how many of that: `DGX H100 (8x H100-SXM-80GB)`."""
    return re.fullmatch(_BOXED, re.sub(_SYSTEM, r"\1 (\2)", text.strip(), flags=re.IGNORECASE))


def in_a_machine(text: str) -> bool:
    """Whether a spelling's number is of what machines hold, of which a job may have fewer, or more machines.

    A slice of TPUs is counted in several ways, and is none here.
    """
    from whichgpu.hardware.instances import instance

    match = _numbered(text)
    name = _named(match) if match and (match["first"] or match["after"]) else text
    let = instance(name)
    return _boxed(text) is not None or gpus_of(name) > 1 or (let is not None and "tpu" not in let[0])


#: NVIDIA's machines by name, without those whose number is of a rack or open: `DGX H100`, `DGX-1 V100 16GB`.
#: Boards of Blackwell have eight, those before four or eight.
_DGX = (
    r"(?i)^(?:nvidia\s+)?(?:dgx(?:\b|(?=[12abh]))(?![- ]?(?:g[bh]\d|spark|cloud))|hgx(?=[- ]b\d))[- ]?"
    r"(?P<kind>2h?\b|station)?"
)


def gpus_of(text: str) -> int:
    """GPUs of a machine that NVIDIA names, 8 of `DGX H100`; 1 of any other text."""
    found = re.match(_DGX, text.strip())
    return 1 if found is None else {"2": 16, "2h": 16, "station": 4}.get((found["kind"] or "").lower(), 8)


#: A slice of TPUs, which Google names by its cores, of those of one core by its chips: `tpu-v3-8`.
_SLICE = (
    r"(?:google[ -]?)?(?:cloud[ -]?)?tpu[ -]?v(?P<of>\d)(?P<kind>e|p|[ -]?lite(?:[ -]?pod)?)?"
    r"-(?P<size>\d{1,5})"
)


def _sliced(text: str, catalogue: Catalogue) -> tuple[str, int] | None:
    """The chip of a slice of TPUs, and how many of it; None for any other name."""
    found = re.fullmatch(_SLICE, text.strip(), re.IGNORECASE)
    kind = (found["kind"] or "").lower() if found else ""
    kind = "e" if "lite" in kind else kind
    if found is None or f"tpu-v{found['of']}{kind}" not in catalogue:
        return None
    size = int(found["size"])
    chips = size if kind == "e" else size // 2
    return (f"tpu-v{found['of']}{kind}", chips) if 1 <= chips <= _MOST else None


def _nested(text: str, catalogue: Catalogue) -> tuple[str, int] | None:
    """What several machines hold of several each, and how many in all: `12x 8x A100 40GB`."""
    found = re.fullmatch(_NESTED, text.strip(), re.IGNORECASE)
    if found is None:
        return None
    name, count = counted(found["each"], catalogue)
    return name, int(found["times"]) * count


def _held(text: str, catalogue: Catalogue) -> tuple[str, int] | None:
    """What a machine that is named holds, and how many of it; None where no machine stands before it."""
    plain = re.sub(_LANES, r"\1", text.strip().replace("\u00d7", "x"))
    found = re.fullmatch(_HOLDING, plain, re.IGNORECASE)
    if found and meant(found["held"], catalogue) and not candidates(found["box"], catalogue):
        return _singular(found["held"], catalogue), int(found["count"])
    found = re.fullmatch(_WITHIN, plain)
    if found is None or meant(text, catalogue) or not meant(found["held"], catalogue):
        return None
    from whichgpu.hardware.dressed import of_machine

    return (found["held"], 1) if of_machine(found["box"]) else None


def without_number(text: str) -> str:
    """The name in a spelling that says how many, a10 of `a10:2` and `2 x a10`; empty where none is said."""
    match = _numbered(text)
    return _named(match) if match else ""


def _numbered(text: str) -> re.Match[str] | None:
    typed = text.strip().replace("\u00d7", "x")
    if "*" in typed:
        typed = re.sub(_TIMES, " x ", typed)
    if typed[-1:] not in "0123456789":
        typed = re.sub(_BRIDGED, r"\1\2", re.sub(_BASEBOARD, r"\1 \3 x\2", typed))
    return re.match(_COUNT, re.sub(_LANES, r"\1", typed))


def _named(match: re.Match[str]) -> str:
    return str(match["name"] or match["second"] or match["third"] or match["fourth"])


def _boards(name: str, count: int, catalogue: Catalogue) -> tuple[Gpu, int]:
    """A device, and how many: as many per board as it has, where the size that is named is the board's."""
    gpu = _one(name, catalogue)
    sizes = tokens.of_board(gpu)
    whole = sizes and sizes & {*tokens.words(name)}
    return gpu, count * int(gpu.value("units_per_board")) if whole else count


def _singular(name: str, catalogue: Catalogue) -> str:
    """The name without the s of several, where only that names something."""
    bare = name.strip()[:-1]
    one = name[-1:] in ("s", "S") and not meant(name, catalogue) and meant(bare, catalogue)
    return bare if one else name


def _one(text: str, catalogue: Catalogue) -> Gpu:
    """The device of a name without a number; the errors of `resolve`."""
    found = meant(text, catalogue)
    for key, problem in catalogue.broken.items():
        if key in {gpu.id for gpu in found} or _words(key) == _words(text):
            raise UsageError(problem)
    if len(found) == 1:
        return found[0]
    shown = one_line(text)
    if found:
        raise OpenName(shown, _listed(found), found[0].id)
    if several := _of_chip(text, catalogue):
        raise UnknownName(f"'{shown}' is no one GPU; with it come {_listed(several)}; say which")
    if said := _absent(text, catalogue):
        raise UnknownName(f"no GPU '{shown}'; it {said}")
    if held := _amount(text, catalogue):
        raise UnknownName(f"'{shown}' is an amount of memory, no GPU: {held}")
    from whichgpu.hardware.nearby import near_in_size

    near, held = near_in_size(text, catalogue)
    if whole := _kin(text, catalogue):
        raise UnknownName(
            f"no GPU '{shown}'; it is the name of many: whichgpu gpus {whole}; "
            "a name of several words goes in quotes"
        )
    hints = [f"did you mean {_listed(near)}?{held}" if near else "", _family(text, catalogue)]
    # Ids of architectures alone have an underscore.
    hint = next(filter(None, sorted(hints, key=lambda one: "_" in text and one is hints[0])), "")
    from whichgpu.hardware import models

    hint = models.told(text) or hint or "see the list: whichgpu gpus"
    raise UnknownName(f"no GPU '{shown}'; {hint}")


def _amount(text: str, catalogue: Catalogue) -> str:
    """Cards with an amount of memory that is typed for a GPU, common ones first, then the latest; else ''.

    Such are `24GB` and `24 GB VRAM`.
    """
    import re

    found = re.fullmatch(r"\s*(\d{1,3})\s*gi?b(?:\s+(?:of\s+)?(?:v?ram|gpu|card|memory))*\s*", text.lower())
    if found is None:
        return ""
    gib = GIB * float(found[1])
    held = [gpu for gpu in catalogue.values() if 0.93 <= (gpu.value("memory") or 0.0) / gib <= 1.001]
    usual = store.load("cards")["cards"]["common"]
    held.sort(key=lambda gpu: (gpu.id in usual, str(gpu.value("release_date") or "")), reverse=True)
    listing = f'whichgpu gpus --where "memory>={found[1]} GB"'
    return f"{', '.join(gpu.id for gpu in held[:4])} have it; see: {listing}" if held else f"see: {listing}"


def is_withdrawn(text: str) -> bool:
    """Whether a text names a size of a card that was announced and never sold: "RTX 4080 12GB".

    A word beside those of its name makes another one of it: "RTX 4080 Laptop 12GB".
    """
    asked = frozenset(tokens.words(text)) - tokens.VENDORS - tokens.LINES
    rows = store.load("absent")["absent"]["absent"].values()
    return any(
        frozenset(tokens.words(name)) - tokens.LINES == asked
        for row in rows
        if row.get("withdrawn")
        for name in row["names"]
    )


def _absent(text: str, catalogue: Catalogue) -> str:
    """Why a device that there is, or was to be, is not in the catalogue (`data/absent.toml`), else ''.

    With it go the parts that the file names as nearest, or that are `nearest` where it says `alike`.
    """
    from whichgpu.hardware.nearby import nearest

    asked = frozenset(tokens.words(text))
    for row in store.load("absent")["absent"]["absent"].values():
        names = [frozenset(tokens.words(name)) for name in row["names"]]
        # "Radeon Graphics" is a name where nothing else is said, and any Radeon has its words.
        if any(name == _key(asked) if name <= tokens.LINES else name <= asked for name in names):
            alike = [gpu.id for gpu in nearest(text, catalogue, most=2)] if row.get("alike") else []
            near = ", ".join(row.get("near", alike))
            return f"{row['says']}{f'; the nearest on file: {near}' if near else ''}"
    return ""


def _kin(text: str, catalogue: Catalogue) -> str:
    """How all GPUs of a maker, a segment or a line (`geforce`, `radeon`) are listed; '' for other names."""
    plain = text.strip().lower()
    kinds = {
        "--vendor": {gpu.vendor for gpu in catalogue.values()},
        "--segment": {gpu.segment for gpu in catalogue.values()},
    }
    for option, known in kinds.items():
        if found := next((one for one in known if one and one.lower() == plain), ""):
            return f"{option} {found}"
    line = plain in tokens.LINES or len(plain) > 3
    if line and plain.isalpha() and any(plain in tokens.words(gpu.name) for gpu in catalogue.values()):
        return f"--where name~{plain}"
    return ""


def _family(text: str, catalogue: Catalogue) -> str:
    """The architecture that is named, or whose name is spelled alike, as a hint; '' where there is none."""
    from whichgpu.hardware.architecture import alike

    name = text.strip().lower()
    if name in {gpu.family for gpu in catalogue.values() if gpu.family}:
        return f"it is an architecture: whichgpu gpus --family {name}"
    near = alike(text)
    return f"did you mean the architecture {near}?" if near else ""


def meant(text: str, catalogue: Catalogue) -> tuple[Gpu, ...]:
    """Every device that a spelling may mean, with or without what people put around a name."""
    found = candidates(text, catalogue) or _undressed(text, catalogue) or _twice(text, catalogue)
    if _DESKTOP.search(text) and not _MOBILE.search(text):
        return tuple(gpu for gpu in found if gpu.segment != "laptop")
    return found


def _twice(text: str, catalogue: Catalogue) -> tuple[Gpu, ...]:
    """Every device that a spelling names in two ways: `TPU v6e Trillium`, `GB10 (DGX Spark)`."""
    said = tokens.words(text)
    found: dict[str, Gpu] = {}
    for alias, ids in (*index(catalogue).aliases.items(), *_curated().items()):
        if alias and alias < set(said):
            rest = " ".join(word for word in said if word not in alias)
            found |= {gpu.id: gpu for gpu in candidates(rest, catalogue) if gpu.id in ids}
    return tuple(found.values())


def _undressed(text: str, catalogue: Catalogue) -> tuple[Gpu, ...]:
    """Every device that a spelling may mean without what drivers, listings and shops put around a name."""
    from whichgpu.hardware.dressed import undressed

    plain = undressed(text, catalogue)
    return tuple(dict.fromkeys(gpu for one in plain for gpu in candidates(one, catalogue)))


def _of_chip(text: str, catalogue: Catalogue) -> tuple[Gpu, ...]:
    from whichgpu.hardware.dressed import of_chip

    return of_chip(text, catalogue)


def candidates(text: str, catalogue: Catalogue) -> tuple[Gpu, ...]:
    """Every device that a spelling may mean: one if it is exact, none if it is unknown."""
    exact = catalogue.get(text.strip().lower()) or catalogue.get(text.strip())
    if exact:
        return (exact,)
    if "\ufffd" in text:
        # A byte that could not be read may have been any letter.
        return ()
    said = tokens.words(text)
    asked = frozenset(said)
    key = _key(asked)
    for ids in (_curated().get(key, ()), index(catalogue).aliases.get(key, ()), _curated_ids(asked)):
        found = [catalogue[key] for key in ids if key in catalogue and _fits(asked, catalogue[key])]
        if found:
            return tuple(dict.fromkeys(found))
    named = _by_words(said, asked, catalogue)
    fuller = tokens.spelled_out(said)
    return named or (candidates(" ".join(fuller), catalogue) if fuller != said else ())


def _by_words(said: tuple[str, ...], asked: frozenset[str], catalogue: Catalogue) -> tuple[Gpu, ...]:
    found = []
    for key, model in index(catalogue).models.items():
        if model <= asked and all(said.count(word) == 1 for word in model):
            gpu = catalogue[key]
            if asked - model <= tokens.qualifiers(gpu):
                found.append(gpu)
    full = [gpu for gpu in found if tokens.full_name(gpu) <= asked]
    return tuple(full if len(full) == 1 else found)


def _key(asked: frozenset[str]) -> frozenset[str]:
    return asked - tokens.VENDORS - {"geforce"}


def _words(text: str) -> frozenset[str]:
    return _key(frozenset(tokens.words(text)))


def _curated_ids(asked: frozenset[str]) -> tuple[str, ...]:
    """The ids that `data/aliases.toml` gives a spelling without its sizes, forms and generation."""
    from whichgpu.hardware.architecture import families

    key, sizes = _key(asked), _narrowing(asked)
    shorter = (key - sizes, key - sizes - frozenset(families()))
    return next((ids for part in shorter if (ids := _curated().get(part))), ())


def _narrowing(asked: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in asked if tokens.is_size(word) or word in tokens.FORMS)


def _fits(asked: frozenset[str], gpu: Gpu) -> bool:
    """Whether an alias's device has the vendor, and (beside the alias itself) the sizes asked for."""
    from whichgpu.hardware.architecture import families

    named = asked & tokens.VENDORS
    if named and not named & set(tokens.words(gpu.vendor)):
        return False
    said = _narrowing(asked) | asked & frozenset(families())
    return _key(asked) in _curated() or said <= tokens.qualifiers(gpu) | tokens.model(gpu)


@lru_cache(maxsize=8)
def index(catalogue: Catalogue) -> _Index:
    """The words of each device's name, and what else devices are called."""
    aliases: dict[frozenset[str], tuple[str, ...]] = {}
    for gpu in catalogue.values():
        for alias in gpu.aliases:
            key = _words(alias)
            aliases[key] = (*aliases.get(key, ()), gpu.id)
    return _Index({gpu.id: tokens.model(gpu) for gpu in catalogue.values()}, aliases)


@cache
def _curated() -> Mapping[frozenset[str], tuple[str, ...]]:
    """`data/aliases.toml`: spelling to the ids that it may mean."""
    return {_words(alias): tuple(row["ids"]) for alias, row in store.load("aliases")["aliases"].items()}


def _listed(gpus: tuple[Gpu, ...]) -> str:
    more = f" and {len(gpus) - SHOWN} more" if len(gpus) > SHOWN else ""
    return ", ".join(gpu.id for gpu in gpus[:SHOWN]) + more

"""Names of GPUs as sets of words: what is in a spelling, and what of it a device must be called.

A device's words are of two kinds. *Model* words (`4090`, `ti`, `laptop`) say which product it is: a
spelling must have all of them. *Qualifiers* (`80gb`, `sxm`, `geforce`, `hbm3`) narrow it down: a
spelling may leave them out, but may have none that is not the device's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import GIB

if TYPE_CHECKING:
    from whichgpu.hardware.gpu import Gpu

VENDORS = frozenset({"nvidia", "amd", "intel", "apple", "google", "aws", "amazon", "habana"})
#: Words of product lines: they may be left out where what remains still names the product.
LINES = frozenset({"geforce", "tesla", "quadro", "rtx", "gtx", "rx", "radeon", "instinct", "arc", "jetson"})
#: Words that say nothing of the device.
NOISE = frozenset(
    {
        "gpu",
        "gpus",
        "graphics",
        "card",
        "accelerator",
        "generation",
        "edition",
        "with",
        "design",
        "series",
        "superchip",
        "gracehopper",
        "platform",
        "baseboard",
        "cloud",
        "ac",
        "apu",
        "desktop",
        "developer",
        "devkit",
        "founders",
        "hpu",
        "igpu",
        "kit",
        "le",
        "limited",
        "mba",
        "mcm",
        "oc",
        "reference",
        "refresh",
        "shared",
        "vf",
        # Of systems in MLPerf's tables: a host's processor, a cooled node, an MI300X that is whole; "w/".
        "aarch64",
        "aarch64x1",
        "cts",
        "nps1",
        "spx",
        "w",
    }
)
#: Form factors and boards, as they stand in ids and names.
FORMS = frozenset({"sxm", "sxm3", "pcie", "nvl", "oam"})

_SYNONYMS = {
    "mobile": "laptop", "notebook": "laptop", "sxm2": "sxm", "sxm4": "sxm", "sxm5": "sxm", "sxm6": "sxm",
    "gen": "generation", "ws": "workstation", "habana": "intel",
}  # fmt: skip
# Patterns as text: what a command does not need is not compiled.
_SEPARATORS = r"[^a-z0-9]+"
#: Marks that drivers write after a name: Intel(R) Arc(TM).
_MARKS = r"\((?:r|tm|c)\)"
#: What is written apart here and together there, brought to one form (on words joined by blanks), behind
#: what a text must hold for it: looking for that first takes less than half of the time.
_JOINS = (
    ("g", r"\b(\d+) ?(?:gib|gigabytes?|gigs?|gb|g)\b", r"\1gb"),
    (" ", r"\b([abhlmtv]) (\d{1,4})\b", r"\1\2"),
    ("m", r"\b(mi|mx) (\d{2,3}[ax]?)\b", r"\1\2"),
    ("v", r"\bv(\d) ([ep])\b", r"v\1\2"),
    ("pci ", r"\bpci (?:e|express)\b", "pcie"),
    ("pcie", r"\bpcie (?:gen ?)?([3-6])(?: 0)?\b", r"pcie gen\1"),
    ("pcie", r"\b(pcie(?: gen\d)?) ?x ?(?:4|8|16)\b", r"\1"),
    ("non ", r"\bnon (?:ti|super|xtx?|d)\b", ""),
    ("tis", r"\btis\b", "ti super"),
    ("l40 s", r"\bl40 s\b", "l40s"),
    ("cpu", r"\b\d+ (?:core cpu|cpu cores?)\b", ""),
    ("core", r"\b(\d+) (?:gpu )?cores?\b", r"\1c"),
    ("mac", r"\b(?:macbook(?: pro| air)?|mac (?:studio|mini|pro(?= m\d|$))|imac)\b(?: 1[3-6]\b)?", "mac"),
    ("ipad", r"\bipad(?: pro| air| mini)?\b(?: 1[13]\b)?", "mac"),
    ("mac", r"\bmac (?=m\d\b)", "apple "),
    ("mac", r"\bmac\b", ""),
    (" w", r"\b(\d+) w\b", r"\1w"),
    ("slot", r"\b(?:single|dual|[1-4]) slot\b", ""),
    ("max q", r"\bmax q\b", "maxq"),
    ("m ", r"\b(sxm|hbm) (\d)\b", r"\1\2"),
    ("a", r"\b(gaudi|trainium|inferentia) (\d)\b", r"\1\2"),
)
#: A product line, a generation or a suffix glued to the model number: rtx4090, 4060ti, rtx6000ada.
_GLUED_LEFT = (
    r"^(rtx|gtx|gt|rx|quadro|tesla|geforce|radeon|instinct|arc|flex|titan|vega|pro|tpu)"
    r"(?=[a-z]*\d|pro\d)(.+)$"
)
_GLUED_RIGHT = (
    r"^([a-z]*\d+[a-z]??)(ti|super|xtx|xt|gre|d|ada|laptop|mobile|notebook|nvl|pcie|sxm\d?|maxq|tisuper|tis)$"
)
#: Memory sizes that people write without their unit, a SUPER in short, and a laptop part.
_SIZES = frozenset(
    ["8", "10", "12", "16", "20", "24", "32", "40", "48", "64", "80", "94", "96", "141", "180", "192", "288"]
)
_SUPER = r"^(?:[12345]0|16)[5-9]0s$"
_LAPTOP = r"^(?:[12345]0|16)[5-9]0m$"
#: Chips of which a bare number is that of their cores, and how many of those their processors have.
_APPLE = r"\bm[1-9](?: (?:pro|max|ultra))?$"
_PROCESSORS = r"(?:1[01246]|2[048]|32)c"
_CORES = r"\d|[1-7]\d|80"
_MEMORY = r"^\d+gb$"
_THOUSANDS = r"^[2-8]k$"


def is_size(word: str) -> bool:
    """Whether a word is a memory size, a power or a number of cores."""
    return bool(re.match(r"^\d+(gb|w|c)$", word))


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The words of a spelling, in order, each in one form; noise words are left out."""
    plain = re.sub(_SEPARATORS, " ", re.sub(_MARKS, " ", text.lower())).strip()
    parts: list[str] = []
    for part in plain.split():
        parts.extend(_unglued(part))
    joined = " ".join(parts)
    for held, pattern, form in _JOINS:
        if held in joined:
            joined = re.sub(pattern, form, joined)
    return tuple(w for part in joined.split() if (w := _SYNONYMS.get(part, part)) not in NOISE)


@lru_cache(maxsize=4096)
def _unglued(part: str) -> tuple[str, ...]:
    left = re.match(_GLUED_LEFT, part)
    if left:
        return (left[1], *_unglued(left[2]))
    right = re.match(_GLUED_RIGHT, part)
    if right:
        return (right[1], *(("ti", "super") if right[2].startswith("tis") else (right[2],)))
    return (part,)


def spelled_out(said: tuple[str, ...]) -> tuple[str, ...]:
    """A spelling with what it leaves to be guessed: `a100-40` without GB, `4070s`, `4090m`, `6k`, Max-Q, FE.

    Only for one that names nothing as it stands.
    """
    told: list[str] = []
    for word in said:
        of_apple = re.search(_APPLE, " ".join(told))
        if of_apple and re.fullmatch(_CORES, word):
            told.append(f"{word}c")  # "M2 Max 38", as llama.cpp's tables have it
        elif of_apple and re.fullmatch(_PROCESSORS, word):
            continue  # "M3 Max 16-core", of a chip with no GPU of so many
        elif word.isdigit() and word in _SIZES:
            told.append(f"{word}gb")
        elif re.match(_SUPER, word):
            told.extend((word[:-1], "super"))
        elif re.match(_LAPTOP, word):
            told.extend((word[:-1], "laptop"))
        elif re.match(_THOUSANDS, word):
            told.append(f"{word[:-1]}000")
        elif word == "maxq":
            told.append("laptop")  # since the RTX 30, whose names no longer say Max-Q
        elif word == "fe":
            continue  # Founders Edition, but for the Vega's Frontier Edition, which is named so
        else:
            told.append(word)
    return tuple(told)


def model(gpu: Gpu) -> frozenset[str]:
    """The words that a spelling of this device must have."""
    own = words(gpu.id)
    kept = {word for word in own if not is_size(word) and word not in FORMS | VENDORS | {"jetson"}}
    if {"rtx", "pro"} <= kept:
        kept.discard("blackwell")
    short = kept - LINES
    # "titan-rtx", "radeon-vii": without a number left, the line's word is part of the name; and
    # "quadro-rtx-4000" is not just any 4000.
    if not any(any(c.isdigit() for c in word) for word in short):
        return frozenset(kept)
    return frozenset(short | ({"quadro"} if {"quadro", "rtx"} <= kept else set()))


@lru_cache(maxsize=1024)
def qualifiers(gpu: Gpu) -> frozenset[str]:
    """The words that a spelling of this device may have beside the model's."""
    own = {*words(gpu.id), *words(gpu.name), *words(gpu.vendor)}
    own.update(_lines(gpu))
    for name in ("memory_type", "form_factor"):
        own.update(words(str(gpu.value(name) or "")))
    if not any(re.match(_MEMORY, word) for word in words(gpu.id)):
        for fact in gpu.stated("memory"):
            own.update(_sizes(fact.value))
    own.update(of_board(gpu))
    power = gpu.value("power")
    if power:
        own.add(f"{power:.0f}w")
    if generation := gpu.value("pcie_generation"):
        own.add(f"gen{generation:.0f}")
    own.update(_board(gpu, own))
    own.update(words(gpu.family))
    if gpu.variant:
        for name in (gpu.variant.id, gpu.variant.name, *gpu.variant.also):
            own.update(words(name))
    return frozenset(own - model(gpu))


def _sizes(memory: float) -> set[str]:
    """A memory size as drivers report it and as vendors sell it."""
    sold = nominal_gb(memory)
    return {f"{memory / GIB:.0f}gb", *({f"{sold}gb"} if sold else ())}


def of_board(gpu: Gpu) -> set[str]:
    """The sizes that a board of several GPUs is sold by: a K80 has 24 GB, each of its two 12; else none."""
    units, memory = gpu.value("units_per_board"), gpu.value("memory")
    return _sizes(memory * units) if units and memory else set()


def _lines(gpu: Gpu) -> set[str]:
    """The product line's words that people put before the name."""
    if gpu.vendor != "NVIDIA":
        return {"instinct", "radeon"} if gpu.vendor == "AMD" and gpu.segment == "datacenter" else set()
    return {
        "datacenter": {"tesla"},
        "workstation": {"quadro", "workstation"},
        "laptop": {"laptop"} if gpu.name.startswith("GeForce") else {"laptop", "quadro"},
    }.get(gpu.segment, set())


def _board(gpu: Gpu, own: set[str]) -> set[str]:
    if "sxm" in own or "sxm3" in own:
        return {"hgx", "dgx", "nvlink"}
    board = {"nvlink"} if own & FORMS or gpu.value("nvlink") else set()
    if gpu.segment in ("datacenter", "workstation", "geforce") and not own & {"oam", "laptop", "module"}:
        board.add("pcie")
    return board


def full_name(gpu: Gpu) -> frozenset[str]:
    """The words of the id without what may always be left out: a spelling with all of them is exact."""
    return frozenset(words(gpu.id)) - VENDORS - LINES | model(gpu)

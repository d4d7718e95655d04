"""Names in what drivers, listings of the bus and shops put around them.

`lspci` writes the product in brackets after its chip, OpenGL and Vulkan write the bus and the driver after
it, makers of boards write their own line's words among it. Only these are taken off, and only from a
spelling that names nothing as it stands; what is left is read as any name is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.facts import store
from whichgpu.hardware import tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu

#: Who makes, sells and lets boards: beside their names stand words of their own.
MAKERS = frozenset(
    ["acer", "afox", "alibaba", "aliyun", "amazon", "asrock", "asus", "aws", "azure", "baseten",
     "biostar", "cloud", "colab", "colorful", "coreweave", "crusoe", "cudo", "datacrunch", "dell",
     "digitalocean", "elsa", "evga", "exoscale", "fluidstack", "framework", "gainward", "galax", "gcp",
     "gigabyte", "google", "hf", "hp", "huggingface", "hyperstack", "ibm", "inno3d", "jarvislabs",
     "kaggle", "kfa2", "lambda", "lambdalabs", "latitude", "leadtek", "lenovo", "manli", "massedcompute",
     "maxsun", "modal", "msi", "nebius", "oci", "oracle", "ovh", "ovhcloud", "palit", "paperspace",
     "pny", "powercolor", "replicate", "runpod", "sagemaker", "salad", "sapphire", "scaleway",
     "shadeform", "sparkle", "spheron", "supermicro", "tencent", "tensordock", "tensorwave", "thunder",
     "together", "vast", "vast.ai", "vastarmor", "verda", "vultr", "xfx", "yeston", "zotac"]
)  # fmt: skip
#: What makers call their lines of boards and coolers, beside which stand words of their own as well.
BOARDS = frozenset(
    ["aero", "aio", "amp", "aorus", "armor", "blower", "challenger", "devil", "eagle", "ftw3",
     "gamerock", "gaming", "hellhound", "jetstream", "kingpin", "merc", "nitro", "pulse", "qick", "rog",
     "sc", "speedster", "strix", "suprim", "taichi", "trinity", "trio", "tuf", "turbo", "vanguard",
     "ventus", "waterforce", "windforce", "xc3", "xlr8"]
)  # fmt: skip
#: Whose GPUs they put on boards.
_ON_BOARDS = frozenset({"NVIDIA", "AMD", "Intel"})
#: Words of a device that are more often one of theirs: Gaming X, which is no Titan.
_OWN = frozenset({"x", "black"})
#: A word of as many numbers tells products apart, whatever the number: Ti, XT, Super.
_MANY = 3
#: How the words of a kind of memory begin, whose digit tells no product apart.
_MEMORIES = ("gddr", "ddr", "lpddr", "hbm")
#: What lspci has in brackets: the product, after "AMD/ATI" where that is named.
_BRACKETS = r"\[([^\[\]]*\d[^\[\]]*)\]"
#: What drivers add: a chip and a compiler in parentheses, the bus and the processor after slashes.
_DRIVER = (
    r"(?i)\bcolab pro\b\+?|^(?:cuda|gpu|device)\s?[:#]?\s?\d{1,2}(?:\s?[:=,-])?\s+(?=\D)"
    r"|\((?![^()]*\b(?:gcds?|die|half|tiles?|mig|slice)\b)[^()]*\)"
    r"|^cpu\s*\+\s*|\s\+\s*(?:cpu|host|(?:\d+ ?gi?b )?(?:d?ram|ddr\d|system memory))\b.*$"
    r"|(?<=\d)-(?:nv|nvd|nvs|nb|cr|amd|amds|cw|crs|dgxc|oci|tw)(?:[-_]\d+)?$"
    r"|\s(?:@\s?|at\s|power[- ]?limit(?:ed)?(?:\s(?:to|at))?\s?)\d{2,4}\s?w(?:atts?)?\b"
    r"|\s(?:power[- ]limited|undervolted)\b|\btensor[- ]cores?(?:[- ]gpus?)?\b"
    r"|\b1[3-8](?:\.\d)?[- ]?(?:\"|\u201d|''|inch)|/pcie\b|/sse2\b|\bmesa\b|\blite hash rate\b|\blhr\b"
    r"|\b\d{1,3}-core processor\b|\scpu\b(?:\s@\s[\d.]+\s?[gm]hz)?$|\s@\s[\d.]+\s?[gm]hz$"
)


#: NVIDIA's systems in one word with what is in them, as its examples name them: `DGX1V-16G`, `DGXA100-80G`.
_MACHINE = r"(?i)\b(dgx)(1v?|2h?|[abh]\d+)(?:[- ](?=\d+g))?"


def _spaced(found: re.Match[str]) -> str:
    """A system in one word as its maker writes it."""
    return f"{found[1]}-{found[2]} "


def undressed(text: str, catalogue: Catalogue) -> Iterator[str]:
    """What a spelling says without what stands around it; several where a listing names several products."""
    listed = re.findall(_BRACKETS, text)
    if listed:
        yield from _alternatives(re.sub(_DRIVER, " ", listed[-1]).strip())
        return
    # AMD's are called XT and XTX alone, whatever their line is called.
    plain = re.sub(
        r"\bRTX(?=[- ]?\d{4}[- ]?(?:XTX?|GRE)\b)",
        "RX",
        re.sub(_DRIVER, " ", re.sub(_MACHINE, _spaced, text)),
        flags=re.I,
    )
    made = [word for word in plain.split() if word.lower().rstrip("+") in MAKERS | BOARDS]
    if made:
        yield " ".join(word for word in plain.split() if word not in made)
        said = tokens.words(" ".join(word for word in plain.split() if word not in made))
        known = _vocabulary(catalogue, said)
        plain = " ".join(word for word in said if word in known or tokens.is_size(word))
    if re.search(r"\d.*/.*\d", plain):
        yield from _alternatives(plain)
    elif plain.strip() != text.strip():
        yield plain


#: What parts the pieces of a machine, and a processor among them: `i7-13700K + RTX 4070`.
_BESIDE = r"(?i)\s*[+,;&]\s*|\s+(?:/|\||with|and)\s+|_(?=[1-4]x(?:epyc|xeon))"
_PROCESSOR = (
    r"(?i)(?:\d ?x ?|dual )?(?:intel |amd )?(?:core )?(?:i[3579][- ]\d{4,5}\w*|ultra [3579] \d+\w*"
    r"|ryzen (?!ai max)\S.*|threadripper\b.*|(?:epyc|xeon|opteron)(?![a-z\d]).*|raspberry pi\b.*|rock ?5\w*"
    r"|\d+ ?gi?b (?:of )?(?:d?ram|ddr\d|(?:system |host )?memory)\S*)"
)


def without_host(text: str) -> str:
    """The GPU of a machine whose processor is named beside it; a text without one, or with more, as it is."""
    parts = re.split(_BESIDE, text.strip())
    others = [part for part in parts if not re.fullmatch(_PROCESSOR, part)]
    return others[0] if len(others) == 1 < len(parts) and others[0] else text


def of_machine(text: str) -> bool:
    """Whether a text is of a machine alone: who makes or lets it and what kind it is, or an instance type."""
    said = set(re.findall(r"[a-z0-9]+", text.lower()))
    return bool(re.fullmatch(_INSTANCE, text.strip().lower())) or (bool(said) and said <= MAKERS | _MACHINES)


#: Words of machines, and types of instances of which many are let.
_MACHINES = frozenset(
    ["desktop", "dgx", "hgx", "station", "server", "workstation", "instance", "vm", "node", "machine", "pc",
     "tower", "ml", "free", "pro", "max", "mini", "vertex", "ai", "gpu"]
)  # fmt: skip
_INSTANCE = r"(?:ml\.)?[a-z]+\d+[a-z]*\.\d*[a-z]+|[a-z]\d-[a-z]+-\d+g?|standard_[a-z]+\d+\w*"


def of_chip(text: str, catalogue: Catalogue) -> tuple[Gpu, ...]:
    """The devices of a chip or target that a spelling names: `AD102`, `RADV NAVI31`, `gfx1100`, `sm_86`."""
    known = store.load("capabilities")["capabilities"]
    numbered = [word for word in re.split(r"[\s()]+", text) if any(c.isdigit() for c in word)]
    if len(numbered) != 1:
        return ()
    asked = {_plain(text), _plain(numbered[0])}
    found = []
    for gpu in catalogue.values():
        if gpu.vendor not in _ON_BOARDS:
            continue
        chip = gpu.value("chip")
        target = known["chip"].get(chip) or known["architecture"].get(gpu.architecture) or ""
        names = {chip, target if target.startswith("gfx") else None}
        if capability := gpu.value("compute_capability"):
            names |= {f"sm{capability}", f"computecapability{capability}"}
        if asked & {_plain(str(name)) for name in names if name and any(c.isdigit() for c in str(name))}:
            found.append(gpu)
    return tuple(found)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _alternatives(listed: str) -> Iterator[str]:
    """The products of `Radeon RX 7900 XT/7900 XTX/7900M` and of `GeForce RTX 4060 Max-Q / Mobile`."""
    first, *others = (part.strip() for part in listed.split("/"))
    yield first
    line = first.split()[:-1]
    while line and any(c.isdigit() for c in line[-1]) and any(c.isdigit() for c in "".join(others)):
        line.pop()
    for other in others:
        yield " ".join((*line, other))


def _vocabulary(catalogue: Catalogue, said: Collection[str]) -> frozenset[str]:
    """Every word that is part of the name of some device that comes on a board.

    Not those of a few numbers beside others: `Liquid` is a word of the RX Vega 64, and beside 4090 a maker's.
    """
    numbers: dict[str, set[str]] = {}
    for gpu in catalogue.values():
        if gpu.vendor in _ON_BOARDS:
            words = tokens.words(f"{gpu.id} {gpu.name} {gpu.value('memory_type')}")
            own = {word for word in words if _numbered(word) and not word.startswith(_MEMORIES)}
            for word in words:
                numbers.setdefault(word, set()).update(own)
    asked = {word for word in said if _numbered(word)} & numbers.keys()
    few = {word for word, own in numbers.items() if len(own) < _MANY and not own & asked} if asked else set()
    return frozenset({*tokens.LINES, *tokens.VENDORS, *tokens.FORMS, *numbers} - _OWN - few)


def _numbered(word: str) -> bool:
    return any(c.isdigit() for c in word) and not tokens.is_size(word)

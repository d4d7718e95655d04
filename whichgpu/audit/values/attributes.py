"""What articles call the attributes of GPUs: from words to fields of the catalogue (`data/audit.toml`)."""

from __future__ import annotations

from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.patterns import MANY, small
from whichgpu.audit.values.labels import NOTED, composed
from whichgpu.facts import store
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.hardware.gpu import Gpu


#: Dimensions whose values a card has one of, named as they are; rates are one by precision.
BY_UNIT, RATES = ("memory", "bandwidth", "power"), ("flop rate", "op rate")


class Attribute(NamedTuple):
    """An attribute: its key, the fields that it can mean, and the dimension of what is stated of it."""

    key: str
    fields: tuple[str, ...]
    dimension: str

    def amounts(self, gpu: Gpu) -> list[float]:
        """What is on file of it for a device, in each of its fields: numbers other than 0."""
        told = (gpu.value(field) for field in self.fields)
        return [float(each) for each in told if isinstance(each, int | float) and each]


class Named(NamedTuple):
    """An attribute that is named in a text."""

    start: int
    end: int
    attribute: Attribute


#: Sizes below this are of caches; only the smallest of old cards have less memory.
_LEAST_MEMORY = 5e8


def is_of_cache(size: float) -> bool:
    """Whether an amount of bytes is too small for a device's memory, and so of a cache."""
    return size < _LEAST_MEMORY


@cache
def attributes() -> Mapping[str, Attribute]:
    """Every attribute by key."""
    rows = store.load("audit")["audit"]["attribute"]
    return {key: Attribute(key, tuple(row["fields"]), row["dimension"]) for key, row in rows.items()}


@cache
def _names() -> Mapping[str, Attribute]:
    """The attribute of each name; longer names first."""
    rows = store.load("audit")["audit"]["attribute"]
    pairs = [(name, attributes()[key]) for key, row in rows.items() for name in row["names"]]
    return dict(sorted(pairs, key=lambda pair: -len(pair[0])))


@cache
def _by_beginning() -> Mapping[str, Sequence[tuple[str, tuple[int, ...], Attribute]]]:
    """Names with a blank for each hyphen, where these were, and their attributes; longer names first.

    By their first two letters, all in small ones.
    """
    found: dict[str, list[tuple[str, tuple[int, ...], Attribute]]] = {}
    for name, attribute in _names().items():
        hyphens = tuple(at for at, letter in enumerate(name) if letter == "-")
        found.setdefault(small(name[:2]), []).append((small(name).replace("-", " "), hyphens, attribute))
    return found


#: Scripts without blanks have no bounds of words.
_LETTERS, _SCRIPT = r"A-Za-z0-9_\u00c0-\u024f", r"\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af"
#: Where a name may begin, and where it may end: "Tensor-Cores" is no number of cores.
_BEGINS = re.compile(rf"(?:(?<![{_LETTERS}-])|(?=[{_SCRIPT}]))(?=[^\W_])")
_ENDS = re.compile(rf"(?:(?<=[{_SCRIPT}])|(?![{_LETTERS}]))")


def _spelled(text: str) -> Iterator[Named]:
    """The longest name at each place of a text, in order. One pattern of all would take long to compile."""
    lower = small(text)
    # A blank of a name may be a hyphen, as in German.
    blank = lower.replace("-", " ")
    beginnings = _by_beginning()
    end = 0
    for start in (match.start() for match in _BEGINS.finditer(text)):
        for name, hyphens, attribute in beginnings.get(lower[start : start + 2], ()) if start >= end else ():
            behind = start + len(name)
            if (
                blank.startswith(name, start)
                and all(lower[start + at] == "-" for at in hyphens)
                and _ENDS.match(text, behind)
            ):
                end = behind
                yield Named(start, end, attribute)
                break


@lru_cache(maxsize=MANY)
def named(text: str) -> tuple[Named, ...]:
    """Every attribute that a text names, the longest name at each place, in order."""
    return tuple(
        each
        for each in map(partial(_of_tensors, text), _spelled(text))
        if not (
            (word := text[each.start : each.end].lower()) == "power"
            and _OF_COMPUTING.search(text, max(0, each.start - 16), each.start)
        )
        and not (word == "boost" and _MORE_OF.match(text, each.end))
        and not (word in _LEISTUNG and not _beside_watts(text, each))
        and not _WITHOUT.search(text, max(0, each.start - 16), each.start)
    )


def _of_tensors(text: str, each: Named) -> Named:
    """Cores by themselves as those of tensors where the word before them means these: "Tensore cores"."""
    of_them = each.attribute.key == "cores" and _OF_TENSORS.search(text, max(0, each.start - 16), each.start)
    return each._replace(attribute=attributes()["tensor_cores"]) if of_them else each


def _beside_watts(text: str, each: Named) -> bool:
    """Whether "Leistung", which is performance as well as power, has watts or what draws them beside it."""
    return _WATTS.search(text, max(0, each.start - _BESIDE), each.end + _BESIDE) is not None


_LEISTUNG = frozenset({"leistung", "max. leistung", "maximale leistung"})
_BESIDE, _WATTS = 48, re.compile(r"\d\s?W(?:att)?\b|\b(?:verbrauch\w*|netzteil\w*|watt)\b", re.IGNORECASE)
#: Behind "boost" that is no clock: "a 15 % boost in cores".
_MORE_OF = re.compile(r"\s+(?:in|over|to|of|from|for)\s", re.IGNORECASE)
#: Before what is not counted: "9.7 TFLOPS without tensor cores".
_WITHOUT = re.compile(r"\bwithout (?:the |its )?$", re.IGNORECASE)
#: Before "power" that is no draw of watts: "raw FP32 power".
_OF_COMPUTING = re.compile(
    r"\b(?:FP\d+|TF32|BF16|INT\d|comput\w*|processing|tensor|raw|graphics|rendering|AI|training|inference|"
    r"calculation|matrix)\s+$",
    re.IGNORECASE,
)


@lru_cache(maxsize=MANY)
def headed(text: str) -> Attribute | None:
    """The attribute that a table's cell names by itself; None where it names none or says more than that."""
    found = _headed(text)
    if found is not None and _OF_A_GENERATION.search(text):
        # "RT core generation" counts none.
        return None
    if found is not None and found.key == "cores" and _TENSORS.match(text):
        return attributes()["tensor_cores"]
    if found is not None and found.dimension == "money" and _NO_DOLLARS.search(text):
        return None
    if found is not None and found.key in RATE_OF and _IN_FLOPS.search(text):
        # "RT TFLOPS" counts no cores.
        return attributes()[RATE_OF[found.key]]
    if found is not None and found.key in _MATRIX and _OF_MATRIX.search(text):
        return attributes()[key] if (key := _MATRIX[found.key]) else None
    rate = found is not None and found.key == "memory" and _RATE_UNIT.search(text)
    return attributes()["bandwidth"] if rate else found


#: However they are spelled: "Tensore cores", "Tensors core".
_OF_TENSORS, _TENSORS = (
    re.compile(r"\btens[a-z]{1,6}[\s-]$", re.IGNORECASE),
    re.compile(r"\W*tens[a-z]{1,6}[\s-]cores?\b", re.IGNORECASE),
)
_OF_A_GENERATION = re.compile(
    r"\bcores?\s+(?:generation|gen)\.?\s*$|\bper\s+(?:\w+\s+)?(?:core|sm|cu|unit)\b", re.IGNORECASE
)
#: What is told of cores whose label has the unit of a rate, and that unit.
RATE_OF = {"cores": "fp32", "rt_cores": "rt", "tensor_cores": "tensor"}
_IN_FLOPS = re.compile(r"(?<![A-Za-z])(?:[TP]FLOPS|[TP]OPS)\b", re.IGNORECASE)
#: Rates of the plain units whose label is of matrix units, and whose these are; FP32 of theirs is no field.
_MATRIX, _OF_MATRIX = {"fp64": "fp64_tensor", "fp32": ""}, re.compile(r"\bmatrix\b", re.IGNORECASE)
#: A header of prices in another currency than those on file.
_NO_DOLLARS = re.compile(r"[\u20ac\u00a3\u00a5]|\b(?:EUR|Euros?|GBP|CHF|INR|JPY|RMB|CNY)\b", re.IGNORECASE)
#: "Memory, GB/s" is its bandwidth.
_RATE_UNIT = re.compile(r"(?<![A-Za-z])[GT]i?B(?:/s|ps)(?![A-Za-z])", re.IGNORECASE)


def _headed(text: str) -> Attribute | None:
    plain = _OF_MAKER.sub("", NOTED.sub("", spaced(text)).strip(" :*").lower()).replace("b/w", "bandwidth")
    plain = _IN_UNIT.sub("", plain)
    if alone := _ONE_PRECISION.fullmatch(plain):
        plain = alone[1]
    if _OF_HOST.search(plain) or _OF_PART.search(plain):
        return None
    bare = re.sub(
        r"\s*[\[(](?:gb/?s?|gib/?s?|tb/s|tflops?|tops|w|watts?|mhz|ghz|mm.?|nm|bit|usd|\$)[\])]$", "", plain
    )
    bare = re.sub(
        r"(?<=\w)\s?/\s?(?:[tp]flops|tops|watts?)$|(?<=\w)\s+(?:gb/?s?|gib/?s?|tb/s|[tp]flops|tops|watts?|mhz|ghz|gbps|usd|eur|bits?)$|(?<=\))\s+(?:[tp]flops|tops)$",
        "",
        bare,
    )
    # "Interface, bit".
    bare = re.sub(
        r"(?<=\w),\s(?:bits?|gbit/s|gbps|mm2|mm\u00b2|nm|mhz|ghz|usd|\$|watts?|bn|billions?)$", "", bare
    )
    precise = _PRECISION.search(plain)
    if precise and _RATE.search(plain) and precise[1] in _names() and not _PER.match(plain):
        return _names()[precise[1]]
    forms = (
        plain,
        bare,
        re.sub(r"\s*\([^)]*\)$", "", bare),
        # "Clocks (MHz)" above "Base".
        re.sub(r"\s*\([^)]*\)\s*", " ", bare),
        re.sub(r"^(?:max(?:imum)?|peak|total|number of|gpu)\s+", "", bare),
        # "Processing power (TFLOPS)" above "FP64".
        _OF_GROUP.sub("", plain),
        # "Tensor" below the name of its group, "Cores".
        " ".join((*bare.split()[1:], *bare.split()[:1])),
    )
    known = (_names().get(form) or attributes().get(_ALONE.get(form, "")) for form in forms)
    told = next(filter(None, known), None)
    if told or (key := next(filter(None, map(composed, forms)), "")):
        return told or attributes()[key]
    found = [] if _PER.match(bare) else list(named(bare))
    if found and found[0].start <= _FEW and len(bare) - (found[-1].end - found[0].start) <= _REST:
        return found[0].attribute
    return None


#: The unit of a column behind a slash: "TGP / W".
_IN_UNIT = re.compile(r"(?<=\w)\s/\s(?:gb|mb|w|watts?|mhz|ghz|bits?|[tp]flops|tops|usd|nm|mm2|mm\u00b2)$")
#: "USD per dense BF16 TFLOPS", "cost per GB", "images per watt": of what it is per it is none.
_PER = re.compile(
    r"(?:usd|us\$|\$|eur|\u20ac|dollars?|cents?|price|cost|images?|tokens?|gb/s|tflops)\s"
    r"(?:per|for each)\s(?!gpu|card)",
    re.IGNORECASE,
)
#: The name of a group of rates before the one that a column is of.
_OF_GROUP = re.compile(
    r"^(?:(?:peak|theoretical|processing|compute) )*(?:power|performance|throughput|compute)\s*\([^)]*\)\s*"
)
#: Headers by themselves, which in a sentence name no attribute.
_ALONE = {
    "shader": "cores", "interface": "memory_bus", "cuda": "cores", "gb/s": "bandwidth", "tb/s": "bandwidth",
    "gbps": "bandwidth", "watts": "power", "watt": "power", "w": "power",
    "tflops fp32": "fp32", "tflops fp16": "fp16",
    "base": "clock_base",
    "hbm": "memory",
    "hbm3": "memory",
    "unified memory": "memory",
    "max unified memory": "memory",
    "basis": "clock_base",
    "sm": "sms",
    "cu": "sms",
    "herstellung": "process",
    "fabrication": "process",
    "l3 cache": "l3",
    "l3-cache": "l3",
    "last level cache": "l3",
    "power limit": "power",
    **dict.fromkeys(("stock limit", "default limit", "stock power limit", "default power limit"), "power"),
    **dict.fromkeys(("installed", "installed memory", "memory installed", "on board"), "memory"),
    **dict.fromkeys(
        ("envelope", "power envelope", "heat", "electricity", "draw", "board draw", "consumption"),
        "power",
    ),
    **dict.fromkeys(("capacity", "mem", "framebuffer", "frame buffer"), "memory"),
    **dict.fromkeys(("transfer rate", "reads at", "memory reads", "memory transfer rate"), "bandwidth"),
    **dict.fromkeys(("data lines", "memory path", "data path"), "memory_bus"),
    **dict.fromkeys(
        ("speed per pin", "per pin", "rate per pin", "chip speed", "pin rate"), "memory_data_rate"
    ),
    **dict.fromkeys(("fp32 lanes", "arithmetic units", "shader alus"), "cores"),
    **dict.fromkeys(("ai units", "ai cores", "ai accelerators", "ai engines", "tensor"), "tensor_cores"),
    **dict.fromkeys(("ray units", "ray engines", "rt engines", "rt", "ray accelerators"), "rt_cores"),
    **dict.fromkeys(("second-level cache", "second level cache"), "l2"),
    **dict.fromkeys(
        ("sticker", "price when new", "launched at", "price tag at launch", "first price", "price new"),
        "launch_price",
    ),
    "gpu power": "power",
    "leistung": "power",
    "module power": "power",
    "total bandwidth": "bandwidth",
    "dram bandwidth": "bandwidth",
    "l3": "l3",
    "node": "process",
    **dict.fromkeys(("list price", "official price", "original price", "start price", "sep"), "launch_price"),
    **dict.fromkeys(
        ("$ at launch", "launch $", "usd at launch", "launch usd", "us$ at launch"), "launch_price"
    ),
}  # fmt: skip
#: Behind a format that sums are kept in: "FP16 with FP32 accumulation" is a rate of FP16.
ACCUMULATES = re.compile(
    r"[ -]?(?:accumul\w+|akkumul\w+|acumul\w+|accum\b|master weights|\u7d2f\u52a0|\u7d2f\u7a4d|\u7d2f\u79ef)",
    re.IGNORECASE,
)
#: What says no more of an attribute than whose it is: "NVIDIA Hopper Architecture-Based CUDA\u00ae Cores".
_OF_MAKER = re.compile(
    r"^(?:nvidia |amd |intel )?"
    r"(?:(?:ada lovelace|ampere|hopper|turing|volta|blackwell|pascal)(?: architecture)?-?\s?based )|"
    r"^(?:nvidia |amd |intel )(?=\w)|[\u00ae\u2122]",
)
#: A precision with nothing but the words for a rate in any language: "Desempe\u00f1o FP32 (flotante)".
_ONE_PRECISION = re.compile(
    r"(?:(?:desempe\u00f1o|rendimiento|desempenho|prestazioni|performances?|leistung|rechenleistung|"
    r"\u043f\u0440\u043e\u0438\u0437\u0432\u043e\u0434\u0438\u0442\u0435\u043b\u044c\u043d\u043e\u0441\u0442\u044c|wydajno\u015b\u0107|performans\u0131?|theoretical|peak)\s+){0,2}"
    r"(fp64|fp32)\s*(?:\((?:flotante|float|flottant|doble|double|dupla|doppia|einfach|doppelt|single)\))?"
    r"(?:\s+(?:desempe\u00f1o|rendimiento|performances?|leistung|performans\u0131?))?"
)


def spaced(header: str) -> str:
    """A header with blanks between its words, as fields of data are named too: "bandwidth_gbps"."""
    return re.sub(r"\s+", " ", header if " " in header.strip() else _JOINED.sub(" ", header))


def open_header(text: str) -> bool:
    """Whether a header may be of any attribute: it names no need, price, measurement or part."""
    # "BW (TB/s)" is no quotient.
    plain = _A_SECOND.sub("", spaced(text).lower())
    return not any(pattern.search(plain) for pattern in (_OF_HOST, _OF_PART, _OF_ELSE))


_A_SECOND = re.compile(r"(?<=[gt]b)/s\b|(?<=[gt]ib)/s\b")


#: Between the words of a field's name: "mem_type", "memType".
_JOINED = re.compile(r"_|(?<=[a-z])(?=[A-Z][a-z])")
#: Headers of what is measured, paid, wanted or counted.
_OF_ELSE = re.compile(
    r"\b(?:prices?|pric\w+|costs?|rent\w*|hourly|month\w*|year\w*|usd|eur|tok\w*|t/s|tps|fps|scores?|benchmarks?|"
    r"batch|models?|params?|parameters|weights|context|ram|storage|disk|ssd|cpus?|vcpus?|psu|rank\w*|gpus|cards|"
    r"count|quantity|qty|total|aggregate|per|vs|relative|times?|latency|seconds?|images?|samples?|system|"
    r"recommend\w*|minimum|min|required|rating|ratio|difference|diff|delta|change|successor|predecessor)\b|"
    r"[$\u20ac%/\u0394\u00d7]"
)
#: The name of a chip.
CHIP = re.compile(r"\b(?:G(?!H200\b|B[23]00\b)[APHVKMB]\d{3}B?|AD10\d|TU1\d{2}|Navi \d{2}|BMG-G\d{2})\b")
#: A precision in brackets behind the name of a rate: "tensor performance (fp32)".
_PRECISION = re.compile(r"[\[(](fp64|fp32|tf32|fp16|bf16|fp8|fp4|int8|int4)[\])]$")
#: What is counted under "compute units" where the cell says more.
_CORES = re.compile(r"\b(?:cuda cores?|stream processors?|shaders)\b", re.IGNORECASE)
_RATE = re.compile(r"\b(?:performance|throughput|compute|t?flops|tops|peak|tensor)\b")
#: Headers of the way to the host, which is no memory bus.
_OF_HOST = re.compile(
    r"\b(?:pcie?|pci express|(?:bus|host|system) interface|(?:graphics|system|host) bus|bus-?schnittstelle|"
    r"inter(?:faz|face|faccia) (?:de |di )?bus|scale-up|chip-to-chip|c2c|network|infiniband|ethernet|"
    r"(?:instance|system|host|main|cpu|vm|server) (?:memory|ram))\b"
)
#: Headers of what is of a part of a GPU, or of cores of another kind: "FP32 cores / SM", "INT32 cores".
_OF_PART = re.compile(
    r"(?:/|\bper\b)\s*(?:sm|core|cu|gpc|tpc|cluster|stack|pin|die|chip|module|xcd|link|lane|direction|user|dollar|watt|\$|w)\b"
    r"|\bper (?:gb|gib|gigabyte|[tp]flops?)\b"
    # Of a MIG slice.
    r"|\b(?:of|per|in|for|each|an?|one|the)\s(?:\w+\s){0,2}?(?:slice|partition)s?\b"
    r"|\b(?:slice|partition|mig\s(?:instance|profile))\s(?:memory|vram|size|ram)\b"
    r"|\b(?:used|usage|utili[sz]ation|required|needed|wanted|needs?|requirements?|footprint|occupied|recommended|minimum|"
    r"consumed|left|free|headroom|overhead|saved|"
    r"peak (?:gpu )?(?:memory|vram)(?! (?:bandwidth|clock|speed|data))|"
    r"idle|measured|actual|observed|"
    r"[sdh]?gemm|matmul|linpack|hpl|hpcg|triad|achieved|sustained|"
    r"average|avg|mean|under load|at (?:the )?(?:wall|plug|socket))\b"
    r"|\b(?:fp64|int32|int64|fp16) (?:cuda )?cores\b|\bpower suppl(?:y|ies)\b|\bpsu\b"
)
#: Characters that a header may have before the name of its attribute, and beside it in all.
_FEW, _REST = 24, 30


@cache
def _qualifiers() -> Mapping[str, re.Pattern[str]]:
    rows = store.load("audit")["audit"]["qualifier"]
    return {
        key: re.compile(
            r"(?<!\w)(?:" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + r")(?!\w)", re.I
        )
        for key, words in rows.items()
    }


#: What a cell says of itself under a header that names no attribute: "Ampere (8 nm)", "NVLink, 600 GB/s".
_TOLD = {
    "die_area": re.compile(r"\d\s?mm(?:\u00b2|2\b|\^2)"),
    "process": re.compile(r"\d\s?nm\b"),
    "nvlink": re.compile(
        r"\bNV(?:Link|Switch)\b[^|\n]{0,24}\d\s?[GT]B/s|\d\s?[GT]B/s\s*\(?(?:via |over )?NVLink",
        re.IGNORECASE,
    ),
}


#: Headings of a launch, and a price below one.
_LAUNCHED = re.compile(r"(?:at |on )?(?:launch|release|introduction|debut)", re.IGNORECASE)
_PRICE = re.compile(r"(?:US)?\$\s?\d[\d,]*(?:\.\d\d)?|\d[\d,]*\s?(?:\$|USD)")


def rate_of(label: str, text: str, headed_by: Attribute | None) -> Attribute | None:
    """The attribute of a cell under a header: a rate that the header leaves open is of the cell's precision.

    "Peak throughput" is of no precision, "30.3 TFLOPS (FP32)" is.
    """
    if headed_by is not None and headed_by.key == "memory_bus" and _OF_HOST.search(text.lower()):
        return None
    if headed_by is not None and headed_by.key == "memory_data_rate" and _BYTES_A_SECOND.search(text):
        # "Débit mémoire | 864 Go/s"
        return attributes()["bandwidth"]
    if headed_by is not None and headed_by.key == "sms" and _CORES.search(text):
        return attributes()["cores"]
    if headed_by is not None and headed_by.key != "tensor":
        return headed_by
    told = next((key for key, pattern in _TOLD.items() if headed_by is None and pattern.search(text)), "")
    if headed_by is None and _LAUNCHED.fullmatch(label.strip(" :*")) and _PRICE.fullmatch(text.strip()):
        told = "launch_price"
    if told:
        return attributes()[told]
    found = {each.attribute for each in named(text) if each.attribute.dimension in ("flop rate", "op rate")}
    return found.pop() if len(found) == 1 and _RATE.search(label.lower()) else headed_by


_BYTES_A_SECOND = re.compile(r"\d\s?[GT](?:B|o|Byte)\s?/\s?s")


@lru_cache(maxsize=MANY)
def qualifiers(text: str) -> frozenset[str]:
    """Which of dense, sparse, tensor, vector, one_way and both_ways a text says of its figures."""
    said = {key for key, pattern in _qualifiers().items() if pattern.search(text)}
    return frozenset(said - {"sparse"} if "dense" in said else said)

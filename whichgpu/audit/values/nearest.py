"""The attribute and the device that stand nearest to a value in its clause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import is_of_cache

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.values.attributes import Attribute, Named

#: What may stand between a value and the attribute that it is of, in characters.
APART = 60
#: Characters between a bare number and the name of what it counts.
_CLOSE = 12
#: "PCIe 4.0" is no count.
VERSION = re.compile(r"\d{1,2}\.\d{1,2}")
#: Between a count and what it counts: "640 third-generation Tensor Cores".
_GENERATION = re.compile(r"\b(?:\w+|\d(?:st|nd|rd|th))[ -]gen(?:eration)?\b\.?", re.IGNORECASE)
#: Words of every rate between its name and its value, and what begins another value.
_GENERAL = re.compile(r"\b(?:tensor|peak|performance|throughput|compute|core)\b\s*", re.IGNORECASE)
_BEGINS, _NEW = re.compile(r"[,\uff0c\u3001]|\band\b", re.IGNORECASE), 30
#: Between a name and its own value: "the RTX 6000 Ada's 960 GB/s".
_POSSESSES = re.compile(r"[\u2019']s?\s+")
#: Before the number of a chip or a generation: "Navi 31".
_CHIP_NUMBER = re.compile(
    r"\b(?:Navi|Vega|Polaris|[CR]DNA|Zen|Gen|Xe|DLSS|FSR|CUDA|NVLink|HDMI|DirectX|Vulkan)\s$"
)
#: A rate that is told twice, dense and with sparsity.
RATES = ("flop rate", "op rate")
#: What goes on about another device: "733 TFLOPS, which the older A6000".
_RELATIVE = re.compile(r",\s+(?:(?:all|both|some) of )?(?:which|something|where|a\s+\w+)\b")
_PRONOUN = re.compile(r"\b(?:it|this|they|the card|the gpu)\b", re.IGNORECASE)
#: Ends of clauses: a value does not reach over one to its attribute.
_CLAUSE = re.compile(
    r"[;!?](?:\s|$)|\.\s|,\s+(?:while|whereas|but|compared|versus|vs)\b"
    r"|\b(?:while|where|whereas|compared (?:to|with)|versus|vs\.?|than|contre|gegen\u00fcber|frente a|"
    r"contro|rispetto a)(?=\s)"
)
#: What may stand between a value and the name that it qualifies: "80 GB NVIDIA A100", "16GB VRAM RTX 2000".
_MAKER = re.compile(
    r"\s*(?:(?:vram|memory|gddr\d\w?|hbm\d?\w?)\s+){0,2}(?:(?:nvidia|amd)\b)?\s*", re.IGNORECASE
)
#: "575 W, against 450 W for the 4090": of what was spoken of before.
_SET_AGAINST = re.compile(r",\s+(?:against|as against|up from|down from)\s", re.IGNORECASE)
#: Between a value and a device that it is only a share of: "347 GB/s is roughly 1/3 of the RTX 3090".
_SHARE = re.compile(
    r"\b\d{1,2}\s?/\s?\d{1,2}\s+of\b|\d\s?%\s+of\b|\b(?:half|third|quarter|fraction|times|twice|double|"
    r"triple|doppelte?|dreifache|hälfte|moitié|fois|mitad|doble|veces)\b",
    re.IGNORECASE,
)
#: Before what a value is a share of: "FP64 at 1/64 of its single-precision rate, 1.4 TFLOPS".
_SHARE_OF = re.compile(
    r"(?:\d{1,2}\s?/\s?\d{1,2}|\b(?:half|third|quarter|\w+th|percent)|\d\s?%)\s+(?:of\s+)?(?:its|their|the)\s+$",
    re.IGNORECASE,
)
#: "34 TFLOPS without and 67 with Tensor Cores": no count of them.
_BY_MEANS = re.compile(
    r"\s+(?:with|without|on|using|through|via|avec|sans|mit|ohne|auf|con|sin|senza|com|sem|met|zonder)\s+"
    r"(?:(?:its|the|their|les|ses|des|den|ihren|los|las|sus|i|suoi|os|de)\s+)?",
    re.IGNORECASE,
)
_BY_MEANS_OF = re.compile(r"\b(?:on|using|through|via)\s+(?:its |the |their )?$", re.IGNORECASE)
#: Behind a name, a value of its own: "the H100's 3,350 GB/s".
_OWN_VALUE = re.compile(
    r"\s+\d[\d,]*(?:\.\d+)?\s*(?:[.,;)]|(?:TFLOPS|GB/s|TB/s|W)\b)"
    r"|(?:[\u2019']s?|\s+(?:only|just|nur|solo|has|had|hat|gets?|offers?|comes? with|makes do with|"
    r"manages|at))\s+(?:\w+\s+)?[$~]?\d"
)
_NEXT = 24
#: What names a device by "its" before its name: "Thanks to its 900 GB/s NVLink, the".
_THANKS = re.compile(
    r"(?:^|[.!?]\s)\s*(?:thanks to|with|despite|given|because of|due to)\s+its\s+\S{0,20}$", re.I
)
#: Between a rate and the precision that it is in.
_IN = re.compile(r"\s+(?:in|en|at|with|bei)\s+", re.IGNORECASE)
#: Between a value and the device after it whose it is: "165 W for the", "48 GB of memory on an".
#: Brackets that end, or begin and end, between a value and the name of an attribute.
_OUT_OF, _INTO = re.compile(r"^[^()]*\)"), re.compile(r"^[^()]*\)[^()]*\(")
FOR_THE = re.compile(
    # "154.8 TFLOPS (dense) for the A6000"
    r"[\"\u201d]?(?:\s*\((?:dense|sparse|with(?:out)? sparsity)\))?"
    r"\s+(?:(?:of\s+)?(?:fp\d+|(?!and\b|or\b|but\b|that\b|those\b)[\w-]+)\s+){0,2}(?:for|on|of|in|at|der|des|bei|von|f\u00fcr|de|du|pour|del|para)\s+(?:(?:the|der|die|la|el)\s+|an?\s+|"
    r"its\s+|one\s+|a single\s+)?"
    r"(?:nvidia\s+|amd\s+)?",
    re.IGNORECASE,
)
#: A count of cores below this is of a CPU, or of one unit of a GPU.
_FEW_CORES = 256
#: Fewer bits are those of a format of weights: "Strix Halo, 4 bits: 5 tokens/s".
_NARROWEST = 32
_IN_A_YEAR = re.compile(
    r"\b(?:in|since|until|by|from|early|late|mid|of|during|to|around|[A-Z][a-z]{2,8}),?\s*-?$"
)
#: How dollars are written.
_DOLLARS = frozenset({"$", "us$", "usd", "dollar", "dollars"})


#: Bytes from which on memory is no cache of a GPU: "48 GB and 96 MB of L2".
_NO_CACHE = 1e9


#: From so many hertz on a clock of memory is told by what it moves: "19500 MHz" is 19.5 Gbit/s a pin.
_EFFECTIVE = 4e9


def fitting(attribute: Attribute, found: Iterable[Quantity]) -> Iterator[Quantity]:
    """The quantities that can be a value of the attribute."""
    bare = {"count", "bits"}
    for quantity in found:
        same = quantity.dimension == attribute.dimension
        rates = {quantity.dimension, attribute.dimension} == {"flop rate", "op rate"}
        if same and attribute.dimension == "money" and quantity.unit.lower() not in _DOLLARS:
            # Prices on file are in dollars; one in another currency has its own taxes and day.
            continue
        if attribute.key == "l2" and quantity.value >= _NO_CACHE:
            continue
        if attribute.dimension == "bits" and quantity.value % 1:
            # "Interface: 2 x HDMI 2.1b".
            continue
        if attribute.dimension == "bit rate" and quantity.dimension == "frequency":
            if quantity.value >= _EFFECTIVE:
                yield quantity._replace(dimension="bit rate", unit="Gbps")
        elif same or rates or (attribute.dimension in bare and quantity.dimension == "number"):
            yield quantity


#: Behind a name that is a verb there, and has its value behind it.
_ONWARDS = re.compile(r"(?:s|ing)?\s+(?:up\s+)?to\s+(?:about\s+|around\s+)?\d", re.IGNORECASE)
_OF = re.compile(r"\s+of\s+(?:(?:peak|raw|total|fast|theoretical)\s+)?", re.IGNORECASE)


_IS = re.compile(r"\s*[:=~\u2248]?\s*")
_COLON = re.compile(r"\w:\s+$")


def _is_of_another(text: str, quantity: Quantity, each: Named) -> bool:
    """Whether a quantity is no count, a chip's number, or before a name that has its value behind it.

    "Runs at 1005 MHz and can boost up to 1545 MHz".
    """
    if each.attribute.dimension in ("count", "bits") and (
        VERSION.fullmatch(text, quantity.start, quantity.end) or quantity.value % 1
    ):
        # Nothing is counted in fractions.
        return True
    if quantity.end <= each.start and _ONWARDS.match(text, each.end):
        return True
    if held_against(text, quantity, each):
        return True
    before = max(0, quantity.start - 12)
    return quantity.dimension == "number" and bool(_CHIP_NUMBER.search(text, before, quantity.start))


#: Between a value and the name of what another one, which it is held against, is of.
_HELD_AGAINST = re.compile(
    r"\b(?:against|versus|vs\.?|compared (?:to|with)|instead of)\s+(?:about\s+|only\s+)?\d[\d.,]*\s*"
    r"(?:[TP]FLOPS\s+|TOPS\s+)?(?:dense\s+|sparse\s+)?$",
    re.IGNORECASE,
)


def held_against(text: str, quantity: Quantity, each: Named) -> bool:
    """Whether a name is of another value that one is held against: "9 PFLOPS per GPU against 4.5 FP8"."""
    return (
        each.attribute.dimension in RATES
        and quantity.end <= each.start
        and _HELD_AGAINST.search(text, quantity.end, each.start) is not None
    )


def nearest_attribute(
    text: str, quantity: Quantity, attributes: Sequence[Named], taken: set[int]
) -> int | None:
    """The attribute that a quantity is a value of: of its dimension, in its clause, the nearest."""
    best: tuple[int, int] | None = None
    if _is_year(text, quantity) or _is_resolution(text, quantity):
        return None
    for index, each in enumerate(attributes):
        if max(quantity.start - each.end, each.start - quantity.end) > APART or index in taken:
            continue
        if not any(True for _ in fitting(each.attribute, [quantity])) or too_small(each.attribute, quantity):
            continue
        if _is_of_another(text, quantity, each):
            continue
        after = each.end <= quantity.start
        between = text[each.end : quantity.start] if after else text[quantity.end : each.start]
        close = 0 if each.attribute.dimension == "bits" else _CLOSE
        bare = quantity.dimension == "number" and len(_GENERATION.sub("", between).strip(" :*")) > close
        if _CLAUSE.search(between) or bare:
            continue
        if _is_apart(text, quantity, each, between) or _is_led_in(quantity, each, between, attributes):
            continue
        if not after and ", " in between and (each.attribute.key == "nvlink" or quantities(between)):
            continue
        # "197 TFLOPS in BF16, 394 TOPS in INT8": each of what stands right behind it.
        in_format = _IN.fullmatch(between) is not None and each.attribute.dimension in RATES
        # "No NVLink, 864 GB/s of bandwidth": of what it is an amount of.
        own = not after and (in_format or _OF.fullmatch(between) is not None)
        # "Peak FP16 performance is 65 TFLOPS, and INT8": what begins after a comma is the next value's.
        # "FP32 91.6 TFLOPS FP16 362 TFLOPS": of what stands right before it.
        leads = after and each.attribute.dimension in RATES and _IS.fullmatch(between) is not None
        far = len(_GENERAL.sub("", between)) + (1 if after else _NEW * bool(_BEGINS.search(between)))
        distance = -2 if leads else -1 if own else far
        if best is None or distance < best[0]:
            best = (distance, index)
    return best[1] if best else None


def _is_led_in(quantity: Quantity, each: Named, between: str, attributes: Sequence[Named]) -> bool:
    """Whether a colon before a value leads in what stands before that: "fast FP64, more shaders: 31"."""
    return _COLON.search(between) is not None and bool(within(attributes, each.end, quantity.start))


def _is_apart(text: str, quantity: Quantity, each: Named, between: str) -> bool:
    """Whether brackets, a share of the attribute or a "with" keep a value from being one of it."""
    by_means = each.attribute.dimension == "count" and each.end <= quantity.start
    if by_means and _BY_MEANS_OF.search(text, max(0, each.start - _NEXT), each.start):
        # "On Tensor Cores it's 362": no count of them.
        return True
    if quantity.dimension == "number" and _BY_MEANS.fullmatch(between):
        return True
    if each.end > quantity.start:
        return _OUT_OF.search(between) is not None
    if each.attribute.dimension in RATES and _SUPPORTED.search(text, max(0, each.start - 48), each.start):
        # "Supports FP8 and AV1, and offers 30.3 TFLOPS": in which format is not said.
        return _AND_DOES.search(between) is not None
    share = _SHARE_OF.search(text, max(0, each.start - 32), each.start)
    return share is not None or _INTO.search(between) is not None


#: Before a format that is supported, and between it and what the device does besides.
_SUPPORTED = re.compile(
    r"\b(?:supports?|supporting|support(?: for| of)?|handles|adds|introduces|knows|speaks)\s+"
    r"(?:(?:native|hardware|the|new|both|also)\s+){0,2}(?:[A-Z]{2,4}\d{1,2}(?:,\s*|,?\s+and\s+)){0,4}$"
)
_AND_DOES = re.compile(
    r"\band\b.*\b(?:offers?|delivers?|provides?|reaches|achieves|has|hits|gives|with|comes)\b", re.IGNORECASE
)


def _is_year(text: str, quantity: Quantity) -> bool:
    """Whether a bare number is a year: "launched in 2017", "2020's"."""
    digits = text[quantity.start : quantity.end]
    bare = quantity.dimension == "number" and re.fullmatch(r"(?:19|20)\d\d", digits) is not None
    return bare and _IN_A_YEAR.search(text, max(0, quantity.start - 16), quantity.start) is not None


def _is_resolution(text: str, quantity: Quantity) -> bool:
    """Whether a bare number is that of a picture: "8K"."""
    return re.fullmatch(r"(?:2|4|5|8|16)K", text[quantity.start : quantity.end]) is not None


def too_small(attribute: Attribute, quantity: Quantity) -> bool:
    """Whether a value is too small for any device's, and so of a cache or of a CPU."""
    if attribute.key == "memory":
        return is_of_cache(quantity.value)
    return quantity.value < {"cores": _FEW_CORES, "memory_bus": _NARROWEST}.get(attribute.key, 0)


def nearest_device(text: str, quantity: Quantity, who: Spoken) -> Mention | None:
    """The device that a quantity is of: its owner where that is in its clause, else the first after it.

    "The 80 GB A100" is the device right after it.
    """
    owns = [m for m in who.here if m.end <= quantity.start]
    if owns and _POSSESSES.fullmatch(text, owns[-1].end, quantity.start):
        return owns[-1]
    after = [m for m in who.here if m.start >= quantity.end]
    right_after = [m for m in after if m.start - quantity.end < _NEXT]
    if right_after and _MAKER.fullmatch(text, quantity.end, right_after[0].start):
        return right_after[0]
    opens = _THANKS.search(text, max(0, quantity.start - APART), quantity.start) if after else None
    if (opens and len(after) == len(who.here)) or (
        after and FOR_THE.fullmatch(text, quantity.end, after[0].start)
    ):
        return after[0]
    owner = who.owner(quantity.start)
    if owner in who.here and owner and not _CLAUSE.search(text[owner.end : quantity.start]):
        return owner
    for mention in [m for m in who.here if m.start >= quantity.end and m not in who.against]:
        between = text[quantity.end : mention.start]
        ends = _CLAUSE.search(between)
        if ends and ends.end() < len(between):
            # Every name behind this one is in another clause too.
            break
        own = _OWN_VALUE.match(text, mention.end)
        apart = (
            ends
            or _RELATIVE.search(between)
            or _PRONOUN.search(between)
            or _SHARE.search(between)
            or _SET_AGAINST.search(between)
            or _SO_THEN.search(between)
        )
        if not own and not apart:
            return mention
    return owner


#: "80 GB vs 48 GB, so the H100 offers": of neither for certain.
_SO_THEN = re.compile(r",\s+(?:so|hence|thus|therefore)\s", re.IGNORECASE)

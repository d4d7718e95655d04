"""Amounts of a sentence that are no value of a device: measured, left free, of a host, a plug, a rack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.values.grounds import MEASURED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute


def is_none(
    text: str, sentence: Sentence, quantity: Quantity, bound: tuple[Attribute, Mention], *,
    values: Sequence[Quantity], context: Context,
) -> bool:  # fmt: skip
    """Whether an amount is none of the device that it is bound to: measured, left, of a host, of a rack."""
    attribute, mention = bound
    if any(each.match(text, quantity.end) for each in _BEHIND.get(attribute.key, ())):
        return True
    if attribute.key == "power":
        rated = _RATED.match(text, quantity.end) or _RATED_AT.search(text, sentence.start, quantity.start)
        drawn = _OF_A_RUN.search(text, sentence.start, quantity.start)
        return (
            quantity.value <= _ONE
            or bool(drawn)
            or (MEASURED.search(sentence.text) is not None and not rated)
        )
    if attribute.key == "memory":
        return (
            _WAS_USED.search(text, sentence.start, quantity.start) is not None
            or _remains_too(text, quantity, values, sentence)
            or _is_of_a_rack(quantity, mention, context)
            or _OF_A_PROFILE.search(text, mention.end, quantity.start) is not None
            or _is_of_instance(text, sentence, quantity, mention)
            or (
                mention.end <= quantity.start
                and _A_SHARE_OF.search(text, sentence.start, mention.start) is not None
            )
        )
    return False


def is_nobodys(text: str, sentence: Sentence, quantity: Quantity, attribute: Attribute) -> bool:
    """Whether an amount is a plug's, a share, what was reached of a peak, or that of a slice."""
    share = quantity.dimension == "number" and (
        _FRACTION.match(text, quantity.end) or _SO_MANY_OF.match(text, quantity.end)
    )
    reached = attribute.dimension in _RATED_BY and (
        _OF_ITS_PEAK.search(sentence.text) or _OF_SO_MUCH.match(text, quantity.end)
    )
    slices = _A_SLICE.match(sentence.text) and _SLICED.search(text, 0, sentence.start)
    divides = _is_divisor(text[quantity.start : quantity.end], text[quantity.end : sentence.end])
    chosen = attribute.key == "power" and _CHOSEN.search(text, sentence.start, quantity.start)
    within_it = attribute.key in ("nvlink", "bandwidth") and _OF_DIES.search(
        text, sentence.start, quantity.start
    )
    by_host = attribute.key in ("nvlink", "bandwidth") and _BY_PCIE.match(text, quantity.end)
    bought = attribute.key == "sms" and _UNITS.match(text, quantity.end) and _PAID.search(sentence.text)
    own = bought or share or reached or slices or divides or by_host or chosen or within_it
    return bool(_A_PLUG.match(text, quantity.end) or own)


#: Before a power, that it is what a run drew: "takes 0.265 J on the A100 (at 393.7 W)".
_OF_A_RUN = re.compile(r"\d\s?m?(?:J|joules?)\b[^.;]{0,48}\((?:at|drawing|with)\s+$")
#: Units that a service sells: "for $9.99 you get 100 compute units".
_UNITS = re.compile(r"\s+(?:compute\s+)?units\b", re.IGNORECASE)
_PAID = re.compile(
    r"[$\u20ac]|\b(?:pay|buy|credits?|quota|month|subscription|Colab|an hour|per hour)\b", re.IGNORECASE
)
#: Before a rate, that it is between the parts of one device: "two dies that are coupled with 10 TB/s".
_OF_DIES = re.compile(
    r"\b(?:dies|dice|chiplets|halves|tiles|[gx]cds)\b[^.;]*\b(?:coupled|linked|joined|connected|tied|talk\w*|"
    r"speak\w*|exchang\w*|communicat\w*|bound|wired|stitched|glued|interconnect\w*)\b[^.;]*$",
    re.IGNORECASE,
)
#: Before a power, the one worked out that it is the next size above: "= 665 W, so 750 W".
_CHOSEN = re.compile(
    r"=\s*(?:about\s)?\d[\d.,]*\s?k?W\b[^.;\d]{0,40}\b(?:so|hence|thus|therefore|means?|take|buy|choose|"
    r"rounded)\b[^.;\d]{0,24}$",
    re.IGNORECASE,
)
#: Behind a rate, that it is of the way to the host: "64 GB/s over PCIe and 600 GB/s over NVLink".
_BY_PCIE = re.compile(
    r"\s+(?:over|via|through|by|across|on)\s+(?:the\s+|its\s+)?PCI(?:e|[ -]Express)\b", re.IGNORECASE
)


def _is_divisor(words: str, behind: str) -> bool:
    """Whether what follows divides by an amount: "A10G, 16.06 GB: 600 / 16.06 = 37 tokens/s"."""
    digits = _DIGITS.match(words)
    # One pattern for all amounts: one for each would be compiled for every value of a text.
    return digits is not None and any(each[1] == digits[0] for each in _DIVISOR.finditer(behind))


_DIGITS = re.compile(r"[\d.,]*\d")
_DIVISOR = re.compile(r"[/\u00f7]\s?([\d.,]*\d)\s?(?:GB\s?)?=")


#: "Gives up 18 of 132 SMs": some of the units that there are.
_SO_MANY_OF = re.compile(r"\s+(?:out )?of\s+(?:the |its |all |a total of )?\d")
#: Right before a power that is rated, whatever is said of another; what a rate by the watt is told of.
_RATED_AT = re.compile(r"\b(?:TDP|TGP|TBP)\b[^\d.;,]{0,10}$")
_ONE = 1.0
#: What makes the rates and bandwidths of a sentence ones that were reached: "or 70 % of its peak".
_RATED_BY = ("flop rate", "op rate", "bandwidth")
#: Behind a rate, the peak that it was reached of: "862 GB/s of 936 (92 %)", "17.9 TFLOPS (peak 19.5)".
_OF_SO_MUCH = re.compile(
    r"(?:\s+out)?\s+of\s+(?:its\s|the\s|a possible\s)?\d[\d.,]*(?!\d|\s?(?:cores|SMs|bits?)\b)|"
    r"[^.;,()]{0,40}\((?:of\s|out of\s)?(?:the\s|its\s)?(?:peak|maximum|theoretical|paper|limit)",
    re.IGNORECASE,
)
_OF_ITS_PEAK = re.compile(
    r"\d\s?(?:%|percent|per cent) of (?:(?:its|their|the|that|this|what)\s)?(?:\w+\s)?"
    r"(?:peak|maximum|paper|theor\w+|data ?sheet|rated|nominal)\b",
    re.IGNORECASE,
)
#: "Two dies with a 10 TB/s link": between parts of a device.
_OF_A_LINK = re.compile(
    r"\s+(?:[\w-]+\s+){0,2}?(?:links?|interconnects?|bridges?|fabric|connections?|buses)\b", re.IGNORECASE
)
#: "Fits on two 3090s and on a 64 GB MacBook": of a computer that is told by its memory.
_OF_A_COMPUTER = re.compile(
    r"[\s-]+(?:MacBook|Mac\b|laptop|notebook|PC\b|desktop (?:PC|computer)|workstation|host|server)",
    re.IGNORECASE,
)


def _remains_too(text: str, quantity: Quantity, values: Sequence[Quantity], sentence: Sentence) -> bool:
    """Whether a size goes on with what is free on another: "the 3090 had 4 GB left, the A6000 28 GB"."""
    before = [each for each in values if sentence.start <= each.start < quantity.start]
    before = [each for each in before if each.dimension == quantity.dimension]
    return (
        bool(before)
        and _REMAINS.match(text, before[-1].end) is not None
        and (_ELIDES.match(text, quantity.end) is not None)
    )


#: An instance type of a cloud, by its name.
_INSTANCE = re.compile(
    r"(?<![\w.-])(?:[a-z]\w{0,5}(?:-\w+)*\.\w{2,10}|(?:a[2-9]|g[2-9])-[a-z]+-\d{1,3}[gt]?|"
    r"(?:Standard_)?N[CDV]\d{1,2}\w*)"
    r"(?![\w.-])"
)
_OF_THE_GPU = re.compile(r"\s*(?:of\s+)?(?:gpu|vram|video|graphics|hbm|gddr|device)", re.IGNORECASE)


def _is_of_instance(text: str, sentence: Sentence, quantity: Quantity, mention: Mention) -> bool:
    """Whether a size is that of the instance that has the device: "is one A100 40GB with 85 GB of memory"."""
    if _OF_THE_GPU.match(text, quantity.end):
        return False
    between = text[mention.end : quantity.start]
    sized = re.search(r"\d\s?GB$", mention.text) or re.match(r"[^.;,]{0,4}\d{2}\s?GB", between)
    own = sized or re.search(r"(?:,|\band)\s[^.;]*$", between)
    return own is not None and _INSTANCE.search(text, sentence.start, quantity.start) is not None


#: Behind a size of which nothing is said again.
_ELIDES = re.compile(r"\s*(?:[.,;:)]|$|and\b|while\b)")


def _is_of_a_rack(quantity: Quantity, mention: Mention, context: Context) -> bool:
    """Whether a size is more than any device has, and none's in a wrong unit: 13.8 TB of a rack."""
    own = (float(context.catalogue[key].value("memory") or 0.0) for key in mention.ids)
    in_tera = any(abs(quantity.value / _KILO / each - 1) < _LIKE_IT for each in own if each)
    return quantity.value >= _A_RACK and not in_tera


#: More memory than one device has, in bytes; between a unit and the next; how near a size is the same.
_A_RACK, _KILO, _LIKE_IT = 1.2e12, 1000.0, 0.1
#: Behind a size that is what remains: "has around 54 GB left".
_REMAINS = re.compile(
    r"(?:\s+or (?:so|more))?\s+(?:of (?:it|memory|vram|room|space) )?(?:(?:are|is|still|would|will|were|"
    r"was)\s+){0,2}(?:left|free|to spare|over|remain\w*|unused|available for)\b",
    re.I,
)
#: "35 GB fit into two of them": of what fits there.
_FITS = re.compile(
    r"\s+(?:(?:of (?:it|weights|model|data)|model|then|still|also|easily|comfortably|just|barely|only|"
    r"neatly|never|can|could|will|would|do(?:es)?|should|not|to)\s+){0,3}"
    r"(?:fits?|fit|squeez\w+|go(?:es)?|spill\w*|loads?|overflow\w*)\b",
    re.IGNORECASE,
)
#: Before sizes that a run needed: "peak memory was 13.8 GB on the two GeForce cards, 41 GB on the A100".
_WAS_USED = re.compile(
    r"\bpeak (?:gpu |video )?(?:memory|vram)(?: (?:use|usage|consumption|footprint|allocation))?"
    r"(?: of [^.;,]{2,30})?\s+(?:was|were|is|reached|came to|stayed at)\b",
    re.IGNORECASE,
)
#: Behind a size, that it is a host's memory, or what is left of the device's for use.
_OF_A_HOST = re.compile(
    r"\s+(?:of\s+)?(?:\w+\s+)?(?:DDR[2-5]\b|(?:system |host |main )?RAM\b|(?:system|host|main) memory\b)"
)
_USABLE = re.compile(
    r"\s+(?:(?:of (?:it|them|this|that|these|memory|vram)|is|are|remain|"
    r"stay)\s+)*(?:usable|available|free|left|used|in use|taken|filled|full)\b"
)
#: Before a size, the part by its profile whose it is: "on an H200 the smallest, 1g.18gb, has 18 GB".
_OF_A_PROFILE = re.compile(r"\b\dg\.\d+\s?gb\b[^.;\d]{0,40}$", re.IGNORECASE)
#: Behind watts, that they are the card's own, whatever supply they ask for.
_RATED = re.compile(r"\s+(?:board |power |thermal )*(?:rating|TDP|TGP|TBP|limit)\b", re.IGNORECASE)
_A_PLUG = re.compile(r"[- ]?pins?\b", re.IGNORECASE)
#: What a card draws by one of several ways: "75 W from the slot and the rest through a plug".
_A_PART = re.compile(
    r"\s+(?:[a-z]+\s+){0,2}(?:from|through|via|out of|by|over)\s+(?:the|an?|its|each|one|two)\s+(?:PCIe\s+)?"
    r"(?:slot|\d+-pin|plug|connector|cable)\b",
    re.IGNORECASE,
)
#: "Up to seven instances. The smallest has 18 GB": of a part that the device is divided into.
_A_SLICE = re.compile(
    r"\s*(?:The (?:smallest|largest|biggest)|Each(?: of them)?|One)\s+(?:one )?(?:has|gets|is|comes)\b"
)
_SLICED = re.compile(r"\b(?:MIG|instances?|slices?|partitions?|into (?:up to )?(?:\w+ )?(?:parts|pieces))\b")
#: Behind the first number of a share: "FP16 is 1/64 rate".
_FRACTION = re.compile(r"/\d")
#: Before a device, that only a share of it is spoken of: "from a sixth of an A10 with 4 GiB".
_A_SHARE_OF = re.compile(
    r"\b(?:half|(?:a|one|two|three) (?:half|thirds?|quarters?|fifths?|sixths?|eighths?|tenths?)|"
    r"an eighth|1/\d+)\s+of\s+(?:an?|the|one|each)\s+(?:nvidia\s+|amd\s+)?$",
    re.IGNORECASE,
)
#: What makes the memory of a card another one than its maker's: "a modification with doubled chips".
MODIFIED = re.compile(
    r"\b(?:modd(?:ed|ing)|modification|modified|doubled (?:memory|vram|chips)|re-?balled|soldered on)\b",
    re.IGNORECASE,
)
#: Behind a size, that it is one of several into which a device is cut: "the A16 with 2 GB profiles".
_OF_PARTS = re.compile(r"[ -](?:v?gpu |mig )?(?:profiles?|slices?|partitions?|instances?)\b", re.IGNORECASE)
#: What says behind an amount that it is none of the device's, by the attribute.
#: Behind a size, the format or the program that makes it one of a model: "4.89 GB, llama.cpp, Q4_K_M".
_OF_A_FILE = re.compile(
    r",?\s+(?:in\s+|as\s+|with\s+)?"
    r"(?:llama\.cpp|ollama|exllama\w*|gguf|awq|gptq|q\d\w*|int[48]|nf4|fp(?:4|8|16)|bf16)\b",
    re.IGNORECASE,
)
_BEHIND = {
    "bandwidth": (_OF_A_LINK,),
    "power": (_A_PART,),
    "memory": (_OF_A_HOST, _USABLE, _REMAINS, _FITS, _OF_A_COMPUTER, _OF_PARTS, _OF_A_FILE),
}

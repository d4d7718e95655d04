"""Examples of a kind of card: "cards with at least 24 GB, such as the RTX 4080", "Hopper GPUs (H100, A100)".

What makes the kind is an amount, a type of memory, a generation or a capability; each device that is named as
an example must be of it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import GENERATIONS, judged
from whichgpu.audit.devices.roles import told as each_sentence
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.values.capabilities import CAPABILITIES, capability_of
from whichgpu.audit.values.certainty import certain, excludes
from whichgpu.audit.values.fields import of_field
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

_NOUN = r"(?:cards?|gpus?|accelerators?|parts?|boards?|devices?|chips?|models?|ones|anything|something)"
_FAMILY = (
    rf"(?P<family>{GENERATIONS}|[CR]DNA ?[1-4])"
    r"(?:[- ](?:based|generation|class))?"
)
_OTHER_FAMILY = re.compile(
    r"\b(?:Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada|Lovelace|Hopper|Blackwell)\b|[CR]DNA", re.IGNORECASE
)
_AMOUNT = r"(?P<amount>\d[\d.,]*\s?(?:GB|TB|GB/s|TB/s|W|watts?))(?![\w/])"
_SIDE = (
    r"(?P<side>at least|a minimum of|more than|over|above|beyond|less than|fewer than|under|below|"
    r"up to|at most)"
)
_KINDS = "|".join(each.names for each in CAPABILITIES)
_TYPE = r"(?P<type>HBM\d?e?|GDDR\d?X?)(?: memory)?"
#: A kind of card at the end of what stands before its examples.
_KIND = re.compile(
    rf"(?:(?P<also>\b\w+(?:,\s\w+)*,?\s(?:and|or)\s)?\b{_FAMILY}\s+(?:\w+\s)?{_NOUN}"
    rf"|(?<![\d.,])(?P<size>\d{{1,3}})[ -]?GB\s+(?:\w+\s)?{_NOUN}"
    rf"|\b{_NOUN}\s+(?:with|of|that (?:have|has|offer|offers|come with|draw|draws|use|uses)|having|drawing|"
    rf"using|"
    rf"carrying)?\s*(?:{_SIDE}\s+)?{_AMOUNT}(?P<more> or more| and (?:more|up)|\+)?"
    r"(?:\s+(?:of\s+)?(?:\w+\s)?(?:memory|vram|bandwidth|power|tdp))?"
    rf"|\b{_NOUN}\s+(?:with|that (?:have|has|use|uses)|using)\s+{_TYPE}"
    rf"|\b{_NOUN}\s+(?:(?P<without>without|that lack|lacking|that (?:do not|don[\u2019']t) (?:have|support|"
    rf"offer))|"
    rf"with|that (?:have|has|supports?|offers?)|"
    rf"supporting)\s+(?:\w+\s)?(?P<what>{_KINDS})(?:\s+support)?)\s*$",
    re.IGNORECASE,
)
#: What leads from a kind to its examples.
_LEADS = re.compile(
    r"\s*(?:\(\s*(?:(?:for example|for instance|e\.g\.|such as|like|i\.e\.),?\s+)?|"
    r",?\s+(?:such as|like|e\.g\.|for example|for instance|among them|including|namely),?\s+)"
    r"(?:(?:the|an?|nvidia(?:[\u2019']s)?|amd(?:[\u2019']s)?|geforce|(?:our|my|your))\s+)*",
    re.IGNORECASE,
)
_JOINED = re.compile(
    r"s?\s*(?:,|/|,?\s+(?:and|or|&))\s*(?:(?:the|an?|nvidia[\u2019']s|nvidia|amd[\u2019']s|amd|even)\s+)*",
    re.I,
)
_LAST_AND = re.compile(r"\b(?:and|or)\b|&", re.IGNORECASE)
#: What makes a kind none that the examples must be of: denied, compared, in parts.
_ELSE = re.compile(
    r"\b(?:unlike|than|no|not|never|except|apart from|two|three|four|six|eight|pairs?|dual|slices?|"
    r"instances?|"
    r"per|each|together|most|rack|nodes?|almost|nearly|class|system|unified|effectively)\b|n[\u2019']t\b|"
    r"\d\s?x\s|"
    r"\u00d7",
    re.IGNORECASE,
)
_REACH = 90
#: The fields by which an amount makes a kind; how far two amounts that are one may be apart.
_FIELDS = {"memory": "memory", "bandwidth": "bandwidth", "power": "power"}
_SOLD, _ONE = 1.0738, 0.03
_UP = ("at least", "a minimum of", "more than", "over", "above", "beyond")


class _Test(NamedTuple):
    """What makes a kind: a field of devices, and the least and the most that it may be; or its words."""

    field: str
    low: float = 0.0
    high: float = float("inf")
    begins: str = ""

    def has(self, gpu: Gpu) -> bool | None:
        """Whether a device is of it; None where its value is not known for certain."""
        if self.field == "architecture":
            return gpu.architecture.split("_")[0] == self.begins
        value = gpu.value(self.field)
        if value is None:
            return None
        if self.begins:
            return str(value).lower().startswith(self.begins) if certain(gpu, self.field) else None
        off = min(float(value) / self.low, 1.0) if self.low else 1.0
        off = off if off < 1 else max(float(value) / self.high, 1.0)
        return None if off != 1 and not excludes(gpu, self.field, off) else off == 1


def find(context: Context) -> Iterator[Finding]:
    """Every example that is not of its kind, and every one that is."""
    for passage, sentence, who in each_sentence(context, _LEADS):
        for first in who.here:
            kind = _kind_before(passage.text, sentence.start, first.start)
            if kind is not None:
                for mention in _listed(passage.text, first, who.here):
                    yield from _of_one(passage, mention, kind, context)


def _kind_before(text: str, start: int, at: int) -> re.Match[str] | None:
    """The kind that the device which begins there is the first example of."""
    for lead in _LEADS.finditer(text, max(start, at - _REACH), at):
        if lead.end() == at:
            kind = _KIND.search(text, max(start, lead.start() - _REACH), lead.start())
            plain = kind and not _ELSE.search(text[max(start, kind.start() - _REACH // 3) : kind.end()])
            return kind if plain else None
    return None


def _listed(text: str, first: Mention, here: Sequence[Mention]) -> list[Mention]:
    """The examples from the first on; of a list that goes over into a clause only what is certainly in it."""
    found = [first]
    for before, after in pairwise(each for each in here if each.start >= first.start):
        if not _JOINED.fullmatch(text, before.end, after.start):
            break
        found.append(after)
    closed = text[first.start - 1 : first.start] == "(" or text[found[-1].end : found[-1].end + 1] == ")"
    joined = len(found) > 1 and _LAST_AND.search(text, found[-2].end, found[-1].start)
    return found if closed or joined else found[:1]


def _of_one(passage: Passage, mention: Mention, kind: re.Match[str], context: Context) -> Iterator[Finding]:
    gpus = [context.catalogue[key] for key in mention.ids]
    place = (mention.start, mention.end)
    if kind["what"]:
        what, told = capability_of(kind, "what"), not kind["without"]
        # Bridges and modes are left out at will.
        yield from judged(passage, place, what, gpus, told=told, context=context)
        return
    if kind["family"] and _OTHER_FAMILY.search(kind["also"] or ""):
        # "Turing and Volta cards (T4, V100)" are of either.
        return
    test = _test(kind)
    known = [(gpu, has) for gpu in gpus if (has := test.has(gpu)) is not None] if test else []
    if not test or len(known) != len(gpus) or not known:
        return
    right = [gpu for gpu, has in known if has]
    field = "chip" if test.field == "architecture" else test.field
    found = of_field(
        passage, place, "identity" if test.begins else "specification", field,
        right or gpus, "confirmed" if right else "contradicted", context,
    )  # fmt: skip
    # What is told of the device is the kind, not its name.
    yield found._replace(stated=kind[0].strip())


def _test(kind: re.Match[str]) -> _Test | None:
    if kind["family"]:
        return _Test("architecture", begins=kind["family"].lower().replace(" lovelace", "").replace(" ", ""))
    if kind["type"]:
        return _Test("memory_type", begins=kind["type"].lower())
    found = quantities(kind["amount"] or f"{kind['size']} GB")
    field = _FIELDS.get(found[0].dimension) if len(found) == 1 else None
    if field is None:
        return None
    told = found[0].value
    # Memory is sold in binary gigabytes.
    most = told * (_SOLD if field == "memory" else 1.0)
    side = (kind["side"] or "").lower()
    if kind["size"] or (not side and not kind["more"]):
        return _Test(field, told * (1 - _ONE), most * (1 + _ONE))
    strictly = 1 + _ONE if side and side not in ("at least", "a minimum of") else 1 - _ONE
    if kind["more"] or side in _UP:
        return _Test(field, low=(most if strictly > 1 else told) * strictly)
    return _Test(field, high=most * (1 + _ONE))

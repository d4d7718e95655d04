"""Of two devices, which a clause says has more of an attribute: "its bandwidth is higher than the 3060's"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import Pair, facts, ratios
from whichgpu.audit.findings import made
from whichgpu.audit.text.sentences import within
from whichgpu.audit.values.attributes import attributes, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.clauses.parts import Clause
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.values.attributes import Named

#: Attributes that are compared in plain words, and how far apart two are at least.
_KEYS, _APART = frozenset({"memory", "bandwidth", "cores", "tensor_cores", "power", "l2"}), 1.05
_MORE = r"higher|larger|bigger|greater|wider|faster|more|up(?: as well| too)?"
_LESS = r"lower|smaller|narrower|slower|less|fewer|down"
#: Behind an attribute, that there is more or less of it than of another's.
_IS = re.compile(
    rf"\s+(?:is|are|was)\s+(?:also |even |still |slightly |a bit |much |far |"
    rf"clearly )*(?:(?P<more>{_MORE})|(?P<less>{_LESS}))"
    r"\s+(?:as well )?(?:than|compared (?:with|to))\s+(?:(?:that of|on|of|with)\s+)?(?:the |an? |"
    r"nvidia[\u2019']s |amd[\u2019']s )*$",
    re.IGNORECASE,
)
#: Before an attribute, that there is more or less of it; behind it, whose it is set against.
_HAS = re.compile(
    rf"\b(?:has|offers|with|gives|packs|brings|carries|draws)\s+(?:you |even |slightly |"
    rf"a bit )*(?:(?P<more>{_MORE})|(?P<less>{_LESS}))\s+$",
    re.IGNORECASE,
)
_THAN = re.compile(
    r"\s+than\s+(?:(?:that of|on|of)\s+)?(?:the |an? |nvidia[\u2019']s |amd[\u2019']s )*$", re.IGNORECASE
)
#: "At 288 GB/s it even improves on the 3060 Ti".
_PER = re.compile(
    r"\b(?:per|watt|dollar|price|euro|usable|effective|measured|core|total|together|two|four|eight)\b",
    re.IGNORECASE,
)


def orders(clause: Clause, here: tuple[Mention, ...], context: Context) -> Iterator[Finding]:
    """The orders of two devices that a sentence states, and that are the other way round."""
    text, end = clause.passage.text, clause.sentence.end
    for other in within(here, clause.start, end):
        if other.named == clause.subject.named or _PER.search(text, clause.start, other.start):
            continue
        for attribute in within(named(text), clause.start, other.start):
            yield from _order(clause, attribute, other, context)


def _order(clause: Clause, attribute: Named, other: Mention, context: Context) -> Iterator[Finding]:
    text = clause.passage.text
    said = _IS.fullmatch(text, attribute.end, other.start)
    if said is None and _THAN.fullmatch(text, attribute.end, other.start):
        said = _HAS.search(text, clause.start, attribute.start)
    if said is None or attribute.attribute.key not in _KEYS:
        return
    of = attribute.attribute
    if of.key == "memory" and re.search(r"faster|slower", said[0]):
        of = attributes()["bandwidth"]
    both = Pair(clause.subject.named, other.named)
    values = ratios(of, both, context)
    wrong = [one for one in values if (one[0] < 1 / _APART if said["more"] else one[0] > _APART)]
    if values and len(wrong) == len(values):
        because = f"{wrong[0][1]}: {wrong[0][0]:.2g} times"
        yield made(context, clause.passage, (attribute.start, other.end), "ordering", "contradicted",
                   subject=both.subject, attribute=of.key, because=because,
                   expected="less" if said["more"] else "more",
                   evidence=facts(of, both, context))  # fmt: skip

"""Who is ahead of whom in an attribute, by a verb: "it even edges out the T4 in memory bandwidth"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import told as each_sentence
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.values.attributes import named
from whichgpu.audit.values.certainty import certain_of_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.hardware.gpu import Gpu

_ABOVE = (
    r"(?:edges? (?:out|past)|edged (?:out|past)|outstrips|outdoes|outclasses|outranks|surpasses|tops|"
    r"overtakes|betters|"
    r"beats|exceeds|has (?:the|a(?: \w+)?) (?:edge|advantage|lead) (?:over|on)|wins (?:over|against)|"
    r"is (?:\w+ )?ahead of|"
    r"pulls ahead of|comes out ahead of)"
)
_BELOW = (
    r"(?:falls short of|trails(?: behind)?|lags behind|is (?:\w+ )?behind|loses to|is no match for|"
    r"comes in below|"
    r"cannot match|can[\u2019']t match|does not reach)"
)
_LEAVES = r"(?P<leaves>leaves)"
_THE = r"(?:(?:the|an?|nvidia[\u2019']s|amd[\u2019']s|its \w+,?)\s+)*"
_VERB = re.compile(
    rf"\b(?:even |also |still |clearly |easily |narrowly |just |comfortably )*(?:(?P<above>{_ABOVE})|"
    rf"(?P<below>{_BELOW})|{_LEAVES})"
    rf"\s+{_THE}$",
    re.IGNORECASE,
)
_LEADS = re.compile(
    r"^\W*(?:On paper,\s+)?(?:in terms of|in|for|on|when it comes to|as for|where|with regard to|"
    r"regarding)\s[^.;:]{3,40}?"
    r"(?:,|\s(?=the\s)|\s(?:is|are) concerned,)\s*",
    re.IGNORECASE,
)
_IN = re.compile(
    r"\s*(?:behind\s+)?(?:,\s)?(?:in terms of|in|on|for)\s+(?:raw |pure |sheer |peak |the )?", re.IGNORECASE
)
_PRONOUN = re.compile(
    r"\W*(?:(?:but|and|so|yet)\s+)?(?:it|this card|the (?:card|gpu|board))\s*(?:even |also |still )*", re.I
)
_UNSURE = re.compile(
    r"\?|n[\u2019']t\b|\b(?:not|no|never|if|would|could|might|may|per|cost|price|dollar|watt|speed|measured|"
    r"tests?|"
    r"benchmarks?|two|four|eight|pair|both|together|claims?|said|than)\b",
    re.IGNORECASE,
)
_KEYS = frozenset({"memory", "bandwidth", "cores", "power", "memory_bus", "tensor_cores", "l2", "fp32"})
_MARGIN, _NEAR = 0.01, 12


def find(context: Context) -> Iterator[Finding]:
    """Every such statement of two devices with its verdict."""
    for passage, sentence, who in each_sentence(context, _ANY):
        if not _UNSURE.search(sentence.text):
            yield from _of_sentence(passage, sentence, who, context)


_ANY = re.compile(rf"\b(?:{_ABOVE}|{_BELOW}|leaves)\b", re.IGNORECASE)


def _of_sentence(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    for other in who.here:
        verb = _VERB.search(passage.text, sentence.start, other.start)
        if verb is None or verb.end() != other.start:
            continue
        if verb["leaves"] and not re.match(r"\s+(?:far |well )?behind\b", passage.text[other.end :]):
            continue
        one = _subject(passage.text, sentence.start, verb.start(), who)
        attribute = _attribute(passage.text, sentence, verb.start(), other.end)
        if one is not None and attribute is not None and not set(one.ids) & set(other.ids):
            above = verb["below"] is None
            yield from _judged(passage, verb.span(), (one, other), attribute, above=above, context=context)


def _subject(text: str, start: int, at: int, who: Spoken) -> Mention | None:
    """The device right before the verb, or the one that the text is about where a pronoun stands there."""
    before = [each for each in who.here if each.end <= at]
    if before:
        gap = text[before[-1].end : at]
        return before[-1] if len(gap) <= _NEAR and not re.search(r"[,;:]", gap) else None
    lead = _LEADS.match(text, start, at)
    plain = _PRONOUN.fullmatch(text, lead.end() if lead else start, at)
    return who.topic[0] if plain and who.topic and who.certain else None


def _attribute(text: str, sentence: Sentence, at: int, end: int) -> Attribute | None:
    """The attribute that the sentence begins with, or that stands behind the other device."""
    lead = _LEADS.match(text, sentence.start, at)
    behind = _IN.match(text, end, sentence.end)
    if behind is not None:
        found = [
            each
            for each in named(text[behind.end() : min(sentence.end, behind.end() + 32)])
            if each.start < 2
        ]
    else:
        found = list(named(lead[0])) if lead else []
    return found[0].attribute if len(found) == 1 and found[0].attribute.key in _KEYS else None


def _judged(
    passage: Passage, place: tuple[int, int], pair: tuple[Mention, Mention], attribute: Attribute, *,
    above: bool, context: Context,
) -> Iterator[Finding]:  # fmt: skip
    mine, others = (
        _values([context.catalogue[key] for key in each.ids], attribute.fields[0]) for each in pair
    )
    if not mine or not others:
        return
    if not above:
        mine, others = others, mine
    wrong = max(mine) < min(others) * (1 + _MARGIN)
    right = max(mine) > min(others) * (1 + _MARGIN)
    because = " against ".join(
        f"{each.ids[0]} {context.catalogue[each.ids[0]].display(attribute.fields[0])}" for each in pair
    )
    if wrong or right:
        yield made(
            context, passage, place, "ordering", "contradicted" if wrong else "confirmed",
            subject=pair[0].ids[0], attribute="told before", because=because,
            expected="the other" if wrong else "", evidence=(Evidence(because),),
        )  # fmt: skip


def _values(gpus: Sequence[Gpu], field: str) -> list[float]:
    """What the devices that may be meant have of a field; none where one of them is not known."""
    return [float(gpu.value(field)) for gpu in gpus] if certain_of_all(gpus, field) else []

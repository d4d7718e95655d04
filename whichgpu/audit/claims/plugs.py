"""How a card gets its power: "needs no power cable", "one 6-pin plug", "its 150 W come out of the slot".

A slot gives 75 W, a 6-pin plug as much, one of 8 pins 150 W and one of 16 pins 600 W: what draws more than
its plugs and its slot give cannot do with them, whoever made the board.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.certainty import certain
from whichgpu.audit.fields import SET_AGAINST, of_field
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import SPELLED
from whichgpu.audit.roles import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: Watts of the slot, and of a plug by its pins.
_SLOT, _WATTS = 75.0, {6: 75.0, 8: 150.0, 12: 600.0, 16: 600.0}
#: What a rating may be above what is drawn through the slot, as a share.
_SLACK = 1.1
_PLUG = r"(?:connectors?|plugs?|cables?|leads?|sockets?|inputs?)"
_MORE = r"(?:extra|additional|external|auxiliary|separate|supplementary|supplemental|single|dedicated)"
_PINS = re.compile(
    rf"\b(?:(?P<n>an?|one|two|three|four|\d)\s?(?:x\s?)?)?(?:{_MORE}\s+)?(?:PCIe\s+|PCI Express\s+|"
    r"(?P<of>CPU|EPS)\s+)?"
    rf"(?<!\d)(?P<pins>6|8|six|eight|12|16)[- ]?pin(?:\s+(?P<eps>CPU|EPS))?(?:\s+(?:PCIe|power|"
    rf"supply))*(?:\s+{_PLUG})?"
    r"(?!\s*\+|\s+and\s+(?:an?|one)\s)",
    re.IGNORECASE,
)
_EVERY_PIN = re.compile(r"(?:\d|six|eight)[- ]?pin", re.IGNORECASE)
_ANY_PLUG = re.compile(
    rf"\b(?P<n>no|any|not an?|an?|one|two|three|four)\s+(?:{_MORE}\s+)*(?:(?:power|"
    rf"supply)(?:[- ]supply)?[- ]{_PLUG}|"
    rf"(?<=extra )(?:cables?|plugs?|connectors?)|(?<=additional )(?:cables?|plugs?|connectors?))\b",
    re.IGNORECASE,
)
_FROM_SLOT = re.compile(
    r"\bslot[- ]powered\b|\b(?:from|out of|by|through|via|on what)\s+the\s+(?:PCIe\s+|PCI Express\s+|"
    r"x16\s+)?slot\b"
    r"(?:\s+(?P<alone>alone|only))?",
    re.IGNORECASE,
)
#: Words of drawing power, without which a slot is one for a card.
_DRAWS = re.compile(
    r"\b(?:power\w*|watts?|\d\s?W|draw\w*|fed|feeds?|juice|current|suppl\w+|gives?|cables?|plugs?|"
    r"connectors?)\b",
    re.I,
)
_NEEDS = re.compile(
    r"\b(?:needs?|wants?|requires?|takes?|has|have|with|uses?|gets? by|comes?|via|through|from|over|"
    r"asks? for|via|fed|"
    r"necessary|draws?|makes? do)\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:no|not|never|without|neither|nor|nothing|cannot|lacks?|spares?|saves?|instead|rather)\b|"
    r"n[\u2019']t\b",
    re.I,
)
#: What is said of something else, or of some boards only.
_ELSE = re.compile(
    r"\b(?:psu|power suppl(?:y|ies)(?! plug)|motherboards?|mainboards?|adapt[eo]rs?|risers?|custom|"
    r"partners?|aftermarket|some|"
    r"most|many|versions?|variants?|if|unless|than|could|would|should|might|limit\w*|undervolt\w*|both|"
    r"each|every|"
    r"either|other|another|per|spec|good for|up to|rest|remainder|plus|most of|part of|half(?!-)|only \d)\b",
    re.IGNORECASE,
)
_NEAR, _BACK = 80, 60


def find(context: Context) -> Iterator[Finding]:
    """Every statement on how a device is powered, with its verdict."""
    for passage, sentence, who in told(
        context, re.compile(r"\bslot\b|[- ]?pin\b|slot-|\b(?:plug|cable|connector)s?\b", re.I)
    ):
        yield from _ratings(passage, sentence, context)
        yield from _of_device(passage, sentence, who, context)


#: So much of one plug, or of the slot, by what it is rated: "each 8-pin is good for 150 W".
_RATED = re.compile(
    r"\b(?:(?P<pins>6|8)[- ]?pin(?:s|\s+(?:PCIe\s+)?(?:plugs?|connectors?|cables?))?|"
    r"the\s+(?:PCIe\s+)?(?P<slot>slot))\s+"
    r"(?:\([^()]{1,24}\)\s+)?(?:(?:alone|itself|each)\s+)?"
    r"(?:(?:is|are)\s+(?:good for|rated (?:at|for)|specified for)|gives?|provides?|delivers?|supplies|"
    r"supply|offers?|"
    r"carries|carry|adds?|brings?|allows?|feeds?)\s+(?:(?:another|only|just|up to|at most|"
    r"a maximum of)\s+)*(?P<n>\d{2,3})\s?(?:W|watts?)\b"
    r"(?!\s+(?:in (?:practice|reality)|peak))",
    re.IGNORECASE,
)
#: Watts that are said to come out of the slot.
_OUT_OF = re.compile(
    r"\b(?P<n>\d{2,3})\s?(?:W|watts?)\b(?:\s+(?:(?:can|could|that|which|it|is|are|all|entirely|straight|"
    r"purely|solely|only|completely|"
    r"directly|and|gets?|of|come|comes|came|taken|drawn|pulled|fed|supplied|delivered|through|it|draws|"
    r"takes)\s+)+|\s+)"
    r"(?:from|out of|via|through|by)\s+the\s+(?:PCIe\s+)?slot\b|"
    r"\b(?:from|out of)\s+the\s+(?:PCIe\s+)?slot(?:\s+alone)?,\s+(?P<m>\d{2,3})\s?(?:W|watts?)\b",
    re.IGNORECASE,
)


def _ratings(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """What a slot or a plug is said to give, whatever the card."""
    for match in _RATED.finditer(passage.text, sentence.start, sentence.end):
        most = _SLOT if match["slot"] else _WATTS[int(match["pins"])]
        value = float(match["n"])
        said = match["slot"] or f"{match['pins']}-pin"
        eps = re.compile(r"\b(?:EPS|CPU)\b").search(sentence.text)
        if not eps and not _NOT.search(passage.text, sentence.start, match.start()):
            verdict = "confirmed" if value <= most else "contradicted"
            because = f"a PCIe {said} gives {most:g} W"
            yield _physical(passage, match.span("n"), (because, verdict, most), context)
    for match in _OUT_OF.finditer(passage.text, sentence.start, sentence.end):
        group = "n" if match["n"] else "m"
        denied = _NOT.search(passage.text, max(sentence.start, match.start() - _BACK), match.end())
        if float(match[group]) > _SLOT * _SLACK and not (denied and not _ONLY_CABLE.search(sentence.text)):
            because = f"a PCIe slot gives {_SLOT:g} W"
            yield _physical(passage, match.span(group), (because, "contradicted", _SLOT), context)


#: What a denial in the sentence may be of instead: "no cable, since its 150 W come out of the slot".
_ONLY_CABLE = re.compile(
    rf"(?:\b(?:no|not|without|never)\b|n[\u2019']t\b)[^.;]{{0,40}}?\b{_PLUG}\b[^.;]*\bslot\b|"
    rf"\bslot\b[^.;]*\bnot? (?:an? )?{_PLUG}\b",
    re.I,
)


def _physical(
    passage: Passage, place: tuple[int, int], answer: tuple[str, str, float], context: Context
) -> Finding:
    """The finding on what a slot or a plug is said to give: the reason, the verdict, what it gives."""
    because, verdict, most = answer
    return made(
        context, passage, place, "category", verdict, subject="PCI Express", attribute="power",
        because=because, expected="" if verdict == "confirmed" else f"{most:g} W",
        evidence=(Evidence(because),),
    )  # fmt: skip


def _of_device(passage: Passage, sentence: Sentence, who: Spoken, context: Context) -> Iterator[Finding]:
    """The plugs that a sentence says its device has, or that it has none."""
    text = passage.text
    found = list(_PINS.finditer(text, sentence.start, sentence.end))
    if len(_EVERY_PIN.findall(sentence.text)) > 1:
        # "An 8-pin and a 6-pin plug": of both together.
        return
    for match in found if len(found) == 1 else _ANY_PLUG.finditer(text, sentence.start, sentence.end):
        lead = text[max(sentence.start, match.start() - _NEAR) : match.start()]
        none = match["n"] and match["n"].lower().startswith(("no", "any")) and not found
        denied = bool(none) or _NOT.search(re.split(r"[,;:]\s", lead)[-1]) is not None
        if denied or _NEEDS.search(lead):
            pins = None if denied or not found else match
            yield from _judged(passage, sentence, match, (who, pins, denied), context)
    if not found:
        for match in _FROM_SLOT.finditer(text, sentence.start, sentence.end):
            lead = text[max(sentence.start, match.start() - _NEAR) : match.start()]
            if _DRAWS.search(sentence.text) and not _NOT.search(re.split(r"[,;:]\s", lead)[-1]):
                yield from _judged(passage, sentence, match, (who, None, True), context)


def _judged(
    passage: Passage, sentence: Sentence, match: re.Match[str],
    said: tuple[Spoken, re.Match[str] | None, bool], context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """The verdict on a plug, or on none, of the device that a place is said of."""
    who, pins, none = said
    mention = who.owner(match.start())
    own = mention in who.own or (who.certain and not who.here)
    lead = passage.text[max(sentence.start, match.start() - _NEAR) : match.start()]
    behind = passage.text[match.end() : min(sentence.end, match.end() + _NEAR // 2)]
    if mention is None or not own or _ELSE.search(f"{lead} {behind}") or SET_AGAINST.search(lead):
        return
    every = [context.catalogue[key] for key in mention.ids]
    gpus = [
        gpu for gpu in every if str(gpu.value("form_factor") or "").startswith("PCIe") and gpu.value("power")
    ]
    if not gpus or len(gpus) < len(every):
        return
    right = [gpu for gpu in gpus if _can_be(gpu, pins, none=none, number=_number(match))]
    verdict = "confirmed" if right else "contradicted"
    field = "power" if none or gpus[0].value("power_connectors") is None else "power_connectors"
    yield of_field(passage, match.span(), "identity", field, right or gpus, verdict, context)


def _number(match: re.Match[str]) -> int:
    word = (match.groupdict().get("n") or "one").lower()
    return SPELLED.get(word) or (int(word) if word.isdigit() else 1)


def _can_be(gpu: Gpu, pins: re.Match[str] | None, *, none: bool, number: int) -> bool:
    """Whether a device may have what is said of its plugs: enough watts, and what its vendor gives it."""
    power = min(float(fact.value) for fact in gpu.stated("power"))
    if none:
        return power <= _SLOT * _SLACK
    sure = gpu.segment in ("workstation", "datacenter")
    known = {str(fact.value).lower() for fact in gpu.stated("power_connectors")}
    if known == {"none"} and power <= _SLOT:
        return not sure
    if pins is None:
        return True
    told = {"six": 6, "eight": 8}.get(pins["pins"].lower()) or int(pins["pins"])
    if power > (_SLOT + number * _WATTS[told]) * _SLACK and not (pins["eps"] or pins["of"]):
        return False
    own = {
        (int(each[1] or 1), int(each[2]))
        for text in known
        for each in re.finditer(r"(?:(\d)x )?(\d+)-pin", text)
    }
    return not (sure and own and certain(gpu, "power_connectors")) or (number, told) in own or told >= 12

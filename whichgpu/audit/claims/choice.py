"""Choices for a capability: "if you need FP8, take the T4", "best with two cards, thanks to its NVLink"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.comparisons.recommended import recommended
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.capabilities import CAPABILITIES, capability_of, named_in, names_any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.capabilities import Capability

#: A wish, up to what is wished.
_WISH = (
    r"\b(?:needs?|requir\w+|wants?|rel(?:y|ies) on|depends? on|uses?|using|with|for|of|in|to|your)\s+"
    r"(?:(?:to|you|use|native|hardware|full|run|train|encode|in|with|the|an?|\w+ing)\s+){0,4}"
)
#: "If you need more memory, NVLink or FP8".
_LISTED = (
    r"\b(?:if|when|where|who)\s+(?:you(?:r \w+)?|they|it|we)?\s*(?:needs?|requir\w+|wants?|rel(?:y|"
    r"ies) on)\s+"
    r"[^.;:]{0,60}?(?:,\s+(?:or\s+|and\s+)?|\b(?:or|and)\s+)"
)
_IS_WISHED = (
    r"\s+(?:is|are)\s+(?:\w+\s+)?(?:needed|required|important|essential|critical|a must|crucial|key)\b"
)
_IF = re.compile(
    r"\b(?:if|when|where|once|who|whoever|anyone|anybody|everyone|everybody|those|teams?|users?|people|for|"
    r"best)\b",
    re.IGNORECASE,
)
#: Other words of a wish for a capability.
_ALSO = {
    "ray_tracing": r"|\b(?P<also>ray[- ]tracing)\b",
    "av1_encode": r"|\b(?P<also>(?:transcod|encod|stream)\w*\s+(?:\w+\s+){0,3}?AV1)\b",
}
#: Each capability, and how it is wished.
WISHES = tuple(
    (
        each,
        re.compile(
            rf"{_WISH}(?P<what>{each.names})\b|{_LISTED}(?P<listed>{each.names})\b|"
            rf"\b(?P<is>{each.names}){_IS_WISHED}" + _ALSO.get(each.key, ""),
            re.IGNORECASE,
        ),
    )
    for each in CAPABILITIES
)
#: What stands between the wish and the device that is to fulfil it.
_TAKE = re.compile(
    r"[^.;]{0,60}?\b(?:choose|choosing|pick|go (?:with|for)|opt for|get|take|buy|rent|use|prefer|select|"
    r"need|require|stay with|stick (?:with|to)|(?:look|turn) (?:at|to)|is|are)\s+"
    r"(?:an?\s+|the\s+|one\s+|your\s+)?"
    r"(?:(?:right|best|better|obvious|only|natural|ideal|safe)\s+(?:choice|option|pick|card|"
    r"gpu)\s+is\s+(?:the\s+)?)?"
    r"(?:nvidia\s+|amd\s+|geforce\s+|used\s+)*$",
    re.IGNORECASE,
)
#: "The A30 is better" behind a wish, and what calls it so behind its name.
_COMMA = re.compile(r"[^.;:]{0,30},\s*(?:the\s+|an?\s+)?(?:nvidia\s+|amd\s+|geforce\s+)*", re.IGNORECASE)
#: Behind a name, what tells why it is not the one: "who could use FP8 gained: the A100 has no FP8".
_LACKS_IT = re.compile(
    r"\s+(?:ha[sd] (?:no|none|neither)|lack(?:s|ed)|can(?:not|[\u2019']t)|(?:does|did)(?: not|"
    r"n[\u2019']t))\b",
    re.IGNORECASE,
)
_IS_RIGHT = re.compile(
    r"\s+(?:is|are|would be|remains?|makes?)\b[^.;]{0,25}\b(?:better|best|right|ideal|choice|way|option|"
    r"perfect|suited|pick|sufficient|enough|fine|adequate)\b",
    re.IGNORECASE,
)
#: "Choose the A100 for FP8": what stands before the device, and behind it.
_VERB = re.compile(
    r"\b(?:choose|pick|take|buy|get|rent|use|prefer|go (?:with|for)|opt for|select)\s+(?:an?\s+|the\s+)?"
    r"(?:nvidia\s+|amd\s+|geforce\s+)*$",
    re.IGNORECASE,
)
_TAKEN_FOR = re.compile(r"(?:\s+(?:if|when|where)\b[^.;]{0,60})?\s*", re.IGNORECASE)
#: A condition right before what is wished, and what ends it before a device is named.
_CONDITION = re.compile(
    r"\b(?:if|when|where|who|for|need\w*|want\w*|requir\w+|rel(?:y|ies) on|depends? "
    r"on)\b[^.;:]{0,60}$",
    re.IGNORECASE,
)
_TURNS = re.compile(
    r"\b(?:but|otherwise|while|whereas|although|though|until|or else|else|before)\b|[;:]", re.IGNORECASE
)
_APART = 90
_POSSESSIVE = re.compile(r"[\u2019']s\b")
_COLON = re.compile(r"[^.;:]{0,30}:\s*(?:the\s+)?(?:nvidia\s+|amd\s+)?", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:nobody|no one|not|never|avoid|skip|instead of|rather than|over|unless|without|overkill)\b|"
    r"n[\u2019']t\b",
    re.I,
)
_REFUSED = re.compile(
    r"\b(?:not|never|no|avoid|skip|unless|without|neither|nor)\b|n[\u2019']t\b", re.IGNORECASE
)
#: A device that is called right for the wish after it.
_SUITS = re.compile(
    r"\s+(?:is|are|remains?|stays?|would be|makes?)\b[^.;]{0,50}?\b(?:choice|option|card|gpu|pick|fit|bet|"
    r"ideal|perfect|"
    r"best|right|suited|suitable|recommended)\b[^.;,]{0,40}?",
    re.IGNORECASE,
)
#: A reason right behind the device.
_THANKS = re.compile(
    r"[^.;]{0,60}?\b(?:thanks to|because of|due to|given|for|with)\s+its\s+(?:\w+\s+){0,2}?"
    rf"(?P<what>{'|'.join(each.names for each in CAPABILITIES)})\b",
    re.IGNORECASE,
)
#: "Because of its NVLink, the L40S is the better choice".
_FRONTED = re.compile(
    r"\s*(?:Because of|Thanks to|Due to|Given|With)\s+its\s+(?:\w+\s+){0,2}?"
    rf"(?P<what>{'|'.join(each.names for each in CAPABILITIES)}),\s+(?:the\s+)?(?:nvidia\s+)?",
    re.IGNORECASE,
)


def _may_wish(text: str) -> bool:
    """Whether a text names what one may wish a device to have."""
    return names_any(text) or "av1" in text.lower()


def find(context: Context) -> Iterator[Finding]:
    """Every choice that rests on a capability, with its verdict."""
    for index, passage in context.document.running():
        if not context.mentions.get(index):
            continue
        for sentence in sentences(passage.text) if _may_wish(passage.text) else ():
            here = spoken(index, passage, sentence, context).here
            yield from _reasons(passage, sentence, here, context)
            if here and not _REFUSED.search(sentence.text):
                for each in named_in(passage.text, sentence.start, sentence.end):
                    yield from _recommended(passage, sentence, each, here, context)
            if _IF.search(sentence.text) and not _DENIED.search(sentence.text):
                yield from _wishes(passage, sentence, here, context)


def _wishes(
    passage: Passage, sentence: Sentence, here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """The device that is to be taken for a wish has what is wished."""
    text = passage.text
    for each, pattern in WISHES if here else ():
        wish = pattern.search(text, sentence.start, sentence.end)
        if wish is None:
            continue
        before = [one for one in here if one.end <= wish.start()]
        after = [one for one in here if one.start >= wish.end()]
        gap = text[wish.end() : after[0].start] if after else ""
        if (before and _SUITS.fullmatch(text, before[-1].end, wish.start())) or (
            before
            and _TAKEN_FOR.fullmatch(text, before[-1].end, wish.start())
            and _VERB.search(text, sentence.start, before[-1].start)
        ):
            taken, place = before[-1], (before[-1].start, wish.end())
        elif (
            after
            and not before
            and (
                _TAKE.fullmatch(gap)
                or (_COLON.fullmatch(gap) and not _LACKS_IT.match(text, after[0].end))
                or (_COMMA.fullmatch(gap) and _IS_RIGHT.match(text, after[0].end))
            )
        ):
            taken, place = after[0], (wish.start(), after[0].end)
        else:
            continue
        if _POSSESSIVE.match(text, taken.end):
            # "The T4's successors".
            continue
        gpus = [context.catalogue[key] for key in taken.ids]
        yield from judged(passage, place, each, gpus, told=True, context=context)


def _recommended(
    passage: Passage, sentence: Sentence, what: Capability, here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """The devices that a sentence recommends on a condition: "for FP8 training, the A100 is the ticket"."""
    text = passage.text
    wish = re.compile(rf"\b(?:{what.names})\b", re.IGNORECASE).search(text, sentence.start, sentence.end)
    if wish is None or not _CONDITION.search(text, sentence.start, wish.start()):
        return
    for one in recommended(text, sentence.start, here):
        gap = text[wish.end() : one.start]
        between = [each for each in here if wish.end() <= each.start < one.start]
        if (
            one.start < wish.end()
            or len(gap) > _APART
            or _TURNS.search(gap)
            or _POSSESSIVE.match(text, one.end)
        ):
            continue
        if not set(between) - set(recommended(text, sentence.start, here)):
            gpus = [context.catalogue[key] for key in one.ids]
            yield from judged(passage, (wish.start(), one.end), what, gpus, told=True, context=context)


def _reasons(
    passage: Passage, sentence: Sentence, here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """What a device is said to be chosen for, "thanks to its NVLink connector"."""
    first = _FRONTED.match(passage.text, sentence.start, here[0].start) if here else None
    if first and first.end() == here[0].start:
        gpus = [context.catalogue[key] for key in here[0].ids]
        place = (first.start("what"), here[0].end)
        yield from judged(passage, place, capability_of(first, "what"), gpus, told=True, context=context)
    for mention in here:
        reason = _THANKS.match(passage.text, mention.end, sentence.end)
        between = [one for one in here if reason and mention.end <= one.start < reason.end()]
        if reason is None or between:
            continue
        what = capability_of(reason, "what")
        gpus = [context.catalogue[key] for key in mention.ids]
        yield from judged(passage, reason.span("what"), what, gpus, told=True, context=context)

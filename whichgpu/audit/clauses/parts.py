"""The clauses of a sentence, each with the one device that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import any_of, is_asserted, is_indicative
from whichgpu.audit.devices.descriptions import KIN
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.models import models
from whichgpu.audit.text.sentences import sentence_at, sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.sentences import Sentence

#: What ends a clause.
_ENDS = re.compile(
    r"[;:]\s+|\s+[\u2013\u2014-]\s+|,?\s+(?=(?:and|but|so|yet|while|whereas|although|though|because|since|"
    r"which|where|when|unless|if|as)\s)|,\s+|\s*[()]\s*|[\uff0c\uff1b]\s*|,(?=[\u4e00-\u9fff])"
)
#: Words that may stand between the beginning of a clause and the device that it is about.
_BEFORE_NAME = any_of(r"""
    the an? and but so yet while whereas although though because since on with for in of at even only
    then now today here meanwhile (?:nvidia|amd|intel|apple|google)(?:['’]s)? new old newer older bigger
    smaller cheaper regular plain desktop mobile professional single one next comes? came there is has
    have memory bandwidth capacity power tdp vram architecture chip its predecessor successor sibling by
    contrast first second third finally lastly also in-between that note remember it helps? helped true
    consider take released launched introduced announced january february march april may june july
    august september october november december early late mid year later years 20[012]\d venerable
    popular humble mighty big little small famous ever-popular workhorse flagship card gpu accelerator
""")
_OPENING = re.compile(rf"(?:[\s*_,:\u2019'\"-]|\b{_BEFORE_NAME}\b)*", re.IGNORECASE)
#: How a clause goes on about the device spoken of last: by a word for it, an attribute of its, or a verb.
_LED_BY = any_of(r"""
    and but so yet while as because since although though also still then today here which on_paper
    in_return
""")
_FOR_IT = any_of(r"""
    it its it['’]s they their (?:you|we|buyers|owners)_(?:get|have|own|buy|pay_for)
    (?:each|a_pair|(?:up_to_)?(?:two|three|four|\d))_of_(?:them|these|those)
    two_can you_can (?:the|this|that)_(?:card|gpu|chip|board|part|accelerator|module|model)
    each_(?:(?:oam|sxm)_)?(?:module|card|gpu|board|accelerator)
    (?:behind|on|under|in|inside|over|across|around)_its
""")
_ATTRIBUTE = any_of(r"""
    memory vram bandwidth capacity (?:(?:board|rated|thermal)_)?power tdp tgp tbp cores cuda_cores
    architecture bus interface cache
""")
_VERB_OF_IT = any_of(r"""
    has is was had offers? comes? carries packs draws delivers provides features uses supports raised
    raises brings? moved gets lacks cannot runs takes? needs? costs? sports? boasts? includes? contains
    pushes houses sits measures weighs wants? knows keeps? with at
    up_to built based launched released introduced announced
""")
_MADE_BY = any_of(r"""
    gave gives fitted rates? raised lists? specifies quotes equipped built put launched released
    introduced announced moved doubled
""")
_GOES_ON = re.compile(
    rf"(?:[\s*_,]|\b{_LED_BY}\b)*(?:{_FOR_IT}\b|(?:the|a|total|peak|raw|nominal|\s)*{_ATTRIBUTE}\b|"
    rf"{_VERB_OF_IT}\b|"
    rf"(?:nvidia|amd|intel)\s{_MADE_BY}\b|\$?\d)",
    re.IGNORECASE,
)
#: What people do with a device, behind which a text goes on about it: "people buy it for its 16 GB".
_WITH_IT = re.compile(
    r"\W*(?:(?:and|but|so|then|still|yet|most|many|some)\s+)*"
    r"(?:people|you|we|i|they|everybody|everyone|nobody|many|most|gamers|buyers|users|owners|folks|"
    r"reviewers)\s"
    r"(?:\w+\s){1,3}?(?:it|this card|the card|that card)\b(?:\s(?!that\b|is\b|to\b)[\w'\u2019-]+)*\W*",
    re.IGNORECASE,
)
#: What makes words a clause of their own.
_VERBS = any_of(r"""
    is was has had does did do have can cannot offers? comes? came carries carried packs? draws?
    delivers? provides? features? uses? supports? lacks? gets? brings? brought runs? needs? takes? took
    drew costs? launched arrived moves? pushes feeds? sports? boasts? includes? houses contains belongs
    introduced released put moved switched jumped adopted
""")
_VERB = re.compile(rf"\b{_VERBS}\b|[\u2019']s\b", re.IGNORECASE)
#: Behind a name, its value without a verb.
_ELIDES = re.compile(r"(?:[\u2019']s)?\s+(?:only |just |about )?[$\u20ac]?\d[\d.,]*(?:\s?[A-Za-z/]+)?\s*$")
_TWO = 2
#: What is not, but might be: "the memory it should have had".
_IS_NOT = re.compile(r"\b(?:should|would|could|might|ought to) have\b", re.IGNORECASE)
_ITSELF = re.compile(
    r"\W*(?:(?:and|but|so|then|yet)\s+)?(?:it|its|they|their|this card|the card)\b", re.IGNORECASE
)
#: "Its SFF sister needs": another device, by its kinship.
_KIN = re.compile(rf"\W*(?:(?:and|but|while)\s+)?(?:its|the)\s(?:[\w-]+\s){{0,2}}?(?:{KIN})\b", re.IGNORECASE)
_IS_ANOTHER = re.compile(
    r"\w,?\s(?:is|was)\s(?:just |basically |essentially |really )?(?:the|an?)\s$", re.IGNORECASE
)
#: What is said aside, behind which the subject of before goes on.
_SUBORDINATE = re.compile(r"\W*(?:which|who|where|when|as|because|since|although|though)\b", re.IGNORECASE)
#: Before a device that a clause names besides its subject.
_BESIDES = re.compile(
    r"\b(?:of|than|as|from|like|over|to|with|on|against|in)\s+(?:(?:the|an?|its|nvidia[\u2019']s)\s+)*$", re.I
)
#: What is said of several, or of what a question asked.
_OF_SEVERAL = re.compile(r"\b(?:they|their|them)\b", re.IGNORECASE)
#: Several at once: "they", "both", and whose values a list tells in turn.
_SEVERAL = re.compile(
    r"(?<!of )\b(?:these|those)\b|\b(?:both|each|respectively|all|every|neither|either|"
    r"the (?:two|three|other|others|former|latter|rest))\b",
    re.IGNORECASE,
)


class Clause(NamedTuple):
    """A stretch of a passage that states something of one device."""

    passage: Passage
    sentence: Sentence
    start: int
    end: int
    text: str
    subject: Mention
    #: Whether the device is named in it.
    named: bool
    #: Whether it is plainly stated, of a device that was named in it or right before.
    plain: bool


def clauses(index: int, passage: Passage, context: Context) -> Iterator[Clause]:
    """The clauses of a passage that state something of one certain device."""
    for sentence in sentences(passage.text):
        who = spoken(index, passage, sentence, context)
        carried, near = _spoken_of(passage, sentence, who, context)
        asserted = is_asserted(sentence.text) and not _SEVERAL.search(sentence.text)
        several = _OF_SEVERAL.search(sentence.text) is not None
        for each in _of_sentence(passage, sentence, who, carried):
            plain = asserted and (near or each.subject in who.here) and _is_name(each.subject, context)
            goes_on = each.named or (_GOES_ON.match(each.text) is not None and not several)
            yield each._replace(plain=plain and goes_on and is_indicative(each.text))


def _of_sentence(
    passage: Passage, sentence: Sentence, who: Spoken, carried: Mention | None
) -> Iterator[Clause]:
    for start, end in _stretches(sentence):
        own = within(who.here, start, end)
        text = passage.text[start:end]
        one = _subject(passage.text, (start, end), own, who) if own else _goes_on(text, carried)
        if one is not None and not _SEVERAL.search(text):
            yield Clause(passage, sentence, start, end, text, one, bool(own), plain=False)
        if own and start > sentence.start and _ELIDES.match(passage.text, own[-1].end, end):
            # "The A has 24,064 cores, the B 21,760, and it ..": of either.
            carried = None
        elif own or not _SUBORDINATE.match(text):
            # Behind a clause of two devices it is not certain of which the text goes on.
            carried = one if len({each.named for each in own}) < _TWO else None


def owner(index: int, passage: Passage, at: int, context: Context) -> Mention | None:
    """The one device that the clause around a place names or goes on about; None where it is not certain."""
    sentence = sentence_at(passage.text, at)
    if sentence is None or _IS_NOT.search(sentence.text):
        return None
    who = spoken(index, passage, sentence, context)
    carried, _ = _spoken_of(passage, sentence, who, context)
    stretches = [*_stretches(sentence)]
    for (start, end), behind in zip(stretches, [*stretches[1:], (sentence.end, sentence.end)], strict=True):
        own = [each for each in within(who.here, start, end) if not _is_likened(each, passage, sentence, who)]
        text = passage.text[start:end]
        if at < end:
            # "With 10,752 cores, the A5000 is": a phrase before its subject, a value before it in brackets.
            fronted = None if own or _VERB.search(text) else _one(within(who.here, *behind))
            return _one(own) if own else _goes_on(text, carried) or fronted
        subjects = [each for each in own if each not in who.against]
        if not own:
            carried = carried if _SUBORDINATE.match(text) else _goes_on(text, carried)
        elif subjects and not _ITSELF.match(text):
            # "It outruns the H200, with 5.3 TB/s" goes on about what "it" is.
            carried = _one(subjects)
    return None


def _is_likened(one: Mention, passage: Passage, sentence: Sentence, who: Spoken) -> bool:
    """Whether a device is what another one is said to be: "the H200 was the H100 with other memory"."""
    before = any(each.end <= one.start and each.named != one.named for each in who.here)
    return before and _IS_ANOTHER.search(passage.text, sentence.start, one.start) is not None


def _goes_on(text: str, carried: Mention | None) -> Mention | None:
    """What a clause without a name is about: what was spoken of, unless it has a subject of its own."""
    if carried is not None and _OF_FAMILY.match(text):
        return None
    own = _VERB.search(text) or len(text.split()) > _FRAGMENT
    return None if _KIN.match(text) or (own and not _is_about_it(text)) else carried


def _is_about_it(text: str) -> bool:
    """Whether a clause that names no device says something of it, or what people do with it."""
    return _GOES_ON.match(text) is not None or _WITH_IT.fullmatch(text) is not None


#: "Ada and Hopper are the first with FP8" is of them.
_OF_FAMILY = re.compile(
    r"\W*(?:and |but |so |while )?(?:the )?(?:Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada(?: Lovelace)?|"
    r"Hopper|Blackwell|[CR]DNA ?\d|"
    r"Alchemist|Battlemage)\s+(?:and|is|are|was|were|has|have|had|added|brought|introduced|can|supports?)\b"
)
#: Words of what has no verb, and is told of what stands before it.
_FRAGMENT = 6


def _spoken_of(
    passage: Passage, sentence: Sentence, who: Spoken, context: Context
) -> tuple[Mention | None, bool]:
    """The one device that the text before is about, and whether the sentence before, or the heading, is."""
    topic = _one(who.topic) if who.certain else None
    before = [each for each in sentences(passage.text) if each.end <= sentence.start + 1]
    if topic is None or not before:
        return topic, topic is not None
    headed = any(
        each.named == topic.named
        for line in passage.section[-1:]
        for each in mentions(line, context.catalogue)
    )
    # What speaks of a model has turned away from the heading.
    headed = headed and not any(models(each.text) for each in before)
    near = headed or _is_told_before(topic, passage, before, context)
    return topic, near and not before[-1].text.rstrip().endswith("?")


def _is_told_before(topic: Mention, passage: Passage, before: Sequence[Sentence], context: Context) -> bool:
    """Whether the sentence before names a device, or those behind the one that does all go on about it."""
    found = context.mentions.get(context.place(passage), ())
    for each in reversed(before):
        if any(one.named == topic.named for one in within(found, each.start, each.end)):
            return True
        if not _is_about_it(each.text):
            return False
    return False


def _is_name(mention: Mention, context: Context) -> bool:
    """Whether a device is meant by its name, and not by a description."""
    return any(True for _ in mentions(mention.text, context.catalogue))


def has_verb(text: str) -> bool:
    """Whether some words are a clause of their own."""
    return _VERB.search(text) is not None


def stretch(text: str, at: int) -> tuple[int, int]:
    """The clause of a text that a place is in."""
    sentence = next(each for each in sentences(text) if each.start <= at < each.end)
    return next(each for each in _stretches(sentence) if at < each[1])


def _stretches(sentence: Sentence) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _ENDS.finditer(sentence.text):
        if match.start() > start:
            yield sentence.start + start, sentence.start + match.start()
        start = match.end()
    yield sentence.start + start, sentence.end


def _one(found: Sequence[Mention]) -> Mention | None:
    return found[0] if len({each.named for each in found}) == 1 else None


def _subject(text: str, place: tuple[int, int], own: Sequence[Mention], who: Spoken) -> Mention | None:
    """The one device that a clause names as what it is about."""
    first = own[0]
    if first in who.against or not all(
        each.named == first.named or _BESIDES.search(text, first.end, each.start) for each in own
    ):
        return None
    if counted(text, place[0], first.start) > 1 or not _OPENING.fullmatch(text, place[0], first.start):
        return None
    return first

"""Who a sentence speaks of: its subject, and what it is only compared with.

"It uses the same chip as the H100, with 141 GB" is about what the sentence before is about: the H100 is what
it is set against, and owns a value only where that stands right beside it ("than the H100's 80 GB").
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.editions import of_form
from whichgpu.audit.devices.families import of_generation
from whichgpu.audit.devices.left import is_one_told, left_by
from whichgpu.audit.devices.mentions import Mention
from whichgpu.audit.devices.set_against import OF_KIN, REACH, WHERE, opposed
from whichgpu.audit.text.sentences import Sentence, one_before, sentences, topic, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context

_TURNS = re.compile(r",\s+(?:and|but)\s+its\b", re.IGNORECASE)
#: Two values behind a colon, the first of which is the subject's.
_OPPOSED = re.compile(
    r"[$\u20ac]?\d[\d.,]*\s?(?:[\w/]+\s)?(?:as opposed to|against|vs\.?|versus|instead of|rather than|"
    r"compared (?:to|with))\s+(?:only\s+|just\s+)?[$\u20ac]?\d",
    re.IGNORECASE,
)
#: What ties a value to the name before it.
_TIED = re.compile(
    r"(?:[\u2019']s?)?\s*(?:gpus?\s*)?(?:[(:]|,(?=\s*(?:which|whose|that)\b))?\s*"
    r"(?:(?:which|that|and|has|have|had|with|of|at|an?|is|its|whose|the|only|just|offers?|about|around|"
    r"up to|"
    r"features?|delivers?|provides?|full|massive)\s+){0,5}\$?~?(?:\d{1,3}\s?GB\s+(?:of\s+)?)?",
    re.IGNORECASE,
)
#: "No faster than a 1080 Ti, which had 484 GB/s and no tensor cores": of what the clause is behind.
_WHICH = re.compile(r",\s(?:which|whose)\s[^.;:,()]*", re.IGNORECASE)
#: What a value behind the device that it is a share of is not of.
_AS_MUCH = re.compile(
    r"\b(?:half|twice|double|a third|a quarter|the same)\b[^.;,()]{0,50}\b(?:as|"
    r"of)\s+(?:the\s+)?(?:\w+\s+)?$",
    re.IGNORECASE,
)
_ALL_BUT = re.compile(
    r"\b(?:all|none|each|every\w*|any)\b[^.;,]{0,24}?\b(?:but|except(?: for)?|save(?: for)?)\s+(?:the\s+|"
    r"an?\s+)?$",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\s*,?\s*(?:and|but)\s+(?:also\s+|still\s+|only\s+)?(?:has|have|had|offers?|features?|delivers?|"
    r"provides?|is|comes|draws|costs?)\b",
    re.I,
)
_AT = re.compile(r"\s+(?:at|with)\s+|\s*:\s*")


#: Behind a name, that it is worked for a time: "2.8 million H800 hours".
WORKED = re.compile(r"[- ](?:gpu[- ]?)?(?:hours|days|stunden|heures)\b", re.IGNORECASE)
#: Behind a dash, what goes on about the subject of the sentence.
_RESUMES = re.compile(
    r"\s+[\u2013\u2014-]\s+(?:offer|featur|deliver|provid|pack|combin|bring|boast|carry|giv)ing\b",
    re.IGNORECASE,
)
#: "The PRO has 24,064 cores, the 5090 21,760, and it has 96 GB": of what the sentence began with.
_ELIDES = re.compile(
    r"(?:[\u2019']s)?\s+[$\u20ac]?\d[\d.,]*(?:\s?[A-Za-z/]+)?,?\s+(?:and|but)\s+(?:it|its)\b", re.IGNORECASE
)


#: What takes up again, past a device that it was set against, the possessive that a sentence began with.
_AND_ITS = re.compile(r"(?:\s+[\w-]+){0,4},?\s+(?:and|but)\s+its\b", re.IGNORECASE)
_BEGINS_ITS = re.compile(r"(?:^|[.!?]\s+)Its\s(?:[^.!?]|\.(?=\d))*$")


class Spoken(NamedTuple):
    """The devices of a sentence by what they are to it."""

    #: Every name in the sentence, in order.
    here: Sequence[Mention]
    #: Those that are only set against another.
    against: Sequence[Mention]
    #: What the text before it is about: one device, or none where that is not certain.
    topic: Sequence[Mention]
    text: str
    #: Whether the topic is certain: named in the same passage, in its heading or in the title.
    certain: bool = True

    @property
    def own(self) -> list[Mention]:
        """The names that are not only set against another."""
        return [each for each in self.here if each not in self.against]

    def owner(self, at: int) -> Mention | None:
        """The device that something at a place of the passage is said of; None where that is not certain.

        The last name before it in the sentence, unless that is one set against another that nothing ties to
        the place; else what the text before is about.
        """
        before = [each for each in self.here if each.end <= at and not self._bracketed(each, at)]
        if before and self.topic and self._is_parallel(before, at):
            return self.topic[0]
        if len(before) > 1 and _RESUMES.match(self.text, before[-1].end, at):
            # "The L40S lies between the H100 and the A10G - offering 48 GB" goes on with its subject.
            before = before[:1]
        if before and _ELIDES.match(self.text, before[-1].end, at):
            return before[0] if len(before) > 1 else None
        if before and before[-1] in self.against and not self._tied(before[-1], at):
            before = [each for each in before if each not in self.against]
        if before:
            return before[-1]
        return self.topic[0] if self.topic else None

    def _is_parallel(self, before: Sequence[Mention], at: int) -> bool:
        """Whether "Its .., and its" goes on about what the sentence began with, past a name."""
        lead = max(0, before[0].start - 2 * REACH)
        begins = _BEGINS_ITS.search(self.text, lead, before[0].start)
        return begins is not None and _AND_ITS.match(self.text, before[-1].end, at) is not None

    def _bracketed(self, mention: Mention, at: int) -> bool:
        """Whether a name is in brackets of more words that end before: "(the A100 has less), 6 TB/s"."""
        opened = self.text.rfind("(", 0, mention.start)
        closed = self.text.find(")", mention.end, at)
        inside = opened >= 0 and closed >= 0 and ")" not in self.text[opened : mention.start]
        return inside and (closed - opened) > (mention.end - mention.start) + _BRACKETS

    def _tied(self, mention: Mention, at: int) -> bool:
        gap = self.text[mention.end : at]
        if gap.strip() == "and":
            # "2.3 times the compute of the H100 and NVLink 5": of the subject.
            return False
        near, far = (max(0, mention.start - each) for each in (REACH, 2 * REACH))
        if _ALL_BUT.search(self.text, near, mention.start) or _IS_ONE.search(self.text, far, mention.start):
            # "All of them but the T4 support BF16": of the others. "It is an H100 with 141 GB": of it.
            return False
        as_much = _AS_MUCH.search(self.text, max(0, mention.start - REACH), mention.start) and _AT.match(gap)
        if as_much or (gap.strip() == ":" and _OPPOSED.match(self.text, at)):
            # "Half the memory of the RTX 5090 at 16 GB": of what is compared with it. "8.8x the memory of the
            # RTX 4080: 141 GB as opposed to 16 GB".
            return False
        if _GOES_ON.match(gap):
            # "Faster than the RTX 4080 and has 12 GB" goes on with its subject.
            return False
        if WHERE.search(self.text, max(0, mention.start - REACH), mention.start):
            return not re.search(r"[,;.]", gap)
        # "My A10 (24 GB, 150 W)", whose size is read as a part of its name.
        inside = "(" in mention.text and ")" not in mention.text and re.fullmatch(r"[^()]*", gap)
        opened = inside or re.match(r"\s*\([^()]*$", gap)
        return bool(opened or _TIED.fullmatch(gap) or _WHICH.fullmatch(gap))


def spoken(index: int, passage: Passage, sentence: Sentence, context: Context) -> Spoken:
    """Who a sentence of a passage speaks of."""
    known: dict[tuple[int, int], Spoken] = context.memo.setdefault("spoken", {})
    key = (index, sentence.start)
    if key not in known:
        everywhere = context.mentions.get(index, ())
        here = of_form(within(everywhere, sentence.start, sentence.end), sentence.text, context)
        against = opposed(passage.text, sentence.start, here)
        maker = () if here else _by_maker(sentence.text, context)
        found, certain = _topic(index, passage, sentence, context)
        # "AMD's packaging" means no other device than the one of AMD's that the text goes on about.
        maker = () if maker and {*maker[0].ids} <= {key for each in found for key in each.ids} else maker
        found, certain = (maker, False) if maker else (found, certain)
        if found and not maker and is_one_told(passage.text, sentence.start, everywhere):
            found = ()
        if len(against) == len(here) and not maker and _of_others(sentence.text, found, context):
            found = ()
        kin = [each for each in here if OF_KIN.match(passage.text, each.end)]
        if any(set(each.named) & set(one.named) for each in kin for one in found):
            # "The A100's successor has 132 SMs" is not about the A100.
            found = ()
        another = _ANOTHER.match(sentence.text) and not _is_of_so_many(passage.text, sentence, everywhere)
        if found and (another or of_generation(sentence.text, found[0], context)):
            found = ()
        found = of_form(found, sentence.text, context)
        if here and _BROTHER.fullmatch(passage.text, sentence.start, here[0].start):
            # "Its brother is basically a gaming B580 with twice the memory" is about neither.
            against, found = [here[0], *against], ()
        first = here[0] if here and found and not set(here[0].named) & set(found[0].named) else None
        if first and first not in against and _IT_IS_ONE.fullmatch(passage.text, sentence.start, first.start):
            # "It's an H100 with new memory" is about what was spoken of.
            against = [first, *against]
        known[key] = Spoken(here, against, found, passage.text, certain)
    return known[key]


def told(context: Context, pattern: re.Pattern[str]) -> Iterator[tuple[Passage, Sentence, Spoken]]:
    """Each sentence of running text in whose passage a pattern is found, and who it speaks of."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if pattern.search(passage.text) else ():
            yield passage, sentence, spoken(index, passage, sentence, context)


#: A subject that is not what was spoken of: a person, several, or another of a kind that no name tells.
_ANOTHER = re.compile(
    r"\s*(?:(?:and|but|so|then|now)\s+){0,2}(?:s?he\s+(?:has|had|gets?|got|would|will)"
    # Those of a kind: "both A-cards".
    r"|(?:both|neither|all\s+(?:two|three|four))\s+(?:[\w-]+[\s-])?(?:cards?|karten|gpus?|boards?|"
    r"parts?|chips?)"
    # Several, in German, French, Spanish and Italian.
    r"|(?-i:Beide|Die beiden|Alle (?:zwei|drei|vier)|Les deux|Tou(?:te)?s les (?:deux|trois|quatre)|"
    r"Amb[ao]s|L[ao]s (?:dos|tres)|Entramb[ei])"
    r"|the\s+other\s+(?:family|line|branch|half|group|generation|series|chip)"
    r"|(?:both|neither|all\s+(?:two|three|four|five|six)|(?:these|the)\s+(?:two|three|four|five)|"
    r"the\s+(?:first|last|other|former|newer|older|small(?:er)?|big(?:ger)?|large[r]?)\s+(?:two|three|"
    r"four))"
    r"(?=\s+(?:of\s+(?:them|these)|cards?|gpus?|boards?|chips?|are|were|have|had|carry|come|came|use|"
    r"share|draw|"
    r"support|lack|offer|take|need|can|do|did|has|is|was)\b))\b",
    re.IGNORECASE,
)


def _is_of_so_many(text: str, sentence: Sentence, everywhere: Sequence[Mention]) -> bool:
    """Whether "the two cards" are those of one kind that the sentence before counted: "plan on two L40S"."""
    many = _SO_MANY.match(sentence.text)
    before = one_before(text, sentence.start)
    if not many or not before:
        return False
    told = before[0].text
    named = within(everywhere, before[0].start, before[0].end)
    number = many[1].lower()
    pair = "pair|dual|both|" if number == "two" else ""
    counts = re.compile(rf"\b(?:{number}|{pair}{_DIGIT[number]}x?)\b", re.IGNORECASE)
    return len({each.named for each in named}) == 1 and counts.search(told) is not None


_SO_MANY = re.compile(
    r"\s*(?:The|These|Those) (two|three|four) (?:cards|gpus|boards|modules)\b", re.IGNORECASE
)
_DIGIT = {"two": "2", "three": "3", "four": "4"}
#: What is called another device, with something that this one has not: "It is basically an H100 with".
_IT_IS_ONE = re.compile(
    r"\s*(?:It|This|That)(?:[\u2019']s| is| was|\s[^.;:]{1,80}\band (?:is|was)),?\s+"
    r"(?:(?:basically|essentially|really|just|effectively|practically|simply|"
    r"in (?:essence|short|effect|principle|practice)|at (?:heart|its core)|"
    r"under the hood|nothing but|little more than),?\s+)*an?\s+(?:(?:gaming|desktop|mobile|cut-down|bigger|"
    r"smaller|faster|"
    r"slower|renamed|rebadged|professional)\s+)?"
)
_BROTHER = re.compile(
    _IT_IS_ONE.pattern.replace(
        "It|This|That", r"(?:Its|The) (?:[\w-]+ )?(?:one|card|brother|sister|sibling|twin|cousin)", 1
    )
)
_IS_ONE = re.compile(rf"(?:^|[.!?:]\s){_IT_IS_ONE.pattern}$")
#: How many characters more than a name a bracket has that is not the name's alone.
_BRACKETS = 8


_MAKERS = re.compile(r"\b(NVIDIA|AMD|Intel)(?:[\u2019']s)?\b", re.IGNORECASE)


def _of_others(text: str, found: Sequence[Mention], context: Context) -> bool:
    """Whether a sentence speaks of the cards of another maker than what the text before is about."""
    said = {match[1].lower() for match in _MAKERS.finditer(text)}
    return bool(said and found) and context.catalogue[found[0].ids[0]].vendor.lower() not in said


def _by_maker(text: str, context: Context) -> Sequence[Mention]:
    """The device that a sentence means by its maker, where a document compares those of two makers."""
    from whichgpu.audit.comparisons.pairs import devices

    said = {match[1].lower() for match in _MAKERS.finditer(text)}
    compared = devices(context) if len(said) == 1 else []
    own = [ids for ids in compared if context.catalogue[ids[0]].vendor.lower() in said]
    if len(compared) != 2 or len(own) != 1:
        return ()
    return (Mention(0, 0, "", own[0], own[0]),)


def owned(text: str, found: Sequence[Mention]) -> list[Mention]:
    """The names of a passage that are not only set against another."""
    every = sentences(text) if found else ()
    starts = [one.start for one in every]
    # The sentences that name one: a passage may have many, and be asked of each.
    named = [every[at] for at in sorted({bisect_right(starts, each.start) - 1 for each in found})]
    against = [each for one in named for each in opposed(text, one.start, within(found, one.start, one.end))]
    return [each for each in found if each not in against]


def turned_from(text: str, mention: Mention, at: int) -> bool:
    """Whether a sentence turns back from a device of an aside: "5,888, where the 3060 has 3,584, and its"."""
    aside = WHERE.search(text, max(0, mention.start - REACH), mention.start)
    return aside is not None and _TURNS.search(text, mention.end, at) is not None


def _topic(
    index: int, passage: Passage, sentence: Sentence, context: Context
) -> tuple[Sequence[Mention], bool]:
    """The subject of the last sentence before with one, else what the passage is about; whether certain."""
    everywhere = context.mentions.get(index, ())
    earlier = [one for one in sentences(passage.text) if one.start < sentence.start] if everywhere else ()
    for back in reversed(earlier):
        here = within(everywhere, back.start, back.end)
        against = opposed(passage.text, back.start, here)
        left = left_by(index, passage.text, back, [each for each in here if each not in against], context)
        if left is not None:
            return left, True
    found, certain = topic(index, passage, context)
    return found[-1:], certain


def superchips(here: Sequence[Mention]) -> list[Mention]:
    """The names of a CPU and GPUs that are one part, whose GPU is not the card of its name."""
    return [each for each in here if all(_SUPERCHIP.match(key) for key in each.ids)]


_SUPERCHIP = re.compile(r"g[hb]\d{2,3}(?:-|$)")

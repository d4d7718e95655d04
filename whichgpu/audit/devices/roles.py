"""Who a sentence speaks of: its subject, and what it is only compared with.

"It uses the same chip as the H100, with 141 GB" is about what the sentence before is about: the H100 is what
it is set against, and owns a value only where that stands right beside it ("than the H100's 80 GB").
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.descriptions import KIN
from whichgpu.audit.devices.editions import FORM, of_form
from whichgpu.audit.devices.families import of_generation
from whichgpu.audit.devices.left import is_one_told, left_by
from whichgpu.audit.devices.mentions import Mention
from whichgpu.audit.patterns import MANY
from whichgpu.audit.text.sentences import Sentence, one_before, sentences, topic, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context

#: What stands before the name of a device that another one is set against.
_ARTICLES = (
    r"(?:(?:the|an?|its|their|any|both|single|one|older|newer|cheaper|larger|smaller|bigger|standard|"
    r"regular|desktop|original|previous|previous-generation|last-gen|flagship|predecessor,?|successor,?|"
    r"sibling,?|popular|venerable|age?ing|old|new|trusty|mighty|humble|beloved|workhorse|outgoing|"
    r"current|ubiquitous|"
    r"pricier|costlier|dated|legacy|bigger|big|little|vanilla|plain|full|similarly[- ]priced|high-end|"
    r"entry-level|mid-range|"
    r"nvidia(?:[\u2019']s)?|amd(?:[\u2019']s)?|that of|those of|what|my|our)\s+){0,4}"
)
#: Words that set what follows against something else, whatever stands between: "than the 360 GB/s of it".
_STRONG = re.compile(
    r"\b(?:than|as (?:much|many|large|big|fast|high|wide) as|unlike|vs\.?|versus|against|"
    r"(?:compared|relative|in contrast) (?:to|with)|(?:up|down) from|"
    r"(?:twice|double|half|triple|\d times)(?= what\b)|"
    r"(?:thirds?|quarters?|fifth|tenth|fraction) (?:of|as)|"
    # "The step up in the same family is the 4090" is about what is named.
    r"the (?:very )?same(?! (?:goes|applies|is|holds|time|day|year)|[^.;,]{1,40}\s(?:is|are|was|were)\s)|"
    # "125 W above the 450 W of it"
    r"(?:above|below|beyond)(?= (?:the |its )?[$\u20ac]?\d)|"
    r"(?-i:als)|gegen\u00fcber|(?:im )?(?:vergleich|gegensatz) zu[rm]?|statt|wie|plus \w+ que|"
    r"par rapport [\u00e0a]u?x?|compar[\u00e9e]e?s? [\u00e0a]|contrairement [\u00e0a]|m\u00e1s \w+ que|"
    r"frente al?|en comparaci\u00f3n con|(?<!mientras )que)"
    r"\s(?:[^,;()]|,(?=\d)){0,60}$",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"(?:\b(?:(?<!such )(?<!known )as(?: with| on| for| in)?|over|"
    r"that of|those of|(?:exceeds?|surpass(?:es)?|match(?:es)?|beats?|rivals?|equals?|shares?|sharing) the "
    r"(?:\w+ ){1,3}of|"
    r"after|before|since|between|but not(?: on| in| by| with| for)?|"
    r"shar(?:es?|ed|ing)\b[^.;,]{0,40}?\bwith|"
    r"(?:the|la|le|den|el|il) (?-i:[a-z][a-z-]* ){0,3}(?:chip|die|silicon|gpu|puce)(?: [A-Z]{2}\d{3})? "
    r"(?:of|in|from|behind|du|de la|des|der|del|della)|"
    # "The chip that sits in the RTX 5080", "known from the A100"
    r"(?:that|which)(?: also)? "
    r"(?:(?:sits|is|was|ships|works|lives)(?: \w+ed| found| also| built)? (?:in|on|inside)|"
    r"(?:powers|drives)(?: also)?)|(?:knows?|known|familiar|borrowed|taken|carried over|inherited|"
    r"the (?:very )?(?:one|same)) from|"
    r"(?:the )?one(?: that is)? (?:found|used|known|seen|sitting|employed|installed) (?:in|from|on|inside|"
    r"by)|"
    r"(?:keep(?:s|ing)?|kept|retain(?:s|ed|ing)?|inherit(?:s|ed|ing)?|reus(?:es?|ed|ing)|borrow(?:s|ed|"
    r"ing)?)"
    r"(?: (?:the |its )?(?:[\w-]+ ){1,3}(?:of|from))?|"
    r"takes? on|taking on|challeng(?:es?|ing)|fac(?:es|ing)(?: off)?|goes up against|competes? with|"
    r"(?:improv(?:es?|ed|ing)|builds?|building) (?:up)?on|"
    r"(?:competitive|on par|level|close|comparable|equal|similar|identical|next) (?:to|with)|"
    r"(?:all|none|each|every\w*|any)\b[^.;,]{0,24}?\b(?:but|except(?: for)?|save(?: for)?)|"
    # "ECC, which the 3090 lacks. It .." goes on about what has it.
    r"(?<=, )which|"
    # "It has things the L40S doesn't: HBM"
    r"(?:things?|features?|tricks?|something|everything|anything|bits)(?: that| which)?|"
    r"(?:exactly|just|precisely|roughly|about|almost|nearly|(?:short|shy|most|much|all|ahead) of|times|"
    r"twice|"
    r"half|double|triple) what|"
    r"alongside|besides|instead of|(?:just|much|exactly) like|tout comme|ainsi que|(?:eben|genau)so wie|"
    r"genau wie|"
    r"al igual que|igual que|proprio come|"
    r"rather than|replac(?:es?|ed|ing)|supersed(?:es?|ed|ing)|succeed(?:s|ing|ed)|follow(?:s|ed|ing)|"
    r"(?:successor|sibling|"
    r"cousin|relative|brother|"
    r"heir|refresh|variant|version|derivative|rival|follow-up|replacement|answer|alternative|"
    r"competitor|upgrade) (?:to|of|for)|predecessor|outperform(?:s|ing)?|outclass(?:es|ing)?|"
    r"outpac(?:es|ing)|beat(?:s|ing)?|match(?:es|ing)?|equals?|exceed(?:s|ing)?|surpass(?:es|ing)?|"
    r"rival(?:s|ing)?|ties?(?: with)?|leads?|tops|bests|dwarfs|outguns|outranks|overtakes|"
    r"trail(?:s|ing)?|behind|above|below|ahead of|faster alternative to|alternative to|up from|down from|"
    r"step up from|upgrade (?:from|over)|"
    # "As compute goes it's an H100; its memory": what it is like, and not what is spoken of.
    r"(?<=[a-z,] )it(?:[\u2019']s| is| was)|"
    r"supera(?: \w+){0,3} a|(?:predecesora?|antecesora?|rival|competidora?|hermana|Vorg\u00e4nger(?:in)?|"
    r"Konkurrent(?:in)?|pr\u00e9d\u00e9cesseur|concurrente?),?|"
    r"\u00fcbertrifft|schl\u00e4gt|\u00fcberholt|d\u00e9passe|surpasse|devance|"
    # "Someone coming from the RTX 4080", "I sold my RTX 4080 for it".
    # "For those who could not get hold of an H100".
    r"(?:g[eo]t|getting) hold of|(?:can(?:not)?|could(?: not)?|n[\u2019']t) (?:get|afford|find|buy)|"
    r"(?:com(?:e|es|ing)|upgrad\w+|switch\w*|mov(?:e|es|ed|ing)|migrat\w+|chang\w+)(?: over| up|"
    r" away)? from|"
    r"(?:sold|selling|trad(?:ed|ing)(?: in)?|swapp(?:ed|ing)(?: out)?|ditch(?:ed|ing)|got rid of|"
    r"retir(?:ed|ing)))"
    r"|(?:^\s*|[.,;(\u2013\u2014:]\s*|\d\s?(?:[GT]B(?:/s)?|W|nm|bits?)\s+)like|\bnowhere near|"
    r"\b(?:slots?|space|place|room) of(?: two| three| four| one)?"
    r"|\b(?:twice|double[sd]?|half|triple[sd]?|quadruple|times|same|\d(?:\.\d+)?\s?[x\u00d7]|\d\s?%|"
    r"percent)(?!\w)"
    r"(?:[^.;,]|[.,](?=\d)){0,45}?\bof"
    r"|(?:\b(?:twice|double[sd]?|half|triple[sd]?|quadruple|times)|\d\s?[x\u00d7](?=\s+(?:the|an?|that|"
    r"its)\s)|\d\.\d+\s?[x\u00d7]))"
    rf"\s+\(?{_ARTICLES}(?:l[\u2019'])?$"
    # "With X alike", "against X", "like X", "more than X" in Chinese.
    r"|(?:[\u4e0e\u8207\u8ddf\u6bd4\u50cf]|[\u5c11\u591a\u9ad8\u4f4e\u5927\u5c0f\u4f18]\u4e8e|"
    r"\u8d85\u8fc7|\u4e0d\u5982)\s*$",
    re.IGNORECASE,
)
#: "Its NVLink reaches 900 GB/s, where the A100 had 600": set against, with what follows in the clause.
_WHERE = re.compile(
    rf"(?:,|\b(?:one|two|three|four|\d[\d,.]*)(?: [\w/-]+){{1,4}})\s+where\s+{_ARTICLES}$", re.IGNORECASE
)
_TURNS = re.compile(r",\s+(?:and|but)\s+its\b", re.IGNORECASE)
#: "MIG, known from boards such as the A100, lets you divide it": an example, set off by a comma.
_SUCH_AS = re.compile(r"\bsuch as\s+(?:the\s+|an?\s+|nvidia[\u2019']s\s+)*$", re.IGNORECASE)
_SET_OFF = re.compile(r"s?,\s+(?:lets?|makes?|allows?|is|was|has|gives?|means|can|helps?|works?)\b")
#: "Being a Turing design like the T4, it has": what is said ahead of a pronoun that means another.
_FRONTED = re.compile(
    r"\s*(?:(?:and|but|so)\s+)?(?:being|as|having|built|based|coming|made|derived|given|launched|released|"
    r"introduced|presented|"
    r"announced|positioned|marketed|conceived|intended|planned|designed)\b[^.;:,]{0,80}"
    rf"\b(?:like|as|of|to|from|with|on)\s+{_ARTICLES}",
    re.IGNORECASE,
)
_THEN_IT = re.compile(
    r"(?:\s[\w-]+){0,3},\s(?:it|(?:the|this) (?:card|board|module|gpu|part|one))\s", re.IGNORECASE
)
#: "Its 864 GB/s leave the 600 GB/s of it behind".
_LEAVES = re.compile(rf"\b(?:leaves?|leaving|left)\s+{_ARTICLES}$", re.IGNORECASE)
_BEHIND = re.compile(r"[^.;,]{0,40}\bbehind\b", re.IGNORECASE)
#: A part in a list without a verb: "96 GB, the bandwidth of the 5090, and three times its memory".
_AS_THAT_OF = re.compile(rf"(?:,|\band)\s+the\s+(?:[\w-]+\s+){{1,2}}of\s+{_ARTICLES}$", re.IGNORECASE)
#: Two values behind a colon, the first of which is the subject's.
_OPPOSED = re.compile(
    r"[$\u20ac]?\d[\d.,]*\s?(?:[\w/]+\s)?(?:as opposed to|against|vs\.?|versus|instead of|rather than|"
    r"compared (?:to|with))\s+(?:only\s+|just\s+)?[$\u20ac]?\d",
    re.IGNORECASE,
)
#: "Not far from the 900 GB/s of the V100".
_VALUE_OF = re.compile(
    rf"\b(?:(?:from|than|to|against)\s+the\s+\d[\d,.]*(?:\s?[\w/]+)?\s+of|"
    # "Up to 14 PFLOPS, from 9 for the B200"
    rf",\s(?:up |down )?from\s+\d[\d,.]*(?:\s?[\w/]+)?\s+(?:for|in|on))\s+{_ARTICLES}$",
    re.IGNORECASE,
)
#: "7,424 cores to the 2,560 of it", "7,424 cores to the T4's 2,560".
_TO_THAT_OF = re.compile(rf"\d(?:[.,]?\d){{0,9}}(?:\s?[\w/%-]+){{0,4}},?\s+to\s+{_ARTICLES}$", re.IGNORECASE)
_ITS_VALUE = re.compile(r"[\u2019']s?\s+[$\u20ac]?\d")
_ENDS = re.compile(r"\s*[,.;]")
#: How far back from a name the words that set something against it can begin.
_REACH = 90
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
_JOINED = re.compile(r"\s*(?:,|/|&|and|or|,\s*and)\s*(?:the\s+|nvidia\s+)*", re.IGNORECASE)
_AND = re.compile(r"\s+(?:&|and|or)\s+(?:the\s+|nvidia\s+)*", re.IGNORECASE)


#: Behind a name, what makes it a subject.
_SUBJECT = re.compile(r"\s+(?!and\b|or\b|as\b|at\b|in\b|on\b|with\b|for\b|to\b|cards?\b|gpus?\b)[a-z]{2,}")


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
        lead = max(0, before[0].start - 2 * _REACH)
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
        near, far = (max(0, mention.start - each) for each in (_REACH, 2 * _REACH))
        if _ALL_BUT.search(self.text, near, mention.start) or _IS_ONE.search(self.text, far, mention.start):
            # "All of them but the T4 support BF16": of the others. "It is an H100 with 141 GB": of it.
            return False
        as_much = _AS_MUCH.search(self.text, max(0, mention.start - _REACH), mention.start) and _AT.match(gap)
        if as_much or (gap.strip() == ":" and _OPPOSED.match(self.text, at)):
            # "Half the memory of the RTX 5090 at 16 GB": of what is compared with it. "8.8x the memory of the
            # RTX 4080: 141 GB as opposed to 16 GB".
            return False
        if _GOES_ON.match(gap):
            # "Faster than the RTX 4080 and has 12 GB" goes on with its subject.
            return False
        if _WHERE.search(self.text, max(0, mention.start - _REACH), mention.start):
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
        against = _against(passage.text, sentence.start, here)
        maker = () if here else _by_maker(sentence.text, context)
        found, certain = _topic(index, passage, sentence, context)
        # "AMD's packaging" means no other device than the one of AMD's that the text goes on about.
        maker = () if maker and {*maker[0].ids} <= {key for each in found for key in each.ids} else maker
        found, certain = (maker, False) if maker else (found, certain)
        if found and not maker and is_one_told(passage.text, sentence.start, everywhere):
            found = ()
        if len(against) == len(here) and not maker and _of_others(sentence.text, found, context):
            found = ()
        kin = [each for each in here if _KIN.match(passage.text, each.end)]
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
_DASHED = re.compile(
    r"[^.;\u2013\u2014]{2,60}\s[\u2013\u2014]\s(?:is|was|has|had|comes|came|costs?|draws|needs|offers|"
    r"gets|uses|runs)\b"
)


def _aside(text: str, start: int, mention: Mention) -> bool:
    """Whether something is said of a device in brackets: "more CUDA cores (the RTX 4090 has 16,384)"."""
    if _VERB.match(text, mention.end) and _DASHED.match(text, mention.end):
        # "Battlemage \u2013 the A770 was Alchemist \u2013 is built on 5 nm".
        return True
    opened = text.rfind("(", start, mention.start)
    if opened < 0 or ")" in text[opened : mention.start]:
        return False
    closed = text.find(")", mention.end)
    return closed > 0 and _VERB.match(text, mention.end, closed) is not None


#: "What the PRO has and the 5090 hasn't: MIG" is about the first.
_WHAT_HAS = re.compile(
    r"^\s*What\s[^.;:,]{2,40}\s(?:has|does|can|offers|supports)(?:,)?\s(?:and|but|that)\s(?:the\s|an?\s)?$"
)
#: "2.4 times the memory of an H100 and 1.6 times its bandwidth in the SXM version": of what is compared with.
_IN_FORM = re.compile(r"\b(?:in|as) (?:the|its)\s+$", re.IGNORECASE)
#: Another device, which is called by what it is to one: "the A100's successor".
_KIN = re.compile(
    rf"[\u2019']s?\s+(?:direct\s+|\w+\s+)?(?:{KIN})\b",
    re.IGNORECASE,
)
#: What might have been bought instead: "the 8 GB version would have been 399".
_WOULD_HAVE = re.compile(
    r"\s*(?:version |model |one )?would have (?:been|cost) (?:about )?[$\u20ac]?\d", re.IGNORECASE
)
#: The same the other way round: "the predecessor of the A100".
_KIN_OF = re.compile(
    rf"\b(?:the|an?)\s(?:[\w-]+\s)?(?:{KIN})\s(?:of|to)\s(?:the\s|nvidia[\u2019']s\s|nvidia\s|amd\s)*$",
    re.IGNORECASE,
)
#: "It is the successor of the A10" names whom it is held against.
_IS_KIN = re.compile(r"\b(?:is|was|are|were)\s(?:the|an?)\s[^.;,]*$", re.IGNORECASE)
#: "What separates the H200 from the H100".
_SETS_APART = re.compile(
    r"\b(?:separat|distinguish|differentiat|set)\w*\s+(?:the\s+|"
    r"an?\s+)?[\w -]{2,24}?\s+(?:apart\s+)?from\s+"
    r"(?:the\s+|an?\s+|its\s+|nvidia\s+|amd\s+)*$",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\s*(?:GPU |card )?(?:has|had|have|is|was|offers|comes|hat|bietet|poss\u00e8de|tiene)\b", re.IGNORECASE
)
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
    against = [each for one in named for each in _against(text, one.start, within(found, one.start, one.end))]
    return [each for each in found if each not in against]


#: "It is not a desktop 4080 in a thin case": of what it is not.
_IS_NO = re.compile(
    r"\b(?:is|was|are)(?:\s+not|n[\u2019']t)\s+(?:just |simply |really |merely )?(?:an?|the|some)\s+"
    r"(?:[\w-]+\s+)?$",
    re.IGNORECASE,
)
#: "You lose some, as a 3090 can be linked with one other": a reason, where "as a 3090 can" is a likeness.
_AS_A = re.compile(r",\s+(?:as|because)\s+(?:the\s+|an?\s+)(?:nvidia\s+|amd\s+)*$", re.IGNORECASE)
_CAN_BE = re.compile(r"\s+(?:can|could|must|may|need)\s+(?:only\s+|not\s+)?(?:be\s+)?\w+\s+\w", re.IGNORECASE)
_GIVEN = re.compile(
    r"(?:\bsince|[^\s,],\s+as)\s+(?:the\s+|nvidia[\u2019']s\s+|nvidia\s+|amd\s+)*$", re.IGNORECASE
)
_DOES = re.compile(
    r"\s+(?:(?:only|also|already|still)\s+)?(?:has|have|is|are|uses?|comes?|offers?|supports?|lacks?|"
    r"does|can|draws?|"
    r"needs?|delivers?|costs?|provides?|features?|runs?|includes?)\b",
    re.IGNORECASE,
)


def _against(text: str, start: int, here: Sequence[Mention]) -> Sequence[Mention]:
    return _set_against(text, start, tuple(here)) if here else ()


# A sentence is asked for by itself, by each one behind it, and by its whole passage.
@lru_cache(maxsize=MANY)
def _set_against(text: str, start: int, here: tuple[Mention, ...]) -> Sequence[Mention]:
    """Those of some names of a sentence that others are set against, its subject left out."""
    found: list[Mention] = []
    last = start
    for mention in here:
        words = text[max(start, mention.start - _REACH, last) : mention.start]
        join = _JOINED.fullmatch(text[found[-1].end : mention.start]) if found else None
        # "Unlike the A40, the L40 supports" goes on with its subject.
        after = join and not (join[0].lstrip().startswith(",") and _is_subject(text, mention, here))
        last = mention.end
        since = _GIVEN.search(words) and _DOES.match(text, mention.end)
        if since or (_AS_A.search(words) and _CAN_BE.match(text, mention.end)):
            # "Since the V100 has HBM2, it ..", ", as the A100 is": a reason, and no time or other side.
            continue
        if (
            after
            or _KIN.match(text, mention.end)
            or _WOULD_HAVE.match(text, mention.end)
            or (_KIN_OF.search(words) and not _IS_KIN.search(words))
            or _AGAINST.search(words)
            or _STRONG.search(words)
            or _WHERE.search(words)
            or _IS_NO.search(words)
            or (_LEAVES.search(words) and _BEHIND.match(text, mention.end))
            or _aside(text, start, mention)
            or _VALUE_OF.search(words)
            or (_ITS_VALUE.match(text, mention.end) and _TO_THAT_OF.search(words))
            or (_AS_THAT_OF.search(words) and _ENDS.match(text, mention.end))
            or _WHAT_HAS.search(text, start, mention.start)
            or _SETS_APART.search(text, max(start, mention.start - _REACH), mention.start)
            or (found and _IN_FORM.search(words) and FORM.match(f"{mention.text} version"))
            or (_OUT_OF.fullmatch(text, start, mention.start) and _IT_HAS.match(text, mention.end))
            or (_SUCH_AS.search(words) and _SET_OFF.match(text, mention.end))
            or (_THEN_IT.match(text, mention.end) and _FRONTED.fullmatch(text, start, mention.start))
        ):
            found.append(mention)
    return found


#: "Of the A100's 6,912 cores it has": of another one's.
_OUT_OF = re.compile(r"\W*Of\s(?:the\s|an?\s)?", re.IGNORECASE)
_IT_HAS = re.compile(
    r"[\u2019']s?\s[^.;:]{3,40}?\bit\s(?:still |only |just )?(?:has|keeps|retains|gets)\b", re.IGNORECASE
)


def turned_from(text: str, mention: Mention, at: int) -> bool:
    """Whether a sentence turns back from a device of an aside: "5,888, where the 3060 has 3,584, and its"."""
    aside = _WHERE.search(text, max(0, mention.start - _REACH), mention.start)
    return aside is not None and _TURNS.search(text, mention.end, at) is not None


def _is_subject(text: str, mention: Mention, here: Sequence[Mention]) -> bool:
    """Whether what is said behind a name, or behind those that "and" joins to it, is said of it."""
    last = mention
    for other in here:
        if other.start > last.end and _AND.fullmatch(text, last.end, other.start):
            last = other
    return _SUBJECT.match(text, last.end) is not None


def _topic(
    index: int, passage: Passage, sentence: Sentence, context: Context
) -> tuple[Sequence[Mention], bool]:
    """The subject of the last sentence before with one, else what the passage is about; whether certain."""
    everywhere = context.mentions.get(index, ())
    earlier = [one for one in sentences(passage.text) if one.start < sentence.start] if everywhere else ()
    for back in reversed(earlier):
        here = within(everywhere, back.start, back.end)
        against = _against(passage.text, back.start, here)
        left = left_by(index, passage.text, back, [each for each in here if each not in against], context)
        if left is not None:
            return left, True
    found, certain = topic(index, passage, context)
    return found[-1:], certain


def superchips(here: Sequence[Mention]) -> list[Mention]:
    """The names of a CPU and GPUs that are one part, whose GPU is not the card of its name."""
    return [each for each in here if all(_SUPERCHIP.match(key) for key in each.ids)]


_SUPERCHIP = re.compile(r"g[hb]\d{2,3}(?:-|$)")

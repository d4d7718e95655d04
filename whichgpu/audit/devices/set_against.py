"""What a sentence sets its subject against: the names behind "than", "unlike", "where" and their like.

"It uses the same chip as the H100, with 141 GB": what follows is the H100's only where it stands right beside
the name (`roles.py`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.descriptions import KIN
from whichgpu.audit.devices.editions import FORM
from whichgpu.audit.patterns import MANY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention

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
WHERE = re.compile(
    rf"(?:,|\b(?:one|two|three|four|\d[\d,.]*)(?: [\w/-]+){{1,4}})\s+where\s+{_ARTICLES}$", re.IGNORECASE
)
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
REACH = 90
_JOINED = re.compile(r"\s*(?:,|/|&|and|or|,\s*and)\s*(?:the\s+|nvidia\s+)*", re.IGNORECASE)
_AND = re.compile(r"\s+(?:&|and|or)\s+(?:the\s+|nvidia\s+)*", re.IGNORECASE)
#: Behind a name, what makes it a subject.
_SUBJECT = re.compile(r"\s+(?!and\b|or\b|as\b|at\b|in\b|on\b|with\b|for\b|to\b|cards?\b|gpus?\b)[a-z]{2,}")
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
OF_KIN = re.compile(
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


def opposed(text: str, start: int, here: Sequence[Mention]) -> Sequence[Mention]:
    """Those of some names of the sentence that starts there which others are set against."""
    return _set_against(text, start, tuple(here)) if here else ()


# A sentence is asked for by itself, by each one behind it, and by its whole passage.
@lru_cache(maxsize=MANY)
def _set_against(text: str, start: int, here: tuple[Mention, ...]) -> Sequence[Mention]:
    """Those of some names of a sentence that others are set against, its subject left out."""
    found: list[Mention] = []
    last = start
    for mention in here:
        words = text[max(start, mention.start - REACH, last) : mention.start]
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
            or OF_KIN.match(text, mention.end)
            or _WOULD_HAVE.match(text, mention.end)
            or (_KIN_OF.search(words) and not _IS_KIN.search(words))
            or _AGAINST.search(words)
            or _STRONG.search(words)
            or WHERE.search(words)
            or _IS_NO.search(words)
            or (_LEAVES.search(words) and _BEHIND.match(text, mention.end))
            or _aside(text, start, mention)
            or _VALUE_OF.search(words)
            or (_ITS_VALUE.match(text, mention.end) and _TO_THAT_OF.search(words))
            or (_AS_THAT_OF.search(words) and _ENDS.match(text, mention.end))
            or _WHAT_HAS.search(text, start, mention.start)
            or _SETS_APART.search(text, max(start, mention.start - REACH), mention.start)
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


def _is_subject(text: str, mention: Mention, here: Sequence[Mention]) -> bool:
    """Whether what is said behind a name, or behind those that "and" joins to it, is said of it."""
    last = mention
    for other in here:
        if other.start > last.end and _AND.fullmatch(text, last.end, other.start):
            last = other
    return _SUBJECT.match(text, last.end) is not None

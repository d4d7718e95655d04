"""Comparisons of a sentence: by which words, in what, of which value, and which way.

"Has more memory than", "its bandwidth is higher than", "768 GB/s, slightly ahead of what the 4090 offers",
"trails it in bandwidth", "on par with", "draws less": one reading for all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.multiple import in_precision
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import BY_UNIT, RATES, attributes, named
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute, Named

_MORE = (
    r"more|higher|greater|larger|bigger|wider|superior|better|faster|quicker|mehr|h\u00f6her(?:e[rsn]?)?|"
    r"gr\u00f6\u00dfer(?:e[rsn]?)?|schneller|plus|m\u00e1s|di pi\u00f9"
)
_LESS = (
    r"less|lower|fewer|smaller|narrower|slower|inferior|weniger|niedriger(?:e[rsn]?)?|geringer(?:e[rsn]?)?|"
    r"kleiner(?:e[rsn]?)?|langsamer|moins|menos|meno"
)
#: Words that set one thing above or below another, or level with it, by what they are.
WORDS = re.compile(
    r"\b(?:(?P<thirst>hungrier|thirstier|more power[- ]hungry)|(?P<frugal>more frugal|less power[- ]hungry)"
    rf"|(?P<more>{_MORE})|(?P<less>{_LESS})"
    r"|(?P<above>above|ahead of|beyond|north of|exceed(?:s|ed|ing)?|surpass(?:es|ed|ing)?|beats?|beating|"
    r"outperform(?:s|ed|ing)?|outpaces|outruns|outdistances|"
    r"tops|topping|outdoes|"
    r"outstrips|trumps|eclipses|edges out|outclasses|outguns|outmuscles|outranks|dwarfs|bests|overtakes|"
    r"one-ups)"
    r"|(?P<below>below|short of(?=\s+\w)|shy of|behind|south of|trail(?:s|ed|ing)|lags|undercuts|"
    r"loses to|falls behind|comes in under)"
    r"|(?P<level>(?:the )?(?:very |exact )?same(?: (?:amount|size|number|capacity|figure|value)(?= as))?|"
    r"(?:just|exactly) like|identical|equal|on par|on a par|level|match(?:es|ed|ing)|equal(?:s|led|ed)|"
    r"tie[sd](?: with)?|"
    r"is tied with|as (?:many|"
    r"much)(?= (?:[\w-]+ ){0,3}?as\b))"
    r")\b",
    re.IGNORECASE,
)
#: Between a word and the name of what it orders.
_BETWEEN = re.compile(
    r"\s+(?:as much\s+)?(?:(?:raw|overall|peak|total|theoretical|maximum|usable|available|(?:amounts?|"
    r"size|number|count) of|"
    r"\d+\s?GB)\s+){0,2}",
    re.IGNORECASE,
)
#: What is done with an attribute, behind it: "less memory juggling".
_OF_IT = re.compile(
    r"[ -](?:juggling|management|pressure|usage|use|footprint|errors?|issues?|traffic|overhead|latency|"
    r"access\w*|"
    r"transfers?|consumption(?! than)|leaks?|bound|hungry|hog\w*|requirements?|efficien\w+|saving\w*|"
    r"technolog\w+|"
    r"types?|standards?|chips?|compression|clocks?|speeds?|bandwidth|subsystem|architecture|capacit\w+|"
    r"intensive|"
    r"limit\w*|constrain\w*|headroom)\b",
    re.IGNORECASE,
)
#: What a comparison is in, behind it: "ahead in bandwidth", "trails the A100 in memory bandwidth".
_IN = re.compile(
    r"\b(?:in|in terms of|when it comes to|as for|on|for|by)\s+"
    r"(?:(?:raw|its|the|peak|sheer|memory|plain|pure|theoretical|total|overall|dense)\s+){0,2}$",
    re.IGNORECASE,
)
_FIRST_IN = re.compile(
    r"\s*(?:But\s+|And\s+)?(?:In|On|For|In terms of|When it comes to|As for|Judged by|By|Measured by|"
    r"Looking at)\s+"
    r"(?:(?:raw|its|the|peak|sheer|plain|pure|simple|ordinary|classic|theoretical|total|overall|on-board|"
    r"straight|dense)\s+){0,3}",
    re.IGNORECASE,
)
#: Between the name of an attribute and what is said of it: "its bandwidth of 300 GB/s is slightly higher".
_IS = re.compile(
    r"(?:,\s[^.;,]{3,40},|[^.;,]{0,40}?)"
    r"\s+(?:is|are|was|were|sits|stays|remains|comes in|lies|falls|ends up|ist|est|es)\s+"
    r"(?:(?:also|even|still|slightly|somewhat|a bit|a little|much|far|clearly|just|significantly|"
    r"considerably|only|"
    r"well|in fact|actually|noticeably|marginally|deutlich|etwas|noch)\s+){0,3}",
    re.IGNORECASE,
)
#: Between a value and the word: it is said of the same device, and of nothing else.
_GAP = re.compile(
    r"(?!\s*$)(?:\s+(?:of\s+)?\w+){0,3}\s*[,:\u2013\u2014-]?\s*(?:(?:the\s+)?[\w-]+\s+(?:needs|uses|"
    r"draws|has|offers|braucht|hat|consomme|"
    r"consume)\s+|(?:it\s+)?(?:needs|uses|draws|has|offers|is|are|puts (?:it|them)|places it|sits|a bit|"
    r"a little|a touch|which is|which makes it|making it|"
    r"that is|that[\u2019']s|(?:so |hence |thus )?it is|it[\u2019']s|even|slightly|somewhat|much|far|"
    r"well|just|clearly|significantly|"
    r"considerably|still|also|noch|deutlich|etwas|or|and|so|thus|hence|actually|in fact|marginally|"
    r"noticeably)\s+|\()*",
    re.IGNORECASE,
)
#: Between them, what is said of the value first: "300 GB/s is its weak point: it's higher than".
_RESUMED = re.compile(
    r"(?:,\s[^.;:,\d]{2,20},)?\s+(?:is|are|was|remains|stays|looks|seems|may be|"
    r"sounds)\b[^.;:\d]{2,40}?[,:]\s+"
    r"(?:(?:it|which|that|this)(?:[\u2019']s|\s+is|\s+was)\s+)?"
    r"(?:(?:even|slightly|somewhat|much|far|still|also|just|a bit|well|clearly)\s+)*",
    re.IGNORECASE,
)
#: Words of a comparison that judge a device, and no value.
_JUDGING = ("better", "superior", "inferior", "behind", "beats", "beating", "trails", "ahead of")
_THAT_IS = re.compile(
    r"\s*(?:That|This|Which)(?:[\u2019']s|\s+is|\s+was)\s+(?:(?:even|slightly|somewhat|much|far|still|"
    r"also|actually|a bit|well|just)\s+)*",
    re.IGNORECASE,
)
_WITH = re.compile(r"\b(?:mit|with|avec|con|at)\s+(?:its\s+)?$", re.IGNORECASE)
#: Words of power beside "more" and "less".
_DRAWS = re.compile(
    r"\b(?:draws?|drew|drawing|consumed|consumes?|uses|needs|pulls|burns|guzzles|sips|eats|takes|zieht|"
    r"verbraucht|schluckt|consomme)\s+"
    r"(?:(?:slightly|somewhat|a bit|much|far|even|significantly|considerably|noticeably|deutlich|etwas|"
    r"noch)\s+)*$",
    re.IGNORECASE,
)
_POWER = re.compile(
    r"\s*(?:\b(?:power|energy|electricity|juice|strom)\b\s*)?"
    r"(?=than\b(?!\s+(?:half|twice|double|an?\s+(?:third|quarter|fifth|tenth)|\d))|als\b|que\b|[.,;)]|$)",
    re.IGNORECASE,
)
#: What must stand between a word without a noun and what it is set against.
#: "Its die is larger".
_DIE = re.compile(
    r"\b(?:die|chip)\s+(?:is|was)\s+(?:(?:also|even|still|slightly|somewhat|a bit|a little|much|"
    r"far)\s+){0,2}$",
    re.IGNORECASE,
)
#: Attributes of which "better" and "faster" say that there is more.
_FAST = ("bandwidth", "clock_boost", "clock_base", "memory_data_rate", "nvlink")
#: What a memory does by its bandwidth: "moves data faster", "is slower at reading memory"; what is its size.
_IDIOM = re.compile(
    r"\b(?:mov(?:es?|ing) (?:its )?data|feed(?:s|ing)? its (?:cores|compute units|tensor cores)|"
    r"(?:reads?|reading|stream(?:s|ing)?|access(?:es|ing)?) (?:from )?(?:its |the )?(?:memory|vram|"
    r"weights))\b",
    re.IGNORECASE,
)
_AT = re.compile(r"\s+(?:than\s[^.;,]{2,30}\s+)?(?:at|when)\s", re.IGNORECASE)
_IN_CAPACITY = re.compile(r"\b(?:in|on|by) (?:sheer |raw |total |memory )?capacity\b", re.IGNORECASE)
_AND = re.compile(r",?\s+and\s+", re.IGNORECASE)
_REACH = 60
_OF_UNIT = {"bits": "memory_bus"}
_BY_WORDS = ("faster", "slower", "quicker", "schneller", "langsamer")


class Comparison(NamedTuple):
    """A comparison: its words, what it is in, which way it goes, and the value that it is of."""

    start: int
    end: int
    attribute: Attribute
    #: 1 for more, -1 for less, 0 for level.
    sign: int
    #: The value that stands before it and is set against the other's.
    value: Quantity | None
    #: Whether another side must be named behind it.
    bound: bool


def comparisons(
    text: str, sentence: Sentence, here: Sequence[Mention], fraction: str
) -> Iterator[Comparison]:
    """Every comparison of a sentence of which it is certain what it is in."""
    reader = _Reader(text, sentence, here, fraction)
    for match in WORDS.finditer(text, sentence.start, sentence.end):
        found = reader.read(match)
        if found is not None:
            yield found
            yield from reader.joined(found)


class _Reader:
    def __init__(self, text: str, sentence: Sentence, here: Sequence[Mention], fraction: str) -> None:
        self._text, self._sentence, self._here = text, sentence, here
        every = within(named(text), sentence.start, sentence.end)
        self._named = [each for each in every if each.end <= sentence.end
                       and not any(one.start <= each.start < one.end for one in here)]  # fmt: skip
        self._values = within(quantities(text, fraction), sentence.start, sentence.end)
        earlier = [one for one in sentences(text) if one.end <= sentence.start]
        self._told = within(quantities(text, fraction), earlier[-1].start, sentence.start) if earlier else ()

    def read(self, match: re.Match[str]) -> Comparison | None:
        """The comparison that a word makes; None where what it is in is not certain."""
        if match[0] == "TOPS":
            return None
        sign = 1 if match["more"] or match["above"] or match["thirst"] else 0 if match["level"] else -1
        noun = None if match["above"] or match["below"] else self._noun(match)
        if noun is not None:
            return Comparison(match.start(), noun.end, noun.attribute, sign, None, False)
        end = self._of_power(match)
        if end:
            return Comparison(match.start(), end, attributes()["power"], sign, None, False)
        if not (match["above"] or match["below"]) and _MORE_NOUN.match(self._text, match.end()):
            return None
        value = self._value(match)
        what = self._of_value(value, match) if value else self._without_noun(match)
        return what and Comparison(*match.span(), what, sign, value, True)

    def joined(self, first: Comparison) -> Iterator[Comparison]:
        """What else a comparison is in: "higher VRAM capacity and memory bandwidth"."""
        after = [each for each in self._named if each.start >= first.end] if not first.bound else []
        if after and _AND.fullmatch(self._text, first.end, after[0].start):
            noun = after[0]
            if not _OF_IT.match(self._text, noun.end):
                yield first._replace(start=noun.start, end=noun.end, attribute=noun.attribute)

    def _of_power(self, match: re.Match[str]) -> int:
        """Where a comparison of power ends: "hungrier", "draws more"; 0 where it is none."""
        if match["thirst"] or match["frugal"]:
            return match.end()
        drawn = (match["more"] or match["less"]) and _DRAWS.search(
            self._text, self._sentence.start, match.start()
        )
        power = _POWER.match(self._text, match.end()) if drawn else None
        return power.end() if power else 0

    def _without_noun(self, match: re.Match[str]) -> Attribute | None:
        """What a comparison beside no name is in: what stands behind "in", before "is", or a value behind."""
        word = match[0].lower()
        die = word in ("larger", "bigger", "smaller") and _DIE.search(
            self._text, self._sentence.start, match.start()
        )
        if die:
            return attributes()["die_area"]
        idiom = _IDIOM.search(self._text, self._sentence.start, self._sentence.end)
        if (
            idiom
            and word in _BY_WORDS
            and (_AT.match(self._text, match.end()) or idiom.end() <= match.start())
        ):
            return attributes()["bandwidth"]
        if _IN_CAPACITY.search(self._text, match.end(), self._sentence.end):
            return attributes()["memory"]
        what = self._in(match) or self._first(match) or self._subject(match) or self._behind(match)
        if what is not None and what.key == "memory" and word in _BY_WORDS:
            # "Its memory is faster": of its bandwidth.
            return attributes()["bandwidth"]
        if what is not None and what.dimension in RATES and in_precision(self._text, self._sentence):
            return what
        return None if what is None or (word in _BY_WORDS and what.key not in _FAST) else what

    def _first(self, match: re.Match[str]) -> Attribute | None:
        """What a sentence begins with: "In FP64, the H200 is slower than the A100"."""
        first = next(iter(self._named), None)
        begins = first and _FIRST_IN.fullmatch(self._text, self._sentence.start, first.start)
        apart = first and re.search(r"[;:]|,.*,", self._text[first.end : match.start()])
        return first.attribute if first and begins and not apart and len(self._named) == 1 else None

    def _noun(self, match: re.Match[str]) -> Named | None:
        """The attribute that is named right behind the word."""
        gap = _BETWEEN.match(self._text, match.end())
        last = gap.end() if gap else -1
        # "The same number of CUDA cores": the number belongs to the name, or stands before it.
        near = [each for each in self._named if match.end() < each.start <= last]
        found = next((each for each in near if _BETWEEN.fullmatch(self._text, match.end(), each.start)), None)
        if found is None or _OF_IT.match(self._text, found.end):
            return None
        word, key = match[0].lower(), found.attribute.key
        if word in _BY_WORDS and key not in _FAST:
            return None
        return None if word in ("better", "superior", "inferior") and key == "power" else found

    def _value(self, match: re.Match[str]) -> Quantity | None:
        """The value right before a word that has no noun of its own."""
        before = [
            each
            for each in self._values
            if each.end <= match.start() and each.dimension in (*BY_UNIT, *RATES, "bits")
        ]
        if not before and _THAT_IS.fullmatch(self._text, self._sentence.start, match.start()):
            # "It consumes 350 W. This is less than": of the one value of the sentence before.
            told = [each for each in self._told if each.dimension in (*BY_UNIT, *RATES)]
            return told[0] if len(told) == 1 and told[0].high == told[0].value else None
        if not before or before[-1].high != before[-1].value or match.start() - before[-1].end > _REACH:
            return None
        own = before[-1]
        gap = self._text[own.end : match.start()]
        if any(own.end <= each.start < match.start() for each in self._here):
            return None
        with_it = _WITH.search(self._text, max(0, own.start - 12), own.start) and not gap.strip()
        verb = _VERBS.match(match[0]) and not gap.strip()
        resumed = match[0].lower() not in _JUDGING and _RESUMED.fullmatch(gap)
        return own if with_it or verb or resumed or _GAP.fullmatch(gap) else None

    def _of_value(self, value: Quantity, match: re.Match[str]) -> Attribute | None:
        """What a value is of: what is named beside it, else the one thing that its unit means of a device."""
        if value.dimension in RATES:
            keys = {
                each.attribute.key: each.attribute
                for each in self._named
                if each.attribute.dimension in RATES
            }
            return next(iter(keys.values())) if len(keys) == 1 else None
        word = match[0].lower()
        if word in _BY_WORDS and value.dimension != "bandwidth":
            return None
        near = [each for each in self._named
                if each.attribute.dimension == value.dimension
                and abs(each.start - value.end) < 2 * _REACH]  # fmt: skip
        keys = {each.attribute.key: each.attribute for each in near}
        if len(keys) > 1:
            return None
        return (
            next(iter(keys.values()))
            if keys
            else attributes()[_OF_UNIT.get(value.dimension, value.dimension)]
        )

    def _in(self, match: re.Match[str]) -> Attribute | None:
        """What follows "in": "ahead in bandwidth", "trails the A100 in memory"."""
        for each in self._named:
            if match.end() <= each.start <= match.end() + 2 * _REACH:
                words = self._text[match.end() : each.start]
                if _IN.search(words) and not re.search(r"[,;:]", words):
                    # "In memory-bound workloads" is in no size.
                    return None if _OF_IT.match(self._text, each.end) else each.attribute
        return None

    def _behind(self, match: re.Match[str]) -> Attribute | None:
        """What the value behind the other side is of: "has more than the H100 as well: 3.2 TB/s"."""
        others = [each for each in self._here if each.start >= match.end()]
        after = [each for each in self._values if others and each.start >= others[0].end]
        told = after and re.fullmatch(
            r"(?:\s+(?:as well|too))?\s*[:(]\s*(?:at |with )?", self._text[others[0].end : after[0].start]
        )
        return attributes()[after[0].dimension] if told and after[0].dimension in BY_UNIT else None

    def _subject(self, match: re.Match[str]) -> Attribute | None:
        """What the clause is about: "its bandwidth is higher", "the TDP of the card exceeds"."""
        before = [
            each
            for each in self._named
            if each.end <= match.start() and match.start() - each.end < 2 * _REACH
        ]
        if not before:
            return None
        gap = self._text[before[-1].end : match.start()]
        if _COSTS.search(gap):
            return None
        verb = _VERBS.match(match[0])
        ties = _IS.fullmatch(gap) or _GAP.fullmatch(gap) or (verb and re.fullmatch(r"[^.;,]{0,30}\s+", gap))
        return before[-1].attribute if ties else None


#: "Has twice the memory and costs more": of another attribute than what is named before.
_COSTS = re.compile(r"\b(?:and|but|or)\s+(?:\w+\s+)?(?:costs?|sells|is priced|runs?)\b", re.IGNORECASE)
#: Words of a comparison that say by themselves what a value does: "its 960 GB/s equal those of the 5080".
_VERBS = re.compile(
    r"exceed|surpass|beat|top|outdo|outstrip|trump|trail|lags|falls|equal|match", re.IGNORECASE
)
#: A noun behind the word, which is none of a device's attributes: "more expensive", "better support".
_MORE_NOUN = re.compile(
    r"\s+(?!(?:power|energy|electricity|strom|leistung|energie|courant|speicher|vram|memory)\s+(?:than|"
    r"als|que)\b|than\b|als\b|que\b|in\b|as\b|with\b|to\b|[Tt]he\b|what\b|that\b|of\b|and\b|at\b)[a-z]",
    re.IGNORECASE,
)

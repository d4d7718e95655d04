"""What several have by what one was told to have, what two differ by, and what is left of one.

"A node of eight H100 SXM comes to $30.24 an hour" after a list of rents, "two A6000 came to 9,298 dollars",
"650 each, so 1,300 for the pair", "50 dollars less than the X cost", "70 GB of weights leave 71 GB on an
H200", "the limits of all three add up to 935 W": wrong where nothing that is known of one makes it.
"""

from __future__ import annotations

import itertools
from itertools import pairwise  # noqa: F401
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.told_ratios import is_of_name
from whichgpu.audit.counting import counted
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.store import of_catalogue, store
from whichgpu.audit.quantities import SPELLED, quantities
from whichgpu.audit.sentences import Sentence, sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Amount
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.subjects import Mention

_MEASURE = {"money": "price", "power": "power", "memory": "memory", "bandwidth": "bandwidth"}
#: From so many of a device to what they have.
_HAVE = re.compile(
    r"s?(?:\s+(?:systems?|nodes?|cards|gpus|modules|boards|together|at (?:their|the) limit|"
    r"at full (?:load|tilt)|then|now|alone|"
    r"would|already|in (?:a|one) (?:box|node|server)|side by side|joined|"
    r"bridged))*,?\s*(?:which together |together |between them |combined )?"
    r"(?:(?:come|came|comes|add up|adds up|amounts?) to|costs?|draws?|drew|pulls?|has|have|had|offers?|"
    r"offer|holds?|gives?(?: you)?|makes?|is|are|total|"
    r"takes?|needs?|(?:would )?ask for|(?:are|is) (?:rated|specified|listed) (?:at|for)|=|:|"
    r"that(?:[\u2019']?s| is| makes)|bring|pool|thats)\s*(?:together |a total of |up to |"
    r"about |around |roughly |some |a combined |just |only )*$",
    re.IGNORECASE,
)
_ELSE = re.compile(
    r"\b(?:each|apiece|per (?:gpu|card|device|chip)|spot|reserv\w+|commit\w*|discount\w*|if(?! you go)|"
    r"instead|sav\w+|left|free|idle|"
    r"capped|limited|measured|averag\w+|more|less|fewer|plus|extra|another|wall|used|cpus?|host|"
    r"weights?|models?|needs?|cache|parameters|"
    r"usable|effective|sustain\w*|reach\w*|not|never|could|might|pcie|l2|system memory|ram|server|rig|"
    r"box|deposit|electricity)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: Before several of a device, what makes their amount one under other terms.
_LEADS = re.compile(
    r"\b(?:each|per|spot|reserv\w+|commit\w*|discount\w*|if(?! you (?:go|own|have|run))|"
    r"instead|not|never|could|might|"
    r"used|more|less|than|without|"
    r"server|rig)\b",
    re.IGNORECASE,
)
_MACHINE = re.compile(r"\b(?:systems?|servers?|node|machine|dgx|hgx|chassis|rack|pods?)\b", re.IGNORECASE)
_PERIODS = (1.0, 24.0, 168.0, 672.0, 696.0, 720.0, 730.0, 744.0, 8760.0, 12.0, 30.0, 365.0)
_NEAR, _FAR = 0.03, 20.0
_WORDS = {**SPELLED, "both": 2, "pair": 2, "one": 1, "eleven": 11, "fifteen": 15}


def find(context: Context) -> Iterator[Finding]:
    """Every such amount that nothing known makes."""
    done = [(each.start, each.end) for each in context.memo["found"] if each.verdict == "confirmed"]
    for index, passage in context.document.running():
        every = [
            each for each in quantities(passage.text, context.fraction)
            if each.value > 0 and not is_of_name(index, each.start, context)
        ]  # fmt: skip
        known = sentences(passage.text) if every else ()
        for at, sentence in enumerate(known):
            here = within(every, sentence.start, sentence.end)
            before = within(every, known[at - 1].start, sentence.start) if at else ()
            found = [
                *_several(index, passage, sentence, here, context),
                *_for_the_pair(passage, here, context),
                *_of_a_noun(passage, (known[at - 1] if at else None, sentence), before, here, context),
                *_apart(index, passage, sentence, here, context),
                *_left(index, passage, sentence, (before, here), context),
                *_summed(passage, sentence, here, context),
                *_in_days(passage, (known[at - 1] if at else None, sentence), context),
            ]
            for each in found:
                if not any(a < each.end and each.start < b for a, b in done):
                    yield each


def known_of(mention: Mention, dimension: str, context: Context) -> list[Amount]:
    """What the document's series and the catalogue have of a device, of one kind."""
    measure = _MEASURE[dimension]
    own = [each for each in (*store(context), *of_catalogue(context)) if each.measure == measure]
    return [
        one for each in own for one in each.amounts
        if one.ids & {*mention.ids, *mention.named} and (not each.derived or one.number > 1)
    ]  # fmt: skip


def _several(
    index: int, passage: Passage, sentence: Sentence, here: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    text = passage.text
    spoken = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    for at, mention in enumerate(spoken):
        many = _how_many(text, sentence.start, mention.start)
        after = [each for each in here if each.start >= mention.end]
        until = spoken[at + 1].start if at + 1 < len(spoken) else sentence.end
        if many < 2 or not after or after[0].start > until or after[0].high != after[0].value:
            continue
        one = _as_money(after[0], text)
        if one.dimension not in _MEASURE or not _HAVE.fullmatch(text, mention.end, one.start):
            continue
        stop = _SINCE.search(text, one.end, min(sentence.end, one.end + 30))
        said = text[mention.end : stop.start() if stop else min(sentence.end, one.end + 30)]
        # Watts are needed by the cards themselves.
        if _ELSE.search(_NEED.sub(" ", said, count=1) if one.dimension == "power" else said) or _LEADS.search(
            text, max(sentence.start, mention.start - 40), mention.start
        ):
            continue
        machine = _MACHINE.search(text, max(sentence.start, mention.start - 24), one.start) is not None
        values = known_of(mention, one.dimension, context)
        if one.dimension == "money" and not _AT_LAUNCH.search(sentence.text):
            # What they cost today is not what they did at launch.
            values = [each for each in values if each.words]
            if _WITH.match(text, one.end):
                continue
        if not values or (one.dimension == "power" and machine):
            continue
        numbers = [
            each.value
            for each in here
            if each is not after[0] and each.dimension in ("number", "time", "count")
        ]
        periods = _PERIODS if one.dimension == "money" else (1.0,)
        ways = [
            each.value * n * period * more
            for each in values for n in (many, many / each.number, 1.0) for period in periods for more in (1.0, *numbers)  # noqa: E501
        ]  # fmt: skip
        if any(abs(way / one.value - 1) <= _NEAR + _slack(each.words) for way in ways for each in values[:1]):
            continue
        best = values[0].value * many / values[0].number
        if 1 / _FAR < best / one.value < _FAR:
            yield _finding(
                passage,
                one,
                f"{many:g} x {values[0].words or context_words(values[0])} is {_shown(best, one)}",
                context,
            )


#: "The bridge between two A6000s has", "runs on two 3090s: 14 GB on the first": another subject's.
_OF_WHAT_LIES_THERE = re.compile(
    r"\b(?:between|on|across|over|in|into|onto)\s+(?:our |my |the |these |"
    r"those )?(?:\w+|\d+)(?:\s?[x\u00d7])?\s+"
    r"(?:used |old |new |of the |such )*(?:nvidia |amd |geforce )*$",
    re.IGNORECASE,
)


def _how_many(text: str, start: int, end: int) -> float:
    """How many of a device a sentence speaks of as its subject; 1 where they are only where something is."""
    return 1.0 if _OF_WHAT_LIES_THERE.search(text, start, end) else counted(text, start, end)


_NEED = re.compile(r"\bneeds?\b", re.IGNORECASE)
#: What gives the reason for an amount.
_SINCE = re.compile(r",\s+(?:since|because|as|i\.e\.|that is)\b", re.IGNORECASE)
_AT_LAUNCH = re.compile(r"\b(?:launch\w*|msrp|rrp|list|recommended|retail|original\w*)\b", re.IGNORECASE)
_WITH = re.compile(r"\s+(?:with|including|incl\.|plus|before|after|without)\s", re.IGNORECASE)


def context_words(one: Amount) -> str:
    """An amount on file, in words."""
    return f"{one.value:g} ({one.name})"


def _shown(value: float, one: Quantity) -> str:
    scale = 1e9 if one.dimension in ("memory", "bandwidth") else 1.0
    return f"{value / scale:,.6g}"


def _slack(words: str) -> float:
    digits = re.search(r"\d[\d,]*(?:\.(\d+))?", words)
    if not digits or not digits[1]:
        return 0.0
    value = float(digits[0].replace(",", "")) or 1.0
    return float(min(0.5 / 10 ** len(digits[1]) / value, 0.05))


_DOLLARS = re.compile(r"\s+(?:dollars|euros|bucks)\b", re.IGNORECASE)


def _as_money(one: Quantity, text: str) -> Quantity:
    bare = one.dimension == "number" and _DOLLARS.match(text, one.end)
    return one._replace(dimension="money") if bare else one


#: "650 EUR each in september, so 1,300 for the pair".
_EACH = re.compile(
    r"(?: (?:dollars|euros|bucks))?\s+(?:each|apiece|a piece)\b[^.;$\u20ac\d]{0,40}$", re.IGNORECASE
)
_FOR_ALL = re.compile(
    r"(?: (?:dollars|euros|bucks))?\s+(?:for|in all for|together for) (?:the |all )?(?P<n>pair|both|two|"
    r"three|four|five|six|seven|eight|"
    r"nine|ten|twelve|sixteen)\b",
    re.IGNORECASE,
)


#: Between what each is and what several are, another thing that these are of.
_OF_ANOTHER = re.compile(
    r"\b(?:the|an?|our|my|another)\s+(?!(?:total|pair|lot|set|whole|sum|bill|price|cost|machine|box)\b)(?:[\w-]+\s+){0,2}?"
    r"(?:costs?|cost|was|were|is|are|would|draws?|has|have|comes?|came|goes)\b",
    re.IGNORECASE,
)


def _for_the_pair(passage: Passage, here: Sequence[Quantity], context: Context) -> Iterator[Finding]:
    for one, other in itertools.pairwise(here):
        behind = _FOR_ALL.match(passage.text, other.end)
        alike = one.dimension == other.dimension or "number" in (one.dimension, other.dimension)
        if behind and alike and _EACH.match(passage.text[one.end : other.start]):
            many = _WORDS[behind["n"].lower()]
            if _WITH.match(passage.text, behind.end()) or _OF_ANOTHER.search(
                passage.text, one.end, other.start
            ):
                # "0.6 kW for two with the host"; "24,000 each, the SXM node is 310,000 for eight".
                continue
            if abs(one.value * many / other.value - 1) > _NEAR and "percent" not in (
                one.dimension,
                other.dimension,
            ):
                yield _finding(passage, other, f"{many} x {one.value:g} is {one.value * many:g}", context)


#: "Each eight-way system is rated at 10.2 kW. Four systems draw up to 40.8 kW", "one 24 gig card .. two = 48".  # noqa: E501
_ONE_NOUN = re.compile(
    r"\b(?:each|every|one|a single|an?)\s+(?:[\w-]+\s+){0,4}?(?P<noun>system|server|node|machine|pod|"
    r"box|rack|card|gpu|board|instance)\b",
    re.I,
)
_MANY_NOUNS = re.compile(
    r"^\W*(?:(?:and|so|but)\s+)?(?P<n>two|three|four|five|six|eight|ten|twelve|sixteen|"
    r"\d{1,3})(?:\s+(?:such\s+|of (?:them|these|those)\s*)?"
    r"(?P<noun>systems|servers|nodes|machines|pods|boxes|racks|cards|gpus|boards|instances)?)?\s*(?:=|"
    r"draw|cost|come to|have|make|take|pull|"
    r"hold|need|are|give(?: you)?)\s*(?:up to |about |together |around |roughly |a total of )*$",
    re.IGNORECASE,
)


def _of_a_noun(
    passage: Passage, both: tuple[Sentence | None, Sentence], before: Sequence[Quantity], here: Sequence[Quantity],  # noqa: E501
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    last, sentence = both
    if last is None or not here or not before:
        return
    one = here[0]
    many = _MANY_NOUNS.match(passage.text[sentence.start : one.start])
    if one.dimension == "number" and len(here) > 1:
        # "Two = 48 gigs": the number that is spelled in digits is the count.
        one = here[1]
        many = _MANY_NOUNS.match(passage.text[sentence.start : one.start])
    said = _ONE_NOUN.search(passage.text, last.start, last.end)
    alike = [each for each in before if each.dimension == one.dimension]
    if (
        not many
        or not said
        or (len(alike) != 1 and not (alike and _IS_RATED.search(last.text)))
        or one.dimension not in _MEASURE
    ):
        return
    if many["noun"] and many["noun"].lower().rstrip("es") not in (
        said["noun"].lower(),
        said["noun"].lower().rstrip("e"),
    ):
        return
    number = _WORDS.get(many["n"].lower()) or float(many["n"])
    ways = [each.value * number for each in alike]
    if all(abs(way / one.value - 1) > _NEAR for way in ways) and not _ELSE.search(
        passage.text, sentence.start, one.end
    ):
        yield _finding(
            passage,
            one,
            f"{number:g} x {passage.text[alike[0].start : alike[0].end]} is {_shown(ways[0], one)}",
            context,
        )


_IS_RATED = re.compile(r"\b(?:rated|costs?|draws?|has|holds)\b", re.IGNORECASE)

#: "For $749, 50 dollars less than the 4070 Ti SUPER cost when it came out".
_DIFFERS = re.compile(
    r"(?:\s+(?:dollars|euros|bucks))?\s+(?P<way>less|more|cheaper|dearer|above|below|under|over|fewer|"
    r"lower|higher)(?:\s+than)?\s+"
    r"(?:what\s+)?(?:the |its |an? )?(?:nvidia |amd |old |older )?$",
    re.IGNORECASE,
)


def _apart(
    index: int, passage: Passage, sentence: Sentence, here: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    text = passage.text
    spoken = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    for one in (_as_money(each, text) for each in here):
        behind = [each for each in spoken if each.start >= one.end]
        said = _DIFFERS.fullmatch(text, one.end, behind[0].start) if behind else None
        if one.dimension not in _MEASURE or said is None:
            continue
        others = known_of(behind[0], one.dimension, context)
        told = [_as_money(each, text) for each in here]
        own = [each.value for each in told if each.dimension == one.dimension and each.start < one.start]
        if not own or not others or _ELSE_THAN.search(text, sentence.start, sentence.end):
            continue
        sign = 1 if _LESS.fullmatch(said["way"]) else -1
        ways = [sign * (each.value - value) for each in others for value in own]
        if all(abs(way - one.value) > max(0.06 * one.value, 0.011) for way in ways):
            yield _finding(
                passage, one, f"by what is known they differ by {_shown(abs(ways[0]), one)}", context
            )


_LESS = re.compile(r"less|cheaper|below|under|fewer|lower", re.IGNORECASE)
_ELSE_THAN = re.compile(
    r"\b(?:per|an hour|a month|used|today|now|street|about|around|nearly|each|if|would|could|idle|"
    r"under load)\b",
    re.I,
)

#: "70 GB of weights go into an H200 and leave about 70 GB".
_LEAVES = re.compile(
    r"\b(?:leav\w+|left|remain\w*|spare|free)\b(?:\s+(?:you|us|only|just|about|some|around|roughly|"
    r"nearly|almost|another|over|with)){0,3}\s+$|"
    r"\b(?:with|and)\s+(?:only |just |about |some |roughly )?$",
    re.IGNORECASE,
)
_ARE_LEFT = re.compile(
    r"\s+(?:(?:of (?:memory|vram|it)\s+)?(?:is|are|remain\w*|stay)?\s*(?:left|free|to spare|remain\w*|"
    r"over)\b)",
    re.IGNORECASE,
)


def _left(
    index: int,
    passage: Passage,
    sentence: Sentence,
    both: tuple[Sequence[Quantity], Sequence[Quantity]],
    context: Context,
) -> Iterator[Finding]:
    text, (_, here) = passage.text, both
    spoken = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    sizes = [each for each in here if each.dimension == "memory"]
    if len({each.named for each in spoken}) != 1 or len(sizes) != 2:
        return
    if counted(text, sentence.start, spoken[0].start) > 1:
        return
    for one, other in (sizes, sizes[::-1]):
        said = _LEAVES.search(text, max(sentence.start, other.start - 40), other.start)
        plain = said and not said[0].lower().startswith(("with", "and"))
        if _INSTEAD.search(text, other.end, max(other.end, one.start)):
            # "The 5090 leaves 12 GB instead of 4 GB": what another one leaves.
            continue
        if not plain and not _ARE_LEFT.match(text, other.end):
            continue
        whole = {each.value for each in known_of(spoken[0], "memory", context)}
        if not whole or any(
            abs(value / one.value - 1) < _NEAR or abs(value / other.value - 1) < _NEAR for value in whole
        ):
            return
        rest = [value - one.value for value in whole]
        if all(
            way > 0
            and not (other.limit == "over" and other.value <= way)
            and abs(way - other.value) > max(0.12 * way, 0.03 * value)
            for way, value in zip(rest, whole, strict=True)
        ):
            yield _finding(
                passage,
                other,
                f"of {_shown(max(whole), other)} GB less {_shown(one.value, one)} GB there are {_shown(rest[0], one)} GB left",  # noqa: E501
                context,
            )
        return


_INSTEAD = re.compile(
    r"\b(?:instead of|rather than|against|versus|vs\.?|compared (?:to|with)|not|than)\b", re.IGNORECASE
)
#: "The limits of all three boards add up to 935 W".
_ADDS_UP = re.compile(
    r"\b(?:add(?:s|ed)? up to|sum(?:s|med)? (?:up )?to|total(?:s|led)?|together (?:come|came|draw|cost|"
    r"have|make)s?(?: to)?)\s+(?:about |roughly |exactly |just )*$",
    re.I,
)
_TOGETHER = re.compile(
    r"^\W*(?:together|in all|all told|in total|combined)\b[^.;]{0,12}\b(?:two|three|four|five|six|seven|"
    r"both|all of them)\b[^.;\d]{0,24}"
    r"(?:draw|cost|have|need|take|come to|pull|hold)\s+(?:about |roughly |some |up to )?$",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"\b(?:all (?:of )?(?:the )?(?P<n>two|three|four|five|six|seven)|the (?P<m>two|three|four|five|six|"
    r"seven)|both|all of them)\b",
    re.IGNORECASE,
)


def _summed(
    passage: Passage, sentence: Sentence, here: Sequence[Quantity], context: Context
) -> Iterator[Finding]:
    text = passage.text
    for one in here:
        lead = text[sentence.start : one.start]
        if one.dimension not in _MEASURE or not (_ADDS_UP.search(lead) or _TOGETHER.search(lead)):
            continue
        which = _ALL.search(text, sentence.start, one.start)
        if not which:
            continue
        word = (which["n"] or which["m"] or ("two" if which[0].lower() == "both" else "")).lower()
        size = _WORDS.get(word, 0)
        own = [
            each
            for each in store(context)
            if each.measure == _MEASURE[one.dimension]
            and not each.derived
            and each.dimension == one.dimension
        ]
        told = [each for each in own if not size or len(each.amounts) == size]
        sums = [sum(value.value for value in each.amounts) for each in told]
        if sums and all(abs(way / one.value - 1) > _NEAR for way in sums):
            yield _finding(
                passage,
                one,
                f"{' + '.join(value.words for value in told[0].amounts)} is {_shown(sums[0], one)}",
                context,
            )


_HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0, "week": 168.0}
_LASTS = re.compile(
    r"(?<![\w.,$\u20ac])(?P<n>\d{1,3}(?:,\d{3})+|\d{1,6}(?:\.\d{1,2})?) (?P<of>minute|hour|day|"
    r"week)s\b(?! (?:a|per) )",
    re.IGNORECASE,
)
_THAT_IS = re.compile(
    r"\s*(?:That[\u2019']?s|That is|Which is|This is|That makes|Or|In other words,?)\s+(?:about |"
    r"roughly |almost |nearly |just under |just over |some )*$",
    re.IGNORECASE,
)
_ROUND_THE_CLOCK = re.compile(
    r"\s*(?:around the clock|of (?:continuous|constant|non-?stop) \w+|straight|non-?stop|in all|[.!,;]|$)",
    re.IGNORECASE,
)


def _in_days(passage: Passage, both: tuple[Sentence | None, Sentence], context: Context) -> Iterator[Finding]:
    """A stretch of time told again in other units: "after 3,500 hours. That's 146 days around the clock"."""
    last, sentence = both
    said = _LASTS.search(passage.text, sentence.start, sentence.end)
    before = list(_LASTS.finditer(passage.text, last.start, last.end)) if last else []
    if not said or len(before) != 1 or not _THAT_IS.fullmatch(passage.text, sentence.start, said.start()):
        return
    if before[0]["of"].lower() == said["of"].lower() or not _ROUND_THE_CLOCK.match(passage.text, said.end()):
        return
    one, other = (
        float(each["n"].replace(",", "")) * _HOURS[each["of"].lower()] for each in (before[0], said)
    )
    if abs(one - other) > 0.08 * other > 0:
        because = f"{before[0][0]} are {one / _HOURS[said['of'].lower()]:.4g} {said['of'].lower()}s"
        yield made(
            context, passage, said.span(), "arithmetic", "inconsistent", attribute="told before", because=because,  # noqa: E501
            evidence=(Evidence(because),),
        )  # fmt: skip


def _finding(passage: Passage, one: Quantity, because: str, context: Context) -> Finding:
    return made(
        context, passage, (one.start, one.end), "arithmetic", "inconsistent", attribute="told before",
        because=because, evidence=(Evidence(because),),
    )  # fmt: skip

"""Results that sentences tell with all that they follow from: "four nodes of eight each, 32 in all".

What each is worked out from stands at its places in a form of words; wrong is a result that the figures there
do not give. Two sentences are read as one, since the result often has one of its own. More forms are data
(`forms.py`).
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.forms import told_otherwise
from whichgpu.audit.clauses.marked import ABOUT, OFF, marked
from whichgpu.audit.text.sentences import Sentence, has_digit, sentences
from whichgpu.units import DAY, HOUR, MINUTE, MONTH, WEEK, YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.clauses.marked import Marked
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

_WORD, _ANY = r"[^\s<>;:?!]+", r"[^<>;?!]"
_EACH = r"(?:each|apiece|a piece|per (?:card|gpu|node|server|board|module|unit|device))"
_ALL = r"(?:in all|in total|altogether|all told|all in all|overall|combined|together|total)"
#: From what a result follows from to the result, with a word that says so, and without one.
_LINK = (
    r"(?:so|thus|hence|that is|which is|i\.e\.,?|makes?|making|which makes|gives?|giving|(?:for |or |"
    r"with )?a total of|"
    r"comes? to|adds up to|totals?|totall?ing|yields?|results in|you get|we get|in other words|together|"
    r"altogether|in total|"
    r"in all|equals?|you have|we have|that[\u2019']s|it is|it[\u2019']s|is|are|takes?|needs?|lasts?|costs?|"
    r"draws?|hold|has|"
    r"have|=|they|it)"
)
_LINKED = rf"(?:[,;:.(\u2013\u2014-]|\s)*\s(?:and\s)?{_LINK}[\s,:]+(?:{_LINK}[\s,:]+){{0,3}}"
_SO = rf"(?:[,;:.(=\u2013\u2014-]|\s)*\s?(?:{_LINK}[\s,:]+){{0,4}}"
_TIME = r"(?:an?|per|every|each|/)\s?"
_PERIODS = {"second": 1.0, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK,
            "month": MONTH, "year": YEAR}  # fmt: skip
_PERIOD = "|".join(_PERIODS)
#: The least and the most that a period has of another: months have 28 to 31 days, and some count 30.
_SLACK = {"month": 0.085, "year": 0.02}
_BITS = 8.0


class _Form:
    """A form of words, the marks of what a result follows from, and what they then make."""

    def __init__(
        self,
        pattern: str,
        marks: str,
        right: Callable[..., float],
        off: float = OFF,
        *,
        product: bool = False,
    ) -> None:
        self.pattern = re.compile(pattern, re.IGNORECASE)
        self.marks = tuple(marks.split())
        self.right = right
        self.off = off
        self.product = product


_FORMS = (
    # "Twelve nodes with four GPUs each, 48 GPUs in all", "five stacks of 16 GB make up the 80 GB".
    _Form(
        rf"<(?P<a>[cx]\d+)>\s(?:{_WORD}\s){{1,3}}?(?:with|of|holds?|holding|have|has|having|carr(?:y|ies)|"
        rf"at)\s{ABOUT}"
        rf"<(?P<b>[cbdwmgt]\d+)>(?:\s{_WORD}){{0,4}}?\s{_EACH}{_LINKED}{ABOUT}<(?P<r>[cbdwmgt]\d+)>",
        "a b",
        lambda a, b: a * b,
        product=True,
    ),
    _Form(
        rf"<(?P<a>[cx]\d+)>\s(?:{_WORD}\s){{1,3}}?(?:with|of|holds?|holding|have|has|having|carr(?:y|ies)|"
        rf"at)\s{ABOUT}"
        rf"<(?P<b>[cbdwgt]\d+)>(?:\s{_WORD}){{0,4}}?{_SO}{ABOUT}<(?P<r>[cbdwgt]\d+)>(?:\s{_WORD}){{0,2}}?\s{_ALL}\b",
        "a b",
        lambda a, b: a * b,
        product=True,
    ),
    _Form(
        rf"<(?P<a>[cx]\d+)>\s(?:{_WORD}\s){{1,2}}?of\s<(?P<b>[bdwg]\d+)>\s(?:make|"
        rf"add) up (?:to )?(?:the\s)?<(?P<r>[bdwg]\d+)>",
        "a b",
        lambda a, b: a * b,
        product=True,
    ),
    _Form(
        rf"<(?P<a>c\d+)>\s(?:{_WORD}\s){{1,3}}?(?:with|"
        rf"of)\s<(?P<b>c\d+)>(?:\s{_WORD}){{1,2}}?\s{_EACH},?\s(?:and\s)?"
        rf"(?:every|each)(?:\s{_WORD}){{1,3}}?\s(?:has|with|"
        rf"holds)\s<(?P<c>c\d+)>(?:\s{_WORD}){{1,3}}?{_SO}{ABOUT}<(?P<r>c\d+)>",
        "a b c",
        lambda a, b, c: a * b * c,
    ),
    # "With 96 GPUs in 12 nodes, every node holds eight".
    _Form(
        rf"<(?P<a>c\d+)>\s(?:{_WORD}\s){{1,3}}?(?:in|across|over|on|split into|"
        rf"spread over)\s<(?P<b>c\d+)>(?:\s{_WORD}){{1,2}}?,\s"
        rf"(?:so\s)?(?:every|each)\s{_WORD}\s(?:holds|has|gets|carries)\s{ABOUT}<(?P<r>c\d+)>",
        "a b",
        lambda a, b: a / b,
    ),
    # "12 kW. With a PUE of 1.5 the building must supply 18 kW".
    _Form(
        rf"<(?P<a>w\d+)>{_ANY}{{0,40}}?\bPUE of <(?P<b>[cx]\d+)>{_ANY}{{0,60}}?<(?P<r>w\d+)>",
        "a b",
        lambda a, b: a * b,
    ),
    # "A 384-bit bus at 19.5 Gbps, which gives 936 GB/s".
    _Form(
        rf"<(?P<a>[nc]\d+)>{_ANY}{{0,30}}?<(?P<b>g\d+)>{_ANY}{{0,24}}?\b(?:gives?|makes?|is|yields?|"
        rf"results in|comes to|means|"
        rf"reach\w*|for)\s{ABOUT}<(?P<r>d\d+)>",
        "a b",
        lambda a, b: a * b / _BITS,
    ),
    # "A batch of 32 at 160 ms per batch is 200 images a second".
    _Form(
        rf"\bbatch(?: size)?(?: of)? <(?P<a>c\d+)>{_ANY}{{0,24}}?<(?P<b>t\d+)> (?:per|a|each|for (?:a|each|"
        rf"the)) (?:batch|step|"
        rf"iteration){_ANY}{{0,30}}?<(?P<r>r\d+)>",
        "a b",
        lambda a, b: a / b,
    ),
    # "A request has 500 tokens, so at 2,000 tokens a second the server answers four requests a second".
    _Form(
        rf"\b(?:each|every|a|one) (?:request|answer|reply|response|"
        rf"chat)(?:\s{_WORD}){{1,3}}?\s{ABOUT}<(?P<a>c\d+)> "
        rf"(?:output )?tokens{_ANY}{{0,30}}?<(?P<b>r\d+)>{_ANY}{{0,40}}?\b(?:completes|serves|handles|"
        rf"answers|finishes|"
        rf"does)\s{ABOUT}<(?P<r>[cr]\d+)>\s(?:requests|answers|replies|responses|chats)",
        "a b",
        lambda a, b: b / a,
    ),
    # "Of the budget of $900,000 the nodes take $744,000. The rest, $156,000".
    _Form(
        rf"\b(?:of|from)\s(?:{_WORD}\s){{0,4}}?<(?P<a>[mbwe]\d+)>{_ANY}{{2,60}}?<(?P<b>[mbwe]\d+)>{_ANY}{{0,30}}?"
        rf"\bthe (?:rest|remainder|remaining|balance),?\s(?:of\s|is\s|are\s)?{ABOUT}<(?P<r>[mbwe]\d+)>",
        "a b",
        lambda a, b: a - b,
    ),
    # "$900 for 24 GB is $37.50 a gig", "eight of them at $120,000, about $15,000 each".
    _Form(
        rf"<(?P<a>m\d+)> for <(?P<b>b\d+)>{_SO}{ABOUT}<(?P<r>m\d+)>\s?(?:a|per|/|for each|for every|"
        rf"each)\s?(?:gig|GB|gigabyte)",
        "a b",
        lambda a, b: a / (b / 1e9),
        0.03,
    ),
    _Form(
        rf"\b(?:of|with)\s<(?P<b>c\d+)>(?:\s{_WORD}){{1,2}}?\s(?:at|for|"
        rf"costs?)\s{ABOUT}<(?P<a>m\d+)>,\s(?:or\s|so\s|that is\s|"
        rf"i\.e\.\s)?{ABOUT}<(?P<r>m\d+)>\s(?:each|apiece|per (?:card|gpu|accelerator))",
        "a b",
        lambda a, b: a / b,
        0.03,
    ),
    # "Two at 2,250 and a bridge at 220 add up to 4,720 dollars".
    _Form(
        rf"<(?P<a>[cx]\d+)>\s(?:{_WORD}\s){{1,4}}?(?:at|for)\s<(?P<b>[mc]\d+)>(?:\s(?:each|"
        rf"apiece))?,?\s(?:and|plus)\s(?:an?|one|the)\s"
        rf"(?:{_WORD}\s){{1,4}}?(?:at|for)\s<(?P<c>[mc]\d+)>,?\s(?:add up to|come to|make|are|is|total|"
        rf"cost)\s{ABOUT}<(?P<r>m\d+)>",
        "a b c",
        lambda a, b, c: a * b + c,
    ),
    # "A drop of 1,116 W, or 27 % of what they drew before", with what that was.
    _Form(
        rf"<(?P<b>[mwbe]\d+)>[^;?!]{{0,160}}?\b(?:a )?(?:drop|cut|reduction|saving|rise|increase|"
        rf"gain) of\s{ABOUT}<(?P<a>[mwbe]\d+)>,?\s"
        rf"(?:or|which is|that is)\s{ABOUT}<(?P<r>p\d+)>\s(?:of|less|more)\b",
        "a b",
        lambda a, b: a / b,
        0.04,
    ),
    # "3.6 seconds against 8.0 on the 3090, so it is 2.2 times as fast".
    _Form(
        rf"<(?P<a>[tr]\d+)>\s(?:against|versus|vs\.?|compared (?:with|to)|"
        rf"instead of)\s{ABOUT}<(?P<b>[trc]\d+)>(?:\s{_WORD}){{0,5}}?"
        rf",\s(?:and\s)?so\s(?:it|the\s(?:{_WORD}\s){{0,2}}?{_WORD})\sis\s{ABOUT}<(?P<r>x\d+)>\s(?:as fast|"
        rf"faster|as quick|quicker)\b",
        "a b",
        lambda a, b: max(a, b) / min(a, b),
        0.05,
    ),
    # "15.92 dollars an hour, and for a month of 730 hours I was billed 11,622".
    _Form(
        r"<(?P<a>m\d+)>\s?(?:an|per|a|/)\s?hour\b(?:(?!<m)[^;?!]){0,60}?\b(?:month|year|"
        r"week) of <(?P<b>t\d+)>[^<>;?!]{0,40}<(?P<r>m\d+)>",
        "a b",
        lambda a, b: a * b / HOUR,
    ),
    # "0.33 MB per token, so 32 conversations of 4,096 tokens come to 43 GB".
    _Form(
        rf"<(?P<a>b\d+)>\s(?:per|a|for (?:each|"
        rf"every)) token\b[^;?!]{{0,80}}?<(?P<b>c\d+)>\s(?:such\s)?(?:conversations?|users?|chats?|"
        rf"requests?|sequences?|sessions?)\sof\s<(?P<c>c\d+)>\stokens\s(?:each\s)?(?:come to|need|take|fill|"
        rf"are|use|occupy|make)\s"
        rf"{ABOUT}<(?P<r>b\d+)>",
        "a b c",
        lambda a, b, c: a * b * c,
        0.08,
    ),
    # "Eight boards at 350 W apiece, plus 900 W for the rest, bring the server to 3.7 kW".
    _Form(
        rf"<(?P<a>[cx]\d+)>\s(?:{_WORD}\s){{1,4}}?(?:at|of|"
        rf"with)\s{ABOUT}<(?P<b>[wmbe]\d+)>(?:\s{_EACH})?,?\s(?:and|plus)\s{ABOUT}<(?P<c>[wmbe]\d+)>"
        rf"[^<>;?!]{{0,50}}?\b(?:bring|brings|take|takes|add up|come|"
        rf"comes)\s[^<>;?!]{{0,24}}?\bto\s{ABOUT}<(?P<r>[wmbe]\d+)>",
        "a b c",
        lambda a, b, c: a * b + c,
    ),
    # "960 divided by 448 is 2.1".
    _Form(
        rf"<(?P<a>\w\d+)> divided by <(?P<b>\w\d+)> (?:is|gives|makes|=|equals)\s{ABOUT}<(?P<r>[cx]\d+)>",
        "a b",
        lambda a, b: a / b,
        0.03,
    ),
    # "432,000 seconds. That is 5 days".
    _Form(
        rf"<(?P<a>t\d+)>[,.;]?\s(?:that|this|which)\s(?:is|makes|means|comes to|"
        rf"equals)\s{ABOUT}<(?P<r>t\d+)>",
        "a",
        lambda a: a,
        0.06,
    ),
    _Form(
        rf"<(?P<a>t\d+)>[,.;]?\s(?:that|this|which)\s(?:is|makes|means|comes to|"
        rf"equals)\s{ABOUT}<(?P<r>c\d+)> days",
        "a",
        lambda a: a / DAY,
        0.06,
    ),
    # "From 80 W to 130 W, and the boost adds 25 W, which makes 155 W at most".
    _Form(
        rf"<(?P<a>[mbwe]\d+)>,?\s(?:and\s)?[^<>;?!]{{0,30}}?"
        rf"\badds (?:another )?<(?P<b>[mbwe]\d+)>(?: on top(?: of (?:that|it))?)?,?\s"
        rf"(?:which|and that|so it|so that)\s(?:makes|gives|is|reaches|comes to)\s{ABOUT}<(?P<r>[mbwe]\d+)>",
        "a b",
        lambda a, b: a + b,
    ),
    # "$0.55 per million tokens .. a billion costs $550".
    _Form(
        rf"<(?P<a>m\d+)> (?:per|a|for (?:a|one|each)) million[^;?!]{{0,90}}?\b(?:a|"
        rf"one) billion(?: tokens)? (?:costs?|is|comes to)"
        rf"\s{ABOUT}<(?P<r>m\d+)>",
        "a",
        lambda a: a * 1e3,
    ),
    # "Loading 16 GB at 2 GB/s takes 8 s. Loading 140 GB takes 70 s".
    _Form(
        rf"<(?P<a>d\d+)>[^;?!]{{0,60}}?\b(?:loading|reading|copying|moving|"
        rf"sending)\s(?:the\s)?<(?P<b>b\d+)>(?:\s{_WORD}){{0,3}}?\s"
        rf"takes\s{ABOUT}<(?P<r>t\d+)>",
        "a b",
        lambda a, b: b / a,
        0.06,
    ),
)
#: "10 frames an hour and 240 a day": a rate by two periods.
_BY_PERIODS = re.compile(
    rf"<(?P<a>[cmbe]\d+)>(?:\s{_WORD}){{0,2}}?\s{_TIME}(?P<from>{_PERIOD})\b(?:,\s|\sand\s|\sor\s|,\sor\s|"
    rf",\sso\s|\s)"
    rf"(?:that is\s|i\.e\.\s)?{ABOUT}<(?P<r>[cmbe]\d+)>(?:\s{_WORD}){{0,2}}?\s{_TIME}(?P<to>{_PERIOD})\b",
    re.IGNORECASE,
)
_RUNS = re.compile(
    r"\b(?:hours? (?:a|per|each) day|work\w* (?:hours|days)|nights?|shifts?|office|busy|peak)\b", re.I
)
#: "900 W for the pair, less than the 700 W of": which of two is more.
_THAN = re.compile(
    r"<(?P<a>\w\d+)>[^<>;.?!]{0,40}?,\s(?:and (?:thus|so)\s)?(?:(?:still|even|far|well|clearly|slightly|"
    r"much|a (?:bit|little|lot))\s)*"
    r"(?P<what>less|lower|fewer|more|higher|faster|ahead of|behind|above|below)\s(?:than\s)?(?:the|its|our|"
    r"my)\s<(?P<b>\w\d+)>",
    re.IGNORECASE,
)
_MORE = frozenset({"more", "higher", "faster", "ahead of", "above"})
#: "The old one was $40,000. The new one is $60,000; the price has tripled".
_FOLD = re.compile(
    rf"<(?P<a>[mwbd]\d+)>{_ANY}{{0,40}}?<(?P<b>[mwbd]\d+)>[;,.:]\s(?:so\s|and\s|that is,?\s)?(?:the|its|"
    rf"their)\s"
    r"(?:price|cost|power|draw|memory|capacity|bandwidth|amount)(?:\s\w+)?\s(?:has\s|have\s)?<(?P<r>x\d+)>",
    re.IGNORECASE,
)
_FOLD_OFF = 0.15
_ASKED = re.compile(
    r"[?\u201c\u201d\"]|\b(?:not(?! (?:counting|including))|wrong\w*|mistak\w+|myth|claims?"
    r"|suppose\w*|instead of|unless)\b",
    re.I,
)
_OF = "stated formula"
#: What a machine shares out among its GPUs, and behind a result, that it is what one of them gets.
_PORTS = re.compile(r"\b(?:ports?|links?|adapters?|NICs?|cards|HCAs?|uplinks?)\b", re.IGNORECASE)
_FOR_ONE = re.compile(r"\s+(?:for|to|per|a|by)\s+(?:each|every|one|gpu|card|device)\b", re.IGNORECASE)


def formulas(passage: Passage, here: Sequence[Mention], context: Context) -> Iterator[Finding]:
    """The results of a passage that what is told right before them does not give, and those that it does."""
    if not has_digit(passage.text):
        return
    every = [each for each in sentences(passage.text) if not _ASKED.search(each.text)]
    joined = [
        Sentence(part[0].start, part[-1].end, passage.text[part[0].start : part[-1].end])
        for many in (2, 3)
        for part in (every[at : at + many] for at in range(len(every) - many + 1))
        if all(not passage.text[a.end : b.start].strip() for a, b in pairwise(part))
    ]
    seen: set[int] = set()
    for sentence in (*every, *joined):
        if not has_digit(sentence.text):
            continue
        read = marked(passage, sentence, here, context)
        # A result, and what it comes of.
        several = len(read.figures) >= len("ab")
        rest = (*_worked(read), *_by_periods(read), *_compared(read), *_folds(read)) if several else ()
        for found in (*told_otherwise(read), *rest):
            if found.start not in seen:
                seen.add(found.start)
                yield found


@cache
def _looked_for() -> re.Many:
    """Which of the forms of words a text may hold."""
    return re.Many.of(each.pattern for each in _FORMS)


def _worked(read: Marked) -> Iterator[Finding]:
    """What the forms of words make."""
    for form in (_FORMS[at] for at in _looked_for()(read.text)):
        for match in form.pattern.finditer(read.text):
            figures = [read.figures[match[key]] for key in form.marks]
            result = read.figures[match["r"]]
            values = [each.value for each in figures]
            right = form.right(*values) if all(values) else 0.0
            if _PORTS.search(match[0]) and _FOR_ONE.match(read.passage.text, result.end):
                # "Eight ports of 400 Gb/s, which is 50 GB/s for each GPU".
                continue
            # A product of so many is of what one of them is.
            alike = not form.product or result.dimension == figures[-1].dimension
            if (
                result.dimension == "bandwidth"
                and form.product
                and abs(result.value / right / 2 - 1) < form.off
            ):
                # Links are told by each direction, and by both.
                continue
            if right > 0 and alike:
                because = " and ".join(read.words(each) for each in figures)
                if form.product and (more := _besides(read, match.start())):
                    because = f"{' and '.join(read.words(each) for each in more)} and {because}"
                    right += sum(a.value * b.value for a, b in zip(more[::2], more[1::2], strict=True))
                yield from read.held(result, right, because, _OF, off=form.off)


#: Before a product, that it is added to what stands before it.
_AND = re.compile(r"(?:\band|,|\bplus)\s*$")


def _besides(read: Marked, at: int) -> list[Quantity]:
    """The factors of other products to which one at a place is added: "ten with four and six with eight"."""
    if not _AND.search(read.text, 0, at):
        return []
    before = [each for key, each in read.figures.items() if 0 <= read.text.find(f"<{key}>") < at]
    plain = all(each.dimension == "number" for each in before)
    return before if plain and before and len(before) % 2 == 0 else []


def _by_periods(read: Marked) -> Iterator[Finding]:
    """A rate that is told by two periods."""
    for match in _BY_PERIODS.finditer(read.text):
        one, result = read.figures[match["a"]], read.figures[match["r"]]
        first, last = match["from"].lower(), match["to"].lower()
        alone = len(read.figures) == len("ab") and not _RUNS.search(read.passage.text)
        if one.dimension != result.dimension or _PERIODS[first] >= _PERIODS[last] or not alone:
            continue
        right = one.value * _PERIODS[last] / _PERIODS[first]
        off = OFF + max(_SLACK.get(each, 0.0) for each in (first, last))
        yield from read.held(result, right, read.words(one), _OF, off=off)


def _compared(read: Marked) -> Iterator[Finding]:
    """Which of two figures is more, by the word between them."""
    for match in _THAN.finditer(read.text):
        one, other = read.figures[match["a"]], read.figures[match["b"]]
        if one.dimension != other.dimension or one.dimension in ("number", "percent", "times") or one.limit:
            continue
        more = match["what"].lower() in _MORE
        # "Faster" of times is less of them.
        more = (
            not more if one.dimension == "time" and match["what"].lower() in ("faster", "ahead of") else more
        )
        if one.value != other.value and more != (one.value > other.value):
            because = f"{read.words(one)} is {'less' if more else 'more'} than {read.words(other)}"
            yield read.judged(other, _OF, because, expected=because)


def _folds(read: Marked) -> Iterator[Finding]:
    """How many times one amount is another, in a verb."""
    for match in _FOLD.finditer(read.text):
        one, other = read.figures[match["a"]], read.figures[match["b"]]
        ratio = other.value / one.value if one.dimension == other.dimension and one.value else 0.0
        told = read.figures[match["r"]]
        if ratio and told.value and abs(ratio / told.value - 1) > _FOLD_OFF:
            because = f"{read.words(other)} is {ratio:.3g} times {read.words(one)}"
            yield read.judged(told, _OF, because, expected=f"{ratio:.3g} times")

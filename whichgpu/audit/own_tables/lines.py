"""The lines of a document's tables that a sentence may speak of, and what of them it names."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.named import tokens
from whichgpu.audit.known.orders import SETTING, is_of_regime, works, works_of
from whichgpu.audit.known.store import LAID_OUT, measure_of, store
from whichgpu.audit.statements.things import is_behind, is_set_against, said_of
from whichgpu.audit.text.loads import numbered, without_numbers
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.known.store import Amount, Series
    from whichgpu.audit.statements.things import Said

#: What a sentence speaks of where it says so.
_TABLE = re.compile(
    r"\b(?:tables?|charts?|lists?|columns?|rows?|figures|numbers|results|measurements|our tests?|the tests?|"
    r"benchmarks?|line-?up|round-?up)\b",
    re.IGNORECASE,
)
#: A line of marks, which is none of speeds.
SCORE = re.compile(r"\b(?:scores?|ratings?|points|accuracy|marks?|grades?)\b", re.IGNORECASE)
#: What is no plain statement of what stands in a table.
_UNSURE = re.compile(
    r"\b(?:if|unless|whether|would|could|might|should|ought|not|never|neither|nor|hardly|claim\w*|expect\w*|"
    r"rumou?r\w*|suppos\w*|assum\w*|promis\w*|advertis\w*|marketing|on paper|theor\w*|spec(?:s|ification)?"
    r"(?: sheets?)?|usually|often|sometimes|undervolt\w*|overclock\w*|elsewhere|other (?:tests?|reviews?|"
    r"sites)|"
    r"ago|back then|used to|formerly|previously|last (?:year|month)|commit\w*|contract|reserved|spot|"
    r"second-hand|"
    r"without|"
    r"no (?:faster|slower|quicker|more|less|longer|fewer)|except|apart from|but (?:one|two)|almost|nearly|"
    r"myth|scenario|niche|(?:hard|tough|difficult|impossible) to \w+)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
#: In what a table of speeds, times and scores tells nothing.
OF_ELSE = re.compile(
    r"\b(?:band-?width|memory|vram|capacity|cores?|cache|bus|clocks?|prices?|costs?|cheap\w*|expensive|money|"
    r"dollars?|euros?|efficien\w*|power|watts?|joules?|games?|gaming|t?flops|tops|peak|per (?:dollar|euro|"
    r"watt|"
    r"joule|gpu|card|core|gb|gigabyte|hour)|arithmetic|compute|value|support\w*|features?|software|"
    r"availab\w*|noise|heat|accuracy|quality|perplexity|fidelity|"
    r"(?:small|large|long|short)\w* (?:batch|context|prompt|sequence)\w*|"
    r"(?:double|triple|halve)s?\s+the\s+(?:users|clients|streams|requests))\b|\b\w+\s?=\s?\d|"
    r"[$\u20ac]",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
#: Words of names and headings that tell none from another.
_PLAIN = frozenset(
    [
        "the",
        "and",
        "for",
        "with",
        "per",
        "second",
        "seconds",
        "minute",
        "minutes",
        "hour",
        "hours",
        "sec",
        "min",
        "tok",
        "token",
        "tokens",
        "image",
        "images",
        "img",
        "sample",
        "samples",
        "frame",
        "frames",
        "sequence",
        "sequences",
        "request",
        "requests",
        "time",
        "times",
        "speed",
        "rate",
        "throughput",
        "score",
        "test",
        "tests",
        "gpu",
        "gpus",
        "card",
        "cards",
        "batch",
        "size",
        "less",
        "more",
        "better",
        "higher",
        "lower",
        "max",
        "watt",
        "watts",
        "power",
        "price",
        "cost",
        "usd",
        "eur",
        "memory",
        "total",
        "average",
        "mean",
        "median",
        "of",
        "our",
        "own",
        "result",
        "results",
        "nvidia",
        "amd",
        "geforce",
        "rtx",
        "radeon",
        "model",
        "models",
        "training",
        "inference",
    ]
)
#: Words that name one of several where an article stands before them.
_SIZES = frozenset(
    [
        "small",
        "medium",
        "large",
        "big",
        "tiny",
        "base",
        "old",
        "new",
        "first",
        "second",
        "full",
        "half",
        "single",
        "double",
    ]
)
#: Shares and clocks, which are of no speed at work.
_NO_RESULTS = frozenset({"percent", "times", "bit rate", "frequency", "length", "bits", "area"})
#: What such findings are of.
OF_A_TABLE = "own table"
_SHOWN, _LEAST, _LETTERS = 6, 2, 3
#: Two cells that differ by less say nothing of who is ahead.
MARGIN = 0.005


class Reading(NamedTuple):
    """A sentence with the lines that it may speak of."""

    said: Said
    lines: tuple[Series, ...]
    #: Whether they lie across those of the table: one GPU by the numbers of its batches.
    turned: bool = False

    def clause(self, at: int) -> tuple[int, int]:
        """The clause around a place, without what is unsure of it; empty where it is."""
        start, end = self.said.clause(at)
        return (start, end) if _UNSURE.search(self.said.text, start, end) is None else (start, start)

    def of(self, measures: Sequence[str], start: int, end: int) -> list[Series]:
        """The lines of some measures that a stretch may mean: those whose words it has, else every one."""
        told = self.every(measures, start, end)
        hits = [self._hits(each, start, end) for each in told]
        most = max(hits, default=0)
        return [each for each, hit in zip(told, hits, strict=True) if hit == most]

    def every(self, measures: Sequence[str], start: int, end: int) -> list[Series]:
        """Every line of some measures that what a stretch says of work and of terms leaves open."""
        words = self.said.text[start:end]
        terms = _terms(words)
        return [
            each for each in self.lines
            if each.measure in measures and _is_in_setting(each, words)
            and not (each.measure == "price" and terms and (own := _terms(each.label)) and not own & terms)
        ]  # fmt: skip

    def is_told(self, lines: Sequence[Series], start: int, end: int) -> bool:
        """Whether a stretch has words that tell which lines it means."""
        return any(self._hits(each, start, end) for each in lines)

    def _hits(self, line: Series, start: int, end: int) -> int:
        """How many of the words that only this line of its table is headed by a stretch has."""
        beside = tuple(each.label for each in self.lines if each.group == line.group)
        own = _own_words(beside)[beside.index(line.label)]
        text = self.said.text[start:end].lower()
        words = {*_WORD.findall(text)}
        words |= {part for word in words for part in word.split("-")}
        numbers = {value for value, _ in numbered(self.said.text, start, end)}
        return len({word for word in own if not _is_number(word)} & words) + sum(
            float(word) in numbers for word in own if _is_number(word)
        )

    def named(self, line: Series, start: int, end: int) -> list[tuple[int, int, Amount]]:
        """The things of a line that a stretch names, in order, each once: devices, and words of one alone."""
        found: dict[str, tuple[int, int, Amount]] = {}
        for thing in self.said.every:
            if start <= thing.start and thing.end <= end and len(mine := thing.of(line)) == 1:
                found.setdefault(mine[0].name, (thing.start, thing.end, mine[0]))
        taken = [(each.start, each.end) for each in self.said.every]
        text = self.said.text.lower()
        own = _own_words(tuple(each.name for each in line.amounts))
        for amount, words in zip(line.amounts, own, strict=True):
            for place in (place for word in words for place in _spelled(word, text, start, end)):
                if not any(a < place[1] and place[0] < b for a, b in taken):
                    found.setdefault(amount.name, (*place, amount))
        return sorted(found.values(), key=lambda each: each[0])

    def subject(self, line: Series, start: int, at: int) -> Amount | None:
        """The one thing of a line that a stretch before a place is about."""
        text = self.said.text
        here = [each for each in self.named(line, start, at) if not is_set_against(text, start, each[0])]
        own = [each for each in here if not is_behind(text, start, each[0])]
        # "In FP32 the 3090 is": of a card, and of no format; "an hour on the H100 costs".
        here = own or ([] if self.turned else here)
        if here:
            return here[0][2] if len(here) == 1 else None
        if any(start <= each.start and each.end <= at for each in self.said.every):
            # What is named there is of no amount of the line.
            return None
        thing = self.said.subject(start, at)
        mine = thing.of(line) if thing is not None else []
        return mine[0] if len(mine) == 1 else None

    def wrong(self, place: tuple[int, int], kind: str, line: Series, expected: str = "") -> Finding:
        """The finding on what a line contradicts."""
        shown = ", ".join(f"{each.name} {each.words}" for each in line.amounts[:_SHOWN])
        because = f"the document's own table has {shown} ({' '.join(line.label.split())[:50]})"
        return made(
            self.said.context, self.said.passage, place, kind, "inconsistent", attribute=OF_A_TABLE,
            because=because, expected=expected, evidence=(Evidence(because),),
        )  # fmt: skip


#: "Faster on the A than on the B".
_ON = re.compile(r"[^.;:]{0,36}?\b(?:on|with|for|in|at)\s+(?:(?:the|an?|our|nvidia|amd)\s+)*", re.IGNORECASE)
_THAN_ON = re.compile(
    r"s?\s+(?:than|as|compared (?:to|with))\s+(?:(?:on|with|for|in|at|the|an?|our|nvidia|amd)\s+)*",
    re.IGNORECASE,
)


def on_each(text: str, at: int, first: tuple[int, int], other: int) -> bool:
    """Whether a comparison at a place is of the two behind it: "on the A than on the B"."""
    return bool(_ON.fullmatch(text, at, first[0]) and _THAN_ON.fullmatch(text, first[1], other))


def readings(context: Context) -> Iterator[Reading]:
    """Every plain sentence of running text with the lines of the tables that it may speak of."""
    told = (
        _with_measure(each) for each in store(context)
        if not each.derived and each.group > LAID_OUT and len(each.amounts) >= _LEAST
        and each.dimension not in _NO_RESULTS
    )  # fmt: skip
    every = [each for each in told if each.measure]
    for index, passage in context.document.running() if every else ():
        here = tuple(each for each in every if each.section == passage.section)
        for said in said_of(index, passage, context):
            if _names_another(said.sentence.text, passage.section, every):
                continue
            lines = here or (tuple(every) if _TABLE.search(said.sentence.text) else ())
            for each, turned in ((lines, False), (_turned(lines), True)):
                if each:
                    yield Reading(said, each, turned)


def _names_another(sentence: str, section: Sequence[str], every: Sequence[Series]) -> bool:
    """Whether a sentence has a word that heads the table of another section alone: it speaks of that too."""
    words = {*_WORD.findall(sentence.lower())}
    own = {word for text in section for word in _words(text.lower())}
    own |= {word for each in every if each.section == section for word in _words(each.label.lower())}
    heads = {each.section[-1] for each in every if each.section != section and each.section}
    return any(words & _words(head.lower()) - own - _SIZES for head in heads)


@lru_cache(maxsize=16)
def _turned(lines: tuple[Series, ...]) -> tuple[Series, ...]:
    """The lines that lie across others of one kind: prices of one GPU by provider, its speeds by batch."""
    found = []
    for group in dict.fromkeys(each.group for each in lines):
        own = [each for each in lines if each.group == group]
        if len({(each.measure, each.dimension) for each in own}) > 1 or len(own) < _LEAST:
            continue
        for name in dict.fromkeys(amount.name for each in own for amount in each.amounts):
            mine = tuple(
                amount._replace(name=" ".join(each.label.lower().split()), ids=frozenset[str]())
                for each in own for amount in each.amounts if amount.name == name
            )  # fmt: skip
            if len(mine) == len(own):
                found.append(own[0]._replace(label=name, amounts=mine))
    return tuple(found)


#: For what a price is, where that is said: "by the hour", "monthly", "per epoch".
_TERM = re.compile(
    r"\b(?:per|a|an|each|every|by the|for an?)[ -](?P<of>hour|day|week|month|year|run|epoch|image|picture|"
    r"million|thousand|token|training|job)\b|\b(?P<by>hour|dai|week|month|year)l?y\b|/\s?(?P<short>h|hr|hour|"
    r"mo|month|yr|year|d|day)\b|^(?P<alone>hour|day|week|month|year)s?$",
    re.IGNORECASE,
)
_SHORT = {"h": "hour", "hr": "hour", "mo": "month", "yr": "year", "d": "day", "dai": "day"}


def _terms(words: str) -> set[str]:
    """The terms that a text says of a price."""
    found = (next(filter(None, match.groups())).lower() for match in _TERM.finditer(words))
    return {_SHORT.get(each, each) for each in found}


#: So many letters of a word of work tell what it is: "trains", "training".
_STEM = 5
_REGIMES = frozenset({"train", "infer", "fine", "tunin", "tune"})


def _is_number(word: str) -> bool:
    """Whether a word is how many there are, and no part of a name: 64, and not 4090."""
    return word.isdigit() and len(word) <= _LETTERS


def _is_in_setting(line: Series, words: str) -> bool:
    """Whether what a stretch names of work is what a line, its things or its section are of."""
    known = {
        word[:_STEM]
        for text in (line.label, *line.section, *(each.name for each in line.amounts))
        for word in tokens(text)
    }
    told = ({word[:_STEM] for word in tokens(match[0])} for match in SETTING.finditer(words))
    # What does not say whether it trains may be of either.
    silent = not known & _REGIMES
    fits = all(each & known or (silent and each <= _REGIMES) for each in told)
    # "With a single request" is of no requests that are counted.
    done, own = works(without_numbers(words)), works_of(line)
    return fits and is_of_regime(line.label, words) and not (done and own and not done & own)


#: "H100 PCIe (tokens/s)": what the amounts below a name are of.
_IN_BRACKETS = re.compile(r"^.*\(([^()]*)\)\s*$")


def _with_measure(line: Series) -> Series:
    """A line with what its amounts are of: by the names of its things where its heading does not say."""
    measure = line.measure
    if not measure:
        of = {measure_of(_IN_BRACKETS.sub(r"\1", each.name), line.dimension) for each in line.amounts}
        measure = of.pop() if len(of) == 1 else ""
    scored = measure == "speed" and SCORE.search(line.label)
    return line._replace(measure="score" if scored else measure)


@lru_cache(maxsize=256)
def _own_words(names: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    """The words of each of some names, or headings, that no other of them has and that tell something."""
    every = [_words(name.lower()) for name in names]
    count = Counter(word for words in every for word in words)
    return tuple(frozenset(word for word in words if count[word] == 1) for words in every)


@lru_cache(maxsize=512)
def _words(name: str) -> frozenset[str]:
    found = {*_WORD.findall(name)}
    found |= {part for word in found for part in word.split("-")}
    return frozenset(
        word for word in found - _PLAIN if word.isdigit() or (len(word) >= _LETTERS and not word.isdecimal())
    )


def _spelled(word: str, text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where a stretch of a text in small letters has a word of a name."""
    if _is_number(word):
        return
    before = r"\b(?:the|our|a|an|its)\s" if word in _SIZES else r"(?<![\w.-])"
    for match in re.finditer(rf"{before}(?P<word>{re.own(word)})(?![\w]|\.\w|-\w)", text):
        if start <= match.start("word") and match.end("word") <= end:
            yield match.span("word")

"""What the readers of line-based formats share: lines with their places, tables of cells, front matter."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import Builder
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.document import Passage

_DAY = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)(?!\d)")
_WORDS = re.compile(
    r"\b(?:(\d{1,2})(?:st|nd|rd|th)?\.? +)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? +"
    r"(?:(\d{1,2})(?:st|nd|rd|th)?,? +)?(20\d\d)\b",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


#: Lines from so long on are looked at, and were not wrapped; a heading has at most so many characters.
_LONGER, _UNWRAPPED, _HEADING = 60, 140, 90


#: Lines of a card: no longer, so many in a row, without a stop; what a value begins with.
_CARD, _STACK, _STOPS = 44, 5, ".!?;:,|"
_BARE = re.compile(
    r"(?!.*(?i:cores?|shaders?|sms?)$)[~\u2248<>$\u20ac\u00a3]?\s?\d[\d.,]*\s?[A-Za-z/%\u00b2]{0,8}(?: USD)?"
)
#: Names of cards whose values are words or days.
_OF_WORDS = re.compile(
    r"(?:gpu )?(?:architecture|name|code ?name|foundry)|(?:release|launch) date|memory type", re.IGNORECASE
)
#: So many names that stand twice, or between two values, are those of two cards.
_AGAIN = 2
VALUE = re.compile(r"\s*[~\u2248<>$\u20ac\u00a3]?\s?\d")
_OTHER_MARK = re.compile(r"\s*(?:[-*+\u2022#>|`]|\d{1,2}[.)]\s)|.*(?:\||\t| {2,}\S)")
#: A line that is a name and its value, with no more in front of the colon than a name has.
_PAIR = re.compile(r"[^\W\d_][^:\uff1a.!?|\n]{1,48}(?::[ \t]+|\uff1a\s*)\S.{0,120}$")
#: A name and its value in a line of a data sheet, and so many in a row: "TF32 Peak Performance 156 TFLOPS".
_ENTRY = re.compile(
    r"(?!.*\b(?:is|are|was|has|have|had|with its|than|the|our|we|you|it)\b)"
    r"[A-Z][A-Za-z\d /()&+-]{3,48}?\s[~\u2248]?\d[\d.,]*\s?"
    r"(?:[GTM]i?B(?:/s)?|W|[MG]Hz|[TP]FLOPS|TOPS|nm|bits?)(?![A-Za-z])(?:[^.;!?]|\.(?=\d)){0,80}"
)
_ENTRIES = 3
#: A cell of this length that reads as sentences is prose.
_PROSE = 90
_WORDS_OF_PROSE = re.compile(r"(?:[a-z]{2,}[ ,]+){3}[^|]*\.")


#: Names of metadata that say what an article is about.
SUMMARIES = frozenset(
    {"description", "og:description", "summary", "excerpt", "subtitle", "abstract", "lead", "dek", "tldr"}
)


class Line(NamedTuple):
    """A line without its end, and where it starts in the file."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends in the file."""
        return self.start + len(self.text)


#: Frames that are drawn, as the marks that pipe tables have.
_FRAMES = str.maketrans(
    {mark: plain for marks, plain in (("\u2502\u2503\u2551", "|"), ("\u2500\u2501\u2550", "-"),
     ("\u250c\u2510\u2514\u2518\u251c\u2524\u252c\u2534\u253c\u2554\u2557\u255a\u255d\u2560\u2563\u2566\u2569\u256c"
      "\u255f\u2562\u256a\u256b\u256d\u256e\u256f\u2570\u255e\u2561\u2564\u2567\u2565\u2568\u250f\u2513\u2517\u251b\u2523\u252b"
      "\u2533\u253b\u254b", "+")) for mark in marks}
)  # fmt: skip


_FRAMED = re.compile("[\u2500-\u257f]")


def lines(text: str) -> list[Line]:
    """Every line of a text."""
    found, at = [], 0
    if not text.isascii() and _FRAMED.search(text):
        # To translate a text takes a hundred times as long as to look for what is translated.
        text = text.translate(_FRAMES)
    for raw in text.splitlines(keepends=True):
        found.append(Line(raw.rstrip("\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), at))
        at += len(raw)
    return found


def plain(into: Builder, text: str, start: int) -> None:
    """Text as it stands."""
    into.add(text, start)


def cell(
    text: str, start: int, inline: Callable[[Builder, str, int], None], section: Sequence[str]
) -> Passage | None:
    """The passage of a table's cell; None where it is empty."""
    builder = Builder()
    inline(builder, text, start)
    return None if builder.empty else of_cell(builder.passage("cell", section=section))


def of_cell(passage: Passage) -> Passage:
    """A cell's passage; one that holds whole sentences is read as a paragraph too."""
    prose = len(passage.text) >= _PROSE and _WORDS_OF_PROSE.search(passage.text)
    return passage._replace(kind="paragraph") if prose else passage


def stacked(rows: Sequence[Line]) -> dict[int, int]:
    """Runs of short lines, as a page's cards are copied: how many lines each name, with its values, takes.

    A name stands on a line of its own and what it is on the next: "TDP", "150 W". Of two cards that are set
    against each other no line says whose it is: those take 0.
    """
    short = [0 < len(line.text.strip()) <= _CARD and line.text.strip()[-1] not in _STOPS for line in rows]
    short = [each and not _OTHER_MARK.match(row.text) for each, row in zip(short, rows, strict=True)]
    found: dict[int, int] = {}
    at = 0
    while at < len(rows):
        end = at
        while end < len(rows) and short[end]:
            end += 1
        values = [VALUE.match(line.text) is not None for line in rows[at:end]]
        words = sum(_OF_WORDS.fullmatch(line.text.strip()) is not None for line in rows[at:end])
        if end - at >= _STACK and _of_two(rows[at:end], values):
            found |= dict.fromkeys(range(at, end), 0)
        elif end - at >= _STACK and sum(values) + words >= 0.3 * len(values) and not all(values):
            index = at
            while index < end:
                after = rows[index + 1].text.strip() if index + 1 < end else ""
                paired = not values[index - at] and (
                    _BARE.fullmatch(after) is not None or _are_words(rows[index].text, after)
                )
                found[index] = 2 if paired else 1
                index += found[index]
        at = max(end, at + 1)
    return found


def _are_words(name: str, after: str) -> bool:
    """Whether a line asks for words, and the next one has them: "Foundry", "Samsung"."""
    return bool(after) and _OF_WORDS.fullmatch(name.strip()) is not None and not _OF_WORDS.fullmatch(after)


def part(into: Builder, before: Line | None, line: Line, at: int) -> None:
    """What stands between two lines of one passage: a blank, or a colon behind a name that asks for words."""
    if before is not None and _are_words(before.text, line.text.strip()):
        into.add(": ", before.end, 0)
    else:
        into.blank(at)


#: The first half of a word that keeps its hyphen where a line ends with it.
_COMPOUND = re.compile(
    r"\b(?:half|single|double|high|low|dual|multi|mixed|full|air|water|liquid|memory|tensor|data|long|short|"
    r"state|real|open|two|three|four|eight|well|cross|non|pre|post|re|on|off|out|in|up|top|mid|key|all|bit|"
    r"server|rack|chip|card|core|cloud|cost|power|price|second|first|third|fourth|fifth|next|last|best)-$",
    re.IGNORECASE,
)
_DIVIDED = re.compile(r"[a-z]-$")


def goes_on(line: str, behind: str) -> bool:
    """Whether a line ends with a hyphen within a word that goes on in the one behind it."""
    return _DIVIDED.search(line.rstrip()) is not None and behind.lstrip()[:1].islower()


def is_divided(line: str, behind: str) -> bool:
    """Whether the hyphen at the end of a line is there for its end alone."""
    return goes_on(line, behind) and not _COMPOUND.search(line.rstrip())


def _of_two(rows: Sequence[Line], values: Sequence[bool]) -> bool:
    """Whether lines are those of two cards: names again and again, or two values of one unit to a name."""
    texts = [line.text.strip() for line in rows]
    names = Counter(
        text for text, is_value in zip(texts, values, strict=True) if not is_value and len(text) > 1
    )
    again = sum(count > 1 for count in names.values())
    between = sum(
        values[i - 1]
        and not values[i]
        and values[i + 1]
        and _unit_of(texts[i - 1]) == _unit_of(texts[i + 1]) != ""
        for i in range(1, len(texts) - 1)
    )
    units = [_unit_of(text) for text in texts]
    twice = sum(
        not values[i - 1] and values[i] and values[i + 1] and units[i] == units[i + 1] != ""
        for i in range(1, len(texts) - 1)
    )
    return max(again, between, twice) >= _AGAIN


def _unit_of(text: str) -> str:
    return re.sub(r"[\d.,\s~$]", "", text)


#: Values of a line, so many of which are a card's: "AMD Instinct MI250 208 CUs, 128 GB HBM2e, 3.2 TB/s".
_MEASURED = re.compile(
    r"\d\s?-?(?:[GTM]i?B(?:/s)?|W|TFLOPS|TOPS|bit|[MG]Hz|CUs|SMs|(?:CUDA )?cores|nm)\b", re.IGNORECASE
)
_CARDS = 3


def _is_of_values(line: str) -> bool:
    """Whether a line is a name and its values, and no sentence."""
    text = line.strip()
    return text[:1].isupper() and text[-1:] not in ".!?;:," and len(_MEASURED.findall(text)) >= _CARDS


def listing(rows: Sequence[Line]) -> frozenset[int]:
    """Which lines are a list of names and values without marks: two or more of them in a row."""
    are = [_PAIR.match(line.text.strip()) is not None or _is_of_values(line.text) for line in rows]
    beside = zip(are, [False, *are], [*are[1:], False], strict=False)
    pairs = {i for i, (own, before, after) in enumerate(beside) if own and (before or after)}
    return frozenset(pairs | _sheet(rows))


def _sheet(rows: Sequence[Line]) -> set[int]:
    """Lines that are a name and a value with its unit, several in a row, as in a data sheet without marks."""
    found: set[int] = set()
    run: list[int] = []
    for index, line in enumerate([*rows, Line("", 0)]):
        if _ENTRY.fullmatch(line.text.strip()):
            run.append(index)
            continue
        found |= set(run) if len(run) >= _ENTRIES else set()
        run = []
    return found


def unwrapped(rows: Sequence[Line]) -> bool:
    """Whether lines are whole paragraphs: many of the longer ones are longer than anyone wraps at."""
    longer = [len(line.text) for line in rows if len(line.text) >= _LONGER]
    return bool(longer) and sum(length >= _UNWRAPPED for length in longer) >= 0.3 * len(longer)


_HAS_WORD = re.compile(r"\w")
#: A value by itself, as an entry of what a line before leads to: "16,384 CUDA cores".
_AMOUNT = re.compile(r"~?\d[\d.,]*\+?\s?[^\W\d_]{1,12}\b(?!\.)")


def leads_to(passages: Sequence[Passage], text: str) -> bool:
    """Whether a short line is an entry below one that ends in a colon, or goes on with such entries."""
    before = passages[-1] if passages else None
    leads = before is not None and (
        before.text.endswith(":") or (before.kind == "item" and _AMOUNT.match(before.text) is not None)
    )
    return leads and _AMOUNT.match(text.strip()) is not None


def is_short_heading(text: str) -> bool:
    """Whether a line that stands for a paragraph is too short for one, and has no full stop."""
    plain = text.strip()
    if not _HAS_WORD.search(plain):
        # The mark of a list that lost its text.
        return False
    return 0 < len(plain) <= _HEADING and plain[-1] not in ".!?;,|:*>]" and plain[0] not in "![<>*_`"


def day_of(text: str) -> str:
    """The first date in a text as ISO; empty where there is none."""
    match = _DAY.search(text)
    if match:
        return match[0]
    match = _WORDS.search(text)
    if not match:
        return ""
    month = _MONTHS.index(match[2].lower()[:3]) + 1
    day = int(match[1] or match[3] or 1)
    return f"{match[4]}-{month:02d}-{min(max(day, 1), 31):02d}"


#: A line that tells a page's day: "Published on May 20, 2026", "Jun 2, 2016", "March 3, 2026 by the lab".
_DATED = re.compile(
    r"\W*(?:(?:published|posted|updated|last updated|last modified|written|date)\b(?:\s+on)?\W*)?"
    r"(?:\d{4}-\d{2}-\d{2}|[A-Z][a-z]{2,8}\.?\s+\d{1,2}(?:st|nd|rd|th)?,\s+\d{4}|"
    r"\d{1,2}\.?\s+[A-Z][a-z]{2,8}\.?\s+\d{4})"
    r"(?:\W+(?:by\s.{1,40}|\d+\s?min(?:ute)?s?\s?read\W*.{0,20})?)?",
    re.IGNORECASE,
)
#: Above a day that is no page's own, and so many lines at the top in which it stands.
_OF_DEVICE = re.compile(
    r"\b(?:release|launch|introduc|announc|availab|spec|erschein|sortie|lanz)\w*", re.IGNORECASE
)
_TOP = 8


def written_on_top(rows: Sequence[Line]) -> str:
    """The day that a line of its own at the top of a page tells; empty where none does."""
    top = [line.text.strip() for line in rows if line.text.strip()][:_TOP]
    for before, text in zip(["", *top], top, strict=False):
        if _DATED.fullmatch(text) and not _OF_DEVICE.search(f"{before} {text}"):
            return day_of(text)
    return ""


def paragraphs(rows: Sequence[Line]) -> Iterator[list[Line]]:
    """Runs of lines between empty ones."""
    run: list[Line] = []
    for line in rows:
        if line.text.strip():
            run.append(line)
        elif run:
            yield run
            run = []
    if run:
        yield run


#: A name and a value in a block quote, and so many of them below one another that are a card.
_QUOTED_PAIR = re.compile(r"\s{0,3}>\s?[*_]*[^\W\d_][^:>|.]{1,38}:[*_]*\s+\S.{0,60}")
_QUOTED = 3


def unquoted(rows: list[Line]) -> list[Line]:
    """Lines of a block quote as items where they are a card's names and values, and no prose."""
    made, run = list(rows), 0
    for at, line in enumerate([*rows, Line("", 0)]):
        if _QUOTED_PAIR.fullmatch(line.text):
            run += 1
            continue
        for index in range(at - run, at) if run >= _QUOTED else ():
            made[index] = rows[index]._replace(text=rows[index].text.replace(">", "-", 1))
        run = 0
    return made

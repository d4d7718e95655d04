"""Prose of other languages, word by word in English, for it to be read by the same rules (`data/gloss.toml`).

It is no translation: words that the rules look for are put in the place of theirs, and all others stay as
they are. A passage that is glossed still knows where each of its characters stands in the file.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.document import PROSE
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from whichgpu.audit.document import Document, Passage
    from whichgpu.audit.findings import Context, Finding

#: Words of a text by which its language is told, and how many of a hundred it must have at least.
_SAMPLE, _LEAST = 4000, 8.0
_ENGLISH = frozenset(("the", "and", "is", "with", "for", "of", "that", "than", "are", "its"))
#: English of verbs that may go without a subject.
_VERBS = ("has", "supports", "draws", "delivers", "is", "was", "uses", "belongs", "replaces", "does")
_WORD = re.compile(r"[^\W\d_]+")


def language(document: Document) -> str:
    """The language of a document's prose, of those that can be glossed; empty for English and all others."""
    found: list[str] = []
    for passage in document.passages:
        if passage.kind in PROSE and len(found) < _SAMPLE:
            found += [match[0].lower() for match in islice(_WORD.finditer(passage.text), _SAMPLE)]
    shares = {key: _share(found, words) for key, words in _often().items()}
    best = max(shares, key=lambda key: shares[key])
    return best if shares[best] > max(_LEAST, _share(found, _ENGLISH)) else ""


def language_read(context: Context) -> str:
    """The `language` of the document that is read, told once for all kinds of claims."""
    if "language" not in context.memo:
        context.memo["language"] = language(context.document)
    return str(context.memo["language"])


def _share(found: Sequence[str], often: frozenset[str]) -> float:
    """How many of a hundred words are among some."""
    return 100 * sum(map(often.__contains__, found)) / max(len(found), 1)


def glossed(document: Document, key: str) -> Document:
    """A document with its prose in words of English; its tables are left out."""
    passages = tuple(_put(each, key) if each.kind in PROSE else each for each in document.passages)
    return document._replace(passages=passages, tables=())


def upheld(found: Sequence[Finding], again: Sequence[Finding]) -> list[Finding]:
    """What was found without comparisons that are accused and hold in the gloss, which knows who leads."""
    hold = [each for each in again if each.kind in _OF_TWO and each.verdict == "confirmed"]
    right = _merged((each.start, each.end) for each in hold)
    return [
        each
        for each in found
        if each.kind not in _OF_TWO or not each.accuses or not _touching(right, each.start, each.end)
    ]


#: Kinds of claims that are turned round where it is mistaken which of two is the subject.
_OF_TWO = frozenset({"ordering", "ratio"})


def besides(
    found: Sequence[Finding], again: Sequence[Finding], document: Document, key: str
) -> list[Finding]:
    """What is found in the gloss of a document where nothing was certain before, in the words of the file."""
    sure = _merged((each.start, each.end) for each in found if each.verdict != "unverifiable")
    phrases = _merged(_phrases(document, key))
    told = []
    for each in again:
        # Words of a phrase change their order: what is found in a part of it is told of all.
        inside = _touching(phrases, each.start, each.end)
        start = min([each.start, *(one for one, _ in inside)])
        end = max([each.end, *(one for _, one in inside)])
        if each.verdict != "unverifiable" and end > start and not _touching(sure, start, end):
            quote = document.original[start:end]
            told.append(each._replace(start=start, end=end, quote=quote, stated=quote))
    return told


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that overlap as one."""
    done: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if done and start < done[-1][1]:
            done[-1] = (done[-1][0], max(end, done[-1][1]))
        else:
            done.append((start, end))
    return done


def _touching(spans: Sequence[tuple[int, int]], start: int, end: int) -> Sequence[tuple[int, int]]:
    """Those of some merged spans that share a character with a stretch."""
    first = max(bisect_left(spans, (start, 0)) - 1, 0)
    last = bisect_left(spans, (end, 0))
    return [each for each in spans[first:last] if each[1] > start]


def _phrases(document: Document, key: str) -> Iterator[tuple[int, int]]:
    """Where phrases of several words stand in the file that are glossed as one."""
    for passage in document.passages:
        if passage.kind in PROSE:
            for match in _pattern(key).finditer(passage.text):
                if " " in match[0].strip():
                    yield passage.span(*match.span())


def _put(passage: Passage, key: str) -> Passage:
    text, runs, at = "", list[tuple[int, int]](), 0
    for match in _pattern(key).finditer(passage.text):
        word = _english(match, key)
        runs += passage.placed(at, match.start(), len(text))
        text += passage.text[at : match.start()]
        runs += _fitted(passage, match.start(), match.end(), (len(text), len(text) + len(word)))
        text += word
        at = match.end()
    runs += passage.placed(at, len(passage.text), len(text))
    return passage._replace(text=text + passage.text[at:], runs=tuple(runs))


def _fitted(passage: Passage, start: int, end: int, to: tuple[int, int]) -> list[tuple[int, int]]:
    """The runs of a word in the place of another: what is longer stands at the other's last character."""
    first, last = to
    over = range(first + end - start, last)
    runs = [(first, passage.place(start)), *((at, passage.place(end - 1)) for at in over)]
    return runs if last > first else []


def _english(match: re.Match[str], key: str) -> str:
    """The English of a match, with a great letter where it begins a sentence with one."""
    word = _words(key)[int((match.lastgroup or "w0")[1:])][1]
    if not (match[0][:1].isupper() and _opens(match)):
        return word
    # Where the verb alone says who: "Tiene 16 GB".
    alone = key == "es" and word.split(" ")[0] in _VERBS
    return f"It {word}" if alone else word[:1].upper() + word[1:]


def _opens(match: re.Match[str]) -> bool:
    """Whether a word begins a sentence: nouns of German have great letters everywhere."""
    before = match.string[: match.start()].rstrip()
    return not before or before[-1] in ".!?:*\u2022"


@cache
def _often() -> Mapping[str, frozenset[str]]:
    return {key: frozenset(each["often"]) for key, each in store.load("gloss")["gloss"].items()}


@cache
def _words(key: str) -> Sequence[tuple[str, str]]:
    """Patterns and their English, the longest alternatives first."""
    rows = store.load("gloss")["gloss"][key]["words"]
    ways = [(way, english) for pattern, english in rows.items() for way in _ways(pattern)]
    return sorted(ways, key=lambda pair: -len(pair[0]))


def _ways(pattern: str) -> list[str]:
    """The alternatives of a pattern that are not within its groups."""
    ways, depth = [""], 0
    for letter in pattern:
        depth += (letter in "([") - (letter in ")]")
        if letter == "|" and not depth:
            ways.append("")
        else:
            ways[-1] += letter
    return ways


@cache
def _pattern(key: str) -> re.Pattern[str]:
    # What begins with one letter is tried where that letter stands; what may begin with several, first.
    ends = r"(?:(?<=[\s\u2019'])|(?![\w-]))"
    by_letter: dict[str, list[str]] = {"": []}
    for at, (way, _) in enumerate(_words(key)):
        by_letter.setdefault(way[0] if way[0].isalpha() else "", []).append(f"(?P<w{at}>{way}{ends})")
    groups = [f"(?={letter})(?:{'|'.join(ways)})" if letter else "|".join(ways)
              for letter, ways in sorted(by_letter.items()) if ways]  # fmt: skip
    return re.compile(rf"(?<![\w-])(?:{'|'.join(groups)})", re.IGNORECASE)

"""Names of GPUs in a text: every mention, and the devices that its words alone can mean.

A mention is the longest run of words that names devices of the catalogue; what reads as a name and is an
instance, a cache, a chip or a number in units is none. What a mention means where it stands is `subjects`'.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.families import architectures
from whichgpu.audit.patterns import MANY
from whichgpu.hardware import tokens
from whichgpu.hardware.names import candidates, is_withdrawn
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.hardware.catalogue import Catalogue

#: A word of a name; a plural is read as its singular.
_WORD = re.compile(r"[A-Za-z0-9]+(?:\.\d+)?(?:\([RTMC]+\))?")
#: What may stand between two words of a name.
_GAP = re.compile(r"\+?[\s\u00a0]{0,3}[-/,(\u2010\u2011\[]{0,2}[\s\u00a0]{0,2}")
#: Words that a name may begin with, besides those with a digit.
_LEADS = (
    tokens.VENDORS
    | tokens.LINES
    | {
        "laptop",
        "mobile",
        "notebook",
        "pro",
        "titan",
        "tpu",
        "gaudi",
        "gaudi2",
        "gaudi3",
        "trainium",
        "inferentia",
        "agx",
        "cmp",
        "flex",
        "grid",
        "gt",
        "orin",
        "thor",
        "xavier",
    }
)
#: Words that a name may go on with.
_TAILS = frozenset({
    "ti", "super", "laptop", "mobile", "notebook", "gpu", "gpus", "max", "q", "ada", "generation",
    "blackwell", "pcie", "sxm", "sxm2", "sxm3", "sxm4", "sxm5", "nvl", "oam", "xt", "xtx", "gre", "d", "v",
    "x", "xp", "tensor", "core", "edition", "server", "workstation", "pro", "ultra", "rtx", "graphics",
    "card", "gb", "go", "nano", "orin", "agx", "nx", "xavier", "hbm2", "hbm2e", "hbm3", "hbm3e", "gddr6",
    "variant", "version", "model", "sff", "black", "k", "gen", "instinct", "quadro", "tesla", "geforce",
    "ai", "halo", "spark", "active", "center", "cnx", "dgxs", "duo", "fhhl", "flex", "frontier", "gt", "ii",
    "liquid", "passive", "thor", "vega", "vii", "wx", "z",
})  # fmt: skip
#: Words that a name begins with where the second stands behind the first.
_LEADING_PAIRS = frozenset({("data", "center"), ("dgx", "spark"), ("ryzen", "ai"), ("strix", "halo")})
_OF_A_PAIR = frozenset(first for first, _ in _LEADING_PAIRS)
#: Words that a name ends with and that say nothing: they are quoted but not looked up.
#: A size of memory as some write it: "A100 80G".
_BARE = re.compile(r"\d{2,3}")
_SIZED = re.compile(r"^(\d{2,3})[Gg]$")
_EMPTY = frozenset(
    {"gpu", "gpus", "graphics", "card", "tensor", "core", "variant", "version", "model", "with"}
)
_LONGEST = 8
#: Behind a level of cache, how large it is: "L2: 96 MB"; before it, which is no device: "72 MB of L2".
_IS_CACHE = re.compile(r"\s*(?:[:=|-]\s*)?(?:cache\b|~?\d[\d.,]*\s?[KM]i?B\b)", re.IGNORECASE)
_OF_CACHE = re.compile(r"(?:\d\s?[KM]i?B(?:\s+of)?|cach[e\u00e9]|\u043a\u044d\u0448)\s+$", re.IGNORECASE)
#: Families of AWS's instances that go by the names of GPUs: "P4 instances".
_INSTANCE = re.compile(r"[PpGg]\d[a-z]{0,2}|A[234]")
#: "P4 came with the A100, P5 with the H100": families of instances, where no other P4 is meant.
_OF_AWS = re.compile(r"\bP[35](?:en?|dn?)?\b")
_IS_INSTANCE = re.compile(r"\s+(?:instances?|family|nodes?|machines?|vms?|line)\b", re.IGNORECASE)
#: Such a family beside a name, after or before what joins them; the P6 is a GPU too.
_AND_BEHIND = re.compile(
    r"(?:,|,? (?:and|or)|/)\s*(?:[PG]\d[a-z]{0,2},\s*)*(?:P[35]|G[3-6])(?:[a-z]{1,2})?\b"
)
_AND_BEFORE = re.compile(
    r"\b(?:P[35]|G[3-6])(?:[a-z]{1,2})?(?:,|,? (?:and|or)|/)\s*(?:[PG]\d[a-z]{0,2},?\s*)*$"
)
_DASH = re.compile(r"\s+--?\s+")
#: Behind what is no device but the family of a type of Google's: "a2-highgpu-8g".
_A_TYPE = re.compile(r"-(?:high|ultra|mega|edge|max)gpu-\d", re.IGNORECASE)
#: Behind a name without a number, the name of another device: "Jetson AGX Thor".
_GOES_BY_MORE = re.compile(r"\s(?!GPU|Card|Graphics|Super|Laptop)[A-Z][a-z]{2,}\b(?![-\d])")
#: What goes on with a name after a comma: its form or its memory.
_FORM = re.compile(r"\d{1,3}(?:gb|gib)?|gb|gib|pcie|sxm\d?|nvl")
#: Behind a name, that another card is meant, which a maker brought out again: "RTX 2070 Mobile Refresh".
_REFRESH = re.compile(r"[ -](?:Mobile |Max-Q )?Refresh\b(?! rate)")
#: Words that make another card of the one whose name they stand behind.
_OTHER_CARD = frozenset({"ti", "super", "xt", "xtx", "gre"})
_CHIP_SIZES = frozenset({"pro", "max", "ultra", "extreme"})
#: Numbers that name a card of GeForce by themselves.
_MODEL_NUMBER = re.compile(r"[1-9]0[5-9]0|16[356]0")


#: Words that a name ends with, of several cards or in short: "two RTX 2080 Tis", "RTX 4080 S".
_SEVERAL = {
    "Tis": "Ti", "Supers": "Super", "SUPERs": "Super", "S": "Super", "Sup": "Super",
    "XTs": "XT", "XTXs": "XTX",
}  # fmt: skip


class Mention(NamedTuple):
    """A name in a passage, and the ids of the devices that it can mean there, the fewest that are known."""

    start: int
    end: int
    text: str
    ids: tuple[str, ...]
    #: The ids that the name alone can mean.
    named: tuple[str, ...]

    @property
    def sure(self) -> bool:
        """Whether it is one device."""
        return len(self.ids) == 1


def mentions(text: str, catalogue: Catalogue) -> Iterator[Mention]:
    """Every name of a GPU in a text, in order, the longest at each place; `ids` are the name's alone."""
    return (each for each in _mentions(text, catalogue) if each.ids)


def names(text: str, catalogue: Catalogue) -> Iterator[Mention]:
    """The same, with the names of cards that were never sold, which mean no device."""
    return iter(_mentions(text, catalogue))


@lru_cache(maxsize=MANY)
def _mentions(text: str, catalogue: Catalogue) -> tuple[Mention, ...]:
    return tuple(_found(text, catalogue))


@lru_cache(maxsize=4096)
def model(key: str, catalogue: Catalogue) -> frozenset[str]:
    """The words that name a device's model, whatever its form."""
    return frozenset(tokens.model(catalogue[key]))


def _found(text: str, catalogue: Catalogue) -> Iterator[Mention]:
    words = list(_WORD.finditer(text))
    own = _own_leads(catalogue)
    at = 0
    while at < len(words):
        begins = _may_begin(words[at][0]) or _begins(words, at, own)
        found = _longest(text, words, at, catalogue) if begins else None
        if found is None:
            at += 1
            continue
        last, ids = found
        if text[words[last].end() : words[last].end() + 12].lstrip().lower().startswith("cache"):
            at = last + 1
            continue
        start, end = words[at].start(), words[last].end()
        if _is_no_card(text, start, end):
            at = last + 1
            continue
        end, ids = _of_sizes(text, start, (end, ids), catalogue)
        if _REFRESH.match(text, end):
            ids = ()
        yield Mention(start, end, text[start:end], ids, ids)
        at = next((place for place in range(last + 1, len(words)) if words[place].start() >= end), len(words))


#: The size that a name ends with, and others behind it: "A100 40GB/80GB", "V100 (16 GB or 32 GB)".
_SIZE = re.compile(r"[\s-]*\(?(?P<size>\d{1,3})\s?G(?:B|iB)?$", re.IGNORECASE)
_SIZES = re.compile(
    r"(?:\s*(?:/|,|(?P<and>&|,?\s(?:or|and)))\s*(?P<size>\d{1,3})\s?(?:GB|GiB|G)\b)"
    r"(?!\s+(?:of|per|more|for|in|while|is|at)\b|\s*/\s*s)",
    re.IGNORECASE,
)


def _of_sizes(
    text: str, start: int, found: tuple[int, tuple[str, ...]], catalogue: Catalogue
) -> tuple[int, tuple[str, ...]]:
    """The end of a name and its devices, with those of the other sizes that it is told to come in."""
    end, ids = found
    own = _SIZE.search(text, start, end)
    while own is not None and (behind := _SIZES.match(text, end)):
        if behind["and"] and "(" not in own[0]:
            # "The A100 40GB and 80GB differ", "8GB or 16GB?": two that are set against each other.
            break
        more = _named(f"{text[start : own.start()]} {behind['size']}GB", catalogue)
        if more is None or set(more[1]) & set(ids):
            break
        end, ids = behind.end(), tuple(dict.fromkeys((*ids, *more[1])))
    return end, ids


def _is_no_card(text: str, start: int, end: int) -> bool:
    """Whether what reads as a card's name is an instance, a type, a series, a cache or a chip there."""
    name = text[start:end]
    return bool(
        (_INSTANCE.fullmatch(name) and (_IS_INSTANCE.match(text, end) or _is_listed(text, start, end)))
        or (name == "P4" and _OF_AWS.search(text))
        or _A_TYPE.match(text, end)
        or (_NUMBER_ALONE.fullmatch(name) and _IN_UNITS.match(text, end))
        or _OF_FAMILY.match(text, max(start, end - 5))
        or (_MILLIONS.fullmatch(name) and (name == text.strip() or _OF_A_MODEL.match(text, end)))
        or (not any(c.isdigit() for c in name) and _goes_by_more(text, end))
        or (
            name.upper() in ("L1", "L2")
            and (_OF_CACHE.search(text, max(0, start - 12), start) or _IS_CACHE.match(text, end))
        )
        or (
            name in _CHIPS and (_OF_CHIP.search(text, max(0, start - 24), start) or _IS_CHIP.match(text, end))
        )
        or (name.lower() == "thor" and (name != "Thor" or _OF_CARS.search(text, max(0, start - 12), start)))
    )


def _goes_by_more(text: str, end: int) -> bool:
    """Whether a name goes on behind a place, with what is no architecture: "TITAN RTX Turing" is whole."""
    more = _GOES_BY_MORE.match(text, end)
    return more is not None and not architectures().match(text, end + 1)


#: Before a name of Jetsons, where it is the chip of cars: "DRIVE Thor".
_OF_CARS = re.compile(r"\bdrive\s+(?:agx\s+)?$", re.IGNORECASE)
#: The family of several devices: "MI300 Series" has an MI325X.
_OF_FAMILY = re.compile(r"MI\d00[ -](?:series|family)\b", re.IGNORECASE)
#: "860M" is a chip's graphics, and the parameters of a model.
_MILLIONS = re.compile(r"\d{3}M", re.IGNORECASE)
_OF_A_MODEL = re.compile(r"[\s-]*(?:param|trainable|weights)", re.IGNORECASE)
#: A number by itself, or behind a kind of memory: "GDDR5, 480 GB/s".
_NUMBER_ALONE = re.compile(r"(?:(?:L?P?G?DDR\d\w?|HBM\d?\w?)\W+)?\d+", re.IGNORECASE)
#: Behind a number that is told in units, and that no card is meant by: "1080 PFLOPS", "3060 tokens/s".
_IN_UNITS = re.compile(
    r"\s?(?:[TGP]FLOPS?|TOPS|POPS|[GTM]i?B(?:/s)?|[GTM]b(?:/s|ps)|[MG]Hz|k?W|kWh|mm\u00b2|dollars|euros|USD|EUR|"
    r"(?:CUDA |tensor )?cores|(?:images?|tokens?|samples?|frames?|sequences?|requests?)(?:\s?/|"
    r"\s+(?:per|a)\b))"
    r"(?![A-Za-z])",
)


def _is_listed(text: str, start: int, end: int) -> bool:
    """Whether a name stands beside that of a family of instances that no GPU goes by: "P4, P5 and G5"."""
    before = _AND_BEFORE.search(text, max(0, start - 24), start)
    return _AND_BEHIND.match(text, end) is not None or before is not None


#: Chips that a card is named after, and what stands before a chip's name: "Volta (GV100)".
_IS_CHIP = re.compile(r"\s(?:chip|die|silicon)s?\b", re.IGNORECASE)
_CHIPS = ("GV100", "GP100")
_OF_CHIP = re.compile(
    r"(?:\b(?:Volta|Pascal)[ ,/\u2013-]*\(?|\b(?:chips?|dies?|silicon|processor)[:(]?\s*)$", re.IGNORECASE
)


def _begins(words: Sequence[re.Match[str]], at: int, own: frozenset[str]) -> bool:
    """Whether a name begins with a word of no line: the first of a pair, or of names of one's own."""
    word = words[at][0].lower()
    return word in own or (
        word in _OF_A_PAIR and at + 1 < len(words) and (word, words[at + 1][0].lower()) in _LEADING_PAIRS
    )


@lru_cache(maxsize=64)
def _own_leads(catalogue: Catalogue) -> frozenset[str]:
    """The first words of the names of devices that are not of the catalogue that is shipped."""
    own = (gpu for gpu in catalogue.values() if not gpu.where.startswith("data/gpus"))
    return frozenset(gpu.name.split()[0].lower() for gpu in own if gpu.name.split())


@lru_cache(maxsize=4096)
def _may_begin(word: str) -> bool:
    lower = word.lower()
    return lower in _LEADS or (any(c.isdigit() for c in word) and any(c.isalpha() for c in word)) or (
        word.isdigit() and len(word) == 4
    )  # fmt: skip


def _longest(
    text: str, words: Sequence[re.Match[str]], at: int, catalogue: Catalogue
) -> tuple[int, tuple[str, ...]] | None:
    """The last word of the longest name from a word on, and its devices."""
    last = at
    while last + 1 < min(at + _LONGEST, len(words)) and _goes_on(text, words[last], words[last + 1]):
        last += 1
    found = _named(text[words[at].start() : words[last].end()], catalogue)
    return (at + found[0], found[1]) if found else None


@lru_cache(maxsize=8192)
def _named(run: str, catalogue: Catalogue) -> tuple[int, tuple[str, ...]] | None:
    """The longest name that a run of words begins with: the place of its last word, and its devices."""
    words = [match[0] for match in _WORD.finditer(run)]
    for last in range(len(words) - 1, -1, -1):
        said = ["GB" if word == "Go" else _SIZED.sub(r"\1GB", word) for word in words[: last + 1]]
        while said and said[-1].lower() in _EMPTY:
            said.pop()
        if len({word.lower() for word in said}) < len(said):
            # "A100 40GB PCIe A100 80GB PCIe" is two.
            continue
        forms = {word.lower().rstrip("2345") for word in said} & {"pcie", "sxm", "nvl"}
        if len(forms) > 1:
            # "H100 PCIe/SXM" is both.
            said = [word for word in said if word.lower().rstrip("2345") not in forms]
        if len(said) > 1 and _BARE.fullmatch(said[-1]) and _ids(" ".join(said[:-1]), catalogue):
            # "V100 (16 or 32 GB)": the number begins what follows.
            continue
        ids = _spelled(said, catalogue) if said else ()
        if ids and (whole := _withdrawn(words, last)) >= 0:
            # "RTX 4080 12GB" is no RTX 4080, and was never sold.
            return whole, ()
        if ids and last + 1 < len(words) and words[last + 1].lower() in _OTHER_CARD:
            # "RTX 4080 Ti" is no RTX 4080, and no card on file.
            return None
        if ids and last + 1 < len(words) and _is_other_chip(ids, words[last + 1]):
            return None
        if ids:
            return last, ids
    return None


def _withdrawn(words: Sequence[str], last: int) -> int:
    """The last word of a name with the size behind it where that card was never sold; -1 for any other."""
    plain = ["GB" if word == "Go" else word for word in words]
    ends = range(last, min(last + 3, len(words)))
    return next((end for end in ends if is_withdrawn(" ".join(plain[: end + 1]))), -1)


def _spelled(said: Sequence[str], catalogue: Catalogue) -> tuple[str, ...]:
    """The devices that a name means, of several or in short, or as it is spelled."""
    one, plain = " ".join(_singular(word, catalogue) for word in said), " ".join(said)
    ids = _ids(one, catalogue)
    if one == plain or len(ids) == 0:
        # "L40 S" is no Super.
        return ids or _ids(plain, catalogue)
    # "L40s" are several L40, or one L40S of somebody who writes it so.
    return tuple(dict.fromkeys((*ids, *_ids(plain, catalogue))))


def _is_other_chip(ids: Sequence[str], after: str) -> bool:
    """Whether a word makes another chip of Apple's of a name: "M4 Ultra" is no M4, and none on file."""
    return after.lower() in _CHIP_SIZES and any(one.startswith("apple-") for one in ids)


def _goes_on(text: str, word: re.Match[str], after: re.Match[str]) -> bool:
    gap = text[word.end() : after.start()]
    lower = _SEVERAL.get(after[0], after[0]).lower()
    if lower[0].isdigit() and " -" in gap and _DASH.fullmatch(gap):
        # "RTX 4090 - 24 GB": a name and what it has.
        return False
    if _GAP.fullmatch(gap) is not None and ("," in gap or "/" in gap):
        return _FORM.fullmatch(lower) is not None
    return _GAP.fullmatch(gap) is not None and (
        lower in _TAILS or lower in _LEADS or any(c.isdigit() for c in lower)
    )  # fmt: skip


def _singular(word: str, catalogue: Catalogue) -> str:
    """A10s is A10, Tis are Ti; other words without a digit and whole names in small letters are left."""
    if word in _SEVERAL:
        return _SEVERAL[word]
    if not re.fullmatch(r"[A-Za-z]{0,3}\d{1,4}[A-Za-z]?s", word):
        return word
    # Who writes no capitals means the L40S by "l40s"; "L40s" are several.
    return word if word[0].islower() and candidates(word, catalogue) else word[:-1]


@lru_cache(maxsize=4096)
def _ids(name: str, catalogue: Catalogue) -> tuple[str, ...]:
    plain = name.strip()
    # A bare number is a model only where it is one of a line of cards: 4090, not 2048.
    if plain.isdigit() and not _MODEL_NUMBER.fullmatch(plain):
        return ()
    found = tuple(gpu.id for gpu in candidates(plain, catalogue))
    # A name without a form is of the card for a slot too: "Gaudi 3".
    card = f"{found[0]}-pcie" if len(found) == 1 else ""
    return (*found, card) if card in catalogue and not _FORMS.search(plain) else found


_FORMS = re.compile(r"\b(?:pcie|sxm|oam|hl-?\d+|\d+ ?gb)", re.IGNORECASE)

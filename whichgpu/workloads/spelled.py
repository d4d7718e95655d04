"""Which workloads a spelling is one of: the names that there are, by letters, sizes, order and totals."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.values import regex
from whichgpu.workloads import names
from whichgpu.workloads.names import apart, squeezed
from whichgpu.workloads.zoo import workloads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


#: A size in a name: 70b, 0.5b, 8x7b.
SIZE = regex(r"(?<![\d.])(?:\d+x)?\d+(?:\.\d+)?b(?![a-z])")


@lru_cache(maxsize=1)
def by_spelling() -> Mapping[str, Sequence[tuple[str, str]]]:
    """By spelling without case and separators: the spellings that read so, each with its id."""
    known: dict[str, list[tuple[str, str]]] = {}
    spelled = list(workloads().spellings())
    # All at once: there are thousands.
    keys = squeezed("\n".join(spelling for spelling, _ in spelled)).split("\n")
    for key, pair in zip(keys, spelled, strict=True):
        known.setdefault(key, []).append(pair)
    return known


#: Sizes of transformers as papers shorten them; ViT-g is giant, ViT-G gigantic.
_SIZE_WORDS = {
    "t": "tiny", "s": "small", "b": "base", "l": "large", "h": "huge", "g": "giant", "G": "gigantic",
}  # fmt: skip


_SIZED_BY_WORD = regex(
    r"(.+?)[-_ ]([tsblhg]|tiny|small|base|large|huge|giant)(?:[-_/ ]?(\d\d))?", re.IGNORECASE
)


def spelled_out(name: str, side: str = "224") -> list[str]:
    """The id of a name whose size is a letter, with the side of its patches: `DINOv2-L/14`."""
    found = _SIZED_BY_WORD.fullmatch(name.strip())
    if found is None:
        return []
    stem, letter, patch = found.groups()
    size = _SIZE_WORDS.get(letter) or _SIZE_WORDS.get(letter.lower(), letter)
    ends = (f"patch{patch}", f"patch{patch}-{side}") if patch else ()
    tried = (f"{stem}{vit}-{size}-{end}" for vit in ("", "-vit") for end in ends)
    keys = next(filter(None, map(ids_of, tried)), [])
    if keys:
        return keys
    # What learns without labels over a ViT is called by its size alone: `VideoMAE ViT-B`.
    method = re.sub(r"[-_ ]vit$", "", stem, flags=re.IGNORECASE)
    stems = dict.fromkeys((stem, method))
    keys = next(filter(None, (ids_of(f"{one}-{end}") for one in stems for end in (size, size[0]))), [])
    return keys if not patch or _told(keys, size, patch) else []


#: The side of a patch that a transformer of pictures has where its names state none, by size.
_USUAL_PATCH = {"huge": "14", "giant": "14", "gigantic": "14"}


def _told(keys: Sequence[str], size: str, patch: str) -> bool:
    """Whether a name of the workloads states the side of their patches as it is asked, or it is the usual."""
    items = [workloads()[key] for key in keys]
    spelled = [one.lower() for item in items for one in (item.name, *item.aliases)]
    if any(re.search(rf"[-/a-z]{patch}(?!\d)", one) for one in spelled):
        return True
    other = any(re.search(r"(?:patch|[a-z]/|[tsblhg]-)(?:8|14|16|32)(?!\d)", one) for one in spelled)
    return not other and patch == _USUAL_PATCH.get(size, "16") and any("mae" in key for key in keys)


def usual_side(name: str) -> list[str]:
    """The id of a name that lacks the side of its pictures, the usual one: `xcit_tiny_12_p16`."""
    return next(filter(None, (ids_of(f"{name}-{side}") for side in _USUAL_SIDES)), [])


def out_of_order(name: str) -> list[str]:
    """The ids of spellings of the same words in another order, sizes as letters: `Swin-Tiny video`."""
    return _reordered(name) or _reordered(name, short=True)


def _reordered(name: str, *, short: bool = False) -> list[str]:
    """The ids of spellings of several words that are those of a name in any order; `short` as `_in_order`.

    They have the same digits, which are looked at first: to put the words of all in order takes longer than
    all else that is asked of a name.
    """
    asked = _in_order(name, short=short)
    if " " not in asked:
        return []
    digits = "".join(sorted(sign for sign in asked if sign in _DIGITS))
    return list(dict.fromkeys(_ordered(digits, short=short).get(asked, ())))


@lru_cache(maxsize=256)
def _ordered(digits: str, *, short: bool) -> Mapping[str, Sequence[str]]:
    """The ids of the spellings that have some digits, by their words in order of the alphabet."""
    found: dict[str, list[str]] = {}
    for spelling, key in _alike().get(digits, ()):
        found.setdefault(_in_order(spelling, short=short), []).append(key)
    return found


@lru_cache(maxsize=1)
def _alike() -> Mapping[str, Sequence[tuple[str, str]]]:
    """The spellings, each with its id, by their digits in order."""
    found: dict[str, list[tuple[str, str]]] = {}
    for pair, own in zip(_spelled(), _digits(), strict=True):
        found.setdefault("".join(sorted(own)), []).append(pair)
    return found


_DIGITS = "0123456789"


@lru_cache(maxsize=1)
def _spelled() -> Sequence[tuple[str, str]]:
    """Every spelling, less who publishes the model, and the id that it stands for."""
    return [(spelling.rpartition("/")[2], key) for spelling, key in workloads().spellings()]


@lru_cache(maxsize=1)
def _digits() -> Sequence[str]:
    """The digits of each spelling."""
    whole = "\n".join(spelling for spelling, _ in _spelled()).encode()
    others = bytes(set(range(256)) - set(f"{_DIGITS}\n".encode()))
    return whole.translate(None, others).decode().split("\n")


def _in_order(name: str, *, short: bool = False) -> str:
    """The words of a name in order of the alphabet: `wan 2.2 14b t2v` is `wan-2.2-t2v-14b`.

    `short`: sizes by their first letter, and patches likewise.
    """
    said = filter(None, re.split(r"[-_ /:]+", name.lower().rpartition("/")[2]))
    return " ".join(sorted(_SHORT.get(one, one.replace("patch", "p")) if short else one for one in said))


#: Sizes in words, by their first letter.
_SHORT = {word: word[0] for word in ("tiny", "small", "base", "large", "huge")}


def language(name: str) -> tuple[str, ...]:
    """The language models that a name may mean: only their names are taken apart."""
    families = names.table()["families"]
    keys = ids_of(name) or _sized(name, _unpublished().get(squeezed(name), ())) or _weighed(name)
    return tuple(key for key in keys if workloads()[key].family in families)


#: A name and the size that stands behind it: `DeepSeek-R1 671B`; how far it may be off, as a share.
_WEIGHED, _OFF = regex(r"(.+?)[-_ (]+(\d+(?:\.\d+)?)b\)?", re.IGNORECASE), 0.08


def _weighed(name: str) -> list[str]:
    """The language model of a name behind which its own number of parameters stands once more."""
    from whichgpu.workloads.counts import counts

    found = _WEIGHED.fullmatch(name)
    keys = ids_of(found[1]) if found else []
    if not found or len(keys) != 1:
        return []
    return keys if abs(counts(workloads()[keys[0]]).parameters / 1e9 / float(found[2]) - 1.0) < _OFF else []


@lru_cache(maxsize=1)
def _unpublished() -> Mapping[str, Sequence[tuple[str, str]]]:
    """By spelling without its publisher, case and separators: those that read so, each with its id."""
    known: dict[str, list[tuple[str, str]]] = {}
    for spelling, key in workloads().spellings():
        if "/" in spelling:
            known.setdefault(squeezed(spelling.rpartition("/")[2]), []).append((spelling, key))
    return known


def _owns(name: str) -> bool:
    """Whether somebody publishes workloads under a word, as names on the Hub begin, and no other does."""
    word = re.escape(name)
    pair = re.search(rf"^{word}/(?!\d)[^/\n]*$", _lines(), re.MULTILINE)
    if pair is None or "/" in name:
        return False
    apart = re.search(r"[-_ .:\d]", name)
    return bool(apart) or re.search(rf"^{word}(?:[-_ .:\d]|$)", _lines(), re.MULTILINE) is None


@lru_cache(maxsize=1)
def _lines() -> str:
    """Every spelling in small letters, a line each."""
    return "\n".join(spelling for spelling, _ in workloads().spellings()).lower()


def disowned(name: str) -> str:
    """A name less who publishes such models, as its first word: `PekingU rtdetr_r50vd`; "" for others.

    A model's own name goes as well where a fuller one of it stands behind: `Demucs htdemucs`.
    """
    owner, _, rest = name.strip().partition(" ")
    rest, same = rest.strip(), ids_of(owner)
    twice = same and rest and same == ids_of(rest)
    return rest if rest and (twice or _owns(owner.lower().strip(":"))) else ""


def going_on(name: str) -> list[tuple[str, str]]:
    """The spellings that go on after a name as `names.going_on` says, each with its id."""
    begun, start = names.going_on(name), squeezed(name)
    close = (pair for key in starting(start) for pair in by_spelling()[key])
    return [pair for pair in close if begun.match(pair[0])]


def starting(start: str) -> Iterator[str]:
    """The spellings without case and separators that begin so."""
    text, at = _squeezed_lines(), -1
    while (at := text.find(f"\n{start}", at + 1)) >= 0:
        yield text[at + 1 : text.index("\n", at + 1)]


@lru_cache(maxsize=1)
def _squeezed_lines() -> str:
    """Every spelling without case and separators, a line each: to look through a text takes no time."""
    return "\n".join(("", *by_spelling(), ""))


#: What tells the sizes of a family apart, where that is all that stands behind its name.
_BARE_SIZE = regex(r"[-_ :](?:\d+(?:\.\d+)?[bm]|base)", re.IGNORECASE)


def of_one_size(name: str) -> list[str]:
    """The id of a family of which there is one size alone, which its name leaves out: `orpheus`."""
    plain = name != name.upper() and name.lower() in names.table()["plain"]
    # What tables call a network (`in-tables-bert-110m`) says nothing of one that has no size there.
    tabled = name.lower().startswith("in-tables")
    whole = len(squeezed(name)) > _SHORTEST and name[-1].isalnum() and not plain and not tabled
    found = going_on(name) if whole else []
    sized = any(_BARE_SIZE.fullmatch(spelling[len(name) :]) for spelling, _ in found)
    keys = list(dict.fromkeys(key for _, key in found))
    return keys if sized and len(keys) == 1 else []


#: Letters of a family's name at least: shorter ones begin others as well.
_SHORTEST = 4


def ids_of(name: str) -> list[str]:
    """Ids that a name may mean."""
    if name in workloads():
        return [name]
    if name != name.upper() and name.lower() in names.table()["plain"]:
        return []
    spellings = by_spelling().get(squeezed(name), ())
    keys = list(_sized(name, spellings))
    if len(keys) > 1:
        exact = dict.fromkeys(key for spelling, key in spellings if apart(spelling) == apart(name))
        return list(exact) or keys
    bare = "" if keys else names.unwrapped(name)
    return keys or _tagged(name) or (_as_large(name, ids_of(bare)) if bare else _sparse(name))


#: A tag of a model without sizes that says millions of parameters, and how far off those counted may be.
_MILLIONS, _ROUNDED = regex(r".+:(\d+)m", re.IGNORECASE), 0.15


def _as_large(name: str, keys: list[str]) -> list[str]:
    """Of ids those as large as a tag says, where one says so: `all-minilm:33m` is not `all-minilm`."""
    from whichgpu.workloads.counts import counts

    found = _MILLIONS.fullmatch(name)
    if found is None:
        return keys
    stated = 1e6 * float(found[1])
    return [key for key in keys if abs(counts(workloads()[key]).parameters - stated) <= _ROUNDED * stated]


def _sized(name: str, spellings: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The ids of spellings that state no other size than a name: `gpt-3-1.3b` is not `GPT-3 13B`."""
    return tuple(dict.fromkeys(key for spelling, key in spellings if names.same_size(name, spelling)))


@lru_cache(maxsize=1)
def _totals() -> Mapping[str, Sequence[str]]:
    """Ids of spellings that tell what a token passes (`qwen3-30b-a3b`), by what goes before that."""
    found: dict[str, dict[str, None]] = {}
    for spelling, key in workloads().spellings():
        total, sign, active = spelling.rpartition("/")[2].lower().rpartition("-a")
        if sign and re.fullmatch(r"\d+(?:\.\d+)?b", active) and re.search(r"\d+b$", total):
            found.setdefault(apart(total), {})[key] = None
    return {total: tuple(keys) for total, keys in found.items()}


def _sparse(name: str) -> list[str]:
    """The mixture of experts that is called by all of its parameters alone: `qwen3:30b`, `qwen3-235b`."""
    return list(_totals().get(apart(name), ()))


def _tagged(name: str) -> list[str]:
    """The model of `resnet50.a1_in1k`: in timm, what follows a point names the weights."""
    model, _, tag = name.lower().removeprefix("timm/").partition(".")
    return list(dict.fromkeys(key for _, key in by_spelling().get(squeezed(f"timm/{model}"), ()) if tag))


#: What a name means that states none: the first that there is.
_USUAL_SIDES = (224, 240, 256)

"""What is said of a name that no workload has: the nearest, a family's members, services, subjects."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from whichgpu.facts import store
from whichgpu.units import number
from whichgpu.values import regex
from whichgpu.workloads import names, tasks
from whichgpu.workloads.names import squeezed, words
from whichgpu.workloads.spelled import SIZE, by_spelling, going_on, ids_of, language
from whichgpu.workloads.zoo import workloads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


#: Members of a family that an error lists.
_MOST_MEMBERS = 8


def _members(name: str) -> str:
    """What is said of a family's name without a size (`BERT`, `llama3`): its members, the smallest first."""
    from whichgpu.workloads.counts import counts

    found = {key for _, key in going_on(name)} if squeezed(name) else set()
    if len(found) < 2:
        return ""
    # Of many those of the plainest names.
    plainest = sorted(found, key=lambda key: (len(key), key))[:_MOST_MEMBERS]
    sizes = sorted((counts(workloads()[key]).parameters, key) for key in plainest)
    listed = ", ".join(f"{key} ({number(size / 1e6)} M)" for size, key in sizes)
    more = f" and {len(found) - len(sizes)} more" if len(found) > len(sizes) else ""
    return f"no workload '{name}', which has several sizes; did you mean {listed}{more}?"


@lru_cache(maxsize=1)
def _ids() -> str:
    """Every id without separators, a line each."""
    return squeezed("\n".join(("", *workloads())))


#: As many letters as that begin names that have nothing to do with each other.
_INITIALS = 2


def said_of(name: str) -> str:
    """What is said of a family's name or a subject's: of a family where an id begins so (`gpt`, not `AI`)."""
    short = squeezed(name)
    begun = len(short) > _INITIALS and f"\n{short}" in _ids()
    told = _members(name) or _members(tasks.without(name)), subject(name)
    begun = begun or bool(tasks.without(name))
    bare = names.published(name)
    # Who published it goes first: `NVIDIA TrafficCamNet`.
    published = (subject(bare),) if bare != name else ()
    return next(filter(None, (*(told if begun else told[::-1]), *published)), "")


def _known(name: str) -> bool:
    return bool(ids_of(name))


def subject(name: str) -> str:
    """What is said where a subject or a job stands for a model (`train resnet50`), else ''."""
    from whichgpu.workloads.subjects import told

    return told(name, _known)


def model_of(name: str) -> str:
    """The model of what is typed as a job: `serve llama 3.1 8b`; another text as it is."""
    from whichgpu.workloads.subjects import job_of

    return job_of(name, _known)[0] or name


def nearest(name: str) -> str:
    """The nearest names, of the size that is stated, each with the format that was asked for behind it."""
    from difflib import get_close_matches

    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.hardware.names import candidates

    if sized := _of_a_size(name):
        return f"a size alone names no model; did you mean {', '.join(sized)}?"
    formats = ((one.name, one.stored) for one in names.shorter(name) if one.stored)
    bare, stored = next(formats, (name, ""))
    asked = squeezed(bare)
    close = get_close_matches(asked, _of_like_letters(asked), n=_CLOSE, cutoff=_ALIKE)
    if asked.isalpha() and len(asked) <= _SHORT:
        # A short word has much in common with many: "Cubase" is no slip for Cutie base.
        close = [one for one in close if one[:_FIRST] == asked[:_FIRST]]
    near = list(dict.fromkeys(key for one in close for _, key in by_spelling()[one]))
    sizes = set(SIZE.findall(bare.lower()))
    near = [key for key in near if sizes <= set(SIZE.findall(key))] or near
    # Of a family that has no such size its own go first: `llama 3.1 7b`.
    family = sorted(_numbered_family(bare), key=len) if sizes else []
    near = list(dict.fromkeys((*family[:_TOLD], *near)))
    told = ", ".join(f"{key}-{stored}" if stored and language(key) else key for key in near[:_TOLD])
    if near:
        return f"did you mean {told}?"
    gpus = candidates(name, catalogue())
    if not gpus:
        return UNLISTED
    one = gpus[0].id
    return f"it is a GPU, which --gpu takes (several as A,B): --gpu {one}; see: whichgpu show {one}"


def _of_like_letters(asked: str) -> list[str]:
    """The spellings that may be as alike as asked, by the letters that they share: no others are.

    As `difflib` asks of each first, here of all at once.
    """
    keys, counts = _letters()
    own, whole = _counted(asked)[0], counts.sum(axis=1, dtype=np.int64)
    shared = np.minimum(counts, own).sum(axis=1, dtype=np.int64)
    return [keys[at] for at in np.flatnonzero(2.0 * shared / (whole + own.sum()) >= _ALIKE).tolist()]


@lru_cache(maxsize=1)
def _letters() -> tuple[list[str], NDArray[np.uint8]]:
    """Every spelling, and how often each letter stands in it."""
    keys = list(by_spelling())
    return keys, _counted("\n".join(keys))


#: Kinds of letters that are told apart: of more two look like one, and a name is looked at in vain.
_KINDS = 64


def _counted(lines: str) -> NDArray[np.uint8]:
    """How often each kind of letter stands in each of some lines, (lines, kinds)."""
    letters = np.frombuffer(lines.encode("latin-1", "replace"), dtype=np.uint8)
    ends = letters == ord("\n")
    places = (np.cumsum(ends) * _KINDS + letters % _KINDS)[~ends]
    count = (int(ends.sum()) + 1) * _KINDS
    return np.minimum(np.bincount(places, minlength=count), 255).astype(np.uint8).reshape(-1, _KINDS)


def _numbered_family(name: str) -> list[str]:
    """Models called as a name is but for its size, behind a number of the family's: `llama 3.1 7b`."""
    stem = SIZE.sub("", name.lower()).strip("-_ :")
    begun = names.going_on(stem) if re.search(r"[a-z].*\d", stem) and stem != name.lower() else None
    return [key for key in workloads() if begun and begun.match(key) and SIZE.search(key)]


#: What a size is called that stands alone: `13b model`, `70B parameters`.
_BEHIND = regex(r"(?:[\s-]+(?:param(?:eter)?s?|models?|llms?))+$")


def _of_a_size(name: str) -> list[str]:
    """Language models of a size that stands alone (`70b`), those of the families first that are asked for."""
    size = _BEHIND.sub("", name.strip().lower())
    if not SIZE.fullmatch(size):
        return []
    usual: Mapping[str, str] = store.load("subjects")["subjects"]["family"]
    families = tuple(dict.fromkeys(key.rstrip("0123456789.-b") for key in usual))
    found = sorted((key for key in workloads() if key.endswith(f"-{size}")), reverse=True)
    return sorted(found, key=lambda key: (not key.startswith(families), len(key)))[:_TOLD]


#: What is said where no name is alike.
UNLISTED = "see the list: whichgpu workloads"


#: Names that are looked at, and that are told; how alike they are at least: below it the name of a program
#: (Reaper, Notion) looks like some model's as often as not.
_CLOSE, _TOLD, _ALIKE = 16, 4, 0.7
#: Letters of a word without a digit that is like many, and of them those that a slip leaves as they are.
_SHORT, _FIRST = 6, 3


def sold(name: str) -> str:
    """What is said of a model that is only sold as a service (`data/services.toml`), else ''."""
    said, joined = words(name), squeezed(name)
    for title, row in store.load("services")["services"]["service"].items():
        if any(said[: len(one)] == one for one in map(words, row.get("open", ()))):
            continue
        sellers = {row["by"]: [title, *row["names"]], **row.get("others", {})}
        for seller, known in sellers.items():
            # `gpt5` is GPT-5.
            if any(said[: len(words(one))] == words(one) or joined == squeezed(one) for one in known):
                near = [key for one in row["nearest"] for key in ids_of(one)]
                hint = f"; the nearest open workload is {near[0]}" if near else ""
                if row.get("unreleased"):
                    return f"'{name}' was described, and never released ({seller}){hint}"
                return f"'{name}' is only sold as a service ({seller}), its size is not published{hint}"
    return ""

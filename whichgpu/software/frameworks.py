"""Frameworks, engines and libraries as data: releases, builds, what is refused, features (`data/software/`).

`find("tensorflow 2.21")` resolves what a person types to a framework and a version of it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line
from whichgpu.facts import store
from whichgpu.facts.model import Source
from whichgpu.software import versions
from whichgpu.values import Lazy, NamedTuple, immutable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.software.versions import Numbers

#: Every system that is told apart, and what else they are called.
SYSTEMS = ("linux", "windows", "wsl", "macos")
_SYSTEM_NAMES = {"wsl2": "wsl", "mac": "macos", "darwin": "macos", "osx": "macos", "win": "windows",
                 "win32": "windows", "ubuntu": "linux"}  # fmt: skip


@immutable
class Row:
    """A statement about some releases on some systems: a build, a refusal, a limit or a feature.

    Empty `systems`, `hosts`, `platforms` and `targets` mean any; `but` are GPUs that it is not of.
    """

    first: Numbers
    last: Numbers
    systems: tuple[str, ...]
    hosts: tuple[str, ...]
    platforms: tuple[str, ...]
    targets: tuple[str, ...]
    but: tuple[str, ...]
    source: str
    raw: Mapping[str, Any]

    def text(self, name: str) -> str:
        """One of its other columns; empty where it is not stated."""
        return str(self.raw.get(name, ""))

    def holds(self, series: Numbers, system: str) -> bool:
        """Whether it speaks of a release on a system."""
        return versions.within(series, self.first, self.last) and (not self.systems or system in self.systems)


@immutable
class Release:
    """One release with its patches: the version that is newest in it, its date and Pythons where known.

    `until` is the month to which its maker says to maintain it, and `says` the source of that; empty where
    nothing is said.
    """

    numbers: Numbers
    name: str
    newest: str
    date: str
    python: str
    until: str
    says: str

    def patch(self, version: Numbers, words: str) -> Release:
        """The patch of it that a version names, itself where the version names none."""
        if len(version) <= len(self.numbers):
            return self
        name = ".".join(map(str, version))
        date = self.date if words == self.newest else ""
        return Release(version, name, words, date, self.python, self.until, self.says)


@immutable
class Framework:
    """What is known of one framework, the releases oldest first."""

    id: str
    title: str
    names: tuple[str, ...]
    kind: str
    vendors: tuple[str, ...]
    systems: tuple[str, ...]
    complete: bool
    versioned: bool
    releases: tuple[Release, ...]
    builds: tuple[Row, ...]
    refusals: tuple[Row, ...]
    limits: tuple[Row, ...]
    remarks: tuple[Row, ...]
    features: tuple[Row, ...]
    instead: tuple[Row, ...]
    source: str
    sources: Mapping[str, Mapping[str, str]]

    @property
    def latest(self) -> Release:
        """The newest release that the data know."""
        return self.releases[-1]

    def feature_names(self) -> tuple[str, ...]:
        """Every feature that the data speak of, by its first name."""
        return tuple(dict.fromkeys(row.raw["names"][0] for row in self.features))


class Asked(NamedTuple):
    """What a person asks for: a framework, perhaps a version of it, perhaps a variant of its builds."""

    framework: Framework
    version: Numbers
    words: str
    variant: str

    def releases(self) -> tuple[Release, ...]:
        """The releases that the version stands for; all where none is asked for.

        A patch keeps its own numbers: a build that begins with 0.7.2 is not that of 0.7.1.
        """
        every = self.framework.releases
        meant = (one for one in every if not self.version or versions.alike(one.numbers, self.version))
        return tuple(one.patch(self.version, self.words.partition("+")[0]) for one in meant)


@cache
def frameworks() -> Mapping[str, Framework]:
    """Every framework by id (the stem of its file); a file is read when it is asked for."""
    files = store.glance("software").files
    return Lazy(tuple(files), lambda key: _framework(key, files[key]))


def _release(name: str, row: Mapping[str, Any]) -> Release:
    texts = (row.get(column, "") for column in ("date", "python", "until", "says"))
    return Release(versions.numbers(name), name, row.get("last", name), *texts)


def _framework(key: str, raw: Mapping[str, Any]) -> Framework:
    releases = (_release(name, row) for name, row in raw["releases"].items())
    return Framework(
        id=key, title=raw["title"], names=tuple(raw["names"]), kind=raw["kind"],
        vendors=tuple(raw.get("vendors", ())), systems=tuple(raw.get("systems", ())),
        complete=bool(raw.get("complete", False)), versioned=bool(raw.get("versioned", True)),
        releases=tuple(sorted(releases, key=lambda one: one.numbers)),
        builds=_rows(raw, "build"), refusals=_rows(raw, "refusal"), limits=_rows(raw, "limit"),
        remarks=_rows(raw, "remark"), features=_rows(raw, "feature"),
        instead=_rows(raw, "instead"), source=raw.get("source", ""), sources=raw.get("sources", {}),
    )  # fmt: skip


def _rows(raw: Mapping[str, Any], name: str) -> tuple[Row, ...]:
    return tuple(
        Row(
            first=versions.numbers(row.get("from", "")), last=versions.numbers(row.get("to", "")),
            systems=tuple(row.get("systems", ())), hosts=tuple(row.get("hosts", ())),
            platforms=tuple(row.get("platforms", ())), targets=tuple(row.get("targets", ())),
            but=tuple(row.get("but", ())), source=row["source"], raw=row,
        )
        for row in raw.get(name, ())
    )  # fmt: skip


def system(text: str) -> str:
    """The system that a word names; raises `UsageError` for another."""
    low = text.strip().lower()
    found = _SYSTEM_NAMES.get(low, low)
    if found not in SYSTEMS:
        raise UsageError(f"no system '{one_line(text)}'; the systems are {', '.join(SYSTEMS)}")
    return found


def find(text: str) -> Asked:
    """The framework, version and variant that a text names: `tensorflow 2.21`, `torch==2.9 cu128`, `FA2`.

    Raises `UsageError` with the nearest names for an unknown framework, and with the known releases for a
    version that is not among them.
    """
    said = re.sub(r"\b(toolkit|releases?|versions?|wheels?|builds?)\b", " ", text.lower()).strip()
    said = " ".join(said.split())
    hits = [(name, key) for name, key in _names() if _begins(said, name)]
    if not hits or (len(said.split()) > 1 and _below(text)):
        raise UsageError(_unknown(text))
    name, key = max(hits, key=lambda pair: len(pair[0]))
    rest = re.sub(r"^v(?=\d)", "", said[len(name) :].replace("+", " ").strip(" -=:@~<>/"))
    framework = frameworks()[key]
    implied = _implied(framework, name)
    word, _, variant = rest.partition(" ") if rest[:1].isdigit() else ("", "", rest)
    asked = Asked(
        framework, versions.numbers(word or implied), word or implied, _variant(framework, variant, text)
    )
    _check(asked)
    return asked


@cache
def _names() -> tuple[tuple[str, str], ...]:
    heads = store.glance("software").heads
    return tuple((_plain(name), key) for key, head in heads.items() for name in (key, *head["names"]))


def _plain(name: str) -> str:
    return name.partition("@")[0].lower()


def _implied(framework: Framework, name: str) -> str:
    """The version that a name stands for by itself: `fa2@2` among the names says that FA2 is 2.x."""
    return next((one.partition("@")[2] for one in framework.names if _plain(one) == name), "")


def _begins(said: str, name: str) -> bool:
    """Whether a text begins with a name that ends there."""
    if not said.startswith(name):
        return False
    after = said[len(name) : len(name) + 1]
    return not after.isalpha() and not (after.isdigit() and name[-1:].isdigit())


def _unknown(text: str) -> str:
    from difflib import get_close_matches

    known = list(dict.fromkeys(key for _, key in _names()))
    word = re.sub(r"[\s=:@]*v?\d[\d.]*.*$", "", text.strip().lower())
    if below := _below(text):
        return (
            f"no framework '{one_line(text)}' is on file; it runs on what it is built on: --framework {below}"
        )
    near = get_close_matches(word, [name for name, _ in _names()], n=3, cutoff=0.6)
    ids = dict.fromkeys(key for name in near for one, key in _names() if one == name)
    hint = f"did you mean {', '.join(ids)}?" if ids else f"there are {', '.join(sorted(known))}"
    return f"no framework '{one_line(text)}'; {hint}"


def _below(text: str) -> str:
    """The framework that a program or library is built on (`[upon]` of `data/capabilities.toml`), or ''."""
    said = " ".join(text.lower().split())
    upon = store.load("capabilities")["capabilities"]["upon"]
    return next((key for key, names in upon.items() if any(_begins(said, name) for name in names)), "")


def _variant(framework: Framework, word: str, text: str) -> str:
    """The variant of builds that the end of a text names: `cu128`, `CUDA 13`, `rocm`."""
    plain = _letters(word)
    if not plain:
        return ""
    known = dict.fromkeys(row.text("variant") for row in framework.builds if row.text("variant"))
    if any(_letters(one).startswith(plain) or _letters(one).startswith(_short(plain)) for one in known):
        return plain
    feature = next((one for one in framework.feature_names() if _letters(one) == plain), "")
    known_as = f"{feature} is one of its features: --feature {feature}" if feature else ""
    raise UsageError(
        f"'{one_line(text)}': {framework.title} has no variant '{one_line(word)}'; "
        f"{known_as or 'it has ' + ', '.join(known)}"
    )


def is_variant(row: Row, asked: str) -> bool:
    """Whether a build is of the variant that was asked for."""
    return not asked or _letters(row.text("variant")).startswith((asked, _short(asked)))


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _short(variant: str) -> str:
    """`cuda12.8` as indexes of wheels write it: `cu128`."""
    return re.sub(r"^cuda", "cu", variant)


def _check(asked: Asked) -> None:
    """Refuse a version that is not among the releases."""
    framework, version = asked.framework, asked.version
    if not version or not framework.versioned:
        return
    latest = framework.latest
    found = [one for one in framework.releases if versions.alike(one.numbers, version)]
    newest = versions.numbers(found[-1].newest) if found else versions.numbers(latest.newest)
    whole = f"{framework.title} {asked.words}"
    if versions.later(version, versions.numbers(latest.newest)):
        raise UsageError(
            f"{whole} is not released as far as these data know ({_listed_on(framework)}); "
            f"the latest is {latest.newest}, so ask e.g. --framework '{framework.id} {latest.name}'"
        )
    if found and framework.complete and versions.later(version, newest):
        raise UsageError(f"no {whole}; the last of {found[-1].name} is {found[-1].newest}")
    if not found and framework.complete and version > framework.releases[0].numbers:
        near = ", ".join(_near(framework, version))
        raise UsageError(f"no {whole}; did you mean {near}?")


def _near(framework: Framework, version: Numbers) -> Iterator[str]:
    before = [one for one in framework.releases if one.numbers < version]
    after = [one for one in framework.releases if one.numbers > version]
    yield from (one.name for one in (*before[-1:], *after[:1]))


@cache
def cited() -> Mapping[str, Source]:
    """Every source of the software data by framework and key: `pytorch/pypi`."""
    return {
        f"{one.id}/{key}": Source(f"{one.id}/{key}", row["title"], row.get("url", ""), "documentation",
                                  row.get("accessed", ""))
        for one in frameworks().values() for key, row in one.sources.items()
    }  # fmt: skip


def as_of(framework: Framework) -> str:
    """The day on which a framework's data were last read, as its sources state it."""
    return max((row.get("accessed", "") for row in framework.sources.values()), default="")


def _listed_on(framework: Framework) -> str:
    """The day on which the list of a framework's releases was read; other sources may be younger."""
    return framework.sources.get(framework.source, {}).get("accessed") or as_of(framework)


def mentioned(text: str) -> Iterator[str]:
    """Frameworks and engines that are named, each with the release that is said of it."""
    for way in _spelled():
        if match := way.search(text):
            yield match[0]


#: Names of frameworks that are words of other things too.
_WORDS = frozenset({"driver", "neuron", "synapse", "hip", "ort"})


@cache
def _spelled() -> tuple[re.Pattern[str], ...]:
    """How each framework is written in a text, under any of its names, with a release behind it."""
    ways = []
    for key, framework in frameworks().items():
        names = {one.partition("@")[0] for one in (key, *framework.names)} - _WORDS
        every = "|".join(
            re.sub(r"(?:\\-| )", "[- ]", re.escape(name)) for name in sorted(names, key=len, reverse=True)
        )
        ways.append(re.compile(rf"(?<![\w-])(?:{every})(?![\w-])(?: v?\d+(?:\.\d+)*)?", re.IGNORECASE))
    return tuple(ways)

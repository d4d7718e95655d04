"""A use outside the cost model: what it is called, what a GPU must have for it, and what it goes by."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store
from whichgpu.hardware.fields import FIELDS
from whichgpu.planner.needs import need
from whichgpu.planner.programs import program, spelled
from whichgpu.units import GIB, number
from whichgpu.values import immutable
from whichgpu.workloads.unknown import subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.programs import Program

#: Outputs that carry 4K at 60 Hz, with the first version that does.
_FIRST_4K = {"displayport": 1.2, "mini-displayport": 1.2, "hdmi": 2.0, "mini-hdmi": 2.0}
_OUTPUT = r"(\d+)x\s+([A-Za-z-]+(?: Type-C)?)\s*(\d+\.\d+)?"


@immutable
class Use:
    """A use: its title, what a GPU must have, the specification it goes by, and what else decides.

    `desktop` is the memory of one desktop where users share the cards, as the data state it; `program` the
    one that was named, whose needs and notes go with those of the use.
    """

    id: str
    title: str
    needs: tuple[str, ...]
    by: str
    specs: tuple[str, ...]
    notes: tuple[str, ...]
    term: str = "on-demand"
    desktop: str = ""
    program: Program | None = None

    @property
    def label(self) -> str:
        """The specification that it goes by, in words."""
        return _LABELS.get(self.by) or FIELDS[self.by].label

    @property
    def unit(self) -> str:
        """What the specification is counted in: TFLOPS, GB/s, GiB; nothing of a count."""
        return _UNITS.get(FIELDS[self.by].dimension, ("", 1.0))[0] if self.by in FIELDS else ""

    def amount(self, score: float) -> str:
        """So much of the specification in words: `82.6 TFLOPS of FP32`, `12 desktops`."""
        if self.unit:
            return f"{number(score, 3)} {self.unit} of {self.label}"
        return f"{score:g} {self.label if score != 1 else _ONE.get(self.by, self.label)}"


_LABELS = {
    "outputs_4k": "outputs that carry 4K at 60 Hz",
    "encoders": "video encoders",
    "desktops": "desktops",
}
#: The same of one.
_ONE = {"outputs_4k": "output that carries 4K at 60 Hz", "encoders": "video encoder", "desktops": "desktop"}
_UNITS = {
    "flop rate": ("TFLOPS", 1e12), "op rate": ("TOPS", 1e12), "bandwidth": ("GB/s", 1e9),
    "memory": ("GiB", GIB),
}  # fmt: skip


@lru_cache(maxsize=4096)
def use(name: str) -> Use | None:
    """The use that a name means, or that answers for the program of that name; None for any other name."""
    key = spelled(name)
    known = spellings()
    exact = [one for one, said in known.items() if key in said]
    named = None if exact else program(key, _beside())
    found = named.use if named else next(iter(exact or _by_words(key, known)), None)
    if found is None:
        return None
    table = _tables()[found]
    needs = (*table["needs"], *_count(key, *table.get("counted", ())))
    notes = (*table["notes"], *((_of_pairs()["note"],) if table["by"] == "fp32" else ()))
    plain = Use(
        found, table["title"], needs, table["by"], tuple(table["specs"]),
        notes, table.get("term", "on-demand"), table.get("desktop", [""])[0],
    )  # fmt: skip
    return plain if named is None else _of_program(plain, named)


#: Words for how many.
_NUMBERS = {
    "dual": 2, "two": 2, "triple": 3, "three": 3, "quad": 4, "four": 4, "five": 5, "six": 6, "eight": 8,
    "nine": 9, "ten": 10, "twelve": 12, "sixteen": 16,
}  # fmt: skip


def _count(key: str, field: str = "", nouns: str = "") -> tuple[str, ...]:
    """The need that a number before one of these nouns states: `12-4k-monitors` are `displays>=12`."""
    said = re.search(rf"(?:^|-)(\d+|{'|'.join(_NUMBERS)})-(?:4k-|8k-|big-|large-)*(?:{nouns})(?:-|$)", key)
    return (f"{field}>={_NUMBERS.get(said[1], said[1])}",) if field and said else ()


def _of_program(plain: Use, named: Program) -> Use:
    """A use as it is for one program."""
    return replace(
        plain, title=f"{plain.title} in {named.title}", needs=(*plain.needs, *named.needs),
        by=named.by or plain.by, notes=(named.note, *plain.notes), program=named,
    )  # fmt: skip


@cache
def _beside() -> frozenset[str]:
    """Words that may stand beside a program's name: those of uses, and what does not change one."""
    return AROUND | {word for said in spellings().values() for name in said for word in name.split("-")}


#: Words around the name of a use that do not change it.
AROUND = frozenset((
    "a", "an", "the", "for", "in", "with", "and", "of", "on", "some", "my", "work", "workstation", "pc",
    "4k", "8k", "remote", "cloud", "card", "gpu", "server", "pro", "studio", "renderer", "plugin", "best",
    "professional", "software", "solver", "users", "laptop", "scientific", "numerical", "engineering", "dev",
    "physics", "development", "editor", "suite", "standard", "architect", "edition", "workflow", "projects",
    "at", "hz", "fps", "144hz", "60fps", "max", "ultra", "settings", "hd", "uhd", "hobby", "home", "small",
    "company", "lab", "university", "student", "beginner", "amateur", "freelance", "freelancer", "private",
    "programs", "programming", "tasks", "machine", "computer", "rig", "box", "system", "setup", "to", "do",
    "live", "daily", "large", "big", "complex", "heavy", "light", "basic", "simple", "high", "end", "i",
    "by", "from", "own", "local", "locally", "want", "run",
    "into", "over", "up", "our", "ai", "show", "new", "engineer", "engineers", "which", "what",
))  # fmt: skip


#: Numbers and resolutions: `4`, `1440p`.
_COUNTED = re.compile(r"\d+([pkx]|hz|fps)?")


#: Words for people, which are parts of names of uses too.
_PEOPLE = frozenset(("person", "persons", "people", "player", "players"))


def _by_words(key: str, known: Mapping[str, set[str]]) -> list[str]:
    """The one use of which every word is a name or part of one: `video-transcoding`."""
    left = [word for word in key.split("-") if word not in AROUND and not _COUNTED.fullmatch(word)]
    if exact := [one for one, said in known.items() if "-".join(left) in said]:
        return exact
    # "4-person" is how many; that part of "first-person-shooter" says nothing by itself.
    words = set() if subject(key) or not {*left} - _PEOPLE else set(left)
    found = [one for one, said in known.items()
             if words and words <= {part for name in said for part in (name, *name.split("-"))}]  # fmt: skip
    return found if len(found) == 1 else []


@cache
def spellings() -> Mapping[str, set[str]]:
    """Every name of each use, by its id."""
    return {one: {one, *table["names"]} for one, table in _tables().items()}


def names() -> tuple[str, ...]:
    """The uses by id."""
    return tuple(_tables())


def drivers(gpu: Gpu) -> str:
    """What drivers a card of its segment runs."""
    table = store.load("uses")["uses"]["drivers"]
    certified = gpu.segment == "laptop" and need("workstation").met(gpu)
    more = table["more"].get(gpu.vendor.lower(), {}).get(gpu.segment, "")
    return f"{table.get('mobile-workstation' if certified else gpu.segment, '')}{more}"


def score(one: Use, gpu: Gpu) -> float | None:
    """What a GPU has of the specification that a use goes by."""
    if one.by == "outputs_4k":
        return outputs_4k(str(gpu.value("display_outputs") or ""))
    value = gpu.value(one.by)
    if one.by == "encoders":
        counted = re.match(r"(\d+)", str(value or ""))
        return float(counted[1]) if counted else None
    if value is None:
        return None
    paired = one.by == "fp32" and gpu.architecture in _of_pairs()["architectures"]
    return float(value) / _UNITS.get(FIELDS[one.by].dimension, ("", 1.0))[1] / (2.0 if paired else 1.0)


def _of_pairs() -> Mapping[str, Any]:
    """Architectures whose FP32 peaks count two instructions at once, which few programs have, and a note."""
    table: Mapping[str, Any] = store.load("uses")["uses"]["pairs"]
    return table


def outputs_4k(text: str) -> float | None:
    """How many outputs of `1x HDMI 2.1, 3x DisplayPort 1.4a` carry 4K at 60 Hz; None where none is read."""
    found = re.findall(_OUTPUT, text)
    if not found:
        return None
    able = (
        int(count)
        for count, kind, version in found
        if kind.lower().startswith("usb") or float(version or 0.0) >= _FIRST_4K.get(kind.lower(), 99.0)
    )
    return float(sum(able))


@cache
def _tables() -> Mapping[str, Any]:
    tables: Mapping[str, Any] = store.load("uses")["uses"]["use"]
    return tables

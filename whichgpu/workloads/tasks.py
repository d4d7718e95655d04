"""What a model is for, behind its name, where that model does it anyway: `BERT-base QA`."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatch
from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.facts.needed import small
from whichgpu.values import regex
from whichgpu.workloads import hastened, names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from whichgpu.workloads.model import Workload


def less_task(name: str, read: Callable[[str], Workload | None]) -> Workload | None:
    """The workload of a name with its own task behind, before or amid it; None for any other.

    `read` finds the workload of what is left: a `ResNet-50 object detection` is no classifier.
    """
    for task, globs in _tasks_of(name):
        for left, said in _parted(task, name.strip()):
            item = read(left)
            if item is None or _contradicts(item.id, said):
                continue
            if any(fnmatch(one, glob) for one in (item.family, item.id) for glob in globs):
                return item
    return None


def _parted(task: Task, name: str) -> Iterator[tuple[str, str]]:
    """What is left of a name without a task behind, before or amid it (`Piper TTS medium`), and the task."""
    for pattern in task:
        if found := pattern.fullmatch(name):
            yield "-".join(filter(None, (found["start"], found["end"]))), found["task"]


def _contradicts(key: str, task: str) -> bool:
    """Whether an id says that another thing is drawn from: `Wan 2.2 14B I2V` is no `wan-2.2-t2v-a14b`."""
    said = re.search(r"[tiv]2[iv]", task.lower())
    kinds = [one for one in re.split(r"[-_]", key) if re.fullmatch(r"[tiv]2[iv]", one)]
    return bool(said and kinds and said[0] not in kinds)


def without(name: str) -> str:
    """A name without the task behind it, whatever model it is of; "" where none stands there."""
    behind = (task[0].fullmatch(name.strip()) for task, _ in _tasks_of(name))
    return next((found["start"] for found in behind if found), "")


def labelled(item: Workload, said: Iterable[str]) -> Workload:
    """A segmenter whose jobs have as many classes as the data that is said behind its name."""
    known = names.table()["labels"]
    count = next((known["classes"][one] for one in said if one in known["classes"]), 0)
    if not count or not any(fnmatch(one, glob) for one in (item.family, item.id) for glob in known["of"]):
        return item
    return hastened.numbered(item, {"options": {"classes": str(count)}})


def tested(item: Workload, name: str) -> Workload:
    """A segmenter of a configuration of OpenMMLab, whose inference takes whole pictures of its data."""
    known = names.table()["labels"]
    found = _CONFIGURED.search(name)
    sides = known["tested"].get((found[1] or found[2]).lower()) if found else None
    if sides is None or not any(fnmatch(one, glob) for one in (item.family, item.id) for glob in known["of"]):
        return item
    said = dict(zip(("height", "width"), sides, strict=True))
    usual = {**item.defaults.get("all", {}), **item.defaults.get("infer", {})}
    return replace(item, defaults={**item.defaults, "infer": {**usual, **said}})


def whole(item: Workload, runtime: str) -> Mapping[tuple[float, float], tuple[float, float]]:
    """By the sides of crops that a segmenter learns from, those that its inference under a runtime takes.

    OpenMMLab's tables head the sides of crops, beside a time of whole pictures.
    """
    known = names.table()["labels"]
    ours = any(word in runtime.lower() for word in known["timed_by"])
    if not ours or not any(fnmatch(one, glob) for one in (item.family, item.id) for glob in known["of"]):
        return {}
    sides = {crop: crop.split("x") for crop in known["crops"]}
    return {
        (float(sides[crop][0]), float(sides[crop][1])): (height, width)
        for crop, (height, width) in known["crops"].items()
    }


#: How long a configuration trains, before or behind the sides of its crops, and on what.
_CONFIGURED = regex(
    r"\d+x\d+_\d+k(?:_[a-z\d]+)*?_([a-z]+)|_\d*xb?\d+-(?:[a-z]+-)*\d+k_([a-z\d]+)-\d+x\d+", re.IGNORECASE
)


#: What is said of a task behind a name, before it, and amid it: what is left, the task, what is left.
Task = tuple["re.Pattern[str]", ...]


def _tasks_of(name: str) -> Iterator[tuple[Task, Sequence[str]]]:
    """The tasks of whose words a name has some."""
    lower = small(name)
    return (task for task, sets in _tasks() if names.holds(lower, sets))


@lru_cache(maxsize=1)
def _tasks() -> Sequence[tuple[tuple[Task, Sequence[str]], names.Sets]]:
    """What is said of each task beside a name, with what it is of, and the words that it needs."""
    rows = [(row["said"].replace("~", "[-_ ]?"), row["of"]) for row in names.table()["tasks"].values()]
    read = [(tuple(map(_ignoring_case, _forms(said))), of) for said, of in rows]
    return tuple(zip(read, names.needs(said for said, _ in rows), strict=True))


def _ignoring_case(pattern: str) -> re.Pattern[str]:
    return regex(pattern, re.IGNORECASE)


def _forms(said: str) -> Sequence[str]:
    """Where a task stands: behind a name, before one, and between its words."""
    task = rf"(?P<task>(?:{said})(?:[-_ ]+task)?)"
    return (
        rf"(?P<start>.+?\S)[-_ (\[,:]+(?:for[-_ ]+)?{task}[)\]]?(?P<end>)",
        rf"(?P<start>){task}[-_ :]+(?P<end>\S.*)",
        rf"(?P<start>.+?\S)[-_ ]+{task}[-_ ]+(?P<end>\S.*)",
    )

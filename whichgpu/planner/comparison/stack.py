"""Which software runs on each: up to which release, and what the one lacks that another has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.facts import store
from whichgpu.hardware.parts import kept
from whichgpu.planner.comparison.model import Cell, Row
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.words import listed
from whichgpu.software import frameworks, sentences, targets, verdicts
from whichgpu.software.model import UNKNOWN, UNSUPPORTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.model import Sentence, View
    from whichgpu.software.model import Verdict

GROUP = "software"


def software_rows(gpus: Sequence[Gpu]) -> Iterator[Row]:
    """A row a framework (`data/usual.toml`): up to which release it runs, under the usual system of each."""
    for name in store.load("usual")["usual"]["software"]["frameworks"]:
        cells = {gpu.id: cell for gpu in gpus if (cell := _cell(verdict(gpu, name)))}
        if cells:
            yield Row(f"software.{name}", frameworks.find(name).framework.title, GROUP, "text", "", cells)


@kept(512)
def verdict(gpu: Gpu, name: str) -> Verdict:
    """What the data say of a framework on a GPU; under macOS for Apple's, else Linux."""
    device = targets.device(gpu)
    return verdicts.judge(device, frameworks.find(name), "macos" if device.platform == "metal" else "linux")


def _cell(one: Verdict) -> Cell | None:
    if one.answer == UNKNOWN:
        return None
    text = sentences.short(one)
    if text.startswith("yes") and one.framework.versioned and one.release:
        text = text.replace("yes", one.release, 1)
    source = f"{one.framework.id}/{one.sources[0]['id']}" if one.sources else "software"
    return Cell(text, text, source, "")


def software(view: View) -> Iterator[Sentence]:
    """What does not run on one of the GPUs and does on another, and where only older releases do."""
    rows = [row for row in view.rows.values() if row.group == GROUP]
    pen = Pen(view)
    told = {gpu.id: text for gpu in view.gpus if (text := _short_of(view, pen, gpu, rows))}
    if told:
        parts = [f"the {pen.name(key)} runs {text}" for key, (text, _) in told.items()]
        rest = next((gpu.id for gpu in view.gpus if gpu.id not in told), "")
        single = all(count == 1 for _, count in told.values())
        all_ = (
            f"; the {pen.name(rest)} {'does' if single else 'runs all of that'}" if view.pair and rest else ""
        )
        yield pen.say("software", f"{'; '.join(parts)}{all_}")


def _short_of(view: View, pen: Pen, gpu: Gpu, rows: Sequence[Row]) -> tuple[str, int] | None:
    """What a GPU runs none of, and what in older releases only, with how many those are; None without any."""
    none: dict[str, str] = {}
    old: list[str] = []
    for row in rows:
        one = verdict(gpu, row.field.removeprefix("software."))
        if not any(_better(verdict(other, one.framework.id), one) for other in view.gpus):
            continue
        pen.rests_on(row.field, *view.ids)
        why = _why(one)
        if one.answer == UNSUPPORTED:
            none[row.label] = why
        else:
            old.append(f"{row.label} up to {one.until}{f' ({why})' if why else ''}")
    if not none and not old:
        return None
    parts = [f"no {_none(none, gpu.vendor)}"] if none else []
    parts += [f"only {listed(old)}"] if old else []
    return " and ".join(parts), len(none) + len(old)


def _none(why: Mapping[str, str], vendor: str) -> str:
    """What does not run, each with its reason; those that have no build for its vendor at all share one."""
    ended = f"only, not {vendor}"
    foreign = [name for name, reason in why.items() if reason.endswith(ended)]
    rest = [
        f"{name} ({reason})" if reason else name
        for name, reason in why.items()
        if len(foreign) < 2 or name not in foreign
    ]
    if len(foreign) < 2:
        return listed(rest, "or")
    shared = f"{listed(foreign, 'or')} (none of them is for {vendor})"
    return f"{shared}, nor {listed(rest, 'or')}" if rest else shared


def refused(gpu: Gpu, row: Row) -> bool:
    """Whether no release of the framework of a row runs on a GPU."""
    return verdict(gpu, row.field.removeprefix("software.")).answer == UNSUPPORTED


def _better(other: Verdict, one: Verdict) -> bool:
    """Whether a framework runs on another GPU and not, or only in an older release, on this."""
    if not other.runs:
        return False
    if one.answer == UNSUPPORTED:
        return True
    return bool(one.until and one.why and _place(other) > _place(one)) and _said_no(one)


def _said_no(one: Verdict) -> bool:
    from whichgpu.software.support import gone

    return gone(one, one.asked)


def _place(one: Verdict) -> int:
    """How far up the list of releases a framework runs."""
    names = [release.name for release in one.framework.releases]
    return names.index(one.until) if one.until in names else len(names)


def _why(one: Verdict) -> str:
    """A reason without the names that the sentence has already: the least that any release asks for."""
    told = [why.partition(": ")[2].split(f", and {one.device.id} has ")[0].split(" (")[0] for why in one.why]
    told = [re.sub(r"^it is built for .*, not for (\S+)$", r"it has no build for \1", text) for text in told]
    needs = [text for text in told if text.startswith("it needs")]
    return (needs[-1] if needs else told[0]).partition(": ")[0] if told else ""

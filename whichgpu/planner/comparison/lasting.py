"""How old each is, what came after it, what newer generations compute in, and software that left it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from whichgpu.hardware.architecture import after, before, families
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.fields import FIELDS
from whichgpu.planner.comparison.model import Cell, Row
from whichgpu.planner.comparison.pen import Pen
from whichgpu.planner.comparison.words import listed
from whichgpu.units import DAYS_PER_YEAR, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.hardware.architecture import Step
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.planner.comparison.model import Sentence, View

#: Formats whose lack shortens a part's use: models are published in them.
_FORMATS = ("tf32", "bf16", "fp8", "fp4")
_GROUP = "identity"
#: What stands between a generation and what it followed.
AFTER = ", after "
_RACKS, _ELSEWHERE = "datacenter", " in data centres alone"


def age_rows(gpus: Sequence[Gpu], today: date) -> Iterator[Row]:
    """Years since the release, and the generations that came after."""
    ages = {gpu.id: cell for gpu in gpus if (cell := _age(gpu, today))}
    if ages:
        yield Row("age", "Years since its release", _GROUP, "count", "", ages)
    line = {gpu.id: cell for gpu in gpus if (cell := _line(gpu))}
    if line:
        yield Row("generation", "Generation", _GROUP, "text", "", line)
    named = {gpu.id: cell for gpu in gpus if (cell := _named_after(gpu))}
    if named:
        yield Row("named_after", "Named after", _GROUP, "text", "", named)
    later = {gpu.id: cell for gpu in gpus if (cell := _after(gpu))}
    if later:
        yield Row("successors", "Followed by", _GROUP, "text", "", later)
    left = {gpu.id: cell for gpu in gpus if (cell := _software(gpu))}
    if left:
        yield Row("software_end", "Software ends at", _GROUP, "text", "", left)
    now = {gpu.id: cell for gpu in gpus if gpu.id not in left and (cell := _newest(gpu))}
    if now:
        yield Row("software_now", "Newest software runs", _GROUP, "text", "", now)
    kept = {gpu.id: cell for gpu in gpus if (cell := _maintained(gpu))}
    if kept:
        yield Row("maintained", "Driver maintained", _GROUP, "text", "", kept)


def _line(gpu: Gpu) -> Cell | None:
    """`Ampere (2020), after Turing (2018)`; None where nothing came before or nothing is on file."""
    earlier = [_dated(step.name, step.year) for step in before(gpu.architecture)]
    variant, family = gpu.variant, families().get(gpu.family)
    if not earlier or variant is None or family is None:
        return None
    own = (variant.name or variant.what, variant.year) if variant.follows else (family.name, family.year)
    told = f"{_dated(*own)}{AFTER}{listed(earlier)}"
    return Cell(told, told, f"architectures: {gpu.architecture}", "")


def _named_after(gpu: Gpu) -> Cell | None:
    """Whom its generation is named after."""
    family = families().get(gpu.family)
    told, source = family.named_after if family else ("", "")
    return Cell(told, told, source, "") if told else None


def _dated(name: str, year: int | None) -> str:
    return f"{name} ({year})" if year else name


def _age(gpu: Gpu, today: date) -> Cell | None:
    released = gpu.fact("release_date")
    if released is None or len(str(released.value)) < len("2023-08"):
        return None
    # A month without a day counts from its first.
    years = (today - date.fromisoformat(f"{released.value}-01"[:10])).days / DAYS_PER_YEAR
    return Cell(years, number(years, 2), "derived", "derived") if years > 0 else None


def _after(gpu: Gpu) -> Cell | None:
    """What came after; of a card to buy, which of that is sold for data centres alone."""
    told = ", ".join(
        f"{_dated(one.name, one.year)}{_ELSEWHERE if _elsewhere(gpu, one) else ''}"
        for one in after(gpu.architecture)
    )
    if not told:
        return None
    return Cell(told, told, f"architectures: {gpu.architecture}", "")


def _elsewhere(gpu: Gpu, step: Step) -> bool:
    """Whether a later generation has parts on file, and none but for data centres, where this one is not."""
    if gpu.segment == _RACKS:
        return False
    variants = {one.id for one in step.variants}
    segments = {other.segment for other in catalogue().values() if other.architecture in variants}
    return segments == {_RACKS}


def _software(gpu: Gpu) -> Cell | None:
    """The last releases that know it, where later ones do not."""
    from whichgpu.software.support import ended

    ends = ended(gpu)
    told = ", ".join(one.release for one in ends)
    return Cell(told, told, ";".join(dict.fromkeys(one.source for one in ends)), "") if ends else None


def _newest(gpu: Gpu) -> Cell | None:
    """The newest releases on file, where they run, and whether it is the next that can be dropped."""
    from whichgpu.software.support import current, lowest

    now = current(gpu)
    told = ", ".join(one.release for one in now)
    floor = f"; {gpu.value('compute_capability')} is the lowest" if lowest(gpu) else ""
    return Cell(told, told + floor, ";".join(dict.fromkeys(one.source for one in now)), "") if now else None


def _maintained(gpu: Gpu) -> Cell | None:
    """To which month its maker says to maintain a driver that runs it."""
    from whichgpu.software.support import maintained

    kept = maintained(gpu)
    if kept is None:
        return None
    told = f"{kept.release}, to {date.fromisoformat(f'{kept.until}-01'):%B %Y}"
    return Cell(told, told, kept.source, "")


def maintained(view: View) -> Iterator[Sentence]:
    """One sentence on how long drivers that run them are maintained, as their maker says."""
    grouped: dict[str, list[Gpu]] = {}
    for gpu in view.gpus:
        if kept := view.text(gpu.id, "maintained"):
            grouped.setdefault(kept, []).append(gpu)
    if not grouped:
        return
    pen, parts = Pen(view), []
    for kept, gpus in grouped.items():
        for gpu in gpus:
            pen.text(gpu.id, "maintained")
        whom, (release, until) = pen.names(gpu.id for gpu in gpus), kept.split(", ")
        # Of what newer drivers have left it is the last, else one that a newer may follow.
        last = all(view.text(gpu.id, "software_end") for gpu in gpus)
        parts.append(
            f"{release}, {'the last for' if last else 'which runs on'} {whom}, is maintained {until}"
        )
    yield pen.say("maintained", "; ".join(parts))


def supported(view: View) -> Iterator[Sentence]:
    """One sentence for each set of last releases: what is newer does not run there."""
    grouped: dict[str, list[Gpu]] = {}
    for gpu in view.gpus:
        if ends := view.text(gpu.id, "software_end"):
            grouped.setdefault(ends, []).append(gpu)
    for ends, gpus in grouped.items():
        pen = Pen(view)
        for gpu in gpus:
            pen.text(gpu.id, "software_end")
        names = pen.names(gpu.id for gpu in gpus)
        last = ends.split(", ")
        verb, whom = "is" if len(last) == 1 else "are", "it" if len(gpus) == 1 else "them"
        knows = f"{listed(last)} {verb} the last to run on {whom}"
        yield pen.say("lasting", f"newer software leaves {names} behind: {knows}")


def current(view: View, *, oldest: bool | None = None) -> Iterator[Sentence]:
    """On which of them the newest software runs, and which of these is the next that can be dropped.

    `oldest` asks for the sentences on these alone, or on the others alone.
    """
    grouped: dict[str, list[tuple[Gpu, str]]] = {}
    for gpu in view.gpus:
        releases, _, floor = view.text(gpu.id, "software_now").partition("; ")
        if releases and (oldest is None or oldest == bool(floor)):
            grouped.setdefault(releases, []).append((gpu, floor))
    for releases, found in grouped.items():
        pen = Pen(view)
        for gpu, _ in found:
            pen.text(gpu.id, "software_now")
        names, newest = listed(f"the {pen.name(gpu.id)}" for gpu, _ in found), releases.split(", ")
        text = f"the newest {listed(newest)} {'runs' if len(newest) == 1 else 'run'} on {names}"
        old = [f"the {pen.name(gpu.id)}" for gpu, floor in found if floor]
        if old:
            whose = "" if len(old) == len(found) else f" of {listed(old)}"
            least, _, rank = next(floor for _, floor in found if floor).partition(" ")
            text += (
                f"; compute capability {least}{whose} {rank} that the toolkit compiles for, the next "
                "that can be dropped"
            )
        yield pen.say("current", text)


def lasting(view: View) -> Iterator[Sentence]:
    """One sentence for each generation that has been followed by others."""
    grouped: dict[tuple[str, str], list[Gpu]] = {}
    for gpu in view.gpus:
        if later := view.text(gpu.id, "successors"):
            grouped.setdefault((later, _lacking(view, gpu)), []).append(gpu)
    for (_, lacking), gpus in grouped.items():
        pen = Pen(view)
        first = gpus[0]
        pen.rests_on("architecture", *(gpu.id for gpu in gpus))
        text = f"{_aged(pen, gpus)} of a generation that {_followed(pen, first)}"
        if lacking:
            pen.rests_on("native", *(gpu.id for gpu in gpus))
            text += f"; {'it does' if len(gpus) == 1 else 'they do'} not compute in {lacking}"
        yield pen.say("lasting", text)


def _aged(pen: Pen, gpus: Sequence[Gpu]) -> str:
    """`the A10 is 5.6 years old,`, of several of different age `the A10 (5.6 years old) and the .. are`."""
    ages = [pen.text(gpu.id, "age") for gpu in gpus if pen.view.text(gpu.id, "age")]
    be = "is" if len(gpus) == 1 else "are"
    known = len(ages) == len(gpus)
    if known and len(set(ages)) > 1:
        told = (f"the {pen.name(gpu.id)} ({age} years old)" for gpu, age in zip(gpus, ages, strict=True))
        return f"{listed(told)} {be}"
    names = pen.names(gpu.id for gpu in gpus)
    return f"{names} {be} {ages[0]} years old," if known else f"{names} {be}"


def _lacking(view: View, gpu: Gpu) -> str:
    """The formats that it lacks, each with the generation that brought it; empty for none."""
    lacks = (name for name in _FORMATS if view.has(gpu, name) is False)
    since = {name: family for name in lacks if (family := _since(gpu, name))}
    return (
        listed(f"{_short(name)} (from {family.name} on)" for name, family in since.items()) if since else ""
    )


def _followed(pen: Pen, gpu: Gpu) -> str:
    return f"has been followed by {listed(pen.text(gpu.id, 'successors').split(', '))}"


def _since(gpu: Gpu, precision: str) -> Step | None:
    """The first later generation that computes in a precision."""
    later = after(gpu.architecture)
    return next((step for step in later for one in step.variants if precision in one.native), None)


def _short(name: str) -> str:
    return FIELDS[name].label.split(" ")[0]


def stack(view: View) -> Iterator[Sentence]:
    """What software runs on the one and not on the other; nothing where that was not asked for."""
    if any(field.startswith("software.") for field in view.rows):
        from whichgpu.planner.comparison.stack import software

        yield from software(view)


#: In the order of reading.
ALL = (lasting, supported, current, maintained, stack)

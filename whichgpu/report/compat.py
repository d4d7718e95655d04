"""What software runs on GPUs, as tables: one GPU and one framework in full, else a table or a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.report.table import Bullets, Column, Heading, Report, Table
from whichgpu.software import model, sentences
from whichgpu.values import Deferred

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.report.table import Block
    from whichgpu.software.compat import Compatibility, OnGpu
    from whichgpu.software.drivers import Driver
    from whichgpu.software.model import Verdict

_KINDS = {"platform": "Platforms", "framework": "Frameworks", "engine": "Engines", "library": "Libraries"}
#: Features of the hardware that the page of a GPU names.
_SHOWN = ("mig", "nvlink", "open-kernel-modules")


def report(found: Compatibility) -> Report:
    """The answer as a report; exit status 3 where what was asked for is on none of the GPUs."""
    blocks = tuple(_blocks(found))
    if not found.none:
        return Report(Deferred(found.to_dict), blocks)
    return Report(Deferred(found.to_dict), blocks, exit_code=3, complaint=_complaint(found))


def title(found: Compatibility) -> str:
    """The title of a page of it."""
    gpus = ", ".join(one.gpu.id for one in found.gpus)
    return f"{', '.join(found.asked) or 'Software'} on {gpus} under {sentences.system(found.system)}"


def _complaint(found: Compatibility) -> str:
    gpus = ", ".join(one.gpu.id for one in found.gpus)
    where = f"on {gpus} under {sentences.system(found.system)}"
    first = found.gpus[0]
    if first.features and all(sentences.is_part(one, first) for one in first.features):
        parts = ", ".join(one.asked for one in first.features)
        under = sentences.system(found.system)
        return f"{gpus} {'lack' if len(found.gpus) > 1 else 'lacks'} {parts} under {under}"
    running = any(verdict.runs for verdict in first.verdicts)
    names = [one.asked for one in first.features] if running else list(found.asked)
    within = f" in {' or '.join(v.framework.title for v in first.verdicts)}" if running else ""
    verb = "does" if len(names) == 1 else "do"
    use = next((text for one in first.verdicts for text in one.instead), "")
    return f"{', '.join(names)}{within} {verb} not run {where}" + (f"; instead: {use}" if use else "")


def _blocks(found: Compatibility) -> Iterator[Block]:
    if len(found.gpus) > 1:
        yield from _matrix(found)
    elif found.asked:
        yield from _answer(found, found.gpus[0])
    else:
        yield from _page(found, found.gpus[0])
    yield (
        f"As the sources said on {found.as_of}; the JSON has the source of each answer. "
        "'?' and unknown: no source that was read says."
    )


def _page(found: Compatibility, one: OnGpu) -> Iterator[Block]:
    yield Heading(f"{one.gpu} ({one.gpu.id}) under {sentences.system(found.system)}")
    yield Table.of("", ["Of the hardware", "What"], _hardware(one))
    rows: list[tuple[str, ...]] = []
    kind = ""
    others = [v for v in one.verdicts if v.framework.vendors and one.gpu.vendor not in v.framework.vendors]
    for verdict in (v for v in one.verdicts if v not in others):
        if verdict.framework.kind != kind:
            kind = verdict.framework.kind
            rows.append((_KINDS[kind],))
        rows.append(
            (verdict.framework.title, verdict.answer, _releases(verdict), verdict.variant, _remark(verdict))
        )
    columns: list[str | Column] = ["Software", "Answer", "Releases", Column("Build", optional=True), "Remark"]
    notes = (
        [f"For others than {one.gpu.vendor}: {', '.join(v.framework.title for v in others)}."]
        if others
        else []
    )
    yield Table.of("", columns, rows, notes)
    lines = [
        (v.framework.title, v.install) for v in one.verdicts if v.install and v.framework.kind != "library"
    ]
    if lines:
        yield Table.of("To install", ["Software", "Line"], lines)


def _hardware(one: OnGpu) -> Iterator[tuple[str, str]]:
    if one.alike:
        yield "The same holds for", ", ".join(one.alike)
    yield "Target", one.device.label or "not read"
    yield "Computes in", ", ".join(_label(name) for name in one.native)
    lacks = [_label(f.name) + (f" ({f.note})" if f.note else "") for f in one.missing]
    if lacks:
        yield "Lacks", ", ".join(lacks)
    slow = [f for f in one.hardware if f.name in ("fp16", "bf16", "int8") and "rate" in f.note]
    half = [f"{_label(feature.name)} ({feature.note})" for feature in slow]
    if half:
        yield "Without units for", ", ".join(half)
    for feature in one.hardware:
        if feature.name in _SHOWN and feature.support != "unknown":
            note = f" ({feature.note})" if feature.note and feature.support == "no" else ""
            yield (
                feature.name.replace("-", " ").upper() if len(feature.name) < 7 else "Open kernel modules",
                (("no" if feature.support == "no" else "yes") + note),
            )
    if one.driver:
        yield "Driver", _driver(one.driver)
    if one.device.host != "x86_64":
        yield "Host", one.device.host


def _driver(driver: Driver) -> str:
    least = f"{driver.least} or later" if driver.least else ""
    last = f"branch {driver.last} is the last that knows it" if driver.last else ""
    note = f"({driver.note})" if driver.note else ""
    return (
        " ".join(part for part in ("; ".join(part for part in (least, last) if part), note) if part)
        or "not stated"
    )


def _releases(verdict: Verdict) -> str:
    return model.span(verdict)


def _remark(verdict: Verdict) -> str:
    """The first thing to know beside the releases."""
    told = [*verdict.why, *verdict.limits] if verdict.until else [*verdict.limits, *verdict.why]
    told = [text for text in told if "is the last release" not in text] or told
    if not told:
        return ""
    release, _, why = told[0].partition(f" on {verdict.device.id}: ")
    why = (why or release).removesuffix(f", and {verdict.device.id} has {verdict.device.target}")
    newer = release.removeprefix(f"{verdict.framework.title} ")
    return f"{newer}: {why}" if verdict.runs and release != why and told[0] in verdict.why else why


def _label(name: str) -> str:
    return name.upper().replace("FP64_TENSOR", "FP64 tensor")


def _answer(found: Compatibility, one: OnGpu) -> Iterator[Block]:
    """What was asked of one GPU: first the answers, then what they rest on."""
    yield from (f"{text}." for text in answers(one, found.system))
    for verdict in one.verdicts:
        yield Table.of(
            f"{verdict.framework.title} on {one.gpu} ({one.gpu.id})", ["", "What"], _facts(verdict, one)
        )
        if verdict.features:
            yield _features(verdict)
        yield _sources(verdict)
    if not one.verdicts:
        yield Table.of("", ["Of the hardware", "What"], _hardware(one))


def answers(one: OnGpu, under: str) -> Iterator[str]:
    """What is answered on one GPU, without full stops: of what runs, first the formats and features."""
    running = any(verdict.runs for verdict in one.verdicts)
    told = [sentences.feature(answered, one, under) for answered in one.features]
    whole = [sentences.headline(verdict, itself=running and bool(one.features)) for verdict in one.verdicts]
    yield from [*told, *whole] if running else [*whole, *told]


def verdicts_title(one: OnGpu, framework: str) -> str:
    """Whose a feature is: a framework's title, or the hardware's."""
    return next((v.framework.title for v in one.verdicts if v.framework.id == framework), "the hardware")


def _facts(verdict: Verdict, one: OnGpu) -> Iterator[tuple[str, str]]:
    yield "Answer", verdict.answer
    if one.alike:
        yield "The same holds for", ", ".join(one.alike)
    rows = (
        ("Releases", _releases(verdict)), ("Latest known", verdict.framework.latest.newest),
        ("To install", verdict.install), ("Version", _version(verdict)), ("Build", _build(verdict)),
        ("Python", verdict.python), ("Driver", _driver(verdict.driver) if verdict.driver else ""),
        ("Computes in", ", ".join(_label(name) for name in one.native)),
        ("Lacks", ", ".join(_label(f.name) + (f" ({f.note})" if f.note else "") for f in one.missing)),
    )  # fmt: skip
    yield from (row for row in rows if row[1])
    for name, texts in (("Limit", verdict.limits), ("Note", verdict.notes), ("Why", verdict.why),
                        ("Instead", verdict.instead)):  # fmt: skip
        yield from ((name, text) for text in texts)


def _version(verdict: Verdict) -> str:
    return verdict.release + (f" ({verdict.date})" if verdict.date and verdict.release else "")


def _build(verdict: Verdict) -> str:
    toolkit = f", {verdict.toolkit}" if verdict.toolkit and verdict.toolkit != verdict.variant else ""
    how = {"ptx": ", by PTX", "unofficial": ", unofficially"}.get(verdict.how, "")
    return f"{verdict.variant}{toolkit}{how}" if verdict.variant else ""


def _features(verdict: Verdict) -> Table:
    rows = [(one.name, one.support, one.note) for one in verdict.features]
    return Table.of(f"Features of {verdict.framework.title}", ["Feature", "Here", "Remark"], rows)


def _sources(verdict: Verdict) -> Table:
    rows = [
        (source["title"], source["url"], source["date"] or None, source["accessed"])
        for source in verdict.sources
    ]
    return Table.of("Sources", ["What", "Where", "Of", "Read on"], rows)


def _matrix(found: Compatibility) -> Iterator[Block]:
    columns = ["Software", *(one.gpu.id for one in found.gpus)]
    rows: list[tuple[str, ...]] = [
        ("Target", *(one.device.target or "?" for one in found.gpus)),
        ("Computes in", *(", ".join(_label(name) for name in one.native) for one in found.gpus)),
    ]
    for row in zip(*(one.verdicts for one in found.gpus), strict=True):
        words = f"{row[0].framework.title} {row[0].asked.words}".strip()
        rows.append((words, *(sentences.short(verdict) for verdict in row)))
    for answers in zip(*(one.features for one in found.gpus), strict=True):
        whose = verdicts_title(found.gpus[0], answers[0].feature.of)
        rows.append(
            (f"{answers[0].asked} ({whose})", *(_support(one.answer, one.feature.support) for one in answers))
        )
    yield Table.of(title(found), columns, rows)
    told = tuple(_told(found.gpus))
    if found.asked and told:
        yield Bullets(told)


def _support(answer: str, support: str) -> str:
    return support if answer in (model.SUPPORTED, model.LIMITED) else answer


def _told(gpus: Sequence[OnGpu]) -> Iterator[str]:
    """Why not, and what to install, GPU by GPU."""
    for one in gpus:
        for verdict in one.verdicts:
            yield from verdict.why
            if verdict.install:
                yield f"{one.gpu.id}: {verdict.install}"

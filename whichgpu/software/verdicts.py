"""Whether a framework runs on a GPU under a system, from which release to which, and how it is installed.

    of a release: refused by a statement, else the best of its builds that names the GPU's target
    supported: the release asked for, or the latest that a source speaks of, runs
    limited: only older ones do, or with a limit; unsupported: none does; unknown: no source says

Pure functions over `data/software/`; nothing is guessed where no build and no statement speaks of a system.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.software import drivers, features, targets, versions
from whichgpu.software.frameworks import Release, find, frameworks, is_variant
from whichgpu.software.model import (
    KINDS,
    LIMITED,
    SUPPORTED,
    UNKNOWN,
    UNSUPPORTED,
    Found,
    Verdict,
    named,
    span,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.software.features import Feature
    from whichgpu.software.frameworks import Asked, Framework, Row
    from whichgpu.software.targets import Device

#: Reasons that are told where no release runs.
_REASONS = 3


def judge(device: Device, asked: Asked, system: str) -> Verdict:
    """The verdict on one GPU, framework (with its version, or any) and system."""
    wanted = asked.releases()
    builds = _own(device, asked)
    found = [_release(device, asked, one, system, builds) for one in wanted]
    found = found or _unlisted(device, asked, system, builds)
    running = [one for one in found if one.answer in (SUPPORTED, LIMITED)]
    # What runs only by the way ("aside") is for who asks for that release.
    usual = running if asked.version else [one for one in running if not _aside(one)] or running
    chosen = usual[-1] if usual else None
    unbroken = _unbroken(found, chosen) if chosen else ()
    later = found[found.index(chosen) + 1 :] if chosen else []
    gone = next((one for one in later if one.answer == UNSUPPORTED), None)
    after = gone or next((one for one in later if one.answer == UNKNOWN), None)
    limits = (*_limits(device, asked.framework, chosen, gone, system), *_by_the_way(chosen, later))
    answer = _answer(found, chosen, limits)
    against = [] if answer == SUPPORTED else [after] if after else [] if chosen else _reasons(found)
    known = features.of(device, asked.framework, chosen.release.numbers if chosen else (), system)
    return Verdict(
        device=device, asked=asked, system=system, answer=answer,
        since=_since(asked, unbroken),
        until=chosen.release.name if chosen and later else "",
        release=_version(chosen), date=chosen.release.date if chosen else "",
        python=_python(chosen), variant=_text(chosen, "variant"), toolkit=_text(chosen, "toolkit"),
        how=chosen.how if chosen else "", install=_install(device, chosen, system),
        driver=drivers.needed(device, _text(chosen, "toolkit"), system) if chosen else None,
        why=_why(device, asked, against, known=bool(found)),
        limits=limits, notes=(*_remarks(device, asked.framework, chosen, system),
               *_notes(chosen, None if gone else after, _before(asked, unbroken))),
        instead=tuple(dict.fromkeys(_instead(device, asked, against, system, runs=bool(running)))),
        features=known if chosen else (),
        sources=_sources(asked.framework, [*_told(chosen), *_said(device, asked.framework, chosen, system),
                                           *(row for one in against for row in _told(one))],
                         known if chosen else ()),
    )  # fmt: skip


def runs(device: Device, asked: Asked, system: str) -> bool:
    """Whether any release runs, the newest looked at first: the rest of the verdict takes longer."""
    builds = _own(device, asked)
    newest = reversed(asked.releases())
    return any(_release(device, asked, one, system, builds).answer in (SUPPORTED, LIMITED) for one in newest)


def newest_runs(device: Device, asked: Asked, system: str) -> bool:
    """Whether the newest of the releases runs, and in no way that is not the one to take."""
    return newest(device, asked, system) is not None


def newest(device: Device, asked: Asked, system: str) -> Found | None:
    """The newest of the releases where it runs, and in no way that is not the one to take; else None.

    It is then what `judge` chooses, at a fraction of the time: most software runs on most devices.
    """
    last = asked.releases()[-1:]
    found = [_release(device, asked, one, system, _own(device, asked)) for one in last]
    return next((one for one in found if one.answer in (SUPPORTED, LIMITED) and not _aside(one)), None)


def _answer(found: Sequence[Found], chosen: Found | None, limits: Sequence[str]) -> str:
    """What the releases come to; one of which nothing is known takes nothing from those before it."""
    if chosen is not None:
        return SUPPORTED if chosen.answer == SUPPORTED and not limits else LIMITED
    return found[-1].answer if found else UNKNOWN


def _unbroken(found: Sequence[Found], chosen: Found) -> Sequence[Found]:
    """What runs up to the release chosen, after the last one before it that does not."""
    before = found[: found.index(chosen) + 1]
    gap = max((place for place, one in enumerate(before) if one.answer == UNSUPPORTED), default=-1)
    return [one for one in before[gap + 1 :] if one.answer in (SUPPORTED, LIMITED)]


def _since(asked: Asked, running: Sequence[Found]) -> str:
    """The first release that runs as it was compiled, and where there is none, the first that runs at all."""
    first = next((one for one in running if one.how == targets.NATIVE), running[0] if running else None)
    return first.release.name if first and asked.framework.versioned else ""


def _maker(device: Device) -> str:
    """Who makes a device; one of a file of the user's may not say."""
    return device.gpu.vendor or 'a device whose file names no vendor (vendor = "NVIDIA")'


def _aside(found: Found) -> bool:
    """Whether a release runs on a build that is not the way to take on this GPU."""
    return found.build is not None and bool(found.build.raw.get("aside"))


def _own(device: Device, asked: Asked) -> list[Row]:
    """The builds of any release that are for a device, of the variant asked for."""
    return [row for row in asked.framework.builds if _for(row, device) and is_variant(row, asked.variant)]


def _release(device: Device, asked: Asked, release: Release, system: str, builds: Sequence[Row]) -> Found:
    """How one release stands; `builds` are those that are for the device."""
    framework = asked.framework
    if framework.vendors and device.gpu.vendor not in framework.vendors:
        return Found(
            release, UNSUPPORTED, why=f"it runs on {_listed(framework.vendors)} only, not {_maker(device)}"
        )
    refused = next(_speaking(framework.refusals, device, release, system), None)
    if refused:
        return Found(release, UNSUPPORTED, why=refused.text("why"), source=refused)
    if framework.systems and system not in framework.systems:
        where = _listed(framework.systems)
        return Found(release, UNSUPPORTED, why=f"it has no build for {system}; it has for {where}")
    if not device.target:
        return Found(release, UNKNOWN, why=f"no source that was read says what {device.id} is to a compiler")
    mine = [row for row in builds if row.holds(release.numbers, system)]
    if mine:
        return _built(device, release, mine, system)
    of_others = (row for row in framework.builds if is_variant(row, asked.variant))
    other = next((row for row in of_others if row.holds(release.numbers, system)), None)
    # That no build was read of is not that there is none.
    why = f"no source that was read states a build of {named(framework, release)} for it under {system}"
    return Found(release, UNKNOWN, why=why, source=other)


def _unlisted(device: Device, asked: Asked, system: str, builds: Sequence[Row]) -> list[Found]:
    """What speaks against a release that is not listed, such as one between two that are.

    Ranges of statements and builds take it in. That it is there to be installed they do not say.
    """
    named_so = Release(asked.version, asked.words, asked.words, "", "", "", "")
    found = _release(device, asked, named_so, system, builds)
    return [found] if asked.version and found.answer == UNSUPPORTED else []


def _built(device: Device, release: Release, builds: Sequence[Row], system: str) -> Found:
    """The best of the builds of a release for a platform and host."""
    ways = [(_way(device, row, system), row) for row in builds]
    how, build = ways[0]
    for way, row in ways[1:]:
        if targets.better(way, how):
            how, build = way, row
    if how:
        answer = SUPPORTED if how == targets.NATIVE and not build.raw.get("limited") else LIMITED
        return Found(release, answer, how, build)
    half_read = [row for row in builds if row.raw.get("partial")]
    compiled = [row for row in half_read if _compiles(device, row, system)]
    if compiled:
        why = f"no source that was read says whether it has code for {device.label}"
        return Found(release, UNKNOWN, why=why, source=compiled[0])
    why = _uncompiled(device, half_read[0]) if half_read else _lacking(device, builds)
    return Found(release, UNSUPPORTED, why=why, source=builds[0])


def _compiles(device: Device, build: Row, system: str) -> bool:
    """Whether the CUDA toolkit of a build can have made code for a target, whatever else is in it."""
    toolkit = build.text("toolkit")
    return not toolkit.startswith("CUDA ") or judge(device, find(toolkit), system).answer != UNSUPPORTED


def _uncompiled(device: Device, build: Row) -> str:
    return f"it is built with {build.text('toolkit')}, which does not compile for {device.label}"


def _way(device: Device, build: Row, system: str) -> str:
    """How a build runs on a target; what it pins must run there as well."""
    how = targets.best(device.target, build.targets)
    pinned = build.text("pins")
    if not how or not pinned:
        return how
    below = judge(device, find(pinned), system)
    if not below.runs:
        return targets.NO
    return how if below.how == targets.NATIVE else below.how


def _for(row: Row, device: Device) -> bool:
    """Whether a build is for the platform and the host of a device."""
    platforms = row.platforms or ("cuda",)
    hosts = row.hosts or ("x86_64", "aarch64", "mac")
    return device.platform in platforms and device.host in hosts


def _speaking(rows: Sequence[Row], device: Device, release: Release, system: str) -> Iterator[Row]:
    """The statements that are about a device, a release and a system."""
    for row in rows:
        here = not row.platforms or device.platform in row.platforms
        hosted = not row.hosts or device.host in row.hosts
        if not (here and hosted and row.holds(release.numbers, system)):
            continue
        if device.id.partition(":")[0] in row.but:
            continue
        if not row.targets or targets.best(device.target, row.targets):
            yield row


def _lacking(device: Device, builds: Sequence[Row]) -> str:
    """Why no build of a release runs on a target."""
    pinned = [row for row in builds if targets.best(device.target, row.targets) and row.text("pins")]
    if pinned:
        return f"it is built on {pinned[0].text('pins')}, which has no code for {device.label}"
    if device.platform != "cuda":
        named = dict.fromkeys(one.rstrip("?") for row in builds for one in row.targets)
        return f"it is built for {', '.join(named)}, not for {device.target}"
    low, high = targets.bounds(one for row in builds for one in row.targets)
    if low and targets.capability(device.target) < targets.capability(low):
        return f"it needs compute capability {low} or higher, and {device.id} has {device.target}"
    if high and targets.capability(device.target) > targets.capability(high):
        return f"its builds end at compute capability {high}, and {device.id} has {device.target}"
    return f"its builds leave out compute capability {device.target}"


def _reasons(found: Sequence[Found]) -> list[Found]:
    """The newest release of each reason not to run, newest first; only a few."""
    newest = {one.why: one for one in found if one.why}
    return sorted(newest.values(), key=lambda one: one.release.numbers, reverse=True)[:_REASONS]


def _why(device: Device, asked: Asked, against: Sequence[Found], *, known: bool) -> tuple[str, ...]:
    """The reasons in words."""
    if not known:
        return (f"no source was read on {asked.framework.title} {asked.words}",)
    told = (one for one in against if one.why)
    return tuple(f"{named(asked.framework, one.release)} on {device.id}: {one.why}" for one in told)


def _limits(
    device: Device, framework: Framework, chosen: Found | None, gone: Found | None, system: str
) -> tuple[str, ...]:
    """What is missing where it runs."""
    if chosen is None or chosen.build is None:
        return ()
    found = [row.text("note") for row in _speaking(framework.limits, device, chosen.release, system)]
    if chosen.how == targets.PTX:
        found.insert(0, _by_ptx(device, framework, chosen, system))
    if chosen.how == targets.UNOFFICIAL:
        found.insert(0, f"{device.target} is not on the vendor's list: it runs unofficially")
    if chosen.build.raw.get("limited"):
        found.append(chosen.build.text("limited"))
    if gone is not None:
        found.append(f"{chosen.release.name} is the last release that runs")
    return tuple(dict.fromkeys(found))


def _by_the_way(chosen: Found | None, later: Sequence[Found]) -> Iterator[str]:
    """How releases run after the one chosen that run in a way that is not the one to take."""
    first = next((one for one in later if _aside(one)), None)
    if chosen is not None and first is not None and _text(first, "limited"):
        since = f"from {first.release.name} on {_text(first, 'limited')}"
        yield f"{chosen.release.name} is the last release that runs so; {since}"


def _by_ptx(device: Device, framework: Framework, chosen: Found, system: str) -> str:
    """What runs by PTX lacks; a toolkit compiles, a library was compiled."""
    if framework.id == "cuda":
        first = _compiling(device, framework, chosen, system)
        since = f", which {framework.title} {first} is the first to do" if first else ""
        return (
            f"it does not compile for {device.label}{since}: what it makes for earlier ones runs, by its PTX"
        )
    return f"it has no machine code for {device.label}: the driver compiles its PTX at the first start"


def _compiling(device: Device, framework: Framework, chosen: Found, system: str) -> str:
    """The first release after the one chosen that makes machine code for a GPU; empty where none is known."""
    asked = find(framework.id)
    later = (one for one in framework.releases if one.numbers > chosen.release.numbers)
    builds = _own(device, asked)
    native = (one for one in later if _release(device, asked, one, system, builds).how == targets.NATIVE)
    return next((one.name for one in native), "")


def _instead(
    device: Device, asked: Asked, against: Sequence[Found], system: str, *, runs: bool
) -> Iterator[str]:
    """What works where this does not."""
    for one in against:
        if one.source is not None and one.source.text("instead"):
            yield one.source.text("instead")
    if runs or not against:
        return
    # The framework in other releases or builds, another framework, another system.
    for wider, text in _wider(asked):
        whole = judge(device, wider, system)
        if whole.runs:
            yield (text or f"{asked.framework.title} {span(whole)}") + _by(whole)
    for row in _speaking(asked.framework.instead, device, against[0].release, system):
        yield row.text("use")
    if system == "windows":
        below = judge(device, asked, "wsl")
        if below.runs:
            yield f"WSL 2{_by(below)}"


def _wider(asked: Asked) -> Iterator[tuple[Asked, str]]:
    """What asks for less than was asked for, and what to call it."""
    if asked.version and asked.variant:
        yield asked._replace(variant=""), f"{asked.framework.title} {asked.words} in another build"
    if asked.version:
        yield asked._replace(version=(), words="", variant=""), ""
    elif asked.variant:
        yield asked._replace(variant=""), "another build"


def _by(verdict: Verdict) -> str:
    return f": {verdict.install}" if verdict.install else ""


def _version(chosen: Found | None) -> str:
    """The version to install: the newest of its release, as far as the build goes."""
    if chosen is None:
        return ""
    newest, last = chosen.release.newest, _text(chosen, "to")
    return last if last and versions.later(versions.numbers(newest), versions.numbers(last)) else newest


def _install(device: Device, chosen: Found | None, system: str) -> str:
    """The line that installs it on a system."""
    if chosen is None or chosen.build is None:
        return ""
    line = chosen.build.text(f"install_{system}") or chosen.build.text("install")
    filled = {"version": _version(chosen), "target": device.target,
              "cuda_arch": device.target.replace(".", "")}  # fmt: skip
    for name, value in filled.items():
        line = line.replace("{" + name + "}", value)
    return line


def _before(asked: Asked, running: Sequence[Found]) -> Found | None:
    """The first release that runs by PTX or unofficially, where later ones are made for the GPU."""
    early = running[0] if running and asked.framework.versioned else None
    return early if early and early.release.name != _since(asked, running) else None


def _remarks(device: Device, framework: Framework, chosen: Found | None, system: str) -> tuple[str, ...]:
    """What a source asks for that the build brings, or that is there to know: it takes nothing away."""
    if chosen is None:
        return ()
    return tuple(row.text("note") for row in _speaking(framework.remarks, device, chosen.release, system))


def _notes(chosen: Found | None, unread: Found | None, early: Found | None) -> Iterator[str]:
    """What else a build's source says, what ran before it was compiled for, and where the sources end."""
    if _text(chosen, "note"):
        yield _text(chosen, "note")
    if early is not None:
        how = "what was made for earlier GPUs runs too: the driver compiles its PTX"
        if early.how == targets.UNOFFICIAL:
            how = "it runs unofficially, off the vendor's list"
        yield f"from {early.release.name} on {how}"
    if chosen is not None and unread is not None:
        yield f"{chosen.release.name} is the last release that a source states for it"


def _python(chosen: Found | None) -> str:
    return _text(chosen, "python") or (chosen.release.python if chosen else "")


def _text(chosen: Found | None, name: str) -> str:
    return chosen.build.text(name) if chosen is not None and chosen.build is not None else ""


def _told(found: Found | None) -> Iterator[Row]:
    """What is stated of how a release stands: its build, or the statement against it."""
    if found is not None:
        yield from (row for row in (found.build, found.source) if row is not None)


def _said(device: Device, framework: Framework, chosen: Found | None, system: str) -> Iterator[Row]:
    """What is stated of limits and to remark, of the release chosen."""
    if chosen is not None and chosen.build is not None:
        rows = (*framework.limits, *framework.remarks)
        yield from _speaking(rows, device, chosen.release, system)


def _sources(
    framework: Framework, rows: Sequence[Row], known: Sequence[Feature]
) -> tuple[dict[str, str], ...]:
    """Where an answer was read: of its builds and statements first, then of its features."""
    keys = [row.source for row in rows] + [one.source for one in known] or [framework.source]
    found: dict[str, dict[str, str]] = {}
    for key in (one for text in keys for one in text.split(";") if one):
        source = framework.sources[key]
        found[key] = {
            "id": key,
            **{name: source.get(name, "") for name in ("title", "url", "date", "accessed")},
        }
    return tuple(found.values())


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def every(device: Device, system: str, kinds: Sequence[str] = ()) -> tuple[Verdict, ...]:
    """The verdict on every framework without a version, in the order of the kinds and names."""
    pool = [one for one in frameworks().values() if not kinds or one.kind in kinds]
    pool.sort(key=lambda one: (KINDS.index(one.kind), one.id))
    return tuple(judge(device, find(one.id), system) for one in pool)

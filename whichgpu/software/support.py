"""Which software has left a GPU behind: the last release that runs, where the next is said not to."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from whichgpu.hardware.parts import kept
from whichgpu.software import frameworks, targets, verdicts
from whichgpu.software.frameworks import Asked
from whichgpu.software.model import LIMITED, UNSUPPORTED, named
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.software.frameworks import Framework
    from whichgpu.software.model import Verdict

#: A release as old as this is not what is meant where none is named.
_LONG_AGO = timedelta(days=2 * 365)
#: What everything else stands on, in the order of telling.
_GROUND = ("nvidia-driver", "cuda", "rocm", "pytorch")
#: Platforms that are named as their toolkit.
_TOOLKITS = ("cuda", "rocm")


class Ended(NamedTuple):
    """The last release that runs on a GPU (`CUDA toolkit 12.9`), and who says so (`cuda/notes`)."""

    software: str
    release: str
    source: str


@kept(4096)
def _judged(gpu: Gpu, name: str) -> Verdict:
    """What the data say of a framework on a GPU under the system that it is used with."""
    device = targets.device(gpu)
    return verdicts.judge(device, frameworks.find(name), device.system)


@kept(4096)
def _latest(gpu: Gpu, name: str) -> Ended | None:
    """The newest release of a framework where it runs, as the verdict on all of them says at more length."""
    device, asked = targets.device(gpu), frameworks.find(name)
    found = verdicts.newest(device, asked, device.system)
    if found is None or found.build is None:
        one = _judged(gpu, name)
        return None if one.until or not one.runs else _ended(one.framework, _source(one))
    return _ended(asked.framework, f"{asked.framework.id}/{found.build.source.split(';')[0]}")


def _ended(framework: Framework, source: str) -> Ended:
    """The newest release of a framework, and who says that it runs."""
    return Ended(framework.id, named(framework, framework.latest), source)


@kept(4096)
def ended(gpu: Gpu) -> tuple[Ended, ...]:
    """What of driver, toolkit and PyTorch has dropped a GPU; empty where no source says so."""
    if _latest(gpu, _GROUND[-1]):
        return ()  # What it is built on runs as well.
    top = _judged(gpu, _GROUND[-1])
    known = [_judged(gpu, name) for name in _GROUND[:-1]]
    return tuple(
        Ended(one.framework.id, last(one), _source(next_after(one, one.asked)))
        for one in (*known, top)
        if one.answer == LIMITED and one.until and gone(one, one.asked)
    )


@kept(4096)
def current(gpu: Gpu) -> tuple[Ended, ...]:
    """The newest releases of PyTorch and of its toolkit, if there is one, where they run; else empty.

    The toolkit alone where no source speaks of the newest PyTorch, whose wheels for ROCm follow later.
    """
    platform = targets.device(gpu).platform
    names = (platform, "pytorch") if platform in _TOOLKITS else ("pytorch",)
    found = {name: one for name in names if (one := _latest(gpu, name))}
    alone = platform == "rocm" and platform in found and _judged(gpu, "pytorch").runs and not ended(gpu)
    return tuple(found.values()) if len(found) == len(names) or alone else ()


class Upkeep(NamedTuple):
    """The release that is maintained longest of those that run on a GPU, to which month, and who says so."""

    release: str
    until: str
    source: str


@kept(4096)
def maintained(gpu: Gpu) -> Upkeep | None:
    """How long its maker says to maintain a driver that runs on a GPU; None where nothing says so.

    The branches are those of drivers for cards; a Jetson has its own with its JetPack.
    """
    device, name = targets.device(gpu), _GROUND[0]
    if device.platform != "cuda" or device.host == "jetson":
        return None
    framework = frameworks.find(name).framework
    dated = sorted((one for one in framework.releases if one.until), key=lambda one: one.until, reverse=True)
    for release in dated:
        asked = Asked(framework, release.numbers, "", "")
        if verdicts.newest_runs(device, asked, device.system):
            return Upkeep(named(framework, release), release.until, f"{framework.id}/{release.says}")
    return None


@kept(4096)
def lowest(gpu: Gpu) -> bool:
    """Whether a GPU's compute capability is the lowest that the newest CUDA toolkit compiles for."""
    device = targets.device(gpu)
    if device.platform != "cuda":
        return False
    toolkit = frameworks.find("cuda").framework
    newest = [row for row in toolkit.builds if row.holds(toolkit.latest.numbers, "linux")]
    low, _ = targets.bounds(one for row in newest for one in row.targets)
    return bool(low) and device.target == low


def last(verdict: Verdict) -> str:
    """The last release that runs, with its framework: `PyTorch 2.14`."""
    return named(verdict.framework, verdict.framework.releases[place(verdict)])


def next_after(verdict: Verdict, asked: Asked) -> Verdict:
    """The verdict on the release after the last that runs."""
    after = asked._replace(version=asked.framework.releases[place(verdict) + 1].numbers, words="")
    return verdicts.judge(verdict.device, after, verdict.system)


def gone(verdict: Verdict, asked: Asked) -> bool:
    """Whether a source says that the release after the last that runs does not; else it is only not known."""
    return next_after(verdict, asked).answer == UNSUPPORTED


def _source(verdict: Verdict) -> str:
    return f"{verdict.framework.id}/{verdict.sources[0]['id']}" if verdict.sources else ""


def place(verdict: Verdict) -> int:
    """Which of the releases is the last that runs."""
    return next(i for i, one in enumerate(verdict.framework.releases) if one.name == verdict.until)


def long_ago(verdict: Verdict) -> bool:
    """Whether the last release that runs came out long before the data were read."""
    if len(verdict.date) < len("2024-11"):
        return False
    released = date.fromisoformat(f"{verdict.date}-28"[:10])
    return date.fromisoformat(frameworks.as_of(verdict.framework)) - released > _LONG_AGO

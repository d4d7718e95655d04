"""What a named software stack of a job comes to on a GPU: a refusal, a warning, or nothing to say.

A job may say which release it means (`vLLM 0.6.3`), that it means some other one (a container, a nightly
build), or nothing: then what installs today is meant. Where only releases of long ago run, that is a
refusal too.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.hardware.parts import kept
from whichgpu.software import features, frameworks, model, targets, verdicts, versions
from whichgpu.values import NamedTuple, regex

if TYPE_CHECKING:
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.software.features import Feature
    from whichgpu.software.frameworks import Asked, Framework
    from whichgpu.software.model import Verdict
    from whichgpu.software.targets import Device

#: What stands for every release.
_ANY = "any"


class Standing(NamedTuple):
    """Why a stack does not run on a GPU, or what to know where only older releases do; else empty.

    `unknown` is of one of which no source states that any release of it runs there.
    """

    refusal: str
    warning: str
    unknown: bool = False


_NOTHING = Standing("", "")
#: What GPUs are to compilers, with the software and the release meant, where there is nothing to say: a
#: table of jobs asks for the same thing of many cards. A release is what somebody typed, so that there is a
#: most of them.
_SILENT: set[tuple[str, ...]] = set()
#: Of what GPUs are to compilers, with the software: whether any release of it runs there.
_RUNS: dict[tuple[str, ...], bool] = {}
_KEPT = 4096
#: NVIDIA's containers are named by their month.
_MONTH = regex(r"(?:1[6-9]|[23]\d)\.(?:0[1-9]|1[0-2])")


@kept(4096)
def standing(gpu: Gpu, software: str, release: str, said: str) -> Standing:
    """How a framework (its id) stands on a GPU; `release` is what the runtime means, `said` a job's text.

    Judged under Linux, or macOS for Apple's GPUs. What no source states is no refusal, and is told.
    """
    framework, meant = frameworks.frameworks()[software], named_release(software, said)
    if release and (not _after_the_last(framework, meant) or _bygone(framework, release)):
        # What no source can know of yet is told also where the runtime means any release.
        meant = release
    device = targets.device(gpu)
    if re.search(r"\b(?:direct|windows ?)ml\b", said, re.IGNORECASE):
        # A program of Windows alone, of whose builds nothing but the system is stated.
        return _NOTHING
    alike = (gpu.vendor, device.platform, device.target, device.host, software, meant)
    if alike in _SILENT:
        return _NOTHING
    found = _standing(device, framework, meant)
    if found == _NOTHING:
        if len(_SILENT) >= _KEPT:
            _SILENT.clear()
        _SILENT.add(alike)
    return found


def runs(gpu: Gpu, software: str) -> bool:
    """Whether a source states that some release of a framework runs on a GPU, under its usual system."""
    device = targets.device(gpu)
    alike = (gpu.vendor, device.platform, device.target, device.host, software)
    if alike not in _RUNS:
        asked = frameworks.Asked(frameworks.frameworks()[software], (), "", "")
        if len(_RUNS) >= _KEPT:
            _RUNS.clear()
        _RUNS[alike] = verdicts.runs(device, asked, device.system)
    return _RUNS[alike]


def _standing(device: Device, framework: Framework, meant: str) -> Standing:
    if _after_the_last(framework, meant):
        return _later(device, framework, meant)
    stated = () if _MONTH.fullmatch(meant) else versions.numbers(meant)
    asked = frameworks.Asked(framework, stated, meant if stated else "", "")
    if verdicts.newest_runs(device, asked, device.system):
        return _NOTHING
    return _fallen_behind(device, asked, meant)


def _after_the_last(framework: Framework, meant: str) -> bool:
    """Whether a release came after all that are on file; no number is of none, and a month a container's."""
    if not framework.versioned or _MONTH.fullmatch(meant):
        return False
    stated = versions.numbers(meant)
    return bool(stated) and versions.later(stated, versions.numbers(framework.latest.newest))


def _bygone(framework: Framework, release: str) -> bool:
    """Whether a runtime means a generation before the last: no later number is its release (Torch 7)."""
    stated = versions.numbers(release)
    return bool(stated) and stated[0] < versions.numbers(framework.latest.newest)[0]


def _later(device: Device, framework: Framework, meant: str) -> Standing:
    """The standing of the last release on file, for one that came after it, or that there is none of."""
    last = framework.latest.newest
    found = _standing(device, framework, last)
    told = f"{framework.title} {meant} is later than the last release on file, {last}, which is taken for it"
    return found._replace(warning=f"{told}; {found.warning}" if found.warning else told)


def _fallen_behind(device: Device, asked: Asked, meant: str) -> Standing:
    """How a framework stands on a GPU that its newest release, or the one that is meant, does not run on."""
    framework = asked.framework
    verdict = verdicts.judge(device, asked, device.system)
    if not verdict.runs:
        if verdict.answer == model.UNSUPPORTED and asked.releases():
            return Standing(_refusal(verdict), "")
        if verdict.answer != model.UNKNOWN:
            return _NOTHING
        why = f"no source that was read states that {framework.title} runs on {device.id}"
        return Standing("", why, unknown=True)
    return _NOTHING if meant or not verdict.until else _ended(verdict, asked)


def _ended(verdict: Verdict, asked: Asked) -> Standing:
    """The same where the releases that run on it have an end."""
    from whichgpu.software import support

    if not support.gone(verdict, asked):
        return _NOTHING
    if support.long_ago(verdict):
        return Standing(_refusal(verdict), "")
    how = f": {verdict.install}" if verdict.install else ""
    last = f"{support.last(verdict)} is the last release that runs on {verdict.device.id}"
    return Standing("", f"{last} ({_because(verdict)}){how}")


@lru_cache(maxsize=4096)
def named_release(software: str, said: str) -> str:
    """The release that the text of a job names: `2.4`, `any` where it is dated otherwise, else empty."""
    framework, low = frameworks.frameworks()[software], said.lower()
    if not any(letter.isdigit() for letter in low.replace(framework.id, "")):
        return ""
    if any(word in low for word in ("ngc", "nvcr", "nemo", "dev", "nightly", "git", "mlperf")):
        return _ANY
    for name in sorted((framework.id, *framework.names), key=len, reverse=True):
        word = name.partition("@")[0]
        if word not in low:
            continue
        spelled = re.escape(word)
        found = re.search(rf"(?<![a-z]){spelled}[^a-z0-9]{{0,3}}v?(\d+(?:\.\d+)*)(?![a-z\d])", low)
        if found and _is_release(framework, found[1]):
            return found[1]
    return _ANY


def _is_release(framework: Framework, number: str) -> bool:
    """Whether a number behind a framework's name is that of a release: `2` is any of a generation on file."""
    return "." in number or _after_the_last(framework, number)


def _refusal(verdict: Verdict) -> str:
    """Why it does not run, from which source, and what works instead."""
    source = verdict.sources[0]
    dated = f", {source['date']}" if source["date"] else ""
    instead = f"; instead: {'; '.join(verdict.instead)}" if verdict.instead else ""
    only = f"; {verdict.until} of {verdict.date} is the last that does" if verdict.until else ""
    return f"{_because(verdict)} [{source['title']}{dated}]{only}{instead}"


def _because(verdict: Verdict) -> str:
    return verdict.why[0] if verdict.why else "no release of it does"


@kept(4096)
def lacking(gpu: Gpu, software: str, format_: str) -> str:
    """What to know where the latest release of a framework says that it does not run a format on a GPU."""
    framework = frameworks.frameworks()[software]
    found = _feature(gpu, framework, format_)
    if found is None or found.support != "no":
        return ""
    source = framework.sources[found.source.partition(";")[0]]
    dated = f", {source['date']}" if source.get("date") else ""
    return f"{framework.title} has no {format_.upper()} on {gpu.id}: {found.note} [{source['title']}{dated}]"


@kept(4096)
def weight_only(gpu: Gpu, software: str, format_: str) -> bool:
    """Whether the latest release of a framework only stores weights in a format on a GPU, and widens them."""
    found = _feature(gpu, frameworks.frameworks()[software], format_) if software else None
    return found is not None and found.support == "weight-only"


@kept(4096)
def emulated(gpu: Gpu, software: str, format_: str) -> bool:
    """Whether a framework computes in a format on a GPU without units for it, by wider ones."""
    found = _feature(gpu, frameworks.frameworks()[software], format_) if software else None
    return found is not None and found.support == "emulated" and gpu.value(format_) is None


def _feature(gpu: Gpu, framework: Framework, format_: str) -> Feature | None:
    device = targets.device(gpu)
    return features.named(format_, features.of(device, framework, framework.latest.numbers, device.system))

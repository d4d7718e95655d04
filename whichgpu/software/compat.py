"""`compat`: what software runs on GPUs under a system, and which formats and features they have.

Every answer is a lookup in `data/software/` and `data/capabilities.toml`; what no source states is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line
from whichgpu.hardware.names import candidates
from whichgpu.hardware.slices import resolve_device
from whichgpu.software import features, frameworks, model, targets, verdicts
from whichgpu.software.features import Feature
from whichgpu.values import Shown, immutable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.software.drivers import Driver
    from whichgpu.software.frameworks import Asked
    from whichgpu.software.model import Verdict
    from whichgpu.software.targets import Device

#: What an answer about a feature comes to, by how it is there.
_ANSWERS = {"native": model.SUPPORTED, "yes": model.SUPPORTED, "no": model.UNSUPPORTED,
            "unknown": model.UNKNOWN}  # fmt: skip


@immutable
class Answered:
    """One feature asked for, on one GPU: `answer` is what the framework and the feature come to together."""

    asked: str
    answer: str
    feature: Feature

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"asked": self.asked, "answer": self.answer, "of": self.feature.of or "hardware",
                **self.feature.to_dict()}  # fmt: skip


@immutable
class OnGpu:
    """The answer for one GPU.

    `native` are the formats that its units compute in and `missing` those that it lacks, each with from
    where they are there; `alike` are ids that its name also meant, for which all this holds; `verdicts` are
    those of the frameworks asked for, or of all; `features` those asked for.
    """

    device: Device
    alike: tuple[str, ...]
    native: tuple[str, ...]
    missing: tuple[Feature, ...]
    hardware: tuple[Feature, ...]
    driver: Driver | None
    verdicts: tuple[Verdict, ...]
    features: tuple[Answered, ...]

    @property
    def gpu(self) -> Gpu:
        """The GPU."""
        return self.device.gpu

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "gpu": self.gpu.id,
            "name": str(self.gpu),
            "alike": list(self.alike),
            "platform": self.device.platform,
            "target": self.device.target or None,
            "host": self.device.host,
            "native": list(self.native),
            "missing": [one.name for one in self.missing],
            "hardware": [one.to_dict() for one in self.hardware],
            "driver": self.driver.to_dict() if self.driver else None,
            "verdicts": [one.to_dict() for one in self.verdicts],
            "features": [one.to_dict() for one in self.features],
        }


@immutable
class Compatibility(Shown):
    """What software runs on each of some GPUs under a system, as the data of `as_of` have it.

    The system is `mixed` where none was stated and each GPU is judged under its usual one.
    """

    system: str
    asked: tuple[str, ...]
    gpus: tuple[OnGpu, ...]
    as_of: str

    @property
    def none(self) -> bool:
        """Whether something was asked for and none of it is there on any of the GPUs."""
        answers = [one.answer for gpu in self.gpus for one in gpu.features]
        answers = answers or [one.answer for gpu in self.gpus for one in gpu.verdicts if self.asked]
        return bool(answers) and all(one == model.UNSUPPORTED for one in answers)

    def __str__(self) -> str:
        from whichgpu.software.sentences import feature, verdict

        if not self.asked:
            return "\n".join(f"{one.gpu.id}: {', '.join(_running(one.verdicts))}" for one in self.gpus)
        told = [f"{feature(one, gpu, self.system)}." for gpu in self.gpus for one in gpu.features]
        return "\n".join([*told, *(verdict(one) for gpu in self.gpus for one in gpu.verdicts)])

    def to_dict(self) -> dict[str, Any]:
        """The shape of `compat --json`."""
        return {
            "system": self.system,
            "asked": list(self.asked),
            "as_of": self.as_of,
            "gpus": [one.to_dict() for one in self.gpus],
        }


def resolve(text: str, catalogue: Catalogue, names: Sequence[str] = (), system: str = "") -> tuple[Gpu, ...]:
    """The GPU that a text names, or several where software cannot tell them apart: `A100`, `V100`.

    A number of GPUs, a MIG slice and a share are as good as the whole. Under a system that is stated, those
    that are used under it are meant: `M4` under macOS is Apple's. Raises `UsageError` as names do for others,
    and where a feature asked for (`names`) is not the same on all.
    """
    try:
        return (resolve_device(text, catalogue)[0],)
    except UsageError:
        mac = frameworks.system(system) == "macos" if system else None
        found = tuple(
            gpu for gpu in candidates(text, catalogue)
            if mac is None or mac == (targets.device(gpu).platform == "metal")
        )  # fmt: skip
        if not found or len({_seen(gpu, names) for gpu in found}) > 1:
            raise
        return found


def _seen(gpu: Gpu, names: Sequence[str]) -> tuple[str, ...]:
    """What software sees of a GPU, and the features of its hardware that are asked for."""
    device = targets.device(gpu)
    own = (features.named(name, features.hardware(device, "linux")) for name in names)
    return device.platform, device.target, device.host, *(one.support for one in own if one)


def compat(
    gpus: Sequence[Gpu | tuple[Gpu, ...]], wanted: Sequence[str] = (), names: Sequence[str] = (),
    system: str = "",
) -> Compatibility:  # fmt: skip
    """What runs on GPUs: `wanted` are frameworks with or without a version, `names` formats and features.

    Of several GPUs together, which `resolve` gives, the first stands for all. Without a system it is Linux,
    and macOS for Apple's GPUs. Without `wanted` and `names` every framework is judged. A feature is that of
    the frameworks asked for where their data speak of it, else the hardware's; a library's name
    (`flash-attention`) asks for the library. Raises `UsageError` for names that nothing has.
    """
    where = frameworks.system(system) if system else ""
    asked = [frameworks.find(text) for text in wanted]
    libraries = {name: known for name in names if not wanted and (known := _library(name))}
    asked += libraries.values()
    plain = [name for name in names if name not in libraries]
    every = not asked and not plain
    alike = [gpu if isinstance(gpu, tuple) else (gpu,) for gpu in gpus]
    found = [_on(some, asked, plain, where, every=every) for some in alike]
    spoken = {one.framework.id: one.framework for gpu in found for one in gpu.verdicts}
    dates = [frameworks.as_of(one) for one in spoken.values()] or [
        row.get("accessed", "") for row in targets.capabilities()["sources"].values()
    ]
    usual = {one.device.system for one in found}
    under = where or (usual.pop() if len(usual) == 1 else "mixed")
    return Compatibility(under, (*wanted, *names), tuple(found), max(dates))


def _on(
    gpus: tuple[Gpu, ...], asked: Sequence[Asked], names: Sequence[str], stated: str, *, every: bool
) -> OnGpu:
    device = targets.device(gpus[0])
    system = stated or device.system
    if every:
        known = verdicts.every(device, system)
    else:
        known = tuple(verdicts.judge(device, one, system) for one in asked)
    hardware = features.hardware(device, system)
    missing = tuple(one for one in hardware if one.name in features.FORMATS and one.support == "no")
    return OnGpu(
        device=device, alike=tuple(gpu.id for gpu in gpus[1:]), native=features.native_formats(device),
        missing=missing, hardware=hardware,
        driver=_driver(device, system), verdicts=known,
        features=tuple(one for name in names for one in _answers(name, known, hardware)),
    )  # fmt: skip


def _driver(device: Device, system: str) -> Driver | None:
    from whichgpu.software.drivers import needed

    return needed(device, "", system)


def _answers(name: str, known: Sequence[Verdict], hardware: Sequence[Feature]) -> Iterator[Answered]:
    """A feature as each framework has it that was asked for, else as the hardware has it."""
    own = features.named(name, hardware)
    for verdict in known:
        here = features.named(name, verdict.features)
        feature = here or own
        if feature is None and not _somewhere(name, verdict):
            raise UsageError(_no_feature(name, hardware, known))
        if feature is None:
            feature = Feature(name, (name,), "unknown", "no source that was read speaks of it here", "")
        if own is not None and (here is None or (here.support, own.support) == ("unknown", "no")):
            note = f"by the hardware; no statement of {verdict.framework.title} was read"
            feature = Feature(own.name, own.names, own.support, note, own.source)
        yield Answered(name, _together(verdict, feature), feature)
    if not known:
        if own is None:
            raise UsageError(_no_feature(name, hardware, known))
        yield Answered(name, _ANSWERS.get(own.support, model.LIMITED), own)


def _together(verdict: Verdict, feature: Feature) -> str:
    """What a framework's verdict and a feature come to."""
    if not verdict.runs:
        return verdict.answer
    own = _ANSWERS.get(feature.support, model.LIMITED)
    return verdict.answer if own == model.SUPPORTED else own


def _somewhere(name: str, verdict: Verdict) -> bool:
    """Whether a framework has a feature of that name on other GPUs or in other releases."""
    rows = (one for row in verdict.framework.features for one in row.raw["names"])
    pool = [Feature(one, (), "unknown", "", "") for one in rows]
    return features.named(name, pool) is not None


def _library(name: str) -> Asked | None:
    """The library that a feature's name is, or None."""
    try:
        return frameworks.find(name)
    except UsageError:
        return None


def _no_feature(name: str, hardware: Sequence[Feature], known: Sequence[Verdict]) -> str:
    from difflib import get_close_matches

    names = [one.name for one in hardware] + [text for one in known for text in one.framework.feature_names()]
    names = list(dict.fromkeys(names))
    near = get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(names)}"
    return f"no feature '{one_line(name)}'; {hint}"


def _running(known: Sequence[Verdict]) -> Iterator[str]:
    from whichgpu.software.sentences import short

    for one in known:
        if one.runs:
            yield f"{one.framework.title} {short(one)}"

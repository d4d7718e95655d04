"""What an answer about software holds: how a release stands, and the verdict on a GPU under a system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.values import NamedTuple, immutable

if TYPE_CHECKING:
    from whichgpu.software.drivers import Driver
    from whichgpu.software.features import Feature
    from whichgpu.software.frameworks import Asked, Framework, Release, Row
    from whichgpu.software.targets import Device

SUPPORTED, LIMITED, UNSUPPORTED, UNKNOWN = "supported", "limited", "unsupported", "unknown"
#: Kinds of framework in the order of the page.
KINDS = ("platform", "framework", "engine", "library")


class Found(NamedTuple):
    """How one release stands: `how` it runs and on which build, or why it does not, from which statement."""

    release: Release
    answer: str
    how: str = ""
    build: Row | None = None
    why: str = ""
    source: Row | None = None


@immutable
class Verdict:
    """The answer for one GPU, framework and system.

    `since` and `until` are the first and last release that run, as far as the data know; `until` is empty
    while the latest does. `release` is the one to install, by `install`, and `driver` what it needs at least.
    `why` says why a release asked for, or the latest, does not run; `limits` what is missing where it does;
    `notes` what else the source of the build says.
    """

    device: Device
    asked: Asked
    system: str
    answer: str
    since: str
    until: str
    release: str
    date: str
    python: str
    variant: str
    toolkit: str
    how: str
    install: str
    driver: Driver | None
    why: tuple[str, ...]
    limits: tuple[str, ...]
    notes: tuple[str, ...]
    instead: tuple[str, ...]
    features: tuple[Feature, ...]
    sources: tuple[dict[str, str], ...]

    @property
    def framework(self) -> Framework:
        """The framework that was asked for."""
        return self.asked.framework

    @property
    def runs(self) -> bool:
        """Whether some release that was asked for runs."""
        return self.answer in (SUPPORTED, LIMITED)

    def __str__(self) -> str:
        from whichgpu.software.sentences import verdict

        return verdict(self)

    def to_dict(self) -> dict[str, Any]:
        """The shape of `compat --json` for one framework."""
        return {
            "framework": self.framework.id,
            "title": self.framework.title,
            "kind": self.framework.kind,
            "asked": self.asked.words,
            "system": self.system,
            "answer": self.answer,
            "from": self.since or None,
            "to": self.until or None,
            "latest": self.framework.latest.newest,
            "release": self.release or None,
            "released": self.date or None,
            "python": self.python or None,
            "variant": self.variant or None,
            "toolkit": self.toolkit or None,
            "how": self.how or None,
            "install": self.install or None,
            "driver": self.driver.to_dict() if self.driver else None,
            "why": list(self.why),
            "limits": list(self.limits),
            "notes": list(self.notes),
            "instead": list(self.instead),
            "features": [one.to_dict() for one in self.features],
            "sources": list(self.sources),
        }


def span(verdict: Verdict) -> str:
    """The releases that run: `1.0 to 2.14`, `2.7 and later`; empty where releases are not told apart."""
    if not verdict.since:
        return ""
    if verdict.since == verdict.until:
        return verdict.since
    if verdict.until:
        return f"{verdict.since} to {verdict.until}"
    return verdict.since if len(verdict.asked.releases()) == 1 else f"{verdict.since} and later"


def named(framework: Framework, release: Release) -> str:
    """A release with the name of its framework; the framework alone where releases are not told apart."""
    return f"{framework.title} {release.name}" if framework.versioned else framework.title

"""Figures told beside the measured one: watts, a clock, lanes, workers, a network.

A cause that such a figure is of is tried with it alone, in place of a range that may hold it; and where it is
less than the GPU has, it points to that cause.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.facts import store
from whichgpu.units import GIB
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.hardware.gpu import Gpu

#: Shares of the usual power and of boost from which a figure says nothing; below the other one a GPU waits,
#: and a clock is held where it idles.
_USUAL, _WAITING, _IDLE = 0.92, 0.6, 0.35
#: Segments whose power is set by the machine that they are in.
_SET = ("laptop", "edge")
_WATTS = r"(?<![\d.])(\d{1,4})(?:\.\d+)? ?(?:W|watts?)\b(?!h)"
_CAPPED = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        r"-pl[ =](\d{2,4})\b",
        rf"(?:\b(?:power[- ])?(?:limit\w*|cap(?:ped|s)?|tgp|budget|mode|profile)\b|\bnvpmodel\b)"
        rf"[^.;,\d]{{0,24}}{_WATTS}",
        rf"{_WATTS} ?(?:power )?(?:limit|cap|tgp|mode|profile|charger|adapter|brick)",
    )
)
_DRAWN = re.compile(
    rf"\b(?:draw\w*|pull\w*|us(?:es|ing)|consum\w*|sits?|stays?|hovers?|reports?|shows?|averag\w+|power|only|just"
    rf"|at|around|about)\b[^.;,\d]{{0,24}}{_WATTS}",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?<![\d.])(\d{3,4}) ?MHz\b|(?<![\d.])(\d\.\d{1,3}) ?GHz\b", re.IGNORECASE)
#: Clocks and watts of something else, which is named before them or behind.
_HOST = r"cpus?|processors?|host|xeons?|core i\d|ryzen|epyc|threadripper"
_NOT_OF_SMS = re.compile(
    rf"\b(?:mem\w*|vram|ram|ddr\d|hbm\d?|{_HOST}|boost|rated)\b[^.;,]{{0,24}}$", re.IGNORECASE
)
_OF_ELSE = re.compile(rf"\s*(?:mem\w*|vram|ram|ddr\d|{_HOST})\b", re.IGNORECASE)
_OF_HOST = re.compile(rf"\b(?:{_HOST})\b[^.;,]{{0,16}}$", re.IGNORECASE)
_GROUPS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_LANES = re.compile(
    r"\bpci[- ]?e?\b(?:[^.;,]|\.(?=\d)){0,16}?[x\u00d7] ?(16|[1248])\b"
    r"|\b[x\u00d7] ?(16|[1248]) ?(?:electrical\w*|slots?|lanes?|risers?|mode|links?)\b"
    r"|\b(?:thunderbolt|oculink|egpu|riser|m\.2)\b[^.;]{0,20}?[x\u00d7] ?([124])\b"
    r"|\b(?<![\d.])(16|[1248]) (?:pci[- ]?e? )?lanes?\b",
    re.IGNORECASE,
)
_WORKERS = re.compile(
    r"\b(?:num[_ -])?workers ?(?:=|:|is|of|at|set to)? ?(\d{1,3})\b|\b(\d{1,3}) (?:data ?loader )?workers?\b",
    re.IGNORECASE,
)
_LAYERS = re.compile(r"(?<![\d.])(\d{1,3})(?: ?/ ?| of (?:the |its )?)(\d{1,3}) layers?\b", re.IGNORECASE)
#: Layers of which the first number is what the host keeps.
_ON_HOST = re.compile(
    r"layers? (?:are |is |stay |remain |left |kept )*(?:on|in) (?:the )?(?:cpu|host|ram|system)",
    re.IGNORECASE,
)
_OFFLOADED = re.compile(r"\bcpu[-_ ]offload[-_ ]gb[ =:]+(\d+(?:\.\d+)?)", re.IGNORECASE)
_NETWORK = re.compile(
    r"(?<![\d.])(\d{1,4}) ?(?:Gb(?:it|ps)?(?:/s)?|G)[ -]?(?:ethernet|network\w*|nics?|links?|lan|switch)\b"
    r"|(?<![\d.])(\d{1,4}) ?GbE\b|\b(gigabit) (?:ethernet|network|lan|switch)\b",
    re.IGNORECASE,
)


class Beside(NamedTuple):
    """What a text tells beside its figure, None where it does not: W, whether as a limit, MHz, Gbit/s."""

    watts: float | None = None
    capped: bool = False
    clock: float | None = None
    lanes: float | None = None
    workers: int | None = None
    network: float | None = None
    #: Share of the layers that the host keeps, and B of weights.
    layers: float | None = None
    offloaded: float | None = None

    def hosted(self, weights: float) -> float | None:
        """The share of so many B of weights that lie in the host; None where nothing is told of it."""
        if self.offloaded is not None and weights:
            return min(self.offloaded / weights, 1.0)
        return self.layers

    def pointing(self, gpu: Gpu) -> Iterator[tuple[str, str]]:
        """The causes that the figures point to, with the figure in words."""
        power, boost = gpu.value("power"), gpu.value("clock_boost")
        if self.watts and power and self.watts < _USUAL * float(power):
            words = f"{self.watts:g} W of {float(power):g} W"
            if self.capped or gpu.segment in _SET:
                yield "power", words
            elif self.waits(gpu):
                yield from ((cause, words) for cause in ("loading", "host"))
        if self.clock and boost and self.held(float(boost)):
            yield self.held(float(boost)), f"{self.clock:g} MHz of {float(boost) / 1e6:.0f} MHz"

    def waits(self, gpu: Gpu) -> bool:
        """Whether the watts are those of a card that has little to do, and none holds them down."""
        power = gpu.value("power")
        if self.watts is None or not power or self.capped or gpu.segment in _SET:
            return False
        return self.watts < _WAITING * float(power)

    def denying(self, gpu: Gpu) -> tuple[tuple[str, str], ...]:
        """The causes that the figures speak against: work that is slow draws as many watts as any."""
        if not self.waits(gpu):
            return ()
        words = f"{self.watts:g} W of {float(gpu.value('power')):g} W"
        return tuple((cause, words) for cause in store.load("diagnosis")["diagnosis"]["idle"]["drawn"])

    def held(self, boost: float) -> str:
        """Which cause a clock is of: none near boost, in Hz; one where the GPU idles does not move."""
        share = self.clock * 1e6 / boost if self.clock else 1.0
        return "" if share >= _USUAL else "stuck" if share < _IDLE else "clocks"


def beside(text: str) -> Beside:
    """The figures that a text tells beside the one that is judged."""
    text = _GROUPS.sub("", text)
    # "A limit of 150 W set to 75 W": the least of several is the one that holds.
    limits = (one for pattern in _CAPPED for one in pattern.finditer(text))
    capped = min(limits, key=lambda one: float(_first(one)), default=None)
    drawn = capped or next(
        (one for one in _DRAWN.finditer(text) if not _OF_HOST.search(text[: one.start()])), None
    )
    clock = next((one for one in _CLOCK.finditer(text) if not _is_of_else(text, one)), None)
    lanes = [float(_first(one)) for one in _LANES.finditer(text)]
    workers, network = _WORKERS.search(text), _NETWORK.search(text)
    return Beside(
        watts=float(_first(drawn)) if drawn else None,
        capped=bool(capped),
        clock=_mhz(clock) if clock else None,
        # "x4, not x16": the fewest are those that there are.
        lanes=min(lanes) if lanes and min(lanes) < 16.0 else None,
        workers=int(_first(workers)) if workers else None,
        network=_gbit(_first(network)) if network else None,
        layers=_kept(text),
        offloaded=float(offloaded[1]) * GIB if (offloaded := _OFFLOADED.search(text)) else None,
    )


def _is_of_else(text: str, clock: re.Match[str]) -> bool:
    """Whether a clock is that of memory or of the host: "a 2.1 GHz Xeon", "memory at 405 MHz"."""
    before = _NOT_OF_SMS.search(text[: clock.start()])
    return before is not None or _OF_ELSE.match(text, clock.end()) is not None


def _kept(text: str) -> float | None:
    """The share of layers that the host keeps: 19 of "14/33 layers on the GPU"."""
    found = _LAYERS.search(text)
    if found is None or not 0 <= int(found[1]) < int(found[2]):
        return None
    there = int(found[1]) / int(found[2])
    return there if _ON_HOST.match(text, found.end() - len("layers")) else 1.0 - there


def _first(match: re.Match[str]) -> str:
    return next(one for one in match.groups() if one)


def _mhz(match: re.Match[str]) -> float:
    return float(match[1]) if match[1] else 1000.0 * float(match[2])


def _gbit(said: str) -> float:
    return 1.0 if said.lower() == "gigabit" else float(said)

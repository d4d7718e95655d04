"""The machine that one builds: whether N cards go into it, by power, slots, lanes, cooling, memory and cores.

    power supply    N x board power + host <= share of its rating
    circuit         (N x board power + host) / efficiency <= 80 % of volts x amperes, a continuous load
    slots, lanes    N x those of a card
    memory, cores   of the host, for each card
    cooling         a card without a fan needs the airflow of a server

The shares are in `data/machine.toml`. What the machine does not state is not checked.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError, one_line
from whichgpu.facts import reading, store
from whichgpu.planner.constraints import Constraint, at_most, powers, word
from whichgpu.units import GIB, parse
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.hardware.gpu import Gpu
    from whichgpu.prices.offers import Offer

    Array = NDArray[np.float64]

#: No machine that one builds has more than these: W, slots, A, V, B, cores, lanes, GPUs.
_MOST = {"psu": 20e3, "slots": 64, "amperes": 200, "volts": 480, "memory": 64e12, "cores": 1024,
         "lanes": 512, "gpus": 16}  # fmt: skip
_EXAMPLE = '--machine "psu 1600 W, 4 slots, 15 A at 120 V, 128 GB, 24 cores"'
_DIMENSIONS = {
    "host_power": "power", "psu_load": "share", "psu_efficiency": "share", "circuit_load": "share",
    "lanes_per_gpu": "count", "memory_per_gpu_memory": "share", "cores_per_gpu": "count",
}  # fmt: skip
_AIR = {"server": "server", "rack": "server", "server airflow": "server", "desktop": "desktop",
        "tower": "desktop", "workstation": "desktop", "case": "desktop", "air": "desktop",
        "open": "desktop", "open frame": "desktop"}  # fmt: skip


#: Words of a part that do not change how much of it there is.
_PRAISE = r"\b(?:gold|platinum|titanium|bronze|80 ?plus|atx|modular|ddr[345]|ecc|the|with|and|has)\b"


class Machine(NamedTuple):
    """A machine as stated: W, slots, A, V, B, cores, lanes, cards, airflow; None where not stated."""

    psu: float | None = None
    slots: float | None = None
    amperes: float | None = None
    volts: float | None = None
    memory: float | None = None
    cores: float | None = None
    lanes: float | None = None
    gpus: float | None = None
    air: str = "desktop"
    text: str = ""

    def to_dict(self) -> dict[str, Any]:
        """What is stated, SI units."""
        return {key: value for key, value in self._asdict().items() if value not in (None, "")}


def read_machine(text: str) -> Machine:
    """A machine from words or a TOML file (`psu = "1600 W"`, `slots = 4`, `circuit = "15 A at 120 V"`).

    Raises `UsageError` for what cannot be read, is stated twice, is not above zero, or absurd.
    """
    from pathlib import Path

    if text.strip().endswith(".toml"):
        content = store.read_toml(Path(text.strip()))
        rows = content.get("machine", content)
        parts = [_of_table(key, value, text) for key, value in rows.items()]
    else:
        parts = [part.strip() for part in re.split(r"[,;]", text) if part.strip()]
    if not parts:
        raise UsageError(f"--machine says nothing of a machine; write e.g. {_EXAMPLE}")
    found: dict[str, Any] = {}
    for part in parts:
        for key, value in _part(part).items():
            if key in found:
                raise UsageError(f"--machine states {key} twice, with '{one_line(part)}'; state it once")
            found[key] = _checked(key, value, part)
    return Machine(**found, text=", ".join(parts))


def amended(machine: Machine, parts: Sequence[str]) -> str:
    """A machine in words with some parts in place of what it has of them."""
    told = dict.fromkeys(parts)
    changed = {key for part in parts for key in _part(part)}
    kept = [one for one in machine.text.split(", ") if not changed.intersection(_part(one))]
    return ", ".join((*kept, *told))


def _of_table(key: str, value: Any, file: str) -> str:
    """An entry of a file in words."""
    name = key.strip().lower()
    if name == "psu":
        return f"psu {value}"
    if name in ("circuit", "memory", "cooling", "air"):
        return str(value)
    if name in ("slots", "cores", "lanes", "gpus"):
        return f"{value} {name}"
    raise UsageError(
        f"{one_line(file)}: no entry '{one_line(key)}'; they are psu, slots, circuit, memory, cores, lanes, "
        "gpus and cooling"
    )


def _part(part: str) -> Mapping[str, Any]:
    part = " ".join(re.sub(_PRAISE, " ", part.replace("power supply", "psu"), flags=re.I).split())
    # `slots: 3` is `3 slots`.
    part = re.sub(r"^([A-Za-z][A-Za-z ]*?)\s*[:=]?\s*(-?[\d.]+.*)$", r"\2 \1", part)
    low = re.sub(
        r"(?<=\w) (?:cooling|cooled|airflow|chassis|case|fans?|circuit|breaker|fuse)$",
        "",
        part.lower(),
    )
    if low in _AIR:
        return {"air": _AIR[low]}
    circuit = re.fullmatch(r"(-?[\d.]+) ?a(?:mp(?:ere)?s?)? ?(?:at|@|,|x)? ?(-?[\d.]+) ?v(?:olts?)?", low)
    turned = re.fullmatch(r"(-?[\d.]+) ?v(?:olts?)? ?(?:at|@|,|x)? ?(-?[\d.]+) ?a(?:mp(?:ere)?s?)?", low)
    if circuit or turned:
        first, second = (circuit or turned).groups()  # type: ignore[union-attr]
        amperes, volts = (first, second) if circuit else (second, first)
        return {"amperes": _number(amperes, part), "volts": _number(volts, part)}
    counted = re.fullmatch(
        r"(-?[\d.]+) ?(?:pcie |pci-e |cpu )?(slots?|cores?|lanes?|gpus?|cards?)(?: of pcie)?", low
    )
    if counted:
        name = {"slot": "slots", "core": "cores", "lane": "lanes"}.get(counted[2].rstrip("s"), "gpus")
        return {name: _number(counted[1], part)}
    bare = part.replace("PSU", "").replace("psu", "").replace("power supply", "").strip()
    many = re.match(r"(\d+) ?[x×*] ?(?=\d)", bare)
    bare = bare[many.end() :] if many else bare
    if re.search(r"[\d.] ?[kM]?W$", bare):
        return {"psu": parse(bare, "power") * float(many[1] if many else 1)}
    memory = re.sub(r"(?i)\s*(of )?(ram|memory|host memory|host)$", "", part).strip()
    if re.search(r"[\d.] ?[KMGT]i?B$", memory):
        # Host memory is sold as GB and counted in binary.
        return {"memory": parse(re.sub(r"([KMGT])B$", r"\1iB", memory), "memory")}
    raise UsageError(f"--machine: '{one_line(part)}' is not understood; write e.g. {_EXAMPLE}")


def _number(text: str, part: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(
            f"--machine: '{one_line(part)}' holds no number '{text}'; write e.g. {_EXAMPLE}"
        ) from None


def _checked(key: str, value: Any, part: str) -> Any:
    if key == "air":
        return value
    if not 0 < value <= _MOST[key]:
        why = "is not above zero" if value <= 0 else "is absurd; is it a slip of the keyboard?"
        raise UsageError(f"--machine: '{one_line(part)}' {why}")
    return float(value)


@cache
def rules() -> Mapping[str, Any]:
    """The assumptions as facts by name (`data/machine.toml`)."""
    table = store.load("machine")["machine"]["rules"]
    return {
        name: reading.facts(table[name], dimension, f"data/machine.toml: {name}")[0]
        for name, dimension in _DIMENSIONS.items()
    }


def usual_desktop() -> str:
    """The desktop that most people build, as `--machine` takes it."""
    return str(store.load("machine")["machine"]["desktop"]["parts"][0])


def _rule(name: str) -> float:
    return float(rules()[name].value)


def of_machine(machine: Machine, gpus: Mapping[str, Gpu], power_limit: float | None) -> Iterator[Constraint]:
    """The checks of a machine as constraints on offers of so many cards each."""

    def scaled(
        each: Callable[[Sequence[Gpu]], Array], *, by_card: bool = True
    ) -> Callable[[Sequence[Offer]], Array]:
        def total(offers: Sequence[Offer]) -> Array:
            own = [gpus[offer.gpu or ""] for offer in offers]
            counts = np.array([offer.gpu_count for offer in offers])
            if by_card:
                # Some cards carry two or four GPUs.
                counts = np.ceil(counts / np.array([float(gpu.value("units_per_board") or 1) for gpu in own]))
            return np.asarray(counts * each(own))

        return total

    drawn = scaled(lambda many: powers(many, power_limit))
    host = _rule("host_power")
    yield word(
        "--machine", "a PCIe slot", "offer", lambda offer: is_card(gpus[offer.gpu or ""]), implied=True
    )
    if machine.psu is not None:
        yield at_most("--machine", f"psu {machine.psu:g} W", "offer", machine.psu,
                      measure=lambda offers: (drawn(offers) + host) / _rule("psu_load"),
                      typed=lambda need: f"psu {np.ceil(need - 1e-6):.0f} W")  # fmt: skip
    if machine.amperes is not None and machine.volts is not None:
        volts = machine.volts
        yield at_most(
            "--machine", f"{machine.amperes:g} A at {volts:g} V", "offer", machine.amperes,
            measure=lambda offers: (
                (drawn(offers) + host) / _rule("psu_efficiency") / _rule("circuit_load") / volts
            ),
            typed=lambda need: f"{np.ceil(need):g} A at {volts:g} V",
        )  # fmt: skip
    for name, each in (("slots", "slots"), ("lanes", "pcie_lanes")):
        stated = getattr(machine, name)
        if stated is not None:
            yield at_most("--machine", f"{stated:g} {name}", "offer", stated,
                          measure=scaled(partial(_counts, field=each)),
                          typed=partial(_counted, noun=name))  # fmt: skip
    yield from _host(machine, scaled)
    if machine.air == "desktop":
        yield word("--machine", "desktop airflow", "offer", lambda offer: cooled(gpus[offer.gpu or ""]))


def _host(machine: Machine, scaled: Any) -> Iterator[Constraint]:
    if machine.memory is not None:
        share = _rule("memory_per_gpu_memory")
        yield at_most("--machine", f"{machine.memory / GIB:g} GB", "offer", machine.memory,
                      measure=scaled(lambda many: share * _values(many, "memory"), by_card=False),
                      typed=lambda need: f"{np.ceil(need / GIB):g} GB")  # fmt: skip
    if machine.cores is not None:
        each = _rule("cores_per_gpu")
        yield at_most("--machine", f"{machine.cores:g} cores", "offer", machine.cores,
                      measure=scaled(lambda many: np.full(len(many), each), by_card=False),
                      typed="{:.0f} cores".format)  # fmt: skip
    if machine.gpus is not None:
        yield at_most("--machine", f"{machine.gpus:g} gpus", "offer", machine.gpus,
                      measure=scaled(lambda many: np.ones(len(many)), by_card=False),
                      typed="{:.0f} gpus".format)  # fmt: skip


def _values(gpus: Sequence[Gpu], field: str) -> Array:
    return np.array([float("nan") if (v := gpu.value(field)) is None else float(v) for gpu in gpus])


def _counts(gpus: Sequence[Gpu], field: str) -> Array:
    """Slots of a card; of lanes no more than a card needs."""
    found = _values(gpus, field)
    return np.minimum(found, _rule("lanes_per_gpu")) if field == "pcie_lanes" else found


def _counted(need: float, noun: str) -> str:
    return f"{np.ceil(need):g} {noun if np.ceil(need) != 1 else noun.removesuffix('s')}"


def is_card(gpu: Gpu) -> bool:
    """Whether a GPU goes into a slot: no module, and nothing that is soldered in."""
    return "PCIe" in str(gpu.value("form_factor") or "")


def cooled(gpu: Gpu) -> bool:
    """Whether a card cools itself; where nothing says it, cards of data centres do not."""
    stated = gpu.value("cooling")
    return stated == "active" if stated else gpu.segment != "datacenter"


class Check(NamedTuple):
    """One part of a machine with so many cards in it: what it has, what the cards need, as typed."""

    has: str
    needs: str
    used: float

    def to_dict(self) -> dict[str, Any]:
        """Words, and the share of it that is used."""
        return self._asdict()


class Checked(NamedTuple):
    """A machine with the first candidate's cards in it, and how many of them it would hold at most."""

    gpu: str
    cards: int
    most: int
    checks: tuple[Check, ...]
    #: Machines like it that the work takes, with so many cards in each.
    machines: int = 1

    @property
    def sentences(self) -> tuple[str, ...]:
        """Part by part, and the most cards."""
        told = [
            f"{one.has}: {self.cards} x {self.gpu} take {one.needs}, {one.used:.0%}" for one in self.checks
        ]
        told.append(f"it would hold {self.most} x {self.gpu} at most")
        if self.machines > 1:
            full = math.ceil(self.machines * self.cards / self.most)
            told.append(f"the work takes {self.machines} such machines with {self.cards} in each"
                        + (f", or {full} with {self.most}" if self.most > self.cards else ""))  # fmt: skip
        return tuple(told)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"gpu": self.gpu, "cards": self.cards, "most_cards": self.most, "machines": self.machines,
                "checks": [one.to_dict() for one in self.checks]}  # fmt: skip


def checked(
    machine: Machine, gpu: Gpu, offers: Sequence[Offer], chosen: Offer, cap: float | None, *,
    machines: int = 1,
) -> Checked:  # fmt: skip
    """A machine part by part with the cards of an offer, among offers of 1, 2, 3 .. of that card."""
    limits = tuple(of_machine(machine, {gpu.id: gpu}, cap))
    held = np.logical_and.reduce([limit.holds(offers) for limit in limits])
    most = max((int(offer.gpu_count) for offer, fits in zip(offers, held, strict=True) if fits), default=0)
    checks = []
    for limit in limits:
        if limit.measure is not None and limit.typed is not None:
            need = float(limit.measure([chosen])[0])
            checks.append(Check(limit.value, limit.typed(need), need / limit.limit))
    return Checked(gpu.id, int(chosen.gpu_count), max(most, int(chosen.gpu_count)), tuple(checks), machines)


class Room(NamedTuple):
    """A machine beside one, two, three .. cards of a kind: each part's need, and how many go in at most.

    `needs` is of each number of cards in `counts`, by the parts in `parts`; `against` is what one card more
    than go in would take of what is not there, `lacks` why none goes in at all.
    """

    gpu: str
    parts: tuple[str, ...]
    counts: tuple[int, ...]
    needs: tuple[tuple[str, ...], ...]
    most: int
    against: tuple[str, ...]
    lacks: tuple[str, ...]
    assumed: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """How many go in, and what stands against one more."""
        if self.lacks:
            return f"No {self.gpu} goes in: it {self.lacks[0]}."
        if not self.most:
            return f"No {self.gpu} goes in: one takes {', '.join(self.against)}."
        if self.most == self.counts[-1]:
            return f"At least {self.most} x {self.gpu} go in, as far as the machine is told."
        goes = "goes" if self.most == 1 else "go"
        return f"{self.most} x {self.gpu} {goes} in; {self.most + 1} take {', '.join(self.against)}."

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {**self._asdict(), "sentence": self.sentence}


#: Why a card does not go into a machine whatever else that has.
_LACKS = {"a PCIe slot": "is no card", "desktop airflow": "has no fan, and needs the airflow of a server"}


def room(machine: Machine, gpu: Gpu, *, cap: float | None = None) -> Room:
    """How many cards of a kind go into a machine, of one to as many as are looked at.

    Raises `UsageError` for a figure of the card that the machine is held against and that nobody read.
    """
    from whichgpu.planner.market import CARDS, unpriced_offer

    on_board = float(gpu.value("units_per_board") or 1)
    offers = [replace(unpriced_offer(gpu), gpu_count=count * on_board) for count in range(1, CARDS + 1)]
    limits = tuple(of_machine(machine, {gpu.id: gpu}, cap))
    held = np.logical_and.reduce([limit.holds(offers) for limit in limits])
    lacks = tuple(
        _LACKS.get(limit.value, f"does not meet '{limit.value}'")
        for limit in limits
        if limit.measure is None and not limit.holds(offers[:1])[0]
    )
    told = {} if lacks else {one.value: _needs(one, offers) for one in limits if one.measure is not None}
    if unread := [part for part, needs in told.items() if not all(needs)]:
        raise UsageError(f"what {gpu.id} takes of '{unread[0]}' was not read; leave it out of --machine")
    most = 0 if lacks else len(offers) if held.all() else int(np.argmin(held))
    shown = range(0 if lacks else min(most + 2, len(offers)))
    needs = tuple(tuple(each[at] for each in told.values()) for at in shown)
    beyond = [one for one in limits if one.value in told and not one.holds(offers)[min(most, CARDS - 1)]]
    against = tuple(told[one.value][min(most, CARDS - 1)] for one in beyond)
    counts = tuple(at + 1 for at in shown)
    return Room(gpu.id, tuple(told), counts, needs, most, against, lacks, said(machine))


def _needs(limit: Constraint, offers: Sequence[Offer]) -> list[str]:
    """What each offer takes of a part of a machine, as typed; empty where a figure of it was not read."""
    if limit.measure is None or limit.typed is None:
        return [""] * len(offers)
    return ["" if np.isnan(one) else limit.typed(float(one)) for one in limit.measure(offers)]


def said(machine: Machine) -> tuple[str, ...]:
    """What was assumed of a machine, in words."""
    facts = rules()
    told = [f"host {facts['host_power'].text}"]
    if machine.psu is not None:
        told.append(f"power supply loaded to {facts['psu_load'].text}")
    if machine.amperes is not None:
        told.append(f"circuit loaded to {facts['circuit_load'].text} (a continuous load), "
                    f"supply {facts['psu_efficiency'].text} efficient")  # fmt: skip
    if machine.memory is not None:
        told.append("as much host memory as the cards have together")
    if machine.cores is not None:
        told.append(f"{facts['cores_per_gpu'].text} cores a card")
    return tuple(told)

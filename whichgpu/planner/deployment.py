"""A deployment: one workload on nodes of one kind, what runs there and from whom they are.

It is what `plan` and `recommend` hand over to other tools (`whichgpu export`), and stands in `plan --json`
under `deployments`. Replicas and nodes are counted apart, since a node may hold several replicas and a
replica may span several nodes:

    tp * pp * dp = gpus_per_replica            GPUs that hold one copy of the model
    replicas * gpus_per_replica <= nodes * gpus_per_node

Several workloads may share the time of the same nodes: one is the deployment, the others are `beside` it, and
the nodes are counted once.
"""

from __future__ import annotations

import math
import re
from dataclasses import MISSING, fields, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError, one_line
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What a deployment is: one that answers requests until it is stopped, or one that ends with its work.
KINDS = ("service", "batch")
#: How its nodes are paid for.
TERMS = ("on-demand", "spot", "committed", "owned", "serverless")
#: The kinds of price offers (`prices.offers.KINDS`), and purchase, as terms.
TERM_OF = {
    "on_demand": "on-demand", "marketplace": "on-demand", "community": "on-demand", "spot": "spot",
    "committed_1y": "committed", "committed_3y": "committed", "reserved": "committed",
    "serverless": "serverless", "buy": "owned", "purchase": "owned", "owned": "owned",
}  # fmt: skip
#: What those that run beside each other have in common.
OF_NODES = ("gpu", "gpus_per_node", "nodes", "provider", "instance", "region", "term", "usd_per_hour")
#: The longest name, so that tools may add to it within the 63 characters of a DNS label.
LONGEST = 50
#: No count is larger, and no quantity.
_MOST, _HUGE = 10**7, 1e18


@immutable
class Deployment:
    """What runs and where.

    `name` is a DNS label. `gpu` and `workload` are ids; `model` is a Hugging Face id or a path, `engine`
    a runtime id, read from any name of it, both empty where unknown; `command` is what is run instead of
    the engine's own launch command. `tp`, `pp`, `dp` (groups of data-parallel attention within a replica)
    and `ep` are degrees. `usd_per_hour` is the price of one node and the limit for it; `share` the part
    of the nodes' time that is this workload's, the rest being that of others on the same nodes. `disk` in
    bytes, `load_time` in s from the start of a node to its first answer. `beside` are others on the same
    nodes, none of which has any beside itself. None or empty: not stated.
    """

    name: str
    gpu: str
    workload: str = ""
    kind: str = "service"
    model: str = ""
    engine: str = ""
    command: str = ""
    gpus_per_replica: int = 1
    replicas: int = 1
    gpus_per_node: int = 1
    nodes: int = 1
    share: float = 1.0
    tp: int = 1
    pp: int = 1
    dp: int = 1
    ep: int = 1
    precision: str = ""
    kv_precision: str = ""
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    batch: int | None = None
    provider: str = ""
    instance: str = ""
    region: str = ""
    term: str = "on-demand"
    usd_per_hour: float | None = None
    disk: float | None = None
    load_time: float | None = None
    beside: tuple[Deployment, ...] = ()

    def __str__(self) -> str:
        where = " ".join(part for part in (self.provider, self.instance, self.region) if part)
        price = "" if self.usd_per_hour is None else f", {self.usd_per_hour:g} USD/h each"
        others = ", ".join(f"{one.replicas} x {one.workload or one.model}" for one in self.beside)
        return (
            f"{self.name}: {self.replicas} x {self.workload or self.model}"
            f"{f' beside {others}' if others else ''} on {self.nodes} x "
            f"{self.gpus_per_node} x {self.gpu}{f' ({where})' if where else ''}{price}"
        )

    @property
    def gpus(self) -> int:
        """GPUs of all nodes."""
        return self.nodes * self.gpus_per_node

    @property
    def nodes_per_replica(self) -> int:
        """Nodes that one replica spans; one where several share a node."""
        return max(1, -(-self.gpus_per_replica // self.gpus_per_node))

    @property
    def replicas_per_node(self) -> int:
        """Replicas that a node has room for; one where a replica spans several nodes."""
        return max(1, self.gpus_per_node // self.gpus_per_replica)

    def to_dict(self) -> dict[str, Any]:
        """A JSON object with every field; SI units, null for what is not stated."""
        known = {one.name: getattr(self, one.name) for one in fields(self)}
        return {**known, "beside": [one.to_dict() for one in self.beside]}


def from_dict(raw: Any, where: str = "deployment") -> Deployment:
    """A deployment of a JSON object, as `to_dict` makes it; what is left out or null is not stated.

    `where` names its place in errors. Raises `UsageError` for an unknown key (with the nearest), a value of
    another kind, and counts that contradict each other.
    """
    if not isinstance(raw, dict):
        raise UsageError(f'{where}: {_shown(raw)} is no object; write {{"name": "chat", "gpu": "l4", ..}}')
    known = {one.name: one for one in fields(Deployment)}
    for key in raw:
        if key not in known:
            near = get_close_matches(str(key), known, n=1) or ["replicas"]
            raise UsageError(f"{where}: no key '{one_line(key)}' of a deployment; did you mean '{near[0]}'?")
    stated = {key: value for key, value in raw.items() if value is not None}
    for key, one in known.items():
        if one.default is MISSING and key not in stated:
            raise UsageError(f"{where}: '{key}' is missing; every deployment has a name and a gpu")
    others = stated.pop("beside", [])
    read = {key: _value(str(known[key].type), value, f"{where}.{key}") for key, value in stated.items()}
    made = checked(Deployment(**read | {"engine": _engine(read.get("engine", ""))}), where)
    if not isinstance(others, list):
        raise UsageError(f"{where}.beside: {_shown(others)} is no list of deployments")
    return replace(
        made, beside=tuple(_guest(one, made, f"{where}.beside[{i}]") for i, one in enumerate(others))
    )


def _engine(said: str) -> str:
    """The id of the runtime that a file calls by another of its names ("trtllm"); else what it says."""
    from whichgpu.cost.job.runtimes import runtime, runtimes

    found = runtime(said, next(iter(runtimes())))
    return found.id if said and found.exact else said


def _guest(raw: Any, host: Deployment, where: str) -> Deployment:
    """A deployment beside another, whose nodes it has where it does not state them."""
    own = {key: getattr(host, key) for key in OF_NODES}
    made = from_dict({**own, **raw} if isinstance(raw, dict) else raw, where)
    other = next((key for key, value in own.items() if getattr(made, key) != value), None)
    if other is not None:
        raise UsageError(
            f"{where}.{other}: {_shown(getattr(made, other))}, and {host.name} beside which it runs has "
            f"{_shown(own[other])}; they share their nodes"
        )
    if made.beside:
        raise UsageError(f"{where}.beside: {made.name} runs beside {host.name}; list all of them there")
    return made


def checked(made: Deployment, where: str = "deployment") -> Deployment:
    """The same; raises `UsageError` where its parts contradict each other."""
    if label(made.name) != made.name:
        raise UsageError(
            f"{where}.name: '{one_line(made.name)}' is no name that all tools take (a-z, 0-9 and hyphens, "
            f"at most {LONGEST}); use '{label(made.name)}'"
        )
    for key, allowed in (("kind", KINDS), ("term", TERMS)):
        if getattr(made, key) not in allowed:
            near = get_close_matches(getattr(made, key), allowed, n=1)
            means = f"did you mean '{near[0]}'?" if near else f"it is one of {', '.join(allowed)}"
            raise UsageError(f"{where}.{key}: '{one_line(getattr(made, key))}' is none; {means}")
    if made.share > 1.0:
        raise UsageError(f"{where}.share: {made.share:g} is above one, all of a node's time")
    split = made.tp * made.pp * made.dp
    if split != made.gpus_per_replica:
        raise UsageError(
            f"{where}: tp {made.tp} x pp {made.pp} x dp {made.dp} is {split} GPUs, and gpus_per_replica is "
            f"{made.gpus_per_replica}; change one of them"
        )
    if made.replicas * made.gpus_per_replica > made.gpus:
        raise UsageError(
            f"{where}: {made.replicas} replicas of {made.gpus_per_replica} GPUs do not fit on {made.nodes} "
            f"nodes of {made.gpus_per_node}; give nodes at least "
            f"{-(-made.replicas * made.gpus_per_replica // made.gpus_per_node)}"
        )
    return made


def room(length: float) -> int:
    """A context with room for requests that are longer than the mean: twice it, in whole 1,024."""
    return math.ceil(2.0 * length / 1024.0) * 1024


def label(text: str) -> str:
    """A DNS label of any text: lower case, hyphens; `deployment` where nothing is left."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    plain = plain[:LONGEST].strip("-")
    return plain if plain[:1].isalpha() else f"d-{plain}"[:LONGEST].strip("-") if plain else "deployment"


def _value(kind: str, value: Any, where: str) -> Any:
    """A value of a field's type as JSON has it."""
    if kind.startswith("str"):
        if not isinstance(value, str) or not value.isprintable():
            raise UsageError(f"{where}: {_shown(value)} is not text of one line")
        return value
    whole = kind.startswith("int")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UsageError(f"{where}: {_shown(value)} is not a {'whole ' if whole else ''}number")
    if whole and (value != int(value) or not 1 <= value <= _MOST):
        raise UsageError(f"{where}: {_shown(value)} is not a whole number from 1 to {_MOST:,}")
    if not whole and not 0.0 <= value <= _HUGE:
        raise UsageError(f"{where}: {_shown(value)} is not a number from 0 to {_HUGE:g}")
    return int(value) if whole else float(value)


def _shown(value: Any) -> str:
    return f"'{one_line(value)[:60]}'"


def read_all(document: Mapping[str, Any]) -> tuple[Deployment, ...]:
    """The deployments of what `plan --json` prints, names being unique; none where it has no such key."""
    raw = document.get("deployments")
    if raw is None:
        return ()
    if not isinstance(raw, list):
        raise UsageError(f"deployments: {_shown(raw)} is no list")
    made = tuple(from_dict(one, f"deployments[{index}]") for index, one in enumerate(raw))
    names = [each.name for one in made for each in (one, *one.beside)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"deployments: two are called '{twice}'; give each a name of its own")
    return made

"""What a user asks of `recommend --slo`: objectives and one load, as they are typed."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from whichgpu.cost.job.requests import Requests, read_rate
from whichgpu.cost.serving import slo
from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.planner.fleets.search import Load
from whichgpu.planner.recommend import in_precisions
from whichgpu.units import parse
from whichgpu.values import NamedTuple
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from whichgpu.cost.serving.slo import Term
    from whichgpu.planner.request import Request

#: A format of which its bits alone are said.
_BITS = re.compile(r"q([48])|([48])[ -]?bits?", re.IGNORECASE)
#: No pause is longer, in s.
_LONGEST = 1e6
#: No load is larger, in users or requests/s.
_MOST = 1e9


class Asked(NamedTuple):
    """Objectives and a load as they are typed."""

    slo: str | None = None
    rate: str | None = None
    users: float | None = None
    pause: str = "0 s"

    @property
    def people(self) -> float | None:
        """The users; raises `UsageError` for half a one."""
        if self.users is not None and (not 1 <= self.users <= _MOST or self.users % 1):
            near = max(math.ceil(self.users), 1) if self.users <= _MOST else 200
            raise UsageError(f"--users {self.users:g} is no number of people; write e.g. --users {near:g}")
        return self.users


def read(request: Request, asked: Asked) -> tuple[tuple[Term, ...], Load]:
    """Objectives and the load; raises `UsageError` for what cannot be read, or holds of other work."""
    workload = resolve(request.job.workload)
    phase = request.job.phase or workload.phases[0]
    if phase != "serve":
        raise UsageError(
            f"--slo, --rate and --users are of language models that serve, and {workload.id} runs {phase}; "
            f'use --target "10 {workload.unit}/s" and --latency "2 s"'
        )
    if request.latency is not None:
        raise UsageError('--latency is of single jobs; write it as an objective: --slo "latency 20 s"')
    for stated, option in (
        (request.size, "the size of a job"), (request.energy, "--energy"),
        (request.objective == "time" or None, "--objective time"),
    ):  # fmt: skip
        if stated is not None:
            raise UsageError(f"a load goes on for ever, and {option} is of a job that ends; leave one out")
    if request.objective in ("latency", "throughput"):
        raise UsageError(
            "of fleets within objectives the cheapest comes first, or with --objective energy that which "
            'draws least; for quicker answers tighten them, e.g. --slo "latency 5 s"'
        )
    return slo.read(asked.slo or usual_objectives()), _load(request, asked)


def usual_objectives() -> str:
    """What users expect who state no objectives (`data/usual.toml`)."""
    return str(store.load("usual")["usual"]["objectives"]["text"])


def assumed(asked: Asked) -> tuple[str, ...]:
    """What was not stated of the objectives, in words."""
    return () if asked.slo is not None else (f"objectives {usual_objectives()} (--slo states yours)",)


def in_formats(request: Request) -> tuple[Request, ...]:
    """The request in each format that may serve the load; `q4` and `8 bit` leave it to the engine."""
    if request.precisions or request.job.runtime:
        return tuple(in_precisions(request))
    bits = _BITS.fullmatch(request.job.precision.strip())
    names = store.load("usual")["usual"]["bits"].get(bits[1] or bits[2], ()) if bits else ()
    return tuple(in_precisions(replace(request, precisions=tuple(names))))


def _load(request: Request, asked: Asked) -> Load:
    """The one load that is stated: a rate, users, requests in flight, or tokens as the target."""
    job = resolve(request.job.workload).complete(request.job)
    of_option = Requests.of(job).rate
    stated = (asked.rate, request.target, asked.users, job.concurrency, of_option)
    if sum(one is not None for one in stated) > 1:
        raise UsageError("state one load: --rate, --users, --concurrency or --target")
    rate = of_option if asked.rate is None else read_rate(asked.rate)
    if request.target is not None:
        rate = request.target.rate / float(job.output_tokens)
    users = job.concurrency if asked.users is None else asked.people
    if max(rate or 0.0, users or 0.0) > _MOST:
        raise UsageError("a load of more than a billion users or requests/s; is it a slip of the keyboard?")
    pause = parse(asked.pause, "time")
    if not 0.0 <= pause < _LONGEST:
        raise UsageError(f'a pause of {asked.pause} is below zero or absurd; write e.g. --pause "30 s"')
    return Load(rate, None if users is None else float(users), pause if asked.users is not None else 0.0)

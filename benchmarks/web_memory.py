"""What one worker of `whichgpu serve` holds as it answers requests of which few or none were asked before.

    .venv/bin/python benchmarks/web_memory.py [--filling 5000] [--requests 100000] [--known 0.8]

The application is asked in this process, without sockets, so that requests come as fast as they are answered:
first until what it keeps is full, each with a question (a number, a name, a text) that is new; then as many
more, of which a share was asked before. The target of docs/web.md: the second part adds less than 5 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import string
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.web.front import Front

#: How often each kind is asked while all that is kept fills: what takes long, as that keeps most.
FILLING = {
    "gpus": 2, "prices": 6, "explain": 2, "judge": 2, "own": 2, "spot": 2, "compat": 4, "nothing": 2,
    "runtime": 12, "release": 12, "predict": 6, "part": 8, "fit": 4, "gpu": 4, "workload": 4, "compare": 2,
    "recommend": 2, "ranking": 6, "load": 1, "drawing": 1,
}  # fmt: skip
#: How often after that: all of it, and more of what is answered fast.
AFTER = {
    "gpus": 2, "prices": 40, "explain": 4, "judge": 12, "own": 40, "spot": 160, "compat": 20, "nothing": 2,
    "runtime": 4, "release": 4, "predict": 3, "part": 2, "fit": 2, "gpu": 2, "workload": 1, "compare": 0.5,
    "recommend": 0.5, "ranking": 1, "load": 0.3, "drawing": 0.3,
}  # fmt: skip


class Questions:
    """Addresses that were never asked for, of all kinds in turn."""

    def __init__(self, gpus: list[str], workloads: list[str]) -> None:
        self._gpus, self._workloads, self._random = gpus, workloads, random.Random(12)
        self._asked = 0
        self._before: list[str] = []

    def again(self) -> str:
        """One of the last thousand, as most visitors ask what others have asked."""
        return self._random.choice(self._before[-1000:])

    def next(self, shares: Mapping[str, float]) -> str:
        """One more, of a kind that is drawn by its share."""
        self._asked += 1
        (kind,) = self._random.choices(list(shares), list(shares.values()))
        path, fields = self._of(kind, self._asked)
        self._before = [*self._before[-1000:], f"{path}?{urlencode(fields)}" if fields else path]
        return self._before[-1]

    def _of(self, kind: str, n: int) -> tuple[str, dict[str, Any]]:
        gpu, model = self._random.choice(self._gpus), self._random.choice(self._workloads)
        other, share = self._random.choice(self._gpus), f"l4:{1 + n * 7919 % 90}.{n:06}%"
        word = "".join(self._random.choices(string.ascii_lowercase, k=10))
        job, served = {"workload": model, "gpu": gpu}, {"workload": "llama-3.1-8b", "gpu": "l4"}
        return {
            "gpus": ("/gpus", {"q": word}),
            "prices": (f"/prices/{gpu}", {"find-offers": word}),
            "explain": ("/explain/tf32", {"find-table": word}),
            "judge": ("/judge", {"quote": f"{n / 1000:.3f} USD/h for 1x {gpu}"}),
            "own": ("/own", {"gpu": gpu, "price": f"{n} USD"}),
            "spot": ("/api/v1/spot", {"gpu": gpu, "hours": n}),
            "compat": ("/compat", {"gpu": gpu, "framework": f"pytorch {n % 3}.{n}"}),
            "nothing": (f"/api/v1/workloads/{word}", {}),
            "runtime": ("/api/v1/predict", {"workload": "resnet50", "gpu": "l4", "runtime": f"{word} {n}"}),
            "release": ("/api/v1/predict", {**served, "runtime": f"vLLM 0.{n}"}),
            "predict": ("/api/v1/predict", {**job, "batch": n}),
            "part": ("/predict", {"workload": "resnet50", "gpu": share}),
            "fit": ("/fit", {**job, "batch": n}),
            "gpu": (f"/gpus/{gpu}", {"find-specifications": word}),
            "workload": (f"/workloads/{model}", {"batch": n}),
            "compare": (f"/compare/{gpu}-vs-{other}", {"workload": "resnet50", "batch": 1 + n % 4000}),
            "recommend": ("/", {"workload": "resnet50", "target": f"{n} images/s", "power_limit": f"{n} W"}),
            "ranking": ("/api/v1/recommend", {"workload": model, "budget": f"{n} USD/h"}),
            "load": ("/api/v1/curve", {"workload": "llama-3.1-8b", "gpu": gpu, "input_tokens": 1 + n % 7000}),
            "drawing": (f"/workloads/{model}", {"batch": n, "chart": "roofline-of-the-job", "as": "svg"}),
        }[kind]  # fmt: skip


async def ask(app: Front, address: str) -> int:
    """The status of an answer, which is received and let go."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "state": {},
        "headers": [(b"host", b"localhost"), (b"accept-encoding", b"gzip")],
        "client": ("127.0.0.1", 1), "server": ("localhost", 80),
    }  # fmt: skip
    status = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        status.append(message.get("status", 0))

    await app(scope, receive, send)
    return status[0]


def resident() -> float:
    """MB that this process holds."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1e3


async def measured(filling: int, requests: int, part: int, known: float) -> None:
    """Ask, and say after each part what is held; of those after `filling` the share `known` is not new."""
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.web.app import create
    from whichgpu.web.settings import Settings
    from whichgpu.workloads.workload import workloads

    app = create(Settings(rate=1e9, burst=10**9))
    inner = app._app
    async with inner.router.lifespan_context(inner):
        questions = Questions(sorted(catalogue()), sorted(workloads()))
        answered: Counter[int] = Counter()
        began, full = time.perf_counter(), 0.0
        print(f"         0: {resident():6.1f} MB", flush=True)

        draw = random.Random(13).random

        async def asker(todo: Iterator[int], shares: Mapping[str, float], old: float) -> None:
            for _ in todo:
                address = questions.again() if draw() < old else questions.next(shares)
                answered[await ask(app, address)] += 1

        for done in range(part, filling + requests + 1, part):
            todo = iter(range(part))
            shares, old = (FILLING, 0.0) if done <= filling else (AFTER, known)
            await asyncio.gather(*(asker(todo, shares, old) for _ in range(4)))
            held, rate = resident(), done / (time.perf_counter() - began)
            print(f"{done:10,}: {held:6.1f} MB, {rate:.0f} a second, {dict(answered)}", flush=True)
            if done == filling:
                full = held
        more = f"{requests:,} requests later, {known:.0%} of them known, {held:.1f} MB ({held - full:+.1f})"
        print(f"after {filling:,}: {full:.1f} MB; {more}")


def main() -> None:
    """Fill, then ask on."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--filling", type=int, default=5_000, help="Requests until what is kept is full.")
    options.add_argument("--requests", type=int, default=50_000, help="Further requests.")
    options.add_argument("--known", type=float, default=0.0, help="The share of those that was asked before.")
    options.add_argument("--part", type=int, default=1_000, help="After how many it says what it holds.")
    asked = options.parse_args()
    asyncio.run(measured(asked.filling, asked.requests, asked.part, asked.known))


if __name__ == "__main__":
    main()

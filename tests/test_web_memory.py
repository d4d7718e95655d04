"""What a process keeps of the questions that it is asked has bounds, whatever they are."""

from __future__ import annotations

import asyncio
import functools
import gc
import math
import sys

import pytest

pytest.importorskip("fastapi", reason="needs pip install 'whichgpu[web]'")

from whichgpu import api
from whichgpu.cost.calibration import factors
from whichgpu.cost.calibration.effects import fit
from whichgpu.cost.gpu.traits import Traits
from whichgpu.cost.table import rows
from whichgpu.cost.timing.classes import OpClass
from whichgpu.hardware.catalogue import catalogue
from whichgpu.software import stacks
from whichgpu.web.front import Front
from whichgpu.web.settings import Settings

#: What modules keep besides `lru_cache`, and how many of them at most.
BOUNDED = {
    "whichgpu.cost.gpu.device._devices": 512,
    "whichgpu.cost.timing.optable._tables": 6,
    "whichgpu.cost.table.rows._met": 512,
    "whichgpu.cost.calibration.spread._known": 2048,
    "whichgpu.cost.timing.engine_step._steps": 8,
    "whichgpu.planner.sweeps._kept": 64,
    "whichgpu.software.stacks._SILENT": 4096,
    "whichgpu.workloads.model._architectures": 512,
    "whichgpu.workloads.model._phases": 512,
    "whichgpu.workloads.model._traces": 3,
    "whichgpu.workloads.model._usual_runtimes": 512,
}


def questions(n):
    """Questions with a number, a name or a part of a GPU that no other `n` has."""
    part, word, text = f"l4:1/{n}", f"wxyz{n}", f"vLLM 0.{n}"
    offers = f"provider,gpu,gpu_count,usd_per_hour\nacme{n},l4,1,{n}.5"
    return [
        ("/predict", {"workload": "resnet50", "gpu": part}),
        ("/fit", {"workload": "resnet50", "gpu": part}),
        ("/api/v1/predict", {"workload": "resnet50", "gpu": "l4", "batch": n, "runtime": text}),
        ("/api/v1/predict", {"workload": word, "gpu": "l4"}),
        ("/api/v1/predict", {"workload": "resnet50", "gpu": "l4", "precision": word}),
        ("/api/v1/recommend", {"workload": "resnet50", "offers": offers, "power_limit": f"{n} W"}),
        ("/api/v1/recommend", {"workload": "resnet50", "gpus": "l4", "needs": word}),
        ("/api/v1/compat", {"gpu": "l4", "framework": f"pytorch {n}.{n}"}),
        ("/api/v1/judge", {"quote": f"{n} USD/h for 1x {word}"}),
        ("/api/v1/own", {"gpu": word}),
    ]


def kept():
    """How many there are of what has no bound of its own: caches without one, and what modules hold."""
    found = {}
    # Those that were frozen when tests began are listed no other way.
    gc.unfreeze()
    every = gc.get_objects()
    gc.freeze()
    for one in every:
        # Asked for its class, an object of another library may warn that it is deprecated.
        if type(one) is functools._lru_cache_wrapper and str(one.__module__).startswith("whichgpu"):
            info = one.cache_info()
            if info.maxsize is None:
                found[f"{one.__module__}.{one.__name__}"] = info.currsize
    for name, module in list(sys.modules.items()):
        if name.startswith("whichgpu"):
            held = ((key, value) for key, value in vars(module).items() if key != "__builtins__")
            found |= {f"{name}.{key}": len(one) for key, one in held if isinstance(one, dict | list | set)}
    return found


def test_new_questions_fill_only_what_has_a_bound(web):
    for n in (72, 73):
        for path, fields in questions(n):
            assert web.get(path, params=fields).status_code < 500
    before = kept()
    answered = [web.get(path, params=fields).status_code for path, fields in questions(74)]
    assert answered.count(200) == 4
    grown = {name for name, size in kept().items() if size > before.get(name, 0)}
    assert grown <= BOUNDED.keys()
    assert grown, "new questions are met with what is kept, else this says nothing"
    assert {name: size for name, size in kept().items() if size > BOUNDED.get(name, size)} == {}


def test_a_release_that_no_effect_knows_is_no_more_to_keep():
    """Effects are added up once for all runtimes that they do not tell apart, whose figures are the same."""
    met = [api.predict("llama-3.1-8b", gpu="l4", runtime=f"vLLM 0.{n}") for n in (731, 732)]
    before = len(fit()._known)
    later = api.predict("llama-3.1-8b", gpu="l4", runtime="vLLM 0.733")
    assert len(fit()._known) == before
    assert all(one.throughput == later.throughput for one in met)


def test_factors_of_gpus_are_let_go(monkeypatch):
    monkeypatch.setattr(factors, "KEPT", 3)
    kind = OpClass("gemm", "half", "gemm")
    known = factors.Factors(lambda _kind, place: (0.5, {"rate": 2.0}))
    for rate in (*range(7), 0):
        place = Traits("ada", "gddr", 0.0, rate, 0.0, "pcie4", tf32=True)
        (found,) = known.grid((kind,), (place,))
        assert found[:, 0] == pytest.approx([math.exp(0.5 + 2.0 * rate)], rel=1e-12)
        assert len(known._together) <= 3


def test_runtimes_that_were_met_are_let_go_and_never_mistaken(monkeypatch):
    monkeypatch.setattr(rows, "_KEPT", 3)
    monkeypatch.setattr(rows, "_met", {})

    def number(text):
        return rows._numbered(rows.runtime(text, "pytorch-2"))

    first = number("vLLM 0.5")
    assert number("vLLM 0.5") == first
    others = {number(text) for text in ("TensorRT 8.6", "llama.cpp", "TensorFlow 2.15", "SGLang")}
    assert len(rows._met) == 3
    assert number("vLLM 0.5") not in {first, *others}


def test_releases_that_say_nothing_are_let_go(monkeypatch):
    monkeypatch.setattr(stacks, "_KEPT", 2)
    monkeypatch.setattr(stacks, "_SILENT", set())
    for minor in range(5, 12):
        stacks.standing.__wrapped__(catalogue()["l4"], "pytorch", f"2.{minor}", "")
        assert len(stacks._SILENT) <= 2


def test_an_answer_weighs_its_address_too():
    """A long question is kept with its answer: many of them are no more than `cache` bytes."""

    async def app(scope, receive, send):
        headers = [(b"cache-control", b"public")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"well"})

    async def ignore(message):
        pass

    front = Front(app, Settings(cache=200_000))
    for n in range(40):
        query = b"%03d" % n * 5_000
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": query, "headers": []}
        asyncio.run(front(scope, None, ignore))
    assert 5 < len(front._kept) < 200_000 / 15_000

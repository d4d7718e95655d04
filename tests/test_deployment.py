"""A deployment goes to JSON and back, and what contradicts itself is refused with words."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.errors import UsageError
from whichgpu.planner.deployment import LONGEST, Deployment, from_dict, label, read_all

CHAT = Deployment(
    name="chat", gpu="h100-80gb-sxm", workload="llama-3.1-70b", model="meta-llama/Llama-3.1-70B-Instruct",
    engine="vllm", gpus_per_replica=4, tp=4, replicas=3, gpus_per_node=8, nodes=2, precision="fp8",
    max_model_len=8192, provider="aws", instance="p5.48xlarge", region="us-east-1", usd_per_hour=55.04,
)  # fmt: skip


def test_json_and_back() -> None:
    assert from_dict(json.loads(json.dumps(CHAT.to_dict()))) == CHAT
    assert set(CHAT.to_dict()) == {one.name for one in fields(Deployment)}
    assert (CHAT.gpus, CHAT.nodes_per_replica, CHAT.replicas_per_node) == (16, 1, 2)
    wide = from_dict({**CHAT.to_dict(), "gpus_per_replica": 16, "pp": 4, "replicas": 1})
    assert (wide.nodes_per_replica, wide.replicas_per_node) == (2, 1)


@pytest.mark.parametrize(
    ("said", "engine"),
    [
        ("trtllm", "tensorrt-llm"),
        ("TensorRT-LLM", "tensorrt-llm"),
        ("vllm-0.5", "vllm-0.5"),
        ("ours", "ours"),
        ("", ""),
    ],
)
def test_an_engine_by_any_of_its_names(said: str, engine: str) -> None:
    assert from_dict({**CHAT.to_dict(), "engine": said}).engine == engine


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"replica": 2}, "did you mean 'replicas'"),
        ({"gpu": None}, "'gpu' is missing"),
        ({"tp": 2}, "tp 2 x pp 1 x dp 1 is 2 GPUs, and gpus_per_replica is 4"),
        ({"nodes": 1}, "give nodes at least 2"),
        ({"nodes": 0}, "whole number from 1"),
        ({"nodes": 1.5}, "whole number from 1"),
        ({"nodes": True}, "not a whole number"),
        ({"nodes": "2"}, "not a whole number"),
        ({"usd_per_hour": float("nan")}, "not a number"),
        ({"usd_per_hour": -1}, "from 0"),
        ({"share": 1.5}, "above one"),
        ({"term": "on demand"}, "did you mean 'on-demand'"),
        ({"kind": "x"}, "service, batch"),
        ({"name": "Chat EU"}, "use 'chat-eu'"),
        ({"region": "a\nb"}, "one line"),
    ],
)
def test_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words) as fault:
        from_dict({**CHAT.to_dict(), **change}, "deployments[1]")
    assert str(fault.value).startswith("deployments[1]")


def test_all_of_a_plan() -> None:
    assert read_all({"picks": []}) == ()
    assert read_all({"deployments": [CHAT.to_dict()]}) == (CHAT,)
    for document, words in (
        ({"deployments": {}}, "no list"),
        ({"deployments": [3]}, "no object"),
        ({"deployments": [CHAT.to_dict()] * 2}, "two are called 'chat'"),
    ):
        with pytest.raises(UsageError, match=words):
            read_all(document)


@given(st.text(max_size=80))
def test_every_text_makes_a_label(text: str) -> None:
    made = label(text)
    assert label(made) == made
    assert 1 <= len(made) <= LONGEST
    assert made.replace("-", "").isascii()

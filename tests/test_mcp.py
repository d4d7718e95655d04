"""The MCP server, asked by the library's own client: in this process, and over standard input and output."""

from __future__ import annotations

import os
import sys
from typing import Any

import anyio
import pytest

import whichgpu as package
from whichgpu.cli import mcp_server

pytestmark = pytest.mark.slow

mcp = pytest.importorskip("mcp", reason="needs mcp: pip install 'whichgpu[mcp]'")


def asked(calls: list[tuple[str, dict[str, Any]]], target: Any = None) -> list[Any]:
    """The results of tool calls, one after the other."""

    async def ask() -> list[Any]:
        async with mcp.Client(target or mcp_server.server()) as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return anyio.run(ask)


def test_its_tools_are_told_with_their_arguments() -> None:
    async def listed() -> Any:
        async with mcp.Client(mcp_server.server()) as client:
            return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in anyio.run(listed)}
    assert list(tools) == ["recommend", "compare", "fit", "predict", "diagnose", "audit"]
    for tool in tools.values():
        assert tool.description
        assert tool.annotations.read_only_hint
    assert tools["predict"].input_schema["required"] == ["workload", "gpu"]


def test_it_answers_as_the_api_does() -> None:
    results = asked([
        ("recommend", {"workload": "resnet50", "target": "1000 images/s", "gpus": ["l4", "a10"], "limit": 1}),
        ("predict", {"workload": "llama-2-7b", "gpu": "a100-80gb-sxm",
                     "job": {"phase": "serve", "concurrency": 8}}),
        ("fit", {"workload": "llama-2-13b", "gpus": ["a10", "rtx-4090:2"]}),
        ("compare", {"gpus": ["a10", "l4"], "workloads": ["resnet50"]}),
        ("diagnose", {"run": "ResNet-50 trains at 300 images/s on my RTX A5000, batch 128"}),
        ("audit", {"text": "The A10 has 48 GB of memory. The L4 has 24 GB of memory."}),
        ("recommend", {"workload": "resnet50", "wishes": {"needs": "ecc, passive", "max_power": "150 W"},
                       "term": "buy"}),
    ])  # fmt: skip
    assert not any(one.is_error for one in results)
    recommended, predicted, fitted, compared, judged, audited, calm = (
        one.structured_content for one in results
    )
    api = package.recommend("resnet50", target="1000 images/s", gpus=["l4", "a10"])
    assert len(recommended["candidates"]) == 1
    assert recommended["candidates"][0]["usd_per_hour"] == api.candidates[0].usd_per_hour
    assert recommended["says"] == str(api)
    told = package.predict("llama-2-7b", "a100-80gb-sxm", phase="serve", concurrency=8)
    assert predicted["throughput"]["mid"] == pytest.approx(told.throughput.mid)
    assert [one["fits"] for one in fitted["answers"]] == [False, True]
    assert compared["answer"]["text"] == package.compare(["a10", "l4"], ["resnet50"]).answer.text
    own = package.diagnose("resnet50", "rtx-a5000", "300 images/s", phase="train", batch=128)
    assert (judged["verdict"], judged["ratio"], judged["says"]) == ("slow", own.ratio, str(own))
    bought = package.recommend("resnet50", needs=["ecc", "passive"], max_power="150 W", term="buy")
    assert calm["candidates"][0]["gpu"] == bought.candidates[0].gpu
    assert [(one["quote"], one["verdict"]) for one in audited["findings"]] == [("48 GB", "contradicted")]


def test_faults_say_what_to_write() -> None:
    results = asked([
        ("predict", {"workload": "resnet50", "gpu": "h100"}),
        ("predict", {"workload": "resnet50", "gpu": "l4", "job": {"bacth": 3}}),
        ("predict", {"workload": "llama-3.1-70b", "gpu": "t4"}),
        ("recommend", {"workload": "resnet50", "target": "1000"}),
        ("compare", {"gpus": ["a10", "l4"], "job": {"batch": 1}}),
        ("fit", {"workload": "model.py:make"}),
        ("recommend", {"workload": "resnet50", "job": {"offers": "/etc/passwd"}}),
        ("predict", {"workload": "resnet50", "gpu": "l4", "job": {"gpu_files": ["/etc/passwd"]}}),
        ("predict", {"workload": "resnet50", "gpu": "l4", "job": {"batch": "many"}}),
        ("predict", {"workload": "resnet50", "gpu": "l4", "job": {"options": 3}}),
        ("predict", {"workload": "resnet50", "gpu": "l4", "job": {"workload": "bert-large"}}),
        ("fit", {"workload": "llama-2-13b", "gpu": "a10"}),
        ("recommend", {"workload": "resnet50", "wishes": {"offers": "/etc/passwd"}}),
        ("recommend", {"workload": "resnet50", "wishes": {"machine": "/etc/x.toml"}}),
        ("recommend", {"workload": "resnet50", "wishes": {"need": "ecc"}}),
        ("predict", {"workload": "resnet50"}),
        ("fit", {"workload": ["a"]}),
        ("compare", {"gpus": "rtx-4080,l4"}),
        ("recommend", {"workload": "resnet50", "wishes": {"phase": "train"}}),
        ("recommend", {"workload": "resnet50", "budget": "2 USD/h", "wishes": {"budget": "1 USD/h"}}),
    ])  # fmt: skip
    assert all(one.is_error for one in results)
    said = [one.content[0].text for one in results]
    expected = [
        "h100-80gb-sxm", "no job column 'bacth'", "does not fit", "1000", "name one", "no workload",
        "no job column 'offers'", "no job column 'gpu_files'", "not a number", "no object",
        "no job column 'workload'", "no argument 'gpu'; did you mean 'gpus'?", "no wish 'offers'",
        "words, not a file", "did you mean 'needs'?", "gpu is missing", "workload '['a']': Input should be",
        'write ["rtx-4080", "l4"]', 'write job={"phase": ..}',
        "budget is stated beside wishes and among them",
    ]  # fmt: skip
    for text, words in zip(said, expected, strict=True):
        assert words in text
        assert "Traceback" not in text


def test_a_wish_that_is_an_argument_is_taken_as_one() -> None:
    beside, among = asked([
        ("recommend", {"workload": "resnet50", "target": "900 images/s", "budget": "1 USD/h"}),
        ("recommend", {"workload": "resnet50", "wishes": {"target": "900 images/s", "budget": "1 USD/h"}}),
    ])  # fmt: skip
    assert among.structured_content == beside.structured_content


@pytest.mark.slow
def test_over_standard_input_and_output() -> None:
    env = {key: value for key, value in os.environ.items() if key in ("PATH", "PYTHONPATH", "HOME")}
    started = mcp.StdioServerParameters(command=sys.executable, args=["-m", "whichgpu", "mcp"], env=env)
    (result,) = asked([("predict", {"workload": "resnet50", "gpu": "l4"})], started)
    assert result.structured_content["says"] == str(package.predict("resnet50", "l4"))


def test_without_the_library_it_says_what_to_install(whichgpu, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mcp", "mcp.server", "mcp.server.mcpserver"):
        monkeypatch.setitem(sys.modules, name, None)
    told = whichgpu("mcp")
    assert (told.status, "pip install 'whichgpu[mcp]'" in told.err) == (2, True)
    assert "audit" in whichgpu("mcp", "--list").out

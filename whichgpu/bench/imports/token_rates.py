"""What engines of one user print of an answer: mlx_lm, MLC, ExLlama, text-generation-webui, KoboldCpp.

Tokens/s of prompts and of generation; of several answers the middle one. The model is stated.
"""

from __future__ import annotations

import re
from statistics import median
from typing import TYPE_CHECKING, Any

from whichgpu.bench.imports import Entry
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_N = r"(?P<n>\d+)"
_RATE = r"(?P<rate>\d[\d,]*(?:\.\d+)?)"


class _Engine(NamedTuple):
    """An engine: lines of a prompt and of an answer, with `rate` and, where they tell it, `n` tokens."""

    runtime: str
    prompt: str
    answer: str


_ENGINES = (
    _Engine("MLX", rf"^Prompt: {_N} tokens, {_RATE} tokens-per-sec",
            rf"^Generation: {_N} tokens, {_RATE} tokens-per-sec"),
    _Engine("MLX", rf"^Averages: prompt_tps={_RATE},",
            rf"^Averages: prompt_tps=[\d.]+, generation_tps={_RATE},"),
    _Engine("MLC", rf"^-+ prefill -+\nthroughput: {_RATE} tok/s\ntotal tokens: {_N} tok",
            rf"^-+ decode -+\nthroughput: {_RATE} tok/s\ntotal tokens: {_N} tok"),
    _Engine("MLC", rf"^prefill: {_RATE} tok/s", rf"^(?:prefill: [\d.]+ tok/s, )?decode: {_RATE} tok/s"),
    _Engine("ExLlamaV2", rf"^ *\*\* Length +{_N} tokens: +{_RATE} t/s",
            rf"^ *\*\* Position +(?P<at>\d+) \+ +{_N} tokens: +{_RATE} t/s"),
    _Engine("ExLlamaV2", rf"^ -- Prompt processed in [\d.]+ seconds, (?:{_N} tokens, )?{_RATE} tokens/second",
            rf"Response generated in [\d.]+ seconds, {_N} tokens, {_RATE} tokens/second"),
    _Engine("TabbyAPI", rf"\bcached tokens and {_N} new tokens at {_RATE} T/s, Generate: ",
            rf"\b{_N} tokens generated in [\d.]+ seconds \(.*?, Generate: {_RATE} T/s, Context: "),
    _Engine("KoboldCpp", rf"\bProcess(?:ing)?: ?[\d.]+ ?m?s \((?:[\d.]+ms/T = )?{_RATE} ?T/s\)",
            rf"\bGenerat(?:e|ion): ?[\d.]+ ?m?s \((?:[\d.]+ms/T = )?{_RATE} ?T/s\)"),
    _Engine("Transformers", "",
            rf"^Output generated in [\d.]+ seconds \({_RATE} tokens/s, {_N} tokens, context"),
)  # fmt: skip
#: What mlx_lm.benchmark says of its lengths.
_TIMED = re.compile(r"prompt_tokens=(?P<prompt>\d+) and generation_tokens=(?P<answer>\d+)")


def claims(_path: Path, text: str) -> bool:
    """Whether a file has an answer's line of one of them."""
    return any(re.search(one.answer, text, re.MULTILINE) for one in _ENGINES)


def read(_path: Path, text: str) -> Iterator[Entry]:
    """A figure of prompts and one of generation; of a test at several lengths one of each."""
    engine = next((one for one in _ENGINES if re.search(one.answer, text, re.MULTILINE)), None)
    if engine is None:
        return
    stated = _TIMED.search(text)
    lengths = (
        {"input_tokens": int(stated["prompt"]), "output_tokens": int(stated["answer"])} if stated else {}
    )
    base = {"runtime": engine.runtime, "batch": 1, "metric": "throughput", "unit": "tokens/s", **lengths}
    prompts = _found(engine.prompt, text) if engine.prompt else []
    answers = _found(engine.answer, text)
    tested = any("at" in one for one in answers)
    for phase, column, found in (("prefill", "input_tokens", prompts), ("decode", "output_tokens", answers)):
        for one in found if tested else _middle(found):
            known = {column: int(one["n"])} if one.get("n") else {}
            if "at" in one:
                known["input_tokens"] = int(one["at"])
            yield Entry({**base, "phase": phase, **known, "value": one["rate"]}, {"answers": len(found)})


def _found(pattern: str, text: str) -> list[dict[str, Any]]:
    """Groups of every line, those with a rate above zero."""
    lines = (one.groupdict() for one in re.finditer(pattern, text, re.MULTILINE))
    told: list[dict[str, Any]] = [{**one, "rate": float(one["rate"].replace(",", ""))} for one in lines]
    return [one for one in told if one["rate"] > 0.0]


def _middle(found: list[dict[str, Any]]) -> list[Mapping[str, Any]]:
    """The line whose rate is the middle one, without its number of tokens where they differ."""
    if not found:
        return []
    rate = median(one["rate"] for one in found)
    same = len({one.get("n") for one in found}) == 1
    return [{"rate": rate, **({"n": found[0].get("n")} if same else {})}]

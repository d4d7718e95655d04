"""The phase of a job as tables and people say it: `LoRA fine-tuning`, `decode (tg128)`, `fwd+bwd`, `ASR`.

What words say is in `data/phases.toml`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.workloads.methods import Method, method, methods

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PHASES = (
    "infer", "prefill", "decode", "generate", "serve", "train", "pretrain",
    "finetune_full", "finetune_lora", "finetune_qlora",
)  # fmt: skip
TRAINING = ("train", "pretrain", "finetune_full", "finetune_lora", "finetune_qlora")
#: Ways to learn from preferred answers, and whether a frozen copy of the model lies beside the one that
#: learns (`ref_model` of TRL's trainers; adapters are switched off for it instead).
PREFERENCES = {"dpo": True, "ipo": True, "kto": True, "orpo": False, "simpo": False, "cpo": False}
#: Tests as llama-bench names them, with the column of the length that each number is: pp512, tg128.
_TESTS = {"pp": "input_tokens", "tg": "output_tokens"}
_ADAPTED = ("finetune_qlora", "finetune_lora")
#: Phases in which a model that was tuned by adapters may run with them.
_MAKING = frozenset(("decode", "prefill", "serve", "generate", "infer"))


@lru_cache(maxsize=256)
def phase(text: str) -> str:
    """The phase of a text; raises `UsageError` listing the phases.

    The name of a method that trains little (`data/adapters.toml`) is that of fine-tuning by adapters.
    """
    key = re.sub(r"[-\s]+", "_", text.strip().lower())
    if key in PHASES:
        return key
    bare = (re.sub(r"_?\([^()]*\)$", "", key) if "(" in key else key).partition("+")[0]
    adapted = "finetune_qlora" if "qlora" in bare else "finetune_lora"
    read = _table()["whole"].get(key) or (adapted if method(bare) else "") or _said(text)
    if read:
        return str(read)
    if bare in PHASES or bare.startswith("finetune_adapter"):
        # A suffix that nobody knows says how weights are stored: `finetune_lora+hqq`.
        return bare if bare in PHASES else adapted
    raise UsageError(f"no phase '{text}'; {_nearest(bare)}")


def lengths_of(text: str) -> dict[str, float]:
    """The tokens that a phase's name states, by column: `{"output_tokens": 128.0}` of tg128; none of most.

    Behind a depth (`tg128 @ d4096`) tokens follow so many others.
    """
    tests = re.findall(r"(?<![a-z0-9])(pp|tg)[_ ]?([0-9]{1,7})(?![a-z0-9])", text.lower())
    found = {_TESTS[kind]: float(tokens) for kind, tokens in tests}
    depth = re.search(r"(?<=[\s@_+(])d[_ =]?([0-9]{1,7})\b", text.lower()) if found else None
    if depth:
        # A prompt looks back on half of itself in the mean: what lies before it counts as twice as many.
        many = 1.0 if "output_tokens" in found else 2.0
        found["input_tokens"] = max(1.0, found.get("input_tokens", 0.0) + many * float(depth[1]))
    return found


def hears(text: str) -> bool:
    """Whether a phase says that speech is made into text: `ASR`, `transcription`."""
    said = r"(?:automatic )?speech recognition|asr|stt|transcri\w+|(?:speech|audio|voice) (?:to|2) text"
    words = _words(text)
    if not any(one in words for one in ("speech", "asr", "stt", "transcri", "audio", "voice")):
        return False
    return bool(re.search(rf"(?<!\S)(?:{said})(?!\S)", words))


def options_of(text: str) -> dict[str, str]:
    """The options that a phase's name stands for: `reference` of DPO, `adapter` before or behind a `+`.

    LoRA is the adapter that nobody needs to name.
    """
    key = text.strip().lower().replace("-", "_")
    if key in PHASES:
        return {}
    preferred = next((one for one in _words(text).split() if one in PREFERENCES), "")
    if preferred:
        return {"reference": "true"} if PREFERENCES[preferred] else {}
    return next(({"adapter": one.id} for one in _methods(key) if one.id != "lora"), {})


def _methods(key: str) -> Iterator[Method]:
    """The methods that a text names, the last first: whole, between its signs, in brackets."""
    inside, around = [], key
    if "(" in key:
        inside, around = re.findall(r"\(([^()]*)\)", key), re.sub(r"\([^()]*\)", "", key)
    parts = [*key.split("+"), *inside, around]
    return (one for part in reversed(parts) if (one := method(part.strip(" _"))) is not None)


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    found: Mapping[str, Any] = store.load("phases")["phases"]
    return found


def _words(text: str) -> str:
    """A text as words in lower case with one space between them."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower()).split())


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """What says each phase, and, last, a task, which has no name."""
    rows = (*_table()["says"], ("", _table()["tasks"]))
    return tuple((name, re.compile(rf"(?<!\S)(?:{pattern})(?!\S)")) for name, pattern in rows)


def _said(text: str) -> str:
    """The phase that a text says in words that are all known; "" where it says none, or several."""
    left = words = re.sub(r"\b(pp|tg) (?=\d)", r"\1", _words(text))
    found = []
    for name, pattern in _patterns():
        if pattern.search(words):
            found.append(name)
        left = pattern.sub(" ", left)
    rest = _telling(left)
    if rest and not _of_what(left):
        # What is left may be the name of a way to tune: `finetune (DoRA)`.
        if method(" ".join(rest)) is None or "infer" in found:
            return ""
        found.insert(0, "finetune_lora")
    return _of_several(found)


def _of_what(left: str) -> bool:
    """Whether words that nobody knows say of what the last one is: `robot inference`, `docking training`.

    In English that one is the head. `left` has a space more where each phase or task was taken out.
    """
    said = left.split(" ")
    while said and said[-1] and not _telling(said[-1]):
        said.pop()
    apart = any(one in _table()["against"] for one in said)
    return bool(said) and not said[-1] and not apart


def _telling(words: str) -> list[str]:
    """Of words those that may tell a phase: no numbers, nothing that tables write beside one."""
    # What begins with a digit is a size, a length or a schedule: `720p`, `5s`, `3x`.
    bare = (one.rstrip("0123456789") for one in words.split() if not one[0].isdigit())
    return [one for one in bare if one and one not in _table()["beside"]]


def unsaid(text: str) -> bool:
    """Whether a text says nothing of a phase: `throughput`, `single GPU`."""
    return not _telling(_words(text))


def _of_several(found: list[str]) -> str:
    """The phase of a text that says these, in the order of the table; "" where they contradict each other."""
    learns = [one for one in found if one in TRAINING and one not in _ADAPTED]
    if learns and "infer" in found:
        return ""
    if {"prefill", "decode"} <= set(found):
        return "generate"
    if _MAKING.intersection(found) and not learns:
        # Pictures are made with a LoRA that was trained before.
        found = [one for one in found if one not in _ADAPTED]
    return found[0] or "infer" if found else ""


def _nearest(key: str) -> str:
    """What to say of a text that is no phase."""
    from difflib import get_close_matches

    plain = key.replace("_", "")
    known = {one: one.replace("_", "") for one in PHASES}
    near = [
        one for one, name in known.items() if plain and (name.startswith(plain) or plain.startswith(name))
    ]
    near = near or get_close_matches(key, PHASES, cutoff=0.7)
    every = f"use one of {', '.join(PHASES)}, or finetune_ before {', '.join(methods())}"
    return f"did you mean {', '.join(near)}?" if near else every

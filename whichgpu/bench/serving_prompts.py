"""What is asked of a server: prompts of so many tokens, answers of so many, drawn under a seed.

Prompts are words at random, so that none repeats another; how many tokens a server makes of a word is asked
of it once. `shared` is the part that begins every prompt, and is found in its cache of prefixes. A `mark`
before it, another one for each load, keeps what an earlier run left in that cache out of this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.values import immutable
from whichgpu.workloads import lengths

if TYPE_CHECKING:
    from collections.abc import Sequence

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
#: Words that prompts are made of.
_WORDS = 4096


@immutable
class Request:
    """A prompt, how many tokens it is meant to have, and tokens of the answer that is asked for."""

    prompt: str
    input: int
    output: int


@immutable
class Asked:
    """Tokens in and out, fixed or drawn from a distribution as typed; `shared` of a prompt is common."""

    input: str
    output: str
    shared: float = 0.0

    def draw(self, count: int, chance: np.random.Generator) -> tuple[list[int], list[int]]:
        """Tokens of so many prompts and answers; raises `UsageError` for what is no length."""
        return _drawn(self.input, count, chance), _drawn(self.output, count, chance)


def _drawn(text: str, count: int, chance: np.random.Generator) -> list[int]:
    fixed = number(text)
    if fixed is not None:
        return [fixed] * count
    known = lengths.read(text)
    return [int(one) for one in known.draw(known.mean, count, chance)]


def number(text: str) -> int | None:
    """A fixed length; None for a distribution."""
    plain = text.strip().replace(",", "").replace("_", "")
    return int(plain) if plain.isdigit() and int(plain) > 0 else None


def mean(text: str) -> float:
    """The mean of a length as typed."""
    fixed = number(text)
    return float(fixed) if fixed is not None else lengths.read(text).mean


def vocabulary(chance: np.random.Generator) -> Sequence[str]:
    """Words of three to eight letters."""
    sizes = chance.integers(3, 9, _WORDS)
    letters = chance.integers(0, len(_LETTERS), (_WORDS, 9))
    return ["".join(_LETTERS[i] for i in row[:size]) for row, size in zip(letters, sizes, strict=True)]


def requests(asked: Asked, count: int, seed: int, per_word: float = 1.0, mark: str = "") -> list[Request]:
    """So many requests: the same for the same seed, but for the `mark` that begins each."""
    chance = np.random.default_rng(seed)
    words = vocabulary(chance)
    inputs, outputs = asked.draw(count, chance)
    common = _text(words, max(inputs) * asked.shared / per_word, chance)
    found = []
    for tokens, answer in zip(inputs, outputs, strict=True):
        shared = round(tokens * asked.shared / per_word)
        own = _text(words, tokens / per_word - shared, chance)
        text = [mark] * bool(mark) + [*common[:shared], *own]
        found.append(Request(" ".join(text[: max(len(text) - bool(mark), 1)]), tokens, answer))
    return found


def _text(words: Sequence[str], count: float, chance: np.random.Generator) -> list[str]:
    return [words[i] for i in chance.integers(0, len(words), max(round(count), 0)).tolist()]

"""Ways to train little of a model (`data/adapters.toml`): what each trains and keeps, as sums over sizes."""

from __future__ import annotations

from dataclasses import field
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store
from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What a phase or an option may have around the name of a method.
_AROUND = ("finetune", "finetuning", "fine", "tune", "train", "sft", "peft", "adapter", "adapters", "")


@immutable
class Method:
    """One way: amounts are coefficients of products of sizes, as the head of the data file says."""

    id: str
    form: str = "layers"
    trained: Mapping[str, float] = field(default_factory=dict)
    kept: Mapping[str, float] = field(default_factory=dict)
    kept_narrow: Mapping[str, float] = field(default_factory=dict)
    merged: Mapping[str, float] = field(default_factory=dict)
    merged_narrow: Mapping[str, float] = field(default_factory=dict)
    stored: Mapping[str, float] = field(default_factory=dict)
    product: str = ""
    rank: float = 0.0
    targets: str = ""
    tokens: float = 0.0
    skipped: float = 0.0
    at: Mapping[str, Method] = field(default_factory=dict)

    @property
    def stated(self) -> dict[str, str]:
        """The options that it takes where a job states none, whatever the library does for LoRA."""
        own = {"lora_rank": f"{self.rank:g}" if self.rank else "", "lora_targets": self.targets}
        return {name: text for name, text in own.items() if text}


def amount(terms: Mapping[str, float], sizes: Mapping[str, Any]) -> Any:
    """A sum of coefficients times products of sizes by letter: `{"io/r": 2.0}` is 2 i o / r."""
    total: Any = 0.0
    for name, coefficient in terms.items():
        above, _, below = name.partition("/")
        total = total + coefficient * prod(sizes[one] for one in above) / prod(sizes[one] for one in below)
    return total


def method(text: str) -> Method | None:
    """The method of a name as tables and libraries write it, also behind `finetune_`; None where none is."""
    return _names().get(_key(text))


def methods() -> tuple[str, ...]:
    """The names of all methods, each once."""
    return tuple(dict.fromkeys(one.id for one in _names().values()))


def _key(text: str) -> str:
    words = text.strip().lower().replace("-", "_").replace(" ", "_").split("_")
    while len(words) > 1 and words[0] in _AROUND:
        words = words[1:]
    joined = "".join(words)
    return joined.removesuffix("tuning").removesuffix("adapter") or joined


@lru_cache(maxsize=1)
def _names() -> Mapping[str, Method]:
    found: dict[str, Method] = {}
    for name, row in store.load("adapters")["adapters"]["adapters"].items():
        told = dict(row)
        others = told.pop("names", ())
        parts = {part: Method(id=name, **own) for part, own in told.pop("at", {}).items()}
        one = Method(id=name, at=parts, **told)
        found.update(dict.fromkeys((_key(name), *map(_key, others)), one))
    return found

"""Number formats a job can run in: bytes per element of what is stored, and the rate the maths uses.

The table is `data/precisions.toml`; names ignore case and read `-`, `_` and `.` alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from whichgpu.errors import UsageError
from whichgpu.facts import store


@dataclass(frozen=True, slots=True)
class Precision:
    """How a job stores and multiplies numbers.

    `weight`, `activation`, `kv` are bytes per stored element; `head` is the bytes of weights that
    stay unquantised (embedding, norms, output head); `math` is the catalogue field whose peak rate
    bounds matrix products; `train_state` is bytes per parameter that training keeps beside the
    weights (gradient, master copy), the optimizer's own states apart.
    """

    id: str
    title: str
    weight: float
    activation: float
    kv: float
    head: float
    math: str
    train_state: float

    @property
    def mixed(self) -> bool:
        """Whether weights are stored wider than they are multiplied (autocast)."""
        return self.weight > self.activation

    @property
    def read_weight(self) -> float:
        """Bytes per weight that a matrix product reads: mixed precision multiplies a narrow copy."""
        return self.activation if self.mixed else self.weight


def _key(text: str) -> str:
    return "".join(ch for ch in text.lower() if ch not in " -_.")


@lru_cache(maxsize=1)
def precisions() -> dict[str, Precision]:
    """Every precision by id."""
    table = store.load("precisions")["precisions"]["precision"]
    return {
        key: Precision(
            id=key,
            title=row["title"],
            weight=row["weight_bytes"],
            activation=row["activation_bytes"],
            kv=row.get("kv_bytes", row["activation_bytes"]),
            head=row.get("head_bytes", row["weight_bytes"]),
            math=row["math"],
            train_state=row.get("train_state_bytes", 0.0),
        )
        for key, row in table.items()
    }


@lru_cache(maxsize=1)
def _spellings() -> dict[str, str]:
    table = store.load("precisions")["precisions"]["precision"]
    names = {_key(key): key for key in table}
    for key, row in table.items():
        names.update({_key(alias): key for alias in row.get("aliases", ())})
    return names


def precision(name: str) -> Precision:
    """The precision of a name; raises `UsageError` with the nearest names."""
    known = precisions()
    key = _spellings().get(_key(name))
    if key is None:
        close = get_close_matches(name.lower(), known, n=3, cutoff=0.4) or sorted(known)
        raise UsageError(f"no precision '{name}'; did you mean {', '.join(close)}?")
    return known[key]

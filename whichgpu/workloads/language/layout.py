"""How the layers of a decoder are laid out: which mix tokens how, and what follows each of them.

`pattern` has one letter a layer and repeats over all of them; `feeds` says what follows, and `dense_first`
layers are dense whatever it says. In a model of `single` layers a letter of `pattern` is a whole layer.

    mixers   * attention   W attention within a window   C attention to a picture   L linear attention
             A, V attention as * and W, with the keys and values of an earlier layer
             S, B attention over summaries, see language/compressed.py
             a letter of `head_counts`: attention with [heads, key-value heads] of its own
             M state space   P attention and state space side by side   H state space behind a shared block
             K short convolution   G gated recurrence   R RWKV   . none
    feeds    - dense   E experts   . none   a letter of `feed_widths`: dense of that width
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.recorder import Recorder

MIXERS = "*WAVCSBLMPHKGR."
#: Those that keep the keys and values of every token.
CACHING = "*PH"
FEEDS = "-E."


class Group(NamedTuple):
    """Equal layers: their mixer and their feed-forward part ('' where there is none), and how many."""

    mixer: str
    feed: str
    layers: int


class Attend(NamedTuple):
    """One attention of a pass: B sequences of q new tokens over kv tokens, `cached` ones or fresh.

    `kv` is the mean over `steps` passes in which it grows by one token each; `pictured` are the tokens of
    a picture that a layer of kind C attends to.
    """

    batch: Any
    q: Any
    kv: Any
    cached: bool = False
    repeats: Any = 1.0
    steps: Any = 1.0
    pictured: Any = 0.0


def groups(dims: Mapping[str, Any]) -> list[Group]:
    """The layers of a model, equal ones together, in the order of their first."""
    pattern, single = dims.get("pattern", "*"), bool(dims.get("single"))
    feeds = dims.get("feeds", "E" if dims.get("experts") else "-")
    strange = set(pattern).difference(MIXERS, dims.get("head_counts", ()), FEEDS if single else "")
    if strange or set(feeds).difference(FEEDS, dims.get("feed_widths", ())) or not pattern or not feeds:
        raise DataError(f"pattern '{pattern}', feeds '{feeds}': use letters of {MIXERS} and of {FEEDS}")
    return list(_grouped(pattern, feeds, dims["layers"], dims.get("dense_first", 0), single=single))


@lru_cache(maxsize=64)
def _grouped(pattern: str, feeds: str, layers: int, dense: int, *, single: bool) -> tuple[Group, ...]:
    """The same of what they are made of, which each step of a model asks for several times."""
    counts: dict[tuple[str, str], int] = {}
    for i in range(layers):
        letter = pattern[i % len(pattern)]
        if single:
            kind = ("", letter) if letter in FEEDS else (letter, "")
        else:
            feed = "-" if i < dense else feeds[i % len(feeds)].replace(".", "")
            kind = letter.replace(".", ""), feed
        counts[kind] = counts.get(kind, 0) + 1
    return tuple(Group(mixer, feed, count) for (mixer, feed), count in counts.items())


def mixing(dims: Mapping[str, Any], mixers: str) -> int:
    """Layers whose mixer is one of `mixers`."""
    return sum(group.layers for group in groups(dims) if group.mixer and group.mixer in mixers)


def head_sizes(dims: Mapping[str, Any], *, windowed: bool) -> tuple[int, int]:
    """Key-value heads, and values of a head, of attention within a window or over everything."""
    kv_heads, head_dim = dims["kv_heads"], dims["head_dim"]
    if windowed:
        return kv_heads, head_dim
    return dims.get("full_kv_heads", kv_heads), dims.get("full_head_dim", head_dim)


def norm(dims: Mapping[str, Any], rec: Recorder, rows: Any, name: str = "norm") -> None:
    """RMSNorm (one weight per value, in FP32 inside) or LayerNorm (two): (T, D) -> (T, D).

    Op by op, RMSNorm keeps an FP32 copy of its input, and LayerNorm its input as it is, but FP32 in autocast.
    """
    width, scaled = dims["hidden"], dims.get("norm", "rmsnorm") == "rmsnorm"
    wide = rec.precision.mixed or scaled
    rec.norm(width * rows, width, parameters=norm_parameters(dims), keeps=4.0 if wide else None,
             scaled=scaled, name=name)  # fmt: skip


def norm_parameters(dims: Mapping[str, Any]) -> int:
    """Trained values of one normalisation of the model's width."""
    each = {"rmsnorm": 1, "layernorm": 2, "layernorm_nobias": 1, "none": 0}
    kind = dims.get("norm", "rmsnorm")
    if kind not in each:
        raise DataError(f"norm '{kind}' is none of {', '.join(each)}")
    return each[kind] * int(dims["hidden"])


def biased(dims: Mapping[str, Any], part: str) -> bool:
    """Whether the layers of a part (qkv, out, ffn) have biases."""
    return part in {
        "none": (), "all": ("qkv", "out", "ffn"), "qkv": ("qkv",), "qkvo": ("qkv", "out"), "ffn": ("ffn",),
        "out_ffn": ("out", "ffn"),
    }[dims.get("bias", "none")]  # fmt: skip

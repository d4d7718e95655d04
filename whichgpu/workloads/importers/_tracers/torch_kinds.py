"""What kind of operator a name of PyTorch is, and the sizes of its product."""

from __future__ import annotations

from typing import Any

#: Operators that move nothing, or that are no work of the model.
FREE = {
    "_unsafe_view", "detach", "alias", "lift_fresh", "lift", "empty", "empty_like", "empty_strided",
    "new_empty", "new_empty_strided", "_local_scalar_dense", "_reshape_alias", "is_same_size",
}  # fmt: skip

_NORMS = {
    "native_layer_norm", "native_batch_norm", "_native_batch_norm_legit", "native_group_norm",
    "_native_batch_norm_legit_no_training", "_fused_rms_norm", "_batch_norm_no_update", "cudnn_batch_norm",
}  # fmt: skip

_COPIES = {
    "clone", "_to_copy", "copy", "copy_", "cat", "stack", "index", "index_select", "gather", "scatter",
    "roll", "constant_pad_nd", "index_put", "index_put_", "repeat", "upsample_nearest2d", "pixel_shuffle",
    "flip", "reflection_pad1d", "reflection_pad2d", "replication_pad2d", "contiguous", "slice_scatter",
    "im2col",
}  # fmt: skip

_LINEAR = {"add", "add_", "sub", "neg", "mean", "sum", "cumsum"}

#: Where the matrices of a product stand among the arguments.
PRODUCTS = {
    "mm": (0, 1), "addmm": (1, 2), "bmm": (0, 1), "baddbmm": (1, 2), "mv": (0, 1), "dot": (0, 1),
    "_grouped_mm": (0, 1), "_scaled_mm": (0, 1), "_addmm_activation": (1, 2), "_int_mm": (0, 1),
    "addmv": (1, 2), "vdot": (0, 1), "addbmm": (1, 2),
}  # fmt: skip

#: Beginnings of operators that do more than they move, and are counted by their bytes all the same.
UNCOUNTED = ("_fft_", "fft_", "linalg_", "_linalg_", "_cdist", "_weight_int")


def plain(name: str, elements: int) -> dict[str, Any]:
    """An operator without a product."""
    kind, backward = "pointwise", "full"
    if name in _NORMS:
        kind = "norm"
    elif "pool" in name:
        kind, backward = "pool", "linear"
    elif name in _COPIES:
        kind, backward = "copy", "linear"
    elif name in _LINEAR:
        backward = "linear"
    op = {"kind": kind, "dims": {"elements": elements}, "part": name.strip("_")}
    return op if backward == "full" else {**op, "backward": backward}


def product(left: Any, right: Any) -> dict[str, float]:
    """(.., m, k) x (.., k, n)."""
    batch = left[0] if len(left) == 3 else 1
    k = left[-1]
    m = left[-2] if len(left) > 1 else 1
    n = right[-1] if len(right) > 1 else 1
    return {"m": m, "n": n, "k": k, "batch": batch}


def bilinear(left: Any, weight: Any, right: Any) -> dict[str, float]:
    """nn.Bilinear, (.., in1) x (out, in1, in2) x (.., in2): all products of the second, then of the first."""
    out, first, second = weight.shape[-3:]
    return {"m": right.numel() // second, "n": out * first, "k": second, "batch": 1}


def convolution(args: tuple[Any, ...], out: Any) -> dict[str, float]:
    """The implicit product of a convolution (B, C, ..) with (out, C / g, window)."""
    x, weight, transposed, groups = args[0], args[1], args[6], args[8]
    window = 1
    for side in weight.shape[2:]:
        window *= side
    pixels = (x if transposed else out)[:, 0].numel()
    if transposed:
        return {
            "m": pixels,
            "n": weight.shape[1] * window,
            "k": x.shape[1] // groups,
            "groups": groups,
            "window": 1,
        }
    return {"m": pixels, "n": out.shape[1] // groups, "k": weight.shape[1] * window, "groups": groups,
            "window": window}  # fmt: skip


def attention(q: Any, k: Any, v: Any, *, causal: bool) -> dict[str, float]:
    """(.., heads, q, d) against (.., kv_heads, kv, d); value heads may be narrower."""
    heads = q.shape[-3] if q.dim() > 2 else 1
    batch = q.numel() // (heads * q.shape[-2] * q.shape[-1])
    kv_heads = k.shape[-3] if k.dim() > 2 else 1
    return {"batch": batch, "heads": heads, "kv_heads": kv_heads, "q": q.shape[-2], "kv": k.shape[-2],
            "head_dim": (q.shape[-1] + v.shape[-1]) / 2, "causal": int(causal)}  # fmt: skip

"""Scaled dot-product attention, in prefill and in decode.

    compute = 4 B h q kv d * seen / (peak * e * d / pad(d))
    seen    = 1 - min(q, kv) / 2 max(q, kv) where causal and fused: all but the masked triangle
              * (a + r) / (a + r at heads of 128), r the exponentials of a score over its products
    memory  = (q, k, v, out + KV cache + scores) / (bandwidth * s)

Where heads attend to latents (MLA) in decode, e is `faster` by min(heads / rows of a tile, 1), if at all. In
prompts whose queries have keys of their own (sparse attention) h is rounded up to the rows of a tile.

Heads of a group share what is read of the cache, but where an engine had kernels for groups of some sizes
alone (`shared_by`): in others each head has threads of its own, which read it anew through the L2 cache at so
many bytes a clock and SM.
A fused kernel keeps no score matrix (Dao et al., FlashAttention, 2022); an unfused one writes and
reads B h q kv scores four times, and op by op more: texts have theirs scaled and masked by two ops, four
times (modeling_bert.py and modeling_gpt2.py of Transformers); autocast has the results of the softmax in
FP32 and narrows them behind it, four times. Scores with a bias of their own are unfused in frameworks, and
adding it reads and writes them again, with a mask as well in every other layer: Swin gains nothing from
PyTorch 2's fused attention, where ViT gains a third. Beside sinks scores are joined with those, their largest
is taken off all of them, and the sinks are cut off again (modeling_gpt_oss.py). A window masks the scores
outside of it, which are computed too; a fused kernel takes windows in whole tiles. Heads are padded to 64,
128 or a larger multiple of 64 values, in fused kernels to 96 too (HEADDIM_SWITCH of
Dao-AILab/flash-attention, csrc/flash_attn/src/static_switch.h).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whichgpu.cost.coefficients import section
from whichgpu.cost.kernels._emulation import emulating
from whichgpu.cost.timing.classes import lineage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.timing.optable import OpTable

KINDS = ("attention",)
_SCORE_PASSES, _BIASED_PASSES = 4.0, 7.0
#: Beyond those where autocast widens them: 2 bytes read and 4 written in the softmax (`fp32_set_opt_dtype` of
#: aten/src/ATen/autocast_mode.h), then 4 and 2; and where scores are scaled and masked.
_WIDENED_PASSES = _MASKED_PASSES = 4.0
#: Beside sinks, forward: joined (2), the largest looked for (1) and taken off (2). Backward: a map of zeros
#: and what is laid into it (3), summed for the largest (1), spread to where that was and added (4).
_SINK_PASSES = {"forward": 5.0, "backward": 8.0}
_SCORE_BYTES = 2.0
#: Values of a head of nearly all language models.
_USUAL_HEAD = 128.0


def seconds(
    ops: OpTable, devices: Devices, runtime: Runtime
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute and memory time of one execution, (O, G, J), in s."""
    d = ops.dims
    head, through = d["head_dim"], score_passes(ops, runtime, devices)
    third = (through == 0.0) & (head > 64.0) & (head <= 96.0)
    padded = np.where(third, 96.0, np.maximum(np.ceil(head / 64.0), 1.0) * 64.0)
    array = devices.each(lambda gpu: section("products")["systolic"].get(gpu.architecture, 0.0))
    filled = (array > 0.0) & (d["causal"] > 0.0)
    padded = np.where(filled, np.ceil(head / np.maximum(array, 1.0)) * array, padded)
    efficiency = np.minimum(
        runtime.products["attention"] * devices.efficiency(ops.dtypes) * head / padded * _of_latents(ops),
        section("products")["ceiling"],
    )
    # What is written out is no kernel of that name.
    named = np.where(through > 0.0, 1.0, _named(ops, devices, runtime))
    efficiency = np.minimum(efficiency * named, section("products")["ceiling"])
    peaks = emulating(ops, devices, runtime, devices.peaks(ops.dtypes, tf32=runtime.unasked("attention")))
    # Unfused products know of no mask: they compute the whole rectangle.
    keys = np.maximum(d["kv"], d["q"] * d["causal"])
    work = ops.flops * np.where(
        through > 0.0, keys / np.maximum(d["kv"], 1.0), seen(d) * _in_tiles(ops, devices)
    )
    work = work * _in_whole_tiles(ops, devices)
    overlaps = np.asarray(runtime.read(lambda one: one.overlaps_softmax))
    if overlaps.any():
        work = work * np.where(overlaps, exponentials(ops, devices), 1.0)
    compute = work / (peaks * efficiency)
    traffic = ops.activation_bytes
    if np.any(through):
        traffic = traffic + through * _SCORE_BYTES * d["batch"] * d["heads"] * d["q"] * keys
    memory = traffic / devices.bandwidth + ops.kv_bytes / devices.reading
    memory = memory / runtime.memory["attention"]
    if runtime.shared_by is not None:
        # What heads of a group read anew comes from the L2 cache, as fast as an SM loads it.
        loaded, readers = section("products")["head_loads"] * devices.issue, _readers(d, runtime)
        memory = np.maximum(memory, np.where(readers > 1.0, ops.kv_bytes * readers / loaded, 0.0))
    return compute, memory


def _in_tiles(ops: OpTable, devices: Devices) -> NDArray[np.float64] | float:
    """Keys that a training's fused kernel takes over those of a window, (O, G, J): T (1 + ceil((w - 1) / T)).

    T queries together see the window of the first and that of the last, in tiles of T keys.
    """
    if not ops.trains:
        return 1.0
    d, known = ops.dims, section("products")["window_tile"]
    tile = devices.each(lambda gpu: known.get(gpu.vendor, known["other"]))
    windowed = (d["causal"] > 0.0) & (d["kv"] < d["q"])
    taken = np.minimum(tile * (1.0 + np.ceil((d["kv"] - 1.0) / tile)), d["q"])
    return np.where(windowed, taken / np.maximum(d["kv"], 1.0), 1.0)


def _named(ops: OpTable, devices: Devices, runtime: Runtime) -> NDArray[np.float64] | float:
    """Efficiency of a trainer's or an engine's kernels over FlashAttention-2, (O, G, 1) or (O, G, J).

    Of a trainer those that its text names, of an engine those of its prompts: tokens wait for the cache.
    """
    said = {name for one in runtime.several or (runtime,) for name in one.attends}
    if not said or not (ops.trains or runtime.domain):
        return 1.0
    faster: NDArray[np.float64] | float = 1.0
    for name in said:
        faster = faster * _named_of(name, devices, runtime)
    return faster if ops.trains else np.where(ops.dims["q"] > _FEW, faster, 1.0)


#: Queries of a sequence up to which they are tokens, drafted ones among them, and no prompt.
_FEW = 16.0


def _named_of(name: str, devices: Devices, runtime: Runtime) -> NDArray[np.float64]:
    """The same on GPUs of a lineage, and 1 on others."""
    here = devices.each(lambda gpu: lineage(gpu) == name)
    return np.where(here, runtime.read(lambda one: one.attends.get(name, 1.0)), 1.0)


def _of_latents(ops: OpTable) -> NDArray[np.float64]:
    """Efficiency of queries that attend to latents over that of others, (O, 1, J); 1 of other attention.

    All heads read one cache, so that they fill a tile as the rows of a prompt do. Where tensor parallelism
    leaves few of them, most of it is empty, and tokens are no faster.
    """
    c, d = section("products")["latents"], ops.dims
    latent = (ops.kv_bytes > 0.0) & (d["kv_heads"] == 1.0) & (d["heads"] > 1.0) & (d["head_dim"] > c["wider"])
    full = np.minimum(d["heads"] * d["q"] / c["rows"], 1.0)
    tokens = np.where(latent, np.maximum(c["faster"] * full, 1.0), 1.0)
    return np.where(_gathered(ops) > 0.0, c["faster"], tokens)


def _in_whole_tiles(ops: OpTable, devices: Devices) -> NDArray[np.float64] | float:
    """Heads that a kernel computes over those that there are, (O, G, J).

    Of a prompt's queries that have keys of their own no two share a tile: it has the heads of one, and is
    filled up with such as are not there.
    """
    gathered = _gathered(ops)
    if not gathered.any():
        return 1.0
    c, heads = section("products")["latents"], ops.dims["heads"]
    rows = devices.each(lambda gpu: c["gathered"].get(gpu.architecture, c["rows"]))
    return np.where(gathered > 0.0, np.ceil(heads / rows) * rows / heads, 1.0)


def _gathered(ops: OpTable) -> NDArray[np.float64]:
    """1 where each query has keys of its own, as (O, 1, 1)."""
    return np.array([float("gathered" in op.dims) for op in ops.ops])[:, None, None]


def _readers(d: Mapping[str, NDArray[np.float64]], runtime: Runtime) -> NDArray[np.float64]:
    """How often each part of the cache is read: once, or once for each head of a group, (O, 1, J)."""
    group = np.asarray(d["heads"] / d["kv_heads"])
    if runtime.shared_by is None:
        return np.ones_like(group)
    return np.where(np.isin(group, runtime.shared_by), 1.0, group)


def exponentials(ops: OpTable, devices: Devices) -> NDArray[np.float64]:
    """Time of fused attention over that with heads of 128 values, as scores take exponentials, (O, G, 1).

    An SM makes 16 of them a clock, whatever its tensor cores do: t = (a + r) t_peak with r what those of a
    score take over what its products take at the peak.
    """
    c = section("products")
    rate = c["rate_reference"] * devices.fed(ops.dtypes) / (4.0 * c["exponentials"])
    beside = c["attention_beside"]
    return np.asarray((beside + rate / ops.dims["head_dim"]) / (beside + rate / _USUAL_HEAD))


def score_passes(ops: OpTable, runtime: Runtime, devices: Devices | None = None) -> NDArray[np.float64]:
    """How often an op's scores go through memory, (O, 1 or G, 1); 0 where it is fused.

    On some GPUs a framework has no fused kernel (`unfused` of a runtime).
    """
    engine = runtime.fuses and not runtime.chains
    plain = 0.0 if runtime.flash else _SCORE_PASSES
    passes = [_BIASED_PASSES if "biased" in op.dims and not engine else plain for op in ops.ops]
    known = np.array(passes)[:, None, None]
    if not (runtime.fuses or runtime.specialised):
        # A compiler and an engine have what lies between the two products in the kernel of the softmax.
        masked, wide = (
            np.array([float(name in op.dims) for op in ops.ops])[:, None, None] for name in ("masked", "wide")
        )
        sinks = [_SINK_PASSES.get(op.stage, 0.0) * ("sinks" in op.dims) for op in ops.ops]
        # apex's O2, which NVIDIA's examples use, keeps 16 bits.
        widened = 0.0 if runtime.holds.get("fused_norm") else _WIDENED_PASSES
        more = _MASKED_PASSES * np.maximum(masked, ops.dims["causal"] > 0.0) + widened * wide
        more = more + np.array(sinks)[:, None, None]
        known = np.where(known > 0.0, known + more, 0.0)
    if devices is None or not runtime.unfused:
        return known
    here = devices.each(lambda gpu: not {gpu.vendor, gpu.architecture}.isdisjoint(runtime.unfused))
    return np.where(here, np.maximum(known, _SCORE_PASSES), known)


def seen(dims: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Share of the q x kv rectangle that is computed.

    A causal mask leaves all but the triangle of the new tokens; where a window of kv tokens is shorter
    than q, all but the triangle before it is full.
    """
    shorter = np.minimum(dims["q"], dims["kv"])
    longer = np.maximum(np.maximum(dims["q"], dims["kv"]), 1.0)
    return np.where(dims["causal"] > 0, 1.0 - shorter / (2.0 * longer), 1.0)

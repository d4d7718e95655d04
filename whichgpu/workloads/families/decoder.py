"""Decoder-only language models: transformers, mixtures of experts, state-space models and hybrids.

Letters: B sequences, S tokens of a prompt, T tokens that a pass computes, D width, V vocabulary.
The parts are in `whichgpu/workloads/language/`. Dimensions, each with what holds where it is not stated:

    layers, hidden, vocab   always;  heads, kv_heads, head_dim  of attention;  ffn  of dense layers
    gated (true)            three feed-forward matrices instead of two
    function (one kernel)   gelu_new: between them, which Transformers writes out op by op
    norm (rmsnorm)          layernorm, layernorm_nobias, none;  norms (2) in a layer: 1 where attention and
                            feed-forward share it, 4 where each half has one before and one after
    bias (none)             qkv, qkvo, ffn, out_ffn, all;  head_bias (false)
    tied (false)            the output head is the embedding;  headless (false): there is none (embeddings)
    last_logits (false)     its own code makes the last logits alone, and joins its cache layer by layer
    logit_cap, score_cap (false)   tanh keeps logits, or scores of attention, within bounds
    wide_scores (false)     written out, a softmax in FP32 of which nothing is dropped, as of rotary decoders
    scores ("")             whose code writes them out, if not Llama's (`scores` of a runtime's `holds`)
    written_out ("")        the first release of Transformers that does not write its attention out: "4.46",
                            or "any" where all do (`_supports_sdpa` of 5.23; #31031, #31172, #33298, #47014)
    fused (none)            qkv, up (with the gate), all: one layer in the library too, with one adapter
    positions (0)           rows of a learned table;  rotary (where there is no table)
    qk_norm (none)          head, per_head, full;  sinks (false)
    attention_gate (false)  true: one of each value of a head; head: one a head
    window_heads (heads)    of attention within a window
    embed_norm (false), final_norm (true), word_width (hidden)
    pattern (*), feeds (- or E), feed_widths, dense_first (0), single (false), window;  see language/layout.py
    chunked (false)         a window is a chunk of the text, of which a token sees what is before it
    head_counts (none)      of layers whose heads are counted one by one: see language/layout.py
    full_kv_heads, full_head_dim (as in windows), keys_as_values (false)    of attention without a window
    experts, experts_per_token, expert_ffn, shared_experts or shared_ffn, shared_gate, router_bias,
    expert_bias, latent     see language/feed.py
    expert_groups, groups_per_token (1)   of experts, a few of which hold all that a token chooses
    q_rank                  queries through a narrow layer
    kv_rank, rope_dim, nope_dim, value_dim; index_heads, index_dim, index_top    latent attention
    linear_key_heads, linear_key_dim, linear_value_heads, linear_value_dim, conv (4), linear (delta)
                            linear attention, see language/state.py
    state, state_heads, state_head_dim, state_groups, or inner, step_rank, state_norms   Mamba 2 or 1
    state_norm (true)       a norm behind Mamba 2;  taps, taps_bias, recurrent  see language/gated.py
    rwkv                    4, 5, 6, 7 and its ranks: see language/rwkv.py
    shared_blocks, adapter_rank, attention_adapters   of layers of kind H, see language/shared.py
    layer_width, layer_vocab, streams, residual_rank, hyper   beside the layers, see language/streams.py
    sparse_rate, heavy_rate, output_groups, output_rank   of layers S and B, see language/compressed.py
    prediction_layers (0)   next-token-prediction blocks, stored, and run in training with the option `mtp`
                            alone; prediction_tables (0) of embedding size that each holds
    drafts (false)          its checkpoint has such blocks beside the stated layers, which nothing counts here
    vision, sound           tables: see language/vision.py
    max_positions           the longest context the model was made for (told of, not enforced)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.errors import UsageError
from whichgpu.workloads.blocks import check_positions, cross_entropy
from whichgpu.workloads.language import cache, vision
from whichgpu.workloads.language.feed import EVERY, idle_parameters
from whichgpu.workloads.language.layout import Attend, groups
from whichgpu.workloads.language.stack import through
from whichgpu.workloads.language.state import state_bytes_per_sequence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whichgpu.workloads.job import Job
    from whichgpu.workloads.recorder import Recorder

PHASES = ("serve", "generate", "prefill", "decode", "train", "pretrain", "finetune_full")
PHASE_ALIASES = {"infer": "generate"}
TRAINED_ALIKE = ("train", "pretrain", "finetune_full")
UNIT = "tokens"
#: Pictures and pieces of sound before a prompt and those that a prompt's tokens count already.
OPTIONS = ("images", "sounds", "pictures", "recordings")
OPTIMIZER = "adamw"
PROMPT = 512.0
_SERVING = {
    "batch": 1.0, "precision": "fp16", "runtime": "vllm", "input_tokens": PROMPT, "output_tokens": 256.0,
}  # fmt: skip
_TRAINING = {"batch": 1.0, "precision": "amp-bf16", "runtime": "pytorch-2", "seq_len": 2048.0}
DEFAULTS: dict[str, dict[str, Any]] = {
    "*": {"n_gpus": 1.0},
    **dict.fromkeys(("serve", "generate", "prefill", "decode"), _SERVING),
    **dict.fromkeys(("train", "pretrain", "finetune_full"), _TRAINING),
}
#: Phases that train a model as long as they need it.
_FROM_SCRATCH = ("train", "pretrain")
#: One forward pass, logits of every token included.
REFERENCE = {"phase": "train", "seq_len": PROMPT}

#: What is not of the layers: text and context, the vocabulary and its head, towers, what is drafted.
BESIDE_LAYERS = frozenset((
    "source", "max_positions", "window", "vocab", "tied", "headless", "last_logits", "head_bias", "vision",
    "sound", "prediction_layers", "prediction_tables", "drafts", "stored", "adapters", "notes",
    "expert_groups", "groups_per_token",
))  # fmt: skip

of_job = vision.of_job
reads_size = vision.reads_size
kv_bytes_per_token = cache.kv_bytes_per_token
kv_cache = cache.kv_cache
kv_split = cache.kv_split
sequence_bytes = cache.sequence_bytes
__all__ = [
    "kv_bytes_per_token", "kv_cache", "kv_split", "of_job", "reads_size", "sequence_bytes",
    "state_bytes_per_sequence",
]  # fmt: skip


def forward(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    """What the phase asks of B sequences; logits of every token in training, of the last elsewhere."""
    if job.trains:
        _train(dims, job, rec)
        return
    batch, prompt = job.batch, job.input_tokens + vision.added_tokens(dims, job)
    pictured = vision.attended_tokens(dims, job)
    last = _most(prompt + job.output_tokens)
    check_positions(last, dims.get("positions") or last, "input_tokens + output_tokens")
    if job.phase != "decode":
        vision.towers(dims, rec, batch, job)
        through(dims, rec, batch * prompt, [Attend(batch, prompt, prompt, pictured=pictured)], batch)
    if job.phase == "prefill":
        return
    # The prompt's pass gives the first token; step i of the rest attends to the prompt and i tokens.
    steps = job.output_tokens if job.phase == "decode" else np.maximum(job.output_tokens - 1.0, 0.0)
    context = prompt + (steps + 1.0) / 2.0
    if job.phase == "decode":
        vision.towers(dims, rec)
    attends = [Attend(batch, 1.0, context, cached=True, steps=steps, pictured=pictured)]
    through(dims, rec, batch, attends, batch, repeats=steps, again=job.phase != "decode")


def usual(dims: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a dimension of layers is where it is not stated.

    Attention within a window is attention: how far back it looks is counted op by op.
    """
    heads = dims.get("heads", 0)
    pattern = dims.get("pattern", "")
    return {
        "kv_heads": heads, "window_heads": heads, "head_dim": dims["hidden"] // heads if heads else 0,
        "gated": True, "norm": "rmsnorm", "norms": 2, "rotary": True, "final_norm": True, "state_norm": True,
        "conv": 4, "linear": "delta",
        "pattern": pattern if {*pattern} <= {"*", "W"} else "*",
    }  # fmt: skip


def step(
    dims: Mapping[str, Any], rec: Recorder, prefill_tokens: Any, decode_sequences: Any, kv_tokens: Any,
    *, prefill_length: Any = None, prefill_context: Any = 0.0, decode_tokens: float = 1.0,
    decode_steps: Any = 1.0,
) -> None:  # fmt: skip
    """Record one engine step: prompt tokens and those of each decoding sequence, in one pass.

    Args:
        dims: the workload's dimensions.
        rec: where the ops go.
        prefill_tokens: prompt tokens computed in this step, of all prompts together.
        decode_sequences: sequences that receive one token, or have `decode_tokens` verified.
        kv_tokens: cached tokens that these sequences attend to, all together.
        prefill_length: tokens of each prompt (or chunk); by default all are of one prompt.
        prefill_context: cached tokens before each chunk.
        decode_tokens: tokens of each decoding sequence: with speculative decoding one more than is drafted.
        decode_steps: tokens of an answer, over which the contexts of these sequences are spread.

    """
    length = prefill_tokens if prefill_length is None else prefill_length
    prompts = prefill_tokens / np.maximum(length, 1.0)
    decoding = np.maximum(decode_sequences, 1.0)
    context = kv_tokens / decoding
    steps = np.clip(decode_steps, 1.0, np.maximum(2.0 * context - 1.0, 1.0))
    seen = vision.attended_pieces(dims)
    attends = [
        Attend(prompts, length, length + prefill_context, repeats=_some(prefill_tokens), pictured=seen),
        Attend(decoding, decode_tokens, context, cached=True, repeats=_some(decode_sequences), steps=steps,
               pictured=seen),
    ]  # fmt: skip
    decoded = decode_sequences * decode_tokens
    vision.towers(dims, rec, prompts)
    through(dims, rec, prefill_tokens + decoded, attends, prompts + decoded)


def beyond(dims: Mapping[str, Any], job: Job) -> tuple[str, ...]:
    """What to say of a job longer than the model was made for (most that a learned table refuses raise)."""
    given = (job.seq_len,) if job.trains else (job.input_tokens, job.output_tokens)
    tokens = _most(sum((np.asarray(part) for part in given if part is not None), start=np.zeros(())))
    column = "seq_len" if job.trains else "input_tokens + output_tokens"
    if job.phase == "serve" and job.option("max_model_len", 1.0, 1.0, example=4096.0) > tokens:
        # A server is told how long sequences may be, and checks that as it starts.
        column, tokens = "max_model_len", job.option("max_model_len", 1.0, 1.0, example=4096.0)
    learned, made_for = dims.get("positions") or np.inf, dims.get("max_positions") or np.inf
    if job.phase in _FROM_SCRATCH and tokens > learned:
        return (f"{tokens:g} tokens: the table of {learned:g} learned positions is trained as long as that",)
    # Here rather than in the trace alone: phases that are the same work are traced as one of them.
    check_positions(tokens, learned, column)
    most = min(learned, made_for)
    if tokens <= most:
        return ()
    said = f"{tokens:,.0f} tokens are more than the {most:,.0f} that the model was made for"
    if job.trains or tokens > learned or not dims.get("rotary", True):
        return (said,)
    factor = np.ceil(tokens / most * 10.0) / 10.0
    return (
        f"{said}: an engine refuses them unless its rotary positions are scaled (YaRN by a factor of "
        f"{factor:g}, rope_parameters in its config.json or --hf-overrides), at an unknown quality",
    )


def active_parameters(dims: Mapping[str, Any]) -> float:
    """Weights that one token passes through: all but the experts that it does not go to.

    Neither a vision tower nor next-token-prediction blocks count.
    """
    from whichgpu.workloads.ops import parameters
    from whichgpu.workloads.precision import precision
    from whichgpu.workloads.recorder import Recorder

    rec = Recorder(precision("fp16"))
    through(dims, rec, 1.0, [Attend(1.0, 1.0, 1.0)], 1.0)
    counts = parameters(rec.ops())
    idle = sum(group.layers * idle_parameters(dims) for group in groups(dims) if group.feed == "E")
    return float(sum(counts.values()) - counts.get("prediction", 0) - idle)


def _train(dims: Mapping[str, Any], job: Job, rec: Recorder) -> None:
    tokens = job.seq_len
    if job.phase not in _FROM_SCRATCH:
        check_positions(_most(tokens), dims.get("positions") or _most(tokens), "seq_len")
    rows = job.batch * tokens
    if "experts" in dims and job.options.get("router", "").strip().lower() == EVERY:
        dims = {**dims, "experts_per_token": dims["experts"]}
    vision.towers(dims, rec, job.batch, job)
    ahead = _predicted(dims, job)
    through(dims, rec, rows, [_packed(dims, job)], rows, predicted=ahead)
    with rec.module("loss", repeats=1.0 + ahead):
        cross_entropy(rec, rows, dims["vocab"])


def _packed(dims: Mapping[str, Any], job: Job) -> Attend:
    """What attends in training: sequences of S tokens, or those of the mean length `packed` that fill them.

    Of packed ones each sees itself alone, by kernels that are told where it begins.
    """
    tokens, length = job.seq_len, job.option("packed", 0.0, 0.0)
    length = np.minimum(length, tokens) if length else tokens
    pictured = vision.attended_tokens(dims, job)
    return Attend(job.batch * tokens / length, length, length, pictured=pictured)


def _predicted(dims: Mapping[str, Any], job: Job) -> float:
    """Tokens beyond the next that training predicts as well (`mtp`); a block may run several times."""
    ahead = job.option("mtp", 0.0, 0.0)
    if ahead and not dims.get("prediction_layers"):
        raise UsageError(f"option mtp: {job.workload} has no next-token-prediction block; leave it out")
    return ahead


def _some(count: Any) -> Any:
    """1 where there is anything to do."""
    return np.asarray(count > 0, dtype=np.float64) if isinstance(count, np.ndarray) else float(count > 0)


def _most(tokens: Any) -> float:
    return float(np.max(tokens))

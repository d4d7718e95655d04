"""What a config.json says of encoders of text that have one thing of their own.

`data/hf.toml` states what that is among `dims`, which these readers take up:

    tables       fields that say how many rows further tables of the model's width have
    positions    false: no table of positions;  rotary_table  true: sines and cosines are stored
    narrow       the field that says how wide the tables are, where a dense layer widens them
    products     dense layers of the width that a layer has beside the usual
    scales       trained values of a layer, in widths
    pooled       false: no dense layer over the first token;  always_pooled  beside scores of words as well
    transform    false: words are scored without a dense layer before
    embed_norm   false: no norm behind the tables;  final_norm  true: one behind the layers
    bias, query_bias, ffn_bias, gated, norm_values   as in families/assembled.py
    field        the names of fields that are not BERT's
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.workloads.importers._hf_parts import Parts, labels, says

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config, Dims

#: Tokens of a sequence at which the rows of these networks stand.
_TOKENS = 384.0
_S = [0.0, _TOKENS]
_OF_A_LAYER = ("bias", "query_bias", "ffn_bias", "gated", "norm_values", "norms", "causal",
               "dropout", "function")  # fmt: skip
_SCORED = ("MaskedLM", "PreTraining", "LMHead", "ForCausalLM")


def _sizes(config: Config, dims: Dims) -> tuple[int, int, int, int]:
    """Layers, width, heads and inner width, under BERT's names or those that the type has."""
    names = {"layers": "num_hidden_layers", "width": "hidden_size", "heads": "num_attention_heads",
             "ffn": "intermediate_size", **dims.pop("field", {})}  # fmt: skip
    layers, width = config.first((names["layers"],)), config.first((names["width"],))
    heads = config.first((names["heads"],)) if names["heads"] else 0
    ffn = config.first((names["ffn"],), required=names["ffn"] == "intermediate_size") or 4 * width
    if heads and width % heads:
        config.refuse(f"{names['width']} {width} is not a multiple of {names['heads']} {heads}")
    return layers, width, heads, ffn


def _tables(config: Config, dims: Dims, parts: Parts, width: int) -> int:
    """Tables of words, positions, kinds of token and what else: (S) -> (S, D); returns the rows of words."""
    words = config.first(("vocab_size",))
    narrow = dims.pop("narrow", "")
    wide = (config.optional(narrow) or width) if narrow else width
    parts.table("words", words, wide, _S)
    if dims.pop("positions", True):
        longest = config.first(("max_position_embeddings",))
        parts.table("positions", longest, wide, _S)
        dims["longest"] = longest
    if dims.pop("rotary_table", False):
        head = width // config.first(("num_attention_heads",))
        parts.values("rotary", config.first(("max_position_embeddings",)) * head, _S, width)
    parts.table("types", dims.pop("types", 0), wide, _S)
    for field in dims.pop("tables", ["type_vocab_size"]):
        parts.table(field.removesuffix("_size"), config.optional(field, least=0) or 0, wide, _S)
    if dims.pop("embed_norm", True):
        parts.norm("embed_norm", _S, wide)
    if wide != width or dims.pop("widened", False):
        parts.dense("widen", _S, wide, width)
    return int(words)


def _head(config: Config, dims: Dims, parts: Parts, words: int, width: int) -> None:
    """Scores of words, of classes, or a dense layer over the first token."""
    pooled = dims.pop("pooled", True)
    always, apart = dims.pop("always_pooled", False), config.optional("output_embedding_size")
    out = apart or config.optional("embedding_size") or width
    if says(config, *_SCORED):
        if dims.pop("transform", True):
            parts.dense("transform", _S, width, out)
            parts.norm("transform_norm", _S, out)
        tied = config.value("tie_word_embeddings") is not False and not apart
        parts.dense("scores", _S, out, words, bias=False, tied=tied)
        parts.values("scores_bias", words, _S, words)
        if always:
            parts.dense("pooler", 1, width, width)
        return
    dims.pop("transform", None)
    if says(config, "ForSequenceClassification"):
        parts.perceptron("classifier", 1, width, width, labels(config))
    elif says(config, "ForTokenClassification", "ForQuestionAnswering"):
        parts.dense("classifier", _S, width, labels(config))
    elif pooled:
        parts.dense("pooler", 1, width, width)


def _text(config: Config, dims: Dims) -> None:
    """Tables, layers, head."""
    parts = Parts()
    layers, width, heads, ffn = _sizes(config, dims)
    words = _tables(config, dims, parts, width)
    more = {name: dims.pop(name) for name in _OF_A_LAYER if name in dims}
    seen = _window(config)
    if seen:
        more["seen"] = seen
    parts.layers("layers", _S, (layers, width, heads, ffn), values=int(dims.pop("scales", 0) * width), **more)
    products = dims.pop("products", 0)
    if products:
        parts.dense("further", _S, width, width, count=layers * products)
    if dims.pop("final_norm", False):
        parts.norm("final_norm", _S, width, values=more.get("norm_values", 2) * width)
    _head(config, dims, parts, words, width)
    parts.give(dims, seq_len=_TOKENS)
    dims["unit"] = "sequences"


def _window(config: Config) -> int:
    """The most tokens that one attends to: windows of Longformer, blocks of Big Bird."""
    window = config.raw.get("attention_window")
    if isinstance(window, list) and window and all(isinstance(one, int) for one in window):
        return int(max(window))
    if isinstance(window, int):
        return window
    if config.value("attention_type") == "block_sparse":
        blocks = 5 + (config.optional("num_random_blocks", least=0) or 0)
        return int(blocks * config.first(("block_size",)))
    return 0


def _content_and_place(config: Config, dims: Dims) -> None:
    """Positions beside the content, with a key and a query projection of their own (DeBERTa)."""
    dims["positions"] = config.flag("position_biased_input")
    if config.flag("relative_attention"):
        spans = config.optional("max_relative_positions", least=-1) or -1
        longest = config.first(("max_position_embeddings",))
        dims["relative"] = spans if spans > 0 else longest
    _text(config, dims)
    relative, width = dims.pop("relative", 0), config.first(("hidden_size",))
    if not relative:
        return
    layers, rows, parts = config.first(("num_hidden_layers",)), 2 * relative, Parts()
    kinds = config.value("pos_att_type") or []
    parts.table("distances", rows, width, rows)
    for name, bias in (("c2p", False), ("p2c", True)):
        if name in kinds:
            parts.dense(name, rows, width, width, bias=bias, count=layers)
            # Content of every token with every distance.
            parts.attention(f"{name}_scores", layers, _S, width, config.first(("num_attention_heads",)),
                            keys=rows)  # fmt: skip
    dims["parts"] += parts.rows


def _tables_of_types(config: Config, dims: Dims) -> None:
    """A table for each of several kinds of type (TAPAS)."""
    dims["tables"] = []
    sizes = config.sizes("type_vocab_sizes")
    dims["types"] = sum(sizes)


def _proteins(config: Config, dims: Dims) -> None:
    """Rotary or learned positions, norms before each half, a head over the maps of attention (ESM-2)."""
    dims["positions"] = config.value("position_embedding_type") == "absolute"
    dims["embed_norm"] = config.flag("emb_layer_norm_before")
    dims["scales"], dims["function"] = 0, "gelu_erf"
    _text(config, dims)
    layers, heads = config.first(("num_hidden_layers",)), config.first(("num_attention_heads",))
    dims["parts"].append({"kind": "values", "name": "contacts", "values": layers * heads + 1})


def _segments(config: Config, dims: Dims) -> None:
    """Relative positions with weights of their own, no biases of attention (XLNet)."""
    parts = Parts()
    layers, width = config.first(("n_layer",)), config.first(("d_model",))
    words = config.first(("vocab_size",))
    parts.table("words", words, width, _S)
    parts.values("mask", width)
    parts.layers(
        "layers",
        _S,
        (layers, width, config.first(("n_head",)), config.first(("d_inner",))),
        bias=False,
        ffn_bias=True,
        values=5 * width,
        function="gelu",
        dropout=True,
        inner_dropout=True,
    )
    # All layers read the same distances: a share of them is each one's to keep.
    twice = [0.0, 2.0 * _TOKENS]
    parts.dense("relative", twice, width, width, bias=False, count=layers, keeps=1.0 / layers)
    heads = config.first(("n_head",))
    parts.product("distances", layers, heads, (_S, width // heads, twice))
    if says(config, "LMHead"):
        parts.dense("scores", _S, width, words, bias=False, tied=True)
        parts.values("scores_bias", words, _S, words)
    parts.give(dims, seq_len=_TOKENS)
    dims["unit"], dims["written_out"] = "sequences", "any"


def _bottlenecks(config: Config, dims: Dims) -> None:
    """Layers in a narrow width with several feed-forward networks each (MobileBERT)."""
    parts = Parts()
    layers, width, heads, ffn = _sizes(config, dims)
    words, narrow = config.first(("vocab_size",)), config.first(("intra_bottleneck_size",))
    wide, times = config.first(("embedding_size",)), config.first(("num_feedforward_networks",))
    parts.table("words", words, wide, _S)
    parts.table("positions", config.first(("max_position_embeddings",)), width, _S)
    parts.table("types", config.first(("type_vocab_size",)), width, _S)
    parts.dense("widen", _S, 3 * wide if config.value("trigram_input") is not False else wide, width)
    parts.values("embed_norm", 2 * width, _S, width)
    for name, inputs, outputs in (
        ("input", width, narrow), ("shared", width, narrow), ("query", narrow, narrow),
        ("key", narrow, narrow), ("value", width, narrow), ("out", narrow, narrow), ("output", narrow, width),
    ):  # fmt: skip
        parts.dense(name, _S, inputs, outputs, count=layers)
    parts.attention("attention", layers, _S, narrow, heads)
    parts.layers("feed", _S, (layers * times, narrow, 0, ffn), norms=0, values=2 * narrow, rectified=True)
    # A scale and a shift in place of each norm.
    parts.values("scales", layers * (2 * narrow * 3 + 2 * width))
    if says(config, *_SCORED):
        parts.dense("transform", _S, width, width)
        parts.norm("transform_norm", _S, width)
        parts.dense("scores", _S, width - wide, words, bias=False)
        parts.dense("scores", _S, wide, words, bias=False, tied=True)
        parts.values("scores_bias", words, _S, words)
    elif config.value("classifier_activation") is not False:
        parts.dense("pooler", 1, width, width)
    parts.give(dims, seq_len=_TOKENS)
    dims["unit"] = "sequences"


def _grouped(config: Config, dims: Dims) -> None:
    """Convolutions in groups in place of dense layers (SqueezeBERT)."""
    parts = Parts()
    layers, width, heads, ffn = _sizes(config, dims)
    words = _tables(config, dims, parts, width)
    for name, inputs, outputs, field in (
        ("query", width, width, "q_groups"), ("key", width, width, "k_groups"),
        ("value", width, width, "v_groups"), ("out", width, width, "post_attention_groups"),
        ("up", width, ffn, "intermediate_groups"), ("down", ffn, width, "output_groups"),
    ):  # fmt: skip
        parts.conv(name, _S, inputs, outputs, 1, groups=config.first((field,)), count=layers)
    parts.attention("attention", layers, _S, width, heads)
    parts.norm("norms", _S, width, count=2 * layers)
    dims["pooled"] = True
    _head(config, dims, parts, words, width)
    if says(config, *_SCORED):
        parts.dense("pooler", 1, width, width)
    parts.give(dims, seq_len=_TOKENS)
    dims["unit"] = "sequences"


def _convolved(config: Config, dims: Dims) -> None:
    """Half of the heads attend, the other half convolve with kernels made of the tokens (ConvBERT)."""
    parts = Parts()
    layers, width, heads, ffn = _sizes(config, dims)
    words = _tables(config, dims, parts, width)
    ratio, window = config.first(("head_ratio",)), config.first(("conv_kernel_size",))
    if config.first(("num_groups",)) != 1:
        config.refuse("num_groups other than 1 is not imported")
    heads = max(heads // ratio, 1)
    inner = width // ratio // heads * heads
    for name in ("query", "key", "value", "made"):
        parts.dense(name, _S, width, inner, count=layers)
    parts.conv("near", _S, width, width, window, groups=width, bias=False, count=layers)
    parts.conv("near_out", _S, width, inner, 1, count=layers)
    parts.dense("kernels", _S, inner, heads * window, count=layers)
    # Each head's kernel over its values, as attention of one head to a window.
    parts.attention("attention", layers, _S, inner, heads)
    parts.attention("convolution", layers, _S, inner, heads, seen=window / 2.0)
    parts.dense("out", _S, 2 * inner, width, count=layers)
    parts.norm("attention_norm", _S, width, count=layers)
    parts.layers("feed", _S, (layers, width, 0, ffn), norms=1)
    dims["pooled"] = False
    _head(config, dims, parts, words, width)
    parts.give(dims, seq_len=_TOKENS)
    dims["unit"] = "sequences"


READERS: Mapping[str, Callable[[Config, Dims], None]] = {
    "text": _text, "content_and_place": _content_and_place, "tables_of_types": _tables_of_types,
    "proteins": _proteins, "segments": _segments, "bottlenecks": _bottlenecks, "grouped": _grouped,
    "convolved": _convolved,
}  # fmt: skip

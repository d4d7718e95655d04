"""What a config.json says of a picture encoder and a text decoder put together (TrOCR, captioners).

Letters: S patches of a picture, T tokens of the text, w width of the encoder, D of the decoder.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from whichgpu.workloads.importers._hf_parts import Parts
from whichgpu.workloads.importers._hf_pictures import sides

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config, Dims

#: Tokens of a text at which the rows of its decoder stand.
_WRITTEN = 32.0
#: What transformers' classes of these encoders and decoders put where a file says nothing.
_PICTURE: Mapping[str, Any] = {
    "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
    "image_size": 224, "patch_size": 16, "qkv_bias": True,
}  # fmt: skip
_BERT: Mapping[str, Any] = {
    "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
    "vocab_size": 30522, "max_position_embeddings": 512, "type_vocab_size": 2,
}  # fmt: skip
_DONUT: Mapping[str, Any] = {
    "embed_dim": 96, "depths": [2, 2, 6, 2], "num_heads": [3, 6, 12, 24], "window_size": 7, "mlp_ratio": 4.0,
    "image_size": 224, "patch_size": 4,
}  # fmt: skip
_ENCODERS = {"vit": _PICTURE, "deit": _PICTURE, "beit": _PICTURE, "donut-swin": _DONUT}
_WRITERS: Mapping[str, Mapping[str, Any]] = {
    "trocr": {"d_model": 1024, "decoder_layers": 12, "decoder_attention_heads": 16, "decoder_ffn_dim": 4096,
              "vocab_size": 50265, "max_position_embeddings": 512},
    "mbart": {"d_model": 1024, "decoder_layers": 12, "decoder_attention_heads": 16, "decoder_ffn_dim": 4096,
              "vocab_size": 50265, "max_position_embeddings": 1024},
    "gpt2": {"n_embd": 768, "n_layer": 12, "n_head": 12, "vocab_size": 50257, "n_positions": 1024},
    "bert": _BERT, "roberta": _BERT, "xlm-roberta": _BERT,
}  # fmt: skip


#: Fields of layers, width, heads, inner width and positions.
_TROCR_FIELDS = ("decoder_layers", "d_model", "decoder_attention_heads", "decoder_ffn_dim",
                 "max_position_embeddings")  # fmt: skip
_BERT_FIELDS = ("num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size",
                "max_position_embeddings")  # fmt: skip
_FIELDS = {"gpt2": ("n_layer", "n_embd", "n_head", "n_inner", "n_positions"), "trocr": _TROCR_FIELDS,
           "mbart": _TROCR_FIELDS}  # fmt: skip


def _inner(config: Config, name: str, known: Mapping[str, Mapping[str, Any]]) -> Config:
    """One half of the file, of a type that is known."""
    part = config.raw.get(name)
    kind = str(part.get("model_type")) if isinstance(part, dict) else "missing"
    if not isinstance(part, dict) or kind not in known:
        config.refuse(f"{name} is {kind}, where one of {', '.join(known)} is expected")
    return replace(config, where=f"{config.where}: {name}", raw=part, defaults=known[kind], kind=kind)


def _written(config: Config, dims: Dims) -> None:
    """An encoder of a picture, and a decoder that reads it while it writes."""
    encoder = _inner(config, "encoder", _ENCODERS)
    decoder, parts = _inner(config, "decoder", _WRITERS), Parts()
    rows, width = (windowed if encoder.kind == "donut-swin" else _patched)(encoder, parts)
    _decoder(decoder, parts, rows, width)
    high, wide = sides(encoder)
    parts.give(dims, height=float(high), width=float(wide))
    dims["picture"] = [high, wide]


def _patched(encoder: Config, parts: Parts) -> tuple[list[float], int]:
    """A vision transformer: its rows and width."""
    width = encoder.first(("hidden_size",))
    (high, wide), side = sides(encoder), encoder.first(("patch_size",))
    patches = (high // side) * (wide // side)
    special = 2 if encoder.kind == "deit" else 1
    rows = [float(special), float(patches)]
    parts.conv("patches", [0.0, float(patches)], 3 * side**2, width, 1)
    parts.values("positions", (patches + 2 * special) * width, rows, width)
    sizes = (encoder.first(("num_hidden_layers",)), width, encoder.first(("num_attention_heads",)),
             encoder.first(("intermediate_size",)))  # fmt: skip
    parts.layers("encoder", rows, sizes, query_bias=encoder.value("qkv_bias") is not False)
    parts.norm("encoder_norm", rows, width)
    # The pooler of the bare ViT, which nothing reads.
    parts.dense("pooler", 1, width, width)
    return rows, width


def windowed(encoder: Config, parts: Parts) -> tuple[list[float], int]:
    """Swin's four stages of windows, a quarter of the rows and twice the width each (Donut): rows, width."""
    width, side, window = (encoder.first((name,)) for name in ("embed_dim", "patch_size", "window_size"))
    high, wide = sides(encoder)
    depths, heads = encoder.sizes("depths"), encoder.sizes("num_heads")
    if len(depths) != len(heads):
        encoder.refuse(f"num_heads has {len(heads)} values, where depths has {len(depths)}")
    rows = [0.0, float((high // side) * (wide // side))]
    parts.conv("patches", rows, 3 * side**2, width, 1)
    parts.norm("patch_norm", rows, width)
    for stage, (count, each) in enumerate(zip(depths, heads, strict=True)):
        if stage:
            rows = [0.0, rows[1] / 4.0]
            parts.norm("merge_norm", rows, 4 * width)
            parts.dense("merge", rows, 4 * width, 2 * width, bias=False)
            width *= 2
        parts.layers(f"stage{stage + 1}", rows, (count, width, each, 4 * width), together=window**2,
                     values=(2 * window - 1) ** 2 * each)  # fmt: skip
    return rows, width


def _decoder(config: Config, parts: Parts, keys: list[float], inside: int) -> None:
    """Words, positions, layers that also read the picture, scores of words."""
    gpt, trocr = config.kind == "gpt2", config.kind in ("trocr", "mbart")
    names = _FIELDS.get(config.kind, _BERT_FIELDS)
    layers, width, heads = (config.first((name,)) for name in names[:3])
    ffn = config.optional(names[3]) or 4 * width
    words = config.first(("vocab_size",))
    parts.writes(_WRITTEN)
    parts.table("words", words, width, _WRITTEN)
    if not trocr or config.value("use_learned_position_embeddings") is not False:
        parts.table("text_positions", config.first((names[4],)) + 2 * trocr, width, _WRITTEN)
    parts.table("types", config.optional("type_vocab_size", least=0) or 0, width, _WRITTEN)
    if not gpt and config.value("layernorm_embedding") is not False:
        parts.norm("embed_norm", _WRITTEN, width)
    reads = config.optional("cross_attention_hidden_size") or width
    if inside not in (width, reads):
        parts.dense("join", keys, inside, width)
    parts.layers("decoder", _WRITTEN, (layers, width, heads, 0), norms=1, causal=True)
    parts.layers("crossing", _WRITTEN, (layers, width, heads, ffn), keys=keys, key_width=reads)
    if gpt or config.kind == "mbart":
        parts.norm("final_norm", _WRITTEN, width)
    elif not trocr:
        parts.dense("transform", _WRITTEN, width, width)
        parts.norm("transform_norm", _WRITTEN, width)
        parts.values("scores_bias", words)
    parts.dense("scores", _WRITTEN, width, words, bias=False, tied=True)


READERS: Mapping[str, Callable[[Config, Dims], None]] = {"written": _written}

"""A decoder as the tensors of a GGUF file describe it, for architectures whose configuration is not known.

llama.cpp gives equal parts equal names in every architecture: blk.<layer>.attn_q, ffn_gate_exps, ssm_in. What
a layer is follows from the tensors that it has, how wide from their shapes, and the rest (heads, experts a
token, windows) from the metadata.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.importers._tensors import Tensor

    Shapes = dict[str, tuple[int, ...]]

_LAYER = re.compile(r"blk\.(\d+)\.(.+)")
_NORMS = ("attn_norm", "attn_norm_2", "ffn_norm", "attn_post_norm", "post_attention_norm", "ffn_post_norm",
          "post_ffw_norm", "layer_output_norm", "attn_output_norm")  # fmt: skip
#: Layers within a window, where only their length is stated; of others none are.
_WINDOWED = {
    "cohere2": "WWW*", "exaone4": "WWW*", "exaone-moe": "WWW*", "gemma2": "W*", "gemma3": "WWWWW*",
    "gemma3n": "WWWW*", "olmo2": "WWW*", "smallthinker": "*WWW", "afmoe": "WWW*", "gpt-oss": "W*",
    "llama4": "WWW*", "step35": "*WWW",
}  # fmt: skip
#: Stored parts whose work is none of what is counted here.
_STRANGE = ("time_mix", "channel_mix", "hc_", "cross_attn", "enc.", "altup", "laurel")
_MOST_LAYERS = 1000


@immutable
class Header:
    """The metadata of one architecture, and the shapes of each layer's tensors (innermost side first)."""

    arch: str
    metadata: Mapping[str, Any]
    outside: Shapes
    layers: Sequence[Shapes]

    def value(self, key: str, default: Any = None) -> Any:
        """A key of the architecture."""
        found = self.metadata.get(f"{self.arch}.{key}")
        return default if found is None or found == [] else found

    def each(self, key: str, default: int = 0) -> list[int]:
        """A key of the architecture, for every layer."""
        found = self.value(key, default)
        rows = list(found) if isinstance(found, list) else [found] * len(self.layers)
        return [int(one) for one in (rows + [rows[-1]] * len(self.layers))[: len(self.layers)]]

    def wide(self, name: str, side: int = 1) -> int:
        """A side of the tensor of that name in the first layer that has it; 0 where none has."""
        shapes = (one[f"{name}.weight"] for one in self.layers if f"{name}.weight" in one)
        found = next(shapes, ())
        return int(found[side]) if len(found) > side else 0

    def has(self, *names: str) -> bool:
        """Whether any layer has any of these tensors."""
        return any(name in one for one in self.layers for name in names)


def decoder(metadata: Mapping[str, Any], tensors: Sequence[Tensor]) -> dict[str, Any] | None:
    """Dimensions of the family `decoder`; None where the tensors are not those of one."""
    header = _header(metadata, tensors)
    if header is None:
        return None
    mixers = [_mixer(header, one) for one in header.layers]
    feeds = ["E" if "ffn_up_exps.weight" in one or "ffn_gate_up_exps.weight" in one
             else "-" if "ffn_down.weight" in one else "." for one in header.layers]  # fmt: skip
    if "?" in mixers or not set(mixers) & {*"*PMLK"}:
        return None
    dims: dict[str, Any] = {
        "layers": len(header.layers), "hidden": int(header.outside["token_embd.weight"][0]),
        "vocab": int(header.outside["token_embd.weight"][-1]),
    }  # fmt: skip
    _attention(header, dims, mixers)
    _feeds(header, dims, feeds)
    _laid_out(header, dims, mixers, feeds)
    _norms(header, dims)
    _states(header, dims, mixers)
    if "output.weight" not in header.outside:
        dims["tied"] = True
    if "position_embd.weight" in header.outside:
        dims["positions"] = int(header.outside["position_embd.weight"][-1])
    elif header.value("context_length"):
        dims["max_positions"] = int(header.value("context_length"))
    if "token_embd_norm.weight" in header.outside:
        dims["embed_norm"] = True
    return dims


def _header(metadata: Mapping[str, Any], tensors: Sequence[Tensor]) -> Header | None:
    arch = str(metadata.get("general.architecture", ""))
    outside = {one.name: one.shape for one in tensors if not _LAYER.fullmatch(one.name)}
    # Blocks that predict further tokens come last.
    count = metadata.get(f"{arch}.block_count", 0) - (metadata.get(f"{arch}.nextn_predict_layers") or 0)
    if not 0 < count <= _MOST_LAYERS or len(outside.get("token_embd.weight", ())) != 2:
        return None
    layers: list[Shapes] = [{} for _ in range(count)]
    for one in tensors:
        found = _LAYER.fullmatch(one.name)
        if found and int(found[1]) < len(layers):
            layers[int(found[1])][found[2]] = one.shape
    strange = any(part in one.name for one in tensors for part in _STRANGE)
    encodes = metadata.get(f"{arch}.attention.causal") is False or arch.endswith(("bert", "-embedding"))
    if strange or encodes or not all(layers):
        return None
    return Header(arch, metadata, outside, layers)


def _mixer(header: Header, layer: Shapes) -> str:
    """The letter of what mixes the tokens of a layer; `?` where that is not known."""
    attends = any(f"{name}.weight" in layer for name in ("attn_q", "attn_q_a", "attn_kv_a_mqa", "attn_k"))
    delta = any(name.startswith(("ssm_beta", "ssm_alpha", "ssm_ba")) for name in layer)
    if delta:
        return "?" if "ssm_f_a.weight" in layer else "L"
    if any(name.startswith("ssm_") for name in layer):
        return "P" if attends else "M"
    if any(name.startswith("shortconv") for name in layer):
        return "K"
    return "*" if attends or "attn_qkv.weight" in layer else "."


def _attention(header: Header, dims: dict[str, Any], mixers: Sequence[str]) -> None:
    """Heads of each layer, biases, norms and gates of queries, latents."""
    heads, width = header.each("attention.head_count"), dims["hidden"]
    keys = header.each("attention.head_count_kv", max(heads))
    attends = [place for place, one in enumerate(mixers) if one in "*P"]
    if not attends or not max(heads):
        return
    dims["heads"], dims["kv_heads"] = max(heads[i] for i in attends), max(keys[i] for i in attends)
    dims["head_dim"] = int(header.value("attention.key_length") or width // dims["heads"])
    pairs = list(dict.fromkeys((heads[i], keys[i]) for i in attends if keys[i]))
    if len(pairs) > 1:
        dims["head_counts"] = {chr(97 + i): list(pair) for i, pair in enumerate(pairs[:26])}
    if header.has("attn_kv_a_mqa.weight"):
        _latent(header, dims)
        return
    if header.has("attn_q.bias", "attn_qkv.bias"):
        dims["bias"] = "qkvo" if header.has("attn_output.bias") else "qkv"
    if header.has("attn_q_norm.weight"):
        size = header.wide("attn_q_norm", 0)
        dims["qk_norm"] = "head" if size == dims["head_dim"] else "full"
    if header.has("attn_sinks.weight", "attn_sinks"):
        dims["sinks"] = True
    if header.wide("attn_q") == 2 * dims["heads"] * dims["head_dim"]:
        dims["attention_gate"] = True


def _latent(header: Header, dims: dict[str, Any]) -> None:
    rope = int(header.value("rope.dimension_count") or 0)
    key = int(header.value("attention.key_length_mla") or header.value("attention.key_length") or 0)
    value = header.value("attention.value_length_mla") or header.value("attention.value_length")
    dims["kv_rank"] = int(header.value("attention.kv_lora_rank"))
    dims["rope_dim"], dims["nope_dim"], dims["value_dim"] = rope, key - rope, int(value)
    if header.value("attention.q_lora_rank"):
        dims["q_rank"] = int(header.value("attention.q_lora_rank"))
    if header.value("attention.indexer.head_count"):
        dims["index_heads"] = int(header.value("attention.indexer.head_count"))
        dims["index_dim"] = int(header.value("attention.indexer.key_length"))
        dims["index_top"] = int(header.value("attention.indexer.top_k"))
    for name in ("kv_heads", "head_dim"):
        dims.pop(name)


def _feeds(header: Header, dims: dict[str, Any], feeds: Sequence[str]) -> None:
    """Dense widths and experts."""
    width = header.wide("ffn_down", 0)
    if width:
        dims["ffn"] = width
    fused = header.wide("ffn_up") == 2 * width
    if not (fused or header.has("ffn_gate.weight", "ffn_gate_exps.weight", "ffn_gate_up_exps.weight")):
        dims["gated"] = False
    if "E" not in feeds:
        return
    dims["experts"] = header.wide("ffn_down_exps", 2)
    dims["experts_per_token"] = int(header.value("expert_used_count", 1))
    dims["expert_ffn"] = header.wide("ffn_down_exps", 0)
    if header.wide("ffn_down_shexp", 0):
        dims["shared_ffn"] = header.wide("ffn_down_shexp", 0)
        if header.has("ffn_gate_inp_shexp.weight"):
            dims["shared_gate"] = True
    if header.has("exp_probs_b.bias"):
        dims["router_bias"] = True
    if header.has("ffn_down_exps.bias"):
        dims["expert_bias"] = True


def _laid_out(header: Header, dims: dict[str, Any], mixers: Sequence[str], feeds: Sequence[str]) -> None:
    """What mixes and what follows, layer by layer; windows and heads of their own among them."""
    letters = list(mixers)
    if dims.get("head_counts"):
        heads = header.each("attention.head_count")
        pairs = list(zip(heads, header.each("attention.head_count_kv", max(heads)), strict=True))
        names = {tuple(pair): letter for letter, pair in dims["head_counts"].items()}
        letters = [names.get(pairs[i], one) if one == "*" else one for i, one in enumerate(letters)]
    window = header.value("attention.sliding_window") or header.value("attention.chunk_size")
    if window and "head_counts" not in dims:
        inside = _inside(header)
        if any(inside):
            dims["window"] = int(window)
            if not header.value("attention.sliding_window"):
                dims["chunked"] = True
            letters = ["W" if one == "*" and inside[i] else one for i, one in enumerate(letters)]
    if all((mixer == ".") != (feed == ".") for mixer, feed in zip(letters, feeds, strict=True)):
        dims["single"] = True
        letters = [feed if mixer == "." else mixer for mixer, feed in zip(letters, feeds, strict=True)]
    else:
        widths = [one.get("ffn_down.weight", (0,))[0] if feeds[i] == "-" else 0
                  for i, one in enumerate(header.layers)]  # fmt: skip
        dims["feeds"] = _repeated(_by_width(dims, feeds, widths))
    dims["pattern"] = _repeated("".join(letters))


def _by_width(dims: dict[str, Any], feeds: Sequence[str], widths: Sequence[int]) -> str:
    """A letter of its own for each dense width, where there are several."""
    different = list(dict.fromkeys(one for one in widths if one))
    if len(different) < 2:
        return "".join(feeds)
    names = {width: chr(97 + place) for place, width in enumerate(different[:26])}
    dims["feed_widths"] = {letter: int(width) for width, letter in names.items()}
    return "".join(names.get(width, one) for width, one in zip(widths, feeds, strict=True))


def _inside(header: Header) -> list[bool]:
    """Which layers look no further than a window."""
    count, stated = len(header.layers), header.value("attention.sliding_window_pattern")
    if isinstance(stated, list) and len(stated) >= count:
        return [bool(one) for one in stated[:count]]
    pattern = _WINDOWED.get(header.arch, "*")
    if isinstance(stated, int) and stated > 1:
        pattern = "W" * (stated - 1) + "*"
    return [pattern[i % len(pattern)] == "W" for i in range(count)]


def _repeated(letters: str) -> str:
    """The shortest beginning that repeats to all of them."""
    count = len(letters)
    return next(letters[:size] for size in range(1, count + 1) if (letters[:size] * count)[:count] == letters)


def _norms(header: Header, dims: dict[str, Any]) -> None:
    """How many of the model's width a layer has, and of which kind."""
    width = dims["hidden"]
    counts = [sum(one.get(f"{name}.weight") == (width,) for name in _NORMS) for one in header.layers]
    most = max(counts)
    if not dims.get("single"):
        dims["norms"] = 4 if most > 2 else max(most, 1)
    if header.has("attn_norm.bias", "ffn_norm.bias"):
        dims["norm"] = "layernorm"


def _states(header: Header, dims: dict[str, Any], mixers: Sequence[str]) -> None:
    """Sizes of recurrent mixers: the delta rule, Mamba 2 or 1, short convolutions."""
    inner, groups = header.value("ssm.inner_size", 0), header.value("ssm.group_count", 1)
    rank, state = header.value("ssm.time_step_rank", 0), header.value("ssm.state_size", 0)
    taps = header.value("ssm.conv_kernel")
    if taps:
        dims["conv"] = int(taps)
    if "L" in mixers and rank:
        dims.update(linear_key_heads=groups, linear_key_dim=state, linear_value_heads=rank,
                    linear_value_dim=inner // rank)  # fmt: skip
    elif "M" in mixers or "P" in mixers:
        dims["state"] = state
        if header.has("ssm_x.weight"):
            dims.update(inner=inner, step_rank=rank)
            if header.has("ssm_dt_norm.weight"):
                dims["state_norms"] = True
        elif rank:
            dims.update(state_heads=rank, state_head_dim=inner // rank, state_groups=groups,
                        state_norm=header.has("ssm_norm.weight"))  # fmt: skip
    if "K" in mixers:
        dims["taps"] = int(header.value("shortconv.l_cache", 3))

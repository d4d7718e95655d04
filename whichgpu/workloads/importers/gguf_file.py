"""A GGUF file: its header alone, which holds the model's dimensions and every tensor's type and shape.

The format is ggml's (docs/gguf.md there): a magic, a version, counts, then key-value pairs, then tensor
descriptions; sizes are little-endian. Bytes per block of each type are in `data/precisions.toml`.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from whichgpu.errors import UsageError, WhichGpuError
from whichgpu.workloads.importers._files import MB, check_size, opened, parts
from whichgpu.workloads.importers._tensors import Tensor, as_stored, tensors_workload
from whichgpu.workloads.phases import TRAINING
from whichgpu.workloads.precision import gguf_types, precisions
from whichgpu.workloads.workload import Workload, family_code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whichgpu.workloads.importing import Given

_MAGIC = b"GGUF"
#: What a header may hold; a vocabulary of half a million words stays below.
_LARGEST_HEADER, _MOST_TENSORS, _MOST_KEYS, _LONGEST_ARRAY = 512 * MB, 100_000, 10_000, 5_000_000
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
#: GGUF keys (after the architecture's name) to fields of a config.json, and architectures to its types.
_FIELDS = {
    "block_count": "num_hidden_layers",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "context_length": "max_position_embeddings",
    "attention.sliding_window": "sliding_window",
    "vocab_size": "vocab_size",
    "expert_count": "num_experts",
    "expert_used_count": "num_experts_per_tok",
    "expert_feed_forward_length": "moe_intermediate_size",
    "expert_shared_feed_forward_length": "shared_expert_intermediate_size",
    "expert_shared_count": "n_shared_experts",
    "leading_dense_block_count": "first_k_dense_replace",
    "attention.q_lora_rank": "q_lora_rank",
    "attention.kv_lora_rank": "kv_lora_rank",
    "rope.dimension_count": "qk_rope_head_dim",
    "ssm.state_size": "state_size",
    "ssm.conv_kernel": "conv_kernel",
    "ssm.inner_size": "intermediate_size",
    "ssm.time_step_rank": "time_step_rank",
}
#: Fields that some architectures state layer by layer.
_UNEVEN = ("attention.head_count", "attention.head_count_kv", "feed_forward_length")
#: How near the parameters of a decoder read off its tensors are to what the file holds.
_NEAR = 0.03
_KINDS = {
    "llama": "llama",
    "qwen2": "qwen2",
    "qwen2moe": "qwen2_moe",
    "qwen3": "qwen3",
    "qwen3moe": "qwen3_moe",
    "gemma": "gemma",
    "gemma2": "gemma2",
    "gemma3": "gemma3_text",
    "phi2": "phi",
    "phi3": "phi3",
    "gpt2": "gpt2",
    "gptj": "gptj",
    "gptneox": "gpt_neox",
    "falcon": "falcon",
    "mpt": "mpt",
    "bloom": "bloom",
    "starcoder2": "starcoder2",
    "stablelm": "stablelm",
    "olmo2": "olmo2",
    "internlm2": "internlm2",
    "deepseek": "deepseek",
    "deepseek2": "deepseek_v2",
    "gpt-oss": "gpt_oss",
    "glm4": "glm4",
    "glm4moe": "glm4_moe",
    "nemotron": "nemotron",
    "mamba": "mamba",
    "baichuan": "baichuan",
    "bert": "bert",
    "olmo": "olmo",
    "granite": "granite",
    "command-r": "cohere",
    "exaone": "exaone",
    "smollm3": "smollm3",
    "seed_oss": "seed_oss",
    "ernie4_5": "ernie4_5",
    "apertus": "apertus",
    "arcee": "arcee",
    "hunyuan-dense": "hunyuan_v1_dense",
    "lfm2": "lfm2",
}


def claims(source: str) -> bool:
    """A file that ends in `.gguf`, or a folder of such."""
    path = Path(source).expanduser()
    return source.endswith(".gguf") or (path.is_dir() and any(path.glob("*.gguf")))


def read(source: str, given: Given) -> Workload:
    """The model that the header describes, in the precision that its tensors have."""
    path = _file(Path(source).expanduser())
    files = parts(path)
    metadata, tensors = header(files[0])
    tensors += [tensor for file in files[1:] for tensor in header(file)[1]]
    name = str(metadata.get("general.name") or path.stem)
    arch = str(metadata.get("general.architecture", ""))
    kind = _KINDS.get(arch)
    uneven = any(isinstance(metadata.get(f"{arch}.{key}"), list) for key in _UNEVEN)
    if kind is None or (uneven and kind != "lfm2"):
        item = _described(source, name, metadata, tensors)
    else:
        from whichgpu.workloads.importers import _hf_config as hub

        family, dims = hub.dimensions(hub.config_of(_config(kind, metadata, tensors), source))
        item = _decoding(source, name, family, dims)
    if item is None:
        return tensors_workload(source, name, tensors)
    item = replace(item, dims={**item.dims, "source": f"header of {path.name}"})
    return as_stored(item, stored_precision(tensors), tensors, path.stem)


def _described(
    source: str, name: str, metadata: Mapping[str, Any], tensors: Sequence[Tensor]
) -> Workload | None:
    """The decoder that the tensors describe; None where what it would hold is not what the file holds."""
    from whichgpu.workloads.importers._gguf_layers import decoder

    try:
        dims = decoder(metadata, tensors)
        if dims is None:
            return None
        item = _decoding(source, name, "decoder", dims)
        count = sum(item.parameters().values())
    except (WhichGpuError, ArithmeticError, LookupError, TypeError, ValueError):
        return None  # metadata that no file of llama.cpp has
    held = sum(one.elements for one in tensors)
    return item if abs(count / held - 1) < _NEAR else None


def _decoding(source: str, name: str, family: str, dims: dict[str, Any]) -> Workload:
    phases = [phase for phase in family_code(family).PHASES if phase not in TRAINING]
    return Workload(
        id=source, name=name, family=family, dims=dims, aliases=(),
        defaults={phase: {"runtime": "llama-cpp"} for phase in phases},
    )  # fmt: skip


def _file(path: Path) -> Path:
    """The one model of a folder; raises `UsageError` where there are several."""
    if not path.is_dir():
        return path
    # The tower for pictures of a model lies beside it in a file of its own.
    found = [file for file in path.glob("*.gguf") if not file.name.lower().startswith("mmproj")]
    models = sorted({parts(file)[0] for file in found or path.glob("*.gguf")})
    if not models:
        raise UsageError(f"{path}: a folder without a GGUF file; give the file itself")
    if len(models) > 1:
        raise UsageError(
            f"{path}: {len(models)} models, {', '.join(one.name for one in models[:5])}; give one of them"
        )
    return models[0]


def _config(kind: str, metadata: Mapping[str, Any], tensors: Sequence[Tensor]) -> dict[str, Any]:
    """The header's keys as fields of a config.json."""
    prefix = f"{metadata['general.architecture']}."
    config = {field: metadata[prefix + key] for key, field in _FIELDS.items() if metadata.get(prefix + key)}
    by_name = {tensor.name: tensor for tensor in tensors}
    config["model_type"] = kind
    config["tie_word_embeddings"] = "output.weight" not in by_name
    if "vocab_size" not in config and "token_embd.weight" in by_name:
        config["vocab_size"] = by_name["token_embd.weight"].shape[-1]
    if kind == "llama" and config.get("num_experts"):
        config |= {"model_type": "mixtral", "sliding_window": None}
    if kind == "deepseek_v2":
        config |= _latent(prefix, metadata, config)
    config = {key: max(value) if isinstance(value, list) else value for key, value in config.items()}
    return config | _short_convolutions(prefix, metadata) if kind == "lfm2" else config


def _short_convolutions(prefix: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Layers without keys and values are short convolutions; the width inside is the one that is stored."""
    held = metadata.get(f"{prefix}attention.head_count_kv")
    held = held if isinstance(held, list) else []
    return {"layer_types": ["full_attention" if one else "conv" for one in held],
            "conv_L_cache": metadata.get(f"{prefix}shortconv.l_cache", 3),
            "block_auto_adjust_ff_dim": False}  # fmt: skip


def _latent(prefix: str, metadata: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Latent attention: lengths of a head are stated with the rotary part inside."""
    key = metadata.get(f"{prefix}attention.key_length_mla") or metadata.get(
        f"{prefix}attention.key_length", 0
    )
    value = metadata.get(f"{prefix}attention.value_length_mla") or metadata.get(
        f"{prefix}attention.value_length", 0
    )
    heads = config.get("num_attention_heads")
    return {"qk_nope_head_dim": key - config.get("qk_rope_head_dim", 0), "v_head_dim": value,
            "num_key_value_heads": heads, "head_dim": None}  # fmt: skip


def stored_precision(tensors: Sequence[Tensor]) -> str:
    """The precision whose name and bytes per weight are nearest to the body's: a mix where it is one."""
    body = [
        one for one in tensors if len(one.shape) > 1 and not one.name.startswith(("token_embd", "output"))
    ]
    if not body:
        return "fp16"
    mean = sum(one.bytes for one in body) / max(1, sum(one.elements for one in body))
    largest = max({one.type for one in body}, key=lambda kind: sum(t.bytes for t in body if t.type == kind))
    known = precisions()
    if largest in known and abs(known[largest].weight / mean - 1) < 0.01:
        return largest
    near = [key for key in known if key.startswith(largest[:4])] or [largest]
    return min(
        (key for key in near if key in known), key=lambda key: abs(known[key].weight - mean), default="fp16"
    )


def header(path: Path) -> tuple[dict[str, Any], list[Tensor]]:
    """Metadata and tensors; raises `UsageError` where the file does not hold together."""
    size = check_size(path, float("inf"), "GGUF file")
    with opened(path) as file:
        reader = _Reader(file, path, size)
        if reader.take(4) != _MAGIC:
            raise UsageError(f"{path}: no GGUF file: it does not begin with GGUF")
        version = reader.number("I")
        if version not in (2, 3):
            raise UsageError(f"{path}: GGUF version {version}; versions 2 and 3 are known")
        count, keys = reader.number("Q"), reader.number("Q")
        if count > _MOST_TENSORS or keys > _MOST_KEYS:
            raise UsageError(f"{path}: {count:,} tensors and {keys:,} keys; is it a GGUF file?")
        metadata = {reader.text(): reader.value(reader.number("I")) for _ in range(keys)}
        placed = [reader.tensor() for _ in range(count)]
        tensors = [tensor for _, tensor in placed]
        _check_places(path, placed)
        _check_end(path, size, file.tell(), tensors)
    return metadata, tensors


def _check_places(path: Path, placed: Sequence[tuple[int, Tensor]]) -> None:
    """No name twice, and no tensor over another."""
    end, before, seen = 0.0, "", set()
    for offset, tensor in sorted(placed, key=lambda one: one[0]):
        if tensor.name in seen:
            raise UsageError(f"{path}: tensor '{tensor.name}' stands there twice")
        if offset < end:
            raise UsageError(
                f"{path}: tensor '{tensor.name}' at byte {offset:,} lies over '{before}', which ends at "
                f"{end:,.0f}"
            )
        seen.add(tensor.name)
        end, before = offset + tensor.bytes, tensor.name


def _check_end(path: Path, size: int, start: int, tensors: Sequence[Tensor]) -> None:
    """A file shorter than its tensors is cut short; a header alone, as tests and caches keep, is let be."""
    need = sum(tensor.bytes for tensor in tensors)
    if start + 64 < size < start + 0.995 * need:
        raise UsageError(
            f"{path}: {size:,} bytes, but its tensors take {need:,.0f}; the download is not complete"
        )


class _Reader:
    """Reads the header's values, none beyond the limits."""

    def __init__(self, file: BinaryIO, path: Path, size: int) -> None:
        self.file, self.path, self.left = file, path, min(size, _LARGEST_HEADER)

    def take(self, count: int) -> bytes:
        """`count` bytes, which must be there."""
        self.left -= count
        raw = self.file.read(count) if count >= 0 and self.left >= 0 else b""
        if len(raw) != count:
            raise UsageError(f"{self.path}: the header ends early, or states lengths that it does not have")
        return raw

    def number(self, code: str) -> Any:
        return struct.unpack(f"<{code}", self.take(struct.calcsize(f"<{code}")))[0]

    def text(self) -> str:
        return self.take(self.number("Q")).decode("utf-8", errors="replace")

    def value(self, kind: int, *, nested: bool = False) -> Any:
        """A metadata value; long arrays (vocabularies) are passed over."""
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY or nested:
            raise UsageError(f"{self.path}: a metadata value of type {kind}, which is not known")
        inner, count = self.number("I"), self.number("Q")
        if count > _LONGEST_ARRAY:
            raise UsageError(f"{self.path}: a metadata array of {count:,} values; is it a GGUF file?")
        if inner in _SCALARS:
            raw = self.take(count * struct.calcsize(f"<{_SCALARS[inner]}"))
            return list(struct.unpack(f"<{count}{_SCALARS[inner]}", raw)) if count <= 4096 else []
        for _ in range(count):
            self.value(inner, nested=True)
        return []

    def tensor(self) -> tuple[int, Tensor]:
        """Where a tensor begins behind the header, and what it is."""
        name, sides = self.text(), self.number("I")
        if sides > 8:
            raise UsageError(f"{self.path}: tensor '{name}' with {sides} dimensions")
        shape = tuple(self.number("Q") for _ in range(sides))
        kind, offset = self.number("I"), self.number("Q")
        known = gguf_types().get(kind)
        if known is None:
            raise UsageError(f"{self.path}: tensor '{name}' of type {kind}, which is not known")
        tensor = Tensor(name, known[0], shape, 0.0)
        if tensor.elements > 1e13:
            raise UsageError(
                f"{self.path}: tensor '{name}' of {tensor.elements:,} values; is it a GGUF file?"
            )
        return offset, tensor._replace(bytes=tensor.elements * known[1])

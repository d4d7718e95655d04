"""How the weights of a model are stored, by its config.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config

_DTYPES = {"float16": "fp16", "bfloat16": "bf16", "half": "fp16", "float32": "", "float": ""}
_ALGORITHMS = {
    "FP8": "fp8", "NVFP4": "fp4", "W4A16_AWQ": "w4a16-g128", "W4A8_AWQ": "w4a16-g128", "INT8_SQ": "int8",
    "W8A16": "w8a16", "MXFP8": "mxfp8", "MXFP4": "mxfp4",
}  # fmt: skip


def stored_precision(raw: Mapping[str, Any], config: Config) -> str:
    """The precision that the weights are stored in; "" where the file does not say, or says FP32."""
    quantised = raw.get("quantization_config") or config.raw.get("quantization_config")
    if isinstance(quantised, dict):
        found = _quantised(quantised, config)
        if found:
            return found
    dtype = (
        raw.get("torch_dtype") or raw.get("dtype") or config.raw.get("torch_dtype") or config.raw.get("dtype")
    )
    return _DTYPES.get(str(dtype).removeprefix("torch."), "")


def _quantised(quantised: Mapping[str, Any], config: Config) -> str:
    method = str(quantised.get("quant_method", "")).lower()
    if not method and "load_in_4bit" in quantised:
        method = "bitsandbytes"
    reader = _METHODS.get(method.replace("_", "-"))
    return reader(quantised, config) if reader else ""


def _grouped(quantised: Mapping[str, Any], config: Config) -> str:
    return _integer(quantised.get("bits", quantised.get("w_bit")), quantised.get("group_size"), config)


def _bitsandbytes(quantised: Mapping[str, Any], _config: Config) -> str:
    if not quantised.get("load_in_4bit"):
        return "w8a16"
    return "nf4-dq" if quantised.get("bnb_4bit_use_double_quant") else "nf4"


def _fp8(quantised: Mapping[str, Any], _config: Config) -> str:
    return "fp8-block" if quantised.get("weight_block_size") else "fp8"


def _mxfp4(_quantised: Mapping[str, Any], _config: Config) -> str:
    return "mxfp4"


def _modelopt(quantised: Mapping[str, Any], _config: Config) -> str:
    algorithm = quantised.get("quant_algo") or _inner(quantised, "quantization").get("quant_algo")
    return _ALGORITHMS.get(str(algorithm), "")


def _inner(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = table.get(name)
    return inner if isinstance(inner, dict) else {}


def _integer(bits: Any, group: Any, config: Config) -> str:
    if bits not in (4, 8):
        config.refuse(f"quantization_config: weights of {bits!r} bits; 4 and 8 are known")
    if bits == 8:
        return "w8a16"
    return "w4a16" if group == 32 else "w4a16-g128"


def _compressed(quantised: Mapping[str, Any], config: Config) -> str:
    """llm-compressor: the first group stands for all."""
    groups = _inner(quantised, "config_groups")
    first = next((group for group in groups.values() if isinstance(group, dict)), {})
    weights, inputs = _inner(first, "weights"), first.get("input_activations")
    bits, kind = weights.get("num_bits"), weights.get("type")
    if kind == "float":
        return {8: "fp8", 4: "fp4"}.get(bits, "") if isinstance(bits, int) else ""
    if bits == 8 and inputs:
        return "int8"
    return _integer(bits, weights.get("group_size"), config) if bits else ""


_METHODS: Mapping[str, Callable[[Mapping[str, Any], Config], str]] = {
    **dict.fromkeys(("gptq", "awq", "auto-round", "autoround"), _grouped),
    **dict.fromkeys(("fp8", "fbgemm-fp8"), _fp8),
    "bitsandbytes": _bitsandbytes, "mxfp4": _mxfp4, "modelopt": _modelopt, "compressed-tensors": _compressed,
}  # fmt: skip

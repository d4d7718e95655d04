"""How the weights of a model are stored, by its config.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.workloads.importers._hf_config import Config

_DTYPES = {
    "float16": "fp16", "bfloat16": "bf16", "half": "fp16", "float8_e4m3fn": "fp8", "float8_e5m2": "fp8",
    **dict.fromkeys(("float32", "float", "float64", "double", "auto", "None"), ""),
}  # fmt: skip
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
    name = str(dtype or None).removeprefix("torch.")
    if name not in _DTYPES:
        config.refuse(
            f"torch_dtype {name!r} is not known; write one of {', '.join(list(_DTYPES)[:3])}, float32"
        )
    return _DTYPES[name]


def _quantised(quantised: Mapping[str, Any], config: Config) -> str:
    method = str(quantised.get("quant_method", "")).lower()
    if not method and "load_in_4bit" in quantised:
        method = "bitsandbytes"
    if not method and ("bits" in quantised or "w_bit" in quantised):
        method = "gptq"
    reader = _METHODS.get(method.replace("_", "-"))
    return reader(quantised, config) if reader else ""


def strange(raw: Mapping[str, Any]) -> list[str]:
    """What to say of a method of quantisation that is not known."""
    quantised = raw.get("quantization_config")
    method = quantised.get("quant_method") if isinstance(quantised, dict) else None
    if method is None or str(method).lower().replace("_", "-") in _METHODS:
        return []
    return [
        f"Weights are counted in the file's torch_dtype: {str(method)[:40]!r} of its quantization_config is "
        f"not known here (but {', '.join(sorted(_METHODS))})."
    ]


def _grouped(quantised: Mapping[str, Any], config: Config) -> str:
    return _integer(quantised.get("bits", quantised.get("w_bit")), quantised.get("group_size"), config)


def _bitsandbytes(quantised: Mapping[str, Any], _config: Config) -> str:
    if not quantised.get("load_in_4bit"):
        return "w8a16"
    return "nf4-dq" if quantised.get("bnb_4bit_use_double_quant") else "nf4"


def _fp8(quantised: Mapping[str, Any], _config: Config) -> str:
    wider = quantised.get("modules_to_not_convert") or ()
    if any("self_attn" in str(name) for name in wider):
        return "fbgemm-fp8"
    return "fp8-block" if quantised.get("weight_block_size") else "fp8"


def _bytes(_quantised: Mapping[str, Any], _config: Config) -> str:
    return "w8a16"


def _hqq(quantised: Mapping[str, Any], config: Config) -> str:
    weights = _inner(_inner(quantised, "quant_config"), "weight_quant_params")
    return _integer(weights.get("nbits"), weights.get("group_size"), config)


def _quanto(quantised: Mapping[str, Any], config: Config) -> str:
    kinds = {"int8": "w8a16", "float8": "fp8", "int4": "w4a16-g128"}
    return _one_of(kinds, "weights", str(quantised.get("weights")), config)


def _torchao(quantised: Mapping[str, Any], config: Config) -> str:
    kind = quantised.get("quant_type")
    # Newer files: {"default": {"_type": "Int4WeightOnlyConfig", ..}}
    inner = _inner(_inner(quantised, "quant_type"), "default")
    name = str(inner.get("_type") or kind).lower().replace("_", "").removesuffix("config")
    kinds = {
        "int4weightonly": "w4a16-g128", "int8weightonly": "w8a16", "float8weightonly": "fp8",
        "int8dynamicactivationint8weight": "int8", "float8dynamicactivationfloat8weight": "fp8",
    }  # fmt: skip
    return _one_of(kinds, "quant_type", name, config)


def _one_of(kinds: Mapping[str, str], field: str, name: str, config: Config) -> str:
    if name not in kinds:
        config.refuse(f"quantization_config: {field} is {name!r}; known are {', '.join(kinds)}")
    return kinds[name]


def _mxfp4(_quantised: Mapping[str, Any], _config: Config) -> str:
    return "mxfp4"


def _modelopt(quantised: Mapping[str, Any], _config: Config) -> str:
    algorithm = quantised.get("quant_algo") or _inner(quantised, "quantization").get("quant_algo")
    return _ALGORITHMS.get(str(algorithm), "")


def _inner(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = table.get(name)
    return inner if isinstance(inner, dict) else {}


#: Formats of GPTQ, AWQ and HQQ by their group of weights that share a scale and a zero.
_GROUPS = {32: "w4a16-g32", 64: "w4a16-g64"}


def _integer(bits: Any, group: Any, config: Config) -> str:
    if bits not in (4, 8):
        config.refuse(f"quantization_config: weights of {bits!r} bits; 4 and 8 are known")
    if bits == 8:
        return "w8a16"
    return _GROUPS.get(group, "w4a16-g128")


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
    if bits == 4 and weights.get("group_size") == 32 and weights.get("symmetric", True):
        # Scales alone, no zeros.
        return "w4a16"
    return _integer(bits, weights.get("group_size"), config) if bits else ""


_METHODS: Mapping[str, Callable[[Mapping[str, Any], Config], str]] = {
    **dict.fromkeys(("gptq", "awq", "auto-round", "autoround"), _grouped),
    **dict.fromkeys(("fp8", "fbgemm-fp8"), _fp8),
    "eetq": _bytes, "hqq": _hqq, "quanto": _quanto, "torchao": _torchao,
    "bitsandbytes": _bitsandbytes, "mxfp4": _mxfp4, "modelopt": _modelopt, "compressed-tensors": _compressed,
}  # fmt: skip

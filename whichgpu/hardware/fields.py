"""Every field a GPU can have: its dimension, its label, its group, and which way is better.

The order is the order of `show` and `compare`. A field absent from a device's table is *not read*,
never zero or "no".
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Field(NamedTuple):
    """One column of the catalogue."""

    dimension: str
    label: str
    group: str
    better: str = ""


def _flops(label: str) -> Field:
    return Field("flop rate", label, "compute (dense peak)", "higher")


def _ops(label: str) -> Field:
    return Field("op rate", label, "compute (dense peak)", "higher")


FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "release_date": Field("date", "Released", "identity"),
        "launch_price": Field("money", "Launch price", "identity", "lower"),
        "chip": Field("text", "Chip", "identity"),
        "process": Field("text", "Process", "identity"),
        "transistors": Field("count", "Transistors", "identity"),
        "die_area": Field("area", "Die area", "identity"),
        "units_per_board": Field("count", "GPUs per board", "identity"),
        "compute_capability": Field("text", "Compute capability", "identity"),
        "sms": Field("count", "SMs / CUs / cores", "units", "higher"),
        "cores": Field("count", "Shader cores", "units", "higher"),
        "tensor_cores": Field("count", "Tensor cores", "units", "higher"),
        "tensor_core_generation": Field("count", "Tensor core generation", "units"),
        "rt_cores": Field("count", "RT cores", "units", "higher"),
        "rt_core_generation": Field("count", "RT core generation", "units"),
        "clock_base": Field("frequency", "Base clock", "clocks"),
        "clock_boost": Field("frequency", "Boost clock", "clocks", "higher"),
        "clock_tensor": Field("frequency", "Clock of the tensor peaks", "clocks"),
        "memory": Field("memory", "Memory", "memory", "higher"),
        "memory_type": Field("text", "Memory type", "memory"),
        "memory_bus": Field("bits", "Memory bus", "memory", "higher"),
        "memory_data_rate": Field("bit rate", "Data rate per pin", "memory", "higher"),
        "bandwidth": Field("bandwidth", "Memory bandwidth", "memory", "higher"),
        "ecc": Field("text", "ECC", "memory"),
        "l2": Field("memory", "L2 cache", "memory", "higher"),
        "l3": Field("memory", "L3 or Infinity Cache", "memory", "higher"),
        "fp64": _flops("FP64"),
        "fp64_tensor": _flops("FP64 tensor"),
        "fp32": _flops("FP32"),
        "tf32": _flops("TF32 tensor"),
        "fp16": _flops("FP16 (FP32 accumulate)"),
        "fp16_acc16": _flops("FP16 (FP16 accumulate)"),
        "fp16_vector": _flops("FP16 vector"),
        "bf16": _flops("BF16"),
        "fp8": _flops("FP8 (FP32 accumulate)"),
        "fp8_acc16": _flops("FP8 (FP16 accumulate)"),
        "fp6": _flops("FP6"),
        "fp4": _flops("FP4"),
        "int8": _ops("INT8"),
        "int4": _ops("INT4"),
        "sparsity": Field("count", "Peak with 2:4 sparsity, times", "compute (dense peak)"),
        "sparsity_fp4": Field("count", "FP4 peak with 2:4 sparsity, times", "compute (dense peak)"),
        "sparsity_fp6": Field("count", "FP6 peak with 2:4 sparsity, times", "compute (dense peak)"),
        "rt": Field("flop rate", "Ray tracing", "compute (dense peak)", "higher"),
        "power": Field("power", "Board power", "power", "lower"),
        "power_min": Field("power", "Lowest board power", "power"),
        "power_max": Field("power", "Highest board power", "power"),
        "power_connectors": Field("text", "Power connectors", "board"),
        "suggested_psu": Field("power", "Suggested power supply", "board"),
        "form_factor": Field("text", "Form factor", "board"),
        "slots": Field("count", "Slots", "board", "lower"),
        "board_length": Field("length", "Board length", "board"),
        "board_height": Field("length", "Board height", "board"),
        "low_profile": Field("flag", "Low profile", "board"),
        "cooling": Field("text", "Cooling", "board"),
        "display_outputs": Field("text", "Display outputs", "board"),
        "display_modes": Field("text", "Displays at once", "board"),
        "pcie_generation": Field("count", "PCIe generation", "links"),
        "pcie_lanes": Field("count", "PCIe lanes", "links"),
        "nvlink": Field("bandwidth", "NVLink, both directions", "links", "higher"),
        "nvlink_per_direction": Field("bandwidth", "NVLink, per direction", "links", "higher"),
        "nvlink_links": Field("count", "NVLink links", "links"),
        "nvlink_gpus": Field("count", "GPUs joined by NVLink, at most", "links"),
        "mig_max": Field("count", "MIG slices, at most", "sharing"),
        "mig_profiles": Field("text", "MIG profiles", "sharing"),
        "vgpu": Field("flag", "vGPU software", "sharing"),
        "licence": Field("text", "Licence limits", "sharing"),
        "encoders": Field("text", "Video encoders", "media"),
        "decoders": Field("text", "Video decoders", "media"),
        "graphics_apis": Field("text", "Graphics APIs", "media"),
        "compute_apis": Field("text", "Compute APIs", "media"),
        "frame_lock": Field("flag", "Frame lock", "media"),
        "vr": Field("flag", "VR ready", "media"),
    }
)

#: Plain keys of a device's table: they name it and need no source.
IDENTITY = ("name", "vendor", "segment", "architecture", "aliases", "note", "confidence")

SEGMENTS = ("datacenter", "workstation", "geforce", "laptop", "edge", "cpu")

#: The peak-rate fields, and the key under which an architecture states FMA per clock per SM for each.
RATES: Mapping[str, str] = MappingProxyType(
    {
        "fp64": "fp64", "fp64_tensor": "fp64_tensor", "fp32": "fp32", "tf32": "tf32",
        "fp16": "fp16", "fp16_acc16": "fp16_acc16", "fp16_vector": "fp16_vector", "bf16": "bf16",
        "fp8": "fp8", "fp8_acc16": "fp8_acc16", "fp6": "fp6", "fp4": "fp4",
        "int8": "int8", "int4": "int4",
    }
)  # fmt: skip

#: What fields are called elsewhere.
_CALLED: Mapping[str, str] = {
    "power": "tdp tgp tbp watt watts wattage power_limit power_draw max_power board_power",
    "memory": "vram ram mem memory_size vram_size",
    "bandwidth": "memory_bandwidth mem_bandwidth vram_bandwidth bw",
    "memory_bus": "bus bus_width memory_bus_width memory_interface",
    "memory_data_rate": "data_rate memory_rate memory_speed memory_clock",
    "clock_boost": "boost boost_clock",
    "clock_base": "base_clock",
    "cores": "cuda_cores shaders stream_processors shading_units",
    "launch_price": "price msrp",
    "release_date": "launch launch_date released",
    "fp16": "fp16_tensor tensor_fp16",
    "compute_capability": "cc sm sm_version",
    "l2": "l2_cache cache",
    "pcie_generation": "pcie pcie_gen",
    "suggested_psu": "psu power_supply recommended_psu",
    "power_connectors": "connector connectors power_connector",
    "power_min": "min_power minimum_power lowest_power",
    "board_length": "length card_length",
}


def elsewhere(name: str) -> str:
    """The field that a word means in databases and shops, or as it is labelled here; "" for none.

    >>> elsewhere("tdp"), elsewhere("suggested_power_supply"), elsewhere("colour")
    ('power', 'suggested_psu', '')
    """
    said = next((known for known, names in _CALLED.items() if name in names.split()), "")
    return said or next((key for key, one in FIELDS.items() if _plain(one.label) == name), "")


def _plain(label: str) -> str:
    return label.lower().replace(",", "").replace(" ", "_")

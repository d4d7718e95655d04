"""What a GPU can have or not: how it is written, and how the catalogue tells whether a device has it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.facts import store
from whichgpu.hardware.blank import is_not_in_hardware
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from whichgpu.hardware.gpu import Gpu


class Capability(NamedTuple):
    """Something that a device has or has not: how it is written, the field that says so, and its test."""

    key: str
    names: str
    field: str
    has: Callable[[Gpu], bool | None]


#: Architectures of AMD's that came before units for rays, and those of it and of Intel that have them.
_NO_RAYS = ("vega10", "vega20_pro", "vega20_radeon", "polaris", "cdna1", "cdna2", "cdna3", "cdna4", "rdna1")
_RAYS = ("rdna2", "rdna3", "rdna4", "intel_xe_hpg", "intel_xe2_hpg")
#: Architectures of AMD's that came before a format of numbers.
_BEFORE = {
    "fp8": ("vega10", "vega20_pro", "vega20_radeon", "polaris", "cdna1", "cdna2", "rdna1", "rdna2", "rdna3"),
    "fp4": (
        "vega10",
        "vega20_pro",
        "vega20_radeon",
        "polaris",
        "cdna1",
        "cdna2",
        "cdna3",
        "rdna1",
        "rdna2",
        "rdna3",
    ),
}
_BEFORE["fp6"] = _BEFORE["fp4"]


def _since(low: float, rate: str = "") -> Callable[[Gpu], bool | None]:
    """Whether the compute capability is at least this; of other makers' whether a rate is on file."""

    def test(gpu: Gpu) -> bool | None:
        value = gpu.value("compute_capability")
        if value is None:
            older = gpu.architecture in _BEFORE.get(rate, ()) or (rate and is_not_in_hardware(gpu, rate))
            return True if rate and gpu.value(rate) else False if older else None
        return float(str(value)) >= low

    return test


def _positive(field: str) -> Callable[[Gpu], bool | None]:
    """Whether a number is above zero; unknown where it was not read."""

    def test(gpu: Gpu) -> bool | None:
        value = gpu.value(field)
        return None if value is None else float(value) > 0

    return test


def _of_maker(vendor: str, test: Callable[[Gpu], bool | None] | None = None) -> Callable[[Gpu], bool | None]:
    """What only one maker's devices can have: theirs by a test of their own, if there is one."""

    def of_it(gpu: Gpu) -> bool | None:
        if gpu.vendor != vendor:
            return False
        return test(gpu) if test else None

    return of_it


def _said(field: str, part: str = "", none: str = "none") -> Callable[[Gpu], bool | None]:
    """Whether a text names a part of it; that it does not is no proof, but that there is none at all is."""

    def test(gpu: Gpu) -> bool | None:
        value = gpu.value(field)
        if value is None:
            return None
        text = str(value).lower()
        if text in (none, "no"):
            return False
        return True if part.lower() in text else None

    return test


def _of_codecs(field: str, gpu: Gpu) -> bool | None:
    """Whether AV1 is among the codecs of an engine: AMD's are on file with all that they know."""
    said = _said(field, "AV1")(gpu)
    return bool(said) if str(gpu.value(field) or "").startswith("VCN") else said


#: Chips all of whose cards encode AV1, and all that decode it: their engines are of one generation.
_ENCODE_AV1 = ("AD10", "GB20")
_DECODE_AV1 = (*_ENCODE_AV1, "GA102", "GA103", "GA104", "GA106", "GA107")


def _by_engine(gpu: Gpu, field: str, since: float, chips: tuple[str, ...]) -> bool | None:
    """Whether AV1 is among what an engine does: as stated, else by the generation of the chip's engines."""
    stated = _of_codecs(field, gpu)
    if stated is not None:
        return stated
    if gpu.value(field) is not None and str(gpu.value("chip") or "").startswith(chips):
        return True
    return False if _since(since)(gpu) is False else None


def _multi_frame(gpu: Gpu) -> bool | None:
    """Several frames are generated between two by the GeForce cards of Blackwell, and by none before."""
    if str(gpu.value("chip") or "").startswith("GB20"):
        return True
    return False if _since(10.0)(gpu) is False else None


def _av1_encode(gpu: Gpu) -> bool | None:
    """AV1 is encoded from Ada on, by what has an encoder."""
    return _by_engine(gpu, "encoders", 8.9, _ENCODE_AV1)


def _av1_decode(gpu: Gpu) -> bool | None:
    """AV1 is decoded from GA10x on, by what has a decoder; the A100 and older ones do not."""
    return _by_engine(gpu, "decoders", 8.6, _DECODE_AV1)


def _linked(gpu: Gpu) -> bool | None:
    """Whether a device has NVLink: by its own figure, else by its chip where that has none."""
    stated = _positive("nvlink")(gpu)
    chip = str(gpu.value("chip") or "").lower()
    none = store.load("audit")["audit"]["nvlink_none"]["chips"]
    return False if stated is None and chip in none else stated


def _has_encoder(gpu: Gpu) -> bool | None:
    """Whether a device encodes video at all."""
    value = gpu.value("encoders")
    return None if value is None else str(value).lower() not in ("none", "no")


def _surely(test: Callable[[Gpu], bool | None]) -> Callable[[Gpu], bool | None]:
    """A test that tells what a device has, and never that it lacks it."""
    return lambda gpu: True if test(gpu) else None


def _traces_rays(gpu: Gpu) -> bool | None:
    """Whether a device has units for rays: by their number, else by its architecture."""
    if gpu.value("rt_cores") is not None:
        return _positive("rt_cores")(gpu)
    return False if gpu.architecture in _NO_RAYS else True if gpu.architecture in _RAYS else None


def _dlss(gpu: Gpu) -> bool | None:
    """Whether a card for games has DLSS, which takes tensor cores of NVIDIA's."""
    return _positive("tensor_cores")(gpu) if gpu.segment in ("geforce", "laptop") else None


def _encodes_hevc(gpu: Gpu) -> bool | None:
    """HEVC is encoded by every encoder since Maxwell's second generation, and by other makers'."""
    has = _has_encoder(gpu)
    return has if has is not True else _since(5.2)(gpu) if gpu.vendor == "NVIDIA" else True


def _is_hbm(gpu: Gpu) -> bool | None:
    """Whether a device's memory is stacked beside it."""
    value = gpu.value("memory_type")
    return None if value is None else str(value).upper().startswith("HBM")


#: Behind the name of a precision, what can have it.
_PRECISION = (
    r"(?: precision| support| tensor cores?| inference| training| acceleration| kernels?| arithmetic| math)?"
)
#: What every device of some age has is told of none but to deny it.
_DENIED = r"(?:(?<=\bno )|(?<=\bnor )|(?<=\bneither )|(?<=\bwithout ))"
CAPABILITIES = (
    Capability("fp8", rf"fp8{_PRECISION}", "compute_capability",
                _since(8.9, "fp8")),
    Capability("fp4", rf"(?:nv)?fp4{_PRECISION}", "compute_capability", _since(10.0, "fp4")),
    Capability("fp6", rf"(?:mx)?fp6(?!\d){_PRECISION}", "compute_capability", _since(10.0, "fp6")),
    Capability("bf16", rf"(?:bf16|bfloat16){_PRECISION}", "compute_capability",
                _since(8.0, "bf16")),
    Capability("tf32", rf"(?:tf32|tensorfloat-32){_PRECISION}", "compute_capability",
                _since(8.0, "tf32")),
    Capability("nvlink", r"nvlink(?: (?:support|interconnect|bridges?|connectivity|connectors?|ports?|"
        r"fingers))?|(?<=be )bridged", "nvlink",
                _of_maker("NVIDIA", _linked)),
    Capability("mig", r"(?:mig|multi-instance gpu)(?: \(mig\))?(?: support)?|"
        r"(?:split|partitioned|sliced|carved|cut) (?:up )?into (?:up to |"
        r"as many as )?(?:\w+ ){0,2}(?:instances|slices)|"
        r"(?<=be )(?:hardware[- ])?(?:partitioned|sliced|(?:sub)?divided|carved up)"
        r"(?=\s*(?:[.,;:)]|$|\s(?:so|and|but|for|at|in|by)\b))|"
        # What has to be split is a model.
        r"(?:(?<=can be )|(?<=cannot be )|(?<=can't be )|(?<=can\u2019t be )|(?<=could be ))split"
        r"(?=\s*(?:[.,;:)]|$|\s(?:so|and|but|for|at|in|by)\b))",
                "mig_max",
                _of_maker("NVIDIA", _positive("mig_max"))),
    Capability("cuda", r"cuda(?: code| binaries| applications?| programs?| kernels?| natively)?"
                r"(?![ -]cores?| toolkit| \d)", "vendor", _of_maker("NVIDIA")),
    Capability("tensorrt", r"tensorrt(?:[- ]llm)?", "vendor", _of_maker("NVIDIA")),
    Capability("cudnn", r"cudnn", "vendor", _of_maker("NVIDIA")),
    Capability("rocm", r"rocm(?: \d(?:\.\d)?)?", "vendor", _of_maker("AMD")),
    Capability("transformer_engine", r"(?:an? )?transformer engine", "compute_capability", _since(8.9)),
    Capability("flash_attention_2", r"flash[- ]?attention[- ]?2", "compute_capability", _since(8.0)),
    Capability("flash_attention_3", r"flash[- ]?attention[- ]?3", "compute_capability", _since(9.0)),
    Capability("frame_generation", r"dlss 3(?!\.5)(?: frame generation)?|dlss[- ]frame[- ]generation",
                "compute_capability", _of_maker("NVIDIA", _since(8.9))),
    Capability("multi_frame_generation", r"(?:dlss(?: 4)? )?multi[- ]frame[- ]generation|dlss 4(?= mfg)",
                "chip", _of_maker("NVIDIA", _multi_frame)),
    Capability("dlss", r"dlss(?! ?[3-9])(?: 2(?:\.\d)?)?(?: (?:upscaling|super resolution))?(?! frame)",
                "tensor_cores", _of_maker("NVIDIA", _dlss)),
    Capability("dpx", r"dpx(?: instructions?)?", "compute_capability", _since(9.0)),
    Capability("ecc", r"(?:ecc|error[- ]correcting code)(?: memory)?(?: \(ecc\))?", "ecc",
                _said("ecc", "yes")),
    Capability("av1_encode",
                r"av1 encod(?:e|ing|ers?)|nvenc av1|av1 nvenc|"
                r"av1(?= (?:video )?(?:can|could|cannot) (?:also |even )?be encoded)|"
                r"(?:(?<=encode )|(?<=encodes )|(?<=encode and decode )|"
                r"(?<=encodes and decodes ))av1(?: in hardware| video)?",
                "encoders", _av1_encode),
    Capability("av1_decode",
                r"av1 decod(?:e|ing|ers?)|(?:(?<=decode )|(?<=decodes ))av1(?: in hardware| video)?",
                "decoders", _av1_decode),
    Capability("video_encode",
                r"(?:(?:hardware|video) )+encoders?(?: blocks?)?|nvenc(?: encoders?| blocks?)?",
                "encoders", _has_encoder),
    Capability("hevc", r"(?:hevc|h\.?265) encod(?:e|ing|ers?)|(?:(?<=encode )|(?<=encodes ))(?:hevc|h\.?265)",
                "encoders", _encodes_hevc),
    # Of these no device is said to lack them that may do them slowly.
    Capability("fp16", rf"{_DENIED}fp16{_PRECISION}", "compute_capability", _surely(_since(7.0))),
    Capability("int8", rf"{_DENIED}int8{_PRECISION}", "compute_capability", _surely(_since(7.2))),
    Capability("hbm", rf"{_DENIED}hbm(?:\d\w?)?", "memory_type", _is_hbm),
    Capability("infinity_fabric", r"infinity (?:fabric|cache)", "vendor", _of_maker("AMD")),
    Capability("xmx", r"xmx(?: (?:units?|engines?|cores?))?", "vendor", _of_maker("Intel")),
    Capability("vgpu", r"(?:nvidia )?vgpu(?: software)?(?: support)?", "vgpu",
                lambda gpu: True if gpu.value("vgpu") else None),
    Capability("ray_tracing",
                r"(?:rt cores?|ray[- ]tracing (?:cores?|hardware|units?|accelerators?)|ray accelerators|"
                r"hardware(?:[- ]accelerated)? ray[- ]?tracing|ray[- ]?tracing in hardware|"
                r"units for (?:hardware )?ray[- ]?tracing)", "rt_cores",
                _traces_rays),
    Capability("int8_tensor", r"int8 tensor[- ]cores?(?: (?:operations?|support|acceleration|math))?",
                "compute_capability", _since(7.2)),
    Capability("tensor_cores", r"(?:fp16 )?tensor cores?|fp16 tensor", "tensor_cores",
                _positive("tensor_cores")),
    Capability("sparsity", r"(?:structured |2:4 |fine-grained )?sparsity(?: support| acceleration)?",
                "compute_capability", _since(8.0)),
)  # fmt: skip
_NAMED = tuple((each, re.compile(each.names, re.IGNORECASE)) for each in CAPABILITIES)


@lru_cache(maxsize=1)
def _looked_for() -> re.Many:
    return re.Many.of(names for _, names in _NAMED)


@lru_cache(maxsize=re.MANY)
def _may_name(text: str) -> Sequence[tuple[Capability, re.Pattern[str]]]:
    """The capabilities of which a text holds the words, with their names."""
    return tuple([_NAMED[at] for at in _looked_for()(text)])


@lru_cache(maxsize=1024)
def named_in(text: str, start: int, end: int) -> Collection[Capability]:
    """The capabilities that a stretch of a text names: no others can be said of anything there."""
    return tuple([each for each, names in _may_name(text) if names.search(text, start, end)])


def names_any(text: str) -> bool:
    """Whether a text names a capability."""
    return any(names.search(text) for _, names in _may_name(text))


def capability_of(match: re.Match[str], group: int | str = 0) -> Capability:
    """The capability whose names a group of a match found; what stands around it is part of some names."""
    start, end = match.span(group)

    def found(names: re.Pattern[str]) -> bool:
        whole = names.match(match.string, start, match.endpos)
        return bool(whole and whole.end() == end) or bool(names.fullmatch(match.string, start, end))

    return next(each for each, names in _NAMED if found(names))

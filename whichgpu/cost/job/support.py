"""Which GPUs can run a job at all, and in words why the others cannot."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.gpu.device_rates import stand_in, widened
from whichgpu.cost.job.runtimes import runtimes
from whichgpu.facts import store
from whichgpu.hardware.blank import APPLIES, blank
from whichgpu.hardware.fields import FIELDS
from whichgpu.hardware.parts import one_device, without
from whichgpu.software import stacks
from whichgpu.software.frameworks import frameworks
from whichgpu.values import NamedTuple
from whichgpu.workloads.ops import PRODUCTS
from whichgpu.workloads.precision import cache_format, precision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.hardware.gpu import Gpu
    from whichgpu.workloads.job import Job
    from whichgpu.workloads.ops import Op
    from whichgpu.workloads.precision import Precision

#: FP8 weights where products run in 16 bits.
WEIGHT_ONLY = "fp8-w8a16"


#: Caches that kernels read with FP4 units alone.
_FOUR_BITS = ("fp4", "mxfp4")


def overflows(workload: str, runtime: str, formats: Iterable[str]) -> str:
    """Who refuses a model in FP16, whose activations leave its range; empty where none does.

    Nothing is refused in FP32, nor by programs that add up in it and keep them there (llama.cpp).
    """
    listed = store.load("usual")["usual"]["overflows"]
    wide = any(precision(name).math in ("fp32", "tf32") for name in formats)
    refused = workload in listed["workloads"] and runtime not in listed["runtimes"] and not wide
    return str(listed["source"]) if refused else ""


class Needs(NamedTuple):
    """What ops in a format ask of whatever GPU runs them: `rates` are the formats of their products.

    `nowhere` is why no software runs them at all; empty where some does. `convolves`: most of the products
    are convolutions. `cache` is the format that was asked for keys and values; empty where none was.
    """

    precision: Precision
    trains: bool
    rates: tuple[str, ...]
    nowhere: str
    convolves: bool = False
    cache: str = ""

    @classmethod
    def of(cls, ops: Sequence[Op], job: Job) -> Needs:
        """The needs of a pass over ops of a job."""
        form, trains, cache = precision(job.precision), job.trains, cache_format(job)
        multiplied = (op.dtype for op in ops if op.kind in PRODUCTS)
        rates = tuple(dict.fromkeys((form.math, *multiplied)))
        convolves = _convolves(ops)
        nowhere = _in_no_format(form, trains=trains) if convolves else ""
        return cls(form, trains, rates, nowhere, convolves, precision(cache).id if cache else "")

    def under(self, runtime: Runtime) -> Needs:
        """Those of the jobs that a runtime runs, where FP16 stands for their own format (`Runtime.half`)."""
        if runtime.half in ("", self.precision.id):
            return self
        own = precision(runtime.half)
        rates = tuple(dict.fromkeys(own.math if rate == self.precision.math else rate for rate in self.rates))
        return self._replace(precision=own, rates=rates)


def refusal(gpu: Gpu, needs: Needs, runtime: Runtime) -> str:
    """Why this GPU cannot do this work on this runtime; empty where it can.

    A value that no source states is a refusal by name, never a guess.
    """
    precision = needs.precision
    why = gpu.why_unusable or not_run(gpu, runtime) or _unread_weights(gpu, precision) or needs.nowhere
    if why:
        return why
    why = _rates(gpu, needs, runtime) or _cached(gpu, needs, runtime)
    if why and not needs.trains and widens_fp8(gpu, precision, runtime):
        return (
            f"{gpu.id} has no FP8 units; {runtime.title} reads FP8 weights there and multiplies in 16 bits: "
            f"use --precision {WEIGHT_ONLY}"
        )
    if not why:
        return _no_kernels(gpu, needs, runtime)
    stated = stacks.lacking(gpu, runtime.software, _feature(precision)) if runtime.software else ""
    return f"{stated}; {why}" if stated else why


def _no_kernels(gpu: Gpu, needs: Needs, runtime: Runtime) -> str:
    """Why software has no kernels for NVFP4 weights where a GPU has no FP4 units; empty where it widens them.

    vLLM and SGLang multiply such weights in 16 bits.
    """
    if needs.precision.id != "fp4" or needs.trains or not runtime.software or gpu.value("fp4"):
        return ""
    lacks = stacks.lacking(gpu, runtime.software, "fp4")
    if not lacks:
        return ""
    instead = f"--precision {'fp8' if gpu.value('fp8') else 'w4a16'}"
    if stacks.weight_only(gpu, "vllm", "fp4"):
        instead += ", or --runtime vLLM, which reads NVFP4 weights there and multiplies them in 16 bits"
    return f"{lacks}; use {instead}"


def _feature(precision: Precision) -> str:
    """What software calls the format of a job's products: MXFP4 has kernels of its own."""
    return "mxfp4" if precision.math == "fp4" and precision.id.startswith("mxfp4") else precision.math


def standing_by(runtime: Runtime) -> tuple[Any, ...]:
    """All of a runtime that a `refusal` hangs on."""
    return (
        runtime.title, runtime.software, runtime.release, runtime.said, tuple(runtime.vendors),
        tuple(runtime.unmeasured),
    )  # fmt: skip


def widens_fp8(gpu: Gpu, precision: Precision, runtime: Runtime) -> bool:
    """Whether a GPU lacks the FP8 units of a format, and software reads such weights there all the same."""
    narrow = precision.math == "fp8" and not precision.or_wider and gpu.value("fp8") is None
    return narrow and stacks.weight_only(gpu, runtime.software, "fp8")


def emulates(gpu: Gpu, precision: Precision, runtime: Runtime) -> bool:
    """Whether products in BF16, for which a GPU has no units, are computed in FP32 there."""
    if precision.math != "bf16" or precision.quantised or gpu.value("bf16") is not None:
        return False
    return stacks.emulated(gpu, runtime.software, "bf16")


def emulating(devices: Devices, runtime: Runtime) -> NDArray[np.bool_]:
    """On which GPUs products in BF16 are computed in FP32, (G, 1) or (G, J)."""
    return devices.under(runtime, lambda one, table: table.known(_emulates(one.software))).astype(bool)


@cache
def _emulates(software: str) -> Callable[[Gpu], bool]:
    return lambda gpu: stacks.emulated(gpu, software, "bf16")


def not_run(gpu: Gpu, runtime: Runtime) -> str:
    """Why software does not run on a GPU, whatever the job; empty where it does."""
    if runtime.software:
        why = stacks.standing(gpu, runtime.software, runtime.release, runtime.said).refusal
        if why:
            return why
    known = gpu.vendor in runtime.vendors
    stated = gpu.vendor in runtime.unmeasured and bool(runtime.software)
    if not known and not (stated and stacks.runs(gpu, runtime.software)):
        # A release that the job names may have its own reason, where the runtime means any.
        said = runtime.software and runtime.said
        if said and (why := stacks.standing(gpu, runtime.software, "", said).refusal):
            return why
        vendors = ", ".join(runtime.vendors)
        return (
            f"{runtime.title} does not run on {gpu.vendor} as modelled here; its figures are for {vendors}"
            f"{_others(gpu.vendor)}"
        )
    return ""


def _unread_weights(gpu: Gpu, precision: Precision) -> str:
    """Why weights that one library packs are not read on a GPU of a maker that it does not run on."""
    if not precision.library:
        return ""
    library = frameworks()[precision.library]
    if gpu.vendor in library.vendors:
        return ""
    return (
        f"{precision.id} is a format of {library.title}, which runs on {', '.join(library.vendors)}, "
        f"not on {gpu.vendor}; use --precision {precision.math}"
    )


@cache
def _others(vendor: str) -> str:
    """The runtimes whose figures are for a vendor, as an option to type."""
    able = [key for key, one in runtimes().items() if vendor in one.vendors and not one.domain]
    written = " or ".join(f'--runtime "{key}"' for key in able[:2])
    return f"; write {written}" if able else ""


def _convolves(ops: Sequence[Op]) -> bool:
    if all(op.kind != "conv" for op in ops):
        return False
    work = dict.fromkeys(PRODUCTS, 0.0)
    # To add arrays up takes a third of the time of their sums.
    along: dict[tuple[str, tuple[int, ...]], Any] = {}
    for op in ops:
        if op.kind in work:
            flops = op.flops * op.count
            if isinstance(flops, np.ndarray):
                alike = op.kind, flops.shape
                along[alike] = along.get(alike, 0.0) + flops
            else:
                work[op.kind] += float(flops)
    for (kind, _), flops in along.items():
        work[kind] += float(flops.sum())
    # On a GPU of unread memory they are no numbers.
    return work.get("conv", 0.0) > 0.5 * sum(work.values())


def _in_no_format(precision: Precision, *, trains: bool) -> str:
    """Why no software computes a network in a format: convolutions have no kernels in it."""
    if precision.math != "fp4" and not (trains and precision.math == "fp8"):
        return ""
    done = "trains" if trains else "runs"
    return (
        f"no framework {done} convolutions in {_label(precision.math)}: only linear layers narrow to it; "
        f"use --precision {'amp-bf16' if trains else 'fp8'}"
    )


def _rates(gpu: Gpu, needs: Needs, runtime: Runtime) -> str:
    precision = needs.precision
    if _plain_unknown(gpu) and not (gpu.value("bf16") or gpu.value("fp16")):
        return (
            f"{gpu.id}: neither an FP32 nor a 16-bit peak was read in any source, so that elementwise work "
            "cannot be predicted"
        )
    # Elementwise ops run at the plain rate, for which another stands in where no source states it.
    for rate in needs.rates:
        # Weight-only kernels read narrow weights, and widen them to the 16 bits that there are; training in a
        # format needs units for it. FP8 is asked for its units, so that others do its products only where
        # the precision says so.
        asked = (needs.trains and rate == "fp4") or (rate == "fp8" and not precision.or_wider)
        if rate == "bf16" and emulates(gpu, precision, runtime):
            if needs.convolves:
                return _NO_BRAIN_CONVOLUTIONS.format(runtime.title, gpu.id)
            continue
        # Weights that are BF16 themselves are trained so, as MLX does; autocast is not there.
        cast = needs.trains and precision.mixed
        widened = gpu.variant is not None and gpu.variant.widens_bf16 and not cast
        asked = asked or (rate == "bf16" and not precision.quantised and not widened)
        # bitsandbytes widens its INT8 weights where it has no units for them; engines do not.
        asked = asked or (rate == "int8" and not gpu.value("fp8") and not runtime.holds.get("widens_int8"))
        if gpu.value(rate) is None and (asked or not stand_in(gpu, rate)):
            return _no_rate(gpu, rate, precision)
    if precision.math == "fp32" and _multiplies_narrow(gpu):
        return (
            f"{gpu.id}: its matrix units multiply BF16 and take several passes over FP32 numbers, at a rate "
            "that is not published; use --precision bf16"
        )
    return ""


def _cached(gpu: Gpu, needs: Needs, runtime: Runtime) -> str:
    """Why an engine keeps no cache in the format asked for on this GPU; empty where it does.

    One in FP8 that is taken unasked, beside weights in eight bits, is no wish of the user's.
    """
    if needs.cache in _FOUR_BITS and not gpu.value("fp4"):
        return (
            f"{gpu.id} has no FP4 units, without which {runtime.title} keeps no cache in {needs.cache}: "
            "use --option kv_precision=fp8, or auto for 16 bits"
        )
    asked = needs.cache == "fp8" and needs.precision.id not in runtime.holds.get("wide_cache", ())
    lacks = stacks.lacking(gpu, runtime.software, "fp8 kv cache") if asked and runtime.software else ""
    return f"{lacks}; use --option kv_precision=auto" if lacks else ""


#: Phases of one stream, which several devices do not share unasked.
_STREAMS = ("prefill", "decode", "generate")


def as_seen(gpu: Gpu, phase: str | None) -> Gpu:
    """What a job has of a GPU: of a package that appears as several devices, a single stream has one."""
    return one_device(gpu) if phase in _STREAMS else gpu


def only_stores(gpu: Gpu, precision: Precision, runtime: Runtime) -> bool:
    """Whether a GPU has FP4 units for which software has no kernels, so that it widens weights all the same.

    vLLM runs MXFP4 weights through Marlin on compute capability 12.0.
    """
    asked = precision.math == "fp4" and bool(runtime.software) and gpu.value("fp4") is not None
    return asked and stacks.weight_only(gpu, runtime.software, _feature(precision))


def as_met(gpu: Gpu, precision: Precision, runtime: Runtime) -> Gpu:
    """A GPU as software meets it: without the units for which it has no kernels."""
    return without(gpu, precision.math) if only_stores(gpu, precision, runtime) else gpu


def in_several(gpu: Gpu, phase: str | None) -> tuple[str, ...]:
    """What to say where that is not all of it."""
    if as_seen(gpu, phase) is gpu:
        return ()
    return (
        f"{gpu.id} appears to programs as several devices: a stream runs on one, and n_gpus counts "
        "these devices, not packages",
    )


def substitutions(gpu: Gpu, precision: Precision, runtime: Runtime) -> tuple[str, ...]:
    """What to say where an older release has to do, or other units than those of a job's format."""
    said = (
        *_of_software(gpu, precision, runtime), _of_units(gpu, precision, runtime),
        _wide(gpu, precision, runtime),
        _PLAIN_TAKEN.format(gpu.id) if _plain_unknown(gpu) else "",
    )  # fmt: skip
    return tuple(text for text in said if text)


#: What is said of BF16 that is emulated, and why networks of convolutions are refused in it.
_EMULATED = (
    "{} has no BF16 units: {} widens such numbers and multiplies them in FP32, slower than FP32 itself "
    "(torch.cuda.is_bf16_supported() says True all the same); --precision {} is faster"
)
_NO_BRAIN_CONVOLUTIONS = (
    "{} emulates BF16 on {} in matrix products, and cuDNN has no BF16 convolutions below compute capability "
    "8.0; use --precision fp16 (amp-fp16 in training)"
)
#: What is said of a GPU whose plain rate is unknown.
_PLAIN_TAKEN = "{}: no FP32 peak was read in any source; elementwise work is taken at 1/32 of its 16-bit peak"


def _plain_unknown(gpu: Gpu) -> bool:
    return gpu.value("fp32") is None


def _of_software(gpu: Gpu, precision: Precision, runtime: Runtime) -> tuple[str, ...]:
    if not runtime.software:
        return ()
    older = stacks.standing(gpu, runtime.software, runtime.release, runtime.said).warning
    if precision.id == WEIGHT_ONLY:
        format_ = WEIGHT_ONLY.partition("-")[0]
        if stacks.weight_only(gpu, runtime.software, format_):
            return older, f"{runtime.title} reads FP8 weights on {gpu.id}, and multiplies them in 16 bits"
    else:
        format_ = _feature(precision)
    return older, "" if precision.or_wider else stacks.lacking(gpu, runtime.software, format_)


def _of_units(gpu: Gpu, precision: Precision, runtime: Runtime) -> str:
    if emulates(gpu, precision, runtime):
        return _EMULATED.format(gpu.id, runtime.title, precision.id.replace("bf16", "fp16"))
    if only_stores(gpu, precision, runtime):
        return (
            f"{runtime.title} has no {_feature(precision).upper()} kernels for {gpu.id}: weights are only "
            "stored in it (weight-only), and products run in BF16"
        )
    instead = stand_in(gpu, precision.math)
    if not instead or precision.or_wider:
        return ""
    asked, used = _label(precision.math), _label(instead)
    how = "numbers are widened" if instead == "fp32" else "both take 2 bytes"
    if precision.quantised and (instead != "fp16" or precision.math == "int8"):
        how = "weights are only stored in it (weight-only)"
    if _unread(gpu, precision.math):
        return f"no {asked} peak of {gpu.id} was read: products are taken in {used}, and {how}"
    return f"{gpu.id} has no {asked} units: products run in {used}, and {how}"


def _unread(gpu: Gpu, rate: str) -> bool:
    """Whether a GPU may have units for a format whose rate no source states."""
    reason = blank(gpu, rate)
    return reason is not None and reason.answer != APPLIES


def _wide(gpu: Gpu, precision: Precision, runtime: Runtime) -> str:
    if precision.math != "fp16" or not widened(gpu, runtime.widens):
        return ""
    return f"{gpu.id}: FP16 networks fail on its chip under {runtime.title}, so it computes in FP32"


def _multiplies_narrow(gpu: Gpu) -> bool:
    """Whether FP32 products do not run at the FP32 rate, which is then that of the vector units alone."""
    known = gpu.variant.fact("fp32_products") if gpu.variant else None
    return known is not None and not known.value


def _label(rate: str) -> str:
    return FIELDS[rate].label.split(" (")[0]


def _no_rate(gpu: Gpu, rate: str, precision: Precision) -> str:
    has = [name for name in ("fp32", "tf32", "fp16", "bf16", "int8", "fp8", "fp4") if gpu.value(name)]
    lacks = f"{gpu.id} has no {_label(rate)} peak"
    if _unread(gpu, rate):
        lacks = f"no {_label(rate)} peak of {gpu.id} was read"
    return (
        f"{lacks} ({precision.id} needs it; {gpu.architecture} states "
        f"{', '.join(has) or 'none'}); use --precision {_in_its_place(precision, has)}"
    )


def _in_its_place(asked: Precision, has: list[str]) -> str:
    """What to type for a format that a GPU has no rate of: its weights where 16 bits multiply."""
    if asked.id == "fp8" and "fp16" in has:
        return f"{WEIGHT_ONLY} (weights in FP8, products in FP16) or {_plain(has)}"
    return _plain(has)


def _plain(has: list[str]) -> str:
    return next((name for name in ("bf16", "fp16", "tf32", "fp32") if name in has), "of another GPU")

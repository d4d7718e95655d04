"""Fitted corrections to the priors: named effects that add up in the logarithm.

    efficiency = prior * exp(sum of the effects that apply)

An effect that no measurement spoke to is absent, so a GPU, runtime or format that was never seen
falls back to the prior, that is to physics. The names, most general first:

    c/CLASS  c/CLASS/FORMAT  c@LINEAGE  c/FORMAT@LINEAGE  c/CLASS@LINEAGE                  arithmetic
    c@KIN  c/FORMAT@KIN  c/CLASS@KIN                                                       and m, see below
    c@LINEAGE&DOMAIN  c/FORMAT@LINEAGE&DOMAIN  c/CLASS@LINEAGE&DOMAIN
    c/CLASS&DOMAIN  c/CLASS/FORMAT&DOMAIN  m/CLASS&DOMAIN  m@LINEAGE&DOMAIN  m/CLASS@LINEAGE&DOMAIN
    c=RUNTIME  c/CLASS=RUNTIME  c/FORMAT=RUNTIME  c/experts/FORMAT=RUNTIME  and +MARK (servers: not c/gemm)
    m/CLASS  m@LINEAGE  m/CLASS@LINEAGE  m%MEMORY  m%MEMORY&DOMAIN  m/CLASS/FORMAT&DOMAIN  memory traffic
    m=RUNTIME  m/CLASS=RUNTIME  m=RUNTIME+MARK  m/CLASS=RUNTIME+MARK  m/experts=RUNTIME+MARK
    c~throttle  c~rate  and with =RUNTIME  c~rate/WORKLOAD                                 laws, see below
    l=RUNTIME  l=RUNTIME+MARK  l/WORKLOAD=RUNTIME                                          launches
    b%LINK  b%LINK&DOMAIN  and with =RUNTIME  b/WORKLOAD                                   links
    w/WORKLOAD  w/WORKLOAD=RUNTIME  w/WORKLOAD/PRECISION  w/WORKLOAD/PRECISION=RUNTIME     the whole time
    w@FAMILY=RUNTIME                                                                       of workloads

A workload goes by its `architecture`: models of equal layers have their effects in common, whatever they
are called. A domain is that of a runtime: engines of language models bring kernels of their own, so that
what a lineage does for them says little of frameworks. But in training they have classes of their own as
well: they stream weights through products of few rows, where those of a framework move activations, and
what a lineage does to that is theirs. Kin are the lineages whose SMs are built alike: what they have in
common (of frameworks) a lineage that was not measured has. A mark is what sets one use of a runtime apart: a
version, channels-last tensors.
`c~throttle` and `c~rate` change the exponents of the power limit and of the tensor rate: their weights are
the logarithms that the exponents multiply. Workloads of frameworks have more of the latter of their own: how
well what they run keeps a wide SM busy is in shapes and kernels that their op list does not tell. All but
`b` stand also with `+train` behind them, which applies in training only (of `l/WORKLOAD` and `w`, instead).
"""

from __future__ import annotations

import math
from dataclasses import field, replace
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.cost.calibration.factors import KEPT, Factors
from whichgpu.cost.calibration.releases import Lent
from whichgpu.cost.coefficients import section
from whichgpu.cost.job.runtimes import runtimes
from whichgpu.cost.parallel.links import quicker_inside
from whichgpu.cost.timing.classes import TURNED
from whichgpu.facts import store
from whichgpu.values import NamedTuple, immutable
from whichgpu.workloads.model import is_language_model
from whichgpu.workloads.ops import every

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from whichgpu.cost.gpu.device import Devices
    from whichgpu.cost.gpu.traits import Traits
    from whichgpu.cost.job.runtime import Runtime
    from whichgpu.cost.timing.classes import OpClass
    from whichgpu.workloads.workload import Workload

    Array = NDArray[np.float64]
    #: Effects by name, with the weight of each.
    Terms = dict[str, float]


#: The trait that each law's effect multiplies.
_LAWS = {"c~throttle": "throttle", "c~rate": "rate"}
#: By format of an op class, what a trait is called where it differs from that of products in 16 bits.
_BY_FORMAT = {"plain": {"throttle": "plain"}, "byte": {"throttle": "narrow", "rate": "rate_narrow"}}


#: Formats whose products are each engine's and each trainer's own; in 16 bits all call the same library.
_NARROW = ("byte", "nibble")
#: The kind of product that a class is of, where that is not its name.
_PRODUCT = {"logits": "gemm", "conv1x1": "conv", "grouped": "conv"}
#: What engines take the classes of a vocabulary for.
_IN_ENGINES = {"logits": "gemm", "loss": "pointwise"}


def _law(name: str) -> str:
    """The law of an effect: `c~rate` of `c~rate/resnet50+train`."""
    return name.removesuffix("+train").partition("=")[0].partition("/")[0]


def _trait(law: str, kind: OpClass) -> str:
    """The trait that a law multiplies for an op class as it is run."""
    found = _LAWS[law]
    return _BY_FORMAT.get(kind.format, {}).get(found, found)


def compute_terms(
    kind: OpClass, place: Traits, runtime: Runtime, *, trains: bool, workload: str = ""
) -> Terms:
    """The effects on the arithmetic of an op class on a GPU under a runtime, each with its weight."""
    line, kind = place.lineage, _as_run(kind, place, runtime)
    if _own_kernel(kind, runtime):
        return {}
    placed = (f"c@{line}", f"c/{kind.format}@{line}", f"c/{kind.compute}@{line}")
    apart = _apart(runtime, trains=trains)
    names = [f"c/{kind.compute}{apart}", f"c/{kind.compute}/{kind.format}{apart}", *placed]
    names += [f"{name}&{runtime.domain}" for name in placed]
    if place.kin and not runtime.domain:
        names += [f"c@{place.kin}", f"c/{kind.format}@{place.kin}", f"c/{kind.compute}@{place.kin}"]
    for stack in _teachers(kind, place, runtime):
        own = [] if _library(kind, runtime, trains=trains) else [f"c={stack}", f"c/{kind.compute}={stack}"]
        names += own[:1] if _own_kernel(kind, runtime) else own
        names += _kernels(kind, stack, runtime, trains=trains)
    ruling = ("c~throttle",) if kind.format == "plain" else ("c~throttle", "c~rate")
    pairs = [(law, getattr(place, _trait(law, kind))) for law in ruling]
    laws = [(f"{law}{where}", value) for law, value in pairs for where in ("", f"={runtime.kernels}")]
    return _weighted(names, [*laws, *_own_law(kind, place, runtime, workload)], trains=trains)


def _kernels(kind: OpClass, stack: str, runtime: Runtime, *, trains: bool) -> list[str]:
    """The effects on kernels that an engine or a trainer of language models picks by format, and of experts.

    In 16 and in 8 bits all call the same libraries for products, but for those of experts at inference: what
    SGLang's experts in FP8 taught made its dense products slower in FP8 than in 16 bits.
    """
    if not runtime.domain or (kind.format == "byte" and _library(kind, runtime, trains=trains)):
        return []
    found = [f"c/{kind.format}={stack}"] if kind.format in _NARROW else []
    if kind.compute == "experts" and not trains:
        found.append(f"c/{kind.compute}/{kind.format}={stack}")
    return found


def _library(kind: OpClass, runtime: Runtime, *, trains: bool) -> bool:
    """Whether a class is products for which servers call one library: of their own is a narrow format alone.

    What SGLang's experts taught of SGLang made its dense models slower. Programs for one user (llama.cpp,
    ExLlamaV2, gpt-fast) multiply with kernels of their own.
    """
    return kind.compute == "gemm" and bool(runtime.domain) and not (trains or runtime.one_user)


def _own_kernel(kind: OpClass, runtime: Runtime) -> bool:
    """Whether a class as it is run is a kernel that no measured row of its runtime had.

    llama.cpp multiplies quantised prompts as INT8 by kernels of its own since June 2024; its rows on file are
    of May, whose products were those of cuBLAS in 16 bits, of weights widened before.
    """
    return kind.format == "byte" and bool(runtime.integer)


def _own_law(kind: OpClass, place: Traits, runtime: Runtime, workload: str) -> list[tuple[str, float]]:
    """What a workload of frameworks has more of the law of the tensor rate, of a class as it is run."""
    if not workload or runtime.domain or kind.format == "plain":
        return []
    return [(f"c~rate/{workload}", getattr(place, _trait("c~rate", kind)))]


def _teachers(kind: OpClass, place: Traits, runtime: Runtime) -> tuple[str, ...]:
    """Whose rows teach of the arithmetic of a class: the runtime's, or those of one that calls its library.

    FP32 matrix products on plain units are as fast under one framework as under the next: what kernels for
    tensor cores taught of each says nothing of them. Convolutions on those (`plain conv` of `calls`) are the
    library's of a runtime that has none measured.
    """
    product = _PRODUCT.get(kind.compute, kind.compute)
    if kind.format == "plain" and product == "gemm" and not runtime.domain:
        return ()
    called = runtime.calls.get(f"{kind.format} {product}", runtime.calls.get(product))
    called = runtime.calls_on.get(place.lineage, {}).get(f"{kind.format} {product}", called)
    return runtimes()[called].stacks if called else runtime.stacks


def _apart(runtime: Runtime, *, trains: bool) -> str:
    """What sets an engine's classes apart from those of frameworks, whose products trainers run as well."""
    return f"&{runtime.domain}" if runtime.domain and not trains else ""


def _as_run(kind: OpClass, place: Traits, runtime: Runtime) -> OpClass:
    """The class of what is run.

    Engines have no classes of what belongs to a vocabulary; of experts they learnt how little of them keeps
    tensor cores busy, which says nothing of plain units. FP32 products are in TF32 where the runtime does
    that unasked and the GPU can, those of quantised weights in INT8, those of FP8 in 16 bits on a GPU without
    its units. Most traffic of maps that become channels-last is that of transpositions. Products of shaders,
    which say where units are `plain`, are no library's, of which 16-bit products told. Metal multiplies FP32
    as it does FP16, and not as cuDNN does.
    """
    if runtime.domain:
        compute, memory = (_IN_ENGINES.get(name, name) for name in (kind.compute, kind.memory))
        compute = "gemm" if compute == "experts" and not place.matrix else compute
        kind = kind._replace(compute=compute, memory=memory)
    if kind.memory in TURNED:
        op_by_op = not runtime.fuses and "cosine.half" in runtime.written
        kind = kind._replace(memory="turned" if op_by_op else TURNED[kind.memory])
    of = _PRODUCT.get(kind.compute, kind.compute)
    if of == "conv" and kind.format == "half" and place.kin and runtime.transposes:
        kind = kind._replace(memory="converted")
    if place.alike and kind.format == "plain" and of in ("gemm", "conv") and not runtime.domain:
        return kind._replace(format="half")
    if kind.format == "fp8":
        kind = kind._replace(format="byte" if place.fp8 else "half")
    if runtime.plain and kind.format in ("quantised", "half"):
        return kind._replace(format="plain")
    if kind.format == "quantised":
        kind = kind._replace(format="byte" if place.multiplies_as_stored(runtime.integer) else "half")
    unasked = kind.format == "plain" and place.tf32 and of in runtime.tf32
    return kind._replace(format="tf32") if unasked else kind


def memory_terms(kind: OpClass, place: Traits, runtime: Runtime, *, trains: bool) -> Terms:
    """The effects on the memory traffic of an op class on a GPU under a runtime."""
    kind = _as_run(kind, place, runtime)
    apart = _apart(runtime, trains=trains)
    plain = (f"m/{kind.memory}", f"m@{place.lineage}", f"m/{kind.memory}@{place.lineage}")
    names = [*(f"{name}{apart}" for name in plain), f"m%{place.memory}{apart}"]
    # That SMs unpack costs the more the more memory there is for each.
    four = apart and _in_four_bits(kind)
    laws = [(f"m/{kind.memory}/{kind.format}{apart}", place.behind)] if four else []
    if place.kin and not runtime.domain:
        names += [f"m@{place.kin}", f"m/{kind.memory}@{place.kin}"]
    for stack in runtime.stacks:
        names += (
            [f"m={stack}"] if kind.memory in runtime.replaced else [f"m={stack}", f"m/{kind.memory}={stack}"]
        )
        # A release reads its experts by kernels of its own, whatever it does for dense layers.
        own = kind.compute == "experts" and bool(runtime.domain) and not runtime.one_user and "+" in stack
        names += [f"m/experts={stack}"] if own else []
    return _weighted(names, laws, trains=trains)


def _in_four_bits(kind: OpClass) -> bool:
    """Whether a class is dense products in 4 bits, whose weights engines read at less of the bandwidth.

    Tokens of Llama 3.1 70B in NVFP4 on a B200 are 20 % slower than those of FP8 tell, under two engines, and
    the more so the fewer GPUs share the weights; experts in 4 bits, by kernels of their own, are not. It is
    taken for work of the SMs on what they read, which memory that is slow beside them hides (`behind`).
    """
    return kind.format == "nibble" and kind.compute == "gemm"


def launch_terms(workload: str, runtime: Runtime, *, trains: bool) -> Terms:
    """The effects on the time of a launch: a runtime's, and how many a workload fuses away."""
    phase = "+train" if trains else ""
    general = _weighted([f"l={stack}" for stack in runtime.stacks], (), trains=trains)
    return {**general, f"l/{workload}={runtime.kernels}{phase}": 1.0}


def workload_terms(
    workload: Workload,
    precision: str,
    runtime: Runtime,
    *,
    trains: bool,
    emulated: bool = False,
    tf32: bool = False,
    alike: bool = False,
    taught: Collection[str] = (),
) -> Terms:
    """The effects on the whole time of a workload: what its op list does not know of it.

    What networks of one family have in common under frameworks, one that was not measured has as well. Of
    two names for the same products, a job has the one whose effects rows `taught`.
    """
    phase, named = "+train" if trains else "", workload.architecture
    numbers = _multiplied(precision, runtime, emulated=emulated, tf32=tf32, alike=alike)
    if not runtime.domain and numbers in _TWINS:
        both = (numbers, _TWINS[numbers])
        names = [(one, f"w/{named}/{one}{end}{phase}") for end in (f"={runtime.kernels}", "") for one in both]
        numbers = next((one for one, name in names if name in taught), numbers)
    whats = (f"w/{named}", f"w/{named}/{numbers}")
    own = {f"{what}{where}{phase}": 1.0 for what in whats for where in ("", f"={runtime.kernels}")}
    if runtime.domain:
        return own
    return {**own, f"w@{workload.family}={runtime.kernels}{phase}": 1.0}


#: Mixed precision and 16 bits throughout run the same products under a framework.
_TWINS = {"amp-fp16": "fp16", "fp16": "amp-fp16"}


def _multiplied(precision: str, runtime: Runtime, *, emulated: bool, tf32: bool, alike: bool) -> str:
    """The format that a job's products are in, by which the effects of a workload are told apart.

    The two formats of 16 bits run on the same units, at the same rate and in the same kernels' shapes, but
    where BF16 is `emulated` in FP32. FP32 is TF32 where a GPU has that (`tf32`) and the runtime takes it for
    all products unasked, and FP16 where one multiplies both `alike` (Metal).
    """
    if emulated:
        return precision
    half = precision.replace("bf16", "fp16")
    if runtime.domain:
        return half
    if alike and precision == "fp32":
        return "fp16"
    if tf32 and precision == "fp32" and {"gemm", "conv", "attention"} <= {*runtime.tf32}:
        return "tf32"
    return half


def link_terms(workload: Workload, place: Traits, runtime: Runtime, gpus: float) -> Terms:
    """The effects on the rate of the link that joins `gpus` GPUs in data parallel.

    Over machines that is the network, whatever joins the GPUs of one. That of a workload stands for how often
    it exchanges gradients, which its op list does not say. Language models, whatever trains them, exchange in
    few large buckets, of which small networks under frameworks say nothing.
    """
    link = place.link(gpus)
    domain = runtime.domain or ("language" if is_language_model(workload) else "")
    apart = f"&{domain}" if domain else ""
    return {
        **{f"b%{link}{apart}{where}": 1.0 for where in ("", f"={runtime.kernels}")},
        f"b/{workload.architecture}": 1.0,
    }


def _weighted(names: Sequence[str], laws: Sequence[tuple[str, float]], *, trains: bool) -> Terms:
    plain = {**dict.fromkeys(names, 1.0), **{name: weight for name, weight in laws if weight}}
    return {**plain, **{f"{name}+train": weight for name, weight in plain.items()}} if trains else plain


class _Asked(NamedTuple):
    """Terms under a runtime and what else they hang on."""

    terms: Callable[..., Terms]
    runtime: Runtime
    trains: bool
    workload: str
    #: What was added up of them, whatever the workload is.
    added: dict[tuple[str, ...], tuple[float, dict[str, float]]]


def _narrowed(kinds: Sequence[OpClass]) -> list[OpClass]:
    """The same classes with dense products in 16 bits as those in 8 bits.

    A trainer's library multiplies both in the same tiles, which move as many bytes a clock at the peak of
    either: in 16 bits no smaller a share of it is reached, whatever rows of older GPUs say (`narrow_told`).
    """
    return [
        kind._replace(format="fp8") if (kind.compute, kind.format) == ("gemm", "half") else kind
        for kind in kinds
    ]


@immutable(slots=False)
class Fit:
    """Effects by name; those that are absent are zero."""

    effects: Mapping[str, float] = field(default_factory=dict)
    #: By what a sweep has in common, the factors on each GPU.
    _known: dict[Any, Factors] = field(default_factory=dict, init=False, repr=False, compare=False)
    #: By what terms hang on but the workload, what was added up of them.
    _added: dict[Any, dict[Any, Any]] = field(default_factory=dict, init=False, repr=False, compare=False)
    #: By the id of a runtime, what parts hang on of it.
    _met: dict[int, tuple[Runtime, tuple[Any, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def factor(self, terms: Terms) -> float:
        """The factor that these effects make together."""
        return math.exp(self._sum(terms))

    def compute(
        self, kinds: Sequence[OpClass], places: Sequence[Traits], runtime: Runtime, *, trains: bool,
        workload: str = "",
    ) -> Array:  # fmt: skip
        """Factors on arithmetic rates, (O, G, 1)."""
        # A workload without more of the law of its own is as any other.
        names = f"c~rate/{workload}", f"c~rate/{workload}+train"
        own = workload if any(name in self.effects for name in names) else ""
        found = self._grid(compute_terms, kinds, places, runtime, trains=trains, workload=own)
        if not (trains and runtime.domain):
            return found
        told = section("products")["narrow_told"]
        untold = np.array([place.lineage in told for place in places])[None, :, None]
        if not untold.any():
            return found
        narrow = self._grid(compute_terms, _narrowed(kinds), places, runtime, trains=trains, workload=own)
        return np.where(untold, np.maximum(found, narrow), found)

    def memory(
        self, kinds: Sequence[OpClass], places: Sequence[Traits], runtime: Runtime, *, trains: bool
    ) -> Array:
        """Factors on bandwidths, (O, G, 1)."""
        return self._grid(memory_terms, kinds, places, runtime, trains=trains)

    def launch(self, workload: str, devices: Devices, runtime: Runtime, *, trains: bool) -> Array:
        """Factors on the time of launches: (G, 1), or (1, J) of jobs each on a GPU of its own."""
        stacks = runtime.among(len(devices.gpus))
        found = {
            name: self.factor(launch_terms(workload, stack, trains=trains))
            for name, stack in {id(stack): stack for stack in stacks}.items()
        }
        return devices.along(np.array([[found[id(stack)]] for stack in stacks]))

    def links(self, workload: Workload, devices: Devices, runtime: Runtime, gpus: Array) -> Array:
        """Factors on the rate of links for each GPU and count, (G, J).

        Over machines an exchange passes through what joins the GPUs of one as well. Each link is used as it
        is known to be, and the slower of the two sets the pace.
        """
        counts = np.atleast_1d(np.asarray(gpus, dtype=np.float64)).ravel()
        places, stacks = devices.traits, runtime.among(len(devices.gpus))
        known: dict[tuple[Any, ...], float] = {}

        def read(g: int, n: float) -> float:
            place, stack = places[g], stacks[g]
            key = place.link(n), stack.kernels, stack.domain
            found = known.get(key)
            if found is None:
                found = known[key] = self.factor(link_terms(workload, place, stack, n))
            return found

        joins = devices.by_count(counts, read)
        if every(counts <= section("links")["node"]):
            return joins
        inside = devices.by_count(np.minimum(counts, section("links")["node"]), read)
        return np.minimum(joins, inside * quicker_inside(devices, counts))

    def _grid(
        self, terms: Callable[..., Terms], kinds: Sequence[OpClass], places: Sequence[Traits],
        runtime: Runtime, *, trains: bool, workload: str = "",
    ) -> Array:  # fmt: skip
        """The factor of each kind on each GPU, (O, G, 1)."""
        if not self.effects:
            return np.ones((1, len(places), 1))
        # All GPUs of a lineage and memory share their parts, and so do all sweeps: they are added up once.
        shared = terms, self._told_apart(runtime), trains
        key = *shared, workload
        if key not in self._known:
            added = self._added.setdefault(shared, {})
            asked = _Asked(terms, runtime, trains, workload, added)
            self._known[key] = Factors(partial(self._parts, asked))
        return self._known[key].grid(tuple(kinds), places)

    @cached_property
    def _lent(self) -> Lent:
        """The effects of releases that no row is of."""
        return Lent(self.effects)

    @cached_property
    def _stacks(self) -> frozenset[str]:
        """What runtimes are called in effects."""
        named = (name.partition("=")[2] for name in self.effects)
        return frozenset(name.removesuffix("+train") for name in named if name)

    def _told_apart(self, stack: Runtime) -> tuple[Any, ...]:
        """What of a runtime the parts hang on, which every pass of a sweep asks several times."""
        if id(stack) not in self._met:
            if len(self._met) >= KEPT:
                self._met.clear()
            # With the runtime, so that no other can have its id.
            self._met[id(stack)] = stack, self._read(stack)
        return self._met[id(stack)][1]

    def _read(self, stack: Runtime) -> tuple[Any, ...]:
        """The same: of marks that no effect has, what `_as_run` reads of them."""
        own = (stack.kernels, f"{stack.kernels}+{stack.id}")
        named = (one for one in stack.stacks if one in own or one in self._stacks or self._lent.has(one))
        read = stack.integer, stack.plain, stack.replaced, stack.transposes, stack.tf32, stack.domain
        called = tuple((on, *pairs.items()) for on, pairs in (("", stack.calls), *stack.calls_on.items()))
        return (*named, *read, called)

    def _parts(self, asked: _Asked, kind: OpClass, place: Traits) -> tuple[float, dict[str, float]]:
        """What the effects without a law add to the logarithm, and those with one for each trait."""
        terms, runtime, trains, workload, added = asked
        run = _as_run(kind, place, runtime)
        # Classes that differ in what these terms do not name have the same, and so have GPUs.
        own = (
            (run.memory, place.memory, _in_four_bits(run) and place.behind, run.compute == "experts")
            if terms is memory_terms
            else (run.compute, run.format)
        )
        key = *own, place.lineage, place.kin
        if key not in added:
            found = terms(kind, _unit(place), runtime, trains=trains)
            laws = {name: found.pop(name) for name in list(found) if "~" in name}
            added[key] = self._sum(found), self._slopes(laws, run, {})
        log, slopes = added[key]
        if not workload:
            return log, slopes
        more = _weighted((), _own_law(run, _unit(place), runtime, workload), trains=trains)
        return log, self._slopes(more, run, slopes)

    def _slopes(self, laws: Terms, run: OpClass, slopes: Mapping[str, float]) -> dict[str, float]:
        """What laws, of a class as it is run, add to the `slopes` by trait."""
        found = dict(slopes)
        for name, weight in laws.items():
            trait = _trait(_law(name), run)
            found[trait] = found.get(trait, 0.0) + weight * self.effects.get(name, 0.0)
        return found

    def _sum(self, terms: Terms) -> float:
        known = self.effects
        own = sum([weight * known[name] for name, weight in terms.items() if name in known])
        lent = [name for name in terms if "+" in name and name not in known]
        return own + sum([terms[name] * self._lent.value(name) for name in lent]) if lent else own


@lru_cache(maxsize=1024)
def _unit(place: Traits) -> Traits:
    """A GPU with a trait of 1 for each law: the weight of its effect is then what the trait multiplies."""
    return replace(place, throttle=1.0, plain=1.0, narrow=1.0, rate=1.0, rate_narrow=1.0)


@lru_cache(maxsize=1)
def fit() -> Fit:
    """The committed fit, `data/fits/effects.toml`; none before the first calibration."""
    return Fit(store.load("fits").get("effects", {}).get("effects", {}))

"""A software stack: what runs a job and what that changes. `runtimes` reads them from the data."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whichgpu.values import immutable

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping


@immutable
class Runtime:
    """One software stack; times in seconds, shares of peak and bandwidth as fractions.

    `tf32` names the op kinds whose FP32 products run in TF32 unasked where the GPU can. `micro_batch` is
    the tokens of a prompt that a pass takes at once, its weights widened where they are quantised; 0 for
    all. `narrow` products of FP16 accumulate in FP16; on chips that it `widens` they are FP32. One that
    `casts` keeps activations in FP32.
    On GPUs of the vendors and families in `integer` prompts multiply quantised weights as INT8; on those
    of `unpacks` kernels widen them on the way to the units, where others leave that to memory; on those of
    `plain`, architectures among them, products in 16 bits run at the rate of FP32. `replaced` are classes of
    memory traffic whose kernels no measured build had.
    `vector_bytes` and `vector_values` limit matrix-vector products: weights a clock and SM, as bytes and as
    quantised values of Q4_K_M; 0 for no such limit. `steps` is what a weight of the job's format takes,
    `scales` what 32 of them have (`Precision`).
    `routing` kernels send the tokens of a layer to their experts, and `quantising` ones narrow the
    activations of a product in 8 or 4 bits.
    An optimizer without "fused" in its name is `updates` kernels for each tensor of weights, by its name; of
    the host's time for a launch those of a stage of a pass take the share that `starts` has of it.
    `mixed_gradient` are the bytes of a gradient in mixed precision as GPUs exchange it, `gathered_fp8` those
    of a weight of FP8 products as its shards are gathered. `exact` is False where free text named no known
    stack and this is only the nearest. `marks` are what sets one use apart: a version, channels-last tensors,
    attention that is not fused. `like` is the id of a runtime whose kernels it runs: what the fit knows of
    that one holds. `shards` is what it shards over the
    replicas of a training where the job says nothing; with `splits_batch` a replica's batch goes through a
    pipeline one sequence at a time. `calls` is by kind of product the id of a runtime that calls the same
    library: what the fit knows of those kernels holds. What `reads` works on real data. With `casts_once`
    16-bit weights are kept from step to step; with `selects_attention` its selective checkpointing runs the
    scores of attention again, and no more; with `stops_early` its full one leaves the last product of a layer
    out
    (`workloads/checkpointing.py`);
    `exposed` is the share of the tensor-parallel exchange in training that no product hides; `left` is by
    kind of op the share of a fusable op's traffic that fusion leaves; `recipes` are options that published
    recipes of a version set (`asked` reads them). `language` is
    the id of what its makers run language models with, `trainer` of that whose kernels it trains them with,
    and `lengths` tokens of a prompt and its answer by
    workload, where a job of these states neither. `holds` is what sets its memory apart
    (`job_memory.py` reads it), `habits` the options and lengths that it assumes where a job states
    none: of any `training`, of `adapters`, of training on `several` GPUs, of an `inference`. `keeper` is
    the id with the marks that set its memory apart and not its time. One that `converts` makes maps
    channels-last for each convolution on 16-bit tensor cores, and back; one that `autotunes` times the
    algorithms of each and takes the fastest; one that `indexes_depthwise` has kernels of its own for
    depthwise ones of FP32 maps. One that `chains` fuses elementwise ops with each other and not with
    products, which are a library's.
    """

    id: str
    title: str
    vendors: tuple[str, ...]
    year: int
    launch: float
    gap: float
    fixed: float
    overlap: float
    fuses: bool
    flash: bool
    tf32: tuple[str, ...]
    products: Mapping[str, float]
    memory: Mapping[str, float]
    sequence: float
    default_precision: Mapping[str, str]
    #: Vendors on whose GPUs it runs as well, where no run of it was measured.
    unmeasured: tuple[str, ...] = ()
    #: The id of what runs its models where a job names nothing and it does not run on the GPU.
    elsewhere: str = ""
    #: By vendor, the id of what its programs become on that one's devices.
    through: Mapping[str, str] = field(default_factory=dict)
    #: The id of what runs a network under its name that is no pipeline of it.
    networks: str = ""
    #: What `runs` a network under its name that is a framework's layers one by one, where it infers
    #: pictures or encodes texts, and what of the next two its modules have then.
    layers: Mapping[str, Any] = field(default_factory=dict)
    #: Kernels more that its modules launch around attention which is written out, and which is one kernel.
    around_scores: float = 0.0
    around_attention: float = 0.0
    #: The same of what hears or speaks, where a name is of a library of language models as well (NeMo).
    sounds: str = ""
    #: The id of what makes pictures where a framework is all that is named.
    pipelines: str = ""
    #: By vendor or architecture, `gap` where it is another on its GPUs.
    gaps: Mapping[str, float] = field(default_factory=dict)
    #: By format, the `launch` where a library's own kernels unpack its weights.
    launches: Mapping[str, float] = field(default_factory=dict)
    #: By vendor, the rows of a tile of its kernel for experts, which takes one at least of each.
    expert_tile: Mapping[str, float] = field(default_factory=dict)
    #: The same of the sides of an expert's weights.
    expert_sides: Mapping[str, float] = field(default_factory=dict)
    #: By a name of it, the format in which that program loads models unless it is told otherwise.
    loads: Mapping[str, str] = field(default_factory=dict)
    #: The phase that it runs unless it is told otherwise, where that is not the workload's first.
    does: str = ""
    #: By a format, the one of its own in which it keeps such weights.
    stores: Mapping[str, str] = field(default_factory=dict)
    #: The same of weights that lie frozen beside adapters, and of a model that it trains whole.
    freezes: Mapping[str, str] = field(default_factory=dict)
    #: By the format of a model's own weights, what its files in 16 bits and in fewer are: experts stay in it.
    keeps: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    #: Families whose models it loads in FP32 to train them, whatever 16 bits are asked for.
    loads_wide: tuple[str, ...] = ()
    #: Whether it has no backward pass, so that another trains what is trained.
    infers: bool = False
    #: The id of what trains under its name, where that runs other kernels.
    backwards: str = ""
    #: What option `compile` adds to its text, which is then read as another use of it.
    compiles: str = "torch.compile"
    trains: Mapping[str, str] = field(default_factory=dict)
    domain: str = ""
    #: A norm still reduces once.
    left: Mapping[str, float] = field(default_factory=lambda: {"norm": 0.35, "pointwise": 0.0})
    #: By the name of an op, how often modules that write it op by op move what a kernel of its own would.
    written: Mapping[str, float] = field(default_factory=dict)
    recipes: tuple[Mapping[str, Any], ...] = ()
    like: str = ""
    known_as: str = ""
    language: str = ""
    trainer: str = ""
    scheduler: Mapping[str, Any] = field(default_factory=dict)
    lengths: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    chains: bool = False
    #: Whether its products take turns with elementwise kernels though it fuses most of them.
    alternates: bool = False
    #: One that `chains` has a convolution's bias, and the function behind it, at the end of the convolution.
    ends_products: bool = False
    #: Whether all rows of what sets it apart are of one source.
    one_source: bool = False
    converts: bool = False
    autotunes: bool = False
    indexes_depthwise: bool = False
    #: FP16 pipelines decode in FP32 where the autoencoder says so (`upcasts`).
    decodes_wide: bool = False
    #: B of gradients that replicas add up at once.
    bucket_bytes: float = 0.0
    shards: str = ""
    splits_batch: bool = False
    calls: Mapping[str, str] = field(default_factory=dict)
    #: The same by lineage of GPUs, where an engine calls other kernels there.
    calls_on: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reads: bool = False
    casts_once: bool = False
    selects_attention: bool = False
    stops_early: bool = False
    #: It usually serves one user, one request at a time.
    one_user: bool = False
    exposed: float = 1.0
    #: Parts of its pipelines may have a layer more than others.
    uneven_parts: bool = False
    #: A training sends each copy of a token to its expert by itself, several to one GPU.
    sends_copies: bool = False
    #: B moved of a value as a training lays tokens out for experts on other GPUs, beside what it sends of it.
    lays_out: float = 0.0
    #: A compiler that sends what replicas exchange beside their passes, as its users tell it to.
    sends_beside: bool = False
    #: Replicas exchange when the last backward pass of a step is over, beside no work.
    exchanges_after: bool = False
    #: Experts that drop tokens are not padded either, so that the host waits to learn how many each one got.
    counts_dropped: bool = False
    #: Experts that it deals out over machines get all tokens, as those of one machine do.
    gathers: bool = False
    #: Groups of data-parallel attention begin prompts together, and wait until each of them has one.
    balances: bool = False
    #: Seconds of the host for a kernel of a prompt's pass, which no graph holds.
    eager: float = 0.0
    #: The same without latent attention and experts in 8 bits, where it is shorter; 0 where it is the same.
    eager_plain: float = 0.0
    #: Whether all tokens wait for that.
    stalls: bool = False
    #: The row of `[serving.engine]` that says how it orders prompts and tokens, if not that of its kernels.
    order: str = ""
    #: Seconds that the GPU waits between two passes where the host schedules the next one while one runs,
    #: whose `fixed` and `sequence` are beside it then; 0 where host and GPU take turns.
    ahead: float = 0.0
    #: Seconds that the host loses in each pass for every GPU of a group, in one machine, beside the first.
    rank: float = 0.0
    #: Tokens of a pass up to which each GPU of an all-reduce gets what all the others hold, at once.
    one_shot: float = 0.0
    #: Seconds for which a GPU of such an all-reduce waits for each other one, if not as long as of any other.
    one_shot_peer: float = 0.0
    #: Share of `fixed`, `sequence` and `rank` that is left without a server around the engine.
    serverless: float = 1.0
    #: Whether it does so where there are stages as well.
    stages_ahead: bool = False
    #: Efficiency lost with each doubling of the replicas that infer in one program, pass by pass.
    lockstep: float = 0.0
    #: The same of replicas that train networks with batch norms in 16 bits on tensor cores.
    norms_wait: float = 0.0
    updates: Mapping[str, float] = field(default_factory=dict)
    starts: Mapping[str, float] = field(default_factory=dict)
    #: By stage, kernels of an expert's turn for each of its products, where modules loop over experts.
    turns: Mapping[str, float] = field(default_factory=dict)
    undated: Mapping[str, str] = field(default_factory=dict)
    mixed_gradient: float = 4.0
    gathered_fp8: float = 2.0
    micro_batch: float = 0.0
    narrow: bool = False
    #: Phases whose products are kernels of its own that sum in FP32 all the same.
    sums_wide: tuple[str, ...] = ()
    casts: bool = False
    widens: tuple[str, ...] = ()
    integer: tuple[str, ...] = ()
    unpacks: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    #: Families on whose tensor cores its library has no 16-bit product whose sides are no multiples of eight.
    aligned: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    #: Beginnings of the names of layers in INT8 whose maps stay on the chip: one kernel computes them all.
    on_chip: tuple[str, ...] = ()
    #: Vendors and architectures on whose GPUs attention is not fused, whatever it is elsewhere.
    unfused: tuple[str, ...] = ()
    #: How an engine's kernels widen narrow weights, where not as Marlin's (`cost/kernels/_widening.py`).
    widens_in: Mapping[str, float] = field(default_factory=dict)
    vector_bytes: float = 0.0
    vector_values: float = 0.0
    steps: tuple[float, float] = (0.0, 0.0)
    scales: float = 1.0
    routing: float = 1.0
    #: By architecture, `routing` where other kernels run on its GPUs.
    routings: Mapping[str, float] = field(default_factory=dict)
    #: Experts in 16 bits whose kernels on these are its own: "all", those of a "corrected" choice, or none.
    own_half: str = ""
    #: Whether gated experts in FP8 of a corrected choice are its own there where attention has no latents.
    own_bytes: bool = False
    #: Kernels more that choose experts by corrected scores where no one kernel does; of how many one does.
    choosing: float = 0.0
    chosen_at_once: tuple[float, ...] = ()
    #: Kernels more of a norm over the heads of all GPUs, whose sums of squares are added up in between.
    across: float = 0.0
    #: Values of a narrow side at which the weights of an expert take twice as long to read.
    expert_side: float = 0.0
    #: By vendor, times that experts' products take over those of tuned kernels, which words of a text name.
    untuned: Mapping[str, float] = field(default_factory=dict)
    tuned: tuple[str, ...] = ()
    quantising: float = 0.0
    biases: float = 0.0
    #: The same in models without experts, where that is stated apart.
    quantising_dense: float = 0.0
    #: The same beside each product of experts in 8 bits, where they are no part of kernels for experts.
    quantising_experts: float = 0.0
    #: Whether its attention is held up by exponentials, and no more by how products wait for them.
    overlaps_softmax: bool = False
    #: By lineage, the rate in training of the attention that its text names beside it, over that of its own.
    attends: Mapping[str, float] = field(default_factory=dict)
    #: Sizes of the groups whose heads share what a token's attention reads of the cache; None for any size.
    shared_by: tuple[int, ...] | None = None
    exact: bool = True
    marks: tuple[str, ...] = ()
    #: Of these, those that change what runs, and not only its name.
    changed: tuple[str, ...] = ()
    holds: Mapping[str, Any] = field(default_factory=dict)
    habits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    keeper: str = ""
    #: What it is in `data/software/`, the releases that are meant, and the text that named it.
    software: str = ""
    release: str = ""
    said: str = field(default="", compare=False)
    #: Of jobs in FP16 and BF16 that are one sweep, which FP16 stands for, the format of those that it runs.
    half: str = ""
    #: Of several that are `joined`, the one on each GPU of a sweep.
    each: tuple[Runtime, ...] = ()
    #: Those of `each` that are not the same, and which of them each job is under, (J,).
    several: tuple[Runtime, ...] = field(default=(), compare=False)
    which: Any = field(default=None, compare=False)

    @property
    def brain(self) -> bool:
        """Whether FP16 stands for BF16 in the ops of the jobs that it runs."""
        return self.half.endswith("bf16")

    @property
    def kernels(self) -> str:
        """The id of the runtime that the fit knows it as."""
        return self.known_as or self.like or self.id

    @property
    def stacks(self) -> tuple[str, ...]:
        """What the fit knows it as, then that with what sets it apart: `pytorch-2`, `pytorch-2+nhwc`."""
        between = (self.like,) if self.known_as and self.like else ()
        apart = (*between, *((self.id,) if self.kernels != self.id else ()), *self.marks)
        return (self.kernels, *(f"{self.kernels}+{mark}" for mark in apart))

    @property
    def transposes(self) -> bool:
        """Whether it `converts` maps, which are not channels-last already."""
        return self.converts and "nhwc" not in self.marks

    @property
    def specialised(self) -> bool:
        """Whether it is for language models alone: a framework may train them as one that is does."""
        return bool(self.domain) and not self.framework

    @property
    def framework(self) -> bool:
        """Whether it is a framework that trains a language model with the kernels of a trainer."""
        return bool(self.holds.get("framework"))

    def recomputes(self, *, experts: bool) -> bool:
        """Whether its recipes recompute as much as a card needs, of any model or of `experts` alone."""
        known = self.holds.get("recomputes", False)
        return experts if known == "experts" else bool(known)

    def among(self, count: int) -> tuple[Runtime, ...]:
        """What runs on each of so many GPUs."""
        return self.each or (self,) * count

    def unasked(self, kind: str) -> bool | tuple[bool, ...]:
        """Whether FP32 products of a kind run in TF32 unasked; of each where joined runtimes differ."""
        if len({kind in one.tf32 for one in self.several or (self,)}) == 1:
            return kind in (self.several or (self,))[0].tf32
        return tuple(kind in one.tf32 for one in self.each)

    def read(self, one: Callable[[Runtime], float | bool]) -> Any:
        """What is read of it; of each job's own, (J,), where several are joined."""
        return np.array([one(stack) for stack in self.several])[self.which] if self.several else one(self)

    def marked(self, *marks: str) -> Runtime:
        """The same runtime with more marks: what sets one use of it apart, as other kernels run."""
        return replace(self, marks=(*self.marks, *marks))


#: Of what is made of runtimes, how much is kept.
_MADE = 1024


def kept(make: Callable[..., Runtime]) -> Callable[..., Runtime]:
    """The same function of a runtime and what hangs on it: what it makes of one runtime is one object.

    Runtimes can be no keys, and to find equal ones among those of thousands of jobs takes longer.
    """
    known: dict[tuple[Hashable, ...], tuple[Runtime, Runtime]] = {}

    def of(stack: Runtime, *more: Hashable) -> Runtime:
        key = id(stack), *more
        found = known.get(key)
        if found is None:
            if len(known) >= _MADE:
                known.pop(next(iter(known)), None)
            # With the runtime itself, so that no other can have its id.
            found = known[key] = stack, make(stack, *more)
        return found[1]

    return of


@kept
def summing(stack: Runtime, phase: str) -> Runtime:
    """A runtime as it sums products in a phase."""
    return replace(stack, narrow=False) if phase in stack.sums_wide else stack

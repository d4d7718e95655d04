"""What of the exchange of a training step lies beside work, and under which software."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from whichgpu import api
from whichgpu.cost.breakdown import breakdown
from whichgpu.cost.estimate import estimate
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.parallel.exchange import exchanges, shown_at_end
from whichgpu.hardware.catalogue import catalogue
from whichgpu.workloads.job import Job

if TYPE_CHECKING:
    from whichgpu.cost.answers import Estimate
    from whichgpu.cost.parallel.distributed import Step

GPUS = catalogue()
H100 = "h100-80gb-sxm"


def test_weights_are_gathered_beside_the_first_forward_pass() -> None:
    micro, last = np.array([0.3]), np.array([0.1])
    half = float(shown_at_end(micro, last, 0.0, 0.5)[0])
    assert half == pytest.approx((0.04 + 0.05**2) ** 0.5 - 0.2 + (0.01 + 0.05**2) ** 0.5 - 0.1)
    # All of it is weights: a third of the pass hides them, where two thirds hide gradients.
    assert float(shown_at_end(micro, last, 0.0, 1.0)[0]) == pytest.approx((0.01 + 0.01) ** 0.5 - 0.1)


def test_an_interleaved_pipeline_has_all_its_last_passes_beside_the_exchange() -> None:
    """Gradients of a group of layers are whole when the micro-batches have been through it once more."""
    job = Job("llama-3-70b", phase="pretrain", precision="bf16", runtime="megatron", batch=1.0, seq_len=8e3,
              n_gpus=64.0, tp=4.0, pp=4.0)  # fmt: skip

    def step(**options: str) -> Step:
        made = lay_out(replace(job, options=options), [GPUS[H100]]).gradients
        assert made is not None
        return made

    plain, cut, few = (
        step(global_batch="128"), step(global_batch="128", vp="5"), step(global_batch="4", vp="5")
    )  # fmt: skip
    assert [float(np.ravel(one.beside)[0]) for one in (plain, cut, few)] == pytest.approx([1.0, 3.4, 1.0])
    # ZeRO 1 sends 16 bits of a gradient and gathers 16 of a weight.
    assert float(np.ravel(plain.gathered)[0]) == pytest.approx(0.5)


def test_stages_that_would_wait_long_are_interleaved_where_nobody_says_how_they_are_cut() -> None:
    """Llama 3.1 405B on 16,384 H100, 16 micro-batches of 16 stages: 41 % of the peak (Llama 3, table 4)."""
    job = Job("llama-3.1-405b", phase="pretrain", precision="bf16", runtime="Megatron-LM", batch=1.0,
              seq_len=8192.0, n_gpus=16384.0, tp=8.0, pp=16.0, options={"global_batch": "2048"})  # fmt: skip

    def told(**options: str) -> Estimate:
        return estimate(replace(job, options={**job.options, **options}), [GPUS[H100]]).at(0, 0)

    open_, cut, whole = told(), told(vp="8"), told(vp="1")
    assert open_.throughput == cut.throughput
    assert open_.throughput.mid > 1.5 * whole.throughput.mid
    assert any("vp was not given: stages are cut into 8 groups" in text for text in open_.warnings)
    # In a sweep it is what it is alone.
    several = replace(job, n_gpus=np.array([16384.0, 1024.0]))
    alone = [replace(job, n_gpus=n) for n in (16384.0, 1024.0)]
    rates = [estimate(one, [GPUS[H100]]).throughput[0, 0] for one in alone]
    assert estimate(several, [GPUS[H100]]).throughput[0] == pytest.approx(rates)
    # With many micro-batches, or none stated, and under PyTorch's pipelines nothing is taken.
    for other in (
        told(global_batch="16384"),
        estimate(replace(job, options={}), [GPUS[H100]]).at(0, 0),
        estimate(replace(job, runtime="torchtitan"), [GPUS[H100]]).at(0, 0),
    ):
        assert not any("vp was not given" in text for text in other.warnings)


@pytest.mark.parametrize(
    ("workload", "gpu", "hidden"),
    [("llama-2-7b", "tpu-v4", True), ("resnet50", "tpu-v4", False), ("llama-2-7b", H100, False)],
)
def test_programs_for_tpus_have_their_exchange_beside_the_pass(workload: str, gpu: str, hidden: bool) -> None:
    """Of a language model; on GPUs XLA does so by a flag, and of other networks no sharded run is on file."""
    job = Job(workload, phase="train", precision="bf16", runtime="JAX", batch=1.0, n_gpus=16.0,
              options={"sharding": "fsdp"})  # fmt: skip
    made = lay_out(job, [GPUS[gpu]])
    assert made.gradients is not None
    beside, last = exchanges(made.gradients, 16.0, made.devices)
    assert (beside.item() > 0.0, last.item() > 0.0) == (hidden, not hidden)


@pytest.mark.parametrize("stack", ["llm-foundry", "torchtitan", "torchtune", "Axolotl", "LLaMA-Factory"])
@pytest.mark.parametrize("gpu", ["gaudi2", "tpu-v5p", "max-1550", "mi300x"])
def test_trainers_in_pytorch_run_where_pytorch_does(stack: str, gpu: str) -> None:
    job = Job("llama-2-7b", phase="pretrain", precision="bf16", runtime=stack, batch=1.0, seq_len=2048.0,
              n_gpus=16.0, options={"sharding": "fsdp", "checkpointing": "full"})  # fmt: skip
    assert estimate(job, [GPUS[gpu]]).throughput[0, 0] > 0.0


@pytest.mark.parametrize(
    ("stack", "gpu", "said"),
    [
        (
            "Megatron-LM",
            "mi300x",
            "Megatron-LM / Transformer Engine on mi300x is taken as Megatron-LM / Transformer Engine on ROCm",
        ),
        ("torchtitan", "gaudi2", "torchtitan on gaudi2 is taken as Gaudi's graph compiler"),
        ("Megatron-LM", H100, ""),
    ],
)
def test_software_that_reaches_a_gpu_through_another_is_said_to(
    stack: str, gpu: str, said: str, whichgpu: Any
) -> None:
    columns: dict[str, Any] = {"phase": "pretrain", "precision": "bf16", "batch": 1, "seq_len": 2048}
    found = api.predict("llama-3-8b", f"{gpu}:8", runtime=stack, options={"sharding": "fsdp"}, **columns)
    told = whichgpu(
        "predict", "llama-3-8b", "--gpu", f"{gpu}:8", "--phase", "pretrain", "--precision", "bf16", "--batch",
        "1", "--seq-len", "2048", "--runtime", stack, "--option", "sharding=fsdp", "--json",
    )  # fmt: skip
    for warnings in (found.warnings, told.json["warnings"]):
        taken = [text for text in warnings if "is taken as" in text]
        assert len(taken) == bool(said)
        assert all(text.startswith(said) for text in taken)


def test_megatrons_own_scripts_hide_no_exchange_of_tensor_parallelism_unasked() -> None:
    """`--tp-comm-overlap` is off in megatron/training/arguments.py, and on in NeMo's performance recipes."""
    job = Job("llama-3-8b", phase="pretrain", precision="bf16", batch=1.0, seq_len=8192.0, n_gpus=8.0, tp=4.0,
              options={"global_batch": "64"})  # fmt: skip

    def shown(runtime: str, **options: str) -> float:
        one = replace(job, runtime=runtime, options={**job.options, **options})
        return float(breakdown(one, [GPUS[H100]]).at(0, 0)["tensor"]["seconds"])

    plain, recipe = shown("Megatron-LM"), shown("NeMo 24.07")
    assert plain == pytest.approx(recipe / 0.35)
    assert shown("Megatron-Core 0.6") == plain
    asked = (shown("Megatron-LM --tp-comm-overlap"), shown("Megatron-LM", tp_overlap="true"))
    assert asked == pytest.approx((recipe, recipe))
    assert shown("NeMo 24.07", tp_overlap="false") == pytest.approx(plain)
    # Under PyTorch's trainers nothing hides it either, unless they are told to.
    assert shown("torchtitan") > shown("torchtitan", tp_overlap="true") > 0.0


@pytest.mark.parametrize(
    ("runtime", "after"),
    [
        ("Megatron-LM 2023-06", True), ("Megatron-LM June 2023", True), ("Megatron-LM 2022", True),
        ("Megatron-LM 2023-11", False), ("Megatron-LM", False), ("NeMo 2023-06", False),
    ],
)  # fmt: skip
def test_megatron_before_september_2023_exchanges_when_its_passes_are_over(runtime: str, after: bool) -> None:
    """Nothing was overlapped (NVIDIA/Megatron-LM issue 391, June 2023) before --overlap-grad-reduce."""
    job = Job("llama-2-13b", phase="pretrain", precision="bf16", runtime=runtime, batch=1.0, seq_len=2048.0,
              n_gpus=256.0, tp=2.0, options={"global_batch": "2048", "network": "800Gbit/s"})  # fmt: skip
    gpu = [GPUS["a100-80gb-sxm"]]
    step = lay_out(job, gpu).gradients
    assert step is not None
    assert (float(np.ravel(step.late)[0]), float(np.ravel(step.gathered)[0]) > 0.0) == (
        float(after),
        not after,
    )
    parts = breakdown(job, gpu).at(0, 0)
    assert (parts["gradients"]["hidden"] == 0.0) is after


def test_plain_megatron_sends_gradients_as_wide_as_it_adds_them_up() -> None:
    job = Job("llama-2-13b", phase="pretrain", precision="bf16", batch=1.0, seq_len=2048.0, n_gpus=256.0,
              tp=2.0, options={"global_batch": "2048"})  # fmt: skip

    def sent(runtime: str) -> float:
        step = lay_out(replace(job, runtime=runtime), [GPUS[H100]]).gradients
        assert step is not None
        return float(np.ravel(step.exchanged)[0] / np.ravel(step.held)[0])

    # Beside 16 bits of each weight that is gathered.
    told = [sent(f"Megatron-{said}") for said in ("LM", "LM --grad-reduce-in-bf16", "Bridge 26.04")]
    assert told == pytest.approx([6.0, 4.0, 4.0])

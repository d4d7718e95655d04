"""What several GPUs keep of one layer: inputs that are gathered, and batches of published recipes."""

import numpy as np
import pytest
from memory_jobs import GIB, laid, parts

from whichgpu import api
from whichgpu.cost.job.settling import settle
from whichgpu.cost.job.training_step import trained_step
from whichgpu.cost.memory import job_memory
from whichgpu.cost.memory.totals import OUTSIDE
from whichgpu.workloads.job import Job

TOKENS = {"phase": "pretrain", "precision": "bf16", "seq_len": 4096.0, "n_gpus": 8.0, "tp": 8.0}


def kept(runtime: str, tp: float = 8.0, **options: str) -> float:
    job = {**TOKENS, "tp": tp, "batch": 8.0, "options": {"checkpointing": "none", **options}}
    return float(parts("llama-2-7b", runtime=runtime, **job)["activations"])


def test_a_pipeline_hands_back_the_logits_of_a_round_and_meshes_of_a_sweep_keep_their_own() -> None:
    """Of eight micro-batches that fill a pipeline together, however many such batches a step is of."""
    job = {"phase": "pretrain", "precision": "bf16", "seq_len": 4096.0, "batch": 8.0, "runtime": "torchtitan"}

    def held(tp, pp, steps: int):
        options = {"checkpointing": "full", "sharding": "fsdp", "grad_accum": f"{steps}"}
        gpus = np.full(np.shape(tp), 16.0) if np.ndim(tp) else 16.0
        return laid("llama-3-8b", **job, n_gpus=gpus, tp=tp, pp=pp, options=options).parts

    once, often = (float(np.ravel(held(1.0, 8.0, steps)["logits"])[0]) for steps in (1, 64))
    assert often == once
    together = held(np.array([2.0, 1.0]), np.array([1.0, 8.0]), 4)
    for place, one in enumerate((held(2.0, 1.0, 4), held(1.0, 8.0, 4))):
        for name in ("gathered_layers", "logits"):
            each = np.broadcast_to(np.ravel(together[name]), (2,))[place]
            assert float(each) == pytest.approx(float(np.ravel(one[name])[0]))


@pytest.mark.parametrize("runtime", ["nanotron", "torchtitan"])
def test_what_column_products_read_is_gathered_and_kept(runtime: str):
    """Two inputs a layer, of attention and of the MLP, and the head's in 16 bits: whole on each GPU."""
    shared = kept(runtime, tp=1.0) / 8.0
    inputs = (2 * 32 + 1) * 8 * 4096 * 4096 * 2
    assert kept(runtime) - shared == pytest.approx(inputs * 7 / 8, rel=0.12)  # of what `kept` is fitted to
    assert kept(runtime) < kept(runtime, sequence_parallel="false")
    assert kept("Megatron-LM") == pytest.approx(kept("Megatron-LM", tp=1.0) / 8.0, rel=0.01)


def test_a_layer_that_runs_again_gathers_again():
    full = kept("nanotron", checkpointing="full")
    assert full < 0.1 * kept("nanotron")


def test_nanotron_keeps_fp32_gradients_and_copies_beside_16_bits():
    """2 + 4 B of weights and gradients on each GPU, 4 + 8 over the replicas (ZeRO 1)."""
    job = {**TOKENS, "tp": 1.0, "batch": 1.0}
    found = parts("llama-2-7b", runtime="nanotron", **job)
    states = sum(found[name] for name in ("weights", "gradients", "optimizer"))
    assert states == pytest.approx((6 + 12 / 8) * 6.738e9, rel=0.01)


def test_llm_c_has_16_bytes_of_states_and_logits_in_place():
    job = {"phase": "pretrain", "precision": "bf16", "batch": 16.0, "seq_len": 1024.0}
    found = parts("gpt2-xl", runtime="llm.c", **job)
    states = sum(found[name] for name in ("weights", "gradients", "optimizer"))
    assert states == pytest.approx(16 * 1.5576e9, rel=0.01)
    assert found["logits"] / GIB == pytest.approx(2 * 16 * 1024 * 50257 / GIB, rel=0.05)


def test_a_recipe_s_batch_is_not_held_against_a_larger_one_that_is_asked_for():
    """nanoGPT's script makes 480 sequences a step; of 64 on each of eight GPUs it was refused for them."""
    job = {"gpu": "a100-80gb-sxm", "n_gpus": 8, "phase": "train", "runtime": "nanoGPT"}
    assert "global_batch" not in api.predict("gpt2", batch=64, **job).job.options
    assert api.predict("gpt2", batch=60, **job).job.options["global_batch"] == "480"


def test_maxtext_runs_layers_again_and_shards_as_its_base_configuration_says():
    """AMD's guide: Llama 3 70B on eight MI300X, 7 x 8,192 tokens, weights in BF16, remat_policy full."""
    job = {"phase": "pretrain", "precision": "bf16", "batch": 7.0, "seq_len": 8192.0, "n_gpus": 8.0}
    narrow, wide = (
        parts("llama-3-70b", runtime=f"MaxText{said}", **job) for said in (" weight_dtype=bfloat16", "")
    )
    assert sum(narrow.values()) < 192 * GIB
    states = [sum(found[name] for name in ("weights", "gradients", "optimizer")) for found in (narrow, wide)]
    assert states == pytest.approx([8 * 70.55e9 / 8, 16 * 70.55e9 / 8], rel=0.01)
    stated = {**job, "options": {"checkpointing": "full"}, "runtime": "MaxText weight_dtype=bfloat16"}
    assert narrow["activations"] == parts("llama-3-70b", **stated)["activations"]


@pytest.mark.parametrize(
    ("name", "runtime"),
    [("verl", "transformers"), ("xtuner", "transformers"), ("fluxgym", "diffusers"), ("MaxText", "xla")],
)
def test_programs_that_train_are_known_by_their_names(name: str, runtime: str):
    workload = "flux.1-dev" if runtime == "diffusers" else "llama-3-8b"
    done = settle(Job(workload, phase="finetune_lora", runtime=name))
    assert done.runtime.exact
    assert done.runtime.id == runtime


#: Golden values of dev_dgx_h100 in NVIDIA/Megatron-LM, functional tests of Mixtral: where a run was, bytes
#: that the last rank allocates at the most, and of its states between steps.
GOLDEN = (
    ("mixtral-8x22b", 128.0, {"tp": 2.0, "pp": 8.0}, {"moe_tp": "2"}, 28_533_706_752, 23_002_929_152),
    ("mixtral-8x7b", 64.0, {"tp": 2.0, "pp": 4.0}, {"moe_tp": "1", "vp": "8"}, 35_508_408_320,
     19_743_387_648),
)  # fmt: skip


def test_the_last_stage_of_megatrons_own_tests():
    for name, gpus, mesh, options, most, between in GOLDEN:
        job = Job(
            name, phase="train", precision="bf16", batch=1.0, seq_len=4096.0, n_gpus=gpus, **mesh,
            runtime="Megatron-LM Transformer Engine",
            options={"global_batch": "256", "ep": "8", "checkpointing": "none", **options},
        )  # fmt: skip
        settled = settle(job)
        done, whole, own, step = trained_step(settled.workload, settled.job, settled.runtime)
        found, _ = job_memory.training(
            settled.workload, done, settled.runtime, step, whole=whole, own=own,
            available=np.array([80 * GIB]), stages=np.array([mesh["pp"] - 1.0]),
        )  # fmt: skip
        sizes = {part: float(np.ravel(size)[0]) for part, size in found.items()}
        tensors = sum(size for part, size in sizes.items() if part not in OUTSIDE)
        assert tensors == pytest.approx(most, rel=0.03), name
        states = sum(sizes[part] for part in ("weights", "gradients", "optimizer"))
        assert states == pytest.approx(between, rel=0.06), name

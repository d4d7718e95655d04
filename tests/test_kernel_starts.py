"""Kernels that a runtime starts, and what sets their pace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from kernel_runs import GPUS, laid, seconds

from whichgpu.cost.calibration.effects import Fit, fit
from whichgpu.cost.estimate import finish
from whichgpu.cost.job.layout import lay_out
from whichgpu.cost.kernels.attention import score_passes
from whichgpu.cost.kernels.elementwise import passes
from whichgpu.cost.timing.time import evaluate, limits, paced
from whichgpu.errors import UsageError
from whichgpu.workloads.job import Job


def test_attention_that_is_written_out_is_four_kernels() -> None:
    def kernels(text: str) -> float:
        job = laid("vit-base-patch16-224", "rtx-3090", phase="infer", precision="fp16", runtime=text)
        (one,) = (each for each in job.work.kernels if each.table.kind == "attention")
        return float((one.table.count * one.launched).sum())

    assert kernels("PyTorch 2.4") == kernels("TensorRT") == 12.0
    assert kernels("PyTorch 1.10") == 4.0 * 12.0


def through(workload: str, text: str, **job) -> float:
    """How often the scores of a training's attention go through memory, forward."""
    whole = laid(workload, "v100-32gb-sxm", phase="train", runtime=text, **job).work
    (one,) = {
        float(score_passes(each.table, whole.runtime)[place, 0, 0])
        for each in whole.kernels if each.table.kind == "attention"
        for place, op in enumerate(each.table.ops) if op.stage == "forward"
    }  # fmt: skip
    return one


def test_scores_that_are_written_out_go_through_memory_for_each_op_between_the_products() -> None:
    """A product writes them, a softmax reads and writes, a product reads; texts are scaled and masked."""
    vit, bert = "vit-base-patch16-224", "bert-base"
    assert through(vit, "PyTorch 1.10", precision="fp16") == 4.0
    assert through(bert, "PyTorch 1.10", precision="fp16") == 8.0
    # Autocast has them in FP32 behind the softmax, and narrows them; apex's O2 does not.
    assert through(vit, "PyTorch 1.10", precision="amp-fp16") == 8.0
    assert through(bert, "PyTorch 1.10", precision="amp-fp16") == 12.0
    assert through(bert, "PyTorch 1.10 NGC 21.10", precision="amp-fp16") == 8.0
    # torch.compile has all of that in the kernel of the softmax, and a fused kernel keeps none.
    written = {"precision": "amp-bf16", "options": {"flash_attention": "false"}}
    assert through("gpt2", "PyTorch 2.3", **written) == 12.0
    assert through("gpt2", "PyTorch 2.3 torch.compile", **written) == 4.0
    assert through("gpt2", "PyTorch 2.3", precision="amp-bf16") == 0.0
    # PyTorch 1 has no fused attention for Transformers to call.
    assert through(bert, "Transformers 4.30 PyTorch 1.13", precision="fp32") == 8.0
    assert through(bert, "Transformers 4.30 PyTorch 1.13 xformers", precision="fp32") == 0.0


def moved_by_optimizer(text: str, optimizer: str) -> float:
    """Bytes that an optimizer moves of a weight in FP32."""
    whole = laid("bert-base", "v100-32gb-sxm", phase="train", precision="fp32", runtime=text,
                 options={"optimizer": optimizer}).work  # fmt: skip
    for one in whole.kernels:
        for place, op in enumerate(one.table.ops):
            if op.kind == "optimizer":
                left = np.broadcast_to(passes(one.table, whole.runtime), (len(one.table.ops), 1, 1))
                bytes_ = float(one.table.activation_bytes[place, 0, 0] * left[place, 0, 0])
                return bytes_ / float(op.dims["elements"])
    raise AssertionError("no optimizer")


def test_an_optimizer_without_a_kernel_of_its_own_moves_what_each_of_its_sums_does() -> None:
    assert moved_by_optimizer("PyTorch 1.10", "adamw") == pytest.approx(92.0, rel=0.01)
    assert moved_by_optimizer("Transformers 4.20 PyTorch 1.12", "adamw") == pytest.approx(92.0, rel=0.01)
    assert moved_by_optimizer("PyTorch 1.10", "sgd") == pytest.approx(48.0, rel=0.01)
    # Lists of tensors spare launches alone; one kernel moves weight, gradient and states once.
    assert moved_by_optimizer("PyTorch 2.4", "adamw") == pytest.approx(80.0, rel=0.01)
    for text, name in [("PyTorch 2.4", "adamw-fused"), ("PyTorch 1.10 NGC 21.10", "adam"),
                       ("TensorFlow 2.4", "adam"), ("PyTorch 2.4 DeepSpeed", "adamw")]:  # fmt: skip
        assert moved_by_optimizer(text, name) == pytest.approx(28.0), (text, name)


def test_an_odd_vocabulary_leaves_tensor_cores_half_fed() -> None:
    """GPT-2 has 50,257 tokens: rows of logits begin at any two bytes, unless who runs it pads them."""

    def logits(text: str, precision: str = "amp-bf16") -> float:
        whole = laid(
            "gpt2", "a100-80gb-sxm", phase="train", precision=precision, runtime=text, batch=8.0
        ).work
        return sum(
            float(limits(one, whole, Fit({}))[0][place, 0, 0])
            for one in whole.kernels if one.table.kind == "gemm"
            for place, op in enumerate(one.table.ops) if op.layer == "head.logits" and op.stage == "forward"
        )  # fmt: skip

    padded = "PyTorch 2.3 torch.compile"
    assert logits("PyTorch 2.3") == pytest.approx(2.5 * logits(padded), rel=0.05)
    # Not in FP32, whose values have the four bytes that a copy moves at the least.
    assert logits("PyTorch 2.3", "tf32") == pytest.approx(logits(padded, "tf32"), rel=0.05)


def started_by(text: str, **job) -> dict[str, float]:
    """Launches of a training step by stage: kernels, and as long ones of a forward pass take the host."""
    found: dict[str, float] = {}
    whole = laid("resnet50", "rtx-3090", phase="train", precision="fp16", runtime=text, **job)
    for one in whole.work.kernels:
        shape = (len(one.table.ops), 1, 1)
        for name, each in (("kernels", one.launched), ("host", one.started)):
            spent = np.broadcast_to(one.table.count * each, shape)[:, 0, 0]
            for op, part in zip(one.table.ops, spent.tolist(), strict=True):
                found[f"{name} {op.stage}"] = found.get(f"{name} {op.stage}", 0.0) + part
    return found


def test_an_optimizer_of_pytorch_1_steps_through_tensor_by_tensor() -> None:
    old, new = (started_by(name) for name in ("PyTorch 1.10", "PyTorch 2.4"))
    # ResNet-50: 53 convolutions, scale and shift of as many normalisations, the head.
    assert old["kernels optimizer"] == 5.0 * (53 + 2 * 53 + 1)
    assert new["kernels optimizer"] == 1.0
    fused = started_by("PyTorch 1.10", options={"optimizer": "fused-adam"})
    assert fused["kernels optimizer"] == 1.0


def test_a_backward_pass_starts_its_kernels_sooner_than_modules_do() -> None:
    eager, session = started_by("PyTorch 2.4"), started_by("TensorFlow 2.4")
    # Autograd records a forward pass of a training: the host takes longer than for one of inference.
    assert eager["host forward"] == pytest.approx(1.4 * eager["kernels forward"])
    assert eager["host backward"] == 0.5 * eager["kernels backward"]
    assert session["host backward"] == session["kernels backward"]


def test_masks_that_are_learnt_are_drawn_region_by_region() -> None:
    def drawn(batch: float) -> float:
        work = laid("maskrcnn-r50-fpn", "rtx-3090", phase="train", batch=batch).work
        return sum(
            op.copies * float(np.max(op.repeats))
            for one in work.kernels
            for op in one.table.ops
            if op.layer == "targets.draw"
        )

    assert drawn(4.0) == 4.0 * drawn(1.0) > 1000.0


def test_a_compiler_still_launches_each_kernel_unless_it_replays_graphs() -> None:
    job = {"phase": "infer", "precision": "fp16", "batch": 1}
    eager, compiled, graphs = (
        seconds("resnet50", "a100-80gb-sxm", runtime=name, **job)
        for name in ("PyTorch 2.4", "PyTorch 2.4 torch.compile", "PyTorch 2.4 torch.compile reduce-overhead")
    )
    assert 1.3 < eager / compiled < 6.0
    assert graphs < 0.8 * compiled


def test_normalisations_of_yolo_are_folded_before_it_infers() -> None:
    def launched(phase: str) -> float:
        job = laid("yolov8s", "rtx-3090", phase=phase, runtime="PyTorch 2.4", batch=8.0)
        parts = [
            float(one.table.count[i].sum() * np.broadcast_to(one.launched, one.table.fusable.shape)[i, 0, 0])
            for one in job.work.kernels
            for i, op in enumerate(one.table.ops)
            if op.kind == "norm"
        ]
        assert len(parts) > 10
        return sum(parts)

    assert launched("infer") == 0.0
    assert launched("train") > 50.0


def test_a_pipeline_of_speech_hears_windows_twice_and_waits_for_the_longest():
    def rate(batch: float, stack: str = "Transformers", **options: str) -> float:
        job = {"phase": "infer", "precision": "fp16", "batch": batch, "runtime": stack, "options": options}
        laid = lay_out(Job("whisper-large-v3", **job), [GPUS["a100-80gb-sxm"]])
        return float(np.asarray(laid.units)) / float(finish(laid, Fit()).seconds[0, 0])

    alone = rate(1.0, stride="0")
    # 5 of 30 s on either side are heard twice and decoded once; there is nobody to wait for.
    assert 1.0 < rate(1.0) / (alone * 20.0 / 30.0) < 1.02
    apart = rate(24.0, stride="0", token_range="0")
    assert apart * 20.0 / 30.0 / 1.6 < rate(24.0) < apart * 20.0 / 30.0
    assert rate(24.0, "PyTorch 2") == pytest.approx(rate(24.0, "PyTorch 2", stride="0", token_range="0"))
    with pytest.raises(UsageError, match="write stride=5"):
        rate(1.0, stride="15")
    # Programs that go by what they wrote hear the end of a window again, a segment that it cut.
    for stack in ("openai-whisper", "faster-whisper", "faster-whisper batched", "whisper.cpp"):
        assert 0.9 <= rate(1.0, stack) / rate(1.0, stack, stride="0") < 0.92


@pytest.mark.parametrize(
    ("text", "narrow"), [("diffusers", False), ("ComfyUI", False), ("webui", False), ("comfyui --fast", True)]
)
def test_programs_for_pictures_widen_fp8_weights_unless_they_are_told_otherwise(text, narrow) -> None:
    job = Job("flux.1-dev", phase="generate", precision="fp8", runtime=text)
    kind = lay_out(job, [GPUS["rtx-4090"]]).job.precision
    assert kind == ("fp8" if narrow else "fp8-w8a16")


def _experts_launched(workload: str, runtime: str, **columns) -> tuple[float, float]:
    """Kernels of a training's forward and backward products of experts."""
    columns = {"phase": "finetune_full", "precision": "bf16", "batch": 8.0, "seq_len": 256.0, **columns}
    found = {"forward": 0.0, "backward": 0.0}
    for one in laid(workload, "a100-80gb-sxm", runtime=runtime, **columns).work.kernels:
        for i, op in enumerate(one.table.ops):
            if one.table.kind == "gemm" and op.shard.startswith("expert"):
                found[op.stage] += float((one.table.count * one.launched)[i].ravel()[0])
    return found["forward"], found["backward"]


def test_modules_that_take_experts_in_turn_launch_for_each_of_them() -> None:
    """A layer of Mixtral under Transformers 4: eleven kernels for each of eight experts, twelve back."""
    once, back = _experts_launched("mixtral-8x7b", "transformers 5.0")
    looped, looped_back = _experts_launched("mixtral-8x7b", "transformers 4.41")
    # A choice as uneven as that of a trained model leaves one out now and then.
    assert looped - once == pytest.approx(32 * 8 * 11, rel=1e-4)
    assert looped_back - back == pytest.approx(32 * 8 * 12, rel=1e-4)
    # Many small experts wait for the host the most, of which one token goes to few.
    many, _ = _experts_launched("qwen3-30b-a3b", "transformers 4.55")
    few, _ = _experts_launched("qwen3-30b-a3b", "transformers 4.55", batch=1.0, seq_len=1.0)
    assert many > 10.0 * looped > 0.0
    assert few < 0.1 * many
    assert _experts_launched("qwen3-30b-a3b", "transformers 4.55 ScatterMoE")[0] < 0.01 * many


def test_small_experts_train_slower_where_they_take_turns() -> None:
    """IBM's PowerMoE of 40 experts on an A100: 1,509 tokens/s in turn, 4,784 with ScatterMoE's kernels."""
    job = {"phase": "finetune_full", "precision": "bf16", "batch": 8.0, "seq_len": 277.0}
    turns, once = (
        seconds("qwen3-30b-a3b", "a100-80gb-sxm", runtime=text, **job)
        for text in ("transformers 4.41", "transformers 4.41 ScatterMoE")
    )
    assert turns > 3.0 * once
    # Few large ones keep the GPU busy meanwhile.
    job["seq_len"] = 4096.0
    turns, once = (
        seconds("mixtral-8x7b", "a100-80gb-sxm", runtime=text, **job)
        for text in ("transformers 4.41", "transformers 4.41 ScatterMoE")
    )
    assert turns < 1.1 * once


@pytest.mark.parametrize("gpu", ["t4", "a100-80gb-sxm", "rtx-4090"])
def test_modules_that_run_op_by_op_move_no_more_than_the_memory_gives(gpu: str) -> None:
    """What compilers fuse taught elementwise ops to take less than their traffic's time; PyTorch's do not."""
    job = {"phase": "finetune_lora", "precision": "fp16", "batch": 4.0, "seq_len": 1024.0}
    for text in ("transformers peft", "llama-factory"):
        work = laid("smollm2-1.7b", gpu, runtime=text, **job).work
        for one in work.kernels:
            if one.table.kind != "elementwise":
                continue
            own = one.table.of("norm", "pointwise")
            moved = one.table.activation_bytes * passes(one.table, work.runtime) * own
            taken = limits(one, work, Fit({"m/norm": 3.0, "m/pointwise": 3.0}))[1]
            assert np.all(taken * work.devices.passing >= 0.9 * moved)
            assert np.any(moved > 0.0)
    # Of an engine at inference its own rows say what it moves.
    served = laid(
        "llama-2-7b", gpu, runtime="llama.cpp", phase="prefill", precision="q4_0", input_tokens=512.0
    ).work
    assert all(np.all(one.fastest_memory * served.devices.streaming <= one.table.held_bytes / 0.94)
               for one in served.kernels if one.table.kind == "elementwise")  # fmt: skip
    # A compiler spares traffic, and a fit may say by how much.
    work = laid("smollm2-1.7b", gpu, runtime="llama-factory compile", **job).work
    table = next(one for one in work.kernels if one.table.kind == "elementwise")
    free = limits(table, work, Fit({"m/norm": 3.0, "m/pointwise": 3.0}))[1]
    moved = table.table.activation_bytes * table.table.of("norm")
    assert np.any(free * work.devices.passing < 0.5 * moved)


def test_no_answer_hangs_on_what_was_asked_before() -> None:
    """TensorFlow 1.13 transposes its maps and today's does not: neither has the other's factors."""
    job = Job("resnet50", phase="train", precision="fp16", batch=64.0)

    def taken(known: Fit, text: str) -> float:
        laid_out = lay_out(replace(job, runtime=text), [GPUS["v100-16gb-sxm"]])
        return float(finish(laid_out, known).seconds[0, 0])

    texts = "tf_cnn_benchmarks", "TensorFlow 1.13 tf_cnn_benchmarks"
    alone = [taken(Fit(fit().effects), text) for text in texts]
    for order in (texts, texts[::-1]):
        together = Fit(fit().effects)
        assert {text: taken(together, text) for text in order} == dict(zip(texts, alone, strict=True))


def test_an_autoencoder_that_must_be_in_fp32_is_so_in_time_as_in_memory() -> None:
    """SDXL's in FP16 under diffusers (upcast_vae); not in BF16, nor in programs that decode in that."""

    def decoding(precision: str, text: str, **options: str) -> set[tuple[str, float]]:
        job = Job("sdxl", phase="generate", batch=1.0, precision=precision, runtime=text, options=options)
        tables = [one.table for one in lay_out(job, [GPUS["a100-40gb-sxm"]]).work.kernels]
        ops = [op for table in tables for op in table.ops if op.module == "vae" and op.kind == "conv"]
        return {
            (op.dtype, float(np.ravel(op.weight_bytes / op.parameters)[0])) for op in ops if op.parameters
        }

    assert {dtype for dtype, _ in decoding("fp16", "diffusers")} == {"fp32"}
    assert {round(size, 6) for _, size in decoding("fp16", "diffusers")} == {4.0}
    assert {dtype for dtype, _ in decoding("fp16", "diffusers", vae_precision="fp16")} == {"fp16"}
    assert {dtype for dtype, _ in decoding("bf16", "diffusers")} == {"bf16"}
    assert {dtype for dtype, _ in decoding("fp16", "ComfyUI")} == {"fp16"}


@pytest.mark.parametrize("name", ["PyTorch 1.12", "PyTorch 2.1"])
def test_a_step_that_is_replayed_as_a_graph_waits_for_no_launch(name: str) -> None:
    job = {"phase": "train", "precision": "amp-fp16", "batch": 4.0}
    launched, replayed = (
        seconds("resnet50", "a100-80gb-sxm", runtime=text, **job) for text in (name, f"{name}, CUDA graphs")
    )
    assert replayed < 0.5 * launched
    # What the GPU does is the same.
    wide = {**job, "batch": 256.0}
    launched, replayed = (
        seconds("resnet50", "a100-80gb-sxm", runtime=text, **wide) for text in (name, f"{name}, CUDA graphs")
    )
    assert replayed == pytest.approx(launched, rel=0.02)
    refused = seconds("resnet50", "a100-80gb-sxm", runtime=f"{name} without CUDA graphs", **wide)
    assert refused == pytest.approx(launched)


def test_gradients_in_8_bits_are_looked_at_before_they_are_cast_under_torchao() -> None:
    """One scale for all of a tensor, and inputs apart: compiled or not; Transformer Engine looks once."""

    def share(text: str) -> float:
        work = laid(
            "llama-2-7b", "h100-80gb-sxm", phase="pretrain", precision="fp8", batch=1.0, runtime=text
        ).work
        tables = [one.table for one in work.kernels]
        return float(
            next(
                passes(table, work.runtime)[place].max()
                for table in tables
                for place, op in enumerate(table.ops)
                if op.layer.endswith(".narrowed")
            )
        )

    assert share("torchtitan") == share("torchtitan compile") == 2.0
    assert share("Megatron-Bridge 26.04") == share("llm-foundry") == 1.0


def test_what_a_detector_does_with_its_boxes_is_launched_while_the_gpu_waits() -> None:
    """A tensor of the host's numbers waits for the GPU (`new_tensor` of mmdet's delta2bbox)."""

    def alone(workload: str, runtime: str = "mmdetection 2.28") -> float:
        made = laid(workload, "v100-16gb-pcie", phase="infer", precision="fp32", batch=1.0, runtime=runtime)
        return float(sum((one.table.count * one.alone).sum() for one in made.work.kernels))

    # 45 kernels for each of five levels and as many of the picture; a network alone is launched beside.
    assert alone("retinanet-r50-fpn") == 270
    assert alone("resnet50") == alone("retinanet-r50-fpn", "TensorRT 8.6") == 0
    # Six levels of SSD's, three of YOLO's by 22 kernels; programs that are not known tell the network's time.
    assert alone("ssd300-vgg16") == 315
    assert alone("yolov3") == 111
    assert alone("ssd300-vgg16", "PyTorch 1.8") == 0
    # A hundred masks are fetched one by one, and regions dealt out for them as well.
    assert alone("maskrcnn-r50-fpn") - alone("fasterrcnn-r50-fpn") == 128
    assert alone("maskrcnn-r50-fpn") - alone("maskrcnn-r50-fpn", "detectron2 0.6") == 100
    # maskrcnn-benchmark loops over 80 classes, ten kernels and copies each; NVIDIA's example is a copy of it.
    looped = alone("fasterrcnn-r50-fpn", "maskrcnn-benchmark") - alone("fasterrcnn-r50-fpn", "detectron2 0.6")
    assert (
        looped
        == alone("maskrcnn-r50-fpn", "PyTorch NGC 19.02") - alone("maskrcnn-r50-fpn", "PyTorch 1.1")
        == 800
    )
    assert alone("maskrcnn-r50-fpn", "TensorRT 8.6 NGC 22.08") == 0
    timing = evaluate(laid("retinanet-r50-fpn", "v100-16gb-pcie", runtime="mmdetection 2.28").work, Fit())
    beside = timing.host - timing.alone
    assert timing.alone > 0.0
    assert timing.seconds == pytest.approx(paced(timing.gpu, beside) + timing.alone, rel=1e-6)


def test_what_a_voice_does_before_its_vocoder_is_launched_while_the_gpu_waits() -> None:
    """933 kernels of VitsModel's text, splines and flows: much of the time of one sentence, little of 32."""
    job = {"precision": "fp32", "runtime": "PyTorch 1.6"}

    made = laid("vits", "v100-16gb-pcie", phase="infer", batch=1.0, **job)
    assert sum((one.table.count * one.alone).sum() for one in made.work.kernels) == 933
    one, many = (seconds("vits", "v100-16gb-pcie", phase="infer", batch=n, **job) / n for n in (1.0, 32.0))
    assert one > 1.4 * many

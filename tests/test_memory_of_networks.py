"""Networks of convolutions in training: what each library keeps, held to what was published of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from memory_jobs import GIB, GPUS, parts, total

import whichgpu
from whichgpu.cost.estimate import estimate
from whichgpu.errors import UsageError
from whichgpu.workloads.job import Job
from whichgpu.workloads.workload import resolve


@pytest.mark.parametrize("kind", ["selective", "full"])
@pytest.mark.parametrize(
    "name", ["srcnn", "c3d", "vgg16", "nnunet-3d", "csatv2", "fasterrcnn-r50-fpn", "swin-tiny", "detr"]
)
def test_layers_that_run_again_keep_no_more_than_if_they_did_not(name: str, kind: str) -> None:
    """Maps that shrink on their way have their fullest moment early, whatever runs again after it."""
    columns = {"phase": "train", "batch": 4, "runtime": "pytorch"}
    again = total(name, options={"checkpointing": kind}, **columns)
    assert again <= total(name, options={"checkpointing": "none"}, **columns) * (1.0 + 1e-9)


def test_a_u_net_is_checkpointed_by_its_blocks():
    """Diffusers runs each residual block and each transformer layer again (enable_gradient_checkpointing)."""
    job = Job("stable-diffusion-1.5", phase="finetune_full", batch=4.0)
    kept, again = (
        estimate(replace(job, options={"checkpointing": kind}), [GPUS["a100-80gb-sxm"]]).at(0, 0)
        for kind in ("none", "full")
    )
    assert again.memory["activations"] < 0.3 * kept.memory["activations"]
    assert 1.1 < again.latency.mid / kept.latency.mid < 1.4


def test_sgd_of_pictures_has_momentum():
    job = {"phase": "train", "precision": "fp32", "batch": 8.0, "runtime": "pytorch-2"}
    sizes = {name: parts("resnet50", options={"optimizer": name}, **job)["optimizer"] / 25_557_032
             for name in ("sgd", "lars", "adamw", "NVLAMB", "prodigy")}  # fmt: skip
    assert sizes == {name: pytest.approx(each) for name, each in zip(sizes, (4, 4, 8, 8, 16), strict=True)}


@pytest.mark.parametrize(
    ("workload", "most"),
    [("resnet50", 190.0), ("vgg16", 228.0), ("inception-v3", 160.0), ("resnet152", 86.0)],
)
def test_the_largest_batches_of_tensorflow_1_fit_and_a_fifth_more_does_not(
    workload: str, most: float
) -> None:
    """Capuchin (ASPLOS 2020), table 2: TensorFlow 1.11 on a P100 of 16 GB."""
    job = {"phase": "train", "precision": "fp32", "runtime": "TensorFlow 1.11"}
    room = GPUS["p100-16gb-pcie"].need("memory")
    assert total(workload, batch=most, **job) <= room < total(workload, batch=1.23 * most, **job)


@pytest.mark.parametrize(
    ("workload", "batch", "mib"),
    [
        ("resnet18", 40.0, 1853), ("resnet34", 40.0, 2598), ("resnet50", 40.0, 5483),
        ("resnet101", 20.0, 4576), ("resnet101", 40.0, 8158), ("resnet152", 20.0, 6296),
        ("inception-v3", 30.0, 4944), ("resnext50-32x4d", 30.0, 5468), ("squeezenet-1.1", 40.0, 1672),
    ],
)  # fmt: skip
def test_mxnet_of_2017_keeps_what_a_relu_read(workload: str, batch: float, mib: float) -> None:
    """knjcode/mxnet-finetuner, docs/benchmark.md: memory used on a Titan X (Maxwell)."""
    job = {"phase": "train", "precision": "fp32", "batch": batch}
    old, new = (total(workload, runtime=name, **job) for name in ("MXNet 0.11", "MXNet"))
    assert old / 2.0**20 == pytest.approx(mib, rel=0.12)
    assert new < 0.85 * old


def test_cudnn_s_pools_keep_no_index() -> None:
    job = {"phase": "train", "precision": "fp32", "batch": 64.0}
    torch, mxnet = (parts("vgg16", runtime=name, **job)["activations"] for name in ("PyTorch", "MXNet"))
    # 8 B for each result of five pools, of 64, 128, 256, 512 and 512 channels.
    index = 8.0 * 64.0 * (64 * 112**2 + 128 * 56**2 + 256 * 28**2 + 512 * 14**2 + 512 * 7**2)
    assert torch - mxnet == pytest.approx(index, rel=0.02)


@pytest.mark.parametrize(
    ("workload", "pixels", "batch", "published"),
    [
        ("fcn-hr18", (512.0, 1024.0), 2.0, 2.9), ("fcn-hr48", (512.0, 1024.0), 2.0, 6.2),
        ("ocrnet-hr18", (512.0, 1024.0), 2.0, 4.7), ("ocrnet-hr48", (512.0, 1024.0), 2.0, 8.0),
    ],
)  # fmt: skip
def test_classes_of_each_position_are_lost_at_full_size(workload, pixels, batch, published):
    """MMSegmentation's READMEs of HRNet and OCRNet on Cityscapes, GiB of tensors."""
    found = parts(workload, phase="train", precision="fp32", batch=batch, height=pixels[0], width=pixels[1],
                  runtime="PyTorch 1.5", options={"optimizer": "sgd-momentum"})  # fmt: skip
    assert found["logits"] > 0
    assert (sum(found.values()) - found["context"]) / GIB == pytest.approx(published, rel=0.08)


@pytest.mark.parametrize(
    ("name", "batch", "side", "published"),
    [
        ("segformer-b1-cityscapes", 1.0, 1024.0, 4.49), ("segformer-b5-cityscapes", 1.0, 1024.0, 18.0),
        ("segformer-b4", 2.0, 512.0, 6.1), ("upernet-swin-t", 2.0, 512.0, 5.02),
        ("deeplabv3plus-r50 ade20k", 4.0, 512.0, 10.6), ("deeplabv3plus-r50 voc12aug", 4.0, 512.0, 7.6),
    ],
)  # fmt: skip
def test_each_pixel_has_a_score_for_each_class_of_the_data(name, batch, side, published):
    """MMSegmentation's READMEs, GiB of tensors; all of its SegFormers have a head of 256."""
    found = parts(name, phase="train", precision="fp32", batch=batch, height=side, width=side, n_gpus=8.0,
                  runtime="mmseg, PyTorch 1.8")  # fmt: skip
    beside = found["context"] + found["communication"]
    assert (sum(found.values()) - beside) / GIB == pytest.approx(published, rel=0.08)


def test_classes_are_stated_where_there_are_any():
    job = {"phase": "train", "precision": "fp32", "batch": 1.0, "runtime": "pytorch"}
    for name in ("segformer-b0", "upernet-swin-t"):
        few, own, many = (parts(name, options={"classes": n} if n else {}, **job)["logits"]
                          for n in ("15", "", "300"))  # fmt: skip
        assert (few, many) == (pytest.approx(own / 10.0), pytest.approx(2.0 * own))
    with pytest.raises(UsageError, match="option classes: 0"):
        parts("segformer-b0", options={"classes": "0"}, **job)
    assert "classes" not in resolve("gpt2").options


def test_detr_asks_for_the_weights_of_attention_and_freezes_its_first_stage():
    """Two pictures by torch 2.13's operators, as facebookresearch/detr has them: 2.84 and 5.44 GiB."""
    for pixels, counted in (((800.0, 1333.0), 2.84), ((1344.0, 1344.0), 5.44)):
        found = parts("detr", phase="train", precision="fp32", batch=2.0, height=pixels[0], width=pixels[1],
                      runtime="PyTorch", options={"optimizer": "adamw"})  # fmt: skip
        assert (sum(found.values()) - found["context"]) / GIB == pytest.approx(counted, rel=0.05)


@pytest.mark.parametrize(
    ("workload", "published"),
    [("upernet-resnet101", 7.4), ("pspnet-resnet50", 6.1), ("deeplabv3plus-resnet50", 7.5)],
)
def test_convolutions_in_fp32_work_in_tiles_beside_their_maps(workload, published):
    """MMSegmentation's READMEs: two crops of 512 x 1024, GiB of tensors on a V100; not on tensor cores."""
    job = {"phase": "train", "precision": "fp32", "batch": 2.0, "height": 512.0, "width": 1024.0,
           "runtime": "PyTorch 1.5", "options": {"optimizer": "sgd-momentum"}}  # fmt: skip
    old, new = (whichgpu.fit(workload, gpu, **job).answers[0] for gpu in ("v100-32gb-sxm", "a100-40gb-sxm"))
    assert old.read["allocated"].mid / GIB == pytest.approx(published, rel=0.09)
    assert old.required == new.required
    assert new.read["allocated"].mid <= old.read["allocated"].mid


@pytest.mark.parametrize(
    ("workload", "each", "published"), [("bisenet-v2", 4.0, 7.64), ("icnet-r50", 2.0, 2.53)]
)
def test_a_log_softmax_keeps_what_it_reads_before_pytorch_1_11(workload, each, published):
    """MMSegmentation's READMEs, four GPUs: five heads on 1024 x 1024, three on 832 x 832."""
    side = 1024.0 if workload == "bisenet-v2" else 832.0
    job = {"phase": "train", "precision": "fp32", "batch": each, "height": side, "width": side}
    old, new = (
        whichgpu.fit(workload, "v100-32gb-sxm:4", **job, runtime=text).answers[0].read["allocated"].mid / GIB
        for text in ("mmseg PyTorch 1.8", "mmseg PyTorch 1.11")
    )
    assert old == pytest.approx(published, rel=0.10)  # less their heads' own convolutions
    assert new < 0.9 * published


def test_ultralytics_has_averaged_weights_beside_those_it_trains() -> None:
    """One picture of yolov8m-pose reserved 0.906e9 B (its issue 4215); 0.61 GiB without them."""
    job = {"phase": "train", "precision": "amp-fp16", "batch": 1.0, "height": 640.0, "width": 640.0}
    own, plain = (
        parts("yolov8m-pose", runtime=text, options={"optimizer": "adamw"}, **job)
        for text in ("Ultralytics, PyTorch 2.0", "PyTorch 2.0")
    )
    assert own["weights"] == pytest.approx(2.0 * plain["weights"], rel=0.01)
    assert own["optimizer"] == plain["optimizer"]


def test_the_passes_of_an_adversarial_step_are_not_alive_together():
    """StyleGAN2's README: 13.3 GB on each V100 for config F, four pictures in FP32; 21 GiB with all of them.

    What its penalties take in a second backward pass is not counted.
    """
    needs = total("stylegan2", phase="train", precision="fp32", batch=4.0, runtime="pytorch") / GIB
    assert needs == pytest.approx(13.3e9 / GIB, rel=0.11)


@pytest.mark.parametrize("name", ["dcgan", "stylegan2", "stylegan3-t", "pix2pix", "cyclegan", "hifi-gan-v1"])
def test_discriminators_keep_for_one_backward_pass_at_a_time(name: str) -> None:
    workload = resolve(name)
    made = workload.trace(workload.complete(Job(name, phase="train", precision="fp32")))
    judges = [
        op for op in made if op.stage == "forward" and op.layer.startswith(("disc", "periods", "scales"))
    ]
    kinds = ("gemm", "conv")
    runs, kept = (
        sum(float(np.max(op.read_bytes * op.copies)) for op in judges if op.kind in kinds and keeps(op))
        for keeps in (lambda _: True, lambda op: np.any(op.saved_bytes > 0))
    )
    assert 0.2 * runs < kept < 0.7 * runs


#: open-mmlab/mmsegmentation, READMEs of configs/, as remembered: GB of two crops of 512 x 1,024 pixels.
ATTENDING = [("ccnet-r50-d8", 6.0), ("encnet-r50-d8", 8.6), ("nonlocal-r50-d8", 7.4)]


@pytest.mark.parametrize(("name", "gb"), ATTENDING)
def test_heads_that_attend_keep_scores_and_what_is_left_of_each_word(name: str, gb: float) -> None:
    """Each position had keys of its own in CCNet's rows and columns, 24 GiB in all; codes kept nothing."""
    job = {"phase": "train", "precision": "fp32", "batch": 2.0, "height": 512.0, "width": 1024.0}
    found = parts(name, runtime="MMSegmentation, PyTorch 1.6", **job)
    assert (sum(found.values()) - found["context"]) / GIB == pytest.approx(gb, rel=0.2)


#: open-mmlab/mmdetection, READMEs of configs/, as remembered: pictures and GB.
FROZEN = [("yolof-r50", 8.0, 8.3), ("solo-r50-fpn", 2.0, 8.0), ("solov2-r50-fpn", 2.0, 5.1)]


@pytest.mark.parametrize(("name", "batch", "gb"), FROZEN)
def test_detectors_that_leave_their_first_stage_as_it_is_keep_nothing_of_it(
    name: str, batch: float, gb: float
) -> None:
    """frozen_stages=1 of their configurations: YOLOF kept 13.6 GiB."""
    job = {"phase": "train", "precision": "fp32", "batch": batch, "height": 800.0, "width": 1333.0}
    found = parts(name, runtime="MMDetection, PyTorch 1.5", **job)
    assert (sum(found.values()) - found["context"]) / GIB == pytest.approx(gb, rel=0.09)
    assert resolve(name).parameters()["stem"] > 0

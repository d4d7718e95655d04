"""What each family of detectors, voices, recommenders and RLHF has of its own."""

from __future__ import annotations

import numpy as np
import pytest

from tests.traced import launches, ops
from whichgpu.cost.job.settling import settle
from whichgpu.workloads.images import macs_with_norms
from whichgpu.workloads.job import Job
from whichgpu.workloads.ops import parameters, product_flops, stored_weight_bytes, total
from whichgpu.workloads.precision import precision
from whichgpu.workloads.recorder import Recorder
from whichgpu.workloads.training import trained_parameters
from whichgpu.workloads.workload import resolve

pytestmark = pytest.mark.slow


# -- each family's own ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("runtime", "meant"),
    [
        ("TensorFlow NGC TensorFlow-20.06-py3", "ssd320-r50-fpn"), ("TensorFlow 2.4", "ssd320-r50-fpn"),
        ("tensorflow-1.15/2.x tf_cnn_benchmarks", "ssd300-r34"), ("NGC PyTorch 20.06", "ssd300-r50"),
    ],
)  # fmt: skip
def test_ssd_is_another_model_under_tensorflow(runtime: str, meant: str) -> None:
    settled = settle(Job("ssd300-r50", phase="train", runtime=runtime))
    assert settled.workload.id == settled.job.workload == meant
    assert any(meant in one for one in settled.said) == (meant != "ssd300-r50")


def test_tensorflow_matches_boxes_picture_by_picture() -> None:
    ssd, kernels = resolve("ssd320"), []
    for batch in (1.0, 8.0):
        ops = ssd.trace(ssd.complete(Job(ssd.id, phase="train", batch=batch)))
        kernels.append(
            sum(op.copies * op.repeats for op in ops if op.layer.startswith(("overlap", "target")))
        )
    assert kernels[1] == 8 * kernels[0] > 0


def test_frozen_stages_of_a_detector_have_no_backward_pass() -> None:
    traced = ops("maskrcnn-r50-fpn", phase="train")
    backward = {op.layer for op in traced if op.stage == "backward"}
    assert not any(layer.startswith(("backbone.stem", "backbone.layer1")) for layer in backward)
    assert any(layer.startswith("backbone.layer2") for layer in backward)


def test_a_head_on_five_levels_has_its_weights_once() -> None:
    modules = resolve("retinanet").parameters()
    tower = 4 * (256 * 256 * 9 + 256)
    assert modules["classes"] == tower + 9 * 264 * (256 * 9 + 1)
    assert modules["boxes"] == tower + 9 * 4 * (256 * 9 + 1)


def test_weight_normalisation_is_in_training_only() -> None:
    gains = sum(parameters(ops("waveglow", phase="train")).values()) - sum(
        parameters(ops("waveglow", phase="infer")).values()
    )
    assert gains == 12 * (512 + 8 * 1024 * 2 + 7 * 1024 + 512)


def test_a_volume_is_its_windows() -> None:
    volume, window = (product_flops(ops("3d-unet-99", phase=phase, batch=1)) for phase in ("infer", "train"))
    forward = product_flops([op for op in ops("3d-unet-99", phase="train", batch=1) if op.stage == "forward"])
    assert volume == pytest.approx(55 * forward)
    assert window == pytest.approx(3 * forward, rel=0.01)


def test_whisper_reads_its_encoder_once_and_its_cache_at_every_token() -> None:
    few, many = (ops("whisper-small", batch=1, output_tokens=tokens) for tokens in (10, 20))
    for module in ("encoder", "cross"):
        assert product_flops([op for op in few if op.module == module]) == product_flops(
            [op for op in many if op.module == module]
        )
    by_hand = sum(12 * 2 * 768 * 2 * (i + 1500) for i in range(1, 11))
    assert total(few, "kv_bytes") == pytest.approx(by_hand)
    beams = ops("whisper-small", batch=1, output_tokens=10, options={"beam": "5"})
    decoder = [product_flops([op for op in each if op.module == "decoder"]) for each in (few, beams)]
    assert decoder[1] == pytest.approx(5 * decoder[0])


def test_four_models_of_rlhf_of_which_two_are_trained() -> None:
    traced = ops("rlhf", batch=1)
    base = sum(resolve("llama-2-7b").parameters().values())
    assert parameters(traced) == dict.fromkeys(("actor", "critic", "reference", "reward"), base)
    assert trained_parameters([op for op in traced if op.stage == "forward"]) == 2 * base
    assert stored_weight_bytes([op for op in traced if op.module in ("reference", "reward")]) == 8 * base
    generated = [
        op for op in traced if op.stage == "forward" and op.module == "actor" and op.kind == "attention"
    ]
    assert any(op.kv_bytes is not None and np.max(op.kv_bytes) > 0 for op in generated)


def test_more_epochs_repeat_the_trained_passes_only() -> None:
    traced = [ops("rlhf", batch=1, options={"ppo_epochs": epochs}) for epochs in ("1", "2")]
    one, two = (product_flops([op for op in each if op.stage == "backward"]) for each in traced)
    assert two == pytest.approx(2 * one)
    held = [total([op for op in each if op.stage == "forward"], "saved_bytes") for each in traced]
    alone = ops("llama-2-7b", phase="train", batch=1, seq_len=1024)
    assert held[0] == held[1] == total([op for op in alone if op.stage == "forward"], "saved_bytes")


def test_an_autoregressive_voice_runs_its_layers_for_every_code() -> None:
    short, long = (launches(ops("xtts-v2", options={"seconds": s})) for s in ("10", "20"))
    assert long - short == pytest.approx(215.3 * (30 * 10 + 6), rel=0.02)


@pytest.mark.parametrize(("name", "rows"), [("musicgen-small", 503), ("bark-small", 499), ("trocr-base", 32)])
def test_tokens_of_a_writer_come_one_after_the_other(name: str, rows: int) -> None:
    """Not in training, where all are known; the pictures or prompts before them are read at once."""
    runs, learns = (ops(name, phase=phase, batch=1) for phase in ("infer", "train"))
    assert any(op.repeats == rows and op.dims.get("m") == 1.0 for op in runs)
    assert all(op.repeats == 1.0 for op in learns if op.module in ("decoder", "semantic"))
    assert launches(runs) > 10.0 * launches([op for op in learns if op.stage == "forward"])


# -- NVIDIA's examples and MLPerf's first models ---------------------------------------------------------


def test_the_discriminators_of_hifigan_are_trained_beside_it() -> None:
    modules = parameters(ops("hifigan", phase="train"))
    assert modules == {"generator": 13_926_017, "periods": 41_092_165, "scales": 29_610_627}


def test_pictures_of_several_sizes_are_segmented_as_each_alone() -> None:
    sides = (256.0, 512.0)
    swept, *alone = (
        product_flops(ops("unet-medical", phase="infer", batch=1.0, height=side, width=side))
        for side in (np.array(sides), *sides)
    )
    assert swept == pytest.approx(alone)


def test_a_convolution_without_padding_takes_a_pixel_off_every_side() -> None:
    """U-Net: 572 in, 388 out; the deepest map is of 28 x 28."""
    scores = next(op for op in ops("unet-medical", phase="infer", batch=1) if op.layer == "head.scores")
    assert scores.dims["m"] == 388 * 388
    deepest = [op for op in ops("unet-medical", phase="infer", batch=1) if op.module == "down4"]
    assert {op.dims["m"] for op in deepest if op.kind == "conv"} == {30 * 30, 28 * 28}
    padded = resolve("unet-medical").dims | {"valid": False}
    recorder = Recorder(precision("fp16"))
    job = Job("unet-medical", phase="infer", batch=1.0, height=256.0, width=256.0)
    resolve("unet-medical").code.forward(padded, job, recorder)
    assert next(op for op in recorder.ops() if op.layer == "head.scores").dims["m"] == 256 * 256


@pytest.mark.parametrize(
    ("name", "boxes"), [("ssd-resnet34", 15130), ("ssd300-r34", 8732), ("ssd-mobilenet", 1917)]
)
def test_the_boxes_of_a_picture(name: str, boxes: int) -> None:
    gathered = [op for op in ops(name, phase="infer", batch=1) if op.layer == "heads.gather"]
    classes = resolve(name).dims["classes"]
    assert sum(op.dims["elements"] * op.count for op in gathered) == (4 + classes) * boxes


def test_jaspers_short_cuts_come_from_every_block_before() -> None:
    short_cuts = [op for op in ops("jasper", phase="infer", batch=1) if op.layer.endswith("block10.shortcut")]
    assert sum(op.count for op in short_cuts) == 10
    assert (
        sum(op.count for op in ops("quartznet", phase="infer", batch=1) if op.layer == "block15.shortcut")
        == 1
    )


def test_a_clip_twice_as_long_is_twice_the_work() -> None:
    for name in ("quartznet", "jasper"):
        short, long = (
            product_flops(ops(name, phase="infer", batch=1, options={"seconds": s})) for s in ("8", "16")
        )
        assert long == pytest.approx(2 * short, rel=1e-3)
    for name in ("hifigan", "fastpitch"):
        short, long = (product_flops(ops(name, phase="infer", batch=1, seq_len=n)) for n in (4096, 8192))
        assert long >= 2 * short


def test_the_aligner_runs_in_training_only() -> None:
    assert not [op for op in ops("fastpitch", phase="infer") if op.module == "aligner" and op.repeats]
    assert [op for op in ops("fastpitch", phase="train") if op.module == "aligner" and op.repeats]


def test_a_batch_of_sentences_is_trained_as_long_as_its_longest() -> None:
    """1.5 times the mean of LJ Speech in products over frames, 2.25 times in attention."""
    flops = {
        phase: {op.layer: op.flops for op in ops("fastpitch", phase=phase, batch=8, seq_len=400.0)
                if op.stage == "forward"}
        for phase in ("infer", "train")
    }  # fmt: skip
    for layer, times in (("decoder.layers.up", 1.5), ("decoder.layers.attention", 2.25)):
        assert flops["train"][layer] == pytest.approx(times * flops["infer"][layer])


def test_an_aligner_has_the_squares_of_all_pairs_in_memory() -> None:
    frames = 1.5 * 400.0
    values = 80 * 8 * frames * 0.18 * frames
    moved = {
        op.layer: op.read_bytes + op.write_bytes
        for op in ops("fastpitch", phase="train", batch=8, seq_len=400.0, precision="fp32")
        if op.module == "aligner" and op.stage == "forward"
    }
    assert moved["aligner.difference"] == pytest.approx(4 * values)
    assert moved["aligner.square"] == pytest.approx(8 * values)
    assert moved["aligner.distance"] == pytest.approx(4 * values)


def test_sums_over_pairs_of_residues_read_each_row_of_an_alignment_once() -> None:
    """Both operands of AlphaFold's outer product are 32 values of every residue and sequence."""
    outer = next(op for op in ops("alphafold-3", phase="generate", batch=1, seq_len=512.0)
                 if op.layer == "outer.product")  # fmt: skip
    assert outer.read_bytes == 2 * 2 * 512 * 32 * 2048


def test_a_feature_of_many_values_reads_as_many_rows() -> None:
    one = next(op for op in ops("dlrm-v2", phase="infer", batch=10) if op.layer == "embeddings.table")
    assert one.read_bytes == 10 * 3 * 128 * 2
    crosses = [op for op in ops("dlrm-v2", phase="infer", batch=10) if op.module == "interaction"]
    assert product_flops(crosses) == 10 * 3 * 2 * 2 * 3456 * 512


def test_sentences_are_as_long_as_those_of_the_data_set() -> None:
    """The Transformer's targets are of 27 tokens where T5's are of 114."""
    logits = next(op for op in ops("transformer-big", phase="train", batch=1) if op.layer == "head.logits")
    assert logits.dims["m"] == 27


def test_cyclegan_trains_two_of_both() -> None:
    modules = parameters(ops("cyclegan", phase="train"))
    assert modules["generator1"] == modules["generator2"] == 11_378_179
    assert modules["discriminator1"] == modules["discriminator2"] == 2_764_737
    assert parameters(ops("pix2pix", phase="train"))["discriminator"] == 2_768_705
    once = product_flops(ops("cyclegan", phase="infer", batch=1))
    forward = [op for op in ops("cyclegan", phase="train", batch=1)
               if op.module.startswith("generator") and op.stage == "forward"]  # fmt: skip
    assert product_flops(forward) == 6 * once


def test_ten_seconds_of_sound_are_499_positions() -> None:
    (attention,) = {op.dims["q"] for op in ops("wav2vec2-base", phase="infer") if op.kind == "attention"}
    assert attention == 499
    scores = [op for op in ops("hubert-large", phase="train") if op.layer == "head.scores"]
    assert scores[0].dims["n"] == 32


def test_words_of_an_lstm_come_one_after_the_other() -> None:
    steps = [op for op in ops("ptb-lstm", phase="infer") if op.layer.endswith("step.state")]
    assert sum(op.count for op in steps) == 2 * 35


def test_the_boxes_of_efficientdet() -> None:
    """Five levels of a picture of 512 x 512, from 64 x 64 down to 4 x 4, nine boxes each."""
    gathered = [op for op in ops("efficientdet-d0", phase="infer", batch=1) if op.layer == "classes.gather"]
    assert sum(op.dims["elements"] * op.count for op in gathered) == 90 * 49104


def test_the_heads_of_efficientdet_have_one_set_of_convolutions_and_norms_of_each_level() -> None:
    modules = resolve("efficientdet-d0").parameters()
    separable = 9 * 64 + 64 * 64 + 64
    assert modules["places"] == 3 * separable + 9 * 64 + 64 * 36 + 36 + 5 * 3 * 2 * 64


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("efficientdet-d0", 2.5), ("efficientdet-d1", 6.1), ("efficientdet-d2", 11), ("efficientdet-d3", 25),
        ("efficientdet-d4", 55), ("efficientdet-d5", 135), ("efficientdet-d6", 226), ("efficientdet-d7", 325),
    ],
)  # fmt: skip
def test_the_papers_counter_takes_in_some_of_what_is_no_product(name: str, billions: float) -> None:
    """The paper's table 2 lies between products alone and timm's way, with norms, within half a digit."""
    digit = 0.05 if billions < 10 else 0.5
    products = resolve(name).flops() / 2e9
    assert products - digit <= billions <= macs_with_norms(resolve(name).reference_ops()) / 1e9 + digit
    assert products == pytest.approx(billions, rel=0.02)

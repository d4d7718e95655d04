"""Published peaks of memory, row by row, each with its source; one test for all of a kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from memory_jobs import GIB, GPUS, laid, parts

from whichgpu.cost.memory.readings import readings

MMYOLO: dict[str, Any] = {"phase": "train", "precision": "amp-fp16", "runtime": "MMYOLO, PyTorch 1.12"}
#: open-mmlab/mmyolo, the README of each of configs/: pictures, pixels, GB, and what a prediction may be off.
DETECTORS = [
    ("yolov5m", 16.0, 640.0, {}, 5.0, 0.08),
    ("yolov6n", 32.0, 640.0, {}, 6.04, 0.05),
    ("yolov7x", 16.0, 640.0, {}, 13.7, 0.08),
    ("yolov8n", 16.0, 640.0, {}, 2.8, 0.08),
    ("yolox-tiny", 8.0, 416.0, {"precision": "fp32"}, 2.8, 0.05),
    ("yolox-s", 32.0, 640.0, {}, 9.8, 0.05),
    ("rtmdet-s", 32.0, 640.0, {"precision": "fp32"}, 15.9, 0.07),
    ("pp-yoloe-l", 8.0, 640.0, {"precision": "fp32"}, 13.2, 0.08),
    # MMDetection's own zoo, as remembered: Swish written out, and a focal loss of twelve tensors.
    ("yolox-l", 8.0, 640.0, {"precision": "fp32", "runtime": "MMDetection, PyTorch 1.9"}, 19.9, 0.09),
    ("centernet-r18", 16.0, 512.0, {"precision": "fp32", "runtime": "MMDetection, PyTorch 1.9"}, 3.45, 0.06),
]


def test_detectors_match_places_with_things_on_the_largest_pictures_drawn():
    for name, batch, side, columns, gib, near in DETECTORS:
        job = {**MMYOLO, **columns, "batch": batch, "height": side, "width": side}
        found = readings(laid(name, gpu=GPUS["a100-80gb-sxm"], **job), 1.0).allocated
        assert float(np.ravel(found)[0]) / GIB == pytest.approx(gib, rel=near), name
    told = {**MMYOLO, "batch": 8.0, "height": 640.0, "width": 640.0}
    drawn, plain = (laid("yolox-s", **told | {"runtime": text}) for text in ("MMYOLO", "PyTorch 2.1"))
    assert any("largest that its recipe draws" in note for note in drawn.said)
    assert not any("recipe draws" in note for note in plain.said)
    # Ultralytics counts what a thing picks in one row of places, and sees what lies inside at 32 B a pair.
    more, less = (
        parts("yolov8n", **told | {"runtime": text}) for text in ("MMYOLO", "Ultralytics, PyTorch 2.1")
    )
    assert more["activations"] - less["activations"] > 64 * 8 * 8400 * 93 * 0.9


def test_a_compiled_loss_has_its_logits_in_16_bits():
    """modded-nanogpt, issue 12: 64 x 1,024 tokens a GPU ran out of an L40S, 32 did not.

    A loss is compiled where a text says so, or its trainer is known to compile it.
    """
    job = {"phase": "pretrain", "precision": "amp-bf16", "seq_len": 1024.0, "n_gpus": 8.0}
    texts = (
        "PyTorch 2.5 compile, model and loss",
        "torch.compile of model and loss, PyTorch 2.7",
        "nanoGPT, PyTorch 2.5 compile",
        "PyTorch 2.5",
        "PyTorch 2.7 compile",
    )
    each = [parts("gpt2", batch=1.0, runtime=text, **job)["logits"] / (1024 * 50257) for text in texts]
    assert each == pytest.approx([8.0, 4.0, 8.0, 14.0, 14.0])
    whole = [sum(parts("gpt2", batch=batch, runtime=texts[0], **job).values()) for batch in (64.0, 32.0)]
    assert whole[0] > 44.5 * GIB > whole[1]


def test_what_a_state_space_layer_keeps():
    """MambaInnerFn keeps x and its gate, what they select, and what the scan gave; Mamba-2's as much."""
    job = {"phase": "pretrain", "precision": "bf16", "seq_len": 2048.0, "runtime": "PyTorch 2.4"}
    for name, inner, width, selected in (("mamba-130m", 1536, 768, 48), ("mamba2-130m", 1536, 768, 280)):
        kept = [parts(name, batch=batch, **job)["activations"] for batch in (8.0, 4.0)]
        each = (kept[0] - kept[1]) / (4 * 2048 * 24)
        # Beside them the layer's input and the norm's, and what is alive in one layer of 24.
        assert 6 * inner + 2 * width + 2 * selected < each < 6 * inner + 8 * width + 2 * selected + 4000, name


def test_text_encoders_of_older_scripts_stay():
    """diffusers, issue 8511: SD3 whole takes some 38 GB with them and 28 without; pull request 8536."""
    job = {"phase": "finetune_full", "precision": "fp16", "batch": 1.0, "height": 1024.0, "width": 1024.0,
           "options": {"optimizer": "adamw8bit", "grad_accum": "4", "checkpointing": "full"}}  # fmt: skip
    old, new = (
        sum(parts("sd3-medium", runtime=text, **job).values()) / 1e9
        for text in ("diffusers 0.29", "diffusers 0.30")
    )
    assert (old, new) == (pytest.approx(38.0, rel=0.05), pytest.approx(28.0, rel=0.05))


#: google-research/bert, README: the largest batch of a length on a Titan X of 12 GB, TensorFlow 1.11.
TITAN = [
    ("bert-base", ((64, 64), (128, 32), (256, 16), (320, 14), (384, 12), (512, 6)), 0.58),
    ("bert-large", ((64, 12), (128, 6), (256, 2), (320, 1)), 0.87),
]


def test_graphs_of_tensorflow_1_write_dropout_norms_and_the_optimizer_out():
    job = {"phase": "finetune_full", "precision": "fp32"}
    for name, rows, share in TITAN:
        for length, batch in rows:
            columns = {**job, "seq_len": float(length), "batch": float(batch)}
            one, newer = (
                sum(parts(name, runtime=f"TensorFlow {release}", **columns).values())
                for release in ("1.11", "2.4")
            )
            assert share * 12 * GIB < one < 0.96 * 12 * GIB, (name, length)
            assert newer < 0.75 * one
    # A text may say no more of a release than its first number.
    columns = {**job, "seq_len": 128.0, "batch": 32.0}
    first, *others = (
        parts("bert-base", runtime=text, **columns) for text in ("TensorFlow 1.11", "TensorFlow 1", "TF1")
    )
    assert all(other == first for other in others)
    # Twice the length of the longest that ran ran out, and twice the batch at the shortest.
    for length, batch in ((512.0, 12.0), (64.0, 128.0)):
        columns = {**job, "seq_len": length, "batch": batch, "runtime": "TensorFlow 1.11"}
        assert sum(parts("bert-base", **columns).values()) > 12 * GIB

"""Wrong commands of bench: one line at once, which says what, where, both values and what to type."""

from __future__ import annotations

import re

import pytest

from whichgpu.bench import process

WRONG = [
    ("run gpt2 --phase serve", r"phase serve: bench run measures whole batches; write --phase generate, or"),
    ("run resnet50 --phase finetune_lora", "bench trains no adapters; write --phase train"),
    ("run resnet50 --precision int8", "bench runs fp64, .* not int8; write e.g. --precision fp16"),
    ("run resnet50 --option layout=nhcw", "option layout: 'nhcw' is none of nchw, nhwc; write layout=nhwc"),
    ("run resnet50 --option colour=red", "option colour: bench does nothing with it; it acts on"),
    ("run resnet50 --phase train --option optimizer=lamb", "bench runs sgd, adam, adamw, not lamb; write"),
    ("run resnet50 --phase train --option grad_accum=two", "'two' is no number; write e.g. grad_accum=1"),
    ("run resnet50 --phase train --option grad_accum=0", "0 is below 1; write grad_accum=1"),
    ("run resnet50 --phase train --option sharding=mesh --gpus 2", "bench runs ddp, .* not mesh; write"),
    ("run resnet50 --option cuda_graphs=True --gpus 2", "only on one GPU"),
    ("run resnet50 --tp 2 --gpus 2", "bench cuts the layers of decoders, not of resnet; leave --tp out"),
    ("run llama-3.2-1b --tp 3 --gpus 3", "is 32, which 3 does not divide; give .* of 2 or 4"),
    ("run llama-3.2-1b --tp 2", "2 of 1 GPUs; .* give --gpus 2 with --tp 2"),
    ("run gpt2 --phase train --seq-len 5000", "5000 is more than the 1024 positions of this"),
    ("run sd-unet --resolution 36", "height: 36 pixels are not a multiple of 8; give e.g. 32"),
    ("run vit-base-patch16-224 --resolution 8", "a 16-wide window meets a map of 8; give a larger one"),
    ("run vgg16 --framework tensorflow --phase train", "bench builds resnet, .* with --framework torch"),
    ("run resnet50 --framework tensorflow --phase infer", "in TensorFlow bench trains"),
    ("run bert-base --phase train --option loader=2", "loads pictures, and bert-base takes none; leave"),
    ("run resnet50 --option optimizer=adamw", "is of training, and this is phase infer; leave it out"),
    ("run alexnet --phase train --option loader=-2", "option loader: -2 is below 0; write loader=4"),
    ("suite a5000", "no suite 'a5000'; did you mean a5000-article"),
    ("suite card", "suite card is of GPUs, and none is at hand; see that it works with --toy"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "said"), WRONG, ids=[line for line, _ in WRONG])
def test_a_wrong_command_is_refused_in_one_line_before_anything_runs(
    whichgpu, monkeypatch, tmp_path, line, said
):
    monkeypatch.setattr(process, "run", lambda *_: pytest.fail("a measuring process began"))
    found = whichgpu("bench", *line.split(), "--out", str(tmp_path / "a.csv"))
    assert found.status == 2
    assert found.out == ""
    assert found.err.count("\n") == 1
    assert re.search(said, found.err), found.err


def test_a_decoder_of_which_nothing_is_said_is_prompt_and_answer(whichgpu, monkeypatch, tmp_path):
    """A server's rate is another measurement: a batch under its name would be held against the wrong one."""
    asked = []

    def execute(task, *_):
        asked.append(task["phase"])
        return {"status": "skipped", "reason": "no torch"}

    monkeypatch.setattr(process, "run", execute)
    whichgpu("bench", "run", "gpt2", "--out", str(tmp_path / "a.csv"))
    assert asked == ["generate"]


def test_a_processor_stands_for_no_more_devices_than_it_has_cores(whichgpu, monkeypatch, tmp_path):
    """A thousand processes side by side would take the machine from whoever else is on it."""
    monkeypatch.setattr(process, "run", lambda *_: pytest.fail("a measuring process began"))
    line = ("bench", "run", "resnet18", "--gpus", "1000", "--toy", "--device", "cpu")
    found = whichgpu(*line, "--out", str(tmp_path / "a.csv"))
    assert found.status == 3
    assert re.search(r"1000 processes side by side, and this machine has \d+ cores; ask for fewer", found.err)


def test_what_holds_no_record_is_said(whichgpu, tmp_path):
    whole = '{"row": {}, "task": {'
    (tmp_path / "a.jsonl").write_text(whole, encoding="utf-8")
    found = whichgpu("bench", str(tmp_path / "a.jsonl"))
    assert (found.status, found.out) == (2, "")
    assert "it holds no whole record; measure into it: whichgpu bench run WORKLOAD --out" in found.err


@pytest.mark.parametrize(
    ("ended", "log", "status", "said"),
    [
        (0, "", "skipped", "/bin/true ended and said nothing: is it a Python?"),
        (1, "MemoryError", "oom", "out of memory: MemoryError"),
        (1, "ImportError: libcudart.so.13", "failed", "ended without an answer (status 1): ImportError"),
    ],
)
def test_a_process_without_an_answer(tmp_path, ended, log, status, said):
    path = tmp_path / "log"
    path.write_text(log, encoding="utf-8")
    found = process._without_answer(ended, 5.0, path, "/bin/true")
    assert found["status"] == status
    assert said in found["reason"]

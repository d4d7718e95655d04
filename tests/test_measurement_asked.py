"""What a told run lacks, and what the command makes of one beside its options."""

from dataclasses import replace

import pytest

from whichgpu import api
from whichgpu.audit.measurement import told
from whichgpu.cost.reading.quoted import read
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.diagnosis import answer

pytestmark = pytest.mark.slow

GPUS = catalogue(())


@pytest.mark.parametrize(
    ("sentence", "complaint"),
    [
        ("Llama 0B on an A10: 3 tok/s", "names no model on file"),
        ("training resnet50 at 300 images/s", "names no GPU on file"),
        ("whisper large-v3 took 0 minutes for 3 hours of audio on an L4", "is of no time"),
        ("my toaster model does 5 images/s on an A10", "names no model on file"),
        ("resnet50 on an A10", "names no measured figure"),
        ("resnet50 on an A10 at -5 images/s", "names no measured figure"),
        ("resnet50 is 400 images/s on A100 and H100", "names A100 and H100"),
        ("resnet50 on an A10 " * 500, "characters are no sentence"),
        ("nccl-tests all_reduce busbw on our 8xH100 box is 180 GB/s", "tells of nccl, the rate of a link"),
        ("resnet50 on an A10: 400 images/s, then 300 images/s", "tells 400 images/s and 300 images/s"),
    ],
)
def test_what_is_lacking_is_said(sentence, complaint):
    with pytest.raises(UsageError, match=complaint):
        told(sentence, GPUS)


def test_what_is_given_beside_is_not_sought():
    assert told("resnet50 at 300 images/s", GPUS, gpu="a10").gpu == "a10"
    assert told("resnet50 on an A10", GPUS, figure="3 s/it").figure == "3 s/it"


def test_the_command_line_reads_a_sentence_as_the_options_that_it_shows(whichgpu):
    one = whichgpu("diagnose", "ResNet-50 trains at 300 images/s on my RTX A5000, batch 128", "--json").json
    options = "--gpu rtx-a5000 --measured '300 images/s' --batch 128 --phase train"
    assert one["read_as"] == f"whichgpu diagnose ResNet-50 {options}"
    other = whichgpu(
        "diagnose", "ResNet-50", "--gpu", "rtx-a5000", "--measured", "300 images/s", "--batch", "128",
        "--phase", "train", "--json",
    ).json  # fmt: skip
    assert {key: value for key, value in one.items() if key != "read_as"} == other
    # An option goes before the sentence.
    said = whichgpu("diagnose", "ResNet-50 trains at 300 images/s on my A5000, batch 128", "--batch", "64")
    assert "--batch 64" in said.out


@pytest.mark.thorough
def test_a_card_of_several_forms_is_held_against_each(whichgpu):
    one = whichgpu("diagnose", "my P100 trains resnet50 at 90 images/s in fp32, batch 64", "--json").json
    assert one["verdict"] == "slow"
    assert {"gpu": "p100-16gb-sxm", "verdict": "slow"} in one["others"]
    assert "--gpu p100-" in one["read_as"]
    # A name with no count behind it: its digits are not one.
    one = whichgpu("diagnose", "my 3060 only does 2 it/s in sdxl", "--json").json
    assert one["n_gpus"] == 1


@pytest.mark.thorough
def test_the_nearest_of_several_cards_comes_first_and_the_others_are_told(monkeypatch):
    ratios = {"a100-80gb-sxm": 0.5, "a100-40gb-pcie": 0.9}
    job, figure = api.job("resnet50", phase="train"), read("600 images/s")
    real = answer.diagnose

    def near(job, gpu, *rest):
        return replace(real(job, gpu, *rest), ratio=ratios[gpu.id],
                       verdict="normal" if ratios[gpu.id] > 0.7 else "slow")  # fmt: skip

    monkeypatch.setattr(answer, "diagnose", near)
    found = answer.diagnose_any("A100", [(job, GPUS[key]) for key in ratios], figure, GPUS)
    assert (found.gpu, found.others) == ("a100-40gb-pcie", (("a100-80gb-sxm", "slow"),))
    assert str(found).endswith("it would be slow on a100-80gb-sxm")


def test_parts_of_one_machine_are_not_meant_by_a_shared_name():
    assert not {"h100-64gb-sxm", "a100-64gb-sxm"} & {
        key for name in ("H100", "A100") for key in told(f"resnet50 on {name}: 9 ms", GPUS).may_be
    }
    # Nobody rents out the one with SXM, and there is no other of that form.
    assert "p100-16gb-sxm" in told("resnet50 on a P100: 9 ms", GPUS).may_be


def test_a_batch_that_nobody_stated_is_no_reason_for_a_fast_training(whichgpu):
    ask = "GPT-2 124M training on 8x A100 40GB SXM takes 4 days for 300B tokens"
    one = whichgpu("diagnose", ask, "--json").json
    assert (one["verdict"], one["job"]["batch"] > 1) == ("normal", True)
    assert "no batch is stated: taken as" in str(one["warnings"])
    assert whichgpu("diagnose", ask, "--batch", "1", "--json").json["verdict"] == "fast"


def test_billions_of_tokens_are_trained_on_unless_a_server_is_named():
    plain = told("Pythia 1.4B on 16 A100 80GB SXM: 300B tokens in 12 days", GPUS)
    assert plain.columns["phase"] == "train"
    with pytest.raises(UsageError, match="no measured figure"):
        told("Pythia 1.4B on 16 A100 80GB SXM: 300B tokens", GPUS)
    served = told("vLLM made 2B tokens in 3 days with Llama 3.1 8B on an H100 SXM", GPUS)
    assert (served.columns["runtime"], "phase" in served.columns) == ("vllm", False)


def test_tf_cnn_benchmarks_train_unless_they_are_told_otherwise(whichgpu):
    ask = "tf_cnn_benchmarks resnet50 fp16 batch 256 on a RTX A5000: 1150 images/sec"
    one = whichgpu("diagnose", ask, "--json").json
    assert (one["job"]["phase"], one["verdict"]) == ("train", "normal")
    assert "phase train: what TensorFlow, tf_cnn_benchmarks runs" in str(one["warnings"])
    assert whichgpu("diagnose", ask, "--phase", "infer", "--json").json["job"]["phase"] == "infer"


def test_an_option_that_is_given_goes_before_one_that_is_told(whichgpu):
    sentence = "resnet50 trains at 850 images/s on RTX A5000, mixed precision bf16, NHWC"
    heard = whichgpu("diagnose", sentence, "--json").json["read_as"]
    assert heard.endswith("--precision 'mixed precision bf16' --option layout=nhwc")
    given = whichgpu("diagnose", sentence, "--option", "layout=nchw", "--json").json["read_as"]
    assert given.endswith("--option layout=nchw")

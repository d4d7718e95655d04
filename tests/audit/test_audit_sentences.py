"""Sentences by themselves: what is right, what is wrong, and what is said of it."""

from __future__ import annotations

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue


@pytest.mark.parametrize(
    ("text", "named", "verdict"),
    [
        ("The RTX 4090 is an Ampere card.", "Ampere", "contradicted"),
        ("The Ampere-based RTX 4090 is fast.", "Ampere", "contradicted"),
        ("The A100 (Hopper) has 80 GB.", "Hopper", "contradicted"),
        ("The A100 is the flagship Ampere GPU.", "Ampere", "confirmed"),
        ("The T4 (Turing) is small.", "Turing", "confirmed"),
        ("The RTX 4090 is a worthy successor to the Ampere cards.", "Ampere", None),
        ("The L4 (successor of the Turing T4) is small.", "Turing", None),
        ("The RTX 4090 is faster than an Ampere card.", "Ampere", None),
    ],
)
def test_what_a_device_is_said_to_be_built_on(text, named, verdict):
    assert corpus.verdicts(f"# On cards\n\n{text}\n").get(named) == verdict


def test_a_speed_up_at_a_named_workload_is_held_against_the_model():
    text = (
        "An A100 is 3x as fast as a V100 for training BERT-large. "
        "The H100 is 10x faster than the A100 on ResNet-50."
    )
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).findings
    right, wild = (next(each for each in found if each.stated == stated) for stated in ("3x", "10x"))
    assert right.verdict == "confirmed"
    assert "training bert-large" in right.because
    # An interval is no bound: it does not accuse.
    assert wild.verdict == "unverifiable"
    assert wild.expected.endswith("x")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("The A5000 offers 222.2 TFLOPS of tensor performance.", "with sparsity"),
        ("The A10 has 600 GiB/s of memory bandwidth.", "not GiB/s"),
        ("The A100 80GB SXM4 has 1,935 GB/s of memory bandwidth.", "PCIe"),
    ],
)
def test_what_a_wrong_value_is_instead(text, says):
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert any(says in each.because for each in found.accusations)


@pytest.mark.parametrize(
    "text",
    [
        "A server with eight A100 80GB GPUs has 640 GB of memory.",
        "Each of the 64 SMs of the RTX A5000 has 128 CUDA cores.",
        "You need 32 GB of system memory beside the A10.",
        "The A10 drew 120 W in our test, 150 W being its TDP.",
        "An A100 slice 1g.10gb has 10 GB of memory.",
        "Up to 80 GB of memory on the A100.",
        "A 70B model in 4 bit takes about 40 GB of memory on an A100.",
        "A month of the V100 is $2,234, of the T4 $380.\n\n- A10: twice the price of the T4 at its largest",
    ],
)
def test_what_is_no_error(text):
    assert not audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations


_LOTS = 80
SENTENCES = [
    line.split("|", 1)
    for line in (corpus.HERE / "sentences.txt").read_text().splitlines()
    if not line.startswith(("#", "missed|"))
]


@pytest.mark.parametrize("lot", range(_LOTS))
@pytest.mark.thorough(every=4)
def test_sentences_by_themselves(lot):
    """Some forty to a test, of every kind: three thousand tests cost more than what they test."""
    for label, text in SENTENCES[lot::_LOTS]:
        answer = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
        # No kind of claim was left out by a fault.
        assert not answer.document.unread, text
        assert bool(answer.accusations) is (label == "wrong"), (text, answer.accusations)


@pytest.mark.parametrize(
    ("text", "verdict", "why"),
    [
        ("For training BERT-large, choose the A100 80GB SXM over the RTX A6000.", "unverifiable", "flips"),
        ("For serving Llama 3.1 8B, go with the L4 rather than the H100 SXM.", "contradicted", "cheapest"),
        ("For serving Llama 3.1 8B, go with the H100 SXM rather than the L4.", "confirmed", "times as fast"),
        ("If FP64 is critical, choose the L40S.", "contradicted", "1/64"),
    ],
)
def test_advice_is_asked_of_the_cost_model_and_the_offers(text, verdict, why):
    [found] = [
        f for f in audited(text.encode(), "a.md", catalogue(), corpus.TODAY).findings if f.kind == "rule"
    ]
    assert found.verdict == verdict
    assert why in found.because


def test_a_gpu_of_ones_own_is_known_by_its_name(tmp_path, whichgpu):
    (tmp_path / "my.toml").write_text('[gpu.zeta-9000]\nname = "Zeta 9000"\nbase = "rtx-4090"\n')
    (tmp_path / "a.md").write_text(
        "# Cards\n\nThe Zeta 9000 has 48 GB of memory. "
        "The Zeta 9000 is twice as fast as the V100 for training BERT-large.\n"
    )
    asked = ("audit", str(tmp_path / "a.md"), "--gpu-file", str(tmp_path / "my.toml"), "--json")
    answer = whichgpu(*asked)
    assert answer.status == 0, answer.err
    size, speed = answer.json["findings"]
    assert (size["subject"], size["verdict"]) == ("zeta-9000", "contradicted")
    assert "training bert-large" in speed["because"]


@pytest.mark.parametrize(
    ("item", "wrong"),
    [
        ("MIG with up to seven instances", True),
        ("MIG with up to four instances", False),
        ("NVLink bridge for two cards", True),
        ("Con: an old Ampere design", True),
        ("Pro: a Blackwell design", False),
    ],
)
def test_an_item_without_a_subject_is_of_its_heading(item, wrong):
    text = f"## RTX PRO 6000 Blackwell Server Edition\n\n- {item}\n- 96 GB\n"
    found = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
    assert bool(found.accusations) is wrong
    assert len(found.findings) > 1


_CELLS_BY_LINE = "Card\nTesla P4\nTesla P100 PCIe 16GB\nQuadro P6000\nChip\nGP104\nGP100\nGP102\nCUDA cores\n{cores}\n3,584\n3,840\nMemory\n8 GB GDDR5\n16 GB HBM2\n24 GB GDDR5X\nBandwidth\n192 GB/s\n{rate}\n432 GB/s\nTDP\n75 W\n250 W\n250 W\n"  # noqa: E501
_BY_LINE = "Machine\nPrice\nSDXL images/min\nDollars per image/min\nLaptop 4080\n$1,840\n9.2\n$200.00\nDesktop 4070\n$1,500\n12.5\n{per}\n"  # noqa: E501


@pytest.mark.parametrize(
    ("text", "accused"),
    [
        (_CELLS_BY_LINE.format(cores="2,560", rate="732 GB/s"), set()),
        (_CELLS_BY_LINE.format(cores="3,584", rate="549 GB/s"), {"3,584", "549 GB/s"}),
        (_BY_LINE.format(per="$120.00"), set()),
    ],
)
def test_tables_with_a_cell_to_a_line_have_chips_in_rows_and_quotients_by_their_headings(text, accused):
    found = audited(
        f"Old cards\n\nTHE CARDS\n\n{text}\nThat was it.\n".encode(), "a.txt", catalogue(), corpus.TODAY
    )
    assert {each.quote for each in found.accusations} == accused

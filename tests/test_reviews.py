"""Reviews of one card: sentences that rest on cells, places, alternatives, what it can be exchanged for."""

from __future__ import annotations

import re

import pytest

from tests.comparisons import market_numbers, stray
from tests.paged import OF_JOBS, TODAY, reviewed
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.comparison import compare
from whichgpu.planner.review import features, review
from whichgpu.planner.review.standing import standing_rows, standings
from whichgpu.report import review as reviews
from whichgpu.report.markdown import render

pytestmark = pytest.mark.slow

#: Parts whose FP32 is that of the vector units, or whose power was not read, and what is like them.
_MATRIX = {"gaudi3": {"mi300x", "h100-80gb-sxm"}, "tpu-v5e": {"rtx-4090", "l4"}, "tpu-v5p": {"a100-80gb-sxm"}}


@pytest.mark.parametrize(
    "name", ["rtx-a5000", "a100-80gb-sxm", "rtx-4090-laptop", "gtx-970", "mi300x", "a10", "apple-m4-max-40c"]
)
@pytest.mark.thorough(every=2)
def test_every_number_of_a_review_s_sentences_stands_in_their_cells(name):
    found = reviewed(name)
    market = market_numbers(found.view)
    around = found.beside._replace(others=found.view.others)
    for one in found.sentences():
        view = around if one.topic == "exchange" else found.view
        told = one._replace(text=OF_JOBS.sub(" ", one.text))
        assert not stray(view, told) - market, one
        assert one.cells, one
        assert re.match(r"[A-Z0-9'].*\.$", one.text), one.text
        assert not re.search(r"\(\)|  |None[^ ]|nan\b|, ,|\.\.|the the", one.text), one.text


def test_a_review_says_what_runs_no_cuda_and_has_no_matrix_units():
    told = {
        name: " ".join(one.text for one in reviewed(name, "resnet50").limits)
        for name in ("apple-m4-max-40c", "mi300x", "gtx-970")
    }
    assert (
        "It runs no CUDA software, nor TensorRT-LLM, FlashAttention, xFormers or Triton."
        in told["apple-m4-max-40c"]
    )
    assert "It has no matrix units: 18 TFLOPS in FP16 come from its plain cores." in told["apple-m4-max-40c"]
    assert "It runs no CUDA software, nor TensorRT-LLM." in told["mi300x"]
    assert "matrix units" not in told["mi300x"]
    assert "no CUDA" not in told["gtx-970"]
    assert "It has no tensor cores: 3.92 TFLOPS in FP16 come from its plain cores." in told["gtx-970"]


def test_a_review_names_the_gaming_card_that_a_workstation_card_plays_like():
    told = {
        name: [one.text for one in reviewed(name, "resnet50").uses if one.text.startswith("In games")]
        for name in ("rtx-a5000", "w7900", "rtx-4090", "a100-80gb-sxm")
    }
    assert "most like the RTX 3080 10 GB of its generation (27.8 against 29.8 TFLOPS" in told["rtx-a5000"][0]
    assert "most like the Radeon RX 7900 XTX" in told["w7900"][0]
    # A gaming card's own tests exist, and a module draws nothing.
    assert told["rtx-4090"] == told["a100-80gb-sxm"] == []


def test_a_review_ranks_within_generation_and_segment():
    found = reviewed("rtx-a5000", "resnet50")
    ampere = [gpu for gpu in catalogue().values() if gpu.family == "ampere" and gpu.segment == "workstation"]
    ahead = sum(gpu.need("fp32") > 1.02 * found.gpu.need("fp32") for gpu in ampere)
    row = found.view.rows["rank.fp32"]
    assert row.cells["rtx-a5000"].value == ahead + 1
    assert f"of the {len(ampere)} Ampere workstation parts" in row.cells["rtx-a5000"].text
    assert "rank.fp64" not in found.view.rows
    assert any("bandwidth (768 GB/s) is the second highest" in one.text for one in found.strengths)
    assert any("cannot be cut" in one.text for one in found.limits)


def test_accelerators_without_shader_cores_have_alternatives_of_their_class():
    names = {key: reviewed(key, "resnet50").beside.ids for key in _MATRIX}
    assert all(set(names[key]) & near for key, near in _MATRIX.items()), names


def test_what_stands_in_its_place_is_level_or_ahead_and_no_dearer():
    found = reviewed("rtx-a5000", "resnet50")
    assert found.instead
    for key in found.instead:
        for field in ("memory", "bandwidth", "fp16", "fp32"):
            assert found.beside.number(key, field) >= 0.98 * found.beside.number("rtx-a5000", field)
        assert found.beside.number(key, "usd_per_hour") <= 1.02 * found.beside.number(
            "rtx-a5000", "usd_per_hour"
        )
        assert catalogue()[key].segment not in ("laptop", "edge")


def test_a_card_of_unknown_rates_is_reviewed_without_estimates():
    known = catalogue()
    bare = next(gpu for gpu in known.values() if not gpu.usable)
    found = review(bare, known, today=TODAY)
    assert not found.view.works
    assert render(reviews.article(found).blocks)


def test_a_card_of_the_user_s_own_is_reviewed_too(tmp_path, whichgpu):
    file = tmp_path / "mine.toml"
    file.write_text(
        '[gpu.mine]\nmemory = "24 GiB"\n[gpu.large]\nbase = "a10"\nname = "Large"\nmemory = "48 GiB"\n'
    )
    bare = whichgpu("show", "mine", "--gpu-file", str(file), "--format", "md")
    assert bare.status == 0
    assert "Your own file of GPUs" in bare.out
    assert "parts on file" not in bare.out
    large = whichgpu("show", "large", "--gpu-file", str(file), "--format", "html")
    assert large.status == 0
    assert "What it can be exchanged for" in large.out


def test_a_laptop_part_is_told_at_each_power_that_was_read():
    found = reviewed("rtx-4090-laptop")
    said = " ".join(one.text for one in found.limits)
    assert "between 80 and 150 W" in said
    assert "33 TFLOPS at 120 W, 28.3 TFLOPS at 80 W" in said
    assert "over PCIe" not in said


def test_a_slice_is_reviewed_as_a_part_of_its_card():
    from whichgpu.hardware.slices import resolve_device

    found = review(resolve_device("a30:mig-2g.12gb", catalogue())[0], catalogue(), today=TODAY)
    assert "is a part of one A30: 28 of 56 SMs, 12 of 24 GB" in " ".join(one.text for one in found.lead)
    assert not [one for one in (*found.strengths, *found.limits) if "parts on file" in one.text]


def test_a_review_tells_what_a_card_does_beside_machine_learning_and_its_software():
    found = reviewed("rtx-a5000")
    said = " ".join(one.text for one in found.uses)
    assert "Beside machine learning: rendering with ray tracing (64 RT cores, 54.2 TFLOPS)" in said
    assert "virtual reality" in said
    assert found.view.rows["software.tensorflow"].cells["rtx-a5000"].text.startswith("2.")
    asked = next(one.text for one in found.uses if one.text.startswith("Of the programs"))
    assert all(name in asked for name in ("Blender", "AutoCAD", "Premiere Pro"))
    assert "VASP" not in asked, "it wants fast FP64"
    kinds = next(one.text for one in found.uses if one.text.startswith("It has what these kinds"))
    assert "CAD and 3D modelling (SolidWorks, CATIA)" in kinds
    assert "FP64" not in kinds
    told = " ".join(one.text for one in found.board)
    assert "4x 4096x2160 at 120 Hz" in told
    assert "24x 1Q, 12x 2Q, " in told
    plain = " ".join(one.text for one in features.beside(compare(("h100-80gb-sxm", "t4")).view))
    assert "VASP" in plain
    assert not any(name in plain for name in ("Blender", "AutoCAD")), "it has no RT cores and no displays"


def test_a_review_begins_with_what_one_carries_and_what_does_as_much_for_less():
    dear = reviewed("rtx-a5000", "resnet50")
    size, other = (one.text for one in dear.brief)
    held = [row.label for row in dear.view.rows.values() if row.field.startswith("fits.")
            and row.cells["rtx-a5000"].value == 1]  # fmt: skip
    assert all(title in held for title in re.findall(r"up to (.+?)(?= and trains|;)", size))
    assert size.startswith(
        "One RTX A5000 alone runs models up to Llama 3.1 8B in FP16 and trains models up to "
    )
    assert dear.instead[0] == "rtx-4090"
    only = "NVLink, vGPU software, leave to run in data centres or lower power"
    assert other.startswith(f"Unless its {only} is needed, look at the RTX 4090 first (")
    assert "ECC" not in other, "the RTX 4090 has it as well"
    other = reviewed("h200-141gb-sxm", "resnet50").brief[1].text
    assert other.startswith("Unless its CUDA")
    assert "look at the MI300X first" in other
    ahead = reviewed("rtx-5090", "resnet50")
    assert [one.topic for one in ahead.brief] == ["brief"]
    assert "usd_same_provider" not in ahead.view.rows, "one card has no other at the same shop"
    text = render(reviews.article(ahead).blocks)
    assert text.index(ahead.brief[0].text[:40]) < text.index(ahead.lead[0].text[:40])


def test_a_place_is_counted_from_the_nearer_end_and_what_decides_comes_first():
    found = {one.measure.field: one for one in standings(catalogue()["mi210"], catalogue().values(), "fp16")}
    told = {
        row.field: row.cells["mi210"].text for row in standing_rows(catalogue()["mi210"], found.values(), {})
    }
    assert found["bandwidth"].rank > found["bandwidth"].last == 2
    assert told["rank.bandwidth"].startswith("the second lowest of the ")
    # Of its generation it is among the last in FP64; what makes it a strength is its segment.
    assert found["fp64"].strong
    assert told["rank.fp64"].startswith("above that of ")


def test_who_is_first_or_last_of_all_is_not_told_in_shares():
    thor = " ".join(one.text for one in reviewed("jetson-agx-thor-128gb", "resnet50").strengths)
    assert "is the highest of all 16 embedded parts on file" in thor
    assert "above that of all but one of the other 15 embedded parts on file" in thor
    both = reviewed("rtx-pro-6000-blackwell", "resnet50")
    text = " ".join(one.text for one in (*both.strengths, *both.limits))
    assert "below that of none of the other 95 workstation parts" in text
    assert not re.search(r"\b(?:0|100) % of", text + thor)


def test_a_place_that_others_share_says_with_how_many():
    text = " ".join(one.text for one in reviewed("radeon-ai-pro-r9700", "resnet50").limits)
    mates = (gpu for gpu in catalogue().where(family="rdna", segment="workstation") if gpu.usable)
    drawn = {gpu.id: (gpu.value("power") or 0) / (gpu.value("units_per_board") or 1) for gpu in mates}
    level = [key for key, watts in drawn.items() if watts == pytest.approx(300, rel=0.02)][1:]
    words = {5: "five", 6: "six", 4: "four"}[len(level)]
    assert f"the highest of the 26 RDNA workstation parts on file, level with {words} others" in text
    alone = " ".join(one.text for one in reviewed("rtx-a6000", "resnet50").strengths)
    assert "level with none" not in alone


def test_the_nearest_parts_are_told_of_with_a_price_or_without():
    assert "mi325x" in reviewed("mi300x", "resnet50").beside.ids, "no offer of it is stored"


def test_machines_are_told_beside_machines_on_a_desk_or_on_the_lap():
    near = {name: reviewed(name, "resnet50").beside.ids for name in ("ryzen-ai-max-395", "gb10", "rtx-a4000")}
    known = catalogue()
    for name in ("ryzen-ai-max-395", "gb10"):
        assert {known[one].value("form_factor") for one in near[name]} == {"SoC"}, near[name]
    assert "gb10" in near["ryzen-ai-max-395"]
    assert any(one.startswith("apple-") for one in near["ryzen-ai-max-395"]), "Apple states no power limit"
    assert "SoC" not in {known[one].value("form_factor") for one in near["rtx-a4000"]}


def test_a_board_of_several_gpus_is_fed_whole_and_each_compared_by_its_share():
    found = reviewed("a16", "resnet50")
    said = " ".join(str(one) for one in found.sentences())
    assert "a limit of 250 W for the board, 62.5 W for each GPU" in said
    assert "a year takes 548 kWh for each GPU" in said
    assert "power" not in found.beside.rows
    assert found.beside.rows["power_per_gpu"].cells["a16"].value == 62.5


def test_what_cost_less_at_launch_is_told_at_that_price():
    """The RTX 5070 Ti, 749 USD at launch, is 1,212 USD in the street since."""
    said = " ".join(str(one) for one in reviewed("rtx-4070-ti-super", "resnet50").sentences())
    assert "look at the RTX 5070 Ti first (749 USD at launch)" in said
    assert "and cost no more then" in said

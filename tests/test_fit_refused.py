"""`fit`: what cannot be, and the forms of its answer."""

from __future__ import annotations

import json

import pytest

import whichgpu as package
from tests.fitting import GPUS, held, one, plain
from whichgpu.facts import store
from whichgpu.facts.reading import sources
from whichgpu.planner.capacity.cards import cards
from whichgpu.workloads.precision import precisions

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["llama-2-13b", "--gpu", "a10:3"], "40 heads and 40 layers; use 2 or 4 GPUs"),
        (["llama-2-13b", "--gpu", "a10:4", "--tp", "3"], "do not divide by it; use --tp 2 or 4"),
        (["llama-2-13b", "--gpu", "a10:4", "--pp", "3"], "do not divide by it; use --pp 2 or 4"),
        (["llama-2-13b", "--gpu", "a10:2", "--tp", "4"], "tp=4 needs at least as many GPUs; n_gpus=2"),
        (["llama-2-13b", "--gpu", "a10", "--pp", "64"], "40 layers"),
        (["llama-2-13b", "--gpu", "nonsense"], "no GPU 'nonsense'"),
        (["llama-2-13b", "--gpu", ","], "names no GPU"),
        (["nonsense", "--gpu", "a10"], "no workload 'nonsense'"),
        (["llama-2-13b", "--gpu", "a10", "--precision", "fp7"], "no precision 'fp7'"),
        ([], "say what: fit llama-2-13b"),
        (["llama-2-13b", "--gpu", "a10:0"], "0 GPUs cannot be; write e.g. a10:2"),
        (["llama-2-13b", "--gpu", "a10", "--batch", "1e30"], "not a valid integer; write e.g. --batch 8"),
        (
            ["llama-2-13b", "--gpu", "a10", "--seq-len", "nan"],
            "not a valid integer; write e.g. --seq-len 4096",
        ),
        (["llama-2-13b", "--gpu", "a10", "--option", "max_model_len=0"], "write max_model_len=4096"),
        (["13b model", "--gpu", "a10"], "a size alone names no model; did you mean"),
        (["llama-2-13b", "--gpu", "half an a10"], "others use as well is written a10:1/2"),
    ],
)
def test_what_cannot_be_exits_2_and_says_what_to_type(whichgpu, words: list[str], said: str) -> None:
    told = whichgpu("fit", *words)
    assert told.status == 2
    assert said in told.err
    assert told.err.count("\n") == 1 or not words


def test_workloads_may_stand_in_one_word(whichgpu) -> None:
    """As GPUs do: A,B."""
    apart, joined = (
        whichgpu("fit", *words, "--gpu", "a10", "--json").json
        for words in (("llama-2-7b", "llama-2-13b"), ("llama-2-7b,llama-2-13b",))
    )
    assert joined == apart
    assert len(joined["answers"]) == 2


def test_an_amount_of_memory_is_answered_with_common_cards_first(whichgpu) -> None:
    told = whichgpu("fit", "llama-2-7b", "--gpu", "24GB")
    named = told.err.partition("no GPU: ")[2].partition(" have it")[0].split(", ")
    assert set(named) <= set(cards()["common"])


def test_a_format_without_units_is_refused_with_one_that_runs(whichgpu) -> None:
    told = whichgpu("fit", "llama-2-13b", "--gpu", "a10", "--precision", "fp8")
    assert told.status == 3
    assert "no FP8" in told.err
    assert "--precision w8a16 fits" in told.err


def test_layers_that_stages_do_not_divide_are_cut_over_machines() -> None:
    """DeepSeek V3 has 61 layers: 16 GPUs of two machines cut each of them, as its heads divide."""
    answer = one("deepseek-v3", "h100-80gb-sxm:16", precision="fp8")
    assert (float(answer.jobs[0].tp), float(answer.jobs[0].pp)) == (16, 1)
    assert answer.fits
    assert not held("deepseek-v3", "h100-80gb-sxm:8", precision="fp8").fits


def test_a_vendor_without_a_card_that_runs_it_is_told_of_another() -> None:
    answer = one("llama-2-7b", "apple-m2-ultra-76c", phase="serve", runtime="vllm")
    assert "vLLM does not run on Apple" in answer.reason
    assert package.gpu(answer.smallest_gpu).vendor == "NVIDIA"


def test_stages_need_not_be_even_where_the_runtime_splits_unevenly() -> None:
    answer = one("llama-2-7b", "a10:3", runtime="llama.cpp", phase="decode")
    assert answer.fits
    assert float(answer.jobs[0].pp) == 3


def test_tp_without_a_number_of_gpus_counts_them() -> None:
    answer = one("llama-2-13b", "a10", tp=2)
    assert (answer.n_gpus, answer.fits) == (2, True)
    assert str(answer.fewest[0]) == "2 x a10 (--tp 2)"
    # The file is that of the whole model.
    assert answer.loading.checkpoint == pytest.approx(held("llama-2-13b", "a10").loading.checkpoint)


def test_parts_of_a_gpu_do_not_work_together() -> None:
    answer = one("llama-2-7b", "a100-80gb-sxm:mig-1g.10gb")
    assert not answer.fits
    assert answer.fewest == ()
    assert all(change.n_gpus == 1 for change in answer.changes)


@pytest.mark.parametrize("form", ["md", "html", "json"])
def test_forms(whichgpu, form: str) -> None:
    told = whichgpu("fit", "llama-2-7b", "llama-2-13b", "--gpu", "a10,a100-80gb-sxm", "--format", form)
    assert told.status == 0
    assert "llama-2-13b" in told.out
    marks = {"md": "| Workload |", "html": "<table>", "json": '"answers"'}
    assert marks[form] in told.out


def test_the_report_in_words(whichgpu) -> None:
    told = whichgpu("fit", "llama-2-7b", "--gpu", "a10", "--plain", "--all")
    assert told.status == 0
    for words in ("fits on a10", "GiB are left", "requests at once", "safetensors", "Smallest"):
        assert words in told.out


def test_the_api_answers_as_the_command_does(whichgpu) -> None:
    told = whichgpu("fit", "llama-2-13b", "--gpu", "a10", "--json").json
    answer = package.fit("llama-2-13b", "a10")
    told.pop("schema_version")
    assert plain(json.loads(json.dumps(answer.to_dict(), default=float))) == plain(told)
    assert "does not fit on a10" in str(answer)
    assert "| llama-2-13b | 1 x a10 | no |" in answer._repr_markdown_()
    assert package.fit([package.job("llama-2-7b", precision="nf4"), "resnet50"], ["a10"]).fits


def test_data_name_their_sources_and_things_that_exist() -> None:
    for row in store.load("quality")["quality"]["finding"]:
        assert row["source"].split()[0] in sources()
        assert set(row.get("precisions", ())) <= set(precisions())
        assert "says" in row or "change" in row or {"before", "after"} <= set(row)
        for workload in row.get("of", ()):
            assert package.workload(workload).id == workload
    table = cards()
    assert {*table["common"], *table["several"]} <= set(GPUS)
    assert {name for ladder in table["narrower"].values() for name in ladder} <= set(precisions())
    for group in ("format", "path"):
        for row in store.load("loading")["loading"][group].values():
            for value in row.values():
                assert isinstance(value, str) or value[1] == "assumed" or value[1].split()[0] in sources()

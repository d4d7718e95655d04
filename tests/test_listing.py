"""Questions that ask for GPUs by what they are, and the conditions that answer them."""

from __future__ import annotations

import json
import shlex

import pytest

from whichgpu.audit.questions.question import answering
from whichgpu.audit.questions.wanted import wanted
from whichgpu.cli import main
from whichgpu.errors import UsageError
from whichgpu.hardware import filters
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.needs import meeting, need

GPUS = catalogue()


@pytest.mark.parametrize(
    ("question", "command"),
    [
        ("what GPUs have 48GB and fp8", "gpus --where 'memory=48 GB' --needs fp8"),
        ("cards under 75 W with 16 GB", "gpus --where 'memory=16 GB' --where 'power<=75 W'"),
        ("which GPU came out in 2023 with HBM",
         "gpus --where release_date=2023 --where 'memory_type~HBM'"),
        ("which NVIDIA cards have NVLink and at least 40 GB",
         "gpus --where 'memory>=40 GB' --vendor nvidia --needs nvlink"),
        ("GPUs with more than 1 TB/s of bandwidth under 300 W",
         "gpus --where 'bandwidth>1 TB/s' --where 'power<=300 W'"),
        ("AMD data center GPUs with 192 GB or more",
         "gpus --where 'memory>=192 GB' --segment datacenter --vendor amd"),
        # The baseline of processors has more, and is no GPU.
        ("Which GPU has the most memory?", "gpus --sort memory --needs gpu --limit 10"),
        ("what is the fastest GPU for FP64", "gpus --sort fp64 --limit 10"),
        ("oldest cards with tensor cores",
         "gpus --sort release_date --reverse --needs tensor-cores --limit 10"),
        ("what is the cheapest GPU with 80 GB",
         "prices --cheapest on-demand --where 'memory=80 GB' --limit 10"),
        ("cheapest AMD card to rent", "prices --cheapest on-demand --where vendor=amd --limit 10"),
        ("GPUs between 24 and 48 GB under 250W",
         "gpus --where 'memory>=24 GB' --where 'memory<=48 GB' --where 'power<=250 W'"),
        ("GPUs like the A10 but with more memory", "gpus --like a10 --where 'memory>24 GB'"),
        ("L40S alternatives", "gpus --like l40s"),
        ("cards with less power than the RTX 3090 and more memory",
         "gpus --where 'memory>24 GB' --where 'power<350 W'"),
        ("is there any card with 32GB for less than 2000 dollars",
         "gpus --where 'memory=32 GB' --where 'launch_price<=2000 USD'"),
        ("show GPUs under $1.5k", "gpus --where 'launch_price<=1500 USD'"),
        ("the 24 GB cards NVIDIA launched between 2018 and 2021",
         "gpus --where 'memory=24 GB' --where 'release_date>=2018' --where 'release_date<=2021' "
         "--vendor nvidia"),
        ("GPUs released since 2024", "gpus --where 'release_date>=2024'"),
        ("what GPUs don't need a power connector", "gpus --needs no-power-connector"),
        ("RTX 40 series laptop GPUs", "gpus --segment laptop --where 'name~RTX 40'"),
        ("RDNA 3 cards with 20 GB or more", "gpus --where 'memory>=20 GB' --family rdna3"),
        ("PCIe 5.0 cards with 96GB", "gpus --where 'memory=96 GB' --where pcie_generation=5"),
        ("Which GPUs have 16,384 CUDA cores?", "gpus --where cores=16384"),
        ("gpus with 10,000 or more CUDA cores", "gpus --where 'cores>=10000'"),
        ("GPUs that use less than 200 watts", "gpus --where 'power<=200 W'"),
        ("NVIDIA GPUs with compute capability 8.6",
         "gpus --where compute_capability=8.6 --vendor nvidia"),
        ("GPUs with 8GB without ECC", "gpus --where 'memory=8 GB' --needs no-ecc"),
        ("cards without tensor cores and 8 GB or more",
         "gpus --where 'memory>=8 GB' --needs no-tensor-cores"),
        ("which TPU versions are there", "gpus --where 'name~TPU'"),
        ("newest amd instinct",
         "gpus --sort release_date --where 'name~instinct' --vendor amd --limit 10"),
        ("cards with the same memory as the L40S", "gpus --where 'memory=48 GB'"),
        ("same number of cores as the RTX 4090", "gpus --where cores=16,384"),
        ("cheaper alternatives to the RTX 6000 Ada",
         "gpus --like rtx-6000-ada --where 'launch_price<6,799 USD'"),
        ("cheaper alternatives to the H100", "gpus --like h100-80gb-pcie --sort launch_price --limit 10"),
        # What tells of a job as well is of another command, and a card that is named is looked at.
        ("which GPU should I buy for gaming?", "recommend gaming --term buy"),
        ("cheapest card that runs Llama 3.1 8B", "recommend 'Llama 3.1 8B'"),
        ("which GPUs can run Llama 3 70B in 4 bit?", "recommend 'Llama 3 70B' --precision '4 bit'"),
        ("how much VRAM does the 4090 have", "show rtx-4090 --field memory"),
        ("Which GPU has more memory, the A40 or the L40S?", "compare a40 l40s"),
    ],
)  # fmt: skip
def test_a_question_of_what_gpus_are_is_a_list_of_them(question, command):
    found = answering(question, GPUS)
    assert f"{found.command} {shlex.join(found.words)}" == command


@pytest.mark.parametrize(
    ("question", "command"),
    [
        ("best value 24GB card", "recommend learning --min-memory '24 GB'"),
        ("best bang for the buck gpu for rendering", "recommend rendering"),
        ("cheapest way to rent an A100 80GB", "prices 'A100 80GB' --term on-demand"),
        ("H100 spot price per hour in europe", "prices H100 --term spot --region europe"),
        ("lambda labs h100 pricing", "prices h100 --provider lambda"),
        ("which provider has the cheapest L4", "prices l4"),
        ("where can I buy an RTX 5090", "prices rtx-5090 --term buy"),
        ("4060 ti 8gb or 16gb", "compare rtx-4060-ti-8gb rtx-4060-ti-16gb"),
        ("H100 PCIe vs SXM", "compare h100-80gb-pcie h100-80gb-sxm"),
        ("which driver do I need for an L40S", "compat l40s"),
        ("can I use bitsandbytes on a T4", "compat t4 --framework bitsandbytes"),
        ("rtx a6000 memory bandwidth", "show rtx-a6000"),
        ("sdxl images per minute on an RTX 4080", "predict sdxl --gpu rtx-4080"),
        ("gemma 3 tokens per second on RTX 4070", "predict gemma-3-27b --gpu rtx-4070"),
        ("llama 3.1 70b throughput 4x A100 80GB",
         "predict 'llama 3.1 70b' --gpu a100-80gb-sxm:4,a100-80gb-pcie:4"),
        ("largest llm for a 3090",
         "fit llama-3.2-3b llama-3.1-8b qwen3-14b gemma-3-27b qwen3-32b llama-3.3-70b "
         "--gpu rtx-3090 --precision w4a16"),
        ("does flux dev run on a 12gb card", "fit 'flux dev' --gpu rtx-4070-ti"),
    ],
)  # fmt: skip
def test_a_question_of_one_card_goes_to_the_command_that_it_is_of(question, command):
    found = answering(question, GPUS)
    assert f"{found.command} {shlex.join(found.words)}" == command


@pytest.mark.parametrize("word", ["value", "pricing", "risk", "path", "control"])
def test_a_word_that_only_stands_in_the_name_of_a_use_is_none(word):
    with pytest.raises(UsageError, match="names no model on file and no use"):
        wanted(f"which gpu for {word}", GPUS)


def test_a_need_may_be_denied():
    without, told = meeting("no-nvlink,datacenter", GPUS.values())
    having, _ = meeting("nvlink,datacenter", GPUS.values())
    assert without
    assert not {gpu.id for gpu in without} & {gpu.id for gpu in having}
    assert "l40s" in {gpu.id for gpu in without}
    assert any("'no-nvlink'" in one for one in told)
    assert need("no-nvlink").lacking(GPUS["a100-80gb-sxm"]).startswith("it has ")
    with pytest.raises(UsageError, match="no need 'no-zzz'"):
        need("no-zzz")


@pytest.mark.parametrize(
    "question",
    ["Which graphics cards support DirectStorage?", "GPUs with 8GB without coil whine", "which GPU is best?"],
)
def test_a_condition_that_is_not_understood_is_not_passed_over(question):
    with pytest.raises(UsageError, match=r"write e\.g\."):
        answering(question, GPUS)


def _that(text: str) -> set[str]:
    condition = filters.where(text)
    return {key for key, gpu in GPUS.items() if condition.met(gpu)}


def test_a_card_sold_with_24_gb_has_neither_more_nor_less():
    assert "rtx-4090" in _that("memory=24 GB") & _that("memory>=24 GB") & _that("memory<=24 GB")
    assert "rtx-4090" not in _that("memory>24 GB") | _that("memory<24 GB")
    read = {key for key, gpu in GPUS.items() if gpu.value("memory") is not None}
    assert _that("memory>24 GB") | _that("memory<=24 GB") == read


def test_a_year_is_whole_on_either_side():
    assert not _that("release_date>2022") & _that("release_date=2022")
    assert not _that("release_date<2022") & _that("release_date=2022")
    assert _that("release_date<=2022") == _that("release_date<2022") | _that("release_date=2022")


def test_a_limit_on_words_is_refused():
    with pytest.raises(UsageError, match="'name' is not a number"):
        filters.where("name>4")


def test_needs_choose_and_what_no_source_says_is_counted():
    found, said = meeting("fp8,nvlink", GPUS.values())
    ids = {gpu.id for gpu in found}
    assert {"h100-80gb-sxm", "b200-180gb-sxm"} <= ids
    assert not ids & {"l40s", "a100-80gb-sxm"}
    assert any("'nvlink'" in line for line in said)
    with pytest.raises(UsageError, match="no need 'fp81'; did you mean"):
        meeting("fp81", GPUS.values())


def test_prices_of_those_that_are_wanted_the_cheapest_first(capsys):
    assert (
        main(["prices", "--where", "memory=80 GB", "--needs", "nvlink", "--cheapest", "on-demand", "--json"])
        == 0
    )
    rows = json.loads(capsys.readouterr().out)["gpus"]
    usd = [row["on_demand"]["usd_per_gpu_hour"] for row in rows if row["on_demand"]]
    assert len(usd) > 2
    assert usd == sorted(usd)
    assert all("80gb" in row["gpu"] for row in rows)


def test_prices_of_one_gpu_and_of_none_are_told(capsys):
    assert main(["prices", "a10", "--needs", "fp8"]) == 2
    assert "leave the name out" in capsys.readouterr().err
    assert main(["prices", "--where", "memory=20000 GB", "--plain"]) == 0
    assert "None of these has a price on file." in capsys.readouterr().out


def test_a_list_by_needs_is_the_same_on_the_web(web, capsys):
    assert main(["gpus", "--needs", "fp4,single-slot", "--json"]) == 0
    here = [gpu["id"] for gpu in json.loads(capsys.readouterr().out)["gpus"]]
    there = web.get("/api/v1/gpus", params={"needs": "fp4,single-slot", "limit": 100}).json()
    assert here
    assert {gpu["id"] for gpu in there["gpus"]} == {*here}


def test_nvenc_is_of_nvidia_and_an_encoder_of_all_that_have_one(whichgpu):
    told = {
        need: {one["vendor"] for one in whichgpu("gpus", "--needs", need, "--json").json["gpus"]}
        for need in ("nvenc", "encoder")
    }
    assert told["nvenc"] == {"NVIDIA"}
    assert {"NVIDIA", "AMD", "Intel", "Apple"} <= told["encoder"]

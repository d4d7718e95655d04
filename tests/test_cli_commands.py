"""What the commands answer."""

from __future__ import annotations

import re

import pytest

from whichgpu.cli.commands import check
from whichgpu.workloads import published, workload

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("gpu", "field", "value"),
    [
        ("l4", "cores", 7424),
        ("l4", "tensor_cores", 232),
        ("mi300x", "bandwidth", 5.3e12),
        ("a100-80gb-sxm", "bandwidth", 2039e9),
        ("a100-80gb-pcie", "bandwidth", 1935e9),
        ("rtx-a5000", "fp16", 111.1e12),
        ("rtx-4090", "fp16", 165.2e12),
        ("rtx-4090-laptop", "cores", 9728),
    ],
)
def test_show_gives_si_values(whichgpu, gpu, field, value):
    answer = whichgpu("show", gpu, "--json")
    assert answer.json["id"] == gpu
    assert answer.json["fields"][field]["value"] == pytest.approx(value, rel=1e-3)
    assert {"value", "unit", "text", "source", "kind"} <= answer.json["fields"][field].keys()


def test_show_gives_the_sparse_peak_beside_the_dense_one(whichgpu):
    assert whichgpu("show", "rtx-a5000", "--json").json["fields"]["fp16"]["sparse"] == pytest.approx(222.2e12)
    assert "111.1 TFLOPS (222.2 TFLOPS sparse)" in whichgpu("show", "rtx-a5000").out
    assert "sparse" not in whichgpu("show", "rtx-a5000", "--json").json["fields"]["fp32"]


def test_show_with_sources_names_each(whichgpu):
    answer = whichgpu("show", "a100-80gb-sxm", "--sources")
    assert "Sources" in answer.out
    assert "https://" in answer.out


def ids(answer):
    return [gpu["id"] for gpu in answer.json["gpus"]]


def test_gpus_filters_by_any_field(whichgpu):
    found = whichgpu("gpus", "--min", "memory=40 GB", "--max", "power=300 W", "--family", "ampere", "--json")
    assert {"a100-80gb-pcie", "a40", "rtx-a6000"} <= set(ids(found))
    for gpu in found.json["gpus"]:
        assert gpu["family"] == "ampere"
        assert gpu["fields"]["memory"]["value"] >= 40e9
        assert gpu["fields"]["power"]["value"] <= 300


def test_gpus_reads_decimal_memory_as_vendors_write_it(whichgpu):
    assert "rtx-4090" in ids(whichgpu("gpus", "--max", "memory=24 GB", "--json"))
    assert "rtx-4090" in ids(whichgpu("gpus", "--min", "memory=24 GB", "--json"))
    assert "rtx-4090" in ids(whichgpu("gpus", "--where", "memory=24 GB", "--json"))
    assert "rtx-a6000" not in ids(whichgpu("gpus", "--max", "memory=24 GB", "--json"))


def test_gpus_where_compares_text_flags_counts_and_dates(whichgpu):
    assert "l4" in ids(whichgpu("gpus", "--where", "tensor_cores=232", "--json"))
    assert "rtx-a5000" in ids(whichgpu("gpus", "--where", "memory_type=gddr6", "--json"))
    assert "rtx-a5000" in ids(whichgpu("gpus", "--where", "form_factor~dual", "--json"))
    assert "rtx-a5000" in ids(whichgpu("gpus", "--where", "ecc=yes", "--json"))
    assert "rtx-a5000" in ids(whichgpu("gpus", "--where", "release_date=2021", "--json"))
    assert "rtx-a5000" in ids(whichgpu("gpus", "--max", "release_date=2021", "--json"))
    assert "rtx-4090" not in ids(whichgpu("gpus", "--max", "release_date=2021", "--json"))


def test_gpus_counts_those_whose_field_was_not_read(whichgpu):
    answer = whichgpu("gpus", "--min", "rt=1 TFLOPS")
    assert "left out because their rt was not read in any source" in answer.out


def test_gpus_sorts_best_first_and_unread_last(whichgpu):
    found = whichgpu("gpus", "--sort", "bandwidth", "--json").json["gpus"]
    values = [gpu["fields"].get("bandwidth", {}).get("value", -1) for gpu in found]
    assert values == sorted(values, reverse=True)
    cheap = whichgpu("gpus", "--sort", "launch_price", "--limit", "5", "--json").json["gpus"]
    prices = [gpu["fields"]["launch_price"]["value"] for gpu in cheap]
    assert prices == sorted(prices)
    dear = whichgpu("gpus", "--sort", "launch_price", "--reverse", "--limit", "5", "--json").json["gpus"]
    assert dear[0]["fields"]["launch_price"]["value"] > prices[-1]


def test_gpus_names_those_it_cannot_predict(whichgpu):
    answer = whichgpu("gpus", "--columns", "memory")
    assert "no prediction: bandwidth not read" in answer.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--min", "bandwith=1 TB/s"), "no field 'bandwith'; did you mean bandwidth"),
        (("--min", "memory"), "not a condition"),
        (("--min", "memory_type=HBM3"), "use --where memory_type=HBM3"),
        (("--max", "power=150"), "'150' has no unit"),
        (("--where", "ecc"), "not a condition"),
        (("--where", "vgpu=perhaps"), "neither yes nor no"),
        (("--family", "voltaire"), "no architecture 'voltaire'"),
        (("--segment", "cloud"), "no segment 'cloud'"),
        (("--sort", "speed"), "no field 'speed'"),
        (("--columns", "memory,colour"), "no field 'colour'"),
    ],
)
def test_gpus_says_what_to_type(whichgpu, arguments, said):
    answer = whichgpu("gpus", *arguments)
    assert answer.status == 2
    assert said in answer.err


def test_prices_have_kind_age_and_source(whichgpu):
    answer = whichgpu("prices", "l4")
    assert answer.status == 0
    assert all(word in answer.out for word in ("on-demand", "spot", "days", "g2-standard-4"))
    offers = whichgpu("prices", "l4", "--json").json["offers"]
    assert all(offer["source"] and offer["kind"] for offer in offers)


def test_prices_show_an_open_variant_as_such(whichgpu):
    answer = whichgpu("prices", "a100-80gb-sxm", "--json").json
    assert answer["ambiguous"]
    assert all(len(offer["candidates"]) > 1 and offer["gpu"] is None for offer in answer["ambiguous"])
    assert "May be this GPU" in whichgpu("prices", "a100-80gb-sxm").out


def test_prices_take_a_term_and_a_provider(whichgpu):
    offers = whichgpu("prices", "l4", "--term", "spot", "--provider", "gcp", "--json").json["offers"]
    assert offers
    assert {(offer["kind"], offer["provider"]) for offer in offers} == {("spot", "gcp")}


def test_prices_of_a_gpu_without_any_are_missing_data(whichgpu, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[gpu.my-card]\nbandwidth = "1.2 TB/s"\n')
    answer = whichgpu("prices", "my-card", "--gpu-file", str(file), "--json")
    assert answer.status == 4
    assert answer.json["offers"] == []
    assert "no price of my-card is stored" in answer.err


def test_prices_of_all_gpus(whichgpu):
    rows = whichgpu("prices", "--json").json["gpus"]
    l4 = next(row for row in rows if row["gpu"] == "l4")
    assert l4["on_demand"]["usd_per_gpu_hour"] > l4["spot"]["usd_per_gpu_hour"] > 0
    assert whichgpu("prices").status == 0


def test_workloads_and_one_workload(whichgpu):
    listed = whichgpu("workloads", "--json").json["workloads"]
    assert {"resnet50", "bert-large", "stable-diffusion-1.5", "llama-2-7b"} <= {row["id"] for row in listed}
    one = whichgpu("workload", "ResNet_50", "--json").json
    assert one["id"] == "resnet50"
    assert one["parameters"] == pytest.approx(25.56e6, rel=0.01) == sum(one["modules"].values())
    assert one["flops"] == pytest.approx(2 * 4.09e9, rel=0.01)
    assert one["unit_of_work"] == "images"
    assert "Parameters by module" in whichgpu("workload", "resnet50").out


@pytest.mark.parametrize("every", [9, 1])
@pytest.mark.thorough(every=2)
def test_check_is_clean_and_says_what_is_covered(every, whichgpu, monkeypatch):
    """All models are counted in ten seconds: `test_published` counts them too."""
    some = dict(list(workload.workloads().items())[::every])
    monkeypatch.setattr(workload, "workloads", lambda: some)
    monkeypatch.setattr(published, "names", lambda: set(some))
    answer = whichgpu("check", "--all")
    assert answer.status == 0, answer.out[:3000]
    assert "facts name a source" in answer.out
    assert "Sources that differ" in answer.out
    monkeypatch.setattr(check, "_workloads", list)
    document = whichgpu("check", "--json").json
    assert document["clean"]
    assert document["coverage"]["sourced"] > 0


def test_check_fails_on_a_new_problem(whichgpu, monkeypatch, tmp_path):
    monkeypatch.setattr(check, "_workloads", list)
    file = tmp_path / "mine.toml"
    file.write_text("[gpu.l4]\ncores = 7425\n")
    answer = whichgpu("check", "--gpu-file", str(file))
    assert answer.status == 4
    assert "l4.cores" in answer.out


def test_doctor_says_what_is_there_and_how_old(whichgpu):
    answer = whichgpu("doctor")
    assert answer.status == 0
    assert all(word in answer.out for word in ("Python", "numpy", "GPUs", "offers"))
    parts = re.findall(r"^([\w.-]+) +\S+ +(?:needed|for pip)", answer.out, re.MULTILINE)
    assert len(parts) == len(set(parts)) > 5
    document = whichgpu("doctor", "--json").json
    assert document["data"][0]["entries"] > 300
    assert any(row["name"] == "offers" and row["newest"] for row in document["data"])


def test_job_columns_become_a_job():
    from whichgpu.cli.options import JobColumns

    stated = {"phase": "inference", "batch": 4, "resolution": "512x768", "concurrency": "max", "steps": None,
              "options": ("guidance=7.5",)}  # fmt: skip
    job = JobColumns(stated).job("stable-diffusion-1.5")
    assert (job.phase, job.batch, job.height, job.width, job.steps) == ("infer", 4, 512, 768, None)
    assert job.concurrency is None
    assert job.options == {"guidance": "7.5"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--phase", "dreaming"),
        ("--resolution", "big"),
        ("--option", "guidance"),
        ("--concurrency", "many"),
        ("--batch", "0"),
        ("--batch", "four"),
        ("--target", "1000"),
        ("--target", "-5 images/s"),
        ("--precision", "fp17"),
    ],
)
def test_wrong_job_columns_are_one_line(whichgpu, arguments):
    answer = whichgpu("recommend", "stable-diffusion-1.5", *arguments)
    assert answer.status == 2
    assert answer.err.count("\n") == 1


def test_gpus_takes_several_families_and_refuses_what_is_none(whichgpu):
    both, one = (
        len(whichgpu("gpus", *(arg for name in names for arg in ("--family", name)), "--json").json["gpus"])
        for names in (("ampere", "hopper"), ("ampere",))
    )
    assert both > one
    for typed, told in (
        (("--vendor", "nvdia"), "no vendor 'nvdia'; the vendors are AMD, AWS"),
        (("--min", "memory=-4 GB"), "below zero"),
        (("--max", "release_date=yesterday"), "'yesterday' is not a date; write e.g. 2022"),
    ):
        answer = whichgpu("gpus", *typed)
        assert (answer.status, told in answer.err) == (2, True)


@pytest.mark.parametrize(
    ("typed", "name"),
    [("show rtx 4060 16gb", "rtx 4060 16gb"), ("show rtx 5080 super", "rtx 5080 super"),
     ("compare rtx 4060 60gb vs a10", "rtx 4060 60gb"), ("compare rtx 4090 banana", "banana")],
)  # fmt: skip
def test_words_behind_a_name_that_no_gpu_has_are_of_it(whichgpu, typed, name):
    found = whichgpu(*typed.split())
    assert found.status == 2
    assert found.err.startswith(f"whichgpu: no GPU '{name}'; did you mean ")


@pytest.mark.parametrize("typed", [("a10", "vs", "l4"), ("a10,l4",), ("a10 vs. l4",), ("a10", "and", "l4")])
def test_compare_takes_gpus_as_they_are_written_side_by_side(whichgpu, typed):
    assert whichgpu("compare", *typed, "--json").json["gpus"] == ["a10", "l4"]


def test_compare_puts_names_together_that_were_typed_without_quotes(whichgpu):
    for typed in (
        "rtx 4090 rtx 3090", "NVIDIA RTX 4090 vs. GeForce RTX 3090", "rtx 4090 and rtx 3090",
        "rtx 4090,rtx 3090", "rtx 4090 3090",
    ):  # fmt: skip
        assert whichgpu("compare", *typed.split(), "--json").json["gpus"] == ["rtx-4090", "rtx-3090"]
    assert whichgpu("compare", "rtx", "4090", "a10", "--json").json["gpus"] == ["rtx-4090", "a10"]


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        ("ada lovelace workstation", "--family ada_lovelace --segment workstation"),
        ("NVIDIA turing data-center", "--vendor nvidia --family turing --segment datacenter"),
        ("laptop 4090", "--segment laptop --where name~4090"),
    ],
)
def test_words_of_a_list_are_its_options(whichgpu, typed, options):
    said = whichgpu("gpus", *typed.split(), "--json").json
    assert said == whichgpu("gpus", *options.split(), "--json").json
    assert said["gpus"]


def test_names_without_their_quotes_are_understood_or_answered(whichgpu):
    assert whichgpu("show", "rtx", "a5000", "--json").json == whichgpu("show", "rtx-a5000", "--json").json
    assert (
        whichgpu("show", "ada", "lovelace", "--json").json == whichgpu("show", "ada_lovelace", "--json").json
    )
    assert whichgpu("compat", "rtx", "4090", "rtx", "3090", "--json").json == (
        whichgpu("compat", "rtx-4090", "rtx-3090", "--json").json
    )
    several = whichgpu("show", "rtx", "4090", "a10")
    assert (several.status, "whichgpu compare" in several.err) == (2, True)
    assert "goes in quotes" in whichgpu("predict", "llama", "2", "7b", "--gpu", "a10").err
    assert "whichgpu gpus --where name~rtx" in whichgpu("fit", "llama-2-7b", "--gpu", "rtx").err
    assert "no architecture, segment or vendor" in whichgpu("gpus", "foo").err


@pytest.mark.parametrize("command", ["show a10", "compare a10 l4", "compat a10", "workload resnet50"])
def test_forms_go_by_their_other_names(whichgpu, command):
    assert whichgpu(*command.split(), "--format", "markdown").out == (
        whichgpu(*command.split(), "--format", "md").out
    )


def test_a_table_of_an_own_file_that_is_none_of_gpus_is_told(whichgpu, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[gpus.x]\nbase = "rtx-4090"\n[gpu.mine]\nbase = "rtx-4090"\n')
    answer = whichgpu("show", "mine", "--gpu-file", str(path))
    assert answer.status == 0
    assert "mine.toml: 'gpus' is no table of GPUs; write [gpu.my-card]" in answer.err

"""The catalogue: its devices, their facts, families, filters, and the user's own files."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
import tomllib
from math import log
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest

from whichgpu.errors import DataError, UsageError
from whichgpu.facts import reading
from whichgpu.hardware.architecture import after, architectures, before, families, family_of
from whichgpu.hardware.catalogue import Catalogue, catalogue
from whichgpu.hardware.columns import columns
from whichgpu.hardware.fields import FIELDS, RATES, SEGMENTS
from whichgpu.hardware.limits import EXPONENT, limits, reached
from whichgpu.hardware.names import resolve
from whichgpu.report.gpus import family_words

GPUS = catalogue()


def own(tmp_path: Path, text: str) -> Catalogue:
    file = tmp_path / "my.toml"
    file.write_text(text)
    return catalogue((file,))


@pytest.mark.parametrize(
    ("key", "field", "value"),
    [
        ("l4", "cores", 7424),
        ("l4", "tensor_cores", 232),
        ("mi300x", "bandwidth", 5.3e12),
        ("mi325x", "bandwidth", 6.0e12),
        ("a100-80gb-sxm", "bandwidth", 2.039e12),
        ("a100-80gb-pcie", "bandwidth", 1.935e12),
        ("a100-80gb-pcie", "l2", 40 * 2**20),
        ("rtx-a5000", "fp16", 111.1e12),
        ("rtx-a5000", "sparsity", 2),
        ("mi355x", "sparsity_fp6", 1),
        ("mi355x", "sparsity_fp4", 1),
        ("rtx-4090", "fp16", 165.2e12),
        ("rtx-4090-laptop", "cores", 9728),
        ("l40s", "power", 350),
        ("v100-16gb-sxm", "bandwidth", 900e9),
        ("h100-80gb-sxm", "compute_capability", "9.0"),
        ("a100-80gb-sxm", "memory", 80 * 2**30),
        ("mi300x", "l2", 32 * 2**20),
        ("mi6", "memory", 16 * 2**30),
        ("rtx-3080-laptop", "clock_boost", 1.71e9),
        ("jetson-tx1-4gb", "bandwidth", 25.6e9),
        ("max-1550", "bf16", 838.9e12),
        ("arc-pro-b70", "bandwidth", 608e9),
        ("tpu-v2", "bf16", 46e12),
        ("k40", "sms", 15),
        ("t1000", "tensor_cores", 0),
        ("rtx-5090-d-v2", "fp16", None),
        ("rtx-5090-d", "fp16", 209.5e12),
        ("a10g", "int8", 140e12),
        ("t500-laptop", "encoders", "none"),
        ("rtx-4000-ada", "encoders", "2 NVENC (8th generation, AV1)"),
    ],
)
def test_facts_that_public_lists_get_wrong_are_right_here(key: str, field: str, value: object) -> None:
    assert GPUS[key].value(field) == value


def test_every_device_has_its_identity_and_readable_facts() -> None:
    assert len(GPUS) >= 560
    for key, gpu in GPUS.items():
        assert gpu.id == key
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key)
        assert gpu.name
        assert gpu.vendor
        assert gpu.segment in SEGMENTS
        for field in gpu.fields():
            fact = gpu.fact(field)
            assert fact is not None
            assert fact.kind != "user"


def test_a_laptop_part_clocks_higher_the_more_power_it_has() -> None:
    seen = 0
    for gpu in GPUS.values():
        limits = {
            int(m[1]): f.value for f in gpu.stated("clock_boost") if (m := re.match(r"at (\d+) W$", f.note))
        }
        clocks = [limits[watts] for watts in sorted(limits)]
        assert clocks == sorted(clocks), gpu.id
        least, most = gpu.value("power_min") or 0, gpu.value("power_max") or 1e9
        assert all(least <= watts <= most for watts in limits), gpu.id
        seen += len(limits) > 1
    assert seen > 5


def test_what_a_laptop_part_reaches_at_its_limits_follows_its_clocks(whichgpu: Any) -> None:
    told = limits(GPUS["rtx-4090-laptop"])
    assert [(one.power, one.clock, one.stated) for one in told] == [
        (150, 2.04e9, True), (120, 1.695e9, True), (80, 1.455e9, True),
    ]  # fmt: skip
    assert reached(GPUS["rtx-4090-laptop"], "fp32", told[-1]) == pytest.approx(2 * 9728 * 1.455e9, rel=0.002)
    # Below a stated clock it is told by the law, above it is not.
    assert [one.stated for one in limits(GPUS["mx150"])] == [True, False]
    assert limits(GPUS["mx150"])[1].clock == pytest.approx(1.532e9 * (10 / 25) ** EXPONENT)
    assert limits(GPUS["rtx-1000-ada-laptop"])[0].clock is None
    assert limits(GPUS["rtx-4090"]) == limits(GPUS["gtx-1080-laptop"]) == ()
    page = whichgpu("show", "mx150", "--plain").out
    assert "10 W  about 909 MHz" in page
    assert "What jobs come to at each: whichgpu show mx150 --format md" in " ".join(page.split())
    assert whichgpu("show", "rtx-4080-laptop", "--json").json["at_limits"][1]["clock"] == 1.665e9


def test_the_law_of_clocks_at_power_limits_is_that_of_the_parts_that_state_both_ends() -> None:
    known = [told for gpu in GPUS.values() if (told := limits(gpu)) and told[0].stated and told[-1].stated]
    slopes = [log(ends[0].clock / ends[-1].clock) / log(ends[0].power / ends[-1].power) for ends in known]  # type: ignore[operator]
    low, middle, high = quantiles(slopes, n=4)
    assert len(known) >= 27
    assert middle == pytest.approx(EXPONENT, abs=0.02)
    assert low >= 0.47
    assert high <= 0.71


def test_a_missing_field_is_missing_and_needing_it_names_both() -> None:
    gpu = GPUS["rx-9050-8gb"]
    assert gpu.value("bandwidth") is None
    assert gpu.fact("bandwidth") is None
    assert gpu.display("bandwidth") == ""
    with pytest.raises(DataError, match=r"rx-9050-8gb: its memory bandwidth was not read"):
        gpu.need("bandwidth")
    with pytest.raises(DataError, match="a10: its FP4 peak rate was not read"):
        GPUS["a10"].need("fp4")


def test_an_unusable_device_is_listed_and_says_why() -> None:
    assert GPUS["a10"].usable
    assert GPUS["a10"].why_unusable == ""
    assert "bandwidth was not read" in GPUS["rx-9050-8gb"].why_unusable
    assert "no peak rate was read" in GPUS["gaudi3-pcie"].why_unusable


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(UsageError, match="no field 'colour'"):
        GPUS["a10"].value("colour")


def test_chip_facts_and_what_the_architecture_implies_are_merged() -> None:
    gpu = GPUS["rtx-a6000"]
    assert gpu.value("chip") == "GA102"
    assert gpu.value("transistors") > 1e10
    assert gpu.family == "ampere"
    variant = gpu.variant
    assert variant is not None
    assert gpu.value("compute_capability") == "8.6"


def test_show_has_the_shape_of_the_contract() -> None:
    shown = GPUS["a100-80gb-sxm"].to_dict()
    assert {"id", "name", "vendor", "architecture", "family", "segment", "fields", "sources"} <= set(shown)
    fields = shown["fields"]
    assert fields["bandwidth"] == {
        **fields["bandwidth"],
        "value": 2.039e12,
        "unit": "B/s",
        "text": "2,039 GB/s",
    }
    assert fields["memory"]["text"] == "80 GB (81,920 MiB)"
    assert fields["memory"]["unit"] == "B"
    assert fields["fp16"]["unit"] == "FLOP/s"
    assert fields["int8"]["unit"] == "OP/s"
    assert fields["cores"] == {**fields["cores"], "value": 6912, "unit": "", "text": "6,912"}
    assert fields["transistors"]["text"] == "54.2 billion"
    for field in fields.values():
        assert set(field) >= {"value", "unit", "text", "source", "kind"}
        for key in field["source"].split(" ")[0].split(";"):
            assert key in ("derived", *shown["sources"])
    for source in shown["sources"].values():
        assert source["title"]


def test_a_device_prints_as_its_meaning() -> None:
    assert str(GPUS["rtx-a6000"]) == "NVIDIA RTX A6000"
    assert repr(GPUS["rtx-a6000"]) == "<Gpu rtx-a6000: NVIDIA RTX A6000>"
    assert repr(GPUS) == f"<Catalogue of {len(GPUS)} GPUs>"


@pytest.mark.parametrize(
    ("memory", "text"),
    [
        ("80 GiB", "80 GB (81,920 MiB)"),
        ("23028 MiB", "24 GB (23,028 MiB)"),
        ("143771 MiB", "141 GB (143,771 MiB)"),
        ("30000 MiB", "32 GB (30,000 MiB)"),
        ("500000 MiB", "488.3 GiB (500,000 MiB)"),
    ],
)
def test_device_memory_is_shown_as_sold_and_as_the_driver_says(
    tmp_path: Path, memory: str, text: str
) -> None:
    assert own(tmp_path, f'[gpu.x]\nmemory = "{memory}"')["x"].display("memory") == text


def test_a_device_travels_to_another_process() -> None:
    gpu = pickle.loads(pickle.dumps(GPUS["a10"]))
    assert gpu.to_dict() == GPUS["a10"].to_dict()


def test_families_and_variants_have_members_and_neighbours() -> None:
    ampere = {gpu.id for gpu in GPUS.family("ampere")}
    assert {"a100-80gb-sxm", "rtx-a6000", "rtx-3090", "jetson-agx-orin-64gb"} <= ampere
    assert "l4" not in ampere
    assert {gpu.id for gpu in GPUS.family("ampere_ga100")} < ampere
    assert families()["ampere"].predecessors == ("turing", "volta")
    assert "hopper" in families()["ampere"].successors
    known = family_of("ampere_ga100")
    assert known is not None
    assert known.name == "Ampere"
    assert family_of("nothing") is None
    with pytest.raises(UsageError, match=r"no architecture 'amper'; did you mean ampere\? the families are"):
        GPUS.family("amper")


def test_variants_say_what_is_native() -> None:
    assert "bf16" in architectures()["ampere_ga100"].native
    assert "fp8" not in architectures()["ampere_ga100"].native
    rate = architectures()["ampere_ga100"].fma("fp16")
    assert rate is not None
    assert rate.value == 1024
    assert architectures()["ampere_ga100"].fma("fp8") is None


def test_filters_compose_and_unknown_is_not_enough() -> None:
    found = GPUS.where(family="ampere", segment="datacenter", minimum={"memory": 40e9})
    assert "a100-80gb-sxm" in {gpu.id for gpu in found}
    assert all(gpu.need("memory") >= 40e9 for gpu in found)
    assert all(gpu.segment == "datacenter" for gpu in found)
    fast = GPUS.where(minimum={"bandwidth": 0.0})
    assert "rx-9050-8gb" not in {gpu.id for gpu in fast}
    cheap = GPUS.where(vendor="nvidia", maximum={"power": 75})
    assert cheap
    assert all(gpu.vendor == "NVIDIA" and gpu.need("power") <= 75 for gpu in cheap)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"segment": "toaster"}, "no segment 'toaster'"),
        ({"minimum": {"colour": 1}}, "no field 'colour'"),
        ({"minimum": {"chip": 1}}, "'chip' is not a number"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(asked: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        GPUS.where(**asked)  # type: ignore[arg-type]


def test_columns_are_floats_with_nan_for_what_was_not_read() -> None:
    table = columns([GPUS["a10"], GPUS["rx-9050-8gb"]], ["bandwidth", "sms"])
    assert table["bandwidth"][0] == GPUS["a10"].need("bandwidth")
    assert table["bandwidth"][1] != table["bandwidth"][1]
    with pytest.raises(UsageError, match="'chip' is not a number"):
        columns([GPUS["a10"]], ["chip"])


def test_a_users_card_stands_beside_the_others(tmp_path: Path) -> None:
    gpus = own(
        tmp_path,
        """
        [gpu.my-card]
        name = "My Card"
        vendor = "NVIDIA"
        architecture = "ada_geforce"
        bandwidth = "1.2 TB/s"
        memory = "48 GiB"
        fp16 = ["200 TFLOPS", "my-datasheet p.3"]
        """,
    )
    gpu = gpus["my-card"]
    assert len(gpus) == len(GPUS) + 1
    assert gpus.problems == ()
    assert (gpu.value("bandwidth"), gpu.usable, gpu.user) == (1.2e12, True, True)
    fact = gpu.fact("fp16")
    assert fact is not None
    assert (fact.kind, fact.source) == ("user", "my-datasheet p.3")
    assert gpu.value("compute_capability") == "8.9"
    assert resolve("My Card", gpus) is gpu


def test_a_users_card_may_start_from_another(tmp_path: Path) -> None:
    gpus = own(
        tmp_path,
        """
        [gpu.rtx-4090-mod]
        base = "rtx-4090"
        memory = "48 GiB"
        [gpu.rtx-4090]
        power = "350 W"
        """,
    )
    modified, amended = gpus["rtx-4090-mod"], gpus["rtx-4090"]
    assert modified.value("memory") == 48 * 2**30
    assert modified.value("bandwidth") == GPUS["rtx-4090"].value("bandwidth")
    assert modified.name == "rtx-4090-mod"
    assert amended.value("power") == 350
    assert amended.name == GPUS["rtx-4090"].name
    assert GPUS["rtx-4090"].value("power") == 450
    kept = amended.fact("bandwidth")
    assert kept is not None
    assert kept.kind != "user"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('bandwidth = "3.35 TB"', "bandwidth: '3.35 TB' is not a bandwidth; write e.g. \"3.35 TB/s\""),
        ('bandwidth = "3.35"', "bandwidth: '3.35' has no unit"),
        ("bandwidth = 3.35", "bandwidth: 3.35 has no unit"),
        ('bandwith = "3.35 TB/s"', "no field 'bandwith'; did you mean 'bandwidth'?"),
        ('tdp = "350 W"', "no field 'tdp'; did you mean 'power'?"),
        ("vram_gb = 24", "no field 'vram_gb'; did you mean 'memory'?"),
        ('base = "rtx-4099"', "base 'rtx-4099' is not the id of a GPU"),
        ('architecture = "volcano"', "no architecture 'volcano'"),
        ('architecture = "hoper"', "no architecture 'hoper'; did you mean hopper?"),
        ('architecture = "Ampere"', "it is a generation; say which of ampere_ga100, ampere_ga10x_pro"),
        ('segment = "toaster"', "'toaster' is none of"),
        ('aliases = "one"', "is not text; write e.g. aliases = ["),
        ("name = 5", "5 is not text"),
        ("base = []", "base"),
        ('power = ["5 W", "me", 3]', "is not a table"),
    ],
)
def test_a_malformed_entry_is_one_line_and_the_others_work(tmp_path: Path, line: str, told: str) -> None:
    gpus = own(tmp_path, f'[gpu.bad]\n{line}\n[gpu.good]\nbandwidth = "1 TB/s"\n')
    assert "bad" not in gpus
    assert gpus["good"].value("bandwidth") == 1e12
    (problem,) = gpus.problems
    assert problem.startswith("my.toml: gpu.bad")
    assert told in problem
    assert "\n" not in problem
    with pytest.raises(UsageError) as fault:
        resolve("bad", gpus)
    assert str(fault.value) == problem


def test_a_file_of_another_shape_is_told_of_or_empty(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"my.toml: 'gpu' is not a table; write \[gpu.my-card\]"):
        own(tmp_path, "gpu = 3")
    (problem,) = own(tmp_path, "[gpu]\nx = 3").problems
    assert problem == "my.toml: gpu.x: 3 is not a table; write [gpu.x] and the fields below it"
    for text in ("", "[other]\nx = 1"):
        assert len(own(tmp_path, text)) == len(GPUS)


def test_a_malformed_change_to_a_known_device_does_not_leave_the_old_one_in_its_place(tmp_path: Path) -> None:
    gpus = own(tmp_path, '[gpu.rtx-4090]\npower = "350"')
    with pytest.raises(UsageError, match="'350' has no unit"):
        resolve("RTX 4090", gpus)


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        catalogue((tmp_path / "nothing.toml",))
    with pytest.raises(UsageError, match="not valid TOML"):
        own(tmp_path, "[gpu.x")
    with pytest.raises(UsageError, match="cannot be read"):
        catalogue((tmp_path,))


def test_the_catalogue_is_made_once_and_anew_for_a_changed_file(tmp_path: Path) -> None:
    assert catalogue() is catalogue()
    file = tmp_path / "my.toml"
    file.write_text('[gpu.x]\npower = "5 W"\n')
    first = catalogue((file,))
    assert catalogue((file,)) is first
    file.write_text('[gpu.x]\npower = "15 W"\n')
    assert catalogue((file,))["x"].value("power") == 15


def test_every_field_is_of_a_known_dimension() -> None:
    from whichgpu.units import DIMENSIONS

    for name, field in FIELDS.items():
        assert field.dimension in (*DIMENSIONS, *reading.BARE), name
    assert set(RATES) <= set(FIELDS)


def test_reading_the_catalogue_needs_neither_numpy_nor_rich() -> None:
    code = (
        "import sys; from whichgpu.hardware import catalogue, names, system, check;"
        "c = catalogue.catalogue(); c['a10'].to_dict(); names.resolve('RTX A6000', c);"
        "print([m for m in ('numpy', 'rich', 'click') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


DOCS = (Path(__file__).parents[1] / "docs" / "catalogue.md").read_text(encoding="utf-8")


def test_the_examples_of_the_documentation_work(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
    (example,) = [block for block in blocks if "[gpu.my-accelerator]" in block]
    gpus = own(tmp_path, example)
    assert gpus.problems == ()
    assert gpus["my-4090-48gb"].usable
    assert gpus["my-accelerator"].value("bandwidth") == 3.35e12
    for block in blocks:
        tomllib.loads(block)


def test_the_documentation_lists_every_field() -> None:
    for name, field in FIELDS.items():
        assert f"| `{name}` | {field.label} |" in DOCS, name
    assert DOCS.count("\n| `") >= len(FIELDS)


def test_a_part_that_is_called_as_its_architecture_is_shown_itself(whichgpu: Any) -> None:
    assert whichgpu("show", "tpu-v5e").out.startswith("Google TPU v5e (tpu-v5e)")
    assert whichgpu("show", "Ada Lovelace").out.startswith("NVIDIA Ada Lovelace")


def test_every_fault_of_a_users_gpu_is_told(whichgpu: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[gpu.mine]\nmemory = "24 GB/s"\nbandwidth = "1.2 TB"\nmemroy = 1\n', "utf-8")
    told = whichgpu("show", "mine", "--gpu-file", str(file))
    assert told.status == 2
    for fault in ("did you mean 'memory'?", "'24 GB/s' is not a memory", "'1.2 TB' is not a bandwidth"):
        assert fault in told.err


def test_generations_within_a_family_follow_each_other() -> None:
    """An RX 480 and an RX 5700 are told of all that came after them."""
    names = [step.name for step in after(GPUS["rx-5700"].architecture)]
    assert names == ["RDNA 2", "RDNA 3", "RDNA 3.5", "RDNA 4"]
    assert set(names) < {step.name for step in after(GPUS["rx-480"].architecture)}
    assert [step.id for step in before(GPUS["rx-6800"].architecture)] == ["rdna1"]
    assert [step.id for step in before(GPUS["mi100"].architecture)] == ["vega"]
    assert [step.id for step in after("tpu_v5e")] == ["tpu_v6e", "tpu_v7", "tpu_v8"]
    assert [step.name for step in after(GPUS["rtx-4090"].architecture)] == ["Blackwell", "Rubin"]
    assert after("no such variant") == before("no such variant") == ()


def test_a_variant_that_is_a_generation_heads_with_its_own_year_and_neighbours() -> None:
    assert family_words("rdna4") == "RDNA 4 is by AMD, 2025; after RDNA 3."
    assert family_words("rdna").startswith("RDNA is by AMD, 2019; after Vega")
    assert family_words("ampere_ga100") == family_words("ampere")


def test_what_the_hardware_lacks_is_not_said_to_be_unread(whichgpu: Any) -> None:
    notes = " ".join(whichgpu("show", "rtx-3070-laptop").out.split())
    assert "Not in its hardware: FP8, FP6, FP4." in notes
    assert "FP8" not in notes.split("Not read in any source")[1]
    assert "Not in its hardware" not in whichgpu("show", "rtx-5090").out


def test_a_list_of_a_generation_ends_with_its_own_neighbours_and_a_bare_number_is_percent(
    whichgpu: Any,
) -> None:
    assert "RDNA 4 is by AMD, 2025; after RDNA 3." in whichgpu("gpus", "--family", "rdna4").out
    told = [whichgpu("gpus", "--like", "a10", "--within", share).out for share in ("20%", "20", "0.2")]
    assert told[0] == told[1] == told[2]


def test_within_a_share_the_least_unlike_comes_first(whichgpu: Any) -> None:
    told = whichgpu("gpus", "--like", "a10", "--within", "60%", "--json").json["gpus"]
    shares = [one["percent"] for one in told]
    assert len(shares) > 3
    assert shares == sorted(shares)


def test_the_most_unlike_measure_is_told_in_the_order_of_the_rows(whichgpu: Any) -> None:
    rows = [line.split() for line in whichgpu("gpus", "--like", "rx-7900-xtx").out.splitlines()]
    factors = [float(row[6].rstrip("x")) for row in rows if len(row) == 9 and row[6].endswith("x")]
    assert len(factors) > 10
    assert factors == sorted(factors)


def test_a_size_is_compared_as_it_is_sold(whichgpu: Any) -> None:
    """Of a T4 the driver said what ECC leaves, of a T4G the data sheet alone was read: both are of 16 GB."""
    near = {
        one["id"]: one["ratios"]["memory"] for one in whichgpu("gpus", "--like", "t4", "--json").json["gpus"]
    }
    assert near["t4g"] == 1.0
    said = whichgpu("show", "l4", "--format", "md").out
    assert "it has 24 GB (22.5 GB usable) of GDDR6 memory" in said
    assert "Its memory (24 GB, 22.5 GB usable)" not in said, "the L2 has as much, and others have less"


def test_a_field_may_be_asked_for_by_yes_and_no(whichgpu: Any) -> None:
    asked = ("gpus", "--vendor", "NVIDIA", "--segment", "geforce", "--json")
    linked = {one["id"] for one in whichgpu(*asked, "--where", "nvlink=yes").json["gpus"]}
    alone = {one["id"] for one in whichgpu(*asked, "--where", "nvlink=no").json["gpus"]}
    assert "rtx-3090" in linked
    assert "rtx-4090" in alone
    assert not linked & alone
    fault = whichgpu("gpus", "fp8", "laptop")
    assert "write --needs fp8" in fault.err

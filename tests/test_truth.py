"""What the catalogue does not repeat, how well fields are known, and contradictory devices of the user's."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from whichgpu import api
from whichgpu.errors import UsageError
from whichgpu.facts import reading, store
from whichgpu.facts.model import MAKERS
from whichgpu.hardware import truth
from whichgpu.hardware.blank import APPLIES, OPEN, PUBLISHED, Blank, blank
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.check import DISAGREEMENT
from whichgpu.hardware.fields import FIELDS
from whichgpu.hardware.names import resolve
from whichgpu.hardware.plausible import held

pytestmark = pytest.mark.slow

GPUS = catalogue()
_LINES = (Path(__file__).parent / "known_wrong.csv").read_text(encoding="utf-8").splitlines()
WRONG = list(csv.DictReader(_LINES))


def value_of(row):
    """The wrong figure as the catalogue would hold it."""
    dimension = FIELDS[row["field"]].dimension
    text = float(row["wrong"]) if dimension == "count" else row["wrong"]
    return reading.read(text, dimension, row["gpu"])


@pytest.mark.parametrize("row", WRONG, ids=lambda row: f"{row['gpu']}.{row['field']}={row['wrong']}")
def test_a_known_error_of_others_is_not_repeated(row):
    gpu, wrong = GPUS[row["gpu"]], value_of(row)
    used = gpu.fact(row["field"])
    assert used is not None
    if isinstance(wrong, float):
        assert abs(float(used.value) / wrong - 1) > DISAGREEMENT, row["why"]
    else:
        assert used.value != wrong, row["why"]
    assert len(row["why"]) > 3
    if row["by"] in reading.sources():
        # What a public database says stays on file beside what is used.
        said = [other.value for other in gpu.also(row["field"]) if row["by"] in other.sources]
        assert any(value == (pytest.approx(wrong) if isinstance(wrong, float) else wrong) for value in said)


def test_known_wrong_figures_are_told_of_as_disputes():
    told = {(one.gpu, one.field): one for one in truth.disputes(GPUS)}
    for row in WRONG:
        if row["by"] in reading.sources():
            assert told[row["gpu"], row["field"]].why


def test_every_field_is_counted_with_its_sources_and_dates():
    known = {one.field: one for one in truth.known(GPUS)}
    memory = known["memory"]
    assert memory.devices == len(GPUS)
    assert memory.known == sum(gpu.value("memory") is not None for gpu in GPUS.values())
    assert sum(memory.kinds.values()) == memory.known
    assert memory.kinds["measured"] > 50
    assert "2020" < memory.oldest <= memory.newest
    assert 0 < memory.disputed <= memory.checked <= memory.known
    assert "frame_lock" in known
    assert "nothing" not in known


def test_a_blank_is_told_apart_from_what_nobody_read():
    answers = {
        ("apple-m3-8c", "power_min"): PUBLISHED, ("gtx-1080-laptop", "power_max"): APPLIES,
        ("mi300x", "nvlink"): APPLIES, ("rtx-4090", "l3"): APPLIES, ("rtx-a1000-laptop", "power_max"): OPEN,
        ("v100-16gb-sxm", "bf16"): APPLIES, ("mi355x", "launch_price"): PUBLISHED,
        ("rx-5700-xt", "rt_cores"): APPLIES, ("rx-6800-xt", "rt_cores"): APPLIES,
        ("tpu-v5e", "tensor_cores"): APPLIES, ("rx-7800-xt", "rt"): PUBLISHED,
        ("rtx-4090", "power_max"): APPLIES, ("apple-m2-8c", "fp64"): APPLIES, ("h20", "power_max"): OPEN,
    }  # fmt: skip
    for (gpu, field), answer in answers.items():
        assert blank(GPUS[gpu], field).answer == answer, (gpu, field)
    assert blank(GPUS["rtx-4090"], "bandwidth") is None
    assert blank(GPUS["rtx-4090"], "mig_max") is None, "no slices is a value"
    for one in truth.known(GPUS):
        assert one.known + sum(one.blank.values()) == one.devices, one.field


def test_every_reason_for_a_blank_is_of_some_device_and_has_its_words():
    for row in store.load("blank")["blank"]["blank"]:
        assert row["answer"] in (APPLIES, PUBLISHED, OPEN)
        assert row["why"]
        assert row.get("source", "geforce-licence") in reading.sources()
        for field in row["fields"]:
            more = {key: row[key] for key in ("source", "has", "units", "sold") if key in row}
            told = Blank(row["answer"], row["why"], **more)
            assert any(blank(gpu, field) == told for gpu in GPUS.values()), (field, told)


@pytest.mark.parametrize(
    ("gpu", "field", "value"),
    [
        ("apple-m1-max-32c", "transistors", 57e9),
        ("apple-m3-8c", "transistors", 25e9),
        ("epyc-7742", "launch_price", 6950),
        ("t1000-8gb", "launch_price", 500),
        ("rx-590", "launch_price", 279),
    ],
)
def test_what_its_maker_or_a_list_of_prices_states_is_not_blank(gpu, field, value):
    assert GPUS[gpu].fact(field).value == value


def test_show_says_why_a_field_is_blank(whichgpu):
    told = " ".join(whichgpu("show", "apple-m4-pro-16c", "--plain").out.split())
    assert "Not published: Process, Transistors, Die area (not told of this part); Base clock" in told
    assert "PCIe generation, PCIe lanes (on the processor's die)" in told
    document = whichgpu("show", "gtx-1080-laptop", "--json").json
    assert document["blank"]["power_min"]["source"] == "hardwareluxx-rtx30-limits"
    assert document["blank"]["ecc"]["why"].startswith("told by data sheets alone")
    other = whichgpu("show", "mi300a", "--json").json["blank"]
    assert other["pcie_lanes"] == {"answer": "not read", "why": "", "source": ""}


def test_disputes_are_all_there_and_each_says_why():
    found = list(truth.disputes(GPUS))
    assert len(found) > 200
    for one in found:
        assert len(one.why) > 3, (one.gpu, one.field)
        assert one.used.value != one.other.value
        assert GPUS[one.gpu].fact(one.field) is one.used


def test_the_command_prints_both_tables(whichgpu):
    document = whichgpu("check", "--fields", "--json").json
    fields = {one["field"]: one for one in document["fields"]}
    assert fields["bandwidth"]["known"] > 500
    wrong = next(one for one in document["disputes"] if (one["gpu"], one["field"]) == ("mi300x", "bandwidth"))
    assert wrong["used"]["value"] == pytest.approx(5.3e12)
    assert wrong["other"]["value"] == pytest.approx(10.3e12)
    assert "twice" in wrong["why"]
    text = whichgpu("check", "--fields", "--plain").out
    assert "How well each field is known of" in text
    assert "mi300x.bandwidth" in text


CONTRADICTORY = """[gpu.odd]
vendor = "NVIDIA"
architecture = "ampere_ga10x_pro"
memory = "24 GiB"
memory_bus = "384 bit"
memory_data_rate = "16 Gbit/s"
bandwidth = "1.2 TB/s"
fp32 = "30 TFLOPS"
fp16 = "120 TFLOPS"
power = "300 W"
"""


def written(tmp_path, text):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    return file


def test_figures_that_contradict_each_other_are_refused_with_both(tmp_path, whichgpu):
    file = written(tmp_path, CONTRADICTORY)
    answer = whichgpu("predict", "resnet50", "--gpu", "odd", "--gpu-file", str(file))
    assert answer.status == 2
    line = answer.err.splitlines()[-1]
    assert "mine.toml: gpu.odd: its figures do not fit together" in line
    assert "bandwidth: 1.2 TB/s differs by 56.2% from 768 GB/s = 384 bit x 16 Gbit/s / 8" in line.replace(
        "0.768 TB/s", "768 GB/s"
    )
    assert "--assume" in line
    taken = whichgpu("predict", "resnet50", "--gpu", "odd", "--gpu-file", str(file), "--assume", "--json")
    assert taken.status == 0
    assert "taken as it is: bandwidth" in taken.err


def test_a_figure_many_times_what_the_base_gives_is_a_slip_and_no_other_memory(tmp_path, whichgpu):
    told = {
        "fp32": ("312 TFLOPS", 2, "differs by 1500"), "bandwidth": ("2.4 TB/s", 0, "taken as stated"),
    }  # fmt: skip
    for field, (value, status, words) in told.items():
        file = written(tmp_path, f'[gpu.mine]\nbase = "a100-80gb-sxm"\n{field} = "{value}"\n')
        answer = whichgpu("predict", "resnet50", "--gpu", "mine", "--gpu-file", str(file))
        assert answer.status == status, answer.err
        assert words in answer.err


def test_what_fits_together_is_not_spoken_of(tmp_path, whichgpu):
    file = written(tmp_path, CONTRADICTORY.replace("1.2 TB/s", "768 GB/s"))
    answer = whichgpu("show", "odd", "--gpu-file", str(file))
    assert (answer.status, answer.err) == (0, "")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('power = "300 W"', 'power = "30 kW"'), "30 kW is outside"),
        (('bandwidth = "1.2 TB/s"', 'bandwidth = "768 GB/s"\nclock_base = "2 GHz"\nclock_boost = "1 GHz"'),
         "2 GHz is above its clock_boost"),
        (('memory = "24 GiB"', 'memory = "24 TB"'), "24 TB is outside"),
        (('power = "300 W"', 'release_date = "2026-13-40"'), "'2026-13-40' is not a date"),
    ],
)  # fmt: skip
def test_what_no_device_can_have_is_refused(tmp_path, change, told):
    file = written(tmp_path, CONTRADICTORY.replace(*change))
    with pytest.raises(UsageError, match=told):
        resolve("odd", held(catalogue((file,))).catalogue)


def test_one_figure_changed_on_a_known_device_is_a_remark_only(tmp_path, whichgpu):
    file = written(tmp_path, '[gpu.faster]\nbase = "rtx-4090"\nbandwidth = "1.2 TB/s"\n')
    answer = whichgpu("show", "faster", "--gpu-file", str(file))
    assert answer.status == 0
    assert "taken as stated, though bandwidth: 1.2 TB/s differs by 19.0%" in answer.err
    assert "state its memory bus, data rate per pin too" in answer.err


@pytest.mark.parametrize(("base", "line", "told"), [
    ("rtx-3090", 'memory_bus = "256 bit"', "bandwidth 936.2 GB/s (624.1 GB/s would follow)"),
    ("rtx-4090", "sms = 100", "cores 16384 (12800 would follow)"),
    ("rtx-4090", 'clock_boost = "2700 MHz"', "fp32 82.6 TFLOPS (88.47 TFLOPS would follow)"),
])  # fmt: skip
def test_what_a_changed_figure_would_have_changed_is_told(tmp_path, whichgpu, base, line, told):
    """Whoever states fewer SMs on another bus keeps the old peaks and bandwidth, and is told so."""
    file = written(tmp_path, f'[gpu.cut]\nbase = "{base}"\n{line}\n')
    answer = whichgpu("show", "cut", "--gpu-file", str(file))
    assert answer.status == 0
    assert told in answer.err
    assert "is left as it was" in answer.err
    assert answer.err.count("would follow") <= 4, "a line, not a page"
    whole = written(tmp_path, '[gpu.more]\nbase = "rtx-4090"\nmemory = "48 GiB"\n')
    assert not whichgpu("show", "more", "--gpu-file", str(whole)).err


def test_the_others_of_a_file_work_and_a_refused_one_is_in_no_list(tmp_path, whichgpu):
    file = written(tmp_path, CONTRADICTORY + '\n[gpu.fine]\nbase = "a10"\nname = "Fine"\n')
    assert whichgpu("show", "fine", "--gpu-file", str(file)).status == 0
    listed = whichgpu("gpus", "--gpu-file", str(file), "--json").json["gpus"]
    assert "fine" in {one["id"] for one in listed}
    assert "odd" not in {one["id"] for one in listed}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            'memory = "24 GiB"\n',
            "states no memory bandwidth, so nothing can be predicted; add e.g. bandwidth = ",
        ),
        ('memory = "24 GiB"\nbandwidth = "1 TB/s"\n', "states no peak rate"),
        (
            'bandwidth = "1 TB/s"\nfp16 = "90 TFLOPS"\n',
            "states no memory, so nothing can be predicted; add e.g. memory",
        ),
        ('base = "a10"\nbandwidth = "600 GB"\n', """'600 GB' is not a bandwidth; write e.g. "3.35 TB/s\""""),
        ('base = "a10"\nbandwidth = 600\n', "600 has no unit"),
        ('base = "a10"\nmemory_bus = "48 byte"\n', "'48 byte' is not a number of bits"),
    ],
)
def test_what_a_file_lacks_or_writes_wrongly_is_told_with_what_to_type(tmp_path, whichgpu, lines, told):
    file = written(tmp_path, f"[gpu.mine]\n{lines}")
    answer = whichgpu("predict", "resnet50", "--gpu", "mine", "--gpu-file", str(file))
    assert answer.status in (2, 4)
    assert told in answer.err
    assert "mine.toml: gpu.mine" in answer.err


def test_what_follows_from_a_new_devices_own_figures_is_worked_out(tmp_path):
    file = written(
        tmp_path,
        '[gpu.mine]\nvendor = "NVIDIA"\narchitecture = "ada_geforce"\nsms = 50\nclock_boost = "2.5 GHz"\n'
        'memory = "20 GiB"\nmemory_bus = "160 bit"\nmemory_data_rate = "20 Gbit/s"\n',
    )
    gpu = api.gpu("mine", files=[file])
    assert gpu.usable
    assert gpu.value("bandwidth") == 160 * 20e9 / 8
    assert gpu.value("fp32") == 2 * 128 * 50 * 2.5e9
    assert gpu.fact("bandwidth").kind == "derived"


def test_python_refuses_and_takes_it_alike(tmp_path):
    file = written(tmp_path, CONTRADICTORY)
    with pytest.raises(UsageError, match="do not fit together"):
        api.gpu("odd", files=[file])
    assert api.gpus(files=[file], assume=True)["odd"].value("bandwidth") == pytest.approx(1.2e12)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('base = "RTX 4090"', "did you mean rtx-4090"),
        ('vendor = "NVIDIA"\narchitecture = "GA102"', "that chip is of ampere_ga10x_pro and of"),
        ('base = "a10"\nmemory = "0 GB"', "0 GB is outside 953.7 MiB to"),
        ('base = "a10"\nvgpu = "maybe"', "write true or false"),
        ('base = "a10"\npower = 150 W', 'write power = "150 W"'),
        (
            'base = "h100-80gb-sxm"\nsms = 132\nclock_tensor = "1830 MHz"\nfp8 = "3958 TFLOPS"',
            "the figure with 2:4 sparsity",
        ),
    ],
)
def test_a_fault_of_a_users_file_says_what_to_write(tmp_path, whichgpu, lines, told):
    file = written(tmp_path, f"[gpu.odd]\n{lines}\n")
    answer = whichgpu("predict", "resnet50", "--gpu", "odd", "--gpu-file", str(file))
    assert answer.status == 2
    assert told in answer.err


def test_a_part_known_from_its_maker_is_not_said_to_rest_on_one_database():
    base = ("sms", "cores", "memory", "memory_bus", "bandwidth", "power")
    for gpu in GPUS.values():
        if gpu.note == "One database alone.":
            made = [name for name in base if (fact := gpu.fact(name)) and fact.kind in MAKERS]
            assert len(made) < 4, f"{gpu.id}: {', '.join(made)} are from its maker"

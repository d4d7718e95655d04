"""What pages say of series of cards, of links, of dies, and of what one card of a class has alone."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.audit.classes import class_at
from whichgpu.audit.devices.series import SERIES, is_of
from whichgpu.audit.findings import ACCUSATIONS
from whichgpu.hardware.catalogue import catalogue

TODAY = date(2026, 11, 30)


def accused(text: str) -> list[str]:
    """What is accused in a page, as it is quoted, in order."""
    found = audited(text.encode(), "page.md", catalogue(), TODAY).findings
    return [each.quote for each in found if each.verdict in ACCUSATIONS]


@pytest.mark.parametrize(
    ("said", "some", "not_some"),
    [
        ("RTX 40 series", ("rtx-4090", "rtx-4060"), ("rtx-4000-ada", "rtx-3090", "rtx-4090-laptop")),
        ("RTX 30- and 40-series", ("rtx-3090", "rtx-4090"), ("rtx-5090",)),
        ("RTX 30/40/50 series", ("rtx-3060-ti", "rtx-4090", "rtx-5090"), ("rtx-2080",)),
        ("RX 7000 series", ("rx-7900-xtx",), ("rx-6800-xt",)),
        ("Arc B-series", ("arc-b580",), ("arc-a770",)),
    ],
)
def test_a_series_is_its_desktop_cards(said: str, some: tuple[str, ...], not_some: tuple[str, ...]) -> None:
    match = SERIES.search(said)
    assert match
    known = {key for key in catalogue() if is_of(key, match)}
    assert known.issuperset(some)
    assert not known & {*not_some}


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("The RTX 40 series supports FP4.", True),
        ("The RTX 50 series supports FP4.", False),
        ("RTX 20 series cards support BF16.", True),
        ("The RTX 30 series is based on Turing.", True),
        ("The RTX 30 series is based on Ampere.", False),
        ("The RTX 40 series uses GDDR7 memory.", True),
        ("The RTX 40 series uses GDDR6X memory.", False),
        ("GTX 16 series cards have tensor cores.", True),
        ("The RX 7000 series is built on RDNA 2.", True),
        ("The RTX 3090 has NVLink. RTX 40 series cards have no NVLink.", False),
        ("NVLink ended with the RTX 30 series. RTX 40 and 50 series have no NVLink.", False),
    ],
)
def test_what_is_said_of_a_series_is_wrong_where_no_card_of_it_is_so(said: str, wrong: bool) -> None:
    assert bool(accused(f"# Cards\n\n{said}\n")) is wrong


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("NVLink 4 (H100) runs at 900 GB/s bidirectional per link.", True),
        ("NVLink 4 moves 50 GB/s per link.", False),
        ("Each NVLink link of the H100 carries 25 GB/s in each direction.", False),
        ("The A100 has 18 NVLink links.", True),
        ("The A100 has 12 NVLink links of 50 GB/s each.", False),
        ("The RTX 3090 pairs over four NVLink links.", False),
        ("NVLink 3.0 (A100) ~600 GB/s; NVLink 4.0 (H100) ~900 GB/s.", False),
        ("NVLink 4.0 (A100) ~600 GB/s.", True),
        ("On the RTX 3090 it matters most. Without NVLink, those transfers fall back to PCIe.", False),
        ("The RTX 3090 is older. Without NVLink, it relies on PCIe.", True),
    ],
)
def test_links(said: str, wrong: bool) -> None:
    assert bool(accused(f"# Links\n\n{said}\n")) is wrong


def test_a_table_of_links_tells_their_rates_and_not_those_of_memory() -> None:
    page = """# Links

| Interconnect | Bandwidth (bi-dir) | Generation |
|---|---|---|
| NVLink 4 (Hopper) | 900 GB/s | H100 |
| NVLink 3 (Ampere) | 900 GB/s | A100 |
| PCIe Gen5 x16 | 128 GB/s | current |
| PCIe Gen4 x16 | 32 GB/s | previous |
"""
    assert accused(page) == ["900 GB/s", "32"]


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("NVLink is only available on the RTX 3090 among consumer GPUs. The RTX 4090 has none.", True),
        ("Among data center GPUs, MIG is only supported on the A100. The T4 has none.", True),
        ("FP8 is only available on the H100.", True),
        ("On that cloud, FP8 is only available on the H100.", False),
    ],
)
def test_what_one_alone_of_a_class_has(said: str, wrong: bool) -> None:
    assert bool(accused(f"# Cards\n\n{said}\n")) is wrong


def test_cells_that_say_that_a_format_is_emulated() -> None:
    page = """# Formats

| GPU | FP8 | Precisions |
|---|---|---|
| L40S | Emulated | FP16, FP8 (sw) |
| H100 | Native | FP16, FP8 |
| A100 | Emulated | FP16, FP8 (emulated) |
"""
    assert accused(page) == ["Emulated", "FP8"]


def test_columns_of_adapters_below_the_weights() -> None:
    page = """# Memory to fine-tune

| Model | Full fine-tuning | LoRA | QLoRA (4-bit) |
|---|---|---|---|
| 7B | 112 GB | 18 GB | 6 GB |
| 70B | 210 GB | 42 GB | 32 GB |
"""
    assert accused(page) == ["210 GB", "42 GB", "32 GB"]


def test_what_a_model_needs_to_be_tuned_is_not_its_weights() -> None:
    page = "# Tuning\n\n- QLoRA: quantises the base to INT4. A 7B model needs only ~13 GB, with room left.\n"
    assert accused(page) == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("The MI300X is a monolithic card.", True),
        ("The H100 is a monolithic GPU.", False),
        ("The H100 is built from chiplets.", True),
        ("The MI300X uses a chiplet design.", False),
        ("The RX 7900 XTX is a monolithic GPU.", True),
        ("Instead of a monolithic die, the MI300X has several.", False),
    ],
)
def test_of_one_die_or_of_several(said: str, wrong: bool) -> None:
    assert bool(accused(f"# Packages\n\n{said}\n")) is wrong


def test_a_rate_of_a_network_in_bits_is_no_slip() -> None:
    page = """# Specifications

| Spec | H200 | TPU v5p |
|---|---|---|
| Interconnect | NVLink 900 GB/s | ICI 4,800 Gbps |
"""
    assert accused(page) == []


def test_cards_of_workstations_are_of_no_series_of_geforce() -> None:
    told = class_at("RTX 40 series cards", 0, ".")
    assert told
    assert told.has(catalogue()["rtx-4060"])
    assert not told.has(catalogue()["rtx-4000-ada"])


@pytest.mark.parametrize(
    ("said", "quotes"),
    [
        # FP4 of Blackwell Ultra gains a third by sparsity, and no factor of two.
        ("The B300 delivers 18 PFLOPS of FP4 with sparsity.", []),
        ("The B300 delivers 27 PFLOPS of FP4 with sparsity.", ["27 PFLOPS"]),
        ("The DGX B300 delivers 144 PFLOPS of sparse FP4.", []),
        ("The DGX B300 delivers 216 PFLOPS of sparse FP4.", ["216 PFLOPS"]),
        # A machine's terabytes are often binary ones.
        ("The DGX B300 has 2.1 TB of GPU memory.", []),
        ("The DGX B300 has 1.5 TB of GPU memory.", ["1.5 TB of GPU memory"]),
        # One of two sizes is named behind both.
        ("Available in both 40 GB and 80 GB models, the 80 GB variant of the A100 moves 2 TB/s.", []),
        ("Available in 40 GB and 96 GB models, the A100 moves 2 TB/s.", ["96 GB"]),
        ("The H100 emerges as NVIDIA's latest and most potent GPU.", ["NVIDIA's latest and most potent GPU"]),
        ("The B300 emerges as NVIDIA's latest and most potent GPU.", []),
    ],
)
def test_what_pages_of_the_web_say_of_machines_and_variants(said: str, quotes: list[str]) -> None:
    assert accused(said) == quotes


def test_a_value_behind_up_to_is_of_the_card_that_heads_its_list() -> None:
    page = "## NVIDIA H200\n\n- AI throughput: Up to {} (FP8)\n- Memory: 141 GB HBM3e\n"
    assert accused(page.format("1.2 PFLOPS")) == ["1.2 PFLOPS"]
    assert accused(page.format("1.98 PFLOPS")) == []


def test_rows_of_pictures_must_hold_their_weights_and_not_their_text_encoders() -> None:
    head = "| Model | FP16 | FP8 |\n|---|---|---|\n"
    table = head + "| SD 3.5 Large | ~{} GB | ~{} GB |\n| SD 3.5 Medium | ~6 GB | - |\n"
    assert accused(table.format(18, 9)) == []
    assert accused(table.format(10, 7)) == ["10 GB", "7 GB"]


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("Llama 3 70B in Q4 needs 47 GB. No single GPU has enough memory.", True),
        ("It takes 60+ GB of VRAM, which no single card can hold.", True),
        ("For comfort, 61+ GB is recommended. No single GPU can hold that.", True),
        # None is on file, nearly none is, or some were left out.
        ("DeepSeek R1 needs 700 GB in FP8. No single GPU has enough memory.", False),
        ("It needs 400 GB. No single GPU can hold it.", False),
        ("It needs 47 GB. No single GPU in our rack can hold it.", False),
        ("It needs 47 GB. No consumer GPU has that much.", False),
        ("The H100 has 80 GB. No single GPU can hold it.", False),
    ],
)
def test_that_no_single_gpu_has_room(said: str, wrong: bool) -> None:
    assert bool(accused(said)) is wrong


def test_how_many_of_a_card_may_stand_behind_its_name() -> None:
    head = "| Model | VRAM requirement (GB) | Recommended GPU configuration |\n|---|---|---|\n"
    table = head + "| R1 | ~{} | A100 80GB {} |\n"
    assert accused(table.format("1,342", "\u00d716")) == ["A100 80GB"]
    assert accused(table.format("1,342", "\u00d717")) == []
    assert accused(table.format("100", "x2")) == []
    assert accused(table.format("100", "")) == ["A100 80GB"]


def test_experts_are_counted_with_either_sign() -> None:
    table = (
        "| Model | Parameters |\n|---|---|\n| Mixtral 8{}7B | 47B active |\n| Mixtral 8{}22B | 39B active |\n"
    )
    assert accused(table.format("x", "x")) == accused(table.format("\u00d7", "\u00d7")) == ["47B active"]


def test_outputs_of_a_card_without_any() -> None:
    page = "# NVIDIA Tesla P40\n\n- CUDA cores: 3,840\n- Video output interface: {}\n"
    assert accused(page.format("DisplayPort or HDMI")) == ["DisplayPort or HDMI"]
    assert accused(page.format("none")) == []


@pytest.mark.parametrize(
    ("said", "quotes"),
    [
        ("The RTX 4090 is far from the only GPU coming to laptops.", []),
        ("The RTX 4090 is the only GPU worth buying.", ["the only GPU"]),
        (
            "TMA came with Hopper (H100). If a GPU lacks Tensor Cores, it is not suitable for deep learning.",
            [],
        ),
        ("The H100 is a Hopper part. It lacks Tensor Cores.", ["lacks Tensor Cores"]),
        ("It ships today, with twice the throughput of an H100 with 192 GB of HBM3e and native FP4.", []),
        # Of what the text itself says of the first.
        (
            "The B200 has 192 GB of memory at 8 TB/s.\n\n- 192 GB at 8 TB/s - 2.4x the memory and bandwidth "
            "of the H100 in a single GPU",
            [],
        ),
        (
            "The RTX 5090 Laptop GPU and the Apple M5 Max are two ways. Choosing the right one requires "
            "balancing NVIDIA's training efficiency and FP4 hardware acceleration against Apple's memory.",
            [],
        ),
    ],
)
def test_what_pages_say_of_no_device(said: str, quotes: list[str]) -> None:
    assert accused(said) == quotes


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("The Tesla P40 offers 24GB for around $170. Nothing else comes close on $/GB.", True),
        ("The Tesla M40 offers 24GB for around $90. Nothing else comes close on $/GB.", False),
        ("The Tesla P40 and the M40 are cheap. Nothing else comes close on $/GB.", False),
    ],
)
def test_that_nothing_comes_close_by_the_texts_own_table(said: str, wrong: bool) -> None:
    table = "| GPU | VRAM | Typical price | $/GB |\n|---|---|---|---|\n| Tesla P40 | 24GB | $170 | $7.08 |\n"
    table += "| Tesla M40 | 24GB | $90 | $3.75 |\n| RTX 3060 12GB | 12GB | $200 | $16.67 |\n"
    assert bool(accused(f"{said}\n\n{table}")) is wrong

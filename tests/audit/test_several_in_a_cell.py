"""Tables whose headers name several devices, whose cells have several values, or that state what changed."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

TURNS = """| | T4 {0} A10 | RTX 3080 10GB {0} RTX 4080 |
|---|---|---|
| VRAM | 16 {0} {1} | 10 {0} 16 GB |
| Bandwidth (GB/s) | 320 {0} 600 | 760 {0} {2} |
| Board power | 70 W {0} 150 W | 320 W for both |
| Note | faster | +60 % in games |
"""
FORMS = """| Spec | A100 40GB / A100 80GB (both SXM) | P100 (SXM2) / V100 (SXM2, 16 GB) |
|---|---|---|
| Memory | 40 GB / 80 GB | 16 GB for both |
| Bandwidth | 1,555 GB/s / {} | 732 GB/s / 900 GB/s |
"""
CHANGES = """| Card | Cores | VRAM | Bandwidth |
|---|---|---|---|
| RTX 4070 Ti SUPER (vs RTX 4070 Ti) | 8,448 ({}) | 16 GB (+4 GB) | 672 GB/s (+33 %) |
| RTX 5080 (over the RTX 4080) | 10,752 (+11 %) | 16 GB (\u00b10) | 960 GB/s (+34 %) |
| RTX 4060 Ti 16GB (vs 3060 Ti) | 4,352 (\u221211 %) | 16 GB (+8 GB) | {} |
"""
SLICES = """| GPU | {} | Memory each | Instances at most |
|---|---|---|---|
| A100 40GB | 1g.5gb | 5 GB | {} |
| A100 80GB | {} | 20 GB | 3 |
| A30 | 2g.12gb | {} | 2 |
"""
KINDS = """<table><tr><th rowspan=2>Name</th><th colspan=2>Cores</th><th colspan=2>VRAM (GB)</th></tr>
<tr><th>Desktop</th><th>Laptop</th><th>Desktop</th><th>Laptop</th></tr>
<tr><td>RTX 4070</td><td>5888</td><td>4608</td><td>12</td><td>8</td></tr>
<tr><td>RTX 4080</td><td>9728</td><td>{}</td><td>16</td><td>12</td></tr>
<tr><td>RTX 4090</td><td>16384</td><td>9728</td><td>24</td><td>{}</td></tr></table>
"""
SYSTEMS = """| System | GPUs | Memory per system | Bandwidth, aggregate |
|---|---|---|---|
| HGX A100 | 8 \u00d7 A100 80GB SXM | {} | 16.3 TB/s |
| MI300X platform | 8 \u00d7 MI300X | 1,536 GB | {} |
"""
SHORT = """| Card | VRAM | BW | TGP / W |
|---|---|---|---|
| RTX 3090 | 24G | 936G | 350 |
| RTX 4090 | 24G | {}G | {} |
| RTX 4060 Ti | {} | 288G | |
"""
NESTED = """- Ampere
  - RTX 3070
    - memory: 8 GB
    - bandwidth: 448 GB/s
- Ada
  - RTX 4070
    - memory: 12 GB
    - bandwidth: {}
"""


def _accused(text: str, name: str = "a.md") -> list[str]:
    found = audited(text.encode(), name, catalogue(), date(2026, 1, 1)).findings
    return [each.quote for each in found if each.accuses]


@pytest.mark.parametrize("sign", ["\u2192", "->", "/", "vs"])
@pytest.mark.parametrize(("memory", "rate", "wrong"), [
    ("24 GB", "717", []), ("32 GB", "717", ["32 GB"]), ("24 GB", "960", ["960"]),
])  # fmt: skip
def test_heads_of_two_devices_have_a_value_for_each(sign, memory, rate, wrong):
    assert _accused(TURNS.format(sign, memory, rate)) == wrong


def test_forms_in_brackets_behind_names_in_a_head():
    assert _accused(FORMS.format("2,039 GB/s")) == []
    assert _accused(FORMS.format("1,555 GB/s")) == ["1,555 GB/s"]


@pytest.mark.parametrize(("cores", "rate", "wrong"), [
    ("+10 %", "288 GB/s (\u221236 %)", []),
    ("+38 %", "288 GB/s (\u221236 %)", ["+38 %"]),
    ("+10 %", "448 GB/s (\u221236 %)", ["448 GB/s"]),
])  # fmt: skip
def test_changes_in_brackets_are_from_the_device_that_is_named(cores, rate, wrong):
    assert _accused(CHANGES.format(cores, rate)) == wrong


@pytest.mark.parametrize(("head", "most", "name", "size", "wrong"), [
    ("Profile", "7", "2g.20gb", "12 GB", []),
    ("Profile", "8", "2g.20gb", "12 GB", ["8"]),
    ("Profile", "7", "2g.20gb", "6 GB", ["6"]),
    ("Smallest profile", "7", "1g.20gb", "12 GB", ["1g.20gb", "2g.12gb"]),
])  # fmt: skip
def test_rows_of_profiles(head, most, name, size, wrong):
    assert _accused(SLICES.format(head, most, name, size)) == wrong


def test_columns_of_laptops_below_an_attribute():
    assert _accused(KINDS.format("7424", "16"), "a.html") == []
    assert _accused(KINDS.format("9728", "24"), "a.html") == ["9728", "24"]


def test_totals_of_machines_whose_gpus_stand_beside_them():
    assert _accused(SYSTEMS.format("640 GB", "42.4 TB/s")) == []
    assert _accused(SYSTEMS.format("320 GB", "24.4 TB/s")) == ["320 GB", "24.4 TB/s"]


def test_short_units_and_units_behind_a_slash():
    assert _accused(SHORT.format("1008", "450", "8 or 16 GB")) == []
    assert _accused(SHORT.format("936", "350", "12 or 16 GB")) == ["936G", "350", "12"]


def test_an_item_that_heads_a_list_is_of_nothing_before_it():
    assert _accused(NESTED.format("504 GB/s")) == []
    assert _accused(NESTED.format("448 GB/s")) == ["448 GB/s"]

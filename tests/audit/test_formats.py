"""A right value is right, and another device's wrong, however a table, a list or a line writes it."""

from __future__ import annotations

from datetime import date

import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

#: Ways to write a dense peak (`n`) and that with sparsity (`s`), TFLOPS.
_PEAKS = (
    "{n} TFLOPS", "{n} TFLOPS (dense)", "{n} TFLOPS ({s} with sparsity)", "{n} TFLOPS ({s} sparse)",
    "{n} TFLOPS (sparse: {s})", "{n} TFLOPS (up to {s} with sparsity)", "{n} TFLOPS (2x with sparsity)",
    "{n} TFLOPS, {s} with sparsity", "{n} TFLOPS ({s} TFLOPS with sparsity)",
    "{n} TFLOPS / {s} with sparsity",
    "{s} TFLOPS (with sparsity)", "{s} TFLOPS ({n} dense)", "{s} TFLOPS sparse, {n} dense",
)  # fmt: skip
#: Labels with the unit of a number alone: what is right of the A100 80GB PCIe, and what is the H100 PCIe's.
_LABELLED = (
    ("FP32 TFLOPS: {}", "19.5", "51.2"), ("TDP (W): {}", "300", "350"), ("Memory (GB): {}", "80", "94"),
    ("Memory bandwidth (GB/s): {}", "1,935", "2,039"), ("Mem. bandwidth: {} GB/s", "1,935", "2,039"),
)  # fmt: skip
_PLACES = {
    "column": "| | A100 PCIe 80GB | L40S |\n|---|---|---|\n| TF32 tensor | {} | 183 TFLOPS |\n",
    "row": "| GPU | TF32 tensor |\n|---|---|\n| A100 PCIe 80GB | {} |\n| H100 PCIe | 378 TFLOPS |\n",
    "list": "## A100 PCIe 80GB\n\n- Memory: 80 GB\n- **TF32 tensor:** {}\n\n## L40S\n\n- Memory: 48 GB\n",
}


def accused(text: str) -> list[str]:
    found = audited(text.encode(), "", catalogue(()), date(2026, 11, 27), "markdown").findings
    return [each.quote for each in found if each.accuses]


@pytest.mark.parametrize("place", _PLACES)
def test_a_peak_and_that_with_sparsity(place: str) -> None:
    for way in _PEAKS:
        assert not accused(_PLACES[place].format(way.format(n=156, s=312))), way
        # The H100 PCIe's.
        assert accused(_PLACES[place].format(way.format(n=378, s=756))), way


def test_a_number_in_the_unit_of_its_label() -> None:
    for label, right, wrong in _LABELLED:
        text = "## A100 80GB PCIe\n\n- Tensor cores: 432\n- {}\n- CUDA cores: 6,912\n\n## H100 SXM5\n"
        assert not accused(text.format(label.format(right))), label
        assert accused(text.format(label.format(wrong))), label
        lines = "A100 80GB PCIe\nTensor cores: 432\n{}\n\nH100 SXM5\nMemory: 80 GB\n"
        assert not accused(lines.format(label.format(right))), label
        assert accused(lines.format(label.format(wrong))), label

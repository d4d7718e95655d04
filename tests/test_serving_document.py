"""docs/serving.md: its outputs, its measured case, its options.

`python tests/test_serving_document.py` writes the outputs anew.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from pathlib import Path

import pytest

from whichgpu.cli import main
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue

pytestmark = pytest.mark.slow

DOCUMENT = Path(__file__).parent.parent / "docs" / "serving.md"


MARKED = re.compile(r"<!-- output: (?P<line>.+?) -->\n.*?<!-- end -->", re.DOTALL)


GPUS = catalogue()


L40S, H100, H200 = GPUS["l40s"], GPUS["h100-80gb-sxm"], GPUS["h200-141gb-sxm"]


def output(line: str) -> str:
    """What a command line prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(shlex.split(line)) == 0
    return out.getvalue()


def document() -> str:
    """docs/serving.md with its outputs as the tool gives them now."""

    def made(match: re.Match[str]) -> str:
        text = "\n".join(one.rstrip() for one in output(match["line"]).strip().splitlines())
        shown = f"```text\n$ whichgpu {match['line']}\n\n{text}\n```"
        return f"<!-- output: {match['line']} -->\n{shown}\n<!-- end -->"

    return MARKED.sub(made, DOCUMENT.read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.thorough
def test_the_outputs_of_the_document_are_current():
    assert len(MARKED.findall(DOCUMENT.read_text(encoding="utf-8"))) == 3
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run: python tests/test_serving_document.py"


def test_the_measured_case_of_the_document_holds():
    rows = [
        row
        for row in store.rows("measured")
        if (row["workload"], row["gpu"], row["precision"]) == ("llama-3.1-70b", H100.id, "fp8")
        and (row["input_tokens"], row["output_tokens"], row["tp"]) == ("1024", "1024", "4")
        and row["runtime"] == "vllm"
    ]
    assert {row["concurrency"] for row in rows} == {"4", "8", "16", "32", "64"}
    for row, answer in zip(rows, predict_rows(rows, GPUS), strict=True):
        off = answer.value / float(row["value"]) - 1.0
        assert abs(off) < (0.08 if row["metric"] == "tpot" else 0.6), row["id"]


def test_every_option_is_in_the_document():
    from whichgpu.cost.job.requests import OPTIONS

    text = DOCUMENT.read_text(encoding="utf-8")
    assert all(f"`{name}" in text or f", {name}" in text for name in OPTIONS)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    sys.stdout.write(f"wrote {DOCUMENT}\n")

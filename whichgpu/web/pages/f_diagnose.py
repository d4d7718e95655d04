"""Is it normal? What was measured of a job against what is predicted of it, and why it may be off."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from whichgpu.web import answers, asks, figures
from whichgpu.web.page import Page

if TYPE_CHECKING:
    from whichgpu.report.table import Report


def answer(ask: asks.Diagnose, name: str) -> Report:
    """The verdict; what a sentence was read as leads to the fields that say the same."""
    made = answers.diagnose(ask)
    found = figures.diagnosed(made.data)
    if read := made.data.get("read_as"):
        made, found = made._replace(blocks=made.blocks[1:]), found._replace(doors=(_door(read),))
    return figures.before(made, found)


def _door(command: str) -> tuple[str, str]:
    """A command as what it says and the address that asks the same."""
    _, _, workload, *words = shlex.split(command)
    stated = [
        (name[2:].replace("-", "_"), value) for name, value in zip(words[::2], words[1::2], strict=True)
    ]
    said = ", ".join(f"{asks.Diagnose.model_fields[name].title} {value}" for name, value in stated)
    return f"Read as: {workload}, {said}", f"/diagnose?{urlencode([('workload', workload), *stated])}"


PAGE = Page(
    "/diagnose",
    "Is it normal?",
    "Whether a measured speed is what the job should do; if it is not, why, and how to tell.",
    asks.Diagnose,
    answer,
    ("workload",),
    ("gpu", "measured", *asks.COLUMNS),
    under="/predict",
    api="/diagnose",
    command="diagnose {workload}",
    button="Is it normal?",
    examples=(
        (
            "ResNet-50 trains at 300 images/s on my A5000",
            "/diagnose?workload=ResNet-50+trains+at+300+images%2Fs+on+my+RTX+A5000%2C+batch+128",
        ),
        (
            "Llama 3.1 8B answers one user at 25 tokens/s on an RTX 4090",
            "/diagnose?workload=Llama+3.1+8B+answers+one+user+at+25+tokens%2Fs+on+an+RTX+4090",
        ),
        (
            "SDXL takes 9 s an image on a laptop RTX 4080",
            "/diagnose?workload=SDXL+takes+9+s%2Fimage+on+an+RTX+4080+laptop",
        ),
    ),
)

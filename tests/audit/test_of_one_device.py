"""What is said of one device in many wordings (`of_one_device.txt`), accused where it is wrong."""

import re

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

_LOTS = 12
_EITHER = re.compile(r"\{([^{}~]*)~([^{}~]*)\}")
LINES = [
    line.replace("\\n", "\n")
    for line in (corpus.HERE / "of_one_device.txt").read_text().splitlines()
    if "~" in line
]


@pytest.mark.parametrize("lot", range(_LOTS))
def test_what_is_said_of_one_device(lot):
    for line in LINES[lot::_LOTS]:
        for side, wrong in ((1, True), (2, False)):
            text = _EITHER.sub(lambda match, side=side: match[side], line)
            answer = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
            assert not answer.document.unread, text
            assert bool(answer.accusations) is wrong, (text, answer.accusations)

"""What is said of one device in many wordings (`of_one_device.txt`), accused where it is wrong."""

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

_LOTS = 12
PAIRS = corpus.either("of_one_device.txt")


@pytest.mark.parametrize("lot", range(_LOTS))
@pytest.mark.thorough(every=2)
def test_what_is_said_of_one_device(lot):
    for pair in PAIRS[lot::_LOTS]:
        for text, wrong in zip(pair, (True, False), strict=True):
            answer = audited(text.encode(), "a.md", catalogue(), corpus.TODAY)
            assert not answer.document.unread, text
            assert bool(answer.accusations) is wrong, (text, answer.accusations)

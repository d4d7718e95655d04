"""What articles say in passing (`in_articles.txt`), accused where it is wrong and only there."""

import corpus
import pytest

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue


@pytest.mark.parametrize(("wrong", "right"), corpus.either("in_articles.txt"))
def test_what_an_article_says_in_passing(wrong, right):
    for text, is_wrong in ((wrong, True), (right, False)):
        accused = audited(text.encode(), "a.md", catalogue(), corpus.TODAY).accusations
        assert bool(accused) is is_wrong, (text, accused)

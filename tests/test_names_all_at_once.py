"""What is asked of all spellings at once, or by words alone, says what asking each of them would."""

import re
from difflib import get_close_matches

import pytest

from whichgpu.facts.needed import small
from whichgpu.workloads import names, spelled, unknown
from whichgpu.workloads.names import squeezed
from whichgpu.workloads.zoo import workloads

TYPED = (
    "resnet5O0", "lama-3.1-8b", "bert-lrage", "stable-difusion-xl", "yolov8xx", "Qwen2.5 VL 71B", "whispr",
    "EfficientNet-B12", "clip vit l/15", "r\u00e9snet50", "x", "resnet50_v1b", "internvit-300m",
    "eva clip 18b",
)  # fmt: skip


@pytest.mark.parametrize("table", ["sooner", "rewritten", "library", "variants"])
def test_a_rule_that_matches_has_the_words_that_it_needs(table: str) -> None:
    patterns = [row[0] for row in names.table()[table]]
    known = [spelling for spelling, _ in workloads().spellings()][::60]
    matched = 0
    for pattern, sets in zip(patterns, names.needs(patterns), strict=True):
        rule = re.compile(pattern, re.IGNORECASE)
        for name in (*known, *TYPED):
            if rule.search(name):
                matched += 1
                assert names.holds(small(name), sets), (pattern, name)
    assert matched or table == "library"


@pytest.mark.parametrize("name", TYPED)
def test_names_of_like_letters_hold_all_that_are_close(name: str) -> None:
    asked, every = squeezed(name), list(spelled.by_spelling())
    few = unknown._of_like_letters(asked)
    assert len(few) < len(every) / 4
    assert get_close_matches(asked, few, 16, 0.7) == get_close_matches(asked, every, 16, 0.7)


@pytest.mark.parametrize(
    "name", ["tiny swin", "70b llama 3.1", "b16 vit 224", "14b t2v wan 2.2", "small_deit"]
)
@pytest.mark.parametrize("short", [False, True])
def test_words_in_another_order_are_those_of_every_spelling(name: str, short: bool) -> None:
    asked = spelled._in_order(name, short=short)
    every = [key for one, key in workloads().spellings() if spelled._in_order(one, short=short) == asked]
    assert spelled._reordered(name, short=short) == list(dict.fromkeys(every))


@pytest.mark.parametrize("start", ["bert", "llama-3.1", "yolo", "nothing begins so"])
def test_what_begins_so_is_found_in_one_text(start: str) -> None:
    begun = squeezed(start)
    assert list(spelled.starting(begun)) == [one for one in spelled.by_spelling() if one.startswith(begun)]


def test_who_publishes_models_is_told_from_words_that_names_begin_with() -> None:
    assert spelled._owns("facebook")
    assert spelled._owns("deepseek-ai")
    assert not spelled._owns("resnet50")
    assert not spelled._owns("bert")
    assert not spelled._owns("facebook/opt")

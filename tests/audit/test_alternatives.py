"""Patterns whose alternatives are told apart match what they did, with the same groups."""

import gc
import re
import sys
from importlib import import_module
from itertools import product
from pathlib import Path

import pytest

from whichgpu.audit import alternatives, compiled, patterns, pipeline

SENTENCES = Path(__file__).parent.joinpath("sentences.txt").read_text(encoding="utf-8").splitlines()

#: Alternatives that begin alike and not, behind what has no width, that may be nothing, in classes.
PATTERNS = (
    r"\b(?:total|together|tot|per|each|t|)\b",
    r"(?:a|an|and|any|the|then|a)(?P<last>\s|$)",
    r"(?P<one>an?)|(?P<two>and)|(?P<three>[a-c]n\w*)|(?P<four>\d+)|(?P<five>n)",
    r"(?<!no )(?:so|such|(?<=s)as|\?|[?!]|\u2019s|\u201cs|ss)+",
    r"(?:k|K|s|\u212a|\u017f|i|\u0130|\u0131)(?:[^a-z]|n|\w?t|.)",
    r"(?:\s+an?|\s?the|[\u0100-\u0200]n|[^\x00-\x7f]|\W)t?",
    r"(?:(?:x|ab|abc){0,2}|[^ab])c|(?-i:S|N)t",
    r"(?:abc|(?:ab)+?|a(?=b)|(a)(?(1)b|c))(?:\1|d)?",
    r"\d\s*$|[=\u2248]\s*$|^(?:n|an)\b",
)
WORDS = (
    "an", "and", "Any", "the", "then ", "tot", "TOGETHER", "per", "\u2019s", "no so", "s", "as", "?!", "K",
    "\u212an", "\u017ft", "\u0130t", "\u0131", "\u0101n", "abcab", "xabc", "aab", "3 ", "=", "St",
)  # fmt: skip


def same(pattern: str, flags: int, texts: list[str]) -> None:
    ours = compiled.made(pattern, flags, compiled.code(pattern, flags))
    plain = re.compile(pattern, flags)
    for text in texts:
        told, other = (
            [(found.span(), found.groups(), found.lastgroup) for found in each.finditer(text)]
            for each in (ours, plain)
        )
        assert told == other, (pattern, text)
        for method in ("match", "fullmatch"):
            found = [getattr(each, method)(text) for each in (ours, plain)]
            assert len({each and (each.span(), each.groups()) for each in found}) == 1, (pattern, text)


@pytest.mark.parametrize("flags", [0, int(re.IGNORECASE), int(re.IGNORECASE | re.ASCII)])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_matches_is_the_same(pattern, flags):
    same(pattern, flags, ["".join(words) for words in product(WORDS, repeat=2)])
    same(pattern, flags, [" ".join(words) for words in product(WORDS, repeat=2)])


def test_letters_beyond_ascii_that_match_one_of_it_are_all_known():
    everything = "".join(
        chr(number) for number in range(128, sys.maxunicode + 1) if not 0xD800 <= number <= 0xDFFF
    )
    for small in "abcdefghijklmnopqrstuvwxyz":
        matched = set(re.findall(small, everything, re.IGNORECASE))
        assert matched == {chr(number) for number, letter in alternatives._ODD.items() if letter == small}


@pytest.mark.slow
def test_patterns_of_claims_find_the_same_in_sentences():
    for kind in pipeline.kinds():
        pipeline._kind(kind)
    known = {(each.pattern, each.flags) for each in gc.get_objects() if isinstance(each, patterns._Later)}
    assert len(known) > 1000
    for pattern, flags in sorted(known)[::12]:
        same(pattern, flags, SENTENCES[::150])


def test_a_search_goes_to_letters_that_a_match_may_begin_with():
    pattern, flags = r"\b(?:total|together|per)\b", int(re.IGNORECASE)
    parser, compiler = (import_module(f"re.{name}") for name in ("_parser", "_compiler"))
    mark = alternatives._MARKS
    assert compiler._code(parser.parse(pattern, flags), flags)[mark] == 0
    assert alternatives.code(parser.parse(pattern, flags), flags)[mark] != 0

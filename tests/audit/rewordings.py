"""The sentences of `sentences.txt` said in other words: what is accused must be so however it is wrapped.

`python tests/audit/rewordings.py [count] [seed]` prints for each way how many accusations are lost, and how
many right sentences it makes accused. What is lost shows at which stage sentences are lost in general.
"""

from __future__ import annotations

import random
import re
import sys
from functools import partial
from pathlib import Path

from corpus import TODAY

from whichgpu.audit.answer import audited
from whichgpu.hardware.catalogue import catalogue

SENTENCES = Path(__file__).parent / "sentences.txt"
_FEWEST, _MOST = 6, 30
_ARTICLE = re.compile(
    r"^(?:The|An?|Both|With|Like|Unlike|Neither|All|No|It|Its|On|In|If|Only|Every|Each|For)\b"
)
_SUBJECT = re.compile(
    r"^(?:The|An?) (?P<name>(?:NVIDIA )?(?:GeForce )?(?:(?:RTX|GTX|Tesla|Quadro|Radeon) )?(?:RX )?"
    r"[A-Z]{0,2}\d{1,4}\w*(?: (?:Ada|Ti|Super|SXM\d?|PCIe|\d+ ?GB|XTX|XT))*) "
    r"(?=(?:is|has|was|offers|supports|comes|draws|delivers|does|can|costs|needs|lacks|uses|cannot|ships|runs|features|fits|works|beats|outperforms|provides|packs)\b)"
)
_PRONOUN = re.compile(r"\b(?:it|its|both)\b")
_CHAINED = {
    "has": "happens to have", "offers": "is able to offer", "supports": "is able to support",
    "delivers": "is able to deliver", "draws": "tends to draw", "reaches": "manages to reach",
    "runs": "is able to run", "needs": "tends to need", "fits": "happens to fit",
}  # fmt: skip
#: What follows a sentence, and what comes before it.
_TAILS = (
    ", making it a popular choice for many teams.", " and is therefore very popular.",
    " \u2013 great news for researchers.", ", which is crucial for large models.",
)  # fmt: skip
_LEADS = (
    "In addition, ", "When it comes to deep learning, ", "According to NVIDIA, ",
    "It is worth noting that ", "With its modern design, ", "- **Key point:** ",
)  # fmt: skip
#: How a sentence on one device goes on about what was named before it, or is set against another.
_TEXTS = (
    "The {X} is well known. It {R}", "The {X} is well known. The card {R}", "## {X}\n\nIt {R}",
    "## {X}\n\nThe {X} is popular.\n\nIt {R}", "The {X} is well known. Additionally, it {R}",
    "The {X} is well known. However, it {R}", "The {X} is well known. On top of that, the card {R}",
    "## {X}\n\n- Popular with many teams\n- {R}", "Consider the {X}, which {R}",
    "The RTX 2080 Ti is popular, whereas the {X} {R}", "The RTX 2080 Ti is popular. However, the {X} {R}",
)  # fmt: skip


def _lead(words, text):
    lower = _ARTICLE.sub(lambda match: match[0].lower(), text)
    return words + (text if words.endswith("** ") else lower)


def _tail(words, text):
    return text[:-1] + words


def _text(pattern, text):
    match = _SUBJECT.match(text)
    if match is None or _PRONOUN.search(text, match.end()):
        return text
    return pattern.replace("{X}", match["name"]).replace("{R}", text[match.end() :])


def _chained(text):
    return re.sub(rf"\b(?:{'|'.join(_CHAINED)})\b", lambda match: _CHAINED[match[0]], text, count=1)


WAYS = {
    "chained": _chained,
    **{f"..{words}": partial(_tail, words) for words in _TAILS},
    **{f"{words}..": partial(_lead, words) for words in _LEADS},
    **{pattern: partial(_text, pattern) for pattern in _TEXTS},
}


def accused(text: str) -> bool:
    """Whether a text of one sentence is accused of anything."""
    return bool(audited(f"# On cards\n\n{text}\n".encode(), "a.md", catalogue(), TODAY).accusations)


def single(verdict: str) -> list[str]:
    """The sentences of a verdict that are one sentence each, neither very short nor long."""
    rows = (line.partition("|") for line in SENTENCES.read_text().splitlines())
    said = (text for kind, _, text in rows if kind == verdict and text.endswith("."))
    return [
        text for text in said if ". " not in text and "\\n" not in text
        and _FEWEST <= len(text.split()) < _MOST
    ]  # fmt: skip


def lost(way: str, wrong: list[str]) -> tuple[list[str], int]:
    """Which of accused sentences are not accused when said in a way, and how many can be said in it."""
    said = [again for text in wrong if (again := WAYS[way](text)) != text]
    return [again for again in said if not accused(again)], len(said)


def main(count: int = 150, seed: int = 1) -> None:
    chosen = random.Random(seed)
    wrong = [text for text in chosen.sample(single("wrong"), count) if accused(text)]
    right = chosen.sample(single("right"), count)
    for way in WAYS:
        gone, every = lost(way, wrong)
        again = [said for text in right if (said := WAYS[way](text)) != text]
        false = sum(map(accused, again))
        sys.stdout.write(
            f"{len(gone):4} of {every:4} lost, {false:3} of {len(again):4} right ones accused: {way!r}\n"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

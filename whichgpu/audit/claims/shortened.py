"""By how much a run is said to become shorter: "cuts the training time by 70 %", where the table has 62 and 29 minutes.

Wrong where no two times of one series, nor any two speeds, that the document tells give the share, nor any two
amounts of the passage.
"""  # noqa: E501

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.known.store import store
from whichgpu.audit.multiple import SHARE, share_of
from whichgpu.audit.quantities import quantities
from whichgpu.audit.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.sentences import Sentence

_CUTS = re.compile(
    r"\b(?:shorten|cut|reduc|slash|trim|shrink|shrank|bring|brought)\w*\s+(?:down )?(?:the |your |"
    r"our |its |my |this |that )?"
    r"(?:[\w-]+ ){0,3}?(?:run|job|times?|wait|epoch|duration|night|training)\b[^.;,\d]{0,20}?\bby\s+"
    r"(?P<hedge>about |around |roughly |nearly |almost |some |over |more than )?"
    r"(?:(?P<n>\d{1,2}(?:\.\d+)?)\s?(?:%|per ?cent\b)|"
    rf"(?P<word>{SHARE})\b)",
    re.IGNORECASE,
)
#: Other causes of less time than another card, and what is no statement.
_ELSE = re.compile(
    r"\b(?:checkpoint\w*|quanti[sz]\w*|attention|precision|amp|fp\d+|bf16|compile|cach\w+|batch\w*|"
    r"q?lora (?:cuts|shortens|reduces)|(?:with|using) q?lora|thanks to|load\w*|"
    r"packing|nodes?|(?:two|three|four|eight|second|more|another|\d+) (?:gpus?|cards?|of them)|pair|"
    r"nvlink|epochs by|"
    r"if|would|could|might|may|should|expect\w*|up to|claim\w*|not|never|software|driver\w*|data)\b|"
    r"n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_ABOUT, _EXACT, _MOST = 0.05, 0.03, 8


def find(context: Context) -> Iterator[Finding]:
    """Every such share that nothing which the document tells gives."""
    timed = [each for each in store(context) if each.measure == "time" and not each.derived]
    if not timed:
        return
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if _CUTS.search(passage.text) else ():
            names = within(context.mentions.get(index, ()), sentence.start, sentence.end)
            for match in _CUTS.finditer(passage.text, sentence.start, sentence.end):
                if names and not _ELSE.search(sentence.text):
                    yield from _judged(passage, sentence, match, context)


def _judged(
    passage: Passage, sentence: Sentence, match: re.Match[str], context: Context
) -> Iterator[Finding]:
    share = float(match["n"]) / 100 if match["n"] else share_of(match["word"]) or 0.0
    hedged = bool(match["hedge"]) or not match["n"]
    slack = (_ABOUT if hedged else _EXACT) + 0.1 * share
    told = [each for each in store(context) if each.measure in ("time", "speed")]
    ratios = [a.value / b.value for each in told for a, b in permutations(each.amounts[:_MOST], 2)]
    around = [each for each in quantities(passage.text[: sentence.end], context.fraction) if each.value > 0]
    ratios += [
        a.value / b.value
        for a, b in permutations(around[-2 * _MOST :], 2)
        if a.dimension == b.dimension not in ("percent", "times", "number")
    ]
    # Of a gain in speed the same share is often told.
    if any(abs(1 - one - share) <= slack or abs(1 / one - 1 - share) <= _EXACT for one in ratios if one < 1):
        return
    times = next(each for each in told if each.measure == "time")
    shown = ", ".join(f"{each.name} {each.words}" for each in times.amounts[:4])
    because = f"no two times or speeds that the document tells give that: {shown}"
    start = match.start("n") if match["n"] else match.start("word")
    yield made(
        context, passage, (start, match.end()), "ratio", "inconsistent", attribute="told before",
        because=because, evidence=(Evidence(because),),
    )  # fmt: skip

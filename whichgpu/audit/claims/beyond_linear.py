"""Several GPUs that are said to be faster than one by more than their number.

"Two GPUs are 2.4 times as fast as one", "with two cards instead of one it grows by a factor of 2.3",
"going from one GPU to two more than doubles throughput": nothing of the same kind scales better than linear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import SPELLED, read_number
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

_THING = (
    r"(?:(?:nvidia\s+|amd\s+|identical\s+|such\s+)?"
    r"(?:gpus?|cards?|accelerators?|[A-Z]{1,2}\d{1,4}\w*|(?:RTX\s)?\d0[5-9]0s?))"
)
#: The one that several are set against, and how many these are.
_ONE = re.compile(
    r"\b(?:as|than|over|of|instead of|versus|vs\.?|from|compared (?:to|with))\s+(?:just |only |using |a )?"
    rf"(?:one|single|1)\b(?:\s+{_THING})?(?=\s*(?:[,.;)]|$|to\b|the\b|we\b|made\b|more\b|with\b|on\b|at\b|when\b))",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    rf"\b(?P<n>{'|'.join(SPELLED)}|\d{{1,4}})\s*x?\s+(?:of them|{_THING})|"
    r"\bto (?P<to>two|three|four|six|eight|sixteen)\b",
    re.IGNORECASE,
)
#: By how much they are faster.
_TIMES = re.compile(
    r"\b(?P<n>\d{1,3}(?:\.\d{1,2})?)(?:\s?(?:x|\u00d7)(?!\s?\d)|\s+times\b)|"
    r"\bfactor of (?:about |around |over )?(?P<factor>\d{1,3}(?:\.\d{1,2})?)|"
    r"\bmore than (?P<word>doubl|tripl|quadrupl)\w+|"
    rf"\b(?P<spelled>{'|'.join(SPELLED)})(?:\s+times\s+(?:as\s+fast|faster|the\s+(?:speed|throughput))|fold\b)|"
    rf"\bspeed-?up of (?:about |around |over |nearly )?(?:(?P<up>\d{{1,3}}(?:\.\d{{1,2}})?)\b(?!\s?%)|"
    rf"(?P<spelt>{'|'.join(SPELLED)})\b)",
    re.IGNORECASE,
)
#: So many at the front of a sentence, whose speed-up is over one of them.
_WITH_MANY = re.compile(
    rf"\W*(?:with|on|using|across)\s+(?:{'|'.join(SPELLED)}|\d{{1,4}})\s*x?\s+(?:of them|{_THING})\b"
    r"(?!(?:[^.;]|\.\d)*\b(?:over|compared|versus|vs|against|than|relative)\b)[^.;]{0,40}\bspeed-?up of\b",
    re.IGNORECASE,
)
_SPEED = re.compile(
    r"\b(?:throughput|fast|faster|speed\w*|speed-ups?|train(?:s|ed|ing)?|generat\w+)\b", re.IGNORECASE
)
#: What may make it true, or what denies it.
_EXCUSED = re.compile(
    r"\b(?:memory|capacity|vram|batch(?:es)?|super-?linear\w*|nodes?|cache|price\w*|cost\w*|expensive|power|"
    r"watts?|energy|newer|older|old|other|another|different|no|not|never|nothing|cannot|unless|rarely|myth|"
    r"if|"
    r"swap\w*|offload\w*|fits?|kv|but|larger|bigger)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: What takes away an excuse: none of them has more to do than the one.
_SAME_BATCH = re.compile(
    r"\b(?:with|at|for|using|keeping) (?:the |an? )?(?:same|equal|identical|unchanged) batch(?:[ -]size)?"
    r"(?: (?:per|on each|for each|on every|of each) (?:gpu|card))?(?: as before)?",
    re.IGNORECASE,
)
_WORDS = {"doubl": 2.0, "tripl": 3.0, "quadrupl": 4.0}
#: Beyond the number of GPUs by this share no noise explains it.
_SLACK = 1.05


def find(context: Context) -> Iterator[Finding]:
    """Every speed-up over one GPU that exceeds the number of GPUs."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text) if _TIMES.search(passage.text) else ():
            names = within(context.mentions.get(index, ()), sentence.start, sentence.end)
            if len({each.ids for each in names}) < 2:
                yield from _judged(passage, sentence, context)


def _judged(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    text = passage.text, sentence.start, sentence.end
    if not _SPEED.search(*text) or _EXCUSED.search(_SAME_BATCH.sub(" ", sentence.text)):
        return
    told = list(_TIMES.finditer(*text))
    several = {_number(each) for each in _SEVERAL.finditer(*text)} - {1}
    over_one = len(list(_ONE.finditer(*text))) == 1 or _WITH_MANY.match(*text)
    if len(told) != 1 or len(several) != 1 or not over_one:
        return
    many, by = several.pop(), told[0]
    times = _WORDS[by["word"].lower()] if by["word"] else _times(by)
    # "More than doubles" is beyond two, whatever by.
    beyond = times >= many if by["word"] else times > many * _SLACK
    if not beyond or times > many**2 * 2:
        return
    because = f"{many:g} in place of 1 are {many:g} times as many: nothing scales better than that"
    yield made(
        context, passage, by.span(), "benchmark", "contradicted", attribute="scaling", because=because,
        expected=f"at most {many:g} times", evidence=(Evidence(because),),
    )  # fmt: skip


def _times(match: re.Match[str]) -> float:
    """How many times as fast, in figures or in words."""
    return read_number(next(match[key] for key in ("n", "factor", "up", "spelled", "spelt") if match[key]))


def _number(match: re.Match[str]) -> float:
    return read_number(match["n"] or match["to"])

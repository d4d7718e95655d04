"""Which of the models that a text names has the most parameters: "GoogLeNet has the most of the four".

Also "VGG-16 has fewer parameters than ResNet-50". Held against the numbers on file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.parameters import named_in, resolved
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_MOST = re.compile(
    r"\b(?:has|have|had|with|counts?|brings?|carries|comes with|is the (?:one|model|"
    r"network) with)\s+(?:by far\s+)?the\s+"
    r"(?:(?P<most>most|largest number of|highest number of|greatest number of|biggest number of)|"
    r"fewest|least|smallest number of|lowest number of)\s+parameters\b"
    r"(?:\s+(?:of|among)\s+(?:all\s+|the\s+|these\s+|our\s+)*(?P<n>two|three|four|five|six|seven|eight)\b(?:\s+(?:networks|models))?)?",
    re.IGNORECASE,
)
_THAN = re.compile(
    r"\b(?:has|have|had|with|counts?|needs?|brings?)\s+(?:far |many |considerably |slightly |even |"
    r"clearly |a few )*"
    r"(?:(?P<most>more)|fewer|less)\s+parameters\s+than\s+(?:the\s+|a\s+)?",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\?|\b(?:not|never|if|would|myth|wrong|trainable|active)\b|n[\u2019']t\b", re.IGNORECASE
)
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight")
#: Numbers so near are counted one way or the other; and so much stands between a name and what is said of it.
_NEAR, _BETWEEN = 1.1, 40


def find(context: Context) -> Iterator[Finding]:
    """Every order of models by their parameters with its verdict."""
    for _, passage in context.document.running():
        if "parameters" not in passage.text:
            continue
        for sentence in sentences(passage.text):
            if _UNSURE.search(sentence.text):
                continue
            for match in _MOST.finditer(passage.text, sentence.start, sentence.end):
                yield from _most(passage, match, context)
            for match in _THAN.finditer(passage.text, sentence.start, sentence.end):
                yield from _than(passage, match, context)


def _models(text: str) -> dict[str, float]:
    """The models that a text names by what is on file of them, with their parameters."""
    found = (resolved(name.strip(" -.*")) for _, name in named_in(text, 0, len(text)))
    return {model.name: float(sum(model.parameters().values())) for model in found if model}


def _before(passage: Passage, at: int) -> tuple[str, float] | None:
    """The model named right before a place, with its parameters."""
    found = [each for each in named_in(passage.text, 0, at) if at - each[0] - len(each[1]) <= _BETWEEN]
    model = resolved(found[-1][1].strip(" -.*")) if found else None
    return (model.name, float(sum(model.parameters().values()))) if model else None


def _most(passage: Passage, match: re.Match[str], context: Context) -> Iterator[Finding]:
    who = _before(passage, match.start())
    if who is None:
        return
    here = _models(passage.text)
    every = dict(here)
    for each in context.document.passages:
        every |= _models(each.text) if each.text != passage.text and len(every) <= len(_NUMBERS) else {}
    told = _NUMBERS.index(match["n"].lower()) + 2 if match["n"] else 0
    among = next((each for each in (here, every) if not told or len(each) == told), None)
    if among is None and len(every) > told and _is_last(who, every, most=bool(match["most"])):
        # Which of them are the four is not told: who is behind all others is ahead of none.
        among = every
    if among is not None and len(among) > 1:
        yield from _verdict(passage, match, who, among, context)


def _is_last(who: tuple[str, float], every: Mapping[str, float], *, most: bool) -> bool:
    return who[1] == (min if most else max)(every.values())


def _than(passage: Passage, match: re.Match[str], context: Context) -> Iterator[Finding]:
    who = _before(passage, match.start())
    behind = next(iter(named_in(passage.text, match.end(), len(passage.text))), None)
    if who and behind and behind[0] == match.end():
        yield from _verdict(passage, match, who, _models(behind[1]), context)


def _verdict(
    passage: Passage, match: re.Match[str], who: tuple[str, float], among: Mapping[str, float],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """Whether a model is ahead of the others in the direction that the words have."""
    name, own = who
    others = {key: count for key, count in among.items() if key != name}
    if not others:
        return
    pick = max if match["most"] else min
    best = pick(others, key=lambda key: others[key])
    far = others[best] / own if match["most"] else own / others[best]
    verdict = "confirmed" if far < 1 else "contradicted" if far > _NEAR else "unverifiable"
    because = f"{name} has {own / 1e6:,.3g} million parameters, {best} {others[best] / 1e6:,.3g} million"
    yield made(context, passage, match.span(), "ordering", verdict, subject=name, attribute="parameters",
               because=because, expected=best if verdict == "contradicted" else "",
               evidence=(Evidence(because, "zoo"),))  # fmt: skip

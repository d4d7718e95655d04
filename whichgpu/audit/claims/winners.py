"""Who is said to be ahead, right behind an amount of each: "$0.61 for the A40, $0.44 for the L40S".

The sentence before tells one amount of each device; the words of this one say of whom there is most or least,
and what kind the amounts are says whether that is ahead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.marked import marked
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.clauses.marked import Marked
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity

#: What of an amount is ahead, and what behind, by its kind.
_CHEAP = (
    r"(?:cheap(?:er|est)|less expensive|least expensive|costs? (?:you |us )?(?:less|least)|undercuts?|"
    r"better (?:deal|value)|best value)"
)
_DEAR = r"(?:dear(?:er|est)|more expensive|most expensive|costs? (?:you |us )?(?:more|most)|pric(?:ier|iest))"
_FAST = r"(?:fast(?:er|est)|quick(?:er|est)|outruns?|outpaces?|wins|leads|is ahead|in front)"
_SLOW = r"(?:slow(?:er|est)|trails|is behind)"
_THRIFTY = (
    r"(?:(?:more|most) (?:energy[- ])?efficient|thrift(?:ier|iest)|more frugal|most frugal|"
    r"gets the most out of|does (?:more|the most) "
    r"work|is ahead|leads|wins|makes? the (?:better|best) use)"
)
_HUNGRY = r"(?:hungr(?:ier|iest)|thirst(?:ier|iest)|less efficient|least efficient)"
#: Words, the kinds of series that they are of, and whether the one meant has the most of it.
_RULES = tuple(
    (re.compile(rf"\b{words}\b", re.IGNORECASE), kinds, most)
    for words, kinds, most in (
        (_CHEAP, ("money",), False), (_DEAR, ("money",), True),
        (_FAST, ("rate",), True), (_FAST, ("time",), False),
        (_SLOW, ("rate",), False), (_SLOW, ("time",), True),
        (_THRIFTY, ("per energy",), True), (_THRIFTY, ("energy",), False),
        (_HUNGRY, ("per energy",), False), (_HUNGRY, ("energy",), True),
    )
)  # fmt: skip
_PER_ENERGY = re.compile(
    r"\b(?:per|and|for (?:each|every)|a)[ -](?:watt(?:-hour)?|joule|kWh|kilowatt[- ]hour)s?\b|/\s?W\b", re.I
)
#: What begins a sentence that draws a conclusion, or goes straight on.
_CONCLUDES = re.compile(
    r"\b(?:so|thus|therefore|hence|that makes|which makes|in other words|at these (?:prices|rates)|"
    r"per (?:run|token|image|job)|"
    r"in efficiency|here|accordingly|consequently|clearly|by that measure|measured that way|in short)\b|"
    r"^\W*(?:the\b|for (?:them|us|him|her|me|(?:this|that) \w+)\b)",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\?|n[\u2019']t\b|\b(?:not|no|never|nor|neither|if|would|could|might|may|but|although|though|despite|"
    r"yet|still|second|"
    r"to buy|idle|list price|unless|memory|vram|newer|older|on paper|than before|last year)\b",
    re.IGNORECASE,
)
#: What a conclusion stands in spite of.
_ALTHOUGH = re.compile(r",\s+(?:even )?(?:though|although|if)\b|,\s+despite\b", re.IGNORECASE)
#: Behind a figure that is worked out right there, of which its result counts: "42 \u00d7 $2.69 = $112.98".
_MAKES = re.compile(r"\s*=\s*\S")
#: Who is cheaper by the run, or for somebody, and prices of time, which say nothing of that.
_BY_RUN = re.compile(r"\bper (?:run|token|image|job)\b|^\W*for \w+", re.IGNORECASE)
_BY_TIME = re.compile(
    r"\b(?:rent\w*|hourly|(?:per|an?|each|every) (?:hour|month|day|week))\b|/\s?h(?:r|our)?\b", re.IGNORECASE
)
_WORK = re.compile(r"\b(?:tokens?|images?|pictures?|requests?|frames?|gigabytes?)\b")
_MARGIN, _LEAST = 0.03, 2


def find(context: Context) -> Iterator[Finding]:
    """Every such conclusion with its verdict."""
    for index, passage in context.document.running():
        here = context.mentions.get(index, ())
        if passage.kind not in RUNNING or len({each.named for each in here}) < _LEAST:
            continue
        before: list[Marked] = []
        for sentence in sentences(passage.text):
            read = marked(passage, sentence, here, context)
            said = _ALTHOUGH.split(sentence.text)[0]
            if before and not _UNSURE.search(said) and _CONCLUDES.search(said):
                yield from _of_sentence(read, before[-2:], here, context)
            before.append(read)


def _of_sentence(
    read: Marked, before: Sequence[Marked], here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    head = read.sentence.start + len(_ALTHOUGH.split(read.sentence.text)[0])
    own = within(here, read.sentence.start, head)
    if len({each.ids for each in own}) != 1 or any(each.start < head for each in read.figures.values()):
        return
    for pattern, kinds, most in _RULES:
        match = pattern.search(read.passage.text, read.sentence.start, head)
        told = _series(before[-1], here, kinds[0], _LEAST) if match else {}
        if match and not told:
            # "The one makes 2.1 pictures per watt-hour. The other makes 3.1."
            told = {ids: each for one in before for ids, each in _series(one, here, kinds[0], 1).items()}
        at = match.start() if match else 0
        if "money" in kinds and _BY_RUN.search(read.sentence.text):
            told = told if not any(_BY_TIME.search(one.sentence.text) for one in before) else {}
        # "The pricier card wins" tells by "pricier" which card is meant.
        named = any(each.start <= at < each.end for each in own)
        # An hour's rent says nothing of what a token costs.
        work = _WORK.search(read.sentence.text)
        if work and not any(work[0].rstrip("s") in one.sentence.text for one in before):
            continue
        if match is None or named or own[0].ids not in told or len(told) < _LEAST:
            continue
        mine = told[own[0].ids].value
        best = (max if most else min)(told.values(), key=lambda each: each.value)
        wrong = mine <= 0 or abs(best.value / mine - 1) > _MARGIN
        because = ", ".join(f"{ids[0]} {read.words(each)}" for ids, each in told.items())
        place = match.span()
        yield made(
            context, read.passage, place, "ordering", "inconsistent" if wrong else "confirmed",
            subject=own[0].ids[0], attribute="told before", because=because,
            expected="" if not wrong else next(ids[0] for ids, each in told.items() if each is best),
            evidence=(Evidence(because),),
        )  # fmt: skip
        return


def _series(read: Marked, here: Sequence[Mention], kind: str, least: int) -> dict[tuple[str, ...], Quantity]:
    """The one amount of each device of a sentence, of a kind, in the order of both."""
    text = read.sentence.text
    named = list(dict.fromkeys(each.ids for each in within(here, read.sentence.start, read.sentence.end)))
    energy = _PER_ENERGY.search(text if least > 1 else read.passage.text) is not None
    if kind == "per energy":
        amounts = read.of("rate", "number") if energy else []
    else:
        amounts = [] if kind == "rate" and energy else read.of(kind)
        amounts = [each for each in amounts if not _MAKES.match(read.passage.text, each.end)]
    # "3.9 images per second and watt, the L4 9.2": the second has no unit.
    if kind in ("money", "time", "rate", "energy") and len(amounts) == 1 and len(named) > 1:
        amounts += read.of("number")
        amounts.sort(key=lambda each: each.start)
    return dict(zip(named, amounts, strict=True)) if len(named) == len(amounts) >= least else {}

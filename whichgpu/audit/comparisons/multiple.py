"""A multiple that a text states of two devices: how near their values must be, and the finding on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import ratios
from whichgpu.audit.comparisons.speed import expected
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.values.attributes import attributes
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.comparisons.pairs import Pair
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

#: How far a ratio may be from what is stated of it, by its limit: the least and the greatest share.
_ALLOWED = {"": (0.92, 1.08), "about": (0.87, 1.15), "nearly": (0.87, 1.06), "over": (0.98, 1e9),
            "under": (0.0, 1.02)}  # fmt: skip
#: Beyond these shares nothing is left that rounding explains.
_EXCUSED = 1.03
#: "Twice" of 2.29 times: told to no digit behind the point.
_EXCUSED_WHOLE = 1.07
#: How far a difference in percent may be off: so much, and a share of it.
_STEP, _OF_STEP = {"": 0.03, "about": 0.05, "nearly": 0.05}, 0.12
#: A multiple with a fraction, "2.7x", is known within half of its digit, and never nearer than this share.
_TENTH, _TELLS = 0.05, 0.03
#: Changes that go one way: of the greater against the lesser, or of the lesser against the greater.
UP = re.compile(r"\b(?:increase|rise|plus|more|higher|greater|larger|bigger|wider)\b", re.IGNORECASE)
DOWN = re.compile(r"\b(?:reduction|decrease|drop|cut|fall|saving|less|lower|fewer|smaller)\b", re.IGNORECASE)


class Multiple(NamedTuple):
    """A multiple that is stated of two devices."""

    start: int
    end: int
    times: float
    limit: str
    #: What it is more, or less, as a share, where that is what is said.
    step: float = 0.0


#: "A third more", "half again as many", "a quarter less".
_PART = re.compile(
    r"\b(?P<share>half|(?:an?|one|two|three)[ -](?:half|thirds?|quarters?|fifth|sixth|eighth|tenth))\s+"
    r"(?:again as (?:much|many|large|big|wide|high|fast|quick|long|expensive)|"
    r"as (?:much|many|large|big|fast|high) again|"
    r"(?P<split>as (?:much|many)(?: [\w-]+){1,3}? again)|more|"
    r"higher|larger|bigger|greater|wider|faster|quicker|longer|dearer|pricier"
    r"|(?P<less>less|lower|fewer|smaller|narrower|slower|cheaper|shorter))\b",
    re.IGNORECASE,
)
_SHARES = {"half": 1 / 2, "third": 1 / 3, "two thirds": 2 / 3, "quarter": 1 / 4, "three quarters": 3 / 4,
           "fifth": 1 / 5, "four fifths": 4 / 5, "nine tenths": 9 / 10,
           "sixth": 1 / 6, "eighth": 1 / 8, "tenth": 1 / 10}  # fmt: skip


def share_of(words: str) -> float | None:
    """A share in words: 0.25 of "a quarter"; None for what is none."""
    plain = re.sub(r"[\s-]+", " ", words.lower())
    return _SHARES.get(plain.removeprefix("one ").removeprefix("a ").removeprefix("an "))


def opposite(limit: str) -> str:
    """The limit of what is left, where a limit is told of what is less: "over 40 % less" is under 60 %."""
    return {"over": "under", "under": "over", "nearly": "about"}.get(limit, limit)


#: "Four L40S together have 1.7 times the bandwidth", "two made 1,670, a scaling of 1.92x": of so many of one.
TOGETHER = re.compile(r"\b(?:two|three|four|six|eight|pair|them)\b[^.;,]{0,24}\btogether\b", re.IGNORECASE)
SCALING = re.compile(
    r"\bscal(?:ing|es|ed)\s+(?:factor\s+)?(?:of|by)\s+(?:about |nearly |only )?$", re.IGNORECASE
)
#: "3g.40gb gives three of the seven slices and half of the memory": of one device in parts.
OF_SLICES = re.compile(r"\b\dg\.\d+gb\b|\b(?:slices?|profiles?|partitions?)\b", re.IGNORECASE)


def parts(text: str, sentence: Sentence) -> Iterator[Multiple]:
    """Shares in words that are more or less: "a third more", "half again as much"."""
    for match in _PART.finditer(text, sentence.start, sentence.end):
        share = share_of(match["share"])
        if share is None:
            # "Two half more" says nothing.
            continue
        times = 1 - share if match["less"] else 1 + share
        # "Half as much bandwidth again": of what stands inside it.
        end = match.end("share" if match["split"] else 0)
        yield Multiple(match.start("share"), end, times, "")


def of_speed(passage: Passage, sentence: Sentence, claim: Multiple, both: Pair, context: Context) -> Finding:
    """A claim on speed: confirmed where the cost model expects it of the workload named, else unverifiable.

    An interval is no bound: what lies outside of it is told, not accused.
    """
    model = expected(sentence.text, both, context)
    if model:
        low, high = _ALLOWED.get(claim.limit, (1.0, 1.0))
        within = model.low <= high * claim.times and low * claim.times <= model.high
        words = (
            f"at {model.of} the cost model expects {model.mid:.2g} times "
            f"({model.low:.2g} to {model.high:.2g})"
        )
        answer = ("confirmed" if within else "unverifiable", "" if within else f"{model.mid:.2g}x", words)
        return finding_on(
            passage, claim, answer, context, subject=both.subject, attribute="speed",
            evidence=(Evidence(words, "cost model"),),
        )  # fmt: skip
    keys: tuple[str, ...] = ("fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "int8", "bandwidth")
    compute = _COMPUTE.search(sentence.text) is not None and not _WORK.search(sentence.text)
    keys = keys[:-1] if compute else keys
    limits = {key: found for key in keys if (found := ratios(attributes()[key], both, context))}
    if not limits:
        answer = ("unverifiable", "", "no peak on file")
        return finding_on(passage, claim, answer, context, subject=both.subject, attribute="speed")
    greatest = max((value, key) for key, found in limits.items() for value, _ in found)
    least = min((value, key) for key, found in limits.items() for value, _ in found)
    because = (
        f"no workload is named; the peaks and bandwidths differ by {least[0]:.2g} ({least[1]}) "
        f"to {greatest[0]:.2g} times ({greatest[1]})"
    )
    evidence = (Evidence(because),)
    on_paper = compute or _ON_PAPER.search(sentence.text) is not None
    beyond = on_paper and not least[0] / _BEYOND < claim.times < greatest[0] * _BEYOND
    answer = ("contradicted" if beyond else "unverifiable", "", because)
    return finding_on(
        passage, claim, answer, context, subject=both.subject, attribute="speed", evidence=evidence
    )


#: What makes a speed one of arithmetic alone: "its compute is a quarter faster".
_COMPUTE = re.compile(
    r"\b(?:compute(?:s(?=\s)|\s(?:power|performance|throughput|speed|rate|peaks?))?(?!\s(?:capabilit\w+|"
    r"instances?|nodes?|clusters?|dies?|units?|costs?|hours?|for)\b)|computing power|number[- ]crunching|"
    r"arithmetic (?:speed|throughput|rate|performance))\b(?![- ](?:bound|limited|intensive))",
    re.IGNORECASE,
)
#: What makes a speed that of the specifications, and how far beyond all of them it is wrong.
_ON_PAPER = re.compile(
    r"\b(?:on paper|in theory|theoretical(?:ly)?|by the (?:numbers|specs?)|going by the spec\w*)\b",
    re.IGNORECASE,
)
_BEYOND = 1.2


def in_precision(text: str, sentence: Sentence) -> bool:
    """Whether a sentence is of the rate in a precision and of no work: "In FP32, it is twice as fast"."""
    said = text[sentence.start : sentence.end]
    return _IN_A_PRECISION.search(said) is not None and not _WORK.search(said)


_IN_A_PRECISION = re.compile(
    r"\bin (?:plain |raw )?(?:FP(?:8|16|32|64)|TF32|BF16|INT8|single|double)\b", re.I
)
_WORK = re.compile(
    r"\b(?:train\w*|inference|benchmark\w*|tests?|measured?|render\w*|images?|tokens?|models?|"
    r"workloads?|games?|"
    r"real\W+world|per\W+(?:watt|dollar|gpu|card|core)|practice|LLMs?|mixed|infer|fine\W+tun\w*|"
    r"[A-Z]\w+\d+[bB]|ResNet\S*|BERT\S*|Llama\S*)\b",
    re.IGNORECASE,
)


def verdict_of(claim: Multiple, values: Sequence[float]) -> str:
    """Confirmed where one of the ratios is as stated, contradicted where none is near it."""
    if claim.limit not in _ALLOWED:
        return "unverifiable"
    if (
        claim.step
        and claim.limit in _STEP
        and all(
            abs(value - claim.times) > _STEP[claim.limit] + _OF_STEP * abs(claim.step) for value in values
        )
    ):
        return "contradicted"
    low, high = _allowed(claim)
    if any(low * claim.times <= value <= high * claim.times for value in values):
        return "confirmed"
    excused = _EXCUSED_WHOLE if claim.times == round(claim.times) and not claim.limit else _EXCUSED
    low, high = low / excused, high * excused
    if any(low * claim.times <= value <= high * claim.times for value in values):
        return "unverifiable"
    if min(values) < claim.times < max(values) < _FORMS * min(values):
        # "Doubled": of some form less than that, of another more.
        return "unverifiable"
    return "contradicted"


#: How far the ratios of the forms of two devices may be apart that a round one stands between.
_FORMS = 1.45


def by_text(verdict: str, claim: Multiple, ratio: float) -> str:
    """The verdict on a multiple where the text itself states both values just before."""
    if verdict == "confirmed" and verdict_of(claim, [ratio, 1 / ratio]) == "contradicted":
        # True of a form that it does not mean: 2.66 times is the PCIe card's, beside the SXM5's bandwidth.
        return "inconsistent"
    # Of values that are right too: 192 GB as it is built, 180 as it is sold.
    right = verdict == "contradicted" and verdict_of(claim, [ratio]) == "confirmed"
    return "confirmed" if right else verdict


def _allowed(claim: Multiple) -> tuple[float, float]:
    """The least and the greatest share that a ratio may be of a multiple; a fraction is told to its digit."""
    if claim.limit or claim.step or claim.times == round(claim.times):
        return _ALLOWED[claim.limit]
    if claim.times < 1:
        # "0.1 times" of 0.139.
        half = 0.5 / 10 ** len(f"{claim.times:g}".partition(".")[2]) / claim.times
        least, most = _ALLOWED[""]
        return min(least, 1 - half), max(most, 1 + half)
    within = max(_TELLS, _TENTH / claim.times)
    return 1 - within, 1 + within


def finding_on(
    passage: Passage, claim: Multiple, answer: tuple[str, str, str], context: Context, **rest: Any
) -> Finding:
    """The finding on a multiple: its verdict, what would be right, and why."""
    verdict, expected, because = answer
    place = (claim.start, claim.end)
    return made(context, passage, place, "ratio", verdict, expected=expected, because=because, **rest)


#: What amounts are told per at the beginning of a clause, for all that follows in it.
_PER_OTHER = re.compile(
    r"(?:^\s*|\bprices?\s+|[;:.,\u2013\u2014]\s+|\b(?:and|but|while)\s+)(?:\w+\s+)?"
    r"(?:per|for (?:each|every)|(?:an?|each|every)(?= \w+ (?:buys|gives|gets|brings)))\s+"
    r"(?:watt|dollar|euro|pound|gb|gigabyte|core|sm|token|unit|joule|slot|transistor)\b[^;:]*$",
    re.IGNORECASE,
)


#: Power that no specification tells: "idles at twice the power".
AT_REST = re.compile(r"\b(?:idl(?:e|es|ed|ing)|standby|at rest)\b[^,;:]*$", re.IGNORECASE)


def is_per_other(text: str, start: int, at: int) -> bool:
    """Whether a multiple stands behind what it is told per: "per watt, it gives 8x the FP16, 2x the FP32"."""
    return _PER_OTHER.search(text[start:at]) is not None

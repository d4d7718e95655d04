"""Speed-ups by more GPUs: "from 1 to 8 H100s the throughput rose 9.1x", faster than their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.dimensions import LENGTHS
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import SPELLED, multiples, quantities
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.dimensions import Term
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.sentences import Sentence

_NUMBER = rf"(?:\d{{1,4}}|an?|one|single|{'|'.join(SPELLED)})"
_FROM_TO = re.compile(
    rf"\bfrom\s+(?:a\s+)?(?P<a>{_NUMBER})\s+(?:(?!to\b)[\w-]+\s+){{0,4}}?to\s+(?P<b>{_NUMBER})\b"
    r"(?=\s*(?:x\s*)?(?:nvidia\s+|amd\s+)?(?:gpus?\b|cards\b|accelerators\b|[A-Z]+\w*\d\w*|of them\b|,|"
    r"\d0[5-9]0s?\b|rtx\b|"
    r"gave|gives|"
    r"yields|made|makes|will|can|rais|increas|improv|rose))",
    re.IGNORECASE,
)
_SOME = re.compile(
    rf"\b(?P<n>{_NUMBER})\s*(?:x\s*)?(?:nvidia\s+)?(?:gpus?\b|cards?\b|[A-Z]\d+\w*|RTX\s\w+)", re.IGNORECASE
)
_SPEED = re.compile(
    r"\b(?:throughput|fast|faster|speed\w*|performance|images|tokens|samples|scal\w+)\b", re.I
)
_EXCUSED = re.compile(
    r"\b(?:memory|capacity|vram|larger batch|bigger batch|super-?linear\w*|node|nodes|cache|price|cost)\b",
    re.I,
)
#: "An efficiency of 107 %", of several GPUs.
_EFFICIENCY = re.compile(
    r"\b(?:scaling )?efficiency\s+(?:of|is|was|at|=|:)\s+(?:about |around |over |roughly "
    r")?(?P<n>\d{2,3}(?:\.\d)?)\s?(?:%|percent\b)"
    r"|(?P<m>\d{2,3}(?:\.\d)?)\s?(?:%|percent)\s+(?:scaling\s+)?efficiency\b",
    re.IGNORECASE,
)
_SCALES = re.compile(r"\bscal\w+", re.IGNORECASE)
_MANY = re.compile(
    r"\b(?:two|four|eight|[2-9]\d?x?|multi-?)\s*(?:x\s*)?(?:nvidia\s+)?(?:gpus?|cards|[A-Z]\w*\d+s?)\b",
    re.IGNORECASE,
)
_ABSURD = 400
#: Text without any of these tells of no speed of several GPUs.
_WORDS = (
    "fficienc", "speed", "faster", "times", "from ", "/s", "per s", "/min", "per min", "a second", " day",
    " hour",
)  # fmt: skip
#: A speed-up, and the one GPU that it is over.
_SPEED_UP = re.compile(
    r"\bspeed-?ups? (?:of|was|is) (?:about |around |over |nearly )?(?P<n>\d{1,3}(?:\.\d+)?)\s?(?:x\b|"
    r"\u00d7|times)|"
    r"\b(?P<m>\d{1,3}(?:\.\d+)?)\s?(?:x|\u00d7|times) (?:faster|the throughput|the speed|as fast)\b",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"\b(?:one|a single|1x?)\s+(?:\w+\s+)?(?:gpu|card|[A-Z]+\d+\w*|\d0[5-9]0)\b|"
    r"\bsingle[- ](?:gpu|card)\b|\b(?:of|than) one\b",
    re.I,
)
#: So many times what fewer gave: "four gave 3.7 times", "with 128 GPUs we had 15 times that of 8".
_GAVE = re.compile(
    rf"\b(?P<b>{_NUMBER})\b(?:\s+(?:of (?:them|these)|gpus|cards|nodes|[A-Z]+\d+\w*|"
    rf"(?:RTX )?\d0[5-9]0s?)){{0,2}},?\s+"
    r"(?:(?:we|it|they|that|this)\s+)?(?:gave|saw|measured|achieved|observed|gives?|got|had|have|"
    r"reach(?:ed)?|came to|comes? to|"
    r"made|makes?|yield(?:s|ed)?|"
    r"deliver(?:s|ed)?|were|are|is|was)\s+(?:us\s+)?(?:about |around |only |just |roughly )?"
    r"(?P<s>\d{1,3}(?:\.\d+)?)\s?(?:x|\u00d7|times)(?!\s+(?:cheaper|the (?:price|cost|memory|power|vram)))"
    rf"(?:\s+(?:that|the (?:throughput|speed|rate)|what|as (?:fast|"
    rf"much)(?: as)?)(?:\s\w+)?\s+(?:of|on|with)\s+(?P<a>{_NUMBER})\b)?",
    re.IGNORECASE,
)
#: One count after another, each with its rate: "one GPU trains at 410 samples/s, two at 800, eight at 3,100".
_EACH = re.compile(
    rf"\b(?P<n>{_NUMBER})(?!\s?[%$xX])(?:\s+(?:then|of them|gpus?|cards?|[A-Z]+\d+\w*|(?:RTX )?\d0[5-9]0s?))*"
    r"(?:\s+(?:gets?|got|gave|gives?|runs?|trains?|reach(?:es|ed)?|does|do|did|makes?|made|manages?|delivers?|at|to|about|around|are|is)){0,3}"
    r"\s+(?P<rate>\d{1,3}(?:,\d{3})+|\d{2,6}(?:\.\d+)?)\b(?!\s?(?:%|GB|W\b|TFLOPS|hours?|days?|minutes?|ms|GPUs|years?|b\b|billion))",
    re.IGNORECASE,
)
#: How far an efficiency may be from the speed-up over the number, in points.
_POINTS = 5.0
#: Beyond the number of GPUs by this share no noise explains it; so many kinds are two devices.
_SLACK, _KINDS = 1.03, 2


def find(context: Context) -> Iterator[Finding]:
    """Every speed-up that is told of a number of GPUs, with its verdict."""
    for passage in context.document.passages:
        text = passage.text
        if passage.kind not in RUNNING or not any(word in text for word in _WORDS):
            continue
        for sentence in sentences(passage.text):
            yield from _series(passage, sentence, context)
            if not _EXCUSED.search(sentence.text):
                yield from _by_count(passage, sentence, context)
                yield from _efficiency(passage, sentence, context)
                yield from _told(passage, sentence, context)
                names = context.mentions.get(context.place(passage), ())
                # "Two RTX 4090s are 2.3 times as fast as one A100": of two kinds.
                if len({each.ids for each in within(names, sentence.start, sentence.end)}) < _KINDS:
                    yield from _given(passage, sentence, context)
            match = _FROM_TO.search(passage.text, sentence.start, sentence.end)
            if match is None or not _SPEED.search(sentence.text) or _EXCUSED.search(sentence.text):
                continue
            few, many = _count(match["a"]), _count(match["b"])
            every = (quantities(passage.text, context.fraction), multiples(passage.text))
            told = [
                each
                for some in every
                for each in within(some, sentence.start, sentence.end)
                if each.dimension == "times"
                and each.value > 1
                and not match.start() < each.start < match.end()
            ]
            if many <= few or len(told) != 1:
                continue
            most = many / few
            because = f"{many} in place of {few} are {most:.3g} times as many"
            above = told[0].value > most * _SLACK
            yield made(context, passage, (told[0].start, told[0].end), "benchmark",
                       "contradicted" if above else "unverifiable", attribute="scaling",
                       because=because + (": nothing scales better than that" if above else ""),
                       expected=f"at most {most:.3g}x" if above else "",
                       evidence=(Evidence(because),))  # fmt: skip


def _told(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """A speed-up that is told with one number of GPUs: "on four A100s it took 1.1 hours, 4.5x faster"."""
    text = passage.text
    said = _SPEED_UP.search(text, sentence.start, sentence.end)
    counts = [one for one in _SOME.finditer(text, sentence.start, sentence.end) if _count(one["n"]) > 1]
    if said is None or len(counts) != 1 or not _ONE.search(text, max(0, sentence.start - 200), said.start()):
        return
    many, real = _count(counts[0]["n"]), float(said["n"] or said["m"])
    if many < real <= _ABSURD and real > many * _SLACK:
        because = f"{many} in place of one are {many} times as many: nothing scales better than that"
        yield made(context, passage, said.span("n" if said["n"] else "m"), "benchmark", "contradicted",
                   attribute="scaling", because=because, expected=f"at most {many}x",
                   evidence=(Evidence(because),))  # fmt: skip


def _series(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """Rates of one and of more, which are at most so many times as high."""
    rates = [each for each in quantities(passage.text, context.fraction) if each.dimension == "rate"]
    told = list(_EACH.finditer(passage.text, 0, sentence.end)) if rates else []
    if len(told) <= 2 or _count(told[0]["n"]) != 1 or rates[0].start != told[0].start("rate"):
        return
    counts, values = ([way(each) for each in told] for way in (_of_count, _of_rate))
    if counts != sorted(set(counts)):
        return
    for each, count, rate in zip(told[1:], counts[1:], values[1:], strict=True):
        if each.start() >= sentence.start and rate > values[0] * count * _SLACK:
            because = (
                f"{count} times the {values[0]:g} of one are {values[0] * count:,.4g}: nothing scales better"
            )
            yield made(context, passage, each.span("rate"), "benchmark", "contradicted", attribute="scaling",
                       because=because, expected=f"at most {values[0] * count:,.4g}",
                       evidence=(Evidence(because),))  # fmt: skip


def _of_count(match: re.Match[str]) -> int:
    return _count(match["n"])


def _of_rate(match: re.Match[str]) -> float:
    return float(match["rate"].replace(",", ""))


def _given(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """What so many gave, and the efficiency that the sentence says that this is."""
    text = passage.text
    gave = _GAVE.search(text, sentence.start, sentence.end)
    led = _FROM_TO.search(text, sentence.start, sentence.end) or gave
    if led is None or not (led["a"] or (_ONE.search(text, 0, sentence.end) and _SPEED.search(text))):
        return
    times = [
        each for each in within(multiples(text), sentence.start, sentence.end) if each.dimension == "times"
    ]
    times += [each for each in within(quantities(text, context.fraction), sentence.start, sentence.end)
              if each.dimension == "times"]  # fmt: skip
    real = float(gave["s"]) if gave else times[0].value if len(times) == 1 else 0.0
    most = _count(led["b"]) / _count(led["a"] or "one")
    share = _EFFICIENCY.search(text, led.end(), sentence.end)
    if most <= 1 or not 0 < real < _ABSURD:
        return
    if gave and real > most * _SLACK:
        because = f"so many more are {most:.3g} times as many: nothing scales better than that"
        yield made(context, passage, gave.span("s"), "benchmark", "contradicted", attribute="scaling",
                   because=because, expected=f"at most {most:.3g}",
                   evidence=(Evidence(because),))  # fmt: skip
    elif share and abs(float(share["n"] or share["m"]) - 100 * real / most) > _POINTS:
        because = f"{real:g} times by {most:.3g} times as many are {100 * real / most:.3g} %"
        yield made(context, passage, share.span("n" if share["n"] else "m"), "arithmetic", "inconsistent",
                   attribute="scaling", because=because, expected=f"{100 * real / most:.3g} %",
                   evidence=(Evidence(because),))  # fmt: skip


def _efficiency(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """An efficiency of several GPUs beyond 100 %."""
    found = list(_EFFICIENCY.finditer(passage.text, sentence.start, sentence.end))
    several = found and (_SCALES.search(sentence.text) or _MANY.search(sentence.text))
    for match in found if several else ():
        told = float(match["n"] or match["m"])
        if told <= 100 * _SLACK or told > _ABSURD:
            continue
        group = "n" if match["n"] else "m"
        because = "an efficiency beyond 100 % is more than so many times the speed of one"
        yield made(context, passage, match.span(group), "benchmark", "contradicted", attribute="scaling",
                   because=because, expected="at most 100 %", evidence=(Evidence(because),))  # fmt: skip


def _by_count(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """The rates or the times of two numbers of GPUs: "one GPU 3,000 tokens/s, eight GPUs 25,600"."""
    text = passage.text
    found = within(quantities(text, context.fraction), sentence.start, sentence.end)
    rates: list[Quantity | Term] = [q for q in found if q.dimension == "rate" and q.high == q.value > 0]
    units = {q.unit for q in found if q.dimension == "rate"}
    lasts = [
        each
        for each in within(terms(text, context.fraction), sentence.start, sentence.end)
        if each.of in LENGTHS and sum(map(abs, each.dims)) == 1
    ]
    if any(_EVERY.search(text, sentence.start, each.start) for each in lasts):
        # "419 failures in 54 days on 16,384 GPUs, one every three hours".
        lasts = []
    told = rates or lasts
    counts = list(_SOME.finditer(text, sentence.start, sentence.end))
    if not len(told) == len(counts) == 2 or len(units) > 1 or not all(each.value for each in told):
        return
    # "3,000 tokens/s on one GPU and 25,600 on eight", or the other way round: in one order throughout.
    firsts = [count.start() < each.start for count, each in zip(counts, told, strict=True)]
    few, many = (_count(each["n"]) for each in counts)
    if len(set(firsts)) != 1 or not 0 < few < many:
        return
    most = many / few
    real = rates[1].value / rates[0].value if rates else _hours(lasts[0]) / _hours(lasts[1])
    above = real > most * _SLACK
    because = f"{many} in place of {few} are {most:.3g} times as many; {real:.3g} times the speed is stated"
    yield made(context, passage, (told[1].start, told[1].end), "benchmark",
               "contradicted" if above else "unverifiable", attribute="scaling", because=because,
               expected=f"at most {most:.3g}x" if above else "", evidence=(Evidence(because),))  # fmt: skip


_EVERY = re.compile(r"\b(?:every|each|per|once in|about once|apart)\s+(?:\w+\s+)?$", re.IGNORECASE)


def _hours(term: Term) -> float:
    return term.value * LENGTHS[term.of][0]


def _count(word: str) -> int:
    return SPELLED.get(word.lower()) or (int(word) if word.isdigit() else 1)

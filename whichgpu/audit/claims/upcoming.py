"""What is said to come though it was out: "the upcoming H200", "Blackwell is expected to launch"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.families import architectures, is_of
from whichgpu.audit.findings import made
from whichgpu.audit.roles import told
from whichgpu.audit.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

_COMES = (
    r"upcoming|forthcoming|soon[- ]to[- ](?:be[- ])?(?:released|launched|arrive|launch|come)|"
    r"(?:yet|still)[- ]to[- ]be[- ](?:released|launched)|yet[- ]to[- ]launch|(?:as[- ]yet )?unreleased|"
    r"rumou?red|expected|(?:not|n[\u2019']t)(?: yet| currently)? (?:released|launched|out|shipping|"
    r"available)(?: yet)?"
)
_LAUNCHES = r"(?:launch|ship|arrive|debut|come out|release|be (?:released|launched|available|introduced|out))"
#: Right before a name, and right behind one.
_BEFORE = re.compile(rf"\b(?P<what>{_COMES})\s+(?:nvidia|amd|intel)?(?:[\u2019']s)?\s*$", re.IGNORECASE)
_BEHIND = re.compile(
    rf"(?:\s+(?:gpus?|cards?|accelerators?))?,?\s+(?:which\s+)?(?P<what>(?:(?:is|are)\s+)?(?:(?:still\s+)?"
    rf"(?:expected|set|due|slated|scheduled|about|yet)\s+to\s+{_LAUNCHES}|will\s+(?:soon\s+)?{_LAUNCHES}|"
    r"(?:is|are)\s*n(?:ot|[\u2019']t) (?:yet |out yet|(?:released|launched|shipping) yet)\w*|"
    r"(?:is|are) coming soon))\b"
    r"(?!\s+(?:in|on|to|with|as|for|from|at|through|via|by)\s+(?!(?:20\d\d|late|early|mid|q[1-4]|the "
    r"(?:first|second|third|fourth|end)|spring|summer|autumn|fall|winter|[A-Z][a-z]+ 20)))",
    re.IGNORECASE,
)
_ANY = re.compile(
    rf"\b(?:{_COMES}|to {_LAUNCHES}|will (?:soon )?{_LAUNCHES}|coming soon|yet)\b", re.IGNORECASE
)
#: Reports of what was said then, and what is about offers or versions of it.
_UNLESS = re.compile(
    r"\b(?:was|were|had been|at the time|back then|before|originally|initially|if|our|we|us|customers?|"
    r"drivers?|support|stock|region\w*)\b|"
    # A day without its year: the text is of that year.
    r"\b(?:on|from)\s+(?:January|February|March|April|May|June|July|August|September|October|November|"
    r"December)\s+\d{1,2}(?:st|nd|rd|th)?\b(?!,?\s+20\d\d)",
    re.IGNORECASE,
)
#: Behind the name of an architecture.
_WORDS = re.compile(r"\s+(?:architectures?|generation|series|family|platform)\b", re.IGNORECASE)
_REACH = 40


def find(context: Context) -> Iterator[Finding]:
    """Every device or architecture told of as one to come, which was out by then, or is today."""
    for passage, sentence, who in told(context, _ANY):
        if _UNLESS.search(sentence.text):
            continue
        for what, start, end, gpus in _named(passage.text, sentence, who, context):
            match = _BEFORE.search(passage.text, max(sentence.start, start - _REACH), start)
            match = match or _BEHIND.match(passage.text, end, sentence.end)
            out = _out(gpus, context) if match else None
            if match and out:
                day = out.display("release_date")
                yield made(context, passage, match.span("what"), "identity", "outdated",
                           subject=what or out.id, attribute="release_date",
                           because=f"{out.id} came out on {day}",
                           evidence=(source_of(out, "release_date"),))  # fmt: skip


_IT = re.compile(r"\W*(?:(?:However|But|And|So|Still|Also|Then|Yet),?\s+)?(?P<it>It)\b", re.IGNORECASE)


def _named(
    text: str, sentence: Sentence, who: Spoken, context: Context
) -> Iterator[tuple[str, int, int, Sequence[Gpu]]]:
    """The places of what a sentence names, with its devices: of an architecture the first that came out."""
    it = _IT.match(text, sentence.start, sentence.end) if not who.here and who.topic else None
    if it:
        yield "", it.start("it"), it.end("it"), [context.catalogue[key] for key in who.topic[0].ids]
    for each in who.here:
        yield "", each.start, each.end, [context.catalogue[key] for key in each.ids]
    for match in architectures().finditer(text, sentence.start, sentence.end):
        if not any(each.start <= match.start() < each.end for each in who.here):
            kin = (
                gpu for gpu in context.catalogue.values() if is_of(gpu, match[0]) and gpu.confidence != "low"
            )
            first = min((gpu for gpu in kin if gpu.value("release_date")), key=_born, default=None)
            more = _WORDS.match(text, match.end())
            yield match[0].capitalize(), match.start(), (more or match).end(), [first] if first else []


def _born(gpu: Gpu) -> str:
    return str(gpu.value("release_date") or "")


def _out(gpus: Sequence[Gpu], context: Context) -> Gpu | None:
    """The last of several devices that came out, if all were on the day of the text, else on today's."""
    day = context.document.written or context.today.isoformat()
    # A day may be known to the year only.
    known = all(_born(gpu) and _born(gpu) < day[: len(_born(gpu))] for gpu in gpus)
    return max(gpus, key=_born) if gpus and known else None

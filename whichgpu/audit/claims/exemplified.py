"""Examples of a kind that are none of it: "a 12 GB card such as the RTX 3060 or the RTX 4080".

What the words before the examples say of them (so much memory, its type, an architecture, a capability) holds
of each. "It needs 48 GB. So an A5000, say" names what is to have so much.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.certainty import excludes
from whichgpu.audit.counting import counted
from whichgpu.audit.families import architectures, is_of
from whichgpu.audit.findings import made
from whichgpu.audit.quantified.properties import Property, property_at
from whichgpu.audit.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.subjects import Mention
    from whichgpu.hardware.gpu import Gpu

_NOUN = (
    r"(?:GPUs?|(?:graphics )?cards?|boards?|accelerators?|parts?|chips?|something|anything|GeForces?|"
    r"Radeons?)\b"
)
_LEADS = (
    r"(?:(?:the|an?|either|both|nvidia(?:[\u2019']s)?|amd(?:[\u2019']s)?|intel(?:[\u2019']s)?|used|old)\s+)*"
)
_EXAMPLES = (
    rf"(?:,?\s+(?:such as|like|e\.g\.,?|for (?:example|instance),?|say,?|including)\s+|"
    rf",?\s*\(\s*(?:e\.g\.,?\s+|"
    rf"such as\s+|for example\s+|like\s+|say\s+)?|:\s+){_LEADS}$"
)
#: Words that narrow what examples follow: before the noun, and behind it.
_KIND = re.compile(
    rf"(?P<mods>(?:[\w.+/-]+\s+){{0,4}}){_NOUN}(?P<post>(?:\s+(?:with|without|that|which|from|under|of|"
    rf"below)\s+"
    rf"[\w.+$ -]{{2,40}}?)?){_EXAMPLES}",
    re.IGNORECASE,
)
_SIZE = re.compile(r"(?<![\d.,x\u00d7])\d{1,3}\s?-?(?:GB|gigs?|gigabytes?|GiB)(?![\w/])", re.IGNORECASE)
_TYPE = re.compile(r"\b(?:HBM\d?e?|GDDR\d(?:X|W)?)(?![\w/])", re.IGNORECASE)
_WITH = re.compile(
    r"\s*(?:with(?P<out>out)?|(?:that|which)\s+(?:have|has|offers?|supports?|supported|can do|do|does|"
    r"(?P<lack>lacks?))|of)\s+(?:at least\s+|native\s+)?",
    re.IGNORECASE,
)
_WATTS = re.compile(r"\b(?:under|below|less than)\s+(?P<n>\d{2,4})\s?W\b", re.IGNORECASE)
_AND = re.compile(r"s?(?:,?\s*(?:and|or)|,|\s*/)\s*" + _LEADS, re.IGNORECASE)
#: Behind an example, what begins a statement on it alone, or tells another size of it.
_ALONE = re.compile(
    r"(?:[\u2019']s)?\s*(?:\(?\d|\((?:which|with|only)|with\b|at\b|(?:has|is|does|was|offers|needs|"
    r"comes|costs)\b)"
)
_TOGETHER = re.compile(
    r"\b(?:total|together|combined|pairs?|two|three|four|several|up to|laptops?|older|nearly|almost|pro)\b",
    re.I,
)
#: What so much is needed for, and one device right behind it that is to have it.
_NEEDS = re.compile(
    r"(?:\b(?:needs?|needed|wants?|requires?|required|calls? for|look for|asks? for|minimum (?:is|"
    r"of))\b[^.;:]{0,40}?|"
    r"^[\w., -]{3,40}:\s+(?:about |around |roughly |some |~)?)"
    r"(?<![\d.,x\u00d7])(?P<n>\d{1,3})\s?-?(?:GB|gigs?|"
    r"gigabytes?)(?![\w/])(?:(?!GB\b)[^.;:]){0,80}[.;:,(\u2013\u2014-]\s+"
    r"(?:(?:so|thus|hence|therefore|that means|which means|meaning|i\.e\.,?|that is,?|e\.g\.,?|say,?|"
    r"for example,?)\s+)?"
    r"(?:an?|one|the)\s+(?:single\s+|used\s+|nvidia\s+|amd\s+)*$",
    re.IGNORECASE,
)
_SAID_SO = re.compile(
    r"(?:,?\s+(?:say|for example|for instance|will do|would do|does it|is enough|is the (?:one|answer|"
    r"minimum)))?"
    r"\s*(?:[.;:)!]|$)",
    re.IGNORECASE,
)
_EACH, _REACH, _SLACK, _FAR_OFF = 6, 130, 0.97, 1.5


def find(context: Context) -> Iterator[Finding]:
    """Every example that is not of its kind."""
    for index, passage in context.document.running():
        here = context.mentions.get(index, ())
        for at, first in enumerate(here):
            if at and here[at - 1].end > first.start - 1:
                continue
            before = passage.text[max(0, first.start - _REACH) : first.start]
            kind = _KIND.search(before)
            if kind is not None:
                for each in _listed(passage.text, here[at:]):
                    yield from _of_example(passage, each, kind, context)
            elif need := _NEEDS.search(before):
                yield from _of_need(passage, first, need, context)


def _listed(text: str, here: Sequence[Mention]) -> list[Mention]:
    """The names that follow one another, up to one that begins what is said of it alone."""
    found = [*here[:1]]
    for each in here[1:_EACH]:
        gap = text[found[-1].end : each.start]
        if not _AND.fullmatch(gap):
            break
        if _ALONE.match(text, each.end) and ("and" in gap or "," in gap):
            break
        found.append(each)
    return found if not re.match(r"(?:[\u2019']s)?\s*\(?\d", text[found[0].end :]) else []


def _of_example(passage: Passage, one: Mention, kind: re.Match[str], context: Context) -> Iterator[Finding]:
    mods, post = kind["mods"], kind["post"]
    if _TOGETHER.search(mods + post) or counted(passage.text, 0, one.start) > 1:
        return
    gpus = [context.catalogue[key] for key in one.ids]
    for what, told in _properties(mods, post, context):
        gpus = [gpu for gpu in gpus if gpu.confidence != "low" or excludes(gpu, what.field, _FAR_OFF)]
        known = [(gpu, has) for gpu in gpus if (has := what.has(gpu)) is not None]
        if len(known) < len(gpus) or not known:
            continue
        right = any(has is told for _, has in known)
        best = known[0][0]
        because = (
            f"{best.id}: {what.key.replace('_', ' ')} {best.display(what.field) if what.field else 'not'}"
        )
        yield made(
            context, passage, (one.start, one.end), "specification", "confirmed" if right else "contradicted",
            subject=best.id, attribute=what.key, because=because,
            evidence=(source_of(best, what.field or "chip"),),
        )  # fmt: skip


def _properties(mods: str, post: str, context: Context) -> Iterator[tuple[Property, bool]]:
    """What the words before examples, and those behind their noun, say of each."""
    for text in (mods,):
        for pattern in (_SIZE, _TYPE):
            if match := pattern.search(text):
                size = re.sub(r"\s?-?(?:gigs?|gigabytes?|GiB)", " GB", match[0], flags=re.IGNORECASE)
                if found := property_at(size, 0, context):
                    yield found, True
        if name := architectures().search(text):
            yield Property(0, "architecture", "chip", partial(_is_of, name=name[0])), True
    if watts := _WATTS.search(post):
        yield Property(0, "power", "power", lambda gpu: _below(gpu.value("power"), float(watts["n"]))), True
    behind = _WITH.match(post)
    if behind:
        words = re.sub(r"(?<=\d)\s?(?:gigs?|gigabytes?|GiB)\b", " GB", post)
        at = behind.end()
        at = at - len("at least ") if "at least" in behind[0].lower() else at
        found = property_at(words, at, context)
        if found and not words[found.end :].strip().startswith("per"):
            yield found, not (behind["out"] or behind["lack"])


def _is_of(gpu: Gpu, name: str) -> bool | None:
    return is_of(gpu, name)


def _below(value: object, most: float) -> bool | None:
    return value <= most if isinstance(value, int | float) else None


def _of_need(passage: Passage, one: Mention, need: re.Match[str], context: Context) -> Iterator[Finding]:
    if not _SAID_SO.match(passage.text, one.end) or one.text.endswith("s"):
        return
    if _TOGETHER.search(need[0]) or re.search(
        r"\b(?:not|never|no|ram|disk|system)\b|n[\u2019']t\b", need[0], re.I
    ):
        return
    gpus = [context.catalogue[key] for key in one.ids if context.catalogue[key].confidence != "low"]
    most = max((float(gpu.value("memory") or 0) for gpu in gpus), default=0.0)
    if not most or most >= _SLACK * float(need["n"]) * 1e9:
        return
    because = f"{need['n']} GB are needed; {gpus[0].id} has {gpus[0].display('memory')}"
    yield made(context, passage, (one.start, one.end), "memory", "contradicted", subject=gpus[0].id,
               attribute="memory", because=because, evidence=(source_of(gpus[0], "memory"),))  # fmt: skip

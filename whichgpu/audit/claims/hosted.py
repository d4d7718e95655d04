"""What an instance type of a cloud is said to have in sentences: "a p4d.24xlarge has eight A100s".

Which GPU, how many of it, and how much memory each has are held against the offers on file. A series without
a size ("p4d") is read where the document names its seller, or one of its sizes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.claims.machine_types import LETTER, of_number, of_type
from whichgpu.audit.clauses.mood import is_indicative
from whichgpu.audit.devices.subjects import family
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.quantities import SPELLED, read_number
from whichgpu.audit.text.sentences import sentences
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.hardware.instances import of_series

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

_N = rf"(?P<n>\d{{1,2}}|an?|one|a single|{'|'.join(SPELLED)})"
#: A type with its size, or a series of them.
_TYPE = re.compile(
    r"(?<![\w.-])(?:(?P<type>[a-z]\w{0,5}(?:-\w+)*\.(?:\d{1,2}x?large|x?large|metal(?:-\w+)?)|"
    r"(?:a[2-9]|g[2-9])-[a-z]+-\d{1,3}[gt]?|(?:Standard_)?N[CDVG]\d+\w*(?:[_ ][A-Z]{1,2}\d+\w*)?[_ ]v\d)|"
    r"(?P<series>p3dn|p4de?|p5(?:en?)?|g4dn|g5|g6e?|p6-b[23]00))(?![\w-]|\.\d)",
    re.IGNORECASE,
)
_HAVE = (
    r"(?:has|have|had|comes? (?:with|as)|(?:is|are) (?:equipped|fitted|outfitted|built) (?:with|around|on)|"
    r"(?:is|are) (?:powered|backed|driven) by|(?:gives?|brings?|gets?|rents?|hands?) (?:you|us|one)(?: out)?|"
    r"holds?|houses?|offers?|provides?|contains?|packs?|pairs|means|equals|carr(?:y|ies)|features?|sports?|bundles?|includes?|uses?|"
    r"runs?(?: on)?|relies on|(?:is|are)(?= (?:an?|one|a single)\b)|exposes?|consists? of|with|:|"
    r"puts? .{0,16} on)"
)
_KIND = r"(?:\s+(?:instances?|machines?|vms?|series|family|types?|nodes?|boxe?s?|hosts?|servers?)){0,2}"
_FILL = (
    r"(?:(?:exactly|only|just|up to|of|the|these|those|them|nvidia|nvidia[\u2019']s|amd|tesla|x|\u00d7|"
    r"gpus?,?)\s+)*"
)
#: Behind a type, what it has; and a number of them alone.
_AFTER = re.compile(
    rf"{_KIND}(?:\s*,)?(?:\s+(?:in turn|on (?:aws|gcp|google cloud|azure|amazon)))?\s*"
    rf"(?:\s(?:only|also|still|each|then)\s)?\s*{_HAVE}\s+(?:exactly |only |just |up to |"
    rf"not )?(?:{_N}\s+)?{_FILL}$",
    re.IGNORECASE,
)
_ALONE = re.compile(
    rf"{_KIND}\s+{_HAVE}\s+(?:exactly |only |just )?(?P<n>\d{{1,2}}|{'|'.join(SPELLED)})"
    r"(?:\s+(?:of (?:these|those|them)(?: gpus| cards)?|gpus|cards|accelerators))?(?=\s*(?:[.,;:)]|$|"
    r"and so\b|with\b|together\b))",
    re.IGNORECASE,
)
#: Before a type, that something is in it; and behind that, what.
_IN = re.compile(
    r"(?:^|\W)(?:in|inside|inside of|behind|with|on|under the hood of|rent|take|book|choose|launch|start|"
    r"spin up|order)\s+(?:an?\s+|the\s+|each\s+|every\s+|"
    r"(?:its|their)\s+|(?:aws|google|azure|amazon)(?:[\u2019']s)?\s+)*$",
    re.IGNORECASE,
)
_THERE = re.compile(
    rf"{_KIND},?\s+(?:there (?:is|are)|stands?|sits?|works?|hides?|(?:and )?you (?:get|find|rent|have)|"
    rf"(?:aws|azure|google|amazon|gcp|the provider) (?:offers?|puts?|provides?|gives you|installs|uses))\s+"
    rf"(?:exactly |only |just )?(?:{_N}\s+)?{_FILL}$",
    re.IGNORECASE,
)
#: Between a GPU and the type that it is in, and the number before it.
_OF = re.compile(
    r"s?(?:\s+(?:gpus?|cards?|accelerators?))?(?:,?\s+(?:that|which))?\s+(?:(?:go|goes|is|are|sits?|found|work|works)\s+)?"
    r"(?:into|in|inside|inside of|of|behind|powers?|drives?|under the hood of|within)\s+(?:an?\s+|the\s+|"
    r"each\s+|every\s+|"
    r"(?:aws|google|azure|amazon)(?:[\u2019']s)?\s+|one\s+|single\s+)*$",
    re.IGNORECASE,
)
_SO_MANY = re.compile(rf"\b{_N}\s+(?:nvidia\s+|tesla\s+)?$", re.IGNORECASE)
_THE = re.compile(r"\b(?:the|these|those)\s+$", re.IGNORECASE)
_SIZE = re.compile(r"\b(?P<size>\d{2,3})[ -]?GB\b", re.IGNORECASE)
#: How much memory each has, right behind a GPU or after the type that it is in.
_WITH_SIZE = re.compile(
    r"(?:s|\s+(?:gpus?|cards?|accelerators?))*,?\s+(?:(?:with|of|at|having)\s+|\(?)(?P<size>\d{2,3})[ -]?GB\b"
    r"(?=\)|\s+(?:each|apiece|per gpu|variants?|versions?)\b)",
    re.IGNORECASE,
)
_HAVE_SIZE = re.compile(
    r"(?:\.\w+)?\s+(?:all\s+|each\s+)?(?:have|has|come with|carry|are of|are the|offer)\s+(?:the\s+|of\s+)?"
    r"(?P<size>\d{2,3})[ -]?GB\b(?=\s+(?:each|apiece|per gpu|of (?:memory|hbm\w*|vram)|variants?|"
    r"versions?|ones?)|[.,;])",
    re.IGNORECASE,
)
#: What makes it no statement of what the type has.
_ELSE = re.compile(
    r"\b(?:not|no|never|without|instead|rather|than|unlike|versus|vs|compared|before|used to|formerly|until|"
    r"successor|replac\w+|equivalent|comparable|similar|half of|or|either|soon|next)\b|n[\u2019']t\b|\?",
    re.IGNORECASE,
)
_TURN = re.compile(r"[;:]\s|,\s+(?:and|while|whereas|but|where)\s|\s(?:while|whereas|but)\s")
_SOLD = re.compile(r"\b(?:AWS|Amazon|EC2)\b|\b[gp]\d\w{0,3}\.\d{0,2}xlarge\b|\b[gp]\d\w{0,3}\.metal\b")
_NEAR = 90


@lru_cache(maxsize=16)
def _is_sold(text: str) -> bool:
    """Whether a text speaks of Amazon's cloud."""
    return _SOLD.search(text) is not None


def find(context: Context) -> Iterator[Finding]:
    """Every GPU, number and memory that a sentence says of an instance type, with its verdict."""
    for index, passage in context.document.running():
        for match in _TYPE.finditer(passage.text) if _TYPE.search(passage.text) else ():
            kinds = _kinds(match, sold=_is_sold(context.document.original))
            clause = _clause(passage.text, match.start())
            if kinds and not _ELSE.search(clause) and is_indicative(clause):
                named = [
                    each for each in context.mentions.get(index, ())
                    if not (each.start < match.end() and match.start() < each.end)
                ]  # fmt: skip
                yield from _of_type(passage, match, kinds, named, context)


def _kinds(match: re.Match[str], *, sold: bool) -> list[tuple[str, float]]:
    """The GPUs that a type, or those of a series, may have, and how many; no number of a series."""
    if match["type"]:
        kind = of_type("_".join(match["type"].split()))
        return [kind] if kind else []
    return [(key, 0.0) for key in sorted(of_series(match["series"], "."))] if sold else []


#: What else is counted of a type.
_OF_HOST = re.compile(r"\b(?:v?cpus?|vcores?|cores|threads|gib|gb|memory|ram)\b", re.IGNORECASE)


def _sentence(text: str, at: int) -> str:
    return next(each.text for each in sentences(text) if each.start <= at < each.end)


def _clause(text: str, at: int) -> str:
    """The part of its sentence that a place of a text is in."""
    sentence = next(each for each in sentences(text) if each.start <= at < each.end)
    turns = [each.end() for each in _TURN.finditer(text, sentence.start, at)]
    ends = _TURN.search(text, at, sentence.end)
    return text[turns[-1] if turns else sentence.start : ends.start() if ends else sentence.end]


def _of_type(
    passage: Passage, match: re.Match[str], kinds: Sequence[tuple[str, float]], named: Sequence[Mention],
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    known = [kind for kind in kinds if kind[0] in context.catalogue and (match["series"] or kind[1] >= 1)]
    if len(known) != len(kinds):
        return
    text, start, end = passage.text, match.start(), match.end()
    inside = _IN.search(text[max(0, start - _NEAR) : start])
    for one in named:
        if end <= one.start < end + _NEAR:
            told = _AFTER.fullmatch(text, end, one.start)
            told = told or (_THERE.fullmatch(text, end, one.start) if inside else None)
            number = told.span("n") if told and told["n"] else None
            if told:
                yield from _has(
                    passage, one, kinds, number=number, size=_WITH_SIZE.match(text, one.end), context=context
                )
        elif start - _NEAR < one.end <= start and _OF.fullmatch(text, one.end, start):
            told = _SO_MANY.search(text, max(0, one.start - _NEAR), one.start)
            all_of_it = told and not _THE.search(text, max(0, one.start - _NEAR), one.start)
            number = told.span("n") if told and all_of_it else None
            size = _HAVE_SIZE.match(text, end) or _WITH_SIZE.match(text, one.end)
            yield from _has(passage, one, kinds, number=number, size=size, context=context)
    alone = _ALONE.match(text, end)
    if alone and len(known) == 1 and known[0][1] and not _OF_HOST.search(_sentence(text, start)):
        yield of_number(passage, alone.span("n"), read_number(alone["n"]), known[0], context)


def _has(
    passage: Passage, one: Mention, kinds: Sequence[tuple[str, float]], *, number: tuple[int, int] | None,
    size: re.Match[str] | None, context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """The verdict on a GPU that a type is said to have, on the number of it, and on its memory."""
    alike = {LETTER.sub("", key) for key in one.named} & {LETTER.sub("", key) for key, _ in kinds}
    near = [kind for kind in kinds if kind[0] in (*one.named, *family(one.named, context.catalogue))]
    if near:
        told = passage.text[slice(*number)].lower() if number else ""
        if number and near[0][1] and not (told in ("a", "an") and near[0][1] != 1):
            yield of_number(passage, number, 1.0 if "single" in told else read_number(told), near[0], context)
        yield from _sized(passage, one, near, size, context)
    elif not alike:
        right = context.catalogue[kinds[0][0]]
        because = f"it has {right.id}"
        yield made(
            context, passage, (one.start, one.end), "identity", "contradicted", subject=right.id,
            attribute="instance", because=because, expected=right.name, evidence=(Evidence(because),),
        )  # fmt: skip


def _sized(
    passage: Passage, one: Mention, near: Sequence[tuple[str, float]], size: re.Match[str] | None,
    context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """How much memory each GPU of an instance type is said to have."""
    told = _SIZE.search(passage.text, one.start, one.end) or size
    gpus = [context.catalogue[key] for key, _ in near]
    sizes = {nominal_gb(float(gpu.value("memory") or 0.0)) for gpu in gpus}
    if told is None or None in sizes:
        return
    wrong = float(told["size"]) not in sizes
    because = f"it has {gpus[0].id}, of {gpus[0].display('memory')}"
    yield made(
        context, passage, told.span("size"), "identity", "contradicted" if wrong else "confirmed",
        subject=gpus[0].id, attribute="instance", because=because,
        expected=f"{nominal_gb(float(gpus[0].value('memory') or 0.0)):g}" if wrong else "",
        evidence=(Evidence(because),),
    )  # fmt: skip

"""Clauses that leave out what was said before, told in full: "and so does the A10", "the L4 lacks it".

What a clause leaves out is put in its place: the feature that "it" or "such an option" is, what the clause
before said of another device, the subject of a fragment. The plain sentence is then read as any other, and
what is wrong in it stands in the file where the clause does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import is_otherwise
from whichgpu.audit.devices.mentions import Mention
from whichgpu.audit.predicated.becoming import becoming
from whichgpu.audit.predicated.clauses import TWO, clauses, devices_in, names_another, rival
from whichgpu.audit.predicated.words import feature
from whichgpu.audit.singly.written import Statement, is_name
from whichgpu.audit.values.capabilities import CAPABILITIES
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whichgpu.audit.document import Document
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.predicated.clauses import Clause

#: A document with more of them is no article.
_MOST = 120


class Restated(NamedTuple):
    """A clause told in full, and the clause of the file that it is."""

    statement: Statement
    clause: Clause


def restated(context: Context) -> list[Restated]:
    """The clauses of a document that leave out something, told in full."""
    found: list[Restated] = []
    for one in clauses(context):
        told = next(filter(None, (way(one, context) for way in _WAYS)), None)
        if told and len(found) < _MOST:
            found.append(_written(one, *told, context))
    return found


#: Behind "so" or "as", that another one does or has the same.
_SO = re.compile(
    r"[\s*_,]*(?:(?:and|but|just|exactly)\s+)*(?P<so>so|as|neither|nor)\s+(?:do|does|did|is|are|has|"
    r"have|can|was)\s+"
    r"(?:(?:the ones?|those|that)\s+(?:of|in|on)\s+)?",
    re.IGNORECASE,
)
#: What denies.
_NOT = re.compile(
    r"\b(?:no|not|never|neither|nor|lacks?|without|cannot|missing|dropped|only|instead)\b|n[\u2019']t\b",
    re.IGNORECASE,
)


#: A verb that takes up that of the clause before: "and the younger one does, too".
_AUX = re.compile(
    r"\s*(?:(?:does|do|is|has|can|did)(?:,? (?:too|as well|so|likewise))?|too|as well|likewise)[\s.;]*",
    re.IGNORECASE,
)


def _likewise(one: Clause, context: Context) -> tuple[Mention, str] | None:
    """What the clause before says, of another device: "and so does its rival"."""
    text, before = one.passage.text, one.before
    if before is None or before.who is None or len(before.rest.split()) < TWO:
        return None
    if one.named and one.who and _AUX.fullmatch(text, one.body, one.end) and not _NOT.search(before.text):
        return one.who, before.rest
    so = _SO.match(text, one.start, one.end)
    if so is None or (so["so"].lower() in ("so", "as")) is bool(_NOT.search(before.text)):
        return None
    own = [each for each in context.mentions.get(one.number, ()) if so.end() <= each.start < one.end]
    who = own[0] if own else None
    rest = text[so.end() : one.end].strip(" .,*").lower()
    if who is None and re.fullmatch(
        r"(?:its|the) (?:rival|other(?: (?:one|card))?|competitor|opponent)", rest
    ):
        who = rival(before, context)
    if who is None or (own and len(text[who.end : one.end].split()) > 1):
        return None
    return who, before.rest


#: Words for the feature that was spoken of, as the object of a verb.
_IT = re.compile(
    r"\b(?P<verb>supports?|has|offers?|handles?|keeps?|kept|retains?|lacks?|uses?|can use|accepts?|knows|"
    r"does|comes with|brings?|gets?|provides?|includes?|misses|dropped|"
    r"do(?:es)?(?:n[\u2019']t| not) (?:have|support|offer|handle|accept|know))\s+"
    r"(?P<it>it|this|that(?!\s\w+s\b)|them|(?P<no>no|any)\s+such\s+\w+|such\s+(?:an?\s+)?\w+|"
    r"the\s(?:same\s)?(?:feature|format|option|connector|bridge|link)|the same|one)\b",
    re.IGNORECASE,
)
#: A feature that is said to be, or not to be, on the device behind it.
_ON = re.compile(
    r"[\s*_,]*(?:(?:and|but|so|though)\s+)*(?:it|this|that)(?:\s(?:is|was)|[\u2019']s)\s+"
    r"(?P<what>(?:also |still |even )?(?:missing|absent|available|present|supported|lacking|found|offered|"
    r"not (?:available|supported|"
    r"present|found))\s(?:on|from|in|by|with)\b)",
    re.IGNORECASE,
)


def _of_feature(one: Clause, context: Context) -> tuple[Mention | None, str] | None:
    """What a clause says of its device and the feature that the clause or the sentence before names."""
    text, before = one.passage.text, one.before
    if before is None or feature(one.text):
        return None
    what = feature(before.text) or feature(_sentence_before(one))
    if not what:
        return None
    on = _ON.match(text, one.start, one.end)
    if on:
        return None, f"{what} is {on['what']}{text[on.end() : one.end].rstrip(' .')}"
    it = _IT.search(text, one.body, one.end)
    if is_otherwise(text, (one.start, one.end), CAPABILITIES[0]) or _NARROWED.search(one.sentence.text):
        return None
    if one.who is None or it is None or not _ENDS.fullmatch(text, it.end(), one.end):
        return None
    return one.who, f"{text[one.body : it.start('it')].strip()} {'no ' if it['no'] else ''}{what}"


#: What may stand behind it: nothing that makes it another feature, or one of less.
_ENDS = re.compile(
    r"\s*(?:too|as well|either|natively|in hardware|also|on its (?:memory|vram|gddr\dx?|hbm\de?))?"
    r"[\s.*;]*(?:\band (?:also |even |then )?\w+(?:s|ed)\b.*)?",
    re.IGNORECASE,
)


#: What makes a feature one of less than all that a device does.
_NARROWED = re.compile(
    r"\b(?:only|unless|emulat\w+|software|except|partly|partial\w*|officially)\b", re.IGNORECASE
)


def _sentence_before(one: Clause) -> str:
    """The sentence before that of a clause, in its paragraph; empty where there is none."""
    return one.passage.text[: one.sentence.start].rstrip().rpartition(". ")[2] if one.before else ""


#: A fragment that says what its subject is, or when it came.
_IS = re.compile(
    r"\s*(?:itself\s+)?(?:an?|the)\s+(?:[\w-]+[\s-]){0,4}?"
    r"(?:card|board|gpu|module|accelerator|design|part)\b",
    re.IGNORECASE,
)
_CAME = re.compile(
    r"\b(?:came|arrived|launched|released|appeared|debuted|introduced|announced|followed)\b", re.I
)
_WHEN = re.compile(
    r"\s*in\s+(?:(?:early|mid|late|the)[\s-])?(?:(?:spring|summer|autumn|fall|winter)(?: of)?\s|january\s|"
    r"february\s|march\s|april\s|may\s|june\s|july\s|august\s|september\s|october\s|november\s|"
    r"december\s)?20\d\d\s*$",
    re.IGNORECASE,
)


def _fragment(one: Clause, context: Context) -> tuple[Mention, str] | None:
    """A clause without a verb, of the subject of the clause before it."""
    before = one.before
    if before and before.who and names_another(before, context):
        # "The successor of the RTX 2060, a Turing card": of whom it ends with.
        return None
    if one.who is None or one.named or before is None or one.body != one.start:
        return None
    if before.sentence.start != one.sentence.start or before.who is not one.who:
        return None
    if _WHEN.match(one.text) and _CAME.search(before.text) and not re.search(r"\d{4}", before.text):
        return one.who, f"was released {one.text.strip()}"
    return (one.who, f"is {one.text.strip()}") if _IS.match(one.text) else None


_WAYS: tuple[Callable[[Clause, Context], tuple[Mention | None, str] | None], ...] = (
    _likewise, _of_feature, _fragment, becoming,
)  # fmt: skip


def _written(one: Clause, who: Mention | None, rest: str, context: Context) -> Restated:
    """A statement whose characters stand one by one on those of a clause, as far as these reach."""
    names: tuple[Mention, ...] = ()
    text = f"{rest.strip(' .,;')}."
    if who is not None:
        shown = who.text if is_name(who, context) else context.catalogue[who.ids[0]].name
        text = f"The {shown} {text}" if not text.startswith(("'s", "\u2019s")) else f"The {shown}{text}"
        names = (Mention(4, 4 + len(shown), shown, who.ids, who.named),)
    else:
        names = tuple(each._replace(start=at, end=at + len(each.text))
                      for each in devices_in(one, context) if (at := text.find(each.text)) >= 0)  # fmt: skip
    last = one.passage.place(one.end - 1)
    runs = tuple((at, min(one.passage.place(one.start) + at, last)) for at in range(len(text)))
    passage = one.passage._replace(kind="paragraph", text=text, runs=runs, end=last + 1, section=())
    return Restated(Statement(passage, names, firm=True), one)


def at_clauses(found: Sequence[Finding], said: Sequence[Restated], document: Document) -> Iterator[Finding]:
    """What is wrong of such statements, each on the whole of its clause."""
    for each in found:
        one = next(
            one.clause for one in said
            if one.statement.start <= each.start <= one.statement.end
        )  # fmt: skip
        text = one.text
        start, end = one.passage.span(
            one.start + len(text) - len(text.lstrip()), one.start + len(text.rstrip(" .;,"))
        )
        yield each._replace(
            start=start, end=end, quote=document.original[start:end], stated=document.original[start:end]
        )

"""Questions with their answers, and yes or no read as the statement that it stands for.

"Can the T4 run Llama 3.1 70B? Yes" says that the T4 can run it: the statement is read as any other, and what
is found of it stands at the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.words import NAMES
from whichgpu.audit.document import HEADED, RUNNING, Passage
from whichgpu.audit.text.sentences import sentences
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Document
    from whichgpu.audit.findings import Finding

#: Kinds of claims that a statement may be.
KINDS = ("fits", "capability", "category")
_ASKS = re.compile(
    r"(?:^\s*|(?<=[.:?\n])\s*)(?:FAQs?\s+)?(?:Q\d{0,2}[.:)]\s*|\d{1,2}[.)]\s*)?(?P<asked>(?:[^.?!:;]|"
    r"\.(?=\d)){8,140}\?)"
)
#: Before an answer: its letter.
_A = re.compile(r"\s*(?:A\d{0,2}[.:)]\s*|Answer:\s*)?", re.IGNORECASE)
YES_NO = re.compile(
    r"(?:(?P<yes>(?:(?:ideally|generally|in general|usually|mostly|basically|in principle),?\s+)?yes|"
    r"absolutely|"
    r"of course|it does|they do|indeed|certainly|definitely|slightly|a little|somewhat|sure)|no|"
    r"it does not|nope|neither|not)\b"
    r"(?!\s+(?:not\b|really|quite|always|necessarily|exactly|need|if|but|and no))",
    re.IGNORECASE,
)
#: What an answer goes on with that takes some of it back.
_BUT = re.compile(
    r"\b(?:but(?! the [\w -]{2,24}? (?:cannot|can not|can[\u2019']t|does(?: not|n[\u2019']t)))|"
    r"(?:only )?(?:if|when)|unless|though|although|provided|as long as|only (?:with|in|at)|"
    r"(?:with|in|at|after|using|thanks to)\s+(?:\S+\s+){0,3}?"
    r"(?:\w*quant\w*|\w*-bit|int\d|offload\w*|q?lora|fp\d+|nvlink|two))\b",
    re.IGNORECASE,
)
_AUX = re.compile(r"\s*(?P<aux>can|could|will|does|do|is|are|should)\s+", re.IGNORECASE)
_WORKS = re.compile(
    rf"\s*(?:is|are|does|do|can|will)\s+(?P<what>{NAMES})(?: support)?\s+(?:natively\s+)?"
    r"(?:work|run|be used|supported|available|possible)\s+(?:natively\s+)?(?:on|in|with|by|for)\s+"
    r"(?P<where>(?:the |an? )?[^?.,;]{2,40})\?\s*",
    re.IGNORECASE,
)
#: "Can MIG divide an L4 among our applications?": what is done with a device, by what it would have.
_BY_IT = re.compile(
    rf"\s*(?:can|could|does|do|will)\s+(?P<what>{NAMES})\s+(?:also\s+)?(?:divide|split|partition|slice|"
    rf"carve(?: up)?|cut|join|"
    r"link|connect|bridge|couple|share)\s+(?:up\s+)?(?P<where>(?:the |an? |one |two |our |"
    r"several )?[^?.,;]{2,32}?)"
    r"(?:\s+(?:among|amongst|between|into|for|across|over|to|in|at|with)\s[^?]*)?\?\s*",
    re.IGNORECASE,
)
_WHO = re.compile(r"(?:I|you|we|it|they|one|this|that|an?\s+\d+B(?:\s+model)?)\b", re.IGNORECASE)
_NOT = {"can": "cannot", "will": "will not"}


class Asked(NamedTuple):
    """A question: its passage and place in it, and the passage that holds the answer, with its stretch."""

    at: int
    start: int
    end: int
    answer: int
    begins: int
    ends: int


class Stated(NamedTuple):
    """A document of statements, and each of them with the place in the file of the answer that makes it."""

    document: Document
    answers: Sequence[tuple[Passage, tuple[int, int]]]


def asked(passages: Sequence[Passage]) -> Iterator[Asked]:
    """Every question of a document that is answered right behind it, in the same passage or the next."""
    for index, passage in enumerate(passages):
        if passage.kind not in HEADED or "?" not in passage.text:
            continue
        for match in _ASKS.finditer(passage.text):
            at, start = index, match.end()
            if not passage.text[start:].strip() and index + 1 < len(passages):
                at, start = index + 1, 0
            if passages[at].kind in RUNNING:
                text = passages[at].text
                start = _A.match(text, start).end()  # type: ignore[union-attr]
                end = next((each.end for each in sentences(text) if each.end > start), len(text))
                yield Asked(index, match.start("asked"), match.end("asked"), at, start, end)


def stated(document: Document, mentions: Mapping[int, Sequence[Mention]]) -> Stated | None:
    """A document with its questions of yes or no as what their answers say; None where it has none."""
    passages, answers, original = list(document.passages), [], document.original
    told_at: set[int] = set()
    asks, titled = ("", ""), _titled(document, mentions)
    for one in asked(document.passages):
        passage, answer = document.passages[one.at], document.passages[one.answer]
        said = YES_NO.match(answer.text, one.begins)
        if _BUT.search(answer.text, one.begins, one.ends):
            continue
        named, question = mentions.get(one.at, ()), passage.text[one.start : one.end]
        asks = _whole(question, one, named, asks)
        question = asks[0]
        if said is None:
            words, here = answer.text[one.begins : one.ends], mentions.get(one.answer, ())
            text = _which(question, words, one.begins, here) or _who(
                question, words, one.begins, here, titled
            )
        else:
            text = _statement(question, one.start, named, yes=bool(said["yes"]))
        if text:
            start, end = passage.span(one.start, one.end)
            told = Passage("paragraph", text, ((0, start),), end, 0, passage.section)
            if one.at in told_at:
                # A further question of the same passage.
                passages.append(told)
            else:
                passages[one.at] = told
            told_at.add(one.at)
            answers.append((told, answer.span(one.begins, one.ends)))
            # What ends with its mark is only asked.
            original = f"{original[: end - 1]}.{original[end:]}"
    changed = document._replace(passages=tuple(passages), tables=(), original=original)
    return Stated(changed, tuple(answers)) if answers else None


#: "Which one supports MIG?", and its answer by a name alone.
_WHICH = re.compile(
    r"\s*which\s+(?:of\s+(?:them|these|those|the\s+\w+(?:\s+\w+)?)|(?:one|card|gpu|"
    r"model)(?:\s+of\s+\S+(?:\s+two)?)?)\s+"
    r"(?P<does>(?:supports?|has|have|comes with|offers|can|does|runs|is|works)\b[^?]{2,60})\?",
    re.IGNORECASE,
)
#: What is asked of all that a text compares, and what it asks of them.
_ASKED_OF_ALL = re.compile(
    r"\s*(?:do|can|which(?: ones?)?)\s+(?:(?:any|all|both|either|one|some|each)\s+)?(?:of\s+)?"
    r"(?:(?:these|those|the|our|them)\s+)?(?:(?:two|three|four|five)\s+)?"
    r"(?:(?:cards|gpus|models|accelerators|chips|boards|devices|contenders|of them)\s+)?"
    r"(?P<does>(?P<verb>have|has|support|supports|encode|encodes|offer|offers|need|needs|use|"
    r"uses)\s[^?]{2,60})\?",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"\s*(?:all(?:\s(?:two|three|four|five))?|both|each|every one)(?:\sof\s(?:them|these|those))?"
    r"(?:\s(?:do|does|have|can|has))?\s*(?:[.!,;]|$)",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s*(?:,|,?\s*(?:and|as well as))\s*(?:the\s+)?", re.IGNORECASE)
_THEY_DO = re.compile(r"\s*(?:does|do|has|have|can)?(?:\s(?:it|so))?\s*(?:[.!,;]|$)", re.IGNORECASE)
_ONE_DOES = {"have": "has"}


def _titled(document: Document, mentions: Mapping[int, Sequence[Mention]]) -> list[str]:
    """The names of the devices that the title of a document sets beside each other."""
    for index, passage in enumerate(document.passages[:_OPENING]):
        if passage.text == document.title and len(mentions.get(index, ())) > 1:
            return [each.text for each in mentions[index]]
    return []


_OPENING = 4


def _who(question: str, answer: str, at: int, named: Sequence[Mention], titled: Sequence[str]) -> str:
    """A question of all devices with those that answer it as a statement: "All of them do", "The L4 does"."""
    asks = _ASKED_OF_ALL.fullmatch(question)
    if asks is None:
        return ""
    names = [*titled] if _ALL.match(answer) else _answering(answer, at, named)
    if not names:
        return ""
    verb = asks["verb"].lower()
    one = verb if verb.endswith("s") else _ONE_DOES.get(verb, f"{verb}s")
    does = asks["does"][len(asks["verb"]) :]
    *rest, last = (f"the {name}" for name in names)
    subject = f"{', '.join(rest)} and {last}" if rest else last
    return f"{subject[:1].upper()}{subject[1:]} {verb if rest else one}{does}."


def _answering(answer: str, at: int, named: Sequence[Mention]) -> list[str]:
    """The names with which an answer begins, and which are the whole of what it first says."""
    found: list[str] = []
    end = 0
    for each in (one for one in named if at <= one.start < at + len(answer)):
        before = answer[end : each.start - at]
        if not (_BETWEEN.fullmatch(before) if found else _ONE.fullmatch(before)):
            break
        found.append(answer[each.start - at : each.end - at])
        end = each.end - at
    return found if found and _THEY_DO.match(answer, end) else []


_ONE = re.compile(r"\s*(?:only\s+|just\s+)?(?:the\s+|nvidia\s+|nvidia[\u2019']s\s+)*$", re.IGNORECASE)
_ALONE = re.compile(r"\s*(?:does|do|is|has|can)?\s*[.!,;]?\s*$", re.IGNORECASE)


def _which(question: str, answer: str, at: int, named: Sequence[Mention]) -> str:
    """A question of which device with the name that answers it as a statement; empty where it is not one."""
    asks = _WHICH.fullmatch(question)
    one = next((each for each in named if each.start >= at), None)
    if asks is None or one is None:
        return ""
    first, last = one.start - at, one.end - at
    if not _ONE.fullmatch(answer[:first]) or not _ALONE.fullmatch(answer[last:]):
        return ""
    return f"The {answer[first:last]} {asks['does']}."


def _statement(question: str, at: int, named: Sequence[Mention], *, yes: bool) -> str:
    """A question as the statement that yes or no make of it; empty where its subject is not plain."""
    aux = _AUX.match(question)
    if aux is None:
        return ""
    if works := _WORKS.fullmatch(question) or _BY_IT.fullmatch(question):
        # "Does MIG work on the L4": of what the name stands behind.
        return f"{works['what']} is {'' if yes else 'not '}supported on {works['where']}."
    who = _WHO.match(question, aux.end())
    end = who.end() if who else next((each.end - at for each in named if each.end > at + aux.end()), 0)
    verb = aux["aux"].lower()
    if not end and yes and verb in ("do", "does"):
        # "Does my archive have to fit in VRAM? Yes": whoever does it, what is left says it.
        return f"{question[aux.end() :][:1].upper()}{question[aux.end() + 1 : -1]}."
    if not end or end - aux.end() > _LONGEST:
        return ""
    verb = verb if yes else _NOT.get(verb, f"{verb} not")
    verb = "" if verb in ("do", "does") else f" {verb}"
    return f"{question[aux.end() : end]}{verb}{question[end:-1]}."


_LONGEST = 40


def _whole(question: str, one: Asked, named: Sequence[Mention], last: tuple[str, str]) -> tuple[str, str]:
    """A question with what it leaves out of the one before, and that: "Has the 3090 it? Has the 4080?"."""
    here = [each for each in named if one.start <= each.start < one.end]
    if len(here) != 1:
        return question, ""
    rest = question[here[0].end - one.start :]
    if rest.strip(" ?"):
        return question, rest
    if not _ALONE_ASKED.fullmatch(question[: here[0].start - one.start]):
        # "Can I run it on the 4090?" leaves nothing out.
        return question, ""
    return (f"{question[:-1]}{last[1]}", last[1]) if last[1] else (question, "")


#: Before the device that a question ends with, where it asks nothing itself: "And does the 4080?".
_ALONE_ASKED = re.compile(
    r"\s*(?:and|or|but|what about|how about)?,?\s*(?:can|could|will|does|do|has|have|is|are)?\s*"
    r"(?:the|an?|nvidia[\u2019']s|nvidia|amd)?\s*",
    re.IGNORECASE,
)


def at_answers(found: Iterable[Finding], told: Stated, original: str) -> Iterator[Finding]:
    """What is found of statements, at the answers that make them."""
    for each in found:
        for passage, (start, end) in told.answers:
            if passage.start <= each.start < passage.start + len(passage.text):
                yield each._replace(
                    start=start, end=end, quote=original[start:end], stated=original[start:end]
                )

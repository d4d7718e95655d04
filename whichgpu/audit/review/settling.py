"""Accusations whose subject is not certain are none: of whom a sentence speaks that names no device."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import withheld
from whichgpu.audit.text.denials import denied
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.grounds import explained, unspoken
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

#: What is said of the devices of its subject.
_OF_DEVICES = ("specification", "identity", "capability")
#: So many accusations below one heading are of another device sooner than of a careless writer.
_MANY = 4
#: What rows of a table without marks have not, and two values that stand side by side in them.
_PROSE_WORDS = re.compile(
    r"[a-z][,;]\s|\b(?:is|are|was|has|have|with|uses?|offers?|than|which|that|the|an?)\b"
)
_SIDE_BY_SIDE = re.compile(
    r"\b(?:GDDR\d\w?|HBM\d?\w?)(?:\s\([^()]{1,20}\))?\s+(?:\d{1,3}\s?GB\s+)?(?:GDDR|HBM)\d|"
    r"\d\s?(?P<unit>[GTM]i?B(?:/s)?|W|TFLOPS|TOPS|nm|bit|MHz|GHz)\s+~?[\d.,]+\s?(?P=unit)\b|"
    r"\s\d{2,6}\s\d{2,6}\s\d{2,6}\s"
)
#: A sentence that begins with a name of its own: "Thor is built on Blackwell".
#: Whose cores or cards a sentence is about: "The tensor cores of Ampere know".
_OF_FAMILY = re.compile(
    r"\s*(?:The\s+|All\s+|In\s+|On\s+)?(?:[\w-]+\s+){0,3}?(?:cores?|units?|cards?|gpus?|chips?|"
    r"multiprocessors|SMs)\s+(?:of|from|with)\s+"
    r"(?:the\s+)?(?P<name>Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada|Hopper|Blackwell|[CR]DNA ?\d)\b|"
    r"\s*(?P<itself>Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada(?: Lovelace)?|Hopper|Blackwell)"
    r"(?:,? (?:and|or) (?:Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada(?: Lovelace)?|Hopper|Blackwell))?"
    r"(?:\s+(?:architecture|generation|family))?(?:,\s[^,.;]{3,24},)?\s+(?:launched|came|followed|arrived|"
    r"appeared|"
    r"debuted|has|had|have|is|was|supports?|offers?|lacks?|does|did|can|cannot|introduc\w+|brings?|brought|"
    r"adds?|"
    r"added|uses?)\b",
    re.IGNORECASE,
)
_OWN_SUBJECT = re.compile(
    r"\s*(?:[*_]{1,2})?(?:(?:Additionally|Moreover|Furthermore|Meanwhile|Notably|In addition|Also|However|"
    r"Unfortunately|Fortunately|Of course|(?:By|In) contrast|Conversely|Still|Then again|"
    r"On the other hand),\s+)?"
    r"(?:(?:NVIDIA|AMD|Intel)[\u2019']s\s+(?=[A-Z][a-z]+[A-Z]))?"
    r"(?!(?:It|This|That|These|Those|They|Both|Each|Which|There|Here|What|All|Its|One|"
    r"Nvidia|NVIDIA|AMD|"
    r"Intel|Memory|Bandwidth|Power|Performance|Price|Pricing|TDP|VRAM|NVLink|MIG|ECC|PCIe|Capacity|"
    r"Everything|Nothing|"
    r"Hardware|Architecture|Compute|Training|Inference|Availability|Support)\b)"
    r"(?P<name>[A-Z][a-z]+[A-Z][A-Za-z]+(?:\s+for\s+[A-Z]\w+)?,?\s+[a-z]+|"
    r"[A-Z][a-z]{2,}(?:\s+(?:is|was|has|had|uses?|ships?|offers?|comes?|delivers?|supports?|"
    r"features?|packs?|gets|"
    r"brings?|introduc\w+|includes?|runs?|provides?|adds?)\b)|"
    r"(?:The\s+)?(?:[A-Z]\w+\s+){1,2}[A-Z][a-z]{2,}[\u2019']s\s+\S*\d)"
)
#: Behind a value, another form that it is of: "AD103 for the card, AD104 for the notebook".
_FOR_OTHER = re.compile(
    r"\s+(?:for|in|on|with)\s+(?:the|an?)\s+(?:card|desktops?|notebooks?|laptops?|mobile|server|"
    r"module|big one|"
    r"small one|other(?: one)?|(?:newer|older|cheaper|pricier|bigger|larger|smaller|faster|slower)"
    r"(?: one| card| chip| part)?(?=\s*[.,;:)]|$|\s(?:and|but|while)\b)|[\w' -]{0,24}\bedition|"
    r"partner cards?|partners?)\b",
    re.IGNORECASE,
)
_FEW, _LATER = 32, 100
OF_SEVERAL = "the sentence names no device, and the text before it several"
#: What a device has once; a rate is told with sparsity too.
_ONCE = frozenset({"power", "memory", "bandwidth", "cores", "tensor_cores", "clock_boost", "memory_bus"})
#: Notebooks that are documents are no machines: "popular for notebooks", "a Jupyter notebook".
_LAPTOP = re.compile(
    r"\b(?:laptops?|mobile|(?<!for )(?<!jupyter )(?<!interactive )(?<!colab )(?<!run )notebooks?)\b",
    re.IGNORECASE,
)
#: "An A6000, an L40S and, for the fun of it, a gaming laptop": a machine of its own.
_A_LAPTOP = re.compile(
    r"\b(?:an?|my|our|his|her|some)\s+(?:[a-z]+\s+){0,2}(?:laptops?|notebooks?)\b(?![\u2019']s|\s(?:gpu|"
    r"chip|version|"
    r"variant|card|with|that|which))",
    re.IGNORECASE,
)
_DESKTOP = re.compile(r"\bdesktops?\b", re.IGNORECASE)


def settled(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings as they are, or unverifiable where they accuse and what they speak of is not certain."""
    # What is said of a group was read for each device of it.
    grouped: set[tuple[int, int]] = context.memo.get("grouped", set())
    placed = [
        _sentence(each, context)
        if each.kind in _OF_DEVICES and (each.start, each.end) not in grouped
        else None
        for each in found
    ]
    held: Counter[tuple[str, ...]] = Counter()
    accused: Counter[tuple[str, ...]] = Counter()
    # Several kinds of claims may find the same words.
    counted: set[tuple[int, int, str]] = set()
    for each, where in zip(found, placed, strict=True):
        words = (each.start, each.end, each.verdict)
        if where and words not in counted and not _named(each, where.who):
            counted.add(words)
            # Of one device: a text that is wrong on several is careless, not misread.
            below = (*where.section, each.subject)
            held[below] += each.verdict == "confirmed"
            accused[below] += each.accuses
    right = {
        (where.start, each.attribute, one): each
        for each, where in zip(found, placed, strict=True)
        if where and each.verdict == "confirmed" and each.attribute in _ONCE and each.kind == "specification"
        # What is right of one form ("300 W (PCIe)") leaves open what is said of the next.
        for one in (each.true_for if each.true_for in context.catalogue else each.subject).split(", ")
    }
    many = {below for below in accused if accused[below] >= _MANY and accused[below] > held[below]}
    done = [
        _settled(
            each,
            where,
            (*where.section, each.subject) in many and not where.beside,
            each.kind == "specification"
            and any(
                _is_apart(each, right.get((where.start, each.attribute, one)), context)
                for one in each.subject.split(", ")
            ),
        )
        if where and each.accuses and each.attribute != "name"
        else each
        for each, where in zip(found, placed, strict=True)
    ]
    return [
        withheld(each, why) if each.accuses and (why := _is_not_said(each, context)) else each
        for each in done
    ]


def _is_apart(found: Finding, right: Finding | None, context: Context) -> bool:
    """Whether a value is told beside the right one of its device, not in a row with it ("6 GB or 16 GB")."""
    if right is None or right.start == found.start:
        return False
    first, second = sorted((found, right), key=lambda each: each.start)
    return _IN_A_ROW.fullmatch(context.document.original, first.end, second.start) is None


_IN_A_ROW = re.compile(r"\s*(?:,|/|or|,? or even)\s*")


def _is_not_said(found: Finding, context: Context) -> str:
    """Why the text does not itself say what is found; empty where it does."""
    if found.kind == "identity" and _ON_IT.search(
        context.document.original, max(0, found.start - _LEAD), found.start
    ):
        return _ITSELF
    return _ASKED if _is_asked(found, context) else _DENIED if denied(found, context) else ""


#: "On GA102 it was 6 MB": a sentence about a chip itself, whatever card was spoken of before.
_ON_IT = re.compile(r"(?:[.!?>]\s+|\n)(?:On|In|With|For)\s+(?:the\s+)?$")
_LEAD, _ITSELF = 16, "the sentence speaks of what it names"


def _is_asked(found: Finding, context: Context) -> bool:
    """Whether what is found stands in a question: "Is the P40 newer than the RTX 3060?"."""
    text = context.document.original
    # In a list without full stops the next end of a sentence is that of the file.
    end = _SENTENCE_END.search(text, found.end, found.end + _FAR)
    if end is None or not end[0].startswith("?"):
        return False
    asks = list(_ASKS.finditer(text, max(0, found.start - _QUESTION), found.start))
    return bool(asks) and not _SENTENCE_END.search(text, asks[-1].end(), found.start)


#: Characters of a question before what is found in it, and behind it.
_QUESTION, _FAR = 160, 1000
_ASKED, _DENIED = "it is asked, not said", "it is told as what others say, and denied"
_SENTENCE_END = re.compile(r"[.!](?=\s|$)|\?|\n\s*\n")
_ASKS = re.compile(
    r"(?:(?<=[.!?:>*\n\u2022,] )|(?<=[>*\n])|\A)\s*(?:[-*#]+\s+)?(?:Q\d*[.:]\s*)?(?:is|are|does|do|can|"
    r"has|have|was|will|should|which|"
    r"what|how|why)\b",
    re.IGNORECASE,
)


def _settled(found: Finding, where: _Place, mostly_wrong: bool, told_right: bool) -> Finding:
    if found.subject[:1].isupper():
        # An architecture, which the sentence names itself.
        return found
    named = _named(found, where.who)
    why = "" if named or where.who.certain else OF_SEVERAL
    own = None if named or where.who.here else _OWN_SUBJECT.match(where.text)
    if told_right:
        why = why or "the sentence states what the device has, and this of something else"
    if where.open and not (named and found.attribute == "architecture"):
        why = why or "the sentence speaks of another card by a description"
    why = why or (f"the sentence speaks of {own['name'].split()[0]}" if own else "")
    family = None if named or where.who.here else _OF_FAMILY.match(where.text)
    why = why or (f"the sentence speaks of {family['name'] or family['itself']}" if family else "")
    if found.kind == "specification":
        why = why or unspoken(where.text, where.ahead, where.before, named=bool(named))
        why = why or explained(found, where.text, where.ahead, where.behind)
    if not named and mostly_wrong:
        why = (
            why or "the sentence names no device, and little below its heading is of the one that it may mean"
        )
    why = why or (
        "the words are rows of a table whose columns are not marked" if _is_rows(where.text) else ""
    )
    behind = _FOR_OTHER.match(where.behind)
    why = why or ("it is said of what is named behind it" if behind else "")
    if " against " not in found.subject:
        why = why or _of_another_form(set(found.subject.split(", ")), named, where.text)
    return found._replace(verdict="unverifiable", expected="", because=why, true_for="") if why else found


def _is_rows(text: str) -> bool:
    """Whether a text is no sentence but rows of values side by side: "Memory Type HBM2e HBM3"."""
    return not _PROSE_WORDS.search(text) and _SIDE_BY_SIDE.search(text) is not None


def _named(found: Finding, who: Spoken) -> list[Mention]:
    """The names in a sentence of what a finding is of."""
    subject = set(found.subject.split(", "))
    # Of a long sentence each finding asks every name.
    is_apart = subject.isdisjoint
    return [each for each in who.here if not (is_apart(each.named) and is_apart(each.ids))]


def _of_another_form(subject: set[str], named: Sequence[object], text: str) -> str:
    """Whether a sentence speaks of a laptop's GPU by a word of its own: "the notebook chip"."""
    if any("laptop" in key for key in subject):
        return "the sentence speaks of the desktop's too" if _DESKTOP.search(text) and not named else ""
    if _LAPTOP.search(_A_LAPTOP.sub(" ", text) if named else text) and not _DESKTOP.search(
        text.rsplit(",", 1)[-1]
    ):
        return "the sentence speaks of a laptop's GPU"
    return ""


class _Place(NamedTuple):
    """The sentence of a finding: who it speaks of, its words without their names, the headings above it."""

    who: Spoken
    text: str
    section: tuple[str, ...]
    #: Whether it goes on, by a pronoun, with what the sentence before it is about.
    beside: bool
    #: Whether it speaks of a device by a description that does not tell which before what is found.
    open: bool
    #: What stands behind what is found, up to the next name.
    behind: str
    #: What stands before it in the sentence, from the last name of its subject on.
    ahead: str
    #: The sentence before it in its passage; empty where there is none.
    before: str
    #: Where in the file the sentence begins.
    start: int


def _goes_on(passage: Passage, sentence: Sentence, who: Spoken) -> bool:
    """Whether a sentence says "it" of the device that its passage named in one of the two before."""
    named = who.topic[0] if who.topic and who.certain else None
    if named is None or not _PRONOUN.search(sentence.text):
        return False
    before = [each.start for each in sentences(passage.text) if each.start < sentence.start][-2:]
    here = passage.text[named.start : named.end] == named.text and bool(named.text)
    return here and bool(before) and before[0] <= named.start < sentence.start


def _is_led(index: int, found: Finding, context: Context) -> bool:
    """Whether an item's list is led by its device alone: "I ran P40s for a year. What to know:"."""
    passages = context.document.passages
    at = index
    while at >= 0 and passages[at].kind == "item":
        if at < index and context.mentions.get(at):
            # An item before it names a device of its own.
            return False
        at -= 1
    if at < 0 or at == index or not _LEADS.search(passages[at].text):
        return False
    named = {each.named for each in context.mentions.get(at, ())}
    return len(named) == 1 and set(found.subject.split(", ")) <= set(next(iter(named)))


_LEADS = re.compile(r":\s*$")
_PRONOUN = re.compile(r"\b(?:it|its)\b", re.IGNORECASE)


def _sentence(found: Finding, context: Context) -> _Place | None:
    """The sentence of a finding; None outside of prose."""
    if "starts" not in context.memo:
        context.memo["starts"] = sorted(
            (each.start, i) for i, each in enumerate(context.document.passages) if each.kind in RUNNING
        )
    known: list[tuple[int, int]] = context.memo["starts"]
    at = bisect_right(known, (found.start, 1 << 60)) - 1
    if at < 0:
        return None
    index = known[at][1]
    passage: Passage = context.document.passages[index]
    if found.start >= passage.end:
        return None
    spans: dict[int, list[tuple[int, int]]] = context.memo.setdefault("spans", {})
    if index not in spans:
        spans[index] = [passage.span(one.start, one.end) for one in sentences(passage.text)]
    every = sentences(passage.text)
    place = bisect_right(spans[index], (found.start, 1 << 60)) - 1
    if place < 0 or found.start >= spans[index][place][1]:
        return None
    before = every[place - 1].text if place else ""
    return _placed(found, (index, passage, every[place]), (before, spans[index][place][0]), context)


@lru_cache(maxsize=64)
def _without_names(text: str, names: tuple[str, ...]) -> str:
    """A sentence with blanks for the names in it; every claim in it asks."""
    for name in names:
        text = text.replace(name, " ")
    return text


def _placed(
    found: Finding, at: tuple[int, Passage, Sentence], since: tuple[str, int], context: Context
) -> _Place:
    """What stands around a finding in its sentence; `since`: the sentence before, where its own begins."""
    index, passage, one = at
    who = spoken(index, passage, one, context)
    text = _without_names(one.text, tuple(dict.fromkeys(each.text for each in who.here)))
    unsettled = [place for place, _ in context.memo["open"].get(index, ()) if one.start <= place < one.end]
    # Where its names stand in the file: the same for every finding of a sentence.
    known: dict[tuple[int, int], list[int]] = context.memo.setdefault("places of names", {})
    if (index, one.start) not in known:
        known[index, one.start] = [passage.place(each.start) for each in who.here]
    starts = known[index, one.start]
    names = [each.end for each, start in zip(who.here, starts, strict=True) if start <= found.start]
    nearest = max(names, default=one.start)
    open_ = any(nearest <= place and passage.place(place) < found.start for place in unsettled)
    named = [start for start in starts if start >= found.end]
    few = _LATER if found.true_for == "with sparsity" else _FEW
    behind = context.document.original[found.end : min([found.end + few, *named])]
    own = [each.end for each in _named(found, who) if passage.place(each.start) < found.start]
    # Only an accusation asks what stands before it.
    every = range(one.start, one.end)
    until = one.start + bisect_left(every, found.start, key=passage.place) if found.accuses else one.end
    ahead = passage.text[max(own, default=one.start) : until]
    goes_on = _goes_on(passage, one, who) or _is_led(index, found, context)
    return _Place(who, text, passage.section, goes_on, open_, behind, ahead, *since)

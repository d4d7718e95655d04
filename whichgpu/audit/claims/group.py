"""What is said of every device of a comparison, or none: "both are based on GA102", "neither supports BF16".

It is read as said of each by itself: the words for all of them are put as "it", and every kind of claim on a
device reads the clause once for each.
"""

from __future__ import annotations

from bisect import bisect_left
from importlib import import_module
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import devices
from whichgpu.audit.devices.descriptions import asked_of_several
from whichgpu.audit.devices.mentions import Mention, model
from whichgpu.audit.devices.roles import Spoken, owned
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.denials import SET_OFF
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import one_before, sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

    _Ids = tuple[str, ...]

_KINDS = ("specification", "memory_type", "capability", "state", "foundry", "identity", "years", "generation",
          "instances", "slotted")  # fmt: skip
_ONES = (
    r"(?:cards|gpus|devices|models|chips|accelerators|parts|boards|options|products|candidates|modules|ones)"
)
_GROUP = re.compile(
    r"(?:(?:(?<=[.!?;])|(?<![\s\S]))\s*(?:(?:And|But|So|Still|Here|Note that|Oh,? and)[,:]?\s+)?|(?::|"
    r",\s+(?:and|but))\s+|\b(?:and|while|whereas)\s+)"
    r"(?P<who>(?P<none>neither(?: of (?:them|these|the two|the [A-Z][a-z]+s))?(?: (?:card|gpu|chip|"
    r"one))?|none of (?:them|"
    rf"these|the (?:two|three|four|five|six|lot|others|rest|trio|pair)))(?:\s+{_ONES})?|"
    r"(?:both(?: of (?:them|these|the))?|all (?P<n>two|three|four|five)(?: of them)?|all of (?:them|"
    r"these)|they(?: (?:all|both))?|these|all(?: of)? these|"
    r"(?P<others>the (?:others|rest|other (?P<n4>two|three|four)))|"
    rf"(?:both|all|these|the)(?: the)?(?: (?P<n5>two|three|four))? (?P<mods>(?:[\w-]+ ){{1,2}}?)"
    rf"(?={_ONES}\b)|"
    r"(?:the|these) (?P<n2>two|three|four)(?: of them)?|each of (?:them|the (?P<n3>two|three|four)))"
    rf"(?:\s*(?:graphics )?{_ONES})?)\s+(?:also\s+|still\s+|now\s+|both\s+|all\s+)?"
    r"(?P<verb>(?:takes?|knows?|masters?|encodes?|decodes?|computes?|occup(?:y|ies)|plugs?|handles?|"
    r"speaks?|understands?|followed|arrived|appeared|debuted|have|has|had|come|comes|came|"
    r"offers?|uses?|ships?|features?|share|carry|carries|provides?|are|is|were|was|gets?|supports?|runs?|"
    r"accepts?|accelerates?|trains?|works?|delivers?|contains?|includes?|hold|keeps?|kept|retains?|"
    r"rely|can|do|does|lacks?|sit|draws?|needs?|sports?|date|boasts?|packs?|belongs?|consumes?|launched)\b)",
    re.IGNORECASE,
)
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5}
_MOST, _ALL, _WHOLE = 5, 8, 16
#: What ends the clause of a group, or makes it a statement on something else.
_CLAUSE = re.compile(
    r"[;:]\s|,\s+(?:while|whereas|but|though|although|which(?! (?:also )?supports?\b)|so|unlike|as|"
    r"and(?= (?:the|it|its|they|both|neither|all|so)\b))\s"
    # "Both use GDDR6X, the Radeon plain GDDR6": another, by its line.
    r"|,\s+(?=the\s+(?:Radeon|GeForce|Instinct|Quadro|Tesla|Arc|AMD|NVIDIA|Intel|other|third|last)\b)"
    r"|\b(?:while|whereas|but|although|unlike|than)\s"
)
#: "All four are Ampere cards but the last".
_BUT_ONE = re.compile(
    r"[,\s]*\bbut\s+(?:for\s+)?(?:the\s+(?:first|second|third|fourth|last|latter|former|other)|one|its|"
    r"(?:the\s+)?"
    r"(?=[A-Z]))\b",
)
_HEDGED = re.compile(
    r"\b(?:at least|up to|as much as|together|combined|total|if|can be|"
    r"could|would|"
    r"different|respectively|need|needs|in theory|except|each other|same|similar|identical|equal\w*|"
    r"nearly|almost)\b",
    re.IGNORECASE,
)
#: What is said of each of several as of one.
_ARE = re.compile(r"\s+(are|were)(?:\s+(?:both|all))?(?=\s)", re.IGNORECASE)
#: A kind of devices that was spoken of just before, which "all of them" may mean.
_OF_A_KIND = re.compile(
    r"\b(?:none|all|any|every|each|most|no)\s+(?:of\s+)?(?:the\s+)?(?:[\w-]+\s+){0,3}(?:cards?|gpus?|"
    r"parts?|chips?|models?)\b|"
    r"\bboth\s+(?!(?:of|the|these)\b)[\w-]+\s+(?:cards|gpus|parts|chips|models)\b",
    re.IGNORECASE,
)
_BACK = 120
#: What stands before and between the names that a sentence begins with, and the verb behind them.
_OPENS = re.compile(
    r"\s*(?:[-*]\s+)?(?:both\s+)?(?:the\s+|nvidia[\u2019']s\s+|nvidia\s+|amd\s+)*", re.IGNORECASE
)
_JOINED = re.compile(r"s?,?\s+(?:and|&)\s+(?:the\s+|nvidia\s+|amd\s+)*|s?,\s+(?:the\s+)?", re.IGNORECASE)
_THEY = re.compile(
    r"s?\s+(?P<verb>(?P<are>are|were)|use|share|have|support|feature|belong|run)(?:\s+(?:both|all))?(?=\s)",
    re.IGNORECASE,
)
#: "The A10 and the L4 both come with 24 GB": what is said of each, values too.
_BOTH_HAVE = re.compile(
    r"s?,?\s+(?:both|all|each)\s+(?P<verb>have|has|come|comes|offers?|carry|carries|features?|gets?|"
    r"packs?|ships?|draws?|"
    r"uses?|provides?|sit|sits|run|runs)(?=\s)", re.IGNORECASE,
)  # fmt: skip
_DENIES = re.compile(
    r"(?:supports?|has|have|offers?|comes? with|gets?|features?|can do|does|do|runs?|provides?|"
    r"(?P<can>can)(?= (?:be )?(?:split|partition|slice|divide|link|bridge|connect|join|pair)))\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every statement on all devices of a comparison, or on none of them, with its verdict."""
    for index, passage in context.document.running():
        last: tuple[int, list[_Ids]] = (0, [])
        for sentence in sentences(passage.text):
            yield from _of_named(index, passage, sentence, context)
            every = list(_GROUP.finditer(passage.text, sentence.start, sentence.end))
            for match, then in zip(every, [*every[1:], None], strict=False):
                clause = _CLAUSE.search(passage.text, match.end(), sentence.end)
                end = min(clause.start() if clause else sentence.end, then.start() if then else sentence.end)
                here = context.mentions.get(index, ())
                later = within(here, end, sentence.end) if clause and clause[0][0] == ":" else ()
                # "The two are bridged: 3090s can be": of those that are named behind it.
                own = len(later) > 1 or any(each.text.endswith("s") for each in later)
                but = clause and _BUT_ONE.match(passage.text, clause.start())
                # "Both support FP8, which the A100 does not": of others than that.
                but = but or (SET_OFF.match(passage.text, end) if within(here, end, sentence.end) else None)
                if within(here, match.start(), end) or own or but:
                    # "Both use GDDR6: the L4 has 24 GB of it, the 3060 12 GB" is of these two.
                    continue
                told = within(here, 0, match.start())
                forms = _forms(passage.text, (sentence.start, match.start()), told, context)
                forms = forms or _of_versions(passage, sentence, here)
                members = forms or _members(index, passage, sentence, match, context)
                if "both" in match["who"].lower() and len(last[1]) == 2 and not within(here, last[0], end):
                    # "The two newer cards share a chip; both draw .."
                    members = last[1]
                last = end, members
                if (
                    not members
                    and _ANY_OF.match(match["who"])
                    and not _HEDGED.search(passage.text, match.end(), end)
                ):
                    yield from _of_all(passage, (match.start("who"), end), match, context)
                if members and not _HEDGED.search(passage.text, match.end(), end):
                    yield from _of_members(passage, (match.start("who"), end), match, members, context)


#: "Shipped in two form factors": "both" behind it are these.
_VERSIONS = re.compile(
    r"\b(?:two|three|both)\s+(?:[\w-]+\s+)?(?:form factors|forms|versions|variants|editions|sizes|"
    r"flavou?rs|models|"
    r"configurations)\b",
    re.IGNORECASE,
)


def _of_versions(passage: Passage, sentence: Sentence, here: Sequence[Mention]) -> list[_Ids]:
    """The one device that the sentence before tells several versions of; none where it tells of several."""
    before = one_before(passage.text, sentence.start)
    if not before or not _VERSIONS.search(before[0].text):
        return []
    named = {each.named for each in within(here, before[0].start, before[0].end)}
    return [named.pop()] if len(named) == 1 else []


def _of_named(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """What is said of devices that a sentence begins with: "The H100 and the H200 are both Hopper"."""
    here = within(context.mentions.get(index, ()), sentence.start, sentence.end)
    text, last = passage.text, None
    if len(here) < 2 or not _OPENS.fullmatch(text, sentence.start, here[0].start):
        return
    for at in range(1, min(len(here), _MOST)):
        if not _JOINED.fullmatch(text, here[at - 1].end, here[at].start):
            break
        last = at
    every = _BOTH_HAVE.match(text, here[last].end, sentence.end) if last else None
    verb = every or (_THEY.match(text, here[last].end, sentence.end) if last else None)
    if verb is None or last is None or len(here) > last + 1:
        return
    clause = _CLAUSE.search(text, verb.end(), sentence.end)
    end = clause.start() if clause else sentence.end
    if _HEDGED.search(text, verb.end(), end) or (not every and quantities(text[verb.end() : end])):
        # Values of each are read where they stand.
        return
    start = here[0].start
    said = "It is" if verb.groupdict().get("are") else "It"
    head = verb.end() if said == "It is" else verb.start("verb")
    read = passage.part(start, end)._replace(text=said.ljust(head - start) + text[head:end], kind="paragraph")
    yield from _of_each(read, [each.ids for each in here[: last + 1]], context)


def _of_each(read: Passage, members: Sequence[_Ids], context: Context) -> Iterator[Finding]:
    """What is found in a clause for each device: of each stretch an accusation, if there is one."""
    found: dict[tuple[int, int], Finding] = {}
    in_turn = _IN_TURN.search(read.text) is not None
    for ids in members:
        for each in of_one(read, ids, context):
            if in_turn and each.accuses and each.kind == "specification":
                continue
            key = (each.start, each.end)
            if key not in found or (each.accuses and not found[key].accuses):
                found[key] = each
    context.memo.setdefault("grouped", set()).update(found)
    yield from found.values()


#: "Both have NVLink, 600 and 900 GB/s": a value of each.
_IN_TURN = re.compile(
    r"\d[\d.,]*(?:\s?[A-Za-z/]{1,6})?\s+(?:and|or|against|versus|vs\.?|"
    r"to)\s+\d[\d.,]*\s?(?:[GTM]i?B(?:/s)?|W|TFLOPS|MHz|GHz|nm|bit)\b"
)


def _members(
    index: int, passage: Passage, sentence: Sentence, match: re.Match[str], context: Context
) -> list[_Ids]:
    """The devices that were spoken of last, as many as are said; empty where that is not certain."""
    word = next((match[each] for each in ("n", "n2", "n3", "n4", "n5") if match[each]), "")
    who = match["who"].lower()
    two = "both" in who or "neither" in who
    count = 2 if two else _COUNTS.get(word.lower(), 0)
    here = context.mentions.get(index, ())
    if match["mods"] or who == "they":
        of_both = _joined_before(passage.text, sentence, here, context)
        return _described(match["mods"], count, context) if match["mods"] else of_both
    if match["others"]:
        own = within(here, sentence.start, match.start())
        own = own or within(here, *_sentence_before(passage.text, sentence))
        named = {model(each.named[0], context.catalogue) for each in own}
        rest = [ids for ids in devices(context) if model(ids[0], context.catalogue) not in named]
        return rest if len(named) == 1 < len(rest) <= _MOST and len(rest) == (count or len(rest)) else []
    last = within(here, 0, match.start())[-1:]
    # "They have two A40 each. The two are bridged": those of one kind.
    alike = count and last and counted(passage.text, 0, last[0].start) == count
    just_before = passage.text[max(0, match.start() - _BACK) : match.start()]
    earlier = [each for back in range(max(index - 2, 0), index) for each in context.mentions.get(back, ())]
    of_one = not count and _are_of_one(within(here, 0, match.start()) or earlier, context)
    own_sort = two and len(within(here, *_sentence_before(passage.text, sentence))) == 1
    if alike or of_one or _OF_A_KIND.search(just_before) or (own_sort and _OTHER_FORM.search(just_before)):
        return []
    starts = [each.start for each in sentences(passage.text) if each.start <= sentence.start]
    near = [
        _distinct(group, context)
        for first in reversed(starts[-3:])
        for told in (within(here, first, match.start()),)
        for group in (told, owned(passage.text, told))
    ]
    before = _distinct([*earlier, *within(here, 0, match.start())], context)
    headed = [each for each in _headed(index, context)]
    near.append(_distinct([*headed, *within(here, 0, match.start())], context))
    for group in (*near, _distinct(within(here, 0, match.start()), context), before):
        if count and len(group) == count:
            return group
    compared = devices(context)
    if not count and len(compared) < 2:
        every = [
            each for place in sorted(context.mentions) for each in context.mentions[place] if place < index
        ]
        whole = _distinct([*every, *within(here, 0, match.start())], context)
        return whole if 2 <= len(whole) <= _ALL else []
    return compared if 2 <= len(compared) <= _MOST and len(compared) == (count or len(compared)) else []


#: All, or none, of what is spoken of, whichever that is.
_ANY_OF = re.compile(r"(?:all of|none of|all(?: of)? these|these|they all)\b", re.IGNORECASE)


def _of_all(
    passage: Passage, place: tuple[int, int], match: re.Match[str], context: Context
) -> Iterator[Finding]:
    """What is wrong of every device of the text, so that it does not matter which are meant."""
    every = devices(context)
    if not _MOST < len(every) <= _WHOLE:
        return
    accused: dict[tuple[int, int], list[Finding]] = {}
    for ids in every:
        for each in _of_members(passage, place, match, [ids], context):
            if each.accuses:
                accused.setdefault((each.start, each.end), []).append(each)
    yield from (found[0] for found in accused.values() if len(found) == len(every))


#: "It has 8 GB, like the desktop's": the other form of what is named, by no name of its own.
_OTHER_FORM = re.compile(
    r"\b(?:the|its)\s+(?:desktop|laptop|mobile|notebook)(?:[\u2019']s|\s(?:card|version|one|part|chip|"
    r"gpu|variant))\b",
    re.IGNORECASE,
)


def _sentence_before(text: str, sentence: Sentence) -> tuple[int, int]:
    back = one_before(text, sentence.start)
    return (back[0].start, back[0].end) if back else (sentence.start, sentence.start)


def _joined_before(text: str, sentence: Sentence, here: Sequence[Mention], context: Context) -> list[_Ids]:
    """The devices that the sentence before joins ("the A5000 and the A4000 belong to"), which "they" are."""
    told = within(here, *_sentence_before(text, sentence))
    joined = len(told) > 1 and _JOINED.fullmatch(text, told[0].end, told[1].start)
    every = _distinct(told, context) if joined else []
    return every if len(every) > 1 else []


#: What one form of a device is called by.
_CALLED = re.compile(r"\b(PCIe|SXM|NVL)\d?\b", re.IGNORECASE)


def _forms(text: str, place: tuple[int, int], told: Sequence[Mention], context: Context) -> list[_Ids]:
    """The two forms of one device that a sentence names: "In the SXM form they have .., the PCIe card .."."""
    names = list(dict.fromkeys(each[1].lower() for each in _CALLED.finditer(text, *place)))
    if len(names) != _BOTH or not told:
        return []
    models = [model(each.named[0], context.catalogue) for each in told]
    if {*models[len(told) - len(within(told, *place)) :]} - {models[-1]}:
        return []
    ids = dict.fromkeys(
        key for each, own in zip(told, models, strict=True) if own == models[-1] for key in each.ids
    )
    found = [tuple(key for key in ids if f"-{name}" in key) for name in names]
    return found if all(found) else []


_BOTH = 2


def _are_of_one(told: Sequence[Mention], context: Context) -> bool:
    """Whether what was spoken of last are several of one device: "why not three 5090s? .. each of them"."""
    return bool(told) and told[-1].text.endswith("s") and len(_distinct(told, context)) == 1


def _described(mods: str, count: int, context: Context) -> list[_Ids]:
    """Those of the compared devices that all is true of, or so many that came out last, or first.

    Empty where a word of it is not known, or where they are no several.
    """
    what = asked_of_several(mods)
    if what is None:
        return []
    compared = [
        tuple(key for key in ids if all(test(context.catalogue[key]) for test in what.tests))
        for ids in devices(context)
    ]
    found = [ids for ids in compared if ids]
    if what.rank:
        days = {
            ids: min(str(context.catalogue[key].value("release_date") or "") for key in ids) for ids in found
        }
        if what.rank[0] != "age" or not count or not all(len(day) >= _MONTH for day in days.values()):
            return []
        ordered = sorted(found, key=lambda ids: days[ids], reverse=what.rank[1] > 0)
        apart = len(ordered) > count and days[ordered[count - 1]][:4] != days[ordered[count]][:4]
        found = ordered[:count] if apart else []
    return found if 2 <= len(found) <= _MOST and len(found) == (count or len(found)) else []


#: Letters of a day that is known to its month.
_MONTH = 7


def _headed(index: int, context: Context) -> Sequence[Mention]:
    """What the heading above a passage names."""
    passages = context.document.passages
    if "headings" not in context.memo:
        context.memo["headings"] = [at for at, each in enumerate(passages) if each.kind == "heading"]
    headings: list[int] = context.memo["headings"]
    before = bisect_left(headings, index)
    return context.mentions.get(headings[before - 1], ()) if before else ()


def _distinct(found: Sequence[Mention], context: Context) -> list[_Ids]:
    every: dict[frozenset[str], _Ids] = {}
    for each in found:
        every[model(each.named[0], context.catalogue)] = each.ids
    return list(every.values())


#: A value that none of several is beyond; "more than" is read as "over".
_BOUND = re.compile(r"\b(?:(?P<more>over)|under)\s+(?=\d)", re.IGNORECASE)


def _of_members(
    passage: Passage, place: tuple[int, int], match: re.Match[str], members: Sequence[_Ids], context: Context
) -> Iterator[Finding]:
    """What is found in the clause read for each device: of each stretch an accusation, if there is one."""
    start, end = place
    head = match["who"]
    words = passage.text[start:end]
    said = "It"
    bound = _BOUND.search(words) if match["none"] else None
    if bound:
        # None that is above a value: each is below it.
        limit = "<" if bound["more"] else ">"
        words = words[: bound.start()] + limit.rjust(len(bound[0])) + words[bound.end() :]
    elif match["none"]:
        verb = _DENIES.match(passage.text, match.start("verb"), end)
        if verb is None:
            return
        head, said = words[: verb.end() - start], "It cannot" if verb["can"] else "It lacks"
    if len(said) > len(head):
        return
    plural = _ARE.match(words, len(head))
    if plural and len(said) + 3 <= plural.end():
        head, said = words[: plural.end()], f"{said} {'is' if plural[1].lower() == 'are' else 'was'}"
    # As long as it was, so that every place stays where it is.
    read = passage.part(start, end)._replace(
        text=said.ljust(len(head)) + words[len(head) :], kind="paragraph"
    )
    yield from _of_each(read, members, context)


def of_one(read: Passage, ids: _Ids, context: Context, kinds: Sequence[str] = _KINDS) -> Iterator[Finding]:
    """What every kind of claim finds in a clause that is about one device."""
    who = Spoken((), (), (Mention(0, 0, "", ids, ids),), read.text, True)
    spoken = {(0, sentence.start): who for sentence in sentences(read.text)}
    memo = {"open": {}, "found": [], "subjects": devices(context), "spoken": spoken}
    document = context.document._replace(passages=(read,), tables=())
    alone = context._replace(document=document, mentions={}, memo=memo)
    for kind in kinds:
        yield from import_module(f"whichgpu.audit.claims.{kind}").find(alone)

"""Specifications: cells of tables, list items and sentences that state a value of an attribute of a GPU."""

from __future__ import annotations

from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.machine import machine
from whichgpu.audit.devices.narrowed import narrower, of_size
from whichgpu.audit.devices.roles import spoken, superchips
from whichgpu.audit.tables.cells import noted
from whichgpu.audit.tables.mixed import unmixed
from whichgpu.audit.tables.variants import cells, finding_on, of_cell, verdict_on
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.sentences import Sentence, sentences, within
from whichgpu.audit.unmarked.lined import is_a_cell
from whichgpu.audit.values.anothers import (
    is_of_chip,
    is_of_edition,
    is_of_link,
    is_of_one_on_board,
    is_tied,
    kinds,
    misnamed,
    of_all_together,
    others_beside,
    wrong_of_several,
)
from whichgpu.audit.values.attributes import Attribute, attributes, named, qualifiers
from whichgpu.audit.values.binding import Binder, both_of, several_columns, united
from whichgpu.audit.values.grounds import is_of_several, is_sum
from whichgpu.audit.values.implied import carried, implied
from whichgpu.audit.values.no_value import is_nobodys, is_none
from whichgpu.audit.values.own_words import WITHOUT, is_feature, only_a_share, own_words
from whichgpu.audit.values.summed import together
from whichgpu.audit.values.withheld import is_withheld
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.tables.cells import Cell
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.values.judging import Verdict
    from whichgpu.hardware.gpu import Gpu


#: So many right cells of an attribute, and all but two, are of reference cards.
_SURE, _REFERENCE = 3, ("power",)
#: Values in the order of the devices, not beside them.
_PER = re.compile(r"\s*(?:per|for each|for every|a)\s+(?:watt|dollar|gigabyte|gb|euro|core)\b", re.IGNORECASE)
_RESPECTIVELY = re.compile(
    r"\b(?:respectively|respectivement|respectivamente|rispettivamente|beziehungsweise|jeweils)\b",
    re.IGNORECASE,
)


def find(context: Context) -> Iterator[Finding]:
    """Every stated value with its verdict."""
    in_tables: set[int] = set()
    for table in context.document.tables:
        found = [cell for cell in cells(table, context) if cell.attribute]
        in_tables |= {cell.passage.start for cell in found}
        yield from _of_table(found, context)
    for index, passage in enumerate(context.document.passages):
        if passage.kind in ("code", "cell", "alt") or passage.start in in_tables:
            continue
        yield from _sized(index, passage, context)
        if _BARE.fullmatch(passage.text) and (is_a_cell(index, context) or _is_rest(index, context)):
            continue
        for sentence in sentences(passage.text):
            yield from _of_sentence(index, *_as_of_one(passage, sentence), context)


#: The size in brackets that ends a name: "RTX 4080 (16 GB".
_SIZE_BEHIND = re.compile(r"\((\d{1,3}\s?GB)$")


def _sized(index: int, passage: Passage, context: Context) -> Iterator[Finding]:
    """The memory of a device that stands in brackets behind its name, where it helped to tell which it is."""
    for mention in context.mentions.get(index, ()):
        size = _SIZE_BEHIND.search(mention.text)
        told = quantities(size[1]) if size else ()
        if size and told:
            at = mention.start + size.start(1)
            value = told[0]._replace(start=at, end=at + len(size[1]))
            gpus = [context.catalogue[key] for key in mention.ids]
            verdict = verdict_on(
                passage.text, value, attributes()["memory"], gpus, said=frozenset(), context=context
            )
            if verdict.verdict == "confirmed":
                yield finding_on(passage, value, attributes()["memory"], gpus, found=verdict, context=context)


_BARE = re.compile(r"\W*\d[\d.,]*\s?[A-Za-z]+(?:/s)?\W*")
#: Lines of a page's cells that end in the first half of a range, or are glued values.
_BROKEN = re.compile(r"(?:\d\s?[-\u2013\u2014]|(?:\d(?:W|[GT]B(?:/s)?)){3,}.*)\s*$")


def _is_rest(index: int, context: Context) -> bool:
    """Whether a value by itself is the rest of the cells in the line above it: "700W350-", then "400W"."""
    return index > 0 and _BROKEN.search(context.document.passages[index - 1].text) is not None


#: What one of several has: "Each of those cards had 32 GB".
_OF_EACH = re.compile(r"\s*Each\b")
#: What several of one device have: "They have 24 GB each", which is what one has.
_SEVERAL = re.compile(
    r"\s*(?:They|These|Those|The (?:cards|gpus|boards|modules|accelerators))\b", re.IGNORECASE
)
_EACH = re.compile(r"\s(?:each|apiece)\b")
#: Behind a value, that it is one device's.
_PER_ONE = re.compile(
    r"(?<=[BWS]) per (?:single )?(?:card|gpu|GPU|module|board|accelerator)\b(?![- ](?:hour|hr|month|"
    r"year|day))"
)


def _as_of_one(passage: Passage, sentence: Sentence) -> tuple[Passage, Sentence]:
    """A sentence without "per card", one on several of a device without "each"; every place as it was."""
    text = _PER_ONE.sub(lambda match: " " * len(match[0]), sentence.text)
    if _SEVERAL.match(text):
        text = _EACH.sub(lambda match: " " * len(match[0]), text)
    if text == sentence.text:
        return passage, sentence
    whole = f"{passage.text[: sentence.start]}{text}{passage.text[sentence.end :]}"
    return passage._replace(text=whole), sentence._replace(text=text)


def _of_table(found: Sequence[Cell], context: Context) -> Iterator[Finding]:
    """The values of a table's cells; where all others of an attribute are the vendor's, no maker's own.

    A board may draw more than the reference card, but not in a list of reference cards.
    """
    told = [*unmixed([(cell, answer) for cell in found for answer in of_cell(cell, context)])]
    verdicts: dict[str, list[str]] = {}
    for _, answer in told:
        verdicts.setdefault(answer.attribute, []).append(answer.verdict)
    used = _usages(told)
    for cell, answer in told:
        others = verdicts[answer.attribute]
        if answer.accuses and (answer.attribute, cell.ids) in used:
            # What runs took of it, each its own.
            continue
        sure = answer.verdict == "unverifiable" and others.count("confirmed") >= max(_SURE, len(others) - 2)
        reference = cell._replace(said=cell.said | {"reference"})
        again = of_cell(reference, context) if sure and answer.attribute in _REFERENCE else ()
        yield next((each for each in again if each.start == answer.start and each.accuses), answer)


#: Values of one device that differ, from so many on, are of what runs on it.
_USED = 2


def _usages(told: Sequence[tuple[Cell, Finding]]) -> set[tuple[str, tuple[str, ...]]]:
    """The kinds of values of which a table tells a device several, and none that it has."""
    values: dict[tuple[str, tuple[str, ...]], dict[str, str]] = {}
    for cell, answer in told:
        values.setdefault((answer.attribute, cell.ids), {})[answer.quote.strip()] = answer.verdict
    return {
        of for of, found in values.items()
        if of[0] in ("memory", "power") and len(found) >= _USED and "confirmed" not in found.values()
    }  # fmt: skip


def _of_sentence(index: int, passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """Values of a sentence: each with the nearest attribute and the nearest device of its clause."""
    if not within(quantities(passage.text, context.fraction), sentence.start, sentence.end):
        return
    attributes = [
        each for each in within(named(passage.text), sentence.start, sentence.end) if each.end <= sentence.end
    ]
    attributes = [
        each
        for each in attributes
        if not (
            only_a_share(passage.text, each)
            or WITHOUT.search(passage.text, 0, each.start)
            or (each.attribute.key == "nvlink" and is_feature(passage.text, each))
            or (each.attribute.dimension == "count" and _BY_MEANS_OF.search(passage.text, 0, each.start))
        )
    ]
    attributes += implied(passage.text, sentence)
    if not attributes:
        attributes = carried(passage, sentence)
    if _RESPECTIVELY.search(sentence.text) or _PER.match(sentence.text):
        return
    who = spoken(index, passage, sentence, context)
    here = who.here
    of_machine = machine(index, passage, context)
    if not (here or who.topic) or (not here and several_columns(sentence, context)):
        return
    every = within(quantities(passage.text, context.fraction), sentence.start, sentence.end)
    values = united(passage.text, every, here)
    if _are_in_turn(values, here):
        # "350, 450 and 575 W: the power of the 3090, the 4090 and the 5090".
        return
    binder = Binder(passage.text, sentence, attributes, who, values)
    in_order = _in_order(passage.text, values, here)
    for quantity in values:
        bound = binder.bind(quantity)
        if bound is not None and quantity.start in in_order:
            bound = (bound[0], in_order[quantity.start])
        none = bound is None or (
            is_nobodys(passage.text, sentence, quantity, bound[0])
            or is_none(passage.text, sentence, quantity, bound, values=values, context=context)
        )
        if bound is not None and not none:
            found = _of_value(
                passage, sentence, quantity, bound[0], mention=bound[1], who=who, context=context
            )
            # What is no single device's of a machine may be that of all of them, or its host's.
            host = bound[0].key == "memory" and _RAM.match(sentence.text) is not None
            yield from (each for each in found if not ((of_machine or host) and each.accuses))


#: An entry that may be of a host: "RAM: 200 GB" in a list of what is rented.
_RAM = re.compile(r"\W*(?:(?:system|host|main|server|cpu)\s+)?(?:RAM|memory\s*\(RAM\))\s*[:|]", re.IGNORECASE)


def _are_in_turn(values: Sequence[Quantity], here: Sequence[Mention]) -> bool:
    """Whether a sentence tells values of one kind first, and as many devices behind all of them."""
    alike = [each for each in values if each.dimension == values[0].dimension]
    return len(alike) == len(here) > 1 and alike[-1].end <= here[0].start


#: Before cores that something is done by, and not counted: "19.5 on tensor cores, the H100 34".
_BY_MEANS_OF = re.compile(
    r"\b(?:on|via|by|through|using|without|from)\s+(?:the\s+|its\s+|their\s+|ordinary\s+|plain\s+)*$",
    re.IGNORECASE,
)
_LISTED_WITH = re.compile(r"s?\s*(?:,|,?\s(?:and|&|or))\s+(?:the\s+)?", re.IGNORECASE)


def _in_order(text: str, values: Sequence[Quantity], here: Sequence[Mention]) -> dict[int, Mention]:
    """Whose each of several values is behind as many names: "the A10 and the A40 have 72 and 84 RT cores"."""
    names = _run(text, [(each.start, each.end) for each in here])
    after = [each for each in values if names and each.start >= here[names - 1].end]
    told = _run(text, [(each.start, each.end) for each in after])
    if names < 2 or told != names or len(here) != names:
        return {}
    return {each.start: mention for each, mention in zip(after[:told], here[:names], strict=True)}


def _run(text: str, places: Sequence[tuple[int, int]]) -> int:
    """How many of some places, from the first on, nothing but commas and "and" parts."""
    joined = (_LISTED_WITH.fullmatch(text, a[1], b[0]) is not None for a, b in pairwise(places))
    return min(len(places), 1 + sum(1 for _ in takewhile(bool, joined)))


#: Between a value and the device right behind it that it is of.
_OF_IT = re.compile(
    r"[^.;,]{0,24}?\b(?:of|for|in|on|from|with|by|de|du|des|del|della|von|der|des|im|w)\s+(?:[\w-]+\s+){0,2}?|"
    # "The 20GB VRAM RTX 2000 Ada".
    r"[\s(:-]*(?:(?!(?:and|but|while|et|und|y|e)\b)[\w-]+\s+){0,3}",
    re.IGNORECASE,
)


def _is_of_spoken(
    text: str, other: str, quantity: Quantity, mention: Mention, context: Context
) -> bool:  # fmt: skip
    """Whether a value is exactly another device's of the text, and the one behind it of a further clause.

    "GB202 has 21,760 cores, and the step from the 4090": of the card that the text is about.
    """
    behind = mention.start >= quantity.end
    return behind and other in context.spoken_of and not _OF_IT.fullmatch(text, quantity.end, mention.start)


#: Between a value and a device behind it, that it is more or less than that one's.
_BEYOND = re.compile(
    r"\s(?:\u00fcber|unter|oberhalb|unterhalb|above|below|beyond|over|au-dessus|"
    r"au-dessous|por encima|por debajo)\s[^.;,]{0,24}$",
    re.IGNORECASE,
)
#: Letters between a device that something is set against and what is its own all the same.
_ITS_OWN = 30


def _is_of_the_other(told: _Told, other: str, mention: Mention) -> bool:
    """Whether a value is another's of the text, and its device one that this other is set against.

    "Compared with the A100, you get more memory, and with 989 TFLOPS three times the arithmetic".
    """
    text, quantity = told.passage.text, told.quantity
    if other not in told.context.spoken_of:
        return False
    if mention.start >= quantity.end:
        return _BEYOND.search(text, quantity.end, mention.start) is not None
    between = text[mention.end : quantity.start]
    return mention in told.who.against and len(between) > _ITS_OWN and "," in between


class _Told(NamedTuple):
    """A value where it stands, with what narrows it."""

    passage: Passage
    sentence: Sentence
    quantity: Quantity
    said: frozenset[str]
    who: Spoken
    context: Context

    def verdict(self, attribute: Attribute, gpus: Sequence[Gpu]) -> Verdict:
        """Whether it is that of one of these devices."""
        return verdict_on(
            self.passage.text, self.quantity, attribute, gpus, said=self.said, context=self.context
        )


class _Read(NamedTuple):
    """What a value is taken to be of, and the verdict on it."""

    attribute: Attribute
    mention: Mention
    gpus: list[Gpu]
    found: Verdict


def _of_value(
    passage: Passage, sentence: Sentence, quantity: Quantity, attribute: Attribute, *, mention: Mention,
    who: Spoken, context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """The verdict on a value of a sentence; an accusation only where nothing else can be meant."""
    clause = own_words(passage.text, sentence, quantity, context)
    place = (quantity.start, quantity.end)
    said = qualifiers(clause) | noted(passage, place, context.document.original)
    told = _Told(passage, sentence, quantity, said, who, context)
    read = _read(told, attribute, of_size(passage.text, sentence, quantity, mention, context))
    attribute, mention, gpus, found = read
    if found.verdict == "contradicted":
        if _is_of_another(told, read):
            return
        several = together(passage, sentence, quantity, attribute, mention=mention, who=who, context=context)
        if several is not None:
            yield several
            return
        if right := _of_others_beside(told, read):
            _, _, gpus, found = right
        elif _is_excused(told, read):
            return
    elif found.verdict == "confirmed":
        number = of_all_together(passage.text, sentence, quantity, attribute, mention)
        found = (
            wrong_of_several(found, quantity, gpus, number)
            if number
            else narrower(found, quantity, attribute, mention, near=sentence.text, context=context)
        )
    yield finding_on(passage, quantity, attribute, gpus, found=found, context=context)


def _read(told: _Told, attribute: Attribute, mention: Mention) -> _Read:
    """The value as the kind of quantity that it is right as; of two devices as that of which it is wrong."""
    text, quantity, context = told.passage.text, told.quantity, told.context
    gpus = [context.catalogue[key] for key in mention.ids]
    attribute, found = min(
        ((one, told.verdict(one, gpus)) for one in kinds(text, quantity, attribute)),
        key=lambda each: each[1].verdict != "confirmed",
    )
    read = _Read(attribute, mention, gpus, found)
    for other in both_of(text, quantity, mention, told.who.here) if found.verdict == "confirmed" else ():
        also = [context.catalogue[key] for key in other.ids]
        of_other = told.verdict(attribute, also)
        if of_other.verdict == "contradicted":
            read = _Read(attribute, other, also, of_other)
    return read


def _is_of_another(told: _Told, read: _Read) -> bool:
    """Whether a value that is wrong of a device is of something else: its chip, a link, another version."""
    passage, sentence, quantity, said, _, context = told
    attribute, mention, gpus, found = read
    text = passage.text
    return bool(
        _is_of_spoken(text, found.true_for, quantity, mention, context)
        or _is_of_the_other(told, found.true_for, mention)
        or is_of_one_on_board(passage, quantity, attribute, gpus, context)
        or (attribute.key in _OF_CHIPS and is_of_chip(text, sentence, quantity))
        or is_of_edition(text, quantity, attribute, mention=mention, said=said, context=context)
        or misnamed(passage, (quantity.start, quantity.end), found, mention, context)
        or _is_set_against(text, quantity, mention)
        or (attribute.key == "bandwidth" and is_of_link(passage, sentence, quantity, gpus, context))
        # "A list price of $125,000 for a board with eight Gaudi 3".
        or (attribute.key == "launch_price" and counted(text, sentence.start, mention.start) > 1)
    )


def _of_others_beside(told: _Told, read: _Read) -> _Read | None:
    """A wrong value as right of all that the name may mean, or of the devices beside; None if it is not."""
    passage, sentence, quantity, _, who, context = told
    text, mention = passage.text, read.mention
    beside = (
        [each for each in superchips(who.here) if each != mention]
        if is_tied(text, quantity, mention, who)
        else others_beside(text, sentence, quantity, mention, who)
    )
    for keys in (mention.named, [key for each in beside for key in each.ids]):
        gpus = [context.catalogue[key] for key in keys]
        found = told.verdict(read.attribute, gpus) if gpus else None
        if found and found.verdict == "confirmed":
            return read._replace(gpus=gpus, found=found)
    return None


def _is_excused(told: _Told, read: _Read) -> bool:
    """Whether a wrong value is a sum of what some devices have, or its accusation is withheld."""
    passage, sentence, quantity, _, who, context = told
    attribute, mention, gpus, _ = read
    # "Memory is 1,920 GB": of the accelerators that the sentence before counts.
    own = mention in who.here or _OF_EACH.match(sentence.text)
    beside = sentence.text if own else passage.text[: sentence.end]
    return (
        is_sum(quantity.value, attribute, gpus, beside)
        or is_of_several(passage.text, sentence, quantity)
        or is_withheld(passage, sentence, quantity, attribute, mention=mention, who=who, context=context)
    )


#: Between a value of one device and the other one that it is set against: "its price of $599 undercut the".
_AGAINST = re.compile(
    r"\b(?:undercut\w*|beat(?:s|ing)?|match\w*|exceed\w*|surpass\w*|top(?:s|ped)|outdo\w*|trail\w*|"
    r"rival\w*|approach\w*|f[ae]lls? short of|compare[sd]? (?:to|with)|puts? it (?:above|below))\s+"
    r"(?:(?:those?|that|what) (?:of|from)\s+)?"
    r"(?:(?:the|an?|even|both|nvidia\S*|amd\S*|intel\S*)\s+)*$",
    re.IGNORECASE,
)


def _is_set_against(text: str, quantity: Quantity, mention: Mention) -> bool:
    """Whether a device stands behind a value as what that of another one is set against."""
    return quantity.end <= mention.start and _AGAINST.search(text, quantity.end, mention.start) is not None


#: What a chip has whole, and a device but a part of.
_OF_CHIPS = ("sms", "cores", "tensor_cores", "rt_cores", "l2")

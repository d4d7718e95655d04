"""Sentences of a passage: of which device they speak, and when a figure is not a device's own."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol, TypeVar

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.patterns import MANY
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context

#: What ends a sentence; marks of notes may stand behind it: "in 2020.[3][5] The".
_END = re.compile(
    r"[.!?](?:[\"'\u201d\u2019)]{0,2})(?:\[\d{1,3}\]){0,5}(?=\s+[\"'\u201c(]?"
    r"(?:[A-Z0-9\u0590-\u06ff]|(?:llama\.cpp|vLLM|nvidia-smi|bitsandbytes|xFormers|ollama|exllama)\b))|"
    # Scripts without capitals; the question mark of Arabic.
    r"[.!](?=\s+[\u0900-\u0dff\u0e00-\u0e7f])|\u061f|"
    r"[;\n\u3002\uff1b\uff01\uff1f]"
)
_SHORTENED = re.compile(r"(?:\b(?:vs|e\.g|i\.e|approx|ca|Dr|No|Inc|Corp|etc)|(?<!\d )(?<!\d)\b[A-Z])$")
#: Behind "No.", where it answers and numbers nothing.
_NO_NUMBER = re.compile(r"\s+(?!\d)")
#: No slots, which are the device's own: "occupies two slots", "needs a single slot".
NO_SLOTS = (
    r"(?!\s+(?:only\s+|just\s+)?(?:one|two|three|four|a single|\d)\s+(?:full\s+|whole\s+|free\s+)?slots?\b)"
)
#: Words of a sentence whose figures are not those of one device by itself.
_GUARD = re.compile(
    rf"\b(?:requir\w*|necessitat\w+|necesita|requiere|n\u00e9cessite|needs?{NO_SLOTS}|needed|"
    r"at least|minimum|recommend\w*|"
    r"consum(?:es?|ing)\s+(?:about|around|over)|"
    rf"occup\w+{NO_SLOTS}|footprint|weights?|"
    r"parameters?|models? (?:of|with|up to|larger|that|size)|dataset\w*|"
    r"models? (?:is|are|weighs?|takes?) (?:about |only |some |roughly )?(?=\d)|"
    r"fits? (?:in|on|into|within)|leav\w+|extra|additional|system (?:memory|ram)|host|cpu|"
    r"dgx|hgx|per node|node|nodes|cluster|pod|rack|server with|combined|total(?:ing|ling)?|together|"
    r"aggregate|pooled?|across|slices?|instances?|mig|virtual|under load|idle|drew|our tests?|we saw|"
    r"vollst\w+|im vollausbau|"
    r"full (?:g\w\d{3}|ad\d{3}|die|chip|configuration|implementation)|in full|fully[- ]enabled|"
    r"measured|reached|achieved|sustained|ran at|mfu|mods?|modded|modified|usage|use (?:was|is)|average[sd]?|"
    r"plus (?=\d+ ?W\b)|"
    r"observed|peaks? at(?! [\d.,]+ [TP](?:FL)?OPS)|users?|allocat\w+|reserve\w*|"
    r"(?:per|each|every) (?:sm|core|user|stack|pin|link|watt|dollar|gigabyte)|"
    r"each(?!\s+(?:[A-Z]+\d|RTX|GTX))(?!,? (?:with|"
    r"has|having|good for|offering|packing|"
    r"delivering|providing|carrying|boasting|rated))|every|future|rumou?r\w*|expected|if|would|could|"
    r"unless|not|will do|suffices?|(?:is|are) (?:just )?enough|"
    r"(?:two|three|four|six|eight) of (?:them|these|those)|"
    r"that (?:is|makes|leaves|gives)(?= (?:about |roughly |only |just )?[\d~])|"
    r"pourrai\w*|devrai\w*|pr\u00e9di\w+|rumeurs?|k\u00f6nnten?|ger\u00fccht\w*|podr\u00eda\w*)\b",
    re.IGNORECASE,
)


#: Characters of an item beside the name of a device that it heads the text below by.
_BESIDE_NAME = 10


#: Characters of a question that heads its answer: "What about the 3090 Ti?".
_QUESTION = 60
#: What stands beside the name of a device in a line that is nothing else.
_NOTHING_ELSE = re.compile(
    r"(?:\W|\d\.|(?:nvidia|amd|intel|the|geforce|radeon|tesla|quadro|instinct|generation|gpu|graphics card|"
    r"desktop|laptop|mobile|notebook|specs|specifications|technical data|details|overview|data ?sheet|"
    r"technische daten|datenblatt)\b)*",
    re.I,
)
_COMPARES = re.compile(r"\b(?:vs\.?|versus|compared|or|and|to|through)\b", re.IGNORECASE)


_ITS = re.compile(r"\s*(?:It|Its)\b")


class Sentence(NamedTuple):
    """A sentence of a passage: its place in the passage's text."""

    start: int
    end: int
    text: str


class Placed(Protocol):
    """What stands at a place of a text."""

    @property
    def start(self) -> int:
        """Where it begins."""


_Placed = TypeVar("_Placed", bound=Placed)


def within(found: Sequence[_Placed], start: int, end: int) -> Sequence[_Placed]:
    """Those of some finds, in order, that begin in a stretch of the text."""
    first = bisect_left(found, start, key=_START)
    return found[first : bisect_left(found, end, first, key=_START)]


_START = attrgetter("start")


@lru_cache(maxsize=MANY)
def has_digit(text: str) -> bool:
    """Whether a text has a figure in digits, which every kind of claim on amounts asks first of all."""
    return any(map(str.isdigit, text))


@lru_cache(maxsize=MANY)
def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of a text."""
    return tuple(_sentences(text))


def sentence_at(text: str, at: int) -> Sentence | None:
    """The sentence that a place of a text is in; None between two, and behind the last."""
    every = sentences(text)
    index = bisect_right(every, at, key=_ENDS)
    return every[index] if index < len(every) and every[index].start <= at else None


def one_before(text: str, start: int) -> tuple[Sentence, ...]:
    """The sentence before one that begins at a place; none before the first."""
    every = sentences(text)
    count = bisect_right(every, start, key=_ENDS)
    return every[max(0, count - 1) : count]


_ENDS = attrgetter("end")


def _sentences(text: str) -> Iterator[Sentence]:
    at = 0
    for match in _END.finditer(text):
        short = match[0] == "." and _SHORTENED.search(text, max(at, match.start() - 8), match.start())
        if short and not (text[at : match.start()].strip() == "No" and _NO_NUMBER.match(text, match.end())):
            continue
        yield Sentence(at, match.end(), text[at : match.end()])
        at = match.end()
    if text[at:].strip():
        yield Sentence(at, len(text), text[at:])


#: What one of several has is what the device has, "Each of those cards had 32 GB"; what may follow "each".
OF_THOSE = (
    r"(?: (?:one|card|gpu|board|module)|(?: one)? of (?:them|these|those|the)"
    r"(?: (?:cards|gpus|boards|modules))?)?"
)
_EACH_HAS = re.compile(rf"\bEach{OF_THOSE}(?= (?:has|had|draws|offers|comes|carries|delivers|packs)\b)")


def guarded(text: str) -> bool:
    """Whether a stretch of text says that its figures are a need, a sum, a share or a reading."""
    return _GUARD.search(_EACH_HAS.sub(" ", text)) is not None


def about(index: int, passage: Passage, context: Context) -> Sequence[Mention]:
    """The one device that a passage without a name speaks of; see `topic`."""
    return topic(index, passage, context)[0]


def topic(index: int, passage: Passage, context: Context) -> tuple[Sequence[Mention], bool]:
    """What `_topic` says, remembered: every sentence of a passage asks."""
    known: dict[int, tuple[Sequence[Mention], bool]] = context.memo.setdefault("topics", {})
    if index not in known:
        found, certain = _topic(index, passage, context)
        if not found and passage.kind == "item" and (only := _only(context)):
            # A data sheet that names its device only above its headings.
            found, certain = only, False
        known[index] = found, certain
    return known[index]


def _topic(index: int, passage: Passage, context: Context) -> tuple[Sequence[Mention], bool]:
    """The one device that a passage without a name speaks of, and whether that is certain.

    It is that of the line that introduces its list, else of its heading, else of the title; of the text
    under the same heading before it, it is likely.
    """
    passages = context.document.passages
    in_table = _prose_of_tables(context).get(passage.start)
    if in_table is not None:
        return in_table, True
    from whichgpu.audit.devices.roles import owned

    if passages[index].kind == "item" and _ITS.match(passages[index].text) and index:
        # "- The RTX 5090 has 32 GB" and then "- Its bandwidth".
        before = owned(passages[index - 1].text, context.mentions.get(index - 1, ()))
        if passages[index - 1].kind == "item" and before:
            return _single(before[:1]), True
    nearest: Sequence[Mention] = ()
    for back in range(index - 1, max(index - 25, -1), -1):
        found = context.mentions.get(back, ())
        if passages[back].kind == "heading":
            if found:
                return _single(found), True
            break
        heads = () if not found and _leads_to_model(back, index, context) else _heads(back, context)
        if heads is not None:
            turned = nearest and not any({*each.ids} & {*one.ids} for each in heads for one in nearest)
            # A paragraph in between that speaks of another device is nearer.
            return (_single(nearest), False) if turned else (heads, True)
        if passages[back].kind == "paragraph" and found and _lists_it(back, index, context):
            return _single(owned(passages[back].text, found)), True
        if passages[back].kind == "paragraph" and found:
            # The nearest that speaks of a device; where it speaks of several, none is likely.
            nearest = nearest or owned(passages[back].text, found)
    likely = _single(nearest)
    return likely or _titled(index, passage, nearest, context), not likely


def _leads_to_model(back: int, index: int, context: Context) -> bool:
    """Whether a passage is in a list right below the name of a network: "Mistral 7B:", "- FP16: 14 GB"."""
    from whichgpu.audit.text.models import models

    passages = context.document.passages
    lead = passages[back].text.rstrip("* ")
    if passages[back].kind != "paragraph" or not lead.endswith(":") or len(lead) > _LABEL:
        return False
    return all(each.kind == "item" for each in passages[back + 1 : index + 1]) and bool(models(lead))


def _titled(index: int, passage: Passage, nearest: Sequence[Mention], context: Context) -> Sequence[Mention]:
    """The one device of the title, unless paragraphs on others stand between it and a passage.

    Of which of several a text then goes on is not known. A heading of another device ends the title's part.
    """
    title = context.document.title
    own = passage.text.startswith(title)
    found = () if own or _COMPARES.search(title) else _single(list(mentions(title, context.catalogue)))
    named = {key for each in nearest or _last_headed(index, context) for key in each.ids}
    return found if not named or any(named & {*each.ids} for each in found) else ()


def _last_headed(index: int, context: Context) -> Sequence[Mention]:
    """The devices of the last heading before a passage that names any."""
    headings = context.memo.get("headings of devices")
    if headings is None:
        passages = context.document.passages
        headings = [at for at in sorted(context.mentions) if passages[at].kind == "heading"]
        context.memo["headings of devices"] = headings
    count = bisect_left(headings, index)
    return context.mentions[headings[count - 1]] if count else ()


def _only(context: Context) -> Sequence[Mention]:
    """The one device that a whole document names, of which its lists then are; none beside others."""
    if "only device" not in context.memo:
        found = [each for named in context.mentions.values() for each in named]
        context.memo["only device"] = found[:1] if len({each.named for each in found}) == 1 else ()
    only: Sequence[Mention] = context.memo["only device"]
    return only


def _lists_it(back: int, index: int, context: Context) -> bool:
    """Whether a passage is one of a list of attributes right below a paragraph on one device."""
    from whichgpu.audit.devices.roles import owned
    from whichgpu.audit.values.attributes import named

    passages = context.document.passages
    if any(each.kind != "item" for each in passages[back + 1 : index + 1]):
        return False
    label, mark, _ = passages[index].text.partition(":")
    if not mark or len(label) > _LABEL or not named(label):
        return False
    first = next((at + 1 for at in range(back, -1, -1) if passages[at].kind == "heading"), 0)
    told = [
        each
        for at in range(max(first, back - _PARAGRAPHS), back + 1)
        for each in owned(passages[at].text, context.mentions.get(at, ()))
    ]
    return bool(_single(told))


_LABEL, _PARAGRAPHS = 40, 8


#: A few words and the devices that they stand for.
_IN_BRACKETS = re.compile(r"[^():;.,\uff08]{2,40}[(\uff08][^()\uff08\uff09]{2,60}[)\uff09]\W*")


def _heads(index: int, context: Context) -> Sequence[Mention] | None:
    """The device that a passage heads what follows by: its name alone, or "the A100 has:"; else None."""
    from whichgpu.audit.devices.roles import owned

    one, found = context.document.passages[index], context.mentions.get(index, ())
    if not found or one.kind not in ("paragraph", "item"):
        return None
    if one.kind == "item" and _IN_BRACKETS.fullmatch(one.text) and found[0].start > one.text.find(" "):
        # "2. Ampere (A100, A800)" is of both, and nothing below it of what heads the item before it.
        return _single(found)
    if _is_name(index, context):
        # Two names above one another head columns, not what stands below.
        return () if _is_name(index - 1, context) or _is_name(index + 1, context) else _single(found)
    before_list = index + 1 < len(context.document.passages) and (
        context.document.passages[index + 1].kind == "item"
    )
    if before_list and _NOTHING_ELSE.fullmatch(one.text.replace(found[0].text, "", 1)):
        # A line of bold type that is no heading.
        return _single(found)
    asks = one.text.rstrip("* ").endswith("?") and len(one.text) < _QUESTION
    own = owned(one.text, found) if asks or one.text.rstrip("* ").endswith(":") else []
    # "It draws 700 W in the SXM5 version. The H100 delivers:" heads by what it ends with.
    last = [each for each in own if each.start >= sentences(one.text)[-1].start]
    return _single(last or own) if own else None


def _is_name(index: int, context: Context) -> bool:
    """Whether a passage is an item, or a line of its own, that is nothing but the name of a device."""
    found = context.mentions.get(index, ())
    passages = context.document.passages
    if not found or not 0 <= index < len(passages):
        return False
    one = passages[index]
    return one.kind in ("item", "paragraph") and len(one.text) - len(found[0].text) < _BESIDE_NAME


def _prose_of_tables(context: Context) -> Mapping[int, Sequence[Mention]]:
    """What the sentences in the cells of tables are about: what heads their row, else their column."""
    if "prose" not in context.memo:
        found: dict[int, Sequence[Mention]] = {}
        running = {passage.start for _, passage in context.document.running()}
        for table in context.document.tables:
            for row in table.rows:
                for column, cell in enumerate(row):
                    if cell is not None and cell.start in running:
                        heads = (row[0] if column else None, table.cell(0, column))
                        named = (
                            _single(list(mentions(head.text, context.catalogue))) for head in heads if head
                        )
                        found[cell.start] = next((each for each in named if each), ())
        context.memo["prose"] = found
    known: Mapping[int, Sequence[Mention]] = context.memo["prose"]
    return known


def _single(found: Sequence[Mention]) -> Sequence[Mention]:
    return found if len({mention.named for mention in found}) == 1 else ()

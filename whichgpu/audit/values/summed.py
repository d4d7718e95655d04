"""What several devices have together, by the number before their name: "four L4s draw 288 W"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.tables.variants import finding_on, verdict_on
from whichgpu.audit.text.counting import counted
from whichgpu.audit.text.roundings import stated
from whichgpu.audit.values.attributes import RATES
from whichgpu.audit.values.grounds import MEASURED
from whichgpu.audit.values.worked_out import OF_ALL
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute

#: Behind a size, or a power, that can be of nothing but the GPUs.
_OF_GPUS = re.compile(
    r"\s+(?:of\s+)?(?:gpu (?:memory|power)|vram|hbm)|\s+for the (?:gpus|cards|boards|accelerators)",
    re.IGNORECASE,
)
#: Of machines that each have several.
_NODES = re.compile(r"\b(?:nodes|servers|machines|boxes|systems|racks|instances)\b", re.IGNORECASE)
#: What draws more than its GPUs do.
_BOX = re.compile(
    r"\b(?:node|server|machine|box|system|chassis|rig|rack|pc|workstation|instance|build|psu|"
    r"serveur|rechner|maschine|servidor|"
    r"power supply|supplies|circuit|outlet)(?:s|es)?\b",
    re.IGNORECASE,
)
#: What draws less than it may: at rest, or held back by whoever owns it.
_HELD_BACK = re.compile(
    r"\b(?:idle|idles|idling|at rest|stand-?by|asleep|sleeping|doing nothing|au repos|en veille|im leerlauf|"
    r"en reposo|a riposo|power[- ]limit\w*|limit(?:ed|ing)|capp(?:ed|ing)|undervolt\w*|throttl\w*|gedrosselt|"
    r"begrenzt|limit\u00e9e?s?|brid\u00e9e?s?|limitad[ao]s?)\b",
    re.IGNORECASE,
)
_LINKED = re.compile(
    r"\b(?:connect\w*|link\w*|interconnect\w*|nvlink|between|all-?reduce|all-?gather|busbw|algbw|nccl|rccl|"
    r"collective\w*)\b",
    re.IGNORECASE,
)
_TOGETHER = re.compile(
    r"\b(?:zusammen|insgesamt|au total|ensemble|en total|juntos|combined|total|together|aggregate|pooled?|"
    r"in all|altogether)\b",
    re.IGNORECASE,
)
#: Between so many devices and what they have: "eight H100 have 640 GB", "two A6000s bridged hold 96 GB".
_VERB = (
    r"(?:has|have|offers?|provides?|gives?(?: you)?|brings?|draws?|needs?|consumes?|come to|makes?|holds?|"
    r"takes?|pull)"
)
_HAVE = re.compile(
    r"s?(?:\s+(?!(?:per|each|than|while|which|whose|like|unlike|single|with|against|versus|vs)\b)[\w-]+){0,4}?\s+"
    rf"(?:(?:{_VERB}|with)\s+[\d.,]+\s?[GT]B\s+(?:of [\w ]{{2,12}} )?(?:and|at)\s+)?(?:{_VERB}\s+)?"
    r"(?:a total of\s+|about\s+|around\s+|roughly\s+|just\s+|only\s+)?",
    re.IGNORECASE,
)
#: Behind a value, that each has it, or the machine around them.
_OF_EACH = re.compile(
    r"\s*(?:,\s*)?(?:each|apiece|per\b|(?:of )?(?:system |host |cpu )?(?:ram|ddr\w*)\b)", re.IGNORECASE
)
#: More of one are of several machines; and how far a sum may be off, as a share: one that is told
#: in terabytes, and one that is told in full.
_A_NODE, _ROUNDED_SUM, _TOLD_SUM = 16, 0.1, 0.04
#: A share of what all draw, below which they cannot do their work.
_LEAST = 0.9
_SO_MANY_OF = (
    r"\w+\s+(?P<what>(?:\w+\s+){0,2}?(?:modules|cards|gpus|boards|accelerators|chips|of them)\b"
    r"|(?:have|hold|draw|need|give|make)\b)"
)
#: Behind a size that is the machine's, where its processors stand before it.
_OF_HOST = re.compile(r"\s*(?:of\s+)?(?:(?:system|host|main)\s+)?(?:ram|memory|ddr\d)\b", re.IGNORECASE)
_CPUS = re.compile(r"\bv?cpus?\b|\bprocessors?\b|\b(?:xeon|epyc)\b", re.IGNORECASE)
#: At the beginning of a sentence, or of a clause: "Two of them draw less, and four have".
_MODULES = re.compile(rf"\s*(?:With\s+|Together,?\s+)?{_SO_MANY_OF}", re.IGNORECASE)
_AND_MODULES = re.compile(rf"[,;]\s+(?:and|but|while|whereas)\s+{_SO_MANY_OF}", re.IGNORECASE)


#: What several have together, as they are held against it; a rate is only confirmed.
_SUMMED = ("memory", "bandwidth", "power", "cores", "tensor_cores")


class _Sum(NamedTuple):
    """A value that several devices may have together, where it stands."""

    text: str
    sentence: Sentence
    quantity: Quantity
    attribute: Attribute
    mention: Mention
    number: float
    #: What one of them has, by what the name may mean.
    known: tuple[float, ...]


def together(
    passage: Passage, sentence: Sentence, quantity: Quantity, attribute: Attribute, *, mention: Mention,
    who: Spoken, context: Context,
) -> Finding | None:  # fmt: skip
    """The verdict on what several devices have together; None where one alone is spoken of."""
    inside = sentence.start <= mention.start and mention.end <= quantity.start
    count = (
        counted(passage.text, sentence.start, mention.start)
        if inside
        else _so_many(sentence.text[: quantity.start - sentence.start])
    )
    linked = attribute.key == "bandwidth" and _LINKED.search(sentence.text)
    rate = attribute.dimension in RATES
    if linked or count < 2 or not (rate or attribute.key in _SUMMED):
        return None
    gpus = [context.catalogue[key] for key in mention.ids]
    shared = quantity._replace(value=quantity.value / count)
    found = verdict_on(passage.text, shared, attribute, gpus, said=frozenset(), context=context)
    if found.verdict == "confirmed":
        why = f"{count:g} times {found.evidence[0].text}" if found.evidence else found.because
        return finding_on(
            passage, quantity, attribute, gpus, found=found._replace(because=why), context=context
        )
    # "48 GB: two P40s (380)": in what a number without a unit is, nothing says.
    bare = attribute.key == "memory" and passage.text[quantity.start : quantity.end].isdigit()
    if rate or bare or _is_of_list(passage.text, sentence, quantity, who):
        return None
    if attribute.key == "memory" and is_of_host(passage.text, mention.end, (quantity.start, quantity.end)):
        return None
    known = tuple(float(gpu.value(attribute.fields[0]) or 0) for gpu in gpus)
    one = _Sum(passage.text, sentence, quantity, attribute, mention, count, known)
    sure = _is_told_of_all(one) or (mention in who.here and _is_had(one))
    sure = sure and not _is_of_machine(one)
    verdict = "contradicted" if sure and found.verdict == "contradicted" else "unverifiable"
    found = found._replace(verdict=verdict, expected="", because=f"for {count:g} of them: {found.because}")
    answer = finding_on(passage, quantity, attribute, gpus, found=found, context=context)
    return answer._replace(attribute=f"{attribute.key}{OF_ALL}")


def _is_told_of_all(one: _Sum) -> bool:
    """Whether words or marks say that a value is what several devices have together."""
    text, quantity = one.text, one.quantity
    whole = one.attribute.key == "memory" and _OF_GPUS.match(text, quantity.end)
    marks = r"s?\s*[(=,:]\s*" if whole else r"s?\s*[(=]\s*"
    gap = text[one.mention.end : quantity.start]
    return bool(_TOGETHER.search(one.sentence.text) or re.fullmatch(marks, gap))


def _is_had(one: _Sum) -> bool:
    """Whether several devices are said to have a value that is further off than rounding goes."""
    text, quantity = one.text, one.quantity
    digits = stated(quantity.value, text[quantity.start : quantity.end], "", frozenset())
    rounded = _ROUNDED_SUM if digits.is_round else _TOLD_SUM
    apart = all(abs(quantity.value / one.number / each - 1) > rounded for each in one.known if each)
    have = _HAVE.fullmatch(text[one.mention.end : quantity.start]) is not None
    return have and apart and one.number <= _A_NODE and not _OF_EACH.match(text, quantity.end)


def _is_of_machine(one: _Sum) -> bool:
    """Whether a value may be of the machines that devices are in: of nodes, or more power than they draw."""
    told = one.sentence.text
    if _NODES.search(one.text, one.sentence.start, one.mention.start):
        return True
    if one.attribute.key != "power" or _OF_GPUS.match(one.text, one.quantity.end):
        return False
    # A machine draws more than its GPUs do, and not less.
    enough = any(one.quantity.value > _LEAST * one.number * each for each in one.known if each)
    return bool((enough and _BOX.search(told)) or MEASURED.search(told) or _HELD_BACK.search(told))


def _is_of_list(text: str, sentence: Sentence, quantity: Quantity, who: Spoken) -> bool:
    """Whether several of several devices are listed before a value: "six 3090s and four T4s, 272 GB"."""
    before = [each for each in who.here if sentence.start <= each.start and each.end <= quantity.start]
    counts = [counted(text, sentence.start, each.start) for each in before]
    return (
        sum(count > 1 for count in counts) > 1
        and _AND_ALL.fullmatch(text, before[-1].end, quantity.start) is not None
    )


#: Between a list of devices and what all of it has.
_AND_ALL = re.compile(
    r"s?\)?\s*(?:[,:=(]|\u2013|\u2014|-|,? (?:so|in all|together|with|that is|making))\s+(?:so |in all |"
    r"together |making )?"
)


def is_of_host(text: str, since: int, place: tuple[int, int]) -> bool:
    """Whether a size is the machine's, whose processors stand before it: "208 vCPUs and 1,872 GB of RAM"."""
    return _OF_HOST.match(text, place[1]) is not None and _CPUS.search(text, since, place[0]) is not None


def _so_many(text: str) -> float:
    """How many of what the text is about a clause begins with, the last one: "Eight SXM5 modules have"."""
    begins = [match for match in (_MODULES.match(text), *_AND_MODULES.finditer(text)) if match]
    numbers = [counted(text, match.start(), match.start("what")) for match in begins]
    return next((number for number in reversed(numbers) if number > 1), 1.0)

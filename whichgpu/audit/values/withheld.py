"""Where a value of a sentence that is not the device's is no accusation: it may be of something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.values import IN_THAT
from whichgpu.audit.devices.roles import spoken, turned_from
from whichgpu.audit.tables.variants import is_right
from whichgpu.audit.text.sentences import Sentence, guarded, one_before
from whichgpu.audit.values.attributes import CHIP, Attribute
from whichgpu.audit.values.fields import ITS_OWN, OF_CHIPLETS, headed
from whichgpu.audit.values.instead import namesakes
from whichgpu.audit.values.listed import FORM, is_list
from whichgpu.audit.values.nearest import APART
from whichgpu.audit.values.no_value import MODIFIED
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity

#: Characters behind a value in a list that may say what it is: "(640 GB total)".
_AFTER = 8
#: Digits that two devices have by chance no longer.
_TELLING = 3
#: Characters of a list item that is nothing but a value and its attribute.
_SHORT = 80
#: Watts that are more than any one device takes.
_OF_A_MACHINE = 2_500.0
#: Words beside a rate or a size that is not the device memory's.
_ELSEWHERE = re.compile(
    r"(?<!\bno )(?<!without )\b(?:cache|infinity|bridge\w*|nvlink|pcie|pci express|interconnect|"
    r"fabric|infiniband|ethernet|network|switch|nccl|(?:bus|algorithm)(?= bandwidth\b)|"
    r"disk|ssd|nvme|coherent|lpddr\w*|system|host|swap|usage|used(?!\)))\b",
    re.IGNORECASE,
)
#: The form of a card is no link: "(PCIe)", "the A100 in its PCIe form moves".
_IN_FORM = re.compile(
    rf"\((?:PCIe|SXM|NVL)\d?\)|{FORM}|"
    r"\bfor (?:PCIe|SXM|NVL)\d?\b(?=\s*(?:[.,;:)]|(?:has|is|comes|offers|with|follows)\b))",
    re.IGNORECASE,
)
#: Precisions that are spoken of by themselves: "TF32 alone gives 156 TFLOPS".
_ITS = re.compile(
    r"\s*(?:it|its|this|the (?:card|gpu|chip|part|board|accelerator|module)|sie|er|ihre?|elle|il|sa|su)\b",
    re.IGNORECASE,
)
#: "And this memory has a bandwidth of 33 TB/s": of what the text before is about, which is no device.
#: "The AD104 chip offers a maximum of 7,680 shaders": of the whole chip.
_OF_CHIP = re.compile(
    rf"{CHIP.pattern}(?:[^.;,]{{0,60}}\b(?:maximum|full|complete|whole|up to|max\.?)\b"
    r"|\s+(?:chip|die|silicon|gpu)\s+(?:packs|has|contains|houses|carries|offers|comes with|counts|"
    r"features)\b)"
    # "Das volle Potenzial der GB202-GPU umfasst 192 SMs".
    rf"|\b(?:full|whole|complete|entire|voll\w*|ganz\w*|complet\w*|"
    rf"enti[e\u00e8]re?)\b[^.;,\d]{{0,30}}{CHIP.pattern}",
    re.IGNORECASE,
)
_THAT_MEMORY = re.compile(r"\b(?:this|that|these|such) (?:memory|cache|pool|link|bandwidth)\b", re.IGNORECASE)
#: Words of a price of today, which is none of the launch.
_STREET = re.compile(
    r"\b(?:street|used|second[- ]hand|currently|today|now|retail\w*|ebay|amazon|scalp\w*|above|below)\b", re.I
)
#: Between a value and a device in brackets behind it.
_OTHER_BEHIND = re.compile(r"[^.;()\d]{0,12}\((?:on\s+|for\s+)?(?:the\s+|an?\s+)?", re.IGNORECASE)
#: Behind an amount that is what two prices differ by: "$50 cheaper at launch".
_DIFFERS = re.compile(r"\s+(?:cheaper|dearer|pricier|costlier|less|more|below|above)\b", re.IGNORECASE)
#: "It goes from 450 W to 150 W": what it was, and what it is in another form.
_FROM_TO = re.compile(
    r"\b(?:go(?:es)?|went|cut|reduced|shr[iau]nks?|drop(?:s|ped)?|down|scaled|dials?|"
    r"falls?)\b[^.;]{0,25}\bfrom\b[^.;]*\bto\b",
    re.IGNORECASE,
)
#: Before a value in brackets that is the other's: "73 % higher (1,555 against".
_OTHERS = re.compile(
    r"\([^()]*\d[^()]*(?:\b(?:against|versus|vs\.?|compared (?:to|with)|gegen\u00fcber|contre)|"
    r"/)\s*[$\u20ac]?$",
    re.IGNORECASE,
)
#: Behind a value of a device that is called by its maker or its line: "122.8 TFLOPS for the Radeon".
_FOR_OTHER = re.compile(
    r"\s+(?:for|on|from|with)\s+(?:the|AMD[\u2019']s|NVIDIA[\u2019']s|Intel[\u2019']s)\s+(?:Radeon|"
    r"GeForce|Instinct|Quadro|Tesla|Arc|"
    r"AMD|NVIDIA|Intel|red|green|Mac|laptop|desktop)\b(?!\s+(?:RTX|RX|GTX|Pro|MI)?\s?\d)"
    rf"|{IN_THAT.pattern}",
    re.IGNORECASE,
)
#: Right before a value that is another's: "700 W, against 450 W".
_AGAINST = re.compile(
    r"\b(?:against|versus|vs\.?|than|instead of|rather than|compared (?:to|with)|(?:up|down) from|"
    r"gegen\u00fcber|gegen|statt|anstelle von|contre|au lieu de|face \u00e0|frente a|en (?:lugar|vez) de|"
    r"rispetto a|invece di|contro)\s+"
    r"(?:the\s+|a\s+|only\s+|just\s+|about\s+|nur\s+|seulement\s+|solo\s+)?$",
    re.IGNORECASE,
)
#: Before the last of several sizes: "8 or 16 GB".
_OR_SO = re.compile(r"(?<![A-Za-z\d])(\d{1,3})(?:\s?GB)?\s*(?:or|and|/|oder|ou|o)\s*$")
#: How far before a rate the share that is told of it can begin.
NEAR = 24
#: What a value is good for, behind it: no more words of the value itself.
_PURPOSE = re.compile(
    r",?\s(?:which (?:allows?|makes?|lets?|enables?|is)|allowing|making|enabling|so (?:that|you|it)|"
    r"meaning|ideal|perfect|"
    r"suitable|to (?:handle|run|train|hold|load)|"
    r"(?:is|are|becomes?|remains?) (?:an?|the|its) (?:\w+ )?(?:bottleneck|limit\w*|constraint|ceiling))\b",
    re.IGNORECASE,
)
#: "A big step after two generations in 28 nm"; what was planned and is not.
_AFTER_OTHERS = re.compile(
    r"\b(?:after|before)\s+(?:[\w-]+\s+){1,4}(?:in|at|of|with|on)\s+(?:only |just |about )?$", re.IGNORECASE
)
PLANNED = re.compile(
    r"\b(?:(?:had|has|was|were|originally|once) (?:\w+ly )?(?:planned|meant|supposed|rumou?red|announced)|"
    r"unlaunch\w*|cancel\w+|never (?:came|shipped|launched|released|sold))\b",
    re.IGNORECASE,
)
#: Behind a size, what it leaves of the memory; before one, a format that weights are told in.
_IS_USED = re.compile(
    r"[^.;:]{0,24}\b(?:leaves?|leaving|remain\w*)\s+(?:about |only |some |just |around )?\d"
    # "12.8 GB of its 16" are a part of what it has.
    r"|\s+(?:out )?of (?:its|the|those|their) (?:own )?\d",
    re.IGNORECASE,
)
_IN_FORMAT = re.compile(
    r"\b(?:in|at|as|with)\s+(?:FP\d+|BF16|INT\d|NF4|\d[- ]bits?|Q\d\w*)\b[^.;\d]{0,24}$", re.IGNORECASE
)
#: "With 16 GB of weights, the P40 makes 21 tokens a second": what it holds, and not what it has.
_WEIGHTS_BEHIND = re.compile(
    r"\s+of\s+(?:the\s+|its\s+|model\s+)?(?:weights|parameters|activations|gradients|cache|KV)\b",
    re.IGNORECASE,
)
_OF_WEIGHTS = re.compile(r"\b(?:parameters|weights|models?|checkpoint|quanti[sz]\w+)\b", re.IGNORECASE)
#: Where what is said of a value itself ends.
_SAID = re.compile(
    rf"{_PURPOSE.pattern}|[,;:]\s|\s[\u2013\u2014]\s|\b(?:and|but|so|which|while|whereas|because|since|"
    rf"when|as long as|if (?:you|one|anyone) (?:can|could|managed?))\s",
    re.IGNORECASE,
)
#: "5 nm / 6 nm".
_BOTH_NODES = re.compile(r"\d\s?nm\b[^.;,]{0,12}(?:[/+&]|\band\b)[^.;,]{0,12}\d\s?nm\b", re.IGNORECASE)
_PRECISIONS = ("tf32", "bf16", "fp8", "fp4", "int8", "int4")


def is_withheld(
    passage: Passage, sentence: Sentence, quantity: Quantity, attribute: Attribute, *, mention: Mention,
    who: Spoken, context: Context,
) -> bool:  # fmt: skip
    """Whether a wrong value may be said of another device than that of the sentence."""
    if _is_of_variant(passage.text, sentence, mention):
        return True
    # A form of a device that the sentence names is that device here.
    mention = next((each for each in who.here if _is_form(mention, each)), mention)
    sizes = attribute.key == "memory" and _OR_SO.search(passage.text, sentence.start, quantity.start)
    if sizes and not _is_first_right(passage, sizes, mention, who, context):
        return True
    part = attribute.key == "memory" and _is_of_slice(passage.text, quantity, mention, context)
    by_mode = attribute.key in _BY_MODE and _IN_MODE.search(sentence.text)
    if part or by_mode or _doubtful(passage, sentence, quantity, attribute, mention=mention, who=who):
        return True
    if mention in who.here:
        return False
    head = headed(passage, who, context)
    its = (who.certain and ITS_OWN.match(sentence.text) is not None) or head
    sure = its and _SHORTLY.match(sentence.text) and _is_subject(passage, sentence, mention, context)
    if not sure and _of_one_beside(passage, quantity, attribute, mention, context):
        return True
    return not its and _of_one_spoken_of(passage, quantity, attribute, mention, context)


#: What a GPU is cut into, in the sentences before: "the smallest MIG instance. A100 40GB: 5 GB".
_OF_SLICES = re.compile(
    r"\bmig\b|\b(?:slices?|partitions?|instances?) (?:of|size|memory)\b|\bsmallest (?:slice|instance)\b",
    re.IGNORECASE,
)


def _is_of_slice(text: str, quantity: Quantity, mention: Mention, context: Context) -> bool:
    """Whether a size may be that of a part of the device: what the text before is about, and half at most."""
    sizes = [float(context.catalogue[key].value("memory") or 0.0) for key in mention.ids]
    small = any(quantity.value <= size / 2 for size in sizes)
    return small and _OF_SLICES.search(text, 0, quantity.start) is not None


#: What a switch sets: "in Super mode it draws up to 40 W".
_BY_MODE = frozenset({"power", "clock", "clock_boost", "clock_base"})
_IN_MODE = re.compile(
    r"\b(?:super|turbo|performance|overclock\w*|oc|silent|eco|quiet|gaming)[ -]mode\b|\bMAXN\b", re.IGNORECASE
)


def _is_of_variant(text: str, sentence: Sentence, mention: Mention) -> bool:
    """Whether a name is that of two sizes ("4060 Ti 8GB/16GB"), or of what another device was made from."""
    made_from = _A_VARIANT_OF.search(text, sentence.start, mention.start) and _WITH.match(text, mention.end)
    return bool(made_from or _OR_SIZE.match(text, mention.end))


_OR_SIZE = re.compile(r"\s?(?:/|or|and)\s?\d{1,3}\s?GB\b")
#: "The H800, an H100 with 400 GB/s of NVLink": another device, told by one that it was made from.
_A_VARIANT_OF = re.compile(
    r"[A-Z]*\d\w*(?:,| (?:is|was)|,? (?:which|that) (?:is|was))(?:\s(?:essentially|basically|really|just|"
    r"in effect|only))*"
    r"\s(?:an?|another)\s$"
)
_WITH = re.compile(r",?\s(?:with|whose|that has|but|cut|limited|at|which has)\b")


def _is_form(one: Mention, of: Mention) -> bool:
    return (one.start, one.end) == (of.start, of.end) and set(one.ids) <= {*of.ids, *of.named}


#: "The H200 needs 1,000 W."
_NEEDS = re.compile(
    r"\bneeds?\s+(?=(?:up to |about |around |only |just )?\d{2,4}\s?(?:W|"
    r"watts?)\s*(?:[.,;)]|$))|\btotal\s+(?=(?:graphics|board|gpu)\s+power\b)",
    re.IGNORECASE,
)


#: "Two of them can be bridged at", "in an HGX board": how many a link joins is no guard of its rate.
_JOINED = re.compile(
    r"\b(?:(?:two|three|four|six|eight|both) of (?:them|these|those)|[hd]gx|each other|across|together)\b",
    re.IGNORECASE,
)
#: Of an attribute, words that guard other values and not its own.
_SAID_OF_IT = {"power": _NEEDS, "nvlink": _JOINED}


#: A sentence that says one thing of its subject.
_SHORTLY = re.compile(
    r"\s*(?:It(?:(?=[\u2019']s )[\u2019'])?|Its [\w ]{3,20}?|(?:Memory |Peak )?[Bb]andwidth|"
    r"Board power|TDP|TGP) ?(?:is|s|has|needs|draws|comes|offers|runs|costs)\b[^,;]{3,60}[.,;]"
)


def _is_subject(passage: Passage, sentence: Sentence, mention: Mention, context: Context) -> bool:
    """Whether the sentence before is about a device, and others are only set against it there."""
    earlier = one_before(passage.text, sentence.start)
    index = context.place(passage)
    if not earlier or index < 0:
        return False
    who = spoken(index, passage, earlier[0], context)
    if not who.own:
        # "Compared with the 3090 you gain": of what the text is about.
        return who.certain and bool(who.topic) and who.topic[0].named == mention.named
    return all(each.named == mention.named for each in who.own)


def _of_one_beside(
    passage: Passage, quantity: Quantity, attribute: Attribute, mention: Mention, context: Context
) -> bool:
    """Whether a value of a sentence without a name is right of another device of its passage before it."""
    index = context.place(passage)
    named = [each for each in context.mentions.get(index, ()) if each.end <= quantity.start]
    others = {key for each in named for key in each.ids} - set(mention.named)
    return any(is_right(passage.text, quantity, attribute, context.catalogue[key], context) for key in others)


def _of_one_spoken_of(
    passage: Passage, quantity: Quantity, attribute: Attribute, mention: Mention, context: Context
) -> bool:
    """Whether a value is exactly that of another device of the document, which may be what is meant."""
    text = passage.text
    if passage.kind == "item" and len(text) < _SHORT:
        return False
    kin = {one for key in mention.named for one in namesakes(key, context.catalogue)}
    digits = re.sub(r"\D", "", text[quantity.start : quantity.end]).strip("0")
    if len(digits) < _TELLING and attribute.key != "memory":
        return False
    others = (context.catalogue[key] for key in context.spoken_of - kin)
    return any(is_right(text, quantity, attribute, gpu, context) for gpu in others if gpu.confidence != "low")


#: What sets one clause against the one before.
_TURNS = re.compile(r"[,;]\s+(?:while|whereas|but|and)\s+", re.IGNORECASE)


def _is_first_right(
    passage: Passage, sizes: re.Match[str], mention: Mention, who: Spoken, context: Context
) -> bool:
    """Whether the first of several sizes is the device's that has them: "the RTX 3080 with 10 or 16 GB"."""
    if mention not in who.here or not _COMES_IN.fullmatch(passage.text, mention.end, sizes.start()):
        return False
    first = float(sizes[1])
    known = (float(context.catalogue[key].value("memory") or 0.0) for key in mention.named)
    return any(nominal_gb(each) == first for each in known)


_COMES_IN = re.compile(
    r"\s+(?:(?:has|have|comes?|came|is|was|sold|available|offered|ships?|shipped|exists?|either|with|in|at)\s+)+",
    re.IGNORECASE,
)


def _doubtful(
    passage: Passage, sentence: Sentence, quantity: Quantity, attribute: Attribute, *, mention: Mention,
    who: Spoken,
) -> bool:  # fmt: skip
    """Whether a value may be of something else than the device: a need, a sum, another device before it."""
    text, inside = sentence.text, mention in who.here
    before = inside and mention.end <= quantity.start
    against = _AGAINST.search(passage.text, max(sentence.start, quantity.start - NEAR), quantity.start)
    others = against is not None and (before or not inside)
    if (
        others
        or quantity.high != quantity.value
        or _is_guarded(passage, sentence, quantity, attribute, mention=mention, who=who)
    ):
        return True
    first = mention.end if before else sentence.start
    plain = _without_names(passage.text, who.here)
    near = plain[max(first, quantity.start - APART) : quantity.end + APART // 2]
    # "Each of them draws 10.2 kW": no card does.
    machine = not who.here and attribute.key == "power" and quantity.value >= _OF_A_MACHINE
    of_weights = attribute.key == "memory" and (
        _WEIGHTS_BEHIND.match(passage.text, quantity.end) is not None
        or (not who.here and _is_of_weights(passage.text, sentence, quantity))
    )
    if machine or of_weights or _of_something_else(passage, sentence, quantity, attribute, near):
        return True
    needed = attribute.key == "memory" and "(" in passage.text[quantity.end : mention.start]
    if inside and (needed or _is_in_brackets(passage.text, quantity, mention)):
        # "INT8: 70 GB (a single A100)" is what is needed of it.
        return True
    listed = passage.kind == "item" and len(passage.text) < _SHORT
    above = who.certain and passage.text[mention.start : mention.end] == mention.text
    of_it = inside or _ITS.match(text) or listed or above
    if attribute.key in (*_PRECISIONS, "process") and not of_it:
        return True
    if not inside:
        return len(passage.text) > _SHORT and passage.kind != "item" and len(text) > 3 * _SHORT
    between = [each for each in who.own if mention.end <= each.start < quantity.start]
    ended = re.search(r"\.\s", passage.text[mention.end : quantity.start])
    turned = turned_from(passage.text, mention, quantity.start)
    return bool(between or ended or turned) or quantity.start - mention.end > 2 * APART


def _is_guarded(
    passage: Passage, sentence: Sentence, quantity: Quantity, attribute: Attribute, *, mention: Mention,
    who: Spoken,
) -> bool:  # fmt: skip
    """Whether what a clause says around a value makes it no plain statement on the device."""
    text, inside = sentence.text, mention in who.here
    if inside and passage.text[mention.end : quantity.start].strip() == "(":
        return False
    ends = _SAID.search(text, quantity.end - sentence.start)
    said = text[: ends.start()] if ends else text
    # "If you come from an RTX 3090, the jump is larger: it has": what is asked before a colon is no guard.
    said = said[max(said.rfind(": ", 0, max(quantity.start - sentence.start, 0)), 0) :]
    before = inside and mention.end <= quantity.start
    turns = (
        [each.end() for each in _TURNS.finditer(text, 0, mention.start - sentence.start)] if before else []
    )
    # "A pair of A40 needs 600 W, while one RTX 5090 has 32 GB": what is needed is of the other.
    first = turns[-1] if turns and turns[-1] < len(said) else 0
    said = said[first:]
    if before and is_list(passage.text[mention.end : quantity.start]):
        said = passage.text[sentence.start + first : quantity.end + _AFTER]
    return guarded(_SAID_OF_IT[attribute.key].sub(" ", said) if attribute.key in _SAID_OF_IT else said)


def _without_names(text: str, here: Sequence[Mention]) -> str:
    """A text with blanks in the place of names: the "PCIe" of "A100 80GB PCIe" is no link."""
    for each in here:
        if not any(letter.isdigit() for letter in each.text):
            # A form alone may be a slot: "its PCIe 5.0".
            continue
        text = f"{text[: each.start]}{' ' * (each.end - each.start)}{text[each.end :]}"
    return text


def _is_of_weights(text: str, sentence: Sentence, quantity: Quantity) -> bool:
    """Whether a size is told in a format behind weights: "12 billion parameters; in FP8 they are 12 GB"."""
    told_in = _IN_FORMAT.search(text, sentence.start, quantity.start)
    return bool(told_in and _OF_WEIGHTS.search(text, max(0, quantity.start - 2 * APART), quantity.start))


def _is_in_brackets(text: str, quantity: Quantity, mention: Mention) -> bool:
    """Whether a device stands in brackets behind a value with its own: "58.3 TFLOPS (the 3060: 25.5)"."""
    own = _OTHER_BEHIND.fullmatch(text, quantity.end, mention.start)
    return own is not None and re.match(r"s?\s*:", text[mention.end : mention.end + 4]) is not None


def _of_something_else(
    passage: Passage, sentence: Sentence, quantity: Quantity, attribute: Attribute, near: str
) -> bool:
    """Whether the words beside a value say that it is of a link, another chip, a street price or form."""
    text = sentence.text
    several = attribute.key == "process" and (OF_CHIPLETS.search(passage.text) or _BOTH_NODES.search(text))
    return bool(
        several
        or (attribute.key in ("bandwidth", "memory") and _ELSEWHERE.search(_IN_FORM.sub(" ", near)))
        or (attribute.dimension == "money" and _STREET.search(near))
        or (attribute.dimension == "money" and _DIFFERS.match(passage.text, quantity.end))
        or (attribute.key == "memory" and MODIFIED.search(passage.text))
        or (attribute.key == "memory" and _IS_USED.match(passage.text, quantity.end, sentence.end))
        or _AFTER_OTHERS.search(passage.text, sentence.start, quantity.start)
        or PLANNED.search(text, 0, max(quantity.start - sentence.start, 0))
        or _FROM_TO.search(text, 0, max(quantity.start - sentence.start, 0))
        or _THAT_MEMORY.search(text)
        or (attribute.dimension == "count" and _OF_CHIP.search(text, 0, quantity.start - sentence.start))
        or _OTHERS.search(passage.text, sentence.start, quantity.start)
        or _FOR_OTHER.match(passage.text, quantity.end, sentence.end)
        # "3090 @ 280 W": what its owner set.
        or (attribute.key == "power" and passage.text[: quantity.start].rstrip().endswith("@"))
    )

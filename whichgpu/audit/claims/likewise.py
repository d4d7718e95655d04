"""What is said of one device and then of another: "supports FP8, the 3080 Ti does as well"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import is_narrowed, judged
from whichgpu.audit.capable.words import GIVEN_TO, said_in
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import made
from whichgpu.audit.text.quantities import quantities
from whichgpu.audit.text.roundings import stated
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.audit.values.attributes import attributes
from whichgpu.audit.values.capabilities import CAPABILITIES, capability_of
from whichgpu.audit.values.judging import judged as judged_value
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.capabilities import Capability

#: Behind the other device: "does as well", "supports it too".
_TOO = re.compile(
    r"\s*(?:(?:inherited|kept|keeps|retains|retained|introduced|knows|understands|already had|still ha[sd]|"
    r"has|does|handles) (?:it|them|that(?: (?:format|feature|precision|trick|data type|one|connector|"
    r"link|interface|ability|capability|support))?|this|"
    r"those)\b(?=\s*(?:[.,;:)]|$|and\b|but\b|too\b|as\b))|"
    r"can (?:also |just )?be (?:divided|split|partitioned|sliced|carved up|"
    r"cut)\s+(?:up )?(?:in )?(?:exactly |just |"
    r"much )?(?:the same way|likewise|that way|too|as well)|"
    r"(?:supports?|offers?|has|provides?|brings?|shares?)\s+the (?:very )?same (?:feature|capability|"
    r"function|option|ability|trick)\b|"
    r"(?:does|offers?|has|provides?|brings?|gives you|allows?|gets)\s+(?:exactly |just |"
    r"much )?the same(?=\s*(?:[.,;:)]|$|"
    r"too\b|as well\b|here\b))|"
    r"(?:does|do|can do) so(?:,? (?:too|as well|also|likewise))?(?=\s*(?:[.,;:)]|$))|"
    r"(?:offers?|allows?|manages?|gets?|does|makes?) (?:up to |as many as |even )?(?:two|three|four|six|"
    r"seven|eight|[2-8])"
    r"(?: (?:of them|of these|instances|slices|partitions))?(?=\s*(?:[.,;:)]|$))|"
    r"is no different(?: (?:here|there|in this(?: (?:respect|regard))?|in that(?: (?:respect|"
    r"regard))?))?(?=\s*(?:[.,;:)]|$))|"
    r"(?:does|do|did|can(?: do(?: so| it| that| this)?)?|has it|had it|supports? (?:it|this|that|them)|"
    r"offers? (?:it|this|that)|"
    r"has (?:one|this|that)),?\s+"
    r"(?:too|as well|also|likewise)\b|,?\s+(?:too|as well|likewise)\b|\s+also (?:does|did|can|offers?|"
    r"has|supports?)(?:\s+(?:it|this|that|"
    r"one))?\s*(?=[.,;]|$|with\b|via\b|through\b))",
    re.IGNORECASE,
)
#: Behind a device of which the opposite is said: "the A100 does not".
#: Before it: "FP8, just like the", "ECC, unlike on the".
_LIKE = re.compile(
    r",\s+(?:just\s+|much\s+|exactly\s+)?(?P<un>un)?like\s+(?:on\s+|in\s+|with\s+)?(?:the\s+|its\s+|an?\s+|"
    r"nvidia\s+|amd\s+|older\s+|newer\s+)*$",
    re.IGNORECASE,
)
#: "Encodes AV1, just as its predecessor did": before the device, and behind it.
_JUST_AS = re.compile(
    r",\s+(?:just\s+|much\s+|exactly\s+)?as\s+(?:the\s+|its\s+(?:\w+,\s+the\s+)?|nvidia\s+|amd\s+|older\s+|"
    r"newer\s+)*$",
    re.IGNORECASE,
)
_DID = re.compile(
    r"(?:,\s*)?\s*(?:did|does|could|can|ha[sd])(?:\s+(?:too|already|before(?: it)?))?(?=\s*[.,;:)]|$)",
    re.IGNORECASE,
)
_NOT_SO = re.compile(
    r"\s*(?:(?:does|did|do|can|has|is|was)(?:\s+not|n[\u2019']t)(?:\s+(?:have|support|offer|do|get)\s+(?:it|"
    r"that|one|them))?(?:\s+either)?|cannot|(?:lacks?|lacked|lost|loses|"
    r"dropped|drops|misses|gave up) "
    r"(?:it|this|that|them|both)|has none|offers none|omits (?:it|this)|"
    r"(?:gave|gives) (?:it|this|that|them) up(?: again)?)\b"
    r"(?=\s*(?:[.,;:)!]|$|and\b|so\b))",
    re.IGNORECASE,
)
#: Before it: "as does the", "so does the", "neither does the".
_SO = re.compile(
    r"\b(?:(?P<how>as|so|and so|nor|neither)\s+(?:do(?:es)?|did|can|is|ha[sd]|could)|"
    r"the same (?:is (?:possible|true|"
    r"available|the case)|goes|applies|holds|works) (?:with|for|to|of|on)|"
    r"(?:likewise|equally)(?: (?:supported|available|present|there))?,? (?:by|on|with|for|in)|"
    r"\b(?:this|that) (?:also |equally |likewise )?(?:works|goes|holds|applies|is (?:also )?(?:possible|"
    r"available|the case))"
    r"(?: too| as well| just as well)? (?:on|for|with|in))\s+(?:those of\s+)?(?:the\s+|"
    r"an?\s+|two\s+|both\s+|"
    r"four\s+|"
    r"its\s+\w+,?\s+(?:the\s+)?)?(?:nvidia\s+|amd\s+)*$",
    re.IGNORECASE,
)
#: What takes up what was named before it, for a further device: "FP8, which the T4 could do as well".
_WHICH = re.compile(
    r"(?:,|\s[\u2013\u2014-]|\()\s*(?:(?P<all>all|both|none|neither) of (?:which|that)|which(?! is)|"
    r"(?:which is )?something(?: that| which)?|"
    r"an? (?:[\w-]+\s){0,2}(?:feature|capability|trick|format|precision|luxury|thing|data type|type|"
    r"extra|option|ability|"
    r"function|perk)s?(?: that| which)?|(?:one )?that|features|formats|capabilities)\s+(?:(?P<with>(?:it|"
    r"they) (?:shares?|has in common) with)\s+)?(?:even\s+|only\s+|already\s+|neither\s+)?(?:the\s+|"
    r"its\s+|its predecessor,?\s+(?:the\s+)?)?(?:nvidia\s+|amd\s+|nvidia[\u2019']s\s+|amd[\u2019']s\s+|"
    r"older\s+|newer\s+|cheaper\s+|"
    r"(?:pascal|volta|turing|ampere|ada|hopper|blackwell)[\u2019']s\s+|old\s+|new\s+|plain\s+|big\s+|"
    r"little\s+|mighty\s+)*$",
    re.IGNORECASE,
)
_DOES = re.compile(
    r",?\s+(?:already\s+|also\s+|still\s+|simply\s+|sadly\s+|has\s+(?=dropped|lost|"
    r"gained))*(?:(?P<not>(?:can|could|does|did|do)(?:not|\s+not|n[\u2019']t)(?:\s+(?:do|have|support|"
    r"offer))?|"
    r"lacks?|lacked|misses|missed|omits?|omitted|lost|loses|dropped|drops|gave up|does without|never "
    r"(?:had|got|supported))|(?:has|had|does|did|do|can|could|can do|could do|"
    r"supports?|supported|offers?|offered|introduced|pioneered|debuted|brought|gained|got|gets|received|"
    r"provides?|handles|handled|retains|kept|keeps|shares)"
    r"(?:\s+(?:too|as well|already|just fine|equally))?)\b(?=\s*(?:either|too|as "
    r"well|already|natively|in\b|with\b|via\b|just|[,.;:)]|$|and\b|but\b))",
    re.IGNORECASE,
)
#: What two of a device are joined by.
_JOINS = re.compile(
    r"\bNVLink\s+(?:bridges?\s+|connectors?\s+)?(?:connects?|joins?|links?|bridges?|pairs?)\s+(?:the\s+|"
    r"up to\s+)?"
    r"(?:two|three|four|several|pairs of|\d)\s+(?:of the\s+)?(?:nvidia\s+)?$",
    re.IGNORECASE,
)
_ARE_JOINED = re.compile(
    r"\s*(?:s|cards|gpus)?\s+can (?:also )?be (?:linked|bridged|connected|paired|joined|combined)\s+"
    r"(?:together )?(?:with|over|via|through|using|by)\s+(?:an?\s+|the\s+)?(?:\w+\s+)?(?P<what>NVLink)\b",
    re.IGNORECASE,
)
#: "The T4 has one too", of what was named before.
_DOES_TOO = re.compile(
    r"\s*(?:(?:offers?|allows?|manages?|gets?|makes?) (?:up to |as many as |even )?\w+|does|do|did|can|"
    r"is no different|has one|\w+ the (?:very )?same)\b",
    re.IGNORECASE,
)
_SO_MANY = re.compile(
    r"\s*(?:offers?|allows?|manages?|gets?|makes?) (?:up to |as many as |even )?(?:two|three|four|six|"
    r"seven|eight|\d)\b",
    re.IGNORECASE,
)
_CUT_UP = re.compile(
    r"\b(?:divided|split|partitioned|carved|cut|sliced) (?:up )?into\b[^.;]{0,30}\b(?:instances|slices|"
    r"partitions)\b",
    re.IGNORECASE,
)
#: How far before a device the words that join it can begin.
_REACH = 90
#: What NVLink was named for before: "thanks to NVLink, two RTX 6000 Ada can be bridged".
_BY_NVLINK = re.compile(
    r"\b(?:thanks to|over|via|with|by|using|through)\s+(?:an?\s+|its\s+)?NVLink\b[^.;]{0,40}$", re.I
)
_CAN_BE_JOINED = re.compile(
    r"\s*(?:s|cards|gpus|modules)*\s+can (?:also )?be (?:linked|bridged|connected|paired|joined|combined|"
    r"pooled)\b|"
    r"\s*(?:s|cards|gpus)*\s+can (?:also )?(?:share|pool|combine) (?:their )?(?:memory|vram)\b",
    re.I,
)
_DENIAL = 45
_NOT = re.compile(r"\b(?:no|not|without|lacks?|neither|nor|if|whether)\b|n[\u2019']t\b", re.IGNORECASE)
#: "NVIDIA took NVLink out of all its Ada cards".
_TAKEN_OUT = re.compile(
    r"\b(?:took|takes?|taken|left|leaves?)\b[^.;]{0,40}\b(?:out|off|behind)\b|"
    r"\b(?:removed?|drop(?:s|ped)?|axed|killed|abandon\w*|gave up|given up|ended|retired|"
    r"gone|missing|none|nobody)\b",
    re.IGNORECASE,
)
_ANY = re.compile("|".join(each.names for each in CAPABILITIES), re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every capability that is said of a further device, with its verdict."""
    nvlink = next(each for each in CAPABILITIES if each.key == "nvlink")
    for index, passage in enumerate(context.document.passages):
        named = context.mentions.get(index, ())
        if passage.kind not in RUNNING or not named:
            continue
        before: Sentence | None = None
        for sentence in sentences(passage.text):
            here = within(named, sentence.start, sentence.end)
            yield from _again(passage, sentence, before, here, context)
            for mention in here:
                first = max(sentence.start, mention.start - _REACH)
                words = passage.text[first : mention.start]
                joined = _ARE_JOINED.match(passage.text, mention.end, sentence.end) or (
                    _CAN_BE_JOINED.match(passage.text, mention.end, sentence.end)
                    if _BY_NVLINK.search(words)
                    else None
                )
                joins = _JOINS.search(words)
                if (joined or joins) and not _NOT.search(sentence.text):
                    place = (
                        (mention.start, joined.end())
                        if joined
                        else (first + joins.start() if joins else 0, mention.end)
                    )
                    gpus = [context.catalogue[key] for key in mention.ids]
                    yield from judged(passage, place, nvlink, gpus, told=True, context=context)
            before = sentence


def _again(
    passage: Passage, sentence: Sentence, before: Sentence | None, here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """The last capability before a device of which the same, or the opposite, is said."""
    for mention in here:
        which = _WHICH.search(passage.text, max(sentence.start, mention.start - _REACH), mention.start)
        shared = _END.match(passage.text, mention.end, sentence.end) if which and which["with"] else None
        does = _DOES.match(passage.text, mention.end, sentence.end) if which and not shared else None
        if which and (shared or does):
            yield from _which(passage, sentence, (which, does), mention, here=here, context=context)
        else:
            yield from _of_both(passage, sentence, before, mention, context)
            if how := _how(passage.text, sentence, mention):
                yield from _the_last(passage, (sentence, before), how, mention, here=here, context=context)


def _which(
    passage: Passage, sentence: Sentence, said: tuple[re.Match[str], re.Match[str] | None],
    mention: Mention, *, here: Sequence[Mention], context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """What a clause takes up that was told of another: "all of which the L4 has", "none of which it has"."""
    which, does = said
    gpus = [context.catalogue[key] for key in mention.ids]
    told = not (does and does["not"]) and (which["all"] or "").lower() not in ("none", "neither")
    place = (mention.start, does.end() if does else mention.end)
    every = _taken_up(passage.text, sentence.start, which, here)
    found = [one for what in every for one in judged(passage, place, what, gpus, told=told, context=context)]
    yield from ([one for one in found if one.accuses] or found)[:1]


class _How(NamedTuple):
    """In which words the same, or the opposite, is said of a device."""

    too: re.Match[str] | None
    so: re.Match[str] | None
    opposite: re.Match[str] | None
    like: re.Match[str] | None
    turned: re.Match[str] | None

    @property
    def word(self) -> str:
        """What turns the sentence: "so", "nor"."""
        return (self.so.groupdict().get("how") or "").lower() if self.so else ""

    @property
    def end(self) -> int | None:
        """Where the words end that stand behind the device."""
        behind = None if self.so or self.like or self.turned else self.too or self.opposite
        return behind.end() if behind else None

    def told(self, last: bool) -> bool:
        """Whether a device is said to have what the last one has, or lacks."""
        if self.turned and not (self.too or self.so or self.opposite):
            return not last
        otherwise = bool(self.opposite or (self.like and self.like["un"]))
        return _by_itself(self.too, self.opposite, last is not otherwise)


def _how(text: str, sentence: Sentence, mention: Mention) -> _How | None:
    """How the same is said of a device; None where it is not."""
    ahead = max(sentence.start, mention.start - _REACH)
    aside = _APPOSED.match(text, mention.end, sentence.end)
    too = _TOO.match(text, aside.end() if aside else mention.end, sentence.end)
    so = _SO.search(text, ahead, mention.start)
    behind = aside.end() if aside else mention.end
    opposite = None if too or so else _NOT_SO.match(text, behind, sentence.end)
    like = _LIKE.search(text, ahead, mention.start)
    like = like if like and _END.match(text, mention.end, sentence.end) else None
    so = so or _just_as(text, sentence, mention)
    turned = _TURNED.search(text, ahead, mention.start)
    turned = turned if turned and _ALONE_DOES.match(text, mention.end, sentence.end) else None
    return _How(too, so, opposite, like, turned) if too or so or opposite or like or turned else None


def _the_last(
    passage: Passage, around: tuple[Sentence, Sentence | None], how: _How, mention: Mention, *,
    here: Sequence[Mention], context: Context,
) -> Iterator[Finding]:  # fmt: skip
    """What was told last before a device, said of it as well, or that it is not so of it."""
    text, (sentence, before) = passage.text, around
    # Behind another device of the sentence it is what this one is told of, and not the sentence before.
    first = len(within(here, sentence.start, mention.start)) == 0
    start = before.start if before and first else sentence.start
    last = _last_claim(text, start, mention.start)
    if last is None and before and first and how.so and not _ANY.search(text, start, mention.start):
        last = _last_claim(text, before.start, before.end)
    if last is None and how.like and not how.like["un"]:
        # "Is divided by MIG, just like the A30".
        last = _named_before(text, sentence.start, mention.start)
    if last is None and (how.like or how.turned):
        return
    nor = how.word in ("nor", "neither")
    if last is None and (how.so or (how.too and _DOES_TOO.match(how.too[0]))) and not nor:
        # "The same" speaks of the sentence before too.
        here_ = how.word and (not first or _ANY.search(text, sentence.start, mention.start))
        last = _named_before(text, before.start if before and not here_ else sentence.start, mention.start)
    if (
        last is None
        and before
        and how.too
        and _SO_MANY.match(how.too[0])
        and _CUT_UP.search(text, before.start, before.end)
    ):
        # "It is divided into four instances. The other one offers seven".
        last = next(each for each in CAPABILITIES if each.key == "mig"), True
    if last is None and (how.so or how.too) and not nor:
        yield from _same_value(passage, sentence, start, mention, context)
    if last is None or (nor and last[1]):
        return
    gpus = [context.catalogue[key] for key in mention.ids]
    place = (mention.start, how.end or mention.end)
    yield from judged(passage, place, last[0], gpus, told=how.told(last[1]), context=context)


#: "The RX 7900 XTX, an RDNA 3 card, has it as well".
_APPOSED = re.compile(
    r",\s+(?:an?|the|its|itself|being|as|though|although)\s+[^,.;]{3,40},(?=\s)", re.IGNORECASE
)
#: "Hopper does not have FP4, though the A100 does": the opposite of what was said before.
_TURNED = re.compile(
    r",\s+(?:though|although|but|while|whereas|yet)\s+(?:the\s+|an?\s+|nvidia\s+|amd\s+)*$", re.IGNORECASE
)
_ALONE_DOES = re.compile(r"\s+(?:does|do|did|has|have|can)(?=\s*[.,;)]|$)", re.IGNORECASE)
#: "Needs BF16 or FP8; the V100 supports both".
_BOTH = re.compile(
    r"\s+(?:supports?|has|have|offers?|can do|does|handles?|knows|brings?)\s+(?P<how>both|"
    r"neither)(?=\s*[.,;)]|$)",
    re.IGNORECASE,
)
_TWO = re.compile(r"\s*(?:,\s*)?(?:and|or|nor|&|/)\s+(?:the\s+)?", re.IGNORECASE)


def _of_both(
    passage: Passage, sentence: Sentence, before: Sentence | None, mention: Mention, context: Context
) -> Iterator[Finding]:
    """Two capabilities that were named right before, of which a device is said to have both, or neither."""
    both = _BOTH.match(passage.text, mention.end, sentence.end)
    start = (
        before.start if before and passage.text[before.start : before.end].endswith(";") else sentence.start
    )
    named = list(_ANY.finditer(passage.text, start, mention.start)) if both else []
    if both is None or len(named) < 2 or not _TWO.fullmatch(passage.text, named[-2].end(), named[-1].start()):
        return
    gpus = [context.catalogue[key] for key in mention.ids]
    told = both["how"].lower() == "both"
    found = [
        one
        for each in named[-2:]
        for one in judged(
            passage, (mention.start, both.end()), capability_of(each), gpus, told=told, context=context
        )
    ]
    yield from ([one for one in found if one.accuses] or found)[:1]


#: "The T4 has it", "the 4070 does not have it": whatever was said of another before.
_OF_IT = re.compile(r"\b(?:it|this|that|them|those|none)\b", re.IGNORECASE)
_AS_BEFORE = re.compile(r"\b(?:too|as well|also|likewise)\b", re.IGNORECASE)


def _by_itself(too: re.Match[str] | None, opposite: re.Match[str] | None, told: bool) -> bool:
    """Whether a device is said to have something: by an "it" itself, else as follows from before."""
    if opposite and _OF_IT.search(opposite[0]):
        return False
    return told or bool(too and _OF_IT.search(too[0]) and not _AS_BEFORE.search(too[0]))


def _just_as(text: str, sentence: Sentence, mention: Mention) -> re.Match[str] | None:
    """What stands before a device of which the same is said: ", just as the T4 did"."""
    before = _JUST_AS.search(text, max(sentence.start, mention.start - _REACH), mention.start)
    return before if before and _DID.match(text, mention.end, sentence.end) else None


def _same_value(
    passage: Passage, sentence: Sentence, start: int, mention: Mention, context: Context
) -> Iterator[Finding]:
    """A value that a further device is said to have too: "an A6000 has 48 GB. So does the A5500"."""
    low, high = passage.place(start), passage.place(mention.start)
    stated_ = [
        each
        for each in context.memo["found"]
        if each.kind == "specification"
        and low <= each.start
        and each.end <= high
        and each.attribute in attributes()
    ]
    if len(stated_) != 1 or len({each.named for each in context_names(passage, start, mention, context)}) > 1:
        return
    quantity = next(iter(quantities(stated_[0].stated, context.fraction)), None)
    if quantity is None or _NOT.search(passage.text, start, mention.start):
        return
    yield as_told(passage, (mention.start, mention.end), stated_[0],
                  quantity=quantity, mention=mention, context=context)  # fmt: skip


def as_told(
    passage: Passage, place: tuple[int, int], told: Finding, *, quantity: Quantity,
    mention: Mention, context: Context,
) -> Finding:  # fmt: skip
    """The verdict on a value of a device, of the attribute and as it was told of another one."""
    attribute = attributes()[told.attribute]
    what = stated(
        quantity.value,
        told.stated,
        quantity.limit,
        frozenset(),
        dimension=quantity.dimension,
        unit=quantity.unit,
    )
    found = judged_value(
        attribute, what, [context.catalogue[key] for key in mention.ids], context.catalogue, context.spoken_of
    )
    return made(
        context, passage, place, "specification", found.verdict,
        subject=", ".join(mention.ids), attribute=attribute.key, stated=told.stated,
        because=found.because, expected=found.expected, evidence=found.evidence,
    )  # fmt: skip


def context_names(passage: Passage, start: int, mention: Mention, context: Context) -> list[Mention]:
    """The devices named between a place of a passage and a device."""
    found = context.mentions.get(context.place(passage), ())
    return [each for each in found if start <= each.start < mention.start]


def _taken_up(text: str, start: int, which: re.Match[str], here: Sequence[Mention]) -> list[Capability]:
    """The capabilities that "which" takes up: the last one of its clause, or all of its list."""
    found = [one for one in _ANY.finditer(text, start, which.start())
             if not any(each.start <= one.start() < each.end for each in here)]  # fmt: skip
    if not found or len(text[found[-1].end() : which.start()]) > _REACH // 2:
        return []
    if len(found) > 1 and GIVEN_TO.search(text, start, found[-1].start()):
        # "FP8 support to the Tensor Cores, something that": of what is given, not of whom.
        found = found[:-1]
    behind = text[found[-1].end() : which.start()]
    if not which["all"]:
        # Another thing is named between: "FP8 and a bigger cache, which".
        plain = re.fullmatch(r"[^,;.]{0,45}", behind) and not _ELSE.search(behind)
        if _BY_MEANS.search(text, start, found[-1].start()):
            # "INT8 and INT4 in its Tensor Cores, which": of what they do.
            return []
        found = found[-1:] if plain else []
    return [capability_of(one) for one in found]


#: Behind a capability that a sentence is about.
_END = re.compile(r"\s*(?:[.,;:)]|$)")
_HEADS = re.compile(
    r"\s+(?:makes?|connects?|gives?|lets?|works?|is (?:there|available|on board|supported|present)|"
    r"helps?|allows?|comes?|splits?|"
    r"divides?|links?|joins?)\b",
    re.IGNORECASE,
)
_BY_MEANS = re.compile(r"\b(?:in|on|with|through|by|of)\s+(?:its|their|the)\s+(?:\w+\s+)?$", re.IGNORECASE)
#: "Tensor cores that know the format, which": of the format.
_ELSE = re.compile(
    r"\b(?:and|but|or|than|memory|cache|bandwidth|cores|"
    r"(?:that|which) (?:know|handle|support|speak|do|run|take)s?)\b",
    re.IGNORECASE,
)


def _named_before(text: str, start: int, end: int) -> tuple[Capability, bool] | None:
    """The last capability that is named, where nothing around it is denied or left open."""
    said = list(_ANY.finditer(text, start, end))
    denied = _NOT.search(text, start, end) or _TAKEN_OUT.search(text, start, end)
    if not said or denied or is_narrowed(text, said[-1].end()):
        return None
    return capability_of(said[-1]), True


def _last_claim(text: str, start: int, end: int) -> tuple[Capability, bool] | None:
    """The last capability that a text says, or denies, of something; None where that is not certain."""
    said = list(_ANY.finditer(text, start, end))
    if not said or is_narrowed(text, said[-1].end()):
        return None
    subject = _HEADS.match(text, said[-1].end())
    if subject and not _NOT.search(text, max(start, said[-1].start() - _DENIAL), end):
        # "NVLink connects a pair at 112.5 GB/s; the A30 lacks it".
        what = capability_of(said[-1])
        return what, True
    found = max(
        (
            (match.start("what"), not told, match.start(), each)
            for each, told, pattern in said_in(text, start, end)
            for match in pattern.finditer(text, start, end)
        ),
        default=None,
        key=lambda one: one[:3],
    )
    if found is None or found[0] != said[-1].start():
        return None
    _, lacks, at, each = found
    if not lacks and _NOT.search(text, max(start, at - _DENIAL), at):
        return None
    return each, not lacks

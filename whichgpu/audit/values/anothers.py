"""Whose a value of a sentence may be besides the device that it stands by: a chip's, a link's, several's."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions, model
from whichgpu.audit.patterns import MANY
from whichgpu.audit.tables.variants import is_right, verdict_on
from whichgpu.audit.text.counting import counted
from whichgpu.audit.values.attributes import CHIP, Attribute, attributes
from whichgpu.audit.values.binding import TIED
from whichgpu.audit.values.listed import has
from whichgpu.hardware.gpu import nominal_gb
from whichgpu.units import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.judging import Verdict
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.hardware.gpu import Gpu


#: How many GPUs one board may have.
_ON_ONE_BOARD = (2.0, 4.0)


def of_all_together(
    text: str, sentence: Sentence, quantity: Quantity, attribute: Attribute, mention: Mention
) -> float:
    """Of how many a value is said that is one's: "two P40s .. draw 250 W together"; 0 where of one."""
    # "Less than 600 watts together" may be so of as many, too.
    if attribute.key not in ("power", "memory") or quantity.limit in ("under", "over", "up to"):
        return 0.0
    if not _TOGETHER.match(text, quantity.end):
        return 0.0
    number = (
        counted(text, sentence.start, mention.start)
        if sentence.start <= mention.start < quantity.start
        else 1.0
    )
    between = _ANOTHER.search(text, mention.end, quantity.start)
    return number if number > 1 and not between else 0.0


#: "A pair of them with 48 GB in all", and what turns to one of them.
_TOGETHER = re.compile(r"\s+(?:together|combined|in all|in total|between them|altogether)\b", re.IGNORECASE)
_ANOTHER = re.compile(r"\b(?:each|one|single|per)\b|[.;]\s", re.IGNORECASE)


def wrong_of_several(found: Verdict, quantity: Quantity, gpus: Sequence[Gpu], number: float) -> Verdict:
    """The verdict on what one has that is told of so many."""
    size = nominal_gb(quantity.value) if quantity.dimension == "memory" else None
    real = f"{number * size:,g} GB" if size else show(number * quantity.value, quantity.dimension)
    because = f"it is what one {gpus[0].id} has; {number:g} of them have {real}"
    return found._replace(verdict="contradicted", expected=real, because=because, true_for="")


def others_beside(
    text: str, sentence: Sentence, quantity: Quantity, mention: Mention, who: Spoken
) -> list[Mention]:
    """The other devices of a sentence, or of what it is about, of which a value may be said."""
    here = who.here
    # "Faster memory than the P40 (732 GB/s)": of what is compared with it.
    behind = mention in who.against and mention.end <= quantity.start
    told = [*here, *who.topic] if behind else here
    # "Like the T4, it is built on 12 nm" is said of what it is about.
    told = [each for each in told if not (each in who.against and each in here and each.start > quantity.end)]
    # "They manage 0.6 TFLOPS, so you want an A100" is none of the A100's.
    told = [each for each in told if not (each in here and _SO_THEN.search(text, quantity.end, each.start))]
    told = [each for each in told if not _LIKE.fullmatch(text, sentence.start, each.start)]
    # Nor is the device itself another one where one form of it is meant.
    return [each for each in told if each != mention and each[:2] != mention[:2]]


_POSSESSIVE = re.compile(r"[\u2019']s\s+(?:own\s+|mere\s+)?")
#: "The A6000's NVLink is more limited (112 GB/s": what brackets tell is of whose it is before them.
_IN_BRACKETS = re.compile(r"[\u2019']s\s[^.;,:()\d]{1,50}\s\((?:up to\s+|about\s+|only\s+)?")


def is_tied(text: str, quantity: Quantity, mention: Mention, who: Spoken) -> bool:
    """Whether nothing but "has" stands between a device and its value, and no "versus" behind it."""
    against = _VERSUS.match(text[quantity.end : quantity.end + 24])
    gap = text[mention.end : quantity.start] or " "
    if _POSSESSIVE.fullmatch(gap) or _IN_BRACKETS.fullmatch(gap):
        # "24 GB exceed the A4000's 16 GB": set against it, and yet its own.
        return mention in who.here
    inside = mention in who.here and mention not in who.against
    return inside and not against and (TIED.fullmatch(gap) is not None or has(gap))


def is_of_one_on_board(
    passage: Passage, quantity: Quantity, attribute: Attribute, gpus: Sequence[Gpu], context: Context
) -> bool:
    """Whether a value "per GPU" is that of one of the GPUs of a board: 16 GB of an A16."""
    end = passage.span(quantity.start, quantity.end)[1]
    if not _PER_GPU.match(context.document.original, end):
        return False
    known = (
        float(gpu.value(field) or 0.0) for gpu in gpus for field in attribute.fields if _is_number(gpu, field)
    )
    return any(
        abs(times * quantity.value / one - 1) < _NEARLY for one in known if one for times in _ON_ONE_BOARD
    )


def _is_number(gpu: Gpu, field: str) -> bool:
    value = gpu.value(field)
    return isinstance(value, int | float) and not isinstance(value, bool)


_PER_GPU, _NEARLY = re.compile(r"\s+per\s+gpu\b", re.IGNORECASE), 0.08


def is_of_chip(text: str, sentence: Sentence, quantity: Quantity) -> bool:
    """Whether a count is that of a chip beside it: "AD102 has 144 SMs", "the 144 SMs of AD102"."""
    if _CHIPS_OWN.search(text, sentence.start, quantity.start):
        return True
    chips = list(CHIP.finditer(text, sentence.start, quantity.start))
    if chips and _HAS_WHOLE.fullmatch(text, chips[-1].end(), quantity.start):
        return True
    if _SO_MANY_OF.match(text, quantity.end):
        # Which of the units are counted is told with the whole.
        return True
    behind = _WHOLE_OF.match(text, quantity.end)
    return behind is not None and CHIP.match(text, behind.end()) is not None


#: "Only 128 of the chip's 144 SMs": of both.
_CHIPS_OWN = re.compile(
    r"\b(?:the|its|that|this) (?:chip|die|full chip|full die)[\u2019']s\s+(?:full\s+|whole\s+)?$",
    re.IGNORECASE,
)
_SO_MANY_OF = re.compile(
    r"\s+of (?:the|its) (?:(?:full |whole )?(?:chip|die)[\u2019']s\s+)?\d[\d,]*\s+(?P<what>SMs|cores|"
    r"multiprocessors)\b",
    re.IGNORECASE,
)
_HAS_WHOLE = re.compile(
    r"(?:\s+(?:chip|die|silicon|gpu))?(?:\s+(?:itself|in full|as a whole|as such))?\s+(?:has|had|"
    r"holds|contains|"
    r"counts)\s+(?:up to |all |a full |a total of )?",
    re.IGNORECASE,
)
_WHOLE_OF = re.compile(
    r"\s+(?:(?:cuda|tensor|shader|rt|l2)\s+)?(?:cores|SMs|shaders|multiprocessors|cache)\s+(?:of|in|on|"
    r"that|which)\s+"
    r"(?:(?:the|a|an|full|whole|complete|big)\s+)*",
    re.IGNORECASE,
)


def is_of_link(
    passage: Passage, sentence: Sentence, quantity: Quantity, gpus: Sequence[Gpu], context: Context
) -> bool:
    """Whether a rate is that of a device's NVLink, where nothing says that it is the memory's."""
    if _OF_MEMORY.search(sentence.text):
        return False
    return any(is_right(passage.text, quantity, attributes()["nvlink"], gpu, context) for gpu in gpus)


_OF_MEMORY = re.compile(r"\b(?:memory|vram|hbm\w*|gddr\w*|bandwidth)\b", re.IGNORECASE)
#: Cores of which no word says that they are those of plain arithmetic.
_CORES = re.compile(r"\s*cores?\b", re.IGNORECASE)


#: Behind a rate, the bits that it is in: "312 TFLOPS in 16 bits", whatever formats were named before.
_IN_BITS = re.compile(
    r"\s+(?:\(?(?:dense|sparse)\)?\s+)?(?:in|at|with)\s+(?P<n>32|16|8|4)[ -]?bits?\b", re.IGNORECASE
)
_OF_BITS = {"32": ("fp32",), "16": ("fp16", "bf16"), "8": ("fp8", "int8"), "4": ("fp4", "int4")}


def kinds(text: str, quantity: Quantity, attribute: Attribute) -> tuple[Attribute, ...]:
    """What a value may be of: "Hopper's H100 SXM: 528 cores" of tensor cores, where these are spoken of."""
    if attribute.dimension in ("flop rate", "op rate") and (bits := _IN_BITS.match(text, quantity.end)):
        return tuple(attributes()[key] for key in _OF_BITS[bits["n"]])
    if attribute.key != "cores" or not _CORES.match(text, quantity.end):
        return (attribute,)
    return attribute, attributes()["tensor_cores"]


def is_of_edition(
    text: str, quantity: Quantity, attribute: Attribute, *, mention: Mention, said: frozenset[str],
    context: Context,
) -> bool:  # fmt: skip
    """Whether a value is that of an edition that the text names: "Since the Super update it has 102 GB/s"."""
    known = [each for each in _editions(mention.named[0], context.catalogue) if each[0] not in mention.named]
    words = _words_besides_names(text, context.catalogue) if known else frozenset()
    editions = [context.catalogue[key] for key, more in known if more <= words]
    return bool(editions) and (
        verdict_on(text, quantity, attribute, editions, said=said, context=context).verdict == "confirmed"
    )


@lru_cache(maxsize=MANY)
def _words_besides_names(text: str, catalogue: Catalogue) -> frozenset[str]:
    """The words of a text but those of names: of a part of an edition's name something else may be said."""
    inside = {at for each in mentions(text, catalogue) for at in range(each.start, each.end)}
    return frozenset(word[0].lower() for word in _WORDS.finditer(text) if word.start() not in inside)


_WORDS = re.compile(r"[^\W\d]{3,}")


@lru_cache(maxsize=512)
def _editions(one: str, catalogue: Catalogue) -> tuple[tuple[str, frozenset[str]], ...]:
    """The devices whose name is that of another with more words, and these words."""
    own = model(one, catalogue)
    return tuple((key, model(key, catalogue) - own) for key in catalogue if model(key, catalogue) > own)


def misnamed(
    passage: Passage, place: tuple[int, int], found: Verdict, mention: Mention, context: Context
) -> bool:
    """Whether a value is none, or is right of the laptop's GPU that the text calls by the card's name."""
    start, end = passage.span(*place)
    # A number and the word of the next line are no quantity.
    return "\n" in context.document.original[start:end] or found.true_for in context.spoken_of & {
        f"{key}-laptop" for key in mention.named
    }


_SO_THEN = re.compile(r"[,;]\s+(?:so|hence|thus|therefore)\s", re.IGNORECASE)
_VERSUS = re.compile(r"[\s\w-]{0,12}(?:vs\b|versus|/|compared|against)")
_LIKE = re.compile(
    r"\s*(?:Just\s+|Much\s+)?(?:Un|un)?[Ll]ike\s+(?:the\s+|its\s+|an?\s+|nvidia\s+)*", re.IGNORECASE
)

"""Accusations that the words around them excuse: other amounts' sums, what is said of another device."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.descriptions import KIN
from whichgpu.audit.devices.families import is_of
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.findings import withheld
from whichgpu.audit.review.excuses import excused
from whichgpu.audit.review.filed import is_of_file
from whichgpu.audit.review.made_otherwise import is_made_otherwise
from whichgpu.audit.review.otherwise import is_in_something_else, is_of_another_named
from whichgpu.audit.review.understood import UNSTATED, is_unstated
from whichgpu.audit.review.unowned import is_against_another, is_than_told, is_unowned
from whichgpu.audit.tables.tabulated import is_of_a_part, is_of_several
from whichgpu.audit.text.expressions import is_written_out
from whichgpu.audit.text.sentences import sentences, within
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: What is held against a product or a sum that no formula writes out.
_WORKED_OUT = frozenset({"bill", "result", "product", "percentage", "share", "price per GB"})
_YEAR = re.compile(r"(?:19[5-9]|20[0-4])\d")
#: Before minutes, the hours that they are told with: "an hour and 54 minutes".
_HOURS_AND = re.compile(r"\b(?:hours?|hrs?|h|days?|minutes?|min)\s+(?:and\s+)?$", re.IGNORECASE)
_OF_A_TIME = re.compile(r"\d+\s*(?:minutes?|min|seconds?|s|sec|hours?)\b", re.IGNORECASE)
#: What one of two told before does, which the order of their names tells: "the former costs $9,921".
_IN_ORDER = re.compile(
    r"\bthe (?:former|latter)\s+(?:(?:then|would|will|only|just|thus)\s+)*(?!and\b|or\b|but\b)[a-z]+\s+"
    r"(?:about |roughly |some )?"
    r"(?:[A-Z]{2,3}\s?)?$"
)
#: Behind an amount, others that it is more than: it is no difference of them.
_MORE_THAN_ANY = re.compile(
    r",?\s+(?:still\s+)?(?:more|less|higher|lower|cheaper|dearer)\s+than\s+(?:either|any|both|all|each|"
    r"every)\b",
    re.IGNORECASE,
)
#: What a sum says that was made of a word: "clean ones between $850 and $950".
_OF_A_WORD = re.compile(r"(?:^|\band )(?:one|an?)(?= and | make)")
#: What no text tells: a result in another unit than its own.
_TINY = re.compile(r"\de-\d")
#: A generation by its name.
_GENERATION = re.compile(
    r"\b(?:Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada|Hopper|Blackwell|[CR]DNA ?\d)\b"
)
_SUM, _WORDS, OF_ANOTHER, _LAPTOPS, _OTHERS, _ELSE = (
    "its words do not say that it follows from these",
    "the words beside it say that it is of something else",
    "its heading or the chip before it names another device",
    "the text speaks of the laptop's GPU of that name too",
    "the words before it speak of a generation by its name",
    "it is their ratio in something else that is told or on file",
)


_WORDS_OF = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve)\b(?= and | make)", re.IGNORECASE
)
#: "Ten thousand examples": a number in words that goes on.
_GOES_ON = r"\s+(?:hundred|thousand|million|billion|dozen)\b"
_ON_GENERATION = re.compile(
    r"\s+(?:on|in|from|since)\s+(?:the\s+)?(?:Kepler|Maxwell|Pascal|Volta|Turing|Ampere|Ada|Hopper|"
    r"Blackwell)\b"
)
#: A sum that was made of what both of two do.
_BOTH = re.compile(r"\bboth\b", re.IGNORECASE)
#: What is said of the device that a text speaks of.
_SPOKEN_OF = ("specification", "capability", "ordering", "absolute", "identity")
#: A chip by its code.
_CHIP = re.compile(r"\b(?:G[ABHKMPV]\d{3}|AD\d{3}|TU\d{3}|(?:BMG|ACM)-G\d+|Navi\s?\d+)\b")
#: What follows another device: "the A2000's true heir".
_HEIR = re.compile(
    rf"[\u2019']s\s+(?:\w+\s+){{0,2}}(?:{KIN})\b",
    re.I,
)


class _Texts(NamedTuple):
    """The running text of a document by where it stands in the file."""

    starts: Sequence[int]
    passages: Sequence[tuple[int, Passage]]

    def place(self, found: Finding) -> tuple[int, Passage, int] | None:
        """The passage of a finding and where in it what it quotes begins; None in tables."""
        at = bisect_right(self.starts, found.start) - 1
        if at < 0:
            return None
        index, passage = self.passages[at]
        # What is quoted may have marks of the file in it, which the text has not.
        first = re.match(r"[^*_`\[\]<>]+", found.quote)
        words = first[0] if first else found.quote
        if words not in passage.text:
            # A text that is read in words of English quotes those of its own language.
            words = found.stated
        at = passage.text.find(words) if words else -1
        while at >= 0 and passage.place(at) < found.start:
            at = passage.text.find(words, at + 1)
        return (index, passage, at) if at >= 0 and passage.place(at) == found.start else None

    def whole(self, found: Finding) -> Finding:
        """A finding with its quotation as the text has it."""
        where = self.place(found)
        if where is None or found.quote in where[1].text:
            return found
        _, passage, at = where
        end = at + 1
        while end < len(passage.text) and passage.place(end) < found.end:
            end += 1
        return found._replace(quote=passage.text[at:end])


def without_misjudged(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings as they are, or unverifiable where the words around an accusation excuse it."""
    running = sorted(
        (passage.span(0, 1)[0], index) for index, passage in context.document.running() if passage.text
    )
    texts = _Texts(
        [start for start, _ in running], [(index, context.document.passages[index]) for _, index in running]
    )
    done = []
    for each in found:
        why = _why(texts.whole(each), texts, context) if each.accuses else ""
        if each.accuses and (is_of_a_part(each, found, context) or is_of_several(each, context)):
            why = _BESIDE
        done.append(withheld(each, why) if why else each)
    return done


_BESIDE = "its row has the whole, or its table several of them"


def _why(found: Finding, texts: _Texts, context: Context) -> str:
    """What excuses an accusation; empty where nothing does."""
    where = texts.place(found)
    if where is not None and (words := excused(found, where[1].text, where[2])) | is_unstated(
        found, where, context
    ):
        return _WORDS if words else UNSTATED
    told = where is not None and is_than_told(found, where, context)
    if told or found.kind == "arithmetic":
        other = where is not None and is_in_something_else(found, where, context)
        other = other or (where is not None and is_of_file(found, where, context))
        other = other or (
            # Bits that are told as bytes are what their product is, in the other unit.
            where is not None and found.attribute != "bits" and is_made_otherwise(found, where, context)
        )
        other = other and not is_written_out(found, context.document.original)
        return _SUM if told or _is_no_sum(found, where) else _ELSE if other else ""
    if where is None:
        return ""
    if (laptops := _is_of_laptop(found, context)) or _is_told_exactly(found, where):
        return _LAPTOPS if laptops else _EXACTLY
    if found.kind == "capability" and _is_of_generation(found, where, context):
        return _OTHERS
    return _of_else(found, where, context)


def _of_else(found: Finding, where: tuple[int, Passage, int], context: Context) -> str:
    """What else an accusation may be of: a ratio in something else, another device's value."""
    if (found.start, found.end) in context.memo.get("grouped", ()):
        # Read of each of several: whose it is was settled there.
        return ""
    if is_in_something_else(found, where, context):
        return _ELSE
    against = found.kind in ("ratio", "ordering") and is_against_another(found, where, context)
    another = _is_of_another(found, where, context) or is_of_another_named(found, where, context)
    return OF_ANOTHER if against or another else ""


def _is_no_sum(found: Finding, where: tuple[int, Passage, int] | None) -> bool:
    """Whether an amount is a year, the rest of a time, of one of two in their order, or of no such unit."""
    if (
        _TINY.search(found.expected)
        or found.expected == "0"
        or (found.attribute == "reckoned" and _BOTH.search(found.because))
    ):
        return True
    if found.attribute not in _WORKED_OUT:
        return False
    of_a_word = found.attribute != "product" and _OF_A_WORD.search(found.because)
    if _YEAR.fullmatch(found.quote.strip()) or of_a_word:
        return True
    if where is None:
        return False
    _, passage, at = where
    text = passage.text
    start = next((one.start for one in sentences(text) if one.start <= at < one.end), 0)
    rest = _OF_A_TIME.match(text, at) and _HOURS_AND.search(text, start, at)
    further = any(
        re.search(rf"\b{word}{_GOES_ON}", text, re.IGNORECASE) for word in _WORDS_OF.findall(found.because)
    )
    behind = _MORE_THAN_ANY.match(text, at + len(found.quote))
    return bool(rest or further or behind or _IN_ORDER.search(text, start, at))


_EXACTLY = "the exact value stands in brackets behind it"
_IN_BRACKETS = re.compile(r"[^.;()\d]{0,40}\(\W*(?P<n>\d[\d.,]*\d)\b")


def _is_told_exactly(found: Finding, where: tuple[int, Passage, int]) -> bool:
    """Whether the value on file stands in brackets behind a rough one: "20,000 cores (21,760 exactly)"."""
    _, passage, at = where
    told = _IN_BRACKETS.match(passage.text, at + len(found.quote))
    real = re.match(r"\d[\d.,]*", found.expected)
    return bool(told and real and told["n"] == real[0].rstrip(".,"))


#: Characters before a value in which its device is called one of desktops.
_NAMED_NEAR = 200


def _is_of_laptop(found: Finding, context: Context) -> bool:
    """Whether a desktop card is accused where the text speaks of the laptop's GPU of its name as well.

    A value is then the laptop's where it has it; of two cards it is not known which two are compared.
    """
    if found.kind == "specification":
        own = found.true_for.endswith("-laptop") and found.true_for in context.spoken_of
        before = context.document.original[max(0, found.start - _NAMED_NEAR) : found.start].lower()
        if before.rfind("desktop") > max(before.rfind("laptop"), before.rfind("mobile")):
            return False
        return own and not found.subject.endswith("-laptop")
    if found.kind not in ("ratio", "ordering"):
        return False
    both = [key for side in found.subject.split(" against ") for key in side.split(", ")]
    cards = [key for key in both if not key.endswith("-laptop")]
    laptops = context.spoken_of - {*both}
    return bool(cards) and all(f"{key}-laptop" in laptops for key in cards)


def _is_of_generation(found: Finding, where: tuple[int, Passage, int], context: Context) -> bool:
    """Whether the last name before a capability is of a generation that the accused device is not of."""
    index, passage, at = where
    start = next((one.start for one in sentences(passage.text) if one.start <= at < one.end), 0)
    # What is found may be a name itself: "Hopper has no FP4, though the A100 does".
    named = within(context.mentions.get(index, ()), start, at + len(found.quote))
    since = named[-1].end if named else start
    end = at + len(found.quote)
    behind = _ON_GENERATION.match(passage.text, end)
    # "With TF32 on Ampere you get half of it".
    end = behind.end() if behind and found.quote.lower().startswith("with ") else end
    last = list(_GENERATION.finditer(passage.text, since, end))
    gpus = [context.catalogue[key] for key in found.subject.split(", ") if key in context.catalogue]
    return bool(last and gpus) and not any(is_of(gpu, last[-1][0]) for gpu in gpus)


#: What begins with another: "As for the A6000, it is the last with NVLink".
_AS_FOR = re.compile(r"\s*(?:As for|As to|Regarding|Concerning|Turning to)\b")


#: Before a name, a variant of it that is spoken of instead.
_VERSION_OF = re.compile(
    r"\b(?:Ti|Super|D|laptop|mobile|notebook|desktop|Max-Q|PCIe|SXM\d?|NVL|\d{1,3}[ -]?GB|cut-down|bigger|"
    r"smaller|newer|older)"
    r"\s+(?:version|variant|model|edition|form|sibling|one)\s+of\s+(?:the\s+|an?\s+|nvidia[\u2019']?s?\s+)*$",
    re.IGNORECASE,
)


def _is_of_another(found: Finding, where: tuple[int, Passage, int], context: Context) -> bool:
    """Whether what is said without a name is below the heading of another device, or behind another chip."""
    index, passage, at = where
    subject = set(found.subject.split(", "))
    if found.attribute == "chip" or found.kind not in _SPOKEN_OF or not subject <= set(context.catalogue):
        return False
    start = next((one.start for one in sentences(passage.text) if one.start <= at < one.end), 0)
    end = next((one.end for one in sentences(passage.text) if one.start <= at < one.end), len(passage.text))
    named = [
        each
        for each in within(context.mentions.get(index, ()), start, end)
        if not _HEIR.match(passage.text, each.end)
    ]
    own = [each for each in named if subject & {*each.named, *each.ids}]
    before = [each for each in own if each.start < at]
    # "The Ti version of the 3090 came in March 2022".
    version = before and all(_VERSION_OF.search(passage.text, start, each.start) for each in before)
    if version or (named and not own and _AS_FOR.match(passage.text, start)):
        return True
    if is_unowned(found, (index, passage, at), (named, own), context):
        return True
    if own:
        return False
    chip = list(_CHIP.finditer(passage.text, start, at))[-1:]
    chips = {str(context.catalogue[key].value("chip") or "").lower() for key in subject}
    if chip and chip[0][0].lower() not in chips:
        return True
    heading = {
        key
        for line in passage.section[-1:]
        for each in mentions(line, context.catalogue)
        for key in (*each.named, *each.ids)
    }
    return bool(heading) and not heading & subject

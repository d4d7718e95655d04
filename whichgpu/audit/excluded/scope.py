"""The devices that a sentence can be about at most: that of its heading, else all that the text speaks of."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.mood import is_asserted, is_indicative
from whichgpu.audit.devices.mentions import mentions, model
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.gloss import language_read
from whichgpu.audit.text.sentences import sentences
from whichgpu.audit.values.attributes import CHIP, attributes
from whichgpu.audit.values.offers import usual
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.overlaps import Overlaps
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.hardware.gpu import Gpu

#: A text that speaks of more devices is a survey, and says of many what it does not name.
_MOST = 12
#: What speaks of others than those that a text names.
_OTHERS = re.compile(
    r"\b(?:predecessors?|successors?|previous|next|newer|older|newest|oldest|earlier|later|latest|others?|"
    r"another|any|every|most|many|some|generations? (?:before|after|later|earlier|ago)|since|until|before|"
    r"after|instead|in place|unlike|than|versus|vs|against|compar\w+|rather|like|such as|not|no|none|neither|"
    r"nor|never|without|lacks?|lacking|missing|absent|cannot|hardly|only|but|except|required?|requires|"
    r"needs?|"
    r"emulat\w+|fall\w* back|took|taken|away|dropped|removed|CPUs?|hosts?|system|laptops?|notebooks?|typical|"
    r"TensorRT|software|drivers?|library|libraries|framework)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: What is no other device: "links two to one another", "like to chop it up".
_EACH_OTHER = re.compile(
    r"\b(?:one another|each other|likes? to|after all|(?:just )?like (?:its|the) predecessor,?|"
    r"as with its predecessor,?|any (?:server|case|slot|software))\b",
    re.IGNORECASE,
)
#: What parts clauses.
_CLAUSE = re.compile(r"[;,()]\s|\s[\u2013\u2014-]\s|\b(?:but|while|whereas|although|though|because)\b")


#: What is asked, or said by somebody else.
_ASKED = re.compile(
    r"\?|[\u201c\u201d\"]|\b(?:myths?|claims?|allegedly|rumou?r\w*|people say|some say|wrong)\b", re.I
)


class Scope(NamedTuple):
    """A sentence that states what is, and every device that it can be about."""

    number: int
    passage: Passage
    sentence: Sentence
    #: The names of devices in it.
    here: Sequence[Mention]
    gpus: Sequence[Gpu]
    #: Whether it states what is, of devices all of which the text settles.
    plain: bool
    #: Whether it stands below a heading that names its one device.
    headed: bool

    def clause(self, at: int) -> str:
        """The words of the clause around a place of the passage."""
        text, start, end = self.passage.text, self.sentence.start, self.sentence.end
        first = max((each.end() for each in _CLAUSE.finditer(text, start, at)), default=start)
        last = next((each.start() for each in _CLAUSE.finditer(text, at, end)), end)
        return text[first:last]

    def speaks_of_others(self, at: int) -> bool:
        """Whether the clause around a place speaks of what is not, or of devices that no name tells."""
        return _speaks_of_others(self.clause(at))

    def speaks_anywhere_of_others(self) -> bool:
        """Whether any word of the sentence does."""
        text = self.sentence.text
        return _speaks_of_others(text) or _WANTED.search(_EACH_OTHER.sub(" ", text)) is not None


# Several kinds of claims ask it of the same sentences and clauses.
@lru_cache(maxsize=re.MANY)
def _speaks_of_others(words: str) -> bool:
    return _OTHERS.search(_EACH_OTHER.sub(" ", words)) is not None


#: What is wished for, or missed.
_WANTED = re.compile(
    r"\b(?:miss(?:es|ed|ing)?|wish\w*|hop(?:e|es|ed|ing)|wait\w*|forgo\w*|forego\w*|lost|gone|gave up|"
    r"given up|deni\w+|"
    r"spared?|skip\w*|omit\w*|left out|or|vs|yet|still|instead|fail\w*|compil\w+|convert\w*|emulat\w+|"
    r"store[ds]?|load\w*|"
    r"com(?:e|es|ing) from|those who|new to|mov(?:e|es|ed|ing)|switch\w*|migrat\w*|replac\w*|swap\w*|"
    r"between|dequanti\w+|cast|fall\w*|slow\w*)\b",
    re.IGNORECASE,
)


def scopes(context: Context) -> Iterator[Scope]:
    """Every sentence of running text that plainly states something, with the devices that it can be about."""
    every = spoken_of(context)
    models = {model(gpu.id, context.catalogue) for gpu in every}
    if not every or len(models) > _MOST or language_read(context):
        return
    for index, passage in context.document.running():
        here = context.mentions.get(index, ())
        # A description of a device that the text does not settle.
        settled = not context.memo["open"].get(index)
        headed = headed_by(passage, context)
        for sentence in sentences(passage.text):
            inside = [each for each in here if sentence.start <= each.start < sentence.end]
            said = is_asserted(sentence.text) and is_indicative(sentence.text)
            # "AD102 has 144 SMs": of a chip, of which no device has all.
            plain = settled and said and not CHIP.search(sentence.text)
            if not _ASKED.search(sentence.text):
                yield Scope(index, passage, sentence, inside, headed or every, plain, bool(headed))


def stated(context: Context) -> Iterator[tuple[int, Passage, Sentence]]:
    """Every sentence of running text that neither asks nor says what might be, with its passage's place."""
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            if "?" not in sentence.text and is_indicative(sentence.text):
                yield index, passage, sentence


def is_rounded(told: float, real: float, words: str, near: float) -> bool:
    """Whether an amount is another, within a share of it or the rounding of the words that tell it."""
    cents = "cent" in words or "\u00a2" in words
    last = 10.0 ** -sum(map(str.isdigit, words.partition(".")[2])) * (0.01 if cents else 1.0)
    return abs(told - real) <= max(near * real, 0.6 * last)


def inconsistent(
    passage: Passage, place: tuple[int, int], because: str, context: Context, *, expected: str = ""
) -> Finding:
    """The finding on an amount that what stands beside it does not give."""
    return made(
        context, passage, place, "arithmetic", "inconsistent", attribute="told before", because=because,
        expected=expected, evidence=(Evidence(because),),
    )  # fmt: skip


def spoken_of(context: Context) -> list[Gpu]:
    """All that a text speaks of, each name as those that it usually means."""
    if "usually spoken of" not in context.memo:
        every = (usual(each.ids) for found in context.mentions.values() for each in found if each.ids)
        context.memo["usually spoken of"] = sorted({key for ids in every for key in ids})
    return [context.catalogue[key] for key in context.memo["usually spoken of"]]


#: A line that asks for what a device is or has, and for nothing else: what is behind it is of that one.
_QUESTION = re.compile(
    r"[\W\d]*(?:Q\d*[.:)]\s*)?(?:Does|Has|Is|What|How (?:much|many|fast|large|big))\s"
    r"(?:(?!\b(?:than|or|versus|vs|instead|wait|my|your|our|better|beat\w*|compar\w+|from|"
    r"like)\b)[^?.]){4,90}\?\W*",
    re.IGNORECASE,
)


def headed_by(passage: Passage, context: Context) -> list[Gpu]:
    """The one device of the heading above a passage that names no other; none where there is none."""
    place = context.place(passage)
    asked = context.document.passages[place - 1].text if place > 0 else ""
    lines = (asked,) if _QUESTION.fullmatch(asked) else passage.section[-1:]
    found = [each for line in lines for each in mentions(line, context.catalogue)]
    here = context.mentions.get(place, ())
    one = found and len({model(each.named[0], context.catalogue) for each in (*found, *here)}) == 1
    return [context.catalogue[key] for each in found for key in each.ids] if one else []


def is_free(one: Finding, found: Overlaps) -> bool:
    """Whether nothing certain was found at a place of the file before; of a fit, nothing of its kind."""
    return not any(
        each.verdict != "unverifiable"
        and (each.accuses or one.attribute != "fits" or each.kind in ("memory", "arithmetic"))
        for each in found.of(one.start, one.end)
    )


def of_no_two(place: tuple[int, int], key: str, scope: Scope, context: Context) -> Finding:
    """The accusation of a ratio or difference in an attribute that no two devices spoken of have."""
    field = attributes()[key].fields[0]
    shown = dict.fromkeys(
        f"{gpu.id} has {gpu.display(field)}" for gpu in scope.gpus if gpu.value(field) is not None
    )
    because = f"no two that the text speaks of differ by that: {'; '.join([*shown][:5])}"
    return made(
        context, scope.passage, place, "ratio", "contradicted", attribute=key,
        subject=", ".join(gpu.id for gpu in scope.gpus), because=because, evidence=(Evidence(because),),
    )  # fmt: skip

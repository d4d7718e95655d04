"""Prose in its plain words, each at its place: what says the same in more words is read as what says it.

"Additionally, it is able to deliver more than 700" reads as "It delivers over 700", with blanks for the rest.
The words are data (`[plain]` of `data/audit.toml`). Who writes all in lower case is read as if with capitals.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.text.quantities import SPELLED, plainly_limited
from whichgpu.audit.text.spelled import in_figures
from whichgpu.audit.values.attributes import named
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Verbs whose third person is not their stem with an s.
_THIRD = {"have": "has", "be": "is", "do": "does"}
_VOWELS = "aeiou"
#: Behind its first letter, what goes on about the device that was spoken of.
_GOES_ON = r"(?:(?<=[Ii])ts?|(?<=[Tt])h(?:e|is) (?:card|gpu|GPU|accelerator|board))\b"


def plain(text: str) -> str:
    """A text as long as the one given, without words that change nothing, its limits in one word each."""
    leads, chains = _patterns()
    text = in_figures(_DENIALS.sub(_not, plainly_limited(text)))
    text = _LARGE.sub(lambda match: f"{SPELLED.get(match['n'].lower(), 1)}".rjust(len(match[0])), text)
    text = _ADVERBS.sub(lambda match: match["verb"].rjust(len(match[0])), text)
    text = _ALL_DAY.sub(lambda match: "24 h".rjust(len(match[0])), text)
    text = _EACH.sub(lambda match: match["v"].ljust(len(match[0])), text)
    text = _SIZED.sub(lambda match: " " * len(match[0]), text)
    text = _SHORT.sub(lambda match: match[0].replace(".", " "), text)
    text = _headed(text)
    text = _WITH_ITS.sub(lambda match: "With".rjust(len(match[0])), text)
    if chains.search(text):
        text = chains.sub(_verb, text)
    return leads.sub(_without_lead, text)


def _headed(text: str) -> str:
    """A text that an attribute heads like a sentence, as one behind a colon: "TDP. 350 W for the"."""
    label = _LABEL.match(text)
    told = named(label["name"]) if label else ()
    if not label or not told or len(label["name"]) != sum(each.end - each.start for each in told):
        return text
    return f"{text[: label.end() - 1]}:{text[label.end() :]}"


#: "One million images every day": an amount by the time like any in figures.
_LARGE = re.compile(
    rf"\b(?P<n>an?|one|{'|'.join(SPELLED)})(?=\s(?:thousand|million|billion)\s(?:[\w.()-]+\s){{0,5}}?"
    r"(?:images?|pictures?|photos?|requests?|quer(?:y|ies)|prompts?|tokens?|samples?|messages?|documents?|"
    r"calls?|frames?|inferences)\b[^.;:]{0,40}?\b(?:per|an?|each|every)\s(?:second|minute|hour|day|week|month|year)\b)",
    re.IGNORECASE,
)
#: "Images (512x512, 30 steps) every day": what stands between an amount and its period.
_SIZED = re.compile(
    r"(?:(?<=images)|(?<=requests)|(?<=prompts)|(?<=tokens))\s\([^()]{1,40}\)(?=\s(?:per|an?|each|every)\s(?:second|minute|hour|day|week|month)\b)"
)
#: "Two cards are therefore enough": what says only how a sentence follows from what was said.
_ADVERBS = re.compile(
    r"\b(?P<verb>is|are|was|were)\s(?:therefore|thus|hence|consequently|accordingly)(?=\s(?:enough|sufficient|too)\b)",
    re.IGNORECASE,
)
#: "Runs all day, which is 8.4 kWh": so many hours as any.
_ALL_DAY = re.compile(r"\ball day(?: long)?(?=[^.;\d]{0,60}\d[\d.,]*\s?kWh\b)", re.IGNORECASE)
#: "Four A100. 1,555 GB/s each": what each of them has, as what one does.
_EACH = re.compile(
    r"(?P<v>\d[\d.,]*\s?(?:[GT]B/s(?: of (?:memory )?bandwidth)?|W|watts))\s"
    r"each(?=\s*(?:[.,;]|and\b|they\b|$))"
)
_LABEL = re.compile(r"\W{0,4}(?P<name>[A-Z][\w /-]{2,40})\.(?=\s+\S)")
#: "Mem. bandwidth": no sentence ends there.
_SHORT = re.compile(r"\bmem\.(?=\s+(?:bandwidth|bw|bus|clock|size|type|interface|capacity)\b)", re.IGNORECASE)
#: "Doesnt" and the like, without their mark.
_DENIALS = re.compile(
    r"\b(?:(?:do|does|did|is|are|was|were|has|have|had|could|would|should)nt|wont|cant)\b", re.IGNORECASE
)


#: "Thanks to its 384-bit bus, the RTX 3090": a device by what it has.
_WITH_ITS = re.compile(
    r"(?:(?<![\s\S])|(?<=[.!?] ))(?:Thanks to|Because of|Due to|Owing to|Courtesy of|By virtue of|Given)"
    r"(?= (?:its|the)\b(?: (?!by\b)[\w-]+){0,3}? ?\d)"
)


def _not(match: re.Match[str]) -> str:
    return "not".ljust(len(match[0]))


def capitals(text: str) -> str:
    """A text with its units and kinds of memory as most write them: "24 gb", "gddr6x", "450w"."""
    text = _UNITS.sub(_as_written, _OF_EXPERTS.sub("x", text))
    text = _MONTHS.sub(lambda each: each[0].capitalize(), text)
    return _MEMORY.sub(lambda each: each[0].upper() if each[0][0] == "g" else f"HBM{each[0][3:]}", text)


#: "Mixtral 8\u00d77B", as its makers write it with an x.
_OF_EXPERTS = re.compile(r"(?<=\d)\u00d7(?=\d{1,3}B\b)")
#: Behind a number; a network's "gb/s" is one of bits.
_UNITS = re.compile(
    r"(?<=\d)(?P<blank>[ -]?)(?:(?P<p>[mgt])b(?P<s>/s(?:ec)?)?(?!\w)(?!\s(?:ethernet|network|"
    r"infiniband|port|per pin))|"
    r"(?P<k>k?)w(?P<h>h?)(?![\w/])|(?P<f>[mg])hz\b)"
)
_MONTHS = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december)"
    r"(?=\s+(?:\d{1,2}(?:st|nd|rd|th)?,?\s+)?(?:of\s+)?20[012]\d\b)"
)
_MEMORY = re.compile(r"\b(?:gddr\dx?|hbm\d?e?)\b")


def _as_written(match: re.Match[str]) -> str:
    if match["p"]:
        return f"{match['blank']}{match['p'].upper()}B{match['s'] or ''}"
    if match["f"]:
        return f"{match['blank']}{match['f'].upper()}Hz"
    return f"{match['blank']}{match['k']}W{match['h']}"


def sentence_starts(text: str) -> str:
    """A text in lower case whose sentences begin with capitals."""
    return _STARTS.sub(lambda each: each[0].upper(), text)


_STARTS = re.compile(r"(?:^\s*|(?<=[a-z\d)%][.!?]\s))[a-z](?=[\w\u2019' ])")
#: Ends of sentences with what begins behind them; so many, and so few capitals among them, are lower case.
_BEGINS = re.compile(r"(?<![\w.]\w)(?<=[a-z\d)%])[.!?]\s+(?P<next>[A-Za-z])|^\s*(?P<first>[A-Za-z])")
_SOME, _CAPITALS = 2, 0.2


def is_lower_case(texts: Iterable[str]) -> bool:
    """Whether who wrote paragraphs begins no sentence with a capital."""
    found = [
        (match["next"] or match["first"]).isupper() for text in texts for match in _BEGINS.finditer(text)
    ]
    return len(found) >= _SOME and sum(found) <= _CAPITALS * len(found)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = store.load("audit")["audit"]["plain"]
    leads = "|".join(words["leads"])
    turns = "|".join(words["turns"])
    one, several = ("|".join(words[key]) for key in ("chains", "chains_of_several"))
    return (
        re.compile(
            rf"(?:^|(?<=[.!?]\s))\s*(?:(?:{leads}),?\s+(?P<next>[a-zA-Z])|"
            rf"(?:{turns}),?\s+(?P<pronoun>[a-zA-Z])(?={_GOES_ON}))"
        ),
        re.compile(rf"\b(?:(?P<one>{one})|(?:{several})) to (?P<verb>[a-z]{{2,}})\b"),
    )


def _verb(match: re.Match[str]) -> str:
    """The verb alone, right before what it governs: "is able to deliver" as "delivers"."""
    verb = match["verb"]
    return (third(verb) if match["one"] else verb).rjust(len(match[0]))


def _without_lead(match: re.Match[str]) -> str:
    return (match["next"] or match["pronoun"]).upper().rjust(len(match[0]))


def third(verb: str) -> str:
    """The third person of a verb."""
    if verb in _THIRD:
        return _THIRD[verb]
    if verb[-1] == "y" and verb[-2] not in _VOWELS:
        return f"{verb[:-1]}ies"
    return f"{verb}es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else f"{verb}s"


#: What parts values in a line, as a comma does: "80 GB HBM3 · 3,350 GB/s · NVLink 900 GB/s".
_DOT = re.compile(r"(?<=\S)\s[\u00b7\u2022\u2219]\s(?=\S)")


def parted(text: str) -> str:
    """A text with commas where dots part its values, as long as it was."""
    return _DOT.sub(",  ", text) if "\u00b7" in text or "\u2022" in text or "\u2219" in text else text

"""What a technique does to memory, speed or quality: "FlashAttention halves the KV cache".

The table in `data/laws.toml` has the sign of each effect, which no figure changes. A clause that tells
another one is wrong.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from whichgpu.audit import patterns as re
from whichgpu.audit.document import RUNNING
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.text.sentences import sentences
from whichgpu.facts import store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence

UP, DOWN, NONE = "up", "down", "none"
#: Verbs by the sign of what they do to what stands behind them.
_UP = (
    r"(?:grows?|increases?|raises?|doubles?|triples?|quadruples?|multipl(?:y|ies)|inflates?|enlarges?|"
    r"blows? up|needs? (?:a )?(?:more|extra|bigger|larger)|takes? (?:up )?(?:more|twice)|asks? for (?:more|"
    r"a bigger|a larger))"
)
_DOWN = (
    r"(?:shrinks?|reduces?|halves?|cuts?|lowers?|saves?|decreases?|quarters?|compress(?:es)?|divides?|"
    r"shards?|splits?|"
    r"partitions?)"
)
_NOT = r"(?:(?:does|do|did|will)(?: not|n[\u2019']t)|never|cannot)"
_NONE = (
    rf"(?:{_NOT} (?:change|affect|grow|increase|shrink|reduce|touch|lower|raise|shard|split)|(?:has|"
    rf"have) no (?:effect|influence|"
    r"impact|bearing) on|leaves? (?=[^.;]{3,40}?(?:as (?:it|they) (?:is|was|are|were)|unchanged|untouched|"
    r"alone|where (?:it|they) "
    r"(?:is|are))))"
)
#: A replica on every device, and a share on each.
_WHOLE = (
    r"(?:(?:every|each) (?:gpu|card|device|rank) (?:duplicates?|keeps?|holds?|stores?|"
    r"has) (?:a full copy of |a copy of |all )?|"
    r"keeps? (?=[^.;]{3,30}? on (?:each|every) (?:gpu|card|device|rank))|(?:duplicates?|replicates?|copies) )"
)
_SHARE = (
    r"(?:lets? (?:each|every) (?:gpu|card|device|rank) (?:hold|keep|store) (?:only )?(?:its|a) (?:share|"
    r"part|fraction) of |"
    r"(?:each|every) (?:gpu|card|device|rank) (?:holds|keeps|stores) (?:only )?(?:its|a) (?:share|part|"
    r"fraction) of )"
)
#: Behind the name of a technique, up to the verb.
_BETWEEN = (
    r"(?:[\s,]+(?:also|by contrast|however|then|thus|even|too|over \d+ steps|with \d+ steps|"
    r"in training|in vLLM),?)*[\s,]+"
)
_FILL = r"(?:(?:in|by|to|of|the|its|their|your|memory|size|for|a|only|entire|whole|half|factor|four|two)\s+)*"
#: "With twice the context the weights take twice the memory": a verb behind the quantity.
_RISES = (
    r"(?:grows?|increases?|doubles?|triples?|quadruples?|rises?|takes? (?:more|twice)|"
    r"gets? (?:bigger|larger|better|higher|sharper))"
)
_FALLS = (
    r"(?:shrinks?|falls?|drops?|halves?|decreases?|gets? (?:smaller|lower|worse)|"
    r"(?:is|are) (?:cut|halved|reduced))"
)
_STAYS = (
    r"(?:stays? (?:the same|as (?:it|they) (?:is|are))|remains? the same|"
    r"(?:does|do)(?: not|n[\u2019']t) (?:grow|change|increase|shrink))"
)
#: Of what something is done by: "the cache is halved by FlashAttention".
_ARE, _BY = r"(?:is|are|gets?|becomes?)", r"(?:by|with|under|through|thanks to)\s+(?:the use of\s+)?"
_UNSURE = re.compile(
    r"\?|\b(?:if|may|might|could|would|should|unless|instead of|without|relative|per (?:gpu|card|device)|"
    r"myth|wrong|"
    r"time|slower|faster|indirectly|in effect|effective)\b",
    re.IGNORECASE,
)


@cache
def _techniques() -> Mapping[str, Mapping[str, Any]]:
    known: Mapping[str, Mapping[str, Any]] = store.load("laws")["laws"]["techniques"]
    return known


@cache
def _any() -> re.Pattern[str]:
    return re.compile("|".join(row["words"] for row in _techniques().values()), re.IGNORECASE)


#: Forms of words, <by> a technique and <at> a quantity, with the sign of the effect that each tells.
_WAYS = (
    (UP, rf"<by>{_BETWEEN}{_UP}\s+{_FILL}<at>"),
    (DOWN, rf"<by>{_BETWEEN}{_DOWN}\s+{_FILL}<at>"),
    (NONE, rf"<by>{_BETWEEN}{_NONE}\s*{_FILL}<at>"),
    (NONE, rf"<by>[\s,][^.;]{{0,24}}?{_WHOLE}{_FILL}<at>"),
    (DOWN, rf"<by>[\s,][^.;]{{0,24}}?{_SHARE}{_FILL}<at>"),
    (UP, rf"\b(?:with|under|by|through) <by>,?\s+(?:the\s+)?<at>\s+{_RISES}"),
    (DOWN, rf"\b(?:with|under|by|through) <by>,?\s+(?:the\s+)?<at>\s+{_FALLS}"),
    (NONE, rf"\b(?:with|under|by|through) <by>,?\s+(?:the\s+)?<at>\s+{_STAYS}"),
    (DOWN, rf"<by>{_BETWEEN}(?:made|makes) <at> (?:(?:half|a quarter) as (?:large|big)|smaller|shrink)"),
    (UP, rf"<by>{_BETWEEN}(?:made|makes) <at> (?:twice as (?:large|big)|larger|bigger|grow)"),
    (
        DOWN,
        rf"<at>\s+{_ARE}\s+(?:halved|cut(?: in half)?|reduced|shrunk|quartered|"
        rf"made smaller)\s+{_BY}<by>",
    ),
    (UP, rf"<at>\s+{_ARE}\s+(?:doubled|increased|enlarged|made larger)\s+{_BY}<by>"),
    (DOWN, rf"<at>\s+{_FALLS}\s+{_BY}<by>"),
    (UP, rf"<at>\s+{_RISES}\s+{_BY}<by>"),
    (NONE, r"<by>[^.;]{0,40}?\b(?:but |and )leaves? <at> (?:where|as) (?:it|they) (?:is|are|was|were)"),
    (
        NONE,
        rf"<by>{_BETWEEN}leaves?\s+(?:the\s+)?<at>\s+"
        r"(?:unchanged|as (?:it|they) (?:is|are)|untouched|alone)",
    ),
    (
        DOWN,
        rf"\b(?:with|under|by|through|"
        rf"in) <by>(?: training)?,?\s+(?:the\s+)?<at>\s+{_ARE}\s+(?:sharded|split|"
        r"partitioned|divided|distributed)",
    ),
    (
        DOWN,
        r"\b(?:with|under|in) <by>(?: training)?,?\s+(?:each|every) (?:gpu|card|device|"
        r"rank) (?:holds|keeps|stores|"
        r"has) (?:only )?(?:its|a) (?:share|part|fraction|shard) of (?:the )?<at>",
    ),
)


@cache
def _forms() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each form of words in which a technique is told to have an effect, with the sign that it tells."""
    known = store.load("laws")["laws"]["quantities"]
    words = rf"(?P<by>{'|'.join(row['words'] for row in _techniques().values())})"
    what = rf"(?P<at>{'|'.join(known.values())})"
    return tuple(
        (told, re.compile(form.replace("<by>", words).replace("<at>", what), re.IGNORECASE))
        for told, form in _WAYS
    )


def find(context: Context) -> Iterator[Finding]:
    """Every clause that tells another effect than the one that a technique has."""
    for _, passage in context.document.running():
        if passage.kind in RUNNING and _any().search(passage.text):
            for sentence in sentences(passage.text):
                if _any().search(sentence.text) and not _UNSURE.search(sentence.text):
                    yield from _of_sentence(passage, sentence, context)


def _of_sentence(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    quantities = store.load("laws")["laws"]["quantities"]
    for told, form in _forms():
        for match in form.finditer(passage.text, sentence.start, sentence.end):
            key = _named(match["by"], {one: row["words"] for one, row in _techniques().items()})
            sign = _techniques()[key]["of"].get(_named(match["at"], quantities)) if key else None
            if sign and sign != told:
                because = _techniques()[key]["because"]
                yield made(
                    context, passage, match.span(), "category", "contradicted", subject=key,
                    attribute="effect", because=because,
                    expected={UP: "more", DOWN: "less", NONE: "as before"}[sign],
                    evidence=(Evidence(because),),
                )  # fmt: skip
                return


def _named(text: str, known: Mapping[str, str]) -> str:
    """Which of some things a text names, by their words; empty for none."""
    return next((key for key, words in known.items() if re.fullmatch(words, text, re.IGNORECASE)), "")

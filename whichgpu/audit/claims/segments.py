"""Whom a device is said to be made for: "the A100 is a gaming card", "the flagship of its gaming cards"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.tables.variants import cells
from whichgpu.audit.text.sentences import sentences, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.findings import Context, Finding

_CARD = (
    r"(?:graphics )?(?:cards?|gpus?|boards?|accelerators?|parts?|line(?:-?up)?|range|series|family|products?)"
)
_MAKER = r"(?:(?:NVIDIA|AMD|Intel)(?:[\u2019']s)?|their|its|the)"
_OF_MAKER = r"(?:NVIDIA|AMD|Intel)(?:[\u2019']s)?"
#: Words that make it the first of a kind.
_FIRST = (
    r"(?:flagship|king|crown|top|top (?:model|card|end)|fastest|biggest|largest|best|strongest|most powerful)"
)


def _said(kind: str) -> re.Pattern[str]:
    """What says right behind a name that it is of a kind; as an aside, that could be the next of a list."""
    return re.compile(
        rf"(?:s|[\u2019']s)?(?:"
        rf"(?:,| is| was| remains)? (?:still |also )?the {_FIRST} (?:of|among|in) (?:all )?"
        rf"(?:{_MAKER} )?{kind} {_CARD}|"
        rf" (?:is|was|remains|are|were) (?:still |also |only |just )?(?:considered |classed as |seen as )?"
        rf"(?:(?:an?|one of) )?(?:{_OF_MAKER} )?"
        rf"(?:(?:high-end|former|older|big|expensive|plain|pure) )?{kind} (?:{_CARD}|flagship)|"
        rf" (?:belongs? to|is part of|comes? from|is among|counts? among) (?:{_MAKER} )?{kind} {_CARD}"
        rf")\b(?! (?:class|killer|prices?|with an?|turned|by|at heart|in disguise|cooler|driver))",
        re.IGNORECASE,
    )


#: What a kind is called, and the segments that are wholly another; cards of workstations may be of either.
_KINDS = (
    (
        _said(r"(?:gaming|gamers?[\u2019']|consumer|GeForce|game|desktop)"),
        frozenset({"datacenter"}),
        "data-centre",
    ),
    (_said(r"(?:data[ -]?cent(?:er|re)|server)"), frozenset({"geforce", "laptop"}), "gaming"),
)
#: What makes it less than plainly said, or of another thing.
_UNSURE = re.compile(
    r"\?|n[\u2019']t\b|\b(?:not|no|never|neither|nor|like|as if|if|would|could|might|may|almost|practically|"
    r"basically|essentially|effectively|"
    r"really|technically|so-called|modded|modified|converted|relabel\w*|rebadg\w*|repurpos\w*|wrong\w*|myth|"
    r"mistake\w*|joke|"
    r"think\w*|thought|believ\w*|claim\w*|says?|said|call\w*|confus\w*|advertis\w*|used as|treat\w*|"
    r"imagine|than|good|decent|fine|great|my|our|your|we|us|"
    r"instead|between|versus|vs)\b|[\"\u201c\u201d]",
    re.IGNORECASE,
)


#: Headings of whom a device is made for, and what below them is of the other kind.
_HEAD = re.compile(
    r"\W*(?:market |target )?(?:segments?|markets?|audience|class|category|platform|type of card)\W*",
    re.IGNORECASE,
)
_CELLS = (
    (
        re.compile(r"\W*(?:gaming|gamers?|consumers?|desktop|mainstream)\W*", re.I),
        "datacenter",
        "data-centre",
    ),
    (re.compile(r"\W*(?:data[ -]?cent(?:er|re)|servers?)\W*", re.I), "geforce", "gaming"),
)


def _of_tables(context: Context) -> Iterator[Finding]:
    """Cells that give a device to a segment which is wholly another: "Market segment | Desktop"."""
    for table in context.document.tables:
        for cell in cells(table, context) if len(table.rows) > 1 else ():
            segments = {context.catalogue[key].segment for key in cell.ids}
            for said, other, real in _CELLS if _HEAD.fullmatch(cell.label) and cell.ids else ():
                if segments == {other} and said.fullmatch(cell.passage.text):
                    because = f"{cell.ids[0]} is a {real} card"
                    yield made(
                        context, cell.passage, (0, len(cell.passage.text)), "identity", "contradicted",
                        subject=cell.ids[0], attribute="segment", because=because, expected=real,
                        evidence=(Evidence(because),),
                    )  # fmt: skip


def find(context: Context) -> Iterator[Finding]:
    """Every such claim that is wrong of all that its name may mean."""
    yield from _of_tables(context)
    for index, passage in context.document.running():
        here = context.mentions.get(index, ())
        for sentence in sentences(passage.text) if here else ():
            if _UNSURE.search(sentence.text):
                continue
            for mention in within(here, sentence.start, sentence.end):
                segments = {context.catalogue[key].segment for key in mention.ids}
                for said, others, real in _KINDS:
                    match = said.match(passage.text, mention.end, sentence.end)
                    if match is None or not segments or not segments <= others:
                        continue
                    because = f"{mention.ids[0]} is a {real} card"
                    yield made(
                        context, passage, match.span(), "identity", "contradicted", subject=mention.ids[0],
                        attribute="segment", because=because, expected=real, evidence=(Evidence(because),),
                    )  # fmt: skip

"""Whom a comparison weighs: the names on either side of it, else all that it can mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.clauses.parts import owner
from whichgpu.audit.comparisons.pairs import in_title
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.excluded.scope import spoken_of
from whichgpu.audit.text.sentences import sentences, topic
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.excluded.scope import Scope
    from whichgpu.audit.findings import Context

#: Between a comparison and whom it is against.
_TO = re.compile(
    r"(?:[^.;,]|,(?=\d))*?\b(?:than|of|as|over|what|against|versus|vs\.?|compared (?:to|with)|relative to|"
    r"behind|"
    r"above|below|beyond)\s(?:[^.;,]|,(?=\d)){0,40}$",
    re.IGNORECASE,
)
#: Before whom it is against, at the front of the sentence or before the comparison.
_AGAINST = re.compile(
    r"\b(?:against|compared (?:to|with)|unlike|versus|relative to|set beside|next to|beside|over|than|from|"
    r"beats?|"
    r"outruns?|outdoes|exceeds?|surpass(?:es)?|trails?|leads?|behind|ahead of|tops|succeeds?|replaces?|"
    r"predecessor,?|vs\.?|in relation to|in comparison (?:to|with)|measured against|(?:sibling|cousin|"
    r"variant|version|brother|relative) of)\s+(?:(?:the\s)?[~$\u20ac]?\d[\d.,]*(?:\s?[A-Za-z/]+)?\s(?:of|"
    r"on|for|from|"
    r"in|with)\s)?(?:the\s|an?\s|its\s|that of\s|nvidia(?:[\u2019']s)?\s|amd(?:[\u2019']s)?\s|older\s|"
    r"newer\s|desktop\s|"
    r"previous\s|predecessor,?\s){0,3}$",
    re.IGNORECASE,
)
#: Between a name and by how much another one leads it.
BY = re.compile(
    r"\s+by\s+(?:a factor of\s+)?(?:(?:about|around|roughly|nearly|over|some)\s+)?", re.IGNORECASE
)
_LEADS = re.compile(
    r"\b(?:beats?|outruns?|outdoes|exceeds?|surpass(?:es)?|trails?|leads?|ahead of|tops)\s+(?:the\s)?$",
    re.IGNORECASE,
)
#: Models that a text may speak of where a side is not told.
MOST = 5


class Sides(NamedTuple):
    """The devices that a comparison can be of and against; whether each is told in its own sentence."""

    of: list[tuple[str, ...]]
    against: list[tuple[str, ...]]
    told: bool


def sides(scope: Scope, start: int, end: int, context: Context) -> Sides | None:
    """Whom a comparison at a place can weigh; None where that is anybody's guess."""
    text, sentence = scope.passage.text, scope.sentence
    here = [each for each in scope.here if each.ids]
    other = _against(here, (start, end), scope)
    subjects = [
        each
        for each in here
        if each.end <= start and each is not other and not _AGAINST.search(text, sentence.start, each.start)
    ]
    led = other is not None and _LEADS.search(text, sentence.start, other.start) is not None
    if led and subjects[1:] and BY.fullmatch(text, subjects[-1].end, start):
        # "The V100 leads the RTX 3080 by 18 % and the T4 by a factor of 2.8".
        *subjects, other = subjects
    one = subjects[-1] if subjects else owner(scope.number, scope.passage, start, context)
    others = {_model(each, context) for each in here if each is not other and each.start >= start}
    opposed = {_model(each, context) for each in here if each.end <= start and each is not other}
    if not subjects and (opposed or (others and (one is None or _model(one, context) not in others))):
        # Behind it another is named, of which the sentence may be, or a further one that it is against.
        return None
    if one is not None and other is not None and _model(one, context) == _model(other, context):
        one = None
    if one is not None and other is not None:
        return Sides([one.ids], [other.ids], told=one in here)
    maker = text[sentence.start : start] if one is None and other is None else ""
    return _by_maker(maker, context) or _with_rest(one, other, start, scope, context)


def _against(here: Sequence[Mention], place: tuple[int, int], scope: Scope) -> Mention | None:
    """Whom a comparison is against: the first name behind it, or the last before it that is set against."""
    text, (start, end) = scope.passage.text, place
    behind = [each for each in here if each.start >= end]
    if behind and _TO.match(text[end : behind[0].start]):
        return behind[0]
    opposed = [
        each for each in here if each.end <= start and _AGAINST.search(text, scope.sentence.start, each.start)
    ]
    return opposed[-1] if opposed else None


def _with_rest(
    one: Mention | None, other: Mention | None, start: int, scope: Scope, context: Context
) -> Sides | None:
    """A side that is told against each that the other can be: of the passage, else of the text."""
    passage, every = _passage(scope, start, context), compared(scope, context)
    about = _about(scope, context) if one is None and other is not None else None
    if about and other and _model(about, context) != _model(other, context):
        return Sides([about.ids], [other.ids], told=False)
    every = passage if len(every) > MOST else every
    known = one or other
    if not _TWO <= len(every) <= MOST or known is None:
        pairs = list(every.values())
        return Sides(pairs, pairs, told=False) if known is None and _TWO <= len(pairs) <= _FEW else None
    said = "" if _OF_BEFORE.match(scope.sentence.text) else _form(scope)
    if said:
        return _namesake(known, said, is_first=one is not None, context=context)
    rest = _but(_near(scope, context), known, context) or _but(passage, known, context)
    # Whom "it" is was named before; whom it is against may be told anywhere.
    rest = rest or (_but(every, known, context) if one is not None else [])
    # Behind it a further one is named, of which the rest of the sentence is.
    if not rest or any(each.start > start and each is not other for each in scope.here):
        return None
    return Sides([known.ids], rest, told=False) if one else Sides(rest, [known.ids], told=False)


def _form(scope: Scope) -> str:
    """The form of a name that a sentence tells beside the names: "the laptop version"."""
    said = _FORMS.finditer(scope.passage.text, scope.sentence.start, scope.sentence.end)
    free = (each for each in said if not any(one.start <= each.start() < one.end for one in scope.here))
    return next((each[0].lower() for each in free), "")


def _about(scope: Scope, context: Context) -> Mention | None:
    """The one device that the text before a sentence is about, where that is certain."""
    found, certain = topic(scope.number, scope.passage, context)
    return found[-1] if certain and found else None


def _namesake(known: Mention, form: str, *, is_first: bool, context: Context) -> Sides | None:
    """The desktop's card and that of its name in laptops, or the other way round, where a text has both."""
    mobile = all(key.endswith("-laptop") for key in known.ids)
    if mobile == form.startswith("desktop"):
        return None
    other = tuple(
        name
        for key in known.ids
        if (name := key.removesuffix("-laptop") if mobile else f"{key}-laptop") in context.spoken_of
    )
    if not other:
        return None
    return Sides([known.ids], [other], told=False) if is_first else Sides([other], [known.ids], told=False)


def _but(
    every: dict[frozenset[str], tuple[str, ...]], known: Mention, context: Context
) -> list[tuple[str, ...]]:
    return [ids for key, ids in every.items() if key != _model(known, context)]


_MAKER = re.compile(r"\b(?P<maker>NVIDIA|AMD|Intel|Apple)\b(?![\u2019']s)", re.IGNORECASE)


def _by_maker(words: str, context: Context) -> Sides | None:
    """The devices of the one maker that a sentence names as its subject, against those of the others."""
    said = {match["maker"].lower() for match in _MAKER.finditer(words)}
    every = every_model(context)
    if len(said) != 1 or not 1 < len(every) <= MOST:
        return None
    own = {key: ids for key, ids in every.items() if context.catalogue[ids[0]].vendor.lower() in said}
    rest = [ids for key, ids in every.items() if key not in own]
    return Sides(list(own.values()), rest, told=False) if own and rest else None


#: Models of which each may be meant with each.
_FEW = 3
#: The form of a name that has two, the other of which need not be told.
_FORMS = re.compile(r"\b(?:mobile|laptops?|notebooks?|desktops?)\b", re.IGNORECASE)
#: A sentence whose subject is that of the one before.
_OF_BEFORE = re.compile(r"\s*(?:That|This|It)(?:[\u2019']s| is| has| was)\b")
_TWO = 2


def _model(one: Mention, context: Context) -> frozenset[str]:
    return model(one.named[0], context.catalogue)


def _passage(scope: Scope, start: int, context: Context) -> dict[frozenset[str], tuple[str, ...]]:
    """The models that a passage names before a place."""
    found = [each for each in context.mentions.get(scope.number, ()) if each.ids and each.end <= start]
    return {_model(each, context): each.ids for each in found}


def _near(scope: Scope, context: Context) -> dict[frozenset[str], tuple[str, ...]]:
    """The models that the sentence and the one before it name."""
    before = [each.start for each in sentences(scope.passage.text) if each.start < scope.sentence.start]
    start = before[-1] if before else scope.sentence.start
    found = context.mentions.get(scope.number, ())
    return {
        _model(each, context): each.ids
        for each in found
        if each.ids and start <= each.start < scope.sentence.end
    }


def every_model(context: Context) -> dict[frozenset[str], tuple[str, ...]]:
    """The models that a text speaks of, each with the devices that its name can mean."""
    found: dict[frozenset[str], set[str]] = {}
    for gpu in spoken_of(context):
        found.setdefault(model(gpu.id, context.catalogue), set()).add(gpu.id)
    return {key: tuple(sorted(ids)) for key, ids in found.items()}


def compared(scope: Scope, context: Context) -> dict[frozenset[str], tuple[str, ...]]:
    """The models that a sentence can set beside each other.

    Those of the title with those that its passage names, else all that the text speaks of.
    """
    every = every_model(context)
    titled = {model(ids[0], context.catalogue) for ids in in_title(context)} & every.keys()
    if len(titled) < _TWO:
        return every
    named = {_model(each, context) for each in context.mentions.get(scope.number, ()) if each.ids}
    return {key: ids for key, ids in every.items() if key in titled or key in named}

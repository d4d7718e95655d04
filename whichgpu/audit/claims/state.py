"""Capabilities that a clause affirms or denies in words of its own: "but BF16 also runs natively on it".

A clause that names one capability, beside a word of having or lacking, says it of the device that the clause
is about: by any verb, in any order. What the other kinds have read already stays as they read it.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.capable.verdict import judged
from whichgpu.audit.capable.words import BY_MEANS, OF_OTHERS
from whichgpu.audit.devices.roles import spoken
from whichgpu.audit.text.models import models
from whichgpu.audit.text.sentences import guarded, sentences, within
from whichgpu.audit.values.capabilities import named_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.capabilities import Capability

#: Capabilities that are no qualifier of a figure.
_KEYS = frozenset({"fp8", "fp4", "bf16", "tf32", "nvlink", "mig", "av1_encode", "av1_decode", "ray_tracing",
                   "transformer_engine", "ecc", "cuda", "rocm", "video_encode", "hevc"})  # fmt: skip
#: What runs on other makers' devices after all, once it is ported.
_BY_OTHER_MEANS = frozenset({"cuda", "rocm"})
_HAS = re.compile(
    r"\b(?:support\w*|works?|runs?|there|available|present|handles?|gets?|got|has|have|had|having|offers?|"
    r"(?:comes?|coming) with|brings?|brought|includes?|included|knows?|understands?|speaks?|does|do|can|"
    r"native(?:ly)?|in hardware|features?|accelerat\w+|on board|possible|keeps?|kept|gained|"
    r"accepts?|trains?(?= in)|decodes?|enabled|equipped|with|via|through|over|thanks to|using|up to|"
    r"lets?|allows?|encodes?|"
    r"arrived|aboard|built in|part of)\b",
    re.IGNORECASE,
)
_LACKS = re.compile(
    r"\b(?:no|not|nothing|nobody|never|without|lacks?|lacking|missing|neither|nor|none|gone|absent|"
    r"dropped|cannot|unable|"
    r"let alone|nicht|kein\w*|ohne|pas|sans|sin|non|senza|unavailable|unsupported|removed|omit\w*|skips?|"
    r"forgo\w*|gave up|gives up|minus)\b|n[\u2019']t\b",
    re.IGNORECASE,
)
#: What denies only the verb behind it, so many characters on at most.
_JUST_NOT, _NEAR = re.compile(r"not|never|nicht|pas|n[\u2019']t", re.IGNORECASE), 24
_WITHOUT = re.compile(r"without|sans|ohne|sin|senza|minus", re.IGNORECASE)
#: What makes it no statement of fact on one device.
_HEDGED = re.compile(
    r"\b(?:if|whether|may|might|some|unlike|other|newer|older|previous|next|future|software|emulat\w+|needs?|"
    r"requir\w+|should|would|could|than|only|first|last|both|all|any|each|every|either|most|cards|gpus|"
    r"models?|"
    r"until|before|since|when|instead|generation|successor|predecessor|like|as|versus|vs|against|over|"
    r"mean\w*|help\w*|because|weights?|quanti\w+|switch|bandwidth|faster|slower|more|less|half|twice|"
    r"compar\w+|which|who|what|how|why|matter\w*|important|want|used?|using|users?|typical\w*|usual\w*|"
    r"often|drivers?|library|libraries|"
    r"frameworks?|kernels?|for|(?:nvidia|amd|intel)(?= (?:has |had |have )?(?:dropp|remov|omitt|gave|"
    r"g[ai]ve|kept|keep|add|brought)))\b|"
    r"\?|\d\s?%",
    re.IGNORECASE,
)
_COULD = re.compile(r"\bcould (?:(?:even|already|also|now)\s+)+", re.IGNORECASE)
_CLAUSE = re.compile(r"[,;:()]\s*|\s[\u2013\u2014-]\s|\s(?:and|while|whereas|but|so|though|although)\s")
_VALUE = re.compile(r"\d[\d,.]*\s?(?:[TPG](?:FL)?OPS|[GT]B|W\b|x\b|GB/s|TB/s)", re.IGNORECASE)


def find(context: Context) -> Iterator[Finding]:
    """Every capability of such a clause with its verdict."""
    done = sorted((each.start, each.end) for each in context.memo["found"])
    for index, passage in context.document.running():
        for sentence in sentences(passage.text):
            if not any(each.key in _KEYS for each in named_in(passage.text, sentence.start, sentence.end)):
                continue
            who = spoken(index, passage, sentence, context)
            for place in clauses(passage.text, sentence):
                start, end = passage.span(*place)
                at = bisect_left(done, (start, start))
                if not any(one < end for one, _ in done[at : at + 1]):
                    yield from _of_clause(passage, sentence, place, who, context)


def clauses(text: str, sentence: Sentence) -> Iterator[tuple[int, int]]:
    """The stretches of a sentence between the words and marks that begin another statement."""
    at = sentence.start
    for match in _CLAUSE.finditer(text, sentence.start, sentence.end):
        yield at, match.start()
        at = match.end()
    yield at, sentence.end


def _of_clause(
    passage: Passage, sentence: Sentence, place: tuple[int, int], who: Spoken, context: Context
) -> Iterator[Finding]:
    what = _only(passage.text, place)
    mention = _about(sentence, place, who)
    if what is None or mention is None or models(passage.text[slice(*place)]):
        # "FLUX.1-dev in FP8 with its text encoder": the format of a model's weights.
        return
    # "It could even train in TF32", "support for FP8 is there" tell of what it has.
    words = _COULD.sub("can ", passage.text[slice(*place)]).replace("upport for ", "upport ")
    if mention in who.here and place[0] <= mention.start < place[1]:
        words = words.replace(mention.text, " ")
    names = re.compile(what.names, re.IGNORECASE)
    # "Split into instances" is MIG by another name, and no figure of an instance.
    if _HEDGED.search(words) or guarded(_LACKS.sub(" ", names.sub(" ", words))) or _VALUE.search(words):
        return
    denied, has = _LACKS.search(words), _HAS.search(words)
    if (
        denied
        and _JUST_NOT.fullmatch(denied[0])
        and not _HAS.search(words, denied.end(), denied.end() + _NEAR)
    ):
        # "Are not typically wanted for it" denies nothing that a device has.
        return
    first = denied is not None and not words[: denied.start()].strip()
    # "Without NVLink, those transfers fall back to PCIe": of whatever has none.
    adjunct = first and (place[0] > sentence.start or OF_OTHERS.match(passage.text, place[1]))
    if denied and _WITHOUT.fullmatch(denied[0]) and (adjunct or not names.search(words, denied.end())):
        # "In FP8 it is 733 without it", "was run by an old build, without TF32": of something else.
        return
    if what.key in _BY_OTHER_MEANS and not denied:
        return
    if (denied or has) and len(_LACKS.findall(words)) < 2:
        name = names.search(passage.text, *place)
        gpus = [context.catalogue[key] for key in mention.ids]
        if name and not (denied and BY_MEANS.match(passage.text, name.end())):
            yield from judged(passage, name.span(), what, gpus, told=not denied, context=context)


def _only(text: str, place: tuple[int, int]) -> Capability | None:
    """The one capability that a clause names; None where it names several, or one that qualifies a figure."""
    found = [each for each in named_in(text, *place) if each.key != "tensor_cores"]
    return found[0] if len(found) == 1 and found[0].key in _KEYS else None


_OF_NONE = re.compile(
    r"\s*(?:nothing|nobody|no (?:one|card|gpu|chip|device|other)|none|neither|every(?:thing)?|all|"
    r"any(?:thing)?)\b",
    re.IGNORECASE,
)


_ON_BOTH = re.compile(r"\b(?:on|in|with|of|for) (?:both|each|all|either)\b", re.IGNORECASE)


def _about(sentence: Sentence, place: tuple[int, int], who: Spoken) -> Mention | None:
    """The device that a clause is about: its only one, else the subject of what stands before it."""
    inside = within(who.here, *place)
    if not inside and _OF_NONE.match(who.text, place[0]):
        # "Nothing in the G families has NVLink": of what it names itself.
        return None
    if not inside and _ON_BOTH.search(who.text, *place):
        # "The newer cards win: FP8 on both": of those that were just spoken of.
        return None
    if inside:
        alone = len(inside) == 1 and inside[0] not in who.against
        return inside[0] if alone else None
    if any(each.start >= place[1] for each in who.here) and not any(
        each.end <= place[0] for each in who.here
    ):
        return None
    before = [each for each in who.own if each.end <= place[0]]
    if before:
        return before[0] if len({each.named for each in before}) == 1 else None
    return who.topic[0] if who.topic and who.certain and sentence.start <= place[0] else None

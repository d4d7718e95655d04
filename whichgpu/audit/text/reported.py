"""What a text tells as the word of others and denies: "It is often said that ..; that is wrong".

And what it takes back of its own: "an earlier version said that ..".
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.findings import withheld
from whichgpu.audit.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding

#: Words of who says it, and of its being said.
_SAID = re.compile(
    r"\b(?:(?:we|i)(?: had|[\u2019']d| have|[\u2019']ve| also| even)? "
    r"(?:gave|given|wrote|written|said|listed|stated|"
    r"claimed|"
    r"quoted|called|put)|myths?|misconceptions?|misunderstanding|fallacy|rumou?rs?|urban legend|"
    r"contrary to (?:popular )?belief|"
    r"(?:some|many|most|a lot of|other|plenty of) (?:people|users|beginners|buyers|blogs|articles|"
    r"guides|forums|posts|"
    r"folks|vendors)(?: still)? (?:believe|think|say|claim|assume|insist|write|argue|suggest|promise)\w*|"
    r"(?:somebody|someone|some(?:body|one) else|a (?:commenter|poster|colleague|friend|reader)|"
    r"the (?:seller|salesman|"
    r"ad|listing|previous poster|op))(?: \w+){0,2}? (?:said|says|claims?|claimed|wrote|writes|told|"
    r"suggested)|"
    r"(?:often|sometimes|commonly|widely|frequently|regularly) (?:said|claimed|heard|read|believed|"
    r"assumed|repeated|told)|"
    r"(?:i was|we were|i am|you are|you will be) (?:often )?told|told (?:me|us|you)|(?:you|one) (?:may|"
    r"might|will|can|"
    r"sometimes|often) (?:often )?(?:hear|read)|people (?:say|think|believe)|(?:popular|common) belief|"
    r"supposedly|allegedly)\b",
    re.IGNORECASE,
)
#: What denies it, in the sentence itself behind it or at the start of the next.
_DENIED = re.compile(
    r"\b(?:should(?: \w+){0,2} have (?:been|said|read)|wrong|false|not true|untrue|not so|nonsense|"
    r"incorrect|inaccurate|a myth|mistaken|"
    r"doesn[\u2019']t hold|"
    r"not (?:the case|correct|right|accurate)|no longer true|never true|is not what|misleading|debunked)\b",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"[\s\"\u201d*_]*(?:(?:that|this|it|they|these|which|both|neither|but that|but it|in fact,? (?:it|"
    r"that|they)|in "
    r"reality,? (?:it|that|they))\s+"
    r"(?:(?:is|are|does|do|has|have|was|can|did|could)(?:n[\u2019']t| not)\b|cannot\b)|(?:fact|reality|"
    r"truth|wrong|false|"
    r"not true|nonsense|nope|nah|no|in (?:fact|reality|truth)|actually)[\s.,:!])",
    re.IGNORECASE,
)
#: What the text takes back of its own: "an earlier version said the 4060 Ti had a 192-bit bus".
_TAKEN_BACK = re.compile(
    r"\b(?:(?:an?|the|our|my|this (?:article|post|page|guide|review)[\u2019']s) "
    r"(?:earlier|previous|first|original|prior|initial) (?:versions?|drafts?|editions?|revisions?)\b"
    r"[^.;:]{0,60}?\b(?:said|stated|listed|gave|claimed|had|contained|quoted|showed|read|reported|put|"
    r"wrote|named|called)|"
    r"(?:we|i|this (?:article|post|page|guide|review|table)) (?:had )?(?:originally|previously|initially|"
    r"wrongly|mistakenly|incorrectly|erroneously|first|earlier) "
    r"(?:said|stated|listed|gave|claimed|had|quoted|showed|reported|put|wrote|written|given|named|called)|"
    r"(?:we|i) had (?:given|written|stated|listed|put|quoted|called)\b[^.;]{0,60}\bas|"
    # "Removed the claim that the T4 does BF16", "someone had put 1,979 next to it".
    r"(?:removed|dropped|deleted|retracted|withdrew|corrected|fixed) (?:the|a|our|my) "
    r"(?:claim|statement|line|entry|note|sentence) (?:that|of|about)|"
    r"(?:someone|somebody|one of us|a colleague|a reader) had (?:put|written|typed|noted|entered))\b",
    re.IGNORECASE,
)
#: The claim itself in a list of what is wrong: "Myth: ..", "Misconception 3: ..".
_LABELLED = re.compile(
    r"[\s*_#>\d.\"\u201c-]*(?:myth|misconception|wrong|false|claim|fiction)\s*(?:#?\d+)?[*_]*\s*:", re.I
)
_WHY = "the text tells it as the word of others and denies it"


def without_reported(found: Sequence[Finding], context: Context) -> list[Finding]:
    """Findings as they are, or unverifiable where they accuse what the text itself denies."""
    if not any(each.accuses for each in found):
        return list(found)
    if "denied" not in context.memo:
        # Several readings ask it of one document.
        context.memo["denied"] = _all_denied(context)
    places, values = context.memo["denied"]
    sums = ("arithmetic", "ratio", "benchmark")
    return [
        withheld(each, _WHY)
        if each.accuses
        and (
            (each.kind not in sums and _within(each, places))
            or (each.kind == "specification" and _within(each, values))
        )
        else each
        for each in found
    ]


def _all_denied(context: Context) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The places of a file that its text denies, and those of values that it does."""
    running = [passage for _, passage in context.document.running()]
    heads = (*(each.text for each in running[:_FIRST]), *running[0].section) if running else ()
    corrects = any(_CORRECTS.search(each) for each in heads)
    places = sorted(
        passage.span(*place)
        for passage in running
        if corrects
        or any(each.search(passage.text) for each in (_SAID, _TAKEN_BACK, *_UNCLAIMED))
        or _LABELLED.match(passage.text)
        or _is_quoted(passage)
        for place in _denied(passage, corrects=corrects)
    )
    values = sorted(
        passage.span(*words.span()) for passage in running for words in _DENIED_VALUE.finditer(passage.text)
    )
    return places, values


#: What a text is headed by that puts right what was told elsewhere, and a sentence on that.
_CORRECTS = re.compile(
    r"\b(?:corrections?|errat(?:a|um)|corrigend(?:a|um)|got (?:\w+ ){1,3}wrong|(?:mistakes|errors) (?:in|"
    r"of) (?:my|our))\b",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"[\W\d]*(?:In (?:the|our|my) [\w ]{3,20},? )?(?:where )?(?:we|i|the \w+)(?:[\u2019']d| had| also)? "
    r"(?:had|gave|wrote|said|listed|stated|claimed|quoted|called|put|written|given)\b",
    re.IGNORECASE,
)
_FIRST = 3


#: How a passage begins that puts right what its author wrote: "5. Corrections. In letter #40 ..".
_OF_CORRECTIONS = re.compile(
    r"[\W\d]*(?:corrections?|errat(?:a|um)|corrigend(?:a|um)|mea culpa)\b\W", re.IGNORECASE
)


def _denied(passage: Passage, *, corrects: bool) -> Iterator[tuple[int, int]]:
    """The sentences of a passage that tell what others say, and are denied."""
    above = (passage.text, *passage.section[-1:])
    corrects = corrects or any(_OF_CORRECTIONS.match(f"{each} ") for each in above)
    quoted = _QUOTED.match(passage.text) if _is_quoted(passage) else None
    if quoted:
        yield quoted.span()
    every = sentences(passage.text)
    rumoured = False
    for at, each in enumerate(every):
        # What goes on behind a rumour is of it.
        rumoured = rumoured or _RUMOURED.search(each.text) is not None
        if corrects and _OWN.match(each.text):
            yield each.start, each.end
        said = _SAID.search(each.text)
        after = every[at + 1].text if at + 1 < len(every) else ""
        labelled = (_LABELLED.match(each.text) or _TAKEN_BACK.search(each.text)) is not None
        denied = _DENIED.search(each.text) or (after and (_DENIES.match(after) or _is_denial(after)))
        unreal = _UNREAL.match(each.text) or any(one.search(each.text) for one in _HEARSAY)
        if labelled or (said and denied) or unreal or rumoured:
            yield each.start, each.end


#: What somebody says of whom nobody knows more, which the text does not say itself.
_BY_SOMEONE = re.compile(
    r"\b(?:someone|somebody|some (?:guy|dude|user|people|folks)|people|"
    r"a (?:friend|colleague|reader|user|commenter|seller|"
    r"salesman|rep|reseller|shop|listing)|the (?:seller|listing|salesman|guy|shop|rep|reseller)|s?he|"
    r"(?:the|an?|their|his|her|some|one) [\w\u2019' -]{0,24}(?:pages?|ads?|advert\w*|posts?|articles?|"
    r"blogs?|"
    r"videos?|stickers?|"
    r"box|labels?|websites?|sites?|forums?|threads?|comments?))"
    r"(?: (?:up ?thread|down ?thread|above|below|else|earlier|here|there))?"
    r"(?: (?:in|on|from|at|of) [^.;,]{2,40})? (?:(?:once|even|also|still|here|just|actually|has|had|"
    r"have) )?"
    r"(?:claim(?:s|ed|ing)?|said|says|saying|told|tells|wrote|writes|insist\w*|swear\w*|swore|thought|"
    r"believe[sd]?|promised|"
    r"asserted|listed|advertised)\b",
    re.IGNORECASE,
)
#: What is only imagined, and what is said not to be true.
_UNREAL = re.compile(
    r"\W*(?:(?:And|But|So|Now|Or),?\s+)?(?:Had\s|Were\s|Imagine\b|Suppose\b|Supposing\b|"
    r"Picture\b|Pretend\b|What if\b|"
    r"If only\b|Let[\u2019']s (?:say|assume|pretend|suppose|imagine)\b)"
)
_UNREAL_IF = re.compile(
    r"\bif\b[^.;]{2,60}?\b(?:had|were|came|got|kept|gave|hadn[\u2019']t|weren[\u2019']t)\b[^.;]*"
    r"(?:\b(?:would|could|might)|[\u2019']d)\b|"
    r"(?:\b(?:would|could|might)|[\u2019']d)\b[^.;]*\bif\b[^.;]{2,60}?\b(?:had|were|came|got|kept)\b",
    re.IGNORECASE,
)
_NOT_TRUE = re.compile(
    r"(?:n[\u2019']t|\bnot|\bnever|\bnor|\bhardly|\bno longer|\bsimply) "
    r"(?:true|so|right|correct|the case) that\b|"
    r"\b(?:wrong|false|nonsense|untrue|a myth|a misconception|a rumou?r|mistaken) "
    r"(?:to (?:say|think|believe|claim) )?that\b|"
    r"\b(?:you|one|we|i) (?:\w+ )?(?:read|hear|see|find)s? (?:\w+ ){0,3}that\b",
    re.IGNORECASE,
)
#: A value that a device is said not to have: "doesn't have 144 SMs".
_DENIED_VALUE = re.compile(
    r"\b(?:is|are|was|were|has|have)(?:n[\u2019']t| not) (?:\w+ )?[$\u20ac]?\d[^.;,:]{0,4}[^.;:]{0,20}|"
    r"(?:n[\u2019']t|\bnot|\bnever) (?:have|has|had|get|offer|come with|reach|draw|be|use|need|a|an|the)\s"
    r"[^.;,:]{0,60}",
    re.IGNORECASE,
)
#: What is only rumoured to come: "a 20 GB version, of which there are rumours, might follow".
_RUMOURED = re.compile(
    r"\b(?:is|are|was|were) (?:\w+ly )?rumou?red (?:to|for)\b|"
    r"\brumou?red (?:\w+ )?(?:spec\w*|cards?|gpus?|versions?|variants?|launch)\b|"
    r"\b(?:rumou?r(?:s|ed)?|rumeurs?|ger\u00fccht(?:e|en)?|rumore[s]?|leak(?:s|ed|er)?|leaked|fuites?|"
    r"insiders?)\b"
    r"[^.;]*\b(?:could|might|may|would|will|should|expected|pourrait|pourraient|sera|serait|aurait|"
    r"soll(?:te|en)?|"
    r"wird|werden|k\u00f6nnte|podr\u00eda|ser\u00e1)\b"
    r"|\b(?:could|might|may|pourrait|soll(?:te|en)?|k\u00f6nnte|podr\u00eda)\b[^.;]*"
    r"\b(?:rumou?r(?:s|ed)?|rumeurs?|ger\u00fccht(?:e|en)?|rumores)\b",
    re.IGNORECASE,
)
_HEARSAY = (_NOT_TRUE, _BY_SOMEONE, _RUMOURED, _UNREAL_IF)
_UNCLAIMED = (re.compile(_UNREAL.pattern), *_HEARSAY)
#: Below a heading of myths, the one in quotation marks that an item begins with.
_QUOTED = re.compile(r"[\s*_#>\d.-]*[\"\u201c][^\"\u201d]+[\"\u201d]")
_OF_MYTHS = re.compile(
    r"\b(?:myths?|misconceptions?|misunderstandings|fallac(?:y|ies)|fictions?)\b", re.IGNORECASE
)


def _is_quoted(passage: Passage) -> bool:
    """Whether a passage begins with a quotation below a heading that says that it is wrong."""
    return bool(_OF_MYTHS.search(" ".join(passage.section[-1:])) and _QUOTED.match(passage.text))


def _is_denial(text: str) -> bool:
    """Whether a sentence says of the one before that it is wrong: "That is wrong; batches are streamed."."""
    denied = _DENIED.search(text)
    return denied is not None and _OF_IT.match(text) is not None and denied.start() < _NEAR


_OF_IT = re.compile(r"[\s\"\u201d*_]*(?:that|this|it|both|these|they|which|such)\b", re.IGNORECASE)
_NEAR = 40


def _within(found: Finding, places: Sequence[tuple[int, int]]) -> bool:
    at = bisect_right(places, (found.start, 1 << 60)) - 1
    return at >= 0 and found.end <= places[at][1]

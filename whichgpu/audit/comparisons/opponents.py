"""Which two devices an ordering sets against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.comparisons.pairs import Pair, devices, forms, pair
from whichgpu.audit.devices.mentions import model
from whichgpu.audit.text.counting import counted

if TYPE_CHECKING:
    from whichgpu.audit.comparisons.comparing import Comparison
    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.findings import Context

#: Between a word that needs another side and its name.
_OBJECT = re.compile(
    r"(?:\s+(?:memory|vram|power|bandwidth|strom|leistung|energie|speicher|"
    r"courant))?(?:\s+in\s+\w+(?:\s+bandwidth)?)?(?:\s+(?:with|to|as))?(?:\s+(?:than|als|que))?\s+"
    r"(?:(?:both|even|that|those|what|free|plain|colab|kaggle|"
    r"HBM\d?e?|GDDR\dX?|memory|of|on|in|from|for|the|an?|one|a single|"
    r"die|der|das|dem|den|eine?|la|"
    r"le|el|"
    r"nvidia|amd|geforce|"
    r"nvidia[\u2019']s|amd[\u2019']s|its|[\d.,]+(?:\s?(?:gb/s|tb/s|gb|mb|w|watts?|tflops|bits?))?|[\w-]+er|"
    r"predecessor|successor|brother|"
    r"sibling|sister|cousin|rival|namesake|counterpart|old|cheap|plain|big|little|"
    r"regular|mighty|venerable)[\s,]+)*",
    re.IGNORECASE,
)


def compared_with(each: Comparison, who: Spoken) -> Mention | None:
    """The device right behind a comparison, which it is with."""
    after = [one for one in who.here if one.start >= each.end]
    return after[0] if after and _OBJECT.fullmatch(who.text, each.end, after[0].start) else None


def goes_on(each: Comparison, who: Spoken) -> bool:
    """Whether a sentence goes on about the one that was spoken of: "Its bandwidth is higher as well"."""
    return (
        bool(who.topic)
        and who.certain
        and _ITS.search(who.text, max(0, each.start - 60), each.start) is not None
    )


_ITS = re.compile(r"(?:^|[.!?]\s+)(?:Its|It)\s[^.!?,;]*$")


def the_two(each: Comparison, who: Spoken, context: Context) -> Pair | None:
    """The owner of what is called the higher, and the only other that is compared with it."""
    own = who.owner(each.start)
    return _with_other(own, who, context) if own and own in who.here else None


_THEN_THE = re.compile(r"s?,\s+(?:the\s+|nvidia\s+|amd\s+|an?\s+)*", re.IGNORECASE)


def owned_ahead(each: Comparison, who: Spoken, context: Context) -> Pair | None:
    """The owner named behind a comparison, and what it is with: that of "than", else the only other one."""
    after = [one for one in who.here if one.start >= each.end]
    if not after:
        return None
    if _THEN_THE.fullmatch(who.text, each.end, after[0].start):
        return _with_other(after[0], who, context)
    if len(after) > 1 and _THEN_THE.fullmatch(who.text, after[0].end, after[1].start):
        than = _OBJECT.fullmatch(who.text, each.end, after[0].start)
        return Pair(forms(after[1].named, context), forms(after[0].named, context)) if than else None
    return None


def _with_other(own: Mention, who: Spoken, context: Context) -> Pair | None:
    """A device and the only other one of its sentence, or of the document where the sentence has none."""
    every = [one.named for one in who.here] + ([] if len(who.here) > 1 else devices(context))
    others = {
        named
        for named in every
        if model(named[0], context.catalogue) != model(own.named[0], context.catalogue)
    }
    return Pair(forms(own.named, context), forms(others.pop(), context)) if len(others) == 1 else None


def both_level(each: Comparison, who: Spoken, context: Context) -> Pair | None:
    """The two that are said to be equal: joined before it, "the L4 and the T4 have the same", or after it."""
    before = [one for one in who.here if one.end <= each.start]
    if any(counted(who.text, max(0, one.start - 20), one.start) > 1 for one in who.here):
        return None
    if not [one for one in who.here if one.start >= each.end]:
        if goes_on(each, who) and not before:
            # "It has the same number of cores" as the one that was named beside it.
            return pair(each.start, each.end, who, context)
        return Pair(before[0].named, before[1].named) if len(before) == 2 else None
    return pair(each.start, each.end, who, context)

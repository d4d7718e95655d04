"""Which size of a device a value or the words beside it mean: "the 40 GB kind", "80 GB at 2 TB/s"."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.values.binding import TIED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.findings import Context
    from whichgpu.audit.text.quantities import Quantity
    from whichgpu.audit.text.sentences import Sentence
    from whichgpu.audit.values.attributes import Attribute
    from whichgpu.audit.values.judging import Verdict
    from whichgpu.hardware.gpu import Gpu

#: One of several sizes of a device: "the 40 GB kind".
_SIZE_KIND = re.compile(
    r"\b(?P<size>\d{1,3})[ -]?(?:GB|gigabyte)s?\s+(?:kind|versions?|variants?|models?|ones?|cards?|"
    r"flavou?rs?|editions?|parts?|sku)\b",
    re.IGNORECASE,
)


def of_size(text: str, sentence: Sentence, quantity: Quantity, mention: Mention, context: Context) -> Mention:
    """A device of the size that is spoken of before a value: "either the 40 GB kind with 1,555 GB/s"."""
    before = list(
        _SIZE_KIND.finditer(
            text, max(sentence.start, mention.end if mention.end < quantity.start else 0), quantity.start
        )
    )
    if not before or not TIED.fullmatch(text, before[-1].end(), quantity.start):
        return mention
    ids = tuple(key for key in mention.named if _size(context.catalogue[key]) == before[-1]["size"])
    return mention._replace(ids=ids, named=ids) if ids else mention


def narrower(
    found: Verdict, quantity: Quantity, attribute: Attribute, mention: Mention, *, near: str, context: Context
) -> Verdict:
    """Of a limit on a device with several memories, whether it holds for the largest that the text names."""
    if quantity.limit != "up to" or attribute.key not in ("bandwidth", "memory") or len(mention.ids) < 2:
        return found
    text = context.document.original
    # A size that is told of a form which the text names ("94 GB in the H100 NVL") is of no other.
    if "forms named" not in context.memo:
        every = (each.named for found in context.mentions.values() for each in found)
        context.memo["forms named"] = {named[0] for named in every if len(named) == 1}
    forms: set[str] = context.memo["forms named"]
    taken = {_size(context.catalogue[key]) for key in forms}
    larger = [
        gpu
        for gpu in (context.catalogue[key] for key in mention.ids)
        if float(gpu.value(attribute.fields[0]) or 0) > 1.1 * quantity.value
        and (gpu.id in forms or _size(gpu) not in taken)
        and not (attribute.key == "memory" and _sized(gpu, near))
        and _sized(gpu, text)
    ]
    if not larger:
        return found
    best = larger[0]
    value = best.display(attribute.fields[0])
    because = (
        f"true of {found.true_for or 'the smaller one'}; {best.id}, which the text names too, has {value}"
    )
    verdict = "unverifiable" if best.confidence == "low" else "contradicted"
    return found._replace(verdict=verdict, expected=value, because=because)


def sized(ids: Sequence[str], context: Context) -> Sequence[str]:
    """Of the devices that may be meant those whose memory the document states, if it does of any."""
    return [key for key in ids if _sized(context.catalogue[key], context.document.original)] or ids


def _sized(gpu: Gpu, text: str) -> bool:
    """Whether a text states the memory of a device."""
    return _size(gpu) in _stated(text)


_STATED = re.compile(r"\b(\d+)[ -]?(?:GB|GiB|gigabyte)")


@lru_cache(maxsize=64)
def _stated(text: str) -> frozenset[str]:
    """The sizes in GB that a text states."""
    # The text may be a whole document, of which every limit asks.
    return frozenset(_STATED.findall(text))


def _size(gpu: Gpu) -> str:
    """The memory of a device in GB, as it is sold."""
    size = re.match(r"\d+", gpu.display("memory"))
    return size[0] if size else "-"


def larger_forms(ids: tuple[str, ...], context: Context) -> tuple[str, ...]:
    """Devices with the larger ones of their names that the text speaks of: an A2000 with its "A2000 12GB"."""
    forms = (
        key for key in sorted(context.spoken_of) for one in ids if _SIZED.fullmatch(key.removeprefix(one))
    )
    return (*ids, *(key for key in forms if key not in ids))


_SIZED = re.compile(r"-\d+gb")

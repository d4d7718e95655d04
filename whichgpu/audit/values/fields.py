"""What claims on words share: the finding on a field of a device, and whose a word of a sentence is."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.devices.mentions import mentions
from whichgpu.audit.findings import made
from whichgpu.audit.text.sentences import OF_THOSE, sentences, within
from whichgpu.audit.values.attributes import CHIP
from whichgpu.audit.values.certainty import excludes
from whichgpu.audit.values.sourced import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.devices.mentions import Mention
    from whichgpu.audit.devices.roles import Spoken
    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.hardware.gpu import Gpu

#: What makes a chip in a sentence another one, or more than the device has of it.
_NOT_ITS_CHIP = re.compile(
    r"\b(?:not?|never|nor|neither|without|full|entire|complete|whole|fully|same|other|another|also|"
    r"instead|than|next|"
    r"future|bigger|smaller|larger|cut|share[sd]?|unlike|while|whereas|but|or|if|compared|versus|vs|like|"
    r"likes)\b",
    re.IGNORECASE,
)
#: Words before a word that is of something else.
SET_AGAINST = re.compile(
    r"\b(?:than|compared|versus|vs|unlike|previous|predecessor|older|system|host|cpu|instead|"
    r"statt|anstelle|au lieu|en lugar|invece)\b",
    re.IGNORECASE,
)
#: Chips of one package are made in processes of their own: "4 IODs. Made on TSMC 6nm".
OF_CHIPLETS = re.compile(r"\b(?:[gmx]cds?|iods?|chiplets?|i/o dies)\b", re.IGNORECASE)
#: A sentence that goes on about the device of the one before it, by a pronoun or its kind.
ITS_OWN = re.compile(
    r"\s*(?:At launch,?\s+|(?:Launched|Released|Announced|Introduced|Unveiled|Presented|"
    r"Rated)\s[^.;]{3,40}?,\s|In (?:its|the) (?:PCIe|SXM\d?|NVL|[\w-]+ GB) (?:form|version|variant),?\s+|"
    r"(?:Compared (?:to|with)|Unlike|Like|Next to|Against)\s[^.;,]{3,40}?"
    r"(?:,\s(?:which|whose)\s[^.;,]{3,40}(?=,))?,?\s|"
    r"With\s[^.;]{3,90}?,\s+(?=it\b|the card\b)|"
    # "You can cut it into", "NVIDIA rates it at", "With 121 TFLOPS it has".
    r"(?:You|One|We|Users|People) (?:can|could|may) (?:\w+ )?\w+ (?=it\b)|"
    r"(?:NVIDIA|AMD|Intel) \w+(?:s|ed) (?=it\b)|"
    r"With\s[^.;,]{3,60}?\s(?=it (?:has|offers|delivers|reaches|provides|is)\b)|"
    r"(?:Based|Built) on\s[^.;]{3,60}?,\s)?(?:At \$[\d,.]+,? )?(?:(?:Memory |Peak )?[Bb]andwidth(?= (?:is|"
    r"reaches|stays|rises|drops|sits)\b)|(?:Memory|VRAM|Capacity)(?= (?:stayed|stays|remained|remains|"
    r"rose|grew|"
    r"doubled)\b)|(?:Board power|TDP|TGP|Power draw)(?= (?:is|stays|rises|drops|"
    r"sits)\b)|It|Its|They(?= (?:\w+ )?(?:have|had|draw|offer|come|carry|deliver|need|use|take|reach|"
    r"provide|pack|hold)\b)|"
    rf"Each{OF_THOSE}(?= (?:\w+ )?(?:has|had|draws|offers|comes|carries|delivers|needs|uses|takes|packs|"
    r"holds)\b)|"
    r"(?:Supports|Lacks|Offers|Comes|Features|Packs|Carries|Delivers|Draws|Includes|Provides|Sports|Boasts|"
    r"Reaches)(?= [a-z\d])|(?:Boasting|Featuring|Packing|Sporting|Offering|Carrying|Equipped with|Armed with|"
    r"Powered by)(?= [A-Za-z\d])|Has(?= (?:an?|no|its|the|only|just|about|\d|[A-Z]))|"
    r"The \d{2,3}[ -]?GB (?:versions?|models?|variants?|cards?|ones?)|"
    r"Their|(?:This|The) (?:card|gpu|chip|model|part|board|"
    r"accelerator|processor|module|newcomer|flagship)|"
    r"Se|Tiene|Cuenta|Ofrece|Dispone|Consume|Incorpora|Sie|Er|Es|Ihr|Ihre|(?:Die|Diese) Karte|Elle|Il|Sa|"
    r"Son|Cette carte|La carte|La tarjeta|Su)\b(?! (?:is|"
    r"was) (?:not )?(?:worth|also worth))",
    re.IGNORECASE,
)
#: Between a word and the device after it, where it is said to be the device's own.
_APART = re.compile(r"[,;]|\b(?:while|whereas|but|that)\b", re.IGNORECASE)
_OF = re.compile(r"\b(?:of|on|in)\s+(?:the\s+)?(?:nvidia\s+)?$", re.IGNORECASE)
#: How far a name may be before a word, and a third of it behind it.
FAR = 90


#: Words of a whole sentence, which no head has.
_SAYS = re.compile(
    r"\b(?:is|are|was|were|has|have|had|does|offers?|comes?|costs?|gets?|draws?|uses?|vs\.?|versus|or|and)\b"
)
_RUN_IN = 48


def run_in(passage: Passage, context: Context) -> frozenset[str]:
    """The ids of the one device that a passage begins with, as with a head: "RTX 4090. Also 24 GB"."""
    first = next(iter(sentences(passage.text)), None)
    if first is None or len(first.text) > _RUN_IN or _SAYS.search(first.text):
        return frozenset()
    named = within(context.mentions.get(context.place(passage), ()), first.start, first.end)
    return frozenset(named[0].named) if len(named) == 1 and len(passage.text) > first.end else frozenset()


def headed(passage: Passage, who: Spoken, context: Context) -> bool:
    """Whether a passage has a head, above it or its own, of the device that its sentence goes on about."""
    above = (" ".join(passage.section[-1:]), context.document.title)
    named = ([each.named for each in mentions(line, context.catalogue)] for line in above)
    heads = set(next((every for every in named if every), ()))
    own = run_in(passage, context)
    if who.certain and own and any(own & {*each.named} for each in who.topic):
        return True
    return who.certain and len(heads) == 1 and any(set(each.named) & set(*heads) for each in who.topic)


def owner_of(at: int, who: Spoken) -> Mention | None:
    """The device that a word of a sentence is of: "on the A100" after it, else what is spoken of."""
    after = [each for each in who.here if 0 <= each.start - at < FAR // 3]
    apart = after and _APART.search(who.text, at, after[0].start)
    if after and not apart and after[0] not in who.against and _OF.search(who.text, at, after[0].start):
        return after[0]
    return who.owner(at)


def same_chip(told: str, known: str) -> bool:
    """Whether a chip is a known one; GA102 is GA102-300 too."""
    return known.upper().startswith(told.upper())


def only_chip(text: str, place: tuple[int, int], names: Sequence[int]) -> bool:
    """Whether a sentence names one chip, one device or none before it, and speaks of no other's chip."""
    one = len(names) < 2 and all(end <= 0 for end in names) and len(list(CHIP.finditer(text, *place))) == 1
    return one and not _NOT_ITS_CHIP.search(text, *place)


def chips_in_order(
    passage: Passage, place: tuple[int, int], here: Sequence[Mention], context: Context
) -> Iterator[Finding]:
    """As many chips behind as many devices: "the 4070 and the 4060 Ti are both Ada, AD104 and AD106"."""
    every = list(CHIP.finditer(passage.text, *place))
    behind = every and here and all(each.end <= every[0].start() for each in here)
    if behind and len(every) > 1 and len(here) == len(every) == len({each.named for each in here}):
        for match, each in zip(every, here, strict=True):
            yield from one_of(passage, match, "chip", [context.catalogue[key] for key in each.ids], context)


def one_of(
    passage: Passage, match: re.Match[str], field: str, gpus: Sequence[Gpu], context: Context
) -> Iterator[Finding]:
    """A chip that is that of one of these devices, or of none of them."""
    known = [gpu for gpu in gpus if gpu.value(field)]
    right = [gpu for gpu in known if same_chip(match[0], str(gpu.value(field)))]
    sure = [gpu for gpu in known if excludes(gpu, field, math.inf)]
    verdict = "confirmed" if right else "contradicted" if sure else "unverifiable"
    if known:
        yield of_field(passage, match.span(), "identity", field, right or known, verdict, context)


def of_field(
    passage: Passage, place: tuple[int, int], kind: str, field: str, gpus: Sequence[Gpu], *rest: object
) -> Finding:
    """The finding on a field of a device; `rest` are the verdict, the context, and for whom it holds."""
    verdict, context, *true_for = rest
    values = dict.fromkeys(f"{gpu.id} has {gpu.display(field)}" for gpu in gpus[:3])
    return made(
        context, passage, place, kind, str(verdict), subject=", ".join(gpu.id for gpu in gpus),  # type: ignore[arg-type]
        attribute=field, because="; ".join(values), true_for=str(true_for[0]) if true_for else "",
        expected="" if verdict == "confirmed" else gpus[0].display(field),
        evidence=tuple(source_of(gpu, field) for gpu in gpus[:2]),
    )  # fmt: skip


def released(gpu: Gpu) -> str:
    """The date of a device's release as it is on file: a year, a month or a day."""
    return str(gpu.value("release_date"))


def days_of(gpu: Gpu) -> tuple[int, int]:
    """The first and the last day that it may have been, of a year or a month of which no more is known."""
    told = released(gpu).split("-")
    first, last = ((*told, *rest)[:3] for rest in (("01", "01"), ("12", "28")))
    if len(told) == len("ym"):
        first, last = (*told, "01"), (*told, "28")
    return tuple(date(*map(int, each)).toordinal() for each in (first, last))  # type: ignore[return-value]


def generations(gpu: Gpu) -> frozenset[int]:
    """The generations of PCIe that any source states of a device."""
    return frozenset(int(str(fact.value)) for fact in gpu.stated("pcie_generation"))

"""What several have together: "eight A100 40GB for a combined 320 GB", "four of them draw 1.4 kW"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.audit import patterns as re
from whichgpu.audit.counting import counted
from whichgpu.audit.findings import Evidence, made
from whichgpu.audit.quantities import SPELLED, quantities, read_number
from whichgpu.audit.roles import spoken
from whichgpu.audit.sentences import sentences, within
from whichgpu.audit.sourced import source_of
from whichgpu.hardware.gpu import nominal_gb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whichgpu.audit.document import Passage
    from whichgpu.audit.findings import Context, Finding
    from whichgpu.audit.quantities import Quantity
    from whichgpu.audit.roles import Spoken
    from whichgpu.audit.sentences import Sentence

#: "Eight of them", "a pair of these", "a pair".
_OF_THEM = re.compile(
    r"\b(?:(?P<n>"
    + "|".join(SPELLED)
    + r"|\d{1,2})\s+of\s+(?:them|these|those|the\s+latter|the\s+former)|(?P<de>zwei|drei|vier|"
    r"acht)\s+davon|(?P<pair>a pair(?: of (?:them|these|those))?|both of them))\b",
    re.IGNORECASE,
)
#: "These four draw", of as many as were spoken of.
_THESE = re.compile(
    rf"\b(?:these|those|the|all|both)\s+(?P<n>{'|'.join(SPELLED)})\s+(?=(?:cards |gpus )?"
    r"(?:together |would |will )?(?:draws?|drew|pulls?|pulled|used?|uses|consumed?|ha(?:ve|d)|hold|held"
    r"|give|gave"
    r"|offer))",
    re.IGNORECASE,
)
#: Before or behind an amount that is of all of them.
_ALL = (
    r"(?:combined|total(?:s|l?ing)?|together|in all|altogether|pooled|aggregate|collectively|in sum|"
    r"between them|overall|"
    r"for the (?:pair|set|lot|group|whole (?:node|box|server|system))|for (?:both|all (?:two|three|four|"
    r"six|eight)))"
)
_BEFORE = re.compile(rf"\b{_ALL}\b[^.;:\d]{{0,40}}$", re.IGNORECASE)
_BEHIND = re.compile(rf"[^.;:\d]{{0,30}}\b{_ALL}\b", re.IGNORECASE)
#: "An HGX H200 with eight GPUs".
_WITH_GPUS = re.compile(
    r"\s+(?:(?:server|node|board|baseboard|system|platform|box)\s+)?(?:with|of)\s+(?P<n>"
    + "|".join(SPELLED)
    + r"|\d{1,2})\s+(?:gpus|cards|accelerators|modules)\b",
    re.IGNORECASE,
)
#: "Two of them draw", "eight H200s give you", "a server with eight A100s has": with no word for all of them.
_HAVE = re.compile(
    r"(?:[\u2019']s?|s)?(?:,\s*(?:by contrast|in contrast|however|though|in turn|meanwhile|in comparison|"
    r"by comparison|on the other hand|for example|for instance),)?\s*"
    r"(?:cards?\s+|gpus?\s+|accelerators?\s+)?"
    # "With two L40S we'd have"
    r"(?:(?:we|you|I|one)(?:[\u2019']d|[\u2019']ll)?\s+)?"
    # "Two of them cost $1,400 and give you"
    r"(?:(?:in (?:one|a|the same) [\w-]+ )?(?:cost|sell for|go for|rent for|are) (?:about |around )?"
    r"[$\u20ac\u00a3]\s?[\d.,]+(?: (?:an?|per|each|in|a) [\w ]{2,12}?)? and )?"
    r"(?:(?:would|will|can|therefore|thus|then|also|only|together)\s+)*"
    r"(?:(?:(?:form|make)s?(?: up)? an?\s+"
    r"(?:\w+\s+)?(?:platform|node|server|system|"
    r"pool|board|box) (?:with|of)|would (?:be|draw|need|use|"
    r"total)|are|kommen auf|haben|ziehen|bieten|draws?|drew|uses?|consumes?|pulls?|pulled|burns?|stays?|"
    r"adds? up to|"
    r"comes? to|makes?|gives? you|pools?|shares?|"
    r"gives?|offers?|holds?|has|have|gets? you|provides?|delivers?|totals?)\s+)(?:up to\s+|about\s+|"
    r"around\s+|roughly\s+|nearly\s+|just\s+|only\s+|under\s+|"
    r"below\s+|over\s+|an?\s+|some\s+|well\s+|you\s+)*",
    re.IGNORECASE,
)
#: What makes an amount another one: of each, of a link, of the host or of the whole machine.
_ELSE = re.compile(
    r"\b(?:each|every|per|apiece|alone|nvlink|pcie|nvswitch|host|system (?:memory|ram|power)|ddr\d|ram\b|ssd|"
    r"storage|disk|psu|power suppl\w+|wall|"
    r"nodes|servers|machines|boxes|racks|model|weights|need\w*|requir\w*|wants?|takes?|fits?|usable|free|"
    r"idle|limit\w*|bidirectional|interconnect|cpus?|dgx|rated|slices?|"
    r"instances? of|cooling|overhead|headroom|faster|shard\w*|split)\b",
    re.IGNORECASE,
)
_LEAVES = re.compile(r"\b(?:leav(?:es?|ing)|left|keeps?|spare|remain\w*)\b", re.IGNORECASE)
#: Between several and what they are: "eight of them, i.e. 640 GB".
_IE = re.compile(
    r"s?\s*(?:cards?|gpus?)?\s*[,(]?\s*(?:i\.e\.,?|that is|so|for|=|or|making|giving|which (?:makes|is|"
    r"gives))\s+(?:a\s+|some\s+|about\s+)*",
    re.IGNORECASE,
)
#: What each has and what all have: "four cards. Each has 24 GB, so 96 GB in total".
_EACH_SO = re.compile(
    r"\beach\b[^.;\d]{0,30}?(?P<a>\d[\d,.]*)\s?(?P<unit>GB|W|TB|GB/s|kW)\b[^.;\d]{0,30}?(?:,|so|for|i\.e\.|"
    r"making|giving|=)[^.;\d]{0,20}?"
    r"(?P<b>\d[\d,.]*)\s?(?P=unit)\b\s+(?:[\w-]+\s+){0,3}?(?:in total|in all|combined|altogether|"
    r"together|overall)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\b(?P<n>"
    + "|".join(SPELLED)
    + r"|\d{1,2})(?:\s?[x\u00d7])?\s+(?!GB|TB|W\b|kW|%|nm|years?|months?|hours?|times)(?:of\s+)?[A-Za-z]",
    re.IGNORECASE,
)
_PRICES = re.compile(
    r"\b(?P<n>"
    + "|".join(SPELLED)
    + r"|\d{1,3})\s?x?\s+(?!GB|TB)[^.;$\u20ac]{2,50}?\b(?:at|for)\s+(?:around\s+|about\s+|roughly\s+|"
    r"only\s+)?"
    r"[$\u20ac](?P<a>\d[\d,]*(?:\.\d+)?)\s+(?:each|apiece|per (?:card|"
    r"gpu))\b[^.;$\u20ac]{0,30}[$\u20ac](?P<b>\d[\d,]*(?:\.\d+)?)\s+"
    r"(?:in total|altogether|total|combined|together|in all|all told)\b(?P<about>(?!))?",
    re.IGNORECASE,
)
_COUNT = "|".join(SPELLED) + r"|\d{1,3}(?:,\d{3})?"
_NODES = re.compile(
    rf"\b(?P<a>{_COUNT})\s+(?:[\w-]+\s+)?(?:nodes|servers|machines|boxes|racks|systems)\s+(?:with|of|"
    rf"containing|holding|carrying)\s+"
    rf"(?P<b>{_COUNT})\s+[^.;:]{{2,50}}?(?:,\s*|\s)(?:so|for|i\.e\.,?|making|giving|that is|=)\s+(?:a "
    rf"total of\s+)?"
    rf"(?P<c>{_COUNT})\s+(?:gpus|cards|accelerators)\b",
    re.IGNORECASE,
)
_COUNTS = re.compile(r"\b(?:each|apiece|nodes|servers|machines)\b", re.IGNORECASE)
_GERMAN = {"zwei": 2.0, "drei": 3.0, "vier": 4.0, "acht": 8.0}
#: What holds several GPUs and draws power itself.
_MACHINE = re.compile(
    r"\b(?:servers?|systems?|nodes?|machines?|box|rigs?|workstations?|chassis|racks?|cabinets?|enclosures?)\b",
    re.IGNORECASE,
)
_FIELDS = {"memory": "memory", "power": "power", "bandwidth": "bandwidth"}
#: How far the sum may be off; a limit excuses what lies on its side.
_WITHIN, _MORE = 0.04, 0.10
_REACH, _NEXT = 70, 12


def find(context: Context) -> Iterator[Finding]:
    """Every amount of several of a device, with its verdict."""
    for index, passage in context.document.running():
        every = [each for each in quantities(passage.text, context.fraction) if each.dimension in _FIELDS]
        for sentence in sentences(passage.text) if every or _COUNTS.search(passage.text) else ():
            found = [
                each for each in within(every, sentence.start, sentence.end) if each.high == each.value > 0
            ]
            yield from _of_nodes(passage, sentence, context)
            yield from _of_prices(passage, sentence, context)
            if found:
                yield from _of_each(passage, sentence, context)
            if found:
                who = spoken(index, passage, sentence, context)
                yield from _of_sentence(passage, sentence, found, who, context)


def _of_sentence(
    passage: Passage, sentence: Sentence, found: list[Quantity], who: Spoken, context: Context
) -> Iterator[Finding]:
    for ids, count, end in _several(passage, sentence, who, context):
        after = [each for each in found if 0 <= each.start - end <= _REACH]
        before = [
            each for each in after if any(one.start >= end and one.end <= each.start for one in who.here)
        ]
        said = [each for each in after if each not in before and _is_all(passage.text, each, end)]
        # "Two of them leave 20 GB": beside what is in them.
        said = [each for each in said if not _LEAVES.search(passage.text, end, each.start)]
        # "With NVLink two of them pool 48 GB" is of their memory.
        words = passage.text[sentence.start : said[0].end + _NEXT] if said else ""
        if said and not _ELSE.search(_BY_LINK.sub(" ", words)):
            for told in (said[0], *_also(passage, said[0], after, sentence)):
                yield from _judged(passage, told, ids, count, context)
            return


_BY_LINK = re.compile(r"\b(?:with|over|via|by|through|using)\s+(?:an?\s+)?nvlink\b", re.IGNORECASE)


def _also(passage: Passage, first: Quantity, after: list[Quantity], sentence: Sentence) -> Iterator[Quantity]:
    """Further amounts of all of them: "two give you 48 GB and pull 700 watts"."""
    last = first
    for each in after:
        if each.start > last.end and _AND_HAVE.fullmatch(passage.text, last.end, each.start):
            if _ELSE.search(passage.text, last.end, min(each.end + _NEXT, sentence.end)):
                return
            yield each
            last = each


#: Between two amounts of several.
_AND_HAVE = re.compile(
    r"\s*(?:in total|together|combined|altogether|in all),?\s+and\s+|"
    r"\s*(?:of (?:memory|vram|hbm\d?e?|gddr\d\w?|bandwidth)\s*)?,?\s*(?:and|but)\s+(?:together\s+"
    r")?(?:draws?|pulls?|uses?|"
    r"consumes?|burns?|offers?|give|have|deliver)\s+(?:about |around |roughly |up to |you )*", re.IGNORECASE,
)  # fmt: skip


def _of_each(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """So many times what each has, by the number of the sentence or of the one before it."""
    match = _EACH_SO.search(passage.text, sentence.start, sentence.end)
    if match is None:
        return
    before = passage.text[max(0, sentence.start - 120) : match.start()]
    counts = list(_NUMBER.finditer(before))
    if not counts:
        return
    word = counts[-1]["n"].lower()
    count = read_number(word)
    one, told = (float(match[name].replace(",", "").strip(".") or 0) for name in ("a", "b"))
    if not one or not told or count < 2:
        return
    yield _product(passage, match.span("b"), (count, one, told), _WITHIN, context, unit=match["unit"])


def _of_nodes(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """Machines with so many each, and how many that makes: "eight nodes with eight A100 each, so 64 GPUs"."""
    match = _NODES.search(passage.text, sentence.start, sentence.end)
    if match is None:
        return
    a, b, told = (read_number(match[name]) for name in ("a", "b", "c"))
    yield _product(passage, match.span("c"), (a, b, told), 0.0, context)


def _of_prices(passage: Passage, sentence: Sentence, context: Context) -> Iterator[Finding]:
    """What so many cost in all: "four A6000s at around $4,600 each, $18,400 in total"."""
    for match in _PRICES.finditer(passage.text, sentence.start, sentence.end):
        a, one, told = (read_number(match[name].strip(".")) for name in ("n", "a", "b"))
        slack = _MORE if match["about"] else _WITHIN / 2
        yield _product(passage, match.span("b"), (a, one, told), slack, context)


def _product(
    passage: Passage, place: tuple[int, int], values: tuple[float, float, float], slack: float,
    context: Context, *, unit: str = "",
) -> Finding:  # fmt: skip
    """The finding on a product that is told: two factors and it, which may be off by a share of `slack`."""
    a, b, told = values
    right = abs(told - a * b) <= slack * a * b
    because = f"{a:g} times {b:,.10g}{' ' * bool(unit)}{unit} is {a * b:,.10g}"
    return made(
        context, passage, place, "arithmetic", "confirmed" if right else "inconsistent", attribute="product",
        because=because, expected="" if right else f"{a * b:,.10g}", evidence=(Evidence(because),),
    )  # fmt: skip


def _several(
    passage: Passage, sentence: Sentence, who: Spoken, context: Context
) -> Iterator[tuple[tuple[str, ...], float, int]]:
    """The devices of which there are several, how many, and where that is said."""
    text = passage.text
    for mention in who.here:
        count = counted(text, sentence.start, mention.start)
        within_it = _WITH_GPUS.match(text, mention.end, sentence.end) if count == 1 else None
        if within_it:
            word = within_it["n"].lower()
            yield mention.ids, read_number(word), within_it.end()
        if count > 1:
            yield mention.ids, count, mention.end
    yield from _these(passage, sentence, context)
    for match in _OF_THEM.finditer(text, sentence.start, sentence.end):
        owner = who.owner(match.start())
        if owner is not None and (owner in who.here or who.certain):
            number = (
                2.0
                if match["pair"]
                else _GERMAN[match["de"].lower()]
                if match["de"]
                else read_number(match["n"])
            )
            yield owner.ids, number, match.end()


def _these(
    passage: Passage, sentence: Sentence, context: Context
) -> Iterator[tuple[tuple[str, ...], float, int]]:
    """As many as the passage counted of one device, and of no other: "two RTX 3090s .. the two drew"."""
    text = passage.text
    for match in _THESE.finditer(text, sentence.start, sentence.end):
        number = read_number(match["n"])
        before = within(context.mentions.get(context.place(passage), ()), 0, match.start())
        starts = {each: max((one.start for one in sentences(text) if one.start <= each.start), default=0)
                  for each in before}  # fmt: skip
        so_many = {each.ids for each in before if counted(text, starts[each], each.start) == number}
        if len(so_many) == 1:
            yield next(iter(so_many)), number, match.end()


def _is_all(text: str, told: Quantity, end: int) -> bool:
    """Whether an amount is of all of them."""
    said = _BEFORE.search(text, end, told.start) or _BEHIND.match(text, told.end)
    said = said or _IE.fullmatch(text, end, told.start)
    return bool(said or (told.dimension != "bandwidth" and _HAVE.fullmatch(text, end, told.start)))


def _judged(
    passage: Passage, told: Quantity, ids: tuple[str, ...], count: float, context: Context
) -> Iterator[Finding]:
    field = _FIELDS[told.dimension]
    gpus = [context.catalogue[key] for key in ids]
    known = [
        (gpu, (nominal_gb(value) or value / 1e9) * 1e9 if field == "memory" else value)
        for gpu in gpus
        if (value := float(gpu.value(field) or 0)) and gpu.confidence != "low"
    ]
    if not known:
        return
    within = _MORE if told.limit in ("about", "nearly", "up to") or field == "power" else _WITHIN
    ratios = [told.value / (count * value) for _, value in known]
    # Terabytes of 1,024 GB are as good as any.
    right = any(abs(ratio - 1) <= within or abs(ratio * 1.024 - 1) <= _WITHIN / 2 for ratio in ratios)
    right = right or (told.limit == "under" and all(1 <= ratio < 2 for ratio in ratios))
    right = right or (told.limit == "over" and all(0.5 < ratio <= 1 for ratio in ratios))
    # The values of one, or of twice as many, are of something else.
    near = field == "power" and any(0.92 <= ratio <= 1.25 for ratio in ratios) and told.limit != "under"
    # A server draws more than its GPUs.
    near = near or (field == "power" and min(ratios) > 1 and bool(_MACHINE.search(passage.text)))
    one = any(abs(ratio * count - 1) <= _WITHIN for ratio in ratios)
    # "Two joined by a bridge move 112.5 GB/s between them": the link's.
    links = [float(gpu.value("nvlink") or 0) for gpu in gpus if told.dimension == "bandwidth"]
    one = one or any(
        abs(told.value / (link * by) - 1) <= _WITHIN for link in links if link for by in (0.5, 1, count)
    )
    gpu, value = known[0]
    # What the text says of each goes before what is on file: "limited to 350 W".
    stated = [each.value * count / told.value for each in quantities(passage.text, context.fraction)
              if each.dimension == told.dimension and each.end <= told.start]  # fmt: skip
    as_stated = any(abs(ratio - 1) <= _WITHIN for ratio in stated)
    # "150 W each": roughly what is on file is not what follows from what the text tells.
    right = as_stated or (
        right and not (stated and field == "power" and min(abs(ratio - 1) for ratio in ratios) > _WITHIN)
    )
    because = f"{count:g} times {gpu.display(field)} of {gpu.id} is {_shown(count * value, field)}"
    verdict = "confirmed" if right else "unverifiable" if near or one else "contradicted"
    yield made(
        context, passage, (told.start, told.end), "arithmetic",
        verdict, subject=", ".join(ids), attribute=field,
        because=because, expected="" if verdict != "contradicted" else _shown(count * value, field),
        evidence=(Evidence(because), source_of(gpu, field)),
    )  # fmt: skip


def _shown(value: float, field: str) -> str:
    if field == "power":
        return f"{value:,.0f} W"
    return f"{value / 1e9:,.4g} GB{'/s' if field == 'bandwidth' else ''}"

"""What an audit takes grows with the text and no faster: counted in calls of functions, not in seconds."""

import re
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from whichgpu.audit import patterns
from whichgpu.audit.answer import audited
from whichgpu.audit.text import expressions
from whichgpu.audit.values import capabilities
from whichgpu.facts.needed import needed
from whichgpu.hardware.catalogue import catalogue

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
DAY = date(2026, 11, 20)


def calls(text: str, form: str = "markdown") -> int:
    """Calls of functions of Python's that an audit makes, each of a text that nothing is remembered of."""
    count = 0

    def counted(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        audited(text.encode(), "", catalogue(()), DAY, form)
    finally:
        sys.setprofile(before)
    return count


#: What is repeated, and what stands between: amounts are of one passage, of which each may follow from any.
SHAPES = {
    "amounts": ("$2.5{n} an hour or $60 a day, ", ""),
    "rates": ("{n} W at $0.12/kWh and 8 x $0.10/kWh, ", ""),
    "claims": (
        "The A100 80GB SXM4 of lab {n} has {n} GB of HBM2e, up to 80 GB, more than the older card.",
        "\n\n",
    ),
    "items": ("- RTX 4090, machine {n}: 24 GB, $1.{n} per hour, FP8 support, 450 W", "\n"),
    "marks": ("| GPU | Memory* |\n|---|---|\n| A100 | {n} GB* |\n| A10 | 2{n} GB* |", "\n\n"),
    "laptops": ("The RTX 4090 Laptop GPU number {n} has 16 GB; the RTX 4080 has {n} W.", "\n\n"),
    "families": ("The Hopper of lab {n} has {n} GB, the Ampere {n} W, at $2.{n} per hour each.", "\n\n"),
    "groups": ("All three of them have {n} GB. None of them supports FP4.", "\n\n"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_four_times_the_text_is_four_times_the_work(shape):
    """Calls of four times the text are at most five times as many; of its square they would be sixteen."""
    unit, between = SHAPES[shape]
    texts = (
        between.join(unit.replace("{n}", str(start + n)) for n in range(many))
        for start, many in ((100, 12), (200, 12), (300, 48))
    )
    # The first reads what is read once.
    audited(next(texts).encode(), "", catalogue(()), DAY, "markdown")
    one, four = map(calls, texts)
    assert four < 5 * one


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"\b(?:fits?|run(?:s|ning)?)\s+on\b", [{"fit", "run"}, {"on"}]),
        (r"(?:very )?hot(?:ter)?\w*", [{"hot"}]),
        (r"\d+\s?gigabytes?", [{"gigabyte"}]),
        (r"not (?!done)now", [{"not now"}]),
        (r"gr\u00f6\u00dfer|h\u00F6her", [{"größer", "höher"}]),
        (
            r"(?:a large|one small) (?:card\d|(?:graphics )?chip)(?:s of it)?",
            [{"a large", "one small"}, {"card", "chip"}],
        ),
        (r"foo|ba?r?", []),
        (r"[abc]*", []),
        (r"(?i)abcdef", []),
        (r"(?P<a>xyz)(?P=a)", []),
        (r"a{0,3}", []),
    ],
)
def test_words_that_a_match_needs(pattern, words):
    """Of each set one, the rarest first."""
    assert list(needed(pattern)) == words


#: Of how many texts a pattern is looked for in one.
SHARE = 80


def texts() -> list[str]:
    """Texts of every kind, in both cases, cut where sentences are not."""
    every = [path.read_text(encoding="utf-8", errors="replace") for path in (HERE / "documents").iterdir()]
    every += (HERE / "sentences.txt").read_text(encoding="utf-8").splitlines()
    pieces = [text[at : at + 400] for text in every for at in range(0, len(text), 400)]
    return [*pieces, *(piece.upper() for piece in pieces[::7])]


def test_a_text_that_is_asked_for_piece_by_piece_is_looked_through_once(monkeypatch):
    """Of a pattern whose words it holds nowhere; one that has them is asked at each piece."""
    looked, real = [], patterns.small
    monkeypatch.setattr(patterns, "small", lambda text: looked.append(text) or real(text))
    zebra = patterns.compile(r"zebras? cross\w+ twice")
    without, within = "one lion, two lions, " * 9, "no lion. A zebra crosses twice"
    assert not any(zebra.search(without, at, at + 20) for at in range(0, 180, 20))
    assert looked == [without]
    assert [bool(zebra.search(within, at, at + 22)) for at in (0, 8, 0)] == [False, True, False]
    assert zebra.search(without) is None


@pytest.mark.slow
def test_a_pattern_finds_the_same_where_its_words_are_looked_for():
    """Of every pattern of every kind of claim: what `re` finds itself."""
    for path in (Path(patterns.__file__).parent).rglob("*.py"):
        if path.parent.name in ("audit", "claims"):
            name = ".".join(
                ("whichgpu", *path.relative_to(HERE.parents[1] / "whichgpu").with_suffix("").parts)
            )
            __import__(name.removesuffix(".__init__"))
    made = [each for each in _patterns() if needed(each.pattern)]
    every = texts()
    assert len(made) > 200
    for at, each in enumerate(made):
        real = re.compile(each.pattern, each.flags)
        # Every pattern in a part of the texts, and all patterns together in each text.
        for text in every[at % SHARE :: SHARE]:
            for found, plain in (
                (each.match(text, 5), real.match(text, 5)),
                (each.search(text, 5), real.search(text, 5)),
            ):
                assert (found and found.span()) == (plain and plain.span()), (each.pattern, text)


def test_every_reader_looks_for_patterns_where_their_words_are():
    """A pattern tells by itself what words it needs; `re` would search each sentence for it."""
    from whichgpu.audit import readers

    root = Path(patterns.__file__).parent
    # What reads the bytes of a file once before there is text, and what compiles patterns.
    free = {
        Path(readers.__file__),
        *(root / f"{name}.py" for name in ("patterns", "compiled", "alternatives")),
    }
    plain = [
        path
        for path in root.rglob("*.py")
        if path not in free
        and re.search(r"^\s*(?:import re\b|from re import)", path.read_text(), re.MULTILINE)
    ]
    assert not plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[one](a [two](b) end", "[one](a two end"),
        ("[one](a[1]b) and ![two](c]d)", "one and "),
        ("[a](" * 9, "[a](" * 9),
        ("[a](b](c)", "[a](b](c)"),
    ],
)
def test_a_link_leads_no_further_than_where_another_does(text, shown):
    from whichgpu.audit.readers import read

    found = read(text.encode(), "", "markdown").passages
    assert "".join(each.text for each in found if each.kind != "alt") == shown.strip()


def test_a_name_behind_the_end_of_a_clause_is_asked_no_more(monkeypatch):
    """Of each value the names up to the next clause, not all of a long sentence."""
    from whichgpu.audit.values import nearest

    asked, real = [], nearest._CLAUSE.search
    monkeypatch.setattr(
        nearest, "_CLAUSE", SimpleNamespace(search=lambda text: asked.append(text) or real(text))
    )
    text = "we saw 24 GB on one, but ", "the A100, "
    who = SimpleNamespace(
        here=[SimpleNamespace(start=at, end=at + 4, named=("a100",)) for at in range(29, 429, 10)],
        against=[], owner=lambda _: None,
    )  # fmt: skip
    value = SimpleNamespace(start=7, end=12)
    assert nearest.nearest_device(text[0] + text[1] * 40, value, who) is None
    assert len(asked) < 3


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\bcents?\b|\u00a2", "It costs 4\u00a2 a token"),
        (r"\b(?:in|of)\s+FP8\b", "The rate of FP8 is twice that"),
        (r"\u2248\s*5", "A \u2248 5"),
        ("|".join(f"word{n}" for n in range(150)), "behind it stands WORD149 alone"),
    ],
)
def test_short_words_rare_marks_and_long_lists_are_found(pattern, text):
    long = f"{'Something else is said here. ' * 40}{text}"
    for each in (text, long):
        assert patterns.search(pattern, each, re.IGNORECASE)
    assert not patterns.search(pattern, "9 9 9", re.IGNORECASE)


def _patterns() -> list[patterns.Pattern[str]]:
    """Every pattern that the modules of the audit hold."""
    found: dict[int, patterns.Pattern[str]] = {}

    def gather(value: object) -> None:
        if isinstance(value, patterns._Later):
            found[id(value)] = value
        elif isinstance(value, tuple | list):
            for each in value:
                gather(each)

    for name, module in list(sys.modules.items()):
        if name.startswith("whichgpu.audit"):
            for value in list(vars(module).values()):
                gather(value)
    return list(found.values())


def test_of_many_patterns_those_are_told_whose_words_a_text_has():
    every = ["\\bHBM\\d", "zebra|lion", "[a-z]{40}", "(?:Rises?|falls?) to \\d", "falls? (?:to|by)"]
    look = patterns.Many.of(patterns.compile(each, patterns.IGNORECASE) for each in every)
    text = "It RISES to 4 TB/s of hbm3."
    assert look(text) == [0, 2, 3]
    found = [at for at, each in enumerate(every) if patterns.compile(each, patterns.IGNORECASE).search(text)]
    assert set(found) <= set(look(text))
    assert patterns.Many([[("t4", "a10")], [("l4",)]])("the T4 has 16 GB") == [0]


def test_capabilities_are_named_as_if_each_were_looked_for():
    texts = (HERE / "sentences.txt").read_text(encoding="utf-8").splitlines()[::20]
    for text in (*texts, "", "It has ECC, MIG and AV1 encoding; FP8 it lacks."):
        each = tuple(one for one, names in capabilities._NAMED if names.search(text))
        assert capabilities.named_in(text, 0, len(text)) == each
        assert capabilities.names_any(text) is bool(each)


@pytest.mark.parametrize(
    "text", ["350 W x 24 h", "in all (2 x $7,900", "$5 + 3", "no figure at all", "a 4 x 4"]
)
def test_a_formula_begins_where_one_is_found(text):
    found = [at for at in range(len(text)) if expressions._FORMULA.match(text, at)]
    assert set(found) <= {one.start() for one in expressions._BEGINS.finditer(text)}


def test_an_accusation_in_a_list_looks_no_further_than_a_sentence_goes():
    """Where no line ends with a full stop the next end of a sentence is that of the file."""
    from whichgpu.audit.review import settling

    line = "- A100 80GB PCIe: 24 GB\n"
    few, many = (calls_of(settling._is_asked, line * lines) for lines in (40, 400))
    assert many < 2 * few


def test_how_many_of_a_device_there_are_is_told_right_before_its_name():
    from whichgpu.audit.text.counting import counted

    assert counted("We bought eight used ", 0, 21) == 8
    far = "eight " + "- " * 99
    assert counted(far, 0, len(far)) == 1


def calls_of(asked, text):
    """Characters that are searched for the end of the sentence of a finding at the head of a text."""
    from whichgpu.audit.review import settling

    seen = []

    class Counted:
        def search(self, text, start=0, end=sys.maxsize):
            seen.append(min(end, len(text)) - start)

    real, settling._SENTENCE_END = settling._SENTENCE_END, Counted()
    try:
        asked(SimpleNamespace(start=18, end=23), SimpleNamespace(document=SimpleNamespace(original=text)))
    finally:
        settling._SENTENCE_END = real
    return sum(seen)

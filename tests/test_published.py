"""What was published (`data/validation/`) against what the families count, row by row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from whichgpu.errors import DataError
from whichgpu.facts import store
from whichgpu.workloads import published, workload
from whichgpu.workloads.agreement import Agreement, agreements, half_a_digit
from whichgpu.workloads.workload import resolve, workloads

pytestmark = pytest.mark.slow

ZOO = sorted(workloads())


@pytest.fixture
def table(monkeypatch):
    """A `data/validation/` of one source and one table of one row."""

    def written(*, source=True, columns=published.COLUMNS, **row):
        whole = {"workload": "resnet50", "figure": "parameters", "value": "1", "unit": "parameters", **row}
        rows = [[whole.get(column, "") for column in columns]]
        files = {"lab/images": {"columns": list(columns), "rows": rows}}
        if source:
            files["lab/source"] = {"title": "A lab", "kind": "vendor"}
        monkeypatch.setattr(store, "load", lambda tree: files if tree == "validation" else {})
        published.sources.cache_clear()
        published._rows.cache_clear()

    yield written
    monkeypatch.undo()
    published.sources.cache_clear()
    published._rows.cache_clear()


@pytest.mark.parametrize("family", sorted({item.family for item in workloads().values()}))
@pytest.mark.thorough(every=2)
def test_every_published_figure_of_a_family_is_met(family: str) -> None:
    """Parameters within 0.5 %, work within 1 %, names within their rounding.

    A note excuses a difference in parameters, else a count is met to its last digit; work is counted
    within 0.1 % or the rounding, and 1 %.
    """
    wrong = []
    for name, item in workloads().items():
        if item.family != family:
            continue
        rows = list(agreements(item))
        if not rows:
            wrong.append(f"{name} publishes nothing: add it to data/validation/")
        wrong += [
            f"{name}.{row.figure}: {row.ours:,.0f} here, {row.fact.value:,.0f} published"
            for row in rows
            if not met(row)
        ]
    assert not wrong, "\n".join(wrong)


def met(row: Agreement) -> bool:
    """Whether a figure agrees, and a count to its last digit unless a note says why not."""
    count = isinstance(row.fact.value, int) and row.fact.value % 1000
    if row.figure.startswith(("parameters", "module_")) and count and not row.fact.note:
        return row.ours == row.fact.value
    if row.figure.startswith(("macs", "flops")):
        return row.agrees and abs(row.error) <= max(1e-3, min(rounding(row), 0.01))
    return row.agrees


def rounding(row: Agreement) -> float:
    """Half a unit of the last digit, as a share; 0 for a count."""
    return 0.0 if isinstance(row.fact.value, int) else half_a_digit(row.fact.value) / row.fact.value


def test_the_figures_stand_in_one_place() -> None:
    for stem, content in store.load("workloads").items():
        for raw in (content, *content.get("workload", {}).values()):
            assert not {"published", "sources"} & raw.keys(), (
                f"data/workloads/{stem}.toml: to data/validation/"
            )


def test_every_row_is_of_a_workload_and_stands_once() -> None:
    assert published.names() <= set(ZOO)
    for name in published.names():
        figures = [(path.partition("/")[0], row["figure"]) for path, row in published._of(name)]
        assert len(set(figures)) == len(figures)


def test_every_source_has_a_title_and_a_kind() -> None:
    assert len(published.sources()) > 20
    for source in published.sources().values():
        assert source.title
        assert source.kind in ("vendor", "measured", "database", "derived", "assumed")


def test_a_wrong_count_does_not_agree() -> None:
    row = next(one for one in agreements(resolve("resnet50")) if one.figure == "parameters")
    assert row.agrees
    assert row.error == 0.0
    assert not replace(row, ours=row.ours * 1.006).agrees
    assert not replace(row, ours=0.0).agrees
    work = next(one for one in agreements(resolve("resnet50")) if one.figure == "macs")
    assert replace(work, ours=work.fact.value * 1.009).agrees
    assert not replace(work, ours=work.fact.value * 1.011).agrees


def test_half_a_digit() -> None:
    assert half_a_digit(7e9) == 0.5e9
    assert half_a_digit(25557032) == 0.5
    assert half_a_digit(48.96e6) == 0.5e4
    assert half_a_digit(4.5) == pytest.approx(0.05)
    assert half_a_digit(120) == 5.0


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"unit": "GFLOP"}, r"lab/images.csv: resnet50.parameters: the unit is 'GFLOP'; write 'parameters'"),
        ({"value": "many"}, "'many' is not a number; write e.g. 25557032 or 48.96e6"),
        ({"source": False}, "there is no source.toml beside it"),
        ({"columns": ("workload", "value")}, "the columns are workload,value; write workload,figure"),
    ],
)
def test_a_broken_table_says_where(table, row, said) -> None:
    table(**row)
    with pytest.raises(DataError, match=said):
        published.facts_of("resnet50")


def test_a_table_is_read(table) -> None:
    table(value="25.6e6", place="table 1", url="https://example.org", note="so", kind="database")
    fact = published.facts_of("resnet50")["parameters"]
    assert (fact.value, fact.source, fact.note, fact.kind) == (25.6e6, "lab table 1", "so", "database")
    assert published.sources_of("resnet50")["lab"].url == "https://example.org"
    assert published.facts_of("nothing") == {}


def test_a_figure_that_nothing_counts_is_refused(table) -> None:
    table(figure="colour")
    with pytest.raises(KeyError, match="colour"):
        list(agreements(resolve("resnet50")))


def test_one_command_prints_every_error(whichgpu, monkeypatch) -> None:
    some = {name: workloads()[name] for name in ZOO[:: len(ZOO) // 40]}
    monkeypatch.setattr(workload, "workloads", lambda: some)
    answer = whichgpu("check", "--published", "--json")
    rows = answer.json["published"]
    assert answer.status == 0
    assert {row["workload"] for row in rows} == set(some)
    assert all(row["agrees"] for row in rows)
    assert any(row["ours"] == row["published"] for row in rows)
    text = whichgpu("check", "--published").out
    assert f"{len(rows):,} published figures of {len(some)} workloads" in text


def test_the_command_fails_where_a_figure_is_not_met(whichgpu, table) -> None:
    table(value="25000000")
    answer = whichgpu("check", "--published")
    assert answer.status == 4
    assert "1 published figures are not met" in answer.err

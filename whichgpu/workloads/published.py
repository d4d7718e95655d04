"""What was published of the workloads: `data/validation/<source>/<table>.csv`, a row a figure.

Columns: `workload`, `figure`, `value`, `unit`, `place` (in the source), `url` (where it is not the
source's), `note` (why a difference is right), `kind` (where it is not the source's). Beside the tables of
a source stands `source.toml`, and where it ran jobs `runs.csv`, which has the columns of the measurement
schema: `runs` reads it, and `whichgpu validate <source>` holds the model against it. A count is written as
an integer and meant to the last digit, a rounded figure as a float (`48.96e6`).

Figures: `parameters`, `module_<name>` (of one module); `macs` and `flops` of the reference pass;
`macs_with_norms`, from a counter that takes normalisations in; `gflops_rounded`, of a README
(`gflops_folded_rounded`: of a model whose norms were folded into its convolutions). A figure that
is only a model's name or a paper's rounding is `parameters_rounded` or `active_parameters_rounded`. Others
(`macs_vae`, `parameters_training`, ..) are parts of it; `agreement` counts them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.errors import DataError
from whichgpu.facts import store
from whichgpu.facts.model import Fact, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Columns of a table.
COLUMNS = ("workload", "figure", "value", "unit", "place", "url", "note", "kind")
#: Units by the words that a figure's name holds; all others count parameters.
_UNITS = (("gflops", "GFLOP"), ("macs", "multiply-adds"), ("flops", "FLOP"))


def unit(figure: str) -> str:
    """The unit of a figure: FLOP, GFLOP, multiply-adds or parameters."""
    return next((unit for word, unit in _UNITS if word in figure), "parameters")


def facts_of(workload: str) -> Mapping[str, Fact]:
    """Published figures of a workload by name; none for one that is not of the zoo."""
    return {row["figure"]: _fact(row, where) for where, row in _of(workload)}


def sources_of(workload: str) -> Mapping[str, Source]:
    """The sources of those figures by id, each with the page of this workload."""
    found: dict[str, Source] = {}
    for where, row in _of(workload):
        source = sources()[where.partition("/")[0]]
        found.setdefault(
            source.id, Source(source.id, source.title, row["url"] or source.url, source.kind, source.accessed)
        )
    return found


def names() -> frozenset[str]:
    """Every workload that a figure was published of."""
    return frozenset(_rows())


@lru_cache(maxsize=1)
def sources() -> Mapping[str, Source]:
    """Every source of `data/validation/` by id, the name of its folder."""
    return {
        path.partition("/")[0]: Source(
            path.partition("/")[0], row["title"], row.get("url", ""), row["kind"], row.get("accessed", "")
        )
        for path, row in store.load("validation").items()
        if path.endswith("/source")
    }


def runs() -> Mapping[str, list[dict[str, str]]]:
    """Runs that were published, by source: rows of the measurement schema that no fit has seen."""
    return {
        path.partition("/")[0]: [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
        for path, table in store.load("validation").items()
        if path.endswith("/runs")
    }


def _of(workload: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a workload by column, each with its table."""
    return ((path, dict(zip(COLUMNS, row, strict=True))) for path, row in _rows().get(workload, ()))


@lru_cache(maxsize=1)
def _rows() -> Mapping[str, list[tuple[str, list[str]]]]:
    """Rows by workload, each with its table."""
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for path, table in store.load("validation").items():
        if path.endswith(("/source", "/runs")):
            continue
        where = f"data/validation/{path}.csv"
        if table["columns"] != list(COLUMNS):
            raise DataError(
                f"{where}: the columns are {','.join(table['columns'])}; write {','.join(COLUMNS)}"
            )
        if path.partition("/")[0] not in sources():
            raise DataError(f"{where}: there is no source.toml beside it; add one with title, url and kind")
        place = COLUMNS.index("workload")
        for row in table["rows"]:
            found.setdefault(row[place], []).append((path, row))
    return found


def _fact(row: Mapping[str, str], path: str) -> Fact:
    where = f"data/validation/{path}.csv: {row['workload']}.{row['figure']}"
    if row["unit"] != unit(row["figure"]):
        raise DataError(f"{where}: the unit is '{row['unit']}'; write '{unit(row['figure'])}'")
    source = sources()[path.partition("/")[0]]
    return Fact(
        value=_number(row["value"], where), text=row["value"], dimension="count", sources=(source.id,),
        locator=row["place"], kind=row["kind"] or source.kind, note=row["note"],
    )  # fmt: skip


def _number(text: str, where: str) -> Any:
    """An integer as it stands, else a float."""
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError:
        raise DataError(f"{where}: '{text}' is not a number; write e.g. 25557032 or 48.96e6") from None

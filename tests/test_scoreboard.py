"""The scoreboard: its scores, its data, its page, and the tables of docs/accuracy.md.

`python tests/test_scoreboard.py` writes the tables of docs/accuracy.md anew.
"""

from __future__ import annotations

import math
import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from whichgpu.cost.answers import Z90
from whichgpu.cost.calibration import scoreboard
from whichgpu.cost.calibration.scores import scores
from whichgpu.cost.coefficients import section
from whichgpu.errors import DataError
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.report import markdown, memory
from whichgpu.report.accuracy import validation_report
from whichgpu.report.scatter import scatter
from whichgpu.report.scoreboard import BREAKDOWNS, FOLDS, aimed, breakdown, page, whole
from whichgpu.report.table import Table
from whichgpu.workloads.zoo import workloads

pytestmark = pytest.mark.slow

DOCUMENT = Path(__file__).parent.parent / "docs" / "accuracy.md"
MARKED = re.compile(r"<!-- table: (\w+) -->\n.*?<!-- end -->", re.DOTALL)
#: Read once for all that changes nothing.
committed = cache(scoreboard.committed)


def tables() -> str:
    """docs/accuracy.md with its tables as the committed scoreboard has them."""
    board = committed()

    def made(match: re.Match[str]) -> str:
        name = match[1]
        own = {"whole": whole, "aims": aimed, "ttft": lambda _board: first_tokens(),
               "memory": lambda _board: memory.table(memory.committed())}  # fmt: skip
        table = own[name](board) if name in own else breakdown(board, name)
        return f"<!-- table: {name} -->\n{markdown.render([table])}<!-- end -->"

    return MARKED.sub(made, DOCUMENT.read_text(encoding="utf-8"))


def first_tokens() -> Table:
    """Errors of the time to the first token, whose constants no fit has seen, by engine."""
    from whichgpu.cost.calibration.measured import left_out, measured_rows
    from whichgpu.cost.table.jobs import predict_rows
    from whichgpu.hardware.catalogue import catalogue

    rows = [row for row in measured_rows() if row["metric"] == "ttft" and not left_out(row)]
    report = validation_report(rows, list(predict_rows(rows, catalogue())), "runtime")
    table = report.blocks[0]
    assert isinstance(table, Table)
    return table


def test_the_first_token_is_within_reach_where_it_was_measured():
    table = first_tokens()
    whole_row = next(row for row in table.rows if row[0] == "all")
    named = dict(zip((column.title for column in table.columns), whole_row, strict=True))
    assert float(named["Median %"]) <= 20
    assert 85 <= float(named["Inside interval %"]) <= 97


def test_the_tables_of_the_document_are_those_of_the_scoreboard():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert set(MARKED.findall(text)) >= {"whole", "aims", "source", "family", "gpu", "memory", "ttft"}
    assert text == tables(), "run: python tests/test_scoreboard.py"


def test_what_the_readme_says_of_its_size_and_errors_is_so():
    text = (DOCUMENT.parents[1] / "README.md").read_text(encoding="utf-8")
    counts = re.search(
        r"over (\d+) devices.* over ([\d,]+) workloads.* over ([\d,]+) published", text, re.DOTALL
    )
    devices, models, rows = (int(each.replace(",", "")) for each in counts.groups())
    board = committed()
    for told, counted in ((devices, len(catalogue(()))), (models, len(workloads())), (rows, len(board.ids))):
        assert told < counted < 1.1 * told
    said = re.search(
        r"off by\s+(\d+) % in the mean and (\d+) % in the median, on sources .* by (\d+) and (\d+) %", text
    )
    found = [scores(board.errors[fold], board.halves[fold]) for fold in ("gpu", "source")]
    wanted = [each for one in found for each in (one.mape, one.median)]
    assert [int(each) for each in said.groups()] == pytest.approx(wanted, abs=0.75)


def test_scores_are_what_they_are_called():
    found = scores(np.log([1.1, 1.0, 0.8, 2.0]), [0.2, 0.2, 0.3, 0.3])
    assert found.rows == 4
    assert found.mape == pytest.approx((10 + 0 + 20 + 100) / 4)
    assert found.median == pytest.approx(15)
    assert found.bias == pytest.approx(100 * ((1.1 * 0.8 * 2.0) ** 0.25 - 1))
    assert found.inside == 75
    assert found.score == pytest.approx((0.4 + 0.4 + 0.6 + 0.6 + 20 * (math.log(2) - 0.3)) / 4)
    assert found.ratio == pytest.approx(math.exp(0.5))


def test_a_wider_interval_scores_worse_unless_it_saves_a_miss():
    errors = np.array([0.1, -0.1])
    assert scores(errors, [0.2, 0.2]).score < scores(errors, [0.4, 0.4]).score
    assert scores(errors, [0.2, 0.2]).score < scores(errors, [0.02, 0.02]).score
    with pytest.raises(ValueError, match="no rows"):
        scores([], [])


def test_the_committed_scoreboard_is_of_the_committed_fit():
    board = committed()
    count = int(re.search(r"from (\d+) measured rows", (store.DATA / "fits" / "effects.toml").read_text())[1])
    assert len(board.ids) == len(set(board.ids)) == count
    seen = store.load("fits")["spreads"]["group"]["all"]
    assert set(board.keys["gpu"]) == set(seen["gpus"])
    assert set(board.keys["architecture"]) == set(seen["workloads"])
    newer = np.isin(board.keys["generation"], scoreboard.NEWER)
    assert np.array_equal(np.isfinite(board.errors["newer"]), newer)
    served = np.array([group.startswith("decoder serve") for group in board.keys["group"]])
    assert all(np.array_equal(np.isfinite(board.errors[fold]), served) for fold in ("engine", "line"))
    some = {"newer", "version", "engine", "line"}
    assert all(np.isfinite(board.errors[fold]).all() for fold in FOLDS if fold not in some)
    assert all(aim.here.sum() >= 20 for aim in scoreboard.aims(board))


@pytest.mark.parametrize(
    "fold",
    [
        "gpu",
        "generation",
        "newer",
        "workload",
        "source",
    ],
)
def test_intervals_keep_their_promise_on_what_the_fit_had_not_seen(fold):
    """A runtime never measured has a prior: too wide is a miss that docs/accuracy.md tells."""
    board = committed()
    told = np.isfinite(board.errors[fold])
    inside = scores(board.errors[fold][told], board.halves[fold][told]).inside
    assert inside <= 95


@pytest.mark.parametrize("fold", ["gpu", "generation", "newer", "workload", "source"])
def test_intervals_hold_enough_of_what_the_fit_had_not_seen(fold):
    board = committed()
    told = np.isfinite(board.errors[fold])
    assert scores(board.errors[fold][told], board.halves[fold][told]).inside >= 85


@pytest.mark.parametrize("fold", ["gpu", "generation", "newer", "workload", "source"])
def test_intervals_of_runtimes_that_were_measured_hold_as_many_as_they_should(fold):
    board = committed()
    prior = section("spread")
    never = 0.999 * Z90 * math.hypot(prior["shared"], prior["own"])
    measured = np.isfinite(board.errors[fold]) & (board.halves[fold] < never)
    assert 85 <= scores(board.errors[fold][measured], board.halves[fold][measured]).inside <= 95


def test_without_the_only_gpus_that_ran_a_runtime_it_was_never_measured():
    board = committed()
    prior = section("spread")
    wide = Z90 * math.hypot(prior["shared"], prior["own"])
    sglang = np.array([row["runtime"] == "sglang" for row in board.rows])
    assert sglang.sum() > 100
    # It ran on Hopper and Blackwell, so that either teaches what the other needs.
    assert (board.halves["newer"][sglang] >= wide).all()
    assert (board.halves["generation"][sglang] < wide).all()


def test_a_calibration_writes_what_is_read_again(tmp_path, monkeypatch):
    from test_calibration import GPUS, rows

    from whichgpu.cost.calibration import refit

    made = [{**row, "source": "here", "value": str(100 + i)} for i, row in enumerate(rows())]
    done = refit.refit(GPUS, made)
    board = scoreboard.of_refit(done)
    assert set(board.ids) == {row["id"] for row in made}
    for name in ("scoreboard", "measured"):
        (tmp_path / name).mkdir()
    (tmp_path / "measured" / "mine.csv").write_text(
        scoreboard._csv(list(made[0]), [list(row.values()) for row in made])
    )
    monkeypatch.setattr(store, "DATA", tmp_path)
    (tmp_path / "fits").mkdir()
    refit.write(done)
    paths = scoreboard.write(done)
    assert [path.name for path in paths] == ["rows.csv", "effects.csv"]
    monkeypatch.setattr(scoreboard.store, "load", lambda tree: store._own(tree, tmp_path))
    monkeypatch.setattr(scoreboard.store, "rows", lambda tree: iter(made))
    again = scoreboard.committed()
    assert list(again.ids) == list(board.ids)
    assert again.keys["gpu"] == tuple(board.keys["gpu"])
    for fold in FOLDS:
        assert again.errors[fold] == pytest.approx(board.errors[fold], abs=6e-5, nan_ok=True)
        # What links add is kept to four places.
        assert again.halves[fold] == pytest.approx(board.halves[fold], abs=2e-4)
    # Nothing newer than Ampere is among these rows, so that fold says nothing.
    assert np.isnan(again.errors["newer"]).all()
    monkeypatch.setattr(scoreboard.store, "rows", lambda tree: iter(made[1:]))
    with pytest.raises(DataError, match="whichgpu calibrate"):
        scoreboard.committed()


class Tags(HTMLParser):
    """What a page opens and does not close, and what it fetches."""

    VOID = ("meta", "path")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing():
    board = committed()
    tags = Tags()
    text = page(board)
    tags.feed(text)
    assert tags.open == []
    assert tags.fetched == []
    assert "script" not in tags.seen
    assert tags.seen.count("svg") == len(set(board.keys["family"]))
    assert text.count("h0") >= len(board.ids)


def test_a_drawing_puts_what_is_right_on_the_diagonal():
    drawn = scatter("a & b", {"x": (np.array([1.0, 100.0]), np.array([1.0, 100.0])),
                              "y": (np.array([10.0]), np.array([100.0]))})  # fmt: skip
    assert "a &amp; b" in drawn
    dots = [(float(a), float(b)) for a, b in re.findall(r"M([\d.]+) ([\d.]+)h0", drawn)]
    assert [x + y for x, y in dots[:2]] == pytest.approx([320.0, 320.0])
    assert sum(dots[2]) < 320  # above the diagonal: y grows downwards
    with pytest.raises(ValueError, match="no points"):
        scatter("nothing", {})


@pytest.mark.parametrize("by", sorted(BREAKDOWNS))
@pytest.mark.thorough(every=5)
def test_validate_without_rows_shows_the_scoreboard(whichgpu, by):
    answer = whichgpu("validate", "--by", by, "--json")
    assert answer.status == 0
    assert answer.json["folds"]["gpu"]["rows"] == answer.json["rows"]
    assert all("mape" in fold for group in answer.json["groups"].values() for fold in group.values())


@pytest.mark.thorough
def test_validate_writes_the_page_and_says_what_it_cannot(whichgpu, tmp_path):
    out = tmp_path / "board.html"
    assert whichgpu("validate", "--page", str(out)).status == 0
    assert out.read_text().startswith("<!doctype html>")
    for wrong, said in (
        (("--page", str(tmp_path / "no" / "x.html")), "cannot be written"),
        (("--by", "metric"), "not kept by metric"),
        (("rows.csv", "--page", "x.html"), "leave the file of rows out"),
        (("rows.csv", "--by", "generation"), "use --by gpu"),
    ):
        answer = whichgpu("validate", *wrong)
        assert answer.status == 2
        assert said in answer.err


if __name__ == "__main__":
    DOCUMENT.write_text(tables(), encoding="utf-8")
    sys.stdout.write(f"wrote {DOCUMENT}\n")

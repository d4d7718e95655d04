"""No measurement is lost: rows reach the disk one task at a time, whatever ends the run."""

import errno
import json
import os
import subprocess
import sys
import textwrap
import threading

import pytest

from whichgpu.bench import journal as files
from whichgpu.bench.journal import Journal, read, sidecar
from whichgpu.bench.record import SCHEMA, Record, digest, row
from whichgpu.cost.table.files import read_measured
from whichgpu.errors import UsageError


def record(number, metric="throughput", **more):
    columns = row(id=f"{number}-{metric}", workload="resnet50", gpu="a10", metric=metric, unit="images/s",
                  value=100.0 + number)  # fmt: skip
    return Record(columns, {"seed": number}, {"workload": "resnet50", "batch": number}, **more)


def test_a_row_says_what_it_holds():
    said = row(
        workload="x", batch=64.0, tp=None, notes="", options={"layout": "nhwc", "compile": True, "a": None}
    )
    assert said == {"workload": "x", "batch": "64", "options": "layout=nhwc;compile=True"}
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})


@pytest.mark.parametrize(
    ("columns", "more", "said"),
    [
        ({"speed": "1", "value": "1"}, {}, "no column 'speed'"),
        ({"value": "0"}, {}, "value '0' is not a number above zero"),
        ({"value": "nan"}, {}, "value 'nan'"),
        ({}, {}, "value ''"),
        ({}, {"status": "oom"}, "needs its reason"),
        ({}, {"status": "slow", "reason": "x"}, "no status 'slow'"),
    ],
)
def test_what_no_reader_could_take_is_refused(columns, more, said):
    with pytest.raises(UsageError, match=said):
        Record(columns, **more)


def test_rows_come_back_and_validate_reads_them(tmp_path):
    out = tmp_path / "measured.csv"
    failed = Record(row(id="3", workload="resnet50", gpu="a10"), {}, {"batch": 3}, "oom", "30 GiB\nof 24")
    with Journal(out) as journal:
        journal.append([record(1), record(1, "latency")])
        journal.append([failed])
        assert digest({"batch": 3}) in journal.done
    assert [one.id for one in read(out)] == ["1-throughput", "1-latency", "3"]
    assert read(sidecar(out))[0].context == {"seed": 1}
    table, rows = read_measured(out)
    assert len(rows) == 2
    assert table.ended == 1
    assert "left out: 1" in table.notes()[0]
    assert "oom: 30 GiB of 24" in out.read_text()


def test_a_file_is_not_written_over(tmp_path):
    out = tmp_path / "measured.csv"
    with Journal(out) as journal:
        journal.append([record(1)])
    with pytest.raises(UsageError, match="add --resume"):
        Journal(out)
    with Journal(out, resume=True) as journal:
        assert journal.done == {record(1).key}
        with pytest.raises(UsageError, match="another run writes to it"):
            Journal(out, resume=True)
        journal.append([record(2)])
    assert len(read(out)) == 2
    journal = Journal(out, resume=True)
    threading.Timer(0.05, journal.close).start()
    with Journal(out, resume=True) as after:
        assert len(after.records) == 2, "a lock that is let go of a moment later is waited for"
    with pytest.raises(UsageError, match="written as CSV"):
        Journal(tmp_path / "measured.txt")
    (tmp_path / "other.csv").write_text("id,value\n1,2\n")
    with pytest.raises(UsageError, match=r"no other\.jsonl beside it"):
        Journal(tmp_path / "other.csv", resume=True)


@pytest.mark.parametrize("cut", [1, 30, 700])
def test_what_a_crash_left_is_cut_off(tmp_path, cut):
    """Both files lose bytes at their ends, and a task of two rows loses one."""
    out = tmp_path / "measured.csv"
    with Journal(out) as journal:
        journal.append([record(1), record(1, "latency")])
        first = sidecar(out).stat().st_size
        journal.append([record(2), record(2, "latency")])
    for path in (out, sidecar(out)):
        with path.open("r+b") as handle:
            handle.truncate(max(path.stat().st_size - cut, first if path != out else 250))
    with Journal(out, resume=True) as journal:
        assert [one.id for one in journal.records] == ["1-throughput", "1-latency"]
        journal.append([record(2)])
    assert [line.split(",")[0] for line in out.read_text().splitlines()] == [
        "id", "1-throughput", "1-latency", "2-throughput",
    ]  # fmt: skip


def test_rows_that_only_the_records_have_are_put_back(tmp_path):
    out = tmp_path / "measured.csv"
    with Journal(out) as journal:
        journal.append([record(1)])
    out.unlink()
    with Journal(out, resume=True):
        pass
    assert out.read_text().splitlines()[0] == ",".join(SCHEMA)
    assert read_measured(out)[1][0][0] == "1-throughput"


@pytest.mark.parametrize("change", ["added", "edited"])
def test_a_row_that_no_record_gave_is_not_lost(tmp_path, change):
    """Added by hand, or changed: the file is left as it is, and the line told."""
    out = tmp_path / "measured.csv"
    with Journal(out) as journal:
        journal.append([record(1)])
    text = out.read_text()
    out.write_text(f"{text}mine,me,resnet50\n" if change == "added" else text.replace("resnet50", "vgg16"))
    before = out.read_bytes()
    with pytest.raises(UsageError, match=rf"csv line {3 if change == 'added' else 2}: no record in measured"):
        Journal(out, resume=True)
    assert out.read_bytes() == before


def test_a_folder_is_no_file_of_rows(tmp_path):
    (tmp_path / "runs.csv").mkdir()
    with pytest.raises(UsageError, match=r"runs\.csv is a folder; name a file in it"):
        Journal(tmp_path / "runs.csv")


def test_a_broken_record_in_the_middle_is_said(tmp_path):
    out = tmp_path / "measured.csv"
    with Journal(out) as journal:
        journal.append([record(1)])
    with sidecar(out).open("a") as handle:
        handle.write("nonsense\n")
        handle.write(json.dumps(record(2).to_dict()) + "\n")
    with pytest.raises(UsageError, match=r"measured\.jsonl line 2: not JSON.* take that line out of it"):
        Journal(out, resume=True)


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    out = tmp_path / "measured.csv"
    real = os.write
    with Journal(out) as journal:
        journal.append([record(1)])
        before = out.read_bytes(), sidecar(out).read_bytes()

        def full(handle, data):
            if len(data) > 100:
                return real(handle, bytes(data)[:100])
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(files.os, "write", full)
        with pytest.raises(UsageError, match=r"No space left on device.*--resume"):
            journal.append([record(2)])
        monkeypatch.undo()
        assert (out.read_bytes(), sidecar(out).read_bytes()) == before
    assert len(read(out)) == 1


def test_kill_nine_leaves_a_valid_file(tmp_path):
    out = tmp_path / "measured.csv"
    program = textwrap.dedent(
        """
        import sys, pathlib
        from whichgpu.bench.journal import Journal
        from whichgpu.bench.record import Record, row
        with Journal(pathlib.Path(sys.argv[1])) as journal:
            for i in range(100000):
                cells = row(id=str(i), workload="w", gpu="g", metric="m", unit="u", value=1.0 + i)
                journal.append([Record(cells, {}, {"n": i})])
                print(i, flush=True)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(out)], stdout=subprocess.PIPE, text=True
    ) as child:
        for line in child.stdout:
            if int(line) >= 20:
                child.kill()
                break
        rest = child.stdout.read().split()
    told = int(rest[-1]) if rest else 20
    with Journal(out, resume=True) as journal:
        held = [int(one.id) for one in journal.records]
    assert held == list(range(len(held)))
    assert len(held) >= told + 1
    assert len(read_measured(out)[1]) == len(held)

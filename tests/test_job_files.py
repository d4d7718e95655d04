"""Job tables as files, as people save them, and the command that reads and writes them."""

from __future__ import annotations

import csv
import json

import pytest
from job_rows import GPUS

from whichgpu.cost.table.files import COLUMNS, read_measured, read_table
from whichgpu.cost.table.jobs import predict_rows
from whichgpu.errors import UsageError
from whichgpu.hardware.catalogue import catalogue

pytestmark = pytest.mark.slow


def written(path, text):
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_tables_as_people_save_them(tmp_path):
    table = read_table(
        written(
            tmp_path / "jobs.csv",
            "\ufeffid,workload, gpu ,notes,batch,colour,metric,unit\r\n"
            '"a ""b""",resnet50,a10,"two\r\nlines, quoted",8,red,throughput,images/s\r\n'
            "\r\n"
            "short,resnet50,a10\r\n"
            "long,resnet50,a10,,8,red,throughput,images/s,more\r\n"
            "spare,resnet50, a10 ,, 8 ,red, throughput ,images/s,,\r\n",
        )
    )
    rows = list(table.rows)
    answers = list(predict_rows(rows, GPUS))
    assert [answer.id for answer in answers] == ['a "b"', "short", "long", "spare"]
    assert "3 cells under 8 columns" in answers[1].error
    assert "9 cells under 8 columns" in answers[2].error
    assert answers[0].value == answers[3].value > 0
    assert table.notes() == ("columns that were not read: colour",)


def test_columns_headed_as_tables_head_them_are_read_and_told(tmp_path):
    plain = "workload,gpu,batch,runtime,colour\nresnet50,a10,8,tensorrt,red\n"
    headed = "Model,Device,Batch Size,framework,colour\nresnet50,a10,8,tensorrt,red\n"
    tables = [read_table(written(tmp_path / f"{len(text)}.csv", text)) for text in (plain, headed)]
    one, other = (next(iter(predict_rows(list(table.rows), GPUS))) for table in tables)
    assert one.value == other.value > 0
    assert tables[0].notes() == tables[1].notes()[1:]
    assert "Model as workload, Device as gpu, Batch Size as batch" in tables[1].notes()[0]


@pytest.mark.parametrize("more", ["workload", "network"])
def test_of_two_headings_for_one_column_one_is_read_and_the_other_is_told(tmp_path, more):
    table = read_table(written(tmp_path / "jobs.csv", f"model,{more},gpu\nresnet50,resnet50,a10\n"))
    unread = "model" if more == "workload" else "network"
    assert f"columns that were not read: {unread}" in table.notes()
    assert next(iter(predict_rows(list(table.rows), GPUS))).value > 0


@pytest.mark.parametrize("mark", [";", "\t"])
def test_cells_may_be_set_apart_as_spreadsheets_do(tmp_path, mark):
    text = "workload,gpu,batch\r\nresnet50,a10,8\r\n"
    tables = [read_table(written(tmp_path / "jobs.csv", text.replace(",", one))) for one in (",", mark)]
    assert list(tables[1].rows) == [("", "resnet50", "a10", "", "", "", "8", *[""] * 12)]


def test_rows_without_a_value_that_can_be_are_left_out_and_told(tmp_path):
    head = "workload,gpu,metric,value,notes\n"
    rows = (
        "a10,throughput,0,",
        "a10,throughput,nan,",
        "a10,throughput,abc,",
        "a10,throughput,900,",
        "l4,,,OOM",
    )
    path = written(tmp_path / "own.csv", head + "".join(f"resnet50,{row}\n" for row in rows))
    table, kept = read_measured(path)
    assert [row[-2] for row in kept] == ["900"]
    assert (table.ended, len(table.faults)) == (1, 3)
    assert "left out: 3 (line 2: value '0' is not a number above zero; line 3" in table.notes()[-1]
    headed = written(path, "Model,GPU name,images/sec\nresnet50,a10,900\n")
    assert dict(zip(read_measured(headed)[0].columns, read_measured(headed)[1][0], strict=True)) == {
        **dict.fromkeys((*COLUMNS, "notes", "source"), ""),
        "workload": "resnet50", "gpu": "a10", "unit": "images/sec", "value": "900",
    }  # fmt: skip
    with pytest.raises(UsageError, match="no column 'value'; write what was measured there, or under its"):
        read_measured(written(path, "workload,gpu\nresnet50,a10\n"))
    for text, why in ((head, "no rows of measurements"), (f"{head}resnet50,a10,,0,\n", "line 2: value '0'")):
        with pytest.raises(UsageError, match=why):
            read_measured(written(path, text))


def test_what_a_table_states_of_each_job_is_not_stated_of_all(whichgpu, tmp_path):
    jobs = str(written(tmp_path / "jobs.csv", "workload,gpu\nresnet50,a10\n"))
    told = whichgpu("predict", "resnet50", "--jobs", jobs, "--gpu", "l4", "--seq-len", "7", "--option", "a=b")
    assert told.status == 2
    assert "leave 'resnet50', --gpu, --seq-len, --option out" in told.err


def test_a_bad_byte_or_an_endless_quote_spoils_its_row_alone(tmp_path):
    table = read_table(
        written(
            tmp_path / "jobs.csv",
            b"id,workload,gpu,notes\ngood,resnet50,a10,caf\xe9\nbad,resnet50,a\xff10,\n"
            b'open,resnet50,a10,"' + b"x" * 140_000 + b'"\nlast,resnet50,a10,\n',
        )
    )
    answers = list(predict_rows(table.rows, GPUS))
    assert [bool(answer.error) for answer in answers] == [False, True, True, False]
    assert "is a quote left open?" in answers[2].error


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "no column 'workload'"),
        ("id,gpu\n1,a10\n", "no column 'workload'"),
        ("workload,gpu,batch,batch\n", "two columns 'batch'"),
        ("workload,gpu\n".encode("utf-16"), "no column 'workload'"),
    ],
)
def test_what_is_no_job_table_is_refused_whole(tmp_path, content, why):
    with pytest.raises(UsageError, match=why):
        read_table(written(tmp_path / "jobs.csv", content))


def test_the_command_writes_a_row_a_job_and_says_what_it_did_not_read(whichgpu, tmp_path):
    jobs_csv, out = tmp_path / "jobs.csv", tmp_path / "out.csv"
    jobs_csv.write_text(
        "id,workload,gpu,metric,unit,options,colour\n"
        "1,resnet50,a10,throughput,images/s,colour_depth=8,red\n"
        "1,resnet50,a10,latency,fortnights,,red\n"
    )
    answer = whichgpu("predict", "--jobs", str(jobs_csv), "--out", str(out), "--json")
    assert answer.status == 0
    with out.open(newline="") as handle:
        written_rows = list(csv.DictReader(handle))
    assert list(written_rows[0]) == ["id", "value", "low", "high", "unit", "basis", "error"]
    assert float(written_rows[0]["value"]) == pytest.approx(answer.json["predictions"][0]["value"])
    assert "fortnights" in written_rows[1]["error"]
    assert answer.json["refused"] == 1
    said = " ".join(answer.json["notes"])
    assert all(word in said for word in ("colour", "option colour_depth", "ids of more than one row: 1"))


def test_a_row_takes_the_path_of_a_file_where_a_name_stands(whichgpu, tmp_path):
    """The model of a configuration file is that of its name, and what cannot be read keeps its place."""
    config = {
        "model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
        "num_attention_heads": 32, "vocab_size": 32000, "tie_word_embeddings": False,
    }  # fmt: skip
    (tmp_path / "of-a-row.json").write_text(json.dumps(config))
    rows = [f"{name},a100-80gb-sxm,peak_gpu_memory" for name in (tmp_path / "of-a-row.json", "llama-2-7b")]
    rows.append(f"{tmp_path / 'none.json'},a100-80gb-sxm,peak_gpu_memory")
    (tmp_path / "jobs.csv").write_text("\n".join(["workload,gpu,metric", *rows]))
    told = whichgpu("predict", "--jobs", str(tmp_path / "jobs.csv"), "--json")
    own, known, missing = told.json["predictions"]
    assert own["value"] == known["value"]
    assert "none.json" in missing["error"]
    # What is served reads no files of the machine that it runs on.
    [alone] = predict_rows([{"workload": str(tmp_path / "none.json"), "gpu": "a10"}], catalogue())
    assert "no workload" in alone.error


def test_an_answer_that_cannot_be_written_is_one_line(whichgpu, tmp_path):
    jobs_csv = tmp_path / "jobs.csv"
    jobs_csv.write_text("workload,gpu\nresnet50,a10\n")
    answer = whichgpu("predict", "--jobs", str(jobs_csv), "--out", str(tmp_path / "no" / "out.csv"))
    assert answer.status == 2
    assert "cannot be written" in answer.err
    assert answer.err.count("\n") == 1


def test_what_is_of_a_table_or_of_one_job_is_not_taken_by_the_other(whichgpu, tmp_path):
    jobs_csv = tmp_path / "jobs.csv"
    jobs_csv.write_text("workload,gpu\nresnet50,a10\n")
    page = tmp_path / "page.html"
    one = whichgpu("predict", "resnet50", "--gpu", "a10", "--format", "html", "--out", str(page))
    assert one.status == 2
    assert f"--out is of the table that --jobs gives; leave it out, or write > {page}" in one.err
    assert not page.exists()
    for asked in (["--curve"], ["--slo", "tpot 50 ms"], ["--rate", "5 req/s"], ["--explain"]):
        table = whichgpu("predict", "--jobs", str(jobs_csv), *asked)
        assert table.status == 2
        assert f"{asked[0]}: of one job, and --jobs has a table of them" in table.err


def test_columns_are_those_of_the_contract():
    assert " ".join(COLUMNS) == (
        "id workload gpu n_gpus phase precision batch resolution seq_len input_tokens output_tokens "
        "concurrency tp pp steps runtime options metric unit"
    )

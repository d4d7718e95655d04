"""The command line as a whole: exit codes, errors, output modes, what is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import whichgpu as package
from whichgpu.cli import group
from whichgpu.cli.commands import show
from whichgpu.errors import DataError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


def process(*arguments, env=None, code="import sys; from whichgpu.cli import main; sys.exit(main())"):
    """Run whichgpu in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, timeout=120, check=False, cwd=ROOT, env={**os.environ, **(env or {})},
    )  # fmt: skip


def test_version(whichgpu):
    assert whichgpu("--version").out == f"whichgpu {package.__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help_lists_every_command_with_its_first_line(whichgpu, arguments):
    answer = whichgpu(*arguments)
    assert answer.status == 0
    for name in group.names():
        assert f"\n  {name} " in answer.out
        assert group.summary(name)[:30] in answer.out


@pytest.mark.parametrize("name", group.names())
def test_every_command_has_help_and_the_common_options(whichgpu, name):
    answer = whichgpu(name, "-h")
    assert answer.status == 0
    assert answer.out.startswith(f"Usage: whichgpu {name} ")
    assert all(option in answer.out for option in ("--json", "--plain", "--debug"))


def test_an_option_is_taken_in_its_other_number(whichgpu):
    asked = ("recommend", "resnet50", "--gpus", "l4", "--json")
    assert whichgpu(*asked[:2], "--gpu=l4", "--json").out == whichgpu(*asked).out
    assert "No such option" in whichgpu("recommend", "resnet50", "--cards", "l4").err.replace(
        "no such", "No such"
    )


def test_an_option_of_one_value_that_is_given_twice_is_told(whichgpu):
    told = whichgpu("predict", "resnet50", "--gpu", "a10", "--batch", "8", "--batch", "9", "--json")
    assert "--batch is given 2 times; the last is read" in told.err
    assert told.json["job"]["batch"] == 9
    several = whichgpu("predict", "resnet50", "--gpu", "a10", "--gpu", "l4", "--json")
    assert len(several.json["predictions"]) == 2
    listed = whichgpu("recommend", "resnet50", "--needs", "ecc", "--needs", "nvlink")
    assert "--needs is given 2 times; write it once, as A,B" in listed.err


@pytest.mark.parametrize("typed", ["llama-3.1-8b", "Llama 3.1 8B", "meta-llama/Llama-3.1-8B"])
def test_a_workload_in_place_of_a_gpu_is_told_as_one(whichgpu, typed):
    assert "it is a workload: whichgpu workload llama-3.1-8b; compare" in whichgpu("show", typed).err


def test_the_first_of_an_answer_comes_unasked_and_all_of_it_when_asked(whichgpu):
    asked = ("predict", "resnet50", "--gpu", "l4")
    short, whole = whichgpu(*asked).out, whichgpu(*asked, "--all").out
    assert len(short.splitlines()) <= 24
    for words in ("images/s", "90 % interval", "USD/h", "Memory:", "Nearest measured"):
        assert words in short
        assert words in whole
    assert "Where the time goes" in whole
    assert "where the time goes" in short


def test_an_unknown_command_is_told_with_the_nearest(whichgpu):
    answer = whichgpu("shwo", "l4")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err == "whichgpu: no command 'shwo'; did you mean show?; see: whichgpu --help\n"
    assert "did you mean fit?" in whichgpu("vram", "llama-3.1-8b").err
    assert "did you mean gpus --timeline?" in whichgpu("timeline").err
    assert "did you mean check --fields?" in whichgpu("truth").err


@pytest.mark.parametrize(
    "arguments",
    [
        ("show",),
        ("show", "l4", "--nonsense"),
        ("show", "no-such-gpu"),
        ("show", "a100"),
        ("gpus", "--limit", "0"),
        ("gpus", "--min", "memory=40"),
        ("--nonsense",),
        ("workload", "no-such-workload"),
        ("prices", "l4", "--term", "never"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(whichgpu, arguments):
    answer = whichgpu(*arguments)
    assert answer.status == 2
    assert answer.out == ""
    assert answer.err.startswith("whichgpu: ")
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("arguments", "again"),
    [
        (("show", "RTX 3080"), "whichgpu show rtx-3080-10gb"),
        (("predict", "sdxl", "--gpu", "h200:2"), "whichgpu predict sdxl --gpu h200-141gb-sxm:2"),
        (("fit", "my h200 model", "--gpu=h200"), "whichgpu fit 'my h200 model' --gpu=h200-141gb-sxm"),
    ],
)
def test_a_name_of_several_is_told_as_a_command_to_copy(whichgpu, arguments, again):
    refused = whichgpu(*arguments)
    assert refused.status == 2
    assert refused.err.rstrip().endswith(f"; say which, e.g. {again}")


def test_an_error_with_json_is_a_document_too(whichgpu):
    answer = whichgpu("show", "no-such-gpu", "--json")
    assert answer.status == 2
    assert answer.json["schema_version"] == 1
    assert answer.json["error"]["exit_code"] == 2
    assert "no GPU 'no-such-gpu'" in answer.json["error"]["message"]
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (
            DataError("data/x.toml: broken\nover two lines"),
            4,
            "whichgpu: data/x.toml: broken over two lines\n",
        ),
        (
            ZeroDivisionError("division by zero"),
            1,
            "internal error: ZeroDivisionError: division by zero; run again",
        ),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_faults_end_in_one_line(whichgpu, monkeypatch, fault, status, said):
    def fail(**_):
        raise fault

    monkeypatch.setattr(show.run, "callback", fail)
    answer = whichgpu("show", "l4")
    assert answer.status == status
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_the_first_line_of_a_pascal_says_that_its_16_bits_are_not_used(whichgpu):
    said = " ".join(whichgpu("show", "p40").out.split())
    assert "0.1837 TFLOPS in 16 bits (which software computes in FP32), 11.76 TFLOPS in FP32" in said
    assert "software computes" not in " ".join(whichgpu("show", "p100-16gb-pcie").out.split()[:60])


def test_debug_shows_the_traceback(whichgpu, monkeypatch):
    def fail(**_):
        raise ZeroDivisionError

    monkeypatch.setattr(show.run, "callback", fail)
    answer = whichgpu("show", "l4", "--debug")
    assert answer.status == 1
    assert "Traceback" in answer.err


def test_a_reader_that_leaves_is_no_fault():
    command = f"{sys.executable} -m whichgpu gpus | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "0"


@pytest.mark.parametrize(("arguments", "status"), [(("show", "l4"), 0), (("show", "no-such-gpu"), 2)])
def test_the_program_ends_with_its_status_after_what_is_owed(arguments, status):
    code = (
        "import atexit, sys; from whichgpu.cli import console;"
        "atexit.register(lambda: sys.stdout.write('the last word'));"
        "sys.exit(console())"
    )
    done = process(*arguments, code=code)
    assert done.returncode == status
    assert done.stdout.endswith("the last word")
    assert done.stdout.startswith("NVIDIA L4" if status == 0 else "the last word")


def test_who_watches_the_program_sees_its_end():
    code = (
        "import sys; from whichgpu.cli import console; sys.setprofile(lambda *_: None);"
        "status = console(); sys.setprofile(None); print('still here'); sys.exit(status)"
    )
    assert process("show", "l4", code=code).stdout.endswith("still here\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told_of():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "whichgpu", "show", "l4"], stdout=full, stderr=subprocess.PIPE, text=True,
            check=False, cwd=ROOT,
        )  # fmt: skip
    assert done.returncode != 0
    assert "No space left" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("compare", "a10", "a100-80gb-pcie"),
        ("show", "l4"),
        ("show", "l4", "--json"),
        ("gpus", "--plain"),
        ("prices", "l4"),
    ],
)
def test_plain_paths_import_neither_numpy_nor_rich(arguments):
    code = (
        "import sys; from whichgpu.cli import main; status = main();"
        "heavy = {'numpy', 'rich', 'pydantic', 'highspy'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else status)"
    )
    done = process(*arguments, code=code)
    assert done.returncode == 0, done.stderr


def test_help_imports_no_command():
    code = (
        "import sys; from whichgpu.cli import main; main(['--help']);"
        "sys.exit(any(name.startswith('whichgpu.cli.commands.') for name in sys.modules))"
    )
    assert process(code=code).returncode == 0


def test_output_is_plain_in_a_pipe_and_the_width_is_obeyed():
    done = process("gpus", env={"COLUMNS": "100"})
    assert "\x1b" not in done.stdout
    assert "─" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_text_survives_a_terminal_that_knows_ascii_only():
    done = process("recommend", "--help", env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0


def terminal(*arguments, **env):
    """Run whichgpu on a pseudo-terminal of 100 columns and give all it says."""
    ours, theirs = os.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **env}
    command = [sys.executable, "-m", "whichgpu", *arguments]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, cwd=ROOT, env=environment) as child:
        os.close(theirs)
        said = b"".join(chunks(ours))
    os.close(ours)
    assert child.returncode == 0
    return said.decode()


def chunks(fd):
    while True:
        try:
            chunk = os.read(fd, 65536)
        except OSError:  # the other end has closed
            return
        if not chunk:
            return
        yield chunk


def test_a_terminal_gets_colour_unless_told_otherwise():
    assert "\x1b[1m" in terminal("show", "l4")
    assert "─" in terminal("show", "l4", NO_COLOR="1")
    assert "\x1b[3" not in terminal("show", "l4", NO_COLOR="1")
    assert "\x1b" not in terminal("show", "l4", "--plain")


def test_user_files_amend_and_broken_entries_are_left_out(whichgpu, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        '[gpu.my-card]\nname = "My Card"\nbandwidth = "1.2 TB/s"\nmemory = "30 GB"\n'
        '[gpu.bad-card]\nbandwidth = "1.2 TB"\n'
    )
    good = whichgpu("show", "my-card", "--gpu-file", str(file), "--json")
    assert good.status == 0
    assert good.json["fields"]["bandwidth"]["value"] == 1.2e12
    assert "left out: mine.toml: gpu.bad-card.bandwidth: '1.2 TB' is not a bandwidth" in good.err
    bad = whichgpu("show", "bad-card", "--gpu-file", str(file))
    assert bad.err.count("is not a bandwidth") == 1, "what is refused is not told as left out too"
    bad = whichgpu("show", "bad-card", "--gpu-file", str(file))
    assert bad.status == 2
    assert "'1.2 TB' is not a bandwidth" in bad.err


@pytest.mark.parametrize("content", [b"[gpu.x\n", b"\xff\xfe", None])
def test_an_unreadable_user_file_is_one_line(whichgpu, tmp_path, content):
    file = tmp_path / "broken.toml"
    if content is not None:
        file.write_bytes(content)
    answer = whichgpu("gpus", "--gpu-file", str(file))
    assert answer.status == 2
    assert answer.err.count("\n") == 1
    assert "broken.toml" in answer.err


def test_module_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "whichgpu", "show", "l4", "--json"], capture_output=True, check=True, cwd=ROOT
    )
    assert json.loads(done.stdout)["id"] == "l4"


@pytest.mark.parametrize("text", ["[" * 6000, '{"a":' * 6000])
@pytest.mark.parametrize("command", [("guard",), ("bench",), ("bench", "import"), ("validate",)])
def test_what_is_nested_without_an_end_is_one_line(whichgpu, tmp_path, command, text):
    path = tmp_path / "deep.json"
    path.write_text(text, encoding="utf-8")
    (tmp_path / "deep.jsonl").write_text(f"{text}\n{{}}\n", encoding="utf-8")
    answer = whichgpu(*command, str(path))
    assert answer.status == 2
    assert "internal error" not in answer.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk without room")
def test_an_output_that_cannot_be_written_is_one_line():
    for arguments in (("show", "l4"), ("show", "l4", "--json")):
        with Path("/dev/full").open("w", encoding="utf-8") as full:
            line = [sys.executable, "-m", "whichgpu", *arguments]
            done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr.startswith("whichgpu: the output cannot be written (No space left on device)")
        assert len(done.stderr.splitlines()) == 1


def test_a_closed_output_is_nobody_to_tell():
    line = f"{sys.executable} -m whichgpu show l4 >&-"
    done = subprocess.run(["sh", "-c", line], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs /dev/zero, a file without an end")
@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "a10", "--gpu-file"), ("plan",), ("guard",), ("bench",), ("bench", "import"), ("validate",),
        ("calibrate", "--with"), ("predict", "--jobs"), ("predict", "llama-3.1-8b", "--gpu", "l4", "--trace"),
    ],
)  # fmt: skip
def test_a_device_without_an_end_is_refused(whichgpu, arguments):
    answer = whichgpu(*arguments, "/dev/zero")
    assert answer.status == 2
    assert "never ends" in answer.err

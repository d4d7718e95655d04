"""The dialogue: what answers fill, the way back, what is refused, and how the input ends."""

from __future__ import annotations

import io
import os
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whichgpu.cli.dialogue import Dialogue, Ended, hold
from whichgpu.cli.questions import QUESTIONS, SLO, arguments, check
from whichgpu.errors import WhichGpuError
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner.use import use
from whichgpu.workloads.workload import resolve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

GPUS = catalogue()


def workload_of(name: str) -> Any:
    return None if use(name) else resolve(name)


def held(*lines: str) -> tuple[dict[str, str], list[str]]:
    """The options that lines come to, and what was said."""
    left, said = iter(lines), []
    talk = Dialogue(lambda: next(left, None), said.append, lambda options: check(options, GPUS), workload_of)
    return hold(talk), said


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, whichgpu: Any) -> Callable[..., Any]:
    def run(text: str, *options: str) -> Any:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        return whichgpu("ask", *options)

    return run


@pytest.mark.parametrize(
    "said",
    [
        "serve llama 3.1 8b",
        "llama 3.1 8b for 20 people",
        "fine-tune llama 3.1 8b on support tickets",
        "a chat with llama 3.1 8b",
    ],
)
def test_what_is_done_with_a_model_is_no_part_of_its_name(said: str) -> None:
    options, texts = held(said, "serve", "done")
    assert options["workload"] == "llama 3.1 8b"
    assert options["phase"] == "serve"
    assert not any("Again" in text for text in texts)


def test_it_is_the_very_same_request_as_recommend(typed: Any, whichgpu: Any) -> None:
    lines = "resnet50\n1\n3000 images/s\n50 ms\nfp16\n16 GB\n2 USD/h\non-demand\n\nhyperscaler\necc\n"
    answer = typed(lines, "--json").json
    told = shlex.split(answer["command"])
    assert told[:3] == ["whichgpu", "recommend", "resnet50"]
    same = whichgpu(*told[1:], "--json").json
    assert answer["asked"]["min_memory"] == "16 GB"
    for key in ("candidates", "headline", "target", "assumptions"):
        assert answer[key] == same[key]
    assert {one["offer"]["provider"] for one in answer["candidates"]} <= {
        "aws",
        "azure",
        "gcp",
        "oracle-cloud",
    }


def test_own_gpus_are_asked_about_too(typed: Any, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[gpu.my-l4]\nbase = "l4"\nname = "My L4"\n')
    answer = typed("resnet50\ninfer\n100 images/s\n", "--json", "--gpu-file", str(mine)).json
    assert answer["command"].endswith(f"--gpu-file {mine}")
    assert "my-l4" in {one["gpu"] for one in (*answer["candidates"], *answer["rejected"])}


def test_the_questions_follow_from_the_answers() -> None:
    serves, said = held("llama-3.1-8b", "", "200 users", "1000 / 200", "", "done")
    assert serves == {"workload": "llama-3.1-8b", "users": "200", "input_tokens": "1000",
                      "output_tokens": "200", "slo": SLO}  # fmt: skip
    assert not any("trained" in line for line in said)
    trains, said = held("resnet50", "train", "90 epochs of imagenet", "24 h", "done")
    assert trains == {"workload": "resnet50", "phase": "train", "epochs": "90", "samples": "imagenet",
                      "deadline": "24 h"}  # fmt: skip
    assert not any("traffic" in line for line in said)
    makes, said = held("sdxl", "", "", "", "", "", "", "buy", "done")
    assert makes == {"workload": "sdxl", "term": "buy"}
    assert not any("region" in line for line in said), "one's own machine is in no region"
    wide = "psu 1600 W, 4 slots, 15 A at 120 V, 128 GB, 24 cores"
    room, _ = held("sdxl", "", "", "", "", "", "", "buy", "a large one", wide, "ecc")
    assert room == {"workload": "sdxl", "term": "buy", "machine": wide, "needs": "ecc"}


def test_a_use_outside_the_model_is_asked_for_the_card_alone(typed: Any) -> None:
    found, said = held("rendering", "24 GB", "", "buy", "done")
    assert found == {"workload": "rendering", "min_memory": "24 GB", "term": "buy"}
    asked = "\n".join(said)
    assert not any(word in asked for word in ("traffic", "number format", "in all?"))
    answer = typed("rendering\n24 GB\n", "--json")
    assert answer.json["command"] == "whichgpu recommend rendering --min-memory '24 GB'"
    assert answer.json["candidates"]


def test_desktops_are_asked_for_the_people_and_the_memory_of_each() -> None:
    found, said = held("vdi", "20 people", "4 GB", "done")
    assert found == {"workload": "vdi", "users": "20", "min_memory": "4 GB"}
    asked = "\n".join(said)
    assert "each desktop" in asked
    assert "each GPU" not in asked
    assert "How quick" not in asked, "no objective of requests is asked of desktops"
    open_, said = held("virtual desktops", "", "24 GB", "done")
    assert open_ == {"workload": "virtual desktops", "min_memory": "24 GB"}
    assert "each GPU" in "\n".join(said)
    with pytest.raises((WhichGpuError, Ended)):
        held("vdi", "a few")


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("200", {"users": "200"}),
        ("1,000 users at once", {"users": "1000"}),
        ("60 people", {"users": "60"}),
        ("5 req/s", {"rate": "5 req/s"}),
        ("5000 tokens/s", {"target": "5000 tokens/s"}),
    ],
)
def test_traffic_in_users_requests_or_tokens(text: str, options: dict[str, str]) -> None:
    found, _ = held("llama-3.1-8b", "serve", text, "done")
    assert options.items() <= found.items()
    assert ("slo" in found) == ("target" not in options), "a load needs objectives to hold"


@pytest.mark.parametrize(
    ("model", "text", "options"),
    [
        ("sdxl", "1000 images/min", {"target": "1000 images/min"}),
        ("sdxl", "100 images per minute", {"target": "100 images per minute"}),
        ("sdxl", "1000 images an hour", {"target": "1000 images an hour"}),
        ("sdxl", "100k images", {"images": "100k", "deadline": "2 days"}),
        ("whisper-large-v3", "10,000 hours of audio", {"hours_of_audio": "10,000", "deadline": "2 days"}),
        ("bert-large", "100M documents", {"requests": "100M", "deadline": "2 days"}),
    ],
)
def test_work_by_rate_or_in_all(model: str, text: str, options: dict[str, str]) -> None:
    lines = [model, "", text, *(["", "2 days"] if "deadline" in options else [""]), "done"]
    found, _ = held(*lines)
    assert found == {"workload": model, **options}


def test_a_choice_by_another_word_for_it() -> None:
    found, _ = held("llama-2-13b", "fine-tune with LoRA", "3 epochs of 52k samples", "done")
    assert found["phase"] == "finetune_lora"
    said = held("llama-2-13b", "lora or qlora", "", "", "", "", "", "", "preemptible", "done")
    assert found.keys() == {"workload", "phase", "epochs", "samples"}
    assert said[0] == {"workload": "llama-2-13b", "term": "spot"}


def test_the_way_back_changes_an_answer_and_what_follows() -> None:
    lines = ["sdxl", "back", "back", "resnet50", "train", "back", "infer", "100 images/s", "done"]
    found, said = held(*lines)
    assert found == {"workload": "resnet50", "phase": "infer", "target": "100 images/s"}
    assert "This is the first question." in said


def test_what_is_refused_is_asked_again_with_the_reason() -> None:
    lines = (
        "lama-3.1-8b", "llama-3.1-8b", "9000", "serve", "-5 req/s", "0 users", "5 req/s", "500", "500 / 200",
        "fast", "ttft p90 1 s", "fp99", "fp8", "lots", "24 GB", "done",
    )  # fmt: skip
    found, said = held(*lines)
    assert found["precision"] == "fp8"
    told = "\n".join(said)
    for reason in ("did you mean", "is none of serve", "two lengths", "fp99", "lots"):
        assert reason in told, reason


def test_an_answer_to_a_later_question_is_told_so() -> None:
    options, said = held("llama-3.1-8b", "", "3", "", "", "", "", "europe", "", "", "europe")
    assert "That answers a later question: In which region?" in " ".join(said)
    assert options["region"] == "europe"
    assert "later question" not in " ".join(held("llama-3.1-8b", "", "3", "", "", "neither", "")[1])


@pytest.mark.parametrize("formats", ["any", "fp16,fp8"])
def test_several_formats(formats: str, typed: Any) -> None:
    found, _ = held("llama-3.1-8b", "", "1000 tokens/s", "", formats, "done")
    assert found["precision"] == formats
    answer = typed(f"llama-3.1-8b\n\n1000 tokens/s\n\n{formats}\n", "--json")
    assert answer.status == 0
    assert answer.json["candidates"]


def test_help_says_why_and_what_for_example() -> None:
    _, said = held("?", "sdxl", "?", "done")
    assert any("Memory, arithmetic" in line and "For example" in line for line in said)
    assert any("generate, train" in line for line in said)


def test_every_question_has_its_words_and_no_words_lack_a_question() -> None:
    rows = store.load("questions")["questions"]["question"]
    assert list(rows) == [question.key for question in QUESTIONS]
    for row in rows.values():
        assert row["text"].endswith("?")
        assert row["why"].endswith(".")
        assert len(row["why"]) < 90, "one line"
    assert SLO in rows["slo"]["why"]


def test_the_input_may_end_anywhere(typed: Any) -> None:
    whole = "resnet50\ninfer\n100 images/s\n1 s\n\n\n5 USD/h\n\n\n\n\n"
    lines = whole.splitlines(keepends=True)
    for end in range(1, len(lines) + 1):
        answer = typed("".join(lines[:end]))
        assert answer.status == 0, lines[:end]
        assert "The same as: whichgpu recommend resnet50" in answer.out.replace("\n", " ")
    assert typed("resnet50\ninfer\n100 images/s").status == 0, "a last line without its end"


@pytest.mark.parametrize(
    ("text", "status", "told"),
    [
        ("", 2, "before it said what is to run"),
        ("\n\n\n", 2, "before it said what is to run"),
        ("sdxl\n1\nlots\n", 2, "target: 'lots' is neither a rate"),
        ("nothing-like-it\n", 2, "workload: no workload"),
        ("quit\n", 130, "interrupted"),
        ("llama-3.1-405b\ninfer\n", 2, "is none of"),
        ("sdxl\n\n1000 images/min\n\n\n\n0.01 USD/h\n", 3, "0.01 USD/h"),
        ("\x00\ufffd\n" * 3, 2, "workload"),
        ("x" * 5000 + "\n", 2, "characters are no answer"),
    ],
)
def test_how_it_ends(typed: Any, text: str, status: int, told: str) -> None:
    answer = typed(text)
    assert (answer.status, told in answer.err) == (status, True), answer.err[-400:]
    assert "Traceback" not in answer.err
    as_json = typed(text, "--json")
    assert as_json.status == status
    assert as_json.json


def test_ctrl_c_ends_in_one_line(monkeypatch: pytest.MonkeyPatch, whichgpu: Any) -> None:
    class Interrupted(io.StringIO):
        def readline(self, size: int = -1) -> str:  # type: ignore[override]
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Interrupted())
    answer = whichgpu("ask")
    assert answer.status == 130
    assert answer.err.endswith("whichgpu: interrupted\n")


#: Answers right and wrong, as somebody might type them in any order.
TYPED = (
    "sdxl", "llama-3.1-8b", "resnet50", "rendering", "", "back", "done", "?", "1", "2", "6", "train",
    "5 req/s", "nan", "-1 USD/h", "24 GB", "500 / 200", "90 epochs", "tomorrow", "fp8", "ecc", "buy", "0",
    "1e999 users", "inf req/s", "--help", "1 of 2 of 3", "aws,", ",", "epochs", "1 epochs of 2 epochs",
    "images", "\u2028", "vdi", "20 people",
)  # fmt: skip


@settings(max_examples=30)
@given(st.lists(st.sampled_from(TYPED), max_size=14))
@pytest.mark.thorough
def test_no_answers_break_it(lines: list[str]) -> None:
    try:
        found, _ = held(*lines)
    except (WhichGpuError, Ended):
        return
    check(found, GPUS)
    assert arguments(found)[1] == found["workload"]


@pytest.mark.slow
def test_from_a_pipe_of_a_process() -> None:
    run = [sys.executable, "-m", "whichgpu", "ask", "--json"]
    done = subprocess.run(
        run, input=b"resnet50\n\xff\xfe\ninfer\n100 images/s\n", capture_output=True, check=False
    )
    assert done.returncode == 0
    assert b'"command"' in done.stdout
    assert b"Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(
    ("lines", "end", "status", "told"),
    [
        (["resnet50"], "interrupt", 130, "whichgpu: interrupted"),
        (["resnet50", "1", "back"], "\x04", 0, "The same as: whichgpu recommend resnet50"),
        ([], "\x04", 2, "begin with e.g. llama-3.1-8b"),
    ],
)
def test_on_a_terminal(lines: list[str], end: str, status: int, told: str) -> None:
    """Ctrl-C ends it in one line; Ctrl-D says that this is all."""
    ours, theirs = os.openpty()
    run = [sys.executable, "-m", "whichgpu", "ask"]
    # A run in the background ignores SIGINT, and hands that on.
    heeds = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(run, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=heeds) as process:  # noqa: PLW1509
        os.close(theirs)
        shown = ""
        for text in (*(f"{line}\n" for line in lines), end):
            while not shown.endswith("> "):
                shown += os.read(ours, 4096).decode(errors="replace")
            shown += "\n"
            if text == "interrupt":
                interrupt(process)
            else:
                os.write(ours, text.encode())
        with suppress(OSError):  # the end of a terminal
            while piece := os.read(ours, 4096):
                shown += piece.decode(errors="replace")
    os.close(ours)
    assert process.returncode == status, shown[-500:]
    assert told in " ".join(shown.split())
    assert "Traceback" not in shown


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C, and again where nothing came of it: one right before a read begins waits for its end."""
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
            return


@pytest.mark.parametrize(
    ("said", "lengths"),
    [("500 / 200", ("500", "200")), ("prompts of 2,000 tokens, answers of 300", ("2000", "300")),
     ("1.5k in, 300 out", ("1500", "300"))],
)  # fmt: skip
def test_lengths_in_words(said: str, lengths: tuple[str, str]) -> None:
    options, _ = held("llama-3.1-8b", "serve", "5 req/s", said, "done")
    assert (options["input_tokens"], options["output_tokens"]) == lengths


@pytest.mark.parametrize("said", ["ttft p90 1 s", "p90 1 s", "20 USD/h for 2", "90 and 1 %"])
def test_an_objective_is_no_pair_of_lengths(said: str) -> None:
    """Ninety tokens in and one out was once made of a percentile."""
    options, told = held("llama-3.1-8b", "serve", "5 req/s", said, "500 / 200", "done")
    assert any("is not two lengths" in line for line in told)
    assert options["input_tokens"] == "500"


def test_at_home_is_bought() -> None:
    options, _ = held("blender", "", "", "at home", "done")
    assert options["term"] == "buy"


@pytest.mark.parametrize("said", ["AI", "I want my own chatgpt at home", "local chatgpt"])
def test_who_wants_ai_is_told_of_models_that_talk(said: str) -> None:
    _, told = held(said, "llama-3.1-8b", "done")
    assert any("llama-3.1-8b" in line and "esrgan" not in line and "is it translation" not in line
               for line in told if said in line)  # fmt: skip

"""Programs by name, and subjects where a model is asked for."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from whichgpu.errors import UsageError
from whichgpu.facts import store
from whichgpu.hardware.catalogue import catalogue
from whichgpu.planner import likely, programs, use, uses
from whichgpu.planner.needs import need
from whichgpu.planner.request import read_request, read_use_request
from whichgpu.workloads.job import Job
from whichgpu.workloads.resolving import known, resolve
from whichgpu.workloads.unknown import subject

GPUS = catalogue()
TODAY = date(2026, 11, 21)
SUBJECTS = store.load("subjects")["subjects"]["subject"]


def cards(name: str, **wishes: Any) -> Any:
    one = use.use(name)
    assert one is not None
    request, own = read_use_request(one, GPUS, today=TODAY, **wishes)
    return uses.for_use(one, request, GPUS, own)


@pytest.mark.parametrize(
    ("said", "title", "answered"),
    [
        ("Adobe Premiere Pro 2025", "Premiere Pro", "video-editing"), ("AutoCAD 2026", "AutoCAD", "cad"),
        ("ansys fluent", "Ansys Fluent", "stencils"), ("Ansys", "Ansys Mechanical", "simulation"),
        ("rendering in Blender 4.5", "Blender", "rendering"), ("cinema4d", "Cinema 4D", "rendering"),
        ("VASP 6.4", "VASP", "simulation"), ("GROMACS", "GROMACS", "molecular-dynamics"),
        ("STAR-CCM+", "STAR-CCM+", "simulation"), ("3ds max", "3ds Max", "rendering"),
        ("ABAQUS/Standard", "Abaqus", "simulation"), ("game dev in Unity", "Unity", "gaming"),
    ],
)  # fmt: skip
def test_a_program_is_answered_as_its_use(said: str, title: str, answered: str) -> None:
    found = use.use(said)
    assert found is not None
    assert found.program is not None
    assert (found.program.title, found.id) == (title, answered)
    assert found.title.endswith(f" in {title}")


@pytest.mark.parametrize("said", ["resnet50", "phoenix", "blender of images", "autocadx", "42", ""])
def test_other_words_are_no_program(said: str) -> None:
    found = use.use(said)
    assert found is None or found.program is None


def test_every_program_has_a_use_needs_that_are_known_and_a_name_that_is_no_model() -> None:
    every = programs.programs()
    assert len(every) > 100
    assert len({one.title for one in every}) == len(every), "a title twice"
    for one in every:
        assert one.use in use.names(), one
        assert all(need(text).title for text in one.needs)
        assert not known(one.title), f"{one.title} is a workload too"
        found = use.use(one.title)
        assert found is not None
        assert found.program == one, one.title


def test_what_a_program_asks_for_leaves_cards_out_and_is_told_with_its_source() -> None:
    plain, fluent = cards("stencils"), cards("Ansys Fluent")
    assert (
        {card.gpu.vendor for card in plain.cards} > {"NVIDIA"} == {card.gpu.vendor for card in fluent.cards}
    )
    assert "Ansys Fluent User's Guide" in fluent.use.notes[0]
    assert fluent.to_dict()["program"]["source"]["accessed"] == "2026-11-21"
    assert all(card.gpu.need("memory") > 7.5e9 for card in cards("redshift").cards)


def test_of_a_program_that_nothing_was_read_of_the_answer_says_so() -> None:
    answer = cards("Houdini")
    assert "was not read" in answer.use.notes[0]
    assert answer.to_dict()["program"]["source"] is None
    assert [card.gpu.id for card in answer.cards] == [card.gpu.id for card in cards("rendering").cards]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("hospital video wall", "displays"),
        ("birdsong photography", "photo"),
        ("blender for my cat", "rendering"),
    ],
)
def test_words_of_a_use_beside_others_name_it(said: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"is it the use {meant}[?] whichgpu recommend {meant}"):
        read_request(Job(said), GPUS, today=TODAY)


@pytest.mark.parametrize(
    ("said", "told"),
    [("brain MRI scans of mice", "by 'mri' and 'scans', is it segmentation? name one, e.g. unet-medical"),
     ("warehouse robots", "by 'robots', is it detection? name one, e.g. yolov8n"),
     ("spotting leaks", "by 'spotting', is it detection? name one, e.g. yolov8n"),
     ("a sight translator", "by 'translator', is it translation? name one, e.g. nllb-200")],
)  # fmt: skip
def test_words_of_a_subject_beside_others_name_its_models(said: str, told: str) -> None:
    with pytest.raises(UsageError) as fault:
        read_request(Job(said), GPUS, today=TODAY)
    assert told in str(fault.value)


@pytest.mark.parametrize("said", ["gibberish words", "a the for", "resnet5", "plaxis", ""])
def test_words_that_mean_nothing_name_none(said: str) -> None:
    assert likely.likely(said) == ()


@pytest.mark.parametrize("said", ["Reaper", "Notion", "Cubase", "Ardour", "Bitwig", "PyMOL"])
def test_of_a_name_that_nothing_is_known_of_is_asked_what_it_does(said: str) -> None:
    with pytest.raises(UsageError) as fault:
        read_request(Job(said), GPUS, today=TODAY)
    assert str(fault.value).startswith(f"no workload '{said}', and no program of that name; what does it do?")
    assert "did you mean" not in str(fault.value)
    assert use.use("rendering")
    assert "whisper" in subject("speech to text")


def test_cryo_em_and_realityscan_take_cuda_alone() -> None:
    for said in ("cryo-em", "RELION", "RealityCapture"):
        assert {card.gpu.vendor for card in cards(said).cards} == {"NVIDIA"}


def test_words_that_mean_two_things_name_both_and_those_of_a_whole_name_one() -> None:
    ids = [one.id for one in likely.likely("translated movies")]
    assert ids == ["translation", "video-editing"]
    assert likely.likely("satellite images of language")[0].id == "segmentation"


@pytest.mark.parametrize(
    "alike",
    ["detect detecting detection detector detectors", "simulate simulation simulators simulating",
     "classify classification classifier", "recognise recognition recognizing", "photo photos",
     "translate translator translations", "summary summaries summarise summarising"],
)  # fmt: skip
def test_words_of_one_root_have_one_stem(alike: str) -> None:
    assert len({likely.stem(word) for word in alike.split()}) == 1


def test_every_word_points_at_a_subject_or_a_use_once() -> None:
    table = store.load("words")["words"]["words"]
    assert {*table} <= {*SUBJECTS, *use.names()}
    every = [(likely.stem(word), one) for one, words in table.items() for word in words]
    assert not [one for one in every if every.count(one) > 1]


@pytest.mark.parametrize("key", SUBJECTS)
def test_a_subject_names_models_that_there_are(key: str) -> None:
    for name in (key, *SUBJECTS[key]["names"]):
        assert not known(name), f"{name} is a workload"
        assert SUBJECTS[key].get("is", "is no model") in subject(name)
    for model in SUBJECTS[key]["workloads"]:
        assert resolve(model).id == model


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("speech to text", "whisper-large-v3"), ("Ollama", "--runtime"),
        ("a chatbot for my company", "llama-3.1-8b"),
        ("train a 3b model from scratch", "--phase pretrain"), ("machine learning", "depends on the model"),
        ("xgboost", "analytics"), ("medical image segmentation", "unet-medical"),
        ("voice assistant", "it is three"), ("number plate recognition", "yolov8n"),
        ("stock price prediction", "use analytics"),
    ],
)  # fmt: skip
def test_a_subject_in_place_of_a_model_is_told_which_models_there_are(said: str, told: str) -> None:
    with pytest.raises(UsageError, match="is no model") as fault:
        read_request(Job(said), GPUS, today=TODAY)
    assert told in str(fault.value)
    assert "uses without a model" not in str(fault.value)


def test_a_model_that_cannot_be_counted_is_told_why():
    with pytest.raises(UsageError, match="pruned by amounts that are not told") as fault:
        read_request(Job("PeopleNet"), GPUS, today=TODAY)
    assert "bench import" in str(fault.value)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("fine-tuning mistral 7b", '"mistral 7b" --phase finetune_lora'),
        ("train resnet50", '"resnet50" --phase train'),
        ("llama 3.1 8b for 10 users", '"llama 3.1 8b" --users 10'),
        ("run llama 3.1 8b", 'write "llama 3.1 8b"'),
        ("serve mistral 7b to 40 colleagues", '"mistral 7b" --users 40'),
        ("train resnet50 on my photos", '"resnet50" --phase train'),
    ],
)  # fmt: skip
def test_a_job_in_place_of_a_model_is_told_how_to_write_it(said: str, told: str) -> None:
    assert told in subject(said)


@pytest.mark.parametrize(
    "said",
    ["train", "run fast", "the model for 10 users", "fine", "serve a large purpose", "video clip editing"],
)
def test_verbs_without_a_model_are_no_job(said: str) -> None:
    assert "what is done with one" not in subject(said)


def test_what_is_like_nothing_has_no_suggestion() -> None:
    with pytest.raises(UsageError, match="see the list: whichgpu workloads"):
        resolve("qqqqqq")


def test_the_command_names_the_program(whichgpu: Any) -> None:
    ran = whichgpu("recommend", "COMSOL", "--budget", "1 USD/h")
    assert ran.status == 0
    assert "simulation in FP64 in COMSOL Multiphysics" in " ".join(ran.out.split())


def test_what_no_kernel_language_programs_is_no_card_for_programs() -> None:
    asked = ("tpu-v5e", "trainium2", "gaudi3", "rx-9070-xt", "t4")
    assert [need("gpgpu").met(GPUS[gpu]) for gpu in asked] == [False, False, False, True, True]
    assert "gpgpu" in str(use.use("hashcat"))

"""What people write in place of a model: a subject (`speech to text`) or a job (`train resnet50`)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from whichgpu.facts import store
from whichgpu.values import regex
from whichgpu.workloads.names import squeezed, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Words around a subject that do not change it.
_AROUND = frozenset((
    "a", "an", "and", "the", "for", "my", "our", "some", "local", "model", "models", "inference",
    "server", "serving", "app", "application", "task", "tasks", "with", "using", "run", "running",
    "small", "large", "of", "company", "business", "home", "office", "team", "at", "on", "in", "to",
    "own", "private", "self", "hosted", "hosting",
))  # fmt: skip
#: A size among the words of a subject: `3b`, `500m`.
_SIZE = regex(r"\d+(\.\d+)?[bm]")


#: llama.cpp and its kin, which run models of every family.
_ENGINES = regex(r"\b(?:llama[. -]?cpp|llamafile|o?llama-server|ollama)\b", re.IGNORECASE)


def told(name: str, known: Callable[[str], bool]) -> str:
    """What is said of a subject (models of it: `data/subjects.toml`) or a job (how to write it), else ''.

    `known` says whether a name is one of the zoo.
    """
    if job := _job(name, known):
        return job
    bare = " ".join(one for one in words(name) if one not in _AROUND and not _SIZE.fullmatch(one))
    known_as = (_subjects().get(squeezed(said)) for said in (name.lower(), bare))
    for row in (*known_as, _within(name)):
        if row is not None:
            says = f": {row['says']}" if "says" in row else ""
            models = _named(row)
            return f"'{name}' {row.get('is', 'is no model')}{says}" + (f"; {models}" if models else "")
    return ""


def model_for(name: str) -> str:
    """The model that a subject names first (`speech to text`), or ''."""
    row = _subjects().get(squeezed(name.lower()))
    return str(row["workloads"][0]) if row and row["workloads"] else ""


def usual_model(name: str) -> str:
    """The model that a question means by a family without a size (`BERT`) or a subject (`CNNs`), or ''."""
    table: Mapping[str, Mapping[str, str]] = store.load("subjects")["subjects"]
    families = {**table["later"], **table["family"]}
    said = squeezed(name.lower())
    alone = said.removesuffix("s") if said.endswith("s") else said
    return families.get(said) or model_for(name) or families.get(alone) or model_for(alone)


def first_of(key: str) -> str:
    """The first model of a subject by its key; '' of what is no work of its own, as a framework is."""
    row = _table().get(key, {})
    return str(row["workloads"][0]) if row.get("workloads") and "says" not in row else ""


def without_engines(text: str) -> str:
    """A text without the names of engines that have the name of a family of models in them."""
    return _ENGINES.sub(" ", text)


def models_by_size(text: str = "") -> tuple[str, ...]:
    """Well-known language models of each size, the smallest first; of a family alone that a text names."""
    ladders: Mapping[str, list[str]] = store.load("subjects")["subjects"]["ladder"]
    words = without_engines(text.lower()).split()
    named = [key for key in ladders if any(word.startswith(key) for word in words)]
    return tuple(ladders[named[0] if len(named) == 1 else "language-model"])


def instead(key: str) -> str:
    """What to ask for in place of a subject by its key."""
    row = _table()[key]
    return "; ".join(filter(None, (row.get("says", ""), _named(row))))


def _named(row: Mapping[str, Any]) -> str:
    return f"name one, e.g. {', '.join(row['workloads'])}" if row["workloads"] else ""


def spellings() -> Mapping[str, set[str]]:
    """Every name of each subject, by its key."""
    return {key: {key, *row["names"]} for key, row in _table().items()}


def _table() -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = store.load("subjects")["subjects"]["subject"]
    return found


def _within(name: str) -> Mapping[str, Any] | None:
    """The subject of two words and more that are all among those of a name: `medical image segmentation`."""
    asked = set(words(name))
    return next((row for said, row in _several() if said <= asked), None)


@lru_cache(maxsize=1)
def _several() -> tuple[tuple[frozenset[str], Mapping[str, Any]], ...]:
    """The spellings of several words, those of most words first."""
    said = [(frozenset(words(one)), _table()[key]) for key, names in spellings().items() for one in names]
    return tuple(sorted((one for one in said if len(one[0]) > 1), key=lambda one: -len(one[0])))


#: What is done with a model, by the beginning of the word, and how it is asked for.
_DONE = {
    "fine": "--phase finetune_lora (or finetune_full)", "train": "--phase train",
    "pretrain": "--phase pretrain", "serv": "--users 10", "run": "", "host": "", "infer": "",
}  # fmt: skip
#: What is promised to users where nothing is said.
SLO = "ttft p90 2 s, tpot p90 100 ms"
#: Whom it is done for.
PEOPLE = (
    "users?|people|persons?|employees|staff|students|customers|colleagues|agents|seats|pupils|teachers"
    "|developers|engineers|callers"
)
#: Words of a model's name, at most, with who tuned or stored it.
_NAME = 10
_FOR = regex(rf"(\d+) (?:{PEOPLE})\b", re.IGNORECASE)


def job_of(name: str, known: Callable[[str], bool]) -> tuple[str, str]:
    """The model of a job (`fine-tune llama 3 8b on tickets`, `.. for 10 users`) or '', and options.

    It is the longest run of words that is a model's name: of several words, or with a figure.
    """
    said = name.split()
    count = len(said)
    sizes = range(min(count - 1, _NAME), 0, -1)
    runs = (said[at : at + size] for size in sizes for at in range(count - size + 1))
    able = (run for run in runs if len(run) > 1 or re.search(r"[a-z]\d", run[0], re.IGNORECASE))
    model = next((" ".join(run) for run in able if known(" ".join(run))), "")
    users = _FOR.search(" ".join(said))
    done = (how for word in said for start, how in _DONE.items() if word.lower().startswith(start))
    return model, f"--users {users[1]}" if users else next(done, "")


def _job(name: str, known: Callable[[str], bool]) -> str:
    """How to write a job that stands for a model, else ''."""
    model, option = job_of(name, known)
    over = len(name.split()) - len(model.split())
    done = any(word.lower().startswith(tuple(_DONE)) for word in name.split())
    # One word more, and none of a job, is as likely of the name: `flux1 schnel`.
    if not model or (over == 1 and not done and not option):
        return ""
    return (
        f"'{name}' is no model, but what is done with one; write \"{model}\" {option}".rstrip()
        + f", or ask whichgpu ask '{name}'"
    )


@lru_cache(maxsize=1)
def _subjects() -> Mapping[str, Mapping[str, Any]]:
    """By spelling without case and separators: the subject."""
    return {squeezed(one): _table()[key] for key, names in spellings().items() for one in names}

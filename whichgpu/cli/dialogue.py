"""A dialogue: questions one after the other, with a way back, from a terminal or from a pipe."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from whichgpu.cli.questions import QUESTIONS, Known
from whichgpu.errors import UsageError, WhichGpuError, one_line
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whichgpu.cli.questions import Options, Question
    from whichgpu.workloads.workload import Workload

HEAD = (
    "Answer, or press Enter to leave a question open. back: the one before; ?: what there is to say; done: "
    "that is all; quit."
)
#: What may be typed in place of an answer.
_BACK, _DONE, _QUIT, _MORE = ("back", "b", "<"), ("done", "."), ("quit", "exit", "q"), ("?", "help")
#: A longer line is no answer.
_LONGEST = 2000


class Ended(Exception):
    """The user wants no answer."""


class Step(NamedTuple):
    """A question that was asked, and the options that its answer filled: none where it was left open."""

    question: Question
    options: Options


class Dialogue(NamedTuple):
    """Both sides: `ask` gives the next line, None at the end of the input; `say` shows one.

    `check` raises for options that cannot be, `workload` gives the one of a name (None: it is no model).
    """

    ask: Callable[[], str | None]
    say: Callable[[str], None]
    check: Callable[[Options], None]
    workload: Callable[[str], Workload | None]


def hold(talk: Dialogue, questions: Sequence[Question] = QUESTIONS) -> dict[str, str]:
    """The options that come of a dialogue, by name.

    Raises `Ended` where the user quits, and `UsageError` where the input ends before it said what is to run,
    or within a question whose answer was refused.
    """
    talk.say(HEAD)
    steps: list[Step] = []
    while (question := _next(questions, steps, talk)) is not None:
        found = _answered(question, steps, talk)
        if found == _DONE[0]:
            break
        if found == _BACK[0]:
            if not steps:
                talk.say("This is the first question.")
            steps = steps[:-1]
        elif not isinstance(found, str):
            steps.append(Step(question, found))
    options = _options(steps)
    # What was left open by `done` is as if it had been passed over.
    while (question := _next(questions, steps, talk)) is not None:
        steps.append(Step(question, question.unsaid(_known(steps, talk))))
        options = _options(steps)
    if "workload" not in options:
        raise UsageError("the input ended before it said what is to run; begin with e.g. llama-3.1-8b")
    return options


def _options(steps: Sequence[Step]) -> dict[str, str]:
    return {name: text for step in steps for name, text in step.options.items()}


def _known(steps: Sequence[Step], talk: Dialogue) -> Known:
    options = _options(steps)
    return Known(options, talk.workload(options["workload"]) if "workload" in options else None)


def _next(questions: Sequence[Question], steps: Sequence[Step], talk: Dialogue) -> Question | None:
    asked = {step.question.key for step in steps}
    known = _known(steps, talk)
    return next((one for one in questions if one.key not in asked and one.when(known)), None)


def _answered(question: Question, steps: Sequence[Step], talk: Dialogue) -> Options | str:
    """Ask until there is an answer: options, or one of the words `back` and `done`."""
    known, refused = _known(steps, talk), ""
    choices = question.choices(known)
    talk.say(_asked(question, choices, len(steps) + 1))
    while True:
        line = talk.ask()
        if line is None:
            if refused:
                raise UsageError(f"{question.key}: {refused}")
            return _DONE[0]
        text = line.strip()
        word = _word(text, question, choices, talk)
        if word is not None:
            if word:
                return word
            continue
        if not text:
            if question.key == "workload":
                talk.say("Without it there is nothing to answer; type e.g. llama-3.1-8b, or quit.")
                continue
            return question.unsaid(known)
        try:
            return _read(question, text, known, choices, talk)
        except WhichGpuError as fault:
            refused = one_line(fault)
            talk.say(f"{refused}.{_later(question, text, known, talk)} Again:")


def _later(question: Question, text: str, known: Known, talk: Dialogue) -> str:
    """That an answer is one to a later question, which is still to come; empty where it is none."""
    known_yet = question in QUESTIONS and "workload" in known.options
    after = QUESTIONS[QUESTIONS.index(question) + 1 :] if known_yet else ()
    for one in after:
        if one.when(known):
            with suppress(WhichGpuError):
                _read(one, text, known, one.choices(known), talk)
                return f" That answers a later question: {one.words['text']} Press Enter to get there."
    return ""


def _word(text: str, question: Question, choices: Sequence[str], talk: Dialogue) -> str | None:
    """What is typed in place of an answer: `back`, `done`, "" where it is dealt with; None for an answer."""
    lower = text.lower()
    if lower in _QUIT:
        raise Ended
    if lower in _MORE:
        menu = f" {', '.join(choices)}." if choices else ""
        talk.say(f"{question.words['why']} For example: {question.words['example']}.{menu}")
        return ""
    if lower in _BACK:
        return _BACK[0]
    return _DONE[0] if lower in _DONE else None


def _read(question: Question, text: str, known: Known, choices: Sequence[str], talk: Dialogue) -> Options:
    """The options of an answer; raises where it cannot be, alone or with the answers before it."""
    if len(text) > _LONGEST:
        raise UsageError(f"{len(text):,} characters are no answer")
    if choices:
        text = _chosen(text, choices, question)
    found = question.read(text, known)
    talk.check({**known.options, **found})
    return found


def _chosen(text: str, choices: Sequence[str], question: Question) -> str:
    """One of a menu, by its number, its name, or another word for it: fine-tune with LoRA."""
    if text.isdigit() and 1 <= int(text) <= len(choices):
        return choices[int(text) - 1]
    key = text.lower().replace("_", "-").replace(" ", "-")
    for choice in choices:
        if choice.lower().replace("_", "-") == key:
            return choice
    meant = {choice for word in text.split() if (choice := _meant(word, question)) in choices}
    if len(meant) > 1:
        # "fine-tune" is of all weights where nothing else is said: "fine-tune with LoRA".
        meant.discard("finetune_full")
    if len(meant) == 1:
        return meant.pop()
    raise UsageError(f"'{one_line(text)}' is none of {', '.join(choices)}")


def _meant(word: str, question: Question) -> str:
    """What a word of an answer means, itself where it means nothing."""
    try:
        return question.meant(word)
    except UsageError:
        return word


def _asked(question: Question, choices: Sequence[str], number: int) -> str:
    """A question as it is shown: the words and an example, then why."""
    menu = "  ".join(f"{at} {choice}" for at, choice in enumerate(choices, 1))
    words = question.words
    return f"\n{number}. {words['text']} ({menu or words['example']})\n   {words['why']}"

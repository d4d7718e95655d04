"""Options that several commands share."""

from __future__ import annotations

import math
import sys
from contextlib import nullcontext
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report
    from whichgpu.workloads.job import Job

#: Whole numbers that may be distributions of them.
_LENGTHS = ("input_tokens", "output_tokens")
#: Job columns that are whole numbers, with the help of each.
_COUNTS: Mapping[str, str] = {
    "batch": "Items processed together on one GPU.",
    "seq_len": "Tokens in a sequence, for training and encoders.",
    "input_tokens": "Tokens of a prompt, or 'lognormal mean 500 p90 1000' (docs/serving.md).",
    "output_tokens": "Tokens generated for it, likewise.",
    "tp": "GPUs that share each layer (tensor parallel).",
    "pp": "GPUs that share the layers out (pipeline parallel).",
    "steps": "Denoising steps of an image.",
}
_TEXTS: Mapping[str, tuple[str, str]] = {
    "phase": ("PHASE", "infer, generate, serve, train, finetune_lora ..; the workload's own if not given."),
    "precision": (
        "FORMAT",
        "fp16, bf16, fp8, w4a16, amp-fp16 ..; the workload's own if not given; compare, show and recommend "
        "also take several (fp16,fp8), recommend any.",
    ),
    "runtime": ("NAME", "What runs it: 'PyTorch eager', torch.compile, TensorRT-LLM, vLLM, llama.cpp .."),
    "resolution": ("SIZE", "Pixels of an image: 512 or 512x768 (height x width)."),
    "concurrency": ("N|max", "Requests in flight, or max for as many as fit."),
}


class Finite(click.FloatRange):
    """A number within limits that is one: `nan` lies within any, and `inf` above all."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; a usage error for one that is none."""
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{found} is no number to go by", param, ctx)
        return found


class Count(click.types.IntParamType):
    """A whole number; of what is none the error tells one that is."""

    example = 8

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; a usage error for what is none."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            asked = f"{param.opts[0]} " if param else ""
            self.fail(f"{error.message.rstrip('.')}; write e.g. {asked}{self.example}", param, ctx)


class Tokens(Count):
    """A whole number of tokens, in thousands or millions where a `k` or an `M` stands behind it: 32k, 1M."""

    example = 4096

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; a usage error for what is none."""
        text = value.strip().lower() if isinstance(value, str) else ""
        if scale := {"k": 1e3, "m": 1e6}.get(text[-1:]):
            from whichgpu.workloads.lengths import fixed

            found = (fixed(text[:-1]) or 0.5 / scale) * scale
            value = int(found) if found.is_integer() else value
        return super().convert(value, param, ctx)


class JobColumns(NamedTuple):
    """The job columns that the command line states."""

    stated: Mapping[str, Any]

    def job(self, workload: str) -> Job:
        """The job of a workload's name, or of a file that describes one, which is read here.

        Raises `UsageError` for a column that no job can have.
        """
        from whichgpu import api
        from whichgpu.workloads.importing import named

        return api.job(named(workload), **self.stated)

    def jobs(self, workload: str) -> list[Job]:
        """The job of a workload in each precision that is stated, `fp16,fp32`."""
        each = [one.strip() for one in str(self.stated.get("precision") or "").split(",") if one.strip()]
        if len(each) < 2:
            return [self.job(workload)]
        return [JobColumns({**self.stated, "precision": one}).job(workload) for one in each]

    def of(self, workload: str) -> Job | None:
        """The job of a workload's id; None where no column is stated."""
        if not any(self.stated.values()):
            return None
        from whichgpu import api

        return api.job(workload, **self.stated)


def job_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Every job column as an option; the function gets them as `columns: JobColumns`."""

    @wraps(function)
    def with_columns(**options: Any) -> Any:
        stated = {name: options.pop(name) for name in (*_TEXTS, *_COUNTS)}
        stated["options"] = options.pop("option")
        return function(columns=JobColumns(stated), **options)

    wrapped: Callable[..., Any] = click.option(
        "--option", multiple=True, metavar="KEY=VALUE", help="What else defines the job, e.g. guidance=7.5."
    )(with_columns)
    for name, text in reversed(list(_COUNTS.items())):
        kind = str if name in _LENGTHS else Tokens() if name == "seq_len" else Count()
        wrapped = click.option(_flag(name), type=kind, metavar="N", help=text)(wrapped)
    for name, (metavar, text) in reversed(list(_TEXTS.items())):
        wrapped = click.option(_flag(name), metavar=metavar, help=text)(wrapped)
    return wrapped


def slo_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--slo`, repeatable: the function gets all objectives as one text, or None, as `slo`."""
    return click.option("--slo", multiple=True, metavar="TEXT", callback=_together, help=text)


def _together(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> str | None:
    return ", ".join(given) if given else None


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def gpu_files(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--gpu-file`, repeatable, and `--assume`: the function gets the catalogue as `catalogue: Catalogue`."""

    @wraps(function)
    def with_catalogue(gpu_file: tuple[Path, ...], assume: bool, **options: Any) -> Any:
        known, remarks = _catalogue(gpu_file, assume=assume)
        try:
            answer = function(catalogue=known, **options)
        except UsageError as error:
            # An entry that is asked for is refused with the line that leaves it out.
            _tell(remarks, known.problems, but=str(error))
            raise
        _tell(remarks, known.problems)
        return answer

    taken = click.option(
        "--assume",
        is_flag=True,
        help="Take the figures of your own GPUs even where they contradict each other.",
    )(with_catalogue)
    return click.option(
        "--gpu-file", type=click.Path(path_type=Path), multiple=True, metavar="FILE.toml",
        help="Your own GPUs, or amendments to known ones; repeatable.",
    )(taken)  # fmt: skip


def _catalogue(files: tuple[Path, ...], *, assume: bool) -> tuple[Catalogue, tuple[str, ...]]:
    """The devices, and remarks on the user's own."""
    from whichgpu.hardware.catalogue import catalogue

    known = catalogue(files)
    if not files:
        return known, ()
    from whichgpu.hardware.plausible import held

    return held(known, assume=assume)


def _tell(remarks: Sequence[str], problems: Sequence[str], but: str = "") -> None:
    for problem in problems:
        if problem != but:
            sys.stderr.write(f"whichgpu: left out: {problem}\n")
    for remark in remarks:
        sys.stderr.write(f"whichgpu: {remark}\n")


def _whole(context: click.Context, _: click.Parameter, asked: bool) -> None:
    context.meta[WHOLE] = asked


#: Where the context of a command says that all of its answer is asked for.
WHOLE = "whichgpu.whole"
ALL = click.option("--all", is_flag=True, expose_value=False, callback=_whole,
                   help="Print all of the answer; without it what is read first.")  # fmt: skip


class _Form(click.Choice):  # type: ignore[type-arg,unused-ignore]
    """The forms of an answer, each also by what else it is called."""

    _ALSO: Mapping[str, str] = {"markdown": "md", "plain": "table", "text": "table"}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The form by its own name."""
        return super().convert(self._ALSO.get(value, value), param, ctx)


def form_option(told: str) -> Callable[[Any], Any]:
    """`--format`, with the help of a command."""
    forms = _Form(["table", "md", "html", "json"])
    return click.option("--format", "form", type=forms, default="table", show_default=True, help=told)


FORM = form_option("For the terminal, a Markdown article, a page to keep with its charts, or JSON.")


def in_full(form: str) -> bool:
    """Whether all of an answer is read: in a form to keep, in JSON, or with `ALL` on a terminal."""
    context = click.get_current_context()
    return form != "table" or bool(context.params.get("as_json") or context.meta.get(WHOLE))


def in_form(answer: Report, title: str, form: str) -> Report:
    """A report in the form that `FORM` asks for: written here, but for what the command itself writes."""
    context = click.get_current_context(silent=True)
    if form == "table" or (context is not None and context.params.get("as_json")):
        return answer
    from whichgpu.report.documents import document

    sys.stdout.write(document(title, answer, form))
    return answer._replace(blocks=())


def progress(label: str, total: int | None = None) -> AbstractContextManager[Callable[[int], None]]:
    """A progress bar for work over a second; silent where nobody looks. Yields `advance(n)`."""
    context = click.get_current_context(silent=True)
    quiet = context is not None and (context.params.get("as_json") or context.params.get("plain"))
    if quiet or not sys.stderr.isatty():
        return nullcontext(lambda steps=1: None)
    from whichgpu.report.terminal import progress as bar

    return bar(label, total)

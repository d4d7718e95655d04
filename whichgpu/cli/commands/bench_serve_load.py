"""Measure a running OpenAI-compatible server (vLLM, SGLang, TGI, llama.cpp) under load: TTFT, TPOT, ITL, E2E.

$ whichgpu bench serve-load localhost:8000 --concurrency 1,8,32 --input-tokens 512 --output-tokens 128
$ whichgpu bench serve-load http://10.0.0.5:8000/v1 --rate 1,2,4 --input-tokens "lognormal mean 500 p90 1000"
$ whichgpu bench serve-load localhost:8000 --concurrency 32 --gpu h100-80gb-sxm --out my.csv --resume

A closed loop keeps so many requests in flight, an open one (--rate) sends them at random (Poisson) whatever
the server does. With --out the means are rows for validate, calibrate --with and bench --compare; --resume
goes on.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whichgpu.cli.command import command
from whichgpu.cli.options import Finite, gpu_files, progress

if TYPE_CHECKING:
    from whichgpu.cost.serving.slo import Term
    from whichgpu.hardware.catalogue import Catalogue
    from whichgpu.report.table import Report


@command
@click.argument("url")
@click.option("--concurrency", default="", metavar="N,..", help="Requests kept in flight: 1,8,32.")
@click.option("--rate", default="", metavar="RATE,..", help="Requests that arrive a second: 0.5,1,2.")
@click.option("--burstiness", type=Finite(min=0, min_open=True), default=1.0, show_default=True,
              metavar="N", help="Of arrivals: 1 is Poisson, below it they come in bursts.")  # fmt: skip
@click.option("--input-tokens", default="512", show_default=True, metavar="N",
              help="Tokens of a prompt, or 'lognormal mean 500 p90 1000'.")  # fmt: skip
@click.option("--output-tokens", default="128", show_default=True, metavar="N",
              help="Tokens of an answer, likewise.")  # fmt: skip
@click.option("--shared-prefix", type=Finite(0, 1, max_open=True), default=0.0, metavar="SHARE",
              help="Part of a prompt that all have in common.")  # fmt: skip
@click.option("--requests", type=click.IntRange(min=1), metavar="N",
              help="Of each load; by default ten rounds of those in flight, a minute at a rate.")  # fmt: skip
@click.option("--seconds", type=Finite(min=0, min_open=True), metavar="S",
              help="Send no more of a load after that.")  # fmt: skip
@click.option("--warmup", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
              help="Requests at first that do not count.")  # fmt: skip
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Of prompts and arrivals.",
)
@click.option("--model", default="", metavar="NAME", help="The server's name for it; its first if not given.")
@click.option("--api", type=click.Choice(["completions", "chat"]), default="completions", show_default=True,
              help="Which of the two addresses.")  # fmt: skip
@click.option("--key-env", default="OPENAI_API_KEY", show_default=True, metavar="NAME",
              help="Environment variable with the key, where the server wants one.")  # fmt: skip
@click.option("--timeout", type=Finite(min=0, min_open=True), default=600.0, show_default=True,
              metavar="S", help="Most that a request may take.")  # fmt: skip
@click.option("--silence", type=Finite(min=0, min_open=True), default=60.0, show_default=True,
              metavar="S", help="Longest wait for the next part of an answer.")  # fmt: skip
@click.option(
    "--slo", metavar="TEXT", help='Whether each load is within objectives: "ttft p90 1 s, tpot 50 ms".'
)
@click.option("--workload", default="", metavar="NAME", help="What is served; from its name if not given.")
@click.option("--gpu", default="", metavar="GPU[:N]", help="On what it runs, for rows and the prediction.")
@click.option("--precision", default="", metavar="FORMAT", help="Of its weights, for the rows.")
@click.option(
    "--runtime", default="", metavar="NAME", help="What serves it; asked of the server if not given."
)
@click.option(
    "--tp", type=click.IntRange(min=1), metavar="N", help="GPUs that share each layer, for the rows."
)
@click.option("--pp", type=click.IntRange(min=1), metavar="N", help="GPUs that share the layers out.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE.csv", help="Where rows are appended.")
@click.option("--resume", is_flag=True, help="Go on with --out: loads that are in it are left out.")
@gpu_files
def run(
    *, catalogue: Catalogue, url: str, out: Path | None, resume: bool, slo: str | None, **said: Any
) -> Report:
    """Ask the server what it is, measure each load, append its rows."""
    from contextlib import nullcontext

    from whichgpu.bench import serving
    from whichgpu.bench.journal import Journal
    from whichgpu.bench.serving_http import Limits, Target
    from whichgpu.bench.serving_prompts import Asked, mean
    from whichgpu.cli.served import columns, loads, predictions
    from whichgpu.report.served import report

    wanted, asked = loads(said), Asked(said["input_tokens"], said["output_tokens"], said["shared_prefix"])
    mean(asked.input), mean(asked.output)
    terms: tuple[Term, ...] = ()
    if slo is not None:
        from whichgpu.cost.serving.slo import read

        terms = read(slo)
    limits = Limits(min(10.0, said["timeout"]), said["silence"], said["timeout"])
    key = os.environ.get(said["key_env"], "")
    target = Target(serving.base(url), said["model"], said["api"] == "chat", key, limits=limits)
    server = serving.reach(target)
    stated = columns(said, server, catalogue, wanted=out is not None)
    plan = serving.Plan(asked, said["requests"] or 0, said["warmup"], said["seed"])
    with nullcontext() if out is None else Journal(out, resume=resume) as journal:
        done = serving.measured_before(server, plan, wanted, stated, journal)
        with progress("serve", sum(plan.number(load) for load in wanted)) as advance:
            found = list(serving.measure(server, plan, wanted, stated, journal, told=lambda _: advance(1)))
        kept = 0 if journal is None else len(journal.records)
    return report(server, found, predictions(found, catalogue), terms, (out, kept, done))

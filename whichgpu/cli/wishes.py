"""The options of what is wanted and what limits the choice: `recommend` takes them, and whoever plans."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whichgpu.cli.completion import GpuName

if TYPE_CHECKING:
    from collections.abc import Callable

_LISTS = ("gpus", "providers", "exclude", "needs", "region", "framework")
_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--target", {"metavar": "RATE", "help": 'What is wanted, e.g. "1000 images/min".'}),
    ("--epochs", {"metavar": "N", "help": "Size of the job: passes over the samples."}),
    ("--samples", {"metavar": "N|SET", "help": "Size of the job: 1.28M, 50000, or a data set (imagenet)."}),
    ("--tokens", {"metavar": "N", "help": "Size of the job: tokens to train on or to make, e.g. 2B."}),
    ("--images", {"metavar": "N", "help": "Size of the job: images, e.g. 100k."}),
    ("--hours-of-audio", {"metavar": "N", "help": "Size of the job: hours of audio."}),
    ("--requests", {"metavar": "N", "help": "Size of the job: requests, or samples to answer."}),
    ("--latency", {"metavar": "TIME", "help": 'At most this long from start to end of one job, e.g. "2 s".'}),
    ("--deadline", {"metavar": "WHEN",
                    "help": 'With a size: done by then: "24 h", tomorrow, 2027-01-31.'}),
    ("--budget", {"metavar": "MONEY",
                  "help": 'At most this for the whole fleet: "20 USD/h", "2000 USD/month"; "500 USD" for a '
                          "job with a size."}),
    ("--energy", {"metavar": "ENERGY",
                  "help": 'At most this: "3 J/image" of GPUs, or "5 kWh" for a job with a size.'}),
    ("--objective", {"metavar": "AXIS", "default": "cost", "show_default": True,
                     "help": "What ranks first: cost, throughput, latency, time or energy."}),
    ("--gpus", {"metavar": "A,B,..", "type": GpuName(),
                "help": "Only these GPUs: names, or amd, hopper, geforce .."}),
    ("--providers", {"metavar": "A,B,..",
                     "help": "Only these providers, or classes: hyperscaler, specialised, marketplace, "
                             "decentralised."}),
    ("--exclude", {"metavar": "A,B,..", "help": "Not these providers, classes of providers, or GPUs."}),
    ("--region", {"metavar": "A,B,..", "help": "Only these regions: eu-north1, us-east, europe .."}),
    ("--term", {"metavar": "TERM", "default": None,
                "help": "on-demand, spot, reserved, serverless, marketplace, buy or any.  "
                        "[default: on-demand]"}),
    ("--needs", {"metavar": "A,B,..",
                 "help": "What a GPU must have: fp64, nvlink, mig, ecc, av1, laptop, single-slot, fp8, "
                         "memory>=48GB .."}),
    ("--min-memory", {"metavar": "SIZE", "help": 'Of each GPU, e.g. "24 GB".'}),
    ("--max-power", {"metavar": "POWER", "help": 'Of each GPU, e.g. "150 W".'}),
    ("--max-slots", {"metavar": "N", "type": float, "help": "Of each card."}),
    ("--power-limit", {"metavar": "POWER",
                       "help": 'Cap each GPU, e.g. "250 W"; what that costs in speed is told.'}),
    ("--framework", {"metavar": "A,B,..", "help": 'It must run there: pytorch, "tensorflow 2.21", vllm ..'}),
    ("--system", {"metavar": "NAME", "default": "linux", "show_default": True,
                  "help": "Where --framework or the runtime must run: linux, windows, wsl, macos."}),
    ("--machine", {"metavar": "TEXT|FILE",
                   "help": 'The machine that one builds: "psu 1600 W, 4 slots, 15 A at 120 V, 128 GB, '
                           '24 cores", or a TOML file.'}),
    ("--offers", {"metavar": "FILE.csv", "type": click.Path(path_type=Path),
                  "help": "Your own prices instead."}),
    ("--api-price", {"metavar": "IN/OUT",
                     "help": 'Of a hosted API to break even against: "0.60/2.40 USD per million".'}),
)  # fmt: skip


def wish_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Every wish as an option; the function gets those that are stated as `wishes: dict`."""

    @wraps(function)
    def with_wishes(**options: Any) -> Any:
        stated = {name: options.pop(name) for name in NAMES}
        for name in _LISTS:
            stated[name] = split(stated[name])
            if stated[name] == ():
                flag = name.replace("_", "-")
                raise click.UsageError(f"--{flag} names nothing; leave it out, or write --{flag} A,B")
        return function(wishes={key: value for key, value in stated.items() if value is not None}, **options)

    wrapped: Callable[..., Any] = with_wishes
    for flag, settings in reversed(_OPTIONS):
        wrapped = click.option(flag, **settings)(wrapped)
    return wrapped


def size_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The size of a job alone; the function gets it as `size: Sized`."""

    @wraps(function)
    def with_size(**options: Any) -> Any:
        from whichgpu.planner.size import Sized

        return function(size=Sized(**{name: options.pop(name) for name in Sized._fields}), **options)

    wrapped: Callable[..., Any] = with_size
    for flag, settings in reversed(
        [each for each in _OPTIONS if each[1]["help"].startswith("Size of the job")]
    ):
        wrapped = click.option(flag, **settings)(wrapped)
    return wrapped


NAMES = tuple(flag.removeprefix("--").replace("-", "_") for flag, _ in _OPTIONS)


def split(text: str | None) -> tuple[str, ...] | None:
    """`"a10, l4"` as names; None where the option is not given."""
    if text is None:
        return None
    parts = (part.strip() for part in text.replace(";", ",").split(","))
    return tuple(part for part in parts if part)

"""Beside the prices: what a job costs, whether to buy, what spot saves, whether a quote is good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.web import answers, asks, figures
from whichgpu.web.page import Page

if TYPE_CHECKING:
    from whichgpu.report.table import Report


def cost(ask: asks.Cost, name: str) -> Report:
    """The bill of a job on every kind of terms."""
    made = answers.cost(ask)
    return figures.before(made, figures.billed(made.data))


def own(ask: asks.Own, name: str) -> Report:
    """Renting against owning."""
    made = answers.own(ask)
    return figures.before(made, figures.owned(made.data))


def spot(ask: asks.Spot, name: str) -> Report:
    """Spot capacity against on demand."""
    made = answers.spot(ask)
    return figures.before(made, figures.interrupted(made.data))


def judge(ask: asks.Judge, name: str) -> Report:
    """A quote against what others ask."""
    made = answers.judge(ask)
    return figures.before(made, figures.judged(made.data))


PAGE = (
    Page(
        "/cost", "Cost of a job",
        "The bill by hour, month and result: on demand, spot, committed, serverless and owned.",
        asks.Cost, cost, ("workload", "gpu", "target", "hours_per_day"),
        ("price", "throughput", "busy", "discount", "egress", "storage", "checkpoint", "grid",
         *asks.WholeJob.model_fields, *asks.COLUMNS),
        under="/prices", api="/cost", command="prices cost {workload}", button="What does it cost?",
        examples=(
            ("1,000 images a minute on A10s",
             "/cost?workload=stable-diffusion-1.5&gpu=a10&target=1000+images%2Fmin"),
            ("SDXL for ten hours a day, 30 % off for a year",
             "/cost?workload=sdxl&gpu=l40s&price=1.00+USD%2Fh&discount=1y+30+%25&hours_per_day=10"),
            ("A chat model on an L4, busy for 5 % of the day",
             "/cost?workload=llama-3.1-8b&gpu=l4&hours_per_day=24&busy=5+%25"),
        ),
    ),
    Page(
        "/own", "Rent or buy?", "What an hour of a GPU of your own costs, and from how many hours it pays.",
        asks.Own, own, ("gpu", "hours_per_day", "price", "rent"),
        ("electricity", "pue", "cooling", "load", "years", "resale", "host", "grid"),
        under="/prices", api="/own", command="prices own {gpu}", button="Rent or buy?",
        examples=(("An RTX 4090 for eight hours a day",
                   "/own?gpu=rtx-4090&hours_per_day=8&price=1600+USD&rent=0.35+USD%2Fh"),),
    ),
    Page(
        "/spot", "Spot", "What interruptions cost, against what spot capacity saves.",
        asks.Spot, spot, ("gpu", "gpus", "hours"), ("checkpoint", "saving", "restart", "interruption"),
        under="/prices", api="/spot", command="prices spot {gpu}", button="Is spot cheaper?",
        examples=(("Three days of pretraining on eight A100", "/spot?gpu=a100-80gb-sxm&gpus=8&hours=72"),),
    ),
    Page(
        "/judge", "Judge a quote", "Whether a price that somebody asks is low, usual or high.",
        asks.Judge, judge, ("quote",), under="/prices", api="/judge", command="prices judge {quote}",
        button="Is it good?",
        examples=(
            ("2.10 USD an hour for an H100", "/judge?quote=2.10+USD%2Fh+for+1x+H100+SXM"),
            ("A month of two L40S, reserved", "/judge?quote=1450+USD%2Fmonth+for+2+x+L40S%2C+reserved"),
        ),
    ),
)  # fmt: skip

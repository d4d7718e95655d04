"""Workloads: the list, and a page of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.web import answers, asks, figures
from whichgpu.web.page import Page

if TYPE_CHECKING:
    from whichgpu.report.table import Report


class Workloads(asks.Whole, asks.Workloads):
    """All of them, so that a page sorts and filters all."""


def listed(ask: Workloads, name: str) -> Report:
    """The list."""
    return answers.workloads(ask)


def one(ask: asks.Work, name: str) -> Report:
    """A model, or a job of it: parameters, work, where its time goes."""
    made = answers.workload(name, ask, whole=True)
    return figures.before(made, figures.of_workload(made.data))


PAGE = (
    Page(
        "/workloads",
        "Workloads",
        "Every model that can be asked about.",
        Workloads,
        listed,
        ("q",),
        ("limit", "offset"),
        order=4,
        always=True,
        api="/workloads",
        button="Search",
    ),
    Page(
        "/workloads/{name}",
        "Workload",
        "",
        asks.Work,
        one,
        ("phase", "precision", "batch", "gpus"),
        (
            "resolution",
            "seq_len",
            "input_tokens",
            "output_tokens",
            "concurrency",
            "runtime",
            "tp",
            "pp",
            "steps",
            "option",
        ),
        always=True,
        api="/workloads/{name}",
        command="workload {name}",
        button="Show this job",
    ),
)

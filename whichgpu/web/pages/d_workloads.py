"""Workloads: the list, and a page of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whichgpu.web import answers, asks
from whichgpu.web.page import Page

if TYPE_CHECKING:
    from whichgpu.report.table import Report


def listed(ask: asks.Workloads, name: str) -> Report:
    """A part of the list."""
    return answers.workloads(ask)


def one(ask: asks.Work, name: str) -> Report:
    """A model, or a job of it: parameters, work, where its time goes."""
    return answers.workload(name, ask, whole=True)


PAGE = (
    Page(
        "/workloads",
        "Workloads",
        "Every model that can be asked about.",
        asks.Workloads,
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

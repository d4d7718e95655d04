"""A report as a document to keep: Markdown, a page, or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whichgpu.report.table import Report


def document(title: str, report: Report, form: str) -> str:
    """The report in a form: `md`, `html` or `json`; `title` is the page's."""
    if form == "json":
        from whichgpu.report.json import dumps

        return dumps(report.data)
    if form == "md":
        from whichgpu.report.markdown import render

        return render(report.blocks)
    from whichgpu.report.html import page

    return page(title, report.blocks)

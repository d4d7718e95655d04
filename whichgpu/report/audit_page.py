"""An audited article as a page: its text with coloured claims, and beside each part the evidence."""

from __future__ import annotations

from bisect import bisect_left
from html import escape
from typing import TYPE_CHECKING

from whichgpu.audit.findings import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whichgpu.audit.answer import Audit
    from whichgpu.audit.document import Passage, Table
    from whichgpu.audit.findings import Finding

#: A column of a grid is as wide as its widest table or word, unless it is told that it may be narrower.
_STYLE = (
    ":root{--page:#fff;--text:#1b1f24;--soft:#57606a;--line:#d8dee4;--confirmed:#1a7f37;--unverifiable:#57606a;"
    "--outdated:#7a5200;--inconsistent:#a03800;--contradicted:#b3131d;color-scheme:light dark}"
    "@media screen and (prefers-color-scheme:dark){:root{--page:#14171a;--text:#e6e8ea;--soft:#a5adb5;"
    "--line:#3a4149;--confirmed:#56d364;--unverifiable:#a5adb5;--outdated:#e3b341;--inconsistent:#ffa657;"
    "--contradicted:#ff8a84}}"
    "body{margin:0 auto;max-width:82rem;padding:1.5rem;background:var(--page);color:var(--text);"
    "overflow-wrap:anywhere;font:16px/1.55 system-ui,sans-serif}h1{font-size:1.6rem}"
    "h2{font-size:1.25rem;margin:1.2rem 0 .3rem}"
    "h3{font-size:1.05rem;margin:1rem 0 .2rem}p,ul{margin:.4rem 0}"
    ".part{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:0 2rem;align-items:start}"
    ".notes{font-size:.85rem;line-height:1.4;border-left:1px solid var(--line);padding-left:1rem;"
    "margin:.4rem 0}.notes p{margin:0 0 .6rem}.soft{color:var(--soft)}.wide{overflow-x:auto}"
    "table{border-collapse:collapse;margin:.6rem 0}th,td{overflow-wrap:normal}"
    "th,td{padding:.25rem .8rem .25rem 0;text-align:left;"
    "vertical-align:top;border-bottom:1px solid var(--line)}"
    "mark{background:none;color:inherit;text-decoration:underline 2px;text-underline-offset:.2em}"
    + "".join(
        f"mark.{verdict}{{text-decoration-color:var(--{verdict});text-decoration-style:{style}}}"
        f"b.{verdict}{{color:var(--{verdict})}}"
        for verdict, style in zip(VERDICTS, ("solid", "dotted", "dashed", "double", "wavy"), strict=True)
    )
    + "mark.contradicted,mark.inconsistent{background:color-mix(in srgb,var(--contradicted) 14%,transparent)}"
    "@media(max-width:50rem){.part{grid-template-columns:minmax(0,1fr)}.notes{margin-bottom:1rem}}"
    "@media print{body{max-width:none;font-size:10pt}.part{break-inside:avoid}}"
)
_TAGS = {"title": "h1", "heading": "h2", "paragraph": "p", "caption": "p", "item": "li", "alt": "p"}
#: Characters of a passage that are shown, so that a page of a strange file stays one.
_LONGEST = 20_000


def page(audits: Sequence[Audit]) -> str:
    """A whole document that asks for nothing from anywhere else."""
    title = audits[0].document.title or audits[0].name if len(audits) == 1 else f"{len(audits)} articles"
    return document(f"Audit: {title}", "".join(article(each) for each in audits))


def document(title: str, body: str) -> str:
    """What `article` gives as a whole document."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"{body}</main>\n</body>\n</html>\n"
    )


def article(found: Audit) -> str:
    """One article, its claims marked, as pieces of a page."""
    card = ", ".join(
        f'<b class="{verdict}">{count} {verdict}</b>' for verdict, count in found.score.items() if count
    )
    head = f'<p class="soft">Audit of {escape(found.name)}: {card or "no claim about a GPU found"}</p>\n'
    unread = "".join(f'<p class="soft">Not read: {escape(each)}.</p>\n' for each in found.document.unread)
    return head + unread + "".join(_parts(found))


def _parts(found: Audit) -> Iterator[str]:
    """The passages in order, each with its notes; cells of a table together."""
    tables = {id(cell): table for table in found.document.tables for cell in table}
    starts = [each.start for each in found.findings]
    done: set[int] = set()
    for passage in found.document.passages:
        table = tables.get(id(passage))
        if table is None:
            mine = _within(passage, found, starts)
            if passage.kind == "alt" and not mine:
                continue
            yield _part(_text(passage, mine), mine, found)
        elif id(table) not in done:
            done.add(id(table))
            yield _of_table(table, found, starts)


def _within(passage: Passage, found: Audit, starts: Sequence[int]) -> list[Finding]:
    first = bisect_left(starts, passage.start)
    last = bisect_left(starts, max(passage.end, passage.start + 1))
    return list(found.findings[first:last])


def _text(passage: Passage, mine: Sequence[Finding]) -> str:
    tag = _TAGS.get(passage.kind, "p")
    if passage.kind == "heading" and passage.level > 2:
        tag = "h3"
    inner = _marked(passage, mine)
    if tag == "li":
        return f"<ul><li>{inner}</li></ul>"
    return f"<{tag}>{'Picture: ' if passage.kind == 'alt' else ''}{inner}</{tag}>"


def _marked(passage: Passage, mine: Sequence[Finding]) -> str:
    """The text of a passage with its claims marked; places of the file are sought in it."""
    text = passage.text[:_LONGEST]
    if not mine:
        return escape(text)
    places = [passage.place(at) for at in range(len(text))]
    pieces, at = [], 0
    for each in mine:
        start, end = bisect_left(places, each.start), bisect_left(places, each.end)
        if start < at or end <= start:
            continue
        title = escape(f"{each.verdict}: {each.because}", quote=True)
        shown = escape(text[start:end])
        mark = f'<mark class="{each.verdict}" title="{title}">{shown}</mark>'
        pieces += [escape(text[at:start]), mark]
        at = end
    return "".join([*pieces, escape(text[at:])])


def _of_table(table: Table, found: Audit, starts: Sequence[int]) -> str:
    every: list[Finding] = []
    rows = []
    for index, row in enumerate(table.rows):
        cells = []
        for cell in row:
            mine = _within(cell, found, starts) if cell else []
            every += mine
            tag = "th" if index == 0 else "td"
            cells.append(f"<{tag}>{_marked(cell, mine) if cell else ''}</{tag}>")
        rows.append(f"<tr>{''.join(cells)}</tr>\n")
    return _part(f'<div class="wide"><table>\n{"".join(rows)}</table></div>', every, found)


def _part(shown: str, mine: Sequence[Finding], found: Audit) -> str:
    """A part of the article, and its notes: what is wrong in full, of the rest how much is confirmed."""
    wrong = [each for each in mine if each.accuses]
    open_ = sum(each.verdict == "unverifiable" for each in mine)
    right = len(mine) - len(wrong) - open_
    notes = "".join(_note(each, found) for each in wrong)
    rest = [f"{right} confirmed"] if right else []
    rest += [f"{open_} unverifiable"] if open_ else []
    if rest:
        notes += f'<p class="soft">{", ".join(rest)}</p>'
    aside = f'<div class="notes">{notes}</div>' if notes else "<div></div>"
    return f'<section class="part"><div>{shown}</div>{aside}</section>\n'


def _note(each: Finding, found: Audit) -> str:
    right = f" Right would be <b>{escape(each.expected)}</b>." if each.expected else ""
    sources = dict.fromkeys(one.source for one in each.evidence if one.source)
    source = f' <span class="soft">[{escape("; ".join(sources))}]</span>' if sources else ""
    quote = escape(" ".join(each.quote.split())[:120])
    return (
        f'<p><b class="{each.verdict}">{each.verdict}</b>: \u201c{quote}\u201d, line {found.line(each)}. '
        f"{escape(each.because)}.{right}{source}</p>"
    )

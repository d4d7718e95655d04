"""The application as files: the catalogue, sensible pairs, the scoreboard, with a search within the page.

Every page is what the application answers, with links that stay within the site; what needs a server (a
question of one's own, a download in another form) links to nothing and is left out.
"""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from whichgpu.errors import UsageError
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from starlette.testclient import TestClient

#: GPUs that are compared with each other in pairs: what is rented most, at most so many of each segment.
_SEGMENTS = {"datacenter": 14, "workstation": 6, "geforce": 8}
#: Pages from which on further processes pay for their start.
_MANY = 100
#: Pages that list, which the site has whole.
_LISTS = ("/gpus", "/workloads", "/prices", "/sources")
_LINK = re.compile(r'(href|action)="(/[^"]*)"')
#: A link that leads nowhere in the site, and one of the list of pages, of which nothing is left.
_NOWHERE = re.compile(r"<a\b(?![^>]*\bhref=)[^>]*>(.*?)</a>", re.DOTALL)
_DOOR = re.compile(r"<li><a\s*(?: aria-current=\"\w+\")?>[^<]*</a></li>\n?")
#: The links behind a page's first figures, and one of the footer to what only a server has.
_NEXT = re.compile(r'<p class="next">(.*?)</p>', re.DOTALL)
_FOOT = re.compile(r" · <a\s*>[^<]*</a>")
_FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
_FIGURE = re.compile(r'<picture>.*?<img src="([^"]+)"( alt="[^"]*")[^>]*>\s*</picture>', re.DOTALL)
_LIVE = re.compile(
    r'<p class="(?:downloads|again)">.*?</p>|<div class="tools">.*?</div>|<nav class="tabs".*?</nav>',
    re.DOTALL,
)


def build(
    folder: Path, base: str, advance: Callable[[int], None], *, drawn: bool, limit: int | None
) -> dict[str, Any]:
    """Write the site; `base` is the path that it will be at. Gives what was written.

    Raises `UsageError` for a folder that cannot be written. With `limit` only so many GPUs (to try it out).
    """
    paths = _paths(limit)
    known = frozenset(path for path, _ in paths)
    root = "/" + base.strip("/") + "/" if base.strip("/") else "/"
    site = _Site(folder, root, known, drawn)
    written = 0
    try:
        (folder / "charts").mkdir(parents=True, exist_ok=True)
        for size in _made(site, [path for path, _ in paths]):
            written += size
            advance(1)
        _own_files(folder)
        index = [{"title": title, "url": quote(root + path.strip("/") + "/")} for path, title in paths]
        (folder / "search.json").write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")
        written += _write(folder, "/", _front(index, root, folder))
    except OSError as fault:
        raise UsageError(f"{folder}: cannot be written ({fault.strerror or fault}); choose another") from None
    return {"folder": str(folder), "pages": len(paths) + 1, "bytes": written}


def _made(site: _Site, paths: list[str]) -> Iterator[int]:
    """The length of each page once it is written; many are made by processes beside each other.

    Those start afresh: a fork would lack the threads with which charts are drawn.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from whichgpu.cost.table.workers import processors

    if len(paths) < _MANY or processors() < 2:
        yield from map(site.write, paths)
        return
    pool = ProcessPoolExecutor(processors(), mp_context=get_context("spawn"))
    try:
        yield from pool.map(site.write, paths, chunksize=8)
    finally:
        pool.shutdown(cancel_futures=True)


@cache
def _client() -> TestClient:
    """The application as this process asks it."""
    from starlette.testclient import TestClient

    from whichgpu.web.app import create
    from whichgpu.web.settings import Settings

    return TestClient(create(Settings(rate=1e9, burst=10**9)))


def pairs() -> list[str]:
    """The pairs that are worth a page: current parts of one segment, by what is known of their price."""
    from whichgpu import prices
    from whichgpu.hardware.catalogue import catalogue

    found = []
    offered = {row.gpu for row in prices.offers(gpus=None, kinds=prices.term_kinds("any"), providers=None)}
    for segment, most in _SEGMENTS.items():
        able = [one for one in catalogue().where(segment=segment) if one.usable and one.id in offered]
        able.sort(key=lambda one: str(one.value("release_date") or ""), reverse=True)
        found += [f"{a}-vs-{b}" for a, b in combinations(sorted(one.id for one in able[:most]), 2)]
    return found


def _paths(limit: int | None) -> list[tuple[str, str]]:
    """Every page with its title."""
    from whichgpu.hardware.catalogue import catalogue
    from whichgpu.planner.glossary import terms
    from whichgpu.workloads.workload import workloads

    gpus = list(catalogue())[:limit]
    made = [
        ("/gpus", "GPUs"),
        ("/workloads", "Workloads"),
        ("/prices", "Prices"),
        ("/accuracy", "Accuracy"),
        ("/sources", "Sources"),
        ("/explain", "Words"),
    ]
    made += [(f"/gpus/{one}", catalogue()[one].name) for one in gpus]
    made += [(f"/compare/{one}", one.replace("-vs-", " or ")) for one in pairs()[:limit]]
    made += [(f"/workloads/{one}", workloads()[one].name) for one in list(workloads())[:limit]]
    return made + [(f"/explain/{one}", one) for one in list(terms())[:limit] if "/" not in one]


class _Site(NamedTuple):
    """Where the site is written and will be, the pages that it has, and whether charts are drawn."""

    folder: Path
    root: str
    known: frozenset[str]
    drawn: bool

    def write(self, path: str) -> int:
        """Write a page with its charts, and give its length."""
        text = _asked(f"{path}?rows=all" if path in _LISTS else path).decode()
        return _write(self.folder, path, self.page(text, path))

    def page(self, text: str, path: str) -> str:
        """A page of the application as one of the site."""
        text = _FIGURE.sub(lambda match: self._figure(match, path), _LIVE.sub("", _FORM.sub("", text)))
        text = _FOOT.sub("", _DOOR.sub("", _LINK.sub(self._link, text)))
        text = _NOWHERE.sub(r"\1", _NEXT.sub(lambda match: self._next(match, path), text))
        script = f'<script src="{self.root}search.js" defer></script>'
        return re.sub(r'<script src="[^"]*" defer></script>', script, text)

    def _figure(self, match: re.Match[str], path: str) -> str:
        if not self.drawn:
            return f'<p class="note">{match[2][6:-1]}</p>'
        name = re.search(r"chart=([\w-]+)", match[1])
        file = f"{path.strip('/').replace('/', '-')}-{name[1] if name else 'chart'}.svg"
        (self.folder / "charts" / file).write_bytes(_asked(match[1].replace("&amp;", "&")))
        return f'<img src="{self.root}charts/{file}"{match[2]} loading="lazy">'

    def _next(self, match: re.Match[str], path: str) -> str:
        """The same without links that lead nowhere, or to the page itself."""
        here = f'href="{self.root}{quote(path.strip("/"))}/"'
        links = [one for one in re.findall(r"<a href=.*?</a>", match[1]) if here not in one]
        return f'<p class="next">{" ".join(links)}</p>' if links else ""

    def _link(self, match: re.Match[str]) -> str:
        target, _, part = match[2].partition("#")
        bare = unquote(target.partition("?")[0])
        if bare not in self.known:
            # Here the page of a GPU has its prices.
            bare = bare.replace("/prices/", "/gpus/")
        if bare in self.known or bare == "/":
            inside = quote(f"{bare.strip('/')}/") if bare != "/" else ""
            return f'{match[1]}="{self.root}{inside}{"#" + part if part else ""}"'
        return f'{match[1]}="{self.root}{bare[1:]}"' if bare.startswith("/static/") else ""


def _asked(address: str) -> bytes:
    """What the application answers. Raises `UsageError` where it has no answer: a site has no such page."""
    answer = _client().get(address)
    if answer.status_code != 200:
        raise UsageError(f"{address}: the page cannot be made (status {answer.status_code}); run it in serve")
    return answer.content


def _write(folder: Path, path: str, text: str) -> int:
    place = folder / path.strip("/")
    place.mkdir(parents=True, exist_ok=True)
    (place / "index.html").write_text(text, encoding="utf-8")
    return len(text)


def _own_files(folder: Path) -> None:
    from whichgpu.web.app import static_files

    (folder / "static").mkdir(exist_ok=True)
    for name, (body, _) in static_files().items():
        (folder / "static" / name).write_bytes(body)
        if name.startswith("search."):
            (folder / "search.js").write_bytes(body)


def _front(index: list[dict[str, str]], root: str, folder: Path) -> str:
    """The first page: a search over all others, which stands as a list where scripts do not run."""
    known = frozenset({"/gpus", "/workloads", "/prices", "/accuracy", "/sources", "/explain"})
    page = _Site(folder, root, known, drawn=False).page(_asked("/gpus?limit=1").decode(), "/")
    here = f'<a href="{root}"'
    page = page.replace(' aria-current="page"', "").replace(
        f"{here}>Which", f'{here} aria-current="page">Which'
    )
    head = page.partition('<main id="main" tabindex="-1">')
    tail = head[2].partition("</main>")
    main = (
        '<h1>Which GPU?</h1><p class="lead">GPUs, pairs of them, words, and what predictions are worth.</p>'
        '<form class="ask" role="search"><label for="q">Search</label>'
        f'<input id="q" data-index="{root}search.json" autocomplete="off"></form>'
        '<p id="count" role="status"></p>'
        f'<ul id="found">{_links(index[:40])}</ul>'
    )
    return f"{head[0]}{head[1]}{main}</main>{tail[2]}"


def _links(index: Iterable[dict[str, str]]) -> str:
    from html import escape

    return "".join(f'<li><a href="{one["url"]}">{escape(one["title"])}</a></li>' for one in index)

"""The static site: whole by itself, with links that lead somewhere and a search."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, unquote

import pytest

pytest.importorskip("fastapi", reason="needs pip install 'whichgpu[web]'")
pytestmark = pytest.mark.slow


@pytest.mark.thorough
def test_the_site_is_whole_by_itself(whichgpu, tmp_path, monkeypatch):
    # By several processes, as the whole site is made.
    monkeypatch.setattr("whichgpu.web.site._MANY", 1)
    folder = tmp_path / "site"
    done = whichgpu("site", "build", str(folder), "--limit", "2", "--base", "/gpu", "--json")
    assert done.status == 0, done.err
    pages = list(folder.rglob("index.html"))
    assert done.json["pages"] == len(pages)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r'(?:href|src)="(/[^"#]*)', text):
            assert target.startswith("/gpu/"), target
            assert quote(unquote(target)) == target
            place = folder / unquote(target).removeprefix("/gpu/")
            assert place.is_file() or (place / "index.html").is_file(), (page, target)
        assert "<form" not in text or page.parent == folder
        assert not re.search(r"<a\b(?![^>]*href=)", text), "a link that leads nowhere"
        assert "Audit</a>" not in text
        assert not re.search("Software that runs|For programs|Rent or buy", text), "what only a server has"
        assert text.count('aria-current="page"') <= 1
    index = json.loads((folder / "search.json").read_text(encoding="utf-8"))
    assert {"GPUs", "Accuracy"} <= {one["title"] for one in index}
    for part in ("-vs-", "/workloads/", "/gpus/", "/explain/"):
        assert any(part in one["url"] for one in index)
    assert list((folder / "charts").glob("*.svg"))


def test_a_folder_that_cannot_be_written_is_said(whichgpu, tmp_path):
    (tmp_path / "file").write_text("")
    done = whichgpu("site", "build", str(tmp_path / "file" / "site"), "--limit", "1", "--no-charts")
    assert done.status == 2
    assert "cannot be written" in done.err


def test_a_page_that_cannot_be_made_is_none_of_the_site():
    from whichgpu.errors import UsageError
    from whichgpu.web import site

    with pytest.raises(UsageError, match="status 404"):
        site._asked("/gpus/none")

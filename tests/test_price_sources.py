"""Live price sources: each read from a recorded sample and held against its golden; what they refuse.

`python tests/test_price_sources.py` writes the goldens anew.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import zipfile
from contextlib import suppress
from datetime import date
from email.message import Message
from http.client import IncompleteRead
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError

import pytest

from whichgpu.errors import DataError
from whichgpu.facts import store as facts_store
from whichgpu.prices import fetch
from whichgpu.prices.fetch import Folder, Limits, Web, _opener, lines, whole
from whichgpu.prices.listing import device, offers
from whichgpu.prices.sources import all_sources

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parent / "prices"
TODAY = date(2026, 11, 19)


def golden(source: str) -> str:
    """What a source's sample should give, as text."""
    entry = all_sources()[source]
    found = entry.read(Folder(SAMPLES, source))
    rows = [row.to_dict() for row in offers(found.listings, source, entry.locator, TODAY)]
    answer = {"offers": rows, "interruptions": found.interruptions, "problems": found.problems}
    return json.dumps(answer, indent=1) + "\n"


@pytest.mark.parametrize("source", all_sources())
def test_a_recorded_sample_gives_its_golden(source: str) -> None:
    assert golden(source) == (SAMPLES / f"{source}.golden.json").read_text(), (
        "run: python tests/test_price_sources.py"
    )


@pytest.mark.parametrize("source", all_sources())
def test_every_source_is_described(source: str) -> None:
    row = facts_store.load("prices")["sources"]["sources"][source]
    assert row["title"]
    assert row["url"].startswith("https://")


def test_what_the_samples_say() -> None:
    """The traps that the samples hold, read from the goldens."""
    hunt = json.loads(golden("gpuhunt"))
    kinds = {(row["provider"], row["instance"], row["kind"]): row for row in hunt["offers"]}
    assert kinds["aws", "g5.xlarge", "on_demand"]["regions"] == 2
    assert kinds["aws", "g5.xlarge", "on_demand"]["usd_per_hour"] == 1.006
    assert kinds["aws", "p5.48xlarge", "on_demand"]["gpu"] == "h100-80gb-sxm"
    assert kinds["gcp", "g2-standard-4", "on_demand"]["gpu"] == "l4"
    assert {key[1] for key in kinds if key[0] == "gcp"} == {"g2-standard-4"}, "no booked days, no appliances"
    assert not any(row["usd_per_hour"] == 0 for row in hunt["offers"])
    assert hunt["problems"] == ["oci: oci: no column 'instance_name'; the source's format has changed"]
    sky = {
        (row["provider"], row["instance"], row["kind"]): row
        for row in json.loads(golden("skypilot"))["offers"]
    }
    assert sky["aws", "g4dn.xlarge", "spot"]["suspect_regions"] == 1
    assert sky["aws", "g4dn.xlarge", "spot"]["usd_per_hour"] == 0.2104, "not the tenth of the other region"
    assert sky["runpod", "1x_H100-SXM_SECURE", "on_demand"]["gpu"] == "h100-80gb-sxm", "80 of MiB are of GB"
    assert sky["runpod", "1x_RTX4090_SECURE", "on_demand"]["gpu"] == "rtx-4090"
    assert sky["hyperstack", "n3-H100-SXM5x8", "on_demand"]["regions"] == 2
    assert sky["gcp", "1x T4 (gpu only)", "on_demand"]["gpu"] == "t4"
    azure = json.loads(golden("azure-retail-prices"))["offers"]
    assert {row["kind"] for row in azure if row["gpu"]} == {
        "on_demand",
        "spot",
        "committed_1y",
        "committed_3y",
    }
    year = next(row for row in azure if row["kind"] == "committed_1y")
    assert year["usd_per_hour"] == pytest.approx(19236.6 / 8760)
    assert not any(row["usd_per_hour"] == 4.777 for row in azure), "a Windows meter"
    # Live rows say Windows in the product alone, in two ways, and may have no name of the SKU.
    whole = {(row["instance"], row["kind"]): row["usd_max"] for row in azure}
    assert whole["Standard_ND96isr_H100_v5", "on_demand"] == 98.32
    assert whole["Standard_ND96isr_H100_v5", "spot"] == 18.169536
    assert whole["Standard_NCC40ads_H100_v5", "on_demand"] == 6.98
    aws = {row["kind"]: row for row in json.loads(golden("aws-price-list"))["offers"]}
    assert set(aws) == {"on_demand", "committed_1y", "committed_3y"}
    spot = json.loads(golden("aws-spot-advisor"))["interruptions"]
    assert ["aws", "g5.xlarge", "us-east-1", 0.05, 0.11, 0.57] in spot


def test_a_name_without_its_variant_stays_open() -> None:
    assert device("nobody", "h100", "H100", 80.0, 1.0)[0] is None
    assert {"h100-80gb-pcie", "h100-80gb-sxm"} <= set(device("nobody", "h100", "H100", 80.0, 1.0)[1])
    assert device("nobody", "x", "A100", 40.0, 1.0)[1] == ("a100-40gb-sxm", "a100-40gb-pcie") or set(
        device("nobody", "x", "A100", 40.0, 1.0)[1]
    ) == {"a100-40gb-sxm", "a100-40gb-pcie"}
    assert device("nobody", "x", "Voodoo 3", None, 1.0) == (None, ())


DOCUMENTS = sorted(str(path.relative_to(SAMPLES)) for path in SAMPLES.glob("*/*"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>503</html>",
        b"\xff\xfe\x00",
        b"{}",
        b"[]",
        b'{"Items": 5}',
        b"a,b\n1,2\n",
        b"null",
        b'{"Items": [5]}',
        b'{"data": [1]}',
        b'{"offers": [{}]}',
        b"[" * 200_000,
    ],
)
@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.thorough(every=3)
def test_garbage_is_refused_or_left_out(tmp_path: Path, name: str, content: bytes) -> None:
    """A source that serves something else raises `DataError`, says so of the part, or gives nothing."""
    source = name.split("/")[0]
    shutil.copytree(SAMPLES / source, tmp_path / source)
    (tmp_path / name).write_bytes(content)
    try:
        found = all_sources()[source].read(Folder(tmp_path, source))
    except DataError:
        return
    whole_one = all_sources()[source].read(Folder(SAMPLES, source))
    assert found.problems or len(found.listings) <= len(whole_one.listings)
    assert set(found.listings) <= set(whole_one.listings)


def test_a_zip_that_unpacks_to_more_than_a_table_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whichgpu.prices.sources.gpuhunt._LARGEST", 300)
    found = all_sources()["gpuhunt"].read(Folder(SAMPLES, "gpuhunt"))
    assert any("unpacks to more than" in problem for problem in found.problems)
    assert found.listings, "of the other providers"


def test_a_zip_without_its_table_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "gpuhunt", tmp_path / "gpuhunt")
    shutil.copyfile(SAMPLES / "gpuhunt" / "aws.zip", tmp_path / "gpuhunt" / "gcp.zip")
    found = all_sources()["gpuhunt"].read(Folder(tmp_path, "gpuhunt"))
    assert any("no gcp.csv" in problem for problem in found.problems)
    assert {row.provider for row in found.listings} >= {"aws", "lambdalabs"}


def test_a_zip_with_broken_bytes_costs_its_own_provider_only(tmp_path: Path) -> None:
    """The directory of the archive is whole, the compressed table in it is not."""
    shutil.copytree(SAMPLES / "gpuhunt", tmp_path / "gpuhunt")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("gcp.csv", "instance_name,price\n" * 50)
    content = bytearray(packed.getvalue())
    header = 30 + len("gcp.csv")  # bytes of a local file header and its name
    content[header : header + 2] = b"\xff\xff"  # deflate has no block of type 3
    (tmp_path / "gpuhunt" / "gcp.zip").write_bytes(content)
    found = all_sources()["gpuhunt"].read(Folder(tmp_path, "gpuhunt"))
    assert any(problem.startswith("gcp: zip") for problem in found.problems)
    assert {row.provider for row in found.listings} >= {"aws", "lambdalabs"}


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "skypilot").mkdir()
    os.mkfifo(tmp_path / "skypilot" / "aws.csv")
    with pytest.raises(DataError, match="is no file"):
        whole(Folder(tmp_path, "skypilot")("aws.csv", ""))


def test_pages_elsewhere_are_not_followed(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "azure-retail-prices", tmp_path / "azure-retail-prices")
    page = tmp_path / "azure-retail-prices" / "page-0.json"
    page.write_text(page.read_text().replace("https://prices.azure.com", "https://evil.example"))
    with pytest.raises(DataError, match=r"evil\.example.*not followed"):
        all_sources()["azure-retail-prices"].read(Folder(tmp_path, "azure-retail-prices"))


class Answer(io.BytesIO):
    """What a server sends."""

    def __enter__(self) -> Answer:
        return self


class Endless(Answer):
    """A server that never stops sending."""

    def read1(self, size: int = -1) -> bytes:
        return b"x" * size


class Opener:
    """Stands for urllib's."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def open(self, request: object, timeout: float) -> object:
        assert timeout > 0
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def read(answer: object, **limits: float) -> Iterator[bytes]:
    return Web(Opener(answer))("x", "https://prices.example/x", limits=Limits(**limits))  # type: ignore[arg-type]


def test_the_network_is_read_within_bounds() -> None:
    assert whole(read(Answer(b"abc"))) == b"abc"
    with pytest.raises(DataError, match="more than 1 MiB"):
        whole(read(Endless(), largest=2**20))
    with pytest.raises(DataError, match="not whole after 1e-09 s"):
        whole(read(Answer(b"abc"), longest=1e-9))
    with pytest.raises(DataError, match=r"prices\.example: no answer within"):
        whole(read(TimeoutError()))
    with pytest.raises(DataError, match=r"prices\.example: Name or service"):
        whole(read(OSError("Name or service not known")))


def test_a_document_that_ends_before_its_announced_length_is_not_whole() -> None:
    """A table that is cut short at the end of a row would else pass for a smaller one."""
    answer = Answer(b"a,b\n1,2\n")
    answer.length = 4_096  # type: ignore[attr-defined]  # what `http.client` still waits for
    with pytest.raises(DataError, match=r"prices\.example: ended 4,096 bytes before the length it announced"):
        whole(read(answer))


def test_all_documents_of_a_source_are_bounded_together() -> None:
    web = Web(Opener(Endless()), Limits(largest=2**20, longest=60.0))
    with pytest.raises(DataError, match="more than 1 MiB"):
        whole(web("x", "https://prices.example/x"))
    few = Web(Opener(Answer(b"abc")), Limits(largest=3, longest=60.0))
    assert whole(few("x", "https://prices.example/x")) == b"abc"
    with pytest.raises(DataError, match="together"):
        whole(few("y", "https://prices.example/y"))
    late = Web(Opener(Answer(b"abc")), Limits(largest=10, longest=1e-9))
    with pytest.raises(DataError, match="not whole after"):
        whole(late("x", "https://prices.example/x"))
    with pytest.raises(DataError, match="together"):
        whole(late("y", "https://prices.example/y"))


def test_a_host_that_drips_is_asked_once() -> None:
    web = Web(Opener(Answer(b"abc")))
    with pytest.raises(DataError, match="not whole after"):
        whole(web("x", "https://prices.example/x", limits=Limits(longest=1e-9)))
    with pytest.raises(DataError, match="did not answer in time before"):
        whole(web("y", "https://prices.example/y"))


@pytest.mark.parametrize(
    ("fault", "said"),
    [(HTTPError("https://prices.example/x", 503, "Busy", Message(), None), "HTTP 503 Busy"),
     (HTTPError("https://prices.example/x", 302, "Found, a loop", Message(), None), "redirects without end"),
     (IncompleteRead(b"", 10), "ended in the middle")],
)  # fmt: skip
def test_what_a_server_did_is_said_in_words(fault: Exception, said: str) -> None:
    with pytest.raises(DataError, match=rf"prices\.example: {said}$"):
        whole(read(fault))


@pytest.mark.parametrize("fault", [TimeoutError(), URLError(TimeoutError()), URLError(OSError("no route"))])
def test_a_host_that_does_not_answer_is_asked_once(fault: Exception) -> None:
    """A source of a dozen documents does not wait a dozen times."""
    web = Web(Opener(fault))
    with pytest.raises(DataError, match=r"no answer|timed out|no route|Timeout"):
        whole(web("x", "https://prices.example/x"))
    with pytest.raises(DataError, match="not asked again"):
        whole(web("y", "https://prices.example/y"))
    with pytest.raises(DataError, match=r"^other\.example"):
        whole(web("z", "https://other.example/z"))


@pytest.mark.parametrize(
    "fault",
    [
        HTTPError("https://prices.example/x", 404, "Not Found", Message(), None),
        OSError("sends us on to http://x, which is not followed; Not Found here"),
    ],
)
def test_a_document_that_is_not_there_stops_no_others(fault: Exception) -> None:
    web = Web(Opener(fault))
    for name in ("x", "y"):
        with pytest.raises(DataError, match="Not Found"):
            whole(web(name, f"https://prices.example/{name}"))


def test_headers_that_never_end_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends a byte now and then keeps a socket's own time limit from ever being reached."""
    import socket
    import threading
    import time
    from http.client import HTTPConnection, HTTPException

    monkeypatch.setattr(fetch, "_HEADERS", 0.3)
    server = socket.create_server(("127.0.0.1", 0))

    def trickle() -> None:
        peer, _ = server.accept()
        with peer, suppress(OSError):
            peer.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            for _ in range(1200):
                peer.sendall(b"x")
                time.sleep(0.05)

    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    line = fetch.prompt(HTTPConnection)("127.0.0.1", server.getsockname()[1], timeout=5)
    begun = time.monotonic()
    try:
        line.request("GET", "/")
        with pytest.raises((OSError, HTTPException)):
            line.getresponse()
    finally:
        line.close()
        server.close()
    assert time.monotonic() - begun < 30
    thread.join(5)


def test_a_redirect_to_another_site_or_to_plain_http_is_not_followed() -> None:
    handler = next(each for each in _opener().handlers if type(each).__name__ == "Redirects")
    from urllib.request import Request

    request = Request("https://prices.example/a")
    for target in ("http://prices.example/b", "https://elsewhere.example/b", "file:///etc/passwd"):
        with pytest.raises(OSError, match="not followed"):
            handler.redirect_request(request, None, 302, "Found", {}, target)
    assert handler.redirect_request(request, None, 302, "Found", {}, "https://prices.example/b") is not None


def test_plain_http_and_files_are_not_opened() -> None:
    for url in ("http://127.0.0.1:9/x", "file:///etc/passwd", "ftp://127.0.0.1/x"):
        with pytest.raises(DataError):
            whole(Web()("x", url))


def test_lines_come_whole_whatever_the_pieces() -> None:
    text = "a,b\nä,ö\nlast"
    raw = text.encode()
    for size in (1, 2, 3, 100):
        pieces = (raw[at : at + size] for at in range(0, len(raw), size))
        assert list(lines(pieces)) == ["a,b\n", "ä,ö\n", "last\n"]


def test_the_sample_archives_are_zips() -> None:
    assert all(zipfile.is_zipfile(path) for path in (SAMPLES / "gpuhunt").glob("*.zip"))


if __name__ == "__main__":
    for name in all_sources():
        (SAMPLES / f"{name}.golden.json").write_text(golden(name))

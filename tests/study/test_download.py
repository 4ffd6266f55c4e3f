from __future__ import annotations

import hashlib
import socket
from pathlib import Path

import numpy as np
import pytest
from file_server import FileServer, serving

from marey.study.p12.download import download
from marey.study.p12.errors import DataError, NoNetwork

CONTENT = np.random.default_rng(0).bytes(300_000)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with serving() as files:
        files.files["f"] = CONTENT
        yield files


def digest(path: Path) -> None:
    if hashlib.sha256(path.read_bytes()).digest() != hashlib.sha256(CONTENT).digest():
        raise ValueError("what came is not the file")


def fetch(server: FileServer, target: Path, **options) -> None:
    download(server.url + "f", target, check=digest, timeout_s=5, pause_s=0.001, **options)


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_file_arrives_whole_and_alone(server, tmp_path):
    seen = []
    fetch(server, tmp_path / "new" / "f", progress=lambda done, total: seen.append((done, total)))
    assert (tmp_path / "new" / "f").read_bytes() == CONTENT
    assert leftovers(tmp_path / "new") == ["f"]
    assert seen[-1] == (300_000, 300_000)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_cut_transfer_continues_where_it_stopped(server, tmp_path):
    server.faults["f"] = [("cut", 100_000), ("cut", 50_000)]
    fetch(server, tmp_path / "f")
    assert server.requests == [("f", None, 200), ("f", "bytes=100000-", 206), ("f", "bytes=150000-", 206)]
    assert leftovers(tmp_path) == ["f"]


def test_an_interrupted_process_continues_in_the_next(server, tmp_path):
    def stop(done: int, total: int | None) -> None:
        if done >= 128 * 1024:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(server, tmp_path / "f", progress=stop)
    assert leftovers(tmp_path) == ["f.part", "f.part.tag"]
    kept = (tmp_path / "f.part").stat().st_size
    assert kept >= 128 * 1024
    fetch(server, tmp_path / "f")
    assert server.requests[-1] == ("f", f"bytes={kept}-", 206)
    assert leftovers(tmp_path) == ["f"]


def test_giving_up_keeps_the_part_and_says_so(server, tmp_path):
    server.faults["f"] = [("cut", 10_000)] * 3
    with pytest.raises(DataError, match="30,000 bytes are kept, run again to continue"):
        fetch(server, tmp_path / "f", attempts=3)
    fetch(server, tmp_path / "f")
    assert server.requests[-1] == ("f", "bytes=30000-", 206)


def test_a_server_without_ranges_is_asked_anew(server, tmp_path):
    server.ranges = False
    server.faults["f"] = [("cut", 100_000)]
    fetch(server, tmp_path / "f")
    assert [status for _, _, status in server.requests] == [200, 200]


def test_without_a_validator_nothing_is_continued(server, tmp_path):
    server.validators = False
    server.faults["f"] = [("cut", 100_000)]
    fetch(server, tmp_path / "f")
    assert [asked for _, asked, _ in server.requests] == [None, None]


def test_a_file_that_changed_meanwhile_is_not_mixed(server, tmp_path):
    server.files["f"], server.etag = bytes(300_000), '"0"'
    server.faults["f"] = [("cut", 100_000)]
    with pytest.raises(DataError):
        fetch(server, tmp_path / "f", attempts=1)
    server.files["f"], server.etag = CONTENT, '"1"'
    fetch(server, tmp_path / "f")
    assert server.requests[-1] == ("f", "bytes=100000-", 200)


def test_without_a_length_the_check_decides(server, tmp_path):
    server.lengths = False
    server.faults["f"] = [("cut", 100_000)]
    fetch(server, tmp_path / "f")
    assert len(server.requests) == 2


@pytest.mark.parametrize("place", ["bytes 0-299999/300000", "bytes x", ""])
def test_a_part_from_the_wrong_place_is_thrown_away(server, tmp_path, place):
    server.faults["f"] = [("cut", 100_000), ("place", place)]
    fetch(server, tmp_path / "f")
    assert server.requests[-1] == ("f", None, 200)


def test_a_part_longer_than_the_file_starts_anew(server, tmp_path):
    (tmp_path / "f.part").write_bytes(CONTENT + b"more")
    (tmp_path / "f.part.tag").write_text('"1"')
    fetch(server, tmp_path / "f")
    assert [status for _, _, status in server.requests] == [416, 200]


@pytest.mark.parametrize("fault", [500, 503, 429])
def test_a_passing_error_is_tried_again(server, tmp_path, fault):
    server.faults["f"] = [fault, fault]
    fetch(server, tmp_path / "f")
    assert [status for _, _, status in server.requests] == [fault, fault, 200]


def test_a_lasting_server_error_ends_with_its_code(server, tmp_path):
    server.faults["f"] = [500] * 5
    with pytest.raises(DataError, match="in 5 attempts: it answered 500"):
        fetch(server, tmp_path / "f")
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("fault", [403, 404, 410])
def test_a_refusal_is_final(server, tmp_path, fault):
    server.faults["f"] = [fault]
    with pytest.raises(DataError, match=f"answered {fault}"):
        fetch(server, tmp_path / "f")
    assert len(server.requests) == 1


def test_corrupt_content_is_fetched_again_from_the_start(server, tmp_path):
    server.faults["f"] = [("body", b"<html>please log in</html>")]
    fetch(server, tmp_path / "f")
    assert [asked for _, asked, _ in server.requests] == [None, None]


def test_content_that_stays_corrupt_is_refused_and_not_kept(server, tmp_path):
    server.files["f"] = CONTENT[:-1] + b"?"
    with pytest.raises(DataError, match="what came is not the file"):
        fetch(server, tmp_path / "f", attempts=2)
    assert leftovers(tmp_path) == []


def test_no_server_is_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/f"
        with pytest.raises(NoNetwork, match="cannot be reached"):
            download(url, tmp_path / "f", check=digest, pause_s=0.001)


def test_a_server_that_accepts_and_says_nothing_is_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/f"
        with pytest.raises(NoNetwork, match="timed out"):
            download(url, tmp_path / "f", check=digest, timeout_s=0.05, pause_s=0.001)

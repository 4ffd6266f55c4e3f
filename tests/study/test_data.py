from __future__ import annotations

import gzip
import io
import shutil
import socket
import tarfile
from pathlib import Path

import numpy as np
import pytest
from file_server import serving

from marey.study.p12 import data as module
from marey.study.p12.data import cache_folder, locate
from marey.study.p12.download import download
from marey.study.p12.errors import DataError
from marey.study.p12.synthetic import VARIABLES, synthetic_stays

HEADER = "RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death"
STAYS = 6


@pytest.fixture(autouse=True)
def _apart_from_this_machine(monkeypatch, tmp_path):
    """No proxy, no configured folder, no cache of the user's, no waiting."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MAREY_DATA", raising=False)
    monkeypatch.setattr(module, "download", lambda *a, **k: download(*a, **k, timeout_s=5, pause_s=0.001))


def write_set(folder: Path, letter: str, *, stays: int = STAYS, archive: bool = True, outcomes: int = STAYS) -> None:
    """A set in the layout of the challenge, with random values."""
    rng = np.random.default_rng(ord(letter))
    ids = [100_000 * (ord(letter) - 96) + i for i in range(stays)]
    folder.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for i in ids:
            rows = ["Time,Parameter,Value", f"00:00,RecordID,{i}", "00:00,Age,60", "00:00,Gender,1", "00:00,Height,-1"]
            rows += ["00:00,ICUType,2", "00:00,Weight,80"]
            rows += [f"{hour:02}:{rng.integers(60):02},HR,{rng.integers(50, 120)}" for hour in range(48)]
            text = "\n".join([*rows, ""]).encode()
            member = tarfile.TarInfo(f"set-{letter}/{i}.txt")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    if archive:
        (folder / f"set-{letter}.tar.gz").write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    else:
        packed.seek(0)
        with tarfile.open(fileobj=packed) as tar:
            for member in tar.getmembers():
                path = folder / member.name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(tar.extractfile(member).read())
    table = [HEADER, *(f"{i},10,5,8,-1,{n % 2}" for n, i in enumerate(ids[:outcomes])), ""]
    (folder / f"Outcomes-{letter}.txt").write_text("\n".join(table))


@pytest.fixture
def official(tmp_path):
    for letter in "ab":
        write_set(tmp_path / "official", letter)
    return tmp_path / "official"


@pytest.fixture
def server(official):
    with serving() as files:
        files.files = {path.name: path.read_bytes() for path in official.iterdir()}
        yield files


@pytest.fixture
def nowhere():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unused.getsockname()[1]}/"


@pytest.mark.parametrize("archive", [True, False])
@pytest.mark.parametrize("inside", [".", "physionet2012"])
def test_a_folder_is_found_directly_or_inside(tmp_path, archive, inside):
    for letter in "ab":
        write_set(tmp_path / "d" / inside, letter, archive=archive)
    source = locate(tmp_path / "d", stays=STAYS)
    assert source.kind == "files"
    assert (len(source.train), len(source.test)) == (STAYS, STAYS)
    assert source.train.subject_id[0] == 100_000
    assert source.test.subject_id[0] == 200_000
    assert source.train.labels["in_hospital_death"].tolist() == [0, 1] * 3
    assert str(tmp_path) not in source.note


def test_sets_can_be_exchanged(official):
    assert locate(official, train="set-b", test="A", stays=STAYS).train.subject_id[0] == 200_000


@pytest.mark.parametrize(("train", "test"), [("a", "a"), ("d", "a"), ("a", ""), ("A", "set-a")])
def test_sets_that_do_not_make_a_study_are_refused(official, train, test):
    with pytest.raises(DataError, match=r"`train`|`test`"):
        locate(official, train=train, test=test, stays=STAYS)


def test_the_environment_comes_before_the_cache_and_after_the_argument(official, tmp_path, monkeypatch, nowhere):
    monkeypatch.setenv("MAREY_DATA", str(official))
    assert locate(stays=STAYS, url=nowhere).note.endswith("from $MAREY_DATA")
    monkeypatch.setenv("MAREY_DATA", str(tmp_path / "missing"))
    with pytest.raises(DataError, match=r"\$MAREY_DATA: .*missing is not a folder"):
        locate(stays=STAYS, url=nowhere)
    assert locate(official, stays=STAYS).kind == "files"


@pytest.mark.parametrize("name", ["set-a.tar.gz", "set-b.tar.gz", "Outcomes-a.txt", "Outcomes-b.txt"])
def test_a_missing_file_is_named(official, name):
    (official / name).unlink()
    with pytest.raises(DataError, match=f"--data: .* has no {name}"):
        locate(official, stays=STAYS)


def test_an_empty_folder_says_what_was_looked_for(tmp_path):
    with pytest.raises(DataError, match=r"has neither set-a\.tar\.gz nor physionet2012/set-a\.tar\.gz"):
        locate(tmp_path, stays=STAYS)


def test_a_set_of_another_size_is_refused(official):
    with pytest.raises(DataError, match=r"set A is refused: .* has 6 stays; expected 4,000"):
        locate(official)


def test_a_stay_without_outcome_is_refused(official):
    write_set(official, "b", outcomes=STAYS - 1)
    with pytest.raises(DataError, match=r"set B is refused: .*no usable row in Outcomes-b"):
        locate(official, stays=STAYS)


def test_an_unreadable_row_is_refused_with_its_place(tmp_path):
    for letter in "ab":
        write_set(tmp_path, letter, archive=False)
    with (tmp_path / "set-a" / "100003.txt").open("a") as file:
        file.write("12:00,HR,eighty\n")
    with pytest.raises(DataError, match=r"set A is refused: .*100003\.txt.*eighty"):
        locate(tmp_path, stays=STAYS)


def test_a_broken_archive_is_refused(official):
    whole = (official / "set-a.tar.gz").read_bytes()
    (official / "set-a.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"set A is refused: .*cut off"):
        locate(official, stays=STAYS)


def test_the_official_files_are_downloaded_once(server, official):
    lines = []
    first = locate(url=server.url, stays=STAYS, say=lines.append)
    assert first.kind == "files"
    assert first.note.endswith("from the cache")
    assert len(lines) == 1
    assert "Downloading" in lines[0]
    assert len(server.requests) == 4
    folder = cache_folder() / "physionet2012"
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {p.name: p.read_bytes() for p in official.iterdir()}
    second = locate(url=server.url, stays=STAYS, say=lines.append)
    assert len(server.requests) == 4
    assert second.train.equals(first.train)


def test_a_download_cut_in_two_runs_is_whole_in_the_end(server, nowhere):
    half = len(server.files["set-b.tar.gz"]) // 2
    server.faults["set-b.tar.gz"] = [("cut", half), *[500] * 4]
    with pytest.raises(DataError, match="run again to continue"):
        locate(url=server.url, stays=STAYS, say=lambda line: None)
    assert locate(url=server.url, stays=STAYS, say=lambda line: None).kind == "files"
    assert ("set-b.tar.gz", f"bytes={half}-", 206) in server.requests


@pytest.mark.parametrize("name", ["set-a.tar.gz", "Outcomes-b.txt"])
def test_a_page_instead_of_a_file_is_refused(server, name):
    server.files[name] = b"<html>maintenance</html>"
    with pytest.raises(DataError, match="what came is not"):
        locate(url=server.url, stays=STAYS, say=lambda line: None)


def test_a_missing_official_file_is_an_error_and_not_a_made_cohort(server):
    del server.files["Outcomes-b.txt"]
    with pytest.raises(DataError, match=r"Outcomes-b\.txt answered 404"):
        locate(url=server.url, stays=STAYS, say=lambda line: None)


def test_without_a_network_the_cohort_is_made_and_says_so(nowhere):
    lines = []
    source = locate(url=nowhere, say=lines.append)
    assert source.kind == "synthetic"
    assert source.note.startswith("SYNTHETIC")
    assert "cannot be reached" in source.note
    assert any("SYNTHETIC" in line for line in lines)
    assert not set(source.train.subject_id) & set(source.test.subject_id)


def test_made_stays_can_be_asked_for(server):
    source = locate("synthetic", url=server.url, say=lambda line: None)
    assert source.kind == "synthetic"
    assert "as asked for" in source.note
    assert server.requests == []


def test_the_warning_goes_to_standard_error_by_default(capsys):
    locate("synthetic")
    out, err = capsys.readouterr()
    assert out == ""
    assert "SYNTHETIC" in err


def test_a_network_that_ends_midway_is_an_error(server, monkeypatch, nowhere):
    def leave(url: str, target: Path, **options) -> None:
        download(url if "set-a" in url else nowhere, target, **options, pause_s=0.001)

    monkeypatch.setattr(module, "download", leave)
    with pytest.raises(DataError, match="the network went away"):
        locate(url=server.url, stays=STAYS, say=lambda line: None)


def test_a_relative_cache_setting_is_ignored(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == Path.home() / ".cache" / "marey"


def test_made_stays_are_plausible():
    cohort = synthetic_stays(400, seed=3)
    assert cohort.vocab == tuple(VARIABLES)
    assert len(VARIABLES) == 37
    assert 0.12 < cohort.labels["in_hospital_death"].mean() < 0.33
    assert 150 < np.diff(cohort.offsets).mean() < 800
    for code, variable in enumerate(VARIABLES.values()):
        values = cohort.value[cohort.code == code]
        assert (values >= np.float32(variable.low)).all()
        assert (values <= np.float32(variable.high)).all()
    assert np.isnan(cohort.statics["Height"]).any()
    # The outcome can be found in the values: the dead are less awake.
    gcs = cohort.code == cohort.vocab.index("GCS")
    died = cohort.labels["in_hospital_death"][cohort.subject_index[gcs]] == 1
    assert cohort.value[gcs][died].mean() < cohort.value[gcs][~died].mean() - 1


def test_a_made_stay_depends_on_the_seed_and_its_number_alone():
    assert synthetic_stays(9, seed=1).equals(synthetic_stays(9, seed=1))
    assert synthetic_stays(5, seed=1, first_id=3)[:2].equals(synthetic_stays(4, seed=1)[2:])
    assert not synthetic_stays(5, seed=1).equals(synthetic_stays(5, seed=2))
    with pytest.raises(ValueError, match="`stays` is 0"):
        synthetic_stays(0)


@pytest.mark.data
def test_the_official_sets_are_complete(data_dir, tmp_path):
    if not (data_dir / "physionet2012").is_dir():
        pytest.skip("no physionet2012 in the folder of real recordings")
    source = locate(data_dir)
    assert (len(source.train), len(source.test)) == (4000, 4000)
    assert source.train.labels["in_hospital_death"].sum() == 554
    assert source.test.labels["in_hospital_death"].sum() == 568
    # One stay short is not the set any more.
    shutil.copytree(data_dir / "physionet2012", tmp_path / "d", copy_function=shutil.copyfile)
    with gzip.open(tmp_path / "d" / "set-a.tar.gz") as stream, tarfile.open(fileobj=stream) as tar:
        tar.extractall(tmp_path / "d", filter="data")
    (tmp_path / "d" / "set-a.tar.gz").unlink()
    (tmp_path / "d" / "set-a" / "132539.txt").unlink()
    with pytest.raises(DataError, match="has 3,999 stays; expected 4,000"):
        locate(tmp_path / "d")

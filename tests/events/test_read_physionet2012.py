"""The reader on made-up files: one claim of its page each."""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marey.events import Events, read_physionet2012
from marey.reference.physionet2012 import read_stays

HEAD = "Time,Parameter,Value\n00:00,RecordID,{id}\n00:00,Age,54\n00:00,Gender,0\n00:00,Height,-1\n00:00,ICUType,4\n"
OUTCOMES = "RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death\n"


def stay(*rows: str, id: int = 1) -> str:
    return HEAD.format(id=id) + "".join(f"{row}\n" for row in rows)


def folder(tmp_path: Path, *texts: str | bytes, first_id: int = 1) -> Path:
    path = tmp_path / "set-a"
    path.mkdir()
    for i, text in enumerate(texts, first_id):
        (path / f"{i}.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read_one(tmp_path: Path, text: str | bytes, errors: str = "raise") -> Events:
    return read_physionet2012(folder(tmp_path, text), outcomes=False, errors=errors)  # type: ignore[arg-type]


def events_of(ev: Events) -> list[tuple[float, str, float]]:
    return [(float(t), ev.vocab[c], float(v)) for t, c, v in zip(ev.time, ev.code, ev.value, strict=True)]


def test_descriptors_become_statics_and_the_rest_events(tmp_path: Path) -> None:
    ev = read_one(tmp_path, stay("00:00,Weight,80.5", "00:07,HR,73", "47:30,Temp,36.6", "48:00,Urine,1.422e+04"))
    assert ev.subject_id.tolist() == [1]
    assert {name: column.tolist() for name, column in ev.statics.items() if name != "Height"} == {
        "Age": [54],
        "Gender": [0],
        "ICUType": [4],
        "Weight": [80.5],
    }
    assert np.isnan(ev.statics["Height"]).all()
    assert events_of(ev) == [(7 / 60, "HR", 73), (47.5, "Temp", float(np.float32(36.6))), (48, "Urine", 14220)]


plain_row = st.builds(
    lambda minute, name, value: f"{minute // 60:02}:{minute % 60:02},{name},{value}",
    st.integers(0, 48 * 60),
    st.sampled_from(["HR", "Temp", "pH", "Weight", "MechVent"]),
    st.sampled_from([0, 1, -17.8, 7.4, 162.6, 1.422e4, "1.422e+04", "0.10"]),
)


@given(st.lists(st.lists(plain_row, max_size=12), min_size=1, max_size=4))
def test_well_formed_stays_read_as_by_the_reference(stays: list[list[str]]) -> None:
    texts = [stay(*rows, id=i) for i, rows in enumerate(stays, 1)]
    with tempfile.TemporaryDirectory() as path:
        ev = read_physionet2012(folder(Path(path), *texts), outcomes=False)
    for one, plain in zip(ev, read_stays(texts), strict=True):
        assert one.subject_id.tolist() == [plain.subject_id]
        assert events_of(one) == [(minute / 60, name, float(np.float32(value))) for minute, name, value in plain.events]
        for name, column in one.statics.items():
            np.testing.assert_array_equal(column, np.float32(plain.descriptors.get(name, np.nan)))


def test_the_first_weight_at_zero_is_the_descriptor_and_others_are_events(tmp_path: Path) -> None:
    ev = read_one(tmp_path, stay("00:00,HR,70", "00:00,Weight,80", "00:00,Weight,79", "01:00,Weight,78"))
    assert ev.statics["Weight"].tolist() == [80]
    assert events_of(ev) == [(0, "HR", 70), (0, "Weight", 79), (1, "Weight", 78)]


def test_a_weight_after_zero_is_no_descriptor(tmp_path: Path) -> None:
    ev = read_one(tmp_path, stay("01:00,Weight,78"))
    assert np.isnan(ev.statics["Weight"]).all()
    assert events_of(ev) == [(1, "Weight", 78)]


def test_minus_one_is_unknown_for_descriptors_and_weight_alone(tmp_path: Path) -> None:
    ev = read_one(tmp_path, stay("00:00,Weight,-1", "01:00,Weight,-1", "01:00,Temp,-1", "02:00,Temp,-17.8"))
    assert np.isnan(ev.statics["Weight"]).all()
    assert np.isnan(ev.value[0])
    np.testing.assert_array_equal(ev.value[1:], np.array([-1, -17.8], np.float32))


def test_an_absent_descriptor_is_unknown(tmp_path: Path) -> None:
    ev = read_one(tmp_path, "Time,Parameter,Value\n00:00,RecordID,1\n00:07,HR,73\n")
    assert all(np.isnan(column).all() for column in ev.statics.values())


def test_rows_out_of_order_are_sorted_by_time_and_stay_stable(tmp_path: Path) -> None:
    ev = read_one(tmp_path, stay("02:00,HR,1", "01:00,HR,2", "02:00,Temp,3", "01:00,HR,4", "01:00,HR,2"))
    assert events_of(ev) == [(1, "HR", 2), (1, "HR", 4), (1, "HR", 2), (2, "HR", 1), (2, "Temp", 3)]


def test_descriptors_stand_on_any_line(tmp_path: Path) -> None:
    ev = read_one(tmp_path, "Time,Parameter,Value\n00:00,HR,70\n02:00,HR,71\n00:00,Age,54\n00:00,RecordID,1\n")
    assert ev.statics["Age"].tolist() == [54]
    assert ev.value.tolist() == [70, 71]


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t[:-1],
        lambda t: "\ufeff" + t,
        lambda t: t.replace("\n", "\n\n"),
        lambda t: "\r\n\n" + t,
    ],
)
def test_line_ends_blank_lines_and_a_utf8_mark_do_not_matter(tmp_path: Path, change: object) -> None:
    text = stay("00:07,HR,73", "00:37,HR,77")
    (tmp_path / "plain").mkdir()
    plain = read_one(tmp_path / "plain", text)
    ev = read_one(tmp_path, change(text))  # type: ignore[operator]
    assert ev.equals(plain)
    assert ev.report == plain.report


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("00:07,HR", "a row has three fields"),
        ("00:07", "a row has three fields"),
        ("00:07,HR,73,bpm", "a row has three fields"),
        ("00,07,HR,73", "a row has three fields"),
        ("0007,HR,73", "the time is not HH:MM"),
        ("00:60,HR,73", "the time is not HH:MM"),
        ("00:7,HR,73", "the time is not HH:MM"),
        (":07,HR,73", "the time is not HH:MM"),
        ("-1:07,HR,73", "the time is not HH:MM"),
        ("00:07:00,HR,73", "the time is not HH:MM"),
        ("12345:00,HR,73", "the time is not HH:MM"),
        (" 00:07,HR,73", "the time is not HH:MM"),
        ("00:07,,73", "the parameter is not one of the challenge's"),
        ("00:07,hr,73", "the parameter is not one of the challenge's"),
        ("00:07,HRR,73", "the parameter is not one of the challenge's"),
        ("00:07,HR,", "the value is not a finite decimal number"),
        ("00:07,HR,high", "the value is not a finite decimal number"),
        ("00:07,HR,73 ", "the value is not a finite decimal number"),
        ("00:07,HR, 73", "the value is not a finite decimal number"),
        ("00:07,HR,+73", "the value is not a finite decimal number"),
        ("00:07,HR,nan", "the value is not a finite decimal number"),
        ("00:07,HR,inf", "the value is not a finite decimal number"),
        ("00:07,HR,0x10", "the value is not a finite decimal number"),
        ("00:07,HR,1e99", "the value does not fit a float32"),
        ("00:07,HR,1e-99", "the value does not fit a float32"),
        ("00:07,Age,54", "a general descriptor stands at another time than 00:00"),
        ("00:07,RecordID,1", "a general descriptor stands at another time than 00:00"),
        ("00:00,Age,54", "a general descriptor is given a second time"),
        ("00:00,RecordID,1", "a general descriptor is given a second time"),
        ("00:00,RecordID,1.0", "the RecordID is not a whole number"),
        ("00:00,RecordID,-1", "the RecordID is not a whole number"),
        ("00:00,RecordID,99999999999999999999", "the RecordID is not a whole number"),
    ],
)
def test_a_malformed_row_is_an_error_or_a_counted_skip(tmp_path: Path, row: str, reason: str) -> None:
    text = stay("00:06,HR,72", row, "00:08,HR,74")
    with pytest.raises(ValueError, match=rf"1\.txt, line 8: {reason}") as raised:
        read_one(tmp_path, text)
    assert repr(row) in str(raised.value)
    ev = read_physionet2012(tmp_path / "set-a", outcomes=False, errors="skip")
    assert ev.value.tolist() == [72, 74]
    report = ev.report
    assert report is not None
    assert (report.rows, report.rows_skipped, report.stays_skipped) == (8, 1, 0)
    [skipped] = report.skipped
    assert (skipped.file, skipped.line, skipped.text) == ("1.txt", 8, row)
    assert skipped.reason.startswith(reason)


def test_bytes_that_are_no_text_are_shown_escaped(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"line 7: .*: '\\\\xff\\x00,HR,1'"):
        read_one(tmp_path, stay().encode() + b"\xff\0,HR,1\n")


def test_of_one_file_the_first_100_skips_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    report = read_one(tmp_path, stay(*["?"] * 1000), errors="skip").report
    assert report is not None
    assert (report.rows, report.rows_skipped, len(report.skipped)) == (1005, 1000, 100)
    assert "skipped 1,000 rows and 0 stays" in str(report)


@pytest.mark.parametrize(
    ("text", "reason", "rows"),
    [
        ("", "the file holds no line", 0),
        ("\n\r\n", "the file holds no line", 0),
        ("Time,Parameter,Value\n", "the file has no usable RecordID", 0),
        ("Time,Parameter,Value\n00:07,HR,73\n", "the file has no usable RecordID", 1),
        (stay("00:07,HR,73", id=2), "the RecordID differs from the number in the file's name", 6),
    ],
)
def test_a_malformed_file_is_an_error_or_a_counted_skip(tmp_path: Path, text: str, reason: str, rows: int) -> None:
    path = folder(tmp_path, text, stay("00:07,HR,75", id=2))
    with pytest.raises(ValueError, match=rf"^1\.txt: {reason}"):
        read_physionet2012(path, outcomes=False)
    ev = read_physionet2012(path, outcomes=False, errors="skip")
    assert ev.subject_id.tolist() == [2]
    assert ev.report is not None
    assert (ev.report.rows, ev.report.rows_skipped, ev.report.stays_skipped) == (rows + 6, rows, 1)


def test_a_missing_header_is_one_bad_row(tmp_path: Path) -> None:
    text = "00:00,RecordID,1\n" + stay("00:07,HR,73").partition("\n")[2]
    with pytest.raises(ValueError, match="line 1: the first line is not the header"):
        read_one(tmp_path, text)
    ev = read_physionet2012(tmp_path / "set-a", outcomes=False, errors="skip")
    assert ev.value.tolist() == [73]
    assert ev.report is not None
    assert (ev.report.rows, ev.report.rows_skipped) == (7, 1)


def test_files_that_are_no_stays_are_named_not_read(tmp_path: Path) -> None:
    path = folder(tmp_path, stay("00:07,HR,73"))
    for name in ("README.txt", "._1.txt", "1.csv", "1.txt.bak"):
        (path / name).write_text("?")
    (path / "2.txt").mkdir()
    report = read_physionet2012(path, outcomes=False).report
    assert report is not None
    assert report.ignored == ("._1.txt", "1.csv", "1.txt.bak", "README.txt")


def test_a_stay_without_a_series_is_kept(tmp_path: Path) -> None:
    ev = read_physionet2012(folder(tmp_path, stay(), stay("00:07,HR,73", id=2)), outcomes=False)
    assert ev.offsets.tolist() == [0, 0, 1]
    assert ev.statics["Age"].tolist() == [54, 54]


def test_stays_come_by_ascending_id_from_any_order(tmp_path: Path) -> None:
    path = folder(tmp_path, *(stay(f"00:07,HR,{i}", id=i) for i in range(1, 13)))
    assert read_physionet2012(path, outcomes=False).value.tolist() == list(range(1, 13))


def test_what_is_not_there_and_what_holds_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_physionet2012(tmp_path / "set-a", outcomes=False)
    with pytest.raises(ValueError, match=r"holds no stay, a file named NNNNNN\.txt"):
        read_physionet2012(tmp_path, outcomes=False, errors="skip")
    path = folder(tmp_path, stay())
    with pytest.raises(ValueError, match="`errors` is 'ignore'; expected 'raise' or 'skip'"):
        read_physionet2012(path, outcomes=False, errors="ignore")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`threads` is 0; expected at least 1"):
        read_physionet2012(path, outcomes=False, threads=0)


def test_outcomes_are_found_beside_the_set_or_in_it(tmp_path: Path) -> None:
    path = folder(tmp_path, stay("00:07,HR,73"), stay(id=2))
    (tmp_path / "Outcomes-a.txt").write_text(OUTCOMES + "2,-1,1,5,-1,0\n9,1,1,1,1,0\n1,6,8,7,-23,1\n")
    ev = read_physionet2012(path)
    assert {name: (column.tolist(), str(column.dtype)) for name, column in ev.labels.items()} == {
        "in_hospital_death": ([1, 0], "int8"),
        "saps_i": ([6, -1], "int32"),
        "sofa": ([8, 1], "int32"),
        "length_of_stay": ([7, 5], "int32"),
        "survival": ([-23, -1], "int32"),
    }
    assert ev.report is not None
    assert ev.report.outcomes_unused == 1
    (tmp_path / "Outcomes-a.txt").rename(path / "Outcomes-a.txt")
    assert read_physionet2012(path).equals(ev)
    (path / "Outcomes-a.txt").rename(tmp_path / "elsewhere.csv")
    assert read_physionet2012(path, outcomes=tmp_path / "elsewhere.csv").equals(ev)
    with pytest.raises(FileNotFoundError, match=r"no Outcomes-a\.txt in or beside .*outcomes=False"):
        read_physionet2012(path)


def test_without_a_letter_the_only_outcomes_file_is_taken(tmp_path: Path) -> None:
    path = folder(tmp_path, stay()).rename(tmp_path / "cohort")
    (tmp_path / "Outcomes-b.txt").write_text(OUTCOMES + "1,6,8,7,-1,1\n")
    assert read_physionet2012(path).labels["in_hospital_death"].tolist() == [1]
    (tmp_path / "Outcomes-a.txt").write_text(OUTCOMES + "1,6,8,7,-1,0\n")
    with pytest.raises(ValueError, match=r"Outcomes-a\.txt, Outcomes-b\.txt stand beside"):
        read_physionet2012(path)


def test_a_stay_without_outcome_is_an_error_or_a_counted_skip(tmp_path: Path) -> None:
    path = folder(tmp_path, stay("00:07,HR,73"), stay("00:07,HR,74", "?", id=2))
    (tmp_path / "Outcomes-a.txt").write_text(OUTCOMES + "1,6,8,7,-1,1\n")
    with pytest.raises(ValueError, match=r"2\.txt"):
        read_physionet2012(path)
    ev = read_physionet2012(path, errors="skip")
    assert (ev.subject_id.tolist(), ev.value.tolist(), ev.statics["Age"].tolist()) == ([1], [73], [54])
    assert ev.report is not None
    assert (ev.report.rows, ev.report.rows_skipped, ev.report.stays_skipped) == (13, 7, 1)
    assert str(ev.report.skipped[-1]) == "2.txt: the stay has no usable row in Outcomes-a.txt"


@pytest.mark.parametrize(
    "row",
    ["2,6,8,7,-1", "2,6,8,7,-1,2", "2,6,8,7,,0", "2,6.5,8,7,1,0", "two,6,8,7,1,0", "2,6,8,7,1,0,0", "1,1,1,1,1,1"],
)
def test_a_malformed_outcome_is_an_error_or_a_listed_skip(tmp_path: Path, row: str) -> None:
    path = folder(tmp_path, stay(), stay(id=2))
    (tmp_path / "Outcomes-a.txt").write_text(OUTCOMES + f"1,6,8,7,-1,1\n{row}\n")
    with pytest.raises(ValueError, match=rf"Outcomes-a\.txt, line 3: .*{row}"):
        read_physionet2012(path)
    ev = read_physionet2012(path, errors="skip")
    assert ev.subject_id.tolist() == [1]
    assert ev.report is not None
    assert [skip.file for skip in ev.report.skipped] == ["Outcomes-a.txt", "2.txt"]


def test_outcomes_with_another_header_are_refused(tmp_path: Path) -> None:
    path = folder(tmp_path, stay())
    (tmp_path / "Outcomes-a.txt").write_text("RecordID,In-hospital_death\n1,1\n")
    with pytest.raises(ValueError, match=r"Outcomes-a\.txt, line 1: the first line is not `RecordID,SAPS-I"):
        read_physionet2012(path)


LONG = "a" * 150 + "/" + "b" * 150 + "/"


def archive(path: Path, names: list[str], format: int = tarfile.USTAR_FORMAT, compress: bool = True) -> Path:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=format) as tar:
        for i, name in enumerate(names, 1):
            text = stay(f"00:07,HR,{70 + i}", id=i).encode()
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
    path.write_bytes(gzip.compress(raw.getvalue()) if compress else raw.getvalue())
    return path


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("prefix", ["", "set-a/", "./set-a/", "x" * 90 + "/" + "y" * 60 + "/", LONG, "größe/"])
def test_archives_of_every_kind_read_as_the_folder(tmp_path: Path, prefix: str, format: int, compress: bool) -> None:
    if prefix == LONG and format == tarfile.USTAR_FORMAT:
        pytest.skip("ustar has no room for this name")
    path = archive(tmp_path / "set-a.tar", [f"{prefix}{i}.txt" for i in (1, 2, 3)], format, compress)
    expected = folder(tmp_path, *(stay(f"00:07,HR,{70 + i}", id=i) for i in (1, 2, 3)))
    ev = read_physionet2012(path, outcomes=False)
    assert ev.equals(read_physionet2012(expected, outcomes=False))
    assert len(ev) == 3


def test_an_archive_of_several_gzip_members_is_read_whole(tmp_path: Path) -> None:
    raw = archive(tmp_path / "x.tar", ["1.txt", "2.txt"], compress=False).read_bytes()
    path = tmp_path / "set-a.tar.gz"
    path.write_bytes(gzip.compress(raw[:700]) + gzip.compress(raw[700:]) + b"\0" * 99)
    assert len(read_physionet2012(path, outcomes=False)) == 2


def test_other_members_are_ignored_links_to_stays_are_not(tmp_path: Path) -> None:
    path = tmp_path / "set-a.tar"
    with tarfile.open(path, "w") as tar:
        for name, kind in (("set-a", tarfile.DIRTYPE), ("notes", tarfile.SYMTYPE), ("2.txt", tarfile.SYMTYPE)):
            info = tarfile.TarInfo(name)
            info.type = kind
            tar.addfile(info)
        info = tarfile.TarInfo("1.txt")
        info.size = len(stay())
        tar.addfile(info, io.BytesIO(stay().encode()))
    with pytest.raises(ValueError, match=r"^2\.txt: the archive holds it as type '2', not as a regular file"):
        read_physionet2012(path, outcomes=False)
    report = read_physionet2012(path, outcomes=False, errors="skip").report
    assert report is not None
    assert report.ignored == ("notes",)


def test_a_stay_that_comes_twice_is_an_error_or_a_counted_skip(tmp_path: Path) -> None:
    path = tmp_path / "set-a.tar"
    with tarfile.open(path, "w") as tar:
        for name, value in (("a/1.txt", 70), ("b/1.txt", 80)):
            text = stay(f"00:07,HR,{value}").encode()
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
    with pytest.raises(ValueError, match=r"^b/1\.txt: another file holds the same stay"):
        read_physionet2012(path, outcomes=False)
    ev = read_physionet2012(path, outcomes=False, errors="skip")
    assert ev.value.tolist() == [70]
    assert ev.report is not None
    assert (ev.report.rows, ev.report.rows_skipped, ev.report.stays_skipped) == (12, 6, 1)


def with_size(raw: bytes, member: int, field: bytes) -> bytes:
    """The archive with another size field in a header, its checksum made good."""
    at = member * 1024  # each member of `archive` is a header and one block
    header = bytearray(raw[at : at + 512])
    header[124:136] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return raw[:at] + bytes(header) + raw[at + 512 :]


LIES = {
    "8 GiB in octal": b"77777777777\0",
    "16 EiB in base 256": b"\x80\0\0\0" + b"\xff" * 8,
    "beyond 64 bits": b"\x80" + b"\xff" * 11,
    "negative": b"\xff" * 12,
    "no number": b"size?      \0",
}


@pytest.mark.parametrize("size", LIES.values(), ids=LIES.keys())
def test_a_lying_size_is_an_error_and_asks_for_no_memory(tmp_path: Path, size: bytes) -> None:
    import tracemalloc

    path = archive(tmp_path / "set-a.tar", ["1.txt", "2.txt"], compress=False)
    path.write_bytes(with_size(path.read_bytes(), 1, size))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"set-a\.tar: .*\(byte 1,024\)"):
        read_physionet2012(path, outcomes=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20
    ev = read_physionet2012(path, outcomes=False, errors="skip")
    assert ev.subject_id.tolist() == [1]
    assert ev.report is not None
    assert len(ev.report.skipped) == 1


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda raw: raw[:1024], "the archive ends without its end marker"),
        (lambda raw: raw[:1300], "the archive is cut off inside a block"),
        (lambda raw: raw[:1600], "a header states more bytes than the archive has left"),
        (lambda raw: raw[:1024] + b"\x01" + raw[1025:], "the checksum of a header does not hold"),
        (lambda raw: raw + b"more", "there is data after the end marker"),
    ],
)
def test_a_damaged_archive_is_an_error_or_a_listed_skip(tmp_path: Path, damage: object, problem: str) -> None:
    path = archive(tmp_path / "set-a.tar", ["1.txt", "2.txt"], compress=False)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(ValueError, match=rf"^set-a\.tar: {problem}"):
        read_physionet2012(path, outcomes=False)
    ev = read_physionet2012(path, outcomes=False, errors="skip")
    assert ev.subject_id[0] == 1
    assert ev.report is not None
    assert ev.report.skipped[0].reason.startswith(problem)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda data: data[:-20], "it is cut off"),
        (lambda data: data[:40] + b"\0\0\0\0" + data[44:], ""),
        (lambda data: data + b"more", ""),
        (lambda data: b"\x1f\x8b", "it is cut off"),
    ],
)
def test_a_damaged_gzip_is_always_an_error(tmp_path: Path, damage: object, problem: str) -> None:
    path = archive(tmp_path / "set-a.tar.gz", ["1.txt", "2.txt"])
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(ValueError, match=rf"set-a\.tar\.gz cannot be gunzipped: {problem}"):
        read_physionet2012(path, outcomes=False, errors="skip")


def test_a_file_that_is_no_archive_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "set-a.zip"
    path.write_bytes(b"PK\3\4" + bytes(2000))
    with pytest.raises(ValueError, match=r"holds no stay(.|\n)*not a tar archive"):
        read_physionet2012(path, outcomes=False)

"""The WFDB reader: what it gives of files made here, what it says of broken ones, and agreement with wfdb."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marey.waveforms import Annotations, Record, iter_wfdb, read_wfdb

MISSING = {16: -32768, 80: -128, 212: -2048}


def encode(samples: np.ndarray, form: int) -> bytes:
    """By the manual page signal(5), sample by sample."""
    values = [int(v) for v in samples]
    if form == 16:
        return struct.pack(f"<{len(values)}h", *values)
    if form == 80:
        return bytes(v + 128 for v in values)
    out = bytearray()
    for i in range(0, len(values), 2):
        a = values[i] & 0xFFF
        b = values[i + 1] & 0xFFF if i + 1 < len(values) else 0
        out += bytes([a & 255, a >> 8 | b >> 8 << 4, b & 255])
    return bytes(out[: -1 if len(values) % 2 else None])


def words(*pairs: tuple[int, int]) -> bytes:
    return b"".join(struct.pack("<H", code << 10 | low) for code, low in pairs)


def write(folder: Path, header: str, data: bytes = b"", atr: bytes | None = None) -> Path:
    (folder / "r.hea").write_text(header)
    (folder / "r.dat").write_bytes(data)
    if atr is not None:
        (folder / "r.atr").write_bytes(atr)
    return folder / "r"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    form=st.sampled_from([16, 80, 212]),
    per_frame=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    frames=st.integers(0, 23),
    seed=st.integers(0, 99),
    cut=st.tuples(st.integers(0, 23), st.integers(0, 23)),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_what_was_encoded_comes_back(tmp_path, form, per_frame, frames, seed, cut, dtype) -> None:
    rng = np.random.default_rng(seed)
    low = MISSING[form]
    digital = [rng.integers(low, -low, (frames, n)) for n in per_frame]
    data = encode(np.concatenate(digital, axis=1).ravel(), form)
    lines = [
        f"r.dat {form}x{n}+3 {10 + i}(-{i})/u{i} 0 0 0 {d.sum()} 0 s{i}"
        for i, (n, d) in enumerate(zip(per_frame, digital, strict=True))
    ]
    path = write(tmp_path, f"r {len(per_frame)} 50 {frames}\n" + "\n".join(lines), b"abc" + data)
    expected = [np.where(d == low, np.nan, (d + i) / (10 + i)) for i, d in enumerate(digital)]
    fine = read_wfdb(path, smooth=False, dtype=dtype)
    assert fine.leads == tuple(f"s{i}" for i in range(len(per_frame)))
    assert fine.units == tuple(f"u{i}" for i in range(len(per_frame)))
    for got, wanted in zip(fine.signals, expected, strict=True):
        np.testing.assert_array_equal(got, wanted.ravel().astype(dtype))
    start, stop = sorted(cut)
    part = read_wfdb(path, smooth=False, dtype=dtype, start=start, stop=stop)
    for got, whole, n in zip(part.signals, fine.signals, per_frame, strict=True):
        np.testing.assert_array_equal(got, whole[start * n : stop * n])
    smooth = read_wfdb(path, dtype=dtype)
    assert smooth.signals.shape == (len(per_frame), frames)
    with np.errstate(all="ignore"):
        for got, d, i in zip(smooth.signals, digital, range(9), strict=False):
            valid = d != low
            mean = np.where(valid, d, 0).sum(1) / valid.sum(1)
            np.testing.assert_allclose(got, (mean + i) / (10 + i), rtol=1e-6)
    if frames:
        pieces = list(iter_wfdb(path, chunk_s=(1 + seed % 5) / 50 + 1e-9, dtype=dtype))
        np.testing.assert_array_equal(np.concatenate([p.signals for p in pieces], axis=1), smooth.signals)


def test_defaults_of_a_bare_header(tmp_path) -> None:
    path = write(tmp_path, "r 1\r\nr.dat 16\r\n", encode(np.array([200, -100]), 16))
    record = read_wfdb(path)
    assert (record.fs, record.units, record.leads) == (250.0, ("mV",), ("signal 0",))
    assert record.signals.tolist() == [[1.0, -0.5]]
    assert record.annotations is None
    assert record.duration_s == 2 / 250


def test_skew_is_undone(tmp_path) -> None:
    data = np.arange(10).reshape(5, 2)
    path = write(tmp_path, "r 2 10 5\nr.dat 16 1 0 0 0\nr.dat 16:2 1 0 0 0\n", encode(data.ravel(), 16))
    np.testing.assert_array_equal(read_wfdb(path).signals, [[0, 2, 4, 6, 8], [5, 7, 9, np.nan, np.nan]])
    np.testing.assert_array_equal(read_wfdb(path, start=1, stop=4).signals, [[2, 4, 6], [7, 9, np.nan]])


def test_leads_by_name_and_number(tmp_path) -> None:
    path = write(tmp_path, "r 2 10 1\nr.dat 16 1 0 0 0 3 0 I\nr.dat 16 1 0 0 0 4 0 II\n", encode(np.array([3, 4]), 16))
    record = read_wfdb(path, leads=["II", 0])
    assert record.signals.tolist() == [[4.0], [3.0]]
    assert record["I"].tolist() == [3.0]
    with pytest.raises(ValueError, match="no signal 'aVF'; the record has 'I', 'II'"):
        read_wfdb(path, leads=["aVF"])


def test_annotations(tmp_path) -> None:
    atr = words((28, 18), (63, 3)) + b"(N\0\0" + words((1, 59), (59, 0)) + struct.pack("<HH", 1, 5)
    atr += words((5, 1), (60, 2), (62, 1), (61, 0x3FF), (1, 10), (0, 0))
    path = write(tmp_path, "r 0 360\n", atr=atr)
    marks = read_wfdb(path, stop=None).annotations
    assert isinstance(marks, Annotations)
    assert marks.sample.tolist() == [18, 77, 77 + 65536 + 5 + 1, 77 + 65536 + 5 + 11]
    assert marks.symbol == ("+", "N", "V", "N")
    assert marks.aux == ("(N", "", "", "")
    assert (marks.number.tolist(), marks.channel.tolist()) == ([0, 0, 2, 2], [0, 0, 1, 1])
    assert marks.subtype.tolist() == [0, 0, -1, 0]
    assert marks.beats.tolist() == marks.sample[1:].tolist()
    assert marks.between(50, 100).sample.tolist() == [77]


def test_pieces_have_the_annotations_of_their_frames(tmp_path) -> None:
    atr = words((1, 0), (5, 3), (1, 4), (1, 1), (0, 0))  # at 0, 3, 7 and 8
    path = write(tmp_path, "r 1 1 9\nr.dat 16\n", encode(np.arange(9), 16), atr)
    pieces = list(iter_wfdb(path, chunk_s=4))
    assert [(p.start, p.annotations.sample.tolist(), p.annotations.symbol) for p in pieces] == [
        (0, [0, 3], ("N", "V")),
        (4, [7], ("N",)),
        (8, [8], ("N",)),
    ]
    assert all(p.annotations is None for p in iter_wfdb(path, chunk_s=4, annotator=None))


def test_annotations_on_another_clock(tmp_path) -> None:
    note = b"## time resolution: 720"
    atr = words((22, 0), (63, len(note))) + note + b"\0" + words((1, 100), (0, 0))
    assert read_wfdb(write(tmp_path, "r 0 360\n", atr=atr)).annotations.sample.tolist() == [50]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", r"no record line \(byte 0\)"),
        ("r", r"number of signals is no whole number \(byte 0\)"),
        ("# x\nr/2 1 360 10", r"several segments is not read \(byte 4\)"),
        ("r 1 0 10", "not positive and finite"),
        ("r 1 nan 10", "not positive and finite"),
        ("r 1 360 1e3", "number of samples is no whole number"),
        ("r 2 360 1\nr.dat 16", r"fewer lines than signals \(byte 18\)"),
        ("r 1 360 1\nr.dat 16\nr.dat 16", "more lines than signals"),
        ("r 1 360 1\nr.dat 61", r"none of 16, 80 and 212 \(byte 10\)"),
        ("r 1 360 1\nr.dat 16x0", "out of range"),
        ("r 1 360 1\nr.dat 16y", "none of xN"),
        ("r 1 360 1\nr.dat 16 inf", "gain is no number"),
        ("r 1 360 1\nr.dat 16 1(x)", "baseline is no number"),
        ("r 1 360 1\n../r.dat 16", "no name of a file beside it"),
        ("r 1 360 1\n~ 16", "no name of a file beside it"),
        ("r 2 360 1\nr.dat 16\nr.dat 80", "differ in format"),
        ("r 1 360 999999999999999999\nr.dat 16", r"ends at byte 4 with 2 whole frames; r.hea says 999,999"),
        ("r 1 360 2\nr.dat 16 1 0 0 0 7 0 I", "sum to 3, not to the checksum 7"),
    ],
)
def test_a_lying_header_is_told(tmp_path, header, message) -> None:
    with pytest.raises(ValueError, match=message):
        read_wfdb(write(tmp_path, header, encode(np.array([1, 2]), 16)))


@pytest.mark.parametrize(
    ("atr", "message"),
    [
        (words((1, 5)), r"without its end mark \(byte 2\)"),
        (words((1, 5), (63, 9)) + b"abc", r"without its end mark \(byte 2\)"),
        (words((63, 0), (0, 0)), r"no annotation that this adds to \(byte 0\)"),
        (words((59, 0)) + b"\xff\xff\x00\x00" + words((1, 1), (0, 0)), r"before the record begins \(byte 6\)"),
    ],
)
def test_broken_annotations_are_told(tmp_path, atr, message) -> None:
    with pytest.raises(ValueError, match=message):
        read_wfdb(write(tmp_path, "r 0 360\n", atr=atr))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.data())
def test_any_bytes_give_a_record_or_an_error(tmp_path, data) -> None:
    pieces = st.sampled_from(
        ["r", "1", "2", "-1", "360", "r.dat", "212", "16x2", ":3", "+9", "(", ")", "/mV", "\n", " ", "#", "9" * 19, "é"]
    )
    header = data.draw(st.lists(pieces, max_size=30).map("".join) | st.just("r 1 9\nr.dat 212"))
    path = write(tmp_path, header, data.draw(st.binary(max_size=40)), data.draw(st.binary(max_size=40)))
    try:
        record = read_wfdb(path)
    except (ValueError, FileNotFoundError):
        return
    assert isinstance(record, Record)
    assert record.signals.shape == (len(record.leads), record.n_frames)


@pytest.mark.data
@pytest.mark.parametrize("name", ["mitdb/100", "waveforms/03700181"])
def test_real_records_equal_wfdb(data_dir, name) -> None:
    wfdb = pytest.importorskip("wfdb")
    theirs = wfdb.rdrecord(str(data_dir / name), smooth_frames=False)
    ours = read_wfdb(data_dir / name, smooth=False)
    assert (ours.fs, list(ours.leads), list(ours.units)) == (theirs.fs, theirs.sig_name, theirs.units)
    for got, wanted in zip(ours.signals, theirs.e_p_signal, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.data
def test_the_beats_of_record_100(data_dir) -> None:
    record = read_wfdb(data_dir / "mitdb/100")
    assert record.signals.shape == (2, 650_000)
    assert record.signals[0, :3].tolist() == [-0.145, -0.145, -0.145]
    marks = record.annotations
    assert (len(marks), len(marks.beats)) == (2274, 2273)
    assert marks.symbol.count("A") == 33  # as the database's directory counts them
    assert marks.symbol.count("V") == 1
    assert marks.aux[0] == "(N"

"""The reader of .cwa files: what was packed comes back, and what is broken is told with its byte."""

from __future__ import annotations

import json
import os
import struct
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from marey.waveforms import read_cwa

REAL = Path(os.environ.get("MAREY_DATA", "")) / "axivity" / "ax3_testfile.cwa"
rng = np.random.default_rng(0)


def packed_time(t: datetime) -> int:
    return (t.year - 2000) << 26 | t.month << 22 | t.day << 17 | t.hour << 12 | t.minute << 6 | t.second


def sealed(block: bytes) -> bytes:
    body = block[:510]
    return body + struct.pack("<H", -sum(struct.unpack("<255H", body)) & 0xFFFF)


def header(rate: int = 0x4A) -> bytes:
    start = struct.pack("<2sHBHIHII", b"MD", 1020, 0x17, 6810, 26, 0xFFFF, packed_time(datetime(2019, 2, 28)), 0)
    body = start.ljust(36, b"\0") + bytes([rate])
    return body.ljust(64, b"\0") + b"_p=right+wrist&_sc=26".ljust(448) + b"\xff" * 512


def block(
    samples: bytes, n: int, layout: int, sequence: int, at: datetime, *, light: int = 0, offset: int = 0
) -> bytes:
    told = (508, 6810, 26, sequence, packed_time(at), light, 341, 0, 200, 0x4A, layout, offset, n)
    return sealed(struct.pack("<2sHHIIIHHBBBBhH", b"AX", *told) + samples.ljust(482, b"\0"))


def recording(n_blocks: int = 3, skip: int | None = None) -> tuple[bytes, np.ndarray]:
    """Blocks of one second at 100 Hz, packed; block `skip` is left out."""
    values = rng.integers(-512, 512, (n_blocks, 100, 3))
    exponent = rng.integers(0, 4, (n_blocks, 100))
    out, kept = header(), []
    for i in range(n_blocks):
        if i == skip:
            continue
        words = [
            int(e) << 30 | (int(z) & 1023) << 20 | (int(y) & 1023) << 10 | int(x) & 1023
            for (x, y, z), e in zip(values[i], exponent[i], strict=True)
        ]
        out += block(struct.pack("<100I", *words), 100, 0x30, i, datetime(2020, 2, 29, 23, 59, 50 + i))
        kept.append(values[i] * 2.0 ** exponent[i][:, None] / 256)
    return out, np.concatenate(kept).T


def write(folder: Path, data: bytes) -> Path:
    path = folder / "r.cwa"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_packed_samples_come_back(tmp_path, dtype) -> None:
    data, expected = recording()
    got = read_cwa(write(tmp_path, data), dtype=dtype)
    assert got.acc.dtype == dtype
    np.testing.assert_array_equal(got.acc, expected)
    assert (got.fs, got.device, got.session, got.range_g) == (100.0, 6810, 26, 8)
    assert got.start == datetime(2020, 2, 29, 23, 59, 50)
    assert got.metadata == {"_p": "right wrist", "_sc": "26"}
    np.testing.assert_allclose(got.time, np.arange(300) / 100, atol=1e-6)
    np.testing.assert_allclose(got.temperature, 341 * 75 / 256 - 50)
    assert got.gyro is None
    assert "300 samples at 100 Hz" in repr(got)
    # Up to 3,200 g/s between samples, at seconds since 1970 that a double holds to 1.2e-7: 4e-4 g.
    np.testing.assert_allclose(got.uniform(), expected, atol=1e-3)


def test_samples_of_16_bits_with_a_gyroscope(tmp_path) -> None:
    raw = rng.integers(-32768, 32768, (2, 40, 6))
    data = header()
    for i in range(2):
        light = 4 << 13 | 2 << 10 | 99  # 8 g, 2000 degrees a second
        at = datetime(2021, 12, 31, 23, 59, 59) if i == 0 else datetime(2022, 1, 1)
        data += block(raw[i].astype("<i2").tobytes(), 40, 0x62, i, at, light=light, offset=0 if i == 0 else 60)
    got = read_cwa(write(tmp_path, data), dtype=np.float64)
    both = raw.reshape(80, 6).T
    np.testing.assert_array_equal(got.acc, both[3:] / 4096)
    np.testing.assert_allclose(got.gyro, both[:3] * (2000 / 32768))
    assert got.light.tolist() == [99, 99]
    # The second block's whole second is at its sample 60: it begins 0.4 s behind the first.
    np.testing.assert_allclose(got.time, np.arange(80) / 100, atol=1e-6)


def test_a_missing_block_is_a_gap(tmp_path) -> None:
    data, expected = recording(6, skip=2)
    got = read_cwa(write(tmp_path, data))
    np.testing.assert_allclose(got.gaps, [[1.99, 3.0]], atol=1e-6)
    grid = got.uniform(100)
    assert grid.shape == (3, 600)
    assert np.isnan(grid[:, 200:300]).all()
    assert np.isfinite(np.delete(grid, np.s_[200:300], axis=1)).all()
    np.testing.assert_allclose(grid[:, 300:], expected[:, 200:], atol=2e-3)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: b"", r"the file ends within the header \(byte 0\)"),
        (lambda d: d[:700], r"the file ends within the header \(byte 700\)"),
        (lambda d: b"XY" + d[2:], r"this is no .cwa file \(byte 0\)"),
        (lambda d: d[:2] + b"\xff\xff" + d[4:], r"the header's length is not 1020 \(byte 2\)"),
        (lambda d: d[:-7], r"the file ends within a block \(byte 2,553\); check=False"),
        (lambda d: d[:1024] + b"BX" + d[1026:], r"no block begins here \(byte 1,024\)"),
        (lambda d: d[:1600] + b"\x55" + d[1601:], r"checksum is wrong \(byte 2,046\)"),
        (lambda d: reseal(d, 1, 28, b"\xff\x7f"), r"more samples than it has room for \(byte 1,564\)"),
        (lambda d: reseal(d, 0, 28, b"\x79\x00"), r"more samples than it has room for \(byte 1,052\)"),
        (lambda d: reseal(d, 0, 14, b"\xff\xff\xff\xff"), r"time is no date \(byte 1,038\)"),
        (lambda d: reseal(d, 1, 24, b"\x4b"), r"the rate is not that of the first block \(byte 1,560\)"),
        (lambda d: reseal(d, 1, 24, b"\x00"), r"tells no rate"),
        (lambda d: reseal(d, 0, 25, b"\x31"), r"neither packed nor of 16 bits \(byte 1,049\)"),
        (lambda d: reseal(d, 0, 25, b"\x40"), r"a number of axes that no device has \(byte 1,049\)"),
        (lambda d: reseal(d, 0, 2, b"\x00\x00"), r"length is not 508 \(byte 1,026\)"),
        (lambda d: d[:1536] + d[2048:2560] + d[1536:2048], "the clock goes back"),
    ],
)
def test_what_is_broken_is_told_with_its_byte(tmp_path, damage, message) -> None:
    data, _ = recording()
    with pytest.raises(ValueError, match=message):
        read_cwa(write(tmp_path, damage(data)))


def reseal(data: bytes, i: int, at: int, value: bytes) -> bytes:
    begin = 1024 + 512 * i
    b = data[begin : begin + 512]
    return data[:begin] + sealed(b[:at] + value + b[at + len(value) :]) + data[begin + 512 :]


def test_broken_blocks_are_left_out_if_asked(tmp_path) -> None:
    data, expected = recording(4)
    data = data[:1700] + b"\x55\x56" + data[1702:] + b"\xff" * 512 + b"AX and no more"
    got = read_cwa(write(tmp_path, data), check=False)
    assert got.bad_blocks == 2
    np.testing.assert_array_equal(got.acc, np.delete(expected, np.s_[100:200], axis=1))
    assert len(got.gaps) == 1
    with pytest.raises(ValueError, match=r"no \.cwa file"):
        read_cwa(write(tmp_path, b"nothing of the kind" * 99), check=False)


def test_a_recording_without_blocks_is_empty(tmp_path) -> None:
    got = read_cwa(write(tmp_path, header()))
    assert got.acc.shape == (3, 0)
    assert got.duration_s == 0
    assert got.uniform().shape == (3, 0)


def by_the_format(data: bytes) -> np.ndarray:
    """Packed blocks, bit by bit as the format's description says."""
    out = []
    for begin in range(1024, len(data), 512):
        (n,) = struct.unpack("<H", data[begin + 28 : begin + 30])
        for word in struct.unpack(f"<{n}I", data[begin + 30 : begin + 30 + 4 * n]):
            bits = f"{word:032b}"
            signed = [int(bits[k : k + 10], 2) - (1024 if bits[k] == "1" else 0) for k in (22, 12, 2)]
            out.append([v * 2 ** int(bits[:2], 2) / 256 for v in signed])
    return np.array(out).T


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_file(), reason="the recording of an AX3 is not in $MAREY_DATA")
def test_a_real_recording() -> None:
    got = read_cwa(REAL, dtype=np.float64)
    np.testing.assert_array_equal(got.acc, by_the_format(REAL.read_bytes()))
    assert got.acc.shape == (3, 145 * 120)
    assert len(got.gaps) == 0
    # Its clock runs a little off the nominal rate, and never back.
    assert (np.diff(got.time) > 0).all()
    assert got.acc.shape[1] / got.duration_s == pytest.approx(got.fs, rel=0.07)
    # It lies still for most of three minutes, and then feels gravity alone.
    assert np.median(np.linalg.norm(got.acc, axis=0)) == pytest.approx(1, abs=0.06)
    assert 10 < got.temperature.mean() < 40


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_file(), reason="the recording of an AX3 is not in $MAREY_DATA")
@pytest.mark.parametrize("fs", [30, 40, 50, 80, 100])
def test_counts_of_a_real_recording_are_those_of_agcounts(fs) -> None:
    from marey.actigraphy import counts

    expected = json.loads(Path(__file__).with_name("counts_oracle.json").read_text())["counts"][str(fs)]
    acc = read_cwa(REAL, dtype=np.float64).uniform(fs)
    told = counts(acc, fs, 10)
    assert told.sum() > 0
    assert told.tolist() == expected


@pytest.mark.data
@pytest.mark.skipif(not REAL.is_file(), reason="the recording of an AX3 is not in $MAREY_DATA")
def test_counts_of_a_real_recording_equal_those_that_agcounts_tells_now() -> None:
    extract = pytest.importorskip("agcounts.extract", reason="agcounts is not installed")
    from marey.actigraphy import counts

    acc = read_cwa(REAL, dtype=np.float64).uniform(100)
    told = counts(acc, 100, 10)
    np.testing.assert_array_equal(told, extract.get_counts(acc.T, 100, 10).T)

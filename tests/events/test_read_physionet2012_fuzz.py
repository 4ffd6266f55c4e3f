"""The reader on bytes nobody meant: it raises ``ValueError``, or accounts for every row of what it gives."""

from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from marey.events import Events, read_physionet2012

TEXTS = [
    "Time,Parameter,Value\n00:00,RecordID,1\n00:00,Age,54\n00:00,Weight,-1\n00:07,HR,73\n23:59,Temp,3.66e+01\n",
    "Time,Parameter,Value\r\n00:00,RecordID,2\r\n00:00,ICUType,4\r\n48:00,Urine,-0.5\r\n01:00,Weight,80",
]

pieces = st.one_of(
    st.sampled_from(
        [b"\n", b"\r\n", b",", b":", b"00:00", b"HR", b"Weight", b"RecordID", b"-1", b"1e39", b"\0", b"\xff"]
    ),
    st.binary(max_size=4),
)
lines = st.lists(pieces, max_size=40).map(b"".join)


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """``data`` with up to six spans replaced, dropped or repeated."""
    for _ in range(draw(st.integers(0, 6))):
        a, b = sorted(draw(st.tuples(st.integers(0, len(data)), st.integers(0, len(data)))))
        b = min(b, a + draw(st.sampled_from([0, 1, 8, 512, len(data)])))
        data = data[:a] + draw(st.one_of(pieces, st.just(data[a:b] * 2))) + data[b:]
    return data


def rows_present(text: bytes) -> int:
    """Lines that are neither blank nor the header, counted apart from the reader."""
    present = [line for line in text.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.removesuffix(b"\r")]
    return len(present) - (bool(present) and present[0].removesuffix(b"\r") == b"Time,Parameter,Value")


def archive(texts: list[bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for i, text in enumerate(texts, 1):
            info = tarfile.TarInfo(f"set-a/{i}.txt")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
    return raw.getvalue()


def read(data: bytes, errors: str) -> Events | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "set-a.tar"
        path.write_bytes(data)
        try:
            return read_physionet2012(path, outcomes=False, errors=errors)  # type: ignore[arg-type]
        except ValueError:
            return None


def check_account(ev: Events, strict: Events | None) -> None:
    report = ev.report
    assert report is not None
    accepted = report.rows - report.rows_skipped
    descriptors = accepted - len(ev.time)
    known = len(ev) + sum(int((~np.isnan(column)).sum()) for column in ev.statics.values())
    assert known <= descriptors <= 6 * len(ev)  # a descriptor of -1 is a row too, but shows as NaN
    assert report.stays_skipped == report.files - len(ev)
    assert bool(report.skipped) == bool(report.rows_skipped or report.stays_skipped or strict is None)
    assert (strict is None) == bool(report.skipped)
    if strict is not None:
        assert strict.equals(ev)


@given(st.tuples(mutated(TEXTS[0].encode()), st.one_of(mutated(TEXTS[1].encode()), lines)))
def test_mutated_texts_are_refused_or_accounted_for(texts: tuple[bytes, bytes]) -> None:
    data = archive(list(texts))
    ev = read(data, "skip")
    assert ev is not None
    assert ev.report is not None
    assert ev.report.rows == sum(map(rows_present, texts))
    check_account(ev, read(data, "raise"))


@given(mutated(archive([text.encode() for text in TEXTS])))
def test_mutated_archives_are_refused_or_accounted_for(data: bytes) -> None:
    ev = read(data, "skip")
    strict = read(data, "raise")
    if ev is None:
        assert strict is None
    else:
        check_account(ev, strict)


@given(st.integers(0, 2), st.data())
def test_mutated_gzips_are_refused_or_accounted_for(level: int, data: st.DataObject) -> None:
    import gzip

    mangled = data.draw(mutated(gzip.compress(archive([text.encode() for text in TEXTS]), level, mtime=0)))
    ev = read(mangled, "skip")
    if ev is not None:
        check_account(ev, read(mangled, "raise"))

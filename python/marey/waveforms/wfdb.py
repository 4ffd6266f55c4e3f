"""Records of PhysioNet's WFDB: header, samples of formats 16, 212 and 80, annotations."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from marey._runtime import native
from marey.waveforms.record import SYMBOLS, Annotations, Record, lead_index

__all__ = ["iter_wfdb", "read_wfdb"]

_LARGEST_FRAME = 1 << 20  # samples, as in the C++ reader
_RESOLUTION = "## time resolution: "


def read_wfdb(
    path: str | os.PathLike[str],
    *,
    leads: Sequence[str | int] | None = None,
    start: int = 0,
    stop: int | None = None,
    annotator: str | None = "atr",
    dtype: Any = np.float64,
    smooth: bool = True,
    check: bool = True,
) -> Record:
    """Reads a WFDB record: its header, signals in physical units, and annotations.

    Parameters
    ----------
    path
        The record, with or without ``.hea``: ``"mitdb/100"``. Signal files lie beside the header.
    leads
        Signals to give, by name or number, in this order; by default all.
    start, stop
        Frames to give, as a slice counts; by default all. Only their bytes are read.
    annotator
        Extension of the annotation file. Where there is none ``annotations`` is ``None``; ``None`` looks for none.
        With ``start`` or ``stop``, the marks in between.
    dtype
        float64 or float32.
    smooth
        Where a signal has several samples in a frame, whether to give their mean (of those that are not missing), so
        that all signals have one rate; otherwise ``signals`` is a tuple of arrays, each at its own rate.
    check
        Whether the checksum of each signal is compared, when all of it is read.

    Returns
    -------
    Record
        ``signals`` is ``(n_signals, T)``. A sample that the recorder marked as missing is NaN.

    Raises
    ------
    ValueError
        If the header, the samples or the annotations are malformed or shorter than the header says, with file and byte;
        if a checksum differs; if a signal has another format, or the record has several segments.
    FileNotFoundError
        If the header or a signal file is not there.

    Notes
    -----
    The header is believed only where the files bear it out: memory is taken for what lies on disk. A signal's skew is
    undone: its first samples are left out, its last are NaN. Source: Moody GB, WFDB Applications Guide, header(5),
    signal(5) and annot(5).

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "demo.hea").write_text("demo 1 100 4\\ndemo.dat 16 200/mV 16 0 0 600 0 II\\n")
    >>> np.array([0, 100, 200, 300], "<i2").tofile(folder / "demo.dat")
    >>> record = read_wfdb(folder / "demo")
    >>> record
    Record('demo', 0.04 s at 100 Hz: II [mV])
    >>> record["II"]
    array([0. , 0.5, 1. , 1.5])
    """
    layout = _Layout(path)
    begin, end, step = slice(start, stop).indices(layout.frames)
    del step
    chosen = range(len(layout.signals)) if leads is None else [lead_index(layout.leads, lead) for lead in leads]
    annotations = layout.annotations(annotator)
    whole = begin == 0 and end == layout.frames
    if annotations is not None and not whole:
        annotations = annotations.between(begin, end)
    return layout.record(begin, max(begin, end), list(chosen), dtype, smooth, check and whole, annotations)


def iter_wfdb(
    path: str | os.PathLike[str],
    *,
    chunk_s: float = 60.0,
    leads: Sequence[str | int] | None = None,
    annotator: str | None = "atr",
    dtype: Any = np.float64,
    smooth: bool = True,
) -> Iterator[Record]:
    """Reads a WFDB record piece by piece, in constant memory; the pieces joined are what ``read_wfdb`` gives.

    Parameters
    ----------
    path, leads, annotator, dtype, smooth
        As in `read_wfdb`. Annotations, which are few, are read at once.
    chunk_s
        Length of a piece in seconds; the last may be shorter.

    Yields
    ------
    Record
        With the annotations of its own frames, counted from the record's first; ``start`` tells its first frame.

    Raises
    ------
    ValueError, FileNotFoundError
        As `read_wfdb`, checksums apart.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "demo.hea").write_text("demo 1 100 4\\ndemo.dat 16 200/mV\\n")
    >>> np.array([0, 100, 200, 300], "<i2").tofile(folder / "demo.dat")
    >>> [piece.signals.tolist() for piece in iter_wfdb(folder / "demo", chunk_s=0.03)]
    [[[0.0, 0.5, 1.0]], [[1.5]]]
    """
    layout = _Layout(path)
    size = int(chunk_s * layout.fs) if chunk_s * layout.fs >= 1 else 0
    if size < 1:
        raise ValueError(f"`chunk_s` is {chunk_s}; expected at least one frame, {1 / layout.fs:g} s")
    chosen = range(len(layout.signals)) if leads is None else [lead_index(layout.leads, lead) for lead in leads]
    marks = layout.annotations(annotator)
    for begin in range(0, layout.frames, size):
        end = min(begin + size, layout.frames)
        inside = None if marks is None else marks.between(begin, end)
        yield layout.record(begin, end, list(chosen), dtype, smooth, False, inside)


class _Layout:
    """Where the samples of a record lie, as its header says and its files bear out."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        path = Path(path)
        self.path = path if path.suffix == ".hea" else path.with_name(path.name + ".hea")
        header = native.core().wfdb_header(self.path.read_bytes())
        if header["problem"] is not None:
            text, offset = header["problem"]
            raise ValueError(f"{self.path}: {text} (byte {offset:,})")
        self.fs: float = header["fs"]
        self.header = header
        self.signals: list[dict[str, Any]] = header["signals"]
        self.leads = tuple(s["description"] or f"signal {i}" for i, s in enumerate(self.signals))
        # A file's signals stand together in the header and are interleaved in it.
        numbered = groupby(range(len(self.signals)), key=lambda i: self.signals[i]["file"])
        self.groups = [(file, list(members)) for file, members in numbered]
        if len({file for file, _ in self.groups}) < len(self.groups):
            raise ValueError(f"{self.path}: the signals of a file do not stand together")
        fits = [self._frames_in(file, members) for file, members in self.groups]
        told: int = header["frames"]
        self.frames = told if told >= 0 else min((frames for frames, _ in fits), default=0)
        for (file, _), (frames, size) in zip(self.groups, fits, strict=True):
            if frames < self.frames:
                raise ValueError(
                    f"{self.path.with_name(file)} ends at byte {size:,} with {frames:,} whole frames; "
                    f"{self.path.name} says {self.frames:,}"
                )
        if not self.signals and told > 0:
            self.frames = 0

    def _frames_in(self, file: str, members: list[int]) -> tuple[int, int]:
        first = self.signals[members[0]]
        if not file or file in ("-", "~") or file != os.path.basename(file):
            raise ValueError(f"{self.path}: {file!r} is no name of a file beside it")
        for i in members:
            for field in ("format", "byte_offset"):
                if self.signals[i][field] != first[field]:
                    raise ValueError(f"{self.path}: the signals of {file} differ in {field.replace('_', ' ')}")
        per_frame = sum(self.signals[i]["per_frame"] for i in members)
        if per_frame > _LARGEST_FRAME:
            raise ValueError(f"{self.path}: a frame of {file} has {per_frame:,} samples; at most {_LARGEST_FRAME:,}")
        size = self.path.with_name(file).stat().st_size
        left = max(0, size - first["byte_offset"])
        samples = {16: left // 2, 80: left, 212: left // 3 * 2 + left % 3 // 2}[first["format"]]
        return samples // per_frame, size

    def record(
        self,
        begin: int,
        end: int,
        chosen: list[int],
        dtype: Any,
        smooth: bool,
        check: bool,
        annotations: Annotations | None,
    ) -> Record:
        dtype = np.dtype(dtype)
        if dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
            raise TypeError(f"`dtype` is {dtype}; expected float32 or float64")
        read: dict[int, Any] = {}
        for file, members in self.groups:
            if set(members) & set(chosen):
                read |= self._read(file, members, begin, end, dtype, smooth, check)
        signals: Any = tuple(read[i] for i in chosen)
        if smooth:
            signals = np.stack(signals) if signals else np.empty((0, end - begin), dtype)
        return Record(
            name=self.header["name"],
            fs=self.fs,
            signals=signals,
            leads=tuple(self.leads[i] for i in chosen),
            units=tuple(self.signals[i]["units"] for i in chosen),
            rates=tuple(self.signals[i]["per_frame"] for i in chosen),
            start=begin,
            annotations=annotations,
            comments=tuple(self.header["comments"]),
            started=self.header["start"],
        )

    def _read(
        self, file: str, members: list[int], begin: int, end: int, dtype: Any, smooth: bool, check: bool
    ) -> dict[int, Any]:
        of = [self.signals[i] for i in members]
        per_frame = sum(s["per_frame"] for s in of)
        reach = min(self.frames, end + max(s["skew"] for s in of))
        first, last = begin * per_frame, reach * per_frame
        form = of[0]["format"]
        at = {16: 2 * first, 80: first, 212: first // 2 * 3}[form]
        to = {16: 2 * last, 80: last, 212: last // 2 * 3 + last % 2 * 2}[form]
        with open(self.path.with_name(file), "rb") as stream:
            stream.seek(of[0]["byte_offset"] + at)
            data = stream.read(max(0, to - at))
        columns = [[s[name] for s in of] for name in ("per_frame", "gain", "baseline")]
        arrays, sums = native.core().wfdb_decode(
            data, form, *columns, first, reach - begin, not smooth, dtype == np.float32
        )
        out = {}
        for i, s, values, total in zip(members, of, arrays, sums.tolist(), strict=True):
            if check and s["checksum"] is not None and (total - s["checksum"]) % 65536 != 0:
                raise ValueError(
                    f"{self.path.with_name(file)}: the samples of {self.leads[i]!r} sum to {total % 65536}, not to the "
                    f"checksum {s['checksum'] % 65536} of {self.path.name}; check=False reads them all the same"
                )
            rate = 1 if smooth else s["per_frame"]
            shifted = values[min(s["skew"] * rate, len(values)) :][: (end - begin) * rate]
            short = (end - begin) * rate - len(shifted)
            out[i] = np.concatenate([shifted, np.full(short, np.nan, dtype)]) if short else shifted
        return out

    def annotations(self, annotator: str | None) -> Annotations | None:
        if annotator is None:
            return None
        path = self.path.with_suffix(f".{annotator}")
        if not path.is_file():
            return None
        parsed = native.core().wfdb_annotations(path.read_bytes())
        if parsed["problem"] is not None:
            text, offset = parsed["problem"]
            raise ValueError(f"{path}: {text} (byte {offset:,})")
        sample, code, aux = parsed["sample"], parsed["code"], parsed["aux"]
        # Newer files begin with a note of the clock that their times are counted by.
        scaled = len(sample) > 0 and sample[0] == 0 and aux[0].startswith(_RESOLUTION)
        if scaled:
            try:
                clock = float(aux[0][len(_RESOLUTION) :].strip(" \0"))
            except ValueError:
                clock = 0.0
            if not 0 < clock < np.inf:
                raise ValueError(f"{path}: {aux[0]!r} tells no clock")
            sample = np.rint(sample * (self.fs / clock)).astype(np.int64)
        rest = slice(int(scaled), None)
        return Annotations(
            sample[rest],
            tuple(SYMBOLS.get(c, f"[{c}]") for c in code[rest].tolist()),
            code[rest],
            parsed["subtype"][rest],
            parsed["channel"][rest],
            parsed["number"][rest],
            tuple(text.rstrip("\0") for text in aux[rest]),
            annotator,
        )

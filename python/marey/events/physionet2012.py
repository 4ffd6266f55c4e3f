"""The PhysioNet/CinC Challenge 2012: 48 h of intensive care, one text file a stay."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from marey._runtime import native
from marey._runtime.threads import get_num_threads
from marey.events._outcomes import find_outcomes, read_outcomes
from marey.events.events import Events
from marey.events.report import ReadReport, Skipped

__all__ = ["read_physionet2012"]

_STAY_NAME = re.compile(r"([0-9]{1,18})\.txt")
_LARGEST_ARCHIVE = 1 << 32  # bytes once gunzipped; the sets of the challenge have 3.1e7


def read_physionet2012(
    path: str | os.PathLike[str],
    *,
    outcomes: str | os.PathLike[str] | Literal[False] | None = None,
    errors: Literal["raise", "skip"] = "raise",
    threads: int | None = None,
) -> Events:
    """Reads a set of the PhysioNet/CinC Challenge 2012.

    Parameters
    ----------
    path
        The folder of the ``NNNNNN.txt`` files, or the archive ``set-a.tar.gz`` (or ``.tar``) that holds them.
    outcomes
        The outcomes file; by default ``Outcomes-a.txt`` for ``set-a``, inside the folder or beside ``path``.
        ``False`` reads no outcomes and leaves ``labels`` empty.
    errors
        ``"raise"``: a malformed row or file is a ``ValueError``. ``"skip"``: it is left out, counted and listed in
        ``report``.
    threads
        At most so many threads parse; by default, and at most, ``marey.get_num_threads()``. The result is the same.

    Returns
    -------
    Events
        Stays by ascending ``subject_id``; ``time`` in hours since admission, ``value`` in the units of the challenge,
        ``vocab`` its 37 variables whether they occur or not. ``statics``: Age (years), Gender (0 female, 1 male),
        Height (cm), ICUType (1 to 4), Weight (kg) as float32, NaN where unknown. ``labels``: in_hospital_death (int8);
        saps_i, sofa, length_of_stay (days), survival (days) as int32, where -1 is unknown, and in survival no recorded
        death. ``report`` accounts for every row.

    Raises
    ------
    ValueError
        If a row or file is malformed (the message has file, line and text) or a stay has no outcome, unless skipped;
        if the archive cannot be unpacked, or holds no stay.
    FileNotFoundError
        If ``path`` or the outcomes file is not there.

    Notes
    -----
    Values are as written: no physiological limits are applied, and rows that repeat a time are kept. Only ``-1`` of a
    descriptor and of ``Weight`` becomes NaN. The first ``Weight`` at 00:00 is the descriptor, the others are events.

    References
    ----------
    Silva I, Moody G, Scott DJ, Celi LA, Mark RG. Predicting in-hospital mortality of ICU patients: the PhysioNet/
    Computing in Cardiology Challenge 2012. Comput Cardiol 2012;39:245-248.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> rows = ["Time,Parameter,Value", "00:00,RecordID,132539", "00:00,Age,54", "00:07,HR,73", "00:37,HR,77"]
    >>> _ = (folder / "132539.txt").write_text("\\n".join(rows))
    >>> ev = read_physionet2012(folder, outcomes=False)
    >>> ev.select(codes=["HR"]).value.tolist(), ev.statics["Age"].tolist()
    ([73.0, 77.0], [54.0])
    """
    if errors not in ("raise", "skip"):
        raise ValueError(f"`errors` is {errors!r}; expected 'raise' or 'skip'")
    threads = get_num_threads() if threads is None else threads
    if threads < 1:
        raise ValueError(f"`threads` is {threads}; expected at least 1")
    path = Path(path)
    names, texts, ignored, skipped = _folder(path) if path.is_dir() else _archive(path)
    if not names:
        raise ValueError("\n".join([f"{path} holds no stay, a file named NNNNNN.txt", *map(str, skipped)]))

    ids = [_id_in_name(name) for name in names]
    parsed = native.core().read_physionet2012(texts, ids, threads)
    skipped += [Skipped(names[file], line, text, reason) for file, line, text, reason in parsed["skipped"]]
    keep = np.ones(len(parsed["subject_id"]), bool)
    labels: dict[str, Any] = {}
    unused = 0
    if outcomes is not False:
        table = read_outcomes(find_outcomes(path) if outcomes is None else Path(outcomes))
        skipped += table.skipped
        labels, keep, unused = table.join(parsed["subject_id"])
        without = [names[file] for file in parsed["file"][~keep]]
        skipped += [Skipped(name, 0, "", f"the stay has no usable row in {table.name}") for name in without]
    if skipped and errors == "raise":
        more = f" ({len(skipped) - 1:,} more like this)" if len(skipped) > 1 else ""
        raise ValueError(f"{skipped[0]}{more}; errors='skip' leaves such rows out and counts them")

    rows_skipped = parsed["rows_skipped"]
    lost = parsed["file"][~keep]
    rows_skipped[lost] = parsed["rows"][lost]
    report = ReadReport(
        files=len(names),
        rows=int(parsed["rows"].sum()),
        rows_skipped=int(rows_skipped.sum()),
        stays_skipped=len(names) - int(keep.sum()),
        skipped=tuple(skipped),
        ignored=tuple(ignored),
        outcomes_unused=unused,
    )
    events = Events(
        **{name: parsed[name] for name in ("subject_id", "offsets", "time", "code", "value", "statics")},
        vocab=native.core().physionet2012_variables,
        labels=labels,
        source=path.name,
        report=report,
    )
    return events if keep.all() else events[keep]


_Found = tuple[list[str], Sequence[bytes | memoryview], list[str], list[Skipped]]


def _id_in_name(name: str) -> int:
    match = _STAY_NAME.fullmatch(name.rpartition("/")[2])
    return int(match[1]) if match else -1


def _folder(path: Path) -> _Found:
    files = sorted(entry.name for entry in os.scandir(path) if entry.is_file())
    names = [name for name in files if _id_in_name(name) >= 0]
    texts = [(path / name).read_bytes() for name in names]
    return names, texts, [name for name in files if _id_in_name(name) < 0], []


def _archive(path: Path) -> _Found:
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = _gunzip(path, data)
    members, offset, problem = native.core().list_tar(data)
    view = memoryview(data)
    names, texts, ignored, skipped = [], [], [], []
    for name, kind, begin, size in members:
        if kind == "5":
            continue
        if _id_in_name(name) < 0:
            ignored.append(name)
        elif kind != "0":
            skipped.append(Skipped(name, 0, "", f"the archive holds it as type {kind!r}, not as a regular file"))
        else:
            names.append(name)
            texts.append(view[begin : begin + size])
    if problem:
        skipped.append(Skipped(path.name, 0, "", f"{problem} (byte {offset:,})"))
    return names, texts, ignored, skipped


def _gunzip(path: Path, data: bytes) -> bytes:
    parts = []
    room = _LARGEST_ARCHIVE
    while data:
        gunzip = zlib.decompressobj(wbits=31)
        try:
            parts.append(gunzip.decompress(data, room))
        except zlib.error as error:
            raise ValueError(f"{path} cannot be gunzipped: {error}") from error
        room -= len(parts[-1])
        if not gunzip.eof:
            why = "it is cut off" if room > 0 else f"it holds more than {_LARGEST_ARCHIVE:,} bytes"
            raise ValueError(f"{path} cannot be gunzipped: {why}")
        data = gunzip.unused_data.lstrip(b"\0")
    return parts[0] if len(parts) == 1 else b"".join(parts)

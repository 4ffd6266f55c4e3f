"""The stays of the study: from a folder, from the cache, from PhysioNet, or, without a network, made ones."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from marey.events import Events, read_physionet2012
from marey.study.p12.download import download
from marey.study.p12.errors import DataError, NoNetwork
from marey.study.p12.synthetic import synthetic_stays

__all__ = ["STAYS", "URL", "DataSource", "cache_folder", "locate"]

URL = "https://physionet.org/files/challenge-2012/1.0.0/"
STAYS = 4000
"""Stays in each set of the challenge."""

_SETS = ("a", "b", "c")
_SYNTHETIC = {"train": (420, 100_001), "test": (280, 200_001)}  # stays, first id


@dataclass(frozen=True)
class DataSource:
    """The stays to train on and to test on.

    Attributes
    ----------
    kind : "files" or "synthetic"
    train, test : Events
    note : str
        Where they came from, for the reader of the report.
    """

    kind: Literal["files", "synthetic"]
    train: Events
    test: Events
    note: str


def locate(
    data: str | os.PathLike[str] | None = None,
    *,
    train: str = "a",
    test: str = "b",
    seed: int = 0,
    threads: int | None = None,
    url: str = URL,
    stays: int = STAYS,
    say: Callable[[str], None] | None = None,
) -> DataSource:
    """The stays of two sets of the PhysioNet/CinC Challenge 2012.

    Looked for in `data`; else in ``$MAREY_DATA``; else in the user's cache, into which the official files are
    downloaded (13 MB a pair; an interrupted download continues). Only where the server cannot be reached, made
    stays stand in, and `kind` and `note` say so.

    Parameters
    ----------
    data : path or "synthetic", optional
        A folder with ``set-a.tar.gz`` (or the folder ``set-a``) and ``Outcomes-a.txt``, directly or in its folder
        ``physionet2012``. "synthetic" asks for made stays.
    train, test : "a", "b" or "c"
    seed : int
        Of made stays.
    threads : int, optional
        For reading.
    url : str
        Where the official files are.
    stays : int
        Stays that a complete set has.
    say : callable, optional
        Takes lines for the user; by default they go to standard error.

    Raises
    ------
    DataError
        If a folder was named and does not hold both sets whole: every stay readable and with its outcome; or if the
        server answers without delivering them.

    References
    ----------
    Silva I, Moody G, Scott DJ, Celi LA, Mark RG. Predicting in-hospital mortality of ICU patients: the PhysioNet/
    Computing in Cardiology Challenge 2012. Comput Cardiol 2012;39:245-248. Data: ODC Attribution 1.0.
    """
    say = say or (lambda line: print(line, file=sys.stderr, flush=True))
    train, test = _letter("train", train), _letter("test", test)
    if train == test:
        raise DataError(f"`train` and `test` are both set {train}; a model is not tested on what it learned from")
    if data is not None and os.fspath(data) == "synthetic":
        return _synthetic("as asked for", seed, say)
    given = data if data is not None else os.environ.get("MAREY_DATA") or None
    if given is not None:
        origin, name = ("the given folder", "--data") if data is not None else ("$MAREY_DATA",) * 2
        folder = _folder(Path(given).expanduser(), (train, test), name)
    else:
        folder, origin = cache_folder() / "physionet2012", "the cache"
        try:
            _complete_cache(folder, (train, test), url, say)
        except NoNetwork as error:
            return _synthetic(str(error), seed, say)
    note = (
        f"PhysioNet/CinC Challenge 2012: set {train.upper()} to learn from, set {test.upper()} to test, from {origin}"
    )
    first, second = (_read(folder, letter, stays, threads) for letter in (train, test))
    return DataSource("files", first, second, note)


def cache_folder() -> Path:
    """Where marey keeps what it downloads: ``$XDG_CACHE_HOME/marey``, by default ``~/.cache/marey``."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The XDG specification: a relative path is invalid and is to be ignored.
    return (given if given.is_absolute() else Path.home() / ".cache") / "marey"


def _letter(name: str, value: str) -> str:
    letter = value.lower().removeprefix("set-")
    if letter not in _SETS:
        raise DataError(f"`{name}` is {value!r}; expected one of {', '.join(_SETS)}")
    return letter


def _stays_in(folder: Path, letter: str) -> Path | None:
    candidates = (folder / f"set-{letter}.tar.gz", folder / f"set-{letter}.tar", folder / f"set-{letter}")
    return next((path for path in candidates if path.exists()), None)


def _folder(root: Path, letters: tuple[str, ...], name: str) -> Path:
    if not root.is_dir():
        raise DataError(f"{name}: {root} is not a folder")
    holds = [f for f in (root, root / "physionet2012") if any(_stays_in(f, x) for x in letters)]
    if not holds:
        raise DataError(
            f"{name}: {root} has neither set-{letters[0]}.tar.gz nor physionet2012/set-{letters[0]}.tar.gz; "
            f"without {name} the official files are downloaded"
        )
    for letter in letters:
        if _stays_in(holds[0], letter) is None:
            raise DataError(f"{name}: {holds[0]} has no set-{letter}.tar.gz")
        if not (holds[0] / f"Outcomes-{letter}.txt").is_file():
            raise DataError(f"{name}: {holds[0]} has no Outcomes-{letter}.txt")
    return holds[0]


def _complete_cache(folder: Path, letters: tuple[str, ...], url: str, say: Callable[[str], None]) -> None:
    checks = {f"set-{x}.tar.gz": _check_archive for x in letters}
    checks |= {f"Outcomes-{x}.txt": _check_outcomes for x in letters}
    missing = {name: check for name, check in checks.items() if not (folder / name).exists()}
    if missing:
        say(f"Downloading {', '.join(missing)} from {url}")
    for position, (name, check) in enumerate(missing.items()):
        try:
            download(url + name, folder / name, check=check, progress=_Progress(name))
        except NoNetwork as error:
            if position == 0:
                raise
            raise DataError(f"the network went away: {error}; run again to continue") from error


def _check_archive(path: Path) -> None:
    try:
        with gzip.open(path) as stream:
            while stream.read(1 << 20):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"what came is not a whole gzip archive ({error})") from error


def _check_outcomes(path: Path) -> None:
    with path.open("rb") as file:
        if not file.readline().startswith(b"RecordID,"):
            raise ValueError("what came is not a table of outcomes (its first line does not begin with RecordID)")


def _read(folder: Path, letter: str, stays: int, threads: int | None) -> Events:
    path, outcomes = _stays_in(folder, letter), folder / f"Outcomes-{letter}.txt"
    assert path is not None
    try:
        events = read_physionet2012(path, outcomes=outcomes, threads=threads)
    except (ValueError, OSError) as error:
        raise DataError(f"set {letter.upper()} is refused: {error} (in {folder})") from error
    if len(events) != stays:
        raise DataError(f"set {letter.upper()} is refused: {path} has {len(events):,} stays; expected {stays:,}")
    return events


def _synthetic(reason: str, seed: int, say: Callable[[str], None]) -> DataSource:
    note = f"SYNTHETIC stays, made by a random generator: {reason}. Nothing here says anything about patients."
    bar = "!" * 78
    say("\n".join((bar, note, "For real stays: --data DIR, or a network to download them.", bar)))
    train, test = (synthetic_stays(n, seed=seed, first_id=first) for n, first in _SYNTHETIC.values())
    return DataSource("synthetic", train, test, note)


class _Progress:
    """A line on a terminal that rewrites itself; nothing where standard error is a file."""

    def __init__(self, name: str) -> None:
        self.name, self.shown = name, -1

    def __call__(self, done: int, total: int | None) -> None:
        if not sys.stderr.isatty():
            return
        percent = 100 * done // total if total else done >> 18
        if percent != self.shown:
            self.shown = percent
            of = f" of {total / 1e6:.1f} MB" if total else " MB"
            end = "\n" if done == total else ""
            print(f"\r  {self.name}: {done / 1e6:.1f}{of}", end=end, file=sys.stderr, flush=True)

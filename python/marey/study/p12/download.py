"""One file over HTTP: resumed where it stopped, checked before it is given its name."""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from marey.study.p12.errors import DataError, NoNetwork

__all__ = ["download"]

_CHUNK = 1 << 16
_PASSING = {408, 425, 429, 500, 502, 503, 504}


class _Again(Exception):
    """This attempt failed in a way that the next one may not."""


def download(
    url: str,
    target: Path,
    *,
    check: Callable[[Path], None],
    progress: Callable[[int, int | None], None] = lambda done, total: None,
    attempts: int = 5,
    timeout_s: float = 30.0,
    pause_s: float = 1.0,
) -> None:
    """Fetches `url` into `target`; what was fetched before an interruption is kept in `target` + ``.part``.

    The part is continued by a Range request, but only if the server confirms (If-Range) that the file is still the
    same; otherwise it starts anew. `target` appears only when it is whole and `check` has passed.

    Parameters
    ----------
    check
        Raises `ValueError` if the file at the given path is not what was wanted. The file is then fetched anew.
    progress
        Called with the bytes so far and the total, None where the server does not tell.
    attempts, timeout_s, pause_s
        Tries, seconds without a byte before a try ends, and the pause before the second try, which then doubles.

    Raises
    ------
    NoNetwork
        If the server never answered.
    DataError
        If it answered, but not with the file: the message tells what came and what to do.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part, tag = target.with_name(target.name + ".part"), target.with_name(target.name + ".part.tag")
    answered = False
    for attempt in range(attempts):
        if attempt:
            time.sleep(pause_s * 2 ** (attempt - 1))
        try:
            with urllib.request.urlopen(_request(url, part, tag), timeout=timeout_s) as response:
                answered = True
                _receive(response, part, tag, progress)
            _checked(part, tag, check)
            part.replace(target)
            tag.unlink(missing_ok=True)
            return
        except urllib.error.HTTPError as error:
            answered = True
            error.close()
            if error.code == 416:  # the part is as long as the file, or longer: it cannot be this file's beginning
                _discard(part, tag)
            elif error.code not in _PASSING:
                raise DataError(f"{url} answered {error.code} {error.reason}") from error
            reason = f"it answered {error.code} {error.reason}"
        except urllib.error.URLError as error:
            if not answered:
                raise NoNetwork(f"{urlsplit(url).netloc} cannot be reached ({error.reason})") from error
            reason = str(error.reason)
        except (_Again, OSError, http.client.HTTPException) as error:
            if not answered:
                raise NoNetwork(f"{urlsplit(url).netloc} cannot be reached ({error})") from error
            reason = str(error) or type(error).__name__
    kept = f"; {part.stat().st_size:,} bytes are kept, run again to continue" if part.exists() else ""
    raise DataError(f"{url} could not be downloaded in {attempts} attempts: {reason}{kept}")


def _request(url: str, part: Path, tag: Path) -> urllib.request.Request:
    request = urllib.request.Request(url, headers={"User-Agent": "marey"})
    have = part.stat().st_size if part.exists() else 0
    if have and tag.exists():
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", tag.read_text())
    else:
        _discard(part, tag)
    return request


def _receive(
    response: http.client.HTTPResponse, part: Path, tag: Path, progress: Callable[[int, int | None], None]
) -> None:
    have = part.stat().st_size if part.exists() else 0
    if response.status == 206:
        place = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        if not place or int(place[1]) != have:
            _discard(part, tag)
            raise _Again("the server sent another part than was asked for")
        total: int | None = int(place[2])
    else:
        _discard(part, tag)
        have, total = 0, int(response.headers["Content-Length"]) if "Content-Length" in response.headers else None
        validator = response.headers.get("ETag") or ""
        if not validator or validator.startswith("W/"):  # If-Range takes strong validators only
            validator = response.headers.get("Last-Modified") or ""
        if validator and response.headers.get("Accept-Ranges") != "none":
            tag.write_text(validator)
    with part.open("ab") as file:
        while chunk := response.read(_CHUNK):
            file.write(chunk)
            have += len(chunk)
            progress(have, total)
    if total is not None and have != total:
        if have > total:
            _discard(part, tag)
        raise _Again(f"it ended after {have:,} of {total:,} bytes")


def _checked(part: Path, tag: Path, check: Callable[[Path], None]) -> None:
    try:
        check(part)
    except ValueError as error:
        _discard(part, tag)
        raise _Again(str(error)) from error


def _discard(part: Path, tag: Path) -> None:
    part.unlink(missing_ok=True)
    tag.unlink(missing_ok=True)

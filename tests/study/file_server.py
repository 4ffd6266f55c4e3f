"""A file server on this machine that misbehaves on request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FileServer:
    """Serves `files`; `faults[name]` is a list of what to do instead, one entry for each next request.

    A fault is a status code, ("cut", n): close after n bytes of the body, ("body", bytes): other content,
    ("place", text): a Content-Range that lies, or "ok".
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[Any]] = {}
        self.ranges = True
        self.validators = True
        self.lengths = True
        self.etag = '"1"'
        self.requests: list[tuple[str, str | None, int]] = []
        self.url = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        name = handler.path.lstrip("/")
        asked = handler.headers.get("Range")
        fault = self.faults[name].pop(0) if self.faults.get(name) else "ok"
        if isinstance(fault, int) or name not in self.files:
            self._head(handler, name, asked, fault if isinstance(fault, int) else 404, {"Content-Length": "0"})
            return
        body = fault[1] if fault[0] == "body" else self.files[name]
        status, headers, start = 200, {}, 0
        same = handler.headers.get("If-Range") in (None, self.etag)
        if self.validators:
            headers["ETag"] = self.etag
        if asked and self.ranges and same:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(body):
                self._head(handler, name, asked, 416, {"Content-Range": f"bytes */{len(body)}", "Content-Length": "0"})
                return
            status, headers["Content-Range"] = 206, f"bytes {start}-{len(body) - 1}/{len(body)}"
        if fault[0] == "place":
            headers["Content-Range"] = fault[1]
        body = body[start:]
        if self.lengths:
            headers["Content-Length"] = str(len(body))
        self._head(handler, name, asked, status, headers)
        handler.wfile.write(body[: fault[1]] if fault[0] == "cut" else body)

    def _head(
        self, handler: BaseHTTPRequestHandler, name: str, asked: str | None, status: int, headers: dict[str, str]
    ) -> None:
        self.requests.append((name, asked, status))
        handler.send_response(status)
        for key, value in headers.items():
            handler.send_header(key, value)
        handler.end_headers()


@contextmanager
def serving() -> Iterator[FileServer]:
    files = FileServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            files.answer(self)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        files.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield files
        finally:
            server.shutdown()
            thread.join()

"""Writes the seed corpus of fuzz_wfdb into a folder: python seeds_wfdb.py FOLDER."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

HEADER = b"""# by hand
100 3 360/360(0) 1000 17:27:45 15/08/1994
100.dat 212x4:4+512 12.84(-1605)/mmHg 12 0 -943 -23651 0 ABP
100.dat 16 200
100.dat 80 0
# 69 M
"""


def annotations() -> bytes:
    words = [28 << 10 | 18, 63 << 10 | 2, 0x4E28, 59 << 10, 1, 2, 1 << 10 | 77, 60 << 10 | 3, 61 << 10 | 1, 62 << 10, 0]
    return struct.pack(f"<{len(words)}H", *words)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "header").write_bytes(b"\0" + HEADER)
    for form in range(3):
        (folder / f"samples-{form}").write_bytes(b"\1" + bytes([form, 2, 1, 8]) + bytes(range(64)))
    (folder / "annotations").write_bytes(b"\2" + annotations())


if __name__ == "__main__":
    main()

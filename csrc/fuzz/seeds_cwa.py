"""Writes the seed corpus of fuzz_cwa into a folder: python seeds_cwa.py FOLDER."""

from __future__ import annotations

import struct
import sys
from pathlib import Path


def block(sequence: int, layout: int, samples: int, fraction: int = 0xA010) -> bytes:
    date = 10 << 26 | 12 << 22 | 22 << 17 | 13 << 12 | 7 << 6 | sequence
    told = (508, fraction, 26, sequence, date, 0x8D1B, 258, 1, 190, 74, layout, 9, samples)
    head = struct.pack("<2sHHIIIHHBBBBhH", b"AX", *told)
    body = head + bytes(i % 251 for i in range(480))
    total = sum(struct.unpack("<255H", body)) & 0xFFFF
    return body + struct.pack("<H", -total & 0xFFFF)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    header = struct.pack("<2sH", b"MD", 1020) + bytes(32) + b"\x4a" + bytes(27) + b"_p=wrist&_sc=26".ljust(960)
    for name, layout, samples in (("packed", 0x30, 120), ("three", 0x32, 80), ("six", 0x62, 40), ("nine", 0x92, 26)):
        blocks = b"".join(block(i, layout, samples) for i in range(2))
        (folder / name).write_bytes(b"\1" + header + blocks)
        (folder / f"{name}-lenient").write_bytes(b"\3" + header + blocks + b"\xff" * 512 + b"AX")


if __name__ == "__main__":
    main()

"""Writes the seed corpus of fuzz_physionet2012 into a folder: python seeds_physionet2012.py FOLDER."""

from __future__ import annotations

import io
import sys
import tarfile
from pathlib import Path

HEAD = "Time,Parameter,Value\n00:00,RecordID,{id}\n00:00,Age,54\n00:00,Gender,-1\n00:00,Height,162.6\n00:00,ICUType,4\n"
TEXTS = [
    HEAD.format(id=1) + "00:00,Weight,80\n00:00,Weight,79\n00:07,HR,73\n00:37,pH,7.4\n48:00,AST,1.422e+04\n",
    (HEAD.format(id=2) + "02:00,HR,1\n01:00,MechVent,1\n00:60,HR,1\n00:00,Age,3\n").replace("\n", "\r\n"),
    "\ufeff" + HEAD.format(id=1) + "\n00:07,,73\n00:07,HR,nan\n00:07,HR,1e99\n00:07,HR,73,\n9999:59,Urine,-0.5",
]


def archive(format: int) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=format) as tar:
        for i, text in enumerate(TEXTS):
            info = tarfile.TarInfo(
                "./set-a/" + ("x" * 120 + "/") * (i == 1 and format != tarfile.USTAR_FORMAT) + f"{i}.txt"
            )
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return raw.getvalue()[:8192]


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    texts = [text.encode() for text in TEXTS]
    (folder / "texts").write_bytes(b"\0" + b"\xfe".join(texts))
    for i, text in enumerate(texts):
        (folder / f"text-{i}").write_bytes(b"\0" + text)
    for name, format in (("ustar", tarfile.USTAR_FORMAT), ("gnu", tarfile.GNU_FORMAT), ("pax", tarfile.PAX_FORMAT)):
        (folder / name).write_bytes(b"\1" + archive(format))


if __name__ == "__main__":
    main()

"""Draws the pictures of real recordings: python docs/signal_figures.py DATA, the folder that has mitdb."""

import sys
from pathlib import Path

from marey.ecg import report
from marey.waveforms import read_wfdb

OUT = Path(__file__).parent / "_static"


def main(data: Path) -> None:
    report(read_wfdb(data / "mitdb/100")).plot(OUT / "ecg-100.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

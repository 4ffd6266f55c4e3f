"""Runs the benchmarks and prints one table: each case, each contender, how many times marey's time it takes.

python benchmarks/compare.py                  all of them
python benchmarks/compare.py scan             one domain
python benchmarks/compare.py -k decay_scan    what pytest's -k selects
python benchmarks/compare.py --save           also keep the rows in results/<machine>.json
python benchmarks/compare.py --show           print what is kept there, run nothing
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from contenders import copy_bandwidth
from rows import baseline, duration

HERE = Path(__file__).parent
PEERS = ("numpy", "scipy", "torch", "numba", "pandas", "pyarrow", "scikit-learn", "moocore", "pymoo")
PEERS += ("statsmodels", "simdkalman", "torch-kf", "philtorch")
PEERS += ("igraph", "networkit", "leidenalg", "rustworkx", "ortools", "lapx", "hnswlib")
PEERS += ("diffrax", "heyoka", "jax", "numbalsoda")
PEERS += ("dtaidistance", "aeon", "pysdtw", "tslearn", "stumpy")
PEERS += ("astropy", "neurokit2", "nifty-ls", "sleepecg", "wfdb")
PEERS += ("antropy", "agcounts", "tsfresh", "pycatch22")


def run(paths: list[str], select: str | None) -> list[dict[str, Any]]:
    """One row a benchmark, as pytest-benchmark measured it."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pytest", "-q", "--benchmark-only", "--benchmark-quiet", "-p", "no:randomly"]
        command += ["-o", "python_files=bench_*.py", "-o", "addopts=", "-m", "not gpu", "--rootdir", str(HERE.parent)]
        command += ["-o", f"pythonpath={HERE}"]
        command += [f"--benchmark-json={report}", *(["-k", select] if select else []), *paths]
        status = subprocess.run(command, check=False).returncode
        if status != 0:
            print(f"compare: pytest ended with {status}; rows of failed benchmarks are missing", file=sys.stderr)
        return [row_of(entry) for entry in json.loads(report.read_text())["benchmarks"]] if report.exists() else []


def row_of(entry: dict[str, Any]) -> dict[str, Any]:
    extra = entry["extra_info"]
    scale = extra.get("scale", 1)  # of a peer so slow that it was timed on a part of the case
    tail = re.search(r"([^-\[\]]+)\]$", entry["name"])
    return {
        "domain": Path(entry["fullname"].partition("::")[0]).parent.name,
        "case": entry["group"] or entry["name"],
        "contender": extra.get("contender") or (tail.group(1) if tail else entry["name"]),
        "median_s": entry["stats"]["median"] * scale,
        "min_s": entry["stats"]["min"] * scale,
        "timer": entry["options"]["timer"],
        **{name: value for name, value in extra.items() if name != "contender"},
    }


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    from marey._runtime.doctor import diagnose

    facts = diagnose()
    versions = {}
    for name in PEERS:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "processor": facts["processor"],
        "core": facts["C++ core"],
        "python": platform.python_version(),
        "system": platform.system(),
        "load": os.getloadavg()[0],
        "copy_bytes_per_s": copy_bandwidth(),
        "versions": versions,
    }


def table(rows: list[dict[str, Any]], bandwidth: float) -> str:
    """Cases in the order of the run; within a case marey first, then its peers by time. A ratio under 1 is a loss."""
    lines = [f"{'case':<52} {'contender':<28} {'median':>11} {'/ marey':>8} {'of copy':>8}"]
    for case in dict.fromkeys(row["case"] for row in rows):
        group = [row for row in rows if row["case"] == case]
        for row in sorted(group, key=lambda r: (not r["contender"].startswith("marey"), r["median_s"])):
            ratio = row["median_s"] / baseline(row, group)
            mark = " <" if ratio < 1 and not row["contender"].startswith("marey") else ""
            share = f"{row['moved'] / row['median_s'] / bandwidth:8.0%}" if row.get("moved") else " " * 8
            lines.append(
                f"{case:<52} {row['contender']:<28} {duration(row['median_s']):>11} {ratio:>7.2f}x {share}{mark}"
            )
            case = ""
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", help="domains (folders beside this file) or files; all if left out")
    parser.add_argument("-k", dest="select", help="as pytest's -k")
    parser.add_argument("--save", action="store_true", help="keep the rows in results/<machine>.json")
    parser.add_argument("--show", action="store_true", help="print the rows kept there, run nothing")
    options = parser.parse_args()
    paths = [p if Path(p).exists() else str(HERE / p) for p in options.paths] or [str(HERE)]
    if options.show:
        for path in sorted((HERE / "results").glob("*.json")):
            kept = json.loads(path.read_text())
            domains = [Path(p).name for p in paths] if options.paths else None
            show(kept["machine"], [row for row in kept["rows"] if domains is None or row["domain"] in domains])
        return
    about = machine()
    rows = run(paths, options.select)
    show(about, rows)
    if options.save:
        print(f"written: {keep(about, rows)}")


def show(about: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    copy = f"copy {about['copy_bytes_per_s'] / 1e9:.1f} GB/s"
    print(f"\n{about['processor']}; {about['core']}; {copy}; load {about['load']:.1f}")
    print("  ".join(f"{name} {v}" for name, v in about["versions"].items()), end="\n\n")
    print(table(rows, about["copy_bytes_per_s"]))
    print("\n'/ marey': the time over marey's best on as many threads; under 1 (marked <) marey loses.")
    print("'of copy': the least bytes to read and write over the copy bandwidth.")


def keep(about: dict[str, Any], rows: list[dict[str, Any]]) -> Path:
    """Writes rows to this machine's file; those of other cases stay there."""
    name = re.sub(r"[^a-z0-9]+", "-", about["processor"].lower()).strip("-")
    path = HERE / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    kept = json.loads(path.read_text()) if path.exists() else {"machine": {"versions": {}}, "rows": []}
    before = kept["rows"]
    # A peer that made kept rows may not be installed for these.
    about = {**about, "versions": {**kept["machine"]["versions"], **about["versions"]}}
    fresh = {(row["domain"], row["case"]) for row in rows}
    rows = [row for row in before if (row["domain"], row["case"]) not in fresh] + rows
    rows.sort(key=lambda row: row["domain"])
    path.write_text(json.dumps({"machine": about, "rows": rows}, indent=1) + "\n")
    return path


if __name__ == "__main__":
    main()

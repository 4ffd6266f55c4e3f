"""One command for a machine with a GPU: build, run every gpu test and benchmark, write results/<device>.json.

It needs no Rust, no network and no virtual environment: only this Python with torch, pytest, pytest-benchmark, cmake,
ninja, pybind11 and scikit-build-core in it, and an nvcc. The package is built into build/gpu/site.

python benchmarks/gpu_check.py                  everything
python benchmarks/gpu_check.py --without-gpu    build and collect on a machine that has none
python benchmarks/gpu_check.py --sanitize       also one pass of the operations' tests under compute-sanitizer
python benchmarks/gpu_check.py --built          with the package that is in build/gpu/site already
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "gpu"
SITE = BUILD / "site"
BUILD_NEEDS = {"scikit_build_core": "scikit-build-core", "pybind11": "pybind11", "torch": "torch", "numpy": "numpy"}
PYTEST = [sys.executable, "-m", "pytest", "-q", "-ra", "-m", "gpu", "-p", "no:cacheprovider", "--no-showlocals"]
PYTEST += ["-o", "filterwarnings=default", "--continue-on-collection-errors"]  # the plugins here are not ours


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without-gpu", action="store_true", help="a machine without a GPU is no failure")
    parser.add_argument("--sanitize", action="store_true", help="run compute-sanitizer as well")
    parser.add_argument("--built", action="store_true", help="use build/gpu/site as it is")
    options = parser.parse_args()

    missing = [name for module, name in BUILD_NEEDS.items() if importlib.util.find_spec(module) is None]
    if missing:
        print(f"gpu-check: this Python lacks {', '.join(missing)}: {sys.executable}")
        return 2
    device = find_device()
    print(f"gpu-check: {device['name'] or 'no CUDA GPU'}, torch {version('torch')}", flush=True)
    begin = time.monotonic()
    if not (is_built() if options.built else build(device)):
        return 2
    seconds = {"build": time.monotonic() - begin}

    parallel = importlib.util.find_spec("xdist") is not None
    workers = ["-n", str(min(8, os.cpu_count() or 1)), "--dist", "worksteal"] if parallel else []
    tests = run_pytest("tests", [*workers, str(ROOT / "tests")], limit_s=240)
    seconds["tests"] = tests.pop("seconds")
    if options.sanitize:
        tests["sanitizer"] = sanitize()
    report = BUILD / "rows.json"
    report.unlink(missing_ok=True)
    files = ["-o", "python_files=bench_*.py", "-o", "addopts=", "-o", f"pythonpath={ROOT / 'benchmarks'}"]
    benchmarks = run_pytest("benchmarks", [*files, f"--gpu-report={report}", str(ROOT / "benchmarks")], limit_s=200)
    seconds["benchmarks"] = benchmarks.pop("seconds")

    failed = tests["failed"] + benchmarks["failed"] + len(tests["uncollected"]) + len(benchmarks["uncollected"])
    failed += tests.get("sanitizer", "clean") != "clean"
    print(f"gpu-check: tests {tests}")
    print(f"gpu-check: benchmarks {benchmarks}; seconds { ({k: round(v) for k, v in seconds.items()}) }")
    if device["name"] is None:
        print("gpu-check: no CUDA GPU: built and collected, nothing was run or measured")
        return 0 if options.without_gpu and not failed else 1
    measured = json.loads(report.read_text()) if report.exists() else {"copy_bytes_per_s": None, "rows": []}
    path = write_results(device, tests, benchmarks, seconds, measured)
    print(table(measured))
    print(f"gpu-check: written: {path.relative_to(ROOT)}")
    return 1 if failed else 0


def find_device() -> dict[str, Any]:
    """The GPU, in a process of its own, so that this one holds no context."""
    code = (
        "import json, torch\n"
        "p = torch.cuda.get_device_properties(0) if torch.cuda.is_available() else None\n"
        "print(json.dumps({'name': p and p.name, 'capability': p and [p.major, p.minor],"
        " 'multiprocessors': p and p.multi_processor_count, 'memory': p and p.total_memory,"
        " 'cuda': torch.version.cuda}))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return found


def build(device: dict[str, Any]) -> bool:
    architecture = "{}{}-real".format(*device["capability"]) if device["capability"] else "90-real"
    shutil.rmtree(SITE, ignore_errors=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-build-isolation", "--no-deps"]
    command += ["--target", str(SITE), "-C", f"build-dir={BUILD / 'cmake'}", "-C", "cmake.define.MAREY_RUST=OFF"]
    command += ["-C", f"cmake.define.CMAKE_CUDA_ARCHITECTURES={architecture}", str(ROOT)]
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment.setdefault("CMAKE_BUILD_PARALLEL_LEVEL", str(min(16, os.cpu_count() or 1)))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    (BUILD / "build.log").write_text(done.stdout + done.stderr)
    if done.returncode != 0:
        print("gpu-check: the build failed (all of it in build/gpu/build.log):")
        print("\n".join((done.stdout + done.stderr).splitlines()[-60:]))
        return False
    return is_built()


def is_built() -> bool:
    if not (SITE / "marey" / "_torch_cuda.so").exists():
        print("gpu-check: no CUDA kernels were built: no nvcc? (set CUDACXX or CUDA_HOME)")
        return False
    return True


def environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(SITE), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path}


def run_pytest(what: str, arguments: list[str], limit_s: float) -> dict[str, Any]:
    """Counts, and the files that pytest could not import."""
    junit = BUILD / f"{what}.xml"
    junit.unlink(missing_ok=True)
    begin = time.monotonic()
    command = [*PYTEST, f"--junit-xml={junit}", "--rootdir", str(ROOT), *arguments]
    try:
        status = subprocess.run(command, env=environment(), cwd=ROOT, timeout=limit_s, check=False).returncode
    except subprocess.TimeoutExpired:
        status = 124
    counts: dict[str, Any] = {"passed": 0, "failed": 0, "skipped": 0, "uncollected": []}
    for case in ElementTree.parse(junit).iter("testcase") if junit.exists() else ():
        error, failure, skipped = (case.find(tag) is not None for tag in ("error", "failure", "skipped"))
        if error and not case.get("classname"):  # a file that did not import
            counts["uncollected"].append(case.get("name"))
        else:
            counts["failed" if error or failure else "skipped" if skipped else "passed"] += 1
    # A file without a gpu test may need what this machine lacks.
    counts["passed_over"] = [name for name in counts["uncollected"] if not has_gpu_tests(name)]
    counts["uncollected"] = [name for name in counts["uncollected"] if has_gpu_tests(name)]
    if status == 124:
        counts["cut_short_after_s"] = limit_s
    if status not in (0, 1, 2, 5) or (status in (1, 2) and not counts["failed"] and not counts["passed_over"]):
        counts["failed"] += 1
    return counts | {"seconds": time.monotonic() - begin}


def has_gpu_tests(module: str) -> bool:
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    return not path.exists() or "gpu" in path.read_text()


def sanitize() -> str:
    tool = shutil.which("compute-sanitizer")
    if tool is None:
        return "compute-sanitizer is not here"
    for check in ("memcheck", "racecheck"):
        command = [tool, "--tool", check, "--error-exitcode", "9", *PYTEST, "-k", "sanitizer", str(ROOT / "tests/cuda")]
        if subprocess.run(command, env=environment(), cwd=ROOT, check=False).returncode != 0:
            return f"{check} complains"
    return "clean"


def write_results(device: Any, tests: Any, benchmarks: Any, seconds: Any, measured: dict[str, Any]) -> Path:
    names = ("torch", "triton", "numpy", "cupy-cuda13x", "numba", "pytest")
    versions = {"python": platform.python_version()}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    for row in measured["rows"]:
        ours = [r["median_s"] for r in measured["rows"] if r["case"] == row["case"] and r["contender"] == "marey"]
        if ours and "median_s" in row:
            row["times_marey"] = row["median_s"] / ours[0]
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    path = ROOT / "benchmarks" / "results" / (re.sub(r"[^a-z0-9]+", "-", device["name"].lower()).strip("-") + ".json")
    path.parent.mkdir(exist_ok=True)
    facts = {"device": device, "versions": versions, "commit": commit.stdout.strip() or None, "seconds": seconds}
    path.write_text(json.dumps({**facts, "tests": tests, "benchmarks": benchmarks, **measured}, indent=1) + "\n")
    return path


def table(measured: dict[str, Any]) -> str:
    """Cases in the order of the run, marey first."""
    lines = [f"copy {(measured['copy_bytes_per_s'] or 0) / 1e12:.2f} TB/s"]
    lines.append(f"{'case':<52} {'contender':<34} {'median':>10} {'/ marey':>9} {'of copy':>8}")
    for case in dict.fromkeys(row["case"] for row in measured["rows"]):
        for row in sorted((r for r in measured["rows"] if r["case"] == case), key=lambda r: r["contender"] != "marey"):
            if "failed" in row:
                told = row["failed"]
            else:
                ratio = f"{row['times_marey']:8.2f}x" if "times_marey" in row else " " * 9
                told = f"{row['median_s'] * 1e6:7.0f} us {ratio} {row['of_copy']:8.0%}"
            lines.append(f"{case:<52} {row['contender']:<34} {told}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

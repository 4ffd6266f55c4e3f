"""The Sphinx directive ``benchmark-table DOMAIN``: rows of ``benchmarks/results`` as tables, case after case."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
RESULTS = BENCHMARKS / "results"
sys.path.insert(0, str(BENCHMARKS))

from baseline import baseline  # noqa: E402

HEADINGS = ("Case", "Contender", "Threads", "Time", "Over marey's", "Of copy")


def duration(seconds: float) -> str:
    unit, scale = next(((u, s) for u, s in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)) if seconds >= s), ("ns", 1e-9))
    return f"{seconds / scale:.3g} {unit}"


def body(rows: list[dict[str, Any]], bandwidth: float) -> list[tuple[str, ...]]:
    """Lines of a table: within a case marey first, then its peers by time."""
    lines = []
    for case in dict.fromkeys(row["case"] for row in rows):
        group = [row for row in rows if row["case"] == case]
        for row in sorted(group, key=lambda r: (not r["contender"].startswith("marey"), r["median_s"])):
            ours = row["contender"].startswith("marey")
            ratio = row["median_s"] / baseline(row, group)
            over = f"{ratio:.2f}x" + (" (marey loses)" if ratio < 1 and not ours else "")
            share = f"{row['moved'] / row['median_s'] / bandwidth:.0%}" if row.get("moved") else ""
            lines.append((case, row["contender"], str(row.get("threads", "")), duration(row["median_s"]), over, share))
            case = ""
    return lines


def table(lines: list[tuple[str, ...]]) -> nodes.table:
    group = nodes.tgroup(cols=len(HEADINGS))
    group.extend(nodes.colspec(colwidth=width) for width in (40, 24, 8, 10, 14, 8))
    head, rows = nodes.thead(), nodes.tbody()
    for part, cells in ((head, [HEADINGS]), (rows, lines)):
        for line in cells:
            row = nodes.row()
            row.extend(nodes.entry("", nodes.paragraph(text=cell)) for cell in line)
            part += row
    group += [head, rows]
    return nodes.table("", group)


class BenchmarkTable(Directive):
    """One table a machine; a sentence where nothing is kept."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        answer: list[nodes.Node] = []
        for path in sorted(RESULTS.glob("*.json")):
            kept = json.loads(path.read_text())
            machine = kept["machine"]
            rows = [row for row in kept["rows"] if row.get("domain") == self.arguments[0]]
            if rows:
                versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
                about = f"{machine['processor']}; copy {machine['copy_bytes_per_s'] / 1e9:.1f} GB/s; {versions}."
                answer += [nodes.paragraph(text=about), table(body(rows, machine["copy_bytes_per_s"]))]
        return answer or [nodes.paragraph(text="No figures are kept yet.")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("benchmark-table", BenchmarkTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

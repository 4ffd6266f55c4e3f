"""The README's support table, made from the specs: `python docs/support_table.py --write` brings it up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from marey._runtime.specs import OpSpec, all_specs

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- support table: begin -->\n", "<!-- support table: end -->\n"


def row(spec: OpSpec) -> str:
    def yes(backend: str) -> str:
        return "yes" if backend in spec.backends else ""

    gpu = next((layer.upper().replace("TRITON", "Triton") for layer in ("cuda", "triton") if layer in spec.native), "")
    cpu = next((name for layer, name in (("cpp", "C++"), ("rust", "Rust")) if layer in spec.native), "")
    cells = (
        f"[`{spec.name}`](docs/ops/{spec.basename}.md)",
        cpu,
        yes("numpy"),
        yes("torch"),
        yes("compile"),
        gpu if "cuda" in spec.backends else "",
        ", ".join(spec.differentiable),
        "yes" if spec.chunks else "",
    )
    return f"| {' | '.join(cells)} |"


def table() -> str:
    head = ("operation", "native", "NumPy", "torch", "`torch.compile`", "GPU", "gradients", "carried state")
    lines = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head), *map(row, all_specs())]
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    text = with_table(README.read_text())
    if "--write" in sys.argv:
        README.write_text(text)
    else:
        print(table())

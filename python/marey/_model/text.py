"""A traced program as text: equations to read, and C (of CUDA too) to compile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from marey._model.graph import Node, fold, ordered
from marey._model.operations import OPERATIONS

__all__ = ["c_lines", "equations", "expression"]

# How tightly an operation binds, for the least brackets; what is missing here is written as a call.
_BINDS = {"logical_or": 1, "logical_and": 2, "less": 3, "less_equal": 3, "equal": 3}
_BINDS |= {"add": 4, "subtract": 4, "multiply": 5, "divide": 5, "negative": 6, "logical_not": 6, "power": 7}
_SIGN = {"logical_or": "|", "logical_and": "&", "less": "<", "less_equal": "<=", "equal": "=="}
_SIGN |= {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**", "negative": "-"}
_ATOM = 9

Names = Callable[[str, int | None], str]


def number(value: float) -> str:
    text = repr(value)
    return text[:-2] if text.endswith(".0") else text


def plain(name: str, index: int | None) -> str:
    return name if index is None else f"{name}[{index}]"


def expression(node: Node, names: Names = plain) -> str:
    """One line that Python reads."""
    return str(fold([node], _leaf(names), _step)[0][0])


def _leaf(names: Names) -> Callable[[Node], tuple[str, int]]:
    def leaf(node: Node) -> tuple[str, int]:
        if node.op == "input":
            return names(*node.value), _ATOM
        return number(node.value), _ATOM if node.value >= 0 else _BINDS["negative"]

    return leaf


def _step(node: Node, given: list[tuple[str, int]]) -> tuple[str, int]:
    binds = _BINDS.get(node.op)
    if binds is None:
        return f"{node.op}({', '.join(text for text, _ in given)})", _ATOM
    left_open = node.op in ("add", "multiply", "subtract", "divide")  # a - b - c needs no brackets, a - (b - c) does
    parts = []
    for i, (text, inner) in enumerate(given):
        fits = inner > binds or (inner == binds and i == 0 and left_open)
        parts.append(text if fits else f"({text})")
    if len(parts) == 1:
        return f"{'~' if node.op == 'logical_not' else '-'}{parts[0]}", binds
    return f" {_SIGN[node.op]} ".join(parts) if node.op != "power" else "**".join(parts), binds


def equations(outputs: Sequence[Node], targets: Sequence[str], names: Names = plain) -> list[str]:
    """``target = expression`` for each output; what several share stands before them under a name of its own."""
    uses = Counter(x.number for node in ordered(outputs) for x in node.args)
    uses.update(node.number for node in outputs)
    lines: list[str] = []
    texts: dict[int, tuple[str, int]] = {}
    leaf = _leaf(names)
    for node in ordered(outputs):
        if not node.args:
            texts[node.number] = leaf(node)
            continue
        texts[node.number] = _step(node, [texts[x.number] for x in node.args])
        if uses[node.number] > 1 and len(texts[node.number][0]) > 6:
            name = f"_{len(lines) + 1}"
            lines.append(f"{name} = {texts[node.number][0]}")
            texts[node.number] = (name, _ATOM)
    return lines + [f"{target} = {texts[node.number][0]}" for target, node in zip(targets, outputs, strict=True)]


def c_lines(outputs: Sequence[Node], load: Names, store: Callable[[int], str]) -> list[str]:
    """Statements of C, one an operation, in the order of the trace."""
    lines: list[str] = []
    names: dict[int, str] = {}
    for node in ordered(outputs):
        if node.op == "constant":
            names[node.number] = _c_number(node.value)
        elif node.op == "input":
            names[node.number] = f"v{node.number}"
            lines.append(f"const double v{node.number} = {load(*node.value)};")
        else:
            operation = OPERATIONS[node.op]
            kind = "bool" if operation.gives_condition else "double"
            text = operation.c.format(*(names[x.number] for x in node.args))
            names[node.number] = f"v{node.number}"
            lines.append(f"const {kind} v{node.number} = {text};")
    return lines + [f"{store(i)} = {names[node.number]};" for i, node in enumerate(outputs)]


def _c_number(value: float) -> str:
    if value != value:
        return "NAN"
    if abs(value) == float("inf"):
        return "INFINITY" if value > 0 else "(-INFINITY)"
    return value.hex() if value >= 0 else f"({value.hex()})"

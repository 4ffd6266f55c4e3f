"""The variables of a search space."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Bool", "Categorical", "Int", "Permutation", "Real", "Variable"]

Conditions = Mapping[str, Any]


@dataclass(frozen=True)
class Variable:
    """What all variables share: a name, and the values of other variables with which it is active."""

    name: str

    @property
    def conditions(self) -> Conditions:
        """For each deciding variable the value, or the values, with which this one is active."""
        return getattr(self, "active_if", None) or {}

    @property
    def width(self) -> int:
        """Columns in a row of the space."""
        return 1

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise TypeError(f"the name of a variable is {self.name!r}; expected a string")

    def encode(self, value: Any) -> list[float]:
        """The columns of a value."""
        raise NotImplementedError(f"{type(self).__name__} defines no `encode`")

    def decode(self, columns: Any) -> Any:
        """The value of the columns."""
        raise NotImplementedError(f"{type(self).__name__} defines no `decode`")


def _number(owner: Variable, name: str, value: Any) -> float:
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"`{name}` of '{owner.name}' is {value!r}; expected a number")
    if not math.isfinite(value):
        raise ValueError(f"`{name}` of '{owner.name}' is {value}; expected a finite number")
    return float(value)


@dataclass(frozen=True)
class Real(Variable):
    """A real number from `low` to `high`.

    Parameters
    ----------
    name : str
        Its name in decoded points.
    low, high : float
        Its range, ends included.
    log : bool
        Search its logarithm: equal ratios are equal steps. Needs ``low > 0``.
    active_if : mapping, optional
        For each deciding variable, by name, the value or the sequence of values with which this one is active.

    Examples
    --------
    >>> from marey.moo import Real
    >>> Real("lr", 1e-5, 1e-1, log=True)
    Real('lr', 1e-05, 0.1, log=True)
    """

    low: float
    high: float
    log: bool = False
    active_if: Conditions | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = _number(self, "low", self.low), _number(self, "high", self.high)
        if not low < high:
            raise ValueError(f"the range of '{self.name}' is [{low}, {high}]; expected low < high")
        if self.log and low <= 0:
            raise ValueError(f"`low` of '{self.name}' is {low}; expected a positive number with log=True")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def encode(self, value: Any) -> list[float]:
        return [_number(self, "value", value)]

    def decode(self, columns: Any) -> float:
        return float(columns[0])

    def __repr__(self) -> str:
        return f"Real({self.name!r}, {self.low}, {self.high}{', log=True' if self.log else ''})"


@dataclass(frozen=True)
class Int(Variable):
    """An integer from `low` to `high`, both included; otherwise as :class:`Real`.

    Examples
    --------
    >>> from marey.moo import Int
    >>> Int("layers", 1, 8)
    Int('layers', 1, 8)
    """

    low: int
    high: int
    log: bool = False
    active_if: Conditions | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("low", "high"):
            value = _number(self, name, getattr(self, name))
            if value != int(value) or abs(value) > 2**53:
                raise ValueError(f"`{name}` of '{self.name}' is {value}; expected an integer of at most 2^53")
            object.__setattr__(self, name, int(value))
        if self.low > self.high:
            raise ValueError(f"the range of '{self.name}' is [{self.low}, {self.high}]; expected low <= high")
        if self.log and self.low <= 0:
            raise ValueError(f"`low` of '{self.name}' is {self.low}; expected a positive number with log=True")

    def encode(self, value: Any) -> list[float]:
        return [_number(self, "value", value)]

    def decode(self, columns: Any) -> int:
        return int(columns[0])

    def __repr__(self) -> str:
        return f"Int({self.name!r}, {self.low}, {self.high}{', log=True' if self.log else ''})"


@dataclass(frozen=True)
class Categorical(Variable):
    """One of several values without an order. In a row of the space: its index in `choices`.

    Examples
    --------
    >>> from marey.moo import Categorical
    >>> Categorical("act", ["relu", "gelu"])
    Categorical('act', ['relu', 'gelu'])
    """

    choices: Sequence[Any]
    active_if: Conditions | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.choices, str) or len(self.choices) == 0:
            raise ValueError(
                f"`choices` of '{self.name}' is {self.choices!r}; expected a sequence of at least one value"
            )
        object.__setattr__(self, "choices", tuple(self.choices))

    def encode(self, value: Any) -> list[float]:
        for i, choice in enumerate(self.choices):
            # 1 and True are equal, yet not the same choice.
            if choice is value or (type(choice) is type(value) and choice == value):
                return [float(i)]
        raise ValueError(f"'{self.name}' is {value!r}; expected one of {list(self.choices)}")

    def decode(self, columns: Any) -> Any:
        return self.choices[int(columns[0])]

    def __repr__(self) -> str:
        return f"Categorical({self.name!r}, {list(self.choices)})"


@dataclass(frozen=True)
class Bool(Variable):
    """True or False; 1 or 0 in a row of the space.

    Examples
    --------
    >>> from marey.moo import Bool
    >>> Bool("bias")
    Bool('bias')
    """

    active_if: Conditions | None = field(default=None, compare=False)

    def encode(self, value: Any) -> list[float]:
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"'{self.name}' is {value!r}; expected True or False")
        return [float(value)]

    def decode(self, columns: Any) -> bool:
        return bool(columns[0])

    def __repr__(self) -> str:
        return f"Bool({self.name!r})"


@dataclass(frozen=True)
class Permutation(Variable):
    """An order of items; in a row of the space one column for each place, with the item's index.

    Parameters
    ----------
    name : str
        Its name in decoded points.
    items : int or sequence
        The items, or their number n for the items 0 to n - 1.

    Examples
    --------
    >>> from marey.moo import Permutation
    >>> Permutation("route", 20)
    Permutation('route', 20)
    """

    items: Any
    active_if: Conditions | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        items = self.items
        count = isinstance(items, (int, np.integer)) and not isinstance(items, bool)
        if isinstance(items, (str, bool, float)) or (count and items < 1) or (not count and len(items) == 0):
            raise ValueError(
                f"`items` of '{self.name}' is {items!r}; expected a positive integer or a sequence of items"
            )
        object.__setattr__(self, "items", int(items) if count else tuple(items))

    @property
    def width(self) -> int:
        return self.items if isinstance(self.items, int) else len(self.items)

    def encode(self, value: Any) -> list[float]:
        order = list(value)
        if not isinstance(self.items, int):
            order = [self.items.index(item) for item in order]
        if sorted(order) != list(range(self.width)):
            raise ValueError(f"'{self.name}' is {value!r}; expected each item once")
        return [float(i) for i in order]

    def decode(self, columns: Any) -> list[Any]:
        order = [int(i) for i in columns]
        return order if isinstance(self.items, int) else [self.items[i] for i in order]

    def __repr__(self) -> str:
        return f"Permutation({self.name!r}, {self.items if isinstance(self.items, int) else list(self.items)})"

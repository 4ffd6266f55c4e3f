"""Every operation keeps the contract, in every backend that this machine has."""

from __future__ import annotations

import pytest

from marey._runtime.contract import Item, Skipped, plan
from marey._runtime.specs import all_specs

ITEMS = [
    pytest.param(item, id=item.name, marks=[pytest.mark.gpu] if item.backend == "cuda" else [])
    for spec in all_specs()
    for item in plan(spec)
]


@pytest.mark.parametrize("item", ITEMS)
@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:torch.*")
def test_contract(item: Item) -> None:
    try:
        item.run()
    except Skipped as reason:
        pytest.skip(str(reason))

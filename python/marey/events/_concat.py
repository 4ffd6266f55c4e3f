"""``Events.concat``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from marey.events.events import Array, Events

__all__ = ["concat"]


def concat(parts: Sequence[Events]) -> Events:
    parts = list(parts)
    if not parts:
        raise ValueError("`parts` is empty; expected at least one Events")
    vocab = tuple(dict.fromkeys(name for part in parts for name in part.vocab))
    position = {name: i for i, name in enumerate(vocab)}
    code = [np.array([position[name] for name in part.vocab], np.int32)[part.code] for part in parts]
    before = np.cumsum([0] + [len(part.time) for part in parts[:-1]])
    offsets = [np.zeros(1, np.int64)] + [part.offsets[1:] + s for part, s in zip(parts, before, strict=True)]
    kinds = {part.time.dtype for part in parts}
    if len(kinds) > 1:
        raise TypeError(f"`parts` differ in the dtype of `time`: {', '.join(sorted(map(str, kinds)))}")
    return Events(
        subject_id=np.concatenate([part.subject_id for part in parts]),
        offsets=np.concatenate(offsets),
        time=np.concatenate([part.time for part in parts]),
        code=np.concatenate(code),
        value=np.concatenate([part.value for part in parts]),
        vocab=vocab,
        statics=_columns("statics", [part.statics for part in parts]),
        labels=_columns("labels", [part.labels for part in parts]),
        source=" + ".join(dict.fromkeys(part.source for part in parts if part.source)),
    )


def _columns(name: str, parts: list[dict[str, Array]]) -> dict[str, Array]:
    for i, part in enumerate(parts):
        if part.keys() != parts[0].keys():
            raise ValueError(
                f"`parts[{i}]` has {name} {sorted(part)}, `parts[0]` has {sorted(parts[0])}; expected the same"
            )
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}

"""What a search may have found, for tests of the report."""


def _row(channels, auroc, draws, micros, size, bits):
    sizes = {"units": 2, "context": 4, "hidden": 8, "members": 1, "bits": bits}
    costs = {"auroc": auroc, "draws_per_day": draws, "latency_us": micros, "bytes": size}
    return {"channels": channels, **sizes, **costs}


_ROWS = [_row(["GCS", "HR"], 0.74, 0.0, 310.0, 900, 8), _row(["GCS", "HR", "BUN"], 0.8, 1.4, 350.0, 1400, 16)]
FOUND = {
    "seconds": 60.0,
    "evaluated": 700,
    "front": _ROWS,
    "trained": [{**row, "folds": 2} for row in _ROWS],
    "knee": 1,
}

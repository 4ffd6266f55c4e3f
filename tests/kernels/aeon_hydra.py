"""aeon's Hydra features of small series: python tests/kernels/aeon_hydra.py > aeon_hydra.json

Series are whole eighths; weights, put in the place of those that aeon draws, whole 256ths: sums are exact in float32.
The features of the series are kept, those of their differences are not.
"""

import json

import numpy as np
import torch
from aeon.transformations.collection.convolution_based import HydraTransformer


def case(name, shape, groups, seed):
    rng = np.random.default_rng(seed)
    eighths = np.round(8 * rng.normal(size=shape)).astype(int)
    x = (eighths / 8).astype(np.float32)
    transformer = HydraTransformer(n_kernels=8, n_groups=2 * groups, random_state=seed)
    transformer.fit(x)
    inner = transformer._hydra
    weights = np.round(64 * rng.normal(size=inner.W.shape)).astype(int)
    inner.W = torch.tensor(weights / 256, dtype=torch.float32)
    D = len(inner.dilations)
    features = np.asarray(transformer.transform(x), np.float64).reshape(len(x), D, 2, 2, groups * 8)[:, :, 0]
    scale = 10**5
    return {
        "name": name,
        "X": eighths.tolist(),
        "dilations": inner.dilations.tolist(),
        "weights": weights[:, 0].reshape(D, groups, 8, 9).tolist(),
        "features": np.round(features * scale).astype(int).reshape(len(x), -1).tolist(),
        "scale": scale,
    }


if __name__ == "__main__":
    print(json.dumps([case("61 times", (3, 1, 61), 4, 0), case("150 times", (2, 1, 150), 3, 1)], separators=(",", ":")))

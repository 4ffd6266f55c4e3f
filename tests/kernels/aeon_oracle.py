"""aeon's features of small series, with its dilations and channels: python tests/kernels/aeon_oracle.py > aeon.json

Series are whole eighths and biases odd sixteenths, put in the place of those that aeon fits: every sum is exact in
float32, and none equals a bias, so that the answer does not hang on the order of a sum. Values are kept as integers.
"""

import json

import numpy as np
from aeon.transformations.collection.convolution_based import MiniRocket


def case(name, shape, n_kernels, seed):
    rng = np.random.default_rng(seed)
    eighths = np.round(8 * rng.normal(size=shape)).astype(int)
    x = (eighths / 8).astype(np.float32)
    transformer = MiniRocket(n_kernels=n_kernels, random_state=seed)
    transformer.fit(x)
    sizes, index, dilations, counts, biases = transformer.parameters
    sixteenths = (2 * np.round(16 * rng.normal(size=len(biases))) + 1).astype(int)
    transformer.parameters = (sizes, index, dilations, counts, (sixteenths / 16).astype(np.float32))
    features = np.asarray(transformer.transform(x), np.float64)
    scale = 10**7
    made = {
        "name": name,
        "n_features": n_kernels,
        "X": eighths.tolist(),
        "dilations": np.asarray(dilations).tolist(),
        "counts": np.asarray(counts).tolist(),
        "biases": sixteenths.tolist(),
        "features": np.round(features * scale).astype(int).tolist(),
        "scale": scale,
    }
    if shape[1] > 1:
        made["channel_index"] = np.asarray(index).tolist()
        made["channel_offsets"] = [0, *np.cumsum(sizes).tolist()]
    return made


if __name__ == "__main__":
    cases = [
        case("one channel", (4, 1, 61), 500, 0),
        case("many biases a dilation", (2, 1, 24), 1500, 1),
        case("three channels", (3, 3, 50), 400, 2),
    ]
    print(json.dumps(cases, separators=(",", ":")))

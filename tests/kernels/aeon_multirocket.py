"""aeon's MultiRocket features of small series: python tests/kernels/aeon_multirocket.py > aeon_multirocket.json

As in aeon_oracle.py series are whole eighths and biases odd sixteenths. The features of the series are kept, those of
their differences are not.
"""

import json

import numpy as np
from aeon.transformations.collection.convolution_based import MultiRocket


def case(name, shape, n_kernels, seed):
    rng = np.random.default_rng(seed)
    eighths = np.round(8 * rng.normal(size=shape)).astype(int)
    x = (eighths / 8).astype(np.float32)
    transformer = MultiRocket(n_kernels=n_kernels, random_state=seed)
    transformer.fit(x)
    dilations, counts, biases = transformer.parameter
    sixteenths = (2 * np.round(16 * rng.normal(size=len(biases))) + 1).astype(int)
    transformer.parameter = (dilations, counts, (sixteenths / 16).astype(np.float32))
    features = np.asarray(transformer.transform(x), np.float64)[:, : 4 * len(biases)]
    scale = 10**6
    return {
        "name": name,
        "X": eighths.tolist(),
        "dilations": np.asarray(dilations).tolist(),
        "counts": np.asarray(counts).tolist(),
        "biases": sixteenths.tolist(),
        "features": np.round(features * scale).astype(int).tolist(),
        "scale": scale,
    }


if __name__ == "__main__":
    cases = [case("61 times", (3, 1, 61), 250, 0), case("150 times", (2, 1, 150), 250, 1)]
    print(json.dumps(cases, separators=(",", ":")))

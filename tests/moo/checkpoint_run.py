"""A run that a test kills: checkpoint_run.py ALGORITHM THREADS CHECKPOINT. Prints a line after each generation."""

import sys
import time

from algorithm_cases import SINGLE, one, optimizer, two

from marey import moo


def main() -> None:
    name, threads, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    compiled = moo.compiled(one if name in SINGLE else two, 1 if name in SINGLE else 2, 1)

    def callback(run: moo.Optimizer) -> None:
        print(run.generation, flush=True)
        time.sleep(0.01)  # long enough to be killed in

    optimizer(name).minimize(
        compiled,
        evals=8_000,
        threads=threads,
        checkpoint=path,
        checkpoint_s=0.0,
        callback=callback,
        history=[2.0, 2.0] if name not in SINGLE else [4.0],
    )


if __name__ == "__main__":
    main()

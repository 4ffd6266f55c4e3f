"""Draws the pictures of the optimization guide: python docs/optimization_figures.py"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

from marey import moo
from marey.moo import problems

OUT = Path(__file__).parent / "_static"


def run(problem, seed=1, evals=10_000, pop=100, algorithm=moo.NSGA2):
    optimizer = algorithm(problem.space(), n_obj=problem.n_obj, n_con=problem.n_con, pop=pop, seed=seed)
    return optimizer.minimize(problem, evals=evals, progress=False)


def save(ax, name):
    ax.figure.savefig(OUT / f"moo-{name}.png", dpi=80, metadata={"Software": None})
    pyplot.close(ax.figure)


def main():
    zdt3 = problems.ZDT3()
    save(run(zdt3).plot(front=zdt3.front(400)), "front")
    dtlz2 = problems.DTLZ2()
    save(run(dtlz2, algorithm=moo.SMSEMOA, evals=6000).plot(front=dtlz2.front(300)), "space")
    save(run(problems.DTLZ2(n_obj=5), pop=70, algorithm=moo.NSGA3).plot(), "parallel")
    runs = [run(problems.ZDT1(), seed, 4000, 50) for seed in range(11)]
    save(runs[0].plot(runs=runs, levels=[1 / 11, 0.5, 1.0]), "attainment")


if __name__ == "__main__":
    main()

"""simulate: concentrations of many subjects from an event table."""

from __future__ import annotations

from typing import Any

from marey._model.model import Model
from marey._runtime.specs import OpSpec, Tolerance, register
from marey.pk._by_ode import by_ode
from marey.pk._cases import case
from marey.pk._closed import by_closed_form
from marey.pk._params import stacked
from marey.pk.compartments import named
from marey.pk.event_table import EventTable
from marey.pk.published import Published
from marey.reference.simulate import simulate as reference

__all__ = ["simulate"]


def simulate(
    model: Any,
    params: Any,
    events: EventTable,
    t_obs: Any = None,
    *,
    sens: bool = False,
    y0: Any = None,
    **options: Any,
) -> Any:
    r"""Concentrations of N subjects, or all states of a model of one's own, each with its own doses and parameters.

    Parameters
    ----------
    model : str, Model or Published
        A closed form: ``1cmt_iv``, ``1cmt_oral``, ``2cmt_iv``, ``2cmt_oral``, ``3cmt_iv``, ``3cmt_oral``; `parameters`
        lists what each takes. Or a function ``f(t, y, p)`` under `marey.model`, whose state number ``cmt`` (from 1) a
        dose meets, or one of the literature: `friberg`, `simeoni`, `claret`.
    params : (N, p) or (p,) array or tensor, or mapping of names to numbers or (N,)
        In the order of `parameters`: clearances in volume per time, volumes, ``KA`` per time, all > 0. Two more,
        ``F`` (>= 0) and ``LAG`` (>= 0), may follow; they act on the doses into the depot, or on all where there is
        none, beside the table's own. Of a model: any, by name where it has names; `Published` ones have typical values
        for what a mapping leaves out. Float64, or float32 computed in float64.
    events : EventTable
        Doses and resets; subject i of its ``ids`` has row i of ``params``.
    t_obs : (T,) or (N, T), optional
        Times of the outputs, not falling. Left out: the table's rows with ``evid`` 0.
    sens : bool
        Return derivatives by the parameters as well.
    y0 : (N, n) or (n,), or mapping of states to numbers, (N,) or a parameter's name
        Of a model: what its states begin with, at the subject's first row of the table or first output, whichever is
        earlier; states left out begin at zero. A reset gives them back.
    **options
        Of a model: ``method``, ``rtol``, ``atol``, ``first_step``, ``max_step`` and ``max_steps`` of
        `marey.ode.solve`.

    Returns
    -------
    y : (N, T), or (observations,) without ``t_obs``
        Concentration in the central compartment (its amount over its volume), of the kind and dtype of ``params``.
        Of a model instead a `marey.ode.Solution`, whose ``y`` is (N, n, T), or (observations, n), with a status for
        every subject.
    sens : (N, T, p), or (observations, p)
        With ``sens``; of a model in the `Solution`, (N, n, k, T) or (observations, n, k).

    Raises
    ------
    ValueError, TypeError
        If a parameter, a time or a compartment does not fit: it names the argument, the row and the rule.

    Notes
    -----
    With :math:`\lambda_i, c_i` the rates and weights of the model's modes, the amount after a bolus D is
    :math:`D \sum_i c_i e^{-\lambda_i t}`, after an oral dose :math:`D k_a \sum_i c_i (e^{-\lambda_i t} - e^{-k_a t}) /
    (k_a - \lambda_i)`, by its series where the two rates meet. An output at the very time of a dose shows what was
    before it; an observation of the table sees the doses of the rows above it. In torch, gradients reach ``params``.
    A model's steady state is the fixed point of a period, by Newton's method; one that has none fails alone.
    Gibaldi and Perrier, Pharmacokinetics, 2nd ed., 1982, appendix B.

    Examples
    --------
    200 mg by mouth every 12 hours, in two people, at hours 2 and 12 of the steady state:

    >>> import numpy as np
    >>> from marey import pk
    >>> doses = pk.EventTable({"id": [1, 2], "time": [0, 0], "amt": [200, 200], "ii": [12, 12], "ss": [1, 1]})
    >>> people = {"CL": [4.0, 6.0], "V": 40.0, "KA": 1.0}
    >>> pk.simulate("1cmt_oral", people, doses, [2.0, 12.0]).round(2)
    array([[5.76, 2.39],
           [4.42, 1.16]])

    Neutrophils (1e9 per litre) of a typical patient, 0, 7 and 21 days after 180 mg of docetaxel in an hour:

    >>> infusion = pk.EventTable({"id": [1], "time": [0.0], "amt": [222.8], "rate": [222.8]})
    >>> pk.simulate(pk.friberg, {}, infusion, [0.0, 168.0, 504.0]).y[0, -1].round(2)
    array([5.05, 0.92, 6.21])
    """
    if not isinstance(events, EventTable):
        raise TypeError(f"`events` is a {type(events).__name__}; expected a marey.pk.EventTable")
    if isinstance(model, Model | Published):
        return by_ode(model, params, events, t_obs, sens=sens, y0=y0, options=options)
    if not isinstance(model, str):
        raise TypeError(
            f"`model` is a {type(model).__name__}; expected the name of a closed form or a function under marey.model"
        )
    if y0 is not None or options:
        raise TypeError(f"`{next(iter(options), 'y0')}` is for a function under marey.model; {model} is a closed form")
    form = named(model)
    values = stacked(params, form.parameters, {"F": 1.0, "LAG": 0.0})
    return by_closed_form(form, values, events, t_obs, sens)


SPEC = register(
    OpSpec(
        name="pk.simulate",
        function=simulate,
        reference=reference,
        cases=(
            case("1 compartment, by vein", "1cmt_iv", 6, 17, "odd"),
            case("1 compartment, by mouth", "1cmt_oral", 6, 16),
            case("2 compartments, by vein", "2cmt_iv", 6, 11, "odd"),
            case("2 compartments, by mouth", "2cmt_oral", 6, 19, "odd"),
            case("3 compartments, by vein", "3cmt_iv", 6, 13, "odd"),
            case("3 compartments, by mouth, F and LAG", "3cmt_oral", 6, 21, "odd", scaled=True),
            case("one time", "2cmt_oral", 3, 1, "one"),
            case("no times", "2cmt_oral", 3, 0, "empty"),
            case("nobody", "2cmt_oral", 0, 5, "empty"),
            case("not a number", "2cmt_oral", 5, 7, "nan"),
            case("for gradients", "2cmt_oral", 3, 5, "grad", scaled=True),
            case("for gradients, 3 compartments", "3cmt_iv", 3, 4, "grad"),
            case("many people", "2cmt_oral", 1000, 50, "threads"),
            case("20,000 people, 50 times", "2cmt_oral", 20_000, 50, "bench"),
        ),
        backends=frozenset({"numpy", "torch"}),
        native={"cpp": "csrc/src/pk/simulate.kernel.cpp"},
        tolerance={
            "float64": Tolerance(1e-11, 1e-12, "the reference squares matrix exponentials: some hundred roundings"),
            "float32": Tolerance(2e-6, 2e-6, "a result rounded to float32; all between is float64"),
        },
        missing="NaN parameters and times are refused",
        refuses_nan=True,
        differentiable=("params",),
    )
)

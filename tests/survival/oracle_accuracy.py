"""Writes oracle_accuracy.json: what scikit-survival 0.28 and lifelines 0.30 say of oracle.csv, its times told apart.

python oracle_accuracy.py, where both are installed.
"""

import json

import numpy as np
from lifelines import AalenJohansenFitter
from oracle import HERE, TABLE, X
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.metrics import brier_score, cumulative_dynamic_auc, integrated_brier_score
from sksurv.util import Surv

time = TABLE["time"] + np.arange(1, 81) / 1000
event = TABLE["event"] == 1
y, train = Surv.from_arrays(event, time), slice(0, 50)
times = np.quantile(time, np.linspace(0.1, 0.8, 9))
risk = CoxPHSurvivalAnalysis().fit(X, y).predict(X)
survival = np.exp(-np.exp(risk)[:, None] * times / 20)
changing = risk[:, None] + np.sin(np.arange(80)[:, None] * times)
out = {"times": times, "risk": risk}
out["brier"] = brier_score(y, y, survival, times)[1]
out["brier_train"] = brier_score(y[train], y, survival, times)[1]
out["integrated"] = integrated_brier_score(y, y, survival, times)
out["auc"], out["auc_mean"] = cumulative_dynamic_auc(y, y, risk, times)
out["auc_changing"], out["auc_changing_mean"] = cumulative_dynamic_auc(y, y, changing, times)
out["auc_train"], out["auc_train_mean"] = cumulative_dynamic_auc(y[train], y, risk, times)
cause = np.where(event, np.where(TABLE["group"] == 2, 2, 1), 0)
for k in (1, 2):
    fitter = AalenJohansenFitter(calculate_variance=True).fit(time, cause, k)
    out[f"incidence{k}"] = fitter.cumulative_density_.to_numpy()[1:, 0]
    out[f"variance{k}"] = fitter.variance_.to_numpy()[1:]
(HERE / "oracle_accuracy.json").write_text(
    json.dumps({name: np.round(np.asarray(value), 15).tolist() for name, value in out.items()}) + "\n"
)

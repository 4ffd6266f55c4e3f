"""Linear Gaussian state-space models of many series: filter, smoother, likelihood, streams, forecasts."""

from marey.state_space import models as models
from marey.state_space._problem import Estimate as Estimate
from marey.state_space.kalman_filter import kalman_filter as kalman_filter
from marey.state_space.kalman_loglik import kalman_loglik as kalman_loglik
from marey.state_space.kalman_smoother import kalman_smoother as kalman_smoother
from marey.state_space.kalman_step import kalman_step as kalman_step

__all__ = ["Estimate", "kalman_filter", "kalman_loglik", "kalman_smoother", "kalman_step", "models"]

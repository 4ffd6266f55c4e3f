"""Dosing as trials write it: event tables, compartment models in closed form, any model with the same table."""

from marey.pk.compartments import parameters as parameters
from marey.pk.event_table import EventTable as EventTable
from marey.pk.published import Published as Published
from marey.pk.published import claret as claret
from marey.pk.published import friberg as friberg
from marey.pk.published import simeoni as simeoni
from marey.pk.simulate import simulate as simulate

__all__ = ["EventTable", "Published", "claret", "friberg", "parameters", "simeoni", "simulate"]

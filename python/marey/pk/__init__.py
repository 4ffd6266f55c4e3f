"""Dosing as trials write it: event tables and compartment models."""

from marey.pk.compartments import parameters as parameters
from marey.pk.event_table import EventTable as EventTable
from marey.pk.simulate import simulate as simulate

__all__ = ["EventTable", "parameters", "simulate"]

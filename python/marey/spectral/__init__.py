"""Spectra of series whose times are their own."""

from marey.spectral.lomb_scargle import lomb_scargle as lomb_scargle

__all__ = ["lomb_scargle"]

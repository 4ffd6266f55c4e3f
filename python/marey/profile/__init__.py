"""Matrix profiles: for each window of a series the most similar other one; motifs and discords."""

from marey.profile.mass import mass as mass
from marey.profile.matrix_profile import MatrixProfile as MatrixProfile
from marey.profile.matrix_profile import matrix_profile as matrix_profile
from marey.profile.mmatrix_profile import mmatrix_profile as mmatrix_profile
from marey.profile.stream import ProfileStream as ProfileStream

__all__ = ["MatrixProfile", "ProfileStream", "mass", "matrix_profile", "mmatrix_profile"]

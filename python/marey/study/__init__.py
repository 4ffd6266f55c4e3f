"""Whole studies: from raw records to a trained, evaluated, reported model."""

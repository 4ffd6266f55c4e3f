"""In-hospital death from the first 48 hours of intensive care (PhysioNet 2012)."""

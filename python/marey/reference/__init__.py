"""Every operation in plain NumPy float64: slow and obviously right. Documentation, oracle and self-check."""

"""The interpreter alone: programs built by hand from nodes, checked against NumPy and CPython."""

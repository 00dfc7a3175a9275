"""Derivatives of kernels against central differences of their Python functions."""

"""Tests of the operator and builtin tables: one test body, stamped for every row."""

"""The GPU against the CPU interpreter and NumPy: ``python -m benchmarks --help``.

`workload` says what a benchmark is and `workloads/` holds one file for each; `measure` runs them,
`report` and `plot` show what came out, `cli` strings these together.
"""

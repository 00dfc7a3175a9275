"""Five kernels at several sizes, compile, upload, compute and read-back apart.

`workload` says what a benchmark is and `all` lists them; `measure` runs them, `report` and `plot`
show what came out, `cli` strings these together.
"""

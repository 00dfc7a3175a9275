"""The GPU against the CPU interpreter and NumPy: ``python -m benchmarks --help``.

Every folder is a suite, `cli` runs the one that is asked for.  `suites`, `environment` and `timing`
are what the suites share: the list of them and the common options, what times depend on, how runs
are timed.
"""

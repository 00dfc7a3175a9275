"""Does this driver compute what the language promises: ``python -m gpukernel selftest``.

Needs nothing but the core dependencies, so it answers on any machine.  Every row of the tables is
compared with the Python function it stands for, and a few hundred programs with their own Python
functions run cell by cell; the report can be pasted into an issue.
"""

from __future__ import annotations

from gpukernel.selftest.run import run_selftest

__all__ = ["run_selftest"]

"""Which device a launch uses: argument, ``with``, ``use_device``, environment, default."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel

SCRIPT = """
import sys, warnings
{before}
import numpy as np
from gpukernel import kernel, index
import gpukernel as gk

@kernel
def double(a):
    return a[index()] * 2

with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    for _ in range(3):
        result = double(np.array([1, 2]))
        gk.zeros(3)
assert result.tolist() == [2, 4]
print(result.device, len(seen), *(w.category.__name__ for w in seen))
for w in seen:
    print(w.message)
"""
NO_MODERNGL = "sys.modules['moderngl'] = None"


@kernel
def double(a):
    return a[index()] * 2


def run_script(before="", **environment):
    """Run SCRIPT in a new process and return what it printed."""
    given = {k: v for k, v in os.environ.items() if not k.startswith("GPUKERNEL")}
    done = subprocess.run(
        [sys.executable, "-c", f"exec(compile({source(before)!r}, '<script>', 'exec'))"]
        if False
        else [sys.executable, write_script(source(before))],
        env={**given, "PYTHONPATH": os.getcwd(), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done

"""Every rejected program: class, message, hint, line, column and caret."""

from __future__ import annotations

import traceback
import unicodedata
from pathlib import Path

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import errors
from tests.errors.rejected import Rejected, read_message, read_programs

PROGRAMS = list(read_programs())
ARRAYS = {
    "A": np.ones(3, np.float32),
    "B": np.ones((3, 4), np.float32),
    "C": np.ones((2, 3, 4), np.float32),
}
PACKAGE = Path(gk.__file__).parent


def rejection(program: Rejected) -> errors.KernelError:
    """Return the error that the program is rejected with."""
    namespace = {"gk": gk}
    with pytest.raises(errors.KernelError) as caught, gk.device("cpu"):
        made = gk.from_source(program.text, "f", namespace)
        if program.call:
            eval(program.call, {"f": made, **ARRAYS})
    return caught.value


def narrow(source: str, carets: str) -> str:
    """Return a caret line with one mark for each character, as the programs are written."""
    marks, position = "", 0
    for character in source:
        width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        width = 0 if unicodedata.combining(character) else width
        marks += carets[position : position + 1] if width else marks[-1:]
        position += width
    return marks.rstrip()


def test_there_are_many() -> None:
    assert len(PROGRAMS) >= 300
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_rejected(program: Rejected) -> None:
    error = rejection(program)
    assert type(error).__name__ == program.error
    found = read_message(str(error))
    lines = program.text.split("\n")
    for finding in found:
        assert finding.hint
        assert finding.excerpt == lines[finding.line - 1]
        finding.carets = narrow(finding.excerpt, finding.carets)
        finding.excerpt = ""
    assert found == program.findings
    ordered = [(finding.line, finding.column) for finding in found]
    assert ordered == sorted(ordered)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_no_noise(program: Rejected) -> None:
    """The traceback is the user's own: no inner frames, no other exception on the way."""
    error = rejection(program)
    assert error.__context__ is None or error.__suppress_context__
    assert error.__cause__ is None
    frames = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    inner = [path.name for path in frames if PACKAGE in path.parents]
    assert set(inner) <= {"from_source.py", "kernel.py"}
    assert len(inner) <= 3


def test_every_class_is_also_pythons() -> None:
    """Code that catches Python's own exceptions works with kernels."""
    pairs = [
        (errors.KernelSyntaxError, SyntaxError),
        (errors.KernelTypeError, TypeError),
        (errors.KernelNameError, NameError),
        (errors.KernelIndexError, IndexError),
        (errors.KernelShapeError, ValueError),
        (errors.KernelOverflowError, OverflowError),
        (errors.KernelAssertionError, AssertionError),
        (errors.DeviceError, RuntimeError),
    ]
    for kernel_class, python_class in pairs:
        assert issubclass(kernel_class, python_class)
        assert issubclass(kernel_class, errors.KernelError)

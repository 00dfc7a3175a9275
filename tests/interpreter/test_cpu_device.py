"""The cpu device: launches of hand-made programs."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel.ir.nodes import Output
from gpukernel.lang.types import UINT
from gpukernel.runtime.cpu_device import CPUDevice
from gpukernel.runtime.failure import CellFailed
from gpukernel.runtime.stats import COUNTERS
from tests.interpreter.programs import I, J, give, load, op, program, require, uniform


def test_a_launch_fills_every_output() -> None:
    device = CPUDevice()
    values = np.arange(12, dtype=np.uint32).reshape(3, 4)
    outputs = [Output("uint32"), Output("uint8", 2)]
    body = give(op("*", load("a", I, J, kind=UINT), uniform("by", UINT)), op("*", I, 200), -1)
    by = np.uint32(2**31 + 1)
    made = program(2, outputs, body, arrays={"a": values}, uniforms={"by": by})
    executable = device.build(made)
    assert not executable.may_fail
    first = device.allocate((3, 4), np.dtype(np.uint32))
    second = device.allocate((3, 4, 2), np.dtype(np.uint8))
    launches = COUNTERS.snapshot().launches
    executable.launch([device.upload(values)], [int(by)], (3, 4), [first, second])
    assert COUNTERS.snapshot().launches == launches + 1
    np.testing.assert_array_equal(device.download(first), values * by)
    rows = np.repeat([[0], [200], [255]], 4, axis=1)
    np.testing.assert_array_equal(device.download(second), np.stack([rows, 0 * rows], -1))


def test_a_launch_over_nothing_does_nothing() -> None:
    device = CPUDevice()
    executable = device.build(program(2, [Output("int32")], give(I)))
    launches = COUNTERS.snapshot().launches
    executable.launch([], [], (0, 5), [device.allocate((0, 5), np.dtype(np.int32))])
    assert COUNTERS.snapshot().launches == launches


def test_a_failed_check_raises() -> None:
    device = CPUDevice()
    body = [require(op("<", op("+", I, J), 1000), 0, I, J), give(I)]
    executable = device.build(program(2, [Output("int32")], *body, num_failures=1))
    assert executable.may_fail
    out = device.allocate((900, 800), np.dtype(np.int32))
    with pytest.raises(CellFailed) as caught:
        executable.launch([], [], (900, 800), [out])
    failed = caught.value
    assert (failed.cell, failed.failure, failed.values) == ((201, 799), 0, (201, 799))
    small = device.allocate((500, 500), np.dtype(np.int32))
    executable.launch([], [], (500, 500), [small])
    assert (device.download(small) == np.arange(500)[:, None]).all()

"""All workloads by name."""

from __future__ import annotations

from benchmarks.workloads.conv2d import CONV2D
from benchmarks.workloads.elementwise import ELEMENTWISE
from benchmarks.workloads.mandelbrot import MANDELBROT
from benchmarks.workloads.matmul import MATMUL
from benchmarks.workloads.sum_rows import SUM_ROWS
from benchmarks.workloads.workload import Workload

WORKLOADS: dict[str, Workload] = {
    workload.name: workload for workload in (MATMUL, CONV2D, ELEMENTWISE, MANDELBROT, SUM_ROWS)
}

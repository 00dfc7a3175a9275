"""Run a generated program under CPython and on the devices, and say where the results differ."""

from __future__ import annotations

import linecache
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import gpukernel as gk
from gpukernel.codegen import plan
from gpukernel.kernel import Kernel
from gpukernel.lang.random import at_seed
from gpukernel.lang.vectors import as_vector
from gpukernel.passes import tile_choice
from gpukernel.passes.pipeline import OPTIMIZATIONS
from tests.fuzz.domains import Domain, Type, VectorType
from tests.fuzz.program import KERNEL, VECTORIZED, Program

SLACK = 4  # a rough result may be so many times its error bound away from CPython's
KINDS = {"b": 0, "i": 1, "u": 1, "f": 2}  # a result may not be of a smaller kind than CPython's
PYTHON = "CPython"


@dataclass(frozen=True)
class Failure:
    """What went wrong; failures with one ``symptom`` are taken for the same mistake."""

    symptom: tuple[str, ...]
    report: str


def failing(program: Program, devices: Sequence[str]) -> tuple[Program, Failure] | None:
    """Check a program with its own optimisations and with all: return the wrong one, and how."""
    for optimize in (program.optimize, frozenset(OPTIMIZATIONS)):
        version = replace(program, optimize=optimize)
        failure = check(version, devices)
        if failure is not None:
            return version, failure
    return None


def to_blame(program: Program, devices: Sequence[str]) -> list[str]:
    """Return the optimisations of a failing program without any one of which it is right."""
    names = [name for name in OPTIMIZATIONS if name in program.optimize]
    without = [replace(program, optimize=program.optimize - {name}) for name in names]
    return [name for name, version in zip(names, without) if check(version, devices) is None]


@contextmanager
def tiles_everywhere() -> Iterator[None]:
    """Let fragments compute several rows wherever they can, if it gains anything or not."""
    before = plan.MIN_FRAGMENTS, tile_choice.MIN_GAIN, tile_choice.MIN_STEP_GAIN
    plan.MIN_FRAGMENTS, tile_choice.MIN_GAIN, tile_choice.MIN_STEP_GAIN = 1, 0.0, 0.0
    yield
    plan.MIN_FRAGMENTS, tile_choice.MIN_GAIN, tile_choice.MIN_STEP_GAIN = before


def check(program: Program, devices: Sequence[str]) -> Failure | None:
    """Return how the program fails, None where CPython and all devices agree."""
    with tiles_everywhere():
        return _check(program, devices)


def _check(program: Program, devices: Sequence[str]) -> Failure | None:
    text = program.source()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        where = "compiler"
        try:
            kernel = gk.from_source(text, KERNEL, {"gk": gk})
            try:
                where = PYTHON
                expected = python_results(program, kernel)
                results: dict[str, Any] = {}
                stopped: dict[str, str] = {}
                for where in devices:
                    try:
                        results[where] = launched(program, kernel, where)
                    except gk.KernelIndexError as problem:
                        if not program.debug:
                            raise
                        stopped[where] = str(problem)  # debug finds what CPython reads as zero
                if stopped:
                    return compare_stops(stopped, devices)
                return compare(program, expected, results)
            finally:
                linecache.cache.pop(kernel.py_func.__code__.co_filename, None)
        except Exception as problem:  # whatever a generated program brings to light is a finding
            message = re.sub(
                r"`[^`]*`|\d+", "_", str(problem).splitlines()[0] if str(problem) else ""
            )
            message = message.partition("error:")[2] or message
            symptom = (where, type(problem).__name__, message)
            return Failure(symptom, f"{where} raised {type(problem).__name__}: {problem}")


def python_results(program: Program, kernel: Kernel) -> list[Any]:
    """Return what CPython computes for each cell."""
    seed, cells = program.seed, program.sampled or list(np.ndindex(*program.cells))
    if not program.vectorized:
        given = program.arguments
        return [kernel.at(cell, **given, shape=program.grid, seed=seed) for cell in cells]
    results: list[Any] = []
    for number, cell in enumerate(cells):
        given = {n: element(v, cell, program.cells) for n, v in program.arguments.items()}
        with at_seed(seed, number):
            results.append(kernel.py_func(**given))
    return results


def element(value: Any, cell: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """Return what a function of numbers takes of one argument in one cell."""
    if isinstance(value, tuple):
        return as_vector(value)
    if not isinstance(value, np.ndarray):
        return value
    found = np.broadcast_to(value, shape)[cell]
    return found if found.dtype == np.uint32 else found.item()


def launched(program: Program, kernel: Kernel, device: str) -> Any:
    """Return what the program gives on a device."""
    if program.vectorized:
        apply = kernel.py_func.__globals__[VECTORIZED]
        return apply(**program.arguments, seed=program.seed, device=device)
    return kernel(**program.arguments, shape=program.grid, seed=program.seed, device=device)


def compare_stops(stopped: dict[str, str], devices: Sequence[str]) -> Failure | None:
    """Return how the errors of ``debug`` differ between the devices."""
    if len(stopped) == len(devices) and len(set(stopped.values())) == 1:
        return None
    lines = [f"{device}: {stopped.get(device, 'no error')}" for device in devices]
    return Failure(("stop", *sorted(stopped)), "\n".join(lines))


def compare(program: Program, expected: list[Any], results: dict[str, Any]) -> Failure | None:
    """Return the outputs that differ from what CPython computed for each cell."""
    wrong: list[str] = []
    lines: list[str] = []
    several = len(program.results) > 1
    for number, kind in enumerate(program.results):
        wanted = exact_array([_numbers(cell[number] if several else cell) for cell in expected])
        for device, result in results.items():
            found = (result[number] if several else result).numpy()
            if program.sampled:
                found = np.array([found[cell] for cell in program.sampled])
            wanted = as_device(wanted.reshape(found.shape), program.dtype)
            problem = difference(found, wanted, kind)
            if problem is not None:
                wrong.append(device)
                lines.append(f"output {number} on {device}: {problem}")
                lines.append(f"{device}:\n{found!r}\n{PYTHON}:\n{wanted!r}")
    if not wrong and program.sampled:
        return compare_devices(program, results)
    if not wrong:
        return None
    return Failure(("mismatch", *sorted(set(wrong))), "\n".join(lines))


def compare_devices(program: Program, results: dict[str, Any]) -> Failure | None:
    """Return how the devices differ in cells that CPython did not compute."""
    several = len(program.results) > 1
    for number, kind in enumerate(program.results):
        if domain_of(kind).error:
            continue
        made = {n: (r[number] if several else r).numpy() for n, r in results.items()}
        (first, one), *others = made.items()
        for device, other in others:
            places = np.argwhere(one != other)
            if len(places):
                cell = tuple(places[0])
                text = f"output {number}, cell {cell}: {first} {one[cell]}, {device} {other[cell]}"
                return Failure(("mismatch", first, device), text)
    return None


def domain_of(kind: Type) -> Domain:
    domain = kind.element if isinstance(kind, VectorType) else kind
    assert isinstance(domain, Domain)
    return domain


def difference(found: np.ndarray, wanted: np.ndarray, kind: Type) -> str | None:
    """Say how a device's output differs from CPython's, or None."""
    if KINDS[found.dtype.kind] < KINDS[wanted.dtype.kind]:
        return f"has dtype {found.dtype}, but holds {wanted.dtype}"
    domain = domain_of(kind)
    if found.dtype.kind == "f":
        gap = np.abs(found.astype(np.float64) - wanted)
        wrong = ~(gap <= (SLACK * domain.error + 1e-6 if domain.error else 0.0))
    else:
        wrong = found.astype(np.int64) != wanted.astype(np.int64)
    if not wrong.any():
        return None
    cell = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"cell {cell} is {found[cell]!r} instead of {wanted[cell]!r} ({wrong.sum()} are wrong)"


def exact_array(values: list[Any]) -> np.ndarray:
    """Return the values as an array; Python's ints stay what they are, however large."""
    whole = all(type(v) is int for v in values)
    return np.array(values, object if whole else None)


def as_device(wanted: np.ndarray, dtype: str) -> np.ndarray:
    """Return CPython's results as a device holds them: ints modulo 2**32, then in ``dtype``."""
    if wanted.dtype.kind not in "bfu":
        numbers = [int(v) & 0xFFFFFFFF for v in wanted.ravel()]
        if any(isinstance(v, (float, np.floating)) for v in wanted.ravel()):
            wanted = wanted.astype(np.float64)
        else:
            wanted = np.array(numbers, np.uint32).view(np.int32).reshape(wanted.shape)
    elif wanted.dtype.kind == "u":
        wanted = wanted.astype(np.uint32)
    if not dtype:
        return wanted
    if np.dtype(dtype).kind in "iu":
        limits = np.iinfo(dtype)
        wanted = np.clip(wanted.astype(np.int64), limits.min, limits.max)
    return wanted.astype(dtype)


def _numbers(value: Any) -> Any:
    """Return a cell's value: a number, or the components of a vector."""
    return value if np.ndim(value) == 0 and not hasattr(value, "__len__") else list(value)

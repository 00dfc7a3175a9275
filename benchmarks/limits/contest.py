"""A naive kernel against hand-written shaders for the same work: compute time alone.

Inputs are resident on both sides; a run draws and waits.  Every result is compared with NumPy's
before anything is timed: a wrong one has no times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import gpukernel as gk
from benchmarks.limits.alternate import TIMING, alternate
from benchmarks.limits.opengl import OpenGL, Run, open_gl
from benchmarks.limits.record import Record, Times

TARGET = 1.15  # of the best hand-written shader
NAIVE = "naive"  # the name of the kernel that shaders are compared with
Prepare = Callable[..., Run]  # (gl, *host arguments) -> Run
Naive = Callable[..., Any]  # device arguments in, an array (or a number) out


@dataclass(frozen=True)
class Shader:
    """A hand-written shader: a candidate for the limit, or another known way shown beside it.

    ``target`` is for the latter: our time over that of this shader at most, None for no target.
    """

    name: str
    prepare: Prepare
    is_limit: bool = True
    target: float | None = None


@dataclass(frozen=True)
class Contest:
    """One problem: how a user writes it, what it gives, and how shader authors do it by hand.

    ``make_naive()`` gives a fresh function of the arguments on the device.  A result is right when
    all but the fraction ``stray`` of its cells are within ``absolute + relative * |expected|``.
    Where arrays happen to lie in memory changes times by a quarter when memory is the limit:
    everything is allocated and timed ``placements`` times.
    """

    part: str
    name: str  # of the case, beside the size
    make_naive: Callable[[], Naive]
    make_arguments: Callable[[int], tuple[Any, ...]]
    reference: Callable[..., np.ndarray]
    shaders: Sequence[Shader]
    sizes: Sequence[int]
    quick_sizes: Sequence[int]
    relative: float = 1e-5
    absolute: float = 1e-6
    stray: float = 0.0
    placements: int = 1


def run_contest(contest: Contest, quick: bool) -> Iterator[Record]:
    """Yield the records of a contest at all its sizes."""
    for size in contest.quick_sizes if quick else contest.sizes:
        case = f"{contest.name} {size}".strip()
        times, mistake = _time_all(contest, contest.make_arguments(size))
        if mistake:
            yield Record(contest.part, case, "hand-written", status="WRONG", message=mistake)
            continue
        limits = [s.name for s in contest.shaders if s.is_limit]
        best = min(limits, key=lambda name: min(times[name]))
        for shader in contest.shaders:
            if shader.name == best or not shader.is_limit:
                yield Record(
                    contest.part,
                    case,
                    f"{'best' if shader.is_limit else 'also'}: {shader.name}",
                    ours=times[NAIVE],
                    theirs=times[shader.name],
                    target=TARGET if shader.is_limit else shader.target,
                    times=times,
                )


def _time_all(contest: Contest, arguments: tuple[Any, ...]) -> tuple[dict[str, Times], str]:
    """Return the times of the naive kernel and of all shaders, or none and what is wrong."""
    expected = np.asarray(contest.reference(*arguments))
    naive = contest.make_naive()
    times: dict[str, Times] = {}
    kept: list[object] = []  # what is kept leaves other places to what comes next
    with open_gl() as gl:
        for _ in range(contest.placements):
            on_device = tuple(gk.array(a) if isinstance(a, np.ndarray) else a for a in arguments)
            kept += on_device, naive(*on_device)
            with gl:
                prepared = {s.name: s.prepare(gl, *arguments) for s in contest.shaders}
            mistakes = list(_mistakes(contest, gl, prepared, kept[-1], expected))
            if mistakes:
                return {}, "; ".join(mistakes)
            cases = {NAIVE: partial(_launch, naive, on_device)}
            cases |= {name: partial(_draw, gl, run) for name, run in prepared.items()}
            found = alternate(cases, seconds=TIMING.seconds / contest.placements)
            times = {name: times.get(name, ()) + found[name] for name in found}
    return times, ""


def _launch(naive: Naive, arguments: tuple[Any, ...]) -> None:
    finish(naive(*arguments))


def _draw(gl: OpenGL, run: Run) -> None:
    with gl:
        for draw in run.draws:
            draw()
        gl.context.finish()


def finish(result: object) -> None:
    """Wait for a result and give its memory back."""
    gk.synchronize()
    if isinstance(result, gk.Array):
        result.release()


def find_mistake(contest: Contest, result: np.ndarray, expected: np.ndarray) -> str | None:
    """Say how a result differs from the expected one, or None when it is right."""
    if result.shape != expected.shape:
        return f"shape {result.shape}, expected {expected.shape}"
    error = np.abs(result.astype(np.float64) - expected)
    right = error <= contest.absolute + contest.relative * np.abs(expected)  # nan is wrong
    wrong = right.size - int(np.count_nonzero(right))
    if wrong <= contest.stray * right.size:
        return None
    return f"{wrong} of {right.size} cells are wrong"


def _mistakes(
    contest: Contest,
    gl: OpenGL,
    prepared: Mapping[str, Run],
    ours: object,
    expected: np.ndarray,
) -> Iterator[str]:
    """Yield what is wrong: with the naive kernel's result and with those of all shaders."""
    mistake = find_mistake(contest, np.asarray(ours), expected)
    if mistake is not None:
        yield f"{NAIVE}: {mistake}"
    for name, run in prepared.items():
        _draw(gl, run)
        with gl:
            mistake = find_mistake(contest, run.read(), expected)
        if mistake is not None:
            yield f"{name}: {mistake}"

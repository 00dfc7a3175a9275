"""Programs on the ``gl`` device: which shaders a launch runs, and their draws.

A program has as many variants (see `codegen.plan`) as its launches ask for; each is compiled when
it is first needed.  The hot path of a launch finds its plan by the sizes of the arrays, writes the
uniforms whose values changed, binds each input texture to its unit, binds the output's framebuffer
and draws one triangle.  It never asks the driver anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from gpukernel.codegen.glsl import generate_glsl
from gpukernel.codegen.loops import looping_functions
from gpukernel.codegen.plan import Place, Plan, Planner
from gpukernel.codegen.variant import Variant
from gpukernel.errors import DeviceError
from gpukernel.ir.nodes import Program
from gpukernel.records import record
from gpukernel.runtime.gl_context import GLContext
from gpukernel.runtime.gl_draw import Drawing
from gpukernel.runtime.gl_rows import GLRows
from gpukernel.runtime.gl_texture import GLStorage
from gpukernel.runtime.gl_textures import GLTextures
from gpukernel.runtime.layout import kind_of
from gpukernel.runtime.stats import COUNTERS

Number = Union[bool, int, float]
MAX_VARIANTS = 64  # of one program, that stay compiled
MAX_REMEMBERED = 256  # launches of one program; the oldest goes first


@record(frozen=True)
class GLDriver:
    """What programs need of their device.

    Attributes:
        context: the OpenGL context.
        textures: where textures come from.
        rows: what joins rows that are drawn in blocks.
        max_draw_buffers: how many textures it draws into at once.
        cuts_loops: whether it ends long loops before their condition does.
    """

    context: GLContext
    textures: GLTextures
    rows: GLRows
    max_draw_buffers: int
    cuts_loops: bool


class GLExecutable:
    """A program on one device, launchable from any thread."""

    def __init__(self, driver: GLDriver, program: Program, optimize: frozenset[str]) -> None:
        """Prepare a program; its shaders are compiled by the first launch.

        Raises:
            DeviceError: the program reads too many arrays.
        """
        self._driver = driver
        self._program = program
        may_be_cut = driver.cuts_loops and bool(looping_functions(program))
        self.may_fail = bool(program.failures) or may_be_cut
        self._planner = Planner(program, optimize, driver.max_draw_buffers, driver.cuts_loops)
        names = [uniform.name for uniform in program.uniforms]
        self._deciding = [names.index(name) for name in self._planner.scalars]
        self._known: dict[object, tuple[Drawing, ...]] = {}  # by sizes and scalars
        self._planned: dict[object, tuple[Drawing, ...]] = {}  # by sizes and proofs
        self._variants: dict[Variant, tuple[Drawing, ...]] = {}
        _check_units(driver.context, program)
        COUNTERS.add("programs")

    def launch(
        self,
        inputs: Sequence[GLStorage],
        scalars: Sequence[Number],
        grid: tuple[int, ...],
        outputs: Sequence[GLStorage],
    ) -> None:
        """Fill ``outputs`` from ``inputs``; returns when the draws are queued.

        Args:
            inputs: one storage an array of the program, none of them in ``outputs``.
            scalars: one number a uniform of the program.
            grid: the shape of the grid.
            outputs: where the results go, all different.

        Raises:
            CellFailed: a check of the program failed.
            DeviceError: the driver cut a loop short, or rejects a shader.
        """
        if 0 in grid:
            return
        with self._driver.context as gl:
            geometry = (
                grid,
                *[storage.place for storage in outputs],
                *[(storage.place, storage.host is not None) for storage in inputs],
            )
            deciding = tuple([scalars[position] for position in self._deciding])
            drawings = self._known.get((geometry, deciding))
            if drawings is None:
                drawings = self._find(geometry, deciding, inputs, grid, outputs)
            for drawing in drawings:
                drawing.bind(inputs, scalars, grid, geometry)
                drawing.draw(gl, grid, outputs)
            for storage in outputs:
                storage.forget_host()
        COUNTERS.add("launches")

    def _find(
        self,
        geometry: object,
        deciding: tuple[Number, ...],
        inputs: Sequence[GLStorage],
        grid: tuple[int, ...],
        outputs: Sequence[GLStorage],
    ) -> tuple[Drawing, ...]:
        """Return the linked passes of a launch, and remember them by its sizes and scalars."""
        shapes = [storage.shape for storage in inputs]
        proofs = self._planner.prove(grid, shapes, dict(zip(self._planner.scalars, deciding)))
        drawings = self._planned.get((geometry, proofs.key))
        if drawings is None:
            places = [Place(kind_of(s.layout), s.shape, on_host=s.host is not None) for s in inputs]
            targets = [kind_of(storage.layout) for storage in outputs]
            drawings = self._compiled(self._planner.plan(grid, targets, places, proofs))
            _remember(self._planned, (geometry, proofs.key), drawings)
        _remember(self._known, (geometry, deciding), drawings)
        return drawings

    def _compiled(self, plan: Plan) -> tuple[Drawing, ...]:
        """Return the linked passes of a plan, compiled where they are new."""
        drawings = self._variants.get(plan.variant)
        if drawings is None:
            driver = self._driver
            shaders = generate_glsl(
                plan.program,
                plan.variant,
                cuts_loops=driver.cuts_loops,
                max_draw_buffers=driver.max_draw_buffers,
            )
            drawings = tuple(
                Drawing(
                    driver.context,
                    driver.textures,
                    driver.rows,
                    shader,
                    plan.variant.accesses,
                    plan.variant.rows,
                    shaders.value_counts,
                )
                for shader in shaders.passes
            )
            if len(self._variants) >= MAX_VARIANTS:
                for known in (self._known, self._planned, self._variants):
                    known.clear()
            self._variants[plan.variant] = drawings
            COUNTERS.add("compiles")
        return drawings

    def __del__(self) -> None:
        if hasattr(self, "_variants"):  # prepared
            COUNTERS.add("programs", -1)


def _remember(known: dict[object, tuple[Drawing, ...]], key: object, made: Any) -> None:
    if len(known) >= MAX_REMEMBERED:
        del known[next(iter(known))]
    known[key] = made


def _check_units(context: GLContext, program: Program) -> None:
    """Raise DeviceError when the program reads more arrays than the device has units."""
    limit = context.facts["max_texture_units"]
    if isinstance(limit, int) and len(program.arrays) > limit:
        raise DeviceError(
            f"the kernel reads {len(program.arrays)} arrays, "
            f"but this device has {limit} texture units"
        )

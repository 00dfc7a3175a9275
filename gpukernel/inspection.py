"""Looking inside: the shader, the typed program and the decisions behind a launch."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from gpukernel.arguments import kind_of
from gpukernel.codegen.glsl import generate_glsl
from gpukernel.errors import KernelTypeError
from gpukernel.frontend.infer import TypedKernel
from gpukernel.ir.printer import print_program, print_syntax
from gpukernel.launch import STAGES, Captured, Launcher, Values, told_when_too_deep
from gpukernel.runtime.array import Array
from gpukernel.runtime.device import Device, get_device, made_device, resolve_device
from gpukernel.runtime.explain import Launch, explain_launch
from gpukernel.runtime.gl_texture import is_remembered


class InspectableLauncher(Launcher):
    """A launcher that shows what it makes of given arguments, without launching."""

    @abstractmethod
    def _inspected_grid(self, values: Values, shape: Any) -> tuple[int, ...]:
        """Return the grid of a launch with these arguments; ``shape`` as in a kernel's launch."""

    @told_when_too_deep
    def glsl(self, /, *args: Any, shape: Any = None, **keywords: Any) -> str:
        """Return the fragment shaders for these arguments, with the Python lines as comments.

        They are for the device ``gl`` if something has used it already, else for one of which no
        more is known than that it has OpenGL 3.3.
        """
        device = made_device("gl") or get_device("cpu")
        plan = self._described(args, keywords, shape, device)[0].plan()
        return generate_glsl(plan.program, plan.variant).text

    @told_when_too_deep
    def ir(self, /, *args: Any, stage: str = STAGES[-1], shape: Any = None, **keywords: Any) -> str:
        """Return the program after a stage as text.

        Args:
            args, keywords: as in a launch.
            stage: one of ``"parse"``, ``"resolve"``, ``"infer"``, or the name of a pass.
            shape: the output shape of a kernel, as in a launch.
        """
        if stage not in STAGES:
            raise KernelTypeError(f"unknown stage {stage!r}; the stages are {', '.join(STAGES)}")
        if stage in ("parse", "resolve"):
            trees = self._current().resolution.functions.values()
            return "\n\n".join(print_syntax(tree) for tree in trees)
        return print_program(self._program(args, keywords, shape, stage)[0].program)

    @told_when_too_deep
    def explain(
        self, /, *args: Any, shape: Any = None, device: str | None = None, **keywords: Any
    ) -> str:
        """Return, in words, what these arguments compile to: types, optimisations, textures."""
        launch, baked = self._described(args, keywords, shape, device)
        words = [f"  {name} is compiled in: a new value compiles anew" for name in baked]
        return "\n".join([explain_launch(launch), *(["", "constants", *words] if words else [])])

    def _described(
        self,
        args: tuple[Any, ...],
        keywords: dict[str, Any],
        shape: Any,
        device: str | Device | None,
    ) -> tuple[Launch, list[str]]:
        """Return what a launch with these arguments is of, and the captures it is compiled for."""
        typed, values, grid = self._program(args, keywords, shape)
        meaning = self._current()
        captured = Captured(meaning.resolution.positions, meaning.seen)
        sources = zip(typed.program.arrays, typed.arrays)
        read = {array.name: self._array(source, values, captured) for array, source in sources}
        arrays = {name: value.shape for name, value in read.items()}
        arrays |= {n: v.shape for n, v in values.items() if hasattr(v, "shape") and n not in read}
        launch = Launch(
            program=typed.program,
            inferred=self._program(args, keywords, shape, "infer")[0].program,
            optimize=self._settings.optimize,
            device=resolve_device(device),
            arrays=arrays,
            on_host=frozenset(name for name, value in read.items() if _is_on_host(value)),
            scalars=self._scalars(typed, values, captured, seed=0),
            grid=grid,
        )
        return launch, [".".join(path) for _, path in sorted(meaning.resolution.baked, key=str)]

    def _program(
        self, args: tuple[Any, ...], keywords: dict[str, Any], shape: Any, stage: str = STAGES[-1]
    ) -> tuple[TypedKernel, Values, tuple[int, ...]]:
        """Return what these arguments compile to, the converted arguments, and the grid."""
        values = self._convert(args, keywords)
        grid = self._inspected_grid(values, shape)
        kinds = {name: kind_of(value) for name, value in values.items()}
        return self._compile(self._current().snapshot(), kinds, len(grid), stage), values, grid


def _is_on_host(value: Any) -> bool:
    """Whether a launch on ``gl`` has the values of an array on the host."""
    if isinstance(value, Array):
        return getattr(value._storage, "host", None) is not None
    return is_remembered(value)

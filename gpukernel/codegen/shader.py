"""What code generation hands to a GL device: shader text and the names it binds values to.

Every name is that of a uniform.  A driver may have optimised any of them away, so whoever binds
them looks each up once and skips the missing ones.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shader:
    """One program as GLSL 3.30 text, with the uniforms that a launch sets.

    ``lines[i]`` is the Python line behind fragment line ``i + 1``, or None.  ``samplers``,
    ``shapes`` (``ivec4``: the shape, padded with ones at the end) and ``layouts`` (``ivec2``: pitch
    in elements, texture width in texels) have one name an array, in ``Program.arrays`` order;
    ``uniforms`` has one a scalar, in ``Program.uniforms`` order (bools are ints 0 and 1).
    A ``guarded`` shader discards the fragments in which the driver cut a loop short.
    ``out_shape`` and ``out_layout`` are the same two things for the grid.
    """

    fragment: str
    vertex: str
    lines: tuple[int | None, ...]
    samplers: tuple[str, ...]
    shapes: tuple[str, ...]
    layouts: tuple[str, ...]
    uniforms: tuple[str, ...]
    out_shape: str
    out_layout: str
    guarded: bool = False

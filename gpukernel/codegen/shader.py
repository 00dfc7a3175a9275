"""What code generation hands to a GL device: shader text and the names it binds values to.

Every name is that of a uniform.  A driver may have optimised any of them away, so whoever binds
them looks each up once and skips the missing ones.
"""

from __future__ import annotations

from gpukernel.records import record


@record(frozen=True)
class Shader:
    """One pass of a program as GLSL 3.30 text, with the uniforms that a launch sets.

    ``lines[i]`` is the Python line behind fragment line ``i + 1``, or None.  ``samplers``,
    ``shapes`` (``ivec4``: the shape, padded with ones at the end), ``layouts`` (``ivec4``: pitch in
    elements, mask and shift of texel numbers, last texel of a row) and ``values`` (the elements of
    an array that is no texture) have one name an array, in ``Program.arrays`` order; ``uniforms``
    has one a scalar, in ``Program.uniforms`` order (bools are ints 0 and 1).
    ``out_shape`` (``ivec4``) is the grid, and ``out_layout`` the layout of the arrays it fills.
    ``outputs`` are the positions in ``Program.outputs`` of those arrays: fragment output ``k``
    is stored in array ``outputs[k]``.
    ``block`` (``ivec3``: see `runtime.gl_rows.Partition`) is used where a fragment computes
    several rows.
    A shader that ``leaves_padding`` writes anything into the lanes beyond the last column.
    A ``guarded`` shader discards the fragments in which the driver cut a loop short.
    A ``checked`` shader has two more fragment outputs, both ``ivec4``: (failure + 1, lane, value 0,
    value 1) and (value 2, value 3, 0, 0) of the first check that failed in the fragment, zeros when
    none did.  The lane counts the cells of the fragment, or with a ``cell_size`` (elements of one
    cell in the arrays it fills) the cells from that of the fragment's first element on.
    """

    fragment: str
    vertex: str
    lines: tuple[int | None, ...]
    samplers: tuple[str, ...]
    shapes: tuple[str, ...]
    layouts: tuple[str, ...]
    values: tuple[str, ...]
    uniforms: tuple[str, ...]
    out_shape: str
    out_layout: str
    block: str
    outputs: tuple[int, ...] = (0,)
    cell_size: int | None = None
    leaves_padding: bool = False
    guarded: bool = False
    checked: bool = False


@record(frozen=True)
class Shaders:
    """All passes of a program, in the order they run.

    ``value_counts`` maps the number of a failure to how many values its checks have.
    """

    passes: tuple[Shader, ...]
    value_counts: dict[int, int]

    @property
    def text(self) -> str:
        """The fragment shaders of all passes; of a single one, exactly that."""
        if len(self.passes) == 1:
            return self.passes[0].fragment
        texts = []
        for number, shader in enumerate(self.passes, 1):
            outputs = ", ".join(map(str, shader.outputs))
            texts.append(f"// pass {number} of {len(self.passes)}: output {outputs}\n")
            texts.append(shader.fragment)
        return "".join(texts)

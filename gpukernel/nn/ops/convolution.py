"""Convolutions over one to three axes, channels last, as TensorFlow and Keras define them.

In: images (batch, places, channels) and filters (taps, channels in, channels out), float32.  The
filters are not turned around (what is computed is a cross-correlation).  Each convolution waits
like an elementwise operation, so that bias and activation run in its kernel; its derivatives are
convolutions too: see `convolution_cells`.
"""

from __future__ import annotations

import math
from typing import Any

from gpukernel.errors import KernelShapeError
from gpukernel.nn.ops import convolution_blocks as blocks
from gpukernel.nn.ops import convolution_cells as cells
from gpukernel.nn.ops import convolution_host as host
from gpukernel.nn.ops.operands import checked_int, float_operands, need_axes, per_axis
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.ops.windows import explicit_padding, same_padding, windows
from gpukernel.nn.primitive import Cell, Spec
from gpukernel.nn.tape import Cotangents, recording
from gpukernel.nn.tensor import Tensor, TensorLike
from gpukernel.nn.values import Shape

__all__ = [
    "conv1d",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "depthwise_conv2d",
    "separable_conv2d",
]

MAX_PARTS = 2**16  # numbers of partial sums by filters: enough to keep a device busy
_AXES = {
    1: ("(batch, width, channels)", "(width, channels in, channels out)"),
    2: ("(batch, height, width, channels)", "(height, width, channels in, channels out)"),
    3: (
        "(batch, depth, height, width, channels)",
        "(depth, height, width, channels in, channels out)",
    ),
}

_FORWARD = {
    1: Cell(cells.forward1, host.forward),
    2: Cell(cells.forward2, host.forward),
    3: Cell(cells.forward3, host.forward),
}
_BY_IMAGE = {
    1: Cell(cells.by_image1, host.by_image),
    2: Cell(cells.by_image2, host.by_image),
    3: Cell(cells.by_image3, host.by_image),
}
_BY_FILTERS = {
    1: Cell(cells.by_filters1, host.by_filters),
    2: Cell(cells.by_filters2, host.by_filters),
    3: Cell(cells.by_filters3, host.by_filters),
}
_ADDED = {1: Cell(cells.added1), 2: Cell(cells.added), 3: Cell(cells.added)}


# ---------------------------------------------------------------- the three sides


def _forward(a: Tensor, f: Tensor, constants: dict[str, Any]) -> Tensor:
    shape = (a.shape[0], *constants["places"], constants["groups"] * constants["n_out"])
    return _FORWARD[a.ndim - 2](a, f, shape=shape, **constants)


def _by_image(g: Tensor, f: Tensor, constants: dict[str, Any]) -> Tensor:
    shape = (g.shape[0], *constants["sizes"], constants["groups"] * constants["n_in"])
    return _BY_IMAGE[g.ndim - 2](g, f, shape=shape, **constants)


def _by_filters(a: Tensor, g: Tensor, constants: dict[str, Any]) -> Tensor:
    """Return the sum by filters: in two steps on devices that compute few cells slowly."""
    rank = a.ndim - 2
    taps, n_in, n_out = constants["taps"], constants["n_in"], constants["n_out"]
    shape = (*taps, n_in, constants["groups"] * n_out)
    batch = max(a.shape[0], 1)
    chunks = min(max(MAX_PARTS // max(math.prod(shape), 1), 1), batch)
    samples = -(-batch // chunks)
    chunks = -(-batch // samples)
    operation = _BY_FILTERS[rank]
    has_blocks = rank == 2 and constants["groups"] == 1 and blocks.block_of(taps, n_in).size > 1
    if a._value.device.name != "gl" or (chunks == 1 and not has_blocks):
        whole = (1, *shape) if rank == 1 else shape
        found = operation(a, g, shape=whole, **constants, samples=batch)
        return reshape(found, shape)
    with recording(False):
        if has_blocks:
            total = blocks.by_filters(a, g, constants, chunks)
        else:
            parts = operation(a, g, shape=(chunks, *shape), **constants, samples=samples)
            rows = {} if rank == 1 else {"rows": math.prod(taps[:-1])}
            total = _ADDED[rank](parts, shape=shape, **rows)
    return operation.record(total, (a, g), {**constants, "samples": samples})


def _forward_vjp(g: Tensor, _result: Spec, a: Tensor, f: Tensor, **constants: Any) -> Cotangents:
    return _by_image(g, f, constants), _by_filters(a, g, constants)


def _by_image_vjp(h: Tensor, _result: Spec, g: Tensor, f: Tensor, **constants: Any) -> Cotangents:
    return _forward(h, f, constants), _by_filters(h, g, constants)


def _by_filters_vjp(
    h: Tensor, _result: Spec, a: Tensor, g: Tensor, samples: int, **constants: Any
) -> Cotangents:
    filters = reshape(h, (*constants["taps"], *h.shape[-2:]))
    return _by_image(g, filters, constants), _forward(a, filters, constants)


for _rank in _AXES:
    _FORWARD[_rank].vjp(_forward_vjp)
    _BY_IMAGE[_rank].vjp(_by_image_vjp)
    _BY_FILTERS[_rank].vjp(_by_filters_vjp)


# ---------------------------------------------------------------- arguments


def _constants(
    taps: Shape,
    stride: Shape,
    dilation: Shape,
    before: Shape,
    sizes: Shape,
    places: Shape,
    groups: int,
    n_in: int,
    n_out: int,
) -> dict[str, Any]:
    """Return the constants of the cells, in their order.

    A tap brings a result to place ``z`` of the padded image if ``z - tap * dilation`` is a
    multiple of the stride.  With ``common`` the common divisor of both, ``z`` must be a multiple
    of it, and the first such tap is ``z / common * inverse`` modulo ``stride / common``.
    """
    common = tuple(math.gcd(s, d) for s, d in zip(stride, dilation))
    inverse = tuple(pow(d // c, -1, s // c) for s, d, c in zip(stride, dilation, common))
    return {
        "taps": taps,
        "stride": stride,
        "dilation": dilation,
        "before": before,
        "sizes": sizes,
        "places": places,
        "common": common,
        "inverse": inverse,
        "groups": groups,
        "n_in": n_in,
        "n_out": n_out,
    }


def _convolve(
    name: str, x: Tensor, f: Tensor, strides: Any, padding: Any, dilation: Any, groups: Any
) -> Tensor:
    rank = x.ndim - 2
    stride = per_axis(name, "strides", strides, rank)
    spread = per_axis(name, "dilation", dilation, rank)
    groups = checked_int(name, "groups", groups, 1)
    taps, (n_in, total_out) = f.shape[:rank], f.shape[rank:]
    channels = x.shape[-1]
    if 0 in f.shape:
        raise KernelShapeError(f"nn.{name}: filters have shape {f.shape}, wanted no axis of size 0")
    if channels % groups or total_out % groups:
        raise KernelShapeError(
            f"nn.{name}: {channels} channels in and {total_out} channels out do not divide into "
            f"{groups} groups"
        )
    if n_in != channels // groups:
        within = f" in {groups} groups" if groups > 1 else ""
        raise KernelShapeError(
            f"nn.{name}: x has {channels} channels{within}, but filters of shape {f.shape} take "
            f"{n_in}\nhint: filters are {_AXES[rank][1]}"
        )
    spans = tuple((n - 1) * d + 1 for n, d in zip(taps, spread))
    sizes = x.shape[1:-1]
    found = windows(name, sizes, spans, stride, padding)
    return _forward(
        x,
        f,
        _constants(
            taps,
            stride,
            spread,
            found.before,
            sizes,
            found.places,
            groups,
            n_in,
            total_out // groups,
        ),
    )


def _checked(name: str, rank: int, x: TensorLike, filters: TensorLike) -> tuple[Tensor, Tensor]:
    source, f = float_operands(name, x=x, filters=filters)
    need_axes(name, "x", source, _AXES[rank][0])
    need_axes(name, "filters", f, _AXES[rank][1])
    return source, f


# ---------------------------------------------------------------- what users call


def conv1d(
    x: TensorLike,
    filters: TensorLike,
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Return the convolution along one axis; see `conv2d`.

    Args:
        x: float32 (batch, width, channels).
        filters: float32 (width, channels in, channels out).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.tensor([1.0, 2.0, 4.0, 8.0]).reshape(1, 4, 1)
        ...     steps = nn.tensor([-1.0, 1.0]).reshape(2, 1, 1)
        ...     conv1d(x, steps).reshape(-1).tolist()
        [1.0, 2.0, 4.0]
    """
    return _convolve(
        "conv1d", *_checked("conv1d", 1, x, filters), strides, padding, dilation, groups
    )


def conv2d(
    x: TensorLike,
    filters: TensorLike,
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Return the convolution of images.

    Result ``[n, y, x, o]`` is the sum of ``image[n, y * stride + r * dilation - before, ..., c] *
    filters[r, s, c, o]``, where cells outside of the image are 0.

    Args:
        x: float32 (batch, height, width, channels).
        filters: float32 (height, width, channels in / groups, channels out).
        strides: from one place to the next, an int or one for each axis.
        padding: "valid" for windows inside the image, "same" for ``ceil(size / stride)`` of them
            with the extra cell of padding after, an int, or (before, after) for each axis.
        dilation: from one tap of the filters to the next, an int or one for each axis.
        groups: the channels are divided into so many groups, each with filters of its own.

    Returns:
        float32 (batch, height, width, channels out).

    Raises:
        KernelShapeError: the shapes or numbers of channels do not fit, or a filter is larger than
            the image.
        KernelTypeError: x or filters are not float32, or the padding is unknown.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     image = nn.tensor([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)
        ...     conv2d(image, nn.tensor([2.0]).reshape(1, 1, 1, 1)).reshape(2, 2).tolist()
        [[2.0, 4.0], [6.0, 8.0]]
    """
    return _convolve(
        "conv2d", *_checked("conv2d", 2, x, filters), strides, padding, dilation, groups
    )


def conv3d(
    x: TensorLike,
    filters: TensorLike,
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Return the convolution of volumes; see `conv2d`.

    Args:
        x: float32 (batch, depth, height, width, channels).
        filters: float32 (depth, height, width, channels in, channels out).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     volume = nn.tensor([1.0, 2.0, 3.0, 4.0]).reshape(1, 4, 1, 1, 1)
        ...     conv3d(volume, nn.tensor([1.0, 1.0]).reshape(2, 1, 1, 1, 1)).reshape(-1).tolist()
        [3.0, 5.0, 7.0]
    """
    return _convolve(
        "conv3d", *_checked("conv3d", 3, x, filters), strides, padding, dilation, groups
    )


def depthwise_conv2d(
    x: TensorLike,
    filters: TensorLike,
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
) -> Tensor:
    """Return the convolution of each channel with filters of its own; see `conv2d`.

    Args:
        x: float32 (batch, height, width, channels).
        filters: float32 (height, width, channels, multiplier).

    Returns:
        float32 (batch, height, width, channels * multiplier): all results of the first channel,
        then those of the second.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.tensor([1.0, 2.0]).reshape(1, 1, 1, 2)
        ...     depthwise_conv2d(x, nn.tensor([3.0, 5.0]).reshape(1, 1, 2, 1)).reshape(-1).tolist()
        [3.0, 10.0]
    """
    return _depthwise("depthwise_conv2d", x, filters, strides, padding, dilation)


def _depthwise(
    name: str, x: TensorLike, filters: TensorLike, strides: Any, padding: Any, dilation: Any
) -> Tensor:
    source, f = float_operands(name, x=x, filters=filters)
    need_axes(name, "x", source, _AXES[2][0])
    need_axes(name, "filters", f, "(height, width, channels, multiplier)")
    channels = source.shape[-1]
    if f.shape[2] != channels:
        raise KernelShapeError(
            f"nn.{name}: x has {channels} channels, but filters of shape {f.shape} take "
            f"{f.shape[2]}\nhint: filters are (height, width, channels, multiplier)"
        )
    grouped = reshape(f, (*f.shape[:2], 1, channels * f.shape[3]))
    return _convolve(name, source, grouped, strides, padding, dilation, channels)


def separable_conv2d(
    x: TensorLike,
    depthwise: TensorLike,
    pointwise: TensorLike,
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
) -> Tensor:
    """Return a depthwise convolution followed by one that mixes the channels at each place.

    Args:
        x: float32 (batch, height, width, channels).
        depthwise: float32 (height, width, channels, multiplier).
        pointwise: float32 (1, 1, channels * multiplier, channels out).
        strides, padding, dilation: of the depthwise one, as for `conv2d`.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.tensor([1.0, 2.0]).reshape(1, 1, 1, 2)
        ...     own = nn.tensor([3.0, 5.0]).reshape(1, 1, 2, 1)
        ...     separable_conv2d(x, own, nn.tensor([1.0, 1.0]).reshape(1, 1, 2, 1)).item()
        13.0
    """
    name = "separable_conv2d"
    source, own, mixing = float_operands(name, x=x, depthwise=depthwise, pointwise=pointwise)
    need_axes(name, "depthwise", own, "(height, width, channels, multiplier)")
    need_axes(name, "pointwise", mixing, "(1, 1, channels * multiplier, channels out)")
    wanted = own.shape[2] * own.shape[3]
    if mixing.shape[:3] != (1, 1, wanted):
        raise KernelShapeError(
            f"nn.{name}: pointwise has shape {mixing.shape}, wanted (1, 1, {wanted}, channels out) "
            f"after depthwise of shape {own.shape}"
        )
    middle = _depthwise(name, source, own, strides, padding, dilation)
    return _convolve(name, middle, mixing, 1, "valid", 1, 1)


def conv2d_transpose(
    x: TensorLike,
    filters: TensorLike,
    strides: Any = 1,
    padding: Any = "valid",
    output_padding: Any = None,
    dilation: Any = 1,
) -> Tensor:
    """Return what `conv2d` would have come from: its derivative by the image, used forward.

    Args:
        x: float32 (batch, height, width, channels in).
        filters: float32 (height, width, channels out, channels in).
        strides, dilation: of that convolution.
        padding: of that convolution.  "same" gives ``size * stride`` cells, "valid"
            ``size * stride + max(span - stride, 0)`` where a filter spans so many cells, and
            (before, after) ``(size - 1) * stride + span - before - after``.
        output_padding: cells more than the fewest, less than the stride: the result then has
            ``(size - 1) * stride + span + output_padding`` cells, less the padding, which is
            ``span // 2`` on both sides for "same".

    Returns:
        float32 (batch, height, width, channels out).

    Raises:
        as `conv2d`.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.tensor([1.0, 2.0]).reshape(1, 1, 2, 1)
        ...     twice = nn.tensor([1.0, 1.0]).reshape(1, 2, 1, 1)
        ...     conv2d_transpose(x, twice, strides=(1, 2)).reshape(-1).tolist()
        [1.0, 1.0, 2.0, 2.0]
    """
    name = "conv2d_transpose"
    source, f = float_operands(name, x=x, filters=filters)
    need_axes(name, "x", source, _AXES[2][0])
    need_axes(name, "filters", f, "(height, width, channels out, channels in)")
    if f.shape[3] != source.shape[3] or 0 in f.shape:
        raise KernelShapeError(
            f"nn.{name}: x has {source.shape[3]} channels, but filters of shape {f.shape} take "
            f"{f.shape[3]}\nhint: filters are (height, width, channels out, channels in)"
        )
    stride = per_axis(name, "strides", strides, 2)
    spread = per_axis(name, "dilation", dilation, 2)
    spans = tuple((n - 1) * d + 1 for n, d in zip(f.shape[:2], spread))
    places = source.shape[1:3]
    sizes, before = _transposed_sizes(name, places, spans, stride, padding, output_padding)
    return _by_image(
        source,
        f,
        _constants(
            f.shape[:2], stride, spread, before, sizes, places, 1, f.shape[2], source.shape[3]
        ),
    )


def _transposed_sizes(
    name: str, places: Shape, spans: Shape, stride: Shape, padding: Any, more: Any
) -> tuple[Shape, Shape]:
    """Return the sizes of the result, and the padding in front of it."""
    padding = padding.lower() if isinstance(padding, str) else padding
    extra = None if more is None else per_axis(name, "output_padding", more, 2, least=0)
    if extra is not None and any(n >= s for n, s in zip(extra, stride)):
        raise KernelShapeError(
            f"nn.{name}: output_padding={more!r} is not less than strides {stride}"
        )
    if padding == "same" and extra is None:
        sizes = tuple(n * s for n, s in zip(places, stride))
    else:
        pads = [(span // 2,) * 2 for span in spans]
        if padding != "same":
            pads = explicit_padding(name, padding, 2)
        if extra is None:
            gap = padding == "valid"
            extra = tuple(max(s - span, 0) if gap else 0 for s, span in zip(stride, spans))
        sizes = tuple(
            (n - 1) * s + span - sum(pad) + m
            for n, s, span, pad, m in zip(places, stride, spans, pads, extra)
        )
    if min(sizes) < 0 or (min(sizes) == 0 and 0 not in places):
        raise KernelShapeError(f"nn.{name}: padding={padding!r} leaves no cells of {places}")
    if padding == "same":
        return sizes, same_padding(sizes, spans, stride, places)
    return sizes, tuple(before for before, _ in pads)

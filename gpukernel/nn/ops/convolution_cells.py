"""The three sides of a convolution for one cell: forward, by the image, and by the filters.

All are parts of one sum over images ``a`` (batch, places, channels), filters ``f`` (taps, channels
in, channels out) and results ``g``: where ``place * stride + tap * dilation - before`` is a place
of the image, ``a * f * g`` counts.  Leave one of the three out, and its cell is the sum over the
other two.  So they have the same constants, and are each other's derivatives.

Constants, a number for each axis of places: ``taps``, ``stride``, ``dilation``, ``before``,
``sizes`` of the image, ``places`` of the result; ``common`` and ``inverse``: see `convolution`.
And ``groups``, with ``n_in`` and ``n_out`` channels in each.

An image with three axes of places is stored with depth and batch merged, its filters with depth
and height merged.  Reads outside give 0, which is the padding.
"""

from __future__ import annotations

MAX_WRITTEN = 144  # products of a cell whose channels are constants of the kernel: faster so
FAR = 2**20  # a place that no image has


def first_channel(channel, groups, n_here, n_there):
    """Return the first channel, on the other side, of the group that a channel is in."""
    return 0 if groups == 1 else channel // n_here * n_there


def first_tap(z, stride, common, inverse):
    """Return the first tap that brings some result to place ``z``; the others are steps on."""
    return 0 if stride == common else z // common * inverse % (stride // common)


def first_place(z, tap, stride, dilation, common):
    """Return where the result is that this tap brings to place ``z``."""
    if stride == 1:
        return z
    place = (z // common - tap * (dilation // common)) // (stride // common)
    return place if common == 1 or z % common == 0 else -FAR


# ---------------------------------------------------------------- one axis of places


def forward1(
    n, x, o, a, f, taps, stride, dilation, before, sizes, places, common, inverse, groups,
    n_in, n_out,
):  # fmt: skip
    left = x * stride[0] - before[0]
    first = first_channel(o, groups, n_out, n_in)
    total = 0.0
    for s in range(taps[0]):
        for c in range(n_in if taps[0] * n_in <= MAX_WRITTEN else f.shape[1]):
            total += a[n, left + s * dilation[0], first + c] * f[s, c, o]
    return total


def by_image1(
    n, x, c, g, f, taps, stride, dilation, before, sizes, places, common, inverse, groups,
    n_in, n_out,
):  # fmt: skip
    along = stride[0] // common[0]
    s0 = first_tap(x + before[0], stride[0], common[0], inverse[0])
    left = first_place(x + before[0], s0, stride[0], dilation[0], common[0])
    first = first_channel(c, groups, n_in, n_out)
    k = c if groups == 1 else c % n_in
    total = 0.0
    for s in range((taps[0] + along - 1) // along):
        for o in range(n_out if groups > 1 or taps[0] * n_out <= MAX_WRITTEN else f.shape[2]):
            total += (
                g[n, left - s * (dilation[0] // common[0]), first + o]
                * f[s0 + s * along, k, first + o]
            )
    return total


def by_filters1(
    chunk, s, c, o, a, g, taps, stride, dilation, before, sizes, places, common, inverse, groups,
    n_in, n_out, samples,
):  # fmt: skip
    channel = first_channel(o, groups, n_out, n_in) + c
    left = s * dilation[0] - before[0]
    total = 0.0
    for n in range(chunk * samples, chunk * samples + samples):
        for x in range(places[0] if places[0] <= 32 else g.shape[1]):
            total += a[n, x * stride[0] + left, channel] * g[n, x, o]
    return total


# ---------------------------------------------------------------- two axes of places


def forward2(
    n, y, x, o, a, f, taps, stride, dilation, before, sizes, places, common, inverse, groups,
    n_in, n_out,
):  # fmt: skip
    top, left = y * stride[0] - before[0], x * stride[1] - before[1]
    first = first_channel(o, groups, n_out, n_in)
    total = 0.0
    for r in range(taps[0]):
        for s in range(taps[1]):
            for c in range(n_in if taps[0] * taps[1] * n_in <= MAX_WRITTEN else f.shape[2]):
                total += (
                    a[n, top + r * dilation[0], left + s * dilation[1], first + c] * f[r, s, c, o]
                )
    return total


def by_image2(
    n, y, x, c, g, f, taps, stride, dilation, before, sizes, places, common, inverse, groups,
    n_in, n_out,
):  # fmt: skip
    down, along = stride[0] // common[0], stride[1] // common[1]
    r0 = first_tap(y + before[0], stride[0], common[0], inverse[0])
    s0 = first_tap(x + before[1], stride[1], common[1], inverse[1])
    top = first_place(y + before[0], r0, stride[0], dilation[0], common[0])
    left = first_place(x + before[1], s0, stride[1], dilation[1], common[1])
    first = first_channel(c, groups, n_in, n_out)
    k = c if groups == 1 else c % n_in
    written = groups > 1 or down > 1 or taps[0] * taps[1] * n_out <= MAX_WRITTEN
    total = 0.0
    for r in range((taps[0] + down - 1) // down):
        for s in range((taps[1] + along - 1) // along):
            for o in range(n_out if written else f.shape[3]):
                total += (
                    g[
                        n,
                        top - r * (dilation[0] // common[0]),
                        left - s * (dilation[1] // common[1]),
                        first + o,
                    ]
                    * f[r0 + r * down, s0 + s * along, k, first + o]
                )
    return total


def by_filters2(
    i, s, c, o, a, g, taps, stride, dilation, before, sizes, places, common, inverse, groups,
    n_in, n_out, samples,
):  # fmt: skip
    chunk, r = i // taps[0] * samples, i % taps[0]
    channel = first_channel(o, groups, n_out, n_in) + c
    top, left = r * dilation[0] - before[0], s * dilation[1] - before[1]
    total = 0.0
    for n in range(chunk, chunk + samples):
        for y in range(g.shape[1]):
            for x in range(places[1] if places[1] <= 32 else g.shape[2]):
                total += a[n, y * stride[0] + top, x * stride[1] + left, channel] * g[n, y, x, o]
    return total


# ---------------------------------------------------------------- three axes of places


def forward3(
    m, y, x, o, a, f, taps, stride, dilation, before, sizes, places, common, inverse, groups,
    n_in, n_out,
):  # fmt: skip
    n, z = m // places[0], m % places[0]
    top, left = y * stride[1] - before[1], x * stride[2] - before[2]
    first = first_channel(o, groups, n_out, n_in)
    total = 0.0
    for q in range(taps[0]):
        depth = z * stride[0] + q * dilation[0] - before[0]
        if depth >= 0 and depth < sizes[0]:
            for r in range(taps[1]):
                for s in range(taps[2]):
                    for c in range(n_in):
                        total += (
                            a[
                                n * sizes[0] + depth,
                                top + r * dilation[1],
                                left + s * dilation[2],
                                first + c,
                            ]
                            * f[q * taps[1] + r, s, c, o]
                        )
    return total


def by_image3(
    m, y, x, c, g, f, taps, stride, dilation, before, sizes, places, common, inverse, groups,
    n_in, n_out,
):  # fmt: skip
    n, z = m // sizes[0], m % sizes[0]
    down, along = stride[1] // common[1], stride[2] // common[2]
    r0 = first_tap(y + before[1], stride[1], common[1], inverse[1])
    s0 = first_tap(x + before[2], stride[2], common[2], inverse[2])
    top = first_place(y + before[1], r0, stride[1], dilation[1], common[1])
    left = first_place(x + before[2], s0, stride[2], dilation[2], common[2])
    first = first_channel(c, groups, n_in, n_out)
    k = c if groups == 1 else c % n_in
    total = 0.0
    for q in range(taps[0]):
        reach = z + before[0] - q * dilation[0]
        depth = reach // stride[0]
        if reach % stride[0] == 0 and depth >= 0 and depth < places[0]:
            for r in range((taps[1] + down - 1) // down):
                tap = r0 + r * down
                for s in range((taps[2] + along - 1) // along):
                    for o in range(n_out):
                        weight = f[q * taps[1] + tap, s0 + s * along, k, first + o]
                        total += g[
                            n * places[0] + depth,
                            top - r * (dilation[1] // common[1]),
                            left - s * (dilation[2] // common[2]),
                            first + o,
                        ] * (weight if tap < taps[1] else 0.0)
    return total


def by_filters3(
    i, s, c, o, a, g, taps, stride, dilation, before, sizes, places, common, inverse, groups,
    n_in, n_out, samples,
):  # fmt: skip
    rows = taps[0] * taps[1]
    chunk, q, r = i // rows * samples, i % rows // taps[1], i % taps[1]
    channel = first_channel(o, groups, n_out, n_in) + c
    top, left = r * dilation[1] - before[1], s * dilation[2] - before[2]
    total = 0.0
    for n in range(chunk, chunk + samples):
        for z in range(places[0]):
            depth = z * stride[0] + q * dilation[0] - before[0]
            if depth >= 0 and depth < sizes[0]:
                for y in range(places[1]):
                    for x in range(places[2]):
                        total += (
                            a[
                                n * sizes[0] + depth,
                                y * stride[1] + top,
                                x * stride[2] + left,
                                channel,
                            ]
                            * g[n * places[0] + z, y, x, o]
                        )
    return total


# ---------------------------------------------------------------- parts of the sum by filters


def added1(s, c, o, parts):
    total = 0.0
    for chunk in range(parts.shape[0]):
        total += parts[chunk, s, c, o]
    return total


def added(i, s, c, o, parts, rows):
    total = 0.0
    for chunk in range(parts.shape[0] // rows):
        total += parts[chunk * rows + i, s, c, o]
    return total

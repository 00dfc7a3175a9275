"""Pooling for one cell, over two axes of places: forward and back.

In: images (batch, height, width, channels), results (batch, places, channels), and as constants,
a number for each axis, the ``size`` of windows, their ``stride`` and ``before``, the cells of
padding in front, the ``sizes`` of images and the ``places`` of windows.  Cells of padding never
count: a mean divides by the others, and a maximum looks at the nearest cell of the image instead,
which is in the window too.
"""

from __future__ import annotations

import math


def clamped(i, size):
    return min(max(i, 0), size - 1)


def covers(place, i, size, stride):
    """Whether the window at a place reaches cell ``i`` of the padded axis, and not only before."""
    return size % stride == 0 or i - place * stride < size


# ---------------------------------------------------------------- maximum


def largest(n, y, x, c, a, size, stride, before, sizes, places):
    top, left = y * stride[0] - before[0], x * stride[1] - before[1]
    total = -math.inf
    for r in range(size[0]):
        for s in range(size[1]):
            value = a[n, clamped(top + r, a.shape[1]), clamped(left + s, a.shape[2]), c]
            total = value if value > total or value != value else total
    return total


def chosen(n, y, x, c, a, size, stride, before, sizes, places):
    """Return which cell of the image, in row-major order, is the first to have the maximum."""
    top, left = y * stride[0] - before[0], x * stride[1] - before[1]
    place = clamped(top, a.shape[1]) * a.shape[2] + clamped(left, a.shape[2])
    total = -math.inf
    for r in range(size[0]):
        for s in range(size[1]):
            i, j = clamped(top + r, a.shape[1]), clamped(left + s, a.shape[2])
            value = a[n, i, j, c]
            if value > total or (value != value and total == total):
                total = value
                place = i * a.shape[2] + j
    return place


def spread(n, y, x, c, g, a, size, stride, before, sizes, places):
    """Return what a cell of the image gets from the windows whose maximum it is."""
    total = 0.0
    for i in range((size[0] + stride[0] - 1) // stride[0]):
        for j in range((size[1] + stride[1] - 1) // stride[1]):
            row = (y + before[0]) // stride[0] - i
            column = (x + before[1]) // stride[1] - j
            if covers(row, y + before[0], size[0], stride[0]) and covers(
                column, x + before[1], size[1], stride[1]
            ):
                place = chosen(n, row, column, c, a, size, stride, before, sizes, places)
                total += g[n, row, column, c] if place == y * a.shape[2] + x else 0.0
    return total


def spread_chosen(n, y, x, c, g, found, size, stride, before, sizes, places):
    """Do the same as `spread`, given what `chosen` found."""
    total = 0.0
    for i in range((size[0] + stride[0] - 1) // stride[0]):
        for j in range((size[1] + stride[1] - 1) // stride[1]):
            row = (y + before[0]) // stride[0] - i
            column = (x + before[1]) // stride[1] - j
            own = row >= 0 and column >= 0 and found[n, row, column, c] == y * sizes[1] + x
            total += g[n, row, column, c] if own else 0.0
    return total


def picked(n, y, x, c, h, found, size, stride, before, sizes, places):
    """Return the cell that was chosen, of another image."""
    place = found[n, y, x, c]
    return h[n, place // h.shape[2], place % h.shape[2], c]


# ---------------------------------------------------------------- mean


def counted(place, size, stride, before, n):
    """Return how many cells of the image a window has along an axis; 1 for one outside."""
    first = place * stride - before
    return max(min(first + size, n) - max(first, 0), 1)


def averaged(n, y, x, c, a, size, stride, before, sizes, places):
    top, left = y * stride[0] - before[0], x * stride[1] - before[1]
    total = 0.0
    for r in range(size[0]):
        for s in range(size[1]):
            total += a[n, top + r, left + s, c]
    rows = counted(y, size[0], stride[0], before[0], a.shape[1])
    columns = counted(x, size[1], stride[1], before[1], a.shape[2])
    return total / float(rows * columns)


def shared(n, y, x, c, g, size, stride, before, sizes, places):
    """Return what a cell of the image gets from the windows that it is in."""
    total = 0.0
    for i in range((size[0] + stride[0] - 1) // stride[0]):
        for j in range((size[1] + stride[1] - 1) // stride[1]):
            row = (y + before[0]) // stride[0] - i
            column = (x + before[1]) // stride[1] - j
            if covers(row, y + before[0], size[0], stride[0]) and covers(
                column, x + before[1], size[1], stride[1]
            ):
                rows = counted(row, size[0], stride[0], before[0], sizes[0])
                columns = counted(column, size[1], stride[1], before[1], sizes[1])
                total += g[n, row, column, c] / float(rows * columns)
    return total

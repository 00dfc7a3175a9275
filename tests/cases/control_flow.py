"""Loops, branches, early leaving, and conditions."""

from __future__ import annotations

import numpy as np

from gpukernel import index
from tests.cases.case import Cases

cases = Cases("control_flow")

INT_MAX = 2**31 - 1
N = np.arange(-3, 12)
M = np.array([[3, 1, 2], [9, 7, 8], [5, 5, 4], [-1, -3, -2]])


@cases.add(np.array([0, 1, 1000, 100000]), reference=[0, 1, 1000, 100000])
def long_dynamic_loop(n):
    count = 0
    for k in range(n[index()]):
        count += 1
    return count


@cases.add(N)
def continue_in_nested_loops(a):
    n = a[index()]
    total = 0
    for i in range(n):
        if i % 3 == 1:
            continue
        for j in range(i + 2):
            if j == i:
                continue
            if j > 4:
                break
            total += 10 * i + j
        total += 1000
    return total


@cases.add(N)
def return_inside_nested_loops(a):
    n = a[index()]
    for i in range(10):
        for j in range(10):
            if i * j == n:
                return 100 * i + j
            if i + j > 12:
                return -i
    return -1


@cases.add(N)
def return_from_while(a):
    n = a[index()]
    while True:
        n += 3
        if n > 20:
            return n
        while n % 2 == 0:
            n += 1
            if n == 7:
                return -7


@cases.add(N)
def assigns_loop_variable(a):
    total = 0
    for i in range(a[index()]):
        total += i
        i = i * 10
        total += i
    return total


@cases.add(N)
def loop_variable_after(a):
    k = -5
    for k in range(a[index()]):
        k += 100
    return k


@cases.add(shape=(3,))
def loop_variable_after_constant_range():
    for k in range(2, 9, 3):
        pass
    return k + index()


@cases.add(N, 5)
def reassigns_scalar_parameter(a, n):
    n += a[index()]
    n = n * 2
    return n


@cases.add(N)
def negative_step(a):
    total = 0
    for k in range(a[index()], -4, -2):
        total = total * 3 + k
    return total


@cases.add(np.array([-4, -3, -1, 1, 2, 5, 7]))
def dynamic_step(s):
    step = s[index()]
    total = 0
    for k in range(-10 if step > 0 else 10, 3, step):
        total = total * 2 + k
    return total


@cases.add(np.array([0, 1]), reference=[0, 3])
def zero_dynamic_step(s):
    count = 0
    for k in range(0, 3, s[index()]):
        count += 1
    return count


@cases.add(shape=(4,))
def range_near_int_max():
    i = index()
    count = 0
    for k in range(2147483647 - 3 - i, 2147483647, 2):
        count += 1
    for k in range(2147483646 - i, 2147483647):
        count += 10
    return count


@cases.add(shape=(4,))
def range_near_int_min():
    i = index()
    count = 0
    for k in range(-2147483645 + i, -2147483648, -2):
        count += 1
    return count


@cases.add(np.array([1, 2]), reference=[5, 3])
def range_over_all_ints(a):
    count = 0
    for k in range(-2147483648, 2147483647, 1000000000 * a[index()]):
        count += 1
    return count


@cases.add(shape=(3,))
def zero_trip_loops():
    i = index()
    count = 0
    for k in range(0):
        count += 1
    for k in range(5, i):
        count += 10
    for k in range(i, 5, -1):
        count += 100
    return count


@cases.add(N)
def bounds_are_evaluated_once(a):
    n = a[index()]
    count = 0
    for k in range(n):
        n = 100
        count += 1
    return count


@cases.add(N)
def while_with_break_and_continue(a):
    n = a[index()]
    total = 0
    while n < 30:
        n += 1
        if n % 2 == 0:
            continue
        if n > 20:
            break
        total += n
    return total * 100 + n


@cases.add(np.arange(1, 30))
def collatz(a):
    n = a[index()]
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


@cases.add(np.array([12, 17, 0, 100]), np.array([18, 5, 7, 75]))
def euclid(a, b):
    i = index()
    x, y = a[i], b[i]
    while y:
        x, y = y, x % y
    return x


@cases.add(np.array([0, 1, 255, 12345, INT_MAX]))
def popcount(a):
    n = a[index()]
    count = 0
    while n > 0:
        count += n & 1
        n >>= 1
    return count


@cases.add(M, shape=(4, 3))
def sort_three(a):
    i, j = index()
    x, y, z = a[i, 0], a[i, 1], a[i, 2]
    if x > y:
        x, y = y, x
    if y > z:
        y, z = z, y
    if x > y:
        x, y = y, x
    return x if j == 0 else y if j == 1 else z


@cases.add(N)
def elif_chain(a):
    n = a[index()]
    if n < 0:
        return -1
    elif n == 0:
        r = 10
    elif n < 5:
        r = 20
        if n == 3:
            return 33
    else:
        r = 30
    return r + n


@cases.add(N)
def chained_comparison(a):
    n = a[index()]
    return 0 <= n < 5 < n + 3 != 7


def bump(x):
    return x * 2 - 3


@cases.add(N)
def chained_comparison_with_calls(a):
    n = a[index()]
    return -4 < bump(n) <= 9 > bump(bump(n))


@cases.add(N)
def and_or_return_numbers(a):
    n = a[index()]
    return (n and n + 100) + (n or 7) * 1000


@cases.add(N)
def and_or_of_floats(a):
    n = a[index()]
    return (n and 2.5) or n - 1


@cases.add(N)
def short_circuit(a):
    n = a[index()]
    return n > 0 and 10 // n > 2 or not n < 5


@cases.add(N)
def truth_of_numbers(a):
    n = a[index()]
    if n and not 0.0:
        return 1
    return 2 if n - 1 else 3


@cases.add(N)
def dead_code(a):
    if a[index()] > 3:
        return 1
        return 2
    return 3
    return 4


@cases.add(N)
def break_out_of_inner(a):
    n = a[index()]
    found = -1
    for i in range(n):
        for j in range(n):
            if i * i + j * j == 25:
                found = i * 10 + j
                break
        if found >= 0:
            break
    return found


def first_above(n, limit):
    for k in range(n):
        if k * k > limit:
            return k
    return -1


@cases.add(N)
def early_return_in_helper(a):
    n = a[index()]
    total = 0
    for k in range(4):
        total = total * 20 + first_above(n, k * 9)
    return total


@cases.add(shape=(24, 24))
def mandelbrot():
    i, j = index()
    cr, ci = j / 12.0 - 1.5, i / 12.0 - 1.0
    x = y = 0.0
    for k in range(20):
        if x * x + y * y > 4.0:
            return k
        x, y = x * x - y * y + cr, 2.0 * x * y + ci
    return 20

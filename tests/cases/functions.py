"""Functions: nested, with closures and defaults, passed as arguments, lambdas, several types."""

from __future__ import annotations

import math

import numpy as np

from gpukernel import index
from tests.cases.case import Cases

cases = Cases("functions")

X = np.array([0.5, -1.25, 2.0, 3.75, -0.125], np.float32)
N = np.arange(-3, 12)
ROWS = np.arange(12, dtype=np.float32).reshape(3, 4)
FACTOR = 3


def square(x):
    return x * x


def twice(f, x):
    return f(f(x))


def compose(f, g, x):
    return f(g(x))


def fold(f, a, start=0):
    total = start
    for k in range(len(a)):
        total = f(total, a[k])
    return total


def fold_rows(f, a):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            total = f(total, a[i, j])
    return total


def bisect(f, low, high, turns=20):
    for _ in range(turns):
        middle = (low + high) / 2
        if f(low) * f(middle) <= 0:
            high = middle
        else:
            low = middle
    return low


def larger(x, y):
    return x if x > y else y


def polynomial(x, a=1, b=0, *, c=0):
    return (a * x + b) * x + c


def defaults_from_globals(x, by=FACTOR):
    return x * by


def identity(x):
    return x


def element(xs, k=0):
    return xs[k]


@cases.add(X)
def nested(a):
    def add_one(x):
        return x + 1

    return add_one(a[index()]) * add_one(2)


@cases.add(N)
def nested_with_a_closure(a):
    n = a[index()]
    scale = n * 2

    def scaled(x):
        return x * scale + n

    return scaled(3) + scaled(n)


@cases.add(N)
def closure_sees_later_values(a):
    n = a[index()]

    def plus_n(x):
        return x + n

    before = plus_n(10)
    n = n * 100
    return before + plus_n(1)


@cases.add(N)
def closure_over_the_loop_variable(a):
    n = a[index()]
    total = 0
    for k in range(4):

        def term(x):
            return x * k + n

        total = total * 3 + term(k + 1)
    return total


@cases.add(N)
def closure_over_a_list(a):
    xs = [1, 2, a[index()]]

    def at(k):
        return xs[k % 3]

    xs[0] = 50
    return at(0) + at(2) * 100


@cases.add(N)
def closure_that_changes_a_list(a):
    counts = [0] * 4

    def count(k):
        counts[k % 4] += 1
        return counts[k % 4]

    last = 0
    for k in range(a[index()]):
        last = count(k * k)
    return counts[0] + counts[1] * 10 + last * 100


@cases.add(X)
def closure_over_an_array(a):
    i = index()

    def neighbour(offset):
        return a[i + offset]

    return neighbour(-1) + neighbour(1) * 10


@cases.add(N)
def nested_defaults_and_keywords(a):
    n = a[index()]

    def line(x, slope=3, *, offset=7):
        return x * slope + offset + n

    return line(2) + line(3, 4) + line(5, offset=1)


@cases.add(N)
def nested_names_are_its_own(a):
    n = a[index()]
    x = 5

    def own(n):
        x = n * 2
        return x + 1

    return own(3) * 100 + n * 10 + x


@cases.add(N)
def nested_inside_nested(a):
    n = a[index()]

    def outer(x):
        def inner(y):
            return x * y + n

        return inner(2) + inner(x)

    return outer(3) + outer(n)


@cases.add(N)
def nested_calls_nested(a):
    def double(x):
        return x * 2

    def quadruple(x):
        return double(double(x))

    return quadruple(a[index()])


@cases.add(N)
def nested_with_loops_and_early_return(a):
    n = a[index()]

    def first_multiple(step):
        for k in range(1, 40):
            if k * step > n:
                return k
        return -1

    return first_multiple(2) * 100 + first_multiple(3)


@cases.add(X)
def nested_with_several_types(a):
    def halved(x):
        return x / 2 if x > 1 else x * 3

    i = index()
    return halved(a[i]) + halved(i) * 10


@cases.add(N)
def nested_defined_in_a_branch(a):
    n = a[index()]
    if n > 3:

        def shift(x):
            return x + 100

        return shift(n)
    return n


@cases.add(N)
def nested_returns_a_tuple(a):
    n = a[index()]

    def split(x):
        return x // 3, x % 3

    q, r = split(n)
    return q * 10 + r


@cases.add(X)
def lambda_in_a_kernel(a):
    f = lambda x: x * 2
    return f(a[index()]) + f(3)


@cases.add(N)
def lambda_with_a_closure(a):
    n = a[index()]
    line = lambda x, offset=1: n * x + offset
    return line(2) + line(3, offset=n)


@cases.add(N)
def lambda_as_argument(a):
    n = a[index()]
    return twice(lambda x: x * 2 + n, n)


@cases.add(N)
def nested_as_argument(a):
    n = a[index()]

    def plus(x):
        return x + n

    return twice(plus, 1) * 10 + compose(plus, square, 3)


@cases.add(X)
def function_as_argument(a):
    x = a[index()]
    return twice(square, x) + compose(square, math.floor, x)


@cases.add(X)
def builtin_as_argument(a):
    x = a[index()]
    return twice(abs, x) + compose(math.sqrt, abs, x)


@cases.add(ROWS, shape=(3,), reference=[66, 11, 6])
def fold_with_functions(a):
    i = index()
    if i == 0:
        return fold_rows(lambda x, y: x + y, a)
    return fold_rows(larger, a) if i == 1 else fold_rows(lambda x, y: x + (y > 5), a)


@cases.add(X)
def array_and_function_to_a_helper(a):
    return fold(larger, a, -10.0) * 100 + fold(lambda total, x: total * 0.5 + x, a)


@cases.add(shape=(3,), absolute=1e-5)
def bisection():
    i = index()
    return bisect(lambda x: x * x - 2 - i, 0.0, 4.0)


@cases.add(X)
def defaults_and_keywords(a):
    x = a[index()]
    return polynomial(x) + polynomial(x, 2, c=5) + polynomial(b=1, x=x) + defaults_from_globals(x)


@cases.add(X)
def several_types(a):
    i = index()
    pair = (i, 2)
    return identity(a[i]) + identity(i) + identity(i > 2) + identity(pair)[1]


@cases.add(X)
def lists_tuples_and_arrays_to_one_helper(a):
    i = index()
    return element([i, 5], 1) + element((i, 7)) * 10 + element(a, i) * 100


def _made(offset):
    def add(x):
        return x + offset

    def added_by_a_captured_function(a):
        return add(a[index()]) * offset

    return added_by_a_captured_function


cases.add(X)(_made(5))
cases.add(X, name="added_by_another_captured_function")(_made(0.25))

_tripled = lambda x: x * 3


@cases.add(X)
def captured_lambda(a):
    return _tripled(a[index()])


@cases.add(N)
def divmod_and_pow(a):
    n = a[index()]
    q, r = divmod(n, 4)
    return q * 100 + r * 10 + pow(r, 3) + divmod(-n, 3)[1]


@cases.add(X)
def divmod_of_floats(a):
    q, r = divmod(a[index()] * 4, 1.5)
    return q * 10 + r


@cases.add(N)
def divmod_by_negatives(a):
    n = a[index()]
    q, r = divmod(n, -4)
    return q * 100 + r


@cases.add(X)
def pow_of_floats(a):
    return pow(a[index()], 2) + pow(2.0, 3) + pow(2, 5)

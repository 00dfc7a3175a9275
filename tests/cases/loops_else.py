"""`else` of loops: it runs when the loop ended without `break`."""

from __future__ import annotations

import numpy as np

from gpukernel import index
from tests.cases.case import Cases

cases = Cases("loops_else")

N = np.arange(-2, 14)
ROWS = np.array([[1, 5, 2], [4, 4, 4], [-1, 0, 7], [5, 0, 0]])


def smallest_factor(n):
    for k in range(2, n):
        if n % k == 0:
            return k
    else:
        n += 100
    return n


def is_prime(n):
    if n < 2:
        return False
    for k in range(2, n):
        if n % k == 0:
            break
    else:
        return True
    return False


@cases.add(N)
def after_a_for(a):
    n = a[index()]
    for k in range(10):
        if k * k == n:
            r = k
            break
    else:
        r = -1
    return r * 10 + k


@cases.add(N)
def after_a_while(a):
    n = a[index()]
    while n > 0:
        n -= 3
        if n == 2:
            break
    else:
        n += 100
    return n


@cases.add(N)
def with_continue(a):
    n = a[index()]
    total = 0
    for k in range(n):
        if k % 2:
            continue
        if k > 7:
            break
        total += k
    else:
        total += 1000
    return total


@cases.add(N)
def of_a_loop_without_turns(a):
    total = 0
    for k in range(a[index()]):
        if k == 3:
            break
    else:
        total = 7
    return total


@cases.add(N)
def while_condition_false_at_once(a):
    n = a[index()]
    while n > 100:
        n = 0
        break
    else:
        n += 1000
    return n


@cases.add(ROWS, shape=(4,))
def nested(a):
    i = index()
    found = -1
    for j in range(3):
        for k in range(3):
            if k != j and a[i, j] == a[i, k]:
                found = j * 10 + k
                break
        else:
            continue
        break
    else:
        found = 100
    return found


@cases.add(N)
def else_that_breaks_the_outer_loop(a):
    n = a[index()]
    last = -1
    for i in range(2, 20):
        for k in range(2, i):
            if (n + i) % k == 0:
                break
        else:
            last = i
            if i > 5:
                break
    return last


@cases.add(N)
def else_that_returns(a):
    n = a[index()]
    for k in range(n):
        if k == 6:
            break
    else:
        return -5
    return k


@cases.add(N)
def break_inside_else_of_an_inner_loop(a):
    n = a[index()]
    count = 0
    while True:
        count += 1
        for k in range(3):
            if k + count > n:
                break
        else:
            continue
        break
    return count


@cases.add(N)
def names_set_in_both_ways(a):
    n = a[index()]
    for k in range(5):
        if k == n:
            x = 1.5
            break
    else:
        x = 2
    return x


@cases.add(N)
def primes(a):
    n = a[index()]
    return is_prime(n) + 10 * smallest_factor(n)


@cases.add(N)
def over_a_tuple(a):
    n = a[index()]
    for p in (2, 3, 5):
        if n % p == 0:
            break
    else:
        p = 0
    return p


@cases.add(N)
def over_a_list(a):
    n = a[index()]
    xs = [4, 9, n]
    for x in xs:
        if x < n:
            break
    else:
        x = 100
    return x


@cases.add(N)
def loop_inside_else(a):
    n = a[index()]
    total = 0
    for k in range(n):
        if k > 4:
            break
    else:
        for k in range(3):
            total += k
            if total > n:
                break
        else:
            total += 50
    return total


@cases.add(N)
def return_inside_the_loop(a):
    n = a[index()]
    while n < 40:
        n = n * 2 + 3
        if n % 5 == 0:
            return n
    else:
        n = -n
    return n


@cases.add(N)
def while_true_with_else(a):
    n = a[index()]
    while True:
        n += 1
        if n % 4 == 0:
            break
    else:
        n = -1
    return n

"""Functions of a number ``x`` that differs between cells, and one ``n`` that does not: cells part.

Each is run as the body of a kernel and as a function that a kernel calls.
"""

from __future__ import annotations

from collections.abc import Callable

FUNCTIONS: list[Callable[..., object]] = []


def add(function: Callable[..., object]) -> Callable[..., object]:
    FUNCTIONS.append(function)
    return function


@add
def branches_in_branches(x, n):
    total = n
    if x > 3:
        total += x
        if x % 2 == 0:
            total *= 3
            if x > 10:
                total -= 7
            else:
                total += 1000
        elif x % 3 == 0:
            total = -total
        else:
            total += n
    elif x < -2:
        total -= x * x
    return total * 2 + (1 if total > 20 else 0)


@add
def variable_set_in_one_branch_only(x, n):
    last = -5
    found = 0
    if x > 4:
        last = x
    elif n > 2:
        found = n
    if x % 3 == 0:
        found = last + 1
    return last * 100 + found


@add
def while_of_varying_length(x, n):
    steps = 0
    left = abs(x) + 1
    while left != 1 and steps < 40:
        if left % 2 == 0:
            left //= 2
        else:
            left = 3 * left + 1
        steps += 1
    return steps * 10 + left + n


@add
def for_of_varying_length(x, n):
    total = 0
    for k in range(x):
        total += k * n
    return total * 10 + x


@add
def for_with_varying_start_stop_and_step(x, n):
    total = 0
    k = -7
    for k in range(x, n * 3 - x, 1 + x % 3):
        total = total * 3 + k
    for k in range(n + x, x - 2 * n, -2):
        total = total * 5 - k
    return total + k


@add
def step_that_is_zero_or_negative_in_some_cells(x, n):
    total = 0
    for k in range(0, 7 * n, x % 3 * n - n):
        total += k + 1
        if total > 1000:
            break
    return total


@add
def break_and_continue_in_nested_loops(x, n):
    total = 0
    for i in range(6):
        if i == x % 5:
            continue
        for j in range(n + 4):
            if j == i:
                continue
            if i * j > x:
                break
            total += 10 * i + j
        if total > 60 + x:
            break
        total += 1000
    return total


@add
def variables_read_after_a_loop_that_cells_leave_early(x, n):
    i = -1
    best = -100
    k = 50
    for i in range(n + 6):
        k = i * i
        if k > x:
            best = i
            break
        best -= 1
    return i * 10000 + best * 100 + k


@add
def return_inside_nested_loops(x, n):
    for i in range(7):
        for j in range(i, 0, -1):
            if i * j == x + n:
                return i * 100 + j
            if i + j > 9:
                return -i
        if i == x:
            return 5000 + i
    return -1


@add
def returns_in_all_branches(x, n):
    if x < 0:
        return -x
    if x > 9:
        if n > 3:
            return n
        return x
    total = 0
    while True:
        total += x + 1
        if total > 30:
            return total
        if total % 7 == 6:
            return -total


@add
def uniform_loop_left_by_some_cells(x, n):
    total = 0
    k = 0
    while k < n + 3:
        k += 1
        if k == x:
            break
        if k % 3 == x % 3:
            continue
        total += k
    return total * 10 + k


@add
def uniform_break_after_a_varying_continue(x, n):
    total = 0
    for k in range(20):
        if (x + k) % 4 == 0:
            continue
        total += k
        if k > n:
            break
    return total


@add
def loop_in_a_branch_of_some_cells(x, n):
    total = x
    if x % 2 == 0:
        for k in range(n):
            total += k * x
            if total > 50:
                total -= 100
    else:
        while total < 20:
            total += 3 + n
    return total


@add
def list_with_varying_indices_under_masks(x, n):
    xs = [0] * 4
    for k in range(4):
        xs[(k * x + n) % 4] = k + 1
        if x > 5:
            xs[k] += 10
            continue
        xs[x] = 99
    return xs[0] + 3 * xs[1] + 9 * xs[2] + 27 * xs[3] + 81 * xs[(x + 3) % 5]


@add
def list_filled_in_some_cells_only(x, n):
    xs = [n, n + 1, n + 2, n + 3]
    ys = [4, 3, 2, 1]
    if x > 2:
        xs = [x] * 4
        ys = list(xs)
        xs[1] = -1
    elif x < -1:
        ys[n % 4] = 77
    xs[2] = ys[3]
    return xs[0] + 10 * xs[1] + 100 * xs[2] + 1000 * ys[0] + 10000 * ys[x % 4]


@add
def insertion_sort(x, n):
    xs = [x % 7, n, x % 5, 3, x % 3, -x]
    for i in range(1, 6):
        value = xs[i]
        j = i
        while j > 0 and xs[j - 1] > value:
            xs[j] = xs[j - 1]
            j -= 1
        xs[j] = value
    total = 0
    for value in xs:
        total = total * 11 + value
    return total


def put(xs, place, value):
    if value < 0:
        return 0
    old = xs[place]
    xs[place] = value
    for k in range(value % 3):
        xs[k] += 1
    return old


@add
def helper_that_writes_to_a_list(x, n):
    xs = [1, 2, n]
    total = 0
    if x > 4:
        total = put(xs, x % 4, x - 8)
    while total < x:
        total += 2 + put(xs, total % 3, x + total)
        if total > 40:
            break
    return total + 10 * xs[0] + 100 * xs[1] + 1000 * xs[2]


def search(limit, value):
    for k in range(limit):
        if k * k >= value:
            return k, value - k
        if k == 7:
            break
    return -1, limit


@add
def helper_with_several_results(x, n):
    a, b = search(n + 3, x)
    c = 0
    d = 5
    if x % 2:
        c, d = search(x, n)
    return a + 10 * b + 100 * c + 1000 * d


def digits(value):
    xs = [0] * 4
    for k in range(4):
        if value <= 0:
            return xs
        xs[k] = value % 3
        value //= 3
    return xs


@add
def helper_that_returns_a_list(x, n):
    xs = digits(n)
    ys = digits(x)
    if x % 5 < 2:
        xs = digits(x + n)
    total = 0
    for k in range(4):
        total = total * 10 + xs[k] * 3 + ys[k]
    return total


def factorial(value):
    if value <= 1:
        return 1
    result = 1
    while value > 1:
        result *= value
        value -= 1
    return result


@add
def helpers_in_conditions(x, n):
    total = 0
    k = 0
    while factorial(k % 5) < x + 3 and k < 9:
        total += factorial(k % 4) if k % 2 == x % 2 else -k
        k += 1
    if factorial(n % 5) > 20 or (x > 2 and factorial(x % 6) < 100):
        total += 10000
    return total * 10 + k


@add
def chained_comparisons(x, n):
    count = 0
    y = 1
    while 0 < y * 3 % 17 != x % 17 and count < 20:
        y = y * 3 % 17
        count += 1
    if -2 < x - n < factorial(n % 4) + 3 < 100 - x:
        count += 100 if 3 < x * x % 11 <= 8 else 200
    return count + y


@add
def loops_with_else(x, n):
    total = 0
    for k in range(2, n + 5):
        if x % k == 0:
            total += k
            break
        total += 100
    else:
        total += 7000
    while total > x:
        total -= 13
        if total % 5 == 0:
            break
    else:
        total += 3
    return total


@add
def loops_without_iterations(x, n):
    k = 3
    total = 0
    for k in range(n, 0):
        total += 1
    for k in range(0, n, -1):
        total += 10
    while n < 0:
        total += 100
    for j in range(x, x):
        total += 1000
    for j in range(0, x - 100):
        total += 10000
    return total + k


@add
def three_loops_deep(x, n):
    total = 0
    for i in range(1, 5):
        j = 0
        while j < i + x % 3:
            j += 1
            for k in range(j):
                if (i + j + k) % 4 == x % 4:
                    continue
                if total > 100 * n + 10 * x:
                    break
                total += i * j + k
            else:
                total += 1
            if j == 3 and x % 2:
                break
    return total


@add
def floats_in_loops(x, n):
    value = 0.0
    step = 1.5 if x % 2 else 0.25
    for k in range(x):
        value += step * k
        if value > 9.0:
            value = value * 0.5 - step
        else:
            step += 0.125
    return value + n


@add
def bools_and_uints(x, n):
    seen = False
    both = x > n
    bits = x * 3
    for k in range(8):
        seen = seen or bits & (1 << k) != 0
        if not both:
            bits ^= k
        both = both != seen
    return bits * 4 + (2 if seen else 0) + (1 if both else 0)


@add
def loop_that_never_ends_on_zeros(x, n):
    count = 0
    while count * (x + 20) < 100:
        count += 1 if x + 20 > 0 else 0
    return count + n


@add
def first_loop_decides_about_the_second(x, n):
    limit = 0
    for k in range(10):
        if k * n > x:
            limit = k
            break
    total = 0
    for k in range(limit):
        total += k
        for j in range(k, limit):
            if (j + x) % 3 == 0:
                break
            total += j
        if total > 25:
            return total
    return -limit


@add
def counters_that_go_on_in_the_next_turn_of_a_loop_around(x, n):
    k = 0
    total = 0
    for turn in range(n):
        while k < x + turn:
            k += 2
            total += 1
        total = total * 3 + 1
    return total


@add
def variables_of_the_last_turn_that_are_read_after_the_loop(x, n):
    after = 1
    total = 0
    while True:
        before = after
        after += 1
        if after > x:
            break
        total += before
        if total > n * 3:
            return before
    if total > n:
        return after * 100 + before
    return total


@add
def variables_set_in_inner_loops_and_read_in_the_outer_one(x, n):
    total = 0
    last = 5
    for j in range(n):
        for k in range(j, x):
            last = k
            total += 1
        total += last * 2
        if last == n:
            break
        last = j
    return total + last


@add
def loops_of_some_cells_that_count_alike(x, n):
    total = 0
    count = 0
    if x > 2:
        for j in range(n):
            count += j
            total += count
            if total > x * 2:
                break
        total += count
    else:
        count = 7
        while count > x:
            count -= n + 1
    return total * 100 + count

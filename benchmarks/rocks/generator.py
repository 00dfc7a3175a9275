"""A random generator of small integers, for kernels and, with arrays for numbers, for NumPy.

Its state is a list of four: two digits of 12 bits, a sum of 23 bits, and what is added to the sum
at each draw.  The digits are multiplied as one number of 24 bits, in parts that stay below 2**24.
Masks stand for remainders: everything is positive.
"""

from __future__ import annotations


def start_generator(counter):
    """Return the generator for a counter from 0 to 2**22 - 1; its digits are those of the square.

    The first four draws are dropped.
    """
    high = counter >> 12
    low = counter & 4095
    middle = 2 * high * low + ((low * low) >> 12)
    digit = (high * high + (middle >> 12)) & 4095
    total = ((digit << 12) + (low * low & 4095)) & 0x7FFFFF
    state = [digit, middle & 4095, total, 2 * counter + 1]
    for _ in range(4):
        draw(state)
    return state


def draw(state):
    """Return the next number from 0 to 4095."""
    high, low, total, step = state
    total = (total + step) & 0x7FFFFF
    bottom = 1133 * low + total
    top = 1133 * high + (bottom >> 12)
    state[0] = bottom & 4095
    state[1] = top & 4095
    state[2] = total
    return top & 4095

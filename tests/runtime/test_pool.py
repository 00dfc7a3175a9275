"""The pool alone, without GL."""

from __future__ import annotations

from dataclasses import dataclass

from gpukernel.runtime.pool import Pool


@dataclass(eq=False)
class Block:
    key: str
    num_bytes: int
    released: bool = False

    def release(self) -> None:
        self.released = True


def test_take_gives_only_the_same_key() -> None:
    pool: Pool[Block] = Pool(100)
    block = Block("a", 10)
    pool.give(block)
    assert pool.take("b") is None
    assert pool.take("a") is block
    assert pool.take("a") is None and pool.num_bytes == 0


def test_the_oldest_key_gives_way() -> None:
    pool: Pool[Block] = Pool(30)
    blocks = [Block(name, 10) for name in "abcd"]
    for block in blocks:
        pool.give(block)
    assert [block.released for block in blocks] == [True, False, False, False]
    assert pool.num_bytes == 30


def test_a_block_over_the_budget_is_released_at_once() -> None:
    pool: Pool[Block] = Pool(30)
    small, large = Block("a", 10), Block("b", 31)
    pool.give(small)
    pool.give(large)
    assert large.released and not small.released


def test_clear_releases_everything() -> None:
    pool: Pool[Block] = Pool(30)
    block = Block("a", 10)
    pool.give(block)
    pool.clear()
    assert block.released and pool.num_bytes == 0

"""Training steps a second, what they launch, whether memory grows, and the time of one epoch."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import gpukernel as gk
from benchmarks.nn import with_torch
from benchmarks.nn.networks import NETWORKS, WARM_UP, Network, make_model, samples
from gpukernel import nn

BATCHES = (32, 256)
EPOCH_SAMPLES, EPOCH_BATCH = 1000, 32
EPOCH_BARS_MS = {"gl": 150.0, "cpu": 45.0}
TOLERANCE = 2e-3  # of the loss after a few steps
FEWEST = 3  # steps that are timed


@dataclass(frozen=True)
class Row:
    """The times of one network at one batch size on one device.

    ``status`` is "ok", "WRONG" for another loss than expected, or "GROWS" for memory or compiled
    programs that become more from step to step.
    """

    network: str
    batch: int
    device: str
    step_ms: float  # the median
    launches: int | None  # of a step
    loss: float  # after the first steps
    status: str

    @property
    def steps_a_second(self) -> float:
        return 1000.0 / self.step_ms


def measure_steps(devices: list[str], seconds: float) -> Iterator[Row]:
    """Yield the times of every network, batch size and device."""
    for network in NETWORKS:
        for batch in BATCHES:
            for device in devices:
                yield _measured(network, batch, device, seconds)


def _measured(network: Network, batch: int, device: str, seconds: float) -> Row:
    x, y = samples(network, batch)
    if device == "torch":
        return _row(network, batch, device, with_torch.make_step(network, x, y), seconds)
    with gk.device(device):
        model, given, labels = make_model(network), nn.tensor(x), nn.tensor(y)
        return _row(
            network, batch, device, lambda: model.train_on_batch(given, labels)["loss"], seconds
        )


def _row(
    network: Network, batch: int, device: str, step: Callable[[], float], seconds: float
) -> Row:
    """Measure a step, which gives its loss."""
    for _ in range(WARM_UP):
        step()
    before = gk.memory().launches
    loss = step()
    launches = None if device == "torch" else gk.memory().launches - before
    held = _held()
    step_ms = _milliseconds(step, seconds)
    is_right = abs(loss - network.losses[batch]) <= TOLERANCE * network.losses[batch]
    status = "WRONG" if not is_right else "ok" if _held() == held else "GROWS"
    return Row(network.name, batch, device, step_ms, launches, loss, status)


def _held() -> tuple[int, ...]:
    """Return what is to stay the same from one step to the next."""
    gc.collect()  # networks that were measured before
    found = gk.memory()
    return found.arrays, found.bytes, found.pooled_bytes, found.textures, found.compiles


def _milliseconds(step: Callable[[], object], seconds: float) -> float:
    """Return the median time of a step."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < FEWEST:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return 1000.0 * statistics.median(times)


def measure_epoch(device: str, runs: int) -> float:
    """Return the milliseconds of one epoch of the MLP through ``fit``, the best of some."""
    network = NETWORKS[0]
    x, y = samples(network, EPOCH_SAMPLES)
    with gk.device(device):
        model = make_model(network)
        model.fit(x, y, batch_size=EPOCH_BATCH, verbose=0)
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            model.fit(x, y, batch_size=EPOCH_BATCH, verbose=0)
            times.append(time.perf_counter() - start)
    return 1000.0 * min(times)

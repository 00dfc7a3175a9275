"""The mean loss of an epoch, added up on the device.

Losses of batches come in, and nothing is read back until someone asks: then come the mean and,
if it is not finite, the batch where that began.
"""

from __future__ import annotations

import math

from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.tensor import Tensor
from gpukernel.runtime.host_memory import is_host, memory_of


@elementwise(result="float")
def with_loss(total, loss, samples):
    return total + loss * samples


@elementwise(result="int")
def first_bad(bad, total, batch):
    return batch if bad < 0 and not math.isfinite(total) else bad


class RunningLoss:
    """The mean loss over the batches so far, on the device until it is read."""

    def __init__(self) -> None:
        self._total: Tensor | float = 0.0
        self._bad: Tensor | int = -1
        self._samples = 0
        self.batches = 0

    def add(self, loss: Tensor, samples: int) -> None:
        """Add the mean loss of a batch of so many samples; computes it if it waits."""
        if is_host(loss._value.device):
            self._add_number(memory_of(loss.array).item(), samples)
        else:
            self._add_there(loss, samples)
        self._samples += samples
        self.batches += 1

    def _add_number(self, loss: float, samples: int) -> None:
        """Add a loss that is in host memory: there is nothing to wait for."""
        self._total = float(self._total) + loss * samples
        if int(self._bad) < 0 and not math.isfinite(loss):
            self._bad = self.batches

    def _add_there(self, loss: Tensor, samples: int) -> None:
        """Add a loss where it is."""
        total: Tensor = with_loss(self._total, Tensor(loss._value), float(samples))
        bad: Tensor = first_bad(self._bad, total, self.batches)
        bad.array  # noqa: B018  (one kernel computes it, the total and the loss)
        self._total, self._bad = total, bad

    def read(self) -> float:
        """Return the mean; waits for the device."""
        return float(self._total) / self._samples if self.batches else math.nan

    def first_bad_batch(self) -> int:
        """Return the number of the first batch whose loss was not finite; -1 if all were."""
        return int(self._bad)

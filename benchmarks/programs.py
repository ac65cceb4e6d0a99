"""Programs that cases run: what takes more than a line. Written once, for any library with PyTorch's names.

Each takes a `Library` and returns a function that does one step and returns the tensor by which
two libraries can be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .libraries import Library


def chain(library: Library) -> Callable[[], Any]:
    """Ten elementwise ops on 16 elements, forward and backward."""
    lib, F = library.lib, library.names["F"]
    x = library.tensor(np.linspace(-2, 2, 16, dtype=np.float32), requires_grad=True)

    def step():
        x.grad = None
        y = F.leaky_relu(x * 1.5 + 0.5)
        z = (lib.tanh(y) - x) * y
        lib.sigmoid(lib.exp(-z)).sum().backward()
        return x.grad

    return step


def _training(library: Library, model: Any, inputs: np.ndarray, classes: int) -> Callable[[], Any]:
    F, optim = library.names["F"], library.names["optim"]
    rng = np.random.default_rng(1)
    x = library.tensor(inputs)
    y = library.tensor(rng.integers(0, classes, len(inputs)))
    optimizer = optim.Adam(model.parameters(), lr=1e-3)

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def mlp(library: Library) -> Callable[[], Any]:
    """An Adam step of a 64-128-128-10 perceptron with LeakyReLU, batch 64."""
    nn = library.names["nn"]
    library.lib.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(64, 128), nn.LeakyReLU(), nn.Linear(128, 128), nn.LeakyReLU(), nn.Linear(128, 10)
    )
    return _training(library, model, np.random.default_rng(0).standard_normal((64, 64), dtype=np.float32), 10)


def convnet(library: Library) -> Callable[[], Any]:
    """An Adam step of a network of two convolutions on 64 pictures of 28 x 28."""
    nn = library.names["nn"]
    library.lib.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.LeakyReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.LeakyReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 7 * 7, 10),
    )  # fmt: skip
    return _training(library, model, np.random.default_rng(0).standard_normal((64, 1, 28, 28), dtype=np.float32), 10)


PROGRAMS: dict[str, Callable[[Library], Callable[[], Any]]] = {"chain": chain, "mlp": mlp, "convnet": convnet}

"""Train a small convolutional network on handwritten digits.

    python examples/digits.py

Reads 1,797 real scans (examples/data), keeps a quarter aside, trains for a few seconds with a progress bar, and writes
to `out/`: the weights, a plot of loss and accuracy, and a picture of the digits that were misread. The same seed gives
the same numbers to the last digit.
"""

from __future__ import annotations

import argparse
import gzip
import time
from pathlib import Path

import numpy as np

import lucid
import lucid.nn.functional as F
from lucid import nn, optim

HERE = Path(__file__).parent


def read_digits() -> tuple[lucid.Tensor, lucid.Tensor]:
    """Images of shape (1797, 1, 8, 8) with values from 0 to 1, and their labels."""
    with gzip.open(HERE / "data" / "digits.csv.gz", "rt") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.int64)
    images = lucid.tensor(table[:, :64], dtype=lucid.float32).reshape(-1, 1, 8, 8) / 16
    return images, lucid.tensor(table[:, 64])


def make_network() -> nn.Sequential:
    """Two convolutions with LeakyReLU, one pooling, two linear layers."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.LeakyReLU(0.1),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        nn.LeakyReLU(0.1),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 64),
        nn.LeakyReLU(0.1),
        nn.Dropout(0.3),
        nn.Linear(64, 10),
    )


def accuracy(network: nn.Module, images: lucid.Tensor, labels: lucid.Tensor) -> tuple[float, lucid.Tensor]:
    """The share of images that are read right, and what each is read as."""
    network.eval()
    with lucid.no_grad():
        read = network(images).argmax(1)
    network.train()
    return (read == labels).to(lucid.float64).mean().item(), read


def train(args, images, labels, held_images, held_labels, progress):
    """Train; returns the network and a row (loss, accuracy on the held-out quarter) for each epoch."""
    network = make_network()
    optimizer = optim.Adam(network.parameters(), lr=args.lr)
    batches = (len(images) + args.batch - 1) // args.batch
    task = progress.add_task("training", total=args.epochs * batches, loss=float("nan"), accuracy=float("nan"))
    history = []
    for _ in range(args.epochs):
        order = lucid.randperm(len(images))
        total = 0.0
        for batch in order.split(args.batch):
            optimizer.zero_grad()
            loss = F.cross_entropy(network(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
            progress.update(task, advance=1, loss=loss.item())
        history.append((total / len(images), accuracy(network, held_images, held_labels)[0]))
        progress.update(task, accuracy=history[-1][1])
    return network, history


def draw(out: Path, history, images, labels, read) -> None:
    """Write the plot of loss and accuracy, and the picture of the misread digits."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    epochs = range(1, len(history) + 1)
    figure, left = plt.subplots(figsize=(7, 4), layout="constrained")
    left.plot(epochs, [loss for loss, _ in history], color="tab:blue", marker="o", markersize=3)
    left.set(xlabel="epoch", ylabel="training loss", yscale="log")
    left.yaxis.label.set_color("tab:blue")
    right = left.twinx()
    right.plot(epochs, [100 * share for _, share in history], color="tab:orange", marker="o", markersize=3)
    right.set_ylabel("held-out accuracy (%)", color="tab:orange")
    left.set_title("Handwritten digits")
    figure.savefig(out / "training.png", dpi=120)
    plt.close(figure)

    wrong = [i for i in range(len(labels)) if read[i].item() != labels[i].item()]
    columns = min(6, max(1, len(wrong)))
    rows = max(1, -(-len(wrong) // columns))
    figure, axes = plt.subplots(rows, columns, figsize=(1.4 * columns + 0.4, 1.7 * rows + 0.5), squeeze=False,
                                layout="constrained")  # fmt: skip
    for axis in axes.flat:
        axis.axis("off")
    for axis, i in zip(axes.flat, wrong):
        axis.imshow(images[i, 0].numpy(), cmap="gray_r", vmin=0, vmax=1)
        axis.set_title(f"{labels[i].item()} read as {read[i].item()}", fontsize=9)
    figure.suptitle(f"{len(wrong)} of {len(labels)} held-out digits are misread", fontsize=11)
    figure.savefig(out / "misread.png", dpi=120)
    plt.close(figure)


def main() -> None:
    """Read the digits, train, report, write what there is to see."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for weights and pictures")
    args = parser.parse_args()

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console()
    lucid.manual_seed(args.seed)
    images, labels = read_digits()
    order = lucid.randperm(len(images))
    held, kept = order[: len(images) // 4], order[len(images) // 4 :]
    held_images, held_labels = images[held], labels[held]
    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("loss {task.fields[loss]:.4f}"),
        TextColumn("accuracy {task.fields[accuracy]:.2%}"), TimeElapsedColumn(),
    )  # fmt: skip
    started = time.perf_counter()
    with Progress(*columns, console=console) as progress:
        network, history = train(args, images[kept], labels[kept], held_images, held_labels, progress)
    seconds = time.perf_counter() - started

    share, read = accuracy(network, held_images, held_labels)
    args.out.mkdir(parents=True, exist_ok=True)
    lucid.save(network.state_dict(), args.out / "digits.lucid")
    draw(args.out, history, held_images, held_labels, read)
    console.print(f"{share:.2%} of {len(held)} held-out digits are read right, after {seconds:.1f} s of training")
    console.print(f"last loss {history[-1][0]!r}")
    console.print(f"written: {', '.join(str(args.out / name) for name in ('digits.lucid', 'training.png', 'misread.png'))}")


if __name__ == "__main__":
    main()

"""Whole networks, from packages written for PyTorch and used as they are: what a program that is deployed or trained meets.

    python -m benchmarks.models                     all those whose packages are installed
    python -m benchmarks.models 'resnet*' '*step'   some

Every figure comes from a process of its own, the two libraries in turns: seconds of a call (the median of a process's calls; of
its processes the least), what the process needed until its first result, imports and all, and its peak memory. Weights are random,
and the same in both, so that the results have to be, too.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

# ---------------------------------------------------------------------------------------------- networks
# Each imports what it needs when it is made, and returns what is timed.


def evaluated(network, *inputs) -> Callable:
    import torch

    network.eval()
    return torch.no_grad()(lambda: network(*inputs))


def trained(network, loss: Callable) -> Callable:
    import torch

    optimizer = torch.optim.AdamW(network.train().parameters(), 1e-4)

    def step():
        optimizer.zero_grad()
        found = loss(network)
        found.backward()
        optimizer.step()
        return found

    return step


def pictures(name: str, batch: int = 1, size: int = 224, step: bool = False) -> Callable:
    """A network of torchvision's for classification."""
    import torch
    from torchvision import models

    network, x = getattr(models, name)(weights=None), torch.randn(batch, 3, size, size)
    if not step:
        return evaluated(network, x)
    y = torch.randint(0, 1000, (batch,))
    return trained(network, lambda network: torch.nn.functional.cross_entropy(network(x), y))


def detector() -> Callable:
    import torch
    from torchvision.models import detection

    network = detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None).eval()
    x = torch.rand(3, 320, 320)
    return torch.no_grad()(lambda: network([x])[0]["scores"])  # equal ones of random weights: which boxes come first is nobody's to say


def language(name: str, words: int, made: int = 0, batch: int = 1, step: bool = False, **settings) -> Callable:
    """A network of transformers': over a text, making so many words, or trained."""
    import torch
    import transformers

    kind = getattr(transformers, name)
    network = kind(kind.config_class(**settings))
    x = torch.randint(0, network.config.vocab_size, (batch, words))
    if step:
        return trained(network, lambda network: network(x).pooler_output.square().mean() if name == "BertModel" else network(x, labels=x).loss)
    if made:
        network.eval()
        return partial(network.generate, x, max_new_tokens=made, min_new_tokens=made, do_sample=False, pad_token_id=0)
    return evaluated(network, x)


def denoiser(size: int = 64) -> Callable:
    import torch
    from diffusers import UNet2DModel

    network = UNet2DModel(
        sample_size=size, block_out_channels=(64, 128, 128), layers_per_block=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    return evaluated(network, torch.randn(1, 3, size, size), 10)


def graph(nodes: int = 2000, edges: int = 20000) -> Callable:
    import torch
    from torch_geometric.nn import GAT

    return evaluated(GAT(64, 64, 2, 16, heads=4), torch.randn(nodes, 64), torch.randint(0, nodes, (2, edges)))


def layers(make: Callable, *shape: int) -> Callable:
    """Layers of `nn` itself."""
    import torch

    return evaluated(make(torch.nn), torch.randn(shape))


def encoder(nn, width: int, heads: int):
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(width, heads, 4 * width, batch_first=True), 4)


SMALL_LLAMA = {"hidden_size": 512, "intermediate_size": 1376, "num_hidden_layers": 8, "num_attention_heads": 8,
               "num_key_value_heads": 4, "vocab_size": 32000}  # fmt: skip
SMALL_BERT = {"num_hidden_layers": 4, "hidden_size": 256, "intermediate_size": 1024, "num_attention_heads": 4}
SMALL_GPT = {"n_layer": 4, "n_embd": 256, "n_head": 4, "vocab_size": 5000}

# By name: the package, and what makes it.
MODELS: dict[str, tuple[str, Callable]] = {
    **{name: ("torchvision", partial(pictures, name)) for name in (
        "resnet18", "resnet50", "mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0", "squeezenet1_1", "shufflenet_v2_x1_0",
        "densenet121", "googlenet", "vgg11", "convnext_tiny", "vit_b_16", "swin_t",
    )},
    "resnet50 of 8": ("torchvision", partial(pictures, "resnet50", 8)),
    "ssdlite": ("torchvision", detector),
    "resnet18 step": ("torchvision", partial(pictures, "resnet18", 4, 128, True)),
    "mobilenet_v3_small step": ("torchvision", partial(pictures, "mobilenet_v3_small", 4, 128, True)),
    "gpt2 of 128 words": ("transformers", partial(language, "GPT2LMHeadModel", 128, n_layer=6)),
    "gpt2 makes 24 words": ("transformers", partial(language, "GPT2LMHeadModel", 16, 24, n_layer=6)),
    "gpt2 step": ("transformers", partial(language, "GPT2LMHeadModel", 128, batch=4, step=True, **SMALL_GPT)),
    "llama of 128 words": ("transformers", partial(language, "LlamaForCausalLM", 128, **SMALL_LLAMA)),
    "llama makes 24 words": ("transformers", partial(language, "LlamaForCausalLM", 16, 24, **SMALL_LLAMA)),
    "bert of 128 words": ("transformers", partial(language, "BertModel", 128, num_hidden_layers=6)),
    "bert of 16 words": ("transformers", partial(language, "BertModel", 16, num_hidden_layers=6)),
    "bert step": ("transformers", partial(language, "BertModel", 64, batch=4, step=True, **SMALL_BERT)),
    "denoiser": ("diffusers", denoiser),
    "graph attention": ("torch_geometric", graph),
    "LSTM of 256": ("torch", partial(layers, lambda nn: nn.LSTM(64, 256, 2, batch_first=True), 1, 100, 64)),
    "LSTM of 256, 32 sequences": ("torch", partial(layers, lambda nn: nn.LSTM(64, 256, 2, batch_first=True), 32, 100, 64)),
    "encoder of 512": ("torch", partial(layers, partial(encoder, width=512, heads=8), 1, 128, 512)),
    "encoder of 64, 32 sequences": ("torch", partial(layers, partial(encoder, width=64, heads=4), 32, 32, 64)),
}  # fmt: skip


# ---------------------------------------------------------------------------------------------- a process's part


def run(name: str, threads: int, seconds: float) -> None:
    """Time one network with the library that is `torch` here."""
    import torch

    from benchmarks.worker import kilobytes

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    if find_spec("torchvision"):  # transformers imports it, too
        from conformance.packages import torchvision_library

        torchvision_library.load()
    call = MODELS[name][1]()
    result = fingerprint(call())
    first = time.time()
    call()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    print(json.dumps({"seconds": statistics.median(times), "first": first, "peak_mb": kilobytes("VmHWM") / 1024, "result": result}))


def fingerprint(result) -> float:
    """One number of the first tensor in a result, by which the libraries' are compared."""
    import torch

    while not isinstance(result, torch.Tensor):
        result = next(iter(result.values() if isinstance(result, dict) else result))
    return result.detach().double().abs().mean().item()


# ---------------------------------------------------------------------------------------------- the whole


def measured(name: str, lucid: bool, options: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, *(["-m", "lucid"] if lucid else []), "-m", "benchmarks.models", name, "--alone"]
    command += ["--threads", str(options.threads), "--seconds", str(options.seconds)]
    env = os.environ | {"OPENBLAS_NUM_THREADS": str(options.threads), "PYTHONWARNINGS": "ignore"}
    begun = time.time()
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=600)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1])
    found = json.loads(done.stdout.splitlines()[-1])
    return found | {"first": found["first"] - begun}


def compared(name: str, options: argparse.Namespace) -> dict:
    """Of each library the least of some processes in turns, and Lucid's part of PyTorch's."""
    runs = [[measured(name, lucid, options) for lucid in (True, False)] for _ in range(options.pairs)]
    results = {one.pop("result") for pair in runs for one in pair}
    if max(results) - min(results) > 1e-3 * max(results):
        raise RuntimeError(f"the libraries' results differ: {results}")
    lucid, torch = ({key: min(one[key] for one in its) for key in its[0]} for its in zip(*runs))
    return {"name": name, "lucid": lucid, "torch": torch, "ratio": {key: lucid[key] / torch[key] for key in lucid}}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="names of networks or shell patterns; all if none is given")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=2, help="processes of each library (default 2)")
    parser.add_argument("--seconds", type=float, default=2.0, help="seconds of calls in a process (default 2)")
    parser.add_argument("--output", type=Path, help="JSON file for all of it")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)  # one network in this process
    options = parser.parse_args()
    if options.alone:
        run(options.names[0], options.threads, options.seconds)
        return 0
    wanted = [name for name in MODELS if not options.names or any(fnmatch.fnmatch(name, one) for one in options.names)]
    if not wanted:
        parser.error(f"no network is called {' or '.join(options.names)}; there are {', '.join(MODELS)}")

    from . import machine

    load = machine.load(options.threads)
    if load.busy:
        print(f"This machine is busy: {load}.", file=sys.stderr)
    rows, failed = [], 0
    print(f"{'':28}{'Lucid':>10}{'PyTorch':>10}    ratio   until the first result   peak memory")
    for name in wanted:
        if find_spec(MODELS[name][0]) is None:
            print(f"{name:28}{MODELS[name][0]} is not installed")
            continue
        try:
            row = compared(name, options)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"{name:28}{error}")
            failed += 1
            continue
        rows.append(row)
        mine, theirs, ratio = row["lucid"], row["torch"], row["ratio"]
        print(f"{name:28}{1e3 * mine['seconds']:8.1f}ms{1e3 * theirs['seconds']:8.1f}ms   {ratio['seconds']:6.2f}"
              f"   {mine['first']:7.1f} of {theirs['first']:.1f} s{mine['peak_mb']:15.0f} of {theirs['peak_mb']:.0f} MB", flush=True)  # fmt: skip
    if rows:
        means = {key: math.exp(statistics.fmean(math.log(row["ratio"][key]) for row in rows)) for key in rows[0]["ratio"]}
        print(f"{len(rows)} networks, geometric means: {means['seconds']:.2f} of the time, {means['first']:.2f} of that until the first "
              f"result, {means['peak_mb']:.2f} of the memory")  # fmt: skip
    if options.output:
        record = {"machine": machine.describe(), "load": load.record(), "threads": options.threads, "rows": rows}
        options.output.write_text(json.dumps(record, indent=1))
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())

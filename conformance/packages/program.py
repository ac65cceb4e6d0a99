"""What a program is, and what many share."""

from __future__ import annotations

PROGRAMS: dict = {}


def program(what: str, *also: str):
    """Enter a program under its own name, which is the package's; `also` are other packages that it needs."""

    def enter(run):
        run.what, run.also = what, also
        PROGRAMS[run.__name__] = run
        return run

    return enter


def trained(model, loss, optimizer=None, steps=3):
    """Steps of training: the losses, the first gradients, and the parameters and buffers at the end."""
    import torch

    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    losses = []
    for step in range(steps):
        optimizer.zero_grad()
        found = loss()
        found.backward()
        if not step:
            yield "gradients", torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
        optimizer.step()
        losses.append(found.detach())
    yield "losses", torch.stack(losses)
    state = [value for value in model.state_dict().values() if isinstance(value, torch.Tensor)]
    yield "parameters", torch.cat([value.detach().flatten().float() for value in state])


def classified(model, shape, classes):
    """Three steps of training a classifier with random images or features, then what it says of others."""
    import torch

    x, y = torch.rand(shape), torch.randint(classes, shape[:1])
    yield from trained(model, lambda: torch.nn.functional.cross_entropy(model(x), y))
    model.eval()
    with torch.no_grad():
        yield "outputs", model(torch.rand(shape))

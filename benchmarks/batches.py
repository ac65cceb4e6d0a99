"""What `func.vmap` and its kin do: functions over a batch, gradients of each sample, ensembles, Jacobians. Expressions as those of `survey.py`."""

from __future__ import annotations

import importlib

import numpy as np

from .libraries import Library

EXPRESSIONS = """
vmap(lib.dot)(rows,others) | vmap(lib.matmul)(squares,squares) | vmap(lambda x: F.layer_norm(x,(64,),wide,wide))(words) | vmap(lib.add)(rows,others)
vmap(lambda x: x.softmax(-1).max())(rows) | vmap(vmap(lambda x: x.sum()))(words) | vmap(lambda x,i: x[i])(rows,picks) | vmap(lib.linalg.inv)(well)
mlp_gradients(mlp,rows,classes) | convnet_gradients(convnet,images,digits) | vmap(ensemble,(0,None))(stacked,rows) | vmap(func.grad(curve))(rows)
func.jacrev(curves)(point) | func.jacfwd(curves)(point) | func.hessian(curve)(point) | vmap(func.hessian(curve))(points)
"""


def namespace(library: Library) -> dict:
    """What the expressions name."""
    lib, nn, functional = library.lib, library.names["nn"], library.names["F"]
    func = importlib.import_module(f"{lib.__name__}.func")
    rng = np.random.default_rng(0)

    def floats(*shape):
        return lib.tensor(rng.standard_normal(shape, dtype=np.float32))

    def gradients(model):
        def loss(params, x, target):
            return functional.cross_entropy(func.functional_call(model, params, (x[None],)), target[None])

        return func.vmap(func.grad(loss), in_dims=(None, 0, 0)), {name: one.detach() for name, one in model.named_parameters()}

    lib.manual_seed(0)
    mlps = [nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10)) for _ in range(10)]
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Flatten(1), nn.Linear(16 * 11 * 11, 10)
    )
    names = dict(library.names) | {"func": func, "vmap": func.vmap, "weight": floats(20, 20)}
    names["mlp_gradients"], names["mlp"] = gradients(mlps[0])
    names["convnet_gradients"], names["convnet"] = gradients(net)
    names["stacked"] = {name: one.detach() for name, one in func.stack_module_state(mlps)[0].items()}
    return names | {
        "rows": floats(64, 64), "others": floats(64, 64), "squares": floats(64, 32, 32), "words": floats(64, 32, 64), "wide": floats(64),
        "picks": lib.tensor(rng.integers(0, 64, (64, 16))), "well": floats(64, 8, 8) + 9 * lib.eye(8), "point": floats(20), "points": floats(64, 20),
        "classes": lib.tensor(rng.integers(0, 10, 64)), "images": floats(32, 1, 28, 28), "digits": lib.tensor(rng.integers(0, 10, 32)),
        "ensemble": lambda params, x: func.functional_call(mlps[0], params, (x,)), "curve": lambda x: (x.sin() * x).pow(2).sum(),
        "curves": lambda x: lib.tanh(names["weight"] @ x),
    }  # fmt: skip

"""Points of low discrepancy: `quasirandom.SobolEngine`."""

from __future__ import annotations

import importlib

from . import program, raised, table

SOBOL = "quasirandom.SobolEngine"


def engine(lib, *args, **kwargs):
    importlib.import_module("torch.quasirandom")
    return lib.quasirandom.SobolEngine(*args, **kwargs)


@table("quasirandom", [("SobolEngine", *rest) for rest in ((1,), (3, False), (3, True), (40, True, 7), (1111, False), (300, False, 5))])
def a_sequence(lib, name, *args):
    lib.manual_seed(2)
    made = engine(lib, *args)
    yield repr(made), made.dimension, made.scramble, made.seed, made.num_generated, made.MAXBIT, made.sobolstate, made.shift, made.quasi
    yield made.draw(), made.draw(5), made.draw(2, dtype=lib.float64), made.draw(0), made.num_generated, made.quasi
    yield made.fast_forward(37) is made, made.draw(3), made.num_generated
    yield made.reset() is made, made.num_generated, made.draw(70)[40:], lib.rand(2)


@program(f"{SOBOL}.draw", f"{SOBOL}.draw_base2", f"{SOBOL}.fast_forward", f"{SOBOL}.reset", f"{SOBOL}.MAXBIT")
def calls_of_an_engine(lib):
    for steps in (0, 1, 2, 64, 1000):
        yield engine(lib, 4, True, 1).fast_forward(steps).draw(3)
    made = engine(lib, 2, scramble=True, seed=3)
    yield made.draw_base2(3), made.draw_base2(3), made.draw_base2(4, dtype=lib.float64), raised(made.draw_base2, 3), made.num_generated
    out = lib.zeros(1)
    yield made.reset().draw(4, out=out) is out, out, made.draw_base2(2, out=out) is out, out
    yield engine(lib, 5, True, seed=0).draw(1, dtype=lib.float16)
    yield raised(engine, lib, 0), raised(engine, lib, 30000), raised(engine(lib, 3).draw, 0)


@program(SOBOL, f"{SOBOL}.MAXDIM")
def more_dimensions_than_1111(lib):
    yield engine(lib, 1200).draw(2)

"""The random kernels against PyTorch's stream, recorded, and against the distributions themselves.

`CASES` pairs a PyTorch expression with the kernel call that must give the same samples and leave the same state.
What PyTorch gave is in data/random.npz: some samples of each case and digests of all samples and of the state.
It was written, with PyTorch 2.13.0 on an x86-64 with AVX2, from this folder by

    python -c "import torch; from test_random_kernels import record; record(torch)"

Integer arithmetic must agree in every bit, and so must float32 normals made in blocks, which call no libm. Elsewhere
(`LIBM`) the samples must agree to a few last bits, as libm may differ, and the digest of the samples is not compared;
nor that of a state that holds such a sample (`KEEPS`).
"""
import hashlib
import threading
from pathlib import Path

import numpy as np
import pytest

from lucid._kernels import random

RECORD = Path(__file__).parent / "data" / "random.npz"
SEEDS = (0, 2**40 + 5, 2**64 - 3)
SIZES = (1, 2, 15, 16, 17, 31, 311, 20011)
FLOATS = {"float32": np.float32, "float64": np.float64}
LIBM = {"normal", "single", "log_normal", "exponential", "cauchy", "geometric", "poisson", "binomial", "gamma"}
KEEPS = {"normal", "single", "log_normal", "gamma"}


def ramp(n, dtype, low, high):
    """The same inputs in both libraries: exactly representable steps from low to high."""
    return (low + (high - low) * (np.arange(n) * 37 % 128) / 128).astype(dtype)


def fill(kernel, *arguments):
    def run(engine, n, dtype):
        out = np.empty(n, dtype)
        kernel(engine, out, *arguments)
        return out

    return run


def whole(kernel, *arguments, out=np.int64):
    """A kernel that writes one dtype, whatever `dtype` is."""
    return lambda engine, n, dtype: fill(kernel, *arguments)(engine, n, out)


def each(kernel, *ranges, out=None):
    """A kernel of parameters per element, ramps over the given ranges."""

    def run(engine, n, dtype):
        result = np.empty(n, out or dtype)
        kernel(engine, *(ramp(n, dtype, *bounds) for bounds in ranges), result)
        return result

    return run


def dropout(engine, n, dtype):
    out, mask = np.empty(n, dtype), np.empty(n, np.uint8)
    random.bernoulli(engine, mask, 1 - 0.3)
    random.mask_scale(ramp(n, dtype, 1, 5), mask, out, 1, float(dtype(1) / dtype(1 - 0.3)))
    return out


def rrelu(engine, n, dtype):
    noise, x = np.empty(n, dtype), ramp(n, dtype, -4, 4)
    random.rrelu_noise(engine, x, noise, 0.125, 1 / 3)
    return x * noise


def multinomial(engine, n, dtype):
    out = np.empty(3 * 5, np.int64)
    random.multinomial(engine, ramp(3 * n, dtype, 1, 9), np.empty(n, dtype), out, 3, n, 5)
    return out


# name: (the PyTorch expression in t = torch, n, d = dtype and r = ramp as a tensor, the kernel)
CASES = {
    "uniform": ("t.rand(n, dtype=d)", fill(random.uniform, 0.0, 1.0)),
    "uniform_between": ("t.empty(n, dtype=d).uniform_(-0.3, 1.7)", fill(random.uniform, -0.3, 1.7)),
    "uniform_narrow": ("t.empty(n, dtype=d).uniform_(1, 1 + 2**-22)", fill(random.uniform, 1.0, 1 + 2.0**-22)),
    "normal": ("t.empty(n, dtype=d).normal_(0.3, 0.7)", fill(random.normal, 0.3, 0.7)),
    "single": ("t.empty(2 * n, dtype=d)[::2][:n].normal_(0.3, 0.7)", fill(random.normal, 0.3, 0.7, True)),
    "log_normal": ("t.empty(n, dtype=d).log_normal_(0.3, 0.7)", fill(random.log_normal, 0.3, 0.7)),
    "exponential": ("t.empty(n, dtype=d).exponential_(1.3)", fill(random.exponential, 1.3)),
    "cauchy": ("t.empty(n, dtype=d).cauchy_(0.0, 0.7)", fill(random.cauchy, 0.0, 0.7)),
    "geometric": ("t.empty(n, dtype=d).geometric_(0.2)", fill(random.geometric, 0.2)),
    "bernoulli": ("t.empty(n, dtype=t.uint8).bernoulli_(0.37)", whole(random.bernoulli, 0.37, out=np.uint8)),
    "bernoulli_each": ("t.bernoulli(r(0, 1)).byte()", each(random.bernoulli_each, (0, 1), out=np.uint8)),
    "dropout": ("t.nn.functional.dropout(r(1, 5), 0.3)", dropout),
    "rrelu": ("t.nn.functional.rrelu(r(-4, 4), 0.125, 1 / 3, True)", rrelu),
    "multinomial": ("t.multinomial(r(1, 9, 3 * n).reshape(3, n), 5, True)", multinomial),
    "poisson": ("t.poisson(r(0, 40))", each(random.poisson, (0, 40))),
    "binomial": ("t.binomial(r(0, 128).floor(), r(-0.125, 1.125))", each(random.binomial, (0, 128), (-0.125, 1.125))),
    "gamma": ("t._standard_gamma(r(0, 8))", each(random.standard_gamma, (0, 8))),
    "randint_10": ("t.randint(10, (n,))", whole(random.randint, 10, 0, False)),
    "randint_1": ("t.randint(-7, -6, (n,))", whole(random.randint, 1, -7, False)),
    "randint_2**28-1": ("t.randint(-5, 2**28 - 6, (n,))", whole(random.randint, 2**28 - 1, -5, False)),
    "randint_2**28": ("t.randint(2**28, (n,))", whole(random.randint, 2**28, 0, True)),
    "randint_wide": ("t.randint(-2**62, 2**62 + 5, (n,))", whole(random.randint, 2**63 + 5, -(2**62), True)),
    "random_int32": ("t.empty(n, dtype=t.int32).random_().long()", whole(random.randint, 2**31, 0, False)),
    "random_int64": ("t.empty(n, dtype=t.int64).random_(-2**63, None)", whole(random.randint, 0, 0, True)),
    "randperm": ("t.randperm(n)", whole(random.randperm)),
}
EITHER = {"bernoulli", "randperm"} | {name for name in CASES if name.startswith("rand")}  # no dtype in them




def dtypes_of(name):
    return ["float32"] if name in EITHER else list(FLOATS)


def digest(array):
    return np.frombuffer(hashlib.sha256(np.ascontiguousarray(array).tobytes()).digest()[:8], np.uint8)


def some(samples):
    return samples[:: max(1, len(samples) // 8)][:10]


def record(torch):
    """Ask PyTorch for every case, all sizes one after the other with each seed, and write what it gave."""
    torch.set_num_threads(1)
    made = {}
    for name, (expression, _) in CASES.items():
        for dtype in dtypes_of(name):
            samples, digests = [], []
            for seed in SEEDS:
                torch.manual_seed(seed if seed < 2**63 else seed - 2**64)
                for n in SIZES:
                    names = {"t": torch, "n": n, "d": getattr(torch, dtype)}
                    names["r"] = lambda low, high, m=n, dtype=dtype: torch.from_numpy(ramp(m, dtype, low, high))
                    out = eval(expression, names).numpy().ravel()
                    samples.append(some(out))
                    digests.append([digest(out), digest(torch.get_rng_state().numpy())])
            made[f"{name} {dtype}"] = np.concatenate(samples)
            made[f"{name} {dtype} digests"] = np.array(digests)
    np.savez_compressed(RECORD, **made)


def state_of(engine):
    state = np.empty(5056, np.uint8)
    engine.get_state(state)
    return state


def engine_of(seed):
    engine = random.Engine()
    engine.seed(seed)
    return engine


@pytest.fixture(scope="module")
def recorded():
    with np.load(RECORD) as file:
        return dict(file)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", CASES)
def test_pytorch_stream(recorded, name, dtype):
    if dtype not in dtypes_of(name):
        dtype = "float32"
    wanted, digests = recorded[f"{name} {dtype}"], iter(recorded[f"{name} {dtype} digests"])
    kernel = CASES[name][1]
    samples = []
    for seed in SEEDS:
        engine = engine_of(seed)
        for n in SIZES:
            out = kernel(engine, n, FLOATS[dtype])
            samples.append(some(out))
            of_samples, of_state = next(digests)
            if name not in LIBM or (name == "normal" and dtype == "float32" and n >= 16):
                assert (digest(out) == of_samples).all(), f"other samples: seed {seed}, n {n}"
            if name not in KEEPS:
                assert (digest(state_of(engine)) == of_state).all(), f"other state: seed {seed}, n {n}"
    samples = np.concatenate(samples)
    if name in LIBM:
        eps = np.finfo(wanted.dtype).eps
        np.testing.assert_allclose(samples, wanted, rtol=4 * eps, atol=2 * eps)
    else:
        np.testing.assert_array_equal(samples, wanted)


def test_successive_calls_share_the_second_normal():
    """A single normal leaves its pair's second sample to the next single one, whatever comes between."""
    one, other = engine_of(7), engine_of(7)
    a, b = np.empty(1), np.empty(1)
    random.normal(one, a, 0.0, 1.0)
    random.uniform(one, np.empty(5, np.float32), 0.0, 1.0)
    random.normal(one, np.empty(16), 0.0, 1.0)  # a block neither takes nor clears it
    random.normal(one, b, 0.0, 1.0)
    pair = np.empty(2)
    random.normal(other, pair, 0.0, 1.0)
    assert [a[0], b[0]] == list(pair)
    one.seed(7)
    random.normal(one, b, 0.0, 1.0)
    assert b[0] == pair[0], "seeding forgets the second sample"


def test_state_round_trip():
    engine = engine_of(-5 & (2**64 - 1))
    random.normal(engine, np.empty(3), 0.0, 1.0)
    state = state_of(engine)
    wanted, got = np.empty(1000), np.empty(1000)
    random.normal(engine, wanted[:1], 0.0, 1.0)
    random.uniform(engine, wanted[1:], 0.0, 1.0)
    other = random.Engine()
    other.set_state(state)
    assert other.initial_seed == 2**64 - 5
    np.testing.assert_array_equal(state_of(other), state)
    random.normal(other, got[:1], 0.0, 1.0)
    random.uniform(other, got[1:], 0.0, 1.0)
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize(("at", "value"), [(8, 0), (8, 600), (12, 0), (16, 625)])
def test_a_state_that_would_read_out_of_bounds_is_refused(at, value):
    engine = engine_of(3)
    random.uniform(engine, np.empty(30, np.float32), 0.0, 1.0)
    state = state_of(engine)
    broken = state.copy()
    broken[at : at + 4] = np.frombuffer(np.uint32(value).tobytes(), np.uint8)
    with pytest.raises(ValueError, match="random state"):
        engine.set_state(broken)
    np.testing.assert_array_equal(state_of(engine), state)
    with pytest.raises(ValueError, match="5056"):
        engine.set_state(state[:-1])


def test_short_buffers_are_refused():
    engine, x, short = engine_of(0), np.ones(8), np.ones(7)
    long, bytes_ = np.ones(7, np.int64), np.ones(7, np.uint8)
    for call in (
        lambda: random.bernoulli_each(engine, x, bytes_),
        lambda: random.mask_scale(x, bytes_, x, 1, 0.5),
        lambda: random.mask_scale(x, np.ones(8, np.uint8), short, 1, 0.5),
        lambda: random.rrelu_noise(engine, x, short, 0.0, 1.0),
        lambda: random.poisson(engine, x, short),
        lambda: random.binomial(engine, x, short, x),
        lambda: random.standard_gamma(engine, x, short),
        lambda: random.multinomial(engine, x, x, long, 2, 4, 4),
        lambda: random.multinomial(engine, x, short, np.ones(8, np.int64), 1, 8, 4),
        lambda: engine.get_state(bytes_),
    ):
        with pytest.raises(ValueError, match="7|too short"):
            call()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("inner", [1, 3, 1000])
def test_mask_scale(inner, dtype):
    rng = np.random.default_rng(0)
    mask = rng.integers(0, 2, 120_000 // inner).astype(np.uint8)
    x = rng.standard_normal(mask.size * inner).astype(dtype)
    x[:8] = [np.inf, -np.inf, np.nan, 0.0, -0.0, -1.0, 1e-45, 3.0]
    out, each, one = np.empty_like(x), np.repeat(mask, inner), FLOATS[dtype]
    with np.errstate(invalid="ignore"):
        random.mask_scale(x, mask, out, inner, 1.25)
        np.testing.assert_array_equal(out, x * (each * one(1.25)))
        np.testing.assert_array_equal(np.signbit(out[3:5]), [False, True])
        random.mask_scale(x, mask, out, inner, 1.25, 0.5, -2.0)
        np.testing.assert_array_equal(out, x * (each * one(1.25)) + np.where(each, one(0.5), one(-2.0)))


def kolmogorov_smirnov(samples, distribution):
    """The largest distance between the samples' distribution and the other, in units of its standard scale."""
    x = np.sort(samples)
    expected = distribution(x)
    steps = np.arange(len(x) + 1) / len(x)
    return max(np.abs(expected - steps[1:]).max(), np.abs(expected - steps[:-1]).max()) * len(x) ** 0.5


def erf(x):
    """To 1.2e-7 (Numerical Recipes' erfc), which is far below what 1e5 samples resolve."""
    t = 1 / (1 + np.abs(x) / 2)
    tail = t * np.exp(-x * x + np.polyval(
        [0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196,
         1.00002368, -1.26551223], t))
    return np.sign(x) * (1 - tail)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("kernel", "arguments", "distribution"),
    [
        (random.uniform, (-1.0, 3.0), lambda x: (x + 1) / 4),
        (random.normal, (1.0, 2.0), lambda x: (1 + erf((x - 1) / 8**0.5)) / 2),
        (random.normal, (1.0, 2.0, True), lambda x: (1 + erf((x - 1) / 8**0.5)) / 2),
        (random.log_normal, (0.0, 1.0), lambda x: (1 + erf(np.log(x) / 2**0.5)) / 2),
        (random.exponential, (0.5,), lambda x: -np.expm1(-x / 2)),
        (random.cauchy, (1.0, 2.0), lambda x: np.arctan((x - 1) / 2) / np.pi + 0.5),
    ],
)
def test_distribution(kernel, arguments, distribution, dtype):
    out = np.empty(100_003, FLOATS[dtype])
    kernel(engine_of(11), out, *arguments)
    distance = kolmogorov_smirnov(out.astype(float), distribution)
    assert 0.1 < distance < 1.95  # 1.95: exceeded once in a thousand seeds; 0: not random at all


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("kernel", "parameters", "mean", "variance"),
    [
        (random.poisson, (3.5,), 3.5, 3.5),
        (random.poisson, (250.0,), 250.0, 250.0),
        (random.binomial, (12.0, 0.25), 3.0, 2.25),
        (random.binomial, (400.0, 0.8), 320.0, 64.0),
        (random.standard_gamma, (0.3,), 0.3, 0.3),
        (random.standard_gamma, (9.0,), 9.0, 9.0),
    ],
)
def test_moments(kernel, parameters, mean, variance, dtype):
    n = 100_000
    out = np.empty(n, FLOATS[dtype])
    kernel(engine_of(12), *(np.full(n, parameter, FLOATS[dtype]) for parameter in parameters), out)
    assert abs(out.mean(dtype=float) - mean) < 4 * (variance / n) ** 0.5
    assert abs(out.var(dtype=float) / variance - 1) < 0.04


def test_geometric_and_bernoulli_frequencies():
    n = 200_000
    trials, flags = np.empty(n), np.empty(n, np.uint8)
    random.geometric(engine_of(1), trials, 0.25)
    for k in (1, 2, 3, 7):
        wanted = 0.25 * 0.75 ** (k - 1)
        assert abs((trials == k).mean() - wanted) < 4 * (wanted / n) ** 0.5
    for p in (0.0, 0.2, 1.0):
        random.bernoulli(engine_of(1), flags, p)
        assert abs(flags.mean() - p) <= 4 * (p * (1 - p) / n) ** 0.5


def test_multinomial_follows_its_weights():
    weights = np.array([0.0, 1.0, 3.0, 0.0, 4.0])
    out = np.empty(80_000, np.int64)
    random.multinomial(engine_of(0), weights, np.empty(5), out, 1, 5, len(out))
    counts = np.bincount(out, minlength=5) / len(out)
    np.testing.assert_allclose(counts, weights / 8, atol=0.008)
    assert counts[0] == counts[3] == 0


@pytest.mark.parametrize("n", [0, 1, 2, 5, 1000])
def test_randperm_permutes(n):
    out = np.empty(n, np.int64)
    random.randperm(engine_of(4), out)
    np.testing.assert_array_equal(np.sort(out), np.arange(n))


def test_every_range_stays_within_it():
    """The vectorised remainder, at the ranges where a quotient rounds."""
    out, words = np.empty(4000, np.int64), np.empty(4000, np.int64)
    random.randint(engine_of(9), words, 0, 0, False)
    for range_ in (1, 2, 3, 5, 127, 2**16 - 1, 2**16 + 1, 2**24 - 3, 2**28 - 1, 2**30 + 1, 2**31 - 1, 2**31, 2**32 - 5):
        random.randint(engine_of(9), out, range_, 0, False)
        np.testing.assert_array_equal(out, words % range_)


@pytest.mark.parametrize("name", [name for name in CASES if name != "multinomial"])
def test_nothing_is_drawn_for_no_elements(name):
    engine = engine_of(0)
    before = state_of(engine)
    assert CASES[name][1](engine, 0, np.float32).size == 0
    np.testing.assert_array_equal(state_of(engine), before)


def test_threads_share_an_engine():
    """Calls from many threads take turns: together they draw the words that one would."""
    engine, size, calls = engine_of(21), 40_000, 8
    outs = [np.empty(size) for _ in range(calls)]
    threads = [threading.Thread(target=random.exponential, args=(engine, out, 1.0)) for out in outs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    serial, wanted = engine_of(21), set()
    for _ in range(calls):
        out = np.empty(size)
        random.exponential(serial, out, 1.0)
        wanted.add(out.tobytes())
    assert {out.tobytes() for out in outs} == wanted
    np.testing.assert_array_equal(state_of(engine), state_of(serial))

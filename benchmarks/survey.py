"""How each of some hundred operations compares with PyTorch, at some sizes: where to look next, not a target.

    python -m benchmarks.survey                         all, at 16, 256 and 1024, a deployed network's and training's
    python -m benchmarks.survey --size 1024 'x.sum*'    some

An expression is a line that reads the same in both libraries; those that begin with `grad` are run forward and backward.
`x`, `y`: n x n; `row`, `column`; `m`: of bools; `i`, `j`: of int64, `j` one index a row; `p`: probabilities; `d`: of
float64; `h`, `bf`: of half precision; `c`: complex; `b`: a batch; `image`, `signal`, `volume`, `sequence`.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import math
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from . import batches, deployed, machine, training
from .libraries import Library
from .timing import settle

ELEMENTWISE = """
x.abs() | -x | x.exp() | x.log() | x.sqrt() | x.rsqrt() | x.sin() | x.tan() | x.atan() | x.asin() | x.sinh() | x.log1p() | x.expm1()
x.floor() | x.round() | x.sign() | x.reciprocal() | x.erfinv() | x.digamma() | x.lgamma() | x.sigmoid() | x.exp2() | x.log2()
x.trunc() | x.frac() | x+y | x*y | x/y | x-2 | x**2 | x**y.abs() | x.pow(3) | lib.atan2(x,y) | lib.fmod(x,y) | lib.remainder(x,y)
lib.maximum(x,y) | lib.hypot(x,y) | lib.lerp(x,y,0.3) | lib.addcmul(x,y,y) | x//y | x>y | x==y | x+row | x*column | x+x.T | x.T+1
x.T.contiguous() | lib.where(m,x,y) | lib.where(m,x,0.) | x.clamp(-1,1) | lib.copysign(x,y) | lib.nextafter(x,y) | lib.logaddexp(x,y)
lib.xlogy(x,p) | lib.isnan(x) | lib.isfinite(x) | i+i | i*3 | i//3 | i%3 | i&1 | i32+i32 | u8+u8 | d+d | d.exp() | c+c | c*c | c.abs()
h+h | h*h | bf+bf | F.relu(bf) | x.double() | x.half() | x.bfloat16() | x.long() | i.float() | m.float() | h.float() | x.to(lib.int32)
"""
REDUCTIONS = """
x.sum() | x.sum(0) | x.sum(1) | x.mean(1) | x.var() | x.var(0) | x.var(1) | x.std(1) | x.amax(0) | x.amax(1) | x.max(1) | x.max(0)
x.argmax(1) | x.argmax() | x.max() | x.prod(1) | x.norm() | x.norm(dim=1) | x.logsumexp(1) | x.logsumexp(0) | x.cumsum(0)
x.cumsum(1) | x.cumprod(1) | x.cummax(1) | m.any() | m.all(1) | x.median(1) | x.median() | x.quantile(0.5) | x.kthvalue(3,1)
x.mode(1) | x.nansum() | m.sum() | i.sum() | i.sum(1) | d.sum(1) | x.count_nonzero() | x.aminmax() | lib.logcumsumexp(x,1)
lib.var_mean(x,1) | x.sort(1) | x.sort(0) | x.argsort(1) | x.topk(5,1) | x.flatten().sort() | i.sort(1) | x.msort() | x.unique()
i.unique() | i.flatten().unique(return_inverse=True,return_counts=True) | lib.searchsorted(ordered,x) | lib.bincount(i.flatten())
lib.histc(x) | lib.allclose(x,x) | lib.equal(x,x)
"""
LAYOUT = """
lib.cat([x,y]) | lib.cat([x,y],1) | lib.stack([x,y]) | lib.stack([x,y],-1) | x.flip(0) | x.flip(1) | x.roll(3,1) | x.roll(3) | x.tril()
x.repeat(2,2) | x.repeat_interleave(2,1) | lib.tile(x,(2,2)) | x.rot90() | F.pad(x,(1,1,1,1)) | x.chunk(4) | x.split(4,1) | x.unbind()
F.pad(x[None],(1,1,1,1),mode='reflect') | x.diag() | x.T.reshape(-1) | x.permute(1,0).clone() | x.expand(2,*x.shape).contiguous()
x.unfold(0,4,2).contiguous() | lib.block_diag(x,y) | lib.meshgrid(x[0],x[0],indexing='ij')[0].contiguous() | lib.kron(x[:8,:8],y[:8,:8])
lib.triu_indices(n,n) | x[j] | x[:,j] | x[m] | x[j,j] | x.gather(1,i) | x.gather(0,i) | x.index_select(0,j) | x.index_select(1,j)
x.masked_select(m) | x.masked_fill(m,0) | x.scatter(1,i,y) | x.scatter_add(1,i,y) | x.scatter_add(0,i,y) | x.index_add(0,j,y)
x.index_add(1,j,y) | x.take(i) | m.nonzero() | x.index_put((j,),y) | lib.take_along_dim(x,i,1) | x.scatter_reduce(1,i,y,'amax')
x.index_fill(0,j,1.) | F.embedding(j,x) | F.one_hot(j) | x[::2,::2].contiguous() | x[1:,1:]+1 | x.clone() | x.detach() | x.view(-1) | x[0]
x[0,0].item() | x.numpy() | lib.zeros(n,n) | lib.ones(n,n) | lib.full((n,n),2.) | lib.eye(n) | lib.arange(n*n) | lib.linspace(0,1,n*n)
lib.rand(n,n) | lib.randn(n,n) | lib.randint(0,9,(n,n)) | lib.randperm(n*n) | p.bernoulli() | lib.multinomial(p,3)
"""
LINEAR = """
x@y | x@y[0] | x.T@y | lib.bmm(b,b) | lib.einsum('ij,kj->ik',x,y) | lib.einsum('bij,bjk->bik',b,b) | lib.outer(x[0],x[0])
F.linear(x,y,row) | lib.addmm(x,x,y) | bf@bf | d@d | lib.linalg.inv(spd) | lib.linalg.cholesky(spd) | lib.linalg.qr(spd) | lib.linalg.svd(spd)
lib.linalg.eigh(spd) | lib.linalg.det(spd) | lib.linalg.solve(spd,spd[:,:8]) | lib.linalg.lstsq(spd,spd[:,:8]) | lib.cdist(x,y)
lib.cross(x[:,:3],y[:,:3],dim=1) | lib.trace(x) | lib.dot(x[0],y[0]) | lib.matrix_exp(spd*.01) | lib.fft.fft(x) | lib.fft.rfft(x) | lib.fft.fft2(x)
"""
RARER = """
x.nan_to_num() | x.square() | x.log10() | x.erf() | x.erfc() | p.logit() | lib.logaddexp2(x,y) | lib.ldexp(x,y) | lib.frexp(x) | lib.heaviside(x,y)
lib.isclose(x,y) | lib.signbit(x) | ~m | m&m | lib.logical_and(m,m) | i^i | i<<2 | lib.gcd(i,i) | i.clamp(2,9) | i+1.5 | i/3 | x*m | x*i | i>2.5
lib.where(m,i,0) | i.cumsum(1) | i.max() | i.argmax(1) | i.min(1) | i.prod() | i.pow(2) | i//(i+1) | i%(i+1) | i.gather(1,i) | i.flip(0)
c.conj().resolve_conj() | c.angle() | lib.polar(p,x) | lib.complex(x,y) | c.exp() | c.sqrt() | c.log() | c/c | c*x | c**2 | c.sum() | c@c | c.sgn()
x.addcdiv(y,p) | x.ceil() | lib.fmax(x,y) | x.acos() | x.cosh() | x.tanh() | x.asinh() | p.atanh() | x.sinc() | lib.special.entr(p)
lib.special.ndtr(x) | lib.special.log_ndtr(x) | lib.special.ndtri(p) | lib.special.erfcx(x) | lib.special.i0(x) | lib.special.i1e(x)
lib.special.zeta(p+2,p) | lib.polygamma(1,p) | lib.special.gammainc(p,p) | lib.special.bessel_j0(x) | lib.special.chebyshev_polynomial_t(x,4)
x.nanmean() | lib.std_mean(x,1) | x.amin(1) | x.argmin(1) | x.diff() | lib.trapezoid(x) | lib.cov(x) | lib.corrcoef(x) | x.nanquantile(.3) | x.nanmedian()
lib.isin(i,j) | lib.gradient(x) | lib.histogram(x,20) | lib.bucketize(x,ordered) | x.cummin(1) | x.unique_consecutive() | lib.renorm(x,2,0,1.)
lib.linalg.vector_norm(x,1) | lib.linalg.matrix_norm(x) | x.dist(y) | F.pdist(x[:64]) | lib.vander(x[0],4) | lib.tensordot(x,y,1)
lib.combinations(x[0][:32]) | lib.cartesian_prod(x[0],x[0]) | x.flipud() | lib.hstack([x,y]) | lib.dstack([x,y]) | x.movedim(0,1).contiguous()
x.argwhere() | x.masked_scatter(m,y) | x.slice_scatter(y[:2],0,0,2) | x.select_scatter(y[0],0,1) | x.diagonal_scatter(y[0]) | x.index_copy(0,j,y)
x.put(i,y) | x.index_reduce(0,j,y,'prod') | lib.poisson(p) | lib.normal(x,p) | lib.empty_like(x).exponential_() | lib.empty_like(x).uniform_()
F.dropout2d(image,.3) | F.alpha_dropout(x,.2) | F.rrelu(x,training=True) | F.gumbel_softmax(x) | F.threshold(x,0.,1.) | F.hardtanh(x) | F.relu6(x)
F.selu(x) | F.logsigmoid(x) | F.hardsigmoid(x) | F.hardshrink(x) | F.softshrink(x) | F.softsign(x) | F.tanhshrink(x) | F.softmin(x,1)
F.max_pool1d(signal,3) | F.max_pool3d(volume,2) | F.avg_pool1d(signal,3) | F.avg_pool3d(volume,2) | F.adaptive_max_pool2d(image,4)
F.lp_pool2d(image,2,2) | F.interpolate(image,scale_factor=.5,mode='bilinear',antialias=True) | F.interpolate(signal,scale_factor=2,mode='linear')
F.conv_transpose1d(signal,ws,stride=2) | F.conv_transpose3d(volume,wv) | F.conv2d(image,w3,dilation=2) | F.conv2d(image,w3,padding='same')
F.fold(F.unfold(image,2,stride=2),image.shape[2:],2,stride=2) | F.channel_shuffle(image,2) | F.local_response_norm(image,3)
F.poisson_nll_loss(x,y) | F.gaussian_nll_loss(x,y,p) | F.soft_margin_loss(x,y) | F.multi_margin_loss(x,j) | F.multilabel_soft_margin_loss(x,p)
F.hinge_embedding_loss(x,column) | F.embedding_bag(j[None],x) | lib.linalg.slogdet(spd) | lib.linalg.svdvals(spd) | lib.linalg.eigvalsh(spd)
lib.linalg.eig(spd) | lib.linalg.lu(spd) | lib.linalg.solve_triangular(spd,spd,upper=True) | lib.cholesky_solve(spd,spd) | lib.cholesky_inverse(spd)
lib.linalg.pinv(spd) | lib.linalg.matrix_power(spd,5) | lib.linalg.multi_dot([x,y,x]) | lib.linalg.vecdot(x,y) | x.mv(y[0]) | lib.addr(x,x[0],y[0])
lib.fft.irfft(c) | lib.fft.ifft2(c) | lib.fft.fftshift(x) | lib.stft(x[0],8,return_complex=True,window=x[0,:8]) | lib.hann_window(n)
"""
NETWORKS = """
F.relu(x) | F.gelu(x) | F.gelu(x,approximate='tanh') | F.silu(x) | F.elu(x) | F.softplus(x) | F.mish(x) | F.hardswish(x) | F.leaky_relu(x)
F.prelu(x,row) | F.softmax(x,1) | F.softmax(x,0) | F.log_softmax(x,1) | F.layer_norm(x,(n,),row,row) | F.rms_norm(x,(n,),row) | F.glu(x)
F.group_norm(image,4) | F.batch_norm(image,None,None,training=True) | F.batch_norm(image,mean,variance) | F.instance_norm(image)
F.normalize(x) | F.dropout(x,0.5) | F.cosine_similarity(x,y) | F.cross_entropy(x,j) | F.mse_loss(x,y) | F.l1_loss(x,y)
F.smooth_l1_loss(x,y) | F.binary_cross_entropy_with_logits(x,p) | F.binary_cross_entropy(p,p) | F.nll_loss(x,j) | F.kl_div(x,p,reduction='batchmean')
F.huber_loss(x,y) | F.pairwise_distance(x,y) | F.triplet_margin_loss(x,y,p) | F.conv2d(image,w3,padding=1) | F.conv2d(image,w1)
F.conv2d(image,w3,stride=2) | F.conv2d(image,wd,padding=1,groups=16) | F.conv1d(signal,ws) | F.conv_transpose2d(image,w3)
F.conv3d(volume,wv) | F.conv2d(image[:,:3],w7,padding=3,stride=2) | F.max_pool2d(image,2) | F.avg_pool2d(image,2)
F.max_pool2d(image,3,2,1) | F.adaptive_avg_pool2d(image,1) | F.adaptive_avg_pool2d(image,7) | F.interpolate(image,scale_factor=2)
F.interpolate(image,scale_factor=2,mode='bilinear') | F.interpolate(image,scale_factor=2,mode='bicubic') | F.pixel_shuffle(image,2)
F.unfold(image,3) | F.grid_sample(image,grid,align_corners=False) | F.scaled_dot_product_attention(q,q,q) | F.scaled_dot_product_attention(q,q,q,is_causal=True)
attention(sequence,sequence,sequence) | encoder(sequence) | lstm(sequence) | gru(sequence) | rnn(sequence)
"""
BACKWARD = """
x.exp() | x*y | x+row | x.sum(1) | x.mean() | x@y | F.softmax(x,1) | F.gelu(x) | F.layer_norm(x,(n,),row,row) | F.cross_entropy(x,j)
x[j] | lib.cat([x,y]) | x.max(1)[0] | F.batch_norm(image,None,None,training=True) | F.max_pool2d(image,2) | F.conv2d(image,w3,padding=1)
F.conv2d(image,wd,padding=1,groups=16) | F.scaled_dot_product_attention(q,q,q) | attention(sequence,sequence,sequence)[0]
encoder(sequence) | lstm(sequence)[0] | F.embedding(j,x) | x.var(1) | x.cumsum(1) | x/y | x**2 | lib.where(m,x,y) | x.gather(1,i)
F.interpolate(image,scale_factor=2,mode='bilinear') | F.linear(x,y,row) | lib.bmm(b,b) | x.norm() | F.mse_loss(x,y) | x.T.contiguous()
x.sigmoid() | F.avg_pool2d(image,2) | F.group_norm(image,4) | x.prod(1) | x.std()
"""
LEAVES = {"x", "y", "row", "image", "q", "sequence", "b", "w3", "wd", *training.LEAVES}
OTHERS = {"deployed": deployed, "training": training, "batches": batches}


def listed(text: str) -> list[str]:
    return [one.strip() for line in text.strip().splitlines() for one in line.split("|")]


def expressions(n: int | str) -> list[str]:
    if n in OTHERS:
        return listed(OTHERS[n].EXPRESSIONS)
    plain = [one for group in (ELEMENTWISE, REDUCTIONS, LAYOUT, LINEAR, NETWORKS, RARER) for one in listed(group)]
    return plain + [f"grad {one}" for one in listed(BACKWARD)]


def arrays(n: int) -> dict[str, np.ndarray]:
    """What the expressions name, the same for every library."""
    rng = np.random.default_rng(0)
    side, inner = min(max(n // 16, 8), 64), max(n // 8, 4)

    def floats(*shape):
        return rng.standard_normal(shape, dtype=np.float32)

    x, a = floats(n, n), floats(64, 64)
    return {
        "x": x, "y": floats(n, n), "row": floats(n), "column": floats(n, 1), "m": x > 0, "i": rng.integers(0, n, (n, n)),
        "j": rng.integers(0, n, n), "ordered": np.sort(x[0]), "p": rng.uniform(0.01, 0.99, (n, n)).astype(np.float32),
        "spd": a @ a.T + 9 * np.eye(64, dtype=np.float32), "b": floats(8, inner, inner), "image": floats(4, 16, side, side),
        "w3": floats(16, 16, 3, 3), "w1": floats(16, 16, 1, 1), "wd": floats(16, 1, 3, 3), "w7": floats(16, 3, 7, 7),
        "signal": floats(4, 16, 4 * side), "ws": floats(16, 16, 3), "volume": floats(2, 4, 8, side // 2, side // 2),
        "wv": floats(4, 4, 3, 3, 3), "mean": floats(16), "variance": np.abs(floats(16)), "q": floats(2, 4, 2 * side, 32),
        "grid": rng.uniform(-1, 1, (4, side, side, 2)).astype(np.float32), "sequence": floats(4, side, 64),
        "d": x.astype(np.float64), "h": x.astype(np.float16), "c": (x + 1j * x.T).astype(np.complex64),
        "i32": rng.integers(0, 99, (n, n), np.int32), "u8": rng.integers(0, 99, (n, n), np.uint8),
    }  # fmt: skip


def namespace(library: Library, n: int | str) -> dict:
    if n in OTHERS:
        return OTHERS[n].namespace(library)
    names = dict(library.names) | {"n": n}
    names |= {name: library.lib.tensor(array) for name, array in arrays(n).items()}
    nn = names["nn"]
    library.lib.manual_seed(0)
    names |= {
        "bf": names["x"].bfloat16(), "attention": nn.MultiheadAttention(64, 4, batch_first=True),
        "encoder": nn.TransformerEncoderLayer(64, 4, 128, batch_first=True).eval(),
        "lstm": nn.LSTM(64, 64, batch_first=True), "gru": nn.GRU(64, 64, batch_first=True), "rnn": nn.RNN(64, 64, batch_first=True),
    }  # fmt: skip
    return names


def made(library: Library, names: dict, expression: str):
    """What is timed: the call, or for `grad ...` the call and its backward."""
    code = expression.removeprefix("grad ")
    wanted = code != expression
    call = eval(f"lambda: {code}", names)
    leaves = LEAVES.intersection(call.__code__.co_names)
    for name in leaves:
        names[name] = names[name].detach().requires_grad_(wanted)
    if not wanted:
        return library.lib.no_grad()(call)
    along = library.lib.ones_like(call())

    def both():
        call().backward(along)
        for name in leaves:
            names[name].grad = None

    return both


def timed(calls, block: float, turns: int, clock=time.perf_counter) -> list[float]:
    """Seconds a call of each, the least of some blocks in turns."""
    counts, best = [], [math.inf] * len(calls)
    for call in calls:
        call()
        start = clock()
        call()
        counts.append(max(1, int(block / max(clock() - start, 1e-6))))
    for _ in range(turns):
        for k, (call, count) in enumerate(zip(calls, counts)):
            settle()
            for _ in range(max(1, count // 4)):
                call()
            start = clock()
            for _ in range(count):
                call()
            best[k] = min(best[k], (clock() - start) / count)
    return best


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.survey", description=__doc__.splitlines()[0])
    parser.add_argument("patterns", nargs="*", help="shell patterns of expressions; all if none is given")
    parser.add_argument("--size", type=lambda text: [int(one) if one.isdigit() else one for one in text.split(",")],
                        default=[16, 256, 1024, *OTHERS], help="n, or some, with commas (default 16,256,1024,deployed,training,batches)")  # fmt: skip
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--above", type=float, default=1.05, help="show ratios from here on (default 1.05)")
    parser.add_argument("--block", type=float, default=0.012, help="seconds a block")
    parser.add_argument("--turns", type=int, default=3, help="blocks of each library")
    parser.add_argument("--processor", action="store_true", help="count one thread's processor time: beside others' work")
    parser.add_argument("--output", type=Path, help="JSON file for all of them")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    options.threads = 1 if options.processor else options.threads
    clock = time.thread_time if options.processor else time.perf_counter
    load = machine.load(options.threads)
    if load.busy:
        print(f"This machine is busy: {load}.", file=sys.stderr)
    libraries = Library("lucid"), Library("torch")
    for library in libraries:
        library.set_threads(options.threads)
    record = []
    for n in options.size:
        names = [namespace(library, n) for library in libraries]
        rows = []
        for expression in expressions(n):
            if options.patterns and not any(fnmatch.fnmatch(expression, pattern) for pattern in options.patterns):
                continue
            calls = [made(library, its, expression) for library, its in zip(libraries, names)]
            ours, theirs = timed(calls, options.block, options.turns, clock)
            rows.append({"size": n, "expression": expression, "lucid": ours, "torch": theirs, "ratio": ours / theirs})
        rows.sort(key=lambda one: -one["ratio"])
        mean = math.exp(sum(math.log(one["ratio"]) for one in rows) / max(len(rows), 1))
        slower = sum(one["ratio"] > options.above for one in rows)
        print(f"n = {n}: {len(rows)} expressions, geometric mean {mean:.2f}, {slower} above {options.above:g}")
        for one in rows:
            if one["ratio"] > options.above:
                print(f"{one['ratio']:7.2f} {1e6 * one['lucid']:10.1f} us {1e6 * one['torch']:10.1f} us  {one['expression']}")
        record += rows
    if options.output:
        options.output.write_text(json.dumps({"load": load.record(), "rows": record}, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

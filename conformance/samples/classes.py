"""Samples of classes: modules that PyTorch's database lacks, and schedulers. Tables read by sources/modules.py and
sources/schedulers.py.

    make("nn.Linear", 3, 4, bias=False)   an object to be constructed, in PyTorch and in the subject; may be nested
    (make(...), T(2, 3), ...)             a module and the arguments of its forward
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..cases import tree_map
from .spec import I, L, T

WITHOUT_FRONT = ("optim.lr_scheduler.ChainedScheduler",)  # finds the optimizer in the schedulers it is given


@dataclass(frozen=True)
class Make:
    path: str
    args: tuple = ()
    kwargs: dict = field(default_factory=dict)

    def build(self, party: Any, *front: Any) -> Any:
        """Construct it with the party's class; `front` goes before the arguments of this and of nested ones."""
        one = lambda value: value.build(party, *front) if isinstance(value, Make) else value
        args, kwargs = party.convert(tree_map(one, (self.args, self.kwargs)), {})
        front = () if self.path in WITHOUT_FRONT else front
        return party.resolve(self.path)(*front, *args, **kwargs)

    def __repr__(self) -> str:
        parts = [repr(arg) for arg in self.args] + [f"{key}={value!r}" for key, value in self.kwargs.items()]
        return f"{self.path}({', '.join(parts)})"


def make(path: str, *args: Any, **kwargs: Any) -> Make:
    return Make(path, args, kwargs)


def _n(name: str, *args: Any, **kwargs: Any) -> Make:
    return Make(f"nn.{name}", args, kwargs)


_layer = _n("TransformerEncoderLayer", 4, 2, 8, 0.0, batch_first=True)
_decoder = _n("TransformerDecoderLayer", 4, 2, 8, 0.0, batch_first=True)

MODULES: dict[str, list[tuple]] = {
    "nn.Sequential": [
        (_n("Sequential", _n("Linear", 3, 5), _n("LeakyReLU", 0.2), _n("Linear", 5, 2)), T(4, 3)),
        (_n("Sequential", _n("Conv2d", 1, 3, 3), _n("BatchNorm2d", 3), _n("ReLU"), _n("Flatten"), _n("Linear", 48, 2)),
         T(2, 1, 6, 6)),
    ],
    "nn.Identity": [(_n("Identity"), T(2, 3)), (_n("Identity", 54, unused=True), T(2))],
    "nn.Flatten": [(_n("Flatten"), T(2, 3, 4)), (_n("Flatten", 0, 1), T(2, 3, 4)), (_n("Flatten", start_dim=-2), T(2, 3, 4))],
    "nn.Unflatten": [(_n("Unflatten", 1, (2, 3)), T(2, 6)), (_n("Unflatten", -1, (2, -1)), T(2, 6))],
    "nn.Dropout": [(_n("Dropout"), T(20, 30)), (_n("Dropout", 0.2), T(20, 30)), (_n("Dropout", 0.0), T(3)),
                   (_n("Dropout", p=1.0), T(3))],
    "nn.Dropout1d": [(_n("Dropout1d", 0.4), T(4, 5, 3))],
    "nn.Dropout2d": [(_n("Dropout2d", 0.4), T(2, 5, 3, 3))],
    "nn.Dropout3d": [(_n("Dropout3d", 0.4), T(2, 5, 2, 3, 3))],
    "nn.AlphaDropout": [(_n("AlphaDropout", 0.3), T(20, 30))],
    "nn.FeatureAlphaDropout": [(_n("FeatureAlphaDropout", 0.3), T(4, 6, 5))],
    "nn.RReLU": [(_n("RReLU"), T(5, 6)), (_n("RReLU", 0.1, 0.4), T(5, 6))],
    "nn.Bilinear": [(_n("Bilinear", 3, 4, 5), T(2, 3), T(2, 4)), (_n("Bilinear", 3, 4, 5, bias=False), T(3), T(4))],
    "nn.EmbeddingBag": [(_n("EmbeddingBag", 7, 3, mode=mode), I(4, 5, high=7)) for mode in ("mean", "sum", "max")],
    "nn.Embedding": [(_n("Embedding", 7, 3), I(4, 5, high=7)), (_n("Embedding", 7, 3, padding_idx=2), I(6, high=7)),
                     (_n("Embedding", 7, 3, max_norm=1.0), I(6, high=7))],
    "nn.CosineSimilarity": [(_n("CosineSimilarity"), T(3, 4), T(3, 4)), (_n("CosineSimilarity", 0, 0.5), T(3, 4), T(3, 4))],
    "nn.PairwiseDistance": [(_n("PairwiseDistance"), T(3, 4), T(3, 4)), (_n("PairwiseDistance", 1.0, keepdim=True), T(3, 4), T(3, 4))],
    "nn.PixelShuffle": [(_n("PixelShuffle", 2), T(1, 8, 3, 4))],
    "nn.PixelUnshuffle": [(_n("PixelUnshuffle", 2), T(1, 2, 4, 6))],
    "nn.ChannelShuffle": [(_n("ChannelShuffle", 2), T(1, 4, 3, 3))],
    "nn.Fold": [(_n("Fold", (4, 5), (2, 2)), T(1, 8, 12)), (_n("Fold", (4, 4), 2, stride=2, padding=1), T(1, 8, 9))],
    "nn.Unfold": [(_n("Unfold", 2), T(1, 2, 4, 5)), (_n("Unfold", (2, 3), dilation=1, padding=1, stride=2), T(2, 2, 5, 6))],
    "nn.Upsample": [(_n("Upsample", scale_factor=2), T(1, 2, 3, 4)), (_n("Upsample", size=(5, 7), mode="bilinear"), T(1, 2, 3, 4)),
                    (_n("Upsample", scale_factor=2, mode="bicubic", align_corners=True), T(1, 2, 3, 4))],
    "nn.UpsamplingNearest2d": [(_n("UpsamplingNearest2d", scale_factor=2), T(1, 2, 3, 4))],
    "nn.UpsamplingBilinear2d": [(_n("UpsamplingBilinear2d", scale_factor=2), T(1, 2, 3, 4))],
    "nn.MaxUnpool1d": [(_n("MaxUnpool1d", 2), T(1, 2, 3), I(1, 2, 3, high=1))],
    "nn.TripletMarginWithDistanceLoss": [(_n("TripletMarginWithDistanceLoss"), T(3, 4), T(3, 4), T(3, 4))],
    "nn.AdaptiveLogSoftmaxWithLoss": [
        (_n("AdaptiveLogSoftmaxWithLoss", 8, 10, [3, 6]), T(4, 8), I(4, high=10)),
        (_n("AdaptiveLogSoftmaxWithLoss", 8, 10, [2, 4, 9], 2.0, True), T(6, 8), L(0, 1, 3, 8, 9, 9)),
        (_n("AdaptiveLogSoftmaxWithLoss", 8, 10, (3,), div_value=3.0), T(8), L(7).map(lambda t: t[0])),
        (_n("AdaptiveLogSoftmaxWithLoss", 8, 10, [5], head_bias=True), T(2, 8), L(4, 0)),
    ],
    "nn.LinearCrossEntropyLoss": [
        (_n("LinearCrossEntropyLoss", 3, 5), T(4, 3), I(4, high=5)),
        (_n("LinearCrossEntropyLoss", 3, 5, out_features=(2, 3), bias=True, reduction="sum", ignore_index=1), T(4, 3), I(4, 2, 3, high=5)),
        (_n("LinearCrossEntropyLoss", 3, 5, label_smoothing=0.2, reduction="none"), T(4, 3), I(4, high=5)),
    ],
    "nn.TransformerEncoderLayer": [(_layer, T(2, 3, 4))],
    "nn.TransformerEncoder": [(_n("TransformerEncoder", _layer, 2), T(2, 3, 4))],
    "nn.TransformerDecoderLayer": [(_decoder, T(2, 3, 4), T(2, 5, 4))],
    "nn.TransformerDecoder": [(_n("TransformerDecoder", _decoder, 2), T(2, 3, 4), T(2, 5, 4))],
    "nn.MultiheadAttention": [(_n("MultiheadAttention", 4, 2, batch_first=True), T(2, 3, 4), T(2, 5, 4), T(2, 5, 4))],
    "nn.Hardsigmoid": [(_n("Hardsigmoid"), T(3, 4))],
    "nn.TripletMarginLoss": [(_n("TripletMarginLoss"), T(3, 4), T(3, 4), T(3, 4)),
                             (_n("TripletMarginLoss", 0.5, 1.0, swap=True, reduction="sum"), T(3, 4), T(3, 4), T(3, 4))],
    "nn.CrossMapLRN2d": [(_n("CrossMapLRN2d", 3), T(2, 5, 3, 3))],
    "nn.MaxUnpool2d": [(_n("MaxUnpool2d", 2), T(1, 2, 3, 3), I(1, 2, 3, 3, high=1))],
    "nn.MaxUnpool3d": [(_n("MaxUnpool3d", 2), T(1, 2, 2, 2, 2), I(1, 2, 2, 2, 2, high=1))],
    "nn.LazyLinear": [(_n("LazyLinear", 4), T(2, 3)), (_n("LazyLinear", 2, bias=False), T(5))],
    **{f"nn.LazyConv{n}d": [(_n(f"LazyConv{n}d", 4, 3), T(2, 3, *(5,) * n)), (_n(f"LazyConv{n}d", 2, 2, stride=2, bias=False), T(1, 3, *(4,) * n))]
       for n in (1, 2, 3)},
    **{f"nn.LazyConvTranspose{n}d": [(_n(f"LazyConvTranspose{n}d", 4, 3), T(2, 3, *(4,) * n)), (_n(f"LazyConvTranspose{n}d", 2, 2, stride=2), T(1, 3, *(3,) * n))]
       for n in (1, 2, 3)},
    **{f"nn.Lazy{kind}Norm{n}d": [(_n(f"Lazy{kind}Norm{n}d"), T(3, 2, *(4,) * n)), (_n(f"Lazy{kind}Norm{n}d", affine=False, momentum=0.3), T(3, 2, *(4,) * n))]
       for kind in ("Batch", "Instance") for n in (1, 2, 3)},
    "nn.Softmax2d": [(_n("Softmax2d"), T(1, 3, 2, 2))],
}  # fmt: skip


def _s(name: str, *args: Any, **kwargs: Any) -> Make:
    return Make(f"optim.lr_scheduler.{name}", args, kwargs)


def halve(epoch: int) -> float:
    return 0.5 ** (epoch // 4)


def shrink(epoch: int) -> float:
    return 0.9


SCHEDULERS: dict[str, list[Make]] = {
    "StepLR": [_s("StepLR", 3), _s("StepLR", 5, 0.5)],
    "MultiStepLR": [_s("MultiStepLR", [2, 5, 5, 9]), _s("MultiStepLR", [4], gamma=0.3)],
    "ConstantLR": [_s("ConstantLR"), _s("ConstantLR", 0.5, 7)],
    "LinearLR": [_s("LinearLR"), _s("LinearLR", 0.1, 0.9, 8)],
    "ExponentialLR": [_s("ExponentialLR", 0.9)],
    "PolynomialLR": [_s("PolynomialLR"), _s("PolynomialLR", 12, 2.0)],
    "CosineAnnealingLR": [_s("CosineAnnealingLR", 10), _s("CosineAnnealingLR", 6, eta_min=0.01)],
    "CosineAnnealingWarmRestarts": [_s("CosineAnnealingWarmRestarts", 5), _s("CosineAnnealingWarmRestarts", 3, 2, 0.001)],
    "LambdaLR": [_s("LambdaLR", halve), _s("LambdaLR", [halve, shrink])],
    "MultiplicativeLR": [_s("MultiplicativeLR", shrink), _s("MultiplicativeLR", [halve, shrink])],
    "CyclicLR": [_s("CyclicLR", 0.01, 0.1, 5, cycle_momentum=False),
                 _s("CyclicLR", 0.01, 0.1, 4, 6, mode="triangular2"),
                 _s("CyclicLR", 0.01, 0.1, 4, mode="exp_range", gamma=0.95)],
    "OneCycleLR": [_s("OneCycleLR", 0.1, 40), _s("OneCycleLR", 0.1, epochs=5, steps_per_epoch=8, anneal_strategy="linear"),
                   _s("OneCycleLR", [0.1, 0.2], total_steps=35, three_phase=True, pct_start=0.4)],
    "ReduceLROnPlateau": [_s("ReduceLROnPlateau", patience=2), _s("ReduceLROnPlateau", "max", 0.5, 1, cooldown=2),
                          _s("ReduceLROnPlateau", threshold=0.2, threshold_mode="abs", min_lr=[0.01, 0.001], patience=1)],
    "ChainedScheduler": [_s("ChainedScheduler", [_s("ConstantLR", 0.1, 4), _s("ExponentialLR", 0.9)])],
    "SequentialLR": [_s("SequentialLR", schedulers=[_s("ConstantLR", 0.1, 4), _s("ExponentialLR", 0.9)], milestones=[5])],
}  # fmt: skip

"""What a deployed network does, most of it at batch 1: expressions as those of `survey.py`, on tensors of sizes of their own.

Layers as in ResNet (`stem` to `classify`), MobileNet (`inverted` to `squeeze`), GPT-2 and BERT, a recurrent network, perceptrons.
"""

from __future__ import annotations

import numpy as np

from .libraries import Library

EXPRESSIONS = """
stem(photo) | F.max_pool2d(stemmed,3,2,1) | F.relu(norm64(map64)) | block(map64) | narrow(map256) | widen(map64) | halve(map64)
shortcut(map256) | conv512(map512) | F.adaptive_avg_pool2d(map512,1) | classify(pooled) | inverted(map24) | depthwise(map96)
depthwise2(map96) | depthwise5(map96) | F.silu(map96) | F.hardswish(map96) | map64+map64 | F.relu(map64) | squeeze(map96)*map96
lib.cat([map64,map64],1) | F.interpolate(map64,scale_factor=2) | patches(photo)
gpt(words) | gpt.one(word) | bert(words) | normalize(words) | normalize(word) | F.linear(words,up,bias) | F.linear(word,up,bias)
F.linear(words,down) | F.linear(word,down) | F.linear(word,table) | F.linear(few,up,bias) | F.gelu(words) | F.gelu(word)
F.scaled_dot_product_attention(heads,heads,heads) | F.scaled_dot_product_attention(heads,heads,heads,is_causal=True)
F.scaled_dot_product_attention(head,heads,heads) | lib.cat([heads,head],2) | F.softmax(scores,-1) | F.softmax(score,-1)
F.softmax(logits,-1) | F.log_softmax(logits,-1) | logits.argmax(-1) | logits.topk(50) | lib.multinomial(likely,1) | F.embedding(token,table)
F.embedding(tokens,table) | words.view(1,128,12,64).transpose(1,2) | words.transpose(0,1).contiguous() | words+words | word+word
F.linear(F.embedding(tokens,table).mean(1),up) | cell(state,(state,state)) | lstm512(frames) | lstm512(frame) | gru512(frame) | mlp(features)
mlp(feature) | tower(tokens[:,:8]) | F.conv1d(sound,wsound,stride=2,padding=1) | rope(heads)
"""


def namespace(library: Library) -> dict:
    """What the expressions name."""
    lib, nn, F = library.lib, library.names["nn"], library.names["F"]
    rng = np.random.default_rng(0)
    lib.manual_seed(0)

    def floats(*shape):
        return library.tensor(rng.standard_normal(shape, dtype=np.float32))

    def conv(c_in, c_out, kernel, stride=1, groups=1, then=nn.ReLU):
        return [nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(c_out), then()]

    class Gpt(nn.Module):
        """A block of GPT-2 (small); `one` lets one word see itself and the 128 before it."""

        def __init__(self):
            super().__init__()
            self.before, self.between = nn.LayerNorm(768), nn.LayerNorm(768)
            self.qkv, self.out = nn.Linear(768, 3 * 768), nn.Linear(768, 768)
            self.up, self.down = nn.Linear(768, 3072), nn.Linear(3072, 768)
            self.keys, self.values = floats(1, 12, 128, 64), floats(1, 12, 128, 64)

        def forward(self, x, cached=False):
            n, length, width = x.shape
            q, k, v = (one.view(n, length, 12, 64).transpose(1, 2) for one in self.qkv(self.before(x)).split(width, dim=2))
            if cached:
                k, v = lib.cat([self.keys, k], 2), lib.cat([self.values, v], 2)
            seen = F.scaled_dot_product_attention(q, k, v, is_causal=not cached)
            x = x + self.out(seen.transpose(1, 2).reshape(n, length, width))
            return x + self.down(F.gelu(self.up(self.between(x)), approximate="tanh"))

        def one(self, x):
            return self.forward(x, cached=True)

    class Residual(nn.Module):
        def __init__(self, *layers):
            super().__init__()
            self.layers = nn.Sequential(*layers)

        def forward(self, x):
            return F.relu(self.layers(x) + x)

    def rope(x):
        """Rotary positions."""
        a, b = x.chunk(2, -1)
        return x * cos + lib.cat([-b, a], -1) * sin

    cos, sin = floats(128, 64), floats(128, 64)
    six, same = nn.ReLU6, nn.Identity
    names = {
        "stem": conv(3, 64, 7, 2), "norm64": nn.BatchNorm2d(64), "halve": conv(64, 128, 3, 2), "narrow": conv(256, 64, 1),
        "widen": conv(64, 256, 1), "shortcut": conv(256, 512, 1, 2, then=same), "conv512": conv(512, 512, 3),
        "block": Residual(*conv(64, 64, 3), *conv(64, 64, 3, then=same)), "classify": nn.Linear(512, 1000),
        "inverted": conv(24, 144, 1, then=six) + conv(144, 144, 3, groups=144, then=six) + conv(144, 24, 1, then=same),
        "depthwise": conv(96, 96, 3, groups=96), "depthwise2": conv(96, 96, 3, 2, 96), "depthwise5": conv(96, 96, 5, groups=96),
        "squeeze": [nn.AdaptiveAvgPool2d(1), nn.Conv2d(96, 24, 1), nn.ReLU(), nn.Conv2d(24, 96, 1), nn.Sigmoid()],
        "patches": nn.Conv2d(3, 768, 16, 16), "gpt": Gpt(), "bert": nn.TransformerEncoderLayer(768, 12, 3072, batch_first=True),
        "normalize": nn.LayerNorm(768), "cell": nn.LSTMCell(512, 512), "lstm512": nn.LSTM(512, 512, batch_first=True),
        "gru512": nn.GRU(512, 512, batch_first=True), "mlp": [nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10)],
        "tower": [nn.EmbeddingBag(8000, 64), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid()],
    }  # fmt: skip
    for name, module in names.items():
        names[name] = (nn.Sequential(*module) if isinstance(module, list) else module).eval()
    shapes = {
        "photo": (1, 3, 224, 224), "stemmed": (1, 64, 112, 112), "map64": (1, 64, 56, 56), "map256": (1, 256, 56, 56),
        "map512": (1, 512, 7, 7), "pooled": (1, 512), "map24": (1, 24, 56, 56), "map96": (1, 96, 56, 56), "words": (1, 128, 768),
        "word": (1, 1, 768), "few": (8, 768), "up": (3072, 768), "down": (768, 768), "bias": (3072,), "table": (32000, 768),
        "heads": (1, 12, 128, 64), "head": (1, 12, 1, 64), "scores": (1, 12, 128, 128), "score": (1, 12, 1, 128),
        "logits": (1, 32000), "state": (1, 512), "frames": (1, 50, 512), "frame": (1, 1, 512), "features": (32, 64),
        "feature": (1, 64), "sound": (1, 80, 3000), "wsound": (384, 80, 3),
    }  # fmt: skip
    names |= {name: floats(*shape) for name, shape in shapes.items()} | {"rope": rope}
    tokens = rng.integers(0, 8000, (1, 128))
    names |= {"tokens": library.tensor(tokens), "token": library.tensor(tokens[:, :1]), "likely": F.softmax(names["logits"], -1)}
    return names | library.names

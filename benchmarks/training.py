"""What training does: layers forward and backward, losses, optimizers' steps. Expressions as those of `survey.py`.

The optimizers step `many` parameters, those of a small residual network (62 tensors of 64 to 9,408 elements), or, where the
name ends in `_one`, a single matrix of 512 x 2048.
"""

from __future__ import annotations

import numpy as np

from .libraries import Library

OPTIMIZERS = "Adadelta Adafactor Adagrad Adam Adamax AdamW ASGD Muon NAdam RAdam RMSprop Rprop SGD"

EXPRESSIONS = """
grad F.conv1d(wave,w1,padding=1) | grad F.conv1d(wave,w1,stride=2) | grad F.conv_transpose1d(wave,w1,stride=2) | grad F.conv2d(maps,w3,padding=1)
grad F.conv2d(maps,w3,stride=2,padding=1) | grad F.conv2d(maps,w3,dilation=2) | grad F.conv2d(maps,wide) | grad F.conv2d(maps,wd,padding=1,groups=32)
grad F.conv_transpose2d(maps,wt,stride=2) | grad F.conv_transpose2d(maps,w3,padding=1) | grad F.conv3d(cube,w5,padding=1)
grad F.conv_transpose3d(cube,w5,stride=2) | grad F.batch_norm(maps,None,None,scale,scale,training=True) | grad F.batch_norm(table,None,None,training=True)
grad F.instance_norm(maps) | grad F.group_norm(maps,8,scale,scale) | grad F.layer_norm(words,(256,),wide256,wide256) | grad F.rms_norm(words,(256,),wide256)
grad F.local_response_norm(maps,5) | grad F.normalize(table) | grad F.max_pool2d(maps,2) | grad F.max_pool2d(maps,3,2,1) | grad F.avg_pool2d(maps,2)
grad F.avg_pool2d(maps,3,1,1) | grad F.adaptive_avg_pool2d(maps,1) | grad F.adaptive_avg_pool2d(maps,7) | grad F.adaptive_max_pool2d(maps,4)
grad F.max_pool1d(wave,2) | grad F.avg_pool1d(wave,2) | grad F.max_pool3d(cube,2) | grad F.avg_pool3d(cube,2) | grad F.lp_pool2d(maps,2,2)
grad F.pad(maps,(1,1,1,1)) | grad F.pad(maps,(1,1,1,1),mode='reflect') | grad F.pad(maps,(1,1,1,1),mode='replicate')
grad F.pad(maps,(1,1,1,1),mode='circular') | grad F.interpolate(maps,scale_factor=2) | grad F.interpolate(maps,scale_factor=2,mode='bilinear')
grad F.interpolate(maps,scale_factor=2,mode='bicubic') | grad F.interpolate(maps,scale_factor=.5,mode='area') | grad F.interpolate(wave,scale_factor=2,mode='linear')
grad F.interpolate(cube,scale_factor=2,mode='trilinear') | grad F.interpolate(maps,scale_factor=.5,mode='bilinear',antialias=True)
grad F.grid_sample(maps,grid,align_corners=False) | grad F.pixel_shuffle(maps,2) | grad F.unfold(maps,3) | grad F.fold(F.unfold(maps,2,stride=2),(16,16),2,stride=2)
grad F.embedding(tokens,table) | grad F.embedding(tokens,table,padding_idx=0) | grad F.embedding_bag(tokens,table) | grad F.embedding_bag(tokens,table,mode='sum')
grad F.embedding_bag(tokens,table,mode='max') | grad F.linear(words,up) | grad F.bilinear(few,few,wb) | grad F.linear(few,up)
grad F.scaled_dot_product_attention(heads,heads,heads) | grad F.scaled_dot_product_attention(heads,heads,heads,is_causal=True)
grad F.scaled_dot_product_attention(heads,heads,heads,attn_mask=seen) | grad attention(words,words,words)[0] | grad encoder(words) | grad decoder(words,words)
grad lstm(words)[0] | grad gru(words)[0] | grad rnn(words)[0] | grad lstm2(words)[0] | grad cell(few,(few,few))[0]
grad F.cross_entropy(few,j) | grad F.cross_entropy(few,j,label_smoothing=.1) | grad F.cross_entropy(few,likely) | grad F.cross_entropy(maps,pixels) | grad F.nll_loss(few,j)
grad F.mse_loss(few,other) | grad F.l1_loss(few,other) | grad F.smooth_l1_loss(few,other) | grad F.huber_loss(few,other)
grad F.binary_cross_entropy_with_logits(few,likely) | grad F.binary_cross_entropy(few.sigmoid(),likely) | grad F.kl_div(few,likely,reduction='batchmean')
grad F.poisson_nll_loss(few,other) | grad F.gaussian_nll_loss(few,other,likely) | grad F.margin_ranking_loss(few,other,sign) | grad F.hinge_embedding_loss(few,sign)
grad F.cosine_embedding_loss(few,other,j.sign()) | grad F.triplet_margin_loss(few,other,likely) | grad F.soft_margin_loss(few,sign)
grad F.multi_margin_loss(few,j) | grad F.multilabel_margin_loss(few,labels) | grad F.multilabel_soft_margin_loss(few,likely)
grad F.ctc_loss(spoken.log_softmax(2),targets,lengths,target_lengths) | grad F.pairwise_distance(few,other) | grad F.cosine_similarity(few,other)
grad lib.cdist(few,other) | grad F.pdist(few) | grad F.relu(words) | grad F.leaky_relu(words) | grad F.gelu(words) | grad F.silu(words) | grad F.elu(words)
grad F.softplus(words) | grad F.mish(words) | grad F.hardswish(words) | grad F.selu(words) | grad F.celu(words) | grad F.logsigmoid(words) | grad F.prelu(maps,scale)
grad F.glu(words) | grad F.relu6(words) | grad F.hardtanh(words) | grad F.tanhshrink(words) | grad words.tanh() | grad words.sigmoid() | grad F.softmax(words,-1)
grad F.log_softmax(words,-1) | grad F.gumbel_softmax(words) | grad F.dropout(words,.1) | grad F.dropout2d(maps,.1) | grad F.alpha_dropout(words,.1)
grad words.abs() | grad words.exp() | grad (words*words).log() | grad (words*words).sqrt() | grad words.pow(3) | grad words.clamp(-1,1) | grad words.sin()
grad words+bias256 | grad words*bias256 | grad words/(bias256*bias256) | grad words-words.mean(-1,keepdim=True) | grad lib.maximum(words,words.flip(0))
grad lib.where(seen[:,:1],words,0.) | grad words.masked_fill(seen[:,:1],0.) | grad words.sum() | grad words.mean((0,1)) | grad words.var(-1) | grad words.std()
grad words.norm() | grad words.norm(dim=-1) | grad words.amax(-1) | grad words.max(-1)[0] | grad words.min() | grad words.logsumexp(-1) | grad words.prod(-1)
grad words.cumsum(-1) | grad words.topk(5)[0] | grad words.sort()[0] | grad words[:,0] | grad words[:,1:]-words[:,:-1] | grad words[tokens[:,0]%8] | grad table[tokens]
grad table.index_select(0,tokens[0]) | grad few.gather(1,j[:,None]) | grad few.scatter_add(0,rows,other) | grad few.index_add(0,j%32,other)
grad few[few>0] | grad lib.cat([words,words],-1) | grad lib.stack([words,words]) | grad words.split(64,-1)[1] | grad words.chunk(4,-1)[0]*2 | grad lib.cat(words.chunk(4,-1))
grad words.transpose(1,2).contiguous() | grad words.view(8,64,4,64).permute(0,2,1,3).reshape(8,-1) | grad words.repeat(1,1,2) | grad words.flip(1)
grad words.roll(1,1) | grad words.expand(2,8,64,256)*2 | grad words.tril() | grad words.unfold(1,4,2)*2 | grad words.repeat_interleave(2,1)
grad words@up.T | grad lib.bmm(words,words.mT) | grad lib.einsum('bld,bmd->blm',words,words) | grad lib.baddbmm(words@words.mT,words,words.mT)
grad lib.addmm(few[:,:32],few,up[:256,:32]) | grad lib.linalg.solve(spd,few[:,:8]) | grad lib.linalg.inv(spd) | grad lib.linalg.cholesky(spd)
grad lib.linalg.det(spd) | grad lib.linalg.qr(spd)[1] | grad lib.linalg.eigh(spd)[0] | grad lib.linalg.svd(spd)[1] | grad lib.fft.rfft(words).abs()
clip_norm(many) | clip_value(many) | clip_norm(one) | zeroed(many) | mlp() | convnet() | resnet() | transformer() | recurrent()
"""
EXPRESSIONS += " | ".join(f"{name}{one}.step()" for name in OPTIMIZERS.split() for one in ("", "_one"))
EXPRESSIONS += " | SGD_momentum.step() | SGD_momentum_one.step() | RMSprop_momentum.step() | AdamW_amsgrad.step() | LBFGS.step(closure)\n"
LEAVES = "wave maps cube words few table heads w1 w3 wide wd wt w5 up wb scale wide256 bias256 spd grid spoken".split()  # noqa: SIM905


def namespace(library: Library) -> dict:
    """What the expressions name."""
    lib, nn, F, optim = library.lib, library.names["nn"], library.names["F"], library.names["optim"]
    rng = np.random.default_rng(0)
    lib.manual_seed(0)

    def floats(*shape):
        return library.tensor(rng.standard_normal(shape, dtype=np.float32))

    def integers(high, *shape):
        return library.tensor(rng.integers(0, high, shape))

    shapes = {
        "wave": (8, 32, 256), "maps": (8, 32, 16, 16), "cube": (2, 8, 8, 16, 16), "words": (8, 64, 256), "few": (32, 256), "other": (32, 256),
        "table": (2000, 256), "heads": (4, 4, 64, 64), "w1": (32, 32, 3), "w3": (32, 32, 3, 3), "wide": (64, 32, 1, 1), "wd": (32, 1, 3, 3),
        "wt": (32, 16, 2, 2), "w5": (8, 8, 3, 3, 3), "up": (512, 256), "wb": (16, 256, 256), "scale": (32,), "wide256": (256,),
        "bias256": (256,), "spoken": (50, 8, 30),
    }  # fmt: skip
    names = {name: floats(*shape) for name, shape in shapes.items()}
    root = floats(32, 32)
    names |= {
        "spd": root @ root.T + 9 * lib.eye(32), "grid": floats(8, 16, 16, 2).tanh(), "tokens": integers(2000, 8, 64), "j": integers(256, 32),
        "pixels": integers(32, 8, 16, 16), "rows": integers(32, 32, 256), "labels": integers(256, 32, 256), "likely": F.softmax(names["other"], 1),
        "sign": names["other"].sign(), "seen": floats(64, 64) > 0, "targets": 1 + integers(29, 8, 12),
        "lengths": lib.full((8,), 50), "target_lengths": lib.full((8,), 12),
        "attention": nn.MultiheadAttention(256, 4, batch_first=True), "encoder": nn.TransformerEncoderLayer(256, 4, 512, batch_first=True),
        "decoder": nn.TransformerDecoderLayer(256, 4, 512, batch_first=True), "lstm": nn.LSTM(256, 128, batch_first=True),
        "gru": nn.GRU(256, 128, batch_first=True), "rnn": nn.RNN(256, 128, batch_first=True),
        "lstm2": nn.LSTM(256, 64, 2, batch_first=True, bidirectional=True), "cell": nn.LSTMCell(256, 256),
    }  # fmt: skip

    def parameters(*shapes):
        made = [nn.Parameter(floats(*shape)) for shape in shapes]
        for one in made:
            one.grad = floats(*one.shape)
        return made

    stem = [(16, 3, 3, 3), (16,), (16,)]
    layers = [shape for width in (16, 32) for _ in range(14) for shape in ((width, width, 3, 3), (width,))]
    names["many"], names["one"] = parameters(*stem, *layers, (10, 64), (10,), (64,)), parameters((512, 2048))
    matrices = {"": parameters(*[(64, 64)] * 8), "_one": parameters((64, 512))}
    for name in OPTIMIZERS.split():
        for ending, group in {"": names["many"], "_one": names["one"]}.items():
            names[name + ending] = getattr(optim, name)(matrices[ending] if name == "Muon" else group, lr=1e-6)
    for ending, group in {"": names["many"], "_one": names["one"]}.items():
        names["SGD_momentum" + ending] = optim.SGD(group, lr=1e-6, momentum=0.9, weight_decay=1e-4, nesterov=True)
    names["RMSprop_momentum"] = optim.RMSprop(names["many"], lr=1e-6, momentum=0.9, centered=True)
    names["AdamW_amsgrad"] = optim.AdamW(names["many"], lr=1e-6, amsgrad=True)
    start = nn.Parameter(floats(64))
    names["LBFGS"] = optim.LBFGS([start], max_iter=4)

    def closure():
        start.grad = None
        loss = ((start * start - 1) ** 2).sum() + 1
        loss.backward()
        return loss

    def zeroed(group):
        for one in group:
            one.grad.zero_()

    def trained(model, x, y, classes, make=optim.AdamW):
        optimizer = make(model.parameters(), lr=1e-5)

        @lib.enable_grad()
        def step():
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x).view(-1, classes), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            return loss

        return step

    class Residual(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.one, self.two = (nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2))
            self.norm1, self.norm2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)

        def forward(self, x):
            return F.relu(x + self.norm2(self.two(F.relu(self.norm1(self.one(x))))))

    class Words(nn.Module):
        """Tokens to scores of the next, through `inner`."""

        def __init__(self, inner):
            super().__init__()
            self.embed, self.inner, self.out = nn.Embedding(500, 64), inner, nn.Linear(64, 500)

        def forward(self, tokens):
            x = self.inner(self.embed(tokens))
            return self.out(x[0] if isinstance(x, tuple) else x)

    mlp = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.BatchNorm1d(128), nn.Dropout(0.1), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10))
    convnet = nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(800, 10)
    )
    resnet = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), Residual(16), nn.Conv2d(16, 32, 3, 2, 1), Residual(32), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10)
    )
    layers = nn.TransformerEncoder(nn.TransformerEncoderLayer(64, 4, 128, batch_first=True), 2, enable_nested_tensor=False)
    tokens = integers(500, 8, 32)
    names |= {
        "mlp": trained(mlp, floats(64, 64), integers(10, 64), 10), "convnet": trained(convnet, floats(16, 1, 28, 28), integers(10, 16), 10),
        "resnet": trained(resnet, floats(8, 3, 32, 32), integers(10, 8), 10, optim.SGD),
        "transformer": trained(Words(layers), tokens, tokens.flatten(), 500),
        "recurrent": trained(Words(nn.LSTM(64, 64, batch_first=True)), tokens, tokens.flatten(), 500),
    }  # fmt: skip
    names |= {"closure": closure, "zeroed": zeroed, "clip_norm": lambda group: nn.utils.clip_grad_norm_(group, 1e6)}
    return names | library.names | {"clip_value": lambda group: nn.utils.clip_grad_value_(group, 3.0)}

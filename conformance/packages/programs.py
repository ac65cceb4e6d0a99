"""What is done with each package: programs that say `import torch`, whichever library that gives.

`python programs.py NAME OUTPUT` runs one with PyTorch, `python -m lucid programs.py NAME OUTPUT` with Lucid. A program is a
generator of (what it is, tensor); all are written to one file, which needs NumPy alone to be read.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types

import numpy as np

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


# -- vision ------------------------------------------------------------------------------------------------------------


def name_operators_of_torchvision():
    """Without its compiled part it is imported with PyTorch only if these are there: they are not called."""
    import torch

    if torch.version.git_version:
        for name in ("nms", "qnms"):
            torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


@program("ViT, SimpleViT, CaiT, MobileViT: trained and applied", "torchvision", "einops")
def vit_pytorch():
    from vit_pytorch import SimpleViT, ViT
    from vit_pytorch.cait import CaiT
    from vit_pytorch.mobile_vit import MobileViT

    size = {"image_size": 32, "patch_size": 8, "num_classes": 5, "dim": 32, "heads": 2, "mlp_dim": 48}
    for model in (
        ViT(**size, depth=2, dropout=0.1, emb_dropout=0.1),
        SimpleViT(**size, depth=2),
        CaiT(**size, depth=2, cls_depth=1, layer_dropout=0.05),
        MobileViT((64, 64), dims=[16, 20, 24], channels=[8, 8, 12, 12, 12, 12, 16, 16, 20, 20, 24], num_classes=5),
    ):
        yield from classified(model, (2, 3, 64, 64) if isinstance(model, MobileViT) else (2, 3, 32, 32), 5)


@program("resnet18, mobilenetv3, efficientnet, convnext, vit_tiny, swin: trained and applied", "torchvision", "yaml", "huggingface_hub")
def timm():
    import timm
    import torch

    for name, shape in (
        ("resnet18", 64), ("mobilenetv3_small_050", 64), ("efficientnet_b0", 128), ("convnext_atto", 64), ("vit_tiny_patch16_224", 224),
        ("swin_tiny_patch4_window7_224", 224), ("mixer_s32_224", 224), ("regnetx_002", 64),
    ):  # fmt: skip
        torch.set_default_dtype(torch.float64 if name == "efficientnet_b0" else torch.float32)  # batch norm of few numbers
        yield from classified(timm.create_model(name, num_classes=7), (2, 3, shape, shape), 7)


@program("ten architectures trained and applied; segmentation, optical flow, feature extraction; 34 transforms of images, boxes and masks; "
         "losses and pooling of boxes", "PIL")  # fmt: skip
def torchvision():
    import random

    import torch

    name_operators_of_torchvision()
    import PIL.Image
    from torchvision import models, ops, tv_tensors, utils
    from torchvision.models.feature_extraction import create_feature_extractor
    from torchvision.transforms import v2

    torch.set_default_dtype(torch.float64)  # batch norm divides by the spread of few numbers
    for model in (
        *(getattr(models, name)(num_classes=5) for name in (
            "resnet18", "mobilenet_v3_small", "efficientnet_b0", "shufflenet_v2_x0_5", "regnet_y_400mf", "densenet121", "squeezenet1_1", "mnasnet0_5")),
        models.VisionTransformer(image_size=64, patch_size=16, num_layers=2, num_heads=2, hidden_dim=32, mlp_dim=64, num_classes=5),
        models.SwinTransformer([4, 4], 24, [2, 2], [2, 2], [4, 4], num_classes=5),
    ):  # fmt: skip
        yield from classified(model, (2, 3, 64, 64), 5)
    torch.set_default_dtype(torch.float32)
    image = torch.rand(1, 3, 128, 128)
    for make in (models.segmentation.lraspp_mobilenet_v3_large, models.segmentation.deeplabv3_mobilenet_v3_large):
        yield "outputs", make(num_classes=3, weights_backbone=None).eval()(image)["out"]
    yield "outputs", models.optical_flow.raft_small().eval()(image, image.flip(3), num_flow_updates=2)[-1] / 1000
    for found in create_feature_extractor(models.resnet18().eval(), ["layer1", "layer3", "fc"])(image).values():
        yield "features", found

    image = torch.rand(3, 40, 52)
    bytes_ = (image * 255).to(torch.uint8)
    for change in (
        v2.Resize((20, 30)), v2.Resize(64, interpolation=v2.InterpolationMode.BICUBIC), v2.RandomCrop(16), v2.RandomResizedCrop(24),
        v2.RandomHorizontalFlip(1.0), v2.ColorJitter(0.4, 0.4, 0.4, 0.1), v2.RandomGrayscale(1.0), v2.RandomRotation(30),
        v2.RandomAffine(20, (0.1, 0.2), (0.8, 1.2), 10), v2.RandomPerspective(0.5, 1.0), v2.ElasticTransform(50.0), v2.GaussianBlur(5),
        v2.RandomSolarize(0.5, 1.0), v2.RandomAdjustSharpness(2, 1.0), v2.RandomAutocontrast(1.0), v2.RandomInvert(1.0), v2.RandomErasing(1.0),
        v2.Pad(3, padding_mode="reflect"), v2.CenterCrop(60), v2.RandomPhotometricDistort(p=1.0), v2.RandomZoomOut(p=1.0),
    ):  # fmt: skip
        yield "images", change(image)
    for change in (
        v2.Resize((20, 30)), v2.Resize(25, interpolation=v2.InterpolationMode.NEAREST), v2.ColorJitter(0.4, 0.4, 0.4, 0.1), v2.RandomPosterize(4, 1.0),
        v2.RandomEqualize(1.0), v2.RandomAutocontrast(1.0), v2.AutoAugment(), v2.TrivialAugmentWide(), v2.GaussianBlur(5), v2.RandomRotation(30, expand=True),
    ):  # fmt: skip
        random.seed(0)
        yield "bytes", change(bytes_).float()  # 1 of 255 where a result lies between
    pixels = PIL.Image.fromarray(bytes_.permute(1, 2, 0).contiguous().numpy())
    yield "images", models.ResNet18_Weights.DEFAULT.transforms()(pixels)
    boxes = tv_tensors.BoundingBoxes(torch.tensor([[2.0, 3, 20, 30], [5, 5, 40, 25]]), format="XYXY", canvas_size=(40, 52))
    together = v2.Compose([v2.RandomAffine(20, (0.1, 0.1)), v2.RandomHorizontalFlip(1.0), v2.Resize((30, 30)), v2.ClampBoundingBoxes()])
    for what, found in zip(("images", "boxes", "masks"), together(tv_tensors.Image(image), boxes, tv_tensors.Mask(torch.rand(2, 40, 52) > 0.5))):
        yield what, found.as_subclass(torch.Tensor)
    yield from zip(("images", "labels"), v2.MixUp(num_classes=4)(torch.rand(4, 3, 8, 8), torch.arange(4)))

    corners = torch.rand(2, 5, 4) * 8
    corners[..., 2:] += corners[..., :2]
    corners.requires_grad_()
    for name in ("box_iou", "generalized_box_iou", "distance_box_iou", "complete_box_iou"):
        yield "overlaps", getattr(ops, name)(*corners)
        if name != "box_iou":
            loss = getattr(ops, f"{name}_loss")(*corners, reduction="mean")
            yield from (("losses", loss), ("gradients", torch.autograd.grad(loss, corners)[0]))
    maps = torch.rand(2, 3, 16, 16, requires_grad=True)
    pooled = ops.roi_align(maps, [one.detach() for one in corners], (4, 4), sampling_ratio=2, aligned=True)
    yield from (("pooled", pooled), ("gradients", torch.autograd.grad(pooled.square().sum(), maps)[0]))
    yield "losses", ops.sigmoid_focal_loss(torch.randn(4, 3), torch.eye(4, 3), reduction="mean")
    yield "images", utils.make_grid(torch.rand(5, 3, 8, 8), nrow=2)
    yield "bytes", utils.flow_to_image(torch.rand(2, 8, 8)).float()


@program("Unet, FPN and Segformer on mit_b0 with Dice and focal losses: trained and applied", "timm", "torchvision")
def segmentation_models_pytorch():
    import segmentation_models_pytorch as smp
    import torch

    torch.set_default_dtype(torch.float64)  # batch norm divides by the spread of eight numbers

    for make in (smp.Unet, smp.FPN, smp.Segformer):
        model = make("mit_b0", encoder_weights=None, classes=3)
        x, y = torch.rand(2, 3, 64, 64), torch.randint(3, (2, 64, 64))
        dice, focal = smp.losses.DiceLoss("multiclass"), smp.losses.FocalLoss("multiclass")
        yield from trained(model, lambda: dice(model(x), y) + focal(model(x), y))  # noqa: B023
        yield "outputs", model.eval()(x)


@program("rotations, warps, filters, colours, edges, SSIM, augmentation with random parameters: values and gradients")
def kornia():
    import kornia as K
    import torch

    x = torch.rand(2, 3, 32, 32, requires_grad=True)
    M = K.geometry.get_rotation_matrix2d(torch.tensor([[16.0, 16.0]] * 2), torch.tensor([30.0, -10.0]), torch.ones(2, 2))
    results = [
        K.geometry.warp_affine(x, M, (32, 32)), K.geometry.rotate(x, torch.tensor([20.0, 5.0])), K.geometry.resize(x, (20, 24)),
        K.filters.gaussian_blur2d(x, (5, 5), (1.5, 1.5)), K.filters.sobel(x), K.filters.median_blur(x, (3, 3)),
        K.color.rgb_to_hsv(x), K.color.rgb_to_lab(x), K.color.rgb_to_grayscale(x), K.enhance.equalize(x.detach()),
        K.enhance.adjust_contrast(x, 0.7), K.morphology.dilation(x, torch.ones(3, 3)), K.metrics.ssim(x, x.flip(0), 5),
        K.losses.ssim_loss(x, x.flip(-1), 5)[None], K.feature.harris_response(x.mean(1, keepdim=True)),
    ]  # fmt: skip
    augment = K.augmentation.AugmentationSequential(
        K.augmentation.RandomAffine(15.0, p=1.0), K.augmentation.ColorJiggle(0.1, 0.1, 0.1, 0.1, p=1.0),
        K.augmentation.RandomHorizontalFlip(p=0.5), data_keys=["input"],
    )  # fmt: skip
    results.append(augment(x))
    for result in results:
        yield "outputs", result
        if result.requires_grad:
            yield "gradients", torch.autograd.grad(result.square().mean(), x)[0]


@program("SSIM and MS-SSIM: values and gradients")
def pytorch_msssim():
    import torch
    from pytorch_msssim import ms_ssim, ssim

    x, y = torch.rand(2, 3, 192, 192, requires_grad=True), torch.rand(2, 3, 192, 192)
    for found in (ssim(x, y, data_range=1.0), ms_ssim((x + y) / 2, y, data_range=1.0, size_average=False).sum()):
        yield "outputs", found
        yield "gradients", torch.autograd.grad(found, x)[0]


# -- language ----------------------------------------------------------------------------------------------------------


@program("BERT, GPT-2, Llama, T5, ViT, Mixtral, Whisper, CLIP: losses, gradients, steps of AdamW, generated text",
         "tokenizers", "safetensors", "huggingface_hub", "yaml", "regex", "tqdm", "torchvision")  # fmt: skip
def transformers():
    import torch
    import transformers as t

    small = {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 40}
    words = torch.randint(4, 99, (2, 12))
    texts = {"input_ids": words, "labels": words}
    images = torch.rand(2, 3, 32, 32)
    vision = {k: v for k, v in small.items() if k != "vocab_size"} | {"image_size": 32, "patch_size": 8}
    for model, batch in (
        (t.BertForMaskedLM(t.BertConfig(**small)), texts),
        (t.BertForSequenceClassification(t.BertConfig(**small, num_labels=3)), texts | {"labels": torch.tensor([0, 2])}),
        (t.GPT2LMHeadModel(t.GPT2Config(vocab_size=99, n_embd=32, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=1)), texts),
        (t.LlamaForCausalLM(t.LlamaConfig(**small, num_key_value_heads=2)), texts),
        (t.T5ForConditionalGeneration(t.T5Config(vocab_size=99, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4,
                                                 decoder_start_token_id=0)), texts),
        (t.MixtralForCausalLM(t.MixtralConfig(**small, num_key_value_heads=2, num_local_experts=4)), texts),
        (t.ViTForImageClassification(t.ViTConfig(**vision, num_labels=3)), {"pixel_values": images, "labels": torch.tensor([0, 2])}),
        (t.CLIPModel(t.CLIPConfig(text_config=small | {"eos_token_id": 1}, vision_config=vision, projection_dim=16)),
         {"input_ids": words, "pixel_values": images, "return_loss": True}),
        (t.WhisperForConditionalGeneration(t.WhisperConfig(
            vocab_size=99, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
            encoder_ffn_dim=37, decoder_ffn_dim=37, num_mel_bins=20, max_source_positions=30, max_target_positions=30,
            decoder_start_token_id=2, pad_token_id=0, bos_token_id=1, eos_token_id=3)),
         {"input_features": torch.rand(2, 20, 60), "labels": words}),
    ):  # fmt: skip
        model.train()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        yield from trained(model, lambda: model(**batch).loss, optimizer)  # noqa: B023
        model.eval()
        if model.can_generate() and "input_ids" in batch:
            yield "tokens", model.generate(words, max_new_tokens=6, do_sample=False)
            yield "tokens", model.generate(words, max_new_tokens=6, do_sample=True, top_k=20)
            yield "tokens", model.generate(words, max_new_tokens=6, num_beams=3, do_sample=False)


@program("decoder with rotary positions, encoder and decoder, ALiBi; generated text: trained with Lion and Adam", "einops", "einx", "loguru")
def x_transformers():
    import torch
    from x_transformers import AutoregressiveWrapper, Decoder, Encoder, TransformerWrapper, XTransformer

    words = torch.randint(0, 64, (2, 17))
    for layers in (Decoder(dim=32, depth=2, heads=2, rotary_pos_emb=True), Decoder(dim=32, depth=2, heads=2, alibi_pos_bias=True),
                   Decoder(dim=32, depth=2, heads=2, use_rmsnorm=True, ff_glu=True, attn_qk_norm=True)):  # fmt: skip
        model = AutoregressiveWrapper(TransformerWrapper(num_tokens=64, max_seq_len=32, attn_layers=layers))
        yield from trained(model, lambda: model(words))  # noqa: B023
        yield "tokens", model.generate(words[:, :3], 8)
    model = TransformerWrapper(num_tokens=64, max_seq_len=32, attn_layers=Encoder(dim=32, depth=2, heads=2))
    yield "outputs", model(words)
    model = XTransformer(dim=32, enc_num_tokens=64, enc_depth=1, enc_heads=2, enc_max_seq_len=20, dec_num_tokens=64, dec_depth=1, dec_heads=2, dec_max_seq_len=20)
    yield from trained(model, lambda: model(words, words))


@program("Performer as a language model: trained and applied", "einops", "local_attention", "axial_positional_embedding")
def performer_pytorch():
    import torch
    from performer_pytorch import PerformerLM

    words = torch.randint(0, 64, (2, 32))
    model = PerformerLM(num_tokens=64, max_seq_len=32, dim=32, depth=2, heads=2, causal=False, nb_features=16, local_attn_heads=1, local_window_size=16)
    yield from trained(model, lambda: torch.nn.functional.cross_entropy(model(words).transpose(1, 2), words))
    yield "outputs", model.eval()(words)


@program("a language model with linear and local attention: trained", "einops", "local_attention", "linformer", "product_key_memory")
def linear_attention_transformer():
    import torch
    from linear_attention_transformer import LinearAttentionTransformerLM

    words = torch.randint(0, 64, (2, 32))
    model = LinearAttentionTransformerLM(num_tokens=64, dim=32, heads=4, depth=2, max_seq_len=32, causal=True, n_local_attn_heads=2, local_attn_window_size=8)
    yield from trained(model, lambda: torch.nn.functional.cross_entropy(model(words).transpose(1, 2), words))


@program("rotations of queries and keys, with and without xpos: values and gradients", "einops")
def rotary_embedding_torch():
    import torch
    from rotary_embedding_torch import RotaryEmbedding

    q = torch.randn(1, 4, 16, 32, requires_grad=True)
    for rotary in (RotaryEmbedding(dim=16), RotaryEmbedding(dim=16, use_xpos=True, learned_freq=False)):
        found = rotary.rotate_queries_and_keys(q, q)[0] if rotary.use_xpos else rotary.rotate_queries_or_keys(q)
        yield "outputs", found
        yield "gradients", torch.autograd.grad(found.square().sum() + found.sin().sum(), q)[0]


@program("sparsemax, entmax 1.5 and by bisection, and their losses: values and gradients")
def entmax():
    import torch
    from entmax import Entmax15Loss, SparsemaxLoss, entmax15, entmax_bisect, sparsemax

    x = torch.randn(6, 9, requires_grad=True)
    alpha = torch.tensor(1.3, requires_grad=True)
    y = torch.randint(9, (6,))
    for found in (sparsemax(x, dim=-1), entmax15(x, dim=-1), entmax_bisect(x, alpha), SparsemaxLoss()(x, y), Entmax15Loss()(x, y)):
        yield "outputs", found
        yield "gradients", torch.autograd.grad(found.square().sum(), x)[0]


@program("a language model with hashed attention and reversible layers: trained", "einops", "axial_positional_embedding", "product_key_memory", "local_attention")
def reformer_pytorch():
    import torch
    from reformer_pytorch import ReformerLM

    model = ReformerLM(num_tokens=20, dim=16, depth=2, max_seq_len=64, heads=2, bucket_size=8, n_hashes=2, causal=True)
    x = torch.randint(0, 20, (2, 64))
    yield from trained(model, lambda: torch.nn.functional.cross_entropy(model(x).transpose(1, 2), x))


@program("Perceiver of images and Perceiver IO: trained", "einops")
def perceiver_pytorch():
    import torch
    from perceiver_pytorch import Perceiver, PerceiverIO

    sizes = {"depth": 2, "num_latents": 8, "latent_dim": 16, "cross_dim_head": 8, "latent_dim_head": 8, "latent_heads": 2}
    model = Perceiver(input_channels=3, input_axis=2, num_freq_bands=4, max_freq=8.0, num_classes=5, cross_heads=1, **sizes)
    yield from classified(model, (2, 12, 12, 3), 5)
    io = PerceiverIO(dim=8, queries_dim=8, logits_dim=6, **sizes)
    x, queries = torch.randn(2, 10, 8), torch.randn(7, 8)
    yield from trained(io, lambda: io(x, queries=queries).square().mean())


@program("selective state spaces: trained")
def mambapy():
    import torch
    from mambapy.mamba import Mamba, MambaConfig

    model = Mamba(MambaConfig(d_model=16, n_layers=2))
    x, y = torch.randn(2, 12, 16), torch.randn(2, 12, 16)
    yield from trained(model, lambda: (model(x) - y).square().mean())
    yield "outputs", model(x)


@program("a soft mixture of experts: trained", "einops")
def soft_moe_pytorch():
    import torch
    from soft_moe_pytorch import SoftMoE

    model = SoftMoE(dim=16, seq_len=12, num_experts=4)
    x = torch.randn(2, 12, 16)
    yield from trained(model, lambda: model(x).square().mean())


@program("a mixture of experts with gates that choose two: trained", "einops")
def mixture_of_experts():
    import torch
    from mixture_of_experts import MoE

    model = MoE(dim=16, num_experts=4, hidden_dim=32)
    x = torch.randn(2, 12, 16)
    yield from trained(model, lambda: sum(found.square().mean() for found in model(x)))


@program("linear, merged and convolutional layers of low rank: trained, merged")
def loralib():
    import loralib as lora
    import torch

    model = torch.nn.Sequential(
        lora.Conv2d(3, 4, 3, r=2), torch.nn.Flatten(), lora.Linear(64, 8, r=2), torch.nn.ReLU(),
        lora.MergedLinear(8, 9, r=2, enable_lora=[True, False, True]),
    )  # fmt: skip
    lora.mark_only_lora_as_trainable(model)
    x = torch.randn(4, 3, 6, 6)
    yield from trained(model, lambda: model(x).square().mean())
    yield "outputs", model.eval()(x)


@program("a conditional random field: likelihoods, gradients, the likeliest tags")
def torchcrf():
    import torch
    from torchcrf import CRF

    crf = CRF(5, batch_first=True)
    emissions = torch.randn(3, 7, 5, requires_grad=True)
    tags, mask = torch.randint(5, (3, 7)), torch.ones(3, 7, dtype=torch.bool)
    mask[1, 5:] = mask[2, 3:] = False
    for reduction in ("sum", "mean", "token_mean", "none"):
        yield "likelihood", crf(emissions, tags, mask=mask, reduction=reduction)
    crf(emissions, tags, mask=mask).backward()
    yield "gradients", torch.cat([emissions.grad.flatten(), crf.transitions.grad.flatten()])
    yield "tags", torch.tensor(sum(crf.decode(emissions, mask), []))


# -- generation --------------------------------------------------------------------------------------------------------


@program("a U-Net and Gaussian diffusion: trained, sampled by DDPM and DDIM", "einops", "ema_pytorch", "torchvision")
def denoising_diffusion_pytorch():
    import torch
    from denoising_diffusion_pytorch import GaussianDiffusion, Unet

    model = Unet(dim=16, dim_mults=(1, 2), flash_attn=False)
    for extra in ({}, {"sampling_timesteps": 4}):
        diffusion = GaussianDiffusion(model, image_size=16, timesteps=20, **extra)
        x = torch.rand(2, 3, 16, 16)
        yield from trained(diffusion, lambda: diffusion(x))  # noqa: B023
        yield "outputs", diffusion.sample(batch_size=2)


@program("UNet2DModel, AutoencoderKL, DDPM, DDIM, DPM-Solver and Euler schedulers: trained and sampled", "huggingface_hub", "safetensors", "torchvision")
def diffusers():
    import diffusers as d
    import torch

    model = d.UNet2DModel(sample_size=16, in_channels=3, out_channels=3, layers_per_block=1, block_out_channels=(16, 32), norm_num_groups=8,
                          down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"))  # fmt: skip
    x, noise, t = torch.rand(2, 3, 16, 16), torch.randn(2, 3, 16, 16), torch.tensor([3, 400])
    noisy = d.DDPMScheduler().add_noise(x, noise, t)
    yield from trained(model, lambda: torch.nn.functional.mse_loss(model(noisy, t).sample, noise))
    model.eval()
    for make in (d.DDPMScheduler, d.DDIMScheduler, d.DPMSolverMultistepScheduler, d.EulerDiscreteScheduler, d.PNDMScheduler):
        scheduler = make()
        scheduler.set_timesteps(5)
        image = torch.randn(1, 3, 16, 16) * scheduler.init_noise_sigma
        with torch.no_grad():
            for step in scheduler.timesteps:
                image = scheduler.step(model(scheduler.scale_model_input(image, step), step).sample, step, image).prev_sample
        yield "outputs", image
    model = d.AutoencoderKL(block_out_channels=(16,), norm_num_groups=8, latent_channels=2)
    yield from trained(model, lambda: (model(x).sample - x).square().mean())


@program("VectorQuantize with EMA and cosine similarity, ResidualVQ, FSQ, LFQ: values, losses, codes, codebooks", "einops", "einx")
def vector_quantize_pytorch():
    import torch
    from vector_quantize_pytorch import FSQ, LFQ, ResidualVQ, VectorQuantize

    torch.set_default_dtype(torch.float64)  # a rotation divides by the length of a sum that may be nearly zero

    x = torch.randn(2, 24, 16, requires_grad=True)
    for model in (VectorQuantize(dim=16, codebook_size=32), VectorQuantize(dim=16, codebook_size=32, use_cosine_sim=True, kmeans_init=True),
                  ResidualVQ(dim=16, num_quantizers=3, codebook_size=16, kmeans_init=True), LFQ(codebook_size=64, dim=16)):  # fmt: skip
        for _ in range(2):
            found, codes, loss = model(x)[:3]
        yield "outputs", found
        yield "tokens", codes
        yield "gradients", torch.autograd.grad(found.square().sum() + loss.sum(), x)[0]
    found, codes = FSQ([8, 5, 5])(x[..., :3])
    yield "outputs", found
    yield "tokens", codes


@program("RealNVP and autoregressive spline flows on two moons: trained, sampled", "scipy")
def normflows():
    import normflows as nf
    import torch

    masks = torch.tensor([1.0, 0.0])
    real = []
    for i in range(4):
        s, t = nf.nets.MLP([2, 8, 2], init_zeros=True), nf.nets.MLP([2, 8, 2], init_zeros=True)
        real += [nf.flows.MaskedAffineFlow(masks if i % 2 else 1 - masks, t, s), nf.flows.ActNorm(2)]
    spline = [one for _ in range(2) for one in (nf.flows.AutoregressiveRationalQuadraticSpline(2, 1, 16), nf.flows.LULinearPermute(2))]
    for flows in (real, spline):
        model = nf.NormalizingFlow(nf.distributions.DiagGaussian(2), flows)
        x = torch.randn(64, 2) * 0.5
        yield from trained(model, lambda: model.forward_kld(x))  # noqa: B023
        yield "outputs", model.sample(16)[0]


@program("masked autoregressive flow and coupling layers of splines: trained, sampled")
def nflows():
    import torch
    from nflows import distributions, flows, transforms
    from nflows.nn.nets import ResidualNet

    maf = [one for _ in range(2) for one in (transforms.ReversePermutation(3), transforms.MaskedAffineAutoregressiveTransform(3, 8))]
    spline = transforms.PiecewiseRationalQuadraticCouplingTransform(
        torch.tensor([1, 0, 1]), lambda i, o: ResidualNet(i, o, 8), num_bins=4, tails="linear", tail_bound=3.0)  # fmt: skip
    for transform in (transforms.CompositeTransform(maf), transforms.CompositeTransform([spline, transforms.LULinear(3)])):
        model = flows.Flow(transform, distributions.StandardNormal([3]))
        x = torch.randn(64, 3)
        yield from trained(model, lambda: -model.log_prob(x).mean())  # noqa: B023
        yield "outputs", model.sample(16)


@program("MAF, neural spline flow, NAF, continuous flow: trained, sampled")
def zuko():
    import torch
    import zuko as z

    torch.set_default_dtype(torch.float64)  # steps of an equation's solver depend on its last digits

    for model in (z.flows.MAF(3, 2, transforms=2), z.flows.NSF(3, 2, transforms=2, hidden_features=(16, 16)), z.flows.CNF(3, 2, hidden_features=(16, 16)),
                  z.flows.GMM(3, 2, components=4), z.flows.NAF(3, 2, transforms=1, hidden_features=(16, 16))):  # fmt: skip
        x, c = torch.randn(32, 3), torch.randn(32, 2)
        yield from trained(model, lambda: -model(c).log_prob(x).mean(), steps=2)  # noqa: B023
        if not isinstance(model, z.flows.NAF):
            yield "outputs", model(c[0]).sample((5,))


# -- differential equations, probability -------------------------------------------------------------------------------


@program("dopri5, dopri8, adams, rk4 and the adjoint method on a neural ODE: values and gradients", "scipy")
def torchdiffeq():
    import torch
    from torchdiffeq import odeint, odeint_adjoint

    class Field(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.Sequential(torch.nn.Linear(3, 16), torch.nn.Tanh(), torch.nn.Linear(16, 3))

        def forward(self, t, y):
            return self.net(y) - y * t

    field, y0, t = Field(), torch.randn(5, 3), torch.linspace(0, 1, 4)
    for solve, method in [(odeint, m) for m in ("dopri5", "dopri8", "bosh3", "explicit_adams", "implicit_adams", "rk4", "euler")] + [(odeint_adjoint, "dopri5")]:
        found = solve(field, y0, t, method=method)
        yield "outputs", found
        field.zero_grad()
        found[-1].square().mean().backward()
        yield "gradients", torch.cat([p.grad.flatten() for p in field.parameters()])


@program("Ito and Stratonovich equations, adjoint gradients: values and gradients", "trampoline", "scipy")
def torchsde():
    import torch
    import torchsde as sde

    class Equation(torch.nn.Module):
        noise_type = "diagonal"

        def __init__(self, kind):
            super().__init__()
            self.sde_type = kind
            self.mu, self.sigma = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)

        def f(self, t, y):
            return self.mu(y)

        def g(self, t, y):
            return torch.sigmoid(self.sigma(y))

    y0, t = torch.full((4, 3), 0.1), torch.linspace(0, 1, 4)
    for kind, method, solve in (("ito", "euler", sde.sdeint), ("ito", "srk", sde.sdeint), ("stratonovich", "midpoint", sde.sdeint_adjoint)):
        equation = Equation(kind)
        noise = sde.BrownianInterval(t0=0.0, t1=1.0, size=(4, 3), entropy=7, levy_area_approximation="space-time")
        found = solve(equation, y0, t, dt=0.1, method=method, bm=noise)
        yield "outputs", found
        found[-1].square().mean().backward()
        yield "gradients", torch.cat([p.grad.flatten() for p in equation.parameters()])


@program("exact Gaussian processes with RBF and Matern kernels: trained, predicted", "linear_operator", "jaxtyping", "wadler_lindig", "scipy", "sklearn")
def gpytorch():
    import gpytorch as g
    import torch

    class Exact(g.models.ExactGP):
        def __init__(self, x, y, likelihood):
            super().__init__(x, y, likelihood)
            self.mean_module = g.means.ConstantMean()
            self.covar_module = g.kernels.ScaleKernel(g.kernels.MaternKernel(2.5) + g.kernels.RBFKernel())

        def forward(self, x):
            return g.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))

    x = torch.linspace(0, 1, 20)
    y = (6 * x).sin() + 0.1 * torch.randn(20)
    likelihood = g.likelihoods.GaussianLikelihood()
    model = Exact(x, y, likelihood)
    mll = g.mlls.ExactMarginalLogLikelihood(likelihood, model)
    yield from trained(model, lambda: -mll(model(x), y), torch.optim.Adam(model.parameters(), lr=0.1))
    model.eval(), likelihood.eval()
    with torch.no_grad():
        found = likelihood(model(torch.linspace(0, 1, 7)))
    yield "outputs", torch.stack([found.mean, found.variance])


@program("posteriors, likelihoods and ratios estimated by networks; samples by rejection, slices and gradients", "zuko", "nflows", "pyro", "pyknos",
         "tensorboard", "arviz", "sklearn", "matplotlib", "joblib")  # fmt: skip
def sbi():
    import os
    import tempfile

    import torch
    from sbi.inference import NLE, NPE, NRE
    from sbi.neural_nets import posterior_nn
    from sbi.utils import BoxUniform

    prior = BoxUniform(torch.full((2,), -2.0), torch.full((2,), 2.0))
    theta = prior.sample((120,))
    x = theta + 0.3 * torch.randn(120, 2) + theta[:, :1] ** 2 * 0.1
    seen = torch.zeros(1, 2)
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # logs are written where it runs
        try:
            for model in ("maf", "nsf", "mdn", "zuko_nsf"):
                inference = NPE(prior, density_estimator=posterior_nn(model, hidden_features=10, num_transforms=2), show_progress_bars=False)
                estimator = inference.append_simulations(theta, x).train(max_num_epochs=4, training_batch_size=40, show_train_summary=False)
                yield "losses", torch.tensor(inference.summary["training_loss"])
                posterior = inference.build_posterior(estimator)
                yield "posterior", posterior.sample((20,), x=seen, show_progress_bars=False)
                yield "posterior", posterior.log_prob(theta[:10], x=seen)
            for kind in (NLE, NRE):
                inference = kind(prior, show_progress_bars=False)
                estimator = inference.append_simulations(theta, x).train(max_num_epochs=4, training_batch_size=40)
                yield "losses", torch.tensor(inference.summary["training_loss"])
                posterior = inference.build_posterior(estimator, mcmc_method="slice_np_vectorized", mcmc_parameters={
                    "num_chains": 3, "warmup_steps": 4, "thin": 1, "init_strategy": "proposal"})  # fmt: skip
                yield "samples", posterior.sample((15,), x=seen, show_progress_bars=False)
                yield "potential", posterior.potential(theta[:10], x=seen)
        finally:
            os.chdir(before)


@program("Bayesian regression and a Gaussian mixture: SVI with an autoguide, HMC and NUTS", "pyroapi", "opt_einsum", "tqdm")
def pyro():
    import pyro
    import pyro.distributions as dist
    import torch
    from pyro.infer import MCMC, NUTS, SVI, Trace_ELBO, TraceEnum_ELBO, config_enumerate
    from pyro.infer.autoguide import AutoDiagonalNormal

    pyro.clear_param_store()
    x = torch.randn(20, 2)
    y = x @ torch.tensor([1.0, -2.0]) + 0.1 * torch.randn(20)

    def model(x, y=None):
        w = pyro.sample("w", dist.Normal(torch.zeros(2), 1.0).to_event(1))
        s = pyro.sample("s", dist.LogNormal(0.0, 1.0))
        with pyro.plate("data", len(x)):
            return pyro.sample("y", dist.Normal(x @ w, s), obs=y)

    guide = AutoDiagonalNormal(model)
    svi = SVI(model, guide, pyro.optim.Adam({"lr": 0.05}), Trace_ELBO())
    yield "losses", torch.tensor([svi.step(x, y) for _ in range(5)])
    yield "parameters", torch.cat([p.detach().flatten() for p in guide.parameters()])
    mcmc = MCMC(NUTS(model), num_samples=5, warmup_steps=5, disable_progbar=True)
    mcmc.run(x, y)
    yield "outputs", mcmc.get_samples()["w"]

    @config_enumerate
    def mixture(x):
        p = pyro.param("p", torch.tensor([0.4, 0.6]), constraint=dist.constraints.simplex)
        m = pyro.param("m", torch.tensor([-1.0, 1.0]))
        with pyro.plate("data", len(x)):
            z = pyro.sample("z", dist.Categorical(p))
            pyro.sample("x", dist.Normal(m[z], 1.0), obs=x)

    svi = SVI(mixture, lambda x: None, pyro.optim.Adam({"lr": 0.05}), TraceEnum_ELBO(max_plate_nesting=1))
    yield "losses", torch.tensor([svi.step(x[:, 0]) for _ in range(5)])


# -- optimizers, metrics, geometry -------------------------------------------------------------------------------------


def _optimized(optimizers):
    import torch

    x, y = torch.randn(16, 8), torch.randn(16, 4)
    for make in optimizers:
        torch.manual_seed(3)
        model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 4))
        for found in trained(model, lambda: (model(x) - y).square().mean(), make(model.parameters()), steps=5):  # noqa: B023
            if found[0] != "gradients":
                yield found


@program("Lion: trained, with and without foreach")
def lion_pytorch():
    from lion_pytorch import Lion
    from lion_pytorch.foreach import Lion as Foreach

    yield from _optimized((lambda p: Lion(p, lr=1e-3, weight_decay=0.1), lambda p: Foreach(p, lr=1e-3, weight_decay=0.1)))


@program("24 optimizers: a network trained with each", "pytorch_ranger")
def torch_optimizer():
    import torch_optimizer as o

    names = "A2GradExp AccSGD AdaBelief AdaBound AdaMod Adafactor AdamP AggMo Apollo DiffGrad LARS Lamb MADGRAD NovoGrad PID QHAdam QHM RAdam Ranger SGDP SGDW SWATS Shampoo Yogi"
    yield from _optimized(
        (lambda p, name=name: getattr(o, name)(p) if hasattr(o, name) else None) for name in names.split() if hasattr(o, name)
    )


@program("optimizers that take parameters alone: a network trained with each")
def pytorch_optimizer():
    """Not SOAP: its steps hang on the signs of eigenvectors, which are arbitrary and not PyTorch's."""
    import pytorch_optimizer as o

    names = """a2grad accsgd adabelief adabound adafactor adai adalite adamp adams adan adapnm adatam ademamix adopt aggmo amos
        apollodqn avagrad came diffgrad fadam ftrl grams lamb lars lion madgrad mars msvag nero novograd padam pid pnm qhadam
        qhm radam sgdp shampoo signsgd sm3 stableadamw swats tiger yogi scion prodigy"""
    known = set(o.get_supported_optimizers())
    yield from _optimized((lambda p, name=name: o.load_optimizer(name)(p, lr=1e-3)) for name in names.split() if name in known)


@program("Adam, SGD, Lion and AdaGrad that find their own rate: trained")
def dadaptation():
    import dadaptation as d

    yield from _optimized((d.DAdaptAdam, d.DAdaptSGD, d.DAdaptLion, d.DAdaptAdaGrad))


@program("Prodigy: trained")
def prodigyopt():
    from prodigyopt import Prodigy

    yield from _optimized((Prodigy, lambda p: Prodigy(p, weight_decay=0.1, use_bias_correction=True)))


@program("CAME: trained")
def came_pytorch():
    from came_pytorch import CAME

    yield from _optimized((lambda p: CAME(p, lr=0.01, betas=(0.9, 0.999, 0.9999)),))


@program("AdamW, SGD and RAdam without a schedule: trained")
def schedulefree():
    import schedulefree as s

    def training(make, params):
        optimizer = make(params, lr=0.01)
        optimizer.train()
        return optimizer

    makes = (s.AdamWScheduleFree, s.SGDScheduleFree, s.RAdamScheduleFree)
    yield from _optimized((lambda p, make=make: training(make, p)) for make in makes)


@program("maximal update parametrisation: trained with its Adam", "yaml")
def mup():
    import torch
    from mup import MuAdam, MuReadout, set_base_shapes

    def make(width):
        return torch.nn.Sequential(torch.nn.Linear(5, width), torch.nn.ReLU(), MuReadout(width, 3))

    model = make(16)
    set_base_shapes(model, make(4), delta=make(8))
    x, y = torch.randn(8, 5), torch.randint(3, (8,))
    yield from trained(model, lambda: torch.nn.functional.cross_entropy(model(x), y), MuAdam(model.parameters(), lr=0.01))


@program("Jacobians of two losses, aggregated in five ways", "quadprog", "qpsolvers")
def torchjd():
    import torch
    from torchjd.aggregation import IMTLG, MGDA, Mean, PCGrad, UPGrad
    from torchjd.autojac import backward, jac_to_grad

    model = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    x = torch.randn(6, 5)
    for aggregator in (UPGrad(), MGDA(), PCGrad(), IMTLG(), Mean()):
        model.zero_grad()
        out = model(x)
        backward([out[:, 0].square().mean(), (out[:, 1] - 1).square().mean()])
        jac_to_grad(model.parameters(), aggregator)
        yield "gradients", torch.cat([p.grad.flatten() for p in model.parameters()])


@program("exponential moving average: trained, stored, copied back")
def torch_ema():
    import torch
    from torch_ema import ExponentialMovingAverage

    model = torch.nn.Linear(4, 3)
    average = ExponentialMovingAverage(model.parameters(), decay=0.9)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    x = torch.randn(8, 4)
    for _ in range(4):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
        average.update()
    with average.average_parameters():
        yield "outputs", model(x)
    yield "outputs", model(x)


@program("classification, regression, retrieval, image and text metrics, over batches", "lightning_utilities", "torchvision")
def torchmetrics():
    import torch
    import torchmetrics as m
    from torchmetrics import image, text

    kinds = {"task": "multiclass", "num_classes": 4}
    scores = [m.Accuracy(**kinds), m.F1Score(**kinds, average="macro"), m.AUROC(**kinds), m.ConfusionMatrix(**kinds), m.AveragePrecision(**kinds),
              m.CalibrationError(**kinds), m.CohenKappa(**kinds), m.MatthewsCorrCoef(**kinds), m.JaccardIndex(**kinds), m.Precision(**kinds, top_k=2)]  # fmt: skip
    numbers = [m.MeanSquaredError(), m.R2Score(), m.PearsonCorrCoef(), m.SpearmanCorrCoef(), m.KendallRankCorrCoef(), m.ExplainedVariance(), m.CosineSimilarity()]
    for _ in range(3):
        p, y = torch.randn(20, 4).softmax(-1), torch.randint(4, (20,))
        a = torch.randn(20)
        b = a + 0.3 * torch.randn(20)
        for one in scores:
            one.update(p, y)
        for one in numbers:
            one.update(a[None], b[None]) if isinstance(one, m.CosineSimilarity) else one.update(a, b)
    for one in scores + numbers:
        yield "outputs", one.compute()
    x = torch.rand(2, 3, 64, 64)
    for one in (image.PeakSignalNoiseRatio(data_range=1.0), image.StructuralSimilarityIndexMeasure(data_range=1.0), image.TotalVariation(),
                image.UniversalImageQualityIndex(), image.SpectralAngleMapper()):  # fmt: skip
        yield "outputs", one(x, x.flip(-1)) if not isinstance(one, image.TotalVariation) else one(x)
    yield "outputs", text.CharErrorRate()(["a cat sat"], ["the cat sat"])
    found = m.RetrievalMAP()(torch.rand(12), torch.randint(2, (12,)), indexes=torch.arange(12) // 4)
    yield "outputs", found


@program("triplet, contrastive, NT-Xent, ArcFace, ProxyNCA, multi-similarity losses and miners: values and gradients", "sklearn", "tqdm")
def pytorch_metric_learning():
    import torch
    from pytorch_metric_learning import losses, miners

    x, y = torch.randn(24, 8, requires_grad=True), torch.randint(4, (24,))
    pairs = miners.MultiSimilarityMiner()(x, y)
    for make in (losses.TripletMarginLoss(), losses.ContrastiveLoss(), losses.NTXentLoss(), losses.ArcFaceLoss(4, 8), losses.ProxyNCALoss(4, 8),
                 losses.MultiSimilarityLoss(), losses.CircleLoss(), losses.SupConLoss(), losses.CosFaceLoss(4, 8), losses.LiftedStructureLoss()):  # fmt: skip
        found = make(x, y, pairs) if isinstance(make, losses.TripletMarginLoss) else make(x, y)
        yield "losses", found
        yield "gradients", torch.autograd.grad(found, x)[0]


@program("Poincare ball, Lorentz, sphere, Stiefel: distances, maps, Riemannian SGD and Adam", "scipy")
def geoopt():
    import geoopt as g
    import torch

    torch.set_default_dtype(torch.float64)  # distances are ill-conditioned

    for manifold in (g.PoincareBall(), g.Lorentz(), g.Sphere(), g.EuclideanStiefel()):
        shape = (5, 3)
        start = manifold.projx(torch.randn(shape))
        point = g.ManifoldParameter(start.clone(), manifold=manifold)
        goal = torch.randn(shape)
        for make in (g.optim.RiemannianAdam, g.optim.RiemannianSGD):
            optimizer = make([point], lr=0.05)
            for _ in range(3):
                optimizer.zero_grad()
                (point - goal).square().sum().backward()
                optimizer.step()
            yield "parameters", point.detach()
        if isinstance(manifold, (g.PoincareBall, g.Lorentz, g.Sphere)):
            yield "outputs", manifold.dist(point, start)


@program("a spherical-harmonics basis, tensor products and linear layers: values, gradients, equivariance", "opt_einsum_fx", "opt_einsum", "sympy", "scipy")
def e3nn():
    import torch
    from e3nn import o3

    irreps = o3.Irreps("4x0e + 2x1o + 1x2e")
    x = irreps.randn(6, -1).requires_grad_()
    found = o3.FullyConnectedTensorProduct(irreps, irreps, irreps)(x, x) + o3.Linear(irreps, irreps)(x)
    yield "outputs", found
    yield "outputs", o3.spherical_harmonics([0, 1, 2, 3], torch.randn(5, 3), normalize=True)
    yield "gradients", torch.autograd.grad(found.square().sum(), x)[0]


@program("MAML: gradients through three steps of SGD and Adam")
def higher():
    import higher
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    x, y = torch.randn(10, 3), torch.randn(10, 1)
    for optimizer in (torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), torch.optim.Adam(model.parameters(), lr=0.1)):
        with higher.innerloop_ctx(model, optimizer) as (fast, inner):
            for _ in range(3):
                inner.step((fast(x) - y).square().mean())
            loss = (fast(x) - y).square().mean()
            yield "losses", loss
            yield "gradients", torch.cat([g.flatten() for g in torch.autograd.grad(loss, fast.parameters(time=0))])


@program("Fourier neural operators in one and two dimensions: trained", "tensorly", "tltorch")
def neuralop():
    import torch
    from neuralop.models import FNO

    for modes, shape in (((6,), (2, 1, 32)), ((6, 6), (2, 1, 16, 16))):
        model = FNO(n_modes=modes, in_channels=1, out_channels=1, hidden_channels=8, n_layers=2)
        x, y = torch.rand(shape), torch.rand(shape)
        yield from trained(model, lambda: (model(x) - y).square().mean())  # noqa: B023


@program("LoRA on a GPT-2: trained, merged", "transformers", "accelerate", "torchvision")
def peft():
    import torch
    import transformers as t
    from peft import LoraConfig, get_peft_model

    model = t.GPT2LMHeadModel(t.GPT2Config(vocab_size=99, n_embd=32, n_layer=2, n_head=4))
    model = get_peft_model(model, LoraConfig(r=4, target_modules=["c_attn"], fan_in_fan_out=True))
    words = torch.randint(0, 99, (2, 12))
    yield from trained(model, lambda: model(input_ids=words, labels=words).loss)
    yield "outputs", model.merge_and_unload().eval()(words).logits


@program("UNet, SegResNet, SwinUNETR's blocks, Dice losses and metrics in three dimensions: trained")
def monai():
    import torch
    from monai.losses import DiceCELoss, DiceLoss
    from monai.metrics import compute_dice
    from monai.networks.nets import SegResNet, UNet

    x, y = torch.rand(1, 1, 16, 16, 16), torch.randint(2, (1, 1, 16, 16, 16))
    for model in (UNet(3, 1, 2, (4, 8, 16), (2, 2)), SegResNet(3, 8, 1, 2, blocks_down=(1, 1), blocks_up=(1,))):
        loss = DiceCELoss(to_onehot_y=True, softmax=True)
        yield from trained(model, lambda: loss(model(x), y) + DiceLoss(to_onehot_y=True, softmax=True)(model(x), y))  # noqa: B023
    yield "outputs", compute_dice(torch.nn.functional.one_hot(y[:, 0], 2).movedim(-1, 1), torch.ones(1, 2, 16, 16, 16))


@program("a Kolmogorov-Arnold network: trained with Adam and L-BFGS", "torchvision", "sklearn", "sympy", "pandas", "matplotlib", "tqdm", "yaml")
def kan():
    import torch
    from kan import KAN

    torch.set_default_dtype(torch.float64)  # steps of L-BFGS magnify what is rounded
    model = KAN(width=[2, 4, 1], grid=3, k=3, seed=0, auto_save=False)
    x = torch.rand(50, 2) * 2 - 1
    y = (x[:, :1] * 3).sin() + x[:, 1:] ** 2
    data = {"train_input": x, "train_label": y, "test_input": x, "test_label": y}
    for options in ({"opt": "Adam", "steps": 6, "lr": 0.01}, {"opt": "LBFGS", "steps": 3}):
        yield "losses", torch.tensor([float(loss) for loss in model.fit(data, lamb=0.001, **options)["train_loss"]])
    yield "outputs", model(x)


@program("descriptors of a molecule's atoms, and forces", "torchvision", "tqdm")
def torchani():
    import torch
    from torchani import AEVComputer

    places = [[0.0, 0.0, 0.1], [0.8, 0.1, 0.0], [-0.8, 0.1, 0.2], [0.1, 0.9, -0.4], [0.0, -0.7, 0.8]]
    coordinates = torch.tensor([places], requires_grad=True)
    found = AEVComputer.like_2x()((torch.tensor([[1, 0, 0, 0, 0]]), coordinates)).aevs
    yield "descriptors", found
    yield "forces", torch.autograd.grad(found.square().sum(), coordinates)[0]


@program("rules of integration in two dimensions, and gradients by the domain", "autoray", "scipy", "loguru", "tqdm")
def torchquad():
    import torch
    from torchquad import Boole, GaussLegendre, Simpson, Trapezoid

    def function(x):
        return torch.sin(x[:, 0]) + torch.exp(x[:, 1])

    for method, points in ((Simpson(), 101**2), (Boole(), 101**2), (Trapezoid(), 101**2), (GaussLegendre(), 121)):
        domain = torch.tensor([[0.0, 1.0], [-1.0, 1.0]], requires_grad=True)
        found = method.integrate(function, dim=2, N=points, integration_domain=domain, backend="torch")
        yield "integrals", found
        yield "gradients", torch.autograd.grad(found, domain)[0]


@program("layers with distributions for weights: trained by the evidence's bound")
def blitz():
    import torch
    from blitz.modules import BayesianConv2d, BayesianGRU, BayesianLinear, BayesianLSTM
    from blitz.utils import variational_estimator

    net = variational_estimator(torch.nn.Sequential)(BayesianLinear(5, 8), torch.nn.ReLU(), BayesianLinear(8, 1))
    x, y = torch.randn(10, 5), torch.randn(10, 1)
    bound = {"criterion": torch.nn.MSELoss(), "sample_nbr": 3, "complexity_cost_weight": 0.1}
    yield from trained(net, lambda: net.sample_elbo(inputs=x, labels=y, **bound))
    for layer in (BayesianLSTM(4, 6), BayesianGRU(4, 6)):
        yield "outputs", layer(torch.randn(2, 5, 4))[0]
    yield "outputs", BayesianConv2d(3, 4, (3, 3))(torch.randn(2, 3, 8, 8))


# -- around training -------------------------------------------------------------------------------------------------------


@program("integrated gradients, saliency, DeepLift, occlusion, Shapley values of an MLP and a convolutional network", "tqdm")
def captum():
    import torch
    from captum.attr import (
        DeepLift,
        FeatureAblation,
        GradientShap,
        InputXGradient,
        IntegratedGradients,
        LayerConductance,
        Occlusion,
        Saliency,
        ShapleyValueSampling,
    )

    net = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    x, base = torch.randn(4, 6), torch.zeros(4, 6)
    yield "attributions", IntegratedGradients(net).attribute(x, base, target=1, n_steps=10)
    for method in (Saliency, InputXGradient, DeepLift, FeatureAblation):
        yield "attributions", method(net).attribute(x, target=1)
    yield "attributions", GradientShap(net).attribute(x, base, target=0, n_samples=3)
    yield "attributions", LayerConductance(net, net[1]).attribute(x, target=2, n_steps=5)
    yield "attributions", ShapleyValueSampling(net).attribute(x, target=0, n_samples=2)
    images = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(2 * 36, 2))
    yield "attributions", Occlusion(images).attribute(torch.randn(2, 1, 8, 8), (1, 2, 2), target=1)


@program("a classifier and a regressor fitted and applied, with callbacks and cross-validation", "sklearn", "tabulate")
def skorch():
    import numpy as np
    import torch
    from skorch import NeuralNetClassifier, NeuralNetRegressor

    x, y = torch.randn(40, 5).numpy(), torch.randint(3, (40,)).numpy()

    class Net(torch.nn.Module):
        def __init__(self, out=3, hidden=8):
            super().__init__()
            self.layers = torch.nn.Sequential(torch.nn.Linear(5, hidden), torch.nn.Tanh(), torch.nn.Dropout(0.1), torch.nn.Linear(hidden, out))

        def forward(self, x):
            return self.layers(x)

    net = NeuralNetClassifier(Net, criterion=torch.nn.CrossEntropyLoss, max_epochs=3, lr=0.1, verbose=0, iterator_train__shuffle=True)
    net.fit(x, y)
    yield "outputs", torch.from_numpy(net.predict_proba(x))
    yield "losses", torch.tensor(net.history[:, "train_loss"])
    net = NeuralNetRegressor(Net, module__out=1, max_epochs=3, lr=0.01, verbose=0, optimizer=torch.optim.Adam)
    net.fit(x, y[:, None].astype(np.float32))
    yield "outputs", torch.from_numpy(net.predict(x))


@program("a trainer and an evaluator with metrics, handlers, a schedule and gradient accumulation")
def ignite():
    import torch
    from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
    from ignite.handlers import LinearCyclicalScheduler, ModelCheckpoint  # noqa: F401
    from ignite.metrics import Accuracy, ConfusionMatrix, Loss, Precision, Recall

    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(30, 4), torch.randint(3, (30,))), 8, shuffle=True)
    optimizer, loss = torch.optim.SGD(model.parameters(), lr=0.1), torch.nn.CrossEntropyLoss()
    trainer = create_supervised_trainer(model, optimizer, loss, gradient_accumulation_steps=2)
    metrics = {"accuracy": Accuracy(), "loss": Loss(loss), "confusion": ConfusionMatrix(3), "precision": Precision(), "recall": Recall()}
    evaluator = create_supervised_evaluator(model, metrics)
    losses = []
    trainer.add_event_handler(Events.ITERATION_COMPLETED, lambda engine: losses.append(engine.state.output))
    trainer.add_event_handler(Events.ITERATION_STARTED, LinearCyclicalScheduler(optimizer, "lr", 0.01, 0.1, 8))
    trainer.run(data, max_epochs=3)
    evaluator.run(data)
    yield "losses", torch.tensor(losses)
    for name in metrics:
        yield "metrics", torch.as_tensor(evaluator.state.metrics[name])


@program("GCN, GAT, SAGE, GIN, transformer and edge convolutions; pooling, batches: trained", "xxhash", "aiohttp")
def torch_geometric():
    import torch
    from torch_geometric.data import Batch, Data
    from torch_geometric.nn import GATConv, GCNConv, GINConv, SAGEConv, TransformerConv, global_mean_pool
    from torch_geometric.utils import add_self_loops, degree, softmax, to_undirected

    edges = to_undirected(torch.tensor([[0, 1, 2, 3, 4, 0], [1, 2, 3, 4, 0, 2]]))
    graphs = Batch.from_data_list([Data(x=torch.randn(5, 4), edge_index=edges, y=torch.tensor([i % 2])) for i in range(3)])
    yield "outputs", degree(graphs.edge_index[0], graphs.num_nodes)
    yield "outputs", softmax(torch.randn(graphs.num_edges), graphs.edge_index[1])
    yield "outputs", add_self_loops(edges)[0]

    class Net(torch.nn.Module):
        def __init__(self, conv):
            super().__init__()
            self.first, self.last = conv, torch.nn.Linear(8, 2)

        def forward(self, data):
            return self.last(global_mean_pool(self.first(data.x, data.edge_index).relu(), data.batch))

    mlp = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 8))
    for conv in (GCNConv(4, 8), GATConv(4, 4, heads=2), SAGEConv(4, 8), GINConv(mlp), TransformerConv(4, 4, heads=2)):
        model = Net(conv)
        yield from trained(model, lambda: torch.nn.functional.cross_entropy(model(graphs), graphs.y))  # noqa: B023


@program("CLIP of a small ViT and text transformer, CoCa's loss: trained", "torchvision", "timm", "ftfy", "regex", "huggingface_hub", "safetensors")
def open_clip():
    import torch
    from open_clip.loss import ClipLoss, SigLipLoss
    from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg

    model = CLIP(32, CLIPVisionCfg(layers=2, width=32, head_width=16, patch_size=8, image_size=32), CLIPTextCfg(context_length=8, vocab_size=50, width=32, heads=2, layers=2))
    images, text = torch.rand(3, 3, 32, 32), torch.randint(50, (3, 8))

    def loss():
        image, words, scale = model(images, text)
        return ClipLoss()(image, words, scale) + SigLipLoss()(image, words, scale, torch.tensor(-1.0))

    yield from trained(model, loss)
    yield "outputs", model.encode_text(text)


@program("a bi-encoder of its modules with four losses, similarities and a dense layer: trained", "torchvision", "transformers", "tokenizers", "sklearn")
def sentence_transformers():
    import torch
    from sentence_transformers import util
    from sentence_transformers.models import Dense, Normalize, Pooling

    tokens, mask = torch.randn(4, 6, 16), torch.ones(4, 6)
    mask[1, 3:] = 0
    parts = torch.nn.Sequential(Pooling(16, "mean"), Dense(16, 8), Normalize())

    def loss():
        found = parts({"token_embeddings": tokens, "attention_mask": mask})["sentence_embedding"]
        return util.cos_sim(found[:2], found[2:]).pow(2).mean() + util.pairwise_dot_score(found[:2], found[2:]).mean()

    yield from trained(parts[1], loss)
    x = torch.randn(10, 8)
    yield "outputs", util.cos_sim(x, x)
    yield "outputs", torch.tensor([[hit["corpus_id"] for hit in hits] for hits in util.semantic_search(x[:3], x, top_k=4)])


@program("Whisper of two layers: features of a sound, outputs, gradients; text by three ways of decoding", "tiktoken", "numba", "tqdm")
def whisper():
    import torch

    if not hasattr(torch.Tensor, "to_sparse"):  # of a mask, which only the times of words are asked of
        torch.Tensor.to_sparse = lambda self: self
    from whisper.audio import log_mel_spectrogram, pad_or_trim
    from whisper.decoding import DecodingOptions
    from whisper.model import ModelDimensions, Whisper

    features = log_mel_spectrogram(pad_or_trim(torch.randn(16000) * 0.1))
    yield "features", features
    model = Whisper(ModelDimensions(80, 1500, 32, 2, 2, 51865, 448, 32, 2, 2)).eval()
    for one in model.parameters():
        torch.nn.init.normal_(one, std=0.1)
    tokens = torch.randint(51865, (1, 6))
    outputs = model(features[None], tokens)
    yield "outputs", outputs
    yield "gradients", torch.autograd.grad(outputs.square().mean(), model.decoder.blocks[0].attn.query.weight)[0]
    for way in ({"sample_len": 8}, {"sample_len": 8, "beam_size": 3}, {"sample_len": 6, "temperature": 0.7, "best_of": 2}):
        found = model.decode(features, DecodingOptions(language="en", fp16=False, **way))
        yield "tokens", torch.tensor(found.tokens)
        yield "log probabilities", torch.tensor(found.avg_logprob)


@program("Demucs, HDemucs, HTDemucs: sources of a sound, gradients", "julius", "einops", "openunmix")
def demucs():
    import torch
    from demucs.demucs import Demucs
    from demucs.hdemucs import HDemucs
    from demucs.htdemucs import HTDemucs

    sound, size = torch.randn(1, 2, 16000) * 0.1, {"channels": 8, "samplerate": 8000, "segment": 2}
    for model in (
        Demucs(["a", "b"], depth=3, lstm_layers=0, **size), HDemucs(["a", "b"], nfft=1024, depth=4, **size),
        HTDemucs(["a", "b"], nfft=1024, depth=3, t_layers=2, t_heads=2, bottom_channels=16, **size),
    ):  # fmt: skip
        found = model.eval()(sound)
        yield "sources", found
        gradients = torch.autograd.grad(found.square().sum(), list(model.parameters()), allow_unused=True)
        yield "gradients", torch.cat([one.flatten() for one in gradients if one is not None])


@program("YOLOv8, YOLO11: detection, segmentation; losses, gradients, boxes; a classifier", "thop", "cv2", "yaml", "scipy", "psutil")
def ultralytics():
    import torch

    name_operators_of_torchvision()
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import ClassificationModel, DetectionModel, SegmentationModel

    for kind, file in ((DetectionModel, "yolov8n.yaml"), (DetectionModel, "yolo11n.yaml"), (SegmentationModel, "yolo11n-seg.yaml")):
        model = kind(file, nc=3, verbose=False)
        model.args = get_cfg()
        x = torch.rand(2, 3, 64, 64)
        loss, _ = model({
            "img": x, "batch_idx": torch.tensor([0.0, 1]), "cls": torch.tensor([[1.0], [2]]), "masks": torch.ones(2, 16, 16),
            "bboxes": torch.tensor([[0.5, 0.5, 0.3, 0.4], [0.4, 0.6, 0.5, 0.2]]),
        })  # fmt: skip
        yield "losses", loss
        loss.sum().backward()
        yield "gradients", torch.cat([one.grad.flatten() for one in model.parameters() if one.grad is not None])
        with torch.no_grad():
            found = model.eval()(x)[0]
        yield "outputs", found if isinstance(found, torch.Tensor) else found[0]
    model = ClassificationModel("yolo11n-cls.yaml", nc=3, verbose=False).eval()
    yield "outputs", model(torch.rand(2, 3, 64, 64))[1]


@program("distances of images by two networks, with the weights it brings; gradients")
def lpips():
    import torch

    name_operators_of_torchvision()
    import lpips

    x, y = torch.rand(2, 3, 64, 64, requires_grad=True), torch.rand(2, 3, 64, 64)
    for net in ("alex", "squeeze"):
        found = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)(x, y)
        yield "distances", found
        yield "gradients", torch.autograd.grad(found.sum(), x)[0]


@program("explanations of a network by DeepLIFT and by expected gradients", "slicer", "sklearn", "pandas", "numba")
def shap():
    import shap
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    x, y = torch.randn(20, 5), torch.randn(3, 5)
    yield "DeepLIFT", torch.tensor(np.array(shap.DeepExplainer(model, x).shap_values(y)))
    yield "expected gradients", torch.tensor(np.array(shap.GradientExplainer(model, x).shap_values(y, nsamples=30, rseed=0)))


@program("tensors decomposed in four ways", "scipy")
def tensorly():
    import tensorly as tl
    import torch
    from tensorly.decomposition import non_negative_parafac, parafac, tensor_train, tucker

    tl.set_backend("pytorch")
    x = torch.rand(4, 5, 6, dtype=torch.float64)
    yield "CP", tl.cp_to_tensor(parafac(x, 3, init="svd", n_iter_max=20))
    yield "CP", tl.cp_to_tensor(non_negative_parafac(x, 3, init="svd", n_iter_max=20))
    yield "Tucker", tl.tucker_to_tensor(tucker(x, [2, 3, 3], n_iter_max=10))
    yield "tensor trains", tl.tt_to_tensor(tensor_train(x, [1, 3, 3, 1]))


@program("an equation solved by a network, with Adam and then L-BFGS", "skopt", "sklearn", "scipy", "matplotlib")
def deepxde():
    import os

    os.environ["DDE_BACKEND"] = "pytorch"
    import deepxde
    import torch

    deepxde.config.set_random_seed(1)
    interval = deepxde.geometry.Interval(-1, 1)
    edge = deepxde.icbc.DirichletBC(interval, lambda x: np.sin(np.pi * x), lambda x, on_edge: on_edge)
    equation = lambda x, y: -deepxde.grad.hessian(y, x) - np.pi**2 * torch.sin(np.pi * x)
    data = deepxde.data.PDE(interval, equation, edge, 16, 2, num_test=20, train_distribution="uniform")
    model = deepxde.Model(data, deepxde.nn.FNN([1, 20, 20, 1], "tanh", "Glorot uniform"))
    model.compile("adam", lr=0.001)
    history, _ = model.train(iterations=20, display_every=5, verbose=0)
    yield "losses", torch.tensor(np.array(history.loss_train))
    deepxde.optimizers.set_LBFGS_options(maxiter=30)
    model.compile("L-BFGS")
    model.train(verbose=0)
    yield "solutions", torch.tensor(model.predict(np.linspace(-1, 1, 9)[:, None]))


@program("six detectors of what a classifier was not trained on", "torchvision", "sklearn", "scipy", "pandas", "tqdm")
def pytorch_ood():
    import torch
    from pytorch_ood.detector import ODIN, EnergyBased, Entropy, KLMatching, Mahalanobis, MaxSoftmax

    model = torch.nn.Sequential(torch.nn.Linear(6, 12), torch.nn.ReLU(), torch.nn.Linear(12, 3))
    x, y = torch.randn(60, 6), torch.randint(3, (60,))
    known = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), 20)
    for detector in (MaxSoftmax(model), EnergyBased(model), Mahalanobis(model[:2]), ODIN(model, eps=0.01), KLMatching(model), Entropy(model)):
        detector.fit(known)
        yield "scores", detector(x[:10])


@program("event files of all that its writer writes, compared byte by byte but for the times", "PIL", "matplotlib")
def tensorboard():
    import tempfile
    from pathlib import Path

    import torch
    from matplotlib.figure import Figure
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
    from torch.utils.tensorboard import FileWriter, SummaryWriter
    from torch.utils.tensorboard.summary import make_histogram

    x, image, images = torch.randn(200), torch.rand(3, 12, 16), torch.rand(11, 1, 5, 6)
    dtypes = ("float16", "bfloat16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64", "bool", "complex64", "complex128")
    with tempfile.TemporaryDirectory() as folder:
        with SummaryWriter(folder, filename_suffix=".seen", purge_step=3) as writer:
            for value in (1, 2.5, torch.tensor([3.5], requires_grad=True), np.float64(0.1), x[:1].bfloat16(), float("nan")):
                writer.add_scalar("a/number", value, 7)
                writer.add_scalar("newer", value, 8, new_style=True)
                writer.add_scalar("newer in double precision", value, 8, new_style=True, double_precision=True)
            writer.add_scalars("several/of them", {"one": 1.5, "two": torch.tensor(2.0)}, torch.tensor(9))
            writer.add_scalars("several/of them", {"two": 3.0}, 10)
            for given in (x, x.double(), x[:1], x * 1e-14, x.abs() * 1e19, x.abs().neg(), torch.zeros(3), torch.arange(5), x.numpy().reshape(4, 50)):
                for bins, most in (("tensorflow", None), ("tensorflow", 100), ("auto", None), (20, 7), (20, 6), (20, 30)):
                    writer.add_histogram("elements", given, 1, bins=bins, max_bins=most)
            writer.add_histogram_raw("counted", -1.0, 2.0, 5, 1.5, 7.5, [0.0, 1.0, 2.0], [1, 3, 1], 2)
            for given, order in (
                (image, "CHW"), (image.permute(1, 2, 0), "HWC"), (image[0], "HW"), (image[:1], "CHW"), ((image * 300 - 20).byte(), "chw"),
                (image * 2 - 0.5, "CHW"), (torch.rand(4, 6, 5), "CHW"),
            ):  # fmt: skip
                writer.add_image("an image", given, 1, dataformats=order)
            for given, order in ((images, "NCHW"), (torch.rand(3, 4, 5, 3), "NHWC"), (images[:1], "NCHW")):
                writer.add_images("images", given, dataformats=order)
            boxes = torch.tensor([[1.0, 2, 8, 9], [3, 3, 14, 11]])
            for labels in (None, "one", ["one", "two"]):
                writer.add_image_with_boxes("boxes", image, boxes, 2, rescale=4, labels=labels)
            figure = Figure((2, 1))
            figure.subplots().plot([1, 3, 2])
            writer.add_figure("figures", figure, 4, close=False)
            writer.add_figure("figures", [figure, figure], 5)
            writer.add_audio("a sound", x.clamp(-1, 1)[None], 1, sample_rate=8000)
            writer.add_audio("too loud", x)
            writer.add_text("told", "**Ä** text", 3)
            for name in dtypes:
                writer.add_tensor(name, (x[:6] * 3).abs().to(getattr(torch, name)).reshape(2, 3), 1)
            labels, predictions = (x > 0).long(), (x / 4 + 0.5).clamp(0, 1)
            writer.add_pr_curve("curve", labels, predictions, 1)
            writer.add_pr_curve("curve", labels.bool(), predictions.numpy(), 2, num_thresholds=9, weights=np.linspace(0, 1, 200))
            writer.add_pr_curve_raw("counted", *np.arange(30.0).reshape(6, 5), 3, num_thresholds=5)
            writer.add_custom_scalars({"first": {"two": ["Multiline", ["a/number", "newer"]], "between": ["Margin", ["a", "b", "c"]]}, "second": {}})
            writer.add_custom_scalars_multilinechart(["a", "b"], title="a chart")
            writer.add_custom_scalars_marginchart(["a", "b", "c"], "a category")
            corners = torch.rand(1, 4, 3)
            writer.add_mesh("mesh", corners, global_step=1)
            writer.add_mesh("mesh", corners, (corners * 255).int(), torch.tensor([[[0, 1, 2], [1, 2, 3]]]), {"camera": {"far": 9}, "a": 1}, 2)
            writer.add_embedding(x.reshape(20, 10), global_step=3, tag="a/b%")
            writer.add_embedding(x.double().reshape(20, 10), list(range(20)), torch.rand(20, 3, 4, 5))
            writer.add_embedding(x.reshape(40, 5), [(i, f"row {i}") for i in range(40)], images[:1].repeat(40, 1, 1, 1), 4, "more", ["i", "name"])
            for parameters in ({"rate": 0.1, "n": 3, "name": "Adam", "tensor": torch.tensor([1.5]), "bool": True, "none": None}, {"n": 5}):
                writer.add_hparams(parameters, {"reached": 0.5}, {"n": [3, 5]}, f"with {len(parameters)}", 2)
            writer.flush()
        writer.add_scalar("after the end", 1.0)
        writer.close()
        other = FileWriter(Path(folder, "other"), filename_suffix=".other")
        other.add_event(Event(step=2), 3, 5.0)
        other.close()
        refused = (
            lambda: writer.add_scalar("x", x), lambda: writer.add_histogram("x", x[:0]), lambda: writer.add_image("x", image, dataformats="CHH"),
            lambda: writer.add_image("x", image, dataformats="HW"), lambda: writer.add_images("x", torch.rand(2, 4, 3, 3)), lambda: writer.add_scalar("x", [1]),
            lambda: writer.add_audio("x", torch.zeros(2, 2)), lambda: writer.add_hparams({}, 1), lambda: writer.add_hparams({"x": []}, {}),
            lambda: writer.add_hparams({"x": 1}, {}, {"x": ["a"]}), lambda: writer.add_custom_scalars_marginchart(["a"]), lambda: writer.add_embedding(x),
            lambda: writer.add_embedding(x.reshape(20, 10), ["a"]), lambda: writer.add_histogram_raw("x", 0, 1, 1, 1, 1, [1], []),
            lambda: make_histogram(np.ones(2), [5.0, 6.0, 7.0]),
        )  # fmt: skip
        writer.add_scalar("before what is refused", 1.0)
        names = []
        for call in refused:
            try:
                call()
            except Exception as error:
                names.append(type(error).__name__)
        yield "refusals", seen_bytes(" ".join(names).encode())
        writer.close()
        for path in sorted((one for one in Path(folder).rglob("*") if one.is_file()), key=lambda one: (one.parent, one.name)):
            yield "names of files", seen_bytes(f"{path.parent.relative_to(folder)} {path.name.rpartition('.')[2]}".encode())
            if "tfevents" not in path.name:
                yield "files of embeddings", seen_bytes(path.read_bytes())
                continue
            for record in RawEventFileLoader(str(path)).Load():
                event = Event.FromString(record)
                event.wall_time = 0
                for value in event.summary.value:  # a dict in a message is written in any order
                    if value.metadata.plugin_data.plugin_name == "hparams":
                        content = HParamsPluginData.FromString(value.metadata.plugin_data.content)
                        value.metadata.plugin_data.content = content.SerializeToString(deterministic=True)
                yield "events", seen_bytes(event.SerializeToString(deterministic=True))


def seen_bytes(content: bytes):
    import torch

    return torch.tensor(list(content), dtype=torch.uint8)


@program("a module trained and tested by its Trainer, with callbacks, schedule, clipping and accumulation", "torchvision", "lightning_fabric", "lightning_utilities", "torchmetrics", "yaml", "fsspec", "tqdm")
def pytorch_lightning():
    import tempfile

    import torch
    from pytorch_lightning import LightningModule, Trainer

    data = torch.utils.data.TensorDataset(torch.randn(24, 4), torch.randint(3, (24,)))
    losses = []

    class Model(LightningModule):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))

        def training_step(self, batch, at):
            loss = torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])
            losses.append(loss.detach())
            self.log("loss", loss)
            return loss

        def validation_step(self, batch, at):
            self.log("checked", torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1]))

        def configure_optimizers(self):
            optimizer = torch.optim.AdamW(self.parameters(), lr=0.01)
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)]

    model = Model()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            gradient_clip_val=0.5, accumulate_grad_batches=2, default_root_dir=folder,
        )  # fmt: skip
        trainer.fit(model, torch.utils.data.DataLoader(data, 6, shuffle=True), torch.utils.data.DataLoader(data, 12))
    yield "losses", torch.stack(losses)
    yield "outputs", trainer.callback_metrics["checked"]
    yield "parameters", torch.cat([p.detach().flatten() for p in model.parameters()])


@program("equations of a batch with four solvers and step controllers, and their gradients", "torchtyping")
def torchode():
    import torch
    import torchode as to

    a = torch.nn.Parameter(torch.tensor([[-0.1, 2.0], [-2.0, -0.1]]))
    y0, t = torch.rand(3, 2), torch.linspace(0, 2, 5).expand(3, 5)
    term = to.ODETerm(lambda t, y: torch.tanh(y @ a))
    for method in (to.Tsit5, to.Dopri5, to.Heun):
        solver = to.AutoDiffAdjoint(method(term), to.IntegralController(1e-4, 1e-4, term=term))
        found = solver.solve(to.InitialValueProblem(y0=y0, t_eval=t))
        (gradient,) = torch.autograd.grad(found.ys.sum(), a)
        yield "outputs", found.ys
        yield "gradients", gradient


@program("PPO, A2C and DQN on a small environment of its own", "gymnasium", "cloudpickle")
def stable_baselines3():
    import gymnasium
    import numpy as np
    import torch
    from stable_baselines3 import A2C, DQN, PPO

    class Line(gymnasium.Env):
        observation_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
        action_space = gymnasium.spaces.Discrete(2)

        def reset(self, *, seed=None, options=None):
            self.at, self.steps = 0.0, 0
            return np.array([0, 0], np.float32), {}

        def step(self, action):
            self.at += 0.2 * (action - 0.4)
            self.steps += 1
            return np.array([self.at, self.steps / 10], np.float32).clip(-1, 1), float(self.at), self.steps == 10, False, {}

    shape = {"net_arch": [8]}
    for model in (
        PPO("MlpPolicy", Line(), n_steps=32, batch_size=16, n_epochs=2, seed=0, policy_kwargs=shape, device="cpu"),
        A2C("MlpPolicy", Line(), seed=0, policy_kwargs=shape, device="cpu"),
        DQN("MlpPolicy", Line(), learning_starts=10, seed=0, policy_kwargs=shape, device="cpu"),
    ):
        model.learn(64)
        yield "parameters", torch.cat([p.detach().flatten() for p in model.policy.parameters()])


@program("its network, pretrained and trained on tables", "sklearn", "tqdm", "scipy")
def pytorch_tabnet():
    import numpy as np
    import torch
    from pytorch_tabnet.pretraining import TabNetPretrainer
    from pytorch_tabnet.tab_model import TabNetClassifier

    x, y = torch.randn(64, 5).numpy(), torch.randint(2, (64,)).numpy()
    small = {"n_d": 4, "n_a": 4, "n_steps": 2, "verbose": 0, "seed": 0}
    before = TabNetPretrainer(**small)
    before.fit(x, max_epochs=2, batch_size=32, virtual_batch_size=16, drop_last=False)
    net = TabNetClassifier(**small)
    net.fit(x, y, max_epochs=2, batch_size=32, virtual_batch_size=16, drop_last=False, from_unsupervised=before)
    yield "outputs", torch.from_numpy(net.predict_proba(x))
    yield "outputs", torch.from_numpy(np.asarray(net.feature_importances_))


@program("splines through data, log-signatures, a controlled equation and its gradients", "torchdiffeq", "torchsde")
def torchcde():
    import torch
    import torchcde as cde

    x = torch.randn(3, 6, 2).cumsum(1)
    coefficients = cde.hermite_cubic_coefficients_with_backward_differences(x)
    yield "outputs", coefficients
    yield "outputs", cde.natural_cubic_coeffs(x)
    spline = cde.CubicSpline(coefficients)
    yield "outputs", spline.derivative(torch.tensor(2.5))

    class Field(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(3, 6)

        def forward(self, t, z):
            return self.layer(z).tanh().view(-1, 3, 2)

    field = Field()
    yield from trained(field, lambda: cde.cdeint(spline, field, torch.ones(3, 3), spline.interval, method="rk4", options={"step_size": 0.5}, adjoint=False).pow(2).mean())


@program("twelve measures of images, and gradients of losses", "torchvision")
def piq():
    import torch
    from piq import (
        DSSLoss,
        GMSDLoss,
        HaarPSILoss,
        MDSILoss,
        SSIMLoss,
        TVLoss,
        VIFLoss,
        VSILoss,
        fsim,
        multi_scale_ssim,
        psnr,
        srsim,
    )

    x = torch.rand(2, 3, 80, 80, dtype=torch.float64, requires_grad=True)
    y = (x.detach() + 0.1 * torch.randn(2, 3, 80, 80, dtype=torch.float64)).clamp(0, 1)
    for loss in (SSIMLoss(), TVLoss(), VIFLoss(), GMSDLoss(), MDSILoss(), HaarPSILoss(), DSSLoss(), VSILoss()):
        found = loss(x) if isinstance(loss, TVLoss) else loss(x, y)
        yield "losses", found
        yield "gradients", torch.autograd.grad(found, x)[0]
    with torch.no_grad():
        for measure in (psnr, fsim, srsim):
            yield "outputs", measure(x, y)
        yield "outputs", multi_scale_ssim(x, y, kernel_size=5)


@program("gradients of each sample, clipped and noised in three steps; the privacy that they cost", "opt_einsum", "scipy")
def opacus():
    import torch
    from opacus import GradSampleModule
    from opacus.accountants import RDPAccountant
    from opacus.optimizers import DPOptimizer

    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.GroupNorm(2, 4), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 5)
    )
    wrapped = GradSampleModule(model)
    optimizer = DPOptimizer(
        torch.optim.SGD(wrapped.parameters(), lr=0.1), noise_multiplier=0.5, max_grad_norm=1.0, expected_batch_size=6
    )
    x, y = torch.randn(6, 1, 8, 8), torch.randint(5, (6,))
    for _ in range(3):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(wrapped(x), y)
        loss.backward()
        yield "gradients", torch.cat([p.grad_sample.flatten(1) for p in wrapped.parameters()], 1)
        optimizer.step()
        yield "losses", loss
    yield "parameters", torch.cat([p.flatten() for p in model.parameters()])
    accountant = RDPAccountant()
    for _ in range(10):
        accountant.step(noise_multiplier=1.0, sample_rate=0.1)
    yield "privacy", torch.tensor(accountant.get_epsilon(1e-5))


def _attacked():
    """A small classifier, images and their classes."""
    import torch

    layers = torch.nn.Conv2d(3, 6, 3, 2), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(6 * 49, 4)
    return torch.nn.Sequential(*layers).eval(), torch.rand(3, 3, 16, 16), torch.randint(4, (3,))


@program("FGSM, PGD, MI-FGSM, Carlini and Wagner, DeepFool, APGD against a network", "torchvision", "requests", "tqdm", "scipy")
def torchattacks():
    import torchattacks as attacks

    model, x, y = _attacked()
    yield "attacked", attacks.FGSM(model)(x, y)
    for attack in (attacks.PGD, attacks.MIFGSM, attacks.CW, attacks.DeepFool, attacks.APGD):
        yield "attacked", attack(model, steps=3)(x, y)


@program("FGSM, PGD, Carlini and Wagner against a network", "eagerpy", "scipy", "requests", "git")
def foolbox():
    import foolbox

    model, x, y = _attacked()
    model = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
    attacks = foolbox.attacks
    for attack in (attacks.FGSM(), attacks.LinfPGD(steps=3), attacks.L2CarliniWagnerAttack(steps=3, binary_search_steps=2)):
        _, clipped, success = attack(model, x, y, epsilons=0.03)
        yield "attacked", clipped
        yield "success", success


@program("MLP, ResNet and FT-Transformer of tables: trained")
def rtdl_revisiting_models():
    import torch
    from rtdl_revisiting_models import MLP, FTTransformer, ResNet

    x, categories, y = torch.randn(8, 4), torch.randint(0, 3, (8, 2)), torch.randn(8, 1)
    sizes = {"d_in": 4, "d_out": 1, "n_blocks": 2, "d_block": 16}
    for model in (MLP(**sizes, dropout=0.1), ResNet(**sizes, d_hidden=None, d_hidden_multiplier=2.0, dropout1=0.1, dropout2=0.0)):
        yield from trained(model, lambda: (model(x) - y).square().mean())  # noqa: B023
    model = FTTransformer(n_cont_features=4, cat_cardinalities=[3, 3], d_out=1, **FTTransformer.get_default_kwargs(1))
    yield from trained(model, lambda: (model(x, categories) - y).square().mean())


@program("periodic, piecewise-linear and ReLU embeddings of numbers", "tqdm")
def rtdl_num_embeddings():
    import torch
    from rtdl_num_embeddings import LinearReLUEmbeddings, PeriodicEmbeddings, PiecewiseLinearEmbeddings, compute_bins

    x = torch.randn(8, 4)
    bins = PiecewiseLinearEmbeddings(compute_bins(x, n_bins=3), 5, activation=False, version="B")
    for model in (LinearReLUEmbeddings(4, 3), PeriodicEmbeddings(4, 6, lite=False), bins):
        yield from trained(model, lambda: model(x).square().mean())  # noqa: B023


@program("dilated causal convolutions of sequences: trained")
def pytorch_tcn():
    import torch
    from pytorch_tcn import TCN

    model = TCN(num_inputs=3, num_channels=[6, 6, 6], kernel_size=3, dilations=[1, 2, 4], use_skip_connections=True)
    x = torch.randn(2, 3, 20)
    yield from trained(model, lambda: model(x).square().mean())
    yield "outputs", model.eval()(x)


@program("Laplace approximations of a classifier: last layer and all, diagonal, Kronecker and full", "torchvision", "backpack", "curvlinops", "asdl", "torchmetrics", "unfoldNd")
def laplace():
    import torch
    from laplace import Laplace

    model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(30, 3), torch.randint(2, (30,))), 10)
    yield from trained(model, lambda: torch.nn.functional.cross_entropy(model(data.dataset.tensors[0]), data.dataset.tensors[1]))
    x = torch.randn(5, 3)
    for subset, structure in (("last_layer", "full"), ("last_layer", "kron"), ("all", "diag"), ("all", "full")):
        made = Laplace(model, "classification", subset_of_weights=subset, hessian_structure=structure)
        made.fit(data)
        yield "outputs", made(x)
        yield "outputs", made.log_marginal_likelihood()


@program("wavelet transforms and back in one and two dimensions, packets, continuous", "pywt")
def ptwt():
    import ptwt
    import torch

    x, image = torch.randn(2, 64, dtype=torch.float64), torch.randn(2, 32, 32, dtype=torch.float64)
    for name in ("haar", "db4", "sym5"):
        found = ptwt.wavedec(x, name, level=2)
        for one in found:
            yield "outputs", one
        yield "outputs", ptwt.waverec(found, name)
        yield "outputs", ptwt.waverec2(ptwt.wavedec2(image, name, level=2), name)
    yield "outputs", ptwt.cwt(x, torch.arange(1, 5).numpy(), "mexh")[0]
    yield "outputs", torch.stack([ptwt.WaveletPacket(x, "db2", mode="zero", maxlevel=2)[one] for one in ("aa", "ad", "da", "dd")])


@program("a Gaussian process fitted, expected improvement optimized", "gpytorch", "linear_operator", "scipy", "pyre_extensions", "multipledispatch", "threadpoolctl")
def botorch():
    import torch
    from botorch.acquisition import LogExpectedImprovement, qUpperConfidenceBound
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.optim import optimize_acqf
    from gpytorch.mlls import ExactMarginalLogLikelihood

    x = torch.rand(12, 2, dtype=torch.float64)
    y = torch.sin(3 * x).sum(1, keepdim=True)
    model = SingleTaskGP(x, y)
    fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    points = torch.rand(5, 1, 2, dtype=torch.float64)
    yield "outputs", model.posterior(points).mean
    for found in (LogExpectedImprovement(model, y.max()), qUpperConfidenceBound(model, 0.2)):
        yield "outputs", found(points)
    best, value = optimize_acqf(LogExpectedImprovement(model, y.max()), torch.tensor([[0.0, 0.0], [1.0, 1.0]], dtype=torch.float64), 1, 3, 16)
    yield "optimum", value


@program("second-order quantities of a network: per-sample gradients, their variance, diagonals, Kronecker factors", "unfoldNd", "einops")
def backpack():
    import torch
    from backpack import backpack as extended
    from backpack import extend
    from backpack.extensions import KFAC, BatchGrad, BatchL2Grad, DiagGGNExact, DiagHessian, SumGradSquared, Variance

    model = extend(torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Tanh(), torch.nn.Flatten(), torch.nn.Linear(2 * 16, 3)))
    loss = extend(torch.nn.CrossEntropyLoss())
    found = loss(model(torch.randn(4, 1, 6, 6)), torch.randint(3, (4,)))
    with extended(BatchGrad(), BatchL2Grad(), SumGradSquared(), Variance(), DiagGGNExact(), DiagHessian(), KFAC(1)):
        found.backward()
    for p in model.parameters():
        for name in ("grad", "grad_batch", "batch_l2", "sum_grad_squared", "variance", "diag_ggn_exact", "diag_h"):
            yield name, getattr(p, name)


@program("a training loop prepared and accumulated, with a scheduler and clipping", "huggingface_hub", "safetensors", "yaml", "packaging")
def accelerate():
    import torch
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(24, 4), torch.randint(3, (24,))), 6, shuffle=True)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer)
    model, optimizer, data, schedule = accelerator.prepare(model, optimizer, data, schedule)
    losses = []
    for x, y in data:
        with accelerator.accumulate(model):
            loss = torch.nn.functional.cross_entropy(model(x), y)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            losses.append(loss.detach())
    yield "losses", torch.stack(losses)
    yield "parameters", torch.cat([p.detach().flatten() for p in accelerator.unwrap_model(model).parameters()])


@program("summaries of networks")
def torchinfo():
    import torch
    from torchinfo import summary

    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * 36, 10), torch.nn.LSTM(10, 4))
    found = summary(model, (2, 3, 8, 8), verbose=0)
    yield "counts", torch.tensor([found.total_params, found.trainable_params, found.total_mult_adds, found.total_output_bytes])


@program("modules' parameters written and read")
def safetensors():
    import tempfile
    from pathlib import Path

    import torch
    from safetensors.torch import load, load_file, save, save_file, save_model

    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        save_file(model.state_dict(), path)
        for value in load_file(path).values():
            yield "read", value
        save_model(model, path)
        yield "read", load_file(path)["0.weight"]
    for dtype in (torch.float16, torch.float64, torch.int8, torch.bool):
        yield "read", load(save({"x": torch.arange(6).reshape(2, 3).to(dtype)}))["x"]


# ----------------------------------------------------------------------------------------------------------------------


class Named(type):
    """A class of which only its name is known, and whose attributes are names."""

    def __new__(cls, name, bases=(), members=()):
        if name.startswith("__"):
            raise AttributeError(name)
        return type.__new__(cls, name, bases, dict(members))

    def __init__(cls, *what):
        pass

    def __getattr__(cls, name):
        return Named(name)


class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """An empty package in the place of torchvision, whose compiled part is PyTorch's: many import it for their data sets alone."""

    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if name.partition(".")[0] == "torchvision" else None

    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.__version__, module.__getattr__ = "0.28.0", Named
        return module

    def exec_module(self, module):
        pass


def main(name: str, output: str) -> None:
    if "torchvision" in PROGRAMS[name].also:
        sys.meta_path.insert(0, Absent())
    import torch

    torch.manual_seed(0)
    np.random.seed(0)
    torch.set_num_threads(1)
    found = {f"{i} {what}": tensor.detach().numpy() for i, (what, tensor) in enumerate(PROGRAMS[name]())}
    np.savez(output, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])

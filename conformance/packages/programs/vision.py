"""Images: classifiers, detectors, segmentation, filters, measures."""

from .. import torchvision_library
from ..program import classified, program, trained


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


def _boxes(count, size):
    import torch

    corners = torch.rand(count, 4) * size
    corners[:, 2:] = corners[:, :2] + corners[:, 2:] / 3
    return corners


def _half(tensor):
    """What is rounded to half precision after each step there, and once here, beside a number that makes eight parts of a thousand count."""
    import torch

    return torch.cat([tensor.detach().float().flatten(), torch.tensor([8.0])])


def _of_regions():
    """What torchvision's library computes: boxes that overlap, regions of images, deformed convolutions."""
    import torch
    from torchvision import ops

    with torch.no_grad():
        for dtype in (torch.float32, torch.float64):
            for count in (0, 1, 64, 65, 1500):
                boxes, scores, kinds = _boxes(count, 60).to(dtype), torch.rand(count).to(dtype), torch.randint(4, (count,))
                for threshold in (0.0, 0.3, 1 / 3, 0.7, 1.0):
                    yield "kept", ops.nms(boxes, scores, threshold)
                    yield "kept", ops.nms(boxes.div(4).round(), scores.mul(8).round(), threshold)  # ties
                    yield "kept", ops.batched_nms(boxes, scores, kinds, threshold)
        yield "kept", ops.nms(torch.tensor([[0, 0, float("nan"), 1], [0, 0, 1, 1], [5, 5, 5, 5], [5, 5, 0, 0]]), torch.tensor([1, float("nan"), 2, 3]), 0.5)
    for dtype in (torch.float16, torch.float32, torch.float64):
        for size, scale, bins in (((9, 9), 1.0, (3, 3)), ((13, 17), 0.25, (2, 3)), ((1, 1), 0.5, (2, 2)))[: 1 if dtype == torch.float16 else 3]:
            maps = torch.randn(2, 36, *size).to(dtype).requires_grad_()
            odd = torch.tensor([[3.0, 3, 3, 3], [0, 0, size[1] / scale, size[0] / scale], [100, 100, 110, 110], [-30, -20, 40, 50], [0.5, 1.5, 4.5, 2.5], [5, 6, 2, 1]])
            boxes = torch.cat([odd, _boxes(8, max(size) / scale) - 2])
            rois = torch.cat([torch.randint(2, (14, 1)), boxes], 1).to(dtype)
            whole = torch.cat([rois[:, :1], boxes.round()], 1).to(dtype)  # in half precision others lie at one place or at the next
            layers = [ops.RoIAlign(bins, scale, samples, aligned) for samples in (-1, 0, 2) for aligned in (False, True)]
            layers += [ops.PSRoIAlign(bins, scale, samples) for samples in (-1, 2)] + [ops.RoIPool(bins, scale), ops.PSRoIPool(bins, scale)]
            for layer in layers:
                for regions in (rois, whole, [boxes[:3].to(dtype), boxes[5:5].to(dtype)]):
                    found = layer(maps, regions)
                    gradient = torch.autograd.grad(found, maps, torch.randn(found.shape).to(dtype))[0]
                    if dtype == torch.float16:
                        yield from (("half", _half(found)), ("half", _half(gradient / gradient.abs().max())))
                    else:
                        yield from (("pooled", found), ("gradients", gradient))
        for groups, offsets, options, masked in ((1, 1, {}, True), (2, 2, {"stride": (2, 1), "padding": (0, 1), "dilation": (1, 2)}, False)):
            for spread in (0, 1, 8):
                layer = ops.DeformConv2d(4, 6, (3, 2), groups=groups, **options).to(dtype)
                x, rows, columns = torch.randn(2, 4, 9, 8).to(dtype).requires_grad_(), *((4, 8) if options else (7, 7))
                move = (torch.randn(2, 2 * offsets * 6, rows, columns) * spread).to(dtype).requires_grad_()
                mask = torch.rand(2, offsets * 6, rows, columns).to(dtype).requires_grad_() if masked else None
                found = layer(x, move, mask)
                inputs = [x, move, *([mask] if masked else []), *layer.parameters()]
                for gradient in (found, *torch.autograd.grad(found, inputs, torch.randn(found.shape).to(dtype))):
                    yield from (("half", _half(gradient / gradient.abs().max())),) if dtype == torch.float16 else (("deformed", gradient),)
    with torch.autocast("cpu"):
        yield "half", _half(ops.roi_align(torch.rand(1, 2, 8, 8).bfloat16(), [_boxes(3, 8)], 2))


def _detectors():
    """Trained two steps and applied, in double precision: which boxes are looked at hangs on the last digits."""
    import torch
    from torchvision.models import detection
    from torchvision.models.detection.backbone_utils import _mobilenet_extractor
    from torchvision.models.mobilenetv3 import mobilenet_v3_small

    sizes = {"num_classes": 4, "min_size": 64, "max_size": 96}
    backbone = lambda: _mobilenet_extractor(mobilenet_v3_small(norm_layer=torch.nn.BatchNorm2d), True, 6)
    anchors = lambda: detection.anchor_utils.AnchorGenerator(((8, 16), (16, 32), (32, 64)), ((0.5, 1.0, 2.0),) * 3)
    for make in (
        lambda: detection.FasterRCNN(backbone(), rpn_anchor_generator=anchors(), box_detections_per_img=40, **sizes),
        lambda: detection.MaskRCNN(backbone(), rpn_anchor_generator=anchors(), box_detections_per_img=40, **sizes),
        lambda: detection.RetinaNet(backbone(), anchor_generator=anchors(), score_thresh=0.009, **sizes),
        lambda: detection.FCOS(backbone(), anchor_generator=detection.anchor_utils.AnchorGenerator(((8,), (16,), (32,)), ((1.0,),) * 3), score_thresh=0.05, **sizes),
        lambda: detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=4),
    ):
        model = make()
        for layer in model.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = 1.0  # what two steps leave of the first spread would make all boxes the same
        images = [torch.rand(3, 64, 80), torch.rand(3, 72, 64)]
        boxes, labels = torch.tensor([[4.0, 5, 40, 50], [20, 10, 60, 44]]), torch.tensor([1, 3])
        targets = [{"boxes": boxes, "labels": labels, "masks": torch.rand(2, *image.shape[1:]) > 0.5} for image in images]
        optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
        yield from trained(model, lambda: sum(model(images, targets).values()), optimizer, 2)  # noqa: B023
        model.eval()
        with torch.no_grad():
            for found in model(images):
                yield from ((f"detected {what}", value) for what, value in found.items())


@program("ten architectures and five detectors trained and applied; segmentation, optical flow, feature extraction; 34 transforms of images, boxes and masks; "
         "losses of boxes; what its library computes, and the gradients", "PIL")  # fmt: skip
def torchvision():
    import random

    import torch

    torchvision_library.load()
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
    yield from _of_regions()
    torch.set_default_dtype(torch.float64)
    yield from _detectors()


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


@program("YOLOv8, YOLO11: detection, segmentation; losses, gradients, boxes; a classifier", "thop", "cv2", "yaml", "scipy", "psutil")
def ultralytics():
    import torch

    torchvision_library.load()
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


@program("distances of images by two networks, with the weights it brings; gradients")
def lpips():
    import torch

    torchvision_library.load()
    import lpips

    x, y = torch.rand(2, 3, 64, 64, requires_grad=True), torch.rand(2, 3, 64, 64)
    for net in ("alex", "squeeze"):
        found = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)(x, y)
        yield "distances", found
        yield "gradients", torch.autograd.grad(found.sum(), x)[0]


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


@program("EfficientNet b0: trained and applied")
def efficientnet_pytorch():
    import torch
    from efficientnet_pytorch import EfficientNet

    torch.set_default_dtype(torch.float64)  # batch norm of few numbers
    yield from classified(EfficientNet.from_name("efficientnet-b0", num_classes=5), (2, 3, 64, 64), 5)


@program("Segment Anything of a small encoder: trained; masks of points and boxes, masks of an array", "cv2")
def segment_anything():
    import torch

    torchvision_library.load()
    from segment_anything import SamPredictor
    from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

    model = Sam(
        ImageEncoderViT(img_size=128, patch_size=16, embed_dim=32, depth=2, num_heads=2, out_chans=16, window_size=4, global_attn_indexes=(1,),
                        use_rel_pos=True),
        PromptEncoder(embed_dim=16, image_embedding_size=(8, 8), input_image_size=(128, 128), mask_in_chans=4),
        MaskDecoder(transformer_dim=16, transformer=TwoWayTransformer(depth=2, embedding_dim=16, num_heads=2, mlp_dim=32)),
    )  # fmt: skip
    image = torch.randint(256, (128, 128, 3), dtype=torch.uint8)
    batch = [{"image": image.permute(2, 0, 1).float(), "original_size": (128, 128), "point_coords": torch.tensor([[[40.0, 60.0]]]), "point_labels": torch.ones(1, 1),
              "boxes": torch.tensor([[10.0, 20, 90, 100]])}]  # fmt: skip

    def loss():
        seen = model.preprocess(batch[0]["image"])[None]
        points, dense = model.prompt_encoder((batch[0]["point_coords"], batch[0]["point_labels"]), batch[0]["boxes"], None)
        masks, quality = model.mask_decoder(model.image_encoder(seen), model.prompt_encoder.get_dense_pe(), points, dense, True)
        return masks.square().mean() + quality.mean()

    yield from trained(model, loss)
    found = model.eval()(batch, multimask_output=True)[0]
    yield from ((name, found[name]) for name in ("masks", "iou_predictions", "low_res_logits"))
    predictor = SamPredictor(model)
    predictor.set_image(image.numpy())
    masks, quality, _ = predictor.predict(box=found["low_res_logits"].new_tensor([10, 20, 90, 100]).numpy())
    yield from (("masks", torch.from_numpy(masks)), ("iou_predictions", torch.from_numpy(quality)))

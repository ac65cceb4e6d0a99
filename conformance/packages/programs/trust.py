"""What networks look at, and what fools them."""

import numpy as np

from ..program import program, trained


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


@program("explanations of a network by DeepLIFT and by expected gradients", "slicer", "sklearn", "pandas", "numba")
def shap():
    import shap
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    x, y = torch.randn(20, 5), torch.randn(3, 5)
    yield "DeepLIFT", torch.tensor(np.array(shap.DeepExplainer(model, x).shap_values(y)))
    yield "expected gradients", torch.tensor(np.array(shap.GradientExplainer(model, x).shap_values(y, nsamples=30, rseed=0)))


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


@program("what parts of an image count: seven kinds of maps of classes", "torchvision", "cv2", "ttach", "matplotlib", "sklearn", "tqdm")
def pytorch_grad_cam():
    import pytorch_grad_cam as cam
    import torch
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    layers = torch.nn.Conv2d(3, 6, 3), torch.nn.ReLU(), torch.nn.Conv2d(6, 8, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten()
    model = torch.nn.Sequential(*layers, torch.nn.Linear(32, 4)).eval()
    x = torch.rand(2, 3, 20, 20)
    for make in (cam.GradCAM, cam.GradCAMPlusPlus, cam.HiResCAM, cam.XGradCAM, cam.LayerCAM, cam.AblationCAM, cam.ScoreCAM):
        with make(model=model, target_layers=[model[2]]) as found:
            yield make.__name__, torch.from_numpy(found(input_tensor=x, targets=[ClassifierOutputTarget(1), ClassifierOutputTarget(3)]))


@program("channels of a network that are cut away, and what depends on them: the rest trained", "torchvision", "tqdm")
def torch_pruning():
    import torch
    import torch_pruning as pruning

    layers = torch.nn.Conv2d(3, 16, 3), torch.nn.BatchNorm2d(16), torch.nn.ReLU(), torch.nn.Conv2d(16, 16, 3), torch.nn.ReLU(), torch.nn.Flatten()
    model, x = torch.nn.Sequential(*layers, torch.nn.Linear(16 * 16, 5)), torch.randn(2, 3, 8, 8)
    for importance in (pruning.importance.MagnitudeImportance(p=2), pruning.importance.TaylorImportance()):
        model(x).square().sum().backward()
        pruner = pruning.pruner.MetaPruner(model, x, importance, pruning_ratio=0.25, ignored_layers=[model[-1]])
        pruner.step()
        yield "counts", torch.tensor(pruning.utils.count_ops_and_params(model, x))
        yield from trained(model, lambda: model(x).square().mean())

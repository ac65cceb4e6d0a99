"""Parameters that are computed from others."""

import copy
import pickle

import pytest

import lucid
from lucid import nn
from lucid.nn.utils import parametrizations, parametrize


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).mT

    def right_inverse(self, x):
        return x.triu()


class First(nn.Module):
    def forward(self, x):
        return x[0]


def test_a_parametrized_weight_is_computed_and_trained():
    layer = nn.Linear(3, 3)
    weight = layer.weight
    parametrize.register_parametrization(layer, "weight", Symmetric())
    optimizer = lucid.optim.SGD(layer.parameters(), lr=0.1)
    assert [name for name, _ in layer.named_parameters()] == ["bias", "parametrizations.weight.original"]
    assert layer.parametrizations.weight.original is weight and lucid.equal(layer.weight, layer.weight.T)
    before = layer.weight.detach()
    layer(lucid.ones(3)).sum().backward()
    optimizer.step()
    assert lucid.equal(layer.weight, layer.weight.T) and not lucid.equal(layer.weight, before)
    layer.weight = lucid.eye(3)
    assert layer.weight.tolist() == weight.tolist() == lucid.eye(3).tolist()
    with parametrize.cached():
        assert layer.weight is layer.weight
    assert layer.weight is not layer.weight
    twin = copy.deepcopy(layer)
    twin.weight = lucid.zeros(3, 3)
    assert layer.weight.tolist() == lucid.eye(3).tolist()
    with pytest.raises(RuntimeError, match="state_dict"):
        pickle.dumps(layer)
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear and layer.weight is weight


def test_what_a_parametrization_may_not_do():
    with pytest.raises(ValueError, match="shape"):
        parametrize.register_parametrization(nn.Linear(3, 3), "weight", First())
    assert parametrize.register_parametrization(nn.Linear(3, 3), "weight", First(), unsafe=True).weight.shape == (3,)
    with pytest.raises(ValueError, match="'none'"):
        parametrize.register_parametrization(nn.Linear(3, 3), "none", Symmetric())
    with pytest.raises(ValueError, match="weight"):
        parametrize.remove_parametrizations(nn.Linear(3, 3), "weight")
    layer = parametrizations.weight_norm(nn.Linear(3, 3))
    with pytest.raises(ValueError, match="sequence"):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)


def test_weight_norm_starts_from_the_weight_and_reads_old_states():
    layer = nn.Conv2d(2, 3, 2)
    weight = layer.weight.detach().clone()
    parametrizations.weight_norm(layer)
    assert lucid.allclose(layer.weight, weight)
    state = {"bias": lucid.zeros(3), "weight_g": lucid.full((3, 1, 1, 1), 2.0), "weight_v": weight}
    layer.load_state_dict(state)
    assert layer.weight.flatten(1).norm(dim=1).tolist() == pytest.approx([2.0] * 3) and "weight_g" in state


@pytest.mark.parametrize("make", [lambda: nn.Linear(5, 4), lambda: nn.ConvTranspose1d(5, 4, 3)])
def test_spectral_norm(make):
    layer = parametrizations.spectral_norm(make(), n_power_iterations=100)
    matrix = layer.weight.movedim(layer.parametrizations.weight[0].dim, 0).flatten(1)
    assert lucid.linalg.svdvals(matrix).max().item() == pytest.approx(1.0, rel=1e-4)
    layer.eval()
    assert lucid.equal(layer.weight, layer.weight)


@pytest.mark.parametrize("kind", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("sizes", [(4, 4), (3, 5), (5, 3)])
@pytest.mark.parametrize("trivial", [True, False])
def test_orthogonal_stays_orthogonal(kind, sizes, trivial):
    layer = parametrizations.orthogonal(nn.Linear(*sizes, dtype=lucid.float64), orthogonal_map=kind, use_trivialization=trivial)
    optimizer = lucid.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(2):
        weight = layer.weight
        tall = weight.mT if weight.shape[0] < weight.shape[1] else weight
        assert lucid.allclose(tall.mT @ tall, lucid.eye(tall.shape[1], dtype=lucid.float64), atol=1e-9)
        weight.pow(3).sum().backward()
        optimizer.step()
    if trivial:
        wanted = lucid.eye(5, dtype=lucid.float64)[: weight.shape[0], : weight.shape[1]]
        layer.weight = wanted
        assert lucid.allclose(layer.weight, wanted)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("kind", ["weight_norm", "spectral_norm"])
def test_norms_by_hooks_come_and_go(kind):
    norm, remove = getattr(nn.utils, kind), getattr(nn.utils, f"remove_{kind}")
    layer, x = norm(nn.Linear(3, 4)), lucid.ones(2, 3)
    assert "weight" not in dict(layer.named_parameters())
    with pytest.raises(RuntimeError, match=f"two {kind} hooks"):
        norm(layer)
    optimizer = lucid.optim.SGD(layer.parameters(), lr=0.5)
    before = layer(x)
    before.sum().backward()
    optimizer.step()
    layer.eval()
    after = layer(x)
    assert not lucid.equal(before, after)
    remove(layer)
    assert lucid.allclose(layer(x), after) and list(layer.state_dict()) == ["bias", "weight"]
    with pytest.raises(ValueError, match=f"{kind} of 'weight' not found"):
        remove(layer)
    with pytest.raises(ValueError, match="uninitialized"):
        norm(nn.LazyLinear(3))


def test_the_weight_norm_of_a_vector_is_that_of_each_element():
    layer = parametrizations.weight_norm(nn.Linear(3, 2), "bias")
    layer.bias = lucid.tensor([3.0, -4.0])
    assert layer.parametrizations.bias.original0.tolist() == [3.0, 4.0] == lucid.norm_except_dim(lucid.tensor([-3.0, 4.0])).tolist()
    layer.parametrizations.bias.original0 = nn.Parameter(lucid.tensor([1.0, 2.0]))
    assert layer.bias.tolist() == [1.0, -2.0]

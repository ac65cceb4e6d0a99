"""Rarer special functions against values of 30 digits, and degrees that a recurrence would take years for."""

import math

import pytest

import lucid

VALUES = {
    "bessel_j0": {1: 0.7651976865579666, 7.5: 0.2663396578803784, 50: 0.055812327669251816},
    "bessel_j1": {1: 0.4400505857449335, 7.5: 0.1352484275797055, 50: -0.09751182812517514},
    "bessel_y0": {0.25: -0.9315730249300587, 7.5: 0.11731328614820863, 50: -0.09806499547007708},
    "bessel_y1": {0.25: -2.7041052293152825, 7.5: -0.25912851048611624, 50: -0.05679566856201477},
    "modified_bessel_k0": {0.25: 1.5415067512483027, 3: 0.03473950438627925, 50: 3.4101677497894956e-23},
    "modified_bessel_k1": {0.25: 3.7470259744407115, 3: 0.040156431128194184, 50: 3.4441022267175555e-23},
    "airy_ai": {-50: -0.1618814236123209, -3.5: -0.37553382314043193, 0.5: 0.23169360648083348, 10: 1.1047532552898686e-10},
    "ndtri": {9.5367431640625e-07: -4.7630010342678135, 0.375: -0.31863936396437514, 0.875: 1.150349380376008},
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_values(name):
    points = lucid.tensor(list(VALUES[name]), dtype=lucid.float64)
    found = getattr(lucid.special, name)(points).tolist()
    assert found == pytest.approx(list(VALUES[name].values()), rel=2e-14)
    found = getattr(lucid.special, name)(points.float()).tolist()
    assert found == pytest.approx(list(VALUES[name].values()), rel=1e-6)


@pytest.mark.parametrize("s, q, value", [(2.5, 0.75, 2.491542385511935), (16.0, 12.25, 5.530033814916823e-18), (3.0, -40.5, 0.0002973977782793451)])
def test_zeta(s, q, value):
    assert lucid.special.zeta(lucid.tensor(s, dtype=lucid.float64), q).item() == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("function, a, x, value", [
    ("igamma", 0.5, 0.25, 0.5204998778130465), ("igamma", 30.0, 25.0, 0.18210391597745512), ("igamma", 2000.0, 2050.0, 0.8678507404035056),
    ("igammac", 0.5, 0.25, 0.4795001221869535), ("igammac", 30.0, 45.0, 0.007337199297796504), ("igammac", 2000.0, 2050.0, 0.13214925959649443),
])  # fmt: skip
def test_incomplete_gamma(function, a, x, value):
    a, x = (lucid.tensor(one, dtype=lucid.float64) for one in (a, x))
    assert getattr(lucid, function)(a, x).item() == pytest.approx(value, rel=2e-14)


@pytest.mark.parametrize("name", [name for name in lucid.special.__all__ if "polynomial" in name])
def test_huge_degrees(name):
    x = lucid.tensor([-1.5, -1 - 1e-9, -0.5, 0.25, 0.75, 1 + 1e-9, 30.0], dtype=lucid.float64)
    assert getattr(lucid.special, name)(x, 1e15).shape == (7,)
    inner = getattr(lucid.special, name)(x[3:4], 1e15).item()
    assert math.isnan(inner) if "hermite" in name else abs(inner) < 3

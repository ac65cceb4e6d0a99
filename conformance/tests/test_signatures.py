"""Signatures: what each place states, and which differences are seen."""

import pytest
import torch

from conformance import signatures as s


def forms(*functions):
    return [form for function in functions for form in s.inspected(function)]


@pytest.mark.parametrize(
    ("mine", "found"),
    [
        (lambda input_, dim=None, keepdim=False, *, dtype=None: 0, ""),
        (lambda input, dim=None, keepdim=False, *, dtype=None, out=None: 0, ""),
        (lambda input, dim=None, keepdim=False, extra=None, *, dtype=None: 0, "has extra besides"),
        (lambda input, dim=None, keepdim=False, *, dtype=None, extra: 0, "has extra besides"),
        (lambda input, dim=None, *, dtype=None: 0, "lacks keepdim"),
        (lambda input, keepdim=False, dim=None, *, dtype=None: 0, "has keepdim in another place"),
        (lambda input, dim=-1, keepdim=False, *, dtype=None: 0, "default of dim is -1, not None"),
        (lambda input, dim, keepdim=False, *, dtype=None: 0, "default of dim is none, not None"),
        (lambda input, *, dim=None, keepdim=False, dtype=None: 0, "takes dim by name only; takes keepdim by name only"),
        (lambda *args, **kwargs: 0, "states nothing but *args, **kwargs"),
    ],
)
def test_each_difference_is_named(mine, found):
    theirs = forms(lambda input, dim=None, keepdim=False, *, dtype=None: 0)
    own = [s.from_signature(s.inspect.signature(mine))]
    assert s.difference(theirs, own) == found


def test_accepting_more_is_no_difference():
    theirs = forms(lambda input, dim, *, dtype=None: 0)
    assert s.difference(theirs, forms(lambda input_, dim=0, dtype=None: 0)) == ""


def test_a_method_does_not_count_its_object():
    def add(input_, other, *, alpha=1, out=None):
        pass

    assert s.compare("Tensor.add", torch.Tensor.add, add)[0] == "same"
    assert s.compare("add", torch.add, add)[0] == "same"
    assert s.compare("Tensor.mul", torch.Tensor.mul, lambda self, other: 0)[0] == "same"
    found = s.compare("Tensor.add", torch.Tensor.add, lambda self, value: 0)
    assert found[3] == "lacks other; lacks alpha; has value besides"


def test_none_may_stand_for_what_is_usual():
    value = torch.Tensor.contiguous
    assert s.compare("Tensor.contiguous", value, lambda self, memory_format=None: 0)[0] == "same"
    assert s.compare("Tensor.contiguous", value, lambda self, memory_format="channels_last": 0)[0] == "differs"


def test_a_subject_that_states_nothing_differs():
    found = s.compare("Tensor.flip", torch.Tensor.flip, lambda self, *args, **kwargs: 0)
    assert (found[0], found[3]) == ("differs", "states nothing but *args, **kwargs")


def test_special_methods_are_not_compared():
    assert s.compare("Tensor.__add__", torch.Tensor.__add__, lambda self, value: 0)[0] == "unknown"


def test_a_type_in_place_of_a_name_takes_any_name():
    assert s.compare("set_num_threads", torch.set_num_threads, lambda n: 0)[0] == "same"
    assert s.compare("set_num_threads", torch.set_num_threads, lambda: 0)[0] == "differs"


def test_every_form_must_be_met():
    theirs = [s.parse("input, *, dtype=None"), s.parse("input, dim, keepdim=False, *, dtype=None")]
    assert s.difference(theirs, forms(lambda input, dim=None, keepdim=False, *, dtype=None: 0)) == ""
    assert s.difference(theirs, forms(lambda input, *, dtype=None: 0)) == "lacks dim; lacks keepdim"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("add", "(input, other, *, alpha=1, out=None)"),
        ("nn.functional.leaky_relu", "(input, negative_slope=0.01, inplace=False)"),
        ("nn.Linear", "(in_features, out_features, bias=True, device=None, dtype=None)"),
        ("Tensor.add_", "(other, *, alpha=1)"),
        ("Tensor.expand", "(*args)"),
    ],
)
def test_stated(path, shown):
    from conformance.surface import names

    assert str(next(s.stated(path, names()[path][1]))[0]) == shown


def test_schema_states_what_no_docstring_does():
    assert "(input, other, *, alpha=1)" in map(str, s.native("add"))
    assert all(parameter.name != "input" for form in s.native("Tensor.add") for parameter in form.parameters)


def test_defaults_are_compared_by_value():
    assert s.text(1e-5) == s.written(s.ast.parse("0.00001", mode="eval").body)
    assert s.text(torch.strided) == "strided"
    assert s.text(1.0) == s.text(1) and s.text(True) != s.text(1)
    assert s.text(float("inf")) == "inf"


def test_torch_agrees_with_itself():
    from conformance.surface import names

    answers = {path: s.compare(path, value, value) for path, (_, value) in names().items()}
    assert not [path for path, answer in answers.items() if answer[0] == "differs"]
    assert sum(answer[0] == "same" for answer in answers.values()) > 1900

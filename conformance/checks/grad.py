"""First and second gradients."""

from functools import cached_property, partial

from ..cases import tensors
from ..compare import close
from ..judge import Run, Sensitivity
from ..ties import arranged, tied
from ..tolerances import pooled
from ..verdicts import Mismatch, Missing, Skip, Verdict, describe
from . import check


@check("grad", "gradient")
def grad(run: Run) -> None:
    """The gradient of every differentiable argument along a random cotangent equals PyTorch's; a missing gradient
    counts as zero. Results require a gradient where PyTorch's do, and nowhere else."""
    judge(run, 1, "grad")


@check("grad2", "second gradient")
def grad2(run: Run) -> None:
    """The gradient of that gradient along a second random direction, with respect to the arguments and the cotangent."""
    if "large" in run.case.tags:
        raise Skip("large case: first gradient only")
    judge(run, 2, "grad2")


def judge(run: Run, order: int, name: str, target=None) -> None:
    if not run.subject.differentiable:
        raise Missing("gradients")
    run.differentiable()
    nothing = False  # whether PyTorch's results require no gradient
    try:
        expected = run.gradients(run.oracle, order, target)
    except Skip:
        if order == 2:
            raise
        nothing = True
    except Verdict:
        raise
    except Exception:  # anything PyTorch says here means the question does not arise
        raise Skip("PyTorch has no such gradient") from None
    if target is None:
        run.actual  # noqa: B018  when the plain call already fails, this is blocked
    try:
        actual = run.gradients(run.subject, order, target)
    except Skip:
        if nothing:  # as it is to be
            return
        raise
    except Verdict:
        raise
    except Exception as error:
        if run.subject.is_absence(error):
            raise Missing(str(error)) from None
        raise Mismatch(f"raised {describe(error)}") from None
    exact = _Truth(run, order, target)
    likes = [t for t in tensors(run.case.args, run.case.kwargs) if t.requires_grad]
    for i, (found, wanted) in enumerate(zip(actual, expected)):
        what = f"gradient of argument {i}" if i < len(likes) else f"gradient of cotangent {i - len(likes)}"
        if found.dtype != wanted.dtype:
            raise Mismatch(f"{what} is {found.dtype}, expected {wanted.dtype}")
        if i >= len(likes) and tied(run.case):
            continue  # a cotangent's own gradient says which of several equal elements was taken
        found, wanted = (arranged(run.case, i, one) for one in (found, wanted))
        close(found, wanted, run.tolerance(wanted.dtype, name), what, exact.of(i), pooled=pooled(run.case.op),
              moved=partial(exact.moves.of, i))


class _Truth:
    """Double-precision gradients, computed when one is asked for."""

    def __init__(self, run: Run, order: int, target):
        self.run, self.order, self.target = run, order, target
        self.moves = Sensitivity(run, self.find)

    def find(self, run: Run) -> list:
        if "random" in run.case.tags and run.truth is None:
            return []
        try:
            found = run.gradients(run.oracle, self.order, self.target, double=True)
        except Exception:  # without the truth, the plain tolerance decides
            return []
        return [arranged(run.case, i, one) for i, one in enumerate(found)]

    @cached_property
    def values(self) -> list:
        return self.find(self.run)

    def of(self, position: int):
        return lambda: self.values[position] if position < len(self.values) else None

"""How a check ends when it does not simply return: four exceptions, each one status of the record."""


class Verdict(Exception):
    status = "failed"

    def __init__(self, message: str, **details):
        super().__init__(message)
        self.message = message
        self.details = {key.replace("_", " "): str(value) for key, value in details.items()}


class Mismatch(Verdict):
    """The check did not hold."""


class Skip(Verdict):
    """The question does not arise; the message is the reason, short and without figures, because reasons are counted."""

    status = "skipped"


class Missing(Verdict):
    """The subject has no such name."""

    status = "missing"


class Blocked(Verdict):
    """An earlier check of the case already failed in a way that leaves nothing to judge."""

    status = "blocked"


def describe(error: BaseException) -> str:
    """An exception in one line of bounded length."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}"

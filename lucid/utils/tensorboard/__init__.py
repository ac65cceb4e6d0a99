"""Event files for TensorBoard. Needs the package `tensorboard`: its messages and its writer of records are used."""

try:
    import tensorboard  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("lucid.utils.tensorboard needs the package tensorboard: pip install tensorboard", name="tensorboard") from error

from tensorboard.summary.writer.record_writer import RecordWriter

from lucid.utils.tensorboard.writer import FileWriter, SummaryWriter

__all__ = ["FileWriter", "RecordWriter", "SummaryWriter"]

"""Writers of event files."""

from __future__ import annotations

import datetime
import math
import os
import socket
import time
from pathlib import Path

import numpy as np
from google.protobuf import text_format
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from lucid.utils.tensorboard import summary as made

__all__ = ["FileWriter", "SummaryWriter"]


class FileWriter:
    """One event file.

    Parameters
    ----------
    log_dir : str
        The folder.
    max_queue : int, optional
        How many events may wait to be written.
    flush_secs : int, optional
        How many seconds they may wait.
    filename_suffix : str, optional
        What the file's name ends with.
    """

    def __init__(self, log_dir, max_queue=10, flush_secs=120, filename_suffix=""):
        self.event_writer = EventFileWriter(str(log_dir), max_queue, flush_secs, filename_suffix)

    def get_logdir(self) -> str:
        """The folder."""
        return self.event_writer.get_logdir()

    def add_event(self, event, step=None, walltime=None) -> None:
        """Write an event of a step and a time, now if none is given."""
        event.wall_time = time.time() if walltime is None else walltime
        if step is not None:
            event.step = int(step)
        self.event_writer.add_event(event)

    def add_summary(self, summary, global_step=None, walltime=None) -> None:
        """Write what `summary` made."""
        self.add_event(Event(summary=summary), global_step, walltime)

    def flush(self) -> None:
        """Write what waits."""
        self.event_writer.flush()

    def close(self) -> None:
        """End the file."""
        self.event_writer.close()

    def reopen(self) -> None:
        """Begin another one."""
        self.event_writer.reopen()


class SummaryWriter:
    """Writes event files that TensorBoard shows.

    Parameters
    ----------
    log_dir : str, optional
        The folder; by default one below `runs`, named by time and host.
    comment : str, optional
        What that name ends with.
    purge_step : int, optional
        TensorBoard then forgets what an earlier run wrote of this and later steps.
    max_queue : int, optional
        How many events may wait to be written.
    flush_secs : int, optional
        How many seconds they may wait.
    filename_suffix : str, optional
        What names of files end with.
    """

    def __init__(self, log_dir=None, comment="", purge_step=None, max_queue=10, flush_secs=120, filename_suffix=""):
        now = datetime.datetime.now().strftime("%b%d_%H-%M-%S")
        self.log_dir = log_dir or os.path.join("runs", f"{now}_{socket.gethostname()}{comment}")
        self.purge_step, self.max_queue, self.flush_secs, self.filename_suffix = purge_step, max_queue, flush_secs, filename_suffix
        self.file_writer = self.all_writers = None
        bins = np.cumprod([1e-12, *[1.1] * int(math.log(1e32, 1.1))])
        self.default_bins = [*-bins[::-1], 0.0, *bins]
        self._get_file_writer()

    def _get_file_writer(self) -> FileWriter:
        if self.file_writer is None:
            self.file_writer = FileWriter(self.log_dir, self.max_queue, self.flush_secs, self.filename_suffix)
            self.all_writers = {self.file_writer.get_logdir(): self.file_writer}
            if self.purge_step is not None:
                self.file_writer.add_event(Event(step=self.purge_step, file_version="brain.Event:2"))
                self.file_writer.add_event(Event(step=self.purge_step, session_log=SessionLog(status=SessionLog.START)))
                self.purge_step = None
        return self.file_writer

    def _add(self, summary, global_step=None, walltime=None) -> None:
        self._get_file_writer().add_summary(summary, global_step, walltime)

    def get_logdir(self) -> str:
        """The folder."""
        return self.log_dir

    def add_hparams(self, hparam_dict, metric_dict, hparam_domain_discrete=None, run_name=None, global_step=None) -> None:
        """Hyperparameters and what was reached with them, in a folder of their own."""
        if type(hparam_dict) is not dict or type(metric_dict) is not dict:
            raise TypeError("add_hparams(): hparam_dict and metric_dict should be dictionaries")
        parts = made.hparams(hparam_dict, metric_dict, hparam_domain_discrete)
        with SummaryWriter(os.path.join(self._get_file_writer().get_logdir(), run_name or str(time.time()))) as writer:
            for part in parts:
                writer._add(part, global_step)
            for name, value in metric_dict.items():
                writer.add_scalar(name, value, global_step)

    def add_scalar(self, tag, scalar_value, global_step=None, walltime=None, new_style=False, double_precision=False) -> None:
        """A number."""
        self._add(made.scalar(tag, scalar_value, new_style=new_style, double_precision=double_precision), global_step, walltime)

    def add_scalars(self, main_tag, tag_scalar_dict, global_step=None, walltime=None) -> None:
        """Several numbers that are shown together, each in a folder of its own."""
        walltime = time.time() if walltime is None else walltime
        before = f"{self._get_file_writer().get_logdir()}/{main_tag.replace('/', '_')}_"
        for tag, value in tag_scalar_dict.items():
            folder = before + tag
            if folder not in self.all_writers:
                self.all_writers[folder] = FileWriter(folder, self.max_queue, self.flush_secs, self.filename_suffix)
            self.all_writers[folder].add_summary(made.scalar(main_tag, value), global_step, walltime)

    def add_tensor(self, tag, tensor, global_step=None, walltime=None) -> None:
        """All elements of a tensor."""
        self._add(made.tensor_proto(tag, tensor), global_step, walltime)

    def add_histogram(self, tag, values, global_step=None, bins="tensorflow", walltime=None, max_bins=None) -> None:
        """How elements are distributed: in bins that grow by a tenth, or in those that `numpy.histogram` makes of `bins`."""
        bins = self.default_bins if isinstance(bins, str) and bins == "tensorflow" else bins
        self._add(made.histogram(tag, values, bins, max_bins), global_step, walltime)

    def add_histogram_raw(
        self, tag, min, max, num, sum, sum_squares, bucket_limits, bucket_counts, global_step=None, walltime=None
    ) -> None:
        """A histogram that was counted before."""
        if len(bucket_limits) != len(bucket_counts):
            raise ValueError(f"add_histogram_raw(): {len(bucket_limits)} bucket_limits, but {len(bucket_counts)} bucket_counts")
        self._add(made.histogram_raw(tag, min, max, num, sum, sum_squares, bucket_limits, bucket_counts), global_step, walltime)

    def add_image(self, tag, img_tensor, global_step=None, walltime=None, dataformats="CHW") -> None:
        """An image, of bytes or of numbers between 0 and 1. Needs pillow."""
        self._add(made.image(tag, img_tensor, dataformats=dataformats), global_step, walltime)

    def add_images(self, tag, img_tensor, global_step=None, walltime=None, dataformats="NCHW") -> None:
        """Several images in rows of eight. Needs pillow."""
        self._add(made.image(tag, img_tensor, dataformats=dataformats), global_step, walltime)

    def add_image_with_boxes(
        self, tag, img_tensor, box_tensor, global_step=None, walltime=None, rescale=1, dataformats="CHW", labels=None
    ) -> None:
        """An image with boxes, rows of `box_tensor`, drawn into it. Needs pillow."""
        labels = [labels] if isinstance(labels, str) else labels
        if labels is not None and len(labels) != box_tensor.shape[0]:
            labels = None
        self._add(made.image_boxes(tag, img_tensor, box_tensor, rescale, dataformats, labels), global_step, walltime)

    def add_figure(self, tag, figure, global_step=None, close=True, walltime=None) -> None:
        """A figure of matplotlib, or a list of them, closed afterwards."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        def drawn(one):
            canvas = FigureCanvasAgg(one)
            canvas.draw()
            if close:
                from matplotlib import pyplot

                pyplot.close(one)
            return np.asarray(canvas.buffer_rgba())[..., :3].transpose(2, 0, 1)

        if isinstance(figure, list):
            self.add_image(tag, np.stack([drawn(one) for one in figure]), global_step, walltime, "NCHW")
        else:
            self.add_image(tag, drawn(figure), global_step, walltime)

    def add_video(self, tag, vid_tensor, global_step=None, fps=4, walltime=None) -> None:
        """NotImplementedError: no films are made."""
        raise NotImplementedError("add_video(): Lucid makes no films; write frames with add_images()")

    def add_audio(self, tag, snd_tensor, global_step=None, sample_rate=44100, walltime=None) -> None:
        """A sound of one channel, of numbers between -1 and 1."""
        self._add(made.audio(tag, snd_tensor, sample_rate), global_step, walltime)

    def add_text(self, tag, text_string, global_step=None, walltime=None) -> None:
        """A text, which may be Markdown."""
        self._add(made.text(tag, text_string), global_step, walltime)

    def add_graph(self, model, input_to_model=None, verbose=False, use_strict_trace=True) -> None:
        """NotImplementedError: there are no graphs of TorchScript."""
        raise NotImplementedError("add_graph(): Lucid makes no graphs of TorchScript; lucid.fx.symbolic_trace shows one of its own")

    def add_onnx_graph(self, prototxt) -> None:
        """NotImplementedError: ONNX is not read."""
        raise NotImplementedError("add_onnx_graph(): Lucid does not read ONNX")

    @staticmethod
    def _encode(rawstr: str) -> str:
        return rawstr.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")

    def add_embedding(self, mat, metadata=None, label_img=None, global_step=None, tag="default", metadata_header=None) -> None:
        """Points in many dimensions, with what is said of each: a label or a row of them, and an image."""
        mat, step = made.as_array(mat), str(global_step or 0).zfill(5)
        for what, given in (("labels", metadata), ("images", label_img)):
            if given is not None and len(given) != len(mat):
                raise AssertionError(f"add_embedding(): {len(mat)} points, but {len(given)} {what}")
        if mat.ndim != 2:
            raise AssertionError(f"add_embedding(): mat has two dimensions, got {mat.ndim}")
        inside = f"{step}/{self._encode(tag)}"
        folder = Path(self._get_file_writer().get_logdir(), inside)
        if folder.is_dir():
            print("warning: Embedding dir exists, did you set global_step for add_embedding()?")
        elif folder.exists():
            raise NotADirectoryError(f"add_embedding(): {folder} is a file")
        folder.mkdir(parents=True, exist_ok=True)

        def write(name, rows):
            Path(folder, name).write_bytes("".join(f"{row}\n" for row in rows).encode())
            return f"{inside}/{name}"

        if not hasattr(self, "_projector_config"):
            self._projector_config = ProjectorConfig()
        entry = self._projector_config.embeddings.add()
        entry.tensor_name = f"{tag}:{step}"
        if metadata is not None:
            if metadata_header:
                if len(metadata_header) != len(metadata[0]):
                    raise AssertionError(f"add_embedding(): {len(metadata_header)} names in metadata_header for {len(metadata[0])} columns")
                metadata = ["\t".join(map(str, row)) for row in (metadata_header, *metadata)]
            entry.metadata_path = write("metadata.tsv", metadata)
        if label_img is not None:
            together = made.grid(made.as_array(label_img), math.ceil(len(mat) ** 0.5)).transpose(1, 2, 0)
            square = np.zeros((together.shape[1], together.shape[1], 3))
            square[: len(together)] = together
            Path(folder, "sprite.png").write_bytes(made.png((square * 255).clip(0, 255).astype(np.uint8)))
            entry.sprite.image_path = f"{inside}/sprite.png"
            entry.sprite.single_image_dim.extend([label_img.shape[3], label_img.shape[2]])
        entry.tensor_path = write("tensors.tsv", ("\t".join(map(str, row)) for row in mat.tolist()))
        text = text_format.MessageToString(self._projector_config)
        Path(self._get_file_writer().get_logdir(), "projector_config.pbtxt").write_text(text)

    def add_pr_curve(self, tag, labels, predictions, global_step=None, num_thresholds=127, weights=None, walltime=None) -> None:
        """Precision and recall of predictions between 0 and 1, for labels that are 0 or 1."""
        curve = made.pr_curve(tag, made.as_array(labels), made.as_array(predictions), num_thresholds, weights)
        self._add(curve, global_step, walltime)

    def add_pr_curve_raw(
        self, tag, true_positive_counts, false_positive_counts, true_negative_counts, false_negative_counts, precision, recall,
        global_step=None, num_thresholds=127, weights=None, walltime=None,
    ) -> None:  # fmt: skip
        """Precision and recall that were counted before."""
        counts = true_positive_counts, false_positive_counts, true_negative_counts, false_negative_counts
        self._add(made.pr_curve_raw(tag, *counts, precision, recall, num_thresholds, weights), global_step, walltime)

    def add_custom_scalars_multilinechart(self, tags, category="default", title="untitled") -> None:
        """Show several scalars in one chart."""
        self.add_custom_scalars({category: {title: ["Multiline", tags]}})

    def add_custom_scalars_marginchart(self, tags, category="default", title="untitled") -> None:
        """Show a scalar between two others: `tags` are its own, the lower and the upper one's."""
        self.add_custom_scalars({category: {title: ["Margin", tags]}})

    def add_custom_scalars(self, layout) -> None:
        """Which scalars are shown together: a dict of categories, of charts, each ["Multiline" or "Margin", tags]."""
        self._add(made.custom_scalars(layout))

    def add_mesh(self, tag, vertices, colors=None, faces=None, config_dict=None, global_step=None, walltime=None) -> None:
        """Points (batch, n, 3) in space, with colors (batch, n, 3) and triangles (batch, m, 3)."""
        self._add(made.mesh(tag, vertices, colors, faces, config_dict), global_step, walltime)

    def flush(self) -> None:
        """Write what waits."""
        for writer in (self.all_writers or {}).values():
            writer.flush()

    def close(self) -> None:
        """End all files; what is added later begins new ones."""
        for writer in (self.all_writers or {}).values():
            writer.close()
        self.file_writer = self.all_writers = None

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *error) -> None:
        self.close()

"""What is written, as TensorBoard's messages: one function for each kind."""

from __future__ import annotations

import io
import json
import math
import wave

import numpy as np
from google.protobuf import struct_pb2
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.pr_curve.plugin_data_pb2 import PrCurvePluginData
from tensorboard.plugins.text.plugin_data_pb2 import TextPluginData

import lucid

__all__ = [
    "audio", "compute_curve", "custom_scalars", "draw_boxes", "histogram", "histogram_raw", "hparams", "image", "image_boxes", "make_histogram",
    "make_image", "mesh", "pr_curve", "pr_curve_raw", "scalar", "tensor_proto", "text",
]  # fmt: skip

# By dtype: TensorBoard's name of it and the field that has the values.
_FIELDS = {
    "float16": ("HALF", "half_val"), "bfloat16": ("BFLOAT16", "half_val"), "float32": ("FLOAT", "float_val"), "float64": ("DOUBLE", "double_val"),
    "int8": ("INT8", "int_val"), "uint8": ("UINT8", "uint32_val"), "int16": ("INT16", "int_val"), "int32": ("INT32", "int_val"),
    "int64": ("INT64", "int64_val"), "bool": ("BOOL", "bool_val"), "complex64": ("COMPLEX64", "scomplex_val"),
    "complex128": ("COMPLEX128", "dcomplex_val"),
}  # fmt: skip
_MOST_THRESHOLDS = 127


def as_array(x) -> np.ndarray:
    """The elements of a tensor, an array or a number; NotImplementedError for anything else."""
    if isinstance(x, np.ndarray):
        return x
    if np.isscalar(x):
        return np.array([x])
    if isinstance(x, lucid.Tensor):
        return (x.half() if x.dtype is lucid.bfloat16 else x).detach().numpy()
    raise NotImplementedError(f"tensorboard: a tensor, an array or a number is expected, got {type(x).__name__}")


def _metadata(plugin: str, content: bytes = b"") -> SummaryMetadata:
    return SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=plugin, content=content))


def _value(tag: str, **content) -> Summary:
    return Summary(value=[Summary.Value(tag=tag, **content)])


def _shape(*sizes: int) -> TensorShapeProto:
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=n) for n in sizes])


def scalar(name, tensor, collections=None, new_style=False, double_precision=False) -> Summary:
    """A number, as one of its own or, in the newer style, as a tensor of none dimensions."""
    found = as_array(tensor)
    if found.size != 1:
        raise AssertionError(f"add_scalar(): expected one element, got shape {found.shape}")
    number = float(found.reshape(()))
    if not new_style:
        return _value(name, simple_value=number)
    kept = TensorProto(double_val=[number], dtype="DT_DOUBLE") if double_precision else TensorProto(float_val=[number], dtype="DT_FLOAT")
    return _value(name, tensor=kept, metadata=_metadata("scalars"))


def tensor_proto(tag, tensor) -> Summary:
    """A tensor with its shape."""
    if tensor.numel() * tensor.itemsize >= 2**31:
        raise ValueError(f"add_tensor(): messages hold less than 2 GB, got {tensor.numel() * tensor.itemsize} bytes")
    name = str(tensor.dtype).rpartition(".")[2]
    if name not in _FIELDS:
        raise ValueError(f"add_tensor(): {tag} has dtype {name}, which messages do not hold")
    kind, field = _FIELDS[name]
    values = tensor.detach().flatten()
    if values.is_complex():
        values = lucid.view_as_real(values).flatten()
    elif field == "half_val":  # TensorBoard is given the bits of the float32
        values = values.float().view(lucid.int32)
    content = TensorProto(dtype=f"DT_{kind}", tensor_shape=_shape(*tensor.shape), **{field: values.tolist()})
    return _value(tag, metadata=_metadata("tensor"), tensor=content)


def histogram_raw(name, min, max, num, sum, sum_squares, bucket_limits, bucket_counts) -> Summary:
    """A histogram that was counted before."""
    return _value(name, histo=HistogramProto(
        min=min, max=max, num=num, sum=sum, sum_squares=sum_squares, bucket_limit=bucket_limits, bucket=bucket_counts))  # fmt: skip


def histogram(name, values, bins, max_bins=None) -> Summary:
    """A histogram of the elements."""
    return _value(name, histo=make_histogram(as_array(values).astype(float), bins, max_bins))


def make_histogram(values, bins, max_bins=None) -> HistogramProto:
    """Count elements in bins, some taken together where there are more than `max_bins`, without the empty ones at the ends.
    An empty one before them says where the first begins."""
    values = values.reshape(-1)
    if not values.size:
        raise ValueError("add_histogram(): there are no elements")
    counts, limits = np.histogram(values, bins=bins)
    if max_bins is not None and len(counts) > max_bins:
        each = len(counts) // max_bins
        counts = np.add.reduceat(counts, np.arange(0, len(counts), each))
        limits = np.append(limits[:-1:each], limits[-1])
    filled = np.flatnonzero(counts)
    if not filled.size:
        raise ValueError("add_histogram(): no element is in a bin")
    first, last = filled[0], filled[-1] + 1
    return HistogramProto(
        min=values.min(), max=values.max(), num=len(values), sum=values.sum(), sum_squares=values.dot(values),
        bucket_limit=limits[first : last + 1].tolist(), bucket=[0, *counts[first:last].tolist()],
    )  # fmt: skip


def grid(images: np.ndarray, columns: int = 8) -> np.ndarray:
    """Images side by side in rows, as one of three channels; (N, 1 or 3, H, W) -> (3, rows * H, columns * W)."""
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        raise AssertionError(f"tensorboard: images are (N, 1 or 3, H, W), got shape {images.shape}")
    n, _, height, width = images.shape
    columns = min(n, columns)
    rows = math.ceil(n / columns)
    whole = np.zeros((rows * columns, 3, height, width), images.dtype)
    whole[:n] = images
    return whole.reshape(rows, columns, 3, height, width).transpose(2, 0, 3, 1, 4).reshape(3, rows * height, columns * width)


def _pixels(tensor, dataformats: str) -> np.ndarray:
    """Bytes (H, W, channels) of an image, or of several in a grid."""
    array, order = as_array(tensor), dataformats.upper()
    if len(set(order)) != len(order) or len(order) != array.ndim:
        raise AssertionError(f"tensorboard: dataformats names each dimension once, got {dataformats!r} for shape {array.shape}")
    if len(order) == 4:
        array = grid(array.transpose([order.find(axis) for axis in "NCHW"])).transpose(1, 2, 0)
    else:
        array = array.transpose([order.find(axis) for axis in ("HW" if len(order) == 2 else "HWC")])
        array = array if array.ndim == 3 else array[..., None]
        array = np.repeat(array, 3, 2) if array.shape[2] == 1 else array
    scale = 1 if array.dtype == np.uint8 else 255
    return (array.astype(np.float32) * scale).clip(0, 255).astype(np.uint8)


def png(pixels: np.ndarray, change=lambda picture: picture) -> bytes:
    """A file of an image; `change` is asked to draw into it first."""
    from PIL import Image

    file = io.BytesIO()
    change(Image.fromarray(pixels)).save(file, format="PNG")
    return file.getvalue()


def make_image(tensor, rescale=1, rois=None, labels=None) -> Summary.Image:
    """A picture of bytes (H, W, channels), with boxes drawn into it."""
    from PIL import Image

    height, width, channels = tensor.shape

    def change(picture):
        if rois is not None:
            draw_boxes(picture, rois, labels)
        return picture.resize((int(width * rescale), int(height * rescale)), Image.Resampling.LANCZOS)

    return Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=png(tensor, change))


def image(tag, tensor, rescale=1, dataformats="NCHW") -> Summary:
    """A picture, or several in one."""
    return _value(tag, image=make_image(_pixels(tensor, dataformats), rescale))


def image_boxes(tag, tensor_image, tensor_boxes, rescale=1, dataformats="CHW", labels=None) -> Summary:
    """A picture with boxes."""
    return _value(tag, image=make_image(_pixels(tensor_image, dataformats), rescale, as_array(tensor_boxes), labels))


def draw_boxes(disp_image, boxes, labels=None):
    """Draw a red frame for each row (left, top, right, bottom), with its label in the lower left corner."""
    from PIL import ImageDraw, ImageFont

    draw, font = ImageDraw.Draw(disp_image), ImageFont.load_default()
    for i, (left, top, right, bottom) in enumerate(np.asarray(boxes)[:, :4]):
        draw.line([(left, top), (left, bottom), (right, bottom), (right, top), (left, top)], width=2, fill="Red")
        if labels is not None and labels[i]:
            x0, y0, x1, y1 = font.getbbox(labels[i])
            margin = np.ceil(0.05 * (y1 - y0))
            draw.rectangle([(left, bottom - (y1 - y0) - 2 * margin), (left + x1 - x0, bottom)], fill="Red")
            draw.text((left + margin, bottom - (y1 - y0) - margin), labels[i], fill="black", font=font)
    return disp_image


def audio(tag, tensor, sample_rate=44100) -> Summary:
    """A sound of one channel, from numbers between -1 and 1."""
    array = as_array(tensor).squeeze()
    if array.ndim != 1:
        raise AssertionError(f"add_audio(): a sound has one dimension, got {array.ndim}")
    if abs(array).max() > 1:
        print("warning: audio amplitude out of range, auto clipped.")
    samples = (array.clip(-1, 1) * np.iinfo(np.int16).max).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, sample_rate, 0, "NONE", ""))
        written.writeframes(samples.tobytes())
    return _value(tag, audio=Summary.Audio(
        sample_rate=sample_rate, num_channels=1, length_frames=len(samples), encoded_audio_string=file.getvalue(),
        content_type="audio/wav"))  # fmt: skip


def text(tag, text) -> Summary:
    """A text, which may be Markdown."""
    content = TensorProto(dtype="DT_STRING", string_val=[text.encode()], tensor_shape=_shape(1))
    return _value(f"{tag}/text_summary", metadata=_metadata("text", TextPluginData(version=0).SerializeToString()), tensor=content)


def custom_scalars(layout) -> Summary:
    """Which scalars are shown together, by category and chart."""
    categories = []
    for category, charts in layout.items():
        made = []
        for title, (kind, tags, *_) in charts.items():
            if kind == "Margin":
                if len(tags) != 3:
                    raise AssertionError(f"add_custom_scalars(): a margin chart has three tags, got {len(tags)}")
                series = layout_pb2.MarginChartContent.Series(value=tags[0], lower=tags[1], upper=tags[2])
                made.append(layout_pb2.Chart(title=title, margin=layout_pb2.MarginChartContent(series=[series])))
            else:
                made.append(layout_pb2.Chart(title=title, multiline=layout_pb2.MultilineChartContent(tag=tags)))
        categories.append(layout_pb2.Category(title=category, chart=made))
    content = layout_pb2.Layout(category=categories).SerializeToString()
    kept = TensorProto(dtype="DT_STRING", string_val=[content], tensor_shape=_shape())
    return _value("custom_scalars__config__", tensor=kept, metadata=_metadata("custom_scalars"))


def pr_curve_raw(tag, tp, fp, tn, fn, precision, recall, num_thresholds=127, weights=None) -> Summary:
    """Precision and recall that were counted before."""
    return _curve(tag, np.stack((tp, fp, tn, fn, precision, recall)), min(num_thresholds, _MOST_THRESHOLDS))


def pr_curve(tag, labels, predictions, num_thresholds=127, weights=None) -> Summary:
    """Precision and recall of predictions between 0 and 1."""
    num_thresholds = min(num_thresholds, _MOST_THRESHOLDS)
    return _curve(tag, compute_curve(labels, predictions, num_thresholds, weights), num_thresholds)


def _curve(tag: str, rows: np.ndarray, num_thresholds: int) -> Summary:
    content = PrCurvePluginData(version=0, num_thresholds=num_thresholds).SerializeToString()
    kept = TensorProto(dtype="DT_FLOAT", float_val=rows.reshape(-1).tolist(), tensor_shape=_shape(*rows.shape))
    return _value(tag, metadata=_metadata("pr_curves", content), tensor=kept)


def compute_curve(labels, predictions, num_thresholds=None, weights=None) -> np.ndarray:
    """True and false positives and negatives, precision and recall at each threshold, in six rows."""
    steps = np.floor(predictions * (num_thresholds - 1)).astype(np.int32)
    weights = 1.0 if weights is None else weights
    right = labels.astype(np.float64)

    def at_least(given):
        found, _ = np.histogram(steps, bins=num_thresholds, range=(0, num_thresholds - 1), weights=given * weights)
        return found[::-1].cumsum()[::-1]

    tp, fp = at_least(right), at_least(1.0 - right)
    tn, fn = fp[0] - fp, tp[0] - tp
    return np.stack((tp, fp, tn, fn, tp / np.maximum(1e-7, tp + fp), tp / np.maximum(1e-7, tp + fn)))


def mesh(tag, vertices, colors, faces, config_dict, display_name=None, description=None) -> Summary:
    """Points, and their colors and triangles, in three dimensions."""
    from tensorboard.plugins.mesh import metadata
    from tensorboard.plugins.mesh.plugin_data_pb2 import MeshPluginData

    parts = ((vertices, MeshPluginData.VERTEX), (faces, MeshPluginData.FACE), (colors, MeshPluginData.COLOR))
    parts = [(lucid.as_tensor(part), kind) for part, kind in parts if part is not None]
    components = metadata.get_components_bitmask([kind for _, kind in parts])
    config = "{}" if config_dict is None else json.dumps(config_dict, sort_keys=True)
    return Summary(value=[
        Summary.Value(
            tag=metadata.get_instance_name(tag, kind),
            tensor=TensorProto(dtype="DT_FLOAT", float_val=part.flatten().tolist(), tensor_shape=_shape(*part.shape)),
            metadata=metadata.create_summary_metadata(
                tag, display_name, kind, components, part.shape, description, json_config=config),
        )
        for part, kind in parts
    ])  # fmt: skip


def hparams(hparam_dict=None, metric_dict=None, hparam_domain_discrete=None) -> tuple[Summary, Summary, Summary]:
    """Hyperparameters: what the experiment varies, the values of this session, and its end."""
    from tensorboard.plugins.hparams import api_pb2, metadata
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo

    domains = hparam_domain_discrete or {}
    for name, given in (("hparam_dict", hparam_dict), ("metric_dict", metric_dict), ("hparam_domain_discrete", domains)):
        if not isinstance(given, dict):
            raise TypeError(f"add_hparams(): {name} should be a dictionary, got {type(given).__name__}")
    for name, domain in domains.items():
        if name not in hparam_dict or not isinstance(domain, list) or not all(isinstance(one, type(hparam_dict[name])) for one in domain):
            raise TypeError(f"add_hparams(): hparam_domain_discrete[{name!r}] should be a list of values like hparam_dict's")

    start, infos = SessionStartInfo(), []
    for name, value in hparam_dict.items():
        if value is None:
            continue
        field, kind = ("string_value", "STRING") if isinstance(value, str) else ("number_value", "FLOAT64")
        domain = None
        if isinstance(value, lucid.Tensor):
            value = value.detach().reshape(-1)[0].item()
        elif not isinstance(value, (str, int, float)):
            raise ValueError(f"add_hparams(): values are numbers, texts or tensors, got {type(value).__name__} for {name!r}")
        elif name in domains:
            domain = struct_pb2.ListValue(values=[struct_pb2.Value(**{field: one}) for one in domains[name]])
        setattr(start.hparams[name], field, value)
        infos.append(api_pb2.HParamInfo(name=name, type=api_pb2.DataType.Value(f"DATA_TYPE_{kind}"), domain_discrete=domain))
    metrics = [api_pb2.MetricInfo(name=api_pb2.MetricName(tag=name)) for name in metric_dict]
    parts = (
        (metadata.EXPERIMENT_TAG, {"experiment": api_pb2.Experiment(hparam_infos=infos, metric_infos=metrics)}),
        (metadata.SESSION_START_INFO_TAG, {"session_start_info": start}),
        (metadata.SESSION_END_INFO_TAG, {"session_end_info": SessionEndInfo(status=api_pb2.Status.Value("STATUS_SUCCESS"))}),
    )
    written = (HParamsPluginData(version=metadata.PLUGIN_DATA_VERSION, **part).SerializeToString() for _, part in parts)
    return tuple(_value(tag, metadata=_metadata(metadata.PLUGIN_NAME, content)) for (tag, _), content in zip(parts, written))

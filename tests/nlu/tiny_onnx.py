"""Writes an ONNX model of one step, a look-up in a table, without the package `onnx` (it is not in our environment).

An ONNX file is one protobuf message; the field numbers are those of onnx.proto.
"""

from __future__ import annotations

import numpy as np

from bot.nlu.encoders.onnx_graph import field, value_info

FLOAT, INT64 = 1, 7  # TensorProto.DataType


def look_up_model(table: np.ndarray) -> bytes:
    """Return a model with inputs input_ids and attention_mask, and the rows of `table` (float32) as token vectors."""
    look_up = field(1, "table") + field(1, "input_ids") + field(2, "vectors") + field(4, "Gather")
    stored = b"".join(field(1, size) for size in table.shape) + field(2, FLOAT) + field(8, "table")
    graph = (
        field(1, look_up)
        + field(2, "tiny")
        + field(5, stored + field(9, table.astype("<f4").tobytes()))
        + field(11, value_info("input_ids", INT64, ["n", "t"]))
        + field(11, value_info("attention_mask", INT64, ["n", "t"]))
        + field(12, value_info("vectors", FLOAT, ["n", "t", "d"]))
    )
    ir_version, opset = 8, 13
    return field(1, ir_version) + field(7, graph) + field(8, field(2, opset))

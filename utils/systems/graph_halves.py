"""A graph's weights in 16 bits, as `utils.models.halves` stores a model's."""

from pathlib import Path

import numpy as np

_FILTERBANK = "spectrum."  # stays exact: quiet bands are small differences of its sums


def halve_graph(path: Path) -> None:
    """Store kernels and matrices in 16 bits, each with a cast to 32 before it is used.

    Runtimes fold the casts when they open the graph.
    """
    from onnx import TensorProto, helper, load, numpy_helper, save

    model = load(path)
    casts = []
    for tensor in model.graph.initializer:
        is_float = tensor.data_type == TensorProto.FLOAT
        if not is_float or len(tensor.dims) < 2 or tensor.name.startswith(_FILTERBANK):
            continue
        name, values = tensor.name, numpy_helper.to_array(tensor)
        half = numpy_helper.from_array(values.astype(np.float16), f"{name}_half")
        tensor.CopyFrom(half)
        casts.append(
            helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT)
        )
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    save(model, path)

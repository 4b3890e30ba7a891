"""A GGUF file with all its weights unpacked."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def unpack(source: Path, target: Path, *, bits: int = 32) -> Path:
    """llama.cpp rounds the activations that meet quantized weights; with those of 32 bits it computes in full precision,
    and with those of 16 it rounds to 16."""
    import gguf

    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name not in ("general.architecture", "general.file_type"):
            kind = field.types[0]
            within = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), kind, sub_type=within)
    for tensor in reader.tensors:
        weights = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        # llama.cpp wants vectors (norms, biases) as they are.
        narrow = bits == 16 and weights.ndim > 1
        writer.add_tensor(tensor.name, weights.astype(np.float16 if narrow else np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target

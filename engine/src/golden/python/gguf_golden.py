"""Writes a small GGUF file with every type of numbers and metadata, and the numbers that Python's gguf reads in it.

    python -m venv VENV && VENV/bin/pip install gguf==0.19.0 safetensors==0.8.0 numpy==2.4.6
    VENV/bin/python gguf_golden.py ../../test/resources/golden

The blocks of quantised tensors are random bytes with scales of every kind (negative, zero, subnormal), so that each bit of
each block counts.
"""

import sys
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import GGUFReader, GGUFValueType, GGUFWriter
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize
from safetensors.numpy import save_file

PLAIN = {Type.F32: np.float32, Type.F16: np.float16, Type.F64: np.float64}

# Of each quantised type, the bytes of a block at which its half-precision scales begin.
SCALES = {
    Type.Q4_0: [0],
    Type.Q4_1: [0, 2],
    Type.Q5_0: [0],
    Type.Q5_1: [0, 2],
    Type.Q8_0: [0],
    Type.Q4_K: [0, 2],
    Type.Q5_K: [0, 2],
    Type.Q6_K: [208],
}


def blocks(random, kind, rows, row_size):
    size, size_bytes = GGML_QUANT_SIZES[kind]
    data = random.integers(0, 256, (rows * row_size // size, size_bytes), dtype=np.uint8)
    for at in SCALES[kind]:
        scales = random.normal(0, 0.05, len(data)).astype(np.float16)
        scales[::7] = 0
        scales[3::7] = np.float16(6e-8) * random.integers(-9, 9, len(scales[3::7]))
        data[:, at : at + 2] = scales.view(np.uint8).reshape(-1, 2)
    return data.reshape(rows, -1)


def add_tensors(writer, random):
    for kind, dtype in PLAIN.items():
        values = random.normal(0, 3, (3, 2, 5)).astype(dtype)
        writer.add_tensor(kind.name, values)
    brain = random.integers(0, 0x7F80, (5, 3), dtype=np.uint16)
    writer.add_tensor("BF16", brain.view(np.uint8), raw_dtype=Type.BF16)
    writer.add_tensor("vector", np.float32([1.5, -0.0, 3e-41]))
    for kind in SCALES:
        writer.add_tensor(kind.name, blocks(random, kind, 5, 256), raw_dtype=kind)
    writer.add_tensor("Q5_0 vector", blocks(random, Type.Q5_0, 1, 96).reshape(-1), raw_dtype=Type.Q5_0)
    writer.add_tensor("not read", random.integers(0, 256, (2, 84), dtype=np.uint8), raw_dtype=Type.Q2_K)


def add_metadata(writer):
    writer.add_custom_alignment(64)
    writer.add_name("every kind, \u00e9\U0001f600")
    writer.add_uint8("u8", 255)
    writer.add_int8("i8", -128)
    writer.add_uint16("u16", 65535)
    writer.add_int16("i16", -32768)
    writer.add_uint32("u32", 2**32 - 1)
    writer.add_int32("i32", -(2**31))
    writer.add_uint64("u64", 2**63 - 1)
    writer.add_int64("i64", -(2**63))
    writer.add_float32("f32", 0.1)
    writer.add_float64("f64", 0.1)
    writer.add_bool("yes", True)
    writer.add_bool("no", False)
    writer.add_array("tokens", ["", "a", "\u0120the", "\u2581\u4f60"])
    writer.add_array("scores", [0.5, -1.0, 1e-30])
    writer.add_array("flags", [True, False, True])
    writer.add_array("counts", [3, -3, 2**31 - 1])
    writer.add_key_value("bytes", [0, 255], GGUFValueType.ARRAY, GGUFValueType.UINT8)
    writer.add_key_value("doubles", [0.1], GGUFValueType.ARRAY, GGUFValueType.FLOAT64)


def main(folder):
    random = np.random.default_rng(1)
    file = folder / "every-type.gguf"
    writer = GGUFWriter(file, "llama")
    add_metadata(writer)
    add_tensors(writer, random)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    expected = {}
    for tensor in GGUFReader(file).tensors:
        if tensor.name != "not read":
            numbers = tensor.data if tensor.tensor_type == Type.F64 else dequantize(tensor.data, tensor.tensor_type)
            expected[tensor.name] = numbers.astype(np.float32).reshape(tensor.shape[::-1])
    save_file(expected, folder / "every-type.safetensors")


main(Path(sys.argv[1]))

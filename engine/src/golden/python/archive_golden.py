"""Writes small files as torch.save and numpy.savez make them, and the numbers that those libraries read in them.

    python -m venv VENV && VENV/bin/pip install torch==2.15.0 numpy==2.4.6 safetensors==0.8.0
    VENV/bin/python archive_golden.py ../../test/resources/golden/archive
"""

import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file


def torch_values():
    torch.manual_seed(1)
    base = torch.randn(3, 4, 5)
    return {
        "step": 1000,
        "ae": OrderedDict(
            F32=base,
            F16=torch.randn(2, 3).half(),
            BF16=torch.randn(7).bfloat16(),
            F64=torch.randn(2, 2, dtype=torch.float64),
            transposed=torch.randn(4, 6).T,
            slice=base[1:, ::2, 1:3],
            scalar=torch.tensor(-1.5),
            empty=torch.zeros(0, 3),
            one=torch.randn(1, 1, 5).expand(1, 1, 5),
        ),
        "numbers": [torch.tensor(7, dtype=torch.int32), torch.tensor([[2**40]]), torch.tensor([True, False])],
        "config": {"name": "täst", "lr": 1e-3, "k": 300, "big": 2**62, "negative": -70000, "flag": True, "none": None, "pair": (1, "b")},
        "parameter": torch.nn.Parameter(torch.randn(2)),
        5: {"int key": 70000},
    }


def flatten(value, name=""):
    if isinstance(value, torch.Tensor):
        return {name: value.detach()}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else []
    tensors = {}
    for key, item in items:
        tensors.update(flatten(item, f"{name}.{key}" if name else str(key)))
    return tensors


def expected(tensors):
    return {name: torch.as_tensor(t).to(torch.float32).contiguous().clone() for name, t in tensors.items() if torch.as_tensor(t).is_floating_point()}


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    values = torch_values()
    torch.save(values, folder / "values.pt")
    save_file(expected(flatten(values)), folder / "values.safetensors")
    module = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.LayerNorm(5))
    torch.save(module.state_dict(), folder / "module.pt")
    save_file(expected(module.state_dict()), folder / "module.safetensors")

    random = np.random.default_rng(2)
    arrays = {
        "f4": random.normal(size=(3, 4, 2)).astype(np.float32),
        "f2": random.normal(size=(5,)).astype(np.float16),
        "f8": random.normal(size=(2, 3)),
        "fortran": np.asfortranarray(random.normal(size=(3, 4, 2)).astype(np.float32)),
        "fortran_matrix": np.asfortranarray(random.normal(size=(5, 3)).astype(np.float64)),
        "scalar": np.array(2.5, np.float32),
        "empty": np.zeros((0, 4), np.float32),
        "i4": np.arange(6, dtype=np.int32).reshape(2, 3),
        "i8": np.array([2**40]),
        "zeros": np.zeros((40, 50), np.float32),
    }
    np.savez(folder / "stored.npz", **arrays)
    np.savez_compressed(folder / "deflated.npz", **arrays)
    save_file(expected(arrays), folder / "arrays.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

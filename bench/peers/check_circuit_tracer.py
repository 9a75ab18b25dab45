"""Does circuit-tracer find the same latents and make the same outputs with a cross-layer transcoder that mechinterp trained?

    python -m venv VENV && VENV/bin/pip install circuit-tracer==0.5.0
    ./mechinterp train --kind cross-layer-transcoder .. --out CLT            (or jumprelu-cross-layer-transcoder)
    VENV/bin/python check_circuit_tracer.py CLT [--cli ./mechinterp] [--tokens 500]

Both encode and decode the same normal numbers. Its files are also written again by circuit-tracer's own to_safetensors and read by mechinterp.
Exits with 1 when the active latents of a token, or a value or an output by more than 1e-5 of the largest one, differ.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from circuit_tracer.transcoder.cross_layer_transcoder import load_clt
from safetensors.torch import load_file, save_file

TOLERANCE = 1e-5


def ours(cli, folder, x, place):
    """Activations [layers, n, d_sae] and outputs [layers, n, d_model] of our command line."""
    layers, tokens, d_model = x.shape
    activations, codes = place / "x.safetensors", place / "codes.safetensors"
    save_file({"activations": x.permute(1, 0, 2).reshape(tokens, -1).contiguous()}, activations)
    words = ["sae", "encode", "--sae", folder, "--activations", activations, "--out", codes]
    subprocess.run([*shlex.split(cli), *map(str, words)], check=True, capture_output=True)
    tensors = load_file(codes)
    d_sae = load_file(Path(folder) / "W_enc_0.safetensors")["W_enc_0"].shape[0]
    features = torch.zeros(tokens, layers * d_sae)
    rows = torch.arange(tokens).repeat_interleave(tensors["row_offsets"].diff())
    features[rows, tensors["indices"].long()] = tensors["values"]
    made = tensors["reconstruction"].reshape(tokens, layers, d_model).permute(1, 0, 2)
    return features.reshape(tokens, layers, d_sae).permute(1, 0, 2), made


def compare(name, theirs, own):
    features, made = theirs
    same = bool(((features > 0) == (own[0] > 0)).all())
    value = ((features - own[0]).abs().max() / features.abs().max()).item()
    output = ((made - own[1]).abs().max() / made.abs().max()).item()
    agree = same and value < TOLERANCE and output < TOLERANCE
    active = (features > 0).sum().item() / features.shape[1]
    print(
        f"{'ok    ' if agree else 'DIFFER'} {name}: L0 {active:.1f}, same latents {same},"
        f" largest difference of a value {value:.1e}, of an output {output:.1e}"
    )
    return agree


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clt")
    parser.add_argument("--cli", default=str(Path(__file__).resolve().parents[2] / "mechinterp"))
    parser.add_argument("--tokens", type=int, default=500)
    arguments = parser.parse_args()
    cpu = torch.device("cpu")
    clt = load_clt(arguments.clt, device=cpu, dtype=torch.float32, lazy_decoder=False)
    x = torch.randn(clt.n_layers, arguments.tokens, clt.d_model, generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        features = clt.encode(x)
        theirs = features, clt.decode(features)
        agree = compare("our files", theirs, ours(arguments.cli, arguments.clt, x, place))
        clt.to_safetensors(str(place / "again"))
        agree &= compare("written again by circuit-tracer", theirs, ours(arguments.cli, place / "again", x, place))
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())

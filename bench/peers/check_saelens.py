"""Does sae-lens give the same latents and reconstructions as mechinterp?

Checked with sae-lens 6.54.12 (pip install sae-lens==6.54.12, in a virtual environment of its own).

An autoencoder that mechinterp saved:

    ./mechinterp sae encode --sae DIR --activations x.safetensors --out codes.safetensors
    python check_saelens.py compare DIR x.safetensors codes.safetensors

sae-lens knows a hybrid as the TopK autoencoder whose latents are the hybrid's fast codes:

    ./mechinterp train --kind hybrid --d-sae 640 --k 16 --activations x.safetensors --tokens 20000 --out DIR
    ./mechinterp sae encode --sae DIR --codes fast --activations x.safetensors --out codes.safetensors
    python check_saelens.py compare DIR x.safetensors codes.safetensors

One that sae-lens saved (with --rescale: selection by pre-activation times decoder norm):

    python check_saelens.py make DIR x.safetensors [--rescale]
    ./mechinterp sae encode --sae DIR --activations x.safetensors --out codes.safetensors
    python check_saelens.py compare DIR x.safetensors codes.safetensors

compare exits with 1 when the active latents differ, or a value or a reconstruction by more than
1e-4 of the largest one. Latents may differ where the k-th and the next pre-activation are within
rounding of each other: at most one token in a thousand.
"""

import argparse
import sys

import torch
from sae_lens import SAE
from sae_lens.saes.topk_sae import TopKSAE, TopKSAEConfig
from safetensors.torch import load_file, save_file

TOLERANCE = 1e-4
D_IN, D_SAE, K, TOKENS = 96, 640, 16, 2000


def make(folder, activations, rescale):
    torch.manual_seed(0)
    config = TopKSAEConfig(
        d_in=D_IN, d_sae=D_SAE, k=K, rescale_acts_by_decoder_norm=rescale
    )
    sae = TopKSAE(config)
    with torch.no_grad():
        for parameter in sae.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3)
    sae.save_model(folder)
    save_file({"activations": torch.randn(TOKENS, D_IN)}, activations)


def compare(folder, activations, codes):
    sae = SAE.load_from_disk(folder)
    print(f"sae-lens: {sae.cfg.architecture()} {sae.cfg.to_dict()}")
    x = load_file(activations)["activations"].float()
    ours = load_file(codes)
    with torch.no_grad():
        features = sae.encode(x)
        features = features.to_dense() if features.is_sparse else features
        reconstruction = sae.decode(features)

    dense = torch.zeros_like(features)
    counts = ours["row_offsets"].diff()
    rows = torch.arange(len(x)).repeat_interleave(counts)
    dense[rows, ours["indices"].long()] = ours["values"]

    same = ((features > 0) == (dense > 0)).all(dim=1)
    value_error = ((features - dense).abs().max(dim=1).values / features.max())[same].max()
    scale = reconstruction.abs().max()
    error = ((reconstruction - ours["reconstruction"]).abs().max(dim=1).values / scale)[same].max()
    print(f"tokens with the same latents: {same.sum()} of {len(x)}")
    print(f"largest difference of a value {value_error:.2e}, of a reconstruction {error:.2e}")
    agree = same.float().mean() >= 0.999 and value_error < TOLERANCE and error < TOLERANCE
    print("agree" if agree else "DIFFER")
    return 0 if agree else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("folder")
    making.add_argument("activations")
    making.add_argument("--rescale", action="store_true")
    comparing = commands.add_parser("compare")
    comparing.add_argument("folder")
    comparing.add_argument("activations")
    comparing.add_argument("codes")
    arguments = parser.parse_args()
    if arguments.command == "make":
        make(arguments.folder, arguments.activations, arguments.rescale)
        return 0
    return compare(arguments.folder, arguments.activations, arguments.codes)


if __name__ == "__main__":
    sys.exit(main())

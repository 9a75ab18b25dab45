"""Writes a batch file of SAEDashboard, and what Neuronpedia's converter makes of it for an import.

    python -m venv VENV && VENV/bin/pip install orjson==3.13.0 numpy typer python-dotenv
    VENV/bin/pip install --no-deps sae-dashboard==0.8.0
    git clone https://github.com/hijohnnylin/neuronpedia
    VENV/bin/python neuronpedia_golden.py neuronpedia/utils/neuronpedia-utils ../../test/resources/golden/neuronpedia

The converter is that of 2026-08-20. In the folder come to lie saedashboard/batch-0.json and export/MODEL/SOURCE.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from sae_dashboard.neuronpedia.neuronpedia_dashboard import (
    NeuronpediaDashboardActivation,
    NeuronpediaDashboardBatch,
    NeuronpediaDashboardFeature,
)


def activation(bin_min, bin_max, bin_contains, tokens, values):
    return NeuronpediaDashboardActivation(
        bin_min=bin_min,
        bin_max=bin_max,
        bin_contains=bin_contains,
        qualifying_token_index=values.index(max(values)),
        tokens=tokens,
        values=values,
    )


def feature(index, scale):
    made = NeuronpediaDashboardFeature(
        feature_index=index,
        neuron_alignment_indices=[1, 0],
        neuron_alignment_values=[0.5, -0.25],
        neuron_alignment_l1=[0.6, 0.3],
        neg_str=[" hat", "\n"],
        neg_values=[-1.5 * scale, -1.25],
        pos_str=[" cat", " \u00e9t\u00e9"],
        pos_values=[2.5 * scale, 2],
        frac_nonzero=0.0125 * scale,
        freq_hist_data_bar_values=[0.5, 1.5, 2.5],
        freq_hist_data_bar_heights=[7.0, 3.0, 1.0],
        logits_hist_data_bar_values=[-1.0, 0.0, 1.0],
        logits_hist_data_bar_heights=[2, 5, 1],
        n_prompts_total=64,
        n_tokens_in_prompt=4,
        dataset="some/text",
    )
    made.activations = [
        activation(-1, 3.0, -1, ["the", " cat", " sat", "\n"], [0.0, 3.0 * scale, 0.5, 0.0]),
        activation(0.0, 1.5, 0.75, [" \u00e9t\u00e9", "<b>", " cat"], [0.0, 0.0, 1.0]),
    ]
    return made


def main(converter, out):
    if out.exists():
        shutil.rmtree(out)
    dashboard = out / "saedashboard"
    dashboard.mkdir(parents=True)
    batch = NeuronpediaDashboardBatch(model_id="tiny", layer=2, sae_set="res-golden", sae_id_suffix=None)
    batch.features = [feature(0, 1), feature(3, 2)]
    (dashboard / "batch-0.json").write_text(json.dumps(batch.to_dict()))
    subprocess.run(
        [
            sys.executable,
            str((converter / "neuronpedia_utils" / "convert-saedashboard-to-neuronpedia-export.py").resolve()),
            f"--saedashboard-output-dir={dashboard.resolve()}",
            "--creator-name=golden",
            "--release-id=golden",
            "--release-title=Golden",
            "--url=https://example.org",
            "--model-name=tiny",
            "--neuronpedia-source-set-id=res-golden",
            "--neuronpedia-source-set-description=Residual Stream",
            "--hf-weights-repo-id=example/golden",
            "--hf-weights-path=layer_2/sae.safetensors",
            "--hook-point=hook_resid_post",
            "--layer-num=2",
            "--prompts-huggingface-dataset-path=some/text",
            "--n-prompts-total=64",
            "--n-tokens-in-prompt=4",
        ],
        cwd=out,
        check=True,
        input="n\n",  # whether to zero the activation of BOS, which it asks
        text=True,
        env=os.environ | {"PYTHONPATH": str(converter.resolve()), "DEFAULT_CREATOR_ID": "golden"},
        stdout=subprocess.DEVNULL,

    )
    (out / "exports").rename(out / "export")


main(Path(sys.argv[1]), Path(sys.argv[2]))

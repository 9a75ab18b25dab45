"""Do other libraries load every file that mechinterp writes, and give the same features and reconstructions?

    python -m venv VENV && VENV/bin/pip install sae-lens==6.54.12 eai-sparsify==1.3.3 torch==2.15.0
    VENV/bin/pip install --no-deps dictionary-learning==0.1.0 circuit-tracer==0.5.0 git+https://github.com/openai/sparse_autoencoder
    SPARSIFY_DISABLE_TRITON=1 VENV/bin/python check_written.py [--cli ./mechinterp] [--only WORD]

Every kind that is trained on single activations is trained for a moment, and every autoencoder of the golden files taken as it
is; each is written in every format that has its kind, loaded by the library, and compared with `sae encode` of ours. A format
that has no place for a kind must be refused, and where SAELens' folder has a name of our own, SAELens must refuse it.
Cross-layer transcoders are compared with the outputs in the golden files. Exits with 1 when one differs by more than 1e-5 of
the largest number.
"""

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from check_formats import FORMATS, TOLERANCE, compare
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "engine/src/test/resources/golden"
D_IN, D_SAE, K, TOKENS = 24, 72, 6, 300
KINDS = ["topk", "batchtopk", "matryoshka", "standard", "jumprelu", "gated", "panneal", "hybrid", "multi_topk", "groupmax", "switch"]
NAMED = {"gemma-scope", "gemma-scope-2", "llama-scope"}
OURS_ALONE = {"switch", "groupmax", "topk_transcoder", "topk_skip_transcoder"}


class Checks:
    def __init__(self, cli):
        self.cli = shlex.split(cli)
        self.failed = 0
        self.done = 0

    def run(self, *words):
        return subprocess.run([*self.cli, *map(str, words)], capture_output=True, text=True)

    def must(self, *words):
        result = self.run(*words)
        if result.returncode != 0:
            sys.exit(f"{' '.join(map(str, words))}: {result.stderr}")

    def say(self, agree, name, format, words):
        self.done += 1
        self.failed += not agree
        print(f"{'ok    ' if agree else 'DIFFER'} {name}, {format}: {words}", flush=True)

    def written(self, name, sae, activations, folder):
        """In every format."""
        codes = folder / "codes.safetensors"
        fast = ["--codes", "fast"] if name == "hybrid" else []
        self.must("sae", "encode", "--sae", sae, "--activations", activations, "--out", codes, *fast)
        place = "transcoder" if self.transcodes(sae) else "autoencoder"
        for format in FORMATS:
            out = folder / place / format
            out.parent.mkdir(exist_ok=True)
            source = folder / "named" if format in NAMED else sae
            converted = self.run("sae", "convert", "--sae", source, "--format", format, "--out", out)
            if format == "saelens":
                self.name(out, folder / "named")
            if converted.returncode != 0:
                refused = f"format {format}: the autoencoder is" in converted.stderr
                self.say(refused, name, format, "refused" if refused else converted.stderr.strip())
            elif format == "saelens" and self.is_ours_alone(out):
                self.say(self.is_refused(out), name, format, "of our own, which the library refuses")
            else:
                self.say(*self.compared(name, format, out, activations, codes))

    def transcodes(self, sae):
        result = self.run("sae", "info", sae, "--json")
        return "d_out" in json.loads(result.stdout)["sae"]

    @staticmethod
    def name(sae, named):
        """Some formats name the model and the hook point."""
        shutil.copytree(sae, named)
        config = json.loads((named / "cfg.json").read_text())
        config["metadata"] |= {"model_name": "gemma-v3-270m", "hook_name": "blocks.3.hook_resid_post"}
        (named / "cfg.json").write_text(json.dumps(config))

    @staticmethod
    def is_ours_alone(folder):
        return json.loads((folder / "cfg.json").read_text())["architecture"] in OURS_ALONE

    @staticmethod
    def is_refused(folder):
        try:
            FORMATS["saelens"](folder, torch.zeros(1, 1))
            return False
        except Exception:
            return True

    @staticmethod
    def compared(name, format, out, activations, codes):
        try:
            agree, words = compare(format, out, activations, codes)
            return agree, name, format, words
        except Exception as problem:
            return False, name, format, repr(problem)

    def trained(self, kind, activations, folder):
        sae = folder / "sae"
        self.must(
            "train", "--kind", kind, "--d-sae", D_SAE, "--k", K, "--activations", activations, "--tokens", 6000, "--out", sae
        )
        self.written(kind, sae, activations, folder)

    def golden(self, expected, folder):
        name = expected.parent.relative_to(GOLDEN / "saes")
        files = [f for f in expected.parent.iterdir() if f.suffix in (".pth", ".pt") or f.name.startswith("layer_")]
        sae = files[0] if len(files) == 1 and files[0].name != "ae.pt" else expected.parent
        activations = folder / "x.safetensors"
        save_file({"activations": load_file(expected)["x"]}, activations)
        self.written(str(name), sae, activations, folder)

    def cross_layer(self, expected, folder):
        from circuit_tracer.transcoder.cross_layer_transcoder import load_clt

        name = str(expected.parent.relative_to(GOLDEN / "clts"))
        out = folder / "clt"
        converted = self.run("sae", "convert", "--sae", expected.parent, "--format", "circuit-tracer", "--out", out)
        if converted.returncode != 0:
            refused = "has skip connections" in converted.stderr
            self.say(refused, name, "circuit-tracer", "refused" if refused else converted.stderr.strip())
            return
        loaded = load_clt(str(out), device=torch.device("cpu"), dtype=torch.float32, lazy_decoder=False)
        theirs = load_file(expected)
        with torch.no_grad():
            features = loaded.encode(theirs["x"])
            made = loaded.decode(features)
        error = max((features - theirs["features"]).abs().max(), (made - theirs["reconstruction"]).abs().max())
        self.say(bool(error < TOLERANCE), name, "circuit-tracer", f"largest difference {error:.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cli", default=str(ROOT / "mechinterp"))
    parser.add_argument("--only", default="", help="a part of the names to check")
    arguments = parser.parse_args()
    checks = Checks(arguments.cli)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as scratch:
        activations = Path(scratch) / "activations.safetensors"
        features = torch.nn.functional.normalize(torch.randn(40, D_IN), dim=1)
        active = (torch.rand(TOKENS, 40) < 0.1) * torch.rand(TOKENS, 40)
        save_file({"activations": active @ features * 3 + 0.1 * torch.randn(TOKENS, D_IN) + 0.2}, activations)
        work = [(kind, checks.trained, kind, activations) for kind in KINDS]
        for kind, method in (("saes", checks.golden), ("clts", checks.cross_layer)):
            for expected in sorted((GOLDEN / kind).rglob("expected.safetensors")):
                work.append((str(expected.parent.relative_to(GOLDEN)), method, expected))
        for number, (name, method, *rest) in enumerate(work):
            if arguments.only in name:
                folder = Path(scratch) / str(number)
                folder.mkdir()
                method(*rest, folder)
    print(f"{checks.done} checked, {checks.failed} differ")
    return 1 if checks.failed or not checks.done else 0


if __name__ == "__main__":
    sys.exit(main())

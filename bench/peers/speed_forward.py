"""How fast is mechinterp beside transformers, on the same model file, batch and threads?

    $(experiments/src/golden/python/install) bench/peers/speed_forward.py --gguf FILE [--rounds 7] [--threads 2]

Both programs load FILE (for example SmolLM2-135M, see check_model.py), take 8 sequences of 256 random ids (2 where
gradients are computed) and work in float32. They are measured in turns, round by round, each idle while the other
works: threads of OpenMP that go on spinning would take a core from whoever is measured next, so they are told not to.

    trunk       embedding to the final norm
    logits      the same, and the logits of every token
    gradients   logits, cross-entropy of the next token, and backward to the embeddings; no gradients of weights
    training    the same with gradients of all weights

Printed are the medians over the rounds after the first two, and the median of the ratios of neighbouring rounds.
A machine that does something else meanwhile gives figures that mean nothing.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import time

os.environ["OMP_WAIT_POLICY"] = "passive"
os.environ["GOMP_SPINCOUNT"] = "0"
os.environ["KMP_BLOCKTIME"] = "0"

import torch  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402
from transformers.utils import logging  # noqa: E402

LAUNCHER = pathlib.Path(__file__).resolve().parents[2] / "mechinterp"
PHASES = ["trunk", "logits", "gradients", "training"]
LENGTH, SEQUENCES, GRADIENT_SEQUENCES = 256, 8, 2
WARM_UP = 2


class Transformers:
    def __init__(self, file, threads):
        torch.set_num_threads(threads)
        self.model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
        self.model.eval()
        ids = torch.Generator().manual_seed(1)
        self.ids = torch.randint(self.model.config.vocab_size, (SEQUENCES, LENGTH), generator=ids)

    def round(self, phase):
        """Returns tokens per second."""
        self.model.requires_grad_(phase == "training")
        start = time.perf_counter()
        tokens = getattr(self, phase)()
        return tokens / (time.perf_counter() - start)

    @torch.inference_mode()
    def trunk(self):
        self.model.base_model(self.ids, use_cache=False)
        return self.ids.numel()

    @torch.inference_mode()
    def logits(self):
        self.model(self.ids, use_cache=False)
        return self.ids.numel()

    def gradients(self):
        ids = self.ids[:GRADIENT_SEQUENCES]
        embedded = self.model.get_input_embeddings()(ids).detach().requires_grad_(True)
        self.loss(self.model(inputs_embeds=embedded, use_cache=False).logits, ids).backward()
        return ids.numel()

    def training(self):
        ids = self.ids[:GRADIENT_SEQUENCES]
        self.model.zero_grad()
        self.loss(self.model(ids, use_cache=False).logits, ids).backward()
        return ids.numel()

    @staticmethod
    def loss(logits, ids):
        return torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())


class Mechinterp:
    def __init__(self, file, threads):
        sizes = ["--sequences", SEQUENCES, "--gradient-sequences", GRADIENT_SEQUENCES, "--tokens", LENGTH]
        subprocess.run([LAUNCHER, "--version"], check=True, stdout=subprocess.DEVNULL)  # builds it first
        command = [LAUNCHER, "bench", "forward", "--model", file, *sizes, "--threads", threads, "--on-demand"]
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def round(self, phase):
        """Returns tokens per second."""
        self.process.stdin.write(phase + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("mechinterp ended; what it said is above")
        return json.loads(answer)["tokens_per_second"]

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--gguf", type=pathlib.Path, required=True)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--phases", default=",".join(PHASES))
    given = arguments.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    file = given.gguf.resolve()
    theirs, ours = Transformers(file, given.threads), Mechinterp(file, given.threads)
    print(f"torch {torch.__version__}, {given.threads} threads, medians of {given.rounds} rounds, tokens/s")
    for phase in given.phases.split(","):
        rounds = [(theirs.round(phase), ours.round(phase)) for _ in range(WARM_UP + given.rounds)][WARM_UP:]
        medians = [statistics.median(rates) for rates in zip(*rounds, strict=True)]
        ratio = statistics.median(our / their for their, our in rounds)
        print(f"{phase:10} transformers {medians[0]:7.0f}  mechinterp {medians[1]:7.0f}  ratio {ratio:.2f}", flush=True)
    ours.end()


main()

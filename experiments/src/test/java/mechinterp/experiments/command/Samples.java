package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import mechinterp.activation.ActivationIdentity;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.Normalization;
import mechinterp.activation.Site;
import mechinterp.activation.TokenOrigins;
import mechinterp.experiments.Execution;
import mechinterp.io.SafetensorsWriter;
import mechinterp.random.RandomStream;

/** Small inputs for commands. */
final class Samples {
  static final int D_IN = 6;
  static final int TOKENS = 300;

  private Samples() {}

  /** Normal numbers around a mean that is not 0. */
  static float[] activations() {
    float[] values = new float[TOKENS * D_IN];
    RandomStream.of(3, "activations").fillGaussian(values, 0, 1);
    for (int i = 0; i < values.length; i++) {
      values[i] += i % D_IN;
    }
    return values;
  }

  static Path activationsFile(Path folder) throws IOException {
    Path file = folder.resolve("activations.safetensors");
    new SafetensorsWriter().floats("activations", activations(), TOKENS, D_IN).write(file);
    return file;
  }

  static Path store(Path folder, String name, String hook) throws IOException {
    return store(folder, name, new Site(hook, D_IN, Normalization.NONE));
  }

  /** A store of one or more hook points that {@link #D_IN} columns are shared out to. */
  static Path store(Path folder, String name, Site... sites) throws IOException {
    String hooks = Arrays.stream(sites).map(Site::hook).collect(Collectors.joining(" + "));
    int[] tokenIds = new int[TOKENS];
    int[] documents = new int[TOKENS];
    int[] positions = new int[TOKENS];
    for (int t = 0; t < TOKENS; t++) {
      tokenIds[t] = t % 17;
      documents[t] = t / 10;
      positions[t] = t % 10;
    }
    Path target = folder.resolve(name);
    ActivationStore.inMemory(
            List.of(sites),
            activations(),
            new TokenOrigins(tokenIds, documents, positions),
            new ActivationIdentity("tiny sha256:0", hooks, "letters", "text"))
        .save(target);
    return target;
  }

  /** Trains for a few steps on a store or file. */
  static Path sae(Path folder, String source, Path data) {
    Path sae = folder.resolve("sae");
    train(source, data, sae).assertDone();
    return sae;
  }

  static Execution train(String source, Path data, Path out, String... more) {
    String[] arguments = {
      "train",
      source,
      data.toString(),
      "--out",
      out.toString(),
      "--kind",
      "topk",
      "--d-sae",
      "16",
      "--k",
      "3",
      "--tokens",
      "640",
      "--batch",
      "64",
      "--lr",
      "0.01"
    };
    return Execution.of(concat(arguments, more));
  }

  static String[] concat(String[] first, String... second) {
    String[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }
}

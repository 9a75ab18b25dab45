package mechinterp.analysis;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.DType;
import mechinterp.io.FormatException;
import mechinterp.io.Refusal;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.archive.TorchWriter;
import mechinterp.model.Activations;
import mechinterp.model.HookPoint;
import mechinterp.model.Models;
import mechinterp.model.TinyModels;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import mechinterp.nn.Parameter;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class TunedLensTest {
  private static final int[] TEXT = {6, 12, 5, 9, 1};

  @TempDir private Path parent = Path.of("");
  private final Device device = CpuDevice.scalar();

  /** Sequences of a simple language: each token is the one before plus 1 or 3. */
  private static List<int[]> text(int sequences, String name) {
    List<int[]> text = new ArrayList<>();
    for (int s = 0; s < sequences; s++) {
      RandomStream random = RandomStream.of(s, name);
      int[] ids = new int[5 + random.below(0, 6)];
      ids[0] = random.below(1, 15);
      for (int t = 1; t < ids.length; t++) {
        ids[t] = (ids[t - 1] + 1 + 2 * random.below(t + 1, 2)) % 15;
      }
      text.add(ids);
    }
    return text;
  }

  private static void fill(TunedLens lens, double size) {
    for (Parameter parameter : lens.parameters()) {
      float[] values = new float[(int) parameter.value().size()];
      RandomStream.of(3, parameter.name()).fillGaussian(values, 0, size);
      lens.model().device().upload(parameter.value(), values, 0);
    }
    lens.refresh();
  }

  /** What the model itself makes of a residual stream in place of its last one. */
  private FloatMatrix logits(Transformer model, TokenBatch batch, FloatMatrix stream) {
    HookPoint last = HookPoint.residPost(model.config().nLayers() - 1);
    return model.logits(
        model
            .run(batch, Set.of(), Map.of(last, (x, _) -> device.kernels().copy(x, stream)))
            .output());
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#causal")
  void theIdentityIsTheLogitLensBitForBit(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    TunedLens lens = TunedLens.identity(model);
    TokenBatch batch = TokenBatch.ofIds(List.of(TEXT));
    Activations run = model.run(batch, lens.hooks(), Map.of());

    assertEquals(config.nLayers(), lens.hooks().size());
    assertEquals(LogitLens.of(model, TEXT, 3), LogitLens.of(lens, TEXT, 3));
    for (HookPoint hook : lens.hooks()) {
      FloatMatrix translated = device.floats(TEXT.length, config.dModel());
      lens.translate(translated, hook, run.at(hook));
      assertArrayEquals(
          device.toHost(logits(model, batch, run.at(hook))),
          device.toHost(model.logits(FinalNorm.apply(model, translated))),
          hook.toString());
    }
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#causal")
  void gradientsAreDifferences(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    TunedLens lens = TunedLens.identity(model);
    fill(lens, 0.1);
    LensLoss loss = new LensLoss(model);
    Activations run = model.run(TokenBatch.ofIds(List.of(TEXT)), lens.hooks(), Map.of());
    assertEquals(loss.sums(lens, run), loss.addGradients(lens, run));
    List<HookPoint> hooks = List.copyOf(lens.hooks());
    for (int p = 0; p < lens.parameters().size(); p++) {
      Parameter parameter = lens.parameters().get(p);
      HookPoint hook = hooks.get(p / 2);
      float[] values = device.toHost(parameter.value());
      float[] gradients = device.toHost(parameter.gradient());
      for (int i = 0; i < values.length; i += Math.max(1, values.length / 5)) {
        float step = 1e-2f;
        double rise =
            moved(lens, parameter, values, i, step, loss, run, hook)
                - moved(lens, parameter, values, i, -step, loss, run, hook);
        double difference = rise / (2 * step * TEXT.length);
        assertEquals(difference, gradients[i], 2e-3, parameter.name() + " " + i);
      }
    }
  }

  /** The model's logits are made for 256 tokens at a time, of all hook points. */
  @Test
  void aLongBatchIsTheSumOfItsSequences() {
    Transformer model = TinyModels.frozen(TinyModels.LLAMA, device);
    TunedLens lens = TunedLens.identity(model);
    fill(lens, 0.1);
    LensLoss loss = new LensLoss(model);
    List<int[]> sequences = text(90, "long");
    TokenBatch together = TokenBatch.ofIds(sequences);
    assertTrue(together.tokens() > 2 * 256, together.tokens() + " tokens");
    SequencedMap<HookPoint, Double> sums =
        loss.addGradients(lens, model.run(together, lens.hooks(), Map.of()));
    float[] gradient = device.toHost(lens.parameters().getFirst().gradient());
    lens.parameters().forEach(each -> device.kernels().fill(each.gradient(), 0));

    double[] expected = new double[gradient.length];
    SequencedMap<HookPoint, Double> single = new LinkedHashMap<>();
    for (int[] ids : sequences) {
      Activations run = model.run(TokenBatch.ofIds(List.of(ids)), lens.hooks(), Map.of());
      loss.addGradients(lens, run).forEach((hook, sum) -> single.merge(hook, sum, Double::sum));
      float[] own = device.toHost(lens.parameters().getFirst().gradient());
      for (int i = 0; i < own.length; i++) {
        expected[i] += (double) own[i] * ids.length / together.tokens();
      }
      lens.parameters().forEach(each -> device.kernels().fill(each.gradient(), 0));
    }
    single.forEach((hook, sum) ->
        assertEquals(sum, sums.getOrDefault(hook, 0.0), 1e-4 * sum, hook.toString()));
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], gradient[i], 1e-5, "gradient " + i);
    }
  }

  private static double moved(
      TunedLens lens,
      Parameter parameter,
      float[] values,
      int i,
      float step,
      LensLoss loss,
      Activations run,
      HookPoint hook) {
    Device device = lens.model().device();
    float[] changed = values.clone();
    changed[i] += step;
    device.upload(parameter.value(), changed, 0);
    lens.refresh();
    double sum = loss.sums(lens, run).getOrDefault(hook, Double.NaN);
    device.upload(parameter.value(), values, 0);
    lens.refresh();
    return sum;
  }

  @Test
  void trainingBringsItNearerToTheModelOnTextThatItHasNotSeen() {
    try (Device fast = CpuDevice.vector(2)) {
      Transformer model = TinyModels.frozen(TinyModels.LLAMA, fast);
      TunedLensConfig config =
          TunedLensConfig.defaults().withSteps(150).withBatchTokens(300).withLearningRate(0.02);
      List<Double> heard = new ArrayList<>();
      TunedLens lens =
          new TunedLensTrainer(model, config, text(120, "train"))
              .train((_, divergence) -> heard.add(divergence));
      List<int[]> heldOut = text(40, "held out");
      SequencedMap<HookPoint, Double> plain =
          TunedLensTrainer.divergences(TunedLens.identity(model), heldOut);
      SequencedMap<HookPoint, Double> tuned = TunedLensTrainer.divergences(lens, heldOut);

      assertEquals(150, heard.size());
      assertEquals(heard.getFirst(), mean(plain), 0.3 * mean(plain));
      plain.forEach((hook, divergence) ->
          assertTrue(tuned.getOrDefault(hook, 9.0) < 0.6 * divergence, hook + " " + plain + tuned));
    }
  }

  private static double mean(SequencedMap<HookPoint, Double> divergences) {
    return divergences.values().stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }

  @Test
  void threadsDoNotChangeABit() {
    TunedLensConfig config = TunedLensConfig.defaults().withSteps(4).withBatchTokens(30);
    try (Device one = CpuDevice.vector(1);
        Device three = CpuDevice.vector(3)) {
      TunedLens first = trained(TinyModels.frozen(TinyModels.GPT2, one), config);
      TunedLens other = trained(TinyModels.frozen(TinyModels.GPT2, three), config);
      for (int p = 0; p < first.parameters().size(); p++) {
        assertArrayEquals(
            one.toHost(first.parameters().get(p).value()),
            three.toHost(other.parameters().get(p).value()));
      }
    }
  }

  private static TunedLens trained(Transformer model, TunedLensConfig config) {
    return new TunedLensTrainer(model, config, text(9, "train")).train((_, _) -> {});
  }

  @Test
  void aSavedLensComesBackAndIsTransposedInTheFile() throws IOException {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    TunedLens lens = TunedLens.identity(model);
    fill(lens, 1);
    Path folder = parent.resolve("lens");
    TunedLensFiles.write(lens, folder);
    assertSame(lens, TunedLensFiles.read(folder, model));
    try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("params.safetensors"))) {
      float[] inFile = file.floats("1.weight");
      float[] here = device.toHost(lens.parameters().get(2).value());
      assertEquals(here[3], inFile[3 * 10]);
      assertEquals(List.of(10L, 10L), file.info("1.weight").shape());
    }
  }

  /** The library writes its parameters by torch.save. */
  @Test
  void theLibrarysPickleIsRead() throws IOException {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    TunedLens lens = TunedLens.identity(model);
    fill(lens, 1);
    Path own = parent.resolve("own");
    TunedLensFiles.write(lens, own);
    Path library = Files.createDirectory(parent.resolve("library"));
    Files.writeString(
        library.resolve("config.json"),
        """
        {"base_model_name_or_path": "tiny", "d_model": 10, "num_hidden_layers": 2, "bias": true,
         "base_model_revision": null, "unembed_hash": "1f", "lens_type": "linear_tuned_lens"}
        """);
    try (SafetensorsFile file = SafetensorsFile.open(own.resolve("params.safetensors"))) {
      TorchWriter writer = new TorchWriter();
      for (String name : file.tensors()) {
        float[] values = file.floats(name);
        long[] shape = file.info(name).shape().stream().mapToLong(Long::longValue).toArray();
        writer.tensor(name, DType.F32, sink -> sink.floats(values, 0, values.length), shape);
      }
      writer.write(library.resolve("params.pt"));
    }

    assertSame(lens, TunedLensFiles.read(library, model));
  }

  /** A lens that tuned-lens 0.2.0 saved itself ({@code bench/peers/tuned_lens_golden.py}). */
  @Test
  void theLibrarysOwnFolderGivesItsLogits() throws IOException, URISyntaxException {
    Path golden = Path.of(Objects.requireNonNull(getClass().getResource("/golden")).toURI());
    Transformer model = Models.load(golden.resolve("models/llama-tied").toString(), device);
    TunedLens lens = TunedLensFiles.read(golden.resolve("tuned-lens"), model);
    try (SafetensorsFile file =
        SafetensorsFile.open(golden.resolve("tuned-lens/expected.safetensors"))) {
      int[] ids = file.ints("ids");
      Activations run = model.run(TokenBatch.ofIds(List.of(ids)), lens.hooks(), Map.of());
      int n = 0;
      for (HookPoint hook : lens.hooks()) {
        FloatMatrix translated = device.floats(ids.length, model.config().dModel());
        lens.translate(translated, hook, run.at(hook));
        assertLogits(file.floats("logits." + n), model, translated);
        assertLogits(file.floats("plain." + n), model, run.at(hook));
        n++;
      }
      assertEquals(2, n);
    }
  }

  private void assertLogits(float[] expected, Transformer model, FloatMatrix stream) {
    FloatMatrix logits = model.logits(FinalNorm.apply(model, stream));
    assertArrayEquals(expected, device.toHost(logits), 1e-5f);
  }

  private void assertSame(TunedLens expected, TunedLens found) {
    for (int p = 0; p < expected.parameters().size(); p++) {
      assertArrayEquals(
          device.toHost(expected.parameters().get(p).value()),
          device.toHost(found.parameters().get(p).value()));
    }
    assertEquals(LogitLens.of(expected, TEXT, 3), LogitLens.of(found, TEXT, 3));
  }

  @Test
  void whatCannotBeIsRefused() throws IOException {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    Path folder = parent.resolve("lens");
    TunedLensFiles.write(TunedLens.identity(model), folder);
    Transformer other = TinyModels.frozen(TinyModels.LLAMA, device);
    String refused =
        Refusal.of(IllegalArgumentException.class, () -> TunedLensFiles.read(folder, other));
    assertTrue(refused.contains("is of \"" + model.identity() + "\""), refused);
    Path config = folder.resolve("config.json");
    String json = Files.readString(config);
    Files.writeString(config, json.replaceAll(",\\s*\"model_identity\"[^}]*", ""));
    assertTrue(
        Refusal.of(IllegalArgumentException.class, () -> TunedLensFiles.read(folder, other))
            .contains("is of 2 layers and d_model 10; llama has 2 and 9"));
    Files.writeString(config, json.replace("linear_tuned_lens", "other"));
    assertThrows(FormatException.class, () -> TunedLensFiles.read(folder, model));
    assertEquals(
        "tuned lens: there is no text; there must be one sequence at least",
        Refusal.of(
            IllegalArgumentException.class,
            () -> new TunedLensTrainer(model, TunedLensConfig.defaults(), List.of())));
    assertThrows(
        IllegalArgumentException.class,
        () -> TunedLens.identity(TinyModels.frozen(TinyModels.BERT, device)));
    assertEquals(
        "learning_rate: is 0.0; it must be positive and finite",
        Refusal.of(
            IllegalArgumentException.class, () -> TunedLensConfig.defaults().withLearningRate(0)));
    assertEquals(
        "steps: is 0; it must be at least 1",
        Refusal.of(IllegalArgumentException.class, () -> TunedLensConfig.defaults().withSteps(0)));
  }
}

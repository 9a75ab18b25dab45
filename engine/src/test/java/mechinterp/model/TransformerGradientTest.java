package mechinterp.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.nn.CrossEntropy;
import mechinterp.nn.Parameter;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gradients of every recipe against differences of {@link NaiveTransformer}. The loss is the sum of
 * the output times random numbers; a difference is taken along a random direction, so one number
 * checks a whole matrix.
 */
final class TransformerGradientTest {
  private static final double STEP = 1e-5;
  private static final double TOLERANCE = 1e-4;
  private static final List<int[]> SEQUENCES =
      List.of(new int[] {2, 12, 5, 7, 3}, new int[] {4}, new int[] {8, 8, 15});

  private final Device device = CpuDevice.scalar();
  private final TokenBatch batch = TokenBatch.ofIds(SEQUENCES);

  private static float[] random(String name, long size) {
    float[] numbers = new float[Math.toIntExact(size)];
    RandomStream.of(7, name).fillGaussian(numbers, 0, 1);
    return numbers;
  }

  private FloatMatrix random(String name, FloatMatrix like) {
    return device.matrix(like.rows(), like.cols(), random(name, like.size()));
  }

  private FloatMatrix dOutput(GradientRun run) {
    return random("loss", run.output());
  }

  /** A multiple of a random direction, added at a hook point. */
  private final class Move {
    private final HookPoint point;
    private final float[] direction;
    private final int cols;

    Move(HookPoint point, FloatMatrix like) {
      this.point = point;
      this.cols = like.cols();
      this.direction = random(point.toString(), like.size());
    }

    Edit edit(float factor) {
      FloatMatrix matrix = device.matrix(direction.length / cols, cols, direction);
      return (x, _) -> device.kernels().addScaled(x, matrix, factor);
    }

    /** Rows of patterns and scores are shorter here: they have a column for each key only. */
    NaiveTransformer.Editor editor(double factor, int sequence, int heads) {
      return (hook, x) -> {
        boolean perKey = hook.endsWith("hook_pattern") || hook.endsWith("hook_attn_scores");
        int groups = perKey ? heads : 1;
        int width = hook.equals(point.toString()) ? x[0].length / groups : 0;
        for (int i = 0; i < x.length; i++) {
          for (int j = 0; j < width * groups; j++) {
            int col = j / width * (cols / groups) + j % width;
            x[i][j] += factor * direction[(batch.start(sequence) + i) * cols + col];
          }
        }
      };
    }
  }

  /** What is added at a hook point by which editor, for each sequence. */
  private interface Editors {
    NaiveTransformer.Editor of(int sequence);
  }

  private double loss(TransformerConfig config, NaiveTransformer.Numbers weights, Editors editors) {
    float[] factors = random("loss", (long) batch.tokens() * config.dModel());
    double loss = 0;
    int next = 0;
    for (int s = 0; s < batch.sequences(); s++) {
      Map<String, double[][]> found =
          NaiveTransformer.run(config, weights, SEQUENCES.get(s), editors.of(s));
      for (double[] row : found.getOrDefault("output", new double[0][])) {
        for (double value : row) {
          loss += factors[next++] * value;
        }
      }
    }
    return loss;
  }

  private static NaiveTransformer.Numbers numbers(TransformerConfig config) {
    return NaiveTransformer.Numbers.of(new RandomWeights(config, 1));
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  private static void assertClose(String name, double difference, double gradient, double size) {
    assertTrue(
        Math.abs(difference - gradient) <= TOLERANCE * Math.max(1, size),
        () -> name + ": difference " + difference + ", gradient " + gradient);
  }

  private static double norm(float[] a) {
    return Math.sqrt(dot(a, a));
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void gradientsOfParametersAreDifferences(TransformerConfig config) {
    Transformer model = TinyModels.trainable(config, device);
    try (GradientRun run = model.runForGradients(batch)) {
      run.backward(dOutput(run));
    }
    for (Parameter parameter : model.parameters()) {
      assertDifference(config, parameter, _ -> (_, _) -> {}, parameter.name());
    }
  }

  private void assertDifference(
      TransformerConfig config, Parameter parameter, Editors editors, String name) {
    float[] direction = random(parameter.name(), parameter.value().size());
    NaiveTransformer.Numbers weights = numbers(config);
    double above = loss(config, weights.moved(parameter.name(), direction, STEP), editors);
    double below = loss(config, weights.moved(parameter.name(), direction, -STEP), editors);
    float[] gradient = device.toHost(parameter.gradient());

    assertClose(name, (above - below) / (2 * STEP), dot(gradient, direction), norm(gradient));
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#causal")
  void gradientsOfTheNextTokensLossAreDifferences(TransformerConfig config) {
    Transformer model = TinyModels.trainable(config, device);
    IntMatrix targets = device.matrix(1, batch.tokens(), nextTokens());
    FloatMatrix ones = device.floats(batch.tokens(), 1);
    device.kernels().fill(ones, 1);
    CrossEntropy crossEntropy = new CrossEntropy(device, model.unembed(), 4);
    try (GradientRun run = model.runForGradients(batch)) {
      FloatMatrix dHidden = device.floats(batch.tokens(), config.dModel());
      FloatMatrix losses = device.floats(batch.tokens(), 1);
      crossEntropy.backward(dHidden, losses, run.output(), targets, ones);
      run.backward(dHidden);
    }
    for (Parameter parameter : model.parameters()) {
      float[] direction = random(parameter.name(), parameter.value().size());
      double above = nextTokenLoss(config, parameter.name(), direction, STEP);
      double below = nextTokenLoss(config, parameter.name(), direction, -STEP);
      float[] gradient = device.toHost(parameter.gradient());

      assertClose(
          parameter.name(), (above - below) / (2 * STEP), dot(gradient, direction), norm(gradient));
    }
  }

  /** Returns the token that follows each; none follows the last of a sequence. */
  private int[] nextTokens() {
    int[] next = new int[batch.tokens()];
    for (int s = 0; s < batch.sequences(); s++) {
      for (int t = batch.start(s); t < batch.end(s); t++) {
        next[t] = t + 1 < batch.end(s) ? batch.id(t + 1) : -1;
      }
    }
    return next;
  }

  private static double nextTokenLoss(
      TransformerConfig config, String weight, float[] direction, double step) {
    double loss = 0;
    for (int[] ids : SEQUENCES) {
      double[][] logits =
          NaiveTransformer.run(
                  config, numbers(config).moved(weight, direction, step), ids, (_, _) -> {})
              .getOrDefault("logits", new double[0][]);
      for (int t = 0; t + 1 < ids.length; t++) {
        double total = 0;
        for (double logit : logits[t]) {
          total += Math.exp(logit);
        }
        loss += Math.log(total) - logits[t][ids[t + 1]];
      }
    }
    return loss;
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void gradientsAtHooksAreDifferences(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    Set<HookPoint> everywhere = Set.copyOf(model.hookPoints());
    try (GradientRun run = model.runForGradients(batch)) {
      Activations gradients = run.backward(dOutput(run), everywhere, Map.of());
      for (HookPoint point : model.hookPoints()) {
        assertDifference(config, point, gradients.at(point));
      }
    }
  }

  private void assertDifference(TransformerConfig config, HookPoint point, FloatMatrix gradient) {
    Move move = new Move(point, gradient);
    int heads = config.nHeads();
    double above = loss(config, numbers(config), s -> move.editor(STEP, s, heads));
    double below = loss(config, numbers(config), s -> move.editor(-STEP, s, heads));
    float[] found = device.toHost(gradient);

    assertClose(
        point.toString(), (above - below) / (2 * STEP), dot(found, move.direction), norm(found));
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void theForwardPassHasTheBitsOfAPlainRun(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    Set<HookPoint> everywhere = Set.copyOf(model.hookPoints());
    Activations plain = model.run(batch, everywhere, Map.of());
    try (GradientRun run = model.runForGradients(batch, everywhere, Map.of())) {
      assertArrayEquals(device.toHost(plain.output()), device.toHost(run.output()));
      for (HookPoint point : model.hookPoints()) {
        assertArrayEquals(
            device.toHost(plain.at(point)), device.toHost(run.at(point)), point.toString());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void aModelThatCannotBeTrainedHasTheSameGradients(TransformerConfig config) {
    Transformer frozen = TinyModels.frozen(config, device);
    Transformer trainable = TinyModels.trainable(config, device);
    Set<HookPoint> everywhere = Set.copyOf(frozen.hookPoints());
    try (GradientRun run = frozen.runForGradients(batch);
        GradientRun other = trainable.runForGradients(batch)) {
      Activations expected = other.backward(dOutput(run), everywhere, Map.of());
      Activations found = run.backward(dOutput(run), everywhere, Map.of());
      for (HookPoint point : everywhere) {
        assertArrayEquals(
            device.toHost(expected.at(point)), device.toHost(found.at(point)), point.toString());
      }
    }
    assertEquals(List.of(), frozen.parameters());
    assertEquals(
        List.copyOf(WeightNames.shapes(config).keySet()),
        trainable.parameters().stream().map(Parameter::name).toList());
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void aRunCanGoBackTwice(TransformerConfig config) {
    Transformer model = TinyModels.trainable(config, device);
    Set<HookPoint> everywhere = Set.copyOf(model.hookPoints());
    try (GradientRun run = model.runForGradients(batch)) {
      Activations first = run.backward(dOutput(run), everywhere, Map.of());
      List<float[]> once = gradients(model);
      Activations second = run.backward(dOutput(run), everywhere, Map.of());

      for (HookPoint point : everywhere) {
        assertArrayEquals(
            device.toHost(first.at(point)), device.toHost(second.at(point)), point.toString());
      }
      for (int i = 0; i < once.size(); i++) {
        float[] twice = gradients(model).get(i);
        float[] expected = once.get(i).clone();
        for (int j = 0; j < expected.length; j++) {
          expected[j] *= 2;
        }
        assertArrayEquals(expected, twice, 1e-4f, model.parameters().get(i).name());
      }
    }
  }

  private List<float[]> gradients(Transformer model) {
    return model.parameters().stream()
        .map(parameter -> device.toHost(parameter.gradient()))
        .toList();
  }

  /** An edit counts as a constant that is added, for weights before it and behind it. */
  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void gradientsOfAnEditedRunAreDifferencesToo(TransformerConfig config) {
    Transformer model = TinyModels.trainable(config, device);
    for (HookPoint point : model.hookPoints()) {
      Move move = new Move(point, model.run(batch, Set.of(point), Map.of()).at(point));
      zeroGradients(model);
      try (GradientRun run =
          model.runForGradients(batch, Set.of(), Map.of(point, move.edit(0.03f)))) {
        run.backward(dOutput(run));
      }
      for (Parameter parameter : model.parameters()) {
        if (parameter.name().startsWith("blocks.0") || parameter.name().startsWith("embed")) {
          assertDifference(
              config,
              parameter,
              s -> move.editor(0.03f, s, config.nHeads()),
              parameter.name() + " with an edit of " + point);
        }
      }
    }
  }

  private void zeroGradients(Transformer model) {
    model.parameters().forEach(parameter -> device.kernels().fill(parameter.gradient(), 0));
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void aGradientSetToZeroReachesNothingBefore(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    HookPoint cut = HookPoint.residPre(model.config().nLayers() - 1);
    Edit zero = (gradient, _) -> device.kernels().fill(gradient, 0);
    HookPoint first = model.hookPoints().getFirst();
    try (GradientRun run = model.runForGradients(batch)) {
      Activations found = run.backward(dOutput(run), Set.of(cut, first), Map.of(cut, zero));

      assertTrue(isZero(found.at(cut)));
      assertTrue(isZero(found.at(first)));
      assertFalse(isZero(run.backward(dOutput(run), Set.of(first), Map.of()).at(first)));
    }
  }

  private boolean isZero(FloatMatrix matrix) {
    float[] values = device.toHost(matrix);
    return Arrays.equals(values, new float[values.length]);
  }

  /**
   * Scaling the gradient at a hook scales what arrives at a weight that only that hook leads to.
   */
  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void aGradientEditChangesWhatComesBefore(TransformerConfig config) {
    Transformer model = TinyModels.trainable(config, device);
    assertScales(model, "blocks.0.attn.hook_pattern", "blocks.0.attn.W_Q");
    assertScales(model, "blocks.0.attn.hook_attn_scores", "blocks.0.attn.W_K");
    assertScales(model, "blocks.0.attn.hook_result", "blocks.0.attn.W_O");
    assertScales(model, "blocks.0.attn.hook_z", "blocks.0.attn.W_V");
    assertScales(model, "blocks.0.attn.hook_q", "blocks.0.attn.W_Q");
    assertScales(model, "blocks.0.mlp.hook_post", "blocks.0.mlp.W_in");
    assertScales(model, "blocks.0.mlp.hook_pre", "blocks.0.mlp.W_" + firstWeight(config));
    assertScales(model, "blocks.0.hook_mlp_out", "blocks.0.mlp.W_out");
    assertScales(model, "blocks.0.hook_attn_out", "blocks.0.attn.W_O");
  }

  private static String firstWeight(TransformerConfig config) {
    return config.mlp().gated() ? "gate" : "in";
  }

  private void assertScales(Transformer model, String hook, String weight) {
    Edit triple = (gradient, _) -> device.kernels().scale(gradient, gradient, 3);
    float[] plain = gradient(model, weight, Map.of());
    float[] edited = gradient(model, weight, Map.of(HookPoint.parse(hook), triple));
    for (int i = 0; i < plain.length; i++) {
      plain[i] *= 3;
    }
    assertArrayEquals(plain, edited, 2e-4f, hook);
  }

  private float[] gradient(Transformer model, String weight, Map<HookPoint, Edit> edits) {
    zeroGradients(model);
    try (GradientRun run = model.runForGradients(batch)) {
      run.backward(dOutput(run), Set.of(), edits);
    }
    return model.parameters().stream()
        .filter(parameter -> parameter.name().equals(weight))
        .map(parameter -> device.toHost(parameter.gradient()))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#all")
  void gradientsComeInTheReverseOrderAndNoFurtherThanWanted(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    List<HookPoint> reached = new ArrayList<>();
    Map<HookPoint, Edit> edits = new HashMap<>();
    model.hookPoints().forEach(point -> edits.put(point, (x, _) -> reached.add(point)));
    List<HookPoint> expected = new ArrayList<>(model.hookPoints());
    try (GradientRun run = model.runForGradients(batch)) {
      run.backward(dOutput(run), Set.of(model.hookPoints().getFirst()), edits);
      assertEquals(Set.copyOf(expected), Set.copyOf(reached));
      assertEquals(expected.getFirst(), reached.getLast());
      reached.clear();
      HookPoint last = HookPoint.mlpOut(config.nLayers() - 1);
      run.backward(dOutput(run), Set.of(last), edits);
      assertEquals(last, reached.getLast());
    }
  }

  @Test
  void aClosedRunGoesNowhere() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    GradientRun run = model.runForGradients(batch);
    run.close();

    assertEquals(
        "gradient run: it is closed; go back before closing it",
        Refusal.of(IllegalStateException.class, () -> run.backward(dOutput(run))));
  }

  @Test
  void runsForGradientsMayOverlap() {
    Transformer model = TinyModels.frozen(TinyModels.GEMMA2, device);
    HookPoint first = model.hookPoints().getFirst();
    TokenBatch other = TokenBatch.ofIds(List.of(new int[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
    try (GradientRun run = model.runForGradients(batch)) {
      float[] alone = device.toHost(run.backward(dOutput(run), Set.of(first), Map.of()).at(first));
      try (GradientRun second = model.runForGradients(other)) {
        second.backward(dOutput(second));
        model.run(other);

        assertArrayEquals(
            alone, device.toHost(run.backward(dOutput(run), Set.of(first), Map.of()).at(first)));
      }
    }
  }

  @Test
  void memoryForGradientsGrowsWithTheLayers() {
    Transformer frozen = TinyModels.frozen(TinyModels.LLAMA, device);
    Transformer trainable = TinyModels.trainable(TinyModels.LLAMA, device);

    assertTrue(frozen.gradientMemoryPlan(100).total() > 2 * frozen.memoryPlan(100).total());
    assertTrue(trainable.gradientMemoryPlan(100).total() > frozen.gradientMemoryPlan(100).total());
  }
}

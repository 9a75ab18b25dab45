package mechinterp.model.golden;

import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import mechinterp.device.Device;
import mechinterp.model.Activations;
import mechinterp.model.GradientRun;
import mechinterp.model.HookPoint;
import mechinterp.model.LoadOptions;
import mechinterp.model.Models;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.nn.CrossEntropy;
import mechinterp.nn.Parameter;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds every family against Hugging Face transformers: see {@link GoldenModel}. */
@Tag("kernels")
class ParityTest {
  private static final double FORWARD = 1e-5;
  private static final double BACKWARD = 1e-4;

  /**
   * Gradients below this share of the model's largest one may be rounding: b_K's is 0 by nature.
   */
  private static final double ZERO = 1e-2;

  private static final int LOGIT_ROWS = 5;
  private static final String GRADIENT = "gradient.";
  private static final String FINAL = "final";

  static Stream<Arguments> everyModel() {
    return Arrays.stream(Arithmetic.values())
        .flatMap(
            arithmetic -> GoldenModel.all().stream().map(model -> Arguments.of(model, arithmetic)));
  }

  static Stream<Arguments> languageModels() {
    return everyModel().filter(arguments -> !((GoldenModel) arguments.get()[0]).isEncoder());
  }

  /** GGUF files come without the weights' gradients. */
  static Stream<Arguments> trainedModels() {
    return everyModel().filter(arguments -> !((GoldenModel) arguments.get()[0]).isGguf());
  }

  @ParameterizedTest
  @MethodSource("everyModel")
  void residualStreamAndPatternAgree(GoldenModel golden, Arithmetic arithmetic) throws IOException {
    try (Device device = arithmetic.open();
        Reference reference = new Reference(golden)) {
      Transformer model = Models.load(golden.model().toString(), device);
      Set<HookPoint> hooks = hooks(reference, "");
      assertFalse(hooks.isEmpty());

      Activations found = model.run(batch(golden), hooks, Map.of());

      for (HookPoint hook : hooks) {
        reference.assertClose(hook.toString(), found.at(hook), device, FORWARD);
      }
      reference.assertClose(FINAL, found.output(), device, FORWARD);
    }
  }

  @ParameterizedTest
  @MethodSource("languageModels")
  void logitsAgree(GoldenModel golden, Arithmetic arithmetic) throws IOException {
    try (Device device = arithmetic.open();
        Reference reference = new Reference(golden)) {
      Transformer model = Models.load(golden.model().toString(), device);

      FloatMatrix logits = model.logits(model.run(batch(golden)).output());

      reference.assertClose("logits", logits, device, FORWARD);
    }
  }

  @ParameterizedTest
  @MethodSource("everyModel")
  void gradientsOfActivationsAgree(GoldenModel golden, Arithmetic arithmetic) throws IOException {
    try (Device device = arithmetic.open();
        Reference reference = new Reference(golden)) {
      Transformer model = Models.load(golden.model().toString(), device);
      Set<HookPoint> hooks = hooks(reference, GRADIENT);
      assertFalse(hooks.isEmpty());
      try (GradientRun run = model.runForGradients(batch(golden))) {
        FloatMatrix dFinal = gradientOfLoss(golden, reference, model, run.output());

        Activations gradients = run.backward(dFinal, hooks, Map.of());

        reference.assertClose(GRADIENT + FINAL, dFinal, device, BACKWARD);
        for (HookPoint hook : hooks) {
          reference.assertClose(GRADIENT + hook, gradients.at(hook), device, BACKWARD);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("trainedModels")
  void gradientsOfWeightsAgree(GoldenModel golden, Arithmetic arithmetic) throws IOException {
    try (Device device = arithmetic.open();
        Reference reference = new Reference(golden)) {
      Transformer model = Models.load(golden.model().toString(), device, LoadOptions.training());
      Map<String, FloatMatrix> gradients =
          model.parameters().stream().collect(toMap(Parameter::name, Parameter::gradient));
      List<String> weights =
          reference.names(GRADIENT).stream().filter(name -> !isActivation(name)).toList();
      assertFalse(weights.isEmpty());
      double largest = 0;
      for (String weight : weights) {
        largest = Math.max(largest, reference.largest(GRADIENT + weight));
      }
      try (GradientRun run = model.runForGradients(batch(golden))) {
        run.backward(gradientOfLoss(golden, reference, model, run.output()));
      }
      for (String weight : weights) {
        FloatMatrix gradient = gradients.get(weight);
        assertFalse(gradient == null, () -> golden + ": no parameter " + weight);
        reference.assertClose(GRADIENT + weight, gradient, device, BACKWARD, ZERO * largest);
      }
    }
  }

  private static Set<HookPoint> hooks(Reference reference, String prefix) {
    return reference.names(prefix).stream()
        .filter(name -> name.startsWith("blocks.") && isActivation(name))
        .map(HookPoint::parse)
        .collect(toSet());
  }

  private static boolean isActivation(String name) {
    return name.contains("hook_") || name.equals(FINAL);
  }

  private static TokenBatch batch(GoldenModel golden) throws IOException {
    return TokenBatch.ofIds(golden.sequences());
  }

  /**
   * The gradient of the golden file's loss with respect to the final state, and its loss checked.
   */
  private static FloatMatrix gradientOfLoss(
      GoldenModel golden, Reference reference, Transformer model, FloatMatrix hidden)
      throws IOException {
    return golden.isEncoder()
        ? gradientOfMean(reference, model.device(), hidden)
        : gradientOfCrossEntropy(golden, reference, model, hidden);
  }

  private static FloatMatrix gradientOfMean(Reference reference, Device device, FloatMatrix hidden)
      throws IOException {
    FloatMatrix gradient = device.floats(hidden.rows(), hidden.cols());
    float[] direction = reference.floats("direction");
    device.upload(gradient, direction, 0);
    device.kernels().scale(gradient, gradient, 1f / direction.length);
    return gradient;
  }

  private static FloatMatrix gradientOfCrossEntropy(
      GoldenModel golden, Reference reference, Transformer model, FloatMatrix hidden)
      throws IOException {
    Device device = model.device();
    TokenBatch batch = batch(golden);
    int[] targets = nextIds(batch);
    float[] weights = new float[targets.length];
    Arrays.fill(weights, 1f / (batch.tokens() - batch.sequences()));
    FloatMatrix gradient = device.floats(hidden.rows(), hidden.cols());
    FloatMatrix losses = device.floats(hidden.rows(), 1);
    new CrossEntropy(device, model.unembed(), LOGIT_ROWS)
        .backward(gradient, losses, hidden, ints(device, targets), column(device, weights));
    double loss = 0;
    for (float tokens : device.toHost(losses)) {
      loss += tokens * weights[0];
    }
    double expected = reference.floats("loss")[0];
    assertEquals(expected, loss, FORWARD * expected);
    return gradient;
  }

  /** The id of each token's next one, -1 for the last of a sequence. */
  private static int[] nextIds(TokenBatch batch) {
    int[] next = new int[batch.tokens()];
    for (int s = 0; s < batch.sequences(); s++) {
      for (int t = batch.start(s); t < batch.end(s); t++) {
        next[t] = t + 1 < batch.end(s) ? batch.id(t + 1) : -1;
      }
    }
    return next;
  }

  private static IntMatrix ints(Device device, int[] values) {
    IntMatrix matrix = device.ints(1, values.length);
    device.upload(matrix, values, 0);
    return matrix;
  }

  private static FloatMatrix column(Device device, float[] values) {
    FloatMatrix matrix = device.floats(values.length, 1);
    device.upload(matrix, values, 0);
    return matrix;
  }
}

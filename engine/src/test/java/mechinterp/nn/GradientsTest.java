package mechinterp.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.AttentionForm;
import mechinterp.kernel.Write;
import mechinterp.random.RandomStream;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The backward half of each layer against differences of its forward half. The loss is the sum of
 * the outputs times random numbers; every entry of every input and parameter is moved in turn.
 */
final class GradientsTest {
  private static final float STEP = 1e-2f;
  private static final double TOLERANCE = 2e-3;

  private final Device device = CpuDevice.scalar();
  private long seed;

  private FloatMatrix random(int rows, int cols) {
    float[] numbers = new float[rows * cols];
    seed++;
    RandomStream.of(seed, "gradients").fillGaussian(numbers, 0, 1);
    return device.matrix(rows, cols, numbers);
  }

  private Parameter parameter(int rows, int cols) {
    return new Parameter("p", random(rows, cols), device.floats(rows, cols));
  }

  private FloatMatrix zeros(FloatMatrix like) {
    return device.floats(like.rows(), like.cols());
  }

  /** Computes an output of what it reads. */
  private interface Forward {
    FloatMatrix output();
  }

  private double loss(FloatMatrix dOut, Forward forward) {
    float[] factors = device.toHost(dOut);
    float[] values = device.toHost(forward.output());
    double loss = 0;
    for (int i = 0; i < values.length; i++) {
      loss += (double) factors[i] * values[i];
    }
    return loss;
  }

  private void assertGradient(
      String name, FloatMatrix gradient, FloatMatrix moved, FloatMatrix dOut, Forward forward) {
    float[] before = device.toHost(moved);
    float[] found = device.toHost(gradient);
    for (int i = 0; i < before.length; i++) {
      double above = lossAt(moved, before, i, STEP, dOut, forward);
      double below = lossAt(moved, before, i, -STEP, dOut, forward);
      double difference = (above - below) / (2 * STEP);
      String place = name + "[" + i + "]";
      assertTrue(
          Math.abs(difference - found[i]) <= TOLERANCE * Math.max(1, Math.abs(difference)),
          place + ": difference " + difference + ", gradient " + found[i]);
    }
    device.upload(moved, before, 0);
  }

  private double lossAt(
      FloatMatrix moved, float[] before, int i, float step, FloatMatrix dOut, Forward forward) {
    float[] values = before.clone();
    values[i] += step;
    device.upload(moved, values, 0);
    return loss(dOut, forward);
  }

  @Test
  void linear() {
    Parameter weight = parameter(3, 5);
    Parameter bias = parameter(1, 5);
    Linear layer = new Linear(device, weight, bias);
    FloatMatrix x = random(4, 3);
    FloatMatrix dOut = random(4, 5);
    Forward forward = () -> of(layer, x);
    FloatMatrix dx = zeros(x);
    layer.backward(dx, dOut, Write.SET);
    layer.addGradients(dOut, x);

    assertGradient("x", dx, x, dOut, forward);
    assertGradient("W", weight.gradient(), weight.value(), dOut, forward);
    assertGradient("b", bias.gradient(), bias.value(), dOut, forward);
  }

  private FloatMatrix of(Linear layer, FloatMatrix x) {
    layer.refresh();
    FloatMatrix out = device.floats(x.rows(), layer.out());
    layer.forward(out, x);
    return out;
  }

  @Test
  void linearWithATableTransposed() {
    Parameter table = parameter(5, 3);
    Linear layer = Linear.transposed(device, table, Optional.empty());
    FloatMatrix x = random(2, 3);
    FloatMatrix dOut = random(2, 5);
    FloatMatrix dx = zeros(x);
    layer.backward(dx, dOut, Write.SET);
    layer.addGradients(dOut, x);

    assertGradient("x", dx, x, dOut, () -> of(layer, x));
    assertGradient("table", table.gradient(), table.value(), dOut, () -> of(layer, x));
  }

  @Test
  void gradientsAddUp() {
    Parameter weight = parameter(3, 2);
    Parameter bias = parameter(1, 2);
    Linear layer = new Linear(device, weight, bias);
    FloatMatrix x = random(4, 3);
    FloatMatrix dOut = random(4, 2);
    FloatMatrix dx = zeros(x);
    layer.addGradients(dOut, x);
    layer.backward(dx, dOut, Write.SET);
    List<float[]> once =
        List.of(
            device.toHost(weight.gradient()), device.toHost(bias.gradient()), device.toHost(dx));
    layer.addGradients(dOut, x);
    layer.backward(dx, dOut, Write.ADD);

    assertTwice(once.get(0), weight.gradient());
    assertTwice(once.get(1), bias.gradient());
    assertTwice(once.get(2), dx);
  }

  private void assertTwice(float[] once, FloatMatrix found) {
    float[] twice = once.clone();
    for (int i = 0; i < twice.length; i++) {
      twice[i] *= 2;
    }
    assertArrayEquals(twice, device.toHost(found), 1e-5f);
  }

  @Test
  void aFixedLayerHasOnlyGradientsOfItsInput() {
    FloatMatrix weight = random(3, 5);
    Linear layer = new Linear(device, Weight.fixed(weight));
    FloatMatrix x = random(4, 3);
    FloatMatrix dOut = random(4, 5);
    FloatMatrix dx = zeros(x);
    layer.addGradients(dOut, x);
    layer.backward(dx, dOut, Write.SET);

    assertGradient("x", dx, x, dOut, () -> of(layer, x));
  }

  @Test
  void embedding() {
    Parameter table = parameter(5, 3);
    Embedding layer = Embedding.of(device, table);
    IntMatrix ids = device.matrix(1, 4, new int[] {2, 0, 2, 4});
    FloatMatrix dOut = random(4, 3);
    layer.addGradients(dOut, ids);

    assertGradient(
        "table",
        table.gradient(),
        table.value(),
        dOut,
        () -> {
          FloatMatrix out = device.floats(4, 3);
          layer.forward(out, ids);
          return out;
        });
  }

  @Test
  void aTiedEmbeddingReadsTheUnembedding() {
    FloatMatrix table = random(5, 3);
    Linear unembedding = Linear.transposed(device, Weight.fixed(table), Optional.empty());
    Embedding tied = Embedding.tied(unembedding);
    IntMatrix ids = device.matrix(1, 3, new int[] {4, 0, 4});
    FloatMatrix found = device.floats(3, 3);
    FloatMatrix expected = device.floats(3, 3);
    tied.forward(found, ids);
    Embedding.of(device, Weight.fixed(table)).forward(expected, ids);

    assertArrayEquals(device.toHost(expected), device.toHost(found));
    assertEquals(5, tied.size());
    assertEquals(3, tied.width());
  }

  @Test
  void layerNorm() {
    Parameter gain = parameter(1, 5);
    Parameter bias = parameter(1, 5);
    assertNorm(new LayerNorm(device, gain, bias, 0.1f), List.of(gain, bias));
  }

  @Test
  void rmsNorm() {
    Parameter gain = parameter(1, 5);
    assertNorm(new RmsNorm(device, gain, 0.1f), List.of(gain));
  }

  private void assertNorm(RowNorm layer, List<Parameter> parameters) {
    FloatMatrix x = random(3, layer.width());
    FloatMatrix dOut = random(3, layer.width());
    FloatMatrix scale = device.floats(3, 1);
    FloatMatrix dScale = device.floats(3, 1);
    FloatMatrix normalized = zeros(x);
    FloatMatrix out = zeros(x);
    Forward forward =
        () -> {
          layer.scale(scale, x);
          layer.normalize(normalized, x, scale);
          layer.output(out, normalized);
          return out;
        };
    var _ = forward.output();
    FloatMatrix dx = zeros(x);
    layer.addOutputGradients(dOut, normalized, dScale);
    layer.outputBackward(dx, dOut);
    layer.addNormalizeGradients(dx, x, scale);
    layer.normalizeBackward(dx, dScale, dx, x, scale);
    layer.scaleBackward(dx, dScale, x, scale);

    assertGradient("x", dx, x, dOut, forward);
    for (Parameter parameter : parameters) {
      assertGradient("parameter", parameter.gradient(), parameter.value(), dOut, forward);
    }
  }

  @Test
  void rotary() {
    Rotary layer = new Rotary(device, new double[] {1, 0.3}, 6);
    IntMatrix positions = device.matrix(1, 3, new int[] {5, 0, 2});
    FloatMatrix x = random(3, 10);
    FloatMatrix dOut = random(3, 10);
    FloatMatrix dx = zeros(x);
    layer.backward(dx, dOut, positions, 2);

    assertGradient(
        "x",
        dx,
        x,
        dOut,
        () -> {
          FloatMatrix out = device.floats(3, 10);
          layer.forward(out, x, positions, 2);
          return out;
        });
  }

  @Test
  void attentionInOneGoAndByParts() {
    Attention layer = new Attention(device, new AttentionForm(4, 2, 0.7f, true, 3, 1.5f));
    IntMatrix spans = device.matrix(2, 4, new int[] {0, 5, 0, 5, 5, 7, 5, 7});
    FloatMatrix q = random(7, 12);
    FloatMatrix k = random(7, 6);
    FloatMatrix v = random(7, 6);
    FloatMatrix dz = random(7, 12);
    Forward forward =
        () -> {
          FloatMatrix z = device.floats(7, 12);
          layer.attend(z, q, k, v, spans);
          return z;
        };
    FloatMatrix dq = zeros(q);
    FloatMatrix dk = zeros(k);
    FloatMatrix dv = zeros(v);
    layer.attendBackward(dq, dk, dv, dz, q, k, v, spans);

    assertGradient("q", dq, q, dz, forward);
    assertGradient("k", dk, k, dz, forward);
    assertGradient("v", dv, v, dz, forward);
    assertSameByParts(layer, spans, List.of(q, k, v), dz, List.of(dq, dk, dv));
  }

  private void assertSameByParts(
      Attention layer,
      IntMatrix spans,
      List<FloatMatrix> inputs,
      FloatMatrix dz,
      List<FloatMatrix> expected) {
    FloatMatrix q = inputs.get(0);
    FloatMatrix k = inputs.get(1);
    FloatMatrix v = inputs.get(2);
    FloatMatrix scores = device.floats(7, 4 * 5);
    FloatMatrix pattern = zeros(scores);
    FloatMatrix z = zeros(q);
    layer.scores(scores, q, k, spans);
    layer.pattern(pattern, scores);
    layer.values(z, pattern, v, spans);
    FloatMatrix whole = zeros(q);
    layer.attend(whole, q, k, v, spans);
    assertArrayEquals(device.toHost(whole), device.toHost(z), 1e-5f);

    FloatMatrix d = zeros(scores);
    FloatMatrix dq = zeros(q);
    FloatMatrix dk = zeros(k);
    FloatMatrix dv = zeros(v);
    layer.valuesBackward(d, dv, dz, pattern, v, spans);
    layer.patternBackward(d, d, pattern);
    layer.scoresBackward(dq, dk, d, scores, q, k, spans);
    assertArrayEquals(device.toHost(expected.get(0)), device.toHost(dq), 1e-5f);
    assertArrayEquals(device.toHost(expected.get(1)), device.toHost(dk), 1e-5f);
    assertArrayEquals(device.toHost(expected.get(2)), device.toHost(dv), 1e-5f);
  }

  @ParameterizedTest
  @EnumSource(ActivationFunction.class)
  void plainMlp(ActivationFunction function) {
    Parameter in = parameter(3, 5);
    Parameter out = parameter(5, 3);
    Linear first = new Linear(device, in, parameter(1, 5));
    Linear last = new Linear(device, out);
    assertMlp(Mlp.plain(device, first, last, function), List.of(first, last), List.of(in, out));
  }

  @ParameterizedTest
  @EnumSource(ActivationFunction.class)
  void gatedMlp(ActivationFunction function) {
    Parameter gate = parameter(3, 5);
    Parameter in = parameter(3, 5);
    Parameter out = parameter(5, 3);
    List<Linear> linears =
        List.of(
            new Linear(device, gate),
            new Linear(device, in, parameter(1, 5)),
            new Linear(device, out));
    assertMlp(
        Mlp.gated(device, linears.get(0), linears.get(1), linears.get(2), function),
        linears,
        List.of(gate, in, out));
  }

  private void assertMlp(Mlp layer, List<Linear> linears, List<Parameter> parameters) {
    FloatMatrix x = random(4, 3);
    FloatMatrix dOut = random(4, 3);
    FloatMatrix pre = device.floats(4, 5);
    FloatMatrix post = device.floats(4, 5);
    Optional<FloatMatrix> preLinear =
        layer.isGated() ? Optional.of(device.floats(4, 5)) : Optional.empty();
    Forward forward =
        () -> {
          linears.forEach(Linear::refresh);
          FloatMatrix out = zeros(x);
          layer.pre(pre, x);
          preLinear.ifPresent(linear -> layer.preLinear(linear, x));
          layer.post(post, pre, preLinear);
          layer.output(out, post);
          return out;
        };
    var _ = forward.output();
    FloatMatrix dPre = zeros(pre);
    Optional<FloatMatrix> dPreLinear = preLinear.map(this::zeros);
    FloatMatrix dx = zeros(x);
    layer.addOutputGradients(dOut, post);
    layer.outputBackward(dPre, dOut);
    layer.postBackward(dPre, dPreLinear, dPre, pre, preLinear);
    layer.addPreGradients(dPre, dPreLinear, x);
    layer.preBackward(dx, dPre, dPreLinear);

    assertGradient("x", dx, x, dOut, forward);
    for (Parameter parameter : parameters) {
      assertGradient("parameter", parameter.gradient(), parameter.value(), dOut, forward);
    }
  }

  @Test
  void unembeddingWithACap() {
    Parameter weight = parameter(3, 5);
    Parameter bias = parameter(1, 5);
    Linear linear = new Linear(device, weight, bias);
    Unembed layer = new Unembed(device, linear, 2);
    FloatMatrix hidden = random(4, 3);
    FloatMatrix dLogits = random(4, 5);
    FloatMatrix logits = device.floats(4, 5);
    Forward forward =
        () -> {
          linear.refresh();
          layer.forward(logits, hidden);
          return logits;
        };
    var _ = forward.output();
    FloatMatrix factors = zeros(dLogits);
    device.kernels().copy(factors, dLogits);
    FloatMatrix dHidden = zeros(hidden);
    layer.backward(dHidden, dLogits, logits, hidden);

    assertGradient("hidden", dHidden, hidden, factors, forward);
    assertGradient("W", weight.gradient(), weight.value(), factors, forward);
    assertGradient("b", bias.gradient(), bias.value(), factors, forward);
  }

  @Test
  void crossEntropyInChunksIsThatOfAllRows() {
    for (float cap : new float[] {0, 1.5f}) {
      for (int rows : new int[] {1, 3, 7, 10}) {
        assertCrossEntropy(cap, rows);
      }
    }
  }

  private void assertCrossEntropy(float cap, int rows) {
    Parameter weight = parameter(3, 6);
    Linear linear = new Linear(device, weight);
    CrossEntropy loss = new CrossEntropy(device, new Unembed(device, linear, cap), rows);
    FloatMatrix hidden = random(7, 3);
    IntMatrix targets = device.matrix(1, 7, new int[] {5, 0, -1, 2, 2, 3, -1});
    FloatMatrix weights = random(7, 1);
    Forward forward =
        () -> {
          linear.refresh();
          FloatMatrix losses = device.floats(7, 1);
          loss.forward(losses, hidden, targets);
          return losses;
        };
    FloatMatrix losses = device.floats(7, 1);
    FloatMatrix dHidden = zeros(hidden);
    loss.backward(dHidden, losses, hidden, targets, weights);

    assertArrayEquals(device.toHost(forward.output()), device.toHost(losses));
    assertEquals(0, device.toHost(losses)[2]);
    assertGradient("hidden", dHidden, hidden, weights, forward);
    assertGradient("W", weight.gradient(), weight.value(), weights, forward);
  }

  @Test
  void crossEntropyIsMinusTheLogarithmOfTheProbability() {
    Linear linear = new Linear(device, Weight.fixed(device.matrix(1, 2, new float[] {1, -1})));
    CrossEntropy loss = new CrossEntropy(device, new Unembed(device, linear, 0), 2);
    FloatMatrix losses = device.floats(2, 1);
    loss.forward(
        losses, device.matrix(2, 1, new float[] {0, 1}), device.matrix(1, 2, new int[] {0, 1}));

    assertArrayEquals(
        new float[] {(float) Math.log(2), (float) Math.log(1 + Math.exp(2))},
        device.toHost(losses),
        1e-6f);
  }
}

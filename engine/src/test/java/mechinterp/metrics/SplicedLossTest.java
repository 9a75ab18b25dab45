package mechinterp.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.activation.OutlierLimit;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.model.Activations;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.TinyModels;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.random.RandomStream;
import mechinterp.sae.CrossLayerSizes;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.JumpReluTranscoderConfig;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tokenizer.TinyWordPiece;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SplicedLossTest {
  private static final HookPoint HOOK = HookPoint.residPost(0);
  private static final List<int[]> SEQUENCES =
      List.of(new int[] {5, 1, 6, 9}, new int[] {7, 7}, new int[] {8, 10, 1});

  private final Device device = CpuDevice.best(2);
  private final Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
  private final int dModel = model.config().dModel();
  private final FloatMatrix mean = mean();

  @AfterEach
  void close() {
    device.close();
  }

  private FloatMatrix mean() {
    float[] values = new float[dModel];
    for (int j = 0; j < dModel; j++) {
      values[j] = 0.1f * j;
    }
    return device.matrix(1, dModel, values);
  }

  /** Latents 2j and 2j + 1 are the positive and the negative part of dimension j. */
  private TopKSae exact() {
    TopKSae sae = TopKSae.allocate(device, new TopKConfig(dModel, 2 * dModel, dModel));
    float[] rows = new float[2 * dModel * dModel];
    for (int j = 0; j < dModel; j++) {
      rows[2 * j * dModel + j] = 1;
      rows[(2 * j + 1) * dModel + j] = -1;
    }
    device.upload(sae.weights().wEnc(), rows, 0);
    device.upload(sae.weights().wDec(), rows, 0);
    sae.weightsChanged();
    return sae;
  }

  private SplicedLoss loss(TopKSae sae) {
    return new SplicedLoss(new Splice(model, HOOK, sae, mean));
  }

  private SplicedLoss.Result measured(TopKSae sae) {
    SplicedLoss loss = loss(sae);
    loss.add(TokenBatch.ofIds(SEQUENCES));
    return loss.result();
  }

  @Test
  void anExactReconstructionLosesNothing() {
    SplicedLoss.Result result = measured(exact());

    assertEquals(6, result.predictions());
    assertEquals(result.crossEntropy(), result.reconstruction().crossEntropy(), 1e-5);
    assertEquals(0, result.reconstruction().klDivergence(), 1e-6);
    assertEquals(1, result.lossRecoveredFromMean(), 1e-3);
    assertEquals(1, result.lossRecoveredFromZero(), 1e-3);
  }

  @Test
  void reconstructingTheMeanRecoversNothingFromIt() {
    TopKSae sae = TopKSae.allocate(device, new TopKConfig(dModel, 4, 1));
    device.kernels().copy(sae.weights().bDec(), mean);
    sae.weightsChanged();

    SplicedLoss.Result result = measured(sae);

    assertEquals(result.meanAblation(), result.reconstruction());
    assertEquals(0, result.lossRecoveredFromMean(), 0);
    assertTrue(result.meanAblation().klDivergence() > 1e-3, result.toString());
  }

  @Test
  void activationsLongerThanALimitStayAsTheyAre() {
    TopKSae sae = TopKSae.allocate(device, new TopKConfig(dModel, 4, 1));
    sae.weightsChanged();
    Splice splice = new Splice(model, HOOK, sae, mean);
    TokenBatch batch = TokenBatch.ofIds(SEQUENCES);
    float[] clean = device.toHost(model.run(batch, Set.of(), Map.of()).output());
    float[] all = device.toHost(model.run(batch, Set.of(), splice.reconstruction()).output());

    assertArrayEquals(clean, spliced(splice.within(new OutlierLimit(1, 0)), batch));
    assertArrayEquals(all, spliced(splice.within(new OutlierLimit(1, 1e30)), batch));
    float[] some = spliced(splice.within(new OutlierLimit(1, medianNorm(batch))), batch);
    assertFalse(Arrays.equals(clean, some));
    assertFalse(Arrays.equals(all, some));
  }

  private float[] spliced(Splice splice, TokenBatch batch) {
    return device.toHost(model.run(batch, Set.of(), splice.reconstruction()).output());
  }

  private double medianNorm(TokenBatch batch) {
    List<Double> norms = new ArrayList<>();
    Edit look =
        (activation, _) -> {
          for (int t = 0; t < activation.rows(); t++) {
            double squares = 0;
            for (float value : device.toHost(activation.row(t))) {
              squares += value * value;
            }
            norms.add(Math.sqrt(squares));
          }
        };
    model.run(batch, Set.of(), Map.of(HOOK, look));
    return norms.stream().sorted().skip(norms.size() / 2).findFirst().orElseThrow();
  }

  @Test
  void lossesAreThoseOfThePredictionsOfTheNextToken() {
    Edit zero = (activation, _) -> device.kernels().fill(activation, 0);
    SplicedLoss.Result result = measured(exact());

    assertEquals(crossEntropy(Map.of()), result.crossEntropy(), 1e-5);
    assertEquals(crossEntropy(Map.of(HOOK, zero)), result.zeroAblation().crossEntropy(), 1e-5);
  }

  private static final String INPUT = "hook_resid_mid";

  private CrossLayerTranscoder crossLayer(boolean skip, double scale) {
    int layers = model.config().nLayers();
    CrossLayerTranscoder transcoder =
        CrossLayerTranscoder.allocate(device, new CrossLayerSizes(layers, dModel, 7, skip));
    for (int layer = 0; layer < layers; layer++) {
      SaeWeights weights = transcoder.layer(layer).weights();
      fill(weights.wEnc(), "W_enc " + layer, scale);
      fill(weights.wDec(), "W_dec " + layer, scale);
      fill(weights.bDec().columnRange(0, dModel), "b_dec " + layer, scale);
      String name = "W_skip " + layer;
      transcoder.skip(layer).ifPresent(matrix -> fill(matrix, name, scale));
    }
    transcoder.weightsChanged();
    return transcoder;
  }

  private void fill(FloatMatrix matrix, String name, double scale) {
    float[] values = new float[(int) matrix.size()];
    RandomStream.of(5, name).fillGaussian(values, 0, scale);
    FloatMatrix whole = device.matrix(matrix.rows(), matrix.cols(), values);
    device.kernels().copy(matrix, whole);
  }

  private FloatMatrix means(int layers) {
    return device.floats(1, layers * dModel);
  }

  /** What each layer writes is what the definition makes of what all layers up to it have seen. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aCrossLayerTranscoderReplacesAllMlpsOfARun(boolean skip) {
    int layers = model.config().nLayers();
    CrossLayerTranscoder transcoder = crossLayer(skip, 0.5);
    Splice splice = Splice.ofCrossLayer(model, transcoder, INPUT, means(layers));
    Set<HookPoint> seen = new LinkedHashSet<>();
    for (int layer = 0; layer < layers; layer++) {
      seen.add(HookPoint.inBlock(layer, INPUT));
      seen.add(HookPoint.mlpOut(layer));
    }
    Map<HookPoint, Edit> edits = splice.reconstruction();
    for (int time = 0; time < 2; time++) {
      Activations run = model.run(TokenBatch.ofIds(SEQUENCES), seen, edits);
      for (int layer = 0; layer < layers; layer++) {
        float[] made = device.toHost(run.at(HookPoint.mlpOut(layer)));
        for (int t = 0; t < 9; t++) {
          for (int j = 0; j < dModel; j++) {
            assertEquals(made(transcoder, run, layer, t, j), made[t * dModel + j], 1e-4);
          }
        }
      }
    }
  }

  private double made(CrossLayerTranscoder transcoder, Activations run, int target, int t, int j) {
    double sum = device.toHost(transcoder.layer(target).weights().bDec())[j];
    float[] x = {};
    for (int source = 0; source <= target; source++) {
      SaeWeights weights = transcoder.layer(source).weights();
      float[] encoder = device.toHost(weights.wEnc());
      float[] decoder = device.toHost(weights.wDec());
      x = device.toHost(run.at(HookPoint.inBlock(source, INPUT)).row(t));
      for (int latent = 0; latent < 7; latent++) {
        double z = 0;
        for (int i = 0; i < dModel; i++) {
          z += (double) x[i] * encoder[latent * dModel + i];
        }
        int at = latent * weights.wDec().cols() + (target - source) * dModel + j;
        sum += Math.max(0, z) * decoder[at];
      }
    }
    for (FloatMatrix matrix : transcoder.skip(target).stream().toList()) {
      float[] skip = device.toHost(matrix);
      for (int i = 0; i < dModel; i++) {
        sum += (double) skip[j * dModel + i] * x[i];
      }
    }
    return sum;
  }

  @Test
  void aTranscoderOfNothingIsAZeroAblationOfAllMlps() {
    int layers = model.config().nLayers();
    SplicedLoss loss =
        new SplicedLoss(Splice.ofCrossLayer(model, crossLayer(false, 0), INPUT, means(layers)));
    loss.add(TokenBatch.ofIds(SEQUENCES));
    SplicedLoss.Result result = loss.result();
    Map<HookPoint, Edit> zeros = new HashMap<>();
    for (int layer = 0; layer < layers; layer++) {
      zeros.put(HookPoint.mlpOut(layer), (x, _) -> device.kernels().fill(x, 0));
    }
    assertEquals(crossEntropy(zeros), result.reconstruction().crossEntropy(), 1e-5);
    assertEquals(result.zeroAblation(), result.reconstruction());
    assertEquals(result.meanAblation(), result.reconstruction());
    assertTrue(result.reconstruction().klDivergence() > 1e-3, result.toString());
  }

  /** Latents 2j and 2j + 1 see and write the two parts of what goes in; a copy of the input. */
  @Test
  void aTranscoderMakesTheOutputOfTheInputOfTheSameRun() {
    HookPoint input = HookPoint.inBlock(1, INPUT);
    HookPoint output = HookPoint.mlpOut(1);
    TopKSae exact = exact();
    ThresholdSae copying =
        ThresholdSae.allocate(
            device, new JumpReluTranscoderConfig(dModel, dModel, 2 * dModel, false));
    device.kernels().copy(copying.weights().wEnc(), exact.weights().wEnc());
    device.kernels().copy(copying.weights().wDec(), exact.weights().wDec());
    copying.weightsChanged();
    Splice splice = Splice.ofTranscoder(model, input, output, copying, mean);
    Activations run =
        model.run(TokenBatch.ofIds(SEQUENCES), Set.of(input, output), splice.reconstruction());
    assertArrayEquals(device.toHost(run.at(input)), device.toHost(run.at(output)), 1e-6f);
    assertThrows(
        IllegalArgumentException.class,
        () ->
            Splice.ofTranscoder(
                model, input, HookPoint.inBlock(1, "mlp.hook_post"), copying, mean));
    CrossLayerTranscoder other =
        CrossLayerTranscoder.allocate(
            device, new CrossLayerSizes(model.config().nLayers() + 1, dModel, 3, false));
    assertThrows(
        IllegalArgumentException.class, () -> Splice.ofCrossLayer(model, other, INPUT, means(1)));
  }

  /** In doubles, sequence by sequence. */
  private double crossEntropy(Map<HookPoint, Edit> edits) {
    double sum = 0;
    int predictions = 0;
    for (int[] sequence : SEQUENCES) {
      TokenBatch batch = TokenBatch.ofIds(List.of(sequence));
      FloatMatrix hidden = model.run(batch, Set.of(), edits).output();
      for (int t = 0; t + 1 < sequence.length; t++) {
        float[] logits = device.toHost(model.logits(hidden.row(t)));
        double total = 0;
        for (float logit : logits) {
          total += Math.exp(logit);
        }
        sum += Math.log(total) - logits[sequence[t + 1]];
        predictions++;
      }
    }
    return sum / predictions;
  }

  @Test
  void specialTokensKeepTheirActivations() {
    SplicedLoss loss = loss(exact());
    loss.add(TokenBatch.ofIds(List.of(new int[] {TinyWordPiece.CLS, TinyWordPiece.SEP})));

    assertEquals(loss.result().crossEntropy(), loss.result().zeroAblation().crossEntropy(), 0);
  }

  @Test
  void theMeansAreOverAllTextsWhateverTheBatches() {
    TopKSae sae = exact();
    SplicedLoss apart = loss(sae);
    apart.add(TokenBatch.ofIds(SEQUENCES.subList(0, 1)));
    apart.add(TokenBatch.ofIds(SEQUENCES.subList(1, 3)));

    assertEquals(measured(sae), apart.result());
  }

  @Test
  void withoutAPredictionThereIsNoLoss() {
    SplicedLoss loss = loss(exact());
    loss.add(TokenBatch.ofIds(List.of(new int[] {5})));

    assertThrows(IllegalStateException.class, loss::result);
  }
}

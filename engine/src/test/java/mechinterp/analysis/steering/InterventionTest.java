package mechinterp.analysis.steering;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.kernel.RowNorm;
import mechinterp.metrics.Splice;
import mechinterp.model.Edit;
import mechinterp.model.Generator;
import mechinterp.model.HookPoint;
import mechinterp.model.TinyModels;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import mechinterp.random.RandomStream;
import mechinterp.sae.CrossLayerSizes;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.JumpReluConfig;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.Sae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TranscoderConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

final class InterventionTest {
  private static final HookPoint HOOK = HookPoint.residPost(0);
  private static final HookPoint LAST = HookPoint.residPost(1);
  private static final int[] PROMPT = {6, 12, 5, 9, 7};
  private static final int D_SAE = 13;

  private final Device device = CpuDevice.best(2);
  private final Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
  private final TokenBatch batch = TokenBatch.ofIds(List.of(PROMPT, new int[] {8, 9, 10}));

  @AfterEach
  void close() {
    device.close();
  }

  private Sae sae(int width) {
    return random(Sae.allocate(device, new TopKConfig(width, D_SAE, 3)));
  }

  private Sae random(Sae sae) {
    sae.parameters()
        .forEach(each -> {
          float[] values = new float[(int) each.value().size()];
          RandomStream.of(4, each.name()).fillGaussian(values, 0, 0.5);
          device.upload(each.value(), values, 0);
        });
    sae.weightsChanged();
    return sae;
  }

  private Sae sae() {
    return sae(model.config().dModel());
  }

  private float[] at(HookPoint hook, Intervention intervention) {
    return device.toHost(intervention.run(batch, Set.of(hook)).at(hook));
  }

  private float[] clean(HookPoint hook) {
    return device.toHost(model.run(batch, Set.of(hook), Map.of()).at(hook));
  }

  /** The codes of each row at the hook, dense. */
  private float[][] codes(Sae sae, float[] rows) {
    int tokens = rows.length / sae.dIn();
    SparseCodes codes = sae.newCodes(tokens);
    sae.encode(codes, device.matrix(tokens, sae.dIn(), rows));
    int[] counts = device.toHost(codes.counts());
    int[] indices = device.toHost(codes.indices());
    float[] values = device.toHost(codes.values());
    float[][] dense = new float[tokens][sae.dSae()];
    for (int t = 0; t < tokens; t++) {
      for (int i = 0; i < counts[t]; i++) {
        dense[t][indices[t * codes.capacity() + i]] = values[t * codes.capacity() + i];
      }
    }
    return dense;
  }

  @Test
  void splicedInWithItsErrorAnAutoencoderChangesNoBit() {
    Intervention none = Intervention.of(model).splice(HOOK, sae(), ErrorTerm.KEPT);
    assertArrayEquals(clean(LAST), at(LAST, none));
    Intervention sameValue = none.change(HOOK, new LatentChange.Scale(3, 1));
    assertArrayEquals(clean(LAST), at(LAST, sameValue), 1e-5f);
  }

  @Test
  void withoutItsErrorItIsTheSplice() {
    Sae sae = sae();
    FloatMatrix mean = device.floats(1, sae.dIn());
    Splice splice = new Splice(model, HOOK, sae, mean);
    float[] expected =
        device.toHost(model.run(batch, Set.of(LAST), splice.reconstruction()).at(LAST));
    assertArrayEquals(
        expected, at(LAST, Intervention.of(model).splice(HOOK, sae, ErrorTerm.DROPPED)));
  }

  private static List<LatentChange> changes() {
    return List.of(
        new LatentChange.Ablate(4),
        new LatentChange.Clamp(5, 1.5),
        new LatentChange.Scale(6, -2),
        new LatentChange.Add(7, 0.7));
  }

  @ParameterizedTest
  @EnumSource(ErrorTerm.class)
  void changesAreThoseOfTheFormula(ErrorTerm error) {
    Sae sae = sae();
    float[] x = clean(HOOK);
    float[][] f = codes(sae, x);
    float[] decoder = device.toHost(sae.weights().wDec());
    float[] bias = device.toHost(sae.weights().bDec());
    int d = sae.dIn();
    for (LatentChange change : changes()) {
      float[] expected = x.clone();
      for (int t = 0; t < f.length; t++) {
        float step = change.of(f[t][change.latent()]) - f[t][change.latent()];
        for (int j = 0; j < d; j++) {
          double base = bias[j];
          for (int latent = 0; latent < D_SAE; latent++) {
            base += (double) f[t][latent] * decoder[latent * d + j];
          }
          double from = error == ErrorTerm.KEPT ? x[t * d + j] : base;
          expected[t * d + j] = (float) (from + step * decoder[change.latent() * d + j]);
        }
      }
      Intervention intervention =
          Intervention.of(model).splice(HOOK, sae, error).change(HOOK, change);
      assertArrayEquals(expected, at(HOOK, intervention), 1e-4f, change.toString());
    }
  }

  @Test
  void changesOfOneLatentAreMadeOneAfterTheOther() {
    Sae sae = sae();
    Intervention spliced = Intervention.of(model).splice(HOOK, sae, ErrorTerm.DROPPED);
    float[] both =
        at(
            HOOK,
            spliced
                .change(HOOK, new LatentChange.Clamp(2, 3))
                .change(HOOK, new LatentChange.Scale(2, 0.5)));
    assertArrayEquals(at(HOOK, spliced.change(HOOK, new LatentChange.Clamp(2, 1.5))), both, 1e-6f);
  }

  @Test
  void onlyTheNamedPlacesChange() {
    LatentChange add = new LatentChange.Add(7, 5);
    Intervention spliced = Intervention.of(model).splice(HOOK, sae(), ErrorTerm.KEPT);
    float[] x = clean(HOOK);
    float[] everywhere = at(HOOK, spliced.change(HOOK, add));
    int d = model.config().dModel();
    for (Positions positions :
        List.of(
            new Positions.Listed(Set.of(1, 2)), new Positions.From(2), new Positions.Before(1))) {
      float[] found = at(HOOK, spliced.change(HOOK, add, positions));
      for (int t = 0; t < batch.tokens(); t++) {
        boolean changed = positions.contains(batch.position(t));
        assertArrayEquals(
            Arrays.copyOfRange(changed ? everywhere : x, t * d, (t + 1) * d),
            Arrays.copyOfRange(found, t * d, (t + 1) * d),
            positions + " at " + t);
      }
    }
  }

  @Test
  void specialTokensKeepTheirActivations() {
    int special = 0;
    while (!model.tokenizer().isSpecial(special)) {
      special++;
    }
    TokenBatch withSpecial = TokenBatch.ofIds(List.of(new int[] {6, special, 7}));
    Intervention add =
        Intervention.of(model)
            .splice(HOOK, sae(), ErrorTerm.DROPPED)
            .change(HOOK, new LatentChange.Add(7, 5));
    FloatMatrix before = model.run(withSpecial, Set.of(HOOK), Map.of()).at(HOOK);
    FloatMatrix after = add.run(withSpecial, Set.of(HOOK)).at(HOOK);
    assertArrayEquals(device.toHost(before.row(1)), device.toHost(after.row(1)));
    assertFalse(Arrays.equals(device.toHost(before.row(2)), device.toHost(after.row(2))));
  }

  /** Places must be counted through the cache, token by token. */
  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#causal")
  void generationWithTheCacheIsThatWithout(TransformerConfig config) {
    Transformer any = TinyModels.frozen(config, device);
    HookPoint hook = HookPoint.residPost(config.nLayers() - 1);
    Intervention spliced =
        Intervention.of(any).splice(hook, sae(config.dModel()), ErrorTerm.DROPPED);
    for (Positions positions :
        List.of(
            new Positions.Everywhere(),
            new Positions.From(PROMPT.length + 1),
            new Positions.Listed(Set.of(0, PROMPT.length + 2)))) {
      Intervention steered = spliced.change(hook, new LatentChange.Add(7, 4), positions);
      int[] found = steered.generator().stoppingAt(Set.of()).generate(PROMPT, 6);
      int[] text = Arrays.copyOf(PROMPT, PROMPT.length + 6);
      for (int i = 0; i < 6; i++) {
        int length = PROMPT.length + i;
        text[length] = likeliest(steered, Arrays.copyOf(text, length));
      }
      assertArrayEquals(
          Arrays.copyOfRange(text, PROMPT.length, text.length), found, positions.toString());
    }
  }

  private int likeliest(Intervention steered, int[] text) {
    FloatMatrix hidden = steered.run(TokenBatch.ofIds(List.of(text)), Set.of()).output();
    float[] logits = device.toHost(steered.model().logits(hidden.row(text.length - 1)));
    int best = 0;
    for (int id = 0; id < logits.length; id++) {
      best = logits[id] > logits[best] ? id : best;
    }
    return best;
  }

  @Test
  void theModelStaysAsItWas() {
    float[] before = clean(LAST);
    int[] text = Generator.of(model).stoppingAt(Set.of()).generate(PROMPT, 5);
    Intervention strong =
        Intervention.of(model)
            .splice(HOOK, sae(), ErrorTerm.DROPPED)
            .splice(LAST, sae(), ErrorTerm.KEPT)
            .change(HOOK, new LatentChange.Clamp(1, 50))
            .change(LAST, new LatentChange.Clamp(2, 50));
    assertFalse(Arrays.equals(before, at(LAST, strong)));
    var _ = strong.generator().generate(PROMPT, 5);

    assertArrayEquals(before, clean(LAST));
    assertArrayEquals(text, Generator.of(model).stoppingAt(Set.of()).generate(PROMPT, 5));
  }

  @Test
  void manyPlacesAreChangedAtOnce() {
    Sae second = sae();
    Intervention first =
        Intervention.of(model)
            .splice(HOOK, sae(), ErrorTerm.KEPT)
            .change(HOOK, new LatentChange.Add(1, 2));
    Intervention both =
        first.splice(LAST, second, ErrorTerm.DROPPED).change(LAST, new LatentChange.Ablate(3));
    float[] x = at(LAST, first);
    float[][] f = codes(second, x);
    float[] decoder = device.toHost(second.weights().wDec());
    float[] bias = device.toHost(second.weights().bDec());
    int d = second.dIn();
    float[] expected = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      double sum = bias[i % d];
      for (int latent = 0; latent < D_SAE; latent++) {
        sum += latent == 3 ? 0 : (double) f[i / d][latent] * decoder[latent * d + i % d];
      }
      expected[i] = (float) sum;
    }
    assertArrayEquals(expected, at(LAST, both), 1e-4f);
  }

  @Test
  void aTranscoderChangesWhatItMakes() {
    HookPoint in = HookPoint.inBlock(1, "ln2.hook_normalized");
    HookPoint out = HookPoint.mlpOut(1);
    int d = model.config().dModel();
    Sae transcoder = random(Sae.allocate(device, TranscoderConfig.of(d, d, D_SAE, 3)));
    Intervention spliced = Intervention.of(model).splice(in, out, transcoder, ErrorTerm.KEPT);
    assertArrayEquals(clean(out), at(out, spliced));
    float[][] f = codes(transcoder, clean(in));
    float[] decoder = device.toHost(transcoder.weights().wDec());
    float[] expected = clean(out);
    for (int i = 0; i < expected.length; i++) {
      expected[i] += (2 - f[i / d][5]) * decoder[5 * d + i % d];
    }
    float[] found = at(out, spliced.change(out, new LatentChange.Clamp(5, 2)));
    assertArrayEquals(expected, found, 1e-4f);
  }

  private CrossLayerTranscoder crossLayer() {
    CrossLayerTranscoder transcoder =
        CrossLayerTranscoder.allocate(
            device, new CrossLayerSizes(2, model.config().dModel(), D_SAE, false));
    random(transcoder.layer(0));
    random(transcoder.layer(1));
    for (int layer = 0; layer < 2; layer++) {
      device.kernels().fill(transcoder.layer(layer).thresholds(), 0.1f);
      transcoder.layer(layer).weightsChanged();
    }
    return transcoder;
  }

  /** A latent of the first layer writes to its own output and, in the same run, to the next. */
  @Test
  void aLatentOfACrossLayerTranscoderWritesToAllLaterLayers() {
    CrossLayerTranscoder transcoder = crossLayer();
    String input = "ln2.hook_normalized";
    Intervention spliced = Intervention.of(model).splice(transcoder, input, ErrorTerm.KEPT);
    HookPoint first = HookPoint.mlpOut(0);
    HookPoint second = HookPoint.mlpOut(1);
    assertArrayEquals(clean(second), at(second, spliced));
    int d = model.config().dModel();
    float[][] f = codes(transcoder.layer(0), clean(HookPoint.inBlock(0, input)));
    float[] decoder = device.toHost(transcoder.layer(0).weights().wDec());
    float[] own = clean(first);
    for (int i = 0; i < own.length; i++) {
      own[i] += (2 - f[i / d][5]) * decoder[5 * 2 * d + i % d];
    }
    Map<HookPoint, Edit> byHand = Map.of(first, (x, _) -> device.upload(x, own, 0));
    float[] later = device.toHost(model.run(batch, Set.of(second), byHand).at(second));
    for (int i = 0; i < later.length; i++) {
      later[i] += (2 - f[i / d][5]) * decoder[5 * 2 * d + d + i % d];
    }
    Intervention steered = spliced.change(first, new LatentChange.Clamp(5, 2));
    assertArrayEquals(own, at(first, steered), 1e-4f);
    assertArrayEquals(later, at(second, steered), 1e-4f);
    assertArrayEquals(later, at(second, steered), 1e-4f);
  }

  @Test
  void withoutItsErrorACrossLayerTranscoderIsTheSplice() {
    CrossLayerTranscoder transcoder = crossLayer();
    String input = "hook_resid_mid";
    FloatMatrix mean = device.floats(1, 2 * model.config().dModel());
    Map<HookPoint, Edit> splice =
        Splice.ofCrossLayer(model, transcoder, input, mean).reconstruction();
    Intervention dropped = Intervention.of(model).splice(transcoder, input, ErrorTerm.DROPPED);
    for (HookPoint out : List.of(HookPoint.mlpOut(0), HookPoint.mlpOut(1))) {
      float[] expected = device.toHost(model.run(batch, Set.of(out), splice).at(out));
      assertArrayEquals(expected, at(out, dropped), 1e-5f);
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> dropped.splice(HookPoint.mlpOut(1), sae(), ErrorTerm.KEPT));
    CrossLayerTranscoder skips =
        CrossLayerTranscoder.allocate(
            device, new CrossLayerSizes(2, model.config().dModel(), 3, true));
    assertThrows(
        IllegalArgumentException.class,
        () -> Intervention.of(model).splice(skips, input, ErrorTerm.DROPPED));
  }

  @Test
  void kindsThatNormaliseOrHaveNoFixedNumberAreSteeredToo() {
    int d = model.config().dModel();
    Sae jump = random(Sae.allocate(device, new JumpReluConfig(d, D_SAE)));
    Sae normalized = NormalizedSae.of(sae(), RowNorm.LAYER_NORM);
    for (Sae any : List.of(jump, normalized)) {
      Intervention spliced = Intervention.of(model).splice(HOOK, any, ErrorTerm.KEPT);
      float[] one = at(HOOK, spliced.change(HOOK, new LatentChange.Add(2, 1)));
      float[] three = at(HOOK, spliced.change(HOOK, new LatentChange.Add(2, 3)));
      float[] x = clean(HOOK);
      for (int i = 0; i < x.length; i++) {
        assertEquals(3 * (one[i] - x[i]), three[i] - x[i], 1e-4);
      }
      assertFalse(Arrays.equals(x, one));
    }
  }

  @Test
  void strongerChangesHaveStrongerSideEffects() {
    DoseResponse response = new DoseResponse(model, PROMPT, Set.of(3, 4), List.of(batch));
    Intervention spliced = Intervention.of(model).splice(HOOK, sae(), ErrorTerm.KEPT);
    Dose none = response.measure(0, spliced);
    assertEquals(0, none.klDivergence(), 1e-9);
    assertEquals(0, none.crossEntropyChange(), 1e-9);
    assertEquals(response.cleanTargetProbability(), none.targetProbability(), 1e-9);
    Dose weak = response.measure(1, spliced.change(HOOK, new LatentChange.Add(2, 1)));
    Dose strong = response.measure(5, spliced.change(HOOK, new LatentChange.Add(2, 5)));
    assertTrue(weak.klDivergence() > 0 && strong.klDivergence() > weak.klDivergence());
    assertEquals(6, response.predictions());
    assertThrows(
        IllegalArgumentException.class, () -> new DoseResponse(model, PROMPT, Set.of(), List.of()));
  }

  @Test
  void whatCannotBeIsRefusedInOneLine() {
    Intervention spliced = Intervention.of(model).splice(HOOK, sae(), ErrorTerm.KEPT);
    LatentChange change = new LatentChange.Ablate(D_SAE);
    assertEquals(
        "latent: is 13; it must lie within 0 to 12",
        assertThrows(IllegalArgumentException.class, () -> spliced.change(HOOK, change))
            .getMessage());
    assertEquals(
        "change: blocks.1.hook_resid_post has no autoencoder; splice one in first",
        assertThrows(IllegalArgumentException.class, () -> spliced.change(LAST, change))
            .getMessage());
    assertThrows(IllegalArgumentException.class, () -> spliced.splice(HOOK, sae(), ErrorTerm.KEPT));
    assertThrows(
        IllegalArgumentException.class, () -> spliced.splice(LAST, sae(7), ErrorTerm.KEPT));
    assertThrows(IllegalArgumentException.class, () -> new LatentChange.Clamp(1, Double.NaN));
  }
}

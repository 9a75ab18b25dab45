package mechinterp.analysis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.activation.Corpus;
import mechinterp.activation.Document;
import mechinterp.activation.Harvester;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.kernel.RowNorm;
import mechinterp.model.HookPoint;
import mechinterp.model.Models;
import mechinterp.model.TinyModels;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import mechinterp.random.RandomStream;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.Sae;
import mechinterp.sae.TopKConfig;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class AttentionAttributionTest {
  private static final int[] IDS = {5, 9, 1, 12, 7};
  private static final int LATENTS = 21;

  private final Device device = CpuDevice.scalar();

  static List<TransformerConfig> recipes() {
    return List.of(
        TinyModels.GPT2, TinyModels.NEOX, TinyModels.LLAMA, TinyModels.QWEN3, TinyModels.GEMMA2);
  }

  private Sae sae(int width) {
    Sae random = Sae.allocate(device, new TopKConfig(width, LATENTS, 5));
    random
        .parameters()
        .forEach(each -> {
          float[] values = new float[(int) each.value().size()];
          RandomStream.of(4, each.name()).fillGaussian(values, 0, 0.5);
          device.upload(each.value(), values, 0);
        });
    random.weightsChanged();
    return random;
  }

  private static double sum(DirectFeatureAttribution found) {
    double sum = found.constant();
    for (int head = 0; head < found.heads(); head++) {
      sum += found.ofHead(head);
    }
    return sum;
  }

  /** The activations that the encoder makes are the only witness of the pre-activation. */
  @ParameterizedTest
  @MethodSource("recipes")
  void headsAndSourcesSumToThePreActivation(TransformerConfig config) {
    Transformer model = TinyModels.frozen(config, device);
    int layer = config.nLayers() - 1;
    for (HookPoint site :
        List.of(HookPoint.inBlock(layer, "attn.hook_z"), HookPoint.attnOut(layer))) {
      Sae sae = sae(model.width(site));
      AttentionAttribution attribution = AttentionAttribution.of(model, site, sae);
      FloatMatrix x =
          model.capture(TokenBatch.ofIds(List.of(IDS)), Set.of(site), Map.of()).at(site);
      SparseCodes codes = sae.newCodes(IDS.length);
      sae.encode(codes, x);
      int[] indices = device.toHost(codes.indices());
      float[] values = device.toHost(codes.values());
      int[] counts = device.toHost(codes.counts());
      int compared = 0;
      for (int t = 0; t < IDS.length; t++) {
        for (int i = t * codes.capacity(); i < t * codes.capacity() + counts[t]; i++) {
          DirectFeatureAttribution found = attribution.at(IDS, t, indices[i]);
          assertEquals(values[i], found.preActivation(), 1e-5);
          assertEquals(found.preActivation(), sum(found), 1e-5, site + " token " + t);
          assertEquals(config.nHeads(), found.heads());
          assertEquals(IDS.length, found.sources());
          compared++;
        }
      }
      assertTrue(compared > 10, "compared " + compared);
    }
  }

  /** No token brings it, so it is the same at every token, and of z it has a formula. */
  @Test
  void theConstantIsThatOfTheBiases() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    HookPoint z = HookPoint.inBlock(1, "attn.hook_z");
    Sae sae = sae(model.width(z));
    float[] encoder = device.toHost(sae.weights().wEnc().row(3));
    float[] decoderBias = device.toHost(sae.weights().bDec());
    double expected = device.toHost(sae.weights().bEnc())[3];
    for (int j = 0; j < encoder.length; j++) {
      expected -= (double) encoder[j] * decoderBias[j];
    }
    AttentionAttribution ofZ = AttentionAttribution.of(model, z, sae);
    AttentionAttribution ofOut =
        AttentionAttribution.of(model, HookPoint.attnOut(1), sae(model.config().dModel()));
    for (int t = 0; t < IDS.length; t++) {
      assertEquals(expected, ofZ.at(IDS, t, 3).constant(), 1e-5);
      assertEquals(ofOut.at(IDS, 0, 3).constant(), ofOut.at(IDS, t, 3).constant(), 1e-5);
    }
  }

  @Test
  void laterTokensBringNothingAndTheLargestComeFirst() {
    Transformer model = TinyModels.frozen(TinyModels.LLAMA, device);
    AttentionAttribution attribution =
        AttentionAttribution.of(model, HookPoint.attnOut(0), sae(model.config().dModel()));
    DirectFeatureAttribution found = attribution.at(IDS, 2, 7);
    List<DirectFeatureAttribution.Contribution> largest = found.largest(4);

    assertEquals(0, found.ofSource(3));
    assertEquals(0, found.ofSource(4));
    double ofSources = found.ofSource(0) + found.ofSource(1) + found.ofSource(2);
    assertEquals(found.preActivation() - found.constant(), ofSources, 1e-5);
    assertEquals(4, largest.size());
    for (int i = 1; i < 4; i++) {
      assertTrue(Math.abs(largest.get(i).value()) <= Math.abs(largest.get(i - 1).value()));
    }
    assertEquals(
        largest.getFirst().value(),
        found.of(largest.getFirst().head(), largest.getFirst().source()));
  }

  /** The store's activation is what the run of the document's begin makes again. */
  @Test
  void aReportAttributesItsPeaks() throws IOException {
    try (Device fast = CpuDevice.vector(2)) {
      Transformer model = Models.load("tiny-lm", fast);
      HookPoint site = HookPoint.attnOut(1);
      Sae sae = AnalysisSamples.randomSae(fast, model.width(site), 64, 5);
      Corpus corpus =
          Corpus.of(
              "text",
              List.of(
                  new Document("a", "The cat sat on the mat and the dog sat behind it."),
                  new Document("b", "Parliament voted on the fisheries report yesterday.")));
      FeatureReport report =
          FeatureAnalysis.of(model, site, sae).over(Harvester.of(model, site).collect(corpus, 100));
      int compared = 0;
      for (int latent = 0; latent < 64; latent++) {
        for (AttributedPeak found : report.attributions(latent, 2)) {
          assertEquals(found.peak().activation(), found.attribution().preActivation(), 1e-4);
          assertEquals(found.attribution().preActivation(), sum(found.attribution()), 1e-4);
          assertEquals(found.ids().size(), found.attribution().sources());
          compared++;
        }
      }
      assertTrue(compared > 8, "compared " + compared);
      HookPoint other = HookPoint.mlpOut(1);
      FeatureReport without =
          FeatureAnalysis.of(model, other, sae)
              .over(Harvester.of(model, other).collect(corpus, 100));
      assertFalse(without.hasAttributions());
      assertThrows(IllegalStateException.class, () -> without.attributions(0, 1));
    }
  }

  @Test
  void whatCannotBeIsRefused() {
    Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
    Sae sae = sae(10);
    assertFalse(AttentionAttribution.isPossible(HookPoint.mlpOut(0)));
    assertRefused(
        "attribution: blocks.0.hook_mlp_out is not what attention makes",
        () -> AttentionAttribution.of(model, HookPoint.mlpOut(0), sae));
    assertRefused(
        "attribution: blocks.0.hook_attn_out is 10 wide, the autoencoder's d_in is 9",
        () -> AttentionAttribution.of(model, HookPoint.attnOut(0), sae(9)));
    assertRefused(
        "attribution: the autoencoder normalises each activation",
        () ->
            AttentionAttribution.of(
                model, HookPoint.attnOut(0), NormalizedSae.of(sae, RowNorm.LAYER_NORM)));
    AttentionAttribution attribution = AttentionAttribution.of(model, HookPoint.attnOut(0), sae);
    assertRefused("position: is 5; it must lie within 0 to 4", () -> attribution.at(IDS, 5, 0));
    assertRefused("latent: is 21; it must lie within 0 to 20", () -> attribution.at(IDS, 0, 21));
  }

  private static void assertRefused(String message, Executable of) {
    String found = Refusal.of(IllegalArgumentException.class, of);
    assertTrue(found.startsWith(message), found);
  }
}

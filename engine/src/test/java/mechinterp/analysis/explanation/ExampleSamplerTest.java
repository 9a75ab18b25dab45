package mechinterp.analysis.explanation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import mechinterp.activation.ActivationIdentity;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.TokenOrigins;
import mechinterp.analysis.FeatureAnalysis;
import mechinterp.analysis.FeatureReport;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.model.Models;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

/** A store in which latent 0 is active on every 70th token, latent 1 on all, latent 2 on none. */
class ExampleSamplerTest {
  private static final int TOKENS = 20_000;
  private static final int DOCUMENT = 200;
  private static final int EVERY = 70;

  private final ExplanationConfig config = ExplanationConfig.defaults().withContexts(6, 8);
  private final Device device = CpuDevice.scalar();
  private final FeatureReport report =
      FeatureAnalysis.of(sae()).with(config.analysis()).over(store());

  private TopKSae sae() {
    TopKSae sae = TopKSae.allocate(device, new TopKConfig(3, 3, 3));
    float[] identity = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    device.upload(sae.weights().wEnc(), identity, 0);
    device.upload(sae.weights().wDec(), identity, 0);
    sae.weightsChanged();
    return sae;
  }

  private static ActivationStore store() {
    float[] activations = new float[3 * TOKENS];
    int[] ids = new int[TOKENS];
    int[] documents = new int[TOKENS];
    int[] positions = new int[TOKENS];
    for (int t = 0; t < TOKENS; t++) {
      activations[3 * t] = t % EVERY == 0 ? 1 + t % 11 : -1;
      activations[3 * t + 1] = 1;
      activations[3 * t + 2] = -1;
      ids[t] = 300 + t % 1000;
      documents[t] = t / DOCUMENT;
      positions[t] = t % DOCUMENT;
    }
    return ActivationStore.inMemory(
        3,
        activations,
        new TokenOrigins(ids, documents, positions),
        new ActivationIdentity("model", "hook", "tokenizer", "text"));
  }

  private List<LatentExamples> examples(ExplanationConfig settings, Integer... latents)
      throws IOException {
    Tokenizer tokenizer = Models.tokenizer("tiny-lm");
    return new ExampleSampler(report, tokenizer, settings).of(List.of(latents));
  }

  @Test
  void contextsAreOfTheirKindAndInOneListOnly() throws IOException {
    LatentExamples found = examples(config, 0).getFirst();
    assertEquals(6, found.shown().size());
    assertEquals(8, found.active().size());
    assertEquals(8, found.inactive().size());
    assertEquals(11, found.max());
    assertTrue(found.shown().stream().allMatch(each -> each.max() == 11));
    assertTrue(found.active().stream().allMatch(each -> each.max() > 0));
    assertTrue(found.inactive().stream().allMatch(each -> each.max() == 0));
    // All strengths: the interval of the strongest, and those below it.
    List<Float> strengths = found.active().stream().map(Excerpt::max).toList();
    assertTrue(strengths.getFirst() >= 8 && strengths.getLast() <= 3, strengths::toString);
    Set<String> texts = new HashSet<>();
    Stream.of(found.shown(), found.active(), found.inactive())
        .flatMap(List::stream)
        .forEach(each -> texts.add(each.text()));
    assertTrue(texts.size() >= 20, "texts: " + texts.size());
    assertTrue(found.shown().stream().allMatch(each -> each.tokens().size() <= 31));
  }

  @Test
  void latentsOfOneCallAreThoseOfSeveral() throws IOException {
    List<LatentExamples> together = examples(config, 1, 2, 0);
    assertEquals(examples(config, 0).getFirst(), together.get(2));
    // Active everywhere: there is no context without it. Dead: there is nothing at all.
    assertEquals(6, together.getFirst().shown().size());
    assertEquals(List.of(), together.getFirst().inactive());
    assertEquals(new LatentExamples(2, 0, List.of(), List.of(), List.of()), together.get(1));
  }

  @Test
  void theSeedDrawsOthers() throws IOException {
    LatentExamples other = examples(config.withSeed(3), 0).getFirst();
    LatentExamples found = examples(config, 0).getFirst();
    assertEquals(found.shown(), other.shown());
    assertTrue(!found.inactive().equals(other.inactive()));
  }
}

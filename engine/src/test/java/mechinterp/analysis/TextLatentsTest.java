package mechinterp.analysis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.model.HookPoint;
import mechinterp.model.TinyModels;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TextLatentsTest {
  private static final HookPoint SITE = HookPoint.residPost(0);
  private static final int D_SAE = 13;

  private final Device device = CpuDevice.best(2);
  private final Transformer model = TinyModels.frozen(TinyModels.GPT2, device);
  private final Sae sae = AnalysisSamples.randomSae(device, model.config().dModel(), D_SAE, 3);

  @AfterEach
  void close() {
    device.close();
  }

  /** What the autoencoder makes of the model's activation, token by token. */
  private List<TextLatents.Active> expected(int[] ids, int token) {
    FloatMatrix rows = model.run(TokenBatch.ofIds(List.of(ids)), Set.of(SITE), Map.of()).at(SITE);
    SparseCodes codes = sae.newCodes(1);
    sae.encode(codes, rows.rowRange(token, token + 1));
    int count = device.toHost(codes.counts())[0];
    int[] indices = device.toHost(codes.indices());
    float[] values = device.toHost(codes.values());
    return IntStream.range(0, count)
        .filter(i -> values[i] > 0)
        .mapToObj(i -> new TextLatents.Active(indices[i], values[i]))
        .sorted(Comparator.comparing(TextLatents.Active::activation).reversed())
        .toList();
  }

  @Test
  void latentsAreThoseOfTheActivationsStrongestFirst() {
    int[] ids = {6, 12, 5, 9, 7};
    List<List<TextLatents.Active>> found = new TextLatents(model, SITE, sae).of(ids);
    assertEquals(ids.length, found.size());
    List<List<TextLatents.Active>> expected = new ArrayList<>();
    for (int t = 0; t < ids.length; t++) {
      expected.add(model.tokenizer().isSpecial(ids[t]) ? List.of() : expected(ids, t));
    }
    assertEquals(expected, found);
    assertTrue(found.stream().anyMatch(latents -> latents.size() > 1));
  }

  @Test
  void specialTokensHaveNone() {
    int special = 0;
    while (!model.tokenizer().isSpecial(special)) {
      special++;
    }
    List<List<TextLatents.Active>> found =
        new TextLatents(model, SITE, sae).of(new int[] {special, 6, 12});
    assertEquals(List.of(), found.getFirst());
    assertFalse(found.get(1).isEmpty());
  }

  @Test
  void theWidthMustFit() {
    Sae other = AnalysisSamples.randomSae(device, model.config().dModel() + 1, D_SAE, 3);
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> new TextLatents(model, SITE, other));
    assertTrue(
        String.valueOf(refused.getMessage()).startsWith("latents: blocks.0.hook_resid_post is "));
  }
}

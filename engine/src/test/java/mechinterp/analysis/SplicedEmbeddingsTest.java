package mechinterp.analysis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import mechinterp.activation.LetterModel;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.metrics.Splice;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.Test;

class SplicedEmbeddingsTest {
  private static final double TOLERANCE = 1e-6;

  private final Device device = CpuDevice.scalar();
  private final Transformer model = LetterModel.on(device);
  private final FloatMatrix mean = device.matrix(1, 3, new float[] {1, 1, 1});

  /** Has a latent for each direction and sign, and keeps all of them. */
  private Sae identity() {
    TopKSae sae = TopKSae.allocate(device, new TopKConfig(3, 6, 6));
    float[] directions = {1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1};
    device.upload(sae.weights().wEnc(), directions, 0);
    device.upload(sae.weights().wDec(), directions, 0);
    sae.weightsChanged();
    return sae;
  }

  /** Reconstructs everything as {@link #mean}. */
  private Sae alwaysMean() {
    TopKSae sae = TopKSae.allocate(device, new TopKConfig(3, 6, 2));
    device.kernels().copy(sae.weights().bDec(), mean);
    sae.weightsChanged();
    return sae;
  }

  private SplicedEmbeddings.Result measure(Sae sae, String... texts) {
    SplicedEmbeddings spliced =
        new SplicedEmbeddings(new Splice(model, LetterModel.HOOK, sae, mean));
    spliced.add(List.of(texts), 8);
    return spliced.result();
  }

  @Test
  void aPerfectReconstructionChangesNothing() {
    SplicedEmbeddings.Result result = measure(identity(), "ab", "hello", "x");
    assertEquals(3, result.texts());
    assertEquals(1, result.reconstruction(), TOLERANCE);
    assertEquals(1, result.recovered(), 1e-3);
    assertTrue(result.meanAblation() < 1 - 1e-3, "mean ablation " + result.meanAblation());
  }

  @Test
  void reconstructingTheMeanRecoversNothing() {
    SplicedEmbeddings.Result result = measure(alwaysMean(), "ab", "hello", "x");
    assertEquals(result.meanAblation(), result.reconstruction(), TOLERANCE);
    assertEquals(0, result.recovered(), 1e-3);
  }

  @Test
  void specialTokensKeepTheirActivations() {
    // Rows of "bc" are [CLS] (26, 0, 1), b (1, 1, 1), c (2, 2, 1), [SEP] (27, 3, 1).
    double untouched = Math.sqrt(56 * 56 + 6 * 6 + 4 * 4);
    double ablated = Math.sqrt(55 * 55 + 5 * 5 + 4 * 4);
    double expected = (56 * 55 + 6 * 5 + 4 * 4) / (untouched * ablated);
    assertEquals(expected, measure(identity(), "bc").meanAblation(), TOLERANCE);
  }

  @Test
  void theMeanIsOverAllTextsWhateverTheBatches() {
    SplicedEmbeddings together =
        new SplicedEmbeddings(new Splice(model, LetterModel.HOOK, identity(), mean));
    together.add(List.of("ab", "hello", "x"), 8);
    SplicedEmbeddings apart =
        new SplicedEmbeddings(new Splice(model, LetterModel.HOOK, identity(), mean));
    apart.add(List.of("ab"), 8);
    apart.add(List.of("hello", "x"), 8);
    assertEquals(together.result(), apart.result());
  }

  @Test
  void whatDoesNotFitIsRefused() {
    TopKSae narrow = TopKSae.allocate(device, new TopKConfig(2, 4, 1));
    assertThrows(
        IllegalArgumentException.class, () -> new Splice(model, LetterModel.HOOK, narrow, mean));
    SplicedEmbeddings empty =
        new SplicedEmbeddings(new Splice(model, LetterModel.HOOK, identity(), mean));
    assertThrows(IllegalStateException.class, empty::result);
  }
}

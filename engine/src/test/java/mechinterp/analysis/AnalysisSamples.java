package mechinterp.analysis;

import mechinterp.activation.ActivationIdentity;
import mechinterp.activation.ActivationStore;
import mechinterp.activation.TokenOrigins;
import mechinterp.device.Device;
import mechinterp.random.RandomStream;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.tensor.FloatMatrix;

/** Stores and autoencoders for tests of the analysis. */
final class AnalysisSamples {
  static final ActivationIdentity IDENTITY =
      new ActivationIdentity("model", "hook", "tokenizer", "text");

  private AnalysisSamples() {}

  /** A store of one document whose activations do not matter. */
  static ActivationStore bareStore(int tokens) {
    return ActivationStore.inMemory(
        1,
        new float[tokens],
        new TokenOrigins(new int[tokens], new int[tokens], new int[tokens]),
        IDENTITY);
  }

  /** A store of documents of {@code length} tokens with random activations. */
  static ActivationStore randomStore(int dIn, int tokens, int length, int vocabulary) {
    float[] activations = new float[dIn * tokens];
    RandomStream.of(3, "activations").fillGaussian(activations, 0, 1);
    int[] ids = new int[tokens];
    int[] documents = new int[tokens];
    int[] positions = new int[tokens];
    RandomStream random = RandomStream.of(3, "tokens");
    for (int t = 0; t < tokens; t++) {
      ids[t] = random.below(t, vocabulary);
      documents[t] = t / length;
      positions[t] = t % length;
    }
    return ActivationStore.inMemory(
        dIn, activations, new TokenOrigins(ids, documents, positions), IDENTITY);
  }

  /** An autoencoder that gives each column and each negated column of an activation a latent. */
  static TopKSae columns(Device device, int dIn) {
    TopKSae sae = TopKSae.allocate(device, new TopKConfig(dIn, 2 * dIn, dIn));
    float[] directions = new float[2 * dIn * dIn];
    for (int i = 0; i < dIn; i++) {
      directions[2 * i * dIn + i] = 1;
      directions[(2 * i + 1) * dIn + i] = -1;
    }
    device.upload(sae.weights().wEnc(), directions, 0);
    device.upload(sae.weights().wDec(), directions, 0);
    sae.weightsChanged();
    return sae;
  }

  static TopKSae randomSae(Device device, int dIn, int dSae, int k) {
    TopKSae sae = TopKSae.allocate(device, new TopKConfig(dIn, dSae, k));
    upload(device, sae.weights().wEnc(), "W_enc");
    upload(device, sae.weights().wDec(), "W_dec");
    upload(device, sae.weights().bDec(), "b_dec");
    sae.weightsChanged();
    return sae;
  }

  private static void upload(Device device, FloatMatrix matrix, String name) {
    float[] values = new float[(int) matrix.size()];
    RandomStream.of(1, name).fillGaussian(values, 0, 1);
    device.upload(matrix, values, 0);
  }
}

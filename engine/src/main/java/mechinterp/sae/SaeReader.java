package mechinterp.sae;

import java.io.IOException;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.TensorFile;

/**
 * Makes an autoencoder of the tensors of one file.
 *
 * @param file the tensors
 * @param names where they are
 * @param scaling what they are multiplied with
 * @param subtractsDecoderBias whether the file's encoder sees x - b_dec, or x
 * @param device where the weights come to lie
 */
record SaeReader(
    TensorFile file,
    TensorNames names,
    SaeScaling scaling,
    boolean subtractsDecoderBias,
    Device device) {

  /** Reads weights as they stand in the file, whose encoder sees x - b_dec. */
  static SaeReader of(TensorFile file, TensorNames names, Device device) throws FormatException {
    return new SaeReader(file, names, SaeScaling.none(names.dSae(file)), true, device);
  }

  /** Returns this for a file whose encoder sees x as it is. */
  SaeReader uncentred() {
    return new SaeReader(file, names, scaling, false, device);
  }

  SaeReader scaled(SaeScaling other) {
    return new SaeReader(file, names, other, subtractsDecoderBias, device);
  }

  /** Returns the Euclidean norm of each latent's row of the decoder; 1 for a row of zeros. */
  float[] decoderNorms() throws IOException {
    return new SaeTensors(file, device).decoderNorms(names.decoder());
  }

  /**
   * Reads the k largest positive pre-activations.
   *
   * @throws FormatException when k is not from 1 to d_sae, or a tensor is not what it must be
   */
  TopKSae topK(int k) throws IOException {
    TopKConfig config = checked(() -> new TopKConfig(dIn(), dSae(), k));
    requireShapes();
    return read(TopKSae.allocate(device, config));
  }

  /** Reads all positive pre-activations. */
  ThresholdSae relu() throws IOException {
    return jumpRelu(new float[dSae()]);
  }

  /**
   * Reads pre-activations above thresholds.
   *
   * @param thresholds the tensor's name: one number, or one for each latent
   */
  ThresholdSae jumpRelu(String thresholds) throws IOException {
    file.info(thresholds);
    ThresholdSae sae = jumpRelu(new float[dSae()]);
    new SaeTensors(file, device).readThresholds(sae.thresholds(), thresholds, scaling.latents());
    return sae;
  }

  /**
   * Reads pre-activations above thresholds.
   *
   * @param thresholds of the file's pre-activations, none below 0
   */
  ThresholdSae jumpRelu(float[] thresholds) throws IOException {
    requireShapes();
    ThresholdSae sae = read(ThresholdSae.allocate(device, new JumpReluConfig(dIn(), dSae())));
    float[] scaled = new float[thresholds.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = thresholds[i] * scaling.latents()[i];
    }
    device.upload(sae.thresholds(), scaled, 0);
    return sae;
  }

  int dIn() throws FormatException {
    return names.dIn(file);
  }

  int dSae() throws FormatException {
    return names.dSae(file);
  }

  private void requireShapes() throws FormatException {
    names.requireShapes(file, dIn(), dSae());
  }

  private <S extends Sae> S read(S sae) throws IOException {
    SaeTensors tensors = new SaeTensors(file, device);
    tensors.read(sae.weights(), names, scaling);
    if (!subtractsDecoderBias) {
      tensors.subtractDecoderBias(sae.weights());
    }
    sae.weightsChanged();
    return sae;
  }

  /** Says of which file the numbers are that a config does not allow. */
  private <C extends SaeConfig> C checked(ConfigOf<C> config) throws FormatException {
    try {
      return config.make();
    } catch (IllegalArgumentException e) {
      throw new FormatException(file.source(), String.valueOf(e.getMessage()), e);
    }
  }

  @FunctionalInterface
  private interface ConfigOf<C extends SaeConfig> {
    C make() throws FormatException;
  }
}

package mechinterp.sae.file;

import java.io.IOException;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.io.FormatException;
import mechinterp.io.Json;
import mechinterp.io.JsonField;
import mechinterp.io.TensorFile;
import mechinterp.sae.GatedConfig;
import mechinterp.sae.GatedSae;
import mechinterp.sae.GroupMaxConfig;
import mechinterp.sae.HybridSae;
import mechinterp.sae.HybridSaeConfig;
import mechinterp.sae.JumpReluConfig;
import mechinterp.sae.JumpReluTranscoderConfig;
import mechinterp.sae.KScope;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.StandardConfig;
import mechinterp.sae.ThresholdSae;
import mechinterp.sae.TopKConfig;
import mechinterp.sae.TopKSae;
import mechinterp.sae.TranscoderConfig;
import mechinterp.sae.file.TensorNames.Matrix;

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
    names.requireShapes(file, dIn(), dSae());
    return read(TopKSae.allocate(device, config));
  }

  /**
   * Reads the largest positive pre-activation of each of k groups.
   *
   * @throws FormatException when d_sae is no multiple of k, or a tensor is not what it must be
   */
  Sae groupMax(int k) throws IOException {
    GroupMaxConfig config = checked(() -> new GroupMaxConfig(dIn(), dSae(), k));
    names.requireShapes(file, dIn(), dSae());
    return read(Sae.allocate(device, config));
  }

  /**
   * Reads what is a TopK autoencoder to other libraries.
   *
   * @param settings of the hybrid, in the library's own file
   * @throws FormatException when they are none, or are of other sizes
   */
  Sae topKOrHybrid(int k, JsonField settings) throws IOException {
    if (settings.isAbsent()) {
      return topK(k);
    }
    HybridSaeConfig config =
        Json.value(
            settings.file() + ": " + settings.path(), settings.node(), HybridSaeConfig.class);
    boolean fits = config.dIn() == dIn() && config.dSae() == dSae() && config.k() == k;
    settings.require(fits, "d_in %d, d_sae %d, k %d".formatted(dIn(), dSae(), k));
    names.requireShapes(file, dIn(), dSae());
    return read(HybridSae.allocate(device, config));
  }

  /**
   * Reads gates and magnitudes.
   *
   * @param logarithms the tensor of r_mag
   * @param bias the tensor of b_mag
   */
  GatedSae gated(String logarithms, String bias) throws IOException {
    requireShapes();
    GatedSae sae = GatedSae.allocate(device, checked(() -> new GatedConfig(dIn(), dSae())));
    new SaeTensors(file, device).readMagnitudes(sae, logarithms, bias, scaling.latents());
    return read(sae);
  }

  /** Reads all positive pre-activations. */
  ThresholdSae relu() throws IOException {
    requireShapes();
    return read(ThresholdSae.allocate(device, new StandardConfig(dIn(), dSae())));
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
    names.requireShapes(file, dIn(), dSae());
    ThresholdSae sae = read(ThresholdSae.allocate(device, new JumpReluConfig(dIn(), dSae())));
    float[] scaled = new float[thresholds.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = thresholds[i] * scaling.latents()[i];
    }
    device.upload(sae.thresholds(), scaled, 0);
    return sae;
  }

  /**
   * Reads the k largest positive pre-activations of a transcoder, or of what has a skip connection.
   *
   * @throws FormatException when k is not from 1 to d_sae, or a tensor is not what it must be
   */
  Sae topKTranscoder(int k, Optional<Matrix> skip) throws IOException {
    TranscoderConfig config =
        checked(
            () -> new TranscoderConfig(dIn(), dOut(), dSae(), k, KScope.TOKEN, skip.isPresent()));
    requireShapes();
    return readTranscoder(Sae.allocate(device, config), skip);
  }

  /**
   * Reads the pre-activations of a transcoder that are above thresholds.
   *
   * @param thresholds the tensor's name, or nothing for all positive ones
   */
  ThresholdSae jumpReluTranscoder(Optional<String> thresholds, Optional<Matrix> skip)
      throws IOException {
    requireShapes();
    JumpReluTranscoderConfig config =
        new JumpReluTranscoderConfig(dIn(), dOut(), dSae(), skip.isPresent());
    ThresholdSae sae = readTranscoder(ThresholdSae.allocate(device, config), skip);
    if (thresholds.isPresent()) {
      new SaeTensors(file, device)
          .readThresholds(sae.thresholds(), thresholds.get(), scaling.latents());
    }
    return sae;
  }

  /** A transcoder's encoder sees x as it is. */
  private <S extends Sae> S readTranscoder(S sae, Optional<Matrix> skip) throws IOException {
    SaeTensors tensors = new SaeTensors(file, device);
    tensors.read(sae.weights(), names, scaling);
    if (subtractsDecoderBias) {
      float[] bias = SaeTensors.shiftedBias(device, sae.weights(), -1);
      device.upload(sae.weights().bEnc(), bias, 0);
    }
    if (skip.isPresent()) {
      tensors.readMatrix(sae.skip().orElseThrow(), skip.get());
    }
    sae.weightsChanged();
    return sae;
  }

  int dOut() throws FormatException {
    return names.dOut(file);
  }

  int dIn() throws FormatException {
    return names.dIn(file);
  }

  int dSae() throws FormatException {
    return names.dSae(file);
  }

  private void requireShapes() throws FormatException {
    names.requireShapes(file, dIn(), dSae(), dOut());
  }

  private <S extends Sae> S read(S sae) throws IOException {
    SaeTensors tensors = new SaeTensors(file, device);
    tensors.read(sae.weights(), names, scaling);
    if (!subtractsDecoderBias) {
      tensors.subtractDecoderBias(sae);
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

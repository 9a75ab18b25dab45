package mechinterp.sae.file;

import mechinterp.device.Device;
import mechinterp.io.SafetensorsWriter;
import mechinterp.sae.CrosscoderConfig;
import mechinterp.sae.JumpReluCrosscoderConfig;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.ThresholdSae;
import mechinterp.tensor.FloatMatrix;

/**
 * The numbers of a kind with thresholds for a file whose encoder does not subtract b_dec: b_enc is
 * b_enc - b_dec W_enc where it does here.
 *
 * @param sae the kind
 */
record UncentredWeights(ThresholdSae sae) {
  /**
   * Returns those of an autoencoder or transcoder.
   *
   * @throws IllegalArgumentException when it is of another kind
   */
  static UncentredWeights of(Sae sae, SaeFormat format) {
    boolean isCrosscoder =
        sae.config() instanceof CrosscoderConfig
            || sae.config() instanceof JumpReluCrosscoderConfig;
    if (sae instanceof ThresholdSae thresholds && !isCrosscoder) {
      return new UncentredWeights(thresholds);
    }
    throw new IllegalArgumentException(
        "format %s: the autoencoder is %s; the format has JumpReLU and what can be one"
            .formatted(format.label(), sae.config().architecture()));
  }

  /** Returns whether it makes the activations of another place than it encodes. */
  boolean transcodes() {
    return !sae.config().centresInput();
  }

  private Device device() {
    return sae.device();
  }

  private SaeWeights weights() {
    return sae.weights();
  }

  /** W_enc [d_sae, d_in]. */
  SafetensorsWriter.Source encoderRows() {
    return rows(weights().wEnc());
  }

  /** W_enc [d_in, d_sae]. */
  SafetensorsWriter.Source encoderColumns() {
    return sink -> SaeFiles.writeTransposed(sink, device(), weights().wEnc());
  }

  /** The bias of an encoder that takes x as it is [d_sae]. */
  SafetensorsWriter.Source encoderBias() {
    return transcodes()
        ? rows(weights().bEnc())
        : sink -> {
          float[] bias = SaeTensors.shiftedBias(device(), weights(), -1);
          sink.floats(bias, 0, bias.length);
        };
  }

  /** W_dec [d_sae, d_out]. */
  SafetensorsWriter.Source decoderRows() {
    return rows(weights().wDec());
  }

  /** W_dec [d_out, d_sae]. */
  SafetensorsWriter.Source decoderColumns() {
    return sink -> SaeFiles.writeTransposed(sink, device(), weights().wDec());
  }

  /** b_dec [d_out]. */
  SafetensorsWriter.Source decoderBias() {
    return rows(weights().bDec());
  }

  /** Thresholds [d_sae]. */
  SafetensorsWriter.Source thresholds() {
    return rows(sae.thresholds());
  }

  private SafetensorsWriter.Source rows(FloatMatrix matrix) {
    return sink -> SaeFiles.writeRows(sink, device(), matrix);
  }
}

package mechinterp.experiments.comparison;

import java.io.IOException;
import java.util.Map;
import mechinterp.device.Device;
import mechinterp.experiments.data.KnownParts;
import mechinterp.experiments.data.ModelParts;
import mechinterp.experiments.data.OpenedData;
import mechinterp.sae.Sae;
import mechinterp.sae.file.SaeMetadata;

/** Activations in three parts: to train on, to choose on, to report on. */
interface ComparedActivations extends AutoCloseable {
  /** Returns what measures on some data, and closes them. */
  static ComparedActivations of(OpenedData data, Device device) throws IOException {
    return switch (data) {
      case KnownParts known -> new KnownFeatures(known, device);
      case ModelParts model -> ModelActivations.of(model, device);
    };
  }

  /** Returns the width of an activation. */
  int dIn();

  /** Returns what autoencoders of them say that they are of. */
  SaeMetadata metadata();

  /** Returns the activations that a seed trains on. */
  OpenedData.Training training(long seed);

  /**
   * Returns the FVU of the validation activations, by the encoder's own codes.
   *
   * @param sae for activations that are not multiplied with a scale
   */
  double validationFvu(Sae sae);

  /** Returns a number that changes when other figures are measured, or in another way. */
  int figuresVersion();

  /**
   * Returns all figures of the test activations: by the encoder's own codes, and with {@code
   * pursuit_} before their names by the codes of a pursuit on its shortlist, which can be added to
   * any kind; some also with {@code adaptive_}, where tokens share out latents, k of each in the
   * mean, and with {@code matching_} by matching pursuit over the whole dictionary.
   *
   * @param sae for activations that are not multiplied with a scale
   * @param k most latents that the pursuits leave active
   */
  Map<String, Double> testFigures(Sae sae, int k);

  @Override
  void close();
}

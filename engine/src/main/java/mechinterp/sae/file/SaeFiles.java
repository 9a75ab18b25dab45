package mechinterp.sae.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import mechinterp.device.Device;
import mechinterp.io.AtomicFolder;
import mechinterp.io.DType;
import mechinterp.io.FormatException;
import mechinterp.io.JsonField;
import mechinterp.io.SafetensorsFile;
import mechinterp.io.SafetensorsWriter;
import mechinterp.io.TensorFile;
import mechinterp.io.TensorSink;
import mechinterp.kernel.RowNorm;
import mechinterp.sae.CrossLayerConfig;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.GatedSae;
import mechinterp.sae.MatchingPursuitConfig;
import mechinterp.sae.MatchingPursuitSae;
import mechinterp.sae.NormalizedSae;
import mechinterp.sae.RankedSae;
import mechinterp.sae.Sae;
import mechinterp.sae.SaeConfig;
import mechinterp.sae.SaeParameter;
import mechinterp.sae.SaeWeights;
import mechinterp.sae.SelectedSae;
import mechinterp.sae.SwitchSae;
import mechinterp.sae.ThresholdSae;
import mechinterp.tensor.FloatMatrix;

/**
 * Autoencoders in folders of SAELens' layout: {@code cfg.json} and {@code sae_weights.safetensors}
 * with W_enc [d_in, d_sae], b_enc [d_sae], W_dec [d_sae, d_in] and b_dec [d_in] in float32, and for
 * JumpReLU threshold [d_sae]. A gated one has b_gate instead of b_enc, and r_mag and b_mag [d_sae].
 * A transcoder's W_dec is [d_sae, d_out], b_dec [d_out] and W_skip [d_out, d_in]. A Switch has
 * W_router [d_in, experts] and b_router [d_in] besides, a matching pursuit W_dec and b_dec alone.
 * Saved and loaded again, all weights have the same bits. BatchTopK is saved as the JumpReLU that
 * it is after training, as SAELens does it.
 *
 * <p>There is one saved form: for activations as the model makes them ({@code
 * normalize_activations} none: a scale is folded first, {@link Sae#foldInputScale}), b_dec
 * subtracted from the input, selection on the pre-activations themselves ({@code
 * rescale_acts_by_decoder_norm} false). A folder that asks for the rescaling is brought into this
 * form when it is read: encoder rows and biases times the norms of the decoder's rows, and these
 * divided by them, which gives the same latents and reconstructions.
 */
public final class SaeFiles {
  private static final String CONFIG = "cfg.json";
  static final String WEIGHTS = "sae_weights.safetensors";
  private static final String INPUT_SCALE = "activation_scaler.json";
  static final String FINE_TUNED = "scaling_factor";
  private static final String BATCH_THRESHOLD = "topk_threshold";
  private static final int BLOCK = 64;

  private SaeFiles() {}

  /**
   * Writes a folder, which must be missing or empty; it appears whole or not at all. A cross-layer
   * transcoder becomes circuit-tracer's files, {@link CrossLayerTranscoderFiles}.
   *
   * @throws IOException when the folder holds something or cannot be written
   */
  public static void save(Sae sae, Path folder, SaeMetadata metadata) throws IOException {
    AtomicFolder.write(folder, path -> write(sae, path, metadata));
  }

  /**
   * Writes a folder in place of one that holds an autoencoder, or as {@link #save} where there is
   * none.
   *
   * @throws IOException when the folder holds something else or cannot be written
   */
  public static void replace(Sae sae, Path folder, SaeMetadata metadata) throws IOException {
    AtomicFolder.replace(folder, CONFIG, path -> write(sae, path, metadata));
  }

  private static void write(Sae sae, Path folder, SaeMetadata metadata) throws IOException {
    if (sae.config() instanceof CrossLayerConfig) {
      CrossLayerTranscoderFiles.write(CrossLayerTranscoder.of(sae), folder, metadata);
      return;
    }
    SaeLensConfig.write(folder.resolve(CONFIG), sae, metadata);
    if (sae instanceof SelectedSae selected) {
      SelectorFile.write(selected, folder);
    }
    Path file = folder.resolve(WEIGHTS);
    writeWeights(sae instanceof NormalizedSae normalized ? normalized.sae() : sae, file);
  }

  private static void writeWeights(Sae sae, Path file) throws IOException {
    if (sae instanceof MatchingPursuitSae pursuit) {
      MatchingPursuitForm.write(pursuit, file);
      return;
    }
    SaeWeights weights = sae.weights();
    Device device = sae.device();
    SafetensorsWriter writer = new SafetensorsWriter();
    writer
        .tensor(
            "W_enc",
            DType.F32,
            sink -> writeTransposed(sink, device, weights.wEnc()),
            LayeredTensors.shape(sae.config(), "W_enc", sae.dIn(), sae.dSae()))
        .tensor(
            TensorNames.saeLens(sae.config()).encoderBias(),
            DType.F32,
            sink -> writeRows(sink, device, weights.bEnc()),
            sae.dSae())
        .tensor(
            "W_dec",
            DType.F32,
            sink -> writeRows(sink, device, weights.wDec()),
            LayeredTensors.shape(sae.config(), "W_dec", sae.dSae(), sae.dOut()))
        .tensor(
            "b_dec",
            DType.F32,
            sink -> writeRows(sink, device, weights.bDec()),
            LayeredTensors.shape(sae.config(), "b_dec", sae.dOut()));
    sae.skip()
        .ifPresent(skip ->
            writer.tensor(
                SaeParameter.SKIP,
                DType.F32,
                sink -> writeRows(sink, device, skip),
                sae.dOut(),
                sae.dIn()));
    for (SaeParameter numbers : numbersOfLatents(sae)) {
      writer.tensor(
          numbers.name(), DType.F32, sink -> writeRows(sink, device, numbers.value()), sae.dSae());
    }
    if (sae instanceof SwitchSae experts) {
      SwitchForm.addRouter(writer, experts);
    }
    writer.write(file);
  }

  /** Returns what a kind has of each latent besides the weights [1, d_sae]. */
  private static List<SaeParameter> numbersOfLatents(Sae sae) {
    return switch (sae) {
      case ThresholdSae jumpRelu when jumpRelu.hasThresholds() ->
          List.of(new SaeParameter(ThresholdSae.THRESHOLD, jumpRelu.thresholds(), false));
      case GatedSae gated ->
          List.of(
              new SaeParameter(GatedSae.R_MAG, gated.rMag(), false),
              new SaeParameter(GatedSae.B_MAG, gated.bMag(), false));
      case RankedSae _,
          ThresholdSae _,
          SwitchSae _,
          MatchingPursuitSae _,
          NormalizedSae _,
          SelectedSae _ ->
          List.of();
    };
  }

  static void writeRows(TensorSink sink, Device device, FloatMatrix matrix) throws IOException {
    for (int from = 0; from < matrix.rows(); from += BLOCK) {
      int to = Math.min(matrix.rows(), from + BLOCK);
      float[] rows = device.toHost(matrix.rowRange(from, to));
      sink.floats(rows, 0, rows.length);
    }
  }

  static void writeTransposed(TensorSink sink, Device device, FloatMatrix matrix)
      throws IOException {
    for (int from = 0; from < matrix.cols(); from += BLOCK) {
      int to = Math.min(matrix.cols(), from + BLOCK);
      float[] columns = device.toHost(matrix.columnRange(from, to));
      sink.floats(Transpose.of(columns, matrix.rows(), to - from), 0, columns.length);
    }
  }

  /**
   * Reads a folder.
   *
   * @throws FormatException when the configuration or a tensor is not what the layout demands, or
   *     asks for what cannot be done here
   * @throws IOException when a file cannot be read
   * @throws mechinterp.device.InsufficientMemoryException when the weights do not fit on the device
   */
  public static LoadedSae load(Path folder, Device device) throws IOException {
    SaeLensConfig file = SaeLensConfig.read(folder.resolve(CONFIG));
    SaeConfig config = file.config();
    boolean rescales = file.rescalesByDecoderNorm();
    try (SafetensorsFile weights = SafetensorsFile.open(folder.resolve(WEIGHTS))) {
      TensorFile tensors =
          file.isSigned() ? new SignedTensors(weights) : LayeredTensors.of(weights, config);
      if (config instanceof MatchingPursuitConfig pursuit) {
        Sae sae = MatchingPursuitForm.read(tensors, pursuit, file.subtractsDecoderBias(), device);
        double scale = file.expectsScaledInput() ? inputScale(folder) : 1;
        return new LoadedSae(
            normalized(scale == 1 ? sae : sae.foldInputScale(scale), file), file.metadata());
      }
      TensorNames names = TensorNames.saeLens(config);
      names.requireShapes(tensors, config.dIn(), config.dSae(), config.dOut());
      SaeTensors reader = new SaeTensors(tensors, device);
      reader.requireOnes(FINE_TUNED);
      Sae sae = Sae.allocate(device, config);
      float[] factors =
          rescales ? reader.decoderNorms(names.decoder()) : SaeTensors.ones(config.dSae());
      double scale = file.expectsScaledInput() ? inputScale(folder) : 1;
      SaeScaling scaling = new SaeScaling(factors, scale, 1 / scale);
      reader.read(sae.weights(), names, scaling);
      if (sae instanceof GatedSae gated) {
        reader.readMagnitudes(gated, GatedSae.R_MAG, GatedSae.B_MAG, factors);
      }
      if (config.centresInput() && !file.subtractsDecoderBias()) {
        reader.subtractDecoderBias(sae);
      }
      if (sae.skip().isPresent()) {
        tensors.info(SaeParameter.SKIP, config.dOut(), config.dIn());
        reader.readRows(sae.skip().get(), SaeParameter.SKIP, SaeTensors.ones(config.dOut()));
      }
      if (sae instanceof ThresholdSae jumpRelu
          && jumpRelu.hasThresholds()
          && file.hasThresholds()) {
        readThresholds(reader, jumpRelu, file.isOfBatchTopK(), factors);
      }
      if (sae instanceof SwitchSae experts) {
        SwitchForm.readRouter(tensors, experts);
      }
      sae.weightsChanged();
      return new LoadedSae(normalized(sae, file), file.metadata());
    }
  }

  /** In training BatchTopK has one threshold, of pre-activations that are multiplied already. */
  private static void readThresholds(
      SaeTensors reader, ThresholdSae sae, boolean isOfBatchTopK, float[] factors)
      throws IOException {
    if (isOfBatchTopK) {
      reader.readThresholds(sae.thresholds(), BATCH_THRESHOLD, SaeTensors.ones(sae.dSae()));
    } else {
      reader.readThresholds(sae.thresholds(), ThresholdSae.THRESHOLD, factors);
    }
  }

  private static Sae normalized(Sae sae, SaeLensConfig file) throws FormatException {
    Optional<RowNorm> norm = file.tokenNorm();
    return norm.isPresent() ? NormalizedSae.of(sae, norm.get()) : sae;
  }

  /**
   * Returns an autoencoder that was read from a folder with the selector that lies there; {@link
   * #load} passes it over.
   *
   * @throws FormatException when there is none, a tensor is not what it must be, or the autoencoder
   *     is of a kind that no selector serves
   * @throws IOException when the file cannot be read
   * @throws mechinterp.device.InsufficientMemoryException when it does not fit on the device
   */
  public static SelectedSae withSelector(Sae sae, Path folder) throws IOException {
    return SelectorFile.read(sae, folder);
  }

  /** Checkpoints have the scale in a file of its own; without it nobody knows it. */
  private static double inputScale(Path folder) throws IOException {
    Path file = folder.resolve(INPUT_SCALE);
    if (!Files.exists(file)) {
      throw new FormatException(
          folder.resolve(CONFIG).toString(),
          "normalize_activations is \"expected_average_only_in\" and there is no %s with the scale; it must have been folded into the weights"
              .formatted(INPUT_SCALE));
    }
    JsonField scale = JsonField.read(file).at("scaling_factor");
    double number = scale.number();
    scale.require(number > 0 && Double.isFinite(number), "a number above 0");
    return number;
  }
}
